/*
 * messages.c - one message: sent, looked at, listed, cancelled.
 *
 * A list walks message numbers down from the newest: their words come from
 * the engine in pages, and only those that pass the filters are read from
 * the log. A request looks at a bounded number of them and then gives a
 * cursor, so no filter, however rare its hits, holds anything up.
 */
#include <stdlib.h>

#include "engine/door/item.h"
#include "engine/door/reply.h"
#include "engine/door/resources.h"
#include "engine/door/view.h"
#include "proto/addr.h"

enum {
    WORDS = 4096,         /* of one mail */
    LOOKED_MAX = 1000000, /* numbers a request looks at */
    READ_MAX = 20000,     /* of them, read from the log */
};

static void
taken(struct request *r, struct mail *m)
{
    struct emit e = {0};
    const struct send_item *item = &m->send.items[0];
    if (!request_is_ok(r, m))
        return;
    if (item->result != MAIL_OK) {
        problem_of_result(&r->problem, (int)item->result, item->code,
                          item->pointer, item->detail);
        return;
    }
    emit_open(&e, '{');
    view_taken(&e, item);
    emit_close(&e, '}');
    reply_json(r, 202, &e);
    if (m->send.repeated)
        reply_header(r, "Idempotent-Replayed", "true");
}

void
item_post(struct request *r, const struct send_item *item)
{
    struct slice key;
    if (!request_idempotency(r, &key))
        return;
    struct send_item *kept = malloc(sizeof *kept);
    if (!kept) {
        problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    *kept = *item;
    struct mail *m = request_mail(r, MAIL_SEND);
    m->send.count = 1;
    m->send.items = kept;
    m->send.idempotency_key = key;
    m->send.body_hash = key.n ? request_body_hash(r) : 0;
    if (request_post(r, m, taken, kept))
        return;
    mail_free(m);
    free(kept);
    problem_set(&r->problem, "unavailable",
                "Too much waits for the engine; try again shortly.");
}

void
messages_send(struct request *r)
{
    struct send_item item;
    struct form f;
    if (request_form(r, &f) && item_read(r->json, &item, &r->problem))
        item_post(r, &item);
}

/* --- one message */

static void
located(struct request *r, struct mail *m)
{
    struct message_view view;
    struct emit e = {0};
    uint64_t message = m->locate.numbers[0];
    if (!request_is_ok(r, m))
        return;
    struct query *q = door_query(r->door);
    if (!q || m->locate.words[0] == 0 ||
        !query_message(q, r->who, message, m->locate.words[0], &view)) {
        problem_not_found(&r->problem);
        return;
    }
    view_message(&e, &view);
    reply_json(r, 200, &e);
}

static void
locate_one(struct request *r, uint64_t message)
{
    uint64_t *number = malloc(sizeof *number);
    if (!number) {
        problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    *number = message;
    r->state = number; /* freed with the request */
    r->state_free = free;
    struct mail *m = request_mail(r, MAIL_LOCATE);
    m->locate.count = 1;
    m->locate.numbers = number;
    request_ask(r, m, located);
}

void
messages_get(struct request *r)
{
    uint64_t message;
    if (request_id(r, 0, ID_MESSAGE, &message))
        locate_one(r, message);
}

static void
cancelled(struct request *r, struct mail *m)
{
    if (request_is_ok(r, m))
        locate_one(r, m->locate.first);
}

void
messages_cancel(struct request *r)
{
    uint64_t message;
    struct form f;
    if (!request_id(r, 0, ID_MESSAGE, &message) || !request_form(r, &f) ||
        !form_end(&f))
        return;
    struct mail *m = request_mail(r, MAIL_CANCEL);
    m->locate.first = message;
    request_ask(r, m, cancelled);
}

/* --- the list */

struct message_list {
    /* filters; 0 or -1: any */
    int state, inbound;
    uint64_t sender, thread, campaign;
    char to[24], from[24];
    struct slice external_id;
    /* state */
    unsigned limit, rows;
    uint64_t below; /* numbers under this one come next; 0: the newest */
    unsigned looked, read;
    bool asked, full;
    struct emit out;
};

static void
list_free(void *state)
{
    struct message_list *l = state;
    emit_fini(&l->out);
    free(l);
}

static bool
passes(const struct message_list *l, const struct message_view *v)
{
    return (l->inbound < 0 || v->inbound == (l->inbound == 1)) &&
           (!l->sender || v->sender == l->sender) &&
           (!l->thread || v->thread == l->thread) &&
           (!l->campaign || v->campaign == l->campaign) &&
           (!l->to[0] || strcmp(l->to, v->to) == 0) &&
           (!l->from[0] || strcmp(l->from, v->from) == 0) &&
           (!l->external_id.n || slice_eq(l->external_id, v->external_id));
}

/* One number of the page; false when the answer is full. */
static bool
list_row(struct request *r, struct message_list *l, uint64_t message,
         uint64_t word)
{
    struct message_view view;
    struct query *q = door_query(r->door);
    l->below = message;
    l->looked++;
    if (word == 0 || word_pos(word) == 0)
        return true;
    if (l->state >= 0 && word_state(word) != (enum message_state_kind)l->state)
        return true;
    l->read++;
    if (!q || !query_message(q, r->who, message, word, &view) ||
        !passes(l, &view))
        return true;
    view_message(&l->out, &view);
    return ++l->rows < l->limit;
}

static void
list_words(struct request *r, struct mail *m)
{
    struct message_list *l = r->state;
    l->asked = false;
    if (!request_is_ok(r, m))
        return;
    if (l->below == 0) { /* the first mail only told the newest */
        l->below = m->locate.newest + 1;
        return;
    }
    for (unsigned i = m->locate.count; i-- > 0 && !l->full;)
        l->full = !list_row(r, l, m->locate.first + i, m->locate.words[i]) ||
                  l->looked >= LOOKED_MAX || l->read >= READ_MAX;
}

static enum turn
list_work(struct request *r)
{
    struct message_list *l = r->state;
    if (l->asked)
        return TURN_WAIT;
    if (l->full || l->below == 1) {
        reply_list_end(&l->out, "messages", l->below > 1, l->below, 0);
        reply_json(r, 200, &l->out);
        return TURN_DONE;
    }
    struct mail *m = request_mail(r, MAIL_LOCATE);
    uint64_t left = l->below ? l->below - 1 : 1;
    /* Few at first: the newest page is what is mostly asked for. */
    uint64_t want = l->looked ? WORDS : l->limit * 2;
    m->locate.count = (unsigned)(left < want ? left : want);
    if (m->locate.count > WORDS)
        m->locate.count = WORDS;
    m->locate.first = l->below ? l->below - m->locate.count : 1;
    l->asked = true;
    request_ask(r, m, list_words);
    return TURN_WAIT;
}

static bool
read_state(struct request *r, int *state)
{
    struct slice text = request_query(r, "state");
    *state = -1;
    if (text.n == 0)
        return true;
    for (int s = MSG_ACCEPTED; s < MSG_KIND_N; s++)
        if (slice_eq(text, slice_str(state_name((enum message_state_kind)s)))) {
            *state = s;
            return true;
        }
    problem_set(&r->problem, "bad_parameter",
                "`state` is none of the message states.");
    return false;
}

static void
read_address(struct request *r, const char *name, char out[24])
{
    struct addr a;
    struct slice text = request_query(r, name);
    out[0] = 0;
    if (text.n == 0)
        return;
    /* A `+` in a query string that was not escaped arrives as a blank. */
    addr_from_text(text, NULL, &a);
    slice_to_str(slice_str(a.text), out, 24);
}

/* False with the reason as the answer. */
static bool
list_read(struct request *r, struct message_list *l)
{
    uint64_t unused;
    struct slice sender = request_query(r, "sender");
    struct slice way = request_query(r, "direction");
    if (!request_page(r, "messages", &l->limit, &l->below, &unused) ||
        !read_state(r, &l->state) ||
        !request_query_id(r, "thread", ID_THREAD, &l->thread) ||
        !request_query_id(r, "campaign", ID_CAMPAIGN, &l->campaign))
        return false;
    struct query *q = door_query(r->door);
    if (sender.n && !id_from_text(ID_SENDER, sender, &l->sender))
        l->sender = q ? query_sender(q, r->who.account, sender) : 0;
    if (sender.n && !l->sender)
        l->sender = UINT64_MAX; /* nobody: an empty list */
    l->inbound = -1;
    if (way.n)
        l->inbound = slice_eq(way, slice_str("in"));
    read_address(r, "to", l->to);
    read_address(r, "from", l->from);
    l->external_id = request_query(r, "external_id");
    return true;
}

void
messages_list(struct request *r)
{
    struct message_list *l = calloc(1, sizeof *l);
    if (!l) {
        problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    r->state = l;
    r->state_free = list_free;
    if (!list_read(r, l))
        return;
    reply_list_begin(&l->out);
    r->work = list_work;
}
