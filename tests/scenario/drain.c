/*
 * drain.c - kill, drain, judge by the ledgers.
 *
 * Promise: as in drain.h.
 */
#include "tests/scenario/drain.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/flow/book.h"
#include "proto/smpp.h"
#include "tests/scenario/fake_carrier.h"
#include "tests/scenario/receipt_pdu.h"
#include "tests/scenario/world.h"

enum { ROUNDS_MAX = 400, ROUND_MS = 500 };

static void
open_gates(void)
{
    for (unsigned i = 0; i < world.settings.carriers_n; i++) {
        fake_set_window(world.carrier[i].name, 1000);
        fake_set_up(world.carrier[i].name, true);
    }
}

/* Every part that is out is taken, and a receipt says so. */
static bool
answer_all(void)
{
    static unsigned serial;
    bool any = false;
    for (unsigned i = 0; i < fake_parts(); i++) {
        struct fake_part *p = fake_part(i);
        char id[32];
        if (p->state != FAKE_OUT)
            continue;
        snprintf(id, sizeof id, "drain%u", ++serial);
        fake_answer(p, 0, id, false);
        world_settle();
        receipt_deliver(p->carrier, id, p->to, p->from, "DELIVRD", 77);
        world_settle();
        any = true;
    }
    return any;
}

/* Those that were taken before the kill have no receipt yet. */
static void
receipt_old(void)
{
    for (unsigned i = 0; i < fake_parts(); i++) {
        struct fake_part *p = fake_part(i);
        if (!p->taken || !p->smsc_id[0])
            continue;
        receipt_deliver(p->carrier, p->smsc_id, p->to, p->from, "DELIVRD", 78);
        world_settle();
    }
}

static bool
is_waiting(struct flow *f, uint64_t message)
{
    enum message_state_kind s = word_state(book_word(f, message));
    const struct campaign *c = campaign_of(f, message);
    if (c && (s == MSG_NONE || s == MSG_QUEUED) && c->state != CAMPAIGN_RUNNING)
        return false; /* it waits for a person */
    if (c && s == MSG_NONE)
        return true;
    return s == MSG_QUEUED || s == MSG_ACCEPTED || s == MSG_SUBMITTED ||
           s == MSG_HELD;
}

static uint64_t
first_waiting(struct flow *f)
{
    for (uint64_t m = 1; m < f->next_message; m++)
        if ((book_word(f, m) || campaign_of(f, m)) && is_waiting(f, m))
            return m;
    return 0;
}

/* How often carriers have seen this part leave. */
static unsigned
times_left(const struct fake_part *p)
{
    unsigned n = 0;
    for (unsigned i = 0; i < fake_lefts(); i++) {
        const struct fake_part *q = fake_left(i);
        bool refused = q->state == FAKE_ANSWERED && !q->taken;
        refused = refused || q->unsent;
        if (q->ref.message == p->ref.message && q->ref.part == p->ref.part &&
            !refused)
            n++;
    }
    return n;
}

static void
judge(struct flow *f)
{
    for (unsigned i = 0; i < fake_lefts(); i++) {
        const struct fake_part *p = fake_left(i);
        uint64_t word = book_word(f, p->ref.message);
        unsigned times = times_left(p);
        bool named = word_state(word) == MSG_UNCERTAIN ||
                     (word_flags(word) & WORD_TWICE) != 0;
        if (times > 1 && !named)
            world_fail("message %llu part %u left %u times, and nobody says so",
                       (unsigned long long)p->ref.message, p->ref.part + 1u,
                       times);
    }
}

void
drain_after_kill(void)
{
    open_gates();
    world_kill(false);
    world_compare();
    receipt_old();
    unsigned idle = 0;
    for (unsigned i = 0; i < ROUNDS_MAX && idle < 3; i++) {
        bool any = answer_all();
        world_jump(ROUND_MS);
        idle = any || first_waiting(world.flow) ? 0 : idle + 1;
        if (i == ROUNDS_MAX / 2) /* beyond every schedule of the scenarios */
            world_jump(UINT64_C(86400000) * 15);
    }
    uint64_t m = first_waiting(world.flow);
    if (m) {
        world_print_log();
        world_fail("message %llu is %s for ever", (unsigned long long)m,
                   state_name(word_state(book_word(world.flow, m))));
    }
    judge(world.flow);
    world_check_counts();
}
