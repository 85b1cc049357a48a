/*
 * page.c - lists in pages: opaque cursors.
 *
 * Promise: as in page.h.
 *
 *   cursor: hex of a u64 | b u64 | check u32, little-endian
 */
#include "engine/door/page.h"

#include <xxhash.h>

static uint32_t
check_of(const char *list, const uint8_t octets[16])
{
    return XXH32(octets, 16, XXH32(list, strlen(list), 0));
}

void
page_cursor_write(const char *list, uint64_t a, uint64_t b,
                  char out[PAGE_CURSOR_BYTES])
{
    uint8_t octets[20];
    struct writer w = writer_of(octets, sizeof octets);
    writer_le64(&w, a);
    writer_le64(&w, b);
    writer_le32(&w, check_of(list, octets));
    bytes_to_hex(writer_slice(&w), out);
}

bool
page_cursor_read(const char *list, struct slice text, uint64_t *a, uint64_t *b)
{
    uint8_t octets[20];
    size_t n = sizeof octets;
    if (text.n != 2 * sizeof octets || !bytes_from_hex(text, octets, &n) ||
        n != sizeof octets)
        return false;
    struct cursor c = cursor_of(slice_of(octets, n));
    *a = cursor_le64(&c);
    *b = cursor_le64(&c);
    return cursor_le32(&c) == check_of(list, octets);
}
