/*
 * client_outbind.c - clients that ask to be called.
 *
 * Promise: one connection to each address at most; it is dialled again with
 * back-off, which a bind that lasted a minute starts anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/client/client_inside.h"
#include "engine/core/log.h"
#include "engine/core/loop.h"

enum {
    DIAL_MIN_MS = 1000,
    DIAL_MAX_MS = 300000,
    CONNECT_MS = 10000,
    LASTED_MS = 60000,
    OUTPUT = 4096, /* until bound */
};

/* "host:port", an IPv6 address in brackets. */
static bool
parse_where(const char *where, struct outbind *o)
{
    const char *colon = strrchr(where, ':');
    if (!colon || colon == where)
        return false;
    size_t n = (size_t)(colon - where);
    if (where[0] == '[' && where[n - 1] == ']') {
        where++;
        n -= 2;
    }
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (n == 0 || n >= sizeof o->host || end == colon + 1 || *end ||
        port == 0 || port > 65535)
        return false;
    memcpy(o->host, where, n);
    o->host[n] = 0;
    o->port = (uint16_t)port;
    return true;
}

static struct outbind *
find(const struct clients *s, uint32_t login)
{
    struct outbind *o = s->outbind;
    while (o && o->login != login)
        o = o->next;
    return o;
}

static struct outbind *
make(struct clients *s, uint32_t login)
{
    struct outbind *o = calloc(1, sizeof *o);
    if (!o || !deadlines_reserve(&s->outbind_due, ++s->outbinds)) {
        free(o);
        return NULL;
    }
    o->server = s;
    o->login = login;
    o->due.owner = o;
    o->next = s->outbind;
    s->outbind = o;
    return o;
}

static void
dial_at(struct outbind *o, struct mono when)
{
    struct clients *s = o->server;
    deadlines_set(&s->outbind_due, &o->due, when);
    loop_wake_at(s->loop, when);
}

bool
clients_outbind(struct clients *s, uint32_t login, const char *where,
                const char *system_id, const char *password)
{
    struct outbind *o = find(s, login), asked = {0};
    if (!where) {
        if (o) {
            o->wanted = false;
            deadlines_clear(&s->outbind_due, &o->due);
        }
        return true;
    }
    if (!parse_where(where, &asked) || (!o && !(o = make(s, login))))
        return false;
    memcpy(o->host, asked.host, sizeof o->host);
    o->port = asked.port;
    snprintf(o->system_id, sizeof o->system_id, "%s", system_id);
    snprintf(o->password, sizeof o->password, "%s", password);
    struct mono now = loop_mono(s->loop);
    if (!o->wanted) {
        o->wanted = true;
        backoff_init(&o->backoff, DIAL_MIN_MS, DIAL_MAX_MS,
                     now.us ^ (uintptr_t)o);
        if (!o->client)
            dial_at(o, now);
    }
    return true;
}

static void
dial(struct outbind *o)
{
    struct clients *s = o->server;
    struct conn_settings where = {
        .host = o->host,
        .port = o->port,
        .connect_ms = CONNECT_MS,
        .output_max = OUTPUT,
        .stall_ms = s->settings.stall_ms,
    };
    struct session_settings settings;
    client_session_settings(s, &settings);
    struct client *c = client_create(s);
    if (c) {
        c->outbind = o;
        c->session =
            session_dial(s->loop, &where, &settings, &client_session_ops, c);
    }
    if (!c || !c->session) {
        if (c)
            client_destroy(c);
        dial_at(o, mono_add_ms(loop_mono(s->loop), backoff_next(&o->backoff)));
        return;
    }
    c->number = session_number(c->session);
    o->client = c;
    o->was_bound = false;
}

void
outbind_opened(struct client *c)
{
    const struct outbind *o = c->outbind;
    struct pdu p;
    pdu_init(&p, SMPP_OUTBIND, 0, 0);
    pdu_set_slice(&p, FIELD_SYSTEM_ID, slice_str(o->system_id));
    pdu_set_slice(&p, FIELD_PASSWORD, slice_str(o->password));
    if (!session_tell(c->session, &p))
        session_close(c->session, CLOSE_ASKED, "outbind could not be said",
                      false);
}

void
outbind_bound(struct client *c)
{
    c->outbind->was_bound = true;
    c->outbind->bound_at = loop_mono(c->server->loop);
}

void
outbind_closed(struct client *c)
{
    struct outbind *o = c->outbind;
    struct mono now = loop_mono(c->server->loop);
    o->client = NULL;
    if (o->was_bound && mono_since_ms(o->bound_at, now) >= LASTED_MS)
        backoff_reset(&o->backoff);
    if (!o->wanted || c->server->closing)
        return;
    uint32_t ms = backoff_next(&o->backoff);
    log_debug(ROOM_CLIENT, "outbind_again", "host=%s port=%u in_ms=%u", o->host,
              o->port, ms);
    dial_at(o, mono_add_ms(now, ms));
}

void
outbind_tick(struct clients *s, struct mono now)
{
    struct deadline *d;
    while ((d = deadlines_first(&s->outbind_due)) &&
           mono_reached(now, d->when)) {
        struct outbind *o = d->owner;
        deadlines_clear(&s->outbind_due, d);
        if (!s->closing && o->wanted && !o->client)
            dial(o);
    }
    if (d)
        loop_wake_at(s->loop, d->when);
}

void
outbind_fini(struct clients *s)
{
    for (struct outbind *o = s->outbind, *next; o; o = next) {
        next = o->next;
        free(o);
    }
    deadlines_fini(&s->outbind_due);
}
