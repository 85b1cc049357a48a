/*
 * cmd_status.c - volley status: carriers and their binds, once or live;
 * volley carrier: pause, resume, rebind, drain, kick.
 */
#include "engine/cli/cmd_status.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/cli/api.h"
#include "engine/cli/body.h"
#include "engine/cli/field.h"
#include "engine/cli/figure.h"
#include "engine/cli/list.h"
#include "engine/cli/query.h"
#include "engine/cli/screen.h"
#include "engine/cli/table.h"
#include "engine/cli/talk.h"
#include "engine/cli/term.h"
#include "engine/cli/when.h"
#include "engine/cli/width.h"

struct kick_options {
    long bind; /* negative: all */
};

static const struct option_row kick_rows[] = {
    {"bind", OPTION_COUNT, offsetof(struct kick_options, bind), "INDEX",
     "this one alone"},
    {NULL},
};

struct status_options {
    bool watch;
    long every_s;
};

static const struct option_row status_rows[] = {
    {"watch", OPTION_FLAG, offsetof(struct status_options, watch), NULL,
     "draw again until Ctrl-C"},
    {"every", OPTION_COUNT, offsetof(struct status_options, every_s), "SECONDS",
     "pause between two drawings [1]"},
    {NULL},
};

/* Sums over all carriers, for the line above the table. */
struct totals {
    size_t carriers;
    size_t binds;
    size_t bound;
    double per_s;
    long long queue;
};

/* "up", or what hinders it: "up, slowed 4s". */
static const char *
carrier_state(const json_t *carrier, int64_t now_ms, char *buf, size_t cap)
{
    int64_t until_ms;
    char span[FIGURE_CAP];
    const char *state = field_text(carrier, "state");
    if (!when_parse(field_text(carrier, "throttled_until"), &until_ms) ||
        until_ms <= now_ms)
        return state;
    snprintf(buf, cap, "%s, slowed %s", state,
             figure_span(span, (double)(until_ms - now_ms) / 1000));
    return buf;
}

static void
add_carrier_cells(struct table *table, const json_t *carrier, int64_t now_ms)
{
    char state[80], rate[FIGURE_CAP], queue[FIGURE_CAP];
    table_add_painted(table, field_text(carrier, "name"), PAINT_BOLD);
    table_add_painted(table,
                      carrier_state(carrier, now_ms, state, sizeof state),
                      term_state_paint(field_text(carrier, "state")));
    table_add(table, figure_rate(rate, field_real(carrier, "rate_now", 0)));
    table_add(table, figure_count(queue, field_count(carrier, "queue")));
}

/* Below the table: a carrier that rules pass over while they have another. */
static void
print_health(FILE *out, const json_t *carrier)
{
    char room[FIGURE_CAP];
    const char *why = field_text(carrier, "health.why");
    if (*why == '\0' || strcmp(field_text(carrier, "state"), "up") != 0)
        return;
    figure_count(room, field_count(carrier, "health.latency_ms"));
    fprintf(out, "%s%s is %s: %s; answers take %s ms%s\n",
            term_paint(PAINT_WARN), field_text(carrier, "name"),
            field_text(carrier, "health.state"), why, room, term_plain());
}

/* Below the table, in full: what last went wrong on each bind. */
static void
print_errors(FILE *out, const json_t *carrier)
{
    size_t i;
    const json_t *bind;
    json_array_foreach(field_at(carrier, "binds"), i, bind)
    {
        /* last_error is a text, or {code, text}. */
        const char *error = field_first(
            bind, (const char *const[]){"last_error", "last_error.text", NULL});
        if (*error == '\0')
            continue;
        char who[128];
        snprintf(who, sizeof who, "%s bind %lld: ", field_text(carrier, "name"),
                 field_count(bind, "index"));
        fprintf(out, "%s%s", term_paint(PAINT_WARN), who);
        talk_wrap(out, error, width_of(who), 4, term_columns());
        fprintf(out, "%s\n", term_plain());
    }
}

static void
add_bind_cells(struct table *table, const json_t *bind, int64_t now_ms)
{
    int64_t since_ms;
    char age[FIGURE_CAP] = "";
    if (bind == NULL) {
        for (int i = 0; i < 5; i++)
            table_add(table, "");
        return;
    }
    if (when_parse(field_text(bind, "since"), &since_ms))
        figure_span(age, (double)(now_ms - since_ms) / 1000);
    const char *state = field_text(bind, "state");
    table_addf(table, "%lld", field_count(bind, "index"));
    table_add_painted(table, state, term_state_paint(state));
    table_add(table, age);
    table_addf(table, "%lld/%lld", field_count(bind, "in_flight"),
               field_count(bind, "window"));
    /* tls is the version spoken, or a mere yes. */
    bool tls = field_true(bind, "tls") || *field_text(bind, "tls") != '\0';
    table_addf(table, "%s%s", field_text(bind, "version"), tls ? " tls" : "");
}

static void
add_carrier(struct table *table, struct totals *totals, const json_t *carrier,
            int64_t now_ms)
{
    size_t i;
    const json_t *bind;
    const json_t *binds = field_at(carrier, "binds");
    totals->carriers++;
    totals->per_s += field_real(carrier, "rate_now", 0);
    totals->queue += field_count(carrier, "queue");
    add_carrier_cells(table, carrier, now_ms);
    if (json_array_size(binds) == 0)
        add_bind_cells(table, NULL, now_ms);
    json_array_foreach(binds, i, bind)
    {
        for (int blank = 0; i > 0 && blank < 4; blank++)
            table_add(table, "");
        add_bind_cells(table, bind, now_ms);
        totals->binds++;
        totals->bound += strcmp(field_text(bind, "state"), "bound") == 0;
    }
}

static void
print_totals(FILE *out, const struct totals *totals, const char *url)
{
    char line[512], rate[FIGURE_CAP], queue[FIGURE_CAP];
    snprintf(line, sizeof line,
             "%s  %zu carrier%s, %zu of %zu binds up, %s, %s queued", url,
             totals->carriers, totals->carriers == 1 ? "" : "s", totals->bound,
             totals->binds, figure_rate(rate, totals->per_s),
             figure_count(queue, totals->queue));
    width_put(out, line, term_columns());
    fputc('\n', out);
}

static void
print_status(FILE *out, const json_t *answer, const char *url)
{
    static const struct column columns[] = {
        {"CARRIER", COLUMN_LEFT}, {"STATE", COLUMN_LEFT},
        {"RATE", COLUMN_RIGHT},   {"QUEUE", COLUMN_RIGHT},
        {"BIND", COLUMN_RIGHT},   {"STATE", COLUMN_LEFT},
        {"FOR", COLUMN_RIGHT},    {"WINDOW", COLUMN_RIGHT},
        {"SMPP", COLUMN_LEFT},
    };
    struct table *table =
        table_create(columns, sizeof columns / sizeof *columns);
    struct totals totals = {0};
    int64_t now_ms = when_now_ms();
    size_t i;
    const json_t *carrier;
    json_array_foreach(field_at(answer, "data"), i, carrier)
        add_carrier(table, &totals, carrier, now_ms);
    print_totals(out, &totals, url);
    if (totals.carriers == 0)
        fputs("No carrier is set up: add one to volley.yaml under "
              "`carriers:` and send volleyd a SIGHUP.\n",
              out);
    else
        table_print(table, out, term_columns());
    json_array_foreach(field_at(answer, "data"), i, carrier)
    {
        print_health(out, carrier);
        print_errors(out, carrier);
    }
    table_destroy(table);
}

static enum outcome
show_once(const struct call *call, struct screen *screen, bool quiet)
{
    json_t *answer;
    struct api_request request = {.path = "/v1/carriers", .quiet = quiet};
    enum outcome outcome = api_call(call->api, &request, &answer);
    if (outcome != OUTCOME_OK)
        return outcome;
    if (call->settings.json && answer != NULL) {
        list_json(answer);
    } else if (answer != NULL) {
        print_status(screen_frame(screen), answer, call->settings.url);
        screen_show(screen);
    }
    json_decref(answer);
    return OUTCOME_OK;
}

static enum outcome
watch(const struct call *call, long every_s)
{
    struct screen screen = {0};
    bool away = false;
    term_catch_interrupt();
    enum outcome outcome = show_once(call, &screen, false);
    if (outcome != OUTCOME_OK)
        return outcome;
    while (term_wait_ms(every_s * 1000)) {
        outcome = show_once(call, &screen, true);
        /* A daemon that restarts is back soon: said once, then waited for. */
        if (outcome != OUTCOME_OK && !away) {
            screen_leave(&screen);
            fprintf(stderr, "volley: %s does not answer; still asking\n",
                    call->settings.url);
        }
        away = outcome != OUTCOME_OK;
    }
    return OUTCOME_OK;
}

static enum outcome
run_status(const struct call *call)
{
    const struct status_options *options = call->options;
    struct screen screen = {0};
    if (options->watch)
        return watch(call, options->every_s > 0 ? options->every_s : 1);
    return show_once(call, &screen, false);
}

/* body is taken. */
static enum outcome
act(const struct call *call, const char *verb, json_t *body)
{
    struct query path;
    json_t *answer;
    query_begin(&path, "/v1/carriers");
    query_path(&path, call->words[0]);
    query_path(&path, verb);
    enum outcome outcome =
        api_post(call->api, query_text(&path), body, &answer);
    query_end(&path);
    if (outcome == OUTCOME_OK && call->settings.json)
        list_json(answer);
    else if (outcome == OUTCOME_OK)
        printf("carrier %s: %s asked; `volley status --watch` shows it\n",
               call->words[0], verb);
    json_decref(answer);
    return outcome;
}

static enum outcome
run_pause(const struct call *call)
{
    return act(call, "pause", NULL);
}

static enum outcome
run_resume(const struct call *call)
{
    return act(call, "resume", NULL);
}

static enum outcome
run_rebind(const struct call *call)
{
    return act(call, "rebind", NULL);
}

static enum outcome
run_drain(const struct call *call)
{
    return act(call, "drain", NULL);
}

static enum outcome
run_kick(const struct call *call)
{
    const struct kick_options *o = call->options;
    json_t *body = json_object();
    body_count(body, "bind", o->bind);
    return act(call, "kick", body);
}

const struct command cmd_status = {
    .name = "status",
    .summary = "carriers and their binds, with rates; --watch keeps drawing",
    .usage = "[--watch] [--every SECONDS]",
    .help = "Shows each carrier: its state, parts a second now, parts that "
            "wait, and each bind with its\nstate, how long it has been so, "
            "unanswered requests of the window, and its last error.\nNeeds "
            "the admin's key.\n\n"
            "Examples:\n"
            "  volley status\n"
            "  volley status --watch --every 2\n"
            "  volley status --json | jq '.data[] | {name, state, rate_now}'\n",
    .options = status_rows,
    .options_bytes = sizeof(struct status_options),
    .run = run_status,
};

#define CARRIER_HELP                                                           \
    "pause stops sending to the carrier and keeps its binds up: receipts "     \
    "and\n"                                                                    \
    "replies go on coming. resume sends again. rebind closes its binds in "    \
    "an\n"                                                                     \
    "orderly way and opens them anew, after a change at the carrier's side.\n" \
    "drain sends nothing new, waits for the answers, unbinds and stays so "    \
    "until\n"                                                                  \
    "resume. kick closes all binds, or one, at once, to be opened anew: what " \
    "was\n"                                                                    \
    "unanswered there is uncertain.\n\n"                                       \
    "Examples:\n"                                                              \
    "  volley carrier pause acme\n"                                            \
    "  volley carrier resume acme\n"                                           \
    "  volley carrier rebind acme\n"                                           \
    "  volley carrier drain acme\n"                                            \
    "  volley carrier kick acme --bind 1\n"

const struct command cmd_carrier_pause = {
    .name = "carrier pause",
    .summary = "stop sending to a carrier, keep its binds",
    .usage = "NAME",
    .help = CARRIER_HELP,
    .words_min = 1,
    .words_max = 1,
    .run = run_pause,
};

const struct command cmd_carrier_resume = {
    .name = "carrier resume",
    .summary = "send to a paused carrier again",
    .usage = "NAME",
    .help = CARRIER_HELP,
    .words_min = 1,
    .words_max = 1,
    .run = run_resume,
};

const struct command cmd_carrier_rebind = {
    .name = "carrier rebind",
    .summary = "close a carrier's binds and open them anew",
    .usage = "NAME",
    .help = CARRIER_HELP,
    .words_min = 1,
    .words_max = 1,
    .run = run_rebind,
};

const struct command cmd_carrier_drain = {
    .name = "carrier drain",
    .summary = "wait for a carrier's answers and unbind until resumed",
    .usage = "NAME",
    .help = CARRIER_HELP,
    .words_min = 1,
    .words_max = 1,
    .run = run_drain,
};

const struct command cmd_carrier_kick = {
    .name = "carrier kick",
    .summary = "close a carrier's binds, or one, at once",
    .usage = "NAME [--bind INDEX]",
    .help = CARRIER_HELP,
    .options = kick_rows,
    .options_bytes = sizeof(struct kick_options),
    .words_min = 1,
    .words_max = 1,
    .run = run_kick,
};
