/*
 * thread.c - heads of conversations and their lists.
 *
 * Promise: as in thread.h. What people do with threads stands in
 * thread_mail.c.
 */
#include "engine/flow/thread.h"

#include <stdlib.h>

#include "engine/flow/apply.h"
#include "engine/flow/flow.h"

void
threads_fini(struct threads *t)
{
    for (uint32_t i = 0; i < t->rows; i++)
        free(t->row[i]);
    free(t->row);
    free(t->list);
    map_fini(&t->by_pair);
    map_fini(&t->senders);
    map_fini(&t->accounts);
    *t = (struct threads){0};
}

struct thread *
thread_find(const struct flow *f, uint64_t id)
{
    return id < f->threads.rows ? f->threads.row[id] : NULL;
}

static uint64_t
pair_key(uint32_t sender, uint64_t subscriber)
{
    return map_mix(map_mix(subscriber) + sender) | 1;
}

/* ---- lists ----------------------------------------------------------------
 */

static struct thread_list *
list_of(struct threads *t, struct map *index, uint32_t id)
{
    uint64_t at;
    if (map_get(index, (uint64_t)id + 1, &at))
        return &t->list[at];
    if (t->lists == t->list_cap) {
        t->list_cap = t->list_cap ? t->list_cap * 2 : 64;
        t->list = realloc(t->list, t->list_cap * sizeof *t->list);
        if (!t->list)
            abort();
    }
    map_put(index, (uint64_t)id + 1, t->lists);
    t->list[t->lists] = (struct thread_list){0};
    return &t->list[t->lists++];
}

static struct thread_link *
link_of(struct thread *x, bool sender)
{
    return sender ? &x->by_sender : &x->by_account;
}

static void
unlink_from(struct threads *t, struct thread_list *list, struct thread *x,
            bool sender)
{
    struct thread_link *l = link_of(x, sender);
    if (l->newer)
        link_of(t->row[l->newer], sender)->older = l->older;
    else
        list->newest = l->older;
    if (l->older)
        link_of(t->row[l->older], sender)->newer = l->newer;
    *l = (struct thread_link){0};
    list->threads--;
}

/* By time, and by id when times are equal: a page's cursor needs one order. */
static bool
is_newer(const struct thread *a, const struct thread *b)
{
    return a->last_ms != b->last_ms ? a->last_ms > b->last_ms : a->id > b->id;
}

/* In its place by time: nearly always the front. */
static void
link_into(struct threads *t, struct thread_list *list, struct thread *x,
          bool sender)
{
    struct thread_link *l = link_of(x, sender);
    uint32_t newer = 0, older = list->newest;
    while (older && is_newer(t->row[older], x)) {
        newer = older;
        older = link_of(t->row[older], sender)->older;
    }
    *l = (struct thread_link){newer, older};
    if (newer)
        link_of(t->row[newer], sender)->older = (uint32_t)x->id;
    else
        list->newest = (uint32_t)x->id;
    if (older)
        link_of(t->row[older], sender)->newer = (uint32_t)x->id;
    list->threads++;
}

static void
list_out(struct threads *t, struct thread *x)
{
    unlink_from(t, list_of(t, &t->senders, x->assignee), x, true);
    unlink_from(t, list_of(t, &t->accounts, x->account), x, false);
}

static void
list_in(struct threads *t, struct thread *x)
{
    link_into(t, list_of(t, &t->senders, x->assignee), x, true);
    link_into(t, list_of(t, &t->accounts, x->account), x, false);
}

/* ---- rows -----------------------------------------------------------------
 */

static struct thread *
add_row(struct flow *f, uint64_t id)
{
    struct threads *t = &f->threads;
    if (id >= t->cap) {
        uint32_t cap = t->cap ? t->cap : 64;
        while (cap <= id)
            cap *= 2;
        t->row = realloc(t->row, cap * sizeof *t->row);
        if (!t->row)
            abort();
        memset(t->row + t->cap, 0, (cap - t->cap) * sizeof *t->row);
        t->cap = cap;
    }
    if (id >= t->rows)
        t->rows = (uint32_t)id + 1;
    if (id >= f->next_thread)
        f->next_thread = id + 1;
    if (!t->row[id] && !(t->row[id] = calloc(1, sizeof *t->row[id])))
        abort();
    return t->row[id];
}

void
thread_restore(struct flow *f, const struct thread *row)
{
    struct thread *x = add_row(f, row->id);
    *x = *row;
    x->dirty = 0;
    x->by_sender = x->by_account = (struct thread_link){0};
    map_put(&f->threads.by_pair, pair_key(x->sender, x->subscriber), x->id);
    list_in(&f->threads, x);
}

struct thread *
thread_open(struct flow *f, uint32_t account, uint32_t sender,
            uint64_t subscriber, uint32_t number)
{
    uint64_t id;
    if (map_get(&f->threads.by_pair, pair_key(sender, subscriber), &id))
        return thread_find(f, id);
    struct fact_thread x = {
        .thread = f->next_thread,
        .at_ms = f->wall.ms,
        .act = THREAD_MADE,
        .account = account,
        .sender = sender,
        .subscriber = subscriber,
        .number = number,
    };
    uint64_t pos = journal_thread(&f->journal, &x);
    /* The journal keeps a turn's worth of room: pos is there. */
    apply_thread(f, pos, &x);
    return thread_find(f, x.thread);
}

static void
move_to_front(struct flow *f, struct thread *x, uint64_t at_ms)
{
    list_out(&f->threads, x);
    if (at_ms > x->last_ms)
        x->last_ms = at_ms;
    x->dirty = 1;
    list_in(&f->threads, x);
}

void
thread_touch(struct flow *f, uint64_t id, uint64_t message, uint64_t at_ms,
             uint64_t number)
{
    struct thread *x = thread_find(f, id);
    if (!x)
        return;
    x->last_message = message;
    x->number = (uint32_t)number;
    x->waiting_ms = 0;
    move_to_front(f, x, at_ms);
}

void
thread_apply_reply(struct flow *f, uint64_t pos, const struct fact_reply *r)
{
    (void)pos;
    struct thread *x = thread_find(f, r->thread);
    if (!x)
        return;
    x->last_message = r->message;
    x->number = (uint32_t)r->number;
    x->unread++;
    x->closed = 0;
    if (!x->waiting_ms)
        x->waiting_ms = r->received_ms;
    move_to_front(f, x, r->at_ms);
}

void
thread_apply_reassign(struct flow *f, uint64_t pos,
                      const struct fact_reassign *r)
{
    (void)pos;
    struct thread *x = thread_find(f, r->thread);
    if (!x)
        return;
    x->last_message = r->message;
    x->unread++;
    move_to_front(f, x, r->at_ms);
}

static void
assign(struct flow *f, struct thread *x, uint32_t sender)
{
    list_out(&f->threads, x);
    x->assignee = sender;
    list_in(&f->threads, x);
}

void
thread_apply(struct flow *f, uint64_t pos, const struct fact_thread *a)
{
    (void)pos;
    if (a->act == THREAD_MADE) {
        struct thread row = {
            .id = a->thread,
            .subscriber = a->subscriber,
            .last_ms = a->at_ms,
            .account = (uint32_t)a->account,
            .sender = (uint32_t)a->sender,
            .assignee = (uint32_t)a->sender,
            .number = (uint32_t)a->number,
        };
        if (!thread_find(f, a->thread))
            thread_restore(f, &row);
        thread_find(f, a->thread)->dirty = 1;
        return;
    }
    struct thread *x = thread_find(f, a->thread);
    if (!x)
        return;
    x->dirty = 1;
    switch ((enum thread_act)a->act) {
    case THREAD_CLAIM:
    case THREAD_TRANSFER: assign(f, x, (uint32_t)a->other); break;
    case THREAD_RELEASE: assign(f, x, x->sender); break;
    case THREAD_CLOSE: x->closed = 1; break;
    case THREAD_REOPEN: x->closed = 0; break;
    case THREAD_READ: x->unread = (uint32_t)a->other; break;
    case THREAD_NOTE: break;
    }
}
