/*
 * server.c - who may connect, and all the binds there are.
 *
 * Promise: a turn touches only binds with something due, with new output or
 * with output held; idle ones cost nothing. Connections that are not bound
 * are bounded in number, by address and in all: the oldest that said nothing
 * makes room for a new one once it had a second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/client/client_inside.h"
#include "engine/core/listen.h"
#include "engine/core/log.h"
#include "engine/core/loop.h"
#include "engine/core/metrics.h"

enum {
    CHANCE_MS = 1000,      /* to say something, before one may be dropped */
    DROP_LOOKS = 64,       /* for an old one of the same address */
    DUE_A_TURN = 512,      /* binds whose timers are served in a turn */
    UNBOUND_READ = 4096,   /* as much as a flooder gets in a turn */
    UNBOUND_OUTPUT = 4096, /* answers that a stranger does not read */
};

/* ---- places ---- */

struct client *
client_create(struct clients *s)
{
    struct client *c = calloc(1, sizeof *c);
    /* One more than there are: a deadline never lacks its place. */
    if (!c || !deadlines_reserve(&s->due, s->count + 1)) {
        free(c);
        return NULL;
    }
    c->server = s;
    c->due.owner = c;
    c->begun = loop_mono(s->loop);
    c->since = loop_wall(s->loop);
    list_append(&s->all, &c->all, c);
    s->count++;
    return c;
}

void
client_destroy(struct client *c)
{
    struct clients *s = c->server;
    client_leave_unbound(c);
    list_remove(&s->fresh, &c->fresh);
    list_remove(&s->held, &c->held);
    list_remove(&s->sated, &c->sated);
    list_remove(&s->all, &c->all);
    deadlines_clear(&s->due, &c->due);
    s->count--;
    loop_reap(s->loop, c, free);
}

void
client_leave_unbound(struct client *c)
{
    struct clients *s = c->server;
    list_remove(&s->silent, &c->silent);
    if (!c->unbound)
        return;
    c->unbound = false;
    s->unbound--;
    guard_drop(&s->guard, c->address);
}

void
client_has_output(struct client *c)
{
    list_append(&c->server->fresh, &c->fresh, c);
}

bool
client_is_crowded(const struct client *c)
{
    const struct clients *s = c->server;
    return c->unbound &&
           (s->unbound > s->settings.unbound / 2 ||
            guard_count(&s->guard, c->address) > s->settings.per_address / 2);
}

/* ---- strangers ---- */

/* Drops the oldest that has said nothing for a second. any: of whatever
 * address. False when there is none. */
static bool
drop_silent(struct clients *s, uint64_t address, bool any)
{
    struct mono now = loop_mono(s->loop);
    struct list_link *k = s->silent.first;
    for (int i = 0; k && i < DROP_LOOKS; i++, k = k->next) {
        struct client *c = k->owner;
        if (mono_since_ms(c->begun, now) < CHANCE_MS)
            return false; /* all behind it are younger */
        if (!any && c->address != address)
            continue;
        client_leave_unbound(c);
        session_close(c->session, CLOSE_ASKED, "made room for another", false);
        return true;
    }
    return false;
}

static bool
may_enter(struct clients *s, uint64_t address)
{
    const struct clients_settings *t = &s->settings;
    if (s->closing || s->count >= t->connections)
        return false;
    bool few = guard_count(&s->guard, address) < t->per_address;
    if (!few && !drop_silent(s, address, false))
        return false;
    return s->unbound < t->unbound || drop_silent(s, address, true);
}

static void
turn_away(int fd, const char *why)
{
    metric_add(METRIC_CLIENTS_TURNED_AWAY, 1);
    log_warn(ROOM_CLIENT, "connection_turned_away", "reason=\"%s\"", why);
    close(fd);
}

void
clients_take(struct clients *s, int fd, bool tls)
{
    uint64_t address = guard_address(fd);
    if (!may_enter(s, address)) {
        turn_away(fd, "too many connections that are not bound");
        return;
    }
    struct client *c = client_create(s);
    if (!c) {
        turn_away(fd, "out of memory");
        return;
    }
    struct conn_settings how = {
        .tls = tls ? s->settings.tls : NULL,
        .connect_ms = s->settings.bind_ms,
        .read_turn = UNBOUND_READ,
        .output_max = UNBOUND_OUTPUT,
        .stall_ms = s->settings.stall_ms,
    };
    struct session_settings settings;
    client_session_settings(s, &settings);
    c->session =
        session_accept(s->loop, fd, &how, &settings, &client_session_ops, c);
    if (!c->session) { /* fd is closed already */
        client_destroy(c);
        return;
    }
    c->number = session_number(c->session);
    c->address = address;
    c->unbound = true;
    s->unbound++;
    guard_add(&s->guard, address);
    list_append(&s->silent, &c->silent, c);
}

static void
on_accepted(void *arg, int fd)
{
    struct client_port *port = arg;
    clients_take(port->server, fd, port->tls);
}

/* ---- the server ---- */

static bool
listen_on(struct clients *s, const char *const *where, unsigned n, bool tls,
          char *error, size_t cap)
{
    for (unsigned i = 0; i < n; i++) {
        if (s->ports == CLIENT_LISTENERS_MAX) {
            snprintf(error, cap, "more than %d addresses to listen on",
                     CLIENT_LISTENERS_MAX);
            return false;
        }
        struct client_port *p = &s->port[s->ports];
        *p = (struct client_port){.server = s, .tls = tls};
        p->listener =
            listener_open(s->loop, where[i], on_accepted, p, error, cap);
        if (!p->listener)
            return false;
        s->ports++;
    }
    return true;
}

static void
stop_listening(struct clients *s)
{
    for (unsigned i = 0; i < s->ports; i++)
        listener_close(s->port[i].listener);
    s->ports = 0;
}

struct clients *
clients_create(struct loop *loop, const struct clients_settings *settings,
               const struct client_ops *ops, void *flow, char *error,
               size_t error_cap)
{
    struct clients *s = calloc(1, sizeof *s);
    if (!s || !guard_init(&s->guard, settings->unbound + 1)) {
        snprintf(error, error_cap, "out of memory");
        free(s);
        return NULL;
    }
    s->loop = loop;
    s->settings = *settings;
    s->ops = ops;
    s->flow = flow;
    if (settings->listen_tls_n && !settings->tls)
        snprintf(error, error_cap, "listen_tls needs a certificate");
    else if (listen_on(s, settings->listen, settings->listen_n, false, error,
                       error_cap) &&
             listen_on(s, settings->listen_tls, settings->listen_tls_n, true,
                       error, error_cap))
        return s;
    clients_destroy(s);
    return NULL;
}

void
clients_close(struct clients *s, bool drain)
{
    s->closing = true;
    stop_listening(s);
    for (struct list_link *k = s->all.first, *next; k; k = next) {
        next = k->next;
        struct client *c = k->owner;
        if (drain || c->state < CLIENT_BOUND)
            client_kick(c, "shutting down", drain);
        else
            client_unbind_now(c);
    }
}

bool
clients_is_closed(const struct clients *s)
{
    return s->closing && s->count == 0;
}

void
clients_destroy(struct clients *s)
{
    if (!s)
        return;
    stop_listening(s);
    for (struct list_link *k = s->all.first, *next; k; k = next) {
        next = k->next;
        struct client *c = k->owner;
        if (c->session)
            session_orphan(c->session);
        client_destroy(c);
    }
    outbind_fini(s);
    deadlines_fini(&s->due);
    guard_fini(&s->guard);
    free(s);
}

uint16_t
clients_port(const struct clients *s, bool tls, unsigned i)
{
    for (unsigned p = 0; p < s->ports; p++)
        if (s->port[p].tls == tls && i-- == 0)
            return listener_port(s->port[p].listener);
    return 0;
}

/* ---- a turn ---- */

void
clients_tick(struct clients *s, struct mono now)
{
    struct deadline *d;
    client_share_anew(s);
    for (int i = 0; i < DUE_A_TURN; i++) {
        d = deadlines_first(&s->due);
        if (!d || !mono_reached(now, d->when))
            break;
        struct client *c = d->owner;
        client_tick(c, now);
        struct mono due = client_due(c);
        if (due.us == UINT64_MAX)
            deadlines_clear(&s->due, d);
        else
            deadlines_set(&s->due, d, due);
    }
    d = deadlines_first(&s->due);
    if (d)
        loop_wake_at(s->loop, d->when);
    outbind_tick(s, now);
}

void
clients_hold(struct clients *s, uint64_t pos)
{
    struct list_link *k;
    while ((k = s->fresh.first)) {
        struct client *c = k->owner;
        list_remove(&s->fresh, k);
        client_hold(c, pos);
        list_append(&s->held, &c->held, c);
    }
}

void
clients_release(struct clients *s, uint64_t durable)
{
    for (struct list_link *k = s->held.first, *next; k; k = next) {
        next = k->next;
        struct client *c = k->owner;
        client_release(c, durable);
        if (!session_is_held(c->session))
            list_remove(&s->held, k);
    }
}

void
clients_pause_reading(struct clients *s, bool paused)
{
    if (s->reading_paused == paused)
        return;
    s->reading_paused = paused;
    for (struct list_link *k = s->all.first; k; k = k->next) {
        struct client *c = k->owner;
        if (c->state == CLIENT_BOUND && c->session)
            session_pause(c->session, paused);
    }
}

/* Who waits for its window is offered what stands in its way again: it may be
 * refused now, and what is behind it heard. */
void
clients_turn_down(struct clients *s, uint32_t status)
{
    if (s->turned_down == status)
        return;
    s->turned_down = status;
    for (struct list_link *k = s->all.first; k && status; k = k->next) {
        struct client *c = k->owner;
        if (!c->window.put_off || !c->session || s->reading_paused)
            continue;
        c->window.put_off = false;
        session_pause(c->session, false);
    }
}

/* ---- lists ---- */

struct client *
clients_next(const struct clients *s, const struct client *c)
{
    const struct list_link *k = c ? c->all.next : s->all.first;
    return k ? k->owner : NULL;
}

unsigned
clients_count(const struct clients *s)
{
    return s->count;
}
