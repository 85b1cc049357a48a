/*
 * client_desk.c - binds are let in or turned away, requests dispatched.
 *
 * Promise: as in client_desk.h.
 */
#include "engine/flow/client_desk.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "engine/core/log.h"
#include "engine/flow/keeper.h"
#include "engine/flow/login.h"
#include "engine/flow/outbox.h"
#include "proto/smpp.h"

enum {
    /* From the question to a refusal, whatever it was: a hash takes 50 ms. */
    REFUSE_MS = 1000,
    WRONG_MAX = 256, /* digests of wrong passwords that are remembered */
    WRONG_MS = 30000,
};

/* What is kept of a bind from its question to its end. */
struct seat {
    struct client *client; /* NULL: gone while it was asked about */
    uint32_t login;        /* 0: no such system_id */
    uint64_t token;        /* of the keeper's question; 0: none is open */
    uint64_t hash;         /* of the password that it was asked about */
    struct mono asked_at;
    const char *reason;
    bool in; /* among the login's binds */
    bool tls;
    uint8_t digest[32];
    char peer[64], certificate[128];
    struct seat *next; /* waits for the keeper */
};

struct client_desk {
    struct keeper *keeper;
    const char *system_id; /* ours; of the settings that we were opened with */
    uint8_t key[32];       /* of digests, of this process */
    uint64_t tokens;
    struct seat *asking; /* newest first */
    struct {
        uint8_t digest[32];
        struct mono at;
    } wrong[WRONG_MAX];
};

/* ---- refusing and letting in ----------------------------------------------
 */

static void
turn_away(struct flow *f, struct seat *s, uint32_t status, const char *reason)
{
    uint64_t waited = mono_since_ms(s->asked_at, f->now);
    struct login *l = directory_login(&f->directory, s->login);
    s->reason = reason;
    if (l) {
        l->last_status = status;
        l->last_refused_ms = f->wall.ms;
    }
    log_info(ROOM_FLOW, "bind_refused", "login=%u reason=\"%s\" status=0x%02x",
             s->login, reason, (unsigned)status);
    client_refuse(s->client, status,
                  waited < REFUSE_MS ? (unsigned)(REFUSE_MS - waited) : 0);
}

static void
grant_of(const struct login *l, struct client_grant *out)
{
    *out = (struct client_grant){
        .login = l->id,
        .account = l->account,
        .window_in = l->window,
        .window_out = l->window,
        .enquire_ms = l->enquire_ms,
        .idle_ms = l->idle_ms,
    };
}

/* The subject itself, or its common name. */
static bool
certificate_fits(const char *subject, const char *wanted)
{
    size_t n = strlen(wanted);
    if (strcmp(subject, wanted) == 0)
        return true;
    for (const char *at = subject; (at = strstr(at, "CN=")); at++) {
        const char *name = at + 3;
        if (strncmp(name, wanted, n) == 0 &&
            (!name[n] || name[n] == ',' || name[n] == '/'))
            return true;
    }
    return false;
}

/* The password was right: the rest may be told. */
static void
let_in(struct flow *f, struct seat *s, struct login *l)
{
    const struct account *a = directory_account(&f->directory, l->account);
    struct client_grant grant;
    if (l->disabled || !a || a->deleted) {
        turn_away(f, s, ESME_RBINDFAIL, "the login is disabled");
    } else if (!login_allows_peer(l, s->peer)) {
        turn_away(f, s, ESME_RBINDFAIL, "the address is not allowed");
    } else if (l->tls_required && !s->tls) {
        turn_away(f, s, ESME_RBINDFAIL, "TLS is required");
    } else if (l->certificate[0] &&
               !certificate_fits(s->certificate, l->certificate)) {
        turn_away(f, s, ESME_RBINDFAIL, "another certificate is required");
    } else if (l->binds >= l->max_binds) {
        turn_away(f, s, ESME_RALYBND, "all binds of the login are taken");
    } else {
        grant_of(l, &grant);
        login_add_bind(l, s->client);
        s->in = true;
        client_accept(s->client, &grant);
    }
}

/* ---- passwords ------------------------------------------------------------
 */

/* Tells one password of a login from the next: its hash is salted. */
static uint64_t
hash_of(const struct login *l)
{
    return l ? XXH3_64bits(l->hash, strlen(l->hash)) : 0;
}

/* What was right or wrong before a change says nothing after it. */
static void
digest_of(struct client_desk *d, const struct seat *s, const char *system_id,
          const char *password, uint8_t out[32])
{
    uint8_t room[544];
    unsigned n = 32;
    struct writer w = writer_of(room, sizeof room);
    writer_le32(&w, s->login);
    writer_le64(&w, s->hash);
    writer_bytes(&w, slice_str(system_id));
    writer_bytes(&w, slice_str(password));
    /* Longer ones than fit are no passwords of ours: all alike. */
    HMAC(EVP_sha256(), d->key, sizeof d->key, room, writer_used(&w), out, &n);
    OPENSSL_cleanse(room, sizeof room);
}

static unsigned
wrong_place(const uint8_t digest[32])
{
    return digest[0] % WRONG_MAX;
}

static bool
is_known_wrong(const struct client_desk *d, const uint8_t digest[32],
               struct mono now)
{
    unsigned i = wrong_place(digest);
    return d->wrong[i].at.us && mono_since_ms(d->wrong[i].at, now) < WRONG_MS &&
           CRYPTO_memcmp(d->wrong[i].digest, digest, 32) == 0;
}

/* One question for all who gave the same words. */
static bool
ask(struct flow *f, struct seat *s, const struct login *l, const char *password)
{
    struct client_desk *d = f->client_desk;
    for (const struct seat *x = d->asking; x; x = x->next)
        if (CRYPTO_memcmp(x->digest, s->digest, 32) == 0)
            s->token = x->token;
    if (!s->token) {
        uint64_t token = ++d->tokens;
        if (!keeper_ask(d->keeper, l ? l->hash : "", slice_str(password),
                        login_peer_share(s->peer), token))
            return false;
        s->token = token;
    }
    s->next = d->asking;
    d->asking = s;
    return true;
}

static void
answer(struct flow *f, struct seat *s, bool right)
{
    struct client_desk *d = f->client_desk;
    struct login *l = directory_login(&f->directory, s->login);
    s->token = 0;
    if (right && l && !l->deleted && s->hash == hash_of(l)) {
        memcpy(l->digest, s->digest, 32);
        l->has_digest = true;
        if (s->client)
            let_in(f, s, l);
        return;
    }
    memcpy(d->wrong[wrong_place(s->digest)].digest, s->digest, 32);
    d->wrong[wrong_place(s->digest)].at = f->now;
    if (s->client)
        turn_away(f, s, ESME_RINVPASWD, "wrong system_id or password");
}

void
client_desk_tick(struct flow *f)
{
    struct client_desk *d = f->client_desk;
    uint64_t token;
    bool right;
    while (d && keeper_take(d->keeper, &token, &right))
        for (struct seat **at = &d->asking; *at;) {
            struct seat *s = *at;
            if (s->token != token) {
                at = &s->next;
                continue;
            }
            *at = s->next;
            answer(f, s, right);
            if (!s->client)
                free(s);
        }
}

/* ---- ears -----------------------------------------------------------------
 */

/* The bind's seat is given up; one that was asked about is freed when the
 * keeper has answered. */
static void
leave(struct flow *f, struct client *c)
{
    struct seat *s = client_owner(c);
    if (!s)
        return;
    client_set_owner(c, NULL);
    struct login *l = directory_login(&f->directory, s->login);
    if (s->in && l)
        login_drop_bind(l, c);
    s->client = NULL;
    if (!s->token)
        free(s);
}

static void
on_bind_asked(void *flow, struct client *c, const struct client_hello *hello)
{
    struct flow *f = flow;
    struct client_desk *d = f->client_desk;
    struct login *l =
        directory_find_login(&f->directory, slice_str(hello->system_id));
    struct seat *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    leave(f, c); /* it has asked before */
    *s = (struct seat){
        .client = c,
        .login = l ? l->id : 0,
        .hash = hash_of(l),
        .asked_at = f->now,
        .reason = "",
        .tls = hello->tls[0] != 0,
    };
    snprintf(s->peer, sizeof s->peer, "%s", hello->peer);
    snprintf(s->certificate, sizeof s->certificate, "%s", hello->certificate);
    client_set_owner(c, s);
    digest_of(d, s, hello->system_id, hello->password, s->digest);
    if (l && l->has_digest && CRYPTO_memcmp(l->digest, s->digest, 32) == 0)
        let_in(f, s, l);
    else if (is_known_wrong(d, s->digest, f->now))
        turn_away(f, s, ESME_RINVPASWD, "wrong system_id or password");
    else if (!ask(f, s, l, hello->password))
        turn_away(f, s, ESME_RSYSERR, "too many passwords to look at");
}

static void
refuse(struct client *c, const struct pdu *p, uint32_t status,
       const char *reason)
{
    client_desk_note(c, reason);
    client_answer(c, p->id, p->sequence, status, (struct slice){0});
}

/* Nothing that makes facts is looked at while the log is behind, or the disk
 * has no room for them. */
static enum client_take
on_request(void *flow, struct client *c, const struct pdu *p)
{
    struct flow *f = flow;
    bool stuck = store_state(f->store, NULL, 0) != STORE_OK;
    if (stuck)
        clients_turn_down(f->clients, ESME_RMSGQFUL);
    if (p->id != SMPP_QUERY_SM && (stuck || journal_is_full(&f->journal)))
        return CLIENT_LATER; /* refused, then, when it is offered again */
    switch (p->id) {
    case SMPP_SUBMIT_SM:
    case SMPP_DATA_SM: client_submit(f, c, p); break;
    case SMPP_SUBMIT_MULTI: client_submit_multi(f, c, p); break;
    case SMPP_QUERY_SM: client_query(f, c, p); break;
    case SMPP_CANCEL_SM: client_cancel(f, c, p); break;
    case SMPP_REPLACE_SM: client_replace(f, c, p); break;
    default: refuse(c, p, ESME_RINVCMDID, "unknown command"); break;
    }
    return CLIENT_TAKEN;
}

static void
on_answered(void *flow, struct client *c, uint64_t note, uint32_t status)
{
    outbox_answered(flow, client_login(c), note, status);
}

static void
on_lost(void *flow, struct client *c, uint64_t note, enum session_loss loss)
{
    (void)loss;
    outbox_lost(flow, client_login(c), note);
}

static void
on_bound(void *flow, struct client *c)
{
    if (client_mode(c) != SESSION_TRANSMITTER)
        outbox_wake(flow, client_login(c));
}

static void
on_closed(void *flow, struct client *c, enum close_reason why,
          const char *detail)
{
    (void)why, (void)detail;
    leave(flow, c);
}

const struct client_ops client_desk_ops = {
    .bind_asked = on_bind_asked,
    .request = on_request,
    .answered = on_answered,
    .lost = on_lost,
    .bound = on_bound,
    .closed = on_closed,
};

const char *
client_desk_reason(const struct client *c)
{
    const struct seat *s = client_owner(c);
    return s ? s->reason : "";
}

void
client_desk_note(struct client *c, const char *reason)
{
    struct seat *s = client_owner(c);
    if (s)
        s->reason = reason;
}

/* ---- life -----------------------------------------------------------------
 */

void
client_desk_changed(struct flow *f, struct login *l)
{
    struct client_grant grant;
    bool gone = l->deleted || l->disabled;
    grant_of(l, &grant);
    for (unsigned i = l->binds; i-- > 0;) {
        if (gone || i >= l->max_binds)
            client_kick(
                l->bind[i],
                gone ? "the login is disabled" : "max_binds was lowered", true);
        else
            client_regrant(l->bind[i], &grant);
    }
    if (f->clients)
        clients_outbind(f->clients, l->id,
                        gone || !l->outbind[0] ? NULL : l->outbind,
                        f->client_desk->system_id, "");
}

bool
client_desk_open(struct flow *f, char why[STORE_WHY_BYTES])
{
    const struct clients_settings *s = f->settings->clients;
    if (!s)
        return true;
    struct client_desk *d = f->client_desk = calloc(1, sizeof *d);
    if (!d || RAND_bytes(d->key, sizeof d->key) != 1 ||
        !(d->keeper = keeper_create(f->loop))) {
        snprintf(why, STORE_WHY_BYTES, "smpp: the keeper cannot be started");
        return false;
    }
    d->system_id = s->system_id;
    f->clients =
        clients_create(f->loop, s, &client_desk_ops, f, why, STORE_WHY_BYTES);
    if (!f->clients)
        return false;
    for (uint32_t i = 1; i < f->directory.logins.rows; i++) {
        struct login *l = directory_login(&f->directory, i);
        if (l && l->outbind[0])
            client_desk_changed(f, l);
    }
    return true;
}

void
client_desk_close(struct flow *f)
{
    struct client_desk *d = f->client_desk;
    /* They are dropped, and say nothing any more. */
    for (struct client *c = f->clients ? clients_next(f->clients, NULL) : NULL;
         c; c = clients_next(f->clients, c))
        leave(f, c);
    clients_destroy(f->clients);
    f->clients = NULL;
    if (!d)
        return;
    keeper_destroy(d->keeper);
    while (d->asking) {
        struct seat *s = d->asking;
        d->asking = s->next;
        free(s);
    }
    OPENSSL_cleanse(d, sizeof *d);
    free(d);
    f->client_desk = NULL;
}
