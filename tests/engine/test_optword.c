/*
 * test_optword.c - tests engine/flow/optword.c and optword.def.
 */
#include "engine/flow/optword.h"

#include "proto/ucs2.h"

#include <check.h>
#include <stdlib.h>

static const struct reading {
    const char *text;
    enum opt_kind kind;
    const char *keyword;
    bool all;
} readings[] = {
    {"STOP", OPT_OUT, "", false},
    {"stop", OPT_OUT, "", false},
    {" Stop. ", OPT_OUT, "", false},
    {"\"STOP\"!!", OPT_OUT, "", false},
    {"\n\tstop\r\n", OPT_OUT, "", false},
    {"stop\xC2\xA0", OPT_OUT, "", false}, /* no-break space */
    {"¡stop!", OPT_OUT, "", false},
    {"StopAll", OPT_OUT, "", true},
    {"STOP  ALL", OPT_OUT, "", true},
    {"unsubscribe", OPT_OUT, "", false},
    {"Cancel", OPT_OUT, "", false},
    {"END", OPT_OUT, "", false},
    {"quit", OPT_OUT, "", false},
    {"Opt out", OPT_OUT, "", false},
    {"ARRET", OPT_OUT, "", false},
    {"ARRÊT", OPT_OUT, "", false},
    {"Stopp", OPT_OUT, "", false},
    {"BAJA", OPT_OUT, "", false},
    {"REZYGNUJĘ", OPT_OUT, "", false},
    {"СТОП", OPT_OUT, "", false},
    {"ΣΤΟΠ", OPT_OUT, "", false},
    {"STOP NEWS", OPT_OUT, "NEWS", false},
    {"stop  News!", OPT_OUT, "News", false},
    {"STOP: NEWS", OPT_NONE, "", false}, /* "stop:" is no word of the table */
    {"START", OPT_IN, "", false},
    {"unstop", OPT_IN, "", false},
    {"Subscribe", OPT_IN, "", false},
    {"HELP", OPT_HELP, "", false},
    {"help?", OPT_HELP, "", false},
    {"info", OPT_HELP, "", false},
    {"Aide", OPT_HELP, "", false},
    {"помощь", OPT_HELP, "", false},
    /* and what is none */
    {"", OPT_NONE, "", false},
    {" ", OPT_NONE, "", false},
    {"...", OPT_NONE, "", false},
    {"YES", OPT_NONE, "", false},
    {"Please stop by at 4", OPT_NONE, "", false},
    {"stop by later", OPT_NONE, "", false},
    {"don't stop", OPT_NONE, "", false},
    {"nonstop", OPT_NONE, "", false},
    {"stops", OPT_NONE, "", false},
    {"#stop", OPT_NONE, "", false},
    {"help me", OPT_NONE, "", false},
    {"start tomorrow", OPT_NONE, "", false},
    {"end it", OPT_NONE, "", false},
    {"st op", OPT_NONE, "", false},
    {"STOP abcdefghijklmnopqrstuvwxyz0123456789", OPT_NONE, "", false},
    {"stop \xff", OPT_NONE, "", false},
    {"\xffstop", OPT_NONE, "", false},
};

START_TEST(a_text_is_read_whole)
{
    const struct reading *r = &readings[_i];
    struct optword found = optword_read(slice_str(r->text));
    ck_assert_msg(found.kind == r->kind, "'%s' is %d", r->text, found.kind);
    ck_assert_msg(slice_eq(found.keyword, slice_str(r->keyword)),
                  "keyword of '%s'", r->text);
    ck_assert_int_eq(found.all, r->all);
    ck_assert_int_eq(found.word != NULL, r->kind != OPT_NONE);
}
END_TEST

START_TEST(a_long_text_is_none)
{
    char text[2000];
    memset(text, ' ', sizeof text);
    memcpy(text, "stop", 4);
    ck_assert_int_eq(optword_read(slice_of(text, 256)).kind, OPT_OUT);
    ck_assert_int_eq(optword_read(slice_of(text, 257)).kind, OPT_NONE);
    ck_assert_int_eq(optword_read(slice_of(text, sizeof text)).kind, OPT_NONE);
}
END_TEST

/* Every row must fire when its own word comes in: a row that is not written
 * in folded form would be dead. */
static const char *const words[] = {
#define OPT_PACK(name, since)
#define OPT_WORD(kind, more, language, word) word,
#define OPT_TEXT(kind, language, text)
#include "engine/flow/optword.def"
#undef OPT_PACK
#undef OPT_WORD
#undef OPT_TEXT
};
static const char *const texts[] = {
#define OPT_PACK(name, since)
#define OPT_WORD(kind, more, language, word)
#define OPT_TEXT(kind, language, text) text,
#include "engine/flow/optword.def"
#undef OPT_PACK
#undef OPT_WORD
#undef OPT_TEXT
};

START_TEST(every_row_fires_on_its_word)
{
    struct optword found = optword_read(slice_str(words[_i]));
    ck_assert_msg(found.word != NULL, "%s", words[_i]);
    ck_assert_str_eq(found.word, words[_i]);
}
END_TEST

START_TEST(every_confirmation_fits_one_part)
{
    ck_assert(ucs2_is_utf8(slice_str(texts[_i])));
    unsigned characters = 0;
    for (const char *c = texts[_i]; *c; c++)
        characters += ((uint8_t)*c & 0xC0) != 0x80;
    ck_assert_uint_le(characters, 160);
}
END_TEST

START_TEST(a_confirmation_falls_back_to_english)
{
    const char *english = optword_text(OPT_OUT, "en");
    ck_assert_ptr_nonnull(strstr(english, "unsubscribed"));
    ck_assert_ptr_eq(optword_text(OPT_OUT, "xx"), english);
    ck_assert_ptr_eq(optword_text(OPT_OUT, NULL), english);
    ck_assert_ptr_ne(optword_text(OPT_OUT, "de"), english);
    ck_assert_ptr_nonnull(optword_text(OPT_IN, "fr"));
    ck_assert_ptr_null(optword_text(OPT_NONE, "en"));
}
END_TEST

START_TEST(the_pack_has_a_name_and_a_date)
{
    ck_assert_str_eq(optword_pack(), "optwords 2025-04-11");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("optword");
    TCase *t = tcase_create("optword");
    tcase_add_loop_test(t, a_text_is_read_whole, 0,
                        sizeof readings / sizeof readings[0]);
    tcase_add_test(t, a_long_text_is_none);
    tcase_add_loop_test(t, every_row_fires_on_its_word, 0,
                        sizeof words / sizeof words[0]);
    tcase_add_loop_test(t, every_confirmation_fits_one_part, 0,
                        sizeof texts / sizeof texts[0]);
    tcase_add_test(t, a_confirmation_falls_back_to_english);
    tcase_add_test(t, the_pack_has_a_name_and_a_date);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
