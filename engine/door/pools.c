/*
 * pools.c - sets of numbers used as one.
 */
#include <stdlib.h>

#include "engine/door/reply.h"
#include "engine/door/resources.h"

enum { NUMBERS_MAX = 1000, WEIGHT_MAX = 1000 };

static void
pool_emit(struct emit *e, const struct pool_view *p)
{
    emit_open(e, '{');
    emit_member_id(e, "id", ID_POOL, p->pool);
    emit_member_word(e, "name", p->name);
    emit_key(e, "numbers");
    emit_open(e, '[');
    for (unsigned i = 0; i < p->numbers; i++)
        emit_word(e, p->number[i]);
    emit_close(e, ']');
    if (p->weight) {
        emit_key(e, "weights");
        emit_open(e, '{');
        for (unsigned i = 0; i < p->numbers; i++)
            emit_member_number(e, p->number[i], p->weight[i]);
        emit_close(e, '}');
    }
    emit_member_bool(e, "exclusive", p->exclusive);
    emit_member_word(e, "on_conflict",
                     p->on_conflict[0] ? p->on_conflict : "reroute");
    emit_close(e, '}');
}

static void
put(struct request *r, struct mail *m)
{
    struct emit e = {0};
    const struct mail_pool *p = &m->pool;
    if (!request_is_ok(r, m))
        return;
    if (p->count) {
        pool_emit(&e, &p->rows[0]);
        reply_json(r, 201, &e);
        return;
    }
    emit_open(&e, '{');
    emit_member_id(&e, "id", ID_POOL, p->pool);
    emit_member_string(&e, "name", p->name);
    emit_key(&e, "numbers");
    emit_open(&e, '[');
    for (unsigned i = 0; i < p->numbers; i++)
        emit_string(&e, p->number[i]);
    emit_close(&e, ']');
    if (p->weight) {
        emit_key(&e, "weights");
        emit_open(&e, '{');
        for (unsigned i = 0; i < p->numbers; i++) {
            char number[32];
            slice_to_str(p->number[i], number, sizeof number);
            emit_member_number(&e, number, p->weight[i]);
        }
        emit_close(&e, '}');
    }
    emit_member_bool(&e, "exclusive", p->exclusive);
    emit_key(&e, "on_conflict");
    emit_string(&e, p->on_conflict.n ? p->on_conflict : slice_str("reroute"));
    emit_close(&e, '}');
    reply_json(r, 201, &e);
}

/* {"+12125550101": 3}: of those that are not named, 1. Behind the numbers in
 * the request's own memory. */
static void
read_weights(struct request *r, struct form *f, struct mail_pool *p)
{
    json_t *weights = form_object(f, "weights"), *value;
    const char *name;
    size_t slices = p->numbers * sizeof *p->number, named = 0;
    uint64_t sum = 0;
    if (!weights || p->numbers == 0)
        return;
    r->state = realloc(r->state, slices + p->numbers * sizeof *p->weight);
    if (!r->state)
        abort();
    p->number = r->state;
    uint32_t *weight = (uint32_t *)(void *)((char *)r->state + slices);
    p->weight = weight;
    for (unsigned i = 0; i < p->numbers; i++) {
        weight[i] = 1;
        json_object_foreach(weights, name, value)
        {
            if (!slice_eq(p->number[i], slice_str(name)))
                continue;
            json_int_t n = json_integer_value(value);
            if (!json_is_integer(value) || n < 0 || n > WEIGHT_MAX)
                problem_add(&r->problem, "/weights", "out_of_range",
                            "A weight is a whole number from 0 to 1,000.");
            else
                weight[i] = (uint32_t)n;
            named++;
        }
        sum += weight[i];
    }
    if (named != json_object_size(weights))
        problem_add(&r->problem, "/weights", "unknown_number",
                    "`weights` has names that `numbers` has.");
    else if (sum == 0)
        problem_add(&r->problem, "/weights", "out_of_range",
                    "At least one weight is more than 0.");
}

void
pools_put(struct request *r)
{
    static const char *const ways[] = {"reroute", "hold", "fail", "share",
                                       NULL};
    struct form f;
    if (!request_form(r, &f))
        return;
    struct mail *m = request_mail(r, MAIL_POOL_PUT);
    m->pool.name = form_need_text(&f, "name", 63);
    m->pool.exclusive = form_bool(&f, "exclusive", true);
    int way = form_word(&f, "on_conflict", ways);
    if (way >= 0)
        m->pool.on_conflict = slice_str(ways[way]);
    json_t *numbers = form_array(&f, "numbers", NUMBERS_MAX);
    if (!numbers || json_array_size(numbers) == 0)
        problem_add(&r->problem, "/numbers", "missing",
                    "A pool has at least one number.");
    m->pool.numbers = request_texts(r, numbers, "/numbers", &m->pool.number);
    read_weights(r, &f, &m->pool);
    if (form_end(&f))
        request_ask(r, m, put);
    else
        mail_free(m);
}

static void
row_emit(struct request *r, struct emit *e, const struct mail *m, unsigned i)
{
    (void)r;
    pool_emit(e, &m->pool.rows[i]);
}

static void
listed(struct request *r, struct mail *m)
{
    reply_rows(r, m, "pools", m->pool.count, row_emit);
}

void
pools_list(struct request *r)
{
    request_ask(r, request_mail(r, MAIL_POOL_LIST), listed);
}

static void
found(struct request *r, struct mail *m)
{
    struct emit e = {0};
    uint64_t id = 0;
    if (!request_is_ok(r, m))
        return;
    bool by_id = id_from_text(ID_POOL, r->param[0], &id);
    for (unsigned i = 0; i < m->pool.count; i++) {
        const struct pool_view *p = &m->pool.rows[i];
        if (by_id ? p->pool != id : !slice_eq(slice_str(p->name), r->param[0]))
            continue;
        pool_emit(&e, p);
        reply_json(r, 200, &e);
        return;
    }
    problem_not_found(&r->problem);
}

void
pools_get(struct request *r)
{
    request_ask(r, request_mail(r, MAIL_POOL_LIST), found);
}
