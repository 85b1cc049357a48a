/*
 * test_verdict.c - tests engine/carrier/verdict.h.
 */
#include "engine/carrier/verdict.h"

#include "engine/carrier/settings.h"
#include "tests/engine/run_suite.h"

/* By hand from SMPP 3.4, 5.1.3 and what carriers mean by it. */
static const struct {
    uint32_t status;
    enum verdict verdict;
} rows[] = {
    {0x00, VERDICT_OK},        {0x01, VERDICT_FAIL},
    {0x04, VERDICT_STOP_BIND}, {0x08, VERDICT_RETRY},
    {0x0A, VERDICT_FAIL},      {0x0B, VERDICT_FAIL},
    {0x0E, VERDICT_STOP_BIND}, {0x14, VERDICT_SLOW},
    {0x45, VERDICT_RETRY},     {0x58, VERDICT_SLOW},
    {0x61, VERDICT_FAIL},      {0x64, VERDICT_RETRY},
    {0xC3, VERDICT_FAIL},      {0xFE, VERDICT_FAIL},
    {0xFF, VERDICT_RETRY},     {0x102, VERDICT_RETRY},
    {0x103, VERDICT_FAIL},     {0x10D, VERDICT_RETRY},
    {0x3FF, VERDICT_FAIL},     {0x400, VERDICT_RETRY},
    {0x4FF, VERDICT_RETRY},    {0x500, VERDICT_FAIL},
    {0x09, VERDICT_FAIL},      {0xFFFFFFFF, VERDICT_FAIL},
};

START_TEST(a_status_has_the_verdict_written_by_hand)
{
    ck_assert_int_eq(verdict_of_submit(NULL, rows[_i].status),
                     rows[_i].verdict);
}
END_TEST

START_TEST(only_success_is_ok)
{
    for (uint32_t status = 1; status < 0x1000; status++)
        ck_assert_int_ne(verdict_of_submit(NULL, status), VERDICT_OK);
}
END_TEST

/* Each status of the standard has its row: none falls to the default. */
START_TEST(every_standard_status_has_a_row)
{
    static const uint32_t listed[] = {
#define VERDICT_ROW(code, verdict, why) code,
#include "engine/carrier/verdict.def"
    };
    for (uint32_t status = 0; status < 0x400; status++) {
        if (!smpp_status_name(status))
            continue;
        bool found = false;
        for (unsigned i = 0; i < sizeof listed / sizeof *listed; i++)
            found |= listed[i] == status;
        ck_assert_msg(found, "0x%02X %s", status, smpp_status_name(status));
    }
}
END_TEST

START_TEST(the_carriers_own_verdict_comes_first)
{
    static const struct carrier_status own[] = {{0x410, VERDICT_FAIL},
                                                {0x58, VERDICT_RETRY}};
    struct carrier_settings s;
    carrier_settings_default(&s);
    s.statuses = own;
    s.statuses_n = 2;
    ck_assert_int_eq(verdict_of_submit(&s, 0x410), VERDICT_FAIL);
    ck_assert_int_eq(verdict_of_submit(&s, 0x58), VERDICT_RETRY);
    ck_assert_int_eq(verdict_of_submit(&s, 0x411), VERDICT_RETRY);
}
END_TEST

START_TEST(refused_binds_have_floors)
{
    struct carrier_settings s;
    carrier_settings_default(&s);
    static const uint32_t doubling[] = {30000,  60000,  120000,
                                        240000, 300000, 300000};
    for (unsigned i = 0; i < 6; i++)
        ck_assert_uint_eq(verdict_bind_floor_ms(&s, ESME_RALYBND, i + 1),
                          doubling[i]);
    ck_assert_uint_eq(verdict_bind_floor_ms(&s, ESME_RINVPASWD, 1), 300000);
    ck_assert_uint_eq(verdict_bind_floor_ms(&s, ESME_RINVSYSID, 1), 300000);
    ck_assert_uint_eq(verdict_bind_floor_ms(&s, ESME_RINVSYSTYP, 1), 300000);
    ck_assert_uint_eq(verdict_bind_floor_ms(&s, ESME_RTHROTTLED, 1), 5000);
    ck_assert_uint_eq(verdict_bind_floor_ms(&s, ESME_RSYSERR, 1), 0);
}
END_TEST

START_TEST(names_go_both_ways)
{
    for (int v = 0; v < VERDICT_N; v++) {
        enum verdict back;
        ck_assert(verdict_by_name(verdict_name((enum verdict)v), &back));
        ck_assert_int_eq(back, v);
    }
    enum verdict v;
    ck_assert(!verdict_by_name("explode", &v));
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("verdict");
    tcase_add_loop_test(t, a_status_has_the_verdict_written_by_hand, 0,
                        sizeof rows / sizeof rows[0]);
    tcase_add_test(t, only_success_is_ok);
    tcase_add_test(t, every_standard_status_has_a_row);
    tcase_add_test(t, the_carriers_own_verdict_comes_first);
    tcase_add_test(t, refused_binds_have_floors);
    tcase_add_test(t, names_go_both_ways);
    return run_suite("verdict", t);
}
