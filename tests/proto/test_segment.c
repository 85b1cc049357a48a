/*
 * test_segment.c - proto/segment.c: the shared vectors, and what must hold
 * for any text and any way of sending.
 */
#include "proto/segment.h"

#include <check.h>

#include "engine/cli/text_json.h"
#include "proto/gsm7.h"
#include "tests/proto/vectors.h"

enum { TEXT_VECTORS = 92 };

static json_t *vectors;

START_TEST(vector_comes_out_exactly)
{
    json_t *v = json_array_get(vectors, (size_t)_i);
    const char *name = json_string_value(json_object_get(v, "name"));
    json_t *want = json_deep_copy(json_object_get(v, "expect"));
    json_t *transliterated = json_object_get(v, "transliterated");
    if (transliterated)
        json_object_set(want, "transliterated", transliterated);

    struct segment_options defaults = text_json_options();
    json_t *got = text_json_request(v, &defaults);

    VECTORS_EQUAL(name, got, want);
    json_decref(got);
    json_decref(want);
}
END_TEST

/* ---- properties over random texts ---- */

/* xorshift64: a seed gives the same texts on every machine. */
static uint64_t
next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Characters by kind; each text draws from one of the rows. */
static const uint32_t drawn[5][8] = {
    {'a', 'Z', ' ', '9', '@', 0x00E9, 0x0394, '\n'},
    {'{', 0x20AC, 'x', '~', '[', '\\', '|', '\f'},
    {0x4E2D, 'a', 0x1F600, 0x0430, 0x1F468, 0x200D, 0xFFFD, 0x10FFFF},
    {0x1F600, 0x1F601, 0x1F602, 0x1F603, 0x10000, 'a', 'b', 0xE000},
    {0x011F, 0x0130, 'a', 0x20AC, '{', 0x015F, 0x0131, ' '},
};

/* A text of up to max characters, about half of them from one row. */
static size_t
random_text(uint64_t *seed, unsigned max, uint8_t *dst, size_t cap)
{
    const uint32_t *row = drawn[next_random(seed) % 5];
    unsigned n = (unsigned)(next_random(seed) % (max + 1));
    unsigned skew = (unsigned)(next_random(seed) % 8) + 1;
    struct writer w = writer_of(dst, cap);
    for (unsigned i = 0; i < n; i++)
        ucs2_put_utf8(&w, row[next_random(seed) % skew]);
    ck_assert(!w.failed);
    return writer_used(&w);
}

static struct segment_options
random_options(uint64_t *seed)
{
    uint64_t r = next_random(seed);
    return (struct segment_options){
        .way = (enum segment_way)(r & 3),
        .packed = r >> 2 & 1,
        .charset_0 = r >> 3 & 3 ? CODING_GSM7 : CODING_LATIN1,
        .lock = r >> 5 & 1 ? 1 : 0,
        .shift = r >> 6 & 1 ? 1 : 0,
        .octets_as_septets = r >> 7 & 1,
        .reference = (uint16_t)(r >> 16),
        .max_parts = 255,
    };
}

static bool
is_cut(const struct segment_plan *plan, struct slice units)
{
    if (units.n == 0)
        return false;
    if (plan->alphabet == CODING_UCS2)
        return (units.p[units.n - 2] & 0xFC) == 0xD8;
    return plan->alphabet == CODING_GSM7 && units.p[units.n - 1] == 0x1B;
}

/* The data behind the UDH, septets unpacked into room. */
static struct slice
units_of(const struct segment_plan *plan, const struct segment_part *part,
         uint8_t *room)
{
    struct cursor c = cursor_of(part->octets);
    (void)cursor_take(&c, part->udh_bytes);
    struct slice rest = cursor_rest(&c);
    if (!plan->packed)
        return rest;
    unsigned fill = gsm7_fill_bits(part->udh_bytes);
    gsm7_unpack(rest, fill, part->units, room);
    return slice_of(room, part->units);
}

static void
check_udh(const struct segment_plan *plan, unsigned part,
          const struct segment_part *p)
{
    struct udh udh;
    ck_assert_int_eq(p->udh_bytes > 0, plan->has_udh);
    if (p->udh_bytes == 0)
        return;
    ck_assert(udh_parse(p->octets, &udh));
    ck_assert_uint_eq(udh.length, p->udh_bytes);
    ck_assert_uint_eq(udh.lock, plan->lock);
    ck_assert_uint_eq(udh.shift, plan->shift);
    bool by_udh = plan->way <= SEGMENT_UDH16 && plan->parts > 1;
    ck_assert_int_eq(udh.concat, by_udh);
    if (!by_udh)
        return;
    ck_assert_uint_eq(udh.number, part + 1);
    ck_assert_uint_eq(udh.total, plan->parts);
    ck_assert_uint_eq(udh.reference, plan->way == SEGMENT_UDH16
                                         ? plan->reference
                                         : plan->reference & 0xFF);
}

static void
check_part(const struct segment_plan *plan, unsigned part,
           const struct segment_part *p, struct slice units)
{
    unsigned limit = plan->parts > 1 ? plan->part_limit : plan->single_limit;
    check_udh(plan, part, p);
    ck_assert(!is_cut(plan, units));
    ck_assert_int_eq(p->sar, plan->way == SEGMENT_SAR && plan->parts > 1);
    if (p->sar) {
        ck_assert_uint_eq(p->sar_number, part + 1);
        ck_assert_uint_eq(p->sar_total, plan->parts);
        ck_assert_uint_eq(p->sar_reference, plan->reference);
    }
    if (p->in_payload) {
        ck_assert_int_eq(plan->way, SEGMENT_PAYLOAD);
        ck_assert_uint_eq(plan->parts, 1);
        return;
    }
    ck_assert_uint_le(p->units, limit);
    /* SMPP 3.4, 5.2.21: short_message takes 254 octets. */
    ck_assert_uint_le(p->octets.n, 254);
    /* Greedy: another unit, or a pair, would not have fitted. */
    if (part + 1 < plan->parts)
        ck_assert_uint_ge(p->units + 1, limit);
}

/* Decodes all parts and holds them against the text. */
static void
check_text(struct slice text, const struct segment_options *o)
{
    static uint8_t buf[65536], room[40000], joined[65536];
    static struct segment_part p, again;
    struct segment_plan plan;
    ck_assert_int_eq(segment_plan(text, o, buf, sizeof buf, &plan), SEGMENT_OK);
    struct coding_options read = {.charset_0 = o->charset_0};
    struct writer w = writer_of(joined, sizeof joined);
    unsigned units = 0;
    for (unsigned part = 0; part < plan.parts; part++) {
        segment_part(&plan, part, &p);
        struct slice u = units_of(&plan, &p, room);
        check_part(&plan, part, &p, u);
        units += p.units;
        struct udh tables = {.lock = plan.lock, .shift = plan.shift};
        ck_assert_int_eq(
            coding_to_utf8(plan.data_coding, &read, &tables, u, &w),
            CODING_READ);
        segment_part(&plan, part, &again);
        ck_assert(slice_eq(p.octets, again.octets));
    }
    ck_assert_uint_eq(units, plan.units);
    ck_assert_uint_eq(writer_used(&w), text.n);
    ck_assert(slice_eq(writer_slice(&w), text));
}

START_TEST(parts_joined_are_the_text)
{
    static uint8_t utf8[8192];
    uint64_t seed = 0x9E3779B97F4A7C15u + (uint64_t)_i;
    for (int round = 0; round < 400; round++) {
        size_t n = random_text(&seed, 1200, utf8, sizeof utf8);
        struct segment_options o = random_options(&seed);
        check_text(slice_of(utf8, n), &o);
    }
}
END_TEST

/* ---- limits ---- */

static enum segment_result
plan_of(const char *unit, unsigned times, const struct segment_options *o,
        struct segment_plan *plan)
{
    static char text[200000];
    static uint8_t buf[200000];
    size_t n = strlen(unit);
    for (unsigned i = 0; i < times; i++)
        memcpy(text + i * n, unit, n);
    return segment_plan(slice_of(text, n * times), o, buf, sizeof buf, plan);
}

static const struct limit_case {
    struct segment_options o;
    const char *unit;
    unsigned fits; /* this many, and not one more */
    unsigned parts;
} limit_cases[] = {
    {{.max_parts = 1}, "a", 160, 1},
    {{.max_parts = 1}, "\xC3\xA7", 70, 1},
    {{0}, "a", 1530, 10}, /* 10 parts unless told otherwise */
    {{.max_parts = 2}, "a", 306, 2},
    {{.max_parts = 2, .way = SEGMENT_UDH16}, "a", 304, 2},
    {{.max_parts = 2, .way = SEGMENT_SAR}, "a", 306, 2},
    {{.max_parts = 255}, "a", 39015, 255},
    {{.max_parts = 9999}, "a", 39015, 255},
    {{.max_parts = 255}, "\xC3\xA7", 17085, 255},
    {{.max_parts = 255, .way = SEGMENT_PAYLOAD}, "a", 39015, 1},
    {{.max_parts = 1, .charset_0 = CODING_LATIN1}, "\xC3\xA7", 140, 1},
    {{.max_parts = 2, .charset_0 = CODING_LATIN1}, "\xC3\xA7", 268, 2},
    {{.max_parts = 2, .charset_0 = CODING_ASCII, .octets_as_septets = true},
     "a",
     306,
     2},
};

START_TEST(text_above_the_limit_is_too_long)
{
    const struct limit_case *c = &limit_cases[_i];
    struct segment_plan plan;
    ck_assert_int_eq(plan_of(c->unit, c->fits, &c->o, &plan), SEGMENT_OK);
    ck_assert_uint_eq(plan.parts, c->parts);
    ck_assert_int_eq(plan_of(c->unit, c->fits + 1, &c->o, &plan),
                     SEGMENT_TOO_LONG);
    unsigned max = c->o.max_parts ? c->o.max_parts : 10;
    ck_assert_uint_eq(plan.segments, (max < 255 ? max : 255) + 1);
}
END_TEST

START_TEST(buffer_too_small_is_told)
{
    const struct segment_options o = {0};
    struct segment_plan plan;
    uint8_t buf[8];
    ck_assert_int_eq(segment_plan(slice_str("12345678"), &o, buf, 8, &plan),
                     SEGMENT_OK);
    ck_assert_int_eq(segment_plan(slice_str("123456789"), &o, buf, 8, &plan),
                     SEGMENT_NO_ROOM);
    ck_assert_int_eq(
        segment_plan(slice_str("\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0"), &o,
                     buf, 8, &plan),
        SEGMENT_NO_ROOM);
}
END_TEST

START_TEST(bad_utf8_is_refused)
{
    const struct segment_options o = {.transliterate = true, .lock = 1};
    struct segment_plan plan;
    uint8_t buf[64];
    ck_assert_int_eq(
        segment_plan(slice_str("caf\xE9"), &o, buf, sizeof buf, &plan),
        SEGMENT_BAD_UTF8);
    /* behind a character that has already ruled out GSM 7-bit */
    ck_assert_int_eq(
        segment_plan(slice_str("\xD0\xB0 \xE9"), &o, buf, sizeof buf, &plan),
        SEGMENT_BAD_UTF8);
}
END_TEST

START_TEST(default_tables_come_before_national_ones)
{
    const struct segment_options o = {.lock = 6, .shift = 6};
    struct segment_plan plan;
    uint8_t buf[64];
    /* Hindi locking has no Latin capitals; nobody needs it here. */
    ck_assert_int_eq(
        segment_plan(slice_str("HELLO"), &o, buf, sizeof buf, &plan),
        SEGMENT_OK);
    ck_assert_int_eq(plan.alphabet, CODING_GSM7);
    ck_assert(!plan.has_udh);
    ck_assert_uint_eq(plan.single_limit, 160);
}
END_TEST

START_TEST(language_without_a_locking_table_has_no_udh_element)
{
    const struct segment_options o = {.lock = 2, .shift = 99};
    struct segment_plan plan;
    uint8_t buf[64];
    ck_assert_int_eq(
        segment_plan(slice_str("\xC3\xA7"), &o, buf, sizeof buf, &plan),
        SEGMENT_OK);
    ck_assert_int_eq(plan.alphabet, CODING_UCS2);
    ck_assert_uint_eq(plan.culprit, 0xE7);
    ck_assert(!plan.has_udh);
}
END_TEST

START_TEST(packed_payload_follows_its_udh)
{
    const struct segment_options o = {.way = SEGMENT_PAYLOAD,
                                      .packed = true,
                                      .lock = 1,
                                      .data_coding_gsm7 = 0xF1};
    static uint8_t septets[512];
    struct segment_plan plan;
    struct segment_part part;
    ck_assert_int_eq(plan_of("\xC4\x9F", 200, &o, &plan), SEGMENT_OK);
    segment_part(&plan, 0, &part);
    ck_assert(part.in_payload);
    ck_assert_uint_eq(plan.segments, 2);
    ck_assert_uint_eq(plan.data_coding, 0xF1);
    ck_assert_uint_eq(part.udh_bytes, 4);
    ck_assert_uint_eq(part.octets.n, 4 + gsm7_packed_bytes(200, 3));
    gsm7_unpack(slice_of(part.octets.p + 4, part.octets.n - 4), 3, 200,
                septets);
    for (int i = 0; i < 200; i++)
        ck_assert_uint_eq(septets[i], 0x0C);
}
END_TEST

static Suite *
segment_suite(void)
{
    Suite *s = suite_create("segment");
    TCase *t = tcase_create("vectors");
    tcase_add_loop_test(t, vector_comes_out_exactly, 0, TEXT_VECTORS);
    suite_add_tcase(s, t);
    t = tcase_create("properties");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, parts_joined_are_the_text, 0, 5);
    suite_add_tcase(s, t);
    t = tcase_create("limits");
    tcase_add_loop_test(t, text_above_the_limit_is_too_long, 0,
                        sizeof limit_cases / sizeof limit_cases[0]);
    tcase_add_test(t, buffer_too_small_is_told);
    tcase_add_test(t, bad_utf8_is_refused);
    tcase_add_test(t, default_tables_come_before_national_ones);
    tcase_add_test(t, language_without_a_locking_table_has_no_udh_element);
    tcase_add_test(t, packed_payload_follows_its_udh);
    suite_add_tcase(s, t);
    return s;
}

int
main(void)
{
    vectors = vectors_load("text_vectors.json", TEXT_VECTORS);
    SRunner *r = srunner_create(segment_suite());
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    json_decref(vectors);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
