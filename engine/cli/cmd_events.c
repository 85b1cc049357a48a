/*
 * cmd_events.c - volley events: what happened, and with --follow what
 * happens, without a gap over lost connections.
 *
 * The stream is resumed with the id of the last event that was printed, so
 * each event is shown once and none is left out.
 */
#include "engine/cli/cmd_events.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli/api.h"
#include "engine/cli/field.h"
#include "engine/cli/list.h"
#include "engine/cli/query.h"
#include "engine/cli/sse.h"
#include "engine/cli/term.h"
#include "engine/cli/when.h"
#include "engine/cli/width.h"

struct events_options {
    const char *after, *types;
    bool follow;
    long limit;
};

#define AT(field) offsetof(struct events_options, field)

static const struct option_row events_rows[] = {
    {"follow", OPTION_FLAG, AT(follow), NULL, "go on as they happen"},
    {"after", OPTION_TEXT, AT(after), "ID",
     "those after this event; 0: from the oldest kept"},
    {"types", OPTION_TEXT, AT(types), "A,B",
     "only these; message.* stands for all of message"},
    {"limit", OPTION_COUNT, AT(limit), "ROWS", "end after so many"},
    {NULL},
};

/* The longest type is thread.transferred. */
enum { TYPE_COLUMNS = 18 };

/* Pauses before a new connection; the server may name its own. */
enum { RETRY_MIN_MS = 500, RETRY_MAX_MS = 15000 };

struct follow {
    const struct call *call;
    long shown;
    bool enough;     /* --limit is met */
    bool moved;      /* this connection brought something */
    char begin[128]; /* where the stream starts while no event came */
    struct sse *sse;
};

/* Whether "message.failed" is in "message.*,carrier.down"; NULL: all are. */
static bool
type_wanted(const char *types, const char *type)
{
    if (types == NULL)
        return true;
    while (*types != '\0') {
        size_t n = strcspn(types, ",");
        if (n > 0 && types[n - 1] == '*'
                ? strncmp(types, type, n - 1) == 0
                : strlen(type) == n && strncmp(types, type, n) == 0)
            return true;
        types += n + (types[n] == ',');
    }
    return false;
}

static void
print_message(const json_t *data)
{
    const char *why = field_text(data, "error.text");
    const char *sender = field_text(data, "sender");
    printf("%s -> %s", field_text(data, "from"), field_text(data, "to"));
    if (*sender != '\0')
        printf("  %s", sender);
    if (strcmp(field_text(data, "direction"), "in") == 0) {
        fputs("  \"", stdout);
        width_put(stdout, field_text(data, "text"), 80);
        putchar('"');
    } else {
        printf("  %s", field_text(data, "id"));
    }
    if (*why != '\0')
        printf("  (%s)", why);
}

/* What an event is about, in the order of what tells most. */
static void
print_subject(const json_t *data)
{
    static const char *const names[] = {
        "id",         "name",   "campaign", "carrier", "bind",  "thread",
        "subscriber", "number", "sender",   "state",   "reason"};
    bool first = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char value[256];
        field_cell(data, names[i], value, sizeof value);
        if (*value == '\0')
            continue;
        printf("%s%s=", first ? "" : "  ", names[i]);
        width_put(stdout, value, WIDTH_ALL);
        first = false;
    }
}

static enum paint
type_paint(const char *type)
{
    const char *dot = strchr(type, '.');
    if (strcmp(type, "message.received") == 0)
        return PAINT_LINK;
    return dot != NULL ? term_state_paint(dot + 1) : PAINT_NONE;
}

static void
print_event(const json_t *event, const char *type)
{
    char when[WHEN_CAP];
    const json_t *data = field_at(event, "data");
    printf("%s  %s", field_moment(event, "timestamp", when, sizeof when),
           term_paint(type_paint(type)));
    size_t wide = width_put(stdout, type, TYPE_COLUMNS);
    printf("%s%*s", term_plain(), (int)(TYPE_COLUMNS + 2 - wide), "");
    if (strncmp(type, "message.", 8) == 0)
        print_message(data);
    else
        print_subject(data);
    putchar('\n');
    fflush(stdout);
}

/* Shows an event that is wanted; false when no more are. */
static bool
show(struct follow *follow, const json_t *event, const char *type)
{
    const struct events_options *o = follow->call->options;
    if (!type_wanted(o->types, type))
        return true;
    if (follow->call->settings.json)
        list_json(event);
    else
        print_event(event, type);
    follow->shown++;
    follow->enough = o->limit > 0 && follow->shown >= o->limit;
    return !follow->enough && !term_interrupted();
}

static bool
on_event(void *arg, const struct sse_event *sse)
{
    struct follow *follow = arg;
    json_t *event = json_loads(sse->data, 0, NULL);
    if (event == NULL)
        return true;
    follow->moved = true;
    bool more = show(follow, event, sse->type);
    json_decref(event);
    return more;
}

static bool
on_octets(void *arg, const char *octets, size_t n)
{
    struct follow *follow = arg;
    return sse_feed(follow->sse, octets, n);
}

/* One connection, from where the last one ended. */
static enum outcome
connect_stream(struct follow *follow, bool quiet)
{
    const struct events_options *o = follow->call->options;
    char resume[128];
    struct query path;
    snprintf(resume, sizeof resume, "%s", sse_last_id(follow->sse));
    query_begin(&path, "/v1/events");
    if (*resume == '\0')
        query_add(&path, "after", *follow->begin ? follow->begin : NULL);
    query_add(&path, "types", o->types);
    struct api_request request = {
        .path = query_text(&path),
        .accept = "text/event-stream",
        .last_event_id = *resume != '\0' ? resume : NULL,
        .write = on_octets,
        .arg = follow,
        .endless = true,
        .quiet = quiet,
    };
    sse_restart(follow->sse, resume);
    enum outcome outcome = api_call(follow->call->api, &request, NULL);
    query_end(&path);
    return outcome;
}

/*
 * "From now on" as a place in the log, asked for once: a connection lost
 * before its first event would otherwise leave a gap.
 */
static enum outcome
find_begin(struct follow *follow)
{
    const struct events_options *o = follow->call->options;
    json_t *page;
    if (o->after != NULL) {
        snprintf(follow->begin, sizeof follow->begin, "%s", o->after);
        return OUTCOME_OK;
    }
    enum outcome outcome =
        api_get(follow->call->api, "/v1/events?wait=0&limit=1", &page);
    snprintf(follow->begin, sizeof follow->begin, "%s",
             field_text(page, "next_cursor"));
    json_decref(page);
    return outcome;
}

/* After the first connection: is it worth another? Says so once. */
static bool
worth_retrying(const struct follow *follow, enum outcome outcome, bool *told)
{
    long status = api_status(follow->call->api);
    if (outcome == OUTCOME_REFUSED && status < 500 && status != 429) {
        fprintf(stderr, "volley: the daemon now refuses the stream (%ld)\n",
                status);
        return false;
    }
    if (!*told)
        fprintf(stderr, "volley: the stream ended; connecting again\n");
    *told = true;
    return true;
}

static enum outcome
follow_stream(struct follow *follow)
{
    long pause_ms = RETRY_MIN_MS;
    bool told = false;
    enum outcome outcome = find_begin(follow);
    if (outcome != OUTCOME_OK)
        return outcome;
    outcome = connect_stream(follow, true);
    /* A first connection that cannot be had is told of, by asking again. */
    if (outcome != OUTCOME_OK && api_status(follow->call->api) != 200)
        return connect_stream(follow, false);
    while (!follow->enough && !term_interrupted()) {
        if (!worth_retrying(follow, outcome, &told))
            return outcome;
        if (follow->moved) {
            pause_ms = RETRY_MIN_MS;
            told = false;
        }
        follow->moved = false;
        long wish_ms = sse_retry_ms(follow->sse);
        if (!term_wait_ms(wish_ms > pause_ms ? wish_ms : pause_ms))
            break;
        pause_ms = pause_ms * 2 < RETRY_MAX_MS ? pause_ms * 2 : RETRY_MAX_MS;
        outcome = connect_stream(follow, true);
    }
    return OUTCOME_OK;
}

/* Without --follow: pages of the long poll until nothing is left. */
static enum outcome
list_events(struct follow *follow)
{
    const struct events_options *o = follow->call->options;
    char after[128];
    size_t n, i;
    enum outcome outcome;
    snprintf(after, sizeof after, "%s", o->after != NULL ? o->after : "0");
    do {
        struct query path;
        json_t *page, *event;
        query_begin(&path, "/v1/events?wait=0&limit=1000");
        path.any = true;
        query_add(&path, "after", after);
        query_add(&path, "types", o->types);
        outcome = api_get(follow->call->api, query_text(&path), &page);
        query_end(&path);
        const json_t *rows = field_at(page, "data");
        n = json_array_size(rows);
        json_array_foreach(rows, i, event)
        {
            snprintf(after, sizeof after, "%s", field_text(event, "id"));
            if (!show(follow, event, field_text(event, "type")))
                n = 0;
            if (n == 0)
                break;
        }
        json_decref(page);
    } while (outcome == OUTCOME_OK && n > 0);
    if (outcome == OUTCOME_OK && follow->shown == 0 &&
        !follow->call->settings.json)
        fprintf(stderr, "Nothing has happened. --follow waits for it.\n");
    return outcome;
}

static enum outcome
run_events(const struct call *call)
{
    const struct events_options *o = call->options;
    struct follow follow = {.call = call};
    term_catch_interrupt();
    if (!o->follow)
        return list_events(&follow);
    follow.sse = sse_create(on_event, &follow);
    enum outcome outcome = follow_stream(&follow);
    sse_destroy(follow.sse);
    return outcome;
}

const struct command cmd_events = {
    .name = "events",
    .summary = "receipts, replies and states; --follow as they happen",
    .usage = "[--follow] [--after ID] [--types A,B] [--limit ROWS]",
    .help =
        "Without --follow: the events kept, oldest first. With it: from now "
        "on, or from --after. A lost\nconnection is made again and the "
        "stream goes on behind the last event shown: none is missing,\nnone "
        "comes twice.\n\n"
        "Types: message.submitted message.delivered message.failed "
        "message.expired message.received\nmessage.uncertain prompt.answered "
        "contact.opted_out contact.opted_in campaign.state\nthread.assigned "
        "thread.transferred carrier.up carrier.down\n\n"
        "Examples:\n"
        "  volley events --follow\n"
        "  volley events --follow --types message.received --json | "
        "jq -r .data.text\n"
        "  volley events --after 0 --types 'carrier.*'\n",
    .options = events_rows,
    .options_bytes = sizeof(struct events_options),
    .run = run_events,
};
