/*
 * cmd_campaign.c - volley campaign: list, show, watch, start, pause, resume,
 * cancel and results of campaigns that exist.
 */
#include "engine/cli/cmd_campaign.h"

#include <stdio.h>
#include <string.h>

#include "engine/cli/api.h"
#include "engine/cli/campaign_watch.h"
#include "engine/cli/field.h"
#include "engine/cli/list.h"
#include "engine/cli/query.h"
#include "engine/cli/term.h"
#include "engine/cli/width.h"

struct list_options {
    const char *state;
    long limit;
};

static const struct option_row list_rows[] = {
    {"state", OPTION_TEXT, offsetof(struct list_options, state), "STATE",
     "draft, scheduled, running, paused, done or cancelled"},
    {"limit", OPTION_COUNT, offsetof(struct list_options, limit), "ROWS",
     "at most so many; 0: all [0]"},
    {NULL},
};

static const struct list_column list_columns[] = {
    {"CAMPAIGN", "id", LIST_TEXT},
    {"NAME", "name", LIST_ELASTIC},
    {"STATE", "state", LIST_STATE},
    {"RECIPIENTS", "counts.recipients", LIST_NUMBER},
    {"QUEUED", "counts.queued", LIST_NUMBER},
    {"DELIVERED", "counts.delivered", LIST_NUMBER},
    {"FAILED", "counts.failed", LIST_NUMBER},
    {"UNCERTAIN", "counts.uncertain", LIST_NUMBER},
    {"REPLIES", "counts.replies", LIST_NUMBER},
};

static const struct list_view list_view = {
    list_columns, sizeof list_columns / sizeof *list_columns,
    "No campaign yet: volley campaign send FILE.csv --text '…' --from NUMBER"};

static enum outcome
run_list(const struct call *call)
{
    const struct list_options *o = call->options;
    struct query path;
    query_begin(&path, "/v1/campaigns");
    query_add(&path, "state", o->state);
    enum outcome outcome =
        list_show(call, query_text(&path), &list_view, list_limit(o->limit, 0));
    query_end(&path);
    return outcome;
}

/* One "name  value" line, left out when there is no value. */
static void
print_field(const json_t *campaign, const char *label, const char *path,
            bool moment)
{
    char value[2048];
    if (moment)
        field_moment(campaign, path, value, sizeof value);
    else
        field_cell(campaign, path, value, sizeof value);
    if (*value == '\0')
        return;
    printf("%s%-9s%s ", term_paint(PAINT_DIM), label, term_plain());
    width_put(stdout, value, WIDTH_ALL);
    putchar('\n');
}

static enum outcome
run_show(const struct call *call)
{
    json_t *campaign;
    enum outcome outcome = campaign_get(call, call->words[0], &campaign);
    if (outcome != OUTCOME_OK)
        return outcome;
    if (call->settings.json) {
        list_json(campaign);
    } else {
        campaign_print(stdout, campaign);
        print_field(campaign, "text", "text", false);
        print_field(campaign, "from", "from", false);
        print_field(campaign, "pool", "pool", false);
        print_field(campaign, "sender", "sender", false);
        print_field(campaign, "class", "class", false);
        print_field(campaign, "rate", "rate", false);
        print_field(campaign, "starts", "start_at", true);
        print_field(campaign, "started", "started_at", true);
        print_field(campaign, "done", "done_at", true);
        print_field(campaign, "expires", "expires_at", true);
    }
    json_decref(campaign);
    return OUTCOME_OK;
}

static enum outcome
run_watch(const struct call *call)
{
    return campaign_watch(call, call->words[0]);
}

/* POST …/verb, then the campaign as it is now. */
static enum outcome
act(const struct call *call, const char *verb)
{
    struct query path;
    json_t *answer, *campaign = NULL;
    query_begin(&path, "/v1/campaigns");
    query_path(&path, call->words[0]);
    query_path(&path, verb);
    enum outcome outcome =
        api_post(call->api, query_text(&path), NULL, &answer);
    query_end(&path);
    if (outcome == OUTCOME_OK && call->settings.json) {
        list_json(answer);
    } else if (outcome == OUTCOME_OK) {
        outcome = campaign_get(call, call->words[0], &campaign);
        if (outcome == OUTCOME_OK)
            campaign_print(stdout, campaign);
    }
    json_decref(answer);
    json_decref(campaign);
    return outcome;
}

static enum outcome
run_start(const struct call *call)
{
    return act(call, "start");
}

static enum outcome
run_pause(const struct call *call)
{
    return act(call, "pause");
}

static enum outcome
run_resume(const struct call *call)
{
    return act(call, "resume");
}

static enum outcome
run_cancel(const struct call *call)
{
    return act(call, "cancel");
}

struct results_options {
    bool csv;
    const char *output;
};

static const struct option_row results_rows[] = {
    {"csv", OPTION_FLAG, offsetof(struct results_options, csv), NULL,
     "CSV with a header row [NDJSON]"},
    {"output", OPTION_TEXT, offsetof(struct results_options, output), "FILE",
     "into a file [standard output]"},
    {NULL},
};

static bool
write_file(void *arg, const char *octets, size_t n)
{
    return fwrite(octets, 1, n, arg) == n;
}

static enum outcome
run_results(const struct call *call)
{
    const struct results_options *o = call->options;
    struct query path;
    FILE *out = o->output != NULL ? fopen(o->output, "wb") : stdout;
    if (out == NULL) {
        fprintf(stderr, "volley: cannot write %s: %m\n", o->output);
        return OUTCOME_USAGE;
    }
    query_begin(&path, "/v1/campaigns");
    query_path(&path, call->words[0]);
    query_literal(&path, "/results");
    query_add(&path, "format", o->csv ? "csv" : "ndjson");
    struct api_request request = {
        .path = query_text(&path),
        .accept = o->csv ? "text/csv" : "application/x-ndjson",
        .write = write_file,
        .arg = out,
    };
    enum outcome outcome = api_call(call->api, &request, NULL);
    query_end(&path);
    bool written = fflush(out) == 0 && !ferror(out);
    if (out != stdout)
        written = fclose(out) == 0 && written;
    if (!written) {
        fprintf(stderr, "volley: writing the results failed: %m\n");
        return OUTCOME_USAGE;
    }
    return outcome;
}

const struct command cmd_campaign_list = {
    .name = "campaign list",
    .summary = "campaigns with their outcome counts, newest first",
    .usage = "[--state STATE] [--limit ROWS]",
    .help = "Examples:\n"
            "  volley campaign list\n"
            "  volley campaign list --state running\n"
            "  volley campaign list --json | jq -r .id\n",
    .options = list_rows,
    .options_bytes = sizeof(struct list_options),
    .run = run_list,
};

const struct command cmd_campaign_show = {
    .name = "campaign show",
    .summary = "one campaign: progress, outcomes, text and times",
    .usage = "ID",
    .help = "Example:\n  volley campaign show cmp_…\n",
    .words_min = 1,
    .words_max = 1,
    .run = run_show,
};

const struct command cmd_campaign_watch = {
    .name = "campaign watch",
    .summary = "follow a campaign with a progress bar to its end",
    .usage = "ID",
    .help =
        "The dark part of the bar are recipients whose outcome is known, the "
        "light part those sent\nwhose receipt is awaited. Not on a terminal, "
        "a line is printed every three seconds; with\n--json, the campaign's "
        "object as often as it is asked. Ctrl-C leaves the campaign "
        "running.\nWhen all have left it goes on while receipts keep coming. "
        "Ends "
        "with 0 when it is done, 1 when\nit was cancelled.\n\n"
        "Example:\n  volley campaign watch cmp_…\n",
    .words_min = 1,
    .words_max = 1,
    .run = run_watch,
};

const struct command cmd_campaign_start = {
    .name = "campaign start",
    .summary = "start a draft, as left by campaign send --dry-run",
    .usage = "ID",
    .help = "Example:\n  volley campaign start cmp_…\n",
    .words_min = 1,
    .words_max = 1,
    .run = run_start,
};

const struct command cmd_campaign_pause = {
    .name = "campaign pause",
    .summary = "stop sending; what is in flight arrives",
    .usage = "ID",
    .help = "Stops within one window of each bind. Receipts and replies go on "
            "being counted.\n\nExample:\n  volley campaign pause cmp_…\n",
    .words_min = 1,
    .words_max = 1,
    .run = run_pause,
};

const struct command cmd_campaign_resume = {
    .name = "campaign resume",
    .summary = "go on with a paused campaign",
    .usage = "ID",
    .help = "Example:\n  volley campaign resume cmp_…\n",
    .words_min = 1,
    .words_max = 1,
    .run = run_resume,
};

const struct command cmd_campaign_cancel = {
    .name = "campaign cancel",
    .summary = "end a campaign; tells what was and was not sent",
    .usage = "ID",
    .help = "What has not left is never sent; what was sent stays counted. A "
            "cancelled campaign cannot\nbe started again.\n\nExample:\n  "
            "volley campaign cancel cmp_…\n",
    .words_min = 1,
    .words_max = 1,
    .run = run_cancel,
};

const struct command cmd_campaign_results = {
    .name = "campaign results",
    .summary = "every recipient's outcome, as NDJSON or CSV",
    .usage = "ID [--csv] [--output FILE]",
    .help = "Streams: ten million recipients need no memory here.\n\n"
            "Examples:\n"
            "  volley campaign results cmp_… --csv --output results.csv\n"
            "  volley campaign results cmp_… | jq -r "
            "'select(.state != \"delivered\") | .to'\n",
    .options = results_rows,
    .options_bytes = sizeof(struct results_options),
    .words_min = 1,
    .words_max = 1,
    .run = run_results,
};
