/*
 * tally.h - ids that were promised and what became of them; statuses.
 *
 * Threads: the owner's only.
 */
#ifndef BENCH_LOAD_TALLY_H
#define BENCH_LOAD_TALLY_H

#include "bench/smsc/idset.h"

enum { TALLY_STATUSES = 16 };

/* All zero to begin with. */
struct tally {
    struct idset ids;
    uint64_t accepted;         /* ids given to us */
    uint64_t doubled;          /* given to us more than once */
    uint64_t receipts;         /* that came */
    uint64_t receipts_doubled; /* beyond the first of an id */
    uint64_t receipted;        /* ids accepted that have a receipt */
    uint64_t refused;
    struct {
        uint32_t status;
        uint64_t count;
    } statuses[TALLY_STATUSES];
    unsigned statuses_n;
};

void tally_accepted(struct tally *t, uint64_t key);
void tally_receipt(struct tally *t, uint64_t key);
/* A status other than success; from the 16th kind on they share a row. */
void tally_refused(struct tally *t, uint32_t status, uint64_t count);

/* Receipts whose id nobody gave us. */
uint64_t tally_unknown_receipts(const struct tally *t);

void tally_fini(struct tally *t);

/* Microseconds of CPU that this process has used. */
uint64_t tally_cpu_us(void);

#endif
