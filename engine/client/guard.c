/*
 * guard.c - a small open table, address to count.
 *
 * Promise: as in guard.h. It is at most half full, and removing closes the
 * gap, so a run of rows never grows with time.
 */
#include "engine/client/guard.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

bool
guard_init(struct guard *g, size_t connections)
{
    size_t rows = 64;
    while (rows < connections * 2)
        rows *= 2;
    *g = (struct guard){.row = calloc(rows, sizeof *g->row), .mask = rows - 1};
    if (getrandom(&g->key, sizeof g->key, GRND_NONBLOCK) < 0)
        g->key = (uintptr_t)g->row; /* early in the life of a machine */
    return g->row != NULL;
}

void
guard_fini(struct guard *g)
{
    free(g->row);
    g->row = NULL;
}

uint64_t
guard_address(int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t n = sizeof a;
    uint64_t address = 0;
    if (getpeername(fd, (struct sockaddr *)&a, &n) != 0)
        return 0;
    if (a.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)&a;
        memcpy(&address, &v6->sin6_addr, sizeof address);
    } else if (a.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)&a;
        address = v4->sin_addr.s_addr;
    }
    return address;
}

static size_t
home(const struct guard *g, uint64_t address)
{
    uint64_t h = (address ^ g->key) * 0x9E3779B97F4A7C15u;
    h = (h ^ h >> 32 ^ g->key >> 17) * 0xD6E8FEB86659FD93u;
    return (size_t)(h >> 32) & g->mask;
}

/* Its row, or the free one where it would stand. */
static size_t
find(const struct guard *g, uint64_t address)
{
    size_t i = home(g, address);
    while (g->row[i].count && g->row[i].address != address)
        i = (i + 1) & g->mask;
    return i;
}

unsigned
guard_count(const struct guard *g, uint64_t address)
{
    return g->row[find(g, address)].count;
}

void
guard_add(struct guard *g, uint64_t address)
{
    struct guard_row *r = &g->row[find(g, address)];
    r->address = address;
    r->count++;
}

void
guard_drop(struct guard *g, uint64_t address)
{
    size_t hole = find(g, address);
    if (!g->row[hole].count || --g->row[hole].count)
        return;
    /* Rows behind the hole move up, unless they stand before their home. */
    for (size_t i = (hole + 1) & g->mask; g->row[i].count;
         i = (i + 1) & g->mask) {
        size_t want = home(g, g->row[i].address);
        if (((i - want) & g->mask) < ((i - hole) & g->mask))
            continue;
        g->row[hole] = g->row[i];
        g->row[i].count = 0;
        hole = i;
    }
}
