/*
 * steps_thread.c - what people do with threads and strays.
 *
 *   thread ACT SENDER PHONE by WHO [to SENDER] [refused CODE]
 *          ACT: claim release transfer close reopen read
 *   reassign REPLY to SENDER by WHO [refused CODE]
 */
#include "tests/scenario/steps_thread.h"

#include <stdio.h>

#include "proto/addr.h"
#include "tests/scenario/script.h"
#include "tests/scenario/world.h"

uint64_t
phone_key(const char *phone)
{
    struct addr a;
    uint64_t v;
    if (addr_from_text(slice_str(phone), NULL, &a) != ADDR_NUMBER ||
        !addr_to_u64(slice_str(a.text), &v))
        world_fail("%s is no phone number", phone);
    return v;
}

uint64_t
thread_named(const char *sender, const char *phone)
{
    uint32_t id = script_sender(sender);
    uint64_t key = phone_key(phone);
    for (uint32_t i = 1; i < world.flow->threads.rows; i++) {
        const struct thread *x = world.flow->threads.row[i];
        if (x && x->sender == id && x->subscriber == key)
            return x->id;
    }
    world_fail("%s has no thread with %s", sender, phone);
}

static void
on_thread(const struct step *s)
{
    static const char *const acts[] = {"claim", "release", "transfer",
                                       "close", "reopen",  "read"};
    struct mail *m =
        mail_create(MAIL_THREAD_ACT, script_who(step_value(s, "by")));
    unsigned act = 0;
    while (act < 6 && strcmp(acts[act], step_word(s, 1)) != 0)
        act++;
    if (act == 6)
        world_fail("there is no act %s", s->word[1]);
    const char *to = step_value(s, "to");
    m->thread.act = (enum thread_act)act;
    m->thread.thread = thread_named(step_word(s, 2), step_word(s, 3));
    m->thread.to_sender = slice_str(to ? to : "");
    world_mail(m);
    script_judge(s, m->result, m->code, m->detail);
    mail_free(m);
    world_settle();
}

static void
on_reassign(const struct step *s)
{
    struct mail *m =
        mail_create(MAIL_REASSIGN, script_who(step_value(s, "by")));
    m->unmatched.message = script_message(step_word(s, 1), NULL);
    m->unmatched.sender = slice_str(step_value(s, "to"));
    world_mail(m);
    script_judge(s, m->result, m->code, m->detail);
    mail_free(m);
    world_settle();
}

const struct step_row steps_thread[] = {
    {"thread", on_thread},
    {"reassign", on_reassign},
    {NULL, NULL},
};
