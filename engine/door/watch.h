/*
 * watch.h - connections and how long each takes over what it does.
 *
 * libmicrohttpd's time limit is per octet; ours are in total: the request
 * line and headers within header_s, a body at body_octets_s or faster. Who
 * is slower is shut down, which libmicrohttpd sees as the end.
 *
 * Threads: opened, marked and closed by its intake; looked at by the first.
 */
#ifndef ENGINE_DOOR_WATCH_H
#define ENGINE_DOOR_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct door;
struct sockaddr;
struct watch;

enum watch_stage {
    WATCH_HEAD, /* the first request of a connection */
    WATCH_IDLE, /* between two requests: idle time and then the header's */
    WATCH_BODY, /* we read, the client should send */
    WATCH_BUSY, /* the client waits for us, or reads */
};

/* May this address have one more connection? Loopback always may: all clients
 * of this machine, and those behind a proxy on it, share it. */
bool watch_may_open(struct door *d, const struct sockaddr *peer);

struct watch *watch_open(struct door *d, int fd, const struct sockaddr *peer);
void watch_close(struct door *d, struct watch *w);

/* The connection is in this stage from now on. */
void watch_mark(struct watch *w, enum watch_stage stage);
/* So many octets of body have come in all. */
void watch_count(struct watch *w, uint64_t octets);

/* Shuts down who is too slow. The first intake, each second. */
void watch_look(struct door *d, uint64_t now_ms);

#endif
