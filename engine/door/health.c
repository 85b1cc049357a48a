/*
 * health.c - is it alive, does it take work, how much has it done.
 */
#include <stdlib.h>

#include "engine/door/reply.h"
#include "engine/door/resources.h"

enum { METRICS_MAX = 512 * 1024 };

#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

void
health_alive(struct request *r)
{
    struct emit e = {0};
    emit_open(&e, '{');
    emit_member_word(&e, "status", "ok");
    emit_close(&e, '}');
    reply_json(r, 200, &e);
}

static void
status_known(struct request *r, struct mail *m)
{
    const struct mail_status *s = &m->status;
    struct emit e = {0};
    if (!request_is_ok(r, m))
        return;
    if (!s->ready) {
        problem_set(&r->problem, "not_ready", "%s", s->why);
        return;
    }
    emit_open(&e, '{');
    emit_member_word(&e, "status", "ready");
    emit_member_number(&e, "messages", s->messages);
    emit_member_number(&e, "waiting", s->waiting);
    emit_member_number(&e, "in_flight", s->in_flight);
    emit_member_number(&e, "uncertain", s->uncertain);
    emit_close(&e, '}');
    reply_json(r, 200, &e);
}

void
health_ready(struct request *r)
{
    request_ask(r, request_mail(r, MAIL_STATUS), status_known);
}

static void
metric(struct emit *e, const char *name, const char *kind, const char *help,
       uint64_t v)
{
    emit_format(e, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name,
                kind, name, (unsigned long long)v);
}

/* The door's own. */
static void
door_metrics(struct door *d, struct emit *e)
{
    emit_text(e, "# HELP volley_http_answers_total HTTP answers by hundreds of "
                 "their status\n# TYPE volley_http_answers_total counter\n");
    for (unsigned i = 1; i < 6; i++)
        emit_format(e, "volley_http_answers_total{status=\"%uxx\"} %llu\n", i,
                    (unsigned long long)atomic_load(&d->answered[i]));
    metric(e, "volley_http_body_bytes_total", "counter",
           "octets of HTTP bodies read", atomic_load(&d->octets_in));
    metric(e, "volley_http_cut_off_total", "counter",
           "HTTP connections closed because they were too slow",
           atomic_load(&d->cut_off));
    metric(e, "volley_http_connections", "gauge", "HTTP connections open",
           atomic_load(&d->connections));
    metric(e, "volley_http_streams", "gauge", "event streams open",
           atomic_load(&d->streams));
}

void
health_metrics(struct request *r)
{
    struct emit e = {0};
    struct query *q = door_query(r->door);
    char *room = emit_room(&e, METRICS_MAX);
    if (!q || !room) {
        emit_fini(&e);
        problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    struct writer w = writer_of(room, METRICS_MAX);
    query_metrics(q, &w);
    e.n = writer_used(&w);
    door_metrics(r->door, &e);
    reply_emit(r, 200, TYPE_METRICS, &e);
}
