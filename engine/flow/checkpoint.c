/*
 * checkpoint.c - what a checkpoint holds beside rows, words and indexes.
 *
 * Promise: as in checkpoint.h.
 */
#include "engine/flow/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/core/log.h"
#include "engine/flow/apply.h"
#include "engine/flow/talk.h"

/* Replay reads 3.6 M facts/s and more (engineering-notes 1.3): 160 MiB of
 * facts of about 60 octets are under a second. */
enum { EVERY_BYTES = 160 << 20, EVERY_MS = 60000, FORMAT = 2 };

/* ---- saving
 * ------------------------------------------------------------------ */

static void
save_flights(struct flow *f, struct rest_writer *w)
{
    uint64_t key, at;
    for (size_t i = 0; map_next(&f->flights, &i, &key, &at);) {
        const struct flight *x = &f->flight[at];
        uint64_t r[7] = {x->message,
                         x->sent_pos,
                         x->subscriber,
                         x->at_ms,
                         (uint64_t)x->carrier << 32 | x->account,
                         (uint64_t)x->number << 32 | x->attempt,
                         (uint64_t)x->part << 24 | (uint64_t)x->parts << 16 |
                             (uint64_t)x->tries << 8 | x->resend};
        rest_put(w, r, 7);
    }
}

static void
load_flight(struct flow *f, const uint64_t *r)
{
    struct flight x = {
        .message = r[0],
        .sent_pos = r[1],
        .subscriber = r[2],
        .at_ms = r[3],
        .carrier = (uint32_t)(r[4] >> 32),
        .account = (uint32_t)r[4],
        .number = (uint32_t)(r[5] >> 32),
        .attempt = (uint16_t)r[5],
        .part = (uint8_t)(r[6] >> 24),
        .parts = (uint8_t)(r[6] >> 16),
        .tries = (uint8_t)(r[6] >> 8),
        .resend = (r[6] & 1) != 0,
    };
    flight_add(f, &x);
}

static void
save_doubts(struct flow *f, struct rest_writer *w)
{
    for (size_t i = 0; i < f->doubts; i++) {
        const struct doubt *d = &f->doubt[i];
        uint64_t r[5] = {d->message, d->subscriber, d->at_ms,
                         (uint64_t)d->carrier << 32 | d->number,
                         (uint64_t)d->part << 8 | d->parts};
        rest_put(w, r, 5);
    }
}

static void
load_doubt(struct flow *f, const uint64_t *r)
{
    struct doubt d = {
        .message = r[0],
        .subscriber = r[1],
        .at_ms = r[2],
        .carrier = (uint32_t)(r[3] >> 32),
        .number = (uint32_t)r[3],
        .part = (uint8_t)(r[4] >> 8),
        .parts = (uint8_t)r[4],
    };
    doubt_add(f, &d);
}

static void
save_delayed(struct flow *f, struct rest_writer *w)
{
    for (size_t i = 0; i < f->delayed.used; i++) {
        const struct due_entry *e = &f->delayed.heap[i];
        uint64_t r[3] = {e->when, e->a, e->b};
        rest_put(w, r, 3);
    }
}

static void
load_delayed(struct flow *f, const uint64_t *r)
{
    due_put(&f->delayed, r[0], r[1], r[2]);
}

static void
save_heap(struct flow *f, struct rest_writer *w, const struct outlet *o,
          const struct due *d)
{
    for (size_t k = 0; k < d->used; k++) {
        const struct due_entry *e = &d->heap[k];
        uint64_t wait = e->when > f->now.us ? e->when - f->now.us : 0;
        uint64_t r[4] = {f->wall.ms + wait / 1000, o->carrier->id, e->a, e->b};
        rest_put(w, r, 4);
    }
}

/* The retry that is being handed over counts as waiting. */
static void
save_again(struct flow *f, struct rest_writer *w)
{
    for (unsigned i = 0; i < f->sched.outlets; i++) {
        const struct outlet *o = f->sched.outlet[i];
        save_heap(f, w, o, &o->again);
        save_heap(f, w, o, &o->kept);
        if (o->current) {
            uint64_t r[4] = {f->wall.ms, o->carrier->id, sched_current(o),
                             (uint64_t)o->current_part << 32 |
                                 (uint64_t)o->current_tries << 16 |
                                 o->current_attempt};
            rest_put(w, r, 4);
        }
    }
}

static void
load_again(struct flow *f, const uint64_t *r)
{
    uint64_t wait = r[0] > f->wall.ms ? (r[0] - f->wall.ms) * 1000 : 0;
    struct again a = {(uint8_t)(r[3] >> 32), (uint8_t)(r[3] >> 16),
                      (uint16_t)r[3]};
    sched_again(f, (uint32_t)r[1], f->now.us + wait, r[2], a);
}

static void
save_map(const struct map *m, struct rest_writer *w)
{
    uint64_t r[2];
    for (size_t i = 0; map_next(m, &i, &r[0], &r[1]);)
        rest_put(w, r, 2);
}

/* What leaves a map by time, with that time. */
static void
save_forgettable(struct flow *f, const struct map *m, struct rest_writer *w)
{
    uint64_t pos;
    for (size_t i = 0; i < f->forget.used; i++) {
        const struct due_entry *e = &f->forget.heap[i];
        uint64_t r[3] = {e->when, e->a, e->b};
        if (map_get(m, e->a, &pos) && pos == e->b)
            rest_put(w, r, 3);
    }
}

static void
load_forgettable(struct flow *f, struct map *m, const uint64_t *r)
{
    map_put(m, r[1], r[2]);
    due_put(&f->forget, r[0], r[1], r[2]);
}

static void
load_unmatched(struct flow *f, const uint64_t *r)
{
    load_forgettable(f, &f->unmatched, r);
}

static void
load_pair(struct flow *f, const uint64_t *r)
{
    load_forgettable(f, &f->unmatched_pair, r);
}

static void
load_seen(struct flow *f, const uint64_t *r)
{
    load_forgettable(f, &f->replies_seen, r);
}

static void
save_strays(struct flow *f, struct rest_writer *w)
{
    for (size_t i = 0; i < f->strays; i++)
        rest_put(w, &f->stray[i], 1);
}

static void
load_stray(struct flow *f, const uint64_t *r)
{
    stray_keep(f, r[0]);
}

static void
save_joints(struct flow *f, struct rest_writer *w)
{
    for (size_t i = 0; i < f->reassembly.joints; i++)
        for (unsigned k = 0; k < f->reassembly.joint[i]->total; k++)
            if (f->reassembly.joint[i]->pos[k])
                rest_put(w, &f->reassembly.joint[i]->pos[k], 1);
}

static void
load_joint(struct flow *f, const uint64_t *r)
{
    struct slice fact;
    struct fact_inbound x;
    if (journal_read(&f->journal, r[0], &fact) && fact_inbound_get(fact, &x))
        reassembly_add(&f->reassembly, r[0], &x);
}

/* A message being handed over by a feed still waits: its position counts. */
static void
save_sources(struct flow *f, struct rest_writer *w)
{
    for (size_t i = 0; i < f->sources.rows; i++) {
        const struct source *s = f->sources.row[i];
        if (!s || s->campaign)
            continue;
        uint64_t low = source_low(s);
        for (const struct feed *x = s->feeds; x; x = x->sibling)
            if (x->current) {
                uint64_t pos = sched_current_pos(f, x);
                if (pos && (low == 0 || pos < low))
                    low = pos;
            }
        if (!low)
            continue;
        uint64_t r[6] = {(uint64_t)s->account << 32 | s->sender,
                         (uint64_t)s->path_key << 32 | s->class,
                         s->number,
                         low,
                         journal_end(&f->journal),
                         (uint64_t)s->table << 32 | s->login};
        rest_put(w, r, 6);
    }
}

static void
load_source(struct flow *f, const uint64_t *r)
{
    struct source_key key = {
        .account = (uint32_t)(r[0] >> 32),
        .sender = (uint32_t)r[0],
        .class = (enum message_class)(uint32_t)r[1],
        .number = (uint32_t)r[2],
        .login = (uint32_t)r[5],
        .path = (uint32_t)(r[1] >> 32),
    };
    struct source *s = source_for(f, &key);
    /* Found in a table of other rules: reroute_refresh() sorts it anew. */
    s->table = (uint32_t)(r[5] >> 32);
    s->scan_pos = r[3];
    s->scan_end = r[4];
    s->waiting++;
}

static void
save_extents(struct flow *f, struct rest_writer *w)
{
    for (size_t i = 0; i < f->campaigns.extents; i++) {
        uint64_t r[3] = {f->campaigns.extent_of[i]->id, f->campaigns.extent[i],
                         f->campaigns.extent_end[i]};
        rest_put(w, r, 3);
    }
}

static void
load_extent(struct flow *f, const uint64_t *r)
{
    struct campaign *c = campaign_find(f, r[0]);
    if (c)
        campaign_add_extent(f, c, r[1], r[2]);
}

static void
save_unmatched(struct flow *f, struct rest_writer *w)
{
    save_forgettable(f, &f->unmatched, w);
}

static void
save_pairs(struct flow *f, struct rest_writer *w)
{
    save_forgettable(f, &f->unmatched_pair, w);
}

static void
save_seen(struct flow *f, struct rest_writer *w)
{
    save_forgettable(f, &f->replies_seen, w);
}

static void
save_partial(struct flow *f, struct rest_writer *w)
{
    save_map(&f->partial, w);
}

static void
load_partial(struct flow *f, const uint64_t *r)
{
    map_put(&f->partial, r[0], r[1]);
}

/* Parts of the day: 1 for an account, 2 for a number. */
static void
save_days(struct flow *f, struct rest_writer *w)
{
    for (uint32_t i = 1; i < f->directory.accounts.rows; i++) {
        const struct account *a = directory_account(&f->directory, i);
        uint64_t r[4] = {1, i, a ? a->day : 0, a ? a->day_parts : 0};
        if (r[3])
            rest_put(w, r, 4);
    }
    for (uint32_t i = 1; i < f->directory.numbers.rows; i++) {
        const struct number *n = directory_number(&f->directory, i);
        uint64_t r[4] = {2, i, n ? n->day : 0, n ? n->day_parts : 0};
        if (r[3])
            rest_put(w, r, 4);
    }
}

static void
load_day(struct flow *f, const uint64_t *r)
{
    struct account *a = directory_account(&f->directory, (uint32_t)r[1]);
    struct number *n = directory_number(&f->directory, (uint32_t)r[1]);
    if (r[0] == 1 && a) {
        a->day = r[2];
        a->day_parts = r[3];
    } else if (r[0] == 2 && n) {
        n->day = r[2];
        n->day_parts = r[3];
    }
}

/* Extents first: whose rows are in flight is asked of them. */
static const struct section {
    enum rest_section number;
    unsigned words;
    void (*save)(struct flow *f, struct rest_writer *w);
    void (*load)(struct flow *f, const uint64_t *words);
} sections[] = {
    {REST_EXTENTS, 3, save_extents, load_extent},
    {REST_FLIGHTS, 7, save_flights, load_flight},
    {REST_DOUBTS, 5, save_doubts, load_doubt},
    {REST_DELAYED, 3, save_delayed, load_delayed},
    {REST_AGAIN, 4, save_again, load_again},
    {REST_UNMATCHED, 3, save_unmatched, load_unmatched},
    {REST_SEEN, 3, save_seen, load_seen},
    {REST_STRAYS, 1, save_strays, load_stray},
    {REST_JOINTS, 1, save_joints, load_joint},
    {REST_SOURCES, 6, save_sources, load_source},
    {REST_PARTIAL, 2, save_partial, load_partial},
    {REST_DAYS, 4, save_days, load_day},
    {REST_PAIRS, 3, save_pairs, load_pair},
    {REST_OUTBOX, 3, outbox_save, outbox_load}, /* not in format 1 */
};
enum { SECTIONS = sizeof sections / sizeof *sections };

static void
save_point(struct flow *f, struct store_checkpoint *to,
           const uint32_t blocks[SECTIONS])
{
    uint8_t room[512];
    struct writer w = writer_of(room, sizeof room);
    writer_varint(&w, FORMAT);
    writer_varint(&w, f->next_message);
    writer_varint(&w, f->next_campaign);
    writer_varint(&w, f->next_thread);
    writer_varint(&w, f->next_upload);
    writer_varint(&w, f->boot_pos);
    writer_varint(&w, f->sweep_pos);
    for (int i = 0; i < SECTIONS; i++)
        writer_varint(&w, blocks[i]);
    store_checkpoint_put(to, TABLE_POINT, slice_str("flow"), writer_slice(&w));
}

static bool
is_due(const struct flow *f)
{
    uint64_t grown = journal_end(&f->journal) - f->checkpointed_pos;
    return store_index_is_ripe(f->ids) || store_index_is_ripe(f->talks) ||
           store_index_is_ripe(f->owed) || grown > EVERY_BYTES ||
           (grown > 0 && mono_since_ms(f->checkpoint_at, f->now) > EVERY_MS);
}

void
checkpoint_tick(struct flow *f, bool now)
{
    static struct rest_writer w; /* the engine thread's own: 60 KB */
    if (store_checkpoint_busy(f->store) || f->journal.gathering->checkpoint ||
        (!now && !is_due(f)))
        return;
    uint32_t blocks[SECTIONS];
    uint64_t pos = journal_end(&f->journal);
    struct store_checkpoint *to = store_checkpoint_create(f->store, pos);
    if (!to)
        return;
    for (int i = 0; i < SECTIONS; i++) {
        rest_begin(&w, to, sections[i].number);
        sections[i].save(f, &w);
        blocks[i] = rest_end(&w);
    }
    checkpoint_rows_save(f, to);
    save_point(f, to, blocks);
    store_words_checkpoint(f->words, to);
    store_index_checkpoint(f->ids, to, f->wall.ms);
    store_index_checkpoint(f->talks, to, f->wall.ms);
    store_index_checkpoint(f->owed, to, f->wall.ms);
    f->journal.gathering->checkpoint = to;
    f->checkpointed_pos = pos;
    f->checkpoint_at = f->now;
}

/* ---- loading
 * ------------------------------------------------------------------ */

/* Format 1 knew no clients: no login in the key of a source, no outbox. */
static bool
load_section(struct flow *f, const struct section *s, uint64_t format,
             struct cursor *c)
{
    unsigned words = s->words;
    if (format == 1 && s->number == REST_SOURCES)
        words = 5;
    if (format == 1 && s->number == REST_OUTBOX)
        return true;
    return rest_read(f, s->number, (uint32_t)cursor_varint(c), words, s->load);
}

bool
checkpoint_load(struct flow *f, uint64_t *pos, char why[STORE_WHY_BYTES])
{
    struct slice value;
    uint8_t room[512];
    *pos = store_checkpoint_pos(f->store);
    f->checkpointed_pos = *pos;
    if (store_get(f->journal.reader, TABLE_POINT, slice_str("flow"), &value) !=
        STORE_OK)
        return checkpoint_rows_load(f, why); /* a new store */
    memcpy(room, value.p, value.n < sizeof room ? value.n : sizeof room);
    struct cursor c = cursor_of(slice_of(room, value.n));
    uint64_t format = cursor_varint(&c);
    if (value.n > sizeof room || format == 0 || format > FORMAT) {
        snprintf(why, STORE_WHY_BYTES,
                 "the checkpoint is of a format this program does not know");
        return false;
    }
    f->next_message = cursor_varint(&c);
    f->next_campaign = cursor_varint(&c);
    f->next_thread = cursor_varint(&c);
    f->next_upload = cursor_varint(&c);
    f->boot_pos = cursor_varint(&c);
    f->sweep_pos = cursor_varint(&c);
    if (!checkpoint_rows_load(f, why))
        return false;
    for (int i = 0; i < SECTIONS; i++)
        if (!load_section(f, &sections[i], format, &c)) {
            snprintf(why, STORE_WHY_BYTES,
                     "section %d of the checkpoint is missing",
                     sections[i].number);
            return false;
        }
    return !c.failed;
}
