/*
 * intake.h - a thread of the door: connections, their requests, their mails.
 *
 * Invariant: a connection, its requests and the mails they post live and end
 * on one intake, so nothing of theirs is locked. All intakes accept from one
 * listening socket.
 *
 * Threads: opened, stopped and closed by the thread of door_start(); fields
 * are its own thread's, but for `alive`.
 */
#ifndef ENGINE_DOOR_INTAKE_H
#define ENGINE_DOOR_INTAKE_H

#include "engine/door/inside.h"

struct MHD_Daemon;
struct mail_box;
struct request;

struct intake {
    /* identity */
    struct door *door;
    struct MHD_Daemon *mhd;
    struct mail_box *box;
    pthread_t thread;
    bool runs;

    /* state */
    bool resumed;       /* a connection, since libmicrohttpd last ran */
    uint64_t looked_ms; /* when slow connections were last looked at */

    /* links */
    struct request *all;

    /* counters */
    _Atomic unsigned alive; /* requests in `all` */
    unsigned waiting;       /* of them, with a time or events to wake for */
    unsigned mails_out;     /* posted, not yet back */
};

/* Opens the door's intakes on a listening socket and starts their threads.
 * Takes fd. False with errno when one cannot be had; then intakes_stop(). */
bool intakes_start(struct door *d, int fd);
/* Requests that are not answered yet, of all. */
unsigned intakes_alive(struct door *d);
/* They look again, now: door->stopping or ->closing was set. */
void intakes_nudge(struct door *d);
/* door->closing is set: returns when all have ended. */
void intakes_stop(struct door *d);

#endif
