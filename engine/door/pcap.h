/*
 * pcap.h - PDUs as a capture file that Wireshark and tshark read.
 *
 * PDUs are wrapped in Ethernet, IPv4 and TCP headers made for the purpose:
 * each session is one connection between 10.0.0.1 (us) and 10.0.0.2 (the
 * peer), ports and sequence numbers as TCP would count them. Peers' real
 * addresses stand in the trace's text, not here.
 *
 * Threads: a pcap belongs to one request.
 */
#ifndef ENGINE_DOOR_PCAP_H
#define ENGINE_DOOR_PCAP_H

#include "engine/door/emit.h"
#include "engine/flow/trace.h"

enum { PCAP_FLOWS = 256 };

/* Where each session's two streams stand; the oldest is forgotten when there
 * are too many (its next PDU begins a connection anew). */
struct pcap {
    struct pcap_flow {
        uint64_t session;
        uint32_t sent[2]; /* octets, by direction */
    } flow[PCAP_FLOWS];
    unsigned next;
};

/* The file's header. */
void pcap_begin(struct emit *e);
/* One PDU, in segments when it is long. */
void pcap_put(struct pcap *p, struct emit *e, const struct trace_pdu *pdu);

#endif
