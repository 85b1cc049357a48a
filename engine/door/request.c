/*
 * request.c - one HTTP request: its life, its mails, its waits.
 *
 * Promise: as in request.h.
 */
#include "engine/door/request.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <xxhash.h>

#include "engine/core/clock.h"
#include "engine/door/intake.h"
#include "engine/door/page.h"
#include "engine/door/reply.h"

enum { KEY_MAX = 200 }; /* octets of an Idempotency-Key */

/* A mail on its way, and what to do when it is back. */
struct letter {
    struct request *request;
    struct mail *mail;
    void (*next)(struct request *, struct mail *);
    void *cargo;
    struct letter *link;
};

struct request *
request_create(struct intake *in, struct MHD_Connection *c)
{
    struct request *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->door = in->door;
    r->intake = in;
    r->connection = c;
    r->finished_end = &r->finished;
    r->next = in->all;
    if (r->next)
        r->next->prev = r;
    in->all = r;
    atomic_fetch_add(&in->alive, 1);
    return r;
}

static void
letter_free(struct letter *l)
{
    mail_free(l->mail);
    free(l->cargo);
    free(l);
}

/* Frees what is left; nobody knows the request any more. */
static void
request_destroy(struct request *r)
{
    while (r->finished) {
        struct letter *l = r->finished;
        r->finished = l->link;
        letter_free(l);
    }
    if (r->state_free)
        r->state_free(r->state);
    if (r->response)
        MHD_destroy_response(r->response);
    json_decref(r->json);
    emit_fini(&r->body);
    emit_fini(&r->out);
    free(r->path);
    free(r);
}

static void
forget_waiting(struct request *r)
{
    if (r->timed)
        r->intake->waiting--;
    r->timed = false;
    r->wake_ms = 0;
    r->wake_event = 0;
}

void
request_leave(struct request *r)
{
    struct intake *in = r->intake;
    forget_waiting(r);
    r->gone = true;
    if (r->next)
        r->next->prev = r->prev;
    if (r->prev)
        r->prev->next = r->next;
    else
        in->all = r->next;
    atomic_fetch_sub(&in->alive, 1);
    if (r->outstanding == 0)
        request_destroy(r);
}

void
request_wake(struct request *r)
{
    if (!r->suspended)
        return;
    forget_waiting(r);
    r->suspended = false;
    r->intake->resumed = true;
    MHD_resume_connection(r->connection);
}

/* A mail is back. */
static void
letter_done(struct mail *m)
{
    struct letter *l = m->door;
    struct request *r = l->request;
    r->intake->mails_out--;
    r->outstanding--;
    if (!r->gone) {
        *r->finished_end = l;
        r->finished_end = &l->link;
        request_wake(r);
        return;
    }
    letter_free(l);
    if (r->outstanding == 0)
        request_destroy(r);
}

struct mail *
request_mail(struct request *r, enum mail_kind kind)
{
    struct mail *m = mail_create(kind, r->who);
    if (!m)
        abort(); /* no memory for 1 KB: nothing sensible is left to do */
    return m;
}

bool
request_post(struct request *r, struct mail *m,
             void (*next)(struct request *, struct mail *), void *cargo)
{
    struct intake *in = r->intake;
    struct letter *l = malloc(sizeof *l);
    if (!l)
        return false;
    *l = (struct letter){r, m, next, cargo, NULL};
    m->box = in->box;
    m->done = letter_done;
    m->door = l;
    if (!mail_post(r->door->flow, m)) {
        free(l);
        return false;
    }
    r->outstanding++;
    in->mails_out++;
    return true;
}

void
request_ask(struct request *r, struct mail *m,
            void (*next)(struct request *, struct mail *))
{
    if (request_post(r, m, next, NULL))
        return;
    mail_free(m);
    problem_set(&r->problem, "unavailable",
                "Too much waits for the engine; try again shortly.");
    r->problem.retry_after_s = 1;
}

bool
request_is_ok(struct request *r, const struct mail *m)
{
    if (m->result == MAIL_OK)
        return true;
    if (!r->problem.code)
        problem_of_mail(&r->problem, m);
    return false;
}

bool
request_is_asking(struct request *r)
{
    return r->outstanding || r->finished;
}

bool
request_deliver(struct request *r)
{
    struct letter *l = r->finished;
    if (!l)
        return false;
    r->finished = l->link;
    if (!r->finished)
        r->finished_end = &r->finished;
    l->next(r, l->mail);
    letter_free(l);
    return true;
}

void
request_wake_in(struct request *r, unsigned ms)
{
    r->wake_ms = clock_mono().us / 1000 + ms;
}

/* A mail that nobody waits for is back. */
static void
lone_done(struct mail *m)
{
    struct intake *in = m->door;
    in->mails_out--;
    mail_free(m);
}

void
request_send_off(struct intake *in, struct mail *m)
{
    m->box = in->box;
    m->done = lone_done;
    m->door = in;
    in->mails_out++;
    if (!mail_post(in->door->flow, m))
        lone_done(m);
}

bool
request_wait(struct request *r)
{
    bool closing = atomic_load(&r->door->closing);
    bool timed = r->wake_ms || r->wake_event;
    if (r->finished || closing || (r->outstanding == 0 && !timed)) {
        /* A letter is here: go on at once. */
        bool may = r->finished && !closing;
        r->wake_ms = 0;
        r->wake_event = 0;
        if (may)
            request_yield(r);
        return may;
    }
    if (timed)
        r->intake->waiting++;
    r->timed = timed;
    r->suspended = true;
    MHD_suspend_connection(r->connection);
    return true;
}

void
request_yield(struct request *r)
{
    MHD_suspend_connection(r->connection);
    r->intake->resumed = true;
    MHD_resume_connection(r->connection);
}

struct slice
request_query(struct request *r, const char *name)
{
    const char *v =
        MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
    return v ? slice_str(v) : (struct slice){0};
}

struct slice
request_header(struct request *r, const char *name)
{
    const char *v =
        MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
    return v ? slice_str(v) : (struct slice){0};
}

bool
request_flag(struct request *r, const char *name)
{
    struct slice v = request_query(r, name);
    return v.p && (slice_eq(v, slice_str("true")) ||
                   slice_eq(v, slice_str("1")) || v.n == 0);
}

bool
request_id(struct request *r, unsigned param, enum id_kind kind, uint64_t *id)
{
    if (id_from_text(kind, r->param[param], id) && *id != 0)
        return true;
    problem_not_found(&r->problem);
    return false;
}

bool
request_query_id(struct request *r, const char *name, enum id_kind kind,
                 uint64_t *id)
{
    struct slice v = request_query(r, name);
    *id = 0;
    if (!v.p || v.n == 0)
        return true;
    if (id_from_text(kind, v, id))
        return true;
    problem_set(&r->problem, "bad_parameter", "`%s` is not an id of that kind.",
                name);
    return false;
}

bool
request_page(struct request *r, const char *list, unsigned *limit, uint64_t *a,
             uint64_t *b)
{
    struct slice text = request_query(r, "limit");
    struct slice cursor = request_query(r, "cursor");
    *limit = PAGE_LIMIT;
    *a = *b = 0;
    if (text.p) {
        char *end;
        unsigned long n = strtoul((const char *)text.p, &end, 10);
        if (text.n == 0 || text.n > 6 || *end || n == 0) {
            problem_set(&r->problem, "bad_parameter",
                        "`limit` is a number from 1 to %d.", PAGE_LIMIT_MAX);
            return false;
        }
        *limit = n < PAGE_LIMIT_MAX ? (unsigned)n : PAGE_LIMIT_MAX;
    }
    if (cursor.n && !page_cursor_read(list, cursor, a, b)) {
        problem_set(&r->problem, "bad_cursor",
                    "Use next_cursor of the page before as it is.");
        return false;
    }
    return true;
}

bool
request_form(struct request *r, struct form *f)
{
    struct slice text = slice_of(r->body.p, r->body.n);
    r->json = text.n ? form_parse(text, &r->problem) : json_object();
    if (!r->json)
        return false;
    form_begin(f, r->json, "", &r->problem);
    return true;
}

unsigned
request_texts(struct request *r, json_t *array, const char *pointer,
              const struct slice **texts)
{
    size_t n = json_array_size(array);
    struct slice *list = n ? calloc(n, sizeof *list) : NULL;
    if (!list)
        return 0;
    r->state = list;
    r->state_free = free;
    for (size_t i = 0; i < n; i++) {
        json_t *v = json_array_get(array, i);
        if (!json_is_string(v))
            problem_add(&r->problem, pointer, "wrong_type",
                        "A list of strings is read here.");
        else
            list[i] = slice_of(json_string_value(v), json_string_length(v));
    }
    *texts = list;
    return (unsigned)n;
}

bool
request_idempotency(struct request *r, struct slice *key)
{
    *key = request_header(r, "Idempotency-Key");
    if (!key->p || (key->n > 0 && key->n <= KEY_MAX))
        return true;
    problem_set(&r->problem, "bad_request",
                "An Idempotency-Key has 1 to %d characters.", KEY_MAX);
    return false;
}

uint64_t
request_body_hash(const struct request *r)
{
    return XXH64(r->body.p, r->body.n, 0);
}
