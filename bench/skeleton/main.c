/*
 * main.c - volley-skeleton: the ceiling of the design, three threads and no
 * more than the promise needs.
 *
 * Promise: exit 0 only when every message has become final, each receipt
 * found its message, and the store is thrown away again.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/skeleton/engine.h"
#include "bench/skeleton/index.h"
#include "bench/skeleton/smsc.h"
#include "bench/smsc/args.h"

enum { LINKS_MAX = 256 };

struct options {
    struct engine_settings engine;
    uint64_t disorder;
    const char *dir;
    bool json;
};

static int
listen_free(struct sockaddr_in *at)
{
    socklen_t n = sizeof *at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *at = (struct sockaddr_in){.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd >= 0 && bind(fd, (struct sockaddr *)at, n) == 0 &&
        listen(fd, LINKS_MAX) == 0 &&
        getsockname(fd, (struct sockaddr *)at, &n) == 0)
        return fd;
    perror("volley-skeleton: listen");
    return -1;
}

static bool
dial_all(const struct sockaddr_in *at, uint64_t links, int *sockets)
{
    for (uint64_t i = 0; i < links; i++) {
        sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (sockets[i] < 0 ||
            connect(sockets[i], (const struct sockaddr *)at, sizeof *at) != 0) {
            perror("volley-skeleton: connect");
            return false;
        }
    }
    return true;
}

static void
report(const struct options *o, const struct engine_use *e,
       const struct committer_use *c, double smsc_s)
{
    double n = e->finals ? (double)e->finals : 1;
    const struct {
        const char *name;
        double value;
    } rows[] = {
        {"messages_per_s", (double)e->finals / e->wall_s},
        {"cpu_engine_us", e->cpu_s * 1e6 / n},
        {"cpu_store_us", c->cpu_s * 1e6 / n},
        {"cpu_simulator_us", smsc_s * 1e6 / n},
        {"commits_per_s", (double)c->commits / e->wall_s},
        {"commit_p50_ms", c->p50_ms},
        {"commit_p99_ms", c->p99_ms},
        {"stored_bytes", (double)c->stored_bytes / n},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        printf(o->json ? "%s\"%s\":%.3f" : "%s%-18s %14.3f\n",
               !o->json ? ""
               : i      ? ","
                        : "{",
               rows[i].name, rows[i].value);
    printf(o->json ? ",\"final\":%llu,\"unmatched\":%llu}\n"
                   : "final              %10llu\nunmatched          %10llu\n",
           (unsigned long long)e->finals, (unsigned long long)e->unmatched);
}

/* Everything with a folder of its own to write in. */
static bool
run(const struct options *o, const char *dir)
{
    int sockets[LINKS_MAX];
    struct sockaddr_in at;
    struct engine_use engine = {0};
    struct committer_use store = {0};
    int listener = listen_free(&at);
    struct committer *c = listener >= 0 ? committer_start(dir) : NULL;
    struct smsc *s = c ? smsc_start(listener, (unsigned)o->engine.links,
                                    (unsigned)o->disorder)
                       : NULL;
    /* What fails before the links stand ends the program: exit frees all. */
    if (!s || !dial_all(&at, o->engine.links, sockets))
        return false;
    bool good = engine_run(&o->engine, sockets, c, &engine);
    committer_stop(c, &store);
    report(o, &engine, &store, smsc_stop(s));
    close(listener);
    return good && engine.finals == o->engine.count && engine.unmatched == 0;
}

static enum args_result
read_options(struct options *o, int argc, char **argv)
{
    struct engine_settings *e = &o->engine;
    const struct arg rows[] = {
        {ARG_NUMBER, "count", "N", "messages (2000000)", &e->count, 1,
         1000000000, NULL},
        {ARG_NUMBER, "binds", "N", "links to the simulator (8)", &e->links, 1,
         LINKS_MAX, NULL},
        {ARG_NUMBER, "window", "N", "unanswered submits of a bind (1000)",
         &e->window, 1, 60000, NULL},
        {ARG_NUMBER, "backlog", "N", "accepted and not yet final (400000)",
         &e->backlog, 1, INDEX_MAX, NULL},
        {ARG_NUMBER, "disorder", "N",
         "receipts a bind holds back, to shuffle them (20000)", &o->disorder, 0,
         1000000, NULL},
        {ARG_NUMBER, "seconds", "S", "give up after so long (120)", &e->seconds,
         1, 86400, NULL},
        {ARG_TEXT, "dir", "DIR", "where the store is made (/var/tmp)", &o->dir,
         0, 0, NULL},
        {ARG_FLAG, "json", NULL, "the result as JSON", &o->json, 0, 0, NULL},
    };
    const struct args a = {
        "volley-skeleton",
        "volley-skeleton: the ceiling of Volley's design. Messages are\n"
        "accepted, committed, sent, answered, receipted and committed again\n"
        "by an engine thread, a store thread and a simulator thread that do\n"
        "nothing else.\n",
        "Example: volley-skeleton --count 5000000", rows,
        sizeof rows / sizeof *rows};
    return args_parse(&a, argc, argv, 1);
}

int
main(int argc, char **argv)
{
    struct options o = {
        .engine = {.links = 8,
                   .window = 1000,
                   .backlog = 400000,
                   .count = 2000000,
                   .seconds = 120},
        .disorder = 20000,
        .dir = "/var/tmp",
    };
    char dir[256], path[300];
    enum args_result parsed = read_options(&o, argc, argv);
    if (parsed != ARGS_RUN)
        return parsed == ARGS_DONE ? 0 : 2;
    snprintf(dir, sizeof dir, "%s/volley-skeleton-XXXXXX", o.dir);
    if (!mkdtemp(dir)) {
        perror(dir);
        return 1;
    }
    bool good = run(&o, dir);
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    for (unsigned i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        unlink(path);
    }
    rmdir(dir);
    return good ? 0 : 1;
}
