/*
 * stage.c - turns, time and mails.
 *
 * Promise: as in stage.h.
 */
#include "bench/paths/stage.h"

#include <poll.h>
#include <unistd.h>

#include "bench/paths/paths.h"
#include "bench/paths/still_carrier.h"
#include "engine/carrier/settings.h"
#include "engine/flow/flow.h"

enum {
    TURNS_MAX = 1000000,
    COMMIT_MS = 20000, /* of a disk that everybody waits for */
};

static struct loop *loop;
static struct store *store;
static struct flow *flow;
static struct carrier_settings carrier;
/* 2026-03-02T08:00:00Z: a Monday. */
static uint64_t clock_ms = UINT64_C(1772438400000);

static struct flow_settings settings = {
    .carriers = &carrier,
    .carriers_n = 1,
    .reply_window_s = 30 * 86400,
    .unknown_after_s = 72 * 3600,
    .join_ms = 60000,
    .crossing_ms = 3000,
    .pair_ttl_s = 14 * 86400,
    .retry_attempts = 5,
    .retention_s = 90 * 86400,
    .events_s = 72 * 3600,
    .receipts_need = true,
};

static const struct loop_phase phases[] = {
    {"begin", flow_begin}, {"mail", flow_mail}, {"tick", flow_tick},
    {"fill", flow_fill},   {"post", flow_post},
};

static struct mono
stage_mono(void)
{
    return (struct mono){clock_ms * 1000};
}

static struct wall
stage_wall(void)
{
    return (struct wall){clock_ms};
}

static void
wait_for_store(void)
{
    struct pollfd p = {.fd = store_event_fd(store), .events = POLLIN};
    uint64_t news;
    while (!store_is_ready(store) ||
           (flow->journal.posted && store_durable(store) < store_end(store))) {
        paths_need(poll(&p, 1, COMMIT_MS) == 1);
        paths_need(read(p.fd, &news, sizeof news) == sizeof news);
    }
}

void
stage_turn(void)
{
    clock_ms++;
    still_read();
    loop_turn(loop, 0);
    wait_for_store();
}

void
stage_jump(uint64_t ms)
{
    clock_ms += ms;
    stage_turn();
}

struct mail *
stage_ask(enum mail_kind kind)
{
    struct mail *m =
        mail_create(kind, (struct who){.kind = WHO_ACCOUNT, .account = 1});
    paths_need(m);
    return m;
}

struct mail *
stage_ask_admin(enum mail_kind kind)
{
    struct mail *m = mail_create(kind, (struct who){.kind = WHO_ADMIN});
    paths_need(m);
    return m;
}

void
stage_post(struct mail *m)
{
    paths_need(mail_post(flow, m));
    for (unsigned i = 0; i < TURNS_MAX; i++) {
        stage_turn();
        if (!mail_take_ready(flow))
            continue;
        paths_need(m->result == MAIL_OK);
        return;
    }
    paths_need(!"the mail comes back");
}

void
stage_add_number(struct slice number, uint32_t rate)
{
    struct mail *m = stage_ask_admin(MAIL_NUMBER_PUT);
    m->number.number = number;
    m->number.carrier = slice_str("acme");
    m->number.account = slice_str("demo");
    m->number.rate = rate;
    stage_post(m);
    mail_free(m);
}

void
stage_open(void)
{
    char why[STORE_WHY_BYTES] = "";
    struct store_settings s = {.dir = paths_dir()};
    carrier_settings_default(&carrier);
    carrier.name = "acme";
    carrier.binds = STILL_BINDS;
    clock_fake(stage_mono, stage_wall);
    if (store_open(&s, clock_ms, &store, why) != STORE_OK)
        paths_fail(__FILE__, __LINE__, why);
    paths_need(store_start(store) == STORE_OK);
    loop = loop_create();
    flow = loop ? flow_create(loop, store, &settings, why) : NULL;
    if (!flow)
        paths_fail(__FILE__, __LINE__, why);
    loop_set_phases(loop, phases, sizeof phases / sizeof *phases, flow);
    wait_for_store();
    struct mail *m = stage_ask_admin(MAIL_ACCOUNT_CREATE);
    m->account.name = slice_str("demo");
    stage_post(m);
    mail_free(m);
    m = stage_ask(MAIL_SENDER_CREATE);
    m->sender.name = slice_str("ana");
    stage_post(m);
    mail_free(m);
    stage_add_number(slice_str("+" STAGE_NUMBER), 0);
}

void
stage_close(void)
{
    store_stop(store);
    flow_destroy(flow);
    loop_destroy(loop);
    store_close(store);
}

void
stage_until_receipts(uint64_t receipts)
{
    for (unsigned i = 0; still_receipts() < receipts; i++) {
        paths_need(i < TURNS_MAX);
        stage_turn();
    }
    stage_turn(); /* the last facts, durable */
    stage_turn();
}

uint64_t
stage_threads(void)
{
    return flow->next_thread - 1;
}
