/*
 * block.c - facts packed into one value of the log.
 */
#include "store/block.h"

static const uint64_t SEGMENT_MAGIC = UINT64_C(0x31676f6c79656c76);

/* Odd numbers with well spread bits, as in the public xxHash description. */
static const uint64_t P1 = UINT64_C(0x9e3779b185ebca87);
static const uint64_t P2 = UINT64_C(0xc2b2ae3d27d4eb4f);
static const uint64_t P3 = UINT64_C(0x165667b19e3779f9);

static inline uint64_t
rotl(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static inline uint64_t
load(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

static inline uint64_t
step(uint64_t lane, uint64_t v)
{
    return rotl(lane + v * P2, 31) * P1;
}

uint64_t
store_checksum(struct slice s, uint64_t seed)
{
    uint64_t a = seed + P1, b = seed + P2, c = seed ^ P3, d = seed - P1;
    size_t i = 0;
    for (; i + 32 <= s.n; i += 32) {
        a = step(a, load(s.p + i));
        b = step(b, load(s.p + i + 8));
        c = step(c, load(s.p + i + 16));
        d = step(d, load(s.p + i + 24));
    }
    uint64_t h = rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18);
    h ^= s.n * P3;
    for (; i + 8 <= s.n; i += 8)
        h = rotl(h ^ step(0, load(s.p + i)), 27) * P1 + P3;
    for (; i < s.n; i++)
        h = rotl(h ^ s.p[i] * P3, 11) * P1;
    h = (h ^ h >> 33) * P2;
    h = (h ^ h >> 29) * P3;
    return h ^ h >> 32;
}

static uint64_t
block_checksum(uint64_t first, uint64_t wall_ms, struct slice facts)
{
    return store_checksum(facts, first * P3 ^ wall_ms);
}

void
store_block_pack(uint8_t *dst, uint64_t first, uint64_t wall_ms,
                 struct slice facts)
{
    struct writer w = writer_of(dst, BLOCK_HEAD_BYTES + facts.n);
    writer_le64(&w, block_checksum(first, wall_ms, facts));
    writer_le64(&w, wall_ms);
    writer_put(&w, facts);
}

bool
store_block_parse(uint64_t key, struct slice value, struct block *out)
{
    struct cursor c = cursor_of(value);
    out->first = key;
    out->checksum = cursor_le64(&c);
    out->wall_ms = cursor_le64(&c);
    out->facts = cursor_rest(&c);
    return !c.failed && key >= STORE_FIRST_POS && out->facts.n >= 4 &&
           out->facts.n <= STORE_BLOCK_MAX;
}

struct slice
store_block_fact(const struct block *b, size_t offset)
{
    if (offset > b->facts.n || b->facts.n - offset < 4)
        return (struct slice){NULL, 0};
    const uint8_t *p = b->facts.p + offset;
    size_t n = (size_t)(p[0] | p[1] << 8);
    if (n < 4 || n > STORE_FACT_MAX || n > b->facts.n - offset)
        return (struct slice){NULL, 0};
    return slice_of(p, n);
}

size_t
store_block_boundary(const struct block *b, size_t offset)
{
    size_t at = 0;
    while (at < offset && at < b->facts.n) {
        struct slice fact = store_block_fact(b, at);
        if (fact.n == 0)
            return SIZE_MAX;
        at += fact.n;
    }
    return at;
}

bool
store_block_is_whole(const struct block *b)
{
    return block_checksum(b->first, b->wall_ms, b->facts) == b->checksum &&
           store_block_boundary(b, b->facts.n) == b->facts.n;
}

void
store_segment_head_pack(uint8_t *dst, uint64_t first)
{
    /* Stored octets are little-endian, as the machines we build for. */
    uint64_t head[3] = {SEGMENT_MAGIC, STORE_FORMAT, first};
    memcpy(dst, head, SEGMENT_HEAD_BYTES);
}

enum store_result
store_segment_head_check(struct slice value, uint64_t first)
{
    struct cursor c = cursor_of(value);
    uint64_t magic = cursor_le64(&c);
    uint32_t format = cursor_le32(&c);
    (void)cursor_le32(&c);
    uint64_t named = cursor_le64(&c);
    if (c.failed || magic != SEGMENT_MAGIC || format == 0)
        return STORE_CORRUPT;
    if (format > STORE_FORMAT)
        return STORE_VERSION;
    return named == first ? STORE_OK : STORE_CORRUPT;
}
