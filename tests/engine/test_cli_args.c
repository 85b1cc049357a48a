/*
 * test_cli_args.c - command lines, the rows of all commands, and what is
 * said when the daemon refuses.
 */
#include "engine/cli/args.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli/problem.h"
#include "engine/cli/query.h"

struct sample_options {
    const char *from;
    const char *format;
    long rate;
    bool watch;
};

static const struct option_row sample_rows[] = {
    {"from", OPTION_TEXT, offsetof(struct sample_options, from), "N", "h"},
    {"format", OPTION_TEXT, offsetof(struct sample_options, format), "F", "h"},
    {"rate", OPTION_COUNT, offsetof(struct sample_options, rate), "R", "h"},
    {"watch", OPTION_FLAG, offsetof(struct sample_options, watch), NULL, "h"},
    {NULL},
};

static const struct command sample = {
    .name = "sample",
    .usage = "FILE",
    .options = sample_rows,
    .options_bytes = sizeof(struct sample_options),
    .words_min = 1,
    .words_max = 2,
};

/* Parses words separated by blanks. */
static bool
parse(struct args *args, struct sample_options *options, char *line)
{
    static char *argv[32];
    int argc = 0;
    for (char *word = strtok(line, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    *args = (struct args){0};
    *options = (struct sample_options){0};
    return args_parse(args, &sample, argc, argv, options);
}

START_TEST(options_and_words_may_be_mixed)
{
    struct args args;
    struct sample_options o;
    char line[] = "a.csv --from=+1 --rate 50 b --watch --url http://x --json";
    ck_assert(parse(&args, &o, line));
    ck_assert_uint_eq(args.words_n, 2);
    ck_assert_str_eq(args.words[0], "a.csv");
    ck_assert_str_eq(args.words[1], "b");
    ck_assert_str_eq(o.from, "+1");
    ck_assert_int_eq(o.rate, 50);
    ck_assert(o.watch);
    ck_assert(args.settings.json);
    ck_assert_str_eq(args.settings.url, "http://x");
}
END_TEST

START_TEST(count_that_was_not_given_is_minus_one)
{
    struct args args;
    struct sample_options o;
    char line[] = "a", zero[] = "a --rate 0";
    ck_assert(parse(&args, &o, line));
    ck_assert_int_eq(o.rate, -1);
    ck_assert(parse(&args, &o, zero));
    ck_assert_int_eq(o.rate, 0);
}
END_TEST

START_TEST(after_two_dashes_all_are_words)
{
    struct args args;
    struct sample_options o;
    char line[] = "-- --watch -h";
    ck_assert(parse(&args, &o, line));
    ck_assert_uint_eq(args.words_n, 2);
    ck_assert_str_eq(args.words[0], "--watch");
    ck_assert(!o.watch);
    ck_assert(!args.settings.help);
}
END_TEST

START_TEST(help_needs_no_words)
{
    struct args args;
    struct sample_options o;
    char line[] = "--help";
    ck_assert(parse(&args, &o, line));
    ck_assert(args.settings.help);
}
END_TEST

static const char *const accepted[] = {
    "a --wat",      /* the only one that begins so */
    "a --fro +1",   /* not --format */
    "a --rate=007", /* digits */
    "a --js",       /* a settings option */
};

START_TEST(unambiguous_beginnings_are_taken)
{
    struct args args;
    struct sample_options o;
    char line[64];
    snprintf(line, sizeof line, "%s", accepted[_i]);
    ck_assert(parse(&args, &o, line));
}
END_TEST

static const char *const wrong[] = {
    "",                              /* too few words */
    "a b c",                         /* too many */
    "a --f x",                       /* --from or --format */
    "a --rates 5",                   /* unknown */
    "a --rate",                      /* no value */
    "a --rate -5",                   /* below zero */
    "a --rate 5x",                   /* no number */
    "a --rate 99999999999999999999", /* past a long */
    "a --watch=yes",                 /* a flag has no value */
    "a --=x",                        /* no name */
};

START_TEST(wrong_lines_are_refused)
{
    struct args args;
    struct sample_options o;
    char line[64];
    snprintf(line, sizeof line, "%s", wrong[_i]);
    ck_assert(!parse(&args, &o, line));
}
END_TEST

START_TEST(near_names_are_guessed_and_far_ones_not)
{
    const char *const names[] = {"status", "send", "campaign send", NULL};
    ck_assert_str_eq(args_nearest("statsu", names), "status");
    ck_assert_str_eq(args_nearest("sned", names), "send");
    ck_assert_ptr_null(args_nearest("frobnicate", names));
}
END_TEST

START_TEST(longest_name_of_a_command_wins)
{
    size_t used;
    const char *send[] = {"campaign", "send", "x"};
    const char *list[] = {"senders", "list"};
    const char *add[] = {"senders", "add", "Ann"};
    const char *none[] = {"campaign", "frob"};
    ck_assert_str_eq(command_find(send, 3, &used)->name, "campaign send");
    ck_assert_uint_eq(used, 2);
    ck_assert_str_eq(command_find(list, 2, &used)->name, "senders");
    ck_assert_uint_eq(used, 2);
    ck_assert_str_eq(command_find(add, 3, &used)->name, "senders add");
    ck_assert_ptr_null(command_find(none, 2, &used));
}
END_TEST

/* Every row teaches: a summary, a usage, an example of its own. */
START_TEST(each_command_has_its_manual)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        const struct command *command = commands[i];
        char example[80];
        snprintf(example, sizeof example, "volley %s", command->name);
        ck_assert_ptr_nonnull(command->summary);
        ck_assert_ptr_nonnull(command->usage);
        ck_assert_msg(strstr(command->help, example) != NULL, "%s",
                      command->name);
        ck_assert_msg((command->run != NULL) != (command->tool != NULL), "%s",
                      command->name);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(command->name, commands[j]->name);
    }
}
END_TEST

START_TEST(each_option_is_described_and_unlike_the_common_ones)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        const struct option_row *row = commands[i]->options;
        for (; row != NULL && row->name != NULL; row++) {
            ck_assert_ptr_nonnull(row->help);
            ck_assert_int_eq(row->value == NULL, row->kind == OPTION_FLAG);
            ck_assert_uint_lt(row->at, commands[i]->options_bytes);
            for (const struct option_row *common = args_common; common->name;
                 common++)
                ck_assert_str_ne(row->name, common->name);
        }
    }
}
END_TEST

START_TEST(query_escapes_what_a_url_cannot_hold)
{
    struct query query;
    query_begin(&query, "/v1/messages");
    query_path(&query, "a/b+c");
    query_add(&query, "to", "+1 5");
    query_add(&query, "none", NULL);
    query_add(&query, "text", "ü&=");
    ck_assert_str_eq(query_text(&query),
                     "/v1/messages/a%2Fb%2Bc?to=%2B1%205&text=%C3%BC%26%3D");
    query_end(&query);
}
END_TEST

/* What problem_print() says; the caller's. */
static char *
told(long status, const char *body, struct problem_scene scene)
{
    char *text;
    size_t n;
    json_t *object = body != NULL ? json_loads(body, 0, NULL) : NULL;
    FILE *out = open_memstream(&text, &n);
    scene.url = "http://d";
    problem_print(out, &scene, status, object);
    fclose(out);
    json_decref(object);
    return text;
}

START_TEST(refusal_says_what_where_and_how_to_mend)
{
    struct problem_scene scene = {
        .method = "POST", .path = "/v1/messages", .retry_after_s = 7};
    char *text = told(429,
                      "{\"title\": \"Quota\", \"detail\": \"is used up\", "
                      "\"code\": \"quota\", \"errors\": [{\"pointer\": "
                      "\"/to\", \"detail\": \"bad\\u001b[2J\"}, "
                      "{\"line\": 3, \"detail\": \"short\"}]}",
                      scene);
    ck_assert_str_eq(text, "volley: Quota: is used up (429 quota)\n"
                           "  asked: POST /v1/messages\n"
                           "  where: /to: bad [2J\n"
                           "  where: line 3: short\n"
                           "  mend:  try again in 7 s\n");
    free(text);
}
END_TEST

START_TEST(refused_key_is_told_of_but_never_shown)
{
    struct problem_scene scene = {
        .method = "GET", .path = "/v1/accounts", .key = "acc_verysecret"};
    char *text = told(403, NULL, scene);
    ck_assert_ptr_nonnull(strstr(text, "the admin's key (adm_"));
    ck_assert_ptr_nonnull(strstr(text, "an account's key was given"));
    ck_assert_ptr_null(strstr(text, "verysecret"));
    free(text);
    scene.key = NULL;
    scene.path = "/v1/threads/thr_1";
    text = told(401, "[1, 2]", scene);
    ck_assert_ptr_nonnull(strstr(text, "a sender's (snd_"));
    ck_assert_ptr_nonnull(strstr(text, "none was given"));
    free(text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("cli args");
    TCase *tests = tcase_create("args");
    tcase_add_test(tests, options_and_words_may_be_mixed);
    tcase_add_test(tests, count_that_was_not_given_is_minus_one);
    tcase_add_test(tests, after_two_dashes_all_are_words);
    tcase_add_test(tests, help_needs_no_words);
    tcase_add_loop_test(tests, unambiguous_beginnings_are_taken, 0,
                        (int)(sizeof accepted / sizeof *accepted));
    tcase_add_loop_test(tests, wrong_lines_are_refused, 0,
                        (int)(sizeof wrong / sizeof *wrong));
    tcase_add_test(tests, near_names_are_guessed_and_far_ones_not);
    tcase_add_test(tests, longest_name_of_a_command_wins);
    tcase_add_test(tests, each_command_has_its_manual);
    tcase_add_test(tests, each_option_is_described_and_unlike_the_common_ones);
    tcase_add_test(tests, query_escapes_what_a_url_cannot_hold);
    tcase_add_test(tests, refusal_says_what_where_and_how_to_mend);
    tcase_add_test(tests, refused_key_is_told_of_but_never_shown);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
