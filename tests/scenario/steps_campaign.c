/*
 * steps_campaign.c - campaigns are made, filled, started, stopped.
 *
 *   campaign NAME by WHO from NUMBER|pool POOL [text "..."] [sender S]
 *            [rate N] [at DUR] [expires DUR] [resend] [key K] [body N]
 *            [repeats NAME] [refused CODE]
 *   rows CAMPAIGN by WHO count N first PHONE [append] [bad N] [open]
 *   rows CAMPAIGN by WHO fields A,B [append] [bad N] [skip 2,5] [open]
 *        list PHONE[@SENDER][:VALUE[,VALUE]]...     (- : no value)
 *   upload abort|end CAMPAIGN by WHO [refused CODE]
 *   start|pause|resume|stop CAMPAIGN by WHO [refused CODE]
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/flow/recipients.h"
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

static void
on_campaign(const struct step *s)
{
    struct mail *m =
        mail_create(MAIL_CAMPAIGN_CREATE, script_who(step_value(s, "by")));
    struct mail_campaign *q = &m->campaign;
    const char *text = step_value(s, "text");
    q->name = slice_str(step_word(s, 1));
    q->text = slice_str(text ? text : "hello");
    q->from = value_slice(s, "from");
    q->pool = value_slice(s, "pool");
    q->sender = value_slice(s, "sender");
    q->rate = (uint32_t)step_number(s, "rate", 0);
    q->start_at_ms = from_now(s, "at");
    q->expires_at_ms = from_now(s, "expires");
    q->resend_uncertain = step_has(s, "resend");
    q->idempotency_key = value_slice(s, "key");
    q->body_hash = step_number(s, "body", 1);
    world_mail(m);
    script_judge(s, m->result, m->code, m->detail);
    const char *repeats = step_value(s, "repeats");
    if (m->result == MAIL_OK && q->repeated != (repeats != NULL))
        world_fail("repeated is %d", q->repeated);
    if (repeats && q->campaign != script_find(repeats))
        world_fail("it is not %s", repeats);
    if (m->result == MAIL_OK)
        script_name(s->word[1], q->campaign);
    mail_free(m);
    world_settle();
}

/* ---- rows -----------------------------------------------------------------
 */

static uint64_t
upload_mail(const struct step *s, enum mail_kind kind, uint64_t upload,
            struct slice octets, unsigned rows)
{
    static uint32_t skip[64];
    struct mail *m = mail_create(kind, script_who(step_value(s, "by")));
    struct mail_upload *q = &m->upload;
    const char *list = step_value(s, "skip");
    q->campaign =
        script_find(s->word[strcmp(s->word[0], "upload") == 0 ? 2 : 1]);
    q->append = step_has(s, "append");
    q->upload = upload;
    q->octets = octets;
    q->rows = rows;
    if (kind == MAIL_UPLOAD_END) {
        q->rejected = step_number(s, "bad", 0);
        q->skip = skip;
        for (; list && *list; list += *list == ',') {
            char *end;
            skip[q->skips++] = (uint32_t)strtoul(list, &end, 10) - 1;
            list = end;
        }
        q->duplicates = q->skips;
    }
    world_mail(m);
    script_judge(s, m->result, m->code, m->detail);
    upload = q->upload;
    mail_free(m);
    return upload;
}

static unsigned
cut(char *text, char at, struct slice *out, unsigned most)
{
    unsigned n = 0;
    for (char *p = text; p && n < most; n++) {
        char *next = strchr(p, at);
        if (next)
            *next++ = 0;
        out[n] = strcmp(p, "-") == 0 ? (struct slice){0} : slice_str(p);
        p = next;
    }
    return n;
}

static void
add_row(struct recipients_packer *p, uint64_t phone, uint32_t sender,
        const struct slice *values)
{
    if (recipients_add(p, phone, sender, values) != RECIPIENTS_OK)
        world_fail("the chunk is full");
}

static void
pack_listed(const struct step *s, struct recipients_packer *p)
{
    unsigned i = 0;
    while (i < s->words && strcmp(s->word[i], "list") != 0)
        i++;
    for (i++; i < s->words; i++) {
        char row[200];
        struct slice values[8] = {{0}};
        snprintf(row, sizeof row, "%s", s->word[i]);
        char *colon = strchr(row, ':');
        if (colon) {
            *colon = 0;
            cut(colon + 1, ',', values, 8);
        }
        char *at = strchr(row, '@');
        if (at)
            *at = 0;
        add_row(p, phone_key(row), at ? script_sender(at + 1) : 0, values);
    }
}

static void
on_rows(const struct step *s)
{
    static uint8_t octets[RECIPIENTS_CHUNK_MAX];
    struct recipients_packer p;
    struct slice names[8];
    char fields[200];
    const char *v = step_value(s, "fields");
    snprintf(fields, sizeof fields, "%s", v ? v : "");
    unsigned columns = v ? cut(fields, ',', names, 8) : 0;
    if (!recipients_begin(&p, octets, names, columns))
        world_fail("too many fields");
    uint64_t count = step_number(s, "count", 0);
    for (uint64_t i = 0; i < count; i++)
        add_row(&p, phone_key(step_value(s, "first")) + i, 0, NULL);
    if (!count)
        pack_listed(s, &p);
    uint64_t upload =
        upload_mail(s, MAIL_UPLOAD_BEGIN, 0, (struct slice){0}, 0);
    if (step_value(s, "refused"))
        return;
    char name[64];
    snprintf(name, sizeof name, "upload of %s", s->word[1]);
    script_name(name, upload);
    if (p.rows)
        upload_mail(s, MAIL_UPLOAD_CHUNK, upload, slice_of(octets, p.used),
                    p.rows);
    if (!step_has(s, "open"))
        upload_mail(s, MAIL_UPLOAD_END, upload, (struct slice){0}, 0);
    world_settle();
}

static void
on_upload(const struct step *s)
{
    char name[64];
    snprintf(name, sizeof name, "upload of %s", step_word(s, 2));
    bool end = strcmp(s->word[1], "end") == 0;
    upload_mail(s, end ? MAIL_UPLOAD_END : MAIL_UPLOAD_ABORT, script_find(name),
                (struct slice){0}, 0);
    world_settle();
}

/* ---- acts -----------------------------------------------------------------
 */

static void
on_act(const struct step *s)
{
    static const char *const acts[] = {"start", "pause", "resume", "stop"};
    struct mail *m =
        mail_create(MAIL_CAMPAIGN_ACT, script_who(step_value(s, "by")));
    m->campaign.campaign = script_find(step_word(s, 1));
    for (unsigned i = 0; i < 4; i++)
        if (strcmp(acts[i], s->word[0]) == 0)
            m->campaign.act = (enum campaign_act)i;
    world_mail(m);
    script_judge(s, m->result, m->code, m->detail);
    mail_free(m);
    world_settle();
}

const struct step_row steps_campaign[] = {
    {"campaign", on_campaign}, {"rows", on_rows}, {"upload", on_upload},
    {"start", on_act},         {"pause", on_act}, {"resume", on_act},
    {"stop", on_act},          {NULL, NULL},
};
