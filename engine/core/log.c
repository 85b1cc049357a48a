/*
 * log.c - formats a line on the stack and writes it once.
 *
 * Promise: as in log.h. A full or slow log loses lines rather than blocking
 * for ever: the write is tried once.
 */
#include "engine/core/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/core/clock.h"

enum {
    LINE_BYTES = 1024,
    LINES_A_SECOND = 10, /* per call site: enough to see, not to drown */
};

_Atomic int log_levels[ROOM_N] = {
    LEVEL_INFO, LEVEL_INFO, LEVEL_INFO, LEVEL_INFO,
    LEVEL_INFO, LEVEL_INFO, LEVEL_INFO, LEVEL_INFO,
};
_Static_assert(ROOM_N == 8, "each room has a first level");

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static _Atomic int log_fd = STDERR_FILENO;

void
log_set_room_level(enum log_room room, enum log_level level)
{
    atomic_store(&log_levels[room], (int)level);
}

void
log_set_level(enum log_level level)
{
    for (int room = 0; room < ROOM_N; room++)
        log_set_room_level((enum log_room)room, level);
}

bool
log_level_by_name(const char *name, enum log_level *out)
{
    for (int i = 0; i < 4; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void
log_to(int fd)
{
    atomic_store(&log_fd, fd);
}

/* Whether the site may write now; *left_out is what it must own up to. */
static bool
site_may_write(struct log_site *site, uint64_t second, uint32_t *left_out)
{
    *left_out = 0;
    if (atomic_exchange(&site->second, second) != second)
        atomic_store(&site->lines, 0);
    if (atomic_fetch_add(&site->lines, 1) >= LINES_A_SECOND) {
        atomic_fetch_add(&site->left_out, 1);
        return false;
    }
    *left_out = atomic_exchange(&site->left_out, 0);
    return true;
}

/* Appends as much as fits. */
__attribute__((format(printf, 3, 0))) static size_t
append(char *line, size_t used, const char *format, va_list args)
{
    int n = vsnprintf(line + used, LINE_BYTES - used, format, args);
    if (n < 0)
        return used;
    size_t end = used + (size_t)n;
    return end < LINE_BYTES ? end : LINE_BYTES - 1;
}

__attribute__((format(printf, 3, 4))) static size_t
appendf(char *line, size_t used, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    used = append(line, used, format, args);
    va_end(args);
    return used;
}

void
log_line(struct log_site *site, enum log_level level, const char *verb,
         const char *format, ...)
{
    struct wall now = clock_wall();
    uint32_t left_out;
    if (!site_may_write(site, now.ms / 1000, &left_out))
        return;
    char line[LINE_BYTES + 1], when[25];
    size_t used = appendf(line, 0, "%s %s %s ", wall_to_rfc3339(now, when),
                          level_names[level], verb);
    va_list args;
    va_start(args, format);
    used = append(line, used, format, args);
    va_end(args);
    if (left_out)
        used = appendf(line, used, " left_out=%u", left_out);
    for (size_t i = 0; i < used; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
            line[i] = '?';
    line[used++] = '\n';
    if (write(atomic_load(&log_fd), line, used) < 0)
        return; /* nowhere left to complain */
}
