/*
 * threads.c - conversations: listed, read, answered, claimed, handed on.
 */
#include <stdlib.h>

#include "engine/door/item.h"
#include "engine/door/reply.h"
#include "engine/door/resources.h"
#include "engine/door/view.h"

/* --- one and many */

static void
shown(struct request *r, struct mail *m)
{
    struct emit e = {0};
    if (!request_is_ok(r, m))
        return;
    if (m->thread.count == 0) {
        reply_empty(r, 204);
        return;
    }
    view_thread(&e, &m->thread.rows[0]);
    reply_json(r, 200, &e);
}

static void
looked(struct request *r, struct mail *m)
{
    if (m->result == MAIL_OK && m->thread.count == 0)
        problem_not_found(&r->problem);
    else
        shown(r, m);
}

static bool
look(struct request *r, void (*next)(struct request *, struct mail *))
{
    uint64_t thread;
    if (!request_id(r, 0, ID_THREAD, &thread))
        return false;
    struct mail *m = request_mail(r, MAIL_THREAD_LOOK);
    m->thread.thread = thread;
    request_ask(r, m, next);
    return true;
}

void
threads_get(struct request *r)
{
    look(r, looked);
}

static void
listed(struct request *r, struct mail *m)
{
    struct emit e = {0};
    if (!request_is_ok(r, m))
        return;
    unsigned limit = m->thread.limit - 1; /* one more was asked for */
    unsigned n = m->thread.count < limit ? m->thread.count : limit;
    const struct thread_view *rows = m->thread.rows;
    reply_list_begin(&e);
    for (unsigned i = 0; i < n; i++)
        view_thread(&e, &rows[i]);
    bool more = n && m->thread.count > limit;
    reply_list_end(&e, "threads", more,
                   more ? rows[n - 1].last_message_at_ms : 0,
                   more ? rows[n - 1].thread : 0);
    reply_json(r, 200, &e);
}

static bool
read_state(struct request *r, int *closed)
{
    struct slice state = request_query(r, "state");
    *closed = -1;
    if (!state.n)
        return true;
    *closed = slice_eq(state, slice_str("closed"));
    if (*closed || slice_eq(state, slice_str("open")))
        return true;
    problem_set(&r->problem, "bad_parameter", "`state` is open or closed.");
    return false;
}

void
threads_list(struct request *r)
{
    struct mail *m = request_mail(r, MAIL_THREAD_LIST);
    struct mail_thread *t = &m->thread;
    if (!request_page(r, "threads", &t->limit, &t->before_ms,
                      &t->before_thread) ||
        !read_state(r, &t->closed)) {
        mail_free(m);
        return;
    }
    t->limit++;
    t->waiting = request_flag(r, "waiting");
    t->sender = request_query(r, "sender");
    t->subscriber = request_query(r, "subscriber");
    request_ask(r, m, listed);
}

/* --- its messages */

struct thread_page {
    unsigned limit, count;
    uint64_t pos; /* before it the next page begins; 0: the end */
    bool given;   /* pos came with the cursor */
    uint64_t *numbers;
};

static void
page_free(void *state)
{
    struct thread_page *p = state;
    free(p->numbers);
    free(p);
}

static void
located(struct request *r, struct mail *m)
{
    struct thread_page *p = r->state;
    struct emit e = {0};
    struct message_view v;
    if (!request_is_ok(r, m))
        return;
    struct query *q = door_query(r->door);
    reply_list_begin(&e);
    for (unsigned i = 0; q && i < p->count; i++)
        if (m->locate.words[i] &&
            query_message(q, r->who, p->numbers[i], m->locate.words[i], &v))
            view_message(&e, &v);
    reply_list_end(&e, "thread", p->pos != 0, p->pos, 0);
    reply_json(r, 200, &e);
}

static void
head_known(struct request *r, struct mail *m)
{
    struct thread_page *p = r->state;
    if (!request_is_ok(r, m))
        return;
    struct query *q = door_query(r->door);
    if (m->thread.count == 0 || !q) {
        problem_not_found(&r->problem);
        return;
    }
    const struct thread_view *t = &m->thread.rows[0];
    if (!p->given)
        p->pos = t->head_pos;
    if (p->pos)
        p->count = query_thread(q, r->who, t->sender, t->subscriber_key,
                                &p->pos, p->numbers, p->limit);
    if (p->count == 0) {
        struct emit e = {0};
        reply_list_begin(&e);
        reply_list_end(&e, "thread", false, 0, 0);
        reply_json(r, 200, &e);
        return;
    }
    struct mail *ask = request_mail(r, MAIL_LOCATE);
    ask->locate.count = p->count;
    ask->locate.numbers = p->numbers;
    request_ask(r, ask, located);
}

void
threads_messages(struct request *r)
{
    uint64_t unused;
    struct thread_page *p = calloc(1, sizeof *p);
    if (!p) {
        problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    r->state = p;
    r->state_free = page_free;
    if (!request_page(r, "thread", &p->limit, &p->pos, &unused))
        return;
    p->given = p->pos != 0;
    p->numbers = calloc(p->limit, sizeof *p->numbers);
    if (!p->numbers)
        problem_set(&r->problem, "unavailable", "Out of memory.");
    else
        look(r, head_known);
}

/* --- answering and acting */

void
threads_send(struct request *r)
{
    struct send_item item;
    struct form f;
    uint64_t thread;
    if (request_id(r, 0, ID_THREAD, &thread) && request_form(r, &f) &&
        item_read_answer(r->json, thread, &item, &r->problem))
        item_post(r, &item);
}

/* Which member the act reads. */
static void
act(struct request *r, enum thread_act act)
{
    uint64_t thread;
    struct form f;
    if (!request_id(r, 0, ID_THREAD, &thread) || !request_form(r, &f))
        return;
    struct mail *m = request_mail(r, MAIL_THREAD_ACT);
    m->thread.thread = thread;
    m->thread.act = act;
    if (act == THREAD_CLAIM)
        m->thread.to_sender = form_text(&f, "sender", 64);
    if (act == THREAD_TRANSFER) {
        m->thread.to_sender = form_need_text(&f, "sender", 64);
        m->thread.share_history = form_bool(&f, "share_history", false);
    }
    if (act == THREAD_NOTE)
        m->thread.note = form_need_text(&f, "text", 4096);
    if (act == THREAD_READ) {
        struct slice up_to = form_text(&f, "up_to", 32);
        if (up_to.p && !id_from_text(ID_MESSAGE, up_to, &m->thread.up_to))
            problem_add(&r->problem, "/up_to", "bad_value",
                        "The id of a message is read here.");
    }
    if (form_end(&f))
        request_ask(r, m, shown);
    else
        mail_free(m);
}

void
threads_claim(struct request *r)
{
    act(r, THREAD_CLAIM);
}

void
threads_release(struct request *r)
{
    act(r, THREAD_RELEASE);
}

void
threads_transfer(struct request *r)
{
    act(r, THREAD_TRANSFER);
}

void
threads_close(struct request *r)
{
    act(r, THREAD_CLOSE);
}

void
threads_reopen(struct request *r)
{
    act(r, THREAD_REOPEN);
}

void
threads_read(struct request *r)
{
    act(r, THREAD_READ);
}

void
threads_note(struct request *r)
{
    act(r, THREAD_NOTE);
}
