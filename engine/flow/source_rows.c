/*
 * source_rows.c - a campaign's rows, one after another, and those put aside.
 *
 * Promise: each row whose message has no word yet comes out once; a row put
 * aside comes again when its carrier has room and its time has come.
 */
#include <stdlib.h>

#include "engine/flow/book.h"
#include "engine/flow/flow.h"
#include "engine/flow/lookup.h"
#include "engine/flow/resort.h"
#include "engine/flow/sched.h"
#include "engine/flow/source.h"
#include "engine/flow/submit.h"

/* Rows of other paths are passed by, so many in one call: 0.2 ms. */
enum {
    PASSED_MAX = 2048,
    KEYS_MAX = 256,
    AHEAD_ROWS = 1024, /* networks are asked for so far ahead */
};

static struct source *
create_for(struct flow *f, struct campaign *c, uint32_t path_key)
{
    struct source *s = source_create(f);
    s->campaign = c;
    s->path_key = path_key;
    s->table = f->routes.table;
    s->account = c->account;
    s->sender = c->sender;
    s->class = c->class;
    while (s->chunk + 1 < c->chunks && c->chunk[s->chunk + 1].row <= c->low_row)
        s->chunk++;
    if (s->chunk < c->chunks && c->low_row > c->chunk[s->chunk].row)
        s->row = (uint32_t)(c->low_row - c->chunk[s->chunk].row);
    return s;
}

struct source *
source_of_campaign(struct flow *f, struct campaign *c)
{
    uint32_t keys[KEYS_MAX];
    if (c->source)
        return c->source;
    unsigned n = resort_campaign_keys(f, c, keys, KEYS_MAX);
    for (unsigned i = n; i-- > 0;) {
        struct source *s = create_for(f, c, keys[i]);
        s->more = c->source;
        c->source = s;
    }
    return c->source;
}

void
source_end_campaign(struct flow *f, struct campaign *c)
{
    while (c->source) {
        struct source *s = c->source;
        c->source = s->more;
        sched_forget(f, s);
        f->sources.row[s->index] = NULL;
        free(s->chunk_copy);
        free(s->aside);
        free(s);
    }
}

enum of_path { PATH_OURS, PATH_OTHERS, PATH_UNKNOWN };

/* Is the row of this source's path? Its network may have to be asked for. */
static enum of_path
is_of_path(struct flow *f, const struct source *s, uint64_t subscriber)
{
    const struct campaign *c = s->campaign;
    if (s->path_key == PATH_OWN ||
        (s->path_key == PATH_MIXED && !f->routes.by_network))
        return PATH_OURS;
    /* A pool's numbers are alike to the rules, or it would be mixed. */
    const struct pool *p =
        c->from ? NULL : directory_pool(&f->directory, c->pool);
    struct route_query q = {
        .number = directory_number(&f->directory,
                                   p && p->numbers ? p->number[0] : c->from),
        .subscriber = subscriber,
        .account = directory_account(&f->directory, c->account),
        .class = c->class,
    };
    if (!lookup_fill(f, &q))
        return PATH_UNKNOWN;
    return s->path_key == PATH_MIXED ||
                   routes_key(&f->routes, &q) == s->path_key
               ? PATH_OURS
               : PATH_OTHERS;
}

/* Networks of rows to come are asked for before they matter. */
static void
ask_ahead(struct flow *f, struct source *s)
{
    struct recipient r;
    if (!f->routes.by_network || s->path_key == PATH_OWN ||
        s->asked_row > s->reader.row + AHEAD_ROWS / 2)
        return;
    struct recipients_reader ahead = s->reader;
    if (s->asked_row > ahead.row &&
        !recipients_skip(&ahead, s->asked_row - ahead.row))
        return;
    while (ahead.row < s->reader.row + AHEAD_ROWS &&
           networks_has_room(&f->lookup.networks, &f->settings->lookup) &&
           recipients_next(&ahead, &r)) {
        is_of_path(f, s, r.subscriber);
        s->asked_row = ahead.row;
    }
}

/* Then the next row stays the next. */
static bool
waits_for_network(struct flow *f, const struct source *s)
{
    return f->routes.by_network &&
           is_of_path(f, s, recipients_peek(&s->reader)) == PATH_UNKNOWN;
}

/* Copies the chunk, since rows must not move while they are being read. */
static bool
open_chunk(struct flow *f, struct source *s, const struct chunk *k)
{
    struct slice fact;
    struct fact_recipients x;
    if (!s->chunk_copy && !(s->chunk_copy = malloc(RECIPIENTS_CHUNK_MAX)))
        abort();
    if (!journal_read(&f->journal, k->pos, &fact) ||
        !fact_recipients_get(fact, &x) || x.chunk.n > RECIPIENTS_CHUNK_MAX)
        return false;
    memcpy(s->chunk_copy, x.chunk.p, x.chunk.n);
    s->chunk_pos = k->pos;
    s->asked_row = 0;
    s->chunk_open =
        recipients_open(&s->reader, slice_of(s->chunk_copy, x.chunk.n));
    if (s->chunk_open)
        submit_columns(s->campaign->template, &s->reader, s->column_of);
    return s->chunk_open;
}

/* What the next row asks of the talks is fetched while this one is sent. */
static void
fetch_next(const struct flow *f, const struct source *s)
{
    uint64_t subscriber = recipients_peek(&s->reader);
    if (subscriber)
        store_index_prefetch(f->talks, flow_talk_key(subscriber));
}

static enum source_row
next_in_order(struct flow *f, struct source *s, struct recipient *r,
              uint64_t *message, uint32_t *row)
{
    struct campaign *c = s->campaign;
    for (unsigned passed = 0; s->chunk < c->chunks;) {
        const struct chunk *k = &c->chunk[s->chunk];
        /* Words tell which rows are done: skip them without reading. */
        while (s->row < k->rows && book_word(f, k->message + s->row))
            s->row++;
        if (s->row >= k->rows) {
            s->chunk++;
            s->row = 0;
            s->chunk_open = false;
            continue;
        }
        if ((!s->chunk_open || s->chunk_pos != k->pos ||
             s->reader.row > s->row) &&
            !open_chunk(f, s, k))
            return SOURCE_BLOCKED; /* unreadable: stop here, do not skip */
        if (s->reader.row < s->row &&
            !recipients_skip(&s->reader, s->row - s->reader.row))
            return SOURCE_BLOCKED;
        ask_ahead(f, s);
        if (waits_for_network(f, s) || !recipients_next(&s->reader, r))
            return SOURCE_BLOCKED;
        if (is_of_path(f, s, r->subscriber) != PATH_OURS) {
            s->row++;
            if (++passed == PASSED_MAX)
                return SOURCE_GO_ON;
            continue;
        }
        *message = k->message + s->row;
        *row = s->row++;
        fetch_next(f, s);
        return SOURCE_ROW;
    }
    s->ended = true;
    return SOURCE_EMPTY;
}

/* Goes back to a row put aside; the cursor then continues where it was. */
static bool
read_aside(struct flow *f, struct source *s, uint64_t message,
           struct recipient *r, uint32_t *row)
{
    const struct chunk *k = campaign_chunk(s->campaign, message);
    if (!k || book_word(f, message))
        return false;
    *row = (uint32_t)(message - k->message);
    bool here = s->chunk_open && s->chunk_pos == k->pos;
    if ((!here || s->reader.row > *row) && !open_chunk(f, s, k))
        return false;
    return (s->reader.row == *row ||
            recipients_skip(&s->reader, *row - s->reader.row)) &&
           recipients_next(&s->reader, r);
}

enum source_row
source_next_row(struct flow *f, struct source *s, uint32_t carrier,
                struct recipient *r, uint64_t *message, uint32_t *row,
                uint32_t *number)
{
    for (unsigned i = 0; i < s->asides;) {
        struct aside a = s->aside[i];
        if ((a.carrier && a.carrier != carrier) || a.until_us > f->now.us) {
            i++;
            continue;
        }
        memmove(s->aside + i, s->aside + i + 1,
                (s->asides - i - 1) * sizeof *s->aside);
        s->asides--;
        if (!read_aside(f, s, a.message, r, row))
            continue;
        *message = a.message;
        *number = a.number;
        return SOURCE_ROW;
    }
    *number = 0;
    if (s->asides >= SOURCE_ASIDE)
        return SOURCE_BLOCKED;
    return next_in_order(f, s, r, message, row);
}

static void
add_aside(struct source *s, struct aside a)
{
    if (s->asides == s->aside_cap) {
        s->aside_cap = s->aside_cap ? s->aside_cap * 2 : 16;
        s->aside = realloc(s->aside, s->aside_cap * sizeof *s->aside);
        if (!s->aside)
            abort();
    }
    s->aside[s->asides++] = a;
}

bool
source_put_aside(struct source *s, uint64_t message, uint32_t carrier,
                 uint32_t number, uint64_t until_us)
{
    if (s->asides >= SOURCE_ASIDE)
        return false;
    add_aside(s, (struct aside){message, until_us, carrier, number});
    return true;
}

void
source_give_back(struct source *s, uint64_t message)
{
    add_aside(s, (struct aside){.message = message});
}

uint64_t
source_aside_first(const struct source *s, uint32_t carrier)
{
    uint64_t first = UINT64_MAX;
    for (unsigned i = 0; i < s->asides; i++)
        if ((s->aside[i].carrier == 0 || s->aside[i].carrier == carrier) &&
            s->aside[i].until_us < first)
            first = s->aside[i].until_us;
    return first;
}

static uint64_t
row_of(const struct campaign *c, uint64_t message)
{
    const struct chunk *k = campaign_chunk(c, message);
    return k ? k->row + (message - k->message) : 0;
}

static uint64_t
low_row_of(const struct source *s)
{
    const struct campaign *c = s->campaign;
    uint64_t low =
        s->chunk < c->chunks ? c->chunk[s->chunk].row + s->row : c->rows;
    for (unsigned i = 0; i < s->asides; i++) {
        uint64_t r = row_of(c, s->aside[i].message);
        low = r < low ? r : low;
    }
    for (const struct feed *x = s->feeds; x; x = x->sibling)
        if (x->current) {
            uint64_t r = row_of(c, x->current->message);
            low = r < low ? r : low;
        }
    return low;
}

uint64_t
source_low_row(struct flow *f, const struct source *s)
{
    uint64_t low = UINT64_MAX;
    (void)f;
    for (; s; s = s->more) {
        uint64_t own = low_row_of(s);
        low = own < low ? own : low;
    }
    return low;
}

bool
source_is_done(const struct source *s)
{
    for (; s; s = s->more) {
        for (const struct feed *x = s->feeds; x; x = x->sibling)
            if (x->current)
                return false;
        if (!s->ended || s->asides)
            return false;
    }
    return true;
}

void
source_free_asides(struct source *s, uint32_t carrier)
{
    for (unsigned i = 0; i < s->asides; i++)
        if (s->aside[i].carrier == carrier)
            s->aside[i].carrier = s->aside[i].number = 0;
}
