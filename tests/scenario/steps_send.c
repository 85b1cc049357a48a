/*
 * steps_send.c - messages are sent, cancelled, suppressed.
 *
 *   send NAME by WHO to PHONE [from NUMBER | pool POOL] [text "..."]
 *        [sender S] [class C] [at DUR] [expires DUR] [validity DUR]
 *        [window DUR] [key K] [body N] [repeats NAME] [refused CODE]
 *        [pending]                (the disk is full: no answer comes)
 *   arrived NAME [refused CODE]   (now it came)
 *   send NAME by WHO in SENDER PHONE [text "..."]     (an answer in a thread)
 *   cancel NAME by WHO [refused CODE]
 *   suppress|unsuppress PHONE by WHO [scope S] [for NUMBER] [refused CODE]
 */
#include <stdio.h>

#include "proto/addr.h"
#include "tests/scenario/script.h"
#include "tests/scenario/steps_thread.h"
#include "tests/scenario/world.h"

static struct slice
value_slice(const struct step *s, const char *key)
{
    const char *v = step_value(s, key);
    return v ? slice_str(v) : (struct slice){0};
}

static uint64_t
from_now(const struct step *s, const char *key)
{
    const char *v = step_value(s, key);
    return v ? clock_wall().ms + step_duration(v) : 0;
}

static enum message_class
class_of(const char *name)
{
    static const char *const names[CLASS_N] = {"", "critical", "transactional",
                                               "conversational", "marketing"};
    for (int i = 1; name && i < CLASS_N; i++)
        if (strcmp(names[i], name) == 0)
            return (enum message_class)i;
    return CLASS_UNSET;
}

static uint32_t
seconds(const struct step *s, const char *key)
{
    const char *v = step_value(s, key);
    return v ? (uint32_t)(step_duration(v) / 1000) : 0;
}

static void
fill_item(const struct step *s, struct send_item *i)
{
    const char *text = step_value(s, "text");
    *i = (struct send_item){
        .to = value_slice(s, "to"),
        .from = value_slice(s, "from"),
        .pool = value_slice(s, "pool"),
        .sender = value_slice(s, "sender"),
        .text = slice_str(text ? text : "hello"),
        .class = class_of(step_value(s, "class")),
        .send_at_ms = from_now(s, "at"),
        .expires_at_ms = from_now(s, "expires"),
        .validity_s = seconds(s, "validity"),
        .reply_window_s = seconds(s, "window"),
    };
    for (unsigned k = 1; k + 2 < s->words; k++)
        if (strcmp(s->word[k], "in") == 0)
            i->thread = thread_named(s->word[k + 1], s->word[k + 2]);
}

static void
judge_sent(const struct step *s, struct mail *m)
{
    const struct send_item *i = &m->send.items[0];
    const char *repeats = step_value(s, "repeats");
    if (m->result != MAIL_OK) {
        script_judge(s, m->result, m->code, m->detail);
    } else {
        script_judge(s, i->result, i->code, i->detail);
        if (m->send.repeated != (repeats != NULL))
            world_fail("%s", repeats ? "it was sent again"
                                     : "an earlier answer came back");
        if (repeats && i->message != script_find(repeats))
            world_fail("it is not %s", repeats);
        script_name(step_word(s, 1), i->message);
    }
    mail_free(m);
    world_settle();
}

static void
on_send(const struct step *s)
{
    static struct send_item items[2]; /* one outlives its step */
    struct send_item *item = &items[step_has(s, "pending")];
    struct mail *m = mail_create(MAIL_SEND, script_who(step_value(s, "by")));
    fill_item(s, item);
    m->send.count = 1;
    m->send.items = item;
    m->send.idempotency_key = value_slice(s, "key");
    m->send.body_hash = step_number(s, "body", 1);
    m = world_mail(m);
    if (step_has(s, "pending") != (m == NULL))
        world_fail("%s", m ? "it was answered" : "it was not answered");
    if (m)
        judge_sent(s, m);
}

/* The answer that waited for the disk. */
static void
on_arrived(const struct step *s)
{
    judge_sent(s, world_late_mail());
}

static void
on_cancel(const struct step *s)
{
    struct mail *m = mail_create(MAIL_CANCEL, script_who(step_value(s, "by")));
    m->locate.first = script_message(step_word(s, 1), NULL);
    world_mail(m);
    script_judge(s, m->result, m->code, m->detail);
    mail_free(m);
    world_settle();
}

static void
on_suppress(const struct step *s)
{
    struct mail *m =
        mail_create(MAIL_SUPPRESS, script_who(step_value(s, "by")));
    m->suppression.subscriber = slice_str(step_word(s, 1));
    m->suppression.scope = value_slice(s, "scope");
    m->suppression.number = value_slice(s, "for");
    m->suppression.remove = strcmp(s->word[0], "unsuppress") == 0;
    world_mail(m);
    script_judge(s, m->result, m->code, m->detail);
    mail_free(m);
    world_settle();
}

const struct step_row steps_send[] = {
    {"send", on_send},           {"arrived", on_arrived},
    {"cancel", on_cancel},       {"suppress", on_suppress},
    {"unsuppress", on_suppress}, {NULL, NULL},
};
