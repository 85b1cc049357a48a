/*
 * cmd_inbox.c - volley inbox: who wrote, to which sender, what was said last.
 *
 * The list of threads has no texts: each shown thread's newest message is
 * asked for, so the limit is a screenful unless more is wanted.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/cli/api.h"
#include "engine/cli/cmd_thread.h"
#include "engine/cli/field.h"
#include "engine/cli/list.h"
#include "engine/cli/query.h"
#include "engine/cli/table.h"
#include "engine/cli/term.h"
#include "engine/cli/when.h"

struct inbox_options {
    const char *state, *sender, *subscriber;
    bool waiting, all;
    long limit;
};

#define AT(field) offsetof(struct inbox_options, field)

static const struct option_row inbox_rows[] = {
    {"waiting", OPTION_FLAG, AT(waiting), NULL,
     "only those whose last word is the subscriber's"},
    {"all", OPTION_FLAG, AT(all), NULL, "closed ones too"},
    {"state", OPTION_TEXT, AT(state), "STATE", "open or closed [open]"},
    {"sender", OPTION_TEXT, AT(sender), "ID", "of this sender"},
    {"subscriber", OPTION_TEXT, AT(subscriber), "NUMBER", "with this phone"},
    {"limit", OPTION_COUNT, AT(limit), "ROWS", "at most so many [20]"},
    {NULL},
};

struct inbox {
    const struct call *call;
    json_t *threads;
    json_t *names; /* sender id -> name */
};

static bool
take_thread(void *arg, json_t *thread)
{
    struct inbox *inbox = arg;
    json_array_append(inbox->threads, thread);
    return !term_interrupted();
}

static bool
take_sender(void *arg, json_t *sender)
{
    struct inbox *inbox = arg;
    json_object_set_new(inbox->names, field_text(sender, "id"),
                        json_string(field_text(sender, "name")));
    return true;
}

/* GET …/messages?limit=1 of a thread: its newest; the caller's, or NULL. */
static json_t *
newest_message(const struct call *call, const char *thread)
{
    struct query path;
    json_t *page, *message;
    query_begin(&path, "/v1/threads");
    query_path(&path, thread);
    query_literal(&path, "/messages");
    query_add_count(&path, "limit", 1);
    struct api_request request = {.path = query_text(&path), .quiet = true};
    (void)api_call(call->api, &request, &page);
    query_end(&path);
    message = json_incref(json_array_get(field_at(page, "data"), 0));
    json_decref(page);
    return message;
}

static const char *
name_of(const struct inbox *inbox, const char *id)
{
    const char *name = json_string_value(json_object_get(inbox->names, id));
    return name != NULL && *name != '\0' ? name : id;
}

static void
add_thread(struct table *table, const struct inbox *inbox, const json_t *thread)
{
    char last[WHEN_CAP], text[1024];
    const char *id = field_text(thread, "id");
    long long unread = field_count(thread, "unread");
    json_t *message = newest_message(inbox->call, id);
    bool ours = strcmp(field_text(message, "direction"), "out") == 0;
    const char *who =
        field_first(thread, (const char *const[]){"assignee", "sender", NULL});
    snprintf(text, sizeof text, "%s%s", ours ? "> " : "",
             field_text(message, "text"));
    table_add(table, id);
    table_add(table, field_text(thread, "subscriber"));
    if (json_object_size(inbox->names) > 0)
        table_add(table, name_of(inbox, who));
    if (unread > 0)
        table_addf(table, "%lld", unread);
    else
        table_add(table, "");
    table_add(table,
              field_moment(thread, "last_message_at", last, sizeof last));
    table_add_painted(table, text, unread > 0 ? PAINT_BOLD : PAINT_NONE);
    json_decref(message);
}

static void
print_inbox(const struct inbox *inbox)
{
    static const struct column of_all[] = {
        {"THREAD", COLUMN_LEFT},    {"SUBSCRIBER", COLUMN_LEFT},
        {"SENDER", COLUMN_ELASTIC}, {"UNREAD", COLUMN_RIGHT},
        {"LAST", COLUMN_LEFT},      {"TEXT", COLUMN_ELASTIC},
    };
    static const struct column of_one[] = {
        {"THREAD", COLUMN_LEFT},  {"SUBSCRIBER", COLUMN_LEFT},
        {"UNREAD", COLUMN_RIGHT}, {"LAST", COLUMN_LEFT},
        {"TEXT", COLUMN_ELASTIC},
    };
    /* A sender sees its own alone: its name would say nothing. */
    struct table *table = json_object_size(inbox->names) > 0
                              ? table_create(of_all, 6)
                              : table_create(of_one, 5);
    size_t i;
    const json_t *thread;
    json_array_foreach(inbox->threads, i, thread)
        add_thread(table, inbox, thread);
    if (i > 0)
        table_print(table, stdout, term_columns());
    else
        fprintf(stderr, "Nobody has written. Replies come here under the "
                        "sender they belong to.\n");
    table_destroy(table);
}

/* A sender's key may not list senders, and needs no names. */
static void
learn_names(struct inbox *inbox)
{
    json_t *page;
    struct api_request request = {.path = "/v1/senders?limit=500",
                                  .quiet = true};
    (void)api_call(inbox->call->api, &request, &page);
    size_t i;
    json_t *sender;
    json_array_foreach(field_at(page, "data"), i, sender)
        take_sender(inbox, sender);
    json_decref(page);
}

static enum outcome
run_inbox(const struct call *call)
{
    const struct inbox_options *o = call->options;
    struct inbox inbox = {call, json_array(), json_object()};
    struct query path;
    query_begin(&path, "/v1/threads");
    query_add(&path, "state", o->all ? NULL : o->state ? o->state : "open");
    query_add(&path, "waiting", o->waiting ? "true" : NULL);
    query_add(&path, "sender", o->sender);
    query_add(&path, "subscriber", o->subscriber);
    enum outcome outcome =
        api_each(call->api, query_text(&path), list_limit(o->limit, 20),
                 take_thread, &inbox);
    query_end(&path);
    if (outcome == OUTCOME_OK && call->settings.json) {
        size_t i;
        const json_t *thread;
        json_array_foreach(inbox.threads, i, thread) list_json(thread);
    } else if (outcome == OUTCOME_OK) {
        learn_names(&inbox);
        print_inbox(&inbox);
    }
    json_decref(inbox.threads);
    json_decref(inbox.names);
    return outcome;
}

const struct command cmd_inbox = {
    .name = "inbox",
    .summary = "conversations, newest first, with unread and last words",
    .usage = "[--waiting] [--sender ID] [--all] [--limit ROWS]",
    .help = "With a sender's key (snd_…): that sender's conversations. With "
            "the account's: everybody's,\neach under the sender it belongs "
            "to. A text that begins with > is ours.\n\n"
            "Examples:\n"
            "  volley inbox\n"
            "  volley inbox --waiting --limit 50\n"
            "  volley inbox --json | jq -r 'select(.unread > 0) | .id'\n",
    .options = inbox_rows,
    .options_bytes = sizeof(struct inbox_options),
    .run = run_inbox,
};
