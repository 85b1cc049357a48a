/*
 * lane.c - one bind of a load; see lane.h.
 */
#include "bench/load/lane.h"

#include "bench/smsc/submit.h"
#include "proto/frame.h"
#include "proto/receipt.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PDU_MAX_BYTES = 70000,
    SUBMIT_MAX_BYTES = 512,
    OUTPUT_FULL = 512 * 1024,
};

static uint32_t
next_sequence(struct lane *l)
{
    l->last_sequence =
        l->last_sequence >= SMPP_SEQUENCE_MAX ? 1 : l->last_sequence + 1;
    return l->last_sequence;
}

static void
put_header(struct lane *l, uint32_t command, uint32_t sequence, bool nul)
{
    uint8_t room[PDU_HEADER_BYTES + 1];
    struct writer w = writer_of(room, sizeof room);
    writer_be32(&w, PDU_HEADER_BYTES + nul);
    writer_be32(&w, command);
    writer_be32(&w, ESME_ROK);
    writer_be32(&w, sequence);
    if (nul)
        writer_u8(&w, 0);
    wire_put(l->wire, writer_slice(&w));
}

/* The next free slot at or behind the next sequence number. */
static void
open_slot(struct lane *l, uint64_t now_us)
{
    struct slot *s;
    do
        s = &l->slot[next_sequence(l) & (l->load->slots - 1)];
    while (s->sequence);
    s->sequence = l->last_sequence;
    s->sent_us = now_us;
    l->in_flight++;
}

void
lane_submit(struct lane *l, uint64_t n)
{
    const struct smpp_options *o = &l->load->o;
    open_slot(l, hub_mono_us(l->load->hub));
    char number[CROWD_NUMBER_BYTES];
    struct writer w =
        writer_of(wire_room(l->wire, SUBMIT_MAX_BYTES), SUBMIT_MAX_BYTES);
    writer_be32(&w, 0);
    writer_be32(&w, SMPP_SUBMIT_SM);
    writer_be32(&w, 0);
    writer_be32(&w, l->last_sequence);
    writer_u8(&w, 0); /* service_type */
    writer_u8(&w, 1); /* international, ISDN */
    writer_u8(&w, 1);
    writer_cstring(&w, slice_str(o->from));
    writer_u8(&w, 1);
    writer_u8(&w, 1);
    writer_put(&w, slice_of(number, crowd_number(o->to_prefix, n, number)));
    writer_u8(&w, 0);
    /* esm_class, protocol_id, priority_flag, both times */
    writer_put(&w, slice_of("\0\0\0\0\0", 5));
    writer_u8(&w, o->no_receipts ? REGISTERED_NONE : REGISTERED_FINAL);
    writer_put(&w, slice_of("\0\0\0", 3)); /* replace, coding, default id */
    struct writer length = w;
    writer_u8(&w, 0);
    size_t before = writer_used(&w);
    crowd_text_put(&l->load->text, n, &w);
    writer_u8(&length, (uint8_t)(writer_used(&w) - before));
    writer_patch_be32(&w, 0, (uint32_t)writer_used(&w));
    wire_used(l->wire, writer_used(&w));
}

static uint64_t
key_of(const struct load *load, struct slice id, int base)
{
    if (!load->o.mixed_ids)
        return idset_key(id);
    char text[40];
    slice_to_str(id, text, sizeof text);
    uint64_t v = strtoull(text, NULL, base);
    return idset_key(slice_of(&v, sizeof v));
}

static void
on_answer(struct lane *l, struct slice pdu, uint32_t status, uint32_t sequence)
{
    struct load *load = l->load;
    struct slot *s = &l->slot[sequence & (load->slots - 1)];
    if (s->sequence != sequence || sequence == 0) {
        load->broken++;
        return;
    }
    s->sequence = 0;
    l->in_flight--;
    load->answered++;
    load->last_answer_us = hub_mono_us(load->hub);
    hist_add(&load->latency, load->last_answer_us - s->sent_us);
    if (status != ESME_ROK) {
        tally_refused(&load->tally, status, 1);
        return;
    }
    struct cursor c = cursor_of(pdu);
    (void)cursor_take(&c, PDU_HEADER_BYTES);
    struct slice id = cursor_cstring(&c, 256);
    tally_accepted(&load->tally, key_of(load, id, 16));
}

/* The id of a receipt; empty when it is none. */
static struct slice
receipt_id(struct slice pdu, struct pdu *room)
{
    struct submit m; /* deliver_sm has the fields of submit_sm */
    if (submit_read(pdu, &m) == ESME_ROK && m.text.n > 3 &&
        (m.esm_class & ESM_TYPE_MASK) == ESM_TYPE_RECEIPT &&
        memcmp(m.text.p, "id:", 3) == 0) {
        struct cursor c = cursor_of(m.text);
        (void)cursor_take(&c, 3);
        const uint8_t *end = memchr(c.at, ' ', cursor_left(&c));
        if (end)
            return cursor_take(&c, (size_t)(end - c.at));
    }
    struct pdu_error error;
    struct receipt r;
    if (pdu_decode(pdu, PDU_LENIENT, room, &error) == PDU_OK &&
        receipt_from_pdu(room, NULL, &r))
        return r.id;
    return (struct slice){0};
}

static void
on_deliver(struct lane *l, struct slice pdu, uint32_t sequence)
{
    struct load *load = l->load;
    struct pdu room;
    struct slice id = receipt_id(pdu, &room);
    if (id.n)
        tally_receipt(&load->tally, key_of(load, id, 10));
    else
        load->replies++;
    load->last_receipt_us = hub_mono_us(load->hub);
    put_header(l, SMPP_DELIVER_SM_RESP, sequence, true);
}

static void
on_bound(struct lane *l, uint32_t status)
{
    struct load *load = l->load;
    if (status != ESME_ROK) {
        const char *name = smpp_status_name(status);
        snprintf(load->why, sizeof load->why, "bind refused: 0x%08x %s", status,
                 name ? name : "");
        wire_close(l->wire, "bind refused");
        return;
    }
    l->bound = true;
    load->bound++;
}

static size_t
on_readable(void *owner, struct slice input, uint64_t arrived_us)
{
    struct lane *l = owner;
    struct cursor in = cursor_of(input);
    size_t used = 0;
    (void)arrived_us;
    for (;;) {
        struct slice pdu, rest = {in.at, cursor_left(&in)};
        enum frame_result found = frame_next(rest, PDU_MAX_BYTES, &pdu);
        if (found == FRAME_BAD_LENGTH)
            wire_reset(l->wire, "bad command_length");
        if (found != FRAME_WHOLE)
            return found == FRAME_BAD_LENGTH ? input.n : used;
        (void)cursor_take(&in, pdu.n);
        used += pdu.n;
        struct cursor c = cursor_of(pdu);
        (void)cursor_be32(&c);
        uint32_t command = cursor_be32(&c);
        uint32_t status = cursor_be32(&c);
        uint32_t sequence = cursor_be32(&c);
        switch (command) {
        case SMPP_SUBMIT_SM_RESP: on_answer(l, pdu, status, sequence); break;
        case SMPP_DELIVER_SM: on_deliver(l, pdu, sequence); break;
        case SMPP_ENQUIRE_LINK:
            put_header(l, SMPP_ENQUIRE_LINK_RESP, sequence, false);
            break;
        case SMPP_BIND_TRANSCEIVER_RESP: on_bound(l, status); break;
        case SMPP_GENERIC_NACK: l->load->broken++; break;
        case SMPP_UNBIND:
            put_header(l, SMPP_UNBIND_RESP, sequence, false);
            wire_close(l->wire, "unbound by the other side");
            break;
        case SMPP_UNBIND_RESP: wire_close(l->wire, "unbound"); break;
        default: break;
        }
    }
}

static void
on_opened(void *owner)
{
    struct lane *l = owner;
    const struct smpp_options *o = &l->load->o;
    struct pdu p;
    uint8_t room[256];
    char name[CROWD_NAME_BYTES];
    struct writer w = writer_of(room, sizeof room);
    pdu_init(&p, SMPP_BIND_TRANSCEIVER, 0, next_sequence(l));
    pdu_set_slice(&p, FIELD_SYSTEM_ID,
                  slice_str(crowd_name(o->system_id,
                                       (uint64_t)(l - l->load->lanes), name)));
    pdu_set_slice(&p, FIELD_PASSWORD, slice_str(o->password));
    pdu_set_u32(&p, FIELD_INTERFACE_VERSION, (uint32_t)o->version);
    if (pdu_encode(&p, (uint8_t)o->version, &w, NULL) == PDU_OK)
        wire_put(l->wire, writer_slice(&w));
    else
        wire_reset(l->wire, "system_id or password too long");
}

static void
on_closed(void *owner, const char *why)
{
    struct lane *l = owner;
    l->wire = NULL;
    l->bound = false;
    l->load->ended++;
    if (!l->load->why[0])
        snprintf(l->load->why, sizeof l->load->why, "%s", why);
}

bool
lane_dial_all(struct load *load, SSL_CTX *tls)
{
    static const struct wire_ops ops = {on_opened, on_readable, on_closed};
    const struct smpp_options *o = &load->o;
    hub_leave_from(load->hub, o->source);
    for (uint64_t i = 0; i < o->binds; i++) {
        struct lane *l = &load->lanes[i];
        l->load = load;
        l->slot = calloc(load->slots, sizeof *l->slot);
        if (!l->slot)
            return false;
        l->wire = wire_dial(load->hub, o->host, (uint16_t)o->port, tls, &ops, l,
                            load->why);
        if (!l->wire)
            return false;
    }
    return true;
}

bool
lane_has_room(const struct lane *l)
{
    return l->bound && l->in_flight < l->load->o.window &&
           wire_pending(l->wire) < OUTPUT_FULL && !wire_is_closing(l->wire);
}

void
lane_unbind(struct lane *l)
{
    put_header(l, SMPP_UNBIND, next_sequence(l), false);
}
