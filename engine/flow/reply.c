/*
 * reply.c - a reply becomes whole, gets its owner, and is recorded.
 *
 * Promise: as in reply.h. The raw parts are in the log already; a crash
 * before the REPLY fact only means that it is routed after the restart.
 */
#include "engine/flow/reply.h"

#include "engine/carrier/settings.h"
#include "engine/flow/apply.h"
#include "engine/flow/book.h"
#include "engine/flow/optout.h"
#include "engine/flow/owed.h"
#include "engine/flow/talk.h"
#include "proto/coding.h"
#include "proto/smpp.h"

enum { OCTETS_MAX = JOINT_PARTS_MAX * 160, TEXT_MAX = 3 * OCTETS_MAX + 16 };

/* The joined user data and how to read it. */
struct body {
    struct fact_inbound first; /* of the first part that is there */
    struct udh udh;
    uint8_t octets[OCTETS_MAX];
    size_t used;
    char source[80];
};

/* Facts move when others are read: what is needed is copied. */
static bool
gather(struct flow *f, const struct joint *j, struct body *b)
{
    b->used = 0;
    bool any = false;
    for (unsigned i = 0; i < j->total; i++) {
        struct slice fact;
        struct fact_inbound x;
        if (!j->pos[i] || !journal_read(&f->journal, j->pos[i], &fact) ||
            !fact_inbound_get(fact, &x))
            continue;
        struct udh udh = {0};
        size_t skip = 0;
        if ((x.esm_class & ESM_UDHI) && udh_parse(x.octets, &udh))
            skip = udh.length;
        size_t n = x.octets.n - skip;
        if (n > sizeof b->octets - b->used)
            n = sizeof b->octets - b->used;
        memcpy(b->octets + b->used, x.octets.p + skip, n);
        b->used += n;
        if (!any) {
            b->first = x;
            b->udh = udh;
            slice_to_str(x.source, b->source, sizeof b->source);
        }
        any = true;
    }
    return any;
}

/* UTF-8 of the body; binary is written as hexadecimal. */
static struct slice
read_text(struct flow *f, const struct body *b, char *room, size_t cap,
          bool *ucs2)
{
    struct carrier_entry *c =
        directory_carrier(&f->directory, (uint32_t)b->first.carrier);
    struct coding_options options = {0};
    if (c && c->carrier) {
        const struct carrier_settings *s = carrier_get_settings(c->carrier);
        static const enum coding_alphabet charset[] = {
            [CARRIER_CHARSET_GSM7] = CODING_GSM7,
            [CARRIER_CHARSET_LATIN1] = CODING_LATIN1,
            [CARRIER_CHARSET_ASCII] = CODING_ASCII,
        };
        options.charset_0 = charset[s->encoding.charset_0_in];
        options.packed = s->encoding.packed;
    }
    struct slice octets = slice_of(b->octets, b->used);
    uint8_t coding = (uint8_t)b->first.data_coding;
    *ucs2 = coding_of(coding, options.charset_0) == CODING_UCS2;
    struct writer w = writer_of(room, cap);
    switch (coding_to_utf8(coding, &options, &b->udh, octets, &w)) {
    case CODING_BINARY:
    case CODING_NO_ROOM:
        if (b->used * 2 + 1 > cap)
            return (struct slice){0};
        bytes_to_hex(octets, room);
        return slice_of(room, b->used * 2);
    default: return writer_slice(&w);
    }
}

static struct slice
list_parts(const struct joint *j, uint8_t *room, size_t cap)
{
    struct writer w = writer_of(room, cap);
    for (unsigned i = 0; i < j->total; i++)
        if (j->pos[i])
            writer_varint(&w, j->pos[i]);
    return writer_slice(&w);
}

/* The thread that was answered in, else that of its sender: after a transfer
 * they differ. */
static struct thread *
thread_of(struct flow *f, const struct incoming *in, const struct owner *owner)
{
    static struct story s; /* the engine thread's own: 3 KB */
    if (owner->in_reply_to && book_story(f, owner->in_reply_to, &s) &&
        s.single && s.accept.thread) {
        struct thread *t = thread_find(f, s.accept.thread);
        if (t && t->account == owner->account)
            return t;
    }
    return thread_open(f, owner->account, owner->sender, in->subscriber,
                       in->number ? in->number->id : 0);
}

static void
record(struct flow *f, const struct incoming *in, const struct owner *owner,
       struct slice parts, bool ucs2, uint64_t *message)
{
    struct fact_reply x = {
        .message = f->next_message,
        .at_ms = f->wall.ms,
        .account = owner->account,
        .number = in->number ? in->number->id : 0,
        .subscriber = in->subscriber,
        .before = talk_newest(f, in->subscriber),
        .rule = owner->rule,
        .in_reply_to = owner->in_reply_to,
        .campaign = owner->campaign,
        .flags = owner->flags,
        .carrier = in->carrier,
        .ucs2 = ucs2,
        .received_ms = in->at_ms,
        .text = in->text,
        .inbound = parts,
    };
    if (owner->sender) {
        struct thread *t = thread_of(f, in, owner);
        x.thread = t->id;
        x.sender = t->assignee;
        if (t->closed)
            x.flags |= REPLY_REOPENED;
    }
    x.login =
        owed_reply(f, (uint32_t)x.account, (uint32_t)x.sender, x.in_reply_to);
    uint64_t pos = journal_reply(&f->journal, &x);
    if (pos)
        apply_reply(f, pos, &x);
    *message = pos ? x.message : 0;
}

static void
route(struct flow *f, struct joint *j)
{
    static struct body body; /* the engine thread's own: 6 KB, reused */
    static char text[TEXT_MAX];
    uint8_t positions[JOINT_PARTS_MAX * 10];
    uint64_t message;
    bool ucs2;
    struct slice parts = list_parts(j, positions, sizeof positions);
    if (!gather(f, j, &body)) {
        /* Its facts have expired: nothing is left to route. */
        for (unsigned i = 0; i < j->total; i++)
            if (j->pos[i]) {
                reassembly_end(&f->reassembly, j->pos[i]);
                return;
            }
        return;
    }
    struct incoming in = {
        .subscriber = body.first.subscriber,
        .at_ms = j->first_ms,
        .number = directory_number(&f->directory, (uint32_t)body.first.number),
        .carrier = (uint32_t)body.first.carrier,
        .text = read_text(f, &body, text, sizeof text, &ucs2),
        .flags = j->have < j->total ? REPLY_INCOMPLETE : 0,
    };
    struct optword act = optword_read(in.text);
    if (act.kind != OPT_NONE)
        in.flags |= REPLY_COMPLIANCE;
    struct owner owner;
    reply_resolve(f, &in, &owner);
    record(f, &in, &owner, parts, ucs2, &message);
    if (act.kind != OPT_NONE && message)
        optout_act(f, act, &in, &owner, message);
}

void
reply_route_ready(struct flow *f)
{
    uint64_t before = f->wall.ms > f->settings->join_ms
                          ? f->wall.ms - f->settings->join_ms
                          : 0;
    struct joint *j;
    /* 256: a turn serves binds too; the next turn goes on. */
    for (unsigned i = 0; i < 256 && !journal_is_full(&f->journal) &&
                         (j = reassembly_ready(&f->reassembly, before));
         i++)
        route(f, j);
}
