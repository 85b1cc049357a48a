/*
 * log.h - one event, one line: time, level, verb, then key=value.
 *
 * Promise: a line that is switched off costs one load and a branch. One call
 * site writes at most 10 lines a second; what was left out is counted on its
 * next line. Control characters never reach the file. Texts and phone numbers
 * are for debug alone.
 *
 * Threads: any. A line leaves in one write().
 */
#ifndef ENGINE_CORE_LOG_H
#define ENGINE_CORE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level {
    LEVEL_ERROR, /* a person must act */
    LEVEL_WARN,  /* we coped */
    LEVEL_INFO,  /* state changes */
    LEVEL_DEBUG, /* per message, switched per room */
};

enum log_room {
    ROOM_CORE,
    ROOM_SESSION,
    ROOM_CARRIER,
    ROOM_CLIENT,
    ROOM_FLOW,
    ROOM_DOOR,
    ROOM_STORE,
    ROOM_DAEMON,
    ROOM_N,
};

/* One call site. Zeroed. */
struct log_site {
    _Atomic uint64_t second;
    _Atomic uint32_t lines;
    _Atomic uint32_t left_out;
};

/* The level of each room; set at start and by reload. */
extern _Atomic int log_levels[ROOM_N];

/* All rooms. */
void log_set_level(enum log_level level);
void log_set_room_level(enum log_room room, enum log_level level);
/* "error" to "debug"; false when it is none of them. */
bool log_level_by_name(const char *name, enum log_level *out);

/* Where lines go: a file descriptor (2 at first), borrowed. */
void log_to(int fd);

static inline bool
log_on(enum log_room room, enum log_level level)
{
    return (int)level <=
           atomic_load_explicit(&log_levels[room], memory_order_relaxed);
}

void log_line(struct log_site *site, enum log_level level, const char *verb,
              const char *format, ...) __attribute__((format(printf, 4, 5)));

/* log_warn(ROOM_CARRIER, "bind_refused", "carrier=%s status=0x%02x", ...) */
#define LOG_AT(room, level, verb, ...)                                         \
    do {                                                                       \
        static struct log_site site_;                                          \
        if (log_on(room, level))                                               \
            log_line(&site_, level, verb, __VA_ARGS__);                        \
    } while (0)
#define log_error(room, verb, ...) LOG_AT(room, LEVEL_ERROR, verb, __VA_ARGS__)
#define log_warn(room, verb, ...)  LOG_AT(room, LEVEL_WARN, verb, __VA_ARGS__)
#define log_info(room, verb, ...)  LOG_AT(room, LEVEL_INFO, verb, __VA_ARGS__)
#define log_debug(room, verb, ...) LOG_AT(room, LEVEL_DEBUG, verb, __VA_ARGS__)

#endif
