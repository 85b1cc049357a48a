/*
 * fake_client.c - client.h without sockets.
 *
 * Promise: as in fake_client.h.
 */
#include "tests/scenario/fake_client.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/scenario/fake_carrier.h"
#include "tests/scenario/world.h"

enum { DELIVERIES_MAX = 1024, CLIENTS_MAX = 32, ROOM = 100 };

struct client {
    struct clients *server;
    struct client_grant grant;
    uint64_t number;
    enum session_mode mode;
    uint8_t version;
    bool bound, closing, paused, stuffed;
    uint32_t refusal;
    unsigned room;
    void *owner;
    struct fake_reply reply;
};

struct clients {
    const struct client_ops *ops;
    void *flow;
    struct client *client[CLIENTS_MAX];
    unsigned count;
    uint32_t turned_down;
};

static struct clients *server; /* there is one at a time */
static struct fake_delivery ledger[DELIVERIES_MAX];
static unsigned delivered;
static uint64_t moves, numbers;

/* ---- the server -----------------------------------------------------------
 */

void
clients_settings_default(struct clients_settings *out)
{
    *out = (struct clients_settings){.system_id = "volley"};
}

struct clients *
clients_create(struct loop *loop, const struct clients_settings *settings,
               const struct client_ops *ops, void *flow, char *error,
               size_t error_cap)
{
    (void)loop, (void)settings, (void)error, (void)error_cap;
    server = calloc(1, sizeof *server);
    if (!server)
        abort();
    server->ops = ops;
    server->flow = flow;
    return server;
}

void
clients_destroy(struct clients *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->count; i++) {
        for (unsigned k = 0; k < delivered; k++)
            if (ledger[k].client == s->client[i])
                ledger[k].client = NULL;
        free(s->client[i]);
    }
    free(s);
    server = NULL;
}

void
clients_close(struct clients *s, bool drain)
{
    (void)s, (void)drain;
}

bool
clients_is_closed(const struct clients *s)
{
    (void)s;
    return true;
}

uint16_t
clients_port(const struct clients *s, bool tls, unsigned i)
{
    (void)s, (void)tls, (void)i;
    return 0;
}

static void
remove_client(struct client *c)
{
    struct clients *s = c->server;
    for (unsigned i = 0; i < s->count; i++)
        if (s->client[i] == c)
            s->client[i] = s->client[--s->count];
    for (unsigned k = 0; k < delivered; k++)
        if (ledger[k].client == c)
            ledger[k].client = NULL;
    free(c);
}

void
fake_leave(struct client *c)
{
    struct clients *s = c->server;
    for (unsigned k = 0; k < delivered; k++)
        if (ledger[k].client == c && !ledger[k].answered) {
            ledger[k].answered = true;
            s->ops->lost(s->flow, c, ledger[k].note, SESSION_UNKNOWN);
        }
    s->ops->closed(s->flow, c, CLOSE_PEER, "");
    remove_client(c);
}

void
clients_tick(struct clients *s, struct mono now)
{
    (void)now;
    for (unsigned i = s->count; i-- > 0;)
        if (s->client[i]->closing)
            fake_leave(s->client[i]);
}

void
clients_hold(struct clients *s, uint64_t pos)
{
    for (unsigned i = 0; i < s->count; i++) {
        struct fake_reply *r = &s->client[i]->reply;
        if (r->command && !r->left && !r->hold)
            r->hold = pos;
    }
    for (unsigned k = 0; k < delivered; k++)
        if (ledger[k].client && !ledger[k].left && !ledger[k].hold)
            ledger[k].hold = pos;
}

/* Never before its commit. */
static bool
may_leave(uint64_t hold, uint64_t durable)
{
    if (!hold || hold > durable)
        return false;
    if (store_durable(world.store) < hold)
        fake_breach("something was told to a client before its commit");
    moves++;
    return true;
}

void
clients_release(struct clients *s, uint64_t durable)
{
    for (unsigned i = 0; i < s->count; i++) {
        struct fake_reply *r = &s->client[i]->reply;
        if (r->command && !r->left)
            r->left = may_leave(r->hold, durable);
    }
    for (unsigned k = 0; k < delivered; k++)
        if (ledger[k].client && !ledger[k].left)
            ledger[k].left = may_leave(ledger[k].hold, durable);
}

void
clients_pause_reading(struct clients *s, bool paused)
{
    (void)s, (void)paused;
}

void
clients_turn_down(struct clients *s, uint32_t status)
{
    s->turned_down = status;
}

bool
clients_outbind(struct clients *s, uint32_t login, const char *where,
                const char *system_id, const char *password)
{
    (void)s, (void)login, (void)where, (void)system_id, (void)password;
    return true;
}

struct client *
clients_next(const struct clients *s, const struct client *c)
{
    for (unsigned i = 0; c && i < s->count; i++)
        if (s->client[i] == c)
            return i + 1 < s->count ? s->client[i + 1] : NULL;
    return !c && s->count ? s->client[0] : NULL;
}

unsigned
clients_count(const struct clients *s)
{
    return s->count;
}

/* ---- one bind -------------------------------------------------------------
 */

struct client *
fake_bind(const char *system_id, const char *password, enum session_mode mode,
          uint8_t version)
{
    struct client *c = calloc(1, sizeof *c);
    if (!c || !server || server->count == CLIENTS_MAX)
        abort();
    c->server = server;
    c->number = ++numbers;
    c->mode = mode;
    c->version = version;
    c->room = ROOM;
    server->client[server->count++] = c;
    struct client_hello hello = {
        .system_id = system_id,
        .password = password,
        .system_type = "",
        .address_range = "",
        .mode = mode,
        .interface_version = version,
        .peer = "127.0.0.1:40000",
        .tls = "",
        .certificate = "",
    };
    server->ops->bind_asked(server->flow, c, &hello);
    return c;
}

void
client_accept(struct client *c, const struct client_grant *grant)
{
    c->grant = *grant;
    c->bound = true;
    c->server->ops->bound(c->server->flow, c);
}

void
client_refuse(struct client *c, uint32_t status, unsigned delay_ms)
{
    (void)delay_ms;
    c->refusal = status;
}

uint32_t
fake_refusal(const struct client *c)
{
    return c->refusal;
}

static bool
turn_down(struct client *c, const struct pdu *request)
{
    uint32_t status = c->server->turned_down;
    if (!status || request->id == SMPP_QUERY_SM)
        return false;
    c->reply = (struct fake_reply){.left = true,
                                   .command = request->id | SMPP_RESPONSE_BIT,
                                   .status = status};
    return true;
}

bool
fake_request(struct client *c, struct pdu *request)
{
    struct clients *s = c->server;
    c->reply = (struct fake_reply){0};
    request->sequence = 1;
    return turn_down(c, request) ||
           s->ops->request(s->flow, c, request) == CLIENT_TAKEN ||
           turn_down(c, request); /* offered again */
}

const struct fake_reply *
fake_answered(const struct client *c)
{
    return &c->reply;
}

bool
client_answer(struct client *c, uint32_t request_id, uint32_t sequence,
              uint32_t status, struct slice message_id)
{
    (void)sequence;
    c->reply = (struct fake_reply){.command = request_id | SMPP_RESPONSE_BIT,
                                   .status = status};
    slice_to_str(message_id, c->reply.id, sizeof c->reply.id);
    return true;
}

bool
client_answer_pdu(struct client *c, const struct pdu *answer)
{
    client_answer(c, answer->id, answer->sequence, answer->status,
                  pdu_slice(answer, FIELD_MESSAGE_ID));
    c->reply.message_state = (uint8_t)pdu_u32(answer, FIELD_MESSAGE_STATE);
    return true;
}

unsigned
client_room(const struct client *c)
{
    unsigned out = 0;
    for (unsigned k = 0; k < delivered; k++)
        out += ledger[k].client == c && !ledger[k].answered;
    bool receives = c->bound && !c->paused && c->mode != SESSION_TRANSMITTER;
    return receives && !c->stuffed && out < c->room ? c->room - out : 0;
}

bool
client_is_stuffed(const struct client *c)
{
    return c->stuffed;
}

bool
client_deliver(struct client *c, struct pdu *p, uint64_t note,
               enum pdu_fault *fault)
{
    uint32_t state;
    struct slice id;
    uint8_t wire[2048];
    struct writer w = writer_of(wire, sizeof wire);
    *fault = pdu_encode(p, c->version, &w, NULL);
    if (*fault != PDU_OK || !client_room(c))
        return false;
    if (delivered == DELIVERIES_MAX)
        abort();
    struct fake_delivery *d = &ledger[delivered++];
    *d = (struct fake_delivery){
        .client = c,
        .note = note,
        .command = p->id,
        .esm_class = (uint8_t)pdu_u32(p, FIELD_ESM_CLASS),
        .data_coding = (uint8_t)pdu_u32(p, FIELD_DATA_CODING),
        .state = pdu_tlv_u32(p, TLV_MESSAGE_STATE, &state) ? (int)state : -1,
    };
    slice_to_str(pdu_slice(p, FIELD_SOURCE_ADDR), d->source, sizeof d->source);
    slice_to_str(pdu_slice(p, FIELD_DESTINATION_ADDR), d->dest, sizeof d->dest);
    slice_to_str(pdu_user_data(p), d->text, sizeof d->text);
    if (pdu_tlv_text(p, TLV_RECEIPTED_MESSAGE_ID, &id))
        slice_to_str(id, d->id, sizeof d->id);
    moves++;
    return true;
}

void
fake_acknowledge(struct fake_delivery *d, uint32_t status)
{
    struct client *c = d->client;
    d->answered = true;
    if (c)
        c->server->ops->answered(c->server->flow, c, d->note, status);
}

bool
client_tell(struct client *c, struct pdu *pdu)
{
    (void)c, (void)pdu;
    return true;
}

void
client_regrant(struct client *c, const struct client_grant *grant)
{
    c->grant = *grant;
}

void
client_kick(struct client *c, const char *text, bool drain)
{
    (void)text, (void)drain;
    c->closing = true;
}

void
client_pause(struct client *c, bool paused)
{
    c->paused = paused;
}

uint32_t
client_login(const struct client *c)
{
    return c->grant.login;
}

uint32_t
client_account(const struct client *c)
{
    return c->grant.account;
}

uint8_t
client_version(const struct client *c)
{
    return c->version;
}

enum session_mode
client_mode(const struct client *c)
{
    return c->mode;
}

uint64_t
client_number(const struct client *c)
{
    return c->number;
}

bool
client_is_bound(const struct client *c)
{
    return c->bound;
}

void
client_set_owner(struct client *c, void *owner)
{
    c->owner = owner;
}

void *
client_owner(const struct client *c)
{
    return c->owner;
}

struct session *
client_session(struct client *c)
{
    (void)c;
    return NULL;
}

void
client_look(const struct client *c, struct client_view *out)
{
    *out = (struct client_view){.number = c->number,
                                .login = c->grant.login,
                                .account = c->grant.account,
                                .state = c->bound ? "bound" : "binding",
                                .kind = ""};
}

/* ---- the ledger -----------------------------------------------------------
 */

unsigned
fake_deliveries(void)
{
    return delivered;
}

struct fake_delivery *
fake_delivery(unsigned i)
{
    return &ledger[i];
}

void
fake_set_stuffed(struct client *c, bool stuffed)
{
    c->stuffed = stuffed;
}

void
fake_set_room(struct client *c, unsigned room)
{
    c->room = room;
}

uint64_t
fake_client_moves(void)
{
    return moves;
}

void
fake_client_reset(void)
{
    delivered = 0;
}
