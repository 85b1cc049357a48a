/*
 * bulk.c - many messages in one request: NDJSON in, one answer line each.
 *
 * Lines are gathered into batches of up to 512 and posted while the next
 * batch is read; at most one is out, so answers keep their order. An answer
 * can only be sent when the body has ended, so the lines of it wait in a
 * spool. Memory is two batches and the spool's RAM, whatever the length.
 *
 * Idempotency: each batch is posted under the key with its number, so that a
 * repeated request finds every batch again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "engine/door/item.h"
#include "engine/door/lines.h"
#include "engine/door/reply.h"
#include "engine/door/resources.h"
#include "engine/door/spool.h"
#include "engine/door/view.h"

enum {
    BATCH_ITEMS = 512,
    BATCH_OCTETS = 1024 * 1024,
    LINE_MAX_OCTETS = 128 * 1024, /* a text of 64 KB, escaped */
    RETRY_MS = 20,                /* when the engine has too much to do */
};

/* One line: what to send, or why not. */
struct bulk_slot {
    uint64_t line;
    int item;      /* -1: not sent */
    char *refused; /* the answer line, when not */
};

/* Invariant: items are those of the slots with item >= 0, in order. */
struct batch {
    unsigned slots, items;
    size_t octets;
    uint64_t hash; /* XXH64 of the lines, each seeded by the one before */
    char key[256];
    struct bulk_slot slot[BATCH_ITEMS];
    struct send_item item[BATCH_ITEMS];
    json_t *object[BATCH_ITEMS];
};

struct bulk {
    struct request *request;
    struct lines lines;
    struct spool spool;
    struct batch *now;   /* being filled; NULL: none yet */
    struct batch *ready; /* full, not yet posted */
    struct batch *out;   /* posted */
    struct slice key;    /* Idempotency-Key */
    unsigned batches;
    uint64_t seen;
    bool ended;
};

static void
batch_free(struct batch *b)
{
    if (!b)
        return;
    for (unsigned i = 0; i < b->slots; i++)
        free(b->slot[i].refused);
    for (unsigned i = 0; i < b->items; i++)
        json_decref(b->object[i]);
    free(b);
}

static void
bulk_free(void *state)
{
    struct bulk *b = state;
    batch_free(b->now);
    batch_free(b->ready);
    batch_free(b->out);
    lines_fini(&b->lines);
    spool_fini(&b->spool);
    free(b);
}

/* A problem as the answer line of one message. */
static void
refusal_emit(struct emit *e, uint64_t line, const struct problem *p)
{
    emit_open(e, '{');
    emit_member_number(e, "line", line);
    emit_key(e, "error");
    problem_emit(p, e);
    emit_close(e, '}');
    emit_raw(e, "\n", 1);
    e->comma = false;
}

static void
answer_emit(struct emit *e, uint64_t line, const struct send_item *item)
{
    struct problem p = {0};
    if (item->result != MAIL_OK) {
        problem_of_result(&p, (int)item->result, item->code, item->pointer,
                          item->detail);
        refusal_emit(e, line, &p);
        return;
    }
    emit_open(e, '{');
    emit_member_number(e, "line", line);
    view_taken(e, item);
    emit_close(e, '}');
    emit_raw(e, "\n", 1);
    e->comma = false;
}

/* Writes the lines of a batch, answered or never sent. */
static void
batch_answer(struct request *r, struct batch *b)
{
    struct bulk *k = r->state;
    for (unsigned i = 0; i < b->slots; i++) {
        const struct bulk_slot *s = &b->slot[i];
        if (s->item < 0)
            emit_text(&k->spool.out, s->refused ? s->refused : "{}\n");
        else
            answer_emit(&k->spool.out, s->line, &b->item[s->item]);
    }
    if (!spool_settle(&k->spool))
        problem_set(&r->problem, "unavailable",
                    "No room for the answers; those before line %llu were "
                    "taken.",
                    (unsigned long long)b->slot[0].line);
}

static void
sent(struct request *r, struct mail *m)
{
    struct bulk *k = r->state;
    struct batch *b = k->out;
    k->out = NULL;
    /* A refusal of the first batch is one of the whole request; of a later
     * one, of its lines. */
    if (m->result != MAIL_OK && k->spool.in_file + k->spool.out.n == 0)
        problem_of_mail(&r->problem, m);
    for (unsigned i = 0; m->result != MAIL_OK && i < b->items; i++) {
        b->item[i].result = m->result;
        b->item[i].code = m->code;
        slice_to_str(slice_str(m->detail), b->item[i].detail,
                     sizeof b->item[i].detail);
    }
    batch_answer(r, b);
    batch_free(b);
}

/* Posts what is ready, when nothing is out. */
static void
post_ready(struct request *r)
{
    struct bulk *k = r->state;
    struct batch *b = k->ready;
    if (!b || k->out)
        return;
    if (b->items == 0) {
        k->ready = NULL;
        batch_answer(r, b);
        batch_free(b);
        return;
    }
    struct mail *m = request_mail(r, MAIL_SEND);
    m->send.count = b->items;
    m->send.items = b->item;
    m->send.body_hash = b->hash;
    m->send.idempotency_key = slice_str(b->key);
    k->out = b;
    k->ready = NULL;
    if (request_post(r, m, sent, NULL))
        return;
    mail_free(m);
    k->ready = b;
    k->out = NULL;
    request_wake_in(r, RETRY_MS);
}

static struct batch *
batch_begin(struct bulk *k)
{
    struct batch *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    if (k->key.n && k->batches == 0)
        slice_to_str(k->key, b->key, sizeof b->key);
    else if (k->key.n)
        snprintf(b->key, sizeof b->key, "%.*s/%u", (int)k->key.n,
                 (const char *)k->key.p, k->batches);
    k->batches++;
    return b;
}

/* Moves what was gathered to `ready`, when that is free. */
static void
batch_end(struct bulk *k)
{
    if (k->now && !k->ready) {
        k->ready = k->now;
        k->now = NULL;
    }
}

static bool
batch_is_full(const struct batch *b)
{
    return b && (b->slots == BATCH_ITEMS || b->octets >= BATCH_OCTETS);
}

static void
slot_refuse(struct bulk_slot *s, const struct problem *p)
{
    struct emit e = {0};
    s->item = -1;
    refusal_emit(&e, s->line, p);
    emit_raw(&e, "", 1);
    s->refused = e.failed ? NULL : e.p;
    if (e.failed)
        emit_fini(&e);
}

/* One line of the body. False: stop here until there is room again. */
static bool
on_line(void *arg, uint64_t line, struct slice text, bool too_long)
{
    struct bulk *k = arg;
    struct problem p = {0};
    if (!k->now)
        k->now = batch_begin(k);
    struct batch *b = k->now;
    if (!b) {
        problem_set(&k->request->problem, "unavailable", "Out of memory.");
        return false;
    }
    struct bulk_slot *s = &b->slot[b->slots++];
    s->line = line;
    k->seen++;
    b->octets += text.n;
    b->hash = XXH64(text.p, text.n, b->hash);
    if (too_long)
        problem_set(&p, "body_too_large", "A line has at most %d octets.",
                    LINE_MAX_OCTETS);
    json_t *object = too_long ? NULL : form_parse(text, &p);
    if (object && item_read(object, &b->item[b->items], &p)) {
        s->item = (int)b->items;
        b->object[b->items++] = object;
    } else {
        json_decref(object);
        slot_refuse(s, &p);
    }
    return !batch_is_full(b);
}

/* Makes room for the next line; false when a mail must come back first. */
static bool
make_room(struct request *r)
{
    struct bulk *k = r->state;
    post_ready(r);
    if (batch_is_full(k->now)) {
        batch_end(k);
        post_ready(r);
    }
    return !batch_is_full(k->now);
}

static size_t
bulk_feed(struct request *r, const char *p, size_t n)
{
    struct bulk *k = r->state;
    size_t used = 0;
    while (used < n && !r->problem.code && make_room(r))
        used += lines_feed(&k->lines, p + used, n - used);
    return used;
}

static void
finish(struct request *r)
{
    struct bulk *k = r->state;
    uint64_t octets;
    int fd;
    if (k->seen == 0) {
        problem_set(&r->problem, "bad_json",
                    "The body is empty; a JSON object a line is read.");
        return;
    }
    if (!spool_finish(&k->spool, &fd, &octets)) {
        problem_set(&r->problem, "unavailable", "No room for the answers.");
        return;
    }
    if (fd >= 0)
        reply_file(r, 202, TYPE_LINES, fd, octets);
    else
        reply_emit(r, 202, TYPE_LINES, &k->spool.out);
}

static enum turn
bulk_work(struct request *r)
{
    struct bulk *k = r->state;
    if (!k->ended && !make_room(r))
        return TURN_WAIT;
    if (!k->ended) {
        k->ended = true;
        lines_end(&k->lines);
    }
    batch_end(k);
    post_ready(r);
    if (k->out || k->ready)
        return TURN_WAIT;
    if (k->now)
        return TURN_MORE;
    finish(r);
    return TURN_DONE;
}

static void
bulk_ended(struct request *r)
{
    r->work = bulk_work;
}

void
bulk_send(struct request *r)
{
    struct slice key;
    if (!request_idempotency(r, &key))
        return;
    struct bulk *k = calloc(1, sizeof *k);
    if (!k) {
        problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    k->request = r;
    k->key = key;
    k->lines =
        (struct lines){.max = LINE_MAX_OCTETS, .each = on_line, .arg = k};
    k->spool = (struct spool){.dir = r->door->tmp_dir, .fd = -1};
    r->state = k;
    r->state_free = bulk_free;
    r->feed = bulk_feed;
    r->ended = bulk_ended;
}
