/*
 * listen.h - a listening socket that survives running out of descriptors.
 *
 * Promise: accepted fds are non-blocking and close-on-exec, and belong to the
 * one told. At most 16 are accepted in a turn. Out of descriptors: the oldest
 * waiting connection is accepted and closed, then nothing for 100 ms, rather
 * than spinning.
 *
 * Threads: the loop's thread only.
 */
#ifndef ENGINE_CORE_LISTEN_H
#define ENGINE_CORE_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listener;
struct loop;

/* where: "127.0.0.1:2775", "[::1]:2775", ":2775" (all addresses); port 0
 * takes a free one. NULL with the reason in error. */
struct listener *listener_open(struct loop *loop, const char *where,
                               void (*accepted)(void *arg, int fd), void *arg,
                               char *error, size_t error_cap);
void listener_close(struct listener *l);

/* Stop and go on accepting; waiting connections stay with the kernel. */
void listener_pause(struct listener *l, bool paused);

uint16_t listener_port(const struct listener *l);

#endif
