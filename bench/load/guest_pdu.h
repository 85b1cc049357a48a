/*
 * guest_pdu.h - what guests say: binds, submits, and PDUs that are wrong.
 *
 * Threads: plain values. Allocates nothing.
 */
#ifndef BENCH_LOAD_GUEST_PDU_H
#define BENCH_LOAD_GUEST_PDU_H

#include "proto/bytes.h"

void guest_put_bind(struct writer *w, const char *system_id,
                    const char *password, uint32_t sequence);
void guest_put_submit(struct writer *w, const char *from, uint32_t sequence);
/* A command without a body. */
void guest_put_header(struct writer *w, uint32_t command, uint32_t sequence);
/* A header that announces 2 GiB. */
void guest_put_huge(struct writer *w);
/* The n-th kind of PDU that is not well-formed, at most 512 octets. */
void guest_put_malformed(struct writer *w, uint32_t n);

#endif
