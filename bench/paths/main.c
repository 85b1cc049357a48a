/*
 * main.c - volley-paths NAME COUNT: runs one hot path so many times.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/paths/paths.h"
#include "engine/core/log.h"

static const struct path *const rooms[] = {
    paths_proto, paths_store, paths_carrier, paths_session,
    paths_door,  paths_text,  paths_flow,
};

enum { ROOMS = sizeof rooms / sizeof *rooms, COUNT_MAX = 100000000 };

static char dir[32];
static volatile uint64_t used;

void
paths_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "volley-paths: %s:%d: %s\n", file, line, what);
    exit(1);
}

void
paths_use(uint64_t value)
{
    used = used + value;
}

uint64_t
paths_mix(uint64_t n)
{
    uint64_t x = n + UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    x ^= x >> 31;
    return x ? x : 1;
}

void
paths_digits(uint8_t *at, unsigned digits, uint64_t n)
{
    for (; digits > 0; n /= 10)
        at[--digits] = (uint8_t)('0' + n % 10);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void
remove_dir(void)
{
    (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
paths_dir(void)
{
    if (dir[0])
        return dir;
    snprintf(dir, sizeof dir, "paths-XXXXXX");
    paths_need(mkdtemp(dir));
    atexit(remove_dir);
    return dir;
}

static const struct path *
find(const char *name)
{
    for (unsigned i = 0; i < ROOMS; i++)
        for (const struct path *p = rooms[i]; p->name; p++)
            if (strcmp(p->name, name) == 0)
                return p;
    return NULL;
}

static void
list(void)
{
    for (unsigned i = 0; i < ROOMS; i++)
        for (const struct path *p = rooms[i]; p->name; p++)
            printf("%s\t%u\t%s\t%s\n", p->name, p->count,
                   p->stores ? "engine,store" : "main", p->what);
}

static int
usage(FILE *to)
{
    fputs("usage: volley-paths NAME COUNT   runs a path so many times\n"
          "       volley-paths --list       name, usual count, threads, what "
          "one is\n"
          "It prints nothing; count its instructions: bench/check --help.\n",
          to);
    return to == stdout ? 0 : 2;
}

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        list();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout);
    if (argc != 3)
        return usage(stderr);
    const struct path *p = find(argv[1]);
    char *end;
    unsigned long count = strtoul(argv[2], &end, 10);
    if (!p || *end || count == 0 || count > COUNT_MAX) {
        fprintf(stderr, "volley-paths: %s is no %s\n", p ? argv[2] : argv[1],
                p ? "count" : "path; --list names them");
        return 2;
    }
    log_set_level(LEVEL_ERROR);
    p->run((unsigned)count);
    return 0;
}
