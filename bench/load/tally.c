/*
 * tally.c - one entry an id; see tally.h.
 */
#include "bench/load/tally.h"

#include <sys/resource.h>

/* An entry's value: answers in the low half, receipts in the high half. A
 * receipt may come before the answer. */
enum { RECEIPT_SHIFT = 32 };

static uint32_t
answers_of(uint64_t value)
{
    return (uint32_t)value;
}

static uint32_t
receipts_of(uint64_t value)
{
    return (uint32_t)(value >> RECEIPT_SHIFT);
}

void
tally_accepted(struct tally *t, uint64_t key)
{
    uint64_t *v = idset_put(&t->ids, key);
    t->accepted++;
    t->doubled += answers_of(*v) > 0;
    t->receipted += answers_of(*v) == 0 && receipts_of(*v) > 0;
    *v += 1;
}

void
tally_receipt(struct tally *t, uint64_t key)
{
    uint64_t *v = idset_put(&t->ids, key);
    t->receipts++;
    t->receipts_doubled += receipts_of(*v) > 0;
    t->receipted += receipts_of(*v) == 0 && answers_of(*v) > 0;
    *v += (uint64_t)1 << RECEIPT_SHIFT;
}

void
tally_refused(struct tally *t, uint32_t status, uint64_t count)
{
    t->refused += count;
    unsigned i = 0;
    while (i < t->statuses_n && t->statuses[i].status != status)
        i++;
    if (i == t->statuses_n && i < TALLY_STATUSES)
        t->statuses[t->statuses_n++].status = status;
    t->statuses[i < TALLY_STATUSES ? i : TALLY_STATUSES - 1].count += count;
}

uint64_t
tally_unknown_receipts(const struct tally *t)
{
    uint64_t unknown = 0;
    for (size_t i = 0; i < t->ids.cap; i++)
        if (answers_of(t->ids.entries[i].value) == 0)
            unknown += receipts_of(t->ids.entries[i].value);
    return unknown;
}

void
tally_fini(struct tally *t)
{
    idset_fini(&t->ids);
}

uint64_t
tally_cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}
