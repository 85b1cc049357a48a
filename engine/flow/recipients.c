/*
 * recipients.c - packs and unpacks rows of a campaign.
 *
 * Promise: a chunk that was packed here reads back row by row; a damaged one
 * fails the reader instead of reading outside it. A row is taken apart in
 * its own bounds, so it can never reach into the next one.
 */
#include "engine/flow/recipients.h"

static size_t
varint_bytes(uint64_t v)
{
    size_t n = 1;
    while (v >= 0x80) {
        v >>= 7;
        n++;
    }
    return n;
}

/* Nearly all lengths fit one octet; the rest goes the long way. */
static inline uint64_t
next_varint(struct cursor *c)
{
    if (!c->failed && c->at < c->end && *c->at < 0x80)
        return cursor_u8(c);
    return cursor_varint(c);
}

bool
recipients_begin(struct recipients_packer *p, uint8_t *octets,
                 const struct slice *names, unsigned columns)
{
    if (columns > RECIPIENTS_COLUMNS_MAX)
        return false;
    /* The longest row must always fit behind the names, or a row could be
     * refused as FULL for ever. */
    struct writer w =
        writer_of(octets, RECIPIENTS_CHUNK_MAX - RECIPIENTS_ROW_MAX -
                              varint_bytes(RECIPIENTS_ROW_MAX));
    writer_varint(&w, columns);
    for (unsigned i = 0; i < columns; i++)
        writer_bytes(&w, names[i]);
    if (w.failed)
        return false;
    *p = (struct recipients_packer){
        .octets = octets, .used = writer_used(&w), .columns = columns};
    return true;
}

static size_t
row_bytes(const struct recipients_packer *p, uint64_t subscriber,
          uint32_t sender, const struct slice *values)
{
    size_t n = varint_bytes(subscriber) + varint_bytes(sender);
    for (unsigned i = 0; i < p->columns; i++) {
        if (!values[i].p)
            n += 1;
        else if (values[i].n > RECIPIENTS_ROW_MAX)
            return RECIPIENTS_ROW_MAX + 1; /* no overflow of the sum */
        else
            n += varint_bytes(values[i].n + 1) + values[i].n;
    }
    return n;
}

enum recipients_result
recipients_add(struct recipients_packer *p, uint64_t subscriber,
               uint32_t sender, const struct slice *values)
{
    size_t n = row_bytes(p, subscriber, sender, values);
    if (n > RECIPIENTS_ROW_MAX)
        return RECIPIENTS_TOO_LONG;
    if (p->rows == RECIPIENTS_ROWS_MAX ||
        n + varint_bytes(n) > RECIPIENTS_CHUNK_MAX - p->used)
        return RECIPIENTS_FULL;
    struct writer w =
        writer_of(p->octets + p->used, RECIPIENTS_CHUNK_MAX - p->used);
    writer_varint(&w, n);
    writer_varint(&w, subscriber);
    writer_varint(&w, sender);
    for (unsigned i = 0; i < p->columns; i++) {
        writer_varint(&w, values[i].p ? values[i].n + 1 : 0);
        if (values[i].p)
            writer_put(&w, values[i]);
    }
    p->used += writer_used(&w);
    p->rows++;
    return RECIPIENTS_OK;
}

bool
recipients_open(struct recipients_reader *r, struct slice chunk)
{
    r->at = cursor_of(chunk);
    r->row = 0;
    uint64_t columns = cursor_varint(&r->at);
    if (columns > RECIPIENTS_COLUMNS_MAX)
        r->at.failed = true;
    r->columns = r->at.failed ? 0 : (unsigned)columns;
    for (unsigned i = 0; i < r->columns; i++)
        r->names[i] = cursor_bytes(&r->at);
    return !r->at.failed;
}

/* The octets of the next row; false at the end or when cut. */
static inline bool
next_row(struct recipients_reader *r, struct cursor *row)
{
    if (r->at.failed || cursor_left(&r->at) == 0)
        return false;
    uint64_t n = next_varint(&r->at);
    if (n > cursor_left(&r->at))
        r->at.failed = true;
    *row = cursor_of(cursor_take(&r->at, r->at.failed ? 0 : (size_t)n));
    return !r->at.failed;
}

bool
recipients_next(struct recipients_reader *r, struct recipient *out)
{
    struct cursor row;
    if (!next_row(r, &row))
        return false;
    out->subscriber = cursor_varint(&row);
    uint64_t sender = next_varint(&row);
    for (unsigned i = 0; i < r->columns; i++) {
        uint64_t n = next_varint(&row);
        if (n == 0) {
            out->values[i] = (struct slice){NULL, 0};
            continue;
        }
        if (n - 1 > cursor_left(&row))
            row.failed = true;
        out->values[i] = cursor_take(&row, row.failed ? 0 : (size_t)n - 1);
    }
    if (row.failed || cursor_left(&row) != 0 || sender > UINT32_MAX) {
        r->at.failed = true;
        return false;
    }
    out->sender = (uint32_t)sender;
    r->row++;
    return true;
}

uint64_t
recipients_peek(const struct recipients_reader *r)
{
    struct cursor at = r->at;
    if (at.failed || cursor_left(&at) == 0)
        return 0;
    next_varint(&at); /* length of the row */
    uint64_t subscriber = cursor_varint(&at);
    return at.failed ? 0 : subscriber;
}

bool
recipients_skip(struct recipients_reader *r, unsigned n)
{
    struct cursor row;
    for (unsigned i = 0; i < n; i++) {
        if (!next_row(r, &row))
            return false;
        r->row++;
    }
    return true;
}
