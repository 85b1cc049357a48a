/*
 * bind.c - one connection to the simulated carrier; see bind.h.
 *
 * Hot requests (submit_sm, deliver_sm_resp, enquire_link) are read in place;
 * everything else goes through pdu_decode().
 */
#include "bench/smsc/bind.h"

#include "bench/smsc/judge.h"
#include "bench/smsc/post.h"
#include "proto/frame.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PDU_MAX_BYTES = 70000,          /* message_payload may exceed 65536 a bit */
    OUTPUT_PAUSE = 4 * 1024 * 1024, /* the client does not read: nor do we */
};

struct bind *
bind_by_number(const struct smsc *s, uint32_t number)
{
    struct bind *b = s->by_number[number % SMSC_BINDS_MAX];
    return b && b->number == number ? b : NULL;
}

uint32_t
bind_next_sequence(struct bind *b)
{
    b->last_sequence =
        b->last_sequence >= SMPP_SEQUENCE_MAX ? 1 : b->last_sequence + 1;
    return b->last_sequence;
}

static void
put_header(struct bind *b, uint32_t command, uint32_t status, uint32_t sequence)
{
    uint8_t room[PDU_HEADER_BYTES];
    struct writer w = writer_of(room, sizeof room);
    writer_be32(&w, PDU_HEADER_BYTES);
    writer_be32(&w, command);
    writer_be32(&w, status);
    writer_be32(&w, sequence);
    wire_put(b->wire, writer_slice(&w));
}

void
bind_answer(struct bind *b, uint32_t command, uint32_t status,
            uint32_t sequence, struct slice id)
{
    /* SMPP 3.4, 4.4.2: a refused submit_sm is answered without a body. */
    if (status != ESME_ROK) {
        put_header(b, command, status, sequence);
        return;
    }
    size_t n = PDU_HEADER_BYTES + id.n + 1;
    struct writer w = writer_of(wire_room(b->wire, n), n);
    writer_be32(&w, (uint32_t)n);
    writer_be32(&w, command);
    writer_be32(&w, status);
    writer_be32(&w, sequence);
    writer_put(&w, id);
    writer_u8(&w, 0);
    wire_used(b->wire, n);
}

/* Encodes by the table; the faults would be ours. */
static void
send_pdu(struct bind *b, const struct pdu *p, uint8_t version)
{
    uint8_t room[DELIVER_MAX_BYTES];
    struct writer w = writer_of(room, sizeof room);
    struct pdu_error error;
    if (pdu_encode(p, version, &w, &error) == PDU_OK)
        wire_put(b->wire, writer_slice(&w));
    else
        fprintf(stderr, "volley-smsc: cannot encode 0x%08x: %s\n", p->id,
                error.detail);
}

static void
record(struct bind *b, enum ledger_kind kind, uint32_t status, const char *word,
       struct slice dest)
{
    struct slice source = {0};
    if (b->account)
        source = slice_str(b->account->system_id);
    ledger_write(b->smsc->ledger,
                 &(struct ledger_line){.kind = kind,
                                       .bind = b->number,
                                       .time_us = hub_wall_us(b->smsc->hub),
                                       .source = source,
                                       .dest = dest,
                                       .status = status,
                                       .word = word});
}

static struct account *
find_account(struct smsc *s, struct slice system_id)
{
    uint16_t index = 1;
    for (struct account *a = s->accounts; a; a = a->next, index++)
        if (slice_eq(slice_str(a->system_id), system_id))
            return a;
    struct account *a = calloc(1, sizeof *a);
    if (!a) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    slice_to_str(system_id, a->system_id, sizeof a->system_id);
    a->index = index;
    struct account **end = &s->accounts;
    while (*end)
        end = &(*end)->next;
    *end = a;
    return a;
}

static uint32_t
judge_bind(const struct bind *b, const struct pdu *p)
{
    const struct settings *set = b->smsc->settings;
    struct slice who = pdu_slice(p, FIELD_SYSTEM_ID);
    if (b->number || b->unbound)
        return ESME_RALYBND;
    if (set->system_id && !slice_eq(who, slice_str(set->system_id)))
        return ESME_RINVSYSID;
    if (set->password &&
        !slice_eq(pdu_slice(p, FIELD_PASSWORD), slice_str(set->password)))
        return ESME_RINVPASWD;
    if (b->smsc->bound >= set->max_binds)
        return ESME_RALYBND;
    return ESME_ROK;
}

static void
become_bound(struct bind *b, const struct pdu *p)
{
    struct smsc *s = b->smsc;
    do
        s->last_bind++;
    while (s->last_bind == 0 || s->by_number[s->last_bind % SMSC_BINDS_MAX]);
    b->number = s->last_bind;
    s->by_number[b->number % SMSC_BINDS_MAX] = b;
    s->bound++;
    b->account = find_account(s, pdu_slice(p, FIELD_SYSTEM_ID));
    b->can_submit = p->id != SMPP_BIND_RECEIVER;
    b->can_receive = p->id != SMPP_BIND_TRANSMITTER;
    uint32_t version = pdu_u32(p, FIELD_INTERFACE_VERSION);
    b->version = version < SMPP_V34   ? SMPP_V33
                 : version < SMPP_V50 ? SMPP_V34
                                      : SMPP_V50;
    b->slots = 4;
    while (b->slots < 2 * s->settings->window)
        b->slots *= 2;
    if (b->can_receive && !b->slot)
        b->slot = calloc(b->slots, sizeof *b->slot);
    if (b->can_receive && !b->slot) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
}

static void
on_bind(struct bind *b, const struct pdu *p)
{
    uint32_t status = judge_bind(b, p);
    if (status == ESME_ROK)
        become_bound(b, p);
    struct pdu answer;
    pdu_init(&answer, smpp_response_of(p->id), status, p->sequence);
    uint8_t version[1] = {SMPP_V50};
    if (status == ESME_ROK) {
        pdu_set_slice(&answer, FIELD_SYSTEM_ID, slice_str("volley-smsc"));
        if (b->version >= SMPP_V34 &&
            !pdu_add_tlv(&answer, TLV_SC_INTERFACE_VERSION,
                         slice_of(version, 1)))
            return;
        /* 3.3 has no transceiver; who asks for one is answered all the same. */
        send_pdu(b, &answer,
                 smpp_command_in(answer.id, b->version) ? b->version
                                                        : SMPP_V34);
    } else {
        put_header(b, answer.id, status, p->sequence);
    }
    char mode[40];
    snprintf(mode, sizeof mode, "%s/%s",
             p->id == SMPP_BIND_RECEIVER      ? "receiver"
             : p->id == SMPP_BIND_TRANSMITTER ? "transmitter"
                                              : "transceiver",
             b->version ? smpp_version_name(b->version) : "-");
    record(b, LEDGER_BIND, status, NULL, slice_str(mode));
    if (status != ESME_ROK)
        return;
    smsc_bound(b->smsc);
    if (b->can_receive)
        post_pump(b);
}

static void
on_unbind(struct bind *b, uint32_t sequence)
{
    put_header(b, SMPP_UNBIND_RESP, ESME_ROK, sequence);
    record(b, LEDGER_UNBIND, 0, NULL, (struct slice){0});
    b->unbound = true;
    b->can_submit = b->can_receive = false;
    wire_close(b->wire, "unbound");
}

/* Each address of the list is a message of its own (3.4, 4.5.1). */
static void
on_submit_multi(struct bind *b, const struct pdu *p, uint64_t arrived_us)
{
    struct submit m;
    uint32_t status = submit_from_pdu(p, &m);
    struct cursor list = cursor_of(pdu_slice(p, FIELD_DEST_ADDRESS));
    m.sequence = 0;
    while (status == ESME_ROK && cursor_left(&list)) {
        if (cursor_u8(&list) == DEST_FLAG_ADDRESS) {
            m.dest_ton = cursor_u8(&list);
            m.dest_npi = cursor_u8(&list);
            m.dest = cursor_cstring(&list, SUBMIT_ADDR_MAX + 1);
            if (!list.failed && m.dest.n)
                judge_submit(b->smsc, b, &m, 0, arrived_us);
        } else {
            (void)cursor_cstring(&list, SUBMIT_ADDR_MAX + 1);
        }
        if (list.failed)
            status = ESME_RINVDSTADR;
    }
    /* All were taken under the last id: no_unsuccess is 0. */
    char id[MSGID_BYTES];
    size_t n = msgid_in_answer(b->smsc->settings->ids, b->version,
                               b->smsc->last_id, id);
    struct pdu answer;
    pdu_init(&answer, SMPP_SUBMIT_MULTI_RESP, status, p->sequence);
    pdu_set_slice(&answer, FIELD_MESSAGE_ID, slice_of(id, n));
    send_pdu(b, &answer, b->version);
}

static void
on_message(struct bind *b, const struct pdu *p, uint64_t arrived_us)
{
    struct submit m;
    if (p->id == SMPP_SUBMIT_MULTI) {
        on_submit_multi(b, p, arrived_us);
        return;
    }
    uint32_t status = submit_from_pdu(p, &m);
    if (status != ESME_ROK)
        put_header(b, smpp_response_of(p->id), status, p->sequence);
    else
        judge_submit(b->smsc, b, &m, smpp_response_of(p->id), arrived_us);
}

/* What a bound client may ask besides. */
static void
on_other(struct bind *b, const struct pdu *p, uint64_t arrived_us)
{
    uint32_t answer = smpp_response_of(p->id);
    uint32_t status = ESME_RINVCMDID;
    switch (p->id) {
    case SMPP_UNBIND: on_unbind(b, p->sequence); return;
    case SMPP_DATA_SM:
    case SMPP_SUBMIT_MULTI:
        if (b->can_submit) {
            on_message(b, p, arrived_us);
            return;
        }
        status = ESME_RINVBNDSTS;
        break;
    /* We keep no store to look into. */
    case SMPP_QUERY_SM: status = ESME_RQUERYFAIL; break;
    case SMPP_CANCEL_SM: status = ESME_RCANCELFAIL; break;
    case SMPP_REPLACE_SM: status = ESME_RREPLACEFAIL; break;
    default: answer = SMPP_GENERIC_NACK; break;
    }
    put_header(b, answer, status, p->sequence);
}

/* A request or response off the hot path. */
static void
on_rare(struct bind *b, struct slice whole, uint64_t arrived_us)
{
    struct pdu p;
    struct pdu_error error;
    enum pdu_fault fault = pdu_decode(whole, PDU_LENIENT, &p, &error);
    if (smpp_is_response(p.id)) {
        if (p.id == SMPP_UNBIND_RESP)
            wire_close(b->wire, "unbound");
        else if (p.id == SMPP_GENERIC_NACK || p.id == SMPP_DATA_SM_RESP)
            post_acknowledged(b, p.sequence, p.status);
        return;
    }
    bool binds = p.id == SMPP_BIND_RECEIVER || p.id == SMPP_BIND_TRANSMITTER ||
                 p.id == SMPP_BIND_TRANSCEIVER;
    if (fault != PDU_OK) {
        uint32_t answer = fault == PDU_UNKNOWN_COMMAND ? SMPP_GENERIC_NACK
                                                       : smpp_response_of(p.id);
        put_header(b, answer ? answer : (uint32_t)SMPP_GENERIC_NACK,
                   error.status ? error.status : (uint32_t)ESME_RINVCMDLEN,
                   p.sequence);
    } else if (binds) {
        on_bind(b, &p);
    } else if (!b->number) {
        uint32_t answer = smpp_response_of(p.id);
        put_header(b, answer ? answer : (uint32_t)SMPP_GENERIC_NACK,
                   ESME_RINVBNDSTS, p.sequence);
    } else {
        on_other(b, &p, arrived_us);
    }
}

static void
on_submit(struct bind *b, struct slice whole, uint64_t arrived_us)
{
    struct submit m;
    uint32_t status =
        b->can_submit ? submit_read(whole, &m) : (uint32_t)ESME_RINVBNDSTS;
    if (status == ESME_ROK) {
        judge_submit(b->smsc, b, &m, SMPP_SUBMIT_SM_RESP, arrived_us);
        return;
    }
    struct cursor c = cursor_of(whole);
    (void)cursor_take(&c, 12);
    put_header(b, SMPP_SUBMIT_SM_RESP, status, cursor_be32(&c));
}

static void
dispatch(struct bind *b, struct slice whole, uint64_t arrived_us)
{
    struct cursor c = cursor_of(whole);
    (void)cursor_be32(&c);
    uint32_t command = cursor_be32(&c);
    uint32_t status = cursor_be32(&c);
    uint32_t sequence = cursor_be32(&c);
    switch (command) {
    case SMPP_SUBMIT_SM: on_submit(b, whole, arrived_us); break;
    case SMPP_DELIVER_SM_RESP: post_acknowledged(b, sequence, status); break;
    case SMPP_ENQUIRE_LINK:
        put_header(b, SMPP_ENQUIRE_LINK_RESP, ESME_ROK, sequence);
        break;
    case SMPP_ENQUIRE_LINK_RESP: break;
    default: on_rare(b, whole, arrived_us); break;
    }
}

static size_t
on_readable(void *owner, struct slice input, uint64_t arrived_us)
{
    struct bind *b = owner;
    struct cursor c = cursor_of(input);
    size_t used = 0;
    b->heard_us = hub_mono_us(b->smsc->hub);
    b->enquired = false;
    while (!wire_is_closing(b->wire)) {
        struct slice pdu;
        struct slice rest = {c.at, cursor_left(&c)};
        enum frame_result found = frame_next(rest, PDU_MAX_BYTES, &pdu);
        if (found == FRAME_BAD_LENGTH) {
            /* smpp.md 2: nothing behind it can be trusted. */
            put_header(b, SMPP_GENERIC_NACK, ESME_RINVCMDLEN, 0);
            wire_close(b->wire, "bad command_length");
        }
        if (found != FRAME_WHOLE)
            break;
        (void)cursor_take(&c, pdu.n);
        used += pdu.n;
        dispatch(b, pdu, arrived_us);
    }
    if (wire_is_closing(b->wire))
        return input.n;
    if (b->can_receive)
        post_pump(b);
    if (wire_pending(b->wire) > OUTPUT_PAUSE)
        wire_pause(b->wire, true);
    return used;
}

static void
on_opened(void *owner)
{
    (void)owner;
}

static void
on_closed(void *owner, const char *why)
{
    struct bind *b = owner;
    struct smsc *s = b->smsc;
    if (b->number) {
        if (!b->unbound) {
            record(b, LEDGER_DROP, 0, why, (struct slice){0});
            s->counts.drops++;
        }
        b->can_submit = b->can_receive = false;
        s->by_number[b->number % SMSC_BINDS_MAX] = NULL;
        s->bound--;
        post_orphan(b);
    }
    if (b->prev)
        b->prev->next = b->next;
    else
        s->binds = b->next;
    if (b->next)
        b->next->prev = b->prev;
    free(b->slot);
    free(b);
}

void
bind_accepted(void *smsc, struct wire *w)
{
    static const struct wire_ops ops = {on_opened, on_readable, on_closed};
    struct smsc *s = smsc;
    struct bind *b = calloc(1, sizeof *b);
    if (!b) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    b->smsc = s;
    b->wire = w;
    b->heard_us = hub_mono_us(s->hub);
    b->next = s->binds;
    if (s->binds)
        s->binds->prev = b;
    s->binds = b;
    wire_own(w, &ops, b);
    if (s->stalled)
        wire_pause(w, true);
}

void
bind_tick(struct bind *b)
{
    uint64_t silent_us = hub_mono_us(b->smsc->hub) - b->heard_us;
    uint64_t limit_us = b->smsc->settings->enquire_s * 1000000;
    if (!b->smsc->stalled && wire_pending(b->wire) < OUTPUT_PAUSE / 4)
        wire_pause(b->wire, false);
    if (limit_us == 0 || silent_us < limit_us)
        return;
    if (silent_us >= 2 * limit_us) {
        wire_close(b->wire, "silent");
    } else if (b->number && !b->enquired) {
        b->enquired = true;
        put_header(b, SMPP_ENQUIRE_LINK, ESME_ROK, bind_next_sequence(b));
    }
}

void
bind_say_unbind(struct bind *b)
{
    b->can_submit = b->can_receive = false;
    put_header(b, SMPP_UNBIND, ESME_ROK, bind_next_sequence(b));
}
