/*
 * request.h - one HTTP request from its headers to its answer.
 *
 * A resource is a function that gets a request whose body has been read, and
 * either replies, or asks the engine (request_ask) and goes on when the mail
 * is back, or leaves work to be done in slices. All of it runs on the
 * connection's intake thread; while it waits the connection is suspended.
 *
 * Promise: a request lives until it was answered or its client left, and
 * until each of its mails came back, whichever is last.
 *
 * Threads: the intake that has the connection.
 */
#ifndef ENGINE_DOOR_REQUEST_H
#define ENGINE_DOOR_REQUEST_H

#include <jansson.h>

#include "engine/door/emit.h"
#include "engine/door/form.h"
#include "engine/door/inside.h"
#include "engine/door/problem.h"

struct MHD_Connection;
struct MHD_Response;
struct letter;
struct request;
struct route;

enum { REQUEST_PARAMS_MAX = 2 };

/* What a slice of work says. */
enum turn {
    TURN_MORE, /* call again */
    TURN_WAIT, /* a mail, a time or events must come first */
    TURN_DONE,
};

enum phase { PHASE_HEAD, PHASE_BODY, PHASE_END };

struct request {
    /* identity */
    struct door *door;
    struct intake *intake;
    struct MHD_Connection *connection;
    struct watch *watch;
    const struct route *route;
    struct who who;
    char *path;                             /* cut at its slashes */
    struct slice param[REQUEST_PARAMS_MAX]; /* what stood for {…} */

    /* state */
    enum phase phase;
    bool begun;
    struct problem problem; /* set: it is what will be answered */

    /* body */
    struct emit body;
    uint64_t octets; /* of body, read so far */
    json_t *json;    /* parsed body, or NULL */

    /* the resource's own: its state, a body as it comes (returns how much
     * was used up), what to do when it has ended, slices of work */
    void *state;
    void (*state_free)(void *state);
    size_t (*feed)(struct request *r, const char *p, size_t n);
    void (*ended)(struct request *r);
    enum turn (*work)(struct request *r);

    /* answer */
    struct MHD_Response *response;
    unsigned status;
    enum turn (*fill)(struct request *r); /* of a stream: more into out */
    struct emit out;
    size_t out_at;
    bool out_done;

    /* links and waits */
    struct request *next, *prev;
    struct letter *finished, **finished_end;
    unsigned outstanding;
    bool suspended;
    bool gone;           /* libmicrohttpd knows it no more */
    bool timed;          /* it waits for one of the next two */
    uint64_t wake_ms;    /* monotonic; 0: none */
    uint64_t wake_event; /* wakes when the log has passed it; 0: none */
};

/* NULL when out of memory. */
struct request *request_create(struct intake *in, struct MHD_Connection *c);
/* The connection forgets it; freed when no mail is out. */
void request_leave(struct request *r);

/* --- mails */
struct mail *request_mail(struct request *r, enum mail_kind kind);
/* Posts; next runs when it is back, then mail and cargo (malloc()ed) are
 * freed. False: refused for now; mail and cargo stay the caller's. */
MUST_CHECK bool
request_post(struct request *r, struct mail *m,
             void (*next)(struct request *, struct mail *), void *cargo);
/* The same; a refusal is answered with 503 and everything freed. */
void request_ask(struct request *r, struct mail *m,
                 void (*next)(struct request *, struct mail *));
/* False, and the engine's refusal becomes the answer, unless it said OK. */
bool request_is_ok(struct request *r, const struct mail *m);
/* Is a mail out, or back and not yet delivered? */
bool request_is_asking(struct request *r);
/* Runs next for one mail that is back; false when there is none. */
bool request_deliver(struct request *r);

/* Posts a mail that nobody waits for; its request may be gone. */
void request_send_off(struct intake *in, struct mail *m);

/* --- waiting */
/* The next wait ends after so long, if not before. */
void request_wake_in(struct request *r, unsigned ms);
/* Suspends the connection until a mail is back or the time has come. False:
 * nothing would wake it, or the door is closing. */
MUST_CHECK bool request_wait(struct request *r);
/* Lets other connections of this thread go first. */
void request_yield(struct request *r);
/* Resumes it, whatever it waits for. */
void request_wake(struct request *r);

/* --- what was asked */
/* A parameter of the query string; p == NULL when absent. */
struct slice request_query(struct request *r, const char *name);
struct slice request_header(struct request *r, const char *name);
bool request_flag(struct request *r, const char *name);
/* From a path: 404 as the answer when it is no id of that kind. */
bool
request_id(struct request *r, unsigned param, enum id_kind kind, uint64_t *id);
/* From the query string; 0 when absent; 400 as the answer when malformed. */
bool request_query_id(struct request *r, const char *name, enum id_kind kind,
                      uint64_t *id);
/* ?limit= and ?cursor=; false with 400 as the answer. */
bool request_page(struct request *r, const char *list, unsigned *limit,
                  uint64_t *a, uint64_t *b);
/* The body as a JSON object, an empty body as {}; false when it is none. */
bool request_form(struct request *r, struct form *f);
/* The strings of an array, in memory of the request (r->state); how many.
 * An error at `pointer` when one is no string. */
unsigned request_texts(struct request *r, json_t *array, const char *pointer,
                       const struct slice **texts);
/* The Idempotency-Key, empty when absent; false with 400 as the answer. */
bool request_idempotency(struct request *r, struct slice *key);
/* XXH64 of the body, for idempotency. */
uint64_t request_body_hash(const struct request *r);

#endif
