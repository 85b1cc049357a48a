/* Blocks and segment heads as octets. */
#include <stdlib.h>

#include "store/block.h"
#include "tests/store/rig.h"

enum { FACTS = 40 };

static uint8_t facts[8192], packed[8192 + BLOCK_HEAD_BYTES];
static size_t facts_n, packed_n;

static void
set_up(void)
{
    facts_n = 0;
    for (uint64_t i = 0; i < FACTS; i++) {
        size_t n = 12 + i * 3;
        rig_make_fact(facts + facts_n, i, n);
        facts_n += n;
    }
    store_block_pack(packed, 1000, 77, slice_of(facts, facts_n));
    packed_n = BLOCK_HEAD_BYTES + facts_n;
}

static void
tear_down(void)
{
}

START_TEST(a_packed_block_parses_to_what_was_packed)
{
    struct block b;
    ck_assert(store_block_parse(1000, slice_of(packed, packed_n), &b));
    ck_assert_uint_eq(b.first, 1000);
    ck_assert_uint_eq(b.wall_ms, 77);
    ck_assert(slice_eq(b.facts, slice_of(facts, facts_n)));
    ck_assert(store_block_is_whole(&b));
    size_t at = 0;
    for (uint64_t i = 0; i < FACTS; i++) {
        struct slice fact = store_block_fact(&b, at);
        ck_assert(rig_fact_is(fact, i));
        ck_assert_uint_eq(store_block_boundary(&b, at), at);
        ck_assert_uint_eq(store_block_boundary(&b, at + 1), at + fact.n);
        at += fact.n;
    }
    ck_assert_uint_eq(store_block_fact(&b, at).n, 0);
    ck_assert_uint_eq(store_block_fact(&b, at + 1).n, 0);
}
END_TEST

START_TEST(the_layout_is_as_drawn)
{
    /* checksum u64 | wall_ms u64, little-endian | facts */
    static const uint8_t wall[8] = {77, 0, 0, 0, 0, 0, 0, 0};
    ck_assert(memcmp(packed + 8, wall, 8) == 0);
    ck_assert(memcmp(packed + 16, facts, facts_n) == 0);
}
END_TEST

START_TEST(every_changed_bit_is_noticed)
{
    struct block b;
    for (size_t bit = 0; bit < packed_n * 8; bit++) {
        packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert(store_block_parse(1000, slice_of(packed, packed_n), &b));
        ck_assert(!store_block_is_whole(&b));
        packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert(store_block_parse(1001, slice_of(packed, packed_n), &b));
    ck_assert(!store_block_is_whole(&b)); /* it is another's place */
}
END_TEST

START_TEST(a_block_cut_at_any_octet_is_not_whole)
{
    struct block b;
    for (size_t n = 0; n < packed_n; n++) {
        uint8_t *cut = malloc(n + 1); /* so that a read too far is seen */
        memcpy(cut, packed, n);
        if (store_block_parse(1000, slice_of(cut, n), &b)) {
            ck_assert_uint_ge(n, BLOCK_HEAD_BYTES + 4);
            ck_assert(!store_block_is_whole(&b));
        }
        free(cut);
    }
}
END_TEST

START_TEST(random_octets_are_never_read_beyond)
{
    uint64_t seed = 99;
    for (int round = 0; round < 3000; round++) {
        size_t n = 20 + rig_random(&seed) % 300;
        uint8_t *octets = malloc(n);
        for (size_t i = 0; i < n; i++)
            octets[i] =
                (uint8_t)(rig_random(&seed) % 11 == 0 ? rig_random(&seed)
                                                      : rig_random(&seed) % 24);
        struct block b;
        ck_assert(store_block_parse(8, slice_of(octets, n), &b));
        for (size_t at = 0; at <= n + 2; at++) {
            struct slice fact = store_block_fact(&b, at);
            ck_assert(fact.n == 0 || at + fact.n <= b.facts.n);
            (void)store_block_boundary(&b, at);
        }
        ck_assert(!store_block_is_whole(&b));
        free(octets);
    }
}
END_TEST

START_TEST(keys_and_sizes_that_cannot_be_are_refused)
{
    struct block b;
    uint8_t *large = calloc(1, BLOCK_HEAD_BYTES + STORE_BLOCK_MAX + 1);
    ck_assert(store_block_parse(
        8, slice_of(large, BLOCK_HEAD_BYTES + STORE_BLOCK_MAX), &b));
    ck_assert(!store_block_parse(
        8, slice_of(large, BLOCK_HEAD_BYTES + STORE_BLOCK_MAX + 1), &b));
    ck_assert(store_block_parse(8, slice_of(large, BLOCK_HEAD_BYTES + 4), &b));
    ck_assert(!store_block_parse(8, slice_of(large, BLOCK_HEAD_BYTES + 3), &b));
    ck_assert(!store_block_parse(7, slice_of(large, 100), &b));
    free(large);
}
END_TEST

START_TEST(segment_heads_are_checked)
{
    uint8_t head[SEGMENT_HEAD_BYTES];
    store_segment_head_pack(head, 4242);
    struct slice s = slice_of(head, sizeof head);
    ck_assert_int_eq(store_segment_head_check(s, 4242), STORE_OK);
    ck_assert_int_eq(store_segment_head_check(s, 4243), STORE_CORRUPT);
    ck_assert_int_eq(
        store_segment_head_check(slice_of(head, sizeof head - 1), 4242),
        STORE_CORRUPT);
    head[8] = STORE_FORMAT + 1;
    ck_assert_int_eq(store_segment_head_check(s, 4242), STORE_VERSION);
    head[0] ^= 1;
    ck_assert_int_eq(store_segment_head_check(s, 4242), STORE_CORRUPT);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, a_packed_block_parses_to_what_was_packed);
    tcase_add_test(tc, the_layout_is_as_drawn);
    tcase_add_test(tc, every_changed_bit_is_noticed);
    tcase_add_test(tc, a_block_cut_at_any_octet_is_not_whole);
    tcase_add_test(tc, random_octets_are_never_read_beyond);
    tcase_add_test(tc, keys_and_sizes_that_cannot_be_are_refused);
    tcase_add_test(tc, segment_heads_are_checked);
}

RIG_MAIN("block", add_tests)
