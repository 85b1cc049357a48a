/*
 * walk.c - all rows of a campaign, one after the other, with their words.
 *
 * Promise: as in walk.h.
 */
#include "engine/door/walk.h"

#include <stdlib.h>

void
walk_fini(struct walk *w)
{
    free(w->chunk);
}

static void
chunks_known(struct request *r, struct mail *m)
{
    struct walk *w = r->state;
    w->asked = false;
    if (!request_is_ok(r, m))
        return;
    size_t octets = m->campaign.chunks * sizeof *w->chunk;
    w->chunk = malloc(octets ? octets : 1);
    if (!w->chunk) {
        problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    if (octets)
        memcpy(w->chunk, m->campaign.chunk, octets);
    w->chunks = m->campaign.chunks;
    w->known = true;
}

static void
words_known(struct request *r, struct mail *m)
{
    struct walk *w = r->state;
    struct slice chunk;
    w->asked = false;
    if (!request_is_ok(r, m))
        return;
    struct query *q = door_query(r->door);
    const struct chunk_view *c = &w->chunk[w->next++];
    unsigned n = m->locate.count;
    memcpy(w->words, m->locate.words, n * sizeof *w->words);
    if (!q || !query_chunk(q, c->pos, &chunk) || chunk.n > sizeof w->octets) {
        problem_set(&r->problem, "internal", "Recipients cannot be read.");
        return;
    }
    memcpy(w->octets, chunk.p, chunk.n);
    w->open = recipients_open(&w->reader, slice_of(w->octets, chunk.n));
    w->row = 0;
    if (!w->open)
        problem_set(&r->problem, "internal", "Recipients cannot be read.");
}

static void
ask(struct request *r, struct walk *w)
{
    w->asked = true;
    if (!w->known) {
        struct mail *m = request_mail(r, MAIL_CAMPAIGN_CHUNKS);
        m->campaign.campaign = w->campaign;
        request_ask(r, m, chunks_known);
        return;
    }
    const struct chunk_view *c = &w->chunk[w->next];
    struct mail *m = request_mail(r, MAIL_LOCATE);
    m->locate.first = c->first;
    m->locate.count =
        c->rows < RECIPIENTS_ROWS_MAX ? c->rows : RECIPIENTS_ROWS_MAX;
    request_ask(r, m, words_known);
}

enum turn
walk_next(struct request *r, struct walk *w, struct walk_row *out)
{
    if (w->asked)
        return TURN_WAIT;
    if (w->open) {
        const struct chunk_view *c = &w->chunk[w->next - 1];
        if (w->row < c->rows && recipients_next(&w->reader, &out->recipient)) {
            out->message = c->first + w->row;
            out->word = w->words[w->row];
            out->row = c->row + w->row;
            out->first = w->row == 0;
            w->row++;
            return TURN_MORE;
        }
        w->open = false;
    }
    if (w->known && w->next == w->chunks)
        return TURN_DONE;
    ask(r, w);
    return r->problem.code ? TURN_DONE : TURN_WAIT;
}
