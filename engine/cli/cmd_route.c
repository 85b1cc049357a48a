/*
 * cmd_route.c - volley route explain: which rule a message would meet, and
 * which carriers in which order, and why.
 */
#include "engine/cli/cmd_route.h"

#include <stdio.h>

#include "engine/cli/api.h"
#include "engine/cli/field.h"
#include "engine/cli/list.h"
#include "engine/cli/query.h"
#include "engine/cli/table.h"
#include "engine/cli/term.h"

struct route_options {
    const char *from, *account, *class, *encoding;
};

#define AT(field) offsetof(struct route_options, field)

static const struct option_row rows[] = {
    {"from", OPTION_TEXT, AT(from), "NUMBER", "our number or name"},
    {"account", OPTION_TEXT, AT(account), "ACCOUNT",
     "id or name [the number's]"},
    {"class", OPTION_TEXT, AT(class), "CLASS",
     "critical, transactional, conversational or marketing [transactional]"},
    {"encoding", OPTION_TEXT, AT(encoding), "NAME", "gsm7 or ucs2 [gsm7]"},
    {NULL},
};

static void
say_rule(const json_t *answer)
{
    const char *via = field_text(answer, "via");
    if (via[0] == 'n' && via[1] == 'u')
        printf("The number has a carrier of its own; no rule is asked.\n");
    else if (via[0] == 'r')
        printf("routes[%lld], %s:\n", field_count(answer, "rule"),
               field_text(answer, "strategy"));
    else
        printf("No rule fits; sending.no_route says %s.\n",
               field_text(answer, "no_route"));
}

static void
say_network(const json_t *answer)
{
    const char *network = field_text(answer, "network");
    if (!field_true(answer, "asks_network"))
        return;
    if (json_is_string(json_object_get(answer, "network")))
        printf("Network of the phone: %s.\n", network[0] ? network : "none");
    else
        printf("The network of the phone is being asked for; ask again.\n");
}

static void
say_carriers(const json_t *data)
{
    static const struct column columns[] = {
        {"CARRIER", COLUMN_LEFT}, {"TAKES", COLUMN_LEFT},
        {"WHY", COLUMN_ELASTIC},  {"STATE", COLUMN_LEFT},
        {"HEALTH", COLUMN_LEFT},  {"WEIGHT", COLUMN_RIGHT},
        {"ROOM", COLUMN_RIGHT},   {"IN FLIGHT", COLUMN_RIGHT},
        {"LIMIT", COLUMN_RIGHT},  {"MS", COLUMN_RIGHT},
    };
    struct table *t = table_create(columns, sizeof columns / sizeof *columns);
    size_t i;
    const json_t *row;
    json_array_foreach(data, i, row)
    {
        table_add(t, field_text(row, "carrier"));
        table_add(t, field_true(row, "takes") ? "yes" : "no");
        table_add(t, field_text(row, "why"));
        table_add(t, field_text(row, "state"));
        table_add(t, field_text(row, "health"));
        table_addf(t, "%lld", field_count(row, "weight"));
        table_addf(t, "%lld", field_count(row, "room"));
        table_addf(t, "%lld", field_count(row, "in_flight"));
        table_addf(t, "%lld", field_count(row, "rate_limit"));
        table_addf(t, "%lld", field_count(row, "latency_ms"));
    }
    if (table_rows(t))
        table_print(t, stdout, term_columns());
    table_destroy(t);
}

static enum outcome
run_explain(const struct call *call)
{
    const struct route_options *o = call->options;
    struct query path;
    json_t *answer = NULL;
    query_begin(&path, "/v1/routes/explain");
    query_add(&path, "to", call->words[0]);
    query_add(&path, "from", o->from);
    query_add(&path, "account", o->account);
    query_add(&path, "class", o->class);
    query_add(&path, "encoding", o->encoding);
    enum outcome outcome = api_get(call->api, query_text(&path), &answer);
    query_end(&path);
    if (outcome == OUTCOME_OK && call->settings.json) {
        list_json(answer);
    } else if (outcome == OUTCOME_OK) {
        say_network(answer);
        say_rule(answer);
        say_carriers(field_at(answer, "data"));
    }
    json_decref(answer);
    return outcome;
}

const struct command cmd_route_explain = {
    .name = "route explain",
    .summary = "which carriers a message would leave by, and why",
    .usage = "TO [--from NUMBER] [--account ACCOUNT] [--class CLASS]",
    .help = "Shows the rule of `routes:` that fits, its carriers in order, "
            "and why each takes the next\nmessage or does not. Nothing is "
            "sent. Asks for the admin's key.\n\n"
            "Examples:\n"
            "  volley route explain +12125550123 --from +12125550101\n"
            "  volley route explain +447700900123 --class critical --json\n",
    .options = rows,
    .options_bytes = sizeof(struct route_options),
    .words_min = 1,
    .words_max = 1,
    .run = run_explain,
};
