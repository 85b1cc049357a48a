/*
 * test_config_faults.c - bad settings files, each with the exact lines it must
 * give (engine/config_lines.c, config_value.c, config_check.c).
 */
#include "tests/engine/config_text.h"

#define ACME_PATH "v.yaml:5: carriers[0]."

static const struct bad {
    const char *text, *errors;
} bads[] = {
    /* keys */
    {"data_dri: x\n", "v.yaml:1: data_dri: unknown key; did you mean "
                      "'data_dir'?\n"},
    {"log:\n  colour: red\n",
     "v.yaml:2: log.colour: unknown key; known here: level, file\n"},
    {ACME "    windw: 10\n",
     ACME_PATH "windw: unknown key; did you mean 'window'?\n"},
    {ACME "    timers: {conect: 1s}\n",
     ACME_PATH "timers.conect: unknown key; did you mean 'connect'?\n"},
    {"data_dir: a\nhttp:\n  workers: 2\ndata_dir: b\n",
     "v.yaml:4: data_dir: given twice, first in line 1\n"},
    {ACME "    host: b\n", ACME_PATH "host: given twice, first in line 3\n"},
    /* kinds */
    {"data_dir: [a]\n", "v.yaml:1: data_dir: must be one value\n"},
    {"data_dir: {a: b}\n", "v.yaml:1: data_dir: must be one value\n"},
    {"http: 8080\n", "v.yaml:1: http: must be a mapping of keys\n"},
    {"http: [a]\n", "v.yaml:1: http: must be a mapping of keys\n"},
    {"carriers: acme\n", "v.yaml:1: carriers: must be a list of mappings\n"},
    {"carriers: {name: acme}\n",
     "v.yaml:1: carriers: must be a list of mappings\n"},
    {"carriers: [acme]\n",
     "v.yaml:1: carriers[0]: must be a mapping of keys\n"},
    {"carriers: [[a]]\n", "v.yaml:1: carriers[0]: must be a mapping of keys\n"},
    {"carriers:\n  -\n", "v.yaml:2: carriers[0]: must be a mapping of keys\n"},
    {"smpp: {listen: \"127.0.0.1:1\"}\n",
     "v.yaml:1: smpp.listen: must be a list, as [a, b]\n"},
    {"smpp:\n  listen: [[a]]\n", "v.yaml:2: smpp.listen[0]: must be one "
                                 "value\n"},
    {ACME "    statuses: [a]\n",
     ACME_PATH "statuses: must be a mapping of keys\n"},
    {ACME "    statuses: {0x58: {a: b}}\n",
     ACME_PATH "statuses.0x58: must be one value\n"},
    {"- a\n", "v.yaml:1: must be a mapping of keys\n"},
    {"just text\n", "v.yaml:1: must be a mapping of keys\n"},
    {"? [a]\n: b\n", "v.yaml:1: a key must be plain text\n"},
    /* text that is no YAML, or of another kind */
    {"smpp: {listen: [\n",
     "v.yaml:2: not YAML: did not find expected node content\n"},
    {"data_dir: x\n\tlog: y\n",
     "v.yaml:2: not YAML: found a tab character that violates indentation\n"},
    {"data_dir: \"x\n", "v.yaml:2: not YAML: found unexpected end of stream\n"},
    {"# one\n# two\ndata_dir: \"\xff\"\n",
     "v.yaml:3: not UTF-8 text: invalid leading UTF-8 octet\n"},
    {"data_dir: \xc3(\n",
     "v.yaml:1: not UTF-8 text: invalid trailing UTF-8 octet\n"},
    {"\xff\xfe#\n", "v.yaml:1: not UTF-8 text: invalid leading UTF-8 octet\n"},
    {"data_dir: x\n---\ndata_dir: y\n", "v.yaml:2: a second document begins\n"},
    {"data_dir: &a x\nlog: {file: *a}\n",
     "v.yaml:2: log.file: aliases (*name) are not taken\n"},
    {"http: {listen: [[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]}\n",
     "v.yaml:1: http.listen: must be one value\n"
     "v.yaml:1: http.listen[0][0][0][0][0][0][0][0][0][0][0][0][0][0]: nested "
     "deeper than 16\n"},
    /* numbers */
    {ACME "    window: 0\n",
     ACME_PATH "window: 0 is out of range (1..10000)\n"},
    {ACME "    window: 10001\n",
     ACME_PATH "window: 10001 is out of range (1..10000)\n"},
    {ACME "    window: -1\n",
     ACME_PATH "window: -1 is out of range (1..10000)\n"},
    {ACME "    window: 99999999999999999999999\n",
     ACME_PATH "window: 99999999999999999999999 is out of range (1..10000)\n"},
    {ACME "    window: many\n",
     ACME_PATH "window: 'many' is not a number (1..10000)\n"},
    {ACME "    window: 1.5\n",
     ACME_PATH "window: '1.5' is not a number (1..10000)\n"},
    {ACME "    window: \"\"\n",
     ACME_PATH "window: '' is not a number (1..10000)\n"},
    {ACME "    port: 65536\n",
     ACME_PATH "port: 65536 is out of range (1..65535)\n"},
    {ACME "    encoding: {data_coding_gsm7: 0x100}\n",
     ACME_PATH "encoding.data_coding_gsm7: 0x100 is out of range (0..255)\n"},
    /* durations */
    {ACME "    timers: {connect: 10}\n",
     ACME_PATH "timers.connect: '10' is not a duration with a unit "
               "(100ms..5m)\n"},
    {ACME "    timers: {connect: 99ms}\n",
     ACME_PATH "timers.connect: 99ms is out of range (100ms..5m)\n"},
    {ACME "    timers: {connect: 30s1m}\n",
     ACME_PATH "timers.connect: '30s1m' is not a duration with a unit "
               "(100ms..5m)\n"},
    {ACME "    timers: {connect: 99999999999999999999s}\n",
     ACME_PATH "timers.connect: '99999999999999999999s' is not a duration "
               "with a unit (100ms..5m)\n"},
    {"receipts: {unknown_after: 1500ms}\n",
     "v.yaml:1: receipts.unknown_after: '1500ms' is not a duration in whole "
     "seconds (1s..30d)\n"},
    /* sizes */
    {"store: {segment_size: 1KB}\n",
     "v.yaml:1: store.segment_size: 1KB is out of range (1MB..64GB)\n"},
    {"store: {segment_size: 1XB}\n",
     "v.yaml:1: store.segment_size: '1XB' is not a size (1MB..64GB)\n"},
    {"store: {segment_size: 99999999TB}\n",
     "v.yaml:1: store.segment_size: '99999999TB' is not a size (1MB..64GB)\n"},
    /* choices, booleans, texts */
    {ACME "    bind: both\n",
     ACME_PATH "bind: 'both' is none of: transceiver, pair\n"},
    {ACME "    version: 3.5\n",
     ACME_PATH "version: '3.5' is none of: 3.3, 3.4, 5.0\n"},
    {ACME "    lenient: maybe\n",
     ACME_PATH "lenient: 'maybe' is neither true nor false\n"},
    {ACME "    system_type: thirteen12345\n",
     ACME_PATH "system_type: 'thirteen12345' has 13 characters (0..12 "
               "characters)\n"},
    {ACME "    system_type: \"a\\x01b\"\n",
     ACME_PATH "system_type: has a control character\n"},
    {"carriers:\n  - {name: \"a b\", host: x, system_id: y}\n",
     "v.yaml:2: carriers[0].name: 'a b' may hold letters, digits, '.', '_', "
     "'-'\n"},
    {"carriers:\n  - {name: \"\", host: x, system_id: y}\n",
     "v.yaml:2: carriers[0].name: is empty (1..31 characters)\n"},
    {"carriers:\n  - port: 1\n",
     "v.yaml:2: carriers[0].name: must be given (1..31 characters)\n"
     "v.yaml:2: carriers[0].host: must be given (1..253 characters)\n"
     "v.yaml:2: carriers[0].system_id: must be given (0..15 characters)\n"},
    /* addresses, networks, TON/NPI */
    {"http: {listen: 8080}\n", "v.yaml:1: http.listen: '8080' is not an "
                               "address with a port (address:port)\n"},
    {"http: {listen: \"127.0.0.1:65536\"}\n",
     "v.yaml:1: http.listen: '127.0.0.1:65536' is not an address with a port "
     "(address:port)\n"},
    {"http: {listen: \"::1:80\"}\n",
     "v.yaml:1: http.listen: '::1:80': write an IPv6 address in brackets, as "
     "[::1]:2775\n"},
    {"http: {listen: \"example.org:80\"}\n",
     "v.yaml:1: http.listen: 'example.org:80' has no IP address\n"},
    {"webhooks: {allow_networks: [10.0.0.0/8, 10.0.0.1/8]}\n",
     "v.yaml:1: webhooks.allow_networks[1]: '10.0.0.1/8' has bits set behind "
     "/8\n"},
    {"webhooks: {allow_networks: [10.0.0.0]}\n",
     "v.yaml:1: webhooks.allow_networks[0]: '10.0.0.0' is not a network "
     "(address/bits)\n"},
    {"webhooks: {allow_networks: [10.0.0.0/33]}\n",
     "v.yaml:1: webhooks.allow_networks[0]: '10.0.0.0/33' is not a network "
     "(address/bits)\n"},
    {ACME "    addresses: {dest_full: 1}\n",
     ACME_PATH "addresses.dest_full: '1' is not TON/NPI (0/0..255/255)\n"},
    {ACME "    addresses: {dest_full: 1/256}\n",
     ACME_PATH "addresses.dest_full: '1/256' is not TON/NPI (0/0..255/255)\n"},
    /* open mappings */
    {ACME "    statuses: {x58: retry}\n",
     ACME_PATH "statuses.x58: 'x58' is not a command_status "
               "(0x1..0xFFFFFFFF)\n"},
    {ACME "    statuses: {0x58: jump}\n",
     ACME_PATH "statuses.0x58: 'jump' is none of: retry, slow, fail, stop\n"},
    {ACME "    statuses: {0x58: slow, 88: slow}\n",
     ACME_PATH "statuses: 0x00000058 is given twice\n"},
    {ACME "    tlvs: {entity id: 0x1400}\n",
     ACME_PATH "tlvs.entity id: 'entity id' may hold letters, digits and "
               "'_'\n"},
    {ACME "    tlvs: {entity_id: 0x10000}\n",
     ACME_PATH "tlvs.entity_id: 0x10000 is out of range (1..0xFFFF)\n"},
    {ACME "    tlvs: {a: 0x1400, b: 5120}\n",
     ACME_PATH "tlvs: a and b have the same tag 0x1400\n"},
    /* contradictions */
    {ACME "    rate: 10\n    burst: 11\n",
     "v.yaml:6: carriers[0].burst: 11 is greater than rate (10): no "
     "one-second window may hold more than the rate\n"},
    {ACME "    burst: 11\n", ACME_PATH "burst: 11 without a rate means "
                                       "nothing\n"},
    {ACME "    tls: {enabled: true, cert: /dev/null}\n",
     ACME_PATH "tls.cert: given without carriers[0].tls.key\n"},
    {ACME "    tls: {enabled: true, key: /dev/null}\n",
     ACME_PATH "tls.key: given without carriers[0].tls.cert\n"},
    {ACME "    tls: {server_name: a}\n",
     ACME_PATH "tls: has settings, but tls.enabled is false\n"},
    {ACME "    tls: {enabled: true, verify: false, server_name: a}\n",
     ACME_PATH "tls.server_name: given, but tls.verify is false\n"},
    {ACME "    timers: {reconnect_min: 2m}\n",
     ACME_PATH "timers.reconnect_min: 120000ms is longer than reconnect_max "
               "(60000ms)\n"},
    {ACME "    timers: {idle: 30s}\n",
     ACME_PATH "timers.idle: 30000ms is not longer than enquire (30000ms): a "
               "quiet bind would never live\n"},
    {ACME "    parts: {gsm7: 15}\n",
     ACME_PATH "parts.gsm7: 15 leaves no room for text (0, 16..160)\n"},
    {ACME "    parts: {ucs2: 7}\n",
     ACME_PATH "parts.ucs2: 7 leaves no room for text (0, 8..70)\n"},
    {ACME "  - {name: acme, host: b, system_id: c}\n",
     "v.yaml:5: carriers[1].name: 'acme' is the name of carriers[0] too\n"},
    {ACME "routes:\n  - {to: \"*\", carriers: [acme, spare]}\n",
     "v.yaml:6: routes[0].carriers[1]: no carrier has the name 'spare' "
     "(known: acme)\n"},
    {ACME "routes:\n  - {to: \"*\", carriers: [acme, acme]}\n",
     "v.yaml:6: routes[0].carriers[1]: 'acme' is named twice\n"},
    {ACME "routes:\n  - {to: \"*\"}\n",
     "v.yaml:6: routes[0].carriers: must be given (1..31 characters)\n"},
    {ACME "routes:\n  - {to: \"*\", carriers: []}\n",
     "v.yaml:6: routes[0].carriers: must be given (1..31 characters)\n"},
    {ACME "routes:\n  - {to: \"*\", carriers: [acme], strategy: weighted}\n",
     "v.yaml:6: routes[0].weights: 0 weights for 1 carriers\n"},
    {ACME "routes:\n  - {to: \"*\", carriers: [acme], weights: [1]}\n",
     "v.yaml:6: routes[0].weights: given, but the strategy is not weighted\n"},
    {ACME "routes:\n  - {to: \"+1*\", carriers: [acme]}\n"
          "  - {to: \"+12*\", carriers: [acme]}\n",
     "v.yaml:7: routes[1].to: '+12*' is never reached: routes[0] takes "
     "'+1*'\n"},
    {ACME "routes:\n  - {to: \"1*\", carriers: [acme]}\n",
     "v.yaml:6: routes[0].to: '1*': write it with '+'\n"},
    {ACME "routes:\n  - {to: \"+1*2\", carriers: [acme]}\n",
     "v.yaml:6: routes[0].to: '+1*2' is not a pattern of destinations "
     "(\"+digits*\", several with commas)\n"},
    {"numbers:\n  - {number: \"+12125550101\", carrier: acme, account: a}\n",
     "v.yaml:2: numbers[0].carrier: no carrier has the name 'acme' (known: "
     "none)\n"},
    {ACME "numbers:\n"
          "  - {number: \"+12125550101\", carrier: acme, account: a}\n"
          "  - {number: \"+12125550102\", carrier: acme, account: a}\n"
          "  - {number: \"+12125550101\", carrier: acme, account: b}\n",
     "v.yaml:8: numbers[2].number: '+12125550101' is numbers[0] too\n"},
    {ACME "numbers:\n  - {number: 12125550101, carrier: acme, account: a}\n",
     "v.yaml:6: numbers[0].number: '12125550101': write a full number with "
     "'+'\n"},
    {ACME "numbers:\n  - {number: \"+1212\", carrier: acme, account: a}\n",
     "v.yaml:6: numbers[0].number: '+1212' is not an E.164 number (+ and "
     "7..15 digits, a short code, or a name)\n"},
    {ACME "numbers:\n  - {number: TwelveLetter, carrier: acme, account: a}\n",
     "v.yaml:6: numbers[0].number: 'TwelveLetter' is not a number or a name "
     "(+ and 7..15 digits, a short code, or a name)\n"},
    {ACME "numbers:\n  - {number: \"12345\", carrier: acme}\n",
     "v.yaml:6: numbers[0].account: must be given unless the number is "
     "shared\n"},
    {ACME "numbers:\n  - {number: \"12345\", carrier: acme, shared: true, "
          "default_sender: x}\n",
     "v.yaml:6: numbers[0].default_sender: given without an account\n"},
    {"http: {tls: {cert: /dev/null}}\n",
     "v.yaml:1: http.tls.cert: given without http.tls.key\n"},
    {"http: {tls: {client_ca: /dev/null}}\n",
     "v.yaml:1: http.tls.client_ca: given without http.tls.cert\n"},
    {"http: {tls: {cert: /nowhere/x.pem}}\n",
     "v.yaml:1: http.tls.cert: '/nowhere/x.pem' cannot be read: No such file "
     "or directory\n"},
    {"http:\n  listen: \":8080\"\n  admin_key: 0123456789abcde\n",
     "v.yaml:3: http.admin_key: is shorter than 16 characters, while "
     "http.listen is open to other machines\n"},
    {"http: {admin_key: \"a b\"}\n", "v.yaml:1: http.admin_key: has a space "
                                     "or a quote\n"},
    {"http: {tls: {cert: /tmp, key: /dev/null}}\n",
     "v.yaml:1: http.tls.cert: '/tmp' cannot be read: Is a directory\n"},
    {"smpp: {listen_tls: [\"127.0.0.1:3550\"]}\n",
     "v.yaml:1: smpp.listen_tls: given without smpp.tls.cert\n"},
    {"http: {listen: \"127.0.0.1:2775\"}\n",
     "v.yaml:1: http.listen: '127.0.0.1:2775' is smpp.listen[0] too\n"},
    {"smpp:\n  listen: [\"127.0.0.1:1\",\n    \"127.0.0.1:1\"]\n",
     "v.yaml:3: smpp.listen[1]: '127.0.0.1:1' is smpp.listen[0] too\n"},
    {"retention: {messages: 2h, events: 3h}\n",
     "v.yaml:1: retention.events: is longer than retention.messages: events "
     "would name messages that are gone\n"},
    /* the environment */
    {"data_dir: \"${VOLLEY_TEST_MISSING}/x\"\n",
     "v.yaml:1: data_dir: environment variable VOLLEY_TEST_MISSING is not "
     "set\n"},
    {"data_dir: \"${VOLLEY_TEST\"\n",
     "v.yaml:1: data_dir: '${' must be followed by a name and '}' ('$${' "
     "stands for itself)\n"},
    {"data_dir: \"${}\"\n",
     "v.yaml:1: data_dir: '${' must be followed by a name and '}' ('$${' "
     "stands for itself)\n"},
    {"http: {admin_key: \"${VOLLEY_TEST_EMPTY}\"}\n",
     "v.yaml:1: http.admin_key: environment variable VOLLEY_TEST_EMPTY is "
     "empty\n"},
    {"http: {admin_key: a, admin_key_file: b}\n",
     "v.yaml:1: http.admin_key: given together with admin_key_file; one of "
     "them must go\n"},
    {ACME "    password_file: /nowhere/password\n",
     ACME_PATH "password_file: '/nowhere/password' cannot be read: No such "
               "file or directory\n"},
    {ACME "    password_file: /dev/null\n",
     ACME_PATH "password_file: '/dev/null' is empty\n"},
    {ACME "    window: \"${VOLLEY_TEST_SECRET}\"\n",
     ACME_PATH "window: '${VOLLEY_TEST_SECRET}' is not a number (1..10000)\n"},
    /* all at once, in the order of the file */
    {"colour: red\n" ACME "    window: 0\n    rate: x\n    lenient: 7\n"
     "numbers:\n  - {number: \"+1\", carrier: b}\n",
     "v.yaml:1: colour: unknown key; known here: data_dir, log, http, smpp, "
     "carriers, routes, lookup, numbers, accounts, sending, health, "
     "receipts, replies, compliance, webhooks, retention, store\n"
     "v.yaml:6: carriers[0].window: 0 is out of range (1..10000)\n"
     "v.yaml:7: carriers[0].rate: 'x' is not a number (0..1000000)\n"
     "v.yaml:8: carriers[0].lenient: '7' is neither true nor false\n"
     "v.yaml:10: numbers[0].number: '+1' is not an E.164 number (+ and 7..15 "
     "digits, a short code, or a name)\n"},
};

START_TEST(a_bad_file_says_where_and_what)
{
    ck_assert_ptr_null(load(bads[_i].text));
    ck_assert_str_eq(errors, bads[_i].errors);
}
END_TEST

START_TEST(a_secret_is_never_printed)
{
    static const char *const texts[] = {
        ACME "    password: \"hunter2\\x01\"\n",
        ACME "    password: "
             "hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunter2hu"
             "nter2\n",
        "http: {admin_key: \"hunter2 x\"}\n",
        "http: {listen: \":1\", admin_key: hunter2}\n",
        ACME "    rate: ${VOLLEY_TEST_SECRET}\n",
        ACME "    bind: ${VOLLEY_TEST_SECRET}\n",
        ACME "    lenient: ${VOLLEY_TEST_SECRET}\n",
        ACME "    timers: {bind: \"${VOLLEY_TEST_SECRET}\"}\n",
        ACME "    statuses: {0x58: \"${VOLLEY_TEST_SECRET}\"}\n",
        ACME "    tlvs: {a: \"${VOLLEY_TEST_SECRET}\"}\n",
        "http: {listen: \"${VOLLEY_TEST_SECRET}\"}\n",
        "http: {listen: \"${VOLLEY_TEST_SECRET}:1\"}\n",
        "http: {tls: {cert: \"${VOLLEY_TEST_SECRET}\"}}\n",
        ACME "routes: [{to: \"${VOLLEY_TEST_SECRET}\", carriers: [acme]}]\n",
        "webhooks: {allow_networks: [\"${VOLLEY_TEST_SECRET}\"]}\n",
    };
    ck_assert_ptr_null(load(texts[_i]));
    ck_assert_str_ne(errors, "");
    ck_assert_msg(strstr(errors, "hunter2") == NULL, "%s", errors);
}
END_TEST

START_TEST(a_missing_file_is_told)
{
    struct config *c = NULL;
    FILE *f = fmemopen(errors, sizeof errors, "w");
    ck_assert(!config_load("/nowhere/v.yaml", &c, f));
    fclose(f);
    ck_assert_str_eq(errors, "/nowhere/v.yaml: cannot be read: No such file or "
                             "directory\n");
}
END_TEST

START_TEST(many_faults_do_not_flood)
{
    char text[8192], *at = stpcpy(text, "carriers:\n");
    for (int i = 0; i < 40; i++)
        at += sprintf(at, "  - {port: 0, window: 0}\n");
    ck_assert_ptr_null(load(text));
    unsigned lines = 0;
    for (const char *c = errors; *c; c++)
        lines += *c == '\n';
    ck_assert_uint_eq(lines, 51);
    ck_assert_ptr_nonnull(strstr(errors, "v.yaml: 150 more faults\n"));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("config_faults");
    TCase *t = tcase_create("config_faults");
    tcase_add_unchecked_fixture(t, set_environment, NULL);
    tcase_set_timeout(t, 30);
    tcase_add_loop_test(t, a_bad_file_says_where_and_what, 0,
                        sizeof bads / sizeof bads[0]);
    tcase_add_loop_test(t, a_secret_is_never_printed, 0, 15);
    tcase_add_test(t, a_missing_file_is_told);
    tcase_add_test(t, many_faults_do_not_flood);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
