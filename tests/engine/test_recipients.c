/*
 * test_recipients.c - tests engine/flow/recipients.c.
 */
#include "engine/flow/recipients.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static uint8_t octets[RECIPIENTS_CHUNK_MAX];
static uint8_t filler[RECIPIENTS_CHUNK_MAX];

static struct slice
packed(const struct recipients_packer *p)
{
    return slice_of(p->octets, p->used);
}

static void
begin_three(struct recipients_packer *p)
{
    const struct slice names[] = {slice_str("first_name"), slice_str("plate"),
                                  slice_str("town")};
    ck_assert(recipients_begin(p, octets, names, 3));
}

static void
add_ana(struct recipients_packer *p)
{
    const struct slice ana[] = {slice_str("Ana"), {NULL, 0}, slice_str("")};
    ck_assert_int_eq(recipients_add(p, 12125550101, 3, ana), RECIPIENTS_OK);
}

START_TEST(rows_read_back_with_absent_and_empty_apart)
{
    struct recipients_packer p;
    struct recipients_reader r;
    struct recipient row;
    const struct slice ben[] = {slice_str("Ben"), slice_str("KX12"),
                                slice_of(filler, 300)};
    begin_three(&p);
    add_ana(&p);
    ck_assert_int_eq(recipients_add(&p, 1, 0, ben), RECIPIENTS_OK);
    ck_assert_uint_eq(p.rows, 2);
    ck_assert(recipients_open(&r, packed(&p)));
    ck_assert_uint_eq(r.columns, 3);
    ck_assert(slice_eq(r.names[1], slice_str("plate")));
    ck_assert(recipients_next(&r, &row));
    ck_assert_uint_eq(row.subscriber, 12125550101);
    ck_assert_uint_eq(row.sender, 3);
    ck_assert(slice_eq(row.values[0], slice_str("Ana")));
    ck_assert_ptr_null(row.values[1].p);
    ck_assert_ptr_nonnull(row.values[2].p);
    ck_assert_uint_eq(row.values[2].n, 0);
    ck_assert_uint_eq(r.row, 1);
    ck_assert(recipients_next(&r, &row));
    ck_assert_uint_eq(row.sender, 0);
    ck_assert_uint_eq(row.values[2].n, 300);
    ck_assert(!recipients_next(&r, &row));
    ck_assert(!r.at.failed);
}
END_TEST

/* By hand from the drawing: no columns, one row of subscriber 5, sender 0;
 * one column "a", one row with 300, 1, and "b". */
START_TEST(the_layout_is_as_drawn)
{
    static const uint8_t none[] = {0, 2, 5, 0};
    static const uint8_t one[] = {1, 1, 'a', 5, 0xAC, 0x02, 1, 2, 'b'};
    struct recipients_reader r;
    struct recipient row;
    ck_assert(recipients_open(&r, slice_of(none, sizeof none)));
    ck_assert(recipients_next(&r, &row));
    ck_assert_uint_eq(row.subscriber, 5);
    ck_assert(recipients_open(&r, slice_of(one, sizeof one)));
    ck_assert(recipients_next(&r, &row));
    ck_assert_uint_eq(row.subscriber, 300);
    ck_assert_uint_eq(row.sender, 1);
    ck_assert(slice_eq(row.values[0], slice_str("b")));
}
END_TEST

START_TEST(skipping_lands_on_the_row)
{
    struct recipients_packer p;
    struct recipients_reader r;
    struct recipient row;
    ck_assert(recipients_begin(&p, octets, NULL, 0));
    for (unsigned i = 0; i < 1000; i++)
        ck_assert_int_eq(recipients_add(&p, i, 0, NULL), RECIPIENTS_OK);
    ck_assert(recipients_open(&r, packed(&p)));
    ck_assert(recipients_skip(&r, 777));
    ck_assert(recipients_next(&r, &row));
    ck_assert_uint_eq(row.subscriber, 777);
    ck_assert_uint_eq(r.row, 778);
    ck_assert(recipients_skip(&r, 222));
    ck_assert(!recipients_skip(&r, 1));
    ck_assert(!r.at.failed);
}
END_TEST

START_TEST(a_chunk_holds_its_rows_and_not_one_more)
{
    struct recipients_packer p;
    ck_assert(recipients_begin(&p, octets, NULL, 0));
    for (unsigned i = 0; i < RECIPIENTS_ROWS_MAX; i++)
        ck_assert_int_eq(recipients_add(&p, 1, 0, NULL), RECIPIENTS_OK);
    size_t used = p.used;
    ck_assert_int_eq(recipients_add(&p, 1, 0, NULL), RECIPIENTS_FULL);
    ck_assert_uint_eq(p.used, used);
}
END_TEST

START_TEST(a_full_chunk_takes_no_octet_more_and_stays_readable)
{
    struct recipients_packer p;
    struct recipients_reader r;
    struct recipient row;
    struct slice value = slice_of(filler, 500);
    const struct slice name = slice_str("x");
    unsigned rows = 0;
    ck_assert(recipients_begin(&p, octets, &name, 1));
    while (recipients_add(&p, 1, 0, &value) == RECIPIENTS_OK)
        rows++;
    ck_assert_uint_le(p.used, RECIPIENTS_CHUNK_MAX);
    /* A row is 2 + 2 + 2 + 500 octets. */
    ck_assert_uint_gt(p.used + 506, RECIPIENTS_CHUNK_MAX);
    /* A shorter one still fits, up to the last octet. */
    value.n = RECIPIENTS_CHUNK_MAX - p.used - 6;
    ck_assert_int_eq(recipients_add(&p, 1, 0, &value), RECIPIENTS_OK);
    ck_assert_uint_eq(p.used, RECIPIENTS_CHUNK_MAX);
    ck_assert(recipients_open(&r, packed(&p)));
    while (recipients_next(&r, &row))
        ;
    ck_assert(!r.at.failed);
    ck_assert_uint_eq(r.row, rows + 1);
}
END_TEST

START_TEST(the_longest_row_fits_and_one_more_octet_never_does)
{
    struct recipients_packer p;
    const struct slice name = slice_str("x");
    /* subscriber 1, sender 1, length 2 */
    struct slice value = slice_of(filler, RECIPIENTS_ROW_MAX - 4);
    ck_assert(recipients_begin(&p, octets, &name, 1));
    ck_assert_int_eq(recipients_add(&p, 1, 0, &value), RECIPIENTS_OK);
    value.n++;
    ck_assert_int_eq(recipients_add(&p, 1, 0, &value), RECIPIENTS_TOO_LONG);
    value.n = SIZE_MAX; /* no sum may wrap */
    ck_assert_int_eq(recipients_add(&p, 1, 0, &value), RECIPIENTS_TOO_LONG);
}
END_TEST

START_TEST(the_longest_row_fits_behind_the_longest_names)
{
    struct recipients_packer p;
    struct slice names[RECIPIENTS_COLUMNS_MAX + 1];
    for (unsigned i = 0; i <= RECIPIENTS_COLUMNS_MAX; i++)
        names[i] = slice_of(filler, 600);
    ck_assert(!recipients_begin(&p, octets, names, RECIPIENTS_COLUMNS_MAX + 1));
    ck_assert(recipients_begin(&p, octets, names, RECIPIENTS_COLUMNS_MAX));
    names[0].n = 60000;
    ck_assert(!recipients_begin(&p, octets, names, 1));
    names[0].n = RECIPIENTS_CHUNK_MAX - RECIPIENTS_ROW_MAX - 3 - 4;
    ck_assert(recipients_begin(&p, octets, names, 1));
    struct slice value = slice_of(filler, RECIPIENTS_ROW_MAX - 4);
    ck_assert_int_eq(recipients_add(&p, 1, 0, &value), RECIPIENTS_OK);
    names[0].n++;
    ck_assert(!recipients_begin(&p, octets, names, 1));
}
END_TEST

/* How many rows come out of n octets; -1 when the reader failed. */
static int
rows_of(const uint8_t *from, size_t n)
{
    struct recipients_reader r;
    struct recipient row;
    uint8_t *cut = malloc(n + 1);
    memcpy(cut, from, n);
    int rows = -1;
    if (recipients_open(&r, slice_of(cut, n))) {
        while (recipients_next(&r, &row))
            for (unsigned i = 0; i < r.columns; i++)
                ck_assert(row.values[i].n <= n);
        rows = r.at.failed ? -1 : (int)r.row;
    }
    free(cut);
    return rows;
}

START_TEST(cut_at_any_octet_it_fails_or_ends_between_rows)
{
    struct recipients_packer p;
    begin_three(&p);
    size_t ends[4] = {p.used};
    for (int i = 1; i < 4; i++) {
        add_ana(&p);
        ends[i] = p.used;
    }
    for (size_t n = 0; n <= p.used; n++) {
        int rows = -1;
        for (int i = 0; i < 4; i++)
            if (ends[i] == n)
                rows = i;
        ck_assert_int_eq(rows_of(octets, n), rows);
    }
}
END_TEST

static const struct damaged {
    const char *what;
    uint8_t octets[16];
    size_t n;
} damages[] = {
    {"more columns than there may be", {65}, 1},
    {"a row longer than the chunk", {0, 9, 5, 0}, 4},
    {"a row with octets left over", {0, 3, 5, 0, 0}, 5},
    {"a value that leaves its row", {1, 1, 'a', 3, 5, 0, 9, 'x', 'x'}, 9},
    {"a sender above 32 bits", {0, 6, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F}, 8},
    {"a row of no octets", {0, 0}, 2},
    {"a length without end",
     {0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1},
     12},
};

START_TEST(damage_fails_the_reader)
{
    ck_assert_msg(rows_of(damages[_i].octets, damages[_i].n) == -1, "%s",
                  damages[_i].what);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("recipients");
    TCase *t = tcase_create("recipients");
    tcase_add_test(t, rows_read_back_with_absent_and_empty_apart);
    tcase_add_test(t, the_layout_is_as_drawn);
    tcase_add_test(t, skipping_lands_on_the_row);
    tcase_add_test(t, a_chunk_holds_its_rows_and_not_one_more);
    tcase_add_test(t, a_full_chunk_takes_no_octet_more_and_stays_readable);
    tcase_add_test(t, the_longest_row_fits_and_one_more_octet_never_does);
    tcase_add_test(t, the_longest_row_fits_behind_the_longest_names);
    tcase_add_test(t, cut_at_any_octet_it_fails_or_ends_between_rows);
    tcase_add_loop_test(t, damage_fails_the_reader, 0,
                        sizeof damages / sizeof damages[0]);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
