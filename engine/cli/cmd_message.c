/*
 * cmd_message.c - volley messages, message and unmatched: what was sent and
 * received, one by one, with every transition.
 */
#include "engine/cli/cmd_message.h"

#include <stdio.h>
#include <string.h>

#include "engine/cli/api.h"
#include "engine/cli/body.h"
#include "engine/cli/field.h"
#include "engine/cli/figure.h"
#include "engine/cli/list.h"
#include "engine/cli/query.h"
#include "engine/cli/table.h"
#include "engine/cli/talk.h"
#include "engine/cli/term.h"
#include "engine/cli/when.h"
#include "engine/cli/width.h"

struct messages_options {
    const char *state, *direction, *to, *from, *sender, *campaign, *thread;
    const char *external_id;
    long limit;
};

#define AT(field) offsetof(struct messages_options, field)

static const struct option_row messages_rows[] = {
    {"state", OPTION_TEXT, AT(state), "STATE",
     "queued, submitted, delivered, failed, uncertain, …"},
    {"direction", OPTION_TEXT, AT(direction), "out|in", "ours or theirs"},
    {"to", OPTION_TEXT, AT(to), "NUMBER", "to this number"},
    {"from", OPTION_TEXT, AT(from), "NUMBER", "from this number"},
    {"sender", OPTION_TEXT, AT(sender), "ID", "of this sender"},
    {"campaign", OPTION_TEXT, AT(campaign), "ID", "of this campaign"},
    {"thread", OPTION_TEXT, AT(thread), "ID", "of this conversation"},
    {"external-id", OPTION_TEXT, AT(external_id), "ID", "with your own id"},
    {"limit", OPTION_COUNT, AT(limit), "ROWS", "0: all [50]"},
    {NULL},
};

static const struct list_column messages_columns[] = {
    {"MESSAGE", "id", LIST_TEXT},   {"AT", "created_at", LIST_MOMENT},
    {"FROM", "from", LIST_TEXT},    {"TO", "to", LIST_TEXT},
    {"STATE", "state", LIST_STATE}, {"ERROR", "error.text", LIST_ELASTIC},
    {"TEXT", "text", LIST_ELASTIC},
};

static const struct list_view messages_view = {
    messages_columns, sizeof messages_columns / sizeof *messages_columns,
    "No message fits."};

static enum outcome
run_messages(const struct call *call)
{
    const struct messages_options *o = call->options;
    struct query path;
    query_begin(&path, "/v1/messages");
    query_add(&path, "state", o->state);
    query_add(&path, "direction", o->direction);
    query_add(&path, "to", o->to);
    query_add(&path, "from", o->from);
    query_add(&path, "sender", o->sender);
    query_add(&path, "campaign", o->campaign);
    query_add(&path, "thread", o->thread);
    query_add(&path, "external_id", o->external_id);
    enum outcome outcome = list_show(call, query_text(&path), &messages_view,
                                     list_limit(o->limit, 50));
    query_end(&path);
    return outcome;
}

static void
print_line(const char *label, const char *value)
{
    if (*value == '\0')
        return;
    printf("%s%-11s%s ", term_paint(PAINT_DIM), label, term_plain());
    talk_wrap(stdout, value, 12, 12, term_columns());
    putchar('\n');
}

/* "failed: absent subscriber (0x14)". */
static void
print_state(const json_t *message)
{
    const char *state = field_text(message, "state");
    const char *code = field_text(message, "error.code");
    const char *held = field_text(message, "held.rule");
    char until[WHEN_CAP];
    printf("%s%-11s%s %s%s%s", term_paint(PAINT_DIM), "state", term_plain(),
           term_paint(term_state_paint(state)), state, term_plain());
    if (*code != '\0' || *field_text(message, "error.text") != '\0') {
        fputs(": ", stdout);
        width_put(stdout, field_text(message, "error.text"), WIDTH_ALL);
        printf(" (%s)", code);
    }
    if (*held != '\0')
        printf(": %s", held);
    if (*field_text(message, "held.pack") != '\0')
        printf(" of %s", field_text(message, "held.pack"));
    if (*field_text(message, "held.until") != '\0')
        printf(", until %s",
               field_moment(message, "held.until", until, sizeof until));
    putchar('\n');
}

static void
print_parts(const json_t *message)
{
    static const struct column columns[] = {
        {"PART", COLUMN_RIGHT}, {"CARRIER", COLUMN_LEFT},
        {"BIND", COLUMN_RIGHT}, {"SMSC ID", COLUMN_LEFT},
        {"STATE", COLUMN_LEFT}, {"ERROR", COLUMN_ELASTIC},
    };
    size_t i;
    const json_t *part;
    const json_t *parts = field_at(message, "part_states");
    if (json_array_size(parts) == 0)
        return;
    struct table *table =
        table_create(columns, sizeof columns / sizeof *columns);
    json_array_foreach(parts, i, part)
    {
        char cell[256];
        const char *state = field_text(part, "state");
        table_addf(table, "%zu", i + 1);
        table_add(table, field_text(part, "carrier"));
        table_add(table, field_cell(part, "bind", cell, sizeof cell));
        table_add(table, field_text(part, "smsc_id"));
        table_add_painted(table, state, term_state_paint(state));
        table_addf(table, "%s %s", field_text(part, "error.code"),
                   field_text(part, "error.text"));
    }
    putchar('\n');
    table_print(table, stdout, term_columns());
    table_destroy(table);
}

static void
print_history(const json_t *message)
{
    size_t i;
    const json_t *step;
    const json_t *history = field_at(message, "history");
    if (json_array_size(history) > 0)
        putchar('\n');
    json_array_foreach(history, i, step)
    {
        char when[WHEN_CAP];
        const char *state = field_text(step, "state");
        printf("%s  %s%s%s", field_moment(step, "at", when, sizeof when),
               term_paint(term_state_paint(state)), state, term_plain());
        if (*field_text(step, "reason") != '\0') {
            fputs("  ", stdout);
            width_put(stdout, field_text(step, "reason"), WIDTH_ALL);
        }
        putchar('\n');
    }
}

static void
print_message(const json_t *message)
{
    static const struct {
        const char *label, *path;
        bool moment;
    } lines[] = {
        {"id", "id", false},
        {"direction", "direction", false},
        {"from", "from", false},
        {"to", "to", false},
        {"sender", "sender", false},
        {"thread", "thread", false},
        {"campaign", "campaign", false},
        {"class", "class", false},
        {"encoding", "encoding", false},
        {"parts", "parts", false},
        {"external id", "external_id", false},
        {"created", "created_at", true},
        {"submitted", "submitted_at", true},
        {"final", "final_at", true},
        {"reply rule", "correlation.rule", false},
        {"reply to", "correlation.in_reply_to", false},
        {"flags", "correlation.flags", false},
    };
    print_state(message);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char value[512];
        if (lines[i].moment)
            field_moment(message, lines[i].path, value, sizeof value);
        else
            field_cell(message, lines[i].path, value, sizeof value);
        print_line(lines[i].label, value);
    }
    print_line("text", field_text(message, "text"));
    print_parts(message);
    print_history(message);
}

static enum outcome
run_message(const struct call *call)
{
    struct query path;
    json_t *message;
    query_begin(&path, "/v1/messages");
    query_path(&path, call->words[0]);
    enum outcome outcome = api_get(call->api, query_text(&path), &message);
    query_end(&path);
    if (outcome == OUTCOME_OK && call->settings.json)
        list_json(message);
    else if (outcome == OUTCOME_OK)
        print_message(message);
    json_decref(message);
    return outcome;
}

/* POST /v1/messages/{id}/verb; the body is taken. */
static enum outcome
act(const struct call *call, const char *verb, json_t *body)
{
    struct query path;
    json_t *answer;
    query_begin(&path, "/v1/messages");
    query_path(&path, call->words[0]);
    query_path(&path, verb);
    enum outcome outcome =
        api_post(call->api, query_text(&path), body, &answer);
    query_end(&path);
    if (outcome == OUTCOME_OK && call->settings.json && answer != NULL)
        list_json(answer);
    else if (outcome == OUTCOME_OK && !call->settings.json)
        printf("%s: %s done\n", call->words[0], verb);
    json_decref(answer);
    json_decref(body);
    return outcome;
}

static enum outcome
run_cancel(const struct call *call)
{
    return act(call, "cancel", NULL);
}

struct unmatched_options {
    const char *kind;
    long limit;
};

static const struct option_row unmatched_rows[] = {
    {"kind", OPTION_TEXT, offsetof(struct unmatched_options, kind),
     "reply|receipt", "which [reply]"},
    {"limit", OPTION_COUNT, offsetof(struct unmatched_options, limit), "ROWS",
     "0: all [50]"},
    {NULL},
};

static const struct list_column reply_columns[] = {
    {"MESSAGE", "id", LIST_TEXT},      {"AT", "at", LIST_MOMENT},
    {"FROM", "from", LIST_TEXT},       {"TO", "to", LIST_TEXT},
    {"CARRIER", "carrier", LIST_TEXT}, {"TEXT", "text", LIST_ELASTIC},
};

static const struct list_column receipt_columns[] = {
    {"AT", "at", LIST_MOMENT},         {"CARRIER", "carrier", LIST_TEXT},
    {"SMSC ID", "smsc_id", LIST_TEXT}, {"STATE", "state", LIST_STATE},
    {"FROM", "from", LIST_TEXT},       {"TO", "to", LIST_TEXT},
};

static enum outcome
run_unmatched(const struct call *call)
{
    static const struct list_view replies = {
        reply_columns, sizeof reply_columns / sizeof *reply_columns,
        "Every reply has found its sender."};
    static const struct list_view receipts = {
        receipt_columns, sizeof receipt_columns / sizeof *receipt_columns,
        "Every receipt has found its message."};
    const struct unmatched_options *o = call->options;
    const char *kind = o->kind != NULL ? o->kind : "reply";
    struct query path;
    query_begin(&path, "/v1/unmatched");
    query_add(&path, "kind", kind);
    enum outcome outcome =
        list_show(call, query_text(&path),
                  strcmp(kind, "receipt") == 0 ? &receipts : &replies,
                  list_limit(o->limit, 50));
    query_end(&path);
    return outcome;
}

static enum outcome
run_assign(const struct call *call)
{
    json_t *body = json_object();
    body_text(body, "sender", call->words[1]);
    return act(call, "reassign", body);
}

const struct command cmd_messages = {
    .name = "messages",
    .summary = "messages of both directions, newest first",
    .usage = "[--state STATE] [--to NUMBER] [--campaign ID] [--limit ROWS]",
    .help = "Examples:\n"
            "  volley messages --state failed --limit 100\n"
            "  volley messages --direction in --sender Ann\n"
            "  volley messages --to +14155550123 --json\n",
    .options = messages_rows,
    .options_bytes = sizeof(struct messages_options),
    .run = run_messages,
};

const struct command cmd_message = {
    .name = "message",
    .summary = "one message: state, parts, carrier ids, every transition",
    .usage = "ID",
    .help = "Example:\n  volley message msg_…\n",
    .words_min = 1,
    .words_max = 1,
    .run = run_message,
};

const struct command cmd_message_cancel = {
    .name = "message cancel",
    .summary = "stop a message that has not left yet",
    .usage = "ID",
    .help = "Example:\n  volley message cancel msg_…\n",
    .words_min = 1,
    .words_max = 1,
    .run = run_cancel,
};

const struct command cmd_unmatched = {
    .name = "unmatched",
    .summary = "replies and receipts that belong to nobody yet",
    .usage = "[--kind reply|receipt] [--limit ROWS]",
    .help = "An account sees its own; the admin those of shared numbers.\n\n"
            "Examples:\n"
            "  volley unmatched\n"
            "  volley unmatched --kind receipt --json\n"
            "  volley unmatched assign msg_… SENDER\n",
    .options = unmatched_rows,
    .options_bytes = sizeof(struct unmatched_options),
    .run = run_unmatched,
};

const struct command cmd_unmatched_assign = {
    .name = "unmatched assign",
    .summary = "give an unmatched reply to a sender",
    .usage = "MESSAGE SENDER",
    .help = "Example:\n  volley unmatched assign msg_… SENDER\n",
    .words_min = 2,
    .words_max = 2,
    .run = run_assign,
};
