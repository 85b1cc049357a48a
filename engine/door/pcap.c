/*
 * pcap.c - PDUs as a capture file that Wireshark and tshark read.
 *
 * Promise: as in pcap.h. Little-endian pcap 2.4, microseconds, Ethernet.
 */
#include "engine/door/pcap.h"

enum {
    ETHERNET = 14,
    IP = 20,
    TCP = 20,
    HEADERS = ETHERNET + IP + TCP,
    SEGMENT = 16384,    /* octets of a PDU in one packet */
    SMPP_PORT = 2775,   /* known to dissectors */
    FIRST_PORT = 20000, /* of the other end: tells sessions apart */
    ACK_PSH = 0x18,
};

void
pcap_begin(struct emit *e)
{
    uint8_t head[24];
    struct writer w = writer_of(head, sizeof head);
    writer_le32(&w, 0xA1B2C3D4);
    writer_le32(&w, 4 << 16 | 2); /* version 2.4 */
    writer_le32(&w, 0);           /* UTC */
    writer_le32(&w, 0);
    writer_le32(&w, HEADERS + SEGMENT);
    writer_le32(&w, 1); /* Ethernet */
    emit_raw(e, (const char *)head, sizeof head);
}

static struct pcap_flow *
flow_of(struct pcap *p, uint64_t session)
{
    for (unsigned i = 0; i < PCAP_FLOWS; i++)
        if (p->flow[i].session == session)
            return &p->flow[i];
    struct pcap_flow *flow = &p->flow[p->next++ % PCAP_FLOWS];
    *flow = (struct pcap_flow){.session = session, .sent = {1, 1}};
    return flow;
}

/* The one's complement sum of a header, RFC 1071. */
static uint16_t
checksum(const uint8_t *p, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < n; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)~sum;
}

static void
put_ip(struct writer *w, size_t n, bool out)
{
    uint8_t ip[IP];
    struct writer i = writer_of(ip, sizeof ip);
    writer_be16(&i, 0x4500);
    writer_be16(&i, (uint16_t)(IP + TCP + n));
    writer_be32(&i, 0);
    writer_be16(&i, 0x4006); /* time to live 64, TCP */
    writer_be16(&i, 0);
    writer_be32(&i, out ? 0x0A000001 : 0x0A000002);
    writer_be32(&i, out ? 0x0A000002 : 0x0A000001);
    uint16_t sum = checksum(ip, sizeof ip);
    ip[10] = (uint8_t)(sum >> 8);
    ip[11] = (uint8_t)sum;
    writer_put(w, slice_of(ip, sizeof ip));
}

/* Checksum 0: not computed, as offloading cards leave it. */
static void
put_tcp(struct writer *w, struct pcap_flow *flow, const struct trace_pdu *t,
        size_t n)
{
    uint16_t high = (uint16_t)(FIRST_PORT + t->session % 40000);
    bool server_sends = t->out == t->client;
    writer_be16(w, server_sends ? SMPP_PORT : high);
    writer_be16(w, server_sends ? high : SMPP_PORT);
    writer_be32(w, flow->sent[t->out]);
    writer_be32(w, flow->sent[!t->out]);
    writer_be16(w, 5 << 12 | ACK_PSH);
    writer_be16(w, 0xFFFF);
    writer_be32(w, 0);
    flow->sent[t->out] += (uint32_t)n;
}

static void
put_packet(struct emit *e, struct pcap_flow *flow, const struct trace_pdu *t,
           struct slice octets)
{
    uint8_t head[16 + HEADERS];
    struct writer w = writer_of(head, sizeof head);
    size_t length = HEADERS + octets.n;
    writer_le32(&w, (uint32_t)(t->at_us / 1000000));
    writer_le32(&w, (uint32_t)(t->at_us % 1000000));
    writer_le32(&w, (uint32_t)length);
    writer_le32(&w, (uint32_t)length);
    uint8_t us = t->out ? 1 : 2, peer = t->out ? 2 : 1;
    writer_be32(&w, 0x02000000);
    writer_be16(&w, peer);
    writer_be32(&w, 0x02000000);
    writer_be16(&w, us);
    writer_be16(&w, 0x0800);
    put_ip(&w, octets.n, t->out);
    put_tcp(&w, flow, t, octets.n);
    emit_raw(e, (const char *)head, sizeof head);
    emit_raw(e, (const char *)octets.p, octets.n);
}

void
pcap_put(struct pcap *p, struct emit *e, const struct trace_pdu *pdu)
{
    struct pcap_flow *flow = flow_of(p, pdu->session);
    struct slice left = pdu->octets;
    while (left.n > 0) {
        size_t n = left.n < SEGMENT ? left.n : SEGMENT;
        put_packet(e, flow, pdu, slice_of(left.p, n));
        left = slice_of(left.p + n, left.n - n);
    }
}
