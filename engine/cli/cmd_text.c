/*
 * cmd_text.c - `volley text`: encoding, parts and octets of a text.
 *
 * Promise: what is shown is what the daemon would send: the same code plans
 * it. Control characters of the text never reach the terminal.
 */
#include "engine/cli/cmd_text.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/cli/lines.h"
#include "engine/cli/text_json.h"
#include "engine/cli/width.h"

enum { EXIT_GOOD = 0, EXIT_BAD_INPUT = 1, EXIT_USAGE = 2 };

struct tool {
    bool json;
    bool packed;
    bool shown; /* an answer is above: leave a line free */
    struct segment_options options;
};

static void
usage(FILE *to)
{
    fputs(
        "usage: volley text [options] [TEXT...]\n"
        "\n"
        "Shows how a text goes over the wire: which alphabet holds all of it,\n"
        "how many parts it takes, and the octets of each part. Without TEXT,\n"
        "each line of standard input is a text.\n"
        "\n"
        "  --concat 8bit|16bit  width of the reference that joins parts "
        "[8bit]\n"
        "  --transliterate      replace characters that GSM 7-bit lacks, if "
        "that\n"
        "                       makes the whole text GSM 7-bit\n"
        "  --greek              with it: Greek letters as capitals too\n"
        "  --lock N, --shift N  national language tables allowed (1 Turkish,\n"
        "                       2 Spanish, 3 Portuguese, 4 Bengali, 5 "
        "Gujarati,\n"
        "                       6 Hindi, 7 Kannada, 8 Malayalam, 9 Oriya,\n"
        "                       10 Punjabi, 11 Tamil, 12 Telugu, 13 Urdu)\n"
        "  --charset-0 NAME     what the carrier means by data_coding 0: "
        "gsm7,\n"
        "                       ascii or latin1 [gsm7]\n"
        "  --packed             show septets packed, as few carriers want "
        "them\n"
        "  --json               one line of JSON a text; lines of standard "
        "input\n"
        "                       are {\"text\": …, \"options\": {…}} or\n"
        "                       {\"text_repeat\": [\"a\", 39015]}\n"
        "\n"
        "One character outside GSM 7-bit turns a text of 160 characters into\n"
        "three parts; the line \"encoding\" names it:\n"
        "\n"
        "  volley text 'Your car isn’t ready'\n"
        "  volley text --transliterate 'Your car isn’t ready'\n"
        "  echo '{\"text\":\"São\",\"options\":{\"lock\":3}}' | volley text "
        "--json\n",
        to);
}

static const char *
unit_name(const struct segment_plan *plan)
{
    switch (plan->alphabet) {
    case CODING_GSM7: return "septets";
    case CODING_UCS2: return "16-bit units";
    default: return "octets";
    }
}

static void
print_text(const char *label, struct slice text)
{
    char *copy = malloc(text.n + 1);
    if (!copy)
        return;
    slice_to_str(text, copy, text.n + 1);
    fputs(label, stdout);
    width_put(stdout, copy, WIDTH_ALL);
    putchar('\n');
    free(copy);
}

static void
print_encoding(const struct segment_plan *plan, const struct tool *t)
{
    printf("encoding  %s, data_coding %u", coding_name(plan->alphabet),
           plan->data_coding);
    if (plan->lock)
        printf(", locking table %u", plan->lock);
    if (plan->shift)
        printf(", single shift table %u", plan->shift);
    if (plan->transliterated)
        printf(", transliterated");
    if (plan->culprit) {
        char utf8[8];
        struct writer w = writer_of(utf8, sizeof utf8 - 1);
        ucs2_put_utf8(&w, plan->culprit);
        utf8[writer_used(&w)] = 0;
        printf(": ");
        width_put(stdout, utf8, WIDTH_ALL);
        printf(" U+%04X is not in %s", plan->culprit,
               coding_name(t->options.charset_0));
    }
    putchar('\n');
}

static void
print_parts(const struct segment_plan *plan)
{
    static struct segment_part part;
    static char hex[2 * SEGMENT_PART_BYTES + 1];
    for (unsigned i = 0; i < plan->parts; i++) {
        segment_part(plan, i, &part);
        struct cursor c = cursor_of(part.octets);
        struct slice udh = cursor_take(&c, part.udh_bytes);
        printf("  %3u  %3u %s", i + 1, part.units, unit_name(plan));
        if (udh.n)
            printf("  udh %s", bytes_to_hex(udh, hex));
        printf("  %s\n", bytes_to_hex(cursor_rest(&c), hex));
    }
}

/* What the same text costs with --transliterate, when that is less. */
static void
print_hint(struct slice text, const struct segment_plan *plan,
           const struct tool *t)
{
    struct segment_options options = t->options;
    struct segment_plan other;
    size_t cap;
    if (options.transliterate || plan->alphabet != CODING_UCS2)
        return;
    options.transliterate = true;
    uint8_t *buf = text_json_buffer(text.n, &cap);
    if (segment_plan(text, &options, buf, cap, &other) == SEGMENT_OK &&
        other.transliterated)
        printf("hint      --transliterate makes it %s in %u part%s\n",
               coding_name(other.alphabet), other.parts,
               other.parts == 1 ? "" : "s");
    free(buf);
}

static void
print_plan(struct slice text, const struct segment_plan *plan, bool too_long,
           const struct tool *t)
{
    print_text("text      ", text);
    print_encoding(plan, t);
    printf("length    %u %s; %u fit in one message, %u in a part of several\n",
           plan->units, unit_name(plan), plan->single_limit, plan->part_limit);
    if (too_long) {
        printf("parts     %u: too long, %u is the most\n", plan->segments,
               SEGMENT_HARD_MAX_PARTS);
        return;
    }
    printf("parts     %u\n", plan->parts);
    print_parts(plan);
    print_hint(text, plan, t);
}

static bool
show(struct slice text, struct tool *t)
{
    struct segment_options options = t->options;
    struct segment_plan plan;
    size_t cap;
    options.packed = t->packed;
    uint8_t *buf = text_json_buffer(text.n, &cap);
    enum segment_result result = segment_plan(text, &options, buf, cap, &plan);
    bool planned = result == SEGMENT_OK || result == SEGMENT_TOO_LONG;
    if (planned && t->shown)
        putchar('\n');
    t->shown |= planned;
    if (planned)
        print_plan(text, &plan, result == SEGMENT_TOO_LONG, t);
    else
        fputs("volley text: the text is not UTF-8; convert it first, for "
              "example with iconv -f latin1 -t utf8\n",
              stderr);
    free(buf);
    return result == SEGMENT_OK;
}

static bool
answer_json(json_t *answer)
{
    bool good = json_object_get(answer, "error") == NULL;
    lines_print(answer);
    return good;
}

static bool
answer_line(void *arg, struct slice line)
{
    struct tool *t = arg;
    char why[256];
    if (!t->json)
        return show(line, t);
    if (line.n == 0)
        return true;
    json_t *request = lines_json(line, why, sizeof why);
    if (!request)
        return answer_json(text_json_error(why));
    json_t *answer = text_json_request(request, &t->options);
    json_decref(request);
    return answer_json(answer);
}

/* An argument is a text; with --json it may be a request as well. */
static bool
answer_argument(struct tool *t, const char *argument)
{
    struct slice text = slice_str(argument);
    char why[256];
    if (!t->json)
        return show(text, t);
    json_t *request = NULL;
    if (text.n && text.p[0] == '{')
        request = lines_json(text, why, sizeof why);
    json_t *answer = request ? text_json_request(request, &t->options)
                             : text_json_answer(text, &t->options);
    json_decref(request);
    return answer_json(answer);
}

/* Options that a JSON request has too are read by the same code. */
static bool
take_option(struct tool *t, const char *name, json_t *value)
{
    json_t *object = json_pack("{s:o}", name, value);
    const char *wrong = text_json_take_options(object, &t->options);
    json_decref(object);
    if (wrong)
        fprintf(stderr, "volley text: --%s\n", wrong);
    return wrong == NULL;
}

/* A whole number, or null so that the range is explained. */
static json_t *
number_of(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    return *text && !*end ? json_integer(n) : json_null();
}

static bool
take(struct tool *t, int option)
{
    switch (option) {
    case 'j': t->json = true; return true;
    case 'p': t->packed = true; return true;
    case 'c': return take_option(t, "concat", json_string(optarg));
    case 't': return take_option(t, "transliterate", json_true());
    case 'g': return take_option(t, "greek", json_true());
    case 'l': return take_option(t, "lock", number_of(optarg));
    case 's': return take_option(t, "shift", number_of(optarg));
    case '0': return take_option(t, "charset_0", json_string(optarg));
    default: return false;
    }
}

int
cmd_text(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"json", no_argument, NULL, 'j'},
        {"packed", no_argument, NULL, 'p'},
        {"concat", required_argument, NULL, 'c'},
        {"transliterate", no_argument, NULL, 't'},
        {"greek", no_argument, NULL, 'g'},
        {"lock", required_argument, NULL, 'l'},
        {"shift", required_argument, NULL, 's'},
        {"charset-0", required_argument, NULL, '0'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct tool t = {.options = text_json_options()};
    int option;
    optind = 0; /* getopt starts afresh */
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) >= 0) {
        if (option == 'h') {
            usage(stdout);
            return EXIT_GOOD;
        }
        if (!take(&t, option)) {
            fputs("volley text --help shows how it is used\n", stderr);
            return EXIT_USAGE;
        }
    }
    bool good = true;
    if (optind == argc)
        good = lines_each(answer_line, &t);
    for (int i = optind; i < argc; i++)
        good &= answer_argument(&t, argv[i]);
    return good ? EXIT_GOOD : EXIT_BAD_INPUT;
}
