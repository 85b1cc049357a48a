/*
 * guest_pdu.c - right and wrong PDUs, written by hand; see guest_pdu.h.
 *
 * The encoder of proto/ is not used for the wrong ones: it would refuse.
 */
#include "bench/load/guest_pdu.h"

#include "proto/pdu.h"

enum {
    HUGE_LENGTH = 0x7FFFFFFF,
    LONG_LENGTH = 0x00020000, /* above what any server should take: 65,536 */
    UNKNOWN_COMMAND = 0x00001234,
};

static size_t
begin(struct writer *w, uint32_t command, uint32_t sequence)
{
    size_t at = writer_used(w);
    writer_be32(w, 0);
    writer_be32(w, command);
    writer_be32(w, 0);
    writer_be32(w, sequence);
    return at;
}

static void
end(struct writer *w, size_t at)
{
    writer_patch_be32(w, at, (uint32_t)(writer_used(w) - at));
}

void
guest_put_bind(struct writer *w, const char *system_id, const char *password,
               uint32_t sequence)
{
    size_t at = begin(w, SMPP_BIND_TRANSCEIVER, sequence);
    writer_cstring(w, slice_str(system_id));
    writer_cstring(w, slice_str(password));
    writer_u8(w, 0); /* system_type */
    writer_u8(w, SMPP_V34);
    writer_put(w, slice_of("\0\0\0", 3)); /* TON, NPI, address_range */
    end(w, at);
}

/* A submit_sm up to and with data_coding and sm_default_msg_id. */
static void
put_addresses(struct writer *w, const char *from)
{
    writer_put(w, slice_of("\0\1\1", 3)); /* service_type, TON, NPI */
    writer_cstring(w, slice_str(from));
    writer_put(w, slice_of("\1\1", 2));
    writer_cstring(w, slice_str("447700900123"));
    /* esm_class, protocol_id, priority, times, receipt, replace, coding,
     * default message */
    writer_put(w, slice_of("\0\0\0\0\0\0\0\0\0", 9));
}

void
guest_put_submit(struct writer *w, const char *from, uint32_t sequence)
{
    size_t at = begin(w, SMPP_SUBMIT_SM, sequence);
    put_addresses(w, from);
    writer_u8(w, 4);
    writer_put(w, slice_str("deaf"));
    end(w, at);
}

void
guest_put_header(struct writer *w, uint32_t command, uint32_t sequence)
{
    end(w, begin(w, command, sequence));
}

void
guest_put_huge(struct writer *w)
{
    writer_be32(w, HUGE_LENGTH);
    writer_be32(w, SMPP_BIND_TRANSCEIVER);
    writer_be32(w, 0);
    writer_be32(w, 1);
}

/* Octets that mean nothing, the same for the same n. */
static void
put_noise(struct writer *w, uint32_t n, unsigned octets)
{
    uint32_t x = n * 2654435761u + 1;
    for (unsigned i = 0; i < octets; i++) {
        x = x * 1664525u + 1013904223u;
        writer_u8(w, (uint8_t)(x >> 24));
    }
}

/* A body whose end is not where it says. */
static void
put_bad_body(struct writer *w, uint32_t kind, uint32_t n)
{
    switch (kind) {
    case 0: break; /* no body at all */
    case 1: writer_put(w, slice_str("AAAA\1\1no end of")); break;
    case 2:
        for (int i = 0; i < 300; i++)
            writer_u8(w, 'A');
        break;
    case 3:
        put_addresses(w, "12125550100");
        writer_u8(w, 255); /* octets of text that do not follow */
        writer_put(w, slice_str("short"));
        break;
    case 4:
        put_addresses(w, "12125550100");
        writer_u8(w, 0);
        writer_be16(w, 0x0424); /* message_payload */
        writer_be16(w, 0xFFFF);
        break;
    default: put_noise(w, n, n % 200); break;
    }
}

void
guest_put_malformed(struct writer *w, uint32_t n)
{
    enum { BODIES = 6, KINDS = BODIES + 4 };
    uint32_t kind = n % KINDS;
    if (kind == BODIES + 3) { /* this one costs the bind: last */
        writer_be32(w, n & 1 ? LONG_LENGTH : 8);
        writer_be32(w, SMPP_SUBMIT_SM);
        writer_be32(w, 0);
        writer_be32(w, n + 1);
        return;
    }
    uint32_t command = kind == BODIES       ? UNKNOWN_COMMAND
                       : kind == BODIES + 1 ? SMPP_SUBMIT_SM_RESP
                       : kind == BODIES + 2 ? SMPP_DELIVER_SM_RESP
                                            : SMPP_SUBMIT_SM;
    size_t at = begin(w, command, n + 1);
    put_bad_body(w, kind < BODIES ? kind : BODIES, n);
    end(w, at);
}
