/*
 * steps_lookup.c - who knows networks of phones.
 *
 *   lookup PHONE=NETWORK...     the next question is about these phones alone
 *   lookup fails                the next question gets no answer
 *   lookup nothing              no question is due within 30 ms
 */
#include <stdio.h>
#include <stdlib.h>

#include "proto/addr.h"
#include "tests/scenario/script.h"
#include "tests/scenario/world.h"

enum { QUESTION_MS = 30 };

/* One mail, of this life of the flow. */
static struct {
    const struct flow *flow;
    unsigned kills;
    struct mail_box *box;
    struct mail *mail;
    struct lookup_batch batch;
} asker;

static void
ask_on(void)
{
    if (!mail_post(world.flow, asker.mail))
        world_fail("the inbox takes no mail");
    mail_box_tell(asker.box);
}

static void
be_there(void)
{
    if (asker.flow == world.flow && asker.kills == world.kills)
        return;
    mail_free(asker.mail);
    asker.flow = world.flow;
    asker.kills = world.kills;
    asker.box = mail_box_open(world.flow);
    asker.mail = mail_create(MAIL_LOOKED_UP, (struct who){.kind = WHO_ADMIN});
    asker.mail->box = asker.box;
    asker.mail->lookup.batch = &asker.batch;
    asker.batch.count = 0;
    ask_on();
    world_settle();
}

static bool
next_question(void)
{
    be_there();
    for (unsigned ms = 0; ms < QUESTION_MS; ms++) {
        struct mail *m = mail_box_take(asker.box);
        if (m && (m != asker.mail || m->result != MAIL_OK))
            world_fail("a mail came back that is no question");
        if (m)
            return true;
        world_wait(1);
    }
    return false;
}

/* What the step says of this phone. */
static void
say(const struct step *s, struct lookup_phone *p)
{
    char e164[ADDR_E164_SIZE];
    u64_to_e164(p->subscriber, e164);
    size_t n = strlen(e164);
    for (unsigned i = 1; i < s->words; i++)
        if (strncmp(s->word[i], e164, n) == 0 && s->word[i][n] == '=') {
            snprintf(p->network, sizeof p->network, "%s", s->word[i] + n + 1);
            return;
        }
    world_fail("nobody expected a question about %s", e164);
}

static void
on_lookup(const struct step *s)
{
    bool fails = strcmp(step_word(s, 1), "fails") == 0;
    bool nothing = strcmp(step_word(s, 1), "nothing") == 0;
    bool asked = next_question();
    if (asked == nothing)
        world_fail(asked ? "a question about %u phones" : "no question (%u)",
                   asker.batch.count);
    if (nothing)
        return;
    if (!fails && asker.batch.count != s->words - 1)
        world_fail("a question about %u phones", asker.batch.count);
    for (unsigned i = 0; !fails && i < asker.batch.count; i++)
        say(s, &asker.batch.phone[i]);
    asker.mail->lookup.failed = fails;
    ask_on();
    world_settle();
}

const struct step_row steps_lookup[] = {{"lookup", on_lookup}, {NULL, NULL}};
