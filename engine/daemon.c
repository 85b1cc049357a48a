/*
 * daemon.c - starts the rooms in order, turns the loop, stops them.
 *
 * Order of stopping: carriers unbind when their answers came, the door lets
 * waiting requests be answered, the last batch becomes durable, then the
 * store is closed. A second SIGTERM, or 20 seconds, end it where it is: what
 * was acknowledged is on disk anyway.
 */
#include "engine/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/log.h"
#include "engine/flow/audit.h"
#include "engine/wiring.h"

enum { DRAIN_MS = 20000, LARGE_BLOCK_BYTES = 1 << 20 };

struct daemon {
    const char *path; /* of the settings */
    struct wiring *wiring;
    struct wiring *replaced; /* by reloads: carriers that close and doors may
                                still read them */
    struct store *store;
    struct loop *loop;
    struct loop_watch *watch;
    struct flow *flow;
    struct mono drain_until;
    bool draining, store_failed;
    pthread_t closer;
    _Atomic bool door_closed;
};

static void
on_store(void *arg)
{
    struct daemon *d = arg;
    uint64_t n;
    /* What is new is taken in the begin phase of this same turn. */
    ssize_t got = read(store_event_fd(d->store), &n, sizeof n);
    (void)got;
}

static void *
close_door(void *arg)
{
    struct daemon *d = arg;
    door_stop();
    atomic_store(&d->door_closed, true);
    loop_wake(d->loop);
    return NULL;
}

static void
on_term(void *arg)
{
    struct daemon *d = arg;
    if (d->draining) {
        loop_stop(d->loop);
        return;
    }
    log_info(ROOM_DAEMON, "stopping", "reason=signal");
    d->draining = true;
    d->drain_until = mono_add_ms(clock_mono(), DRAIN_MS);
    flow_drain(d->flow);
    if (pthread_create(&d->closer, NULL, close_door, d) != 0)
        loop_stop(d->loop);
}

static void
on_reload(void *arg)
{
    struct daemon *d = arg;
    struct config *next;
    if (!config_load(d->path, &next, stderr)) {
        log_error(ROOM_DAEMON, "reload_refused", "file=%s", d->path);
        return;
    }
    unsigned count = 0;
    struct config_change *changes =
        config_diff(d->wiring->config, next, &count);
    for (unsigned i = 0; changes && i < count; i++)
        log_info(ROOM_DAEMON, "setting_changed", "path=%s applied=%s",
                 changes[i].path,
                 changes[i].reload == RELOAD_RESTART ? "at_restart" : "now");
    free(changes);
    struct wiring *before = d->wiring;
    d->wiring = wiring_create(next);
    log_set_level((enum log_level)next->log.level);
    flow_reload(d->flow, &d->wiring->flow);
    before->next = d->replaced;
    d->replaced = before;
    log_info(ROOM_DAEMON, "reloaded", "file=%s changes=%u", d->path, count);
}

/* ---- a turn -----------------------------------------------------------------
 */

static struct daemon *running; /* the phases get the flow as their argument */

static void
watch_over(void *flow)
{
    struct daemon *d = running;
    char why[STORE_WHY_BYTES];
    (void)flow;
    if (store_state(d->store, why, sizeof why) == STORE_FAILED) {
        log_error(ROOM_DAEMON, "store_failed", "why=\"%s\"", why);
        d->store_failed = true;
        loop_stop(d->loop);
        return;
    }
    if (!d->draining)
        return;
    if ((flow_is_drained(d->flow) && atomic_load(&d->door_closed)) ||
        mono_reached(clock_mono(), d->drain_until))
        loop_stop(d->loop);
    loop_wake_at(d->loop, mono_add_ms(clock_mono(), 10));
}

static const struct loop_phase phases[] = {
    {"begin", flow_begin}, {"mail", flow_mail}, {"tick", flow_tick},
    {"fill", flow_fill},   {"post", flow_post}, {"watch", watch_over},
};

/* ---- start and stop
 * ------------------------------------------------------------ */

static int
fail(const char *what, const char *why)
{
    fprintf(stderr, "volleyd: %s: %s\n", what, why);
    return EXIT_START;
}

static bool
start_store(struct daemon *d, char why[STORE_WHY_BYTES])
{
    struct store_settings s;
    wiring_store(d->wiring->config, &s);
    if (store_open(&s, clock_wall().ms, &d->store, why) != STORE_OK)
        return false;
    if (store_start(d->store) != STORE_OK) {
        snprintf(why, STORE_WHY_BYTES, "the store thread cannot be started");
        return false;
    }
    return true;
}

static bool
start_door(struct daemon *d, char why[STORE_WHY_BYTES])
{
    const struct config *c = d->wiring->config;
    char key[128];
    if (!wiring_admin_key(c, key, why))
        return false;
    struct door_settings s = {
        .listen = c->http.listen.text,
        .admin_key = key,
        .data_dir = c->data_dir,
        .tls_cert = c->http.tls.cert,
        .tls_key = c->http.tls.key,
        .tls_client_ca = c->http.tls.client_ca,
        .workers = c->http.workers,
        .connections = c->http.connections,
        .per_address = c->http.connections_per_address,
        .header_s = c->http.header_s,
        .idle_s = c->http.idle_s,
        .body_octets_s = c->http.body_rate,
        .body_max = c->http.body_max,
        .lookup_url = c->lookup.url,
        .lookup_token = c->lookup.token,
    };
    return door_start(d->flow, &s, why);
}

/* Signals come to the engine's thread alone. */
static void
block_signals(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, before);
    signal(SIGPIPE, SIG_IGN);
}

static void
raise_limits(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* Large blocks go back to the system when they are freed. Left alone, glibc
 * keeps blocks up to the size of the largest that was ever freed. */
static void
return_large_blocks(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, 64 * LARGE_BLOCK_BYTES);
}

static void
open_log(const struct config *c)
{
    log_set_level((enum log_level)c->log.level);
    if (!c->log.file || !c->log.file[0])
        return;
    int fd = open(c->log.file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd >= 0)
        log_to(fd);
    else
        fprintf(stderr, "volleyd: %s: %s; logging to stderr\n", c->log.file,
                strerror(errno));
}

static int
start(struct daemon *d)
{
    char why[STORE_WHY_BYTES] = "";
    const struct config *c = d->wiring->config;
    if (mkdir(c->data_dir, 0700) != 0 && errno != EEXIST)
        return fail(c->data_dir, strerror(errno));
    if (!start_store(d, why))
        return fail(c->data_dir, why);
    d->loop = loop_create();
    if (!d->loop)
        return fail("event loop", "cannot be made");
    if (!wiring_clients(d->wiring, why))
        return fail("smpp", why);
    d->flow = flow_create(d->loop, d->store, &d->wiring->flow, why);
    if (!d->flow)
        return fail(c->data_dir, why);
    if (!start_door(d, why))
        return fail("http", why);
    d->watch = loop_watch_open(d->loop, store_event_fd(d->store), on_store, d);
    loop_on_signal(d->loop, SIGTERM, on_term, d);
    loop_on_signal(d->loop, SIGINT, on_term, d);
    loop_on_signal(d->loop, SIGHUP, on_reload, d);
    loop_set_phases(d->loop, phases, sizeof phases / sizeof *phases, d->flow);
    return EXIT_CLEAN;
}

static void
stop(struct daemon *d)
{
    if (d->flow) {
        flow_stop(d->flow); /* gives back every mail: the door can close */
        if (d->draining)
            pthread_join(d->closer, NULL);
        else
            door_stop();
    }
    if (d->watch)
        loop_watch_close(d->watch);
    if (d->store)
        store_stop(d->store);
    flow_destroy(d->flow);
    if (d->loop)
        loop_destroy(d->loop);
    store_close(d->store);
    wiring_destroy(d->wiring);
    while (d->replaced) {
        struct wiring *next = d->replaced->next;
        wiring_destroy(d->replaced);
        d->replaced = next;
    }
}

int
daemon_run(const char *path, struct config *config)
{
    static struct daemon d;
    sigset_t before;
    d.path = path;
    raise_limits();
    return_large_blocks();
    open_log(config);
    block_signals(&before);
    d.wiring = wiring_create(config);
    running = &d;
    int code = start(&d);
    if (code == EXIT_CLEAN) {
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        log_info(ROOM_DAEMON, "ready", "http_port=%u data_dir=%s carriers=%u",
                 door_port(), config->data_dir, config->carriers_n);
        loop_run(d.loop);
        if (d.store_failed)
            _exit(EXIT_STORE); /* nothing more may be acknowledged */
        log_info(ROOM_DAEMON, "stopped", "clean=%s",
                 flow_is_drained(d.flow) ? "yes" : "no");
    }
    stop(&d);
    return code;
}

int
daemon_audit(const struct config *config, FILE *out)
{
    char why[STORE_WHY_BYTES] = "";
    struct store_settings s;
    struct store *store;
    wiring_store(config, &s);
    s.read_only = true;
    if (store_open(&s, clock_wall().ms, &store, why) != STORE_OK)
        return fail(config->data_dir, why);
    unsigned faults = audit_run(store, config->retention.messages_s, out);
    store_close(store);
    return faults ? EXIT_FAULTS : EXIT_CLEAN;
}
