/*
 * phone.c - what phones text; see phone.h.
 */
#include "bench/smsc/phone.h"

#include "bench/smsc/post.h"
#include "proto/segment.h"

#include <stdlib.h>

enum {
    TEXT_MAX = 1500,
    LONG_LEAST = 330, /* characters: three parts of GSM 7-bit (153 each) */
    GAP_MS = 1,       /* between the parts of one reply */
};

struct slice
phone_read(const struct submit *m, char *dst, size_t cap)
{
    struct writer w = writer_of(dst, cap - 1);
    const struct coding_options plain = {0};
    enum coding_result r =
        coding_to_utf8(m->data_coding, &plain, NULL, m->text, &w);
    if (r == CODING_BINARY)
        writer_put(&w, slice_str("(binary)"));
    *w.at = '\0';
    return writer_slice(&w);
}

static void
put_field(struct writer *w, struct smsc *s, const struct phone_reply *r,
          struct slice name)
{
    char room[TEXT_MAX];
    if (slice_eq(name, slice_str("n"))) {
        size_t n = msgid_put_decimal(s->last_reply + 1, room);
        writer_put(w, slice_of(room, n));
    } else if (slice_eq(name, slice_str("from"))) {
        writer_put(w, slice_of(r->from.digits, r->from.n));
    } else if (slice_eq(name, slice_str("to"))) {
        writer_put(w, slice_of(r->number.digits, r->number.n));
    } else if (slice_eq(name, slice_str("id")) && r->bind) {
        size_t n =
            msgid_in_answer(s->settings->ids, r->bind->version, r->id, room);
        writer_put(w, slice_of(room, n));
    } else if (slice_eq(name, slice_str("text")) && r->to) {
        writer_put(w,
                   r->utf8.n ? r->utf8 : phone_read(r->to, room, sizeof room));
    } else {
        /* Not ours: as it stands. */
        writer_u8(w, '{');
        writer_put(w, name);
        writer_u8(w, '}');
    }
}

/* Fills in the fields of the text. */
static struct slice
render(struct smsc *s, const struct phone_reply *r, char *dst, size_t cap)
{
    struct writer w = writer_of(dst, cap);
    struct cursor c = cursor_of(slice_str(r->text));
    while (cursor_left(&c)) {
        struct slice rest = {c.at, cursor_left(&c)};
        const uint8_t *end = *c.at == '{' ? memchr(c.at, '}', rest.n) : NULL;
        struct slice one = cursor_take(&c, end ? (size_t)(end - c.at) + 1 : 1);
        if (end)
            put_field(&w, s, r, (struct slice){one.p + 1, one.n - 2});
        else
            writer_put(&w, one);
    }
    return writer_slice(&w);
}

/* A text that takes three parts: said again and again, with a number. */
static struct slice
lengthen(struct slice text, char *dst, size_t cap)
{
    struct writer w = writer_of(dst, cap);
    for (unsigned i = 1; writer_used(&w) < LONG_LEAST && !w.failed; i++) {
        char number[24];
        writer_put(&w, text);
        writer_u8(&w, ' ');
        writer_put(&w, slice_of(number, msgid_put_decimal(i, number)));
        writer_u8(&w, ' ');
    }
    return w.failed ? text : writer_slice(&w);
}

static struct letter *
make_part(struct smsc *s, const struct phone_reply *r,
          const struct segment_plan *plan, unsigned part, struct slice text)
{
    struct segment_part cut;
    segment_part(plan, part, &cut);
    struct letter *l = letter_take(s->pool);
    struct letter_body *body = malloc(sizeof *body + text.n + 1);
    if (!l || !body || cut.octets.n > sizeof body->octets) {
        if (l)
            letter_give(s->pool, l);
        free(body);
        return NULL;
    }
    body->data_coding = plan->data_coding;
    body->esm_class = cut.udh_bytes ? ESM_UDHI : 0;
    body->n = (uint8_t)cut.octets.n;
    memcpy(body->octets, cut.octets.p, cut.octets.n);
    slice_to_str(text, body->text, text.n + 1);
    l->kind = LETTER_REPLY;
    l->id = ++s->last_reply;
    l->submitted_id = r->id;
    l->bind = r->bind ? r->bind->number : 0;
    l->version = r->bind ? r->bind->version : (uint8_t)SMPP_V34;
    l->account = r->account;
    l->from = r->from;
    l->to = r->number;
    l->ref = plan->parts > 1 ? plan->reference : 0;
    l->total = (uint8_t)plan->parts;
    l->part = (uint8_t)(part + 1);
    struct submit hashed = {.data_coding = body->data_coding,
                            .text = {cut.octets.p, cut.octets.n}};
    l->hash = submit_text_hash(&hashed);
    l->body = body;
    return l;
}

/* Which part leaves as the i-th, from 0. */
static unsigned
part_at(const struct phone_reply *r, unsigned parts, unsigned i)
{
    if (r->rule && r->rule->parts == parts)
        return r->rule->part[i] - 1u;
    if (r->is_long)
        return (i + parts - 1) % parts; /* 3, 1, 2 */
    return i;
}

bool
phone_say(struct smsc *s, const struct phone_reply *r)
{
    char rendered[TEXT_MAX], longer[TEXT_MAX];
    uint8_t buf[2 * TEXT_MAX + UDH_BUILD_MAX];
    struct segment_plan plan;
    struct slice text = render(s, r, rendered, sizeof rendered);
    if (r->is_long)
        text = lengthen(text, longer, sizeof longer);
    struct segment_options how = {.way = SEGMENT_UDH8,
                                  .reference = (uint16_t)(s->last_reply % 255)};
    if (segment_plan(text, &how, buf, sizeof buf, &plan) != SEGMENT_OK)
        return false;
    for (unsigned i = 0; i < plan.parts; i++) {
        struct letter *l =
            make_part(s, r, &plan, part_at(r, plan.parts, i), text);
        if (!l)
            return i > 0;
        /* A part's gap keeps the order also where the delay is none. */
        if (i == 0)
            l->answer_seq = r->answer_seq;
        smsc_schedule(s, l, r->delay_ms + i * GAP_MS);
    }
    return true;
}
