/*
 * test_config_diff.c - tests engine/config_diff.c: what a reload changes.
 */
#include "tests/engine/config_text.h"

#define TWO                                                                    \
    ACME "  - {name: spare, host: b, system_id: c}\n"                          \
         "routes: [{to: \"*\", carriers: [acme]}]\n"                           \
         "numbers:\n"                                                          \
         "  - {number: \"+12125550101\", carrier: acme, account: a}\n"         \
         "  - {number: \"12345\", carrier: acme, account: a}\n"

static const struct reload {
    const char *text;
    unsigned changes;
    struct config_change first;
} reloads[] = {
    {TWO, 0, {0}},
    /* the order of carriers and numbers does not matter */
    {"carriers:\n"
     "  - {name: spare, host: b, system_id: c}\n"
     "  - {name: acme, host: 127.0.0.1, system_id: volley}\n"
     "routes: [{to: \"*\", carriers: [acme]}]\n"
     "numbers:\n"
     "  - {number: \"12345\", carrier: acme, account: a}\n"
     "  - {number: \"+12125550101\", carrier: acme, account: a}\n",
     0,
     {0}},
    {TWO "log: {level: debug}\n",
     1,
     {SCOPE_ROOT, CHANGE_CHANGED, RELOAD_LIVE, UINT32_MAX, UINT32_MAX,
      "log.level"}},
    {TWO "data_dir: elsewhere\n",
     1,
     {SCOPE_ROOT, CHANGE_CHANGED, RELOAD_RESTART, UINT32_MAX, UINT32_MAX,
      "data_dir"}},
    {TWO "smpp: {listen: [\"127.0.0.1:1\"]}\n",
     1,
     {SCOPE_ROOT, CHANGE_CHANGED, RELOAD_RESTART, UINT32_MAX, UINT32_MAX,
      "smpp.listen[]"}},
    {ACME "    rate: 7\n    tlvs: {a: 1}\n"
          "  - {name: spare, host: b, system_id: c}\n"
          "routes: [{to: \"*\", carriers: [acme]}]\n"
          "numbers:\n"
          "  - {number: \"+12125550101\", carrier: acme, account: a}\n"
          "  - {number: \"12345\", carrier: acme, account: a}\n",
     1,
     {SCOPE_CARRIER, CHANGE_CHANGED, RELOAD_LIVE, 0, 0,
      "carriers[acme].rate, .tlvs"}},
    {ACME "    port: 1\n    rate: 7\n"
          "  - {name: spare, host: b, system_id: c}\n"
          "routes: [{to: \"*\", carriers: [acme]}]\n"
          "numbers:\n"
          "  - {number: \"+12125550101\", carrier: acme, account: a}\n"
          "  - {number: \"12345\", carrier: acme, account: a}\n",
     1,
     {SCOPE_CARRIER, CHANGE_CHANGED, RELOAD_REBIND, 0, 0,
      "carriers[acme].port, .rate"}},
    {ACME "routes: [{to: \"*\", carriers: [acme]}]\n"
          "numbers:\n"
          "  - {number: \"+12125550101\", carrier: acme, account: a}\n"
          "  - {number: \"12345\", carrier: acme, account: a}\n",
     1,
     {SCOPE_CARRIER, CHANGE_REMOVED, RELOAD_LIVE, 1, UINT32_MAX,
      "carriers[spare]"}},
    {ACME "  - {name: new, host: b, system_id: c}\n"
          "  - {name: spare, host: b, system_id: c}\n"
          "routes: [{to: \"*\", carriers: [acme]}]\n"
          "numbers:\n"
          "  - {number: \"+12125550101\", carrier: acme, account: a}\n"
          "  - {number: \"12345\", carrier: acme, account: a}\n",
     1,
     {SCOPE_CARRIER, CHANGE_ADDED, RELOAD_LIVE, UINT32_MAX, 1,
      "carriers[new]"}},
    {ACME "  - {name: spare, host: b, system_id: c}\n"
          "routes: [{to: \"*\", carriers: [spare]}]\n"
          "numbers:\n"
          "  - {number: \"+12125550101\", carrier: acme, account: a}\n"
          "  - {number: \"12345\", carrier: acme, account: a}\n",
     1,
     {SCOPE_ROUTE, CHANGE_CHANGED, RELOAD_LIVE, UINT32_MAX, UINT32_MAX,
      "routes"}},
    {ACME "  - {name: spare, host: b, system_id: c}\n"
          "routes: [{to: \"*\", carriers: [acme]}]\n"
          "numbers:\n"
          "  - {number: \"+12125550101\", carrier: spare, account: a}\n"
          "  - {number: \"54321\", carrier: acme, account: a}\n",
     3,
     {SCOPE_NUMBER, CHANGE_CHANGED, RELOAD_LIVE, 0, 0,
      "numbers[+12125550101].carrier"}},
};

START_TEST(a_reload_tells_what_changed)
{
    const struct reload *r = &reloads[_i];
    struct config *before = load_well(TWO), *now = load_well(r->text);
    unsigned n;
    struct config_change *d = config_diff(before, now, &n);
    ck_assert_uint_eq(n, r->changes);
    if (n > 0) {
        ck_assert_str_eq(d->path, r->first.path);
        ck_assert_int_eq(d->scope, r->first.scope);
        ck_assert_int_eq(d->what, r->first.what);
        ck_assert_int_eq(d->reload, r->first.reload);
        ck_assert_uint_eq(d->before, r->first.before);
        ck_assert_uint_eq(d->now, r->first.now);
    }
    free(d);
    config_free(before);
    config_free(now);
}
END_TEST

/* What the rows call REBIND is what the carrier calls so. */
START_TEST(rows_and_the_carrier_agree_on_new_binds)
{
    static const char *const changes[] = {
        "host: b",
        "port: 1",
        "system_id: x",
        "password: x",
        "binds: 2",
        "window: 7",
        "rate: 9",
        "system_type: x",
        "version: 5.0",
        "bind: pair",
        "lenient: false",
        "timers: {connect: 1s}",
        "timers: {response: 1s}",
        "timers: {stall: 2m}",
        "timers: {unbind: 1s}",
        "tls: {enabled: true}",
        "encoding: {packed: true}",
        "segmentation: sar",
        "addresses: {range: x}",
        "addresses: {dest_full: 2/2}",
        "receipts: {id_in_resp: hex}",
        "service_type: CMT",
        "enquire_unanswered: true",
        "tlvs: {a: 1}",
    };
    char text[512];
    size_t n = (size_t)snprintf(text, sizeof text, "carriers:\n  - name: a\n");
    static const char *const needed[] = {"host: a", "system_id: a"};
    for (int i = 0; i < 2; i++) /* unless the change gives it */
        if (strncmp(changes[_i], needed[i], strlen(needed[i]) - 1) != 0)
            n += (size_t)snprintf(text + n, sizeof text - n, "    %s\n",
                                  needed[i]);
    snprintf(text + n, sizeof text - n, "    %s\n", changes[_i]);
    struct config *before =
        load_well("carriers: [{name: a, host: a, system_id: a}]\n");
    struct config *now = load_well(text);
    unsigned count;
    struct config_change *d = config_diff(before, now, &count);
    ck_assert_uint_eq(count, 1);
    bool keep =
        carrier_settings_keep_binds(&before->carriers[0], &now->carriers[0]);
    ck_assert_msg(keep == (d->reload == RELOAD_LIVE), "%s", changes[_i]);
    free(d);
    config_free(before);
    config_free(now);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("config_diff");
    TCase *t = tcase_create("config_diff");
    tcase_add_unchecked_fixture(t, set_environment, NULL);
    tcase_set_timeout(t, 30);
    tcase_add_loop_test(t, a_reload_tells_what_changed, 0,
                        sizeof reloads / sizeof reloads[0]);
    tcase_add_loop_test(t, rows_and_the_carrier_agree_on_new_binds, 0, 24);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
