/*
 * cmd_campaign_send.c - volley campaign send: from a file of recipients to a
 * running campaign, and on to its end with --watch.
 *
 * The steps are those of the API: create, upload, preflight, start. What
 * stops half-way leaves a draft and says how to go on or drop it.
 */
#include "engine/cli/cmd_campaign_send.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/cli/api.h"
#include "engine/cli/body.h"
#include "engine/cli/campaign_watch.h"
#include "engine/cli/field.h"
#include "engine/cli/figure.h"
#include "engine/cli/list.h"
#include "engine/cli/query.h"
#include "engine/cli/term.h"
#include "engine/cli/upload.h"
#include "engine/cli/width.h"

struct campaign_options {
    const char *text, *from, *pool, *sender, *name, *class;
    const char *start_at, *expires_at, *format, *on_uncertain;
    long rate;
    bool watch, dry_run, strict, keep_doubles;
};

#define AT(field) offsetof(struct campaign_options, field)

static const struct option_row campaign_rows[] = {
    {"text", OPTION_TEXT, AT(text), "TEMPLATE",
     "with {{field}}, {{field|fallback}}, {{#if field}}…{{/if}}"},
    {"from", OPTION_TEXT, AT(from), "NUMBER", "our number"},
    {"pool", OPTION_TEXT, AT(pool), "POOL", "or the numbers of this pool"},
    {"sender", OPTION_TEXT, AT(sender), "ID",
     "who replies belong to, where a row names nobody"},
    {"name", OPTION_TEXT, AT(name), "NAME", "to find it again [the file's]"},
    {"rate", OPTION_COUNT, AT(rate), "PER_S",
     "parts a second at most [what the carriers allow]"},
    {"class", OPTION_TEXT, AT(class), "CLASS",
     "marketing, conversational, transactional or critical"},
    {"start-at", OPTION_TEXT, AT(start_at), "TIME",
     "09:30, \"2025-12-01 09:30\" (local) or +2h [now]"},
    {"expires-at", OPTION_TEXT, AT(expires_at), "TIME",
     "what has not left by then expires"},
    {"on-uncertain", OPTION_TEXT, AT(on_uncertain), "WHAT",
     "hold or resend a part whose answer was lost"},
    {"format", OPTION_TEXT, AT(format), "csv|ndjson",
     "of the file [by its name]"},
    {"keep-duplicates", OPTION_FLAG, AT(keep_doubles), NULL,
     "a number that comes twice is sent to twice"},
    {"strict", OPTION_FLAG, AT(strict), NULL,
     "one bad line: start nothing, leave a draft"},
    {"dry-run", OPTION_FLAG, AT(dry_run), NULL,
     "upload and preflight only; leaves a draft"},
    {"watch", OPTION_FLAG, AT(watch), NULL, "follow it to its end"},
    {NULL},
};

/* Lines with why they were refused; more are in the JSON answer. */
enum { BAD_LINES_SHOWN = 20 };

static enum outcome
check_options(const struct campaign_options *o)
{
    const char *wrong = NULL;
    if (o->text == NULL)
        wrong = "--text is missing: --text 'Hello {{first_name|there}}'";
    else if ((o->from == NULL) == (o->pool == NULL))
        wrong = "give either --from NUMBER or --pool POOL";
    if (wrong == NULL)
        return OUTCOME_OK;
    fprintf(stderr, "volley: %s\n", wrong);
    return OUTCOME_USAGE;
}

/* The file's name without folders; the caller borrows it from the path. */
static const char *
name_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    return strcmp(file, "-") == 0 ? "campaign" : slash ? slash + 1 : file;
}

/* NULL after saying what is wrong. */
static json_t *
campaign_body(const struct campaign_options *o, const char *file)
{
    json_t *body = json_object();
    body_text(body, "name", o->name != NULL ? o->name : name_of(file));
    body_text(body, "text", o->text);
    body_text(body, "from", o->from);
    body_text(body, "pool", o->pool);
    body_text(body, "sender", o->sender);
    body_text(body, "class", o->class);
    body_text(body, "on_uncertain", o->on_uncertain);
    if (o->rate > 0)
        body_count(body, "rate", o->rate);
    if (o->keep_doubles)
        json_object_set_new(body, "dedupe", json_false());
    if (body_moment(body, "start_at", "start-at", o->start_at) &&
        body_moment(body, "expires_at", "expires-at", o->expires_at))
        return body;
    json_decref(body);
    return NULL;
}

/* POST /v1/campaigns/{id}/verb. */
static enum outcome
campaign_do(const struct call *call, const char *id, const char *verb,
            json_t **answer)
{
    struct query path;
    query_begin(&path, "/v1/campaigns");
    query_path(&path, id);
    query_path(&path, verb);
    struct api_request request = {
        .method = "POST",
        .path = query_text(&path),
        /* A preflight renders ten million texts before it answers. */
        .endless = true,
    };
    enum outcome outcome = api_call(call->api, &request, answer);
    query_end(&path);
    return outcome;
}

static void
print_bad_lines(const json_t *answer)
{
    size_t i;
    const json_t *error;
    const json_t *errors = field_at(answer, "errors");
    json_array_foreach(errors, i, error)
    {
        const char *field = field_text(error, "field");
        if (i == BAD_LINES_SHOWN)
            break;
        printf("  line %lld: ", field_count(error, "line"));
        if (*field != '\0') {
            width_put(stdout, field, WIDTH_ALL);
            fputs(": ", stdout);
        }
        width_put(
            stdout,
            field_first(error, (const char *const[]){"detail", "code", NULL}),
            WIDTH_ALL);
        putchar('\n');
    }
    long long more = field_count(answer, "rejected") - (long long)i;
    if (i > 0 && more > 0)
        printf("  and %lld more\n", more);
}

static void
print_uploaded(const json_t *answer)
{
    char good[FIGURE_CAP], bad[FIGURE_CAP], twice[FIGURE_CAP];
    printf("recipients  %s accepted, %s rejected, %s duplicates\n",
           figure_count(good, field_count(answer, "accepted")),
           figure_count(bad, field_count(answer, "rejected")),
           figure_count(twice, field_count(answer, "duplicates")));
    print_bad_lines(answer);
}

static void
print_preflight(const json_t *answer)
{
    char people[FIGURE_CAP], parts[FIGURE_CAP], gsm7[FIGURE_CAP];
    char ucs2[FIGURE_CAP], span[FIGURE_CAP];
    printf("preflight   %s recipients, %s parts (gsm7 %s, ucs2 %s), "
           "about %s\n",
           figure_count(people, field_count(answer, "recipients")),
           figure_count(parts, field_count(answer, "parts")),
           figure_count(gsm7, field_count(answer, "encodings.gsm7")),
           figure_count(ucs2, field_count(answer, "encodings.ucs2")),
           figure_span(span, field_real(answer, "eta_seconds", -1)));
    static const struct {
        const char *name, *meaning;
    } notes[] = {
        {"suppressed", "opted out and will not be sent to"},
        {"held", "wait for their allowed hours"},
        {"rejected", "cannot be sent"},
        {"duplicates", "come twice and are sent to once"},
    };
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        long long n = field_count(answer, notes[i].name);
        if (n > 0)
            printf("            %s %s\n", figure_count(span, n),
                   notes[i].meaning);
    }
}

/* Leaves the draft; says how to go on. */
static void
print_draft(const char *id)
{
    fprintf(stderr,
            "Nothing was sent. The draft %s is kept:\n"
            "  volley campaign start %s\n  volley campaign cancel %s\n",
            id, id, id);
}

static enum outcome
fill(const struct call *call, const char *id)
{
    const struct campaign_options *o = call->options;
    struct query path;
    json_t *answer = NULL;
    query_begin(&path, "/v1/campaigns");
    query_path(&path, id);
    query_literal(&path, "/recipients");
    struct upload upload = {"PUT", query_text(&path), call->words[0],
                            upload_type(call->words[0], o->format)};
    enum outcome outcome = upload_run(call, &upload, &answer);
    query_end(&path);
    if (outcome == OUTCOME_OK && call->settings.json)
        list_json(answer);
    else if (outcome == OUTCOME_OK)
        print_uploaded(answer);
    bool none = field_count(answer, "accepted") == 0;
    bool bad = field_count(answer, "rejected") > 0;
    json_decref(answer);
    if (outcome != OUTCOME_OK)
        return outcome;
    if (none) {
        fprintf(stderr,
                "volley: no line of %s could be used; the first row "
                "must name the columns: to,first_name,…\n",
                call->words[0]);
        return OUTCOME_USAGE;
    }
    if (bad && o->strict) {
        fprintf(stderr, "volley: --strict: mend the lines above first\n");
        return OUTCOME_USAGE;
    }
    return OUTCOME_OK;
}

static enum outcome
preflight(const struct call *call, const char *id)
{
    json_t *answer;
    bool live = term_get()->live && !call->settings.json;
    /* A million texts take some seconds. */
    if (live)
        printf("preflight   every text is rendered\r");
    fflush(stdout);
    enum outcome outcome = campaign_do(call, id, "preflight", &answer);
    if (live)
        printf("\033[K");
    if (outcome == OUTCOME_OK && call->settings.json)
        list_json(answer);
    else if (outcome == OUTCOME_OK)
        print_preflight(answer);
    json_decref(answer);
    return outcome;
}

static enum outcome
start(const struct call *call, const char *id)
{
    const struct campaign_options *o = call->options;
    json_t *answer;
    enum outcome outcome = campaign_do(call, id, "start", &answer);
    if (outcome == OUTCOME_OK && call->settings.json)
        list_json(answer);
    json_decref(answer);
    if (outcome != OUTCOME_OK)
        return outcome;
    if (o->watch)
        return campaign_watch(call, id);
    if (!call->settings.json)
        printf("started     volley campaign watch %s\n", id);
    return OUTCOME_OK;
}

/* With the draft's id: all steps after its creation. */
static enum outcome
fill_and_start(const struct call *call, const char *id)
{
    const struct campaign_options *o = call->options;
    enum outcome outcome = fill(call, id);
    if (outcome == OUTCOME_OK)
        outcome = preflight(call, id);
    fflush(stdout);
    if (outcome == OUTCOME_OK && !o->dry_run)
        return start(call, id);
    print_draft(id);
    return outcome;
}

static enum outcome
run_campaign_send(const struct call *call)
{
    const struct campaign_options *o = call->options;
    const char *file = call->words[0];
    json_t *answer;
    enum outcome outcome = check_options(o);
    if (outcome != OUTCOME_OK)
        return outcome;
    if (upload_type(file, o->format) == NULL) {
        fprintf(stderr, "volley: --format is csv or ndjson\n");
        return OUTCOME_USAGE;
    }
    /* Before a draft is made for nothing. */
    if (strcmp(file, "-") != 0 && access(file, R_OK) != 0) {
        fprintf(stderr, "volley: cannot read %s: %m\n", file);
        return OUTCOME_USAGE;
    }
    json_t *body = campaign_body(o, file);
    if (body == NULL)
        return OUTCOME_USAGE;
    outcome = api_post(call->api, "/v1/campaigns", body, &answer);
    json_decref(body);
    if (outcome != OUTCOME_OK)
        return outcome;
    const char *id = field_text(answer, "id");
    if (call->settings.json)
        list_json(answer);
    else
        printf("campaign    %s  %s\n", id,
               o->name != NULL ? o->name : name_of(file));
    fflush(stdout);
    outcome = fill_and_start(call, id);
    json_decref(answer);
    return outcome;
}

const struct command cmd_campaign_send = {
    .name = "campaign send",
    .summary = "send a template to every recipient of a CSV or NDJSON file",
    .usage = "FILE --text TEMPLATE (--from NUMBER | --pool POOL) "
             "[--watch] [--dry-run]",
    .help =
        "Creates the campaign, streams the file (any size; - is stdin), lists "
        "the lines that cannot be\nused and why, checks alphabets and parts, "
        "and starts it. The good lines are sent even when\nothers are bad; "
        "--strict stops instead.\n\n"
        "CSV: the first row names the columns; `to` is the number, an optional "
        "`sender` says who the\nreplies of that row belong to, all others are "
        "fields for the template. NDJSON: one\n{\"to\": …, \"sender\": …, "
        "\"vars\": {…}} a line. With --json each step's answer is one line.\n\n"
        "Examples:\n"
        "  volley campaign send people.csv --from +12125550101 --watch \\\n"
        "      --text 'Hi {{first_name|there}}, your car {{plate}} is ready'\n"
        "  volley campaign send people.csv --pool pol_… --rate 50 --dry-run "
        "--text 'Hello'\n"
        "  zcat big.csv.gz | volley campaign send - --from +12125550101 "
        "--text 'Hi {{name}}'\n",
    .options = campaign_rows,
    .options_bytes = sizeof(struct campaign_options),
    .words_min = 1,
    .words_max = 1,
    .run = run_campaign_send,
};
