/*
 * sample.h - the PDUs that are encoded and decoded.
 *
 * Promise: the texts and numbers of a real exchange: a submit_sm of one part
 * that asks for a receipt, and the deliver_sm that is its receipt, with both
 * TLVs (SMPP 3.4, 4.4.1, 4.6.1, appendix B).
 */
#ifndef BENCH_CODEC_SAMPLE_H
#define BENCH_CODEC_SAMPLE_H

#include "proto/pdu.h"

void sample_submit(struct pdu *p);
void sample_deliver(struct pdu *p);

#endif
