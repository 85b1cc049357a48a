/*
 * test_config.c - tests engine/config.c: what a good file gives, and that
 * rows, sample, manual and the carrier say the same.
 */
#include "tests/engine/config_text.h"

#include <unistd.h>

START_TEST(an_empty_file_has_all_defaults)
{
    static const char *const empties[] = {
        "",
        "# nothing\n",
        "---\n",
        "carriers:\nroutes: ~\nhttp:\n",
        "\xef\xbb\xbf# a byte order mark\n",
        "carriers: []\nhttp: {}\n",
    };
    struct config *c = load_well(empties[_i]);
    ck_assert_str_eq(c->data_dir, "./data");
    ck_assert_str_eq(c->http.listen.host, "127.0.0.1");
    ck_assert_uint_eq(c->http.listen.port, 8080);
    ck_assert_str_eq(c->http.admin_key, "");
    ck_assert_ptr_null(c->http.tls.cert);
    ck_assert_uint_eq(c->log.level, 2);
    ck_assert_uint_eq(c->smpp.listen_n, 1);
    ck_assert_uint_eq(c->smpp.listen[0].port, 2775);
    ck_assert_uint_eq(c->carriers_n + c->routes_n + c->numbers_n, 0);
    ck_assert_uint_eq(c->replies.window_s, 30 * 86400);
    ck_assert_uint_eq(c->replies.crossing_ms, 3000);
    ck_assert_uint_eq(c->receipts.unknown_after_s, 72 * 3600);
    ck_assert_uint_eq(c->store.min_free, 256 << 20);
    config_free(c);
}
END_TEST

static const char product_sample[] =
    "data_dir: ./data\n"
    "http:  { listen: \"127.0.0.1:8080\", admin_key: \"${VOLLEY_TEST_SECRET}\" "
    "}   # a comment\n"
    "smpp:  { listen: [\"127.0.0.1:2775\"], listen_tls: [] }\n"
    "carriers:\n"
    "  - name: acme            # any number of carriers\n"
    "    host: 127.0.0.1\n"
    "    port: 2776\n"
    "    system_id: volley\n"
    "    password: secret\n"
    "    system_type: \"\"\n"
    "    version: \"3.4\"\n"
    "    bind: pair\n"
    "    binds: 2\n"
    "    window: 100\n"
    "    rate: 500\n"
    "    burst: 50\n"
    "    tls: { enabled: true, verify: true, server_name: smpp.acme.example }\n"
    "    timers: { connect: 10s, bind: 1m30s, response: 250ms, enquire: 30s,\n"
    "              idle: 120s, reconnect_min: 1s, reconnect_max: 60s }\n"
    "    encoding: { data_coding_gsm7: 0xF1, packed: no, charset_0: latin1 }\n"
    "    receipts: { id_in_resp: hex, id_in_receipt: dec }\n"
    "    segmentation: sar\n"
    "    statuses: { \"0x00000410\": retry, 0x58: stop }\n"
    "    tlvs: { entity_id: 0x1400, template_id: 0x1401 }\n"
    "  - { name: backup, host: \"::1\", system_id: x, statuses: {20: slow} }\n"
    "routes:\n"
    "  - { to: \"+1*\", carriers: [acme, backup], strategy: weighted,\n"
    "      weights: [3, 1] }\n"
    "  - { to: \"*\", carriers: [backup] }\n"
    "numbers:\n"
    "  - { number: \"+12125550101\", carrier: acme, account: demo, rate: 10 }\n"
    "  - { number: 36123, carrier: backup, shared: true }\n"
    "  - { number: \"Dr. Lind\", carrier: backup, account: demo }\n"
    "webhooks: { allow_networks: [\"127.0.0.0/8\", \"fd00::/8\"] }\n"
    "retention: { messages: 90d, events: 72h }\n";

START_TEST(every_kind_of_value_is_read)
{
    struct config *c = load_well(product_sample);
    ck_assert_str_eq(c->http.admin_key, "hunter2");
    ck_assert_uint_eq(c->carriers_n, 2);
    const struct carrier_settings *a = &c->carriers[0], *b = &c->carriers[1];
    ck_assert_str_eq(a->name, "acme");
    ck_assert_uint_eq(a->port, 2776);
    ck_assert_uint_eq(a->version, 0x34);
    ck_assert_int_eq(a->bind, CARRIER_BIND_PAIR);
    ck_assert_uint_eq(a->burst, 50);
    ck_assert(a->tls.enabled && a->tls.verify);
    ck_assert_str_eq(a->tls.server_name, "smpp.acme.example");
    ck_assert_ptr_null(a->tls.ca);
    ck_assert_uint_eq(a->timers.bind_ms, 90000);
    ck_assert_uint_eq(a->timers.response_ms, 250);
    ck_assert_uint_eq(a->encoding.data_coding_gsm7, 0xF1);
    ck_assert(!a->encoding.packed);
    ck_assert_int_eq(a->encoding.charset_0, CARRIER_CHARSET_LATIN1);
    ck_assert_int_eq(a->receipts.id_in_resp, CARRIER_ID_HEX);
    ck_assert_int_eq(a->receipts.id_in_receipt, CARRIER_ID_DEC);
    ck_assert_int_eq(a->segments.way, CARRIER_SEGMENT_SAR);
    ck_assert_uint_eq(a->statuses_n, 2);
    ck_assert_uint_eq(a->statuses[0].status, 0x410);
    ck_assert_int_eq(a->statuses[0].verdict, VERDICT_RETRY);
    ck_assert_int_eq(a->statuses[1].verdict, VERDICT_STOP_BIND);
    ck_assert_uint_eq(a->tlvs_n, 2);
    ck_assert_str_eq(a->tlvs[1].name, "template_id");
    ck_assert_uint_eq(a->tlvs[1].tag, 0x1401);
    ck_assert_str_eq(b->host, "::1");
    ck_assert_uint_eq(b->statuses_n, 1);
    ck_assert_uint_eq(b->statuses[0].status, 20);
    ck_assert_uint_eq(b->tlvs_n, 0);
    config_free(c);
}
END_TEST

START_TEST(routes_numbers_and_networks_are_read)
{
    struct config *c = load_well(product_sample);
    ck_assert_uint_eq(c->routes_n, 2);
    ck_assert_str_eq(c->routes[0].to.pattern[0].prefix, "1");
    ck_assert(!c->routes[0].to.pattern[0].exact);
    ck_assert_str_eq(c->routes[0].carriers[1], "backup");
    ck_assert_uint_eq(c->routes[0].weights[0], 3);
    ck_assert_int_eq(c->routes[0].strategy, CONFIG_WEIGHTED);
    ck_assert_str_eq(c->routes[1].to.pattern[0].prefix, "");
    ck_assert_uint_eq(c->numbers_n, 3);
    ck_assert_str_eq(c->numbers[0].number, "+12125550101");
    ck_assert_uint_eq(c->numbers[0].rate, 10);
    ck_assert(c->numbers[1].shared);
    ck_assert_str_eq(c->numbers[1].account, "");
    ck_assert_str_eq(c->numbers[2].number, "Dr. Lind");
    ck_assert_uint_eq(c->webhooks.allow_networks_n, 2);
    ck_assert_uint_eq(c->webhooks.allow_networks[0].octets[0], 127);
    ck_assert_uint_eq(c->webhooks.allow_networks[0].bits, 8);
    ck_assert(c->webhooks.allow_networks[1].v6);
    config_free(c);
}
END_TEST

START_TEST(the_environment_is_put_in)
{
    struct config *c = load_well("data_dir: ${VOLLEY_TEST_DIR}/a${VOLLEY_TEST_"
                                 "DIR}$${x}$\nlog: {file: \"\"}\n");
    ck_assert_str_eq(c->data_dir, "/srv/a/srv${x}$");
    config_free(c);
}
END_TEST

START_TEST(a_secret_may_stand_in_a_file)
{
    char path[] = "/tmp/volley-test-XXXXXX", text[256];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "p$${w}\r\n", 8), 8);
    close(fd);
    snprintf(text, sizeof text, ACME "    password_file: %s\n", path);
    struct config *c = load(text);
    unlink(path);
    ck_assert_msg(c != NULL, "%s", errors);
    ck_assert_str_eq(c->carriers[0].password, "p$${w}");
    config_free(c);
}
END_TEST

/* Cut anywhere, it loads or complains; it never does neither. */
START_TEST(cut_at_any_octet_it_loads_or_complains)
{
    for (size_t n = 0; n < sizeof product_sample; n += 3) {
        struct config *c = NULL;
        FILE *f = fmemopen(errors, sizeof errors, "w");
        errors[0] = 0;
        char *cut = malloc(n + 1);
        memcpy(cut, product_sample, n);
        bool ok = config_load_text("v.yaml", slice_of(cut, n), &c, f);
        free(cut);
        fclose(f);
        ck_assert(ok == (errors[0] == 0));
        if (ok)
            config_free(c);
    }
}
END_TEST

/* ---- rows ---- */

START_TEST(every_fallback_is_in_its_own_range)
{
    const struct config_row *row = &config_rows[_i];
    if (!row->fallback || !row->fallback[0] || row->type == SET_STATUSES)
        return;
    struct arena *a = arena_create();
    char why[CONFIG_WHY_BYTES] = "";
    uint64_t room[8] = {0};
    bool ok = value_read(a, row, row->fallback, row->fallback, room, why);
    ck_assert_msg(ok, "%s: %s", row->path, why);
    arena_destroy(a);
}
END_TEST

START_TEST(rows_and_the_carrier_agree_on_defaults)
{
    struct config *c = load_well(ACME);
    struct carrier_settings d;
    carrier_settings_default(&d);
    struct carrier_settings now = c->carriers[0];
    now.name = d.name, now.host = d.host, now.system_id = d.system_id;
    ck_assert_str_eq(now.password, d.password);
    ck_assert_str_eq(now.service_type, d.service_type);
    ck_assert_uint_eq(now.window, d.window);
    ck_assert_uint_eq(now.port, d.port);
    ck_assert_uint_eq(now.version, d.version);
    ck_assert_uint_eq(now.binds, d.binds);
    ck_assert_uint_eq(now.rate, d.rate);
    ck_assert_uint_eq(now.burst, d.burst);
    ck_assert_int_eq(now.lenient, d.lenient);
    ck_assert_int_eq(now.tls.verify, d.tls.verify);
    ck_assert_mem_eq(&now.timers, &d.timers, sizeof d.timers);
    ck_assert_int_eq(now.receipts.by_text, d.receipts.by_text);
    ck_assert_int_eq(now.receipts.registered_delivery,
                     d.receipts.registered_delivery);
    ck_assert_mem_eq(&now.segments, &d.segments, sizeof d.segments);
    ck_assert_mem_eq(&now.addresses.source_alpha, &d.addresses.source_alpha, 2);
    ck_assert_mem_eq(&now.addresses.dest_full, &d.addresses.dest_full, 2);
    ck_assert_uint_eq(now.addresses.short_digits, d.addresses.short_digits);
    config_free(c);
}
END_TEST

START_TEST(the_sample_is_valid_and_holds_the_defaults)
{
    struct config *sample = NULL;
    FILE *f = fmemopen(errors, sizeof errors, "w");
    bool ok = config_load(TEST_DATA "/../../engine/volley.yaml", &sample, f);
    fclose(f);
    ck_assert_msg(ok, "%s", errors);
    struct config *plain = load_well(
        ACME "    port: 2776\n    password: secret\n"
             "routes: [{to: \"*\", carriers: [acme]}]\n"
             "numbers: [{number: \"+12125550101\", carrier: acme, account: "
             "demo}]\n");
    unsigned n;
    struct config_change *d = config_diff(plain, sample, &n);
    ck_assert_msg(n == 0, "%s is not the default", n ? d->path : "");
    free(d);
    config_free(plain);
    config_free(sample);
}
END_TEST

START_TEST(the_manual_names_every_setting)
{
    static char manual[65536];
    FILE *f = fmemopen(manual, sizeof manual, "w");
    config_manual(f, _i == 1);
    fclose(f);
    for (unsigned i = 0; i < config_rows_n; i++) {
        ck_assert_ptr_nonnull(strstr(manual, config_rows[i].path));
        ck_assert_ptr_nonnull(strstr(manual, config_rows[i].help));
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("config");
    TCase *t = tcase_create("config");
    tcase_add_unchecked_fixture(t, set_environment, NULL);
    tcase_set_timeout(t, 30);
    tcase_add_loop_test(t, an_empty_file_has_all_defaults, 0, 6);
    tcase_add_test(t, every_kind_of_value_is_read);
    tcase_add_test(t, routes_numbers_and_networks_are_read);
    tcase_add_test(t, the_environment_is_put_in);
    tcase_add_test(t, a_secret_may_stand_in_a_file);
    tcase_add_test(t, cut_at_any_octet_it_loads_or_complains);
    tcase_add_loop_test(t, every_fallback_is_in_its_own_range, 0,
                        (int)config_rows_n);
    tcase_add_test(t, rows_and_the_carrier_agree_on_defaults);
    tcase_add_test(t, the_sample_is_valid_and_holds_the_defaults);
    tcase_add_loop_test(t, the_manual_names_every_setting, 0, 2);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
