/*
 * fuzz_recipients.c - any octets read as a chunk stay inside it; what reads
 * well packs again and reads the same.
 */
#include "engine/flow/recipients.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n);

static bool
same(const struct recipient *a, const struct recipient *b, unsigned columns)
{
    if (a->subscriber != b->subscriber || a->sender != b->sender)
        return false;
    for (unsigned i = 0; i < columns; i++)
        if (!a->values[i].p != !b->values[i].p ||
            !slice_eq(a->values[i], b->values[i]))
            return false;
    return true;
}

/* Packs one row alone and reads it back. */
static void
repack(const struct recipients_reader *from, const struct recipient *row)
{
    static uint8_t again[RECIPIENTS_CHUNK_MAX];
    struct recipients_packer p;
    struct recipients_reader r;
    struct recipient back;
    if (!recipients_begin(&p, again, from->names, from->columns))
        return;
    if (recipients_add(&p, row->subscriber, row->sender, row->values) !=
        RECIPIENTS_OK)
        return;
    if (!recipients_open(&r, slice_of(again, p.used)) ||
        !recipients_next(&r, &back) || !same(row, &back, from->columns))
        abort();
    if (recipients_next(&r, &back) || r.at.failed)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    struct recipients_reader r, skipper;
    struct recipient row;
    struct slice chunk = {octets, n};
    if (!recipients_open(&r, chunk))
        return 0;
    while (recipients_next(&r, &row)) {
        /* A few are enough, or long inputs take for ever. */
        if (r.row <= 4)
            repack(&r, &row);
        for (unsigned i = 0; i < r.columns; i++)
            if (row.values[i].n &&
                (row.values[i].p < octets ||
                 row.values[i].p + row.values[i].n > octets + n))
                abort();
    }
    /* Skipping sees at least the rows that reading sees. */
    if (!recipients_open(&skipper, chunk) || !recipients_skip(&skipper, r.row))
        abort();
    return 0;
}
