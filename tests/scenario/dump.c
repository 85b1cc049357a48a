/*
 * dump.c - what RAM holds, as sorted lines that two flows can be compared by.
 *
 * Left out is what a replay need not give again: caches, cursors that only
 * say how far was read, what time has already made void.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/flow/apply.h"
#include "engine/flow/book.h"
#include "engine/flow/submit.h"
#include "tests/scenario/world.h"

#define LLU(x) ((unsigned long long)(x))

struct lines {
    char **line;
    size_t used, cap;
};

__attribute__((format(printf, 2, 3))) static void
say(struct lines *l, const char *format, ...)
{
    va_list args;
    char text[512];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (l->used == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 256;
        l->line = realloc(l->line, l->cap * sizeof *l->line);
        if (!l->line)
            abort();
    }
    l->line[l->used++] = strdup(text);
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
join(struct lines *l)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    qsort(l->line, l->used, sizeof *l->line, by_text);
    for (size_t i = 0; i < l->used; i++) {
        fprintf(out, "%s\n", l->line[i]);
        free(l->line[i]);
    }
    free(l->line);
    fclose(out);
    return text;
}

/* ---- messages -------------------------------------------------------------
 */

static bool
in_ring(const struct source *s, uint64_t pos)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->ring[(s->head + i) % SOURCE_RING] == pos)
            return true;
    return s->scan_pos <= pos && pos < s->scan_end;
}

static bool
is_current(const struct source *s, uint64_t message)
{
    for (const struct feed *x = s->feeds; x; x = x->sibling)
        if (x->current && x->current->message == message)
            return true;
    return false;
}

static bool
is_again(const struct flow *f, uint64_t message)
{
    for (unsigned i = 0; i < f->sched.outlets; i++) {
        const struct outlet *o = f->sched.outlet[i];
        if (sched_current(o) == message)
            return true;
        for (size_t k = 0; k < o->again.used; k++)
            if (o->again.heap[k].a == message)
                return true;
        for (size_t k = 0; k < o->kept.used; k++)
            if (o->kept.heap[k].a == message)
                return true;
    }
    return false;
}

static bool
is_delayed(const struct flow *f, uint64_t message)
{
    for (size_t i = 0; i < f->delayed.used; i++)
        if (f->delayed.heap[i].b == message)
            return true;
    return false;
}

/* A single message that was never handed over must be found by somebody. */
static const char *
place_of(struct flow *f, uint64_t message, uint64_t pos)
{
    struct slice fact;
    struct fact_accept a;
    if (!journal_read(&f->journal, pos, &fact) || !fact_accept_get(fact, &a))
        return "";
    struct source_key key = source_key_of(f, &a);
    struct source *s = source_for(f, &key);
    bool found = a.send_at_ms ? is_delayed(f, message)
                              : in_ring(s, pos) || is_current(s, message);
    found = found || is_again(f, message);
    return found ? " waits" : " FORGOTTEN";
}

static void
dump_words(struct flow *f, struct lines *l)
{
    for (uint64_t m = 1; m < f->next_message; m++) {
        uint64_t word = book_word(f, m);
        if (!word)
            continue;
        enum message_state_kind s = word_state(word);
        say(l, "message %06llu %s flags %u at %llu%s", LLU(m), state_name(s),
            word_flags(word), LLU(word_pos(word)),
            s == MSG_QUEUED || s == MSG_ACCEPTED
                ? place_of(f, m, word_pos(word))
                : "");
    }
    say(l, "next message %llu campaign %llu thread %llu upload %llu boot %llu",
        LLU(f->next_message), LLU(f->next_campaign), LLU(f->next_thread),
        LLU(f->next_upload), LLU(f->boot_pos));
}

static void
dump_flights(struct flow *f, struct lines *l)
{
    uint64_t key, at;
    for (size_t i = 0; map_next(&f->flights, &i, &key, &at);) {
        const struct flight *x = &f->flight[at];
        say(l,
            "flight %06llu part %u of %u sent %llu at %llu to %llu carrier %u "
            "account %u number %u attempt %u tries %u resend %d",
            LLU(x->message), x->part, x->parts, LLU(x->sent_pos), LLU(x->at_ms),
            LLU(x->subscriber), x->carrier, x->account, x->number, x->attempt,
            x->tries, x->resend);
    }
    for (size_t i = 0; i < f->doubts; i++) {
        const struct doubt *d = &f->doubt[i];
        /* Older ones are forgotten by time alone (sweep.c). */
        if (d->at_ms + (uint64_t)f->settings->unknown_after_s * 1000 <
            f->wall.ms)
            continue;
        say(l,
            "doubt %06llu part %u of %u at %llu to %llu carrier %u number %u",
            LLU(d->message), d->part, d->parts, LLU(d->at_ms),
            LLU(d->subscriber), d->carrier, d->number);
    }
    for (size_t i = 0; map_next(&f->partial, &i, &key, &at);)
        say(l, "partial %06llu %llx", LLU(key), LLU(at));
}

/* Retries that still stand: nothing was handed over since. Whose outlet they
 * wait at is the scheduler's, which moves them as carriers come and go. */
static void
dump_heap(struct flow *f, struct lines *l, const struct due *again)
{
    for (size_t k = 0; k < again->used; k++) {
        const struct due_entry *e = &again->heap[k];
        struct story s;
        unsigned part = e->b >> 32 & 255, attempt = e->b & 0xffff;
        enum message_state_kind now = word_state(book_word(f, e->a));
        /* Parts behind one in doubt: `partial` says it. */
        if (attempt == 0 && map_get(&f->partial, e->a, &(uint64_t){0}))
            continue;
        if (part == SCHED_WHOLE || state_is_final(now) ||
            !book_story(f, e->a, &s) || s.attempt[part] != attempt)
            continue;
        say(l, "again %06llu part %u attempt %u tries %u", LLU(e->a), part,
            attempt, (unsigned)(e->b >> 16 & 255));
    }
}

static void
dump_again(struct flow *f, struct lines *l)
{
    for (unsigned i = 0; i < f->sched.outlets; i++) {
        dump_heap(f, l, &f->sched.outlet[i]->again);
        dump_heap(f, l, &f->sched.outlet[i]->kept);
    }
    for (size_t i = 0; i < f->delayed.used; i++) {
        const struct due_entry *e = &f->delayed.heap[i];
        if (word_state(book_word(f, e->b)) == MSG_ACCEPTED &&
            e->when > f->wall.ms) /* else it may wait for room already */
            say(l, "delayed %06llu until %llu at %llu", LLU(e->b), LLU(e->when),
                LLU(e->a));
    }
}

/* ---- replies --------------------------------------------------------------
 */

static void
dump_memory(struct flow *f, struct lines *l)
{
    enum { SEEN_MS = 300000 }; /* older ones repeat nobody (inbound.c) */
    uint64_t key, pos;
    struct slice fact;
    struct fact_inbound in;
    struct fact_receipt r;
    for (size_t i = 0; map_next(&f->replies_seen, &i, &key, &pos);)
        if (journal_read(&f->journal, pos, &fact) &&
            fact_inbound_get(fact, &in) && in.at_ms + SEEN_MS > f->wall.ms)
            say(l, "seen %016llx at %llu", LLU(key), LLU(pos));
    for (size_t i = 0; map_next(&f->unmatched, &i, &key, &pos);)
        if (journal_read(&f->journal, pos, &fact) &&
            fact_receipt_get(fact, &r) &&
            r.at_ms + FLOW_UNMATCHED_MS > f->wall.ms)
            say(l, "unmatched %016llx at %llu", LLU(key), LLU(pos));
    for (size_t i = 0; i < f->strays; i++)
        say(l, "stray %04zu at %llu", i, LLU(f->stray[i]));
    for (size_t i = 0; i < f->reassembly.joints; i++) {
        const struct joint *j = f->reassembly.joint[i];
        for (unsigned k = 0; k < j->total; k++)
            say(l, "joint %016llx since %llu part %u of %u at %llu",
                LLU(j->key), LLU(j->first_ms), k, j->total, LLU(j->pos[k]));
    }
    for (size_t i = 0; map_next(&f->suppress.set, &i, &key, &pos);)
        say(l, "suppressed %016llx", LLU(key));
}

static void
dump_threads(struct flow *f, struct lines *l)
{
    for (uint32_t i = 1; i < f->threads.rows; i++) {
        const struct thread *x = f->threads.row[i];
        if (x)
            say(l,
                "thread %04u of %u with %u to %llu from %u unread %u closed %u "
                "last %llu at %llu waiting %llu",
                i, x->sender, x->assignee, LLU(x->subscriber), x->number,
                x->unread, x->closed, LLU(x->last_message), LLU(x->last_ms),
                LLU(x->waiting_ms));
    }
}

/* ---- campaigns ------------------------------------------------------------
 */

static void
dump_campaigns(struct flow *f, struct lines *l)
{
    for (size_t i = 0; i < f->campaigns.rows; i++) {
        const struct campaign *c = f->campaigns.row[i];
        say(l,
            "campaign %llu %s rows %llu refused %llu replies %llu parts %llu "
            "flying %llu started %llu done %llu upload %llu append %d from %u "
            "skipped %llu chunks %u",
            LLU(c->id), campaign_state_name(c->state), LLU(c->rows),
            LLU(c->refused), LLU(c->replies), LLU(c->parts_submitted),
            LLU(c->flying), LLU(c->started_ms), LLU(c->done_ms), LLU(c->upload),
            c->upload_append, c->upload_chunk, LLU(c->upload_skipped),
            c->chunks);
        for (int s = 0; s < MSG_KIND_N; s++)
            if (c->count[s])
                say(l, "campaign %llu count %s %lld", LLU(c->id),
                    s ? state_name((enum message_state_kind)s) : "not reached",
                    (long long)c->count[s]);
        for (uint32_t k = 0; k < c->chunks; k++)
            say(l, "campaign %llu chunk %u at %llu first %llu rows %u row %u",
                LLU(c->id), k, LLU(c->chunk[k].pos), LLU(c->chunk[k].message),
                c->chunk[k].rows, c->chunk[k].row);
    }
    for (size_t i = 0; i < f->campaigns.extents; i++)
        say(l, "extent %llu to %llu of %llu", LLU(f->campaigns.extent[i]),
            LLU(f->campaigns.extent_end[i]),
            LLU(f->campaigns.extent_of[i]->id));
}

/* ---- clients ---------------------------------------------------------------
 */

static void
dump_outboxes(struct flow *f, struct lines *l)
{
    enum { DONE = 3 }; /* SLOT_DONE of outbox.c */
    for (uint32_t i = 0; i < f->outboxes.rows; i++) {
        const struct outbox *b = f->outboxes.row[i];
        if (!b || b->tail == 1)
            continue;
        say(l, "owed to %u: %llu to %llu", i, LLU(b->head), LLU(b->tail));
        for (uint64_t n = b->head; n < b->tail; n++) {
            uint64_t pos = 0;
            store_index_get(f->owed, outbox_key(i, n), &pos);
            bool done =
                b->slot && n < b->next && b->slot[n % OUTBOX_AHEAD] == DONE;
            say(l, "owed to %u: %06llu is %llu%s", i, LLU(n), LLU(pos),
                done ? " done" : "");
        }
    }
}

char *
world_dump(struct flow *f)
{
    struct lines l = {0};
    dump_words(f, &l);
    dump_flights(f, &l);
    dump_again(f, &l);
    dump_memory(f, &l);
    dump_threads(f, &l);
    dump_campaigns(f, &l);
    dump_outboxes(f, &l);
    journal_rest(&f->journal);
    return join(&l);
}
