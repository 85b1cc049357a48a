/*
 * apply_reply.c - facts of replies and threads change RAM here.
 *
 * Promise: as in apply.h.
 */
#include "engine/flow/apply.h"
#include "engine/flow/book.h"

/* Digests of what came are remembered so long. */
enum { SEEN_MS = 310000 }; /* beyond OTHER_SESSION_MS of inbound.c */

void
apply_inbound(struct flow *f, uint64_t pos, const struct fact_inbound *x)
{
    map_put(&f->replies_seen, x->digest, pos);
    due_put(&f->forget, x->at_ms + SEEN_MS, x->digest, pos);
    reassembly_add(&f->reassembly, pos, x);
}

void
apply_reply(struct flow *f, uint64_t pos, const struct fact_reply *x)
{
    if (x->message >= f->next_message)
        f->next_message = x->message + 1;
    struct cursor c = cursor_of(x->inbound);
    while (cursor_left(&c) > 0 && !c.failed) {
        uint64_t part = cursor_varint(&c);
        reassembly_end(&f->reassembly, part);
        /* A client gets the parts as they came. */
        if (x->login)
            outbox_push(f, (uint32_t)x->login, part);
    }
    book_move(f, x->message, MSG_RECEIVED, 0, pos);
    store_index_put(f->talks, flow_talk_key(x->subscriber), pos);
    if (x->in_reply_to) {
        uint64_t word = book_word(f, x->in_reply_to);
        book_move(f, x->in_reply_to, word_state(word), WORD_REPLIED,
                  word_pos(word));
    }
    struct campaign *campaign = campaign_find(f, x->campaign);
    if (campaign) {
        campaign->replies++;
        campaign->dirty = true;
    }
    if (x->thread)
        thread_apply_reply(f, pos, x);
    else
        stray_keep(f, pos);
}

void
apply_thread(struct flow *f, uint64_t pos, const struct fact_thread *x)
{
    thread_apply(f, pos, x);
}

void
apply_reassign(struct flow *f, uint64_t pos, const struct fact_reassign *x)
{
    book_touch(f, x->message, pos);
    stray_end(f, x->reply);
    thread_apply_reassign(f, pos, x);
}

void
apply_change(struct flow *f, uint64_t pos, const struct fact_change *x)
{
    (void)f, (void)pos, (void)x; /* the control table has it */
}
