/*
 * world.c - turns, time, kills and comparisons.
 *
 * Promise: as in world.h.
 */
#include "tests/scenario/world.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/log.h"
#include "engine/flow/checkpoint.h"
#include "tests/scenario/fake_carrier.h"
#include "tests/scenario/fake_client.h"

enum { TURNS_MAX = 5000, COMMIT_MS = 20000, DOWN_MS = 1100 };

struct world world;
char world_place[256] = "?";
/* 2026-03-02T08:00:00Z: a Monday. */
static uint64_t wall0_ms = UINT64_C(1772438400000);
static uint64_t clock_ms;
/* No two turns of a real loop begin in the same microsecond. */
static uint64_t turn_us; /* it only grows: what was due stays due */

_Noreturn void
world_fail(const char *format, ...)
{
    char line[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    ck_abort_msg("%s: %s", world_place, line);
    abort();
}

static void
on_breach(const char *what)
{
    world_fail("%s", what);
}

/* ---- the clock ------------------------------------------------------------
 */

static struct mono
fake_mono(void)
{
    return (struct mono){(clock_ms + 10000) * 1000 + turn_us};
}

static struct wall
fake_wall(void)
{
    return (struct wall){wall0_ms + clock_ms};
}

uint64_t
world_ms(void)
{
    return clock_ms;
}

void
world_jump(uint64_t ms)
{
    clock_ms += ms;
    world_settle();
}

void
world_wait(uint64_t ms)
{
    for (uint64_t end = clock_ms + ms; clock_ms < end;)
        world_jump(1);
}

/* ---- opening and closing --------------------------------------------------
 */

static const struct loop_phase phases[] = {
    {"begin", flow_begin}, {"mail", flow_mail}, {"tick", flow_tick},
    {"fill", flow_fill},   {"post", flow_post},
};

static bool
is_durable(const struct fake_part *p)
{
    return store_durable(world.store) > p->ref.sent_pos;
}

const char *
world_keep(const char *text)
{
    if (world.names_used == 64)
        world_fail("too many names");
    char *room = world.names[world.names_used++];
    snprintf(room, sizeof world.names[0], "%s", text);
    return room;
}

static const struct clients_settings clients = {.system_id = "volley"};

void
world_init(void)
{
    world = (struct world){0};
    clock_ms = turn_us = 0;
    fake_reset();
    fake_is_durable = is_durable;
    fake_breach = on_breach;
    clock_fake(fake_mono, fake_wall);
    log_set_level(LEVEL_ERROR);
    snprintf(world.dir, sizeof world.dir, "scenario-XXXXXX");
    if (!mkdtemp(world.dir))
        world_fail("no directory");
    world.settings = (struct flow_settings){
        .carriers = world.carrier,
        .routes = world.route,
        .reply_window_s = 30 * 86400,
        .unknown_after_s = 72 * 3600,
        .join_ms = 60000,
        .crossing_ms = 3000,
        .pair_ttl_s = 14 * 86400,
        .retry_attempts = 5,
        .retention_s = 90 * 86400,
        .events_s = 72 * 3600,
        .health = {50, 8, 20},
        .receipts_need = true,
        .clients = &clients,
    };
}

static void
on_store(void *arg)
{
    uint64_t n;
    (void)arg;
    ssize_t got = read(store_event_fd(world.store), &n, sizeof n);
    (void)got; /* it only says that there is news */
}

void
world_open(void)
{
    char why[STORE_WHY_BYTES] = "";
    struct store_settings s = {.dir = world.dir};
    if (store_open(&s, fake_wall().ms, &world.store, why) != STORE_OK ||
        store_start(world.store) != STORE_OK)
        world_fail("the store: %s", why);
    world.loop = loop_create();
    world.flow = flow_create(world.loop, world.store, &world.settings, why);
    if (!world.flow)
        world_fail("the flow: %s", why);
    world.watch =
        loop_watch_open(world.loop, store_event_fd(world.store), on_store, 0);
    loop_set_phases(world.loop, phases, sizeof phases / sizeof *phases,
                    world.flow);
    world_settle();
}

static void
close_all(void)
{
    if (!world.flow)
        return;
    loop_watch_close(world.watch);
    store_stop(world.store);
    flow_destroy(world.flow);
    loop_destroy(world.loop);
    store_close(world.store);
    world.flow = NULL;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

void
world_remove_tree(const char *dir)
{
    (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void
world_fini(void)
{
    close_all();
    world_remove_tree(world.dir);
    fake_reset();
    clock_fake(NULL, NULL);
}

/* ---- turns ----------------------------------------------------------------
 */

void
world_turn(void)
{
    turn_us++;
    loop_turn(world.loop, 0);
}

static void
wait_for_store(void)
{
    struct pollfd p = {.fd = store_event_fd(world.store), .events = POLLIN};
    if (poll(&p, 1, COMMIT_MS) != 1)
        world_fail("no commit in %d s", COMMIT_MS / 1000);
}

/* A commit is on its way, or must be waited for before the next. */
static bool
store_is_busy(const struct flow *f)
{
    return f->journal.posted || (!store_batch_is_empty(f->journal.gathering) &&
                                 !store_is_ready(world.store));
}

/* A full disk: commits wait, so nothing is left to wait for here. */
static bool
is_stuck(void)
{
    return store_state(world.store, NULL, 0) != STORE_OK;
}

static bool
has_work(const struct flow *f)
{
    return !store_batch_is_empty(f->journal.gathering) || f->held_first ||
           f->unread || atomic_load(&f->inbox_count) > 0;
}

bool
world_is_settled(void)
{
    const struct flow *f = world.flow;
    return !f->journal.posted && !has_work(f) && !is_stuck() &&
           !world.disk_full;
}

void
world_settle(void)
{
    struct flow *f = world.flow;
    unsigned calm = 0;
    for (unsigned i = 0; i < TURNS_MAX; i++) {
        uint64_t end = journal_end(&f->journal),
                 moves = fake_moves() + fake_client_moves();
        world_turn();
        if (is_stuck())
            return;
        if (store_is_busy(f)) {
            wait_for_store();
            calm = 0;
            continue;
        }
        bool still = end == journal_end(&f->journal) &&
                     moves == fake_moves() + fake_client_moves() &&
                     !has_work(f);
        calm = still ? calm + 1 : 0;
        if (calm == 2)
            return;
    }
    world_fail("turns never come to rest: log end %llu durable %llu, %s, %s",
               (unsigned long long)journal_end(&f->journal),
               (unsigned long long)journal_durable(&f->journal),
               f->held_first ? "mails wait" : "no mail waits",
               store_batch_is_empty(f->journal.gathering) ? "nothing gathered"
                                                          : "facts gathered");
}

struct mail *
world_mail(struct mail *m)
{
    if (!mail_post(world.flow, m))
        world_fail("the inbox takes no mail");
    for (unsigned i = 0; i < TURNS_MAX; i++) {
        world_turn();
        struct mail *back = mail_take_ready(world.flow);
        if (back) {
            if (back != m)
                world_fail("another mail came back");
            return m;
        }
        if (is_stuck())
            return NULL;
        if (store_is_busy(world.flow))
            wait_for_store();
    }
    world_fail("a mail never came back");
}

struct mail *
world_late_mail(void)
{
    for (unsigned i = 0; i < TURNS_MAX; i++) {
        struct mail *m = mail_take_ready(world.flow);
        if (m)
            return m;
        world_turn();
        if (store_is_busy(world.flow))
            wait_for_store();
    }
    world_fail("a mail never came back");
}

void
world_set_disk_full(bool full)
{
    char path[80];
    snprintf(path, sizeof path, "%s.full", world.dir);
    world.disk_full = full;
    if (!full) {
        unlink(path);
        while (is_stuck())
            wait_for_store();
        world_settle();
        return;
    }
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    if (fd < 0 || setenv("FIO_FULL_FILE", path, 1) != 0)
        world_fail("the disk cannot be made full");
    close(fd);
}

void
world_checkpoint(void)
{
    checkpoint_tick(world.flow, true);
    world_settle();
    for (unsigned i = 0; store_checkpoint_busy(world.store); i++) {
        struct pollfd none = {.fd = -1};
        if (i == COMMIT_MS)
            world_fail("the checkpoint never ends");
        poll(&none, 1, 1);
        world_turn();
    }
}

void
world_kill_for(bool unsaved, unsigned down_ms)
{
    if (unsaved) {
        flow_begin(world.flow);
        flow_mail(world.flow);
        flow_tick(world.flow);
        flow_fill(world.flow);
    }
    close_all();
    clock_ms += down_ms;
    world.kills++;
    world_open();
    clock_ms += down_ms;
    world_settle();
}

void
world_kill(bool unsaved)
{
    /* Binds come up; the last second's sends are over. */
    world_kill_for(unsaved, DOWN_MS);
}
