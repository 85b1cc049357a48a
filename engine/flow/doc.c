/*
 * doc.c - writes and reads tagged fields.
 *
 * Promise: as in doc.h.
 */
#include "engine/flow/doc.h"

void
doc_put_text(struct writer *w, uint8_t tag, struct slice text)
{
    writer_u8(w, tag);
    writer_bytes(w, text);
}

void
doc_put_u64(struct writer *w, uint8_t tag, uint64_t number)
{
    uint8_t octets[8];
    size_t n = 0;
    for (; number; number >>= 8)
        octets[n++] = (uint8_t)number;
    doc_put_text(w, tag, slice_of(octets, n));
}

bool
doc_next(struct cursor *doc, uint8_t *tag, struct slice *value)
{
    if (doc->failed || cursor_left(doc) == 0)
        return false;
    *tag = cursor_u8(doc);
    *value = cursor_bytes(doc);
    return !doc->failed;
}

bool
doc_next_of(struct cursor *doc, uint8_t tag, struct slice *value)
{
    uint8_t found;
    while (doc_next(doc, &found, value))
        if (found == tag)
            return true;
    *value = (struct slice){NULL, 0};
    return false;
}

bool
doc_get(struct slice doc, uint8_t tag, struct slice *value)
{
    struct cursor c = cursor_of(doc);
    return doc_next_of(&c, tag, value);
}

struct slice
doc_text(struct slice doc, uint8_t tag)
{
    struct slice value;
    (void)doc_get(doc, tag, &value);
    return value;
}

char *
doc_copy(struct slice doc, uint8_t tag, char *dst, size_t cap)
{
    slice_to_str(doc_text(doc, tag), dst, cap);
    return dst;
}

uint64_t
doc_number(struct slice value, uint64_t absent)
{
    if (value.n > 8)
        return absent;
    uint64_t v = 0;
    for (size_t i = value.n; i > 0; i--)
        v = v << 8 | value.p[i - 1];
    return v;
}

uint64_t
doc_u64(struct slice doc, uint8_t tag, uint64_t absent)
{
    struct slice value;
    return doc_get(doc, tag, &value) ? doc_number(value, absent) : absent;
}

bool
doc_is_sound(struct slice doc)
{
    struct cursor c = cursor_of(doc);
    uint8_t tag;
    struct slice value;
    while (doc_next(&c, &tag, &value))
        ;
    return !c.failed;
}
