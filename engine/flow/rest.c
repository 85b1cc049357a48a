/*
 * rest.c - lists of u64 records in blocks of the REST table.
 *
 *   key: section u8 | block u32, big-endian     value: words, little-endian
 */
#include "engine/flow/checkpoint.h"

static struct slice
key_of(enum rest_section section, uint32_t block, uint8_t room[5])
{
    struct writer w = writer_of(room, 5);
    writer_u8(&w, (uint8_t)section);
    writer_be32(&w, block);
    return writer_slice(&w);
}

void
rest_begin(struct rest_writer *w, struct store_checkpoint *to,
           enum rest_section section)
{
    w->to = to;
    w->section = section;
    w->block = 0;
    w->used = 0;
}

static void
flush(struct rest_writer *w)
{
    uint8_t key[5];
    if (w->used)
        store_checkpoint_put(w->to, TABLE_REST,
                             key_of(w->section, w->block++, key),
                             slice_of(w->octets, w->used));
    w->used = 0;
}

void
rest_put(struct rest_writer *w, const uint64_t *words, unsigned count)
{
    if (w->used + count * 8u > sizeof w->octets)
        flush(w);
    struct writer out =
        writer_of(w->octets + w->used, sizeof w->octets - w->used);
    for (unsigned i = 0; i < count; i++)
        writer_le64(&out, words[i]);
    w->used += writer_used(&out);
}

uint32_t
rest_end(struct rest_writer *w)
{
    flush(w);
    return w->block;
}

bool
rest_read(struct flow *f, enum rest_section section, uint32_t blocks,
          unsigned count, void (*take)(struct flow *f, const uint64_t *words))
{
    uint64_t words[16] = {0};
    for (uint32_t b = 0; b < blocks; b++) {
        uint8_t key[5];
        struct slice value;
        if (store_get(f->journal.reader, TABLE_REST, key_of(section, b, key),
                      &value) != STORE_OK)
            return false;
        struct cursor c = cursor_of(value);
        while (cursor_left(&c) >= count * 8u) {
            for (unsigned i = 0; i < count; i++)
                words[i] = cursor_le64(&c);
            take(f, words);
        }
    }
    return true;
}
