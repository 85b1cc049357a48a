/*
 * cmd_thread.c - volley thread: read a conversation, answer, claim, close.
 */
#include "engine/cli/cmd_thread.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/cli/api.h"
#include "engine/cli/body.h"
#include "engine/cli/field.h"
#include "engine/cli/list.h"
#include "engine/cli/query.h"
#include "engine/cli/talk.h"
#include "engine/cli/term.h"
#include "engine/cli/when.h"

struct thread_options {
    const char *reply, *transfer, *note, *as;
    bool claim, release, read, close, reopen;
    long limit;
};

#define AT(field) offsetof(struct thread_options, field)

static const struct option_row thread_rows[] = {
    {"reply", OPTION_TEXT, AT(reply), "TEXT",
     "answer, from the number the person used"},
    {"read", OPTION_FLAG, AT(read), NULL, "mark all as read"},
    {"close", OPTION_FLAG, AT(close), NULL, "done; a new text reopens it"},
    {"reopen", OPTION_FLAG, AT(reopen), NULL, "not done after all"},
    {"claim", OPTION_FLAG, AT(claim), NULL,
     "take it from its queue; the first wins"},
    {"as", OPTION_TEXT, AT(as), "SENDER", "who claims, with the account's key"},
    {"release", OPTION_FLAG, AT(release), NULL, "give it back to its queue"},
    {"transfer", OPTION_TEXT, AT(transfer), "SENDER", "hand it to another"},
    {"note", OPTION_TEXT, AT(note), "TEXT", "for colleagues; not sent"},
    {"limit", OPTION_COUNT, AT(limit), "ROWS", "newest messages shown [30]"},
    {NULL},
};

/* POST /v1/threads/{id}/verb; the body is taken. Prints JSON if wanted. */
static enum outcome
act(const struct call *call, const char *verb, json_t *body)
{
    struct query path;
    json_t *answer;
    query_begin(&path, "/v1/threads");
    query_path(&path, call->words[0]);
    query_path(&path, verb);
    enum outcome outcome =
        api_post(call->api, query_text(&path), body, &answer);
    query_end(&path);
    if (outcome == OUTCOME_OK && call->settings.json && answer != NULL)
        list_json(answer);
    else if (outcome == OUTCOME_OK && !call->settings.json)
        printf("%s: done\n", verb);
    fflush(stdout);
    json_decref(answer);
    json_decref(body);
    return outcome;
}

static json_t *
body_of(const char *name, const char *value)
{
    json_t *body = json_object();
    body_text(body, name, value);
    return body;
}

/* Everything that was asked for, in the order that makes sense. */
static enum outcome
act_all(const struct call *call, bool *any)
{
    const struct thread_options *o = call->options;
    const struct {
        bool wanted;
        const char *verb, *name, *value;
    } acts[] = {
        {o->reopen, "reopen", "", NULL},
        {o->claim, "claim", "sender", o->as},
        {o->reply != NULL, "messages", "text", o->reply},
        {o->note != NULL, "notes", "text", o->note},
        {o->read, "read", "", NULL},
        {o->transfer != NULL, "transfer", "sender", o->transfer},
        {o->release, "release", "", NULL},
        {o->close, "close", "", NULL},
    };
    enum outcome outcome = OUTCOME_OK;
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (!acts[i].wanted)
            continue;
        *any = true;
        outcome = act(call, acts[i].verb, body_of(acts[i].name, acts[i].value));
        if (outcome != OUTCOME_OK)
            break;
    }
    return outcome;
}

struct talk {
    json_t *messages;
};

static bool
take_message(void *arg, json_t *message)
{
    struct talk *talk = arg;
    json_array_append(talk->messages, message);
    return true;
}

static enum outcome
fetch(const struct call *call, json_t **thread, struct talk *talk)
{
    const struct thread_options *o = call->options;
    struct query path;
    query_begin(&path, "/v1/threads");
    query_path(&path, call->words[0]);
    enum outcome outcome = api_get(call->api, query_text(&path), thread);
    if (outcome == OUTCOME_OK) {
        query_literal(&path, "/messages");
        outcome = api_each(call->api, query_text(&path),
                           list_limit(o->limit, 30), take_message, talk);
    }
    query_end(&path);
    return outcome;
}

static int64_t
moment_of(const json_t *message)
{
    int64_t ms = 0;
    (void)when_parse(field_text(message, "created_at"), &ms);
    return ms;
}

static void
print_thread(const json_t *thread, const struct talk *talk)
{
    size_t n = json_array_size(talk->messages);
    int64_t now_ms = when_now_ms();
    const char *state = field_text(thread, "state");
    printf("%s%s%s with %s, %s%s%s, %lld unread\n\n", term_paint(PAINT_BOLD),
           field_text(thread, "subscriber"), term_plain(),
           field_text(thread, "number"), term_paint(term_state_paint(state)),
           state, term_plain(), field_count(thread, "unread"));
    /* Newest first from the daemon; people read from the oldest down. */
    bool newest_first =
        n < 2 || moment_of(json_array_get(talk->messages, 0)) >=
                     moment_of(json_array_get(talk->messages, n - 1));
    for (size_t i = 0; i < n; i++)
        talk_print(stdout,
                   json_array_get(talk->messages, newest_first ? n - 1 - i : i),
                   now_ms, term_columns());
}

static enum outcome
run_thread(const struct call *call)
{
    json_t *thread = NULL;
    struct talk talk = {json_array()};
    bool acted = false;
    enum outcome outcome = act_all(call, &acted);
    if (outcome == OUTCOME_OK && !(acted && call->settings.json))
        outcome = fetch(call, &thread, &talk);
    if (outcome == OUTCOME_OK && call->settings.json && !acted) {
        size_t i;
        const json_t *message;
        list_json(thread);
        json_array_foreach(talk.messages, i, message) list_json(message);
    } else if (outcome == OUTCOME_OK && !call->settings.json) {
        print_thread(thread, &talk);
    }
    json_decref(thread);
    json_decref(talk.messages);
    return outcome;
}

const struct command cmd_thread = {
    .name = "thread",
    .summary = "read a conversation and answer in it",
    .usage = "ID [--reply TEXT] [--read] [--close | --reopen] [--claim]",
    .help = "Shows the conversation, oldest first: < theirs, > ours with what "
            "became of it. An answer leaves\nfrom the number the person "
            "wrote to. Several options act in one go: reopen, claim, reply, "
            "note,\nread, transfer, release, close.\n\n"
            "Examples:\n"
            "  volley thread thr_…\n"
            "  volley thread thr_… --reply 'Five is fine, see you' --read\n"
            "  volley thread thr_… --claim --reply 'Hello, this is Ann'\n"
            "  volley thread thr_… --close\n",
    .options = thread_rows,
    .options_bytes = sizeof(struct thread_options),
    .words_min = 1,
    .words_max = 1,
    .run = run_thread,
};
