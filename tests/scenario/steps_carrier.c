/*
 * steps_carrier.c - what carriers and phones do.
 *
 *   answer MESSAGE[/PART] ok [id ID] [late] | status N [late]
 *   answer all ok          (ids are made up)
 *   fate SEED              (of each part that is out, by chance)
 *   lose MESSAGE[/PART] unsent|unknown|timeout
 *   receipt ID|MESSAGE[/PART] STAT [on CARRIER] [phone P] [number N]
 *           [session N]    (of a message: its id and addresses)
 *   phone PHONE to NUMBER "text" [as NAME] [part I/N] [ref R] [session N]
 *         [on CARRIER]
 *   window CARRIER N
 *   up CARRIER
 *   down CARRIER
 *
 * Each but `answer all` may end in `unsettled`: no turn is run.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/flow/journal.h"
#include "proto/smpp.h"
#include "tests/scenario/fake_carrier.h"
#include "tests/scenario/receipt_pdu.h"
#include "tests/scenario/script.h"
#include "tests/scenario/world.h"

/* unsettled: no turn yet, so that a kill can come first. */
static void
settle(const struct step *s)
{
    if (!step_has(s, "unsettled"))
        world_settle();
}

static struct fake_part *
part_of(const char *ref)
{
    unsigned part;
    uint64_t message = script_message(ref, &part);
    struct fake_part *p = fake_find(message, part);
    if (!p)
        world_fail("%s was never handed over", ref);
    return p;
}

static void
answer_all(void)
{
    static unsigned serial;
    for (unsigned i = 0; i < fake_parts(); i++) {
        struct fake_part *p = fake_part(i);
        char id[32];
        if (p->state != FAKE_OUT)
            continue;
        snprintf(id, sizeof id, "all%u", ++serial);
        fake_answer(p, 0, id, false);
    }
}

static void
on_answer(const struct step *s)
{
    bool late = step_has(s, "late");
    if (strcmp(step_word(s, 1), "all") == 0) {
        answer_all();
        world_settle();
        return;
    }
    struct fake_part *p = part_of(s->word[1]);
    if (!p->left || (p->state != FAKE_OUT && !late))
        world_fail("%s waits for no answer", s->word[1]);
    const char *id = step_value(s, "id");
    uint32_t status = (uint32_t)step_number(s, "status", 0);
    fake_answer(p, status, id ? id : "", late);
    settle(s);
}

/* What a carrier may do to a part, mostly good; and a receipt, mostly. */
static void
fate_of(struct fake_part *p, unsigned dice)
{
    static unsigned serial;
    static const uint32_t refusals[] = {ESME_RTHROTTLED, ESME_RSYSERR,
                                        ESME_RINVDSTADR};
    static const enum part_loss losses[] = {LOSS_UNKNOWN, LOSS_TIMED_OUT};
    char id[32];
    if (dice % 8 == 0)
        return; /* it takes its time */
    if (dice % 8 == 1) {
        fake_lose(p, losses[dice / 8 % 2]);
        return;
    }
    if (dice % 8 == 2) {
        fake_answer(p, refusals[dice / 8 % 3], "", false);
        return;
    }
    snprintf(id, sizeof id, "fate%u", ++serial);
    fake_answer(p, 0, id, false);
    if (dice / 8 % 4)
        receipt_deliver(p->carrier, id, p->to, p->from,
                        dice / 32 % 8 ? "DELIVRD" : "UNDELIV", 1);
}

static void
on_fate(const struct step *s)
{
    uint64_t seed = strtoull(step_word(s, 1), NULL, 10) * 2654435761u + 1;
    unsigned n = fake_parts();
    for (unsigned i = 0; i < n; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        if (fake_part(i)->state == FAKE_OUT)
            fate_of(fake_part(i), (unsigned)(seed >> 40));
    }
    settle(s);
}

static void
on_lose(const struct step *s)
{
    struct fake_part *p = part_of(step_word(s, 1));
    const char *how = step_word(s, 2);
    if (p->state != FAKE_OUT && p->state != FAKE_HELD)
        world_fail("%s waits for no answer", s->word[1]);
    fake_lose(p, strcmp(how, "unsent") == 0    ? LOSS_NOT_SENT
                 : strcmp(how, "timeout") == 0 ? LOSS_TIMED_OUT
                                               : LOSS_UNKNOWN);
    settle(s);
}

static const char *
value_or(const struct step *s, const char *key, const char *otherwise)
{
    const char *v = step_value(s, key);
    return v ? v : otherwise;
}

static bool
is_named(const char *ref)
{
    char name[64];
    snprintf(name, sizeof name, "%s", ref);
    name[strcspn(name, "/.")] = 0;
    return script_find(name) != 0;
}

static void
on_receipt(const struct step *s)
{
    const char *id = step_word(s, 1), *stat = step_word(s, 2);
    const struct fake_part *p = is_named(id) ? part_of(id) : NULL;
    uint32_t status = receipt_deliver(
        value_or(s, "on", p ? p->carrier : world.carrier[0].name),
        p && p->smsc_id[0] ? p->smsc_id : id,
        value_or(s, "phone", p ? p->to : "447700900000"),
        value_or(s, "number", p ? p->from : "12125550000"), stat,
        step_number(s, "session", 1));
    if (status != ESME_ROK)
        world_fail("the receipt was answered with 0x%x", status);
    settle(s);
}

static void
on_phone(const struct step *s)
{
    const char *part = step_value(s, "part"), *name = step_value(s, "as");
    const char *slash = part ? strchr(part, '/') : NULL;
    uint64_t before = world.flow->next_message;
    struct phone_text t = {
        .carrier = value_or(s, "on", world.carrier[0].name),
        .phone = step_word(s, 1),
        .number = step_word(s, 3),
        .text = step_word(s, 4),
        .part = part ? (unsigned)atoi(part) : 1,
        .parts = slash ? (unsigned)atoi(slash + 1) : 1,
        .reference = (unsigned)step_number(s, "ref", 1),
        .session = step_number(s, "session", 1),
    };
    uint32_t status = phone_deliver(&t);
    if (status != ESME_ROK)
        world_fail("the reply was answered with 0x%x", status);
    settle(s);
    /* A confirmation may follow: the reply is the first. */
    script_name("last reply", world.flow->next_message > before ? before : 0);
    if (name && world.flow->next_message == before)
        world_fail("no reply came of it");
    if (name)
        script_name(name, before);
}

static void
on_window(const struct step *s)
{
    fake_set_window(step_word(s, 1), (unsigned)atoi(step_word(s, 2)));
    settle(s);
}

static void
on_up(const struct step *s)
{
    fake_set_up(step_word(s, 1), strcmp(s->word[0], "up") == 0);
    settle(s);
}

const struct step_row steps_carrier[] = {
    {"answer", on_answer},   {"fate", on_fate},   {"lose", on_lose},
    {"receipt", on_receipt}, {"phone", on_phone}, {"window", on_window},
    {"up", on_up},           {"down", on_up},     {NULL, NULL},
};
