/*
 * cmd_client.c - volley clients, client and logins: apps that bind to us
 * over SMPP, and the system_ids they may bind with.
 */
#include "engine/cli/cmd_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/cli/api.h"
#include "engine/cli/body.h"
#include "engine/cli/field.h"
#include "engine/cli/list.h"
#include "engine/cli/query.h"

#define N(rows) (sizeof(rows) / sizeof *(rows))

/* ---- who is bound ---------------------------------------------------------
 */

struct client_options {
    const char *system_id;
    long limit, bind;
};

#define CLIENT_AT(field) offsetof(struct client_options, field)

static const struct option_row clients_rows[] = {
    {"system-id", OPTION_TEXT, CLIENT_AT(system_id), "ID", "only its binds"},
    {"limit", OPTION_COUNT, CLIENT_AT(limit), "ROWS",
     "at most so many; 0: all [0]"},
    {NULL},
};

static const struct list_column client_columns[] = {
    {"BIND", "bind", LIST_NUMBER},
    {"SYSTEM ID", "system_id", LIST_TEXT},
    {"ACCOUNT", "account", LIST_TEXT},
    {"STATE", "state", LIST_STATE},
    {"KIND", "kind", LIST_TEXT},
    {"PEER", "peer", LIST_TEXT},
    {"TLS", "tls", LIST_TEXT},
    {"VERSION", "version", LIST_TEXT},
    {"SINCE", "since", LIST_MOMENT},
    {"IN/S", "rate_in", LIST_NUMBER},
    {"OUT/S", "rate_out", LIST_NUMBER},
    {"HELD", "held", LIST_NUMBER},
    {"IN FLIGHT", "in_flight", LIST_NUMBER},
    {"OUTBOX", "outbox", LIST_NUMBER},
    {"LAST ERROR", "last_error", LIST_ELASTIC},
};

static enum outcome
run_clients(const struct call *call)
{
    const struct client_options *o = call->options;
    struct list_view view = {client_columns, N(client_columns),
                             "No app is bound. Logins: volley logins"};
    struct query path;
    query_begin(&path, "/v1/clients");
    query_add(&path, "system_id", o->system_id);
    enum outcome outcome =
        list_show(call, query_text(&path), &view, list_limit(o->limit, 0));
    query_end(&path);
    return outcome;
}

static const struct option_row act_rows[] = {
    {"bind", OPTION_COUNT, CLIENT_AT(bind), "N",
     "only this bind; volley clients shows its number"},
    {NULL},
};

static enum outcome
act(const struct call *call, const char *verb, const char *done)
{
    const struct client_options *o = call->options;
    struct query path;
    json_t *answer, *body = json_object();
    query_begin(&path, "/v1/clients");
    query_path(&path, call->words[0]);
    query_path(&path, verb);
    if (o->bind > 0)
        body_count(body, "bind", o->bind);
    enum outcome outcome =
        api_post(call->api, query_text(&path), body, &answer);
    query_end(&path);
    json_decref(body);
    if (outcome == OUTCOME_OK && call->settings.json)
        list_json(answer);
    else if (outcome == OUTCOME_OK)
        printf("%s: %lld bind(s) %s\n", call->words[0],
               (long long)json_integer_value(field_at(answer, "binds")), done);
    json_decref(answer);
    return outcome;
}

static enum outcome
run_kick(const struct call *call)
{
    return act(call, "kick", "closed");
}

static enum outcome
run_pause(const struct call *call)
{
    return act(call, "pause", "paused");
}

static enum outcome
run_resume(const struct call *call)
{
    return act(call, "resume", "resumed");
}

static enum outcome
run_drain(const struct call *call)
{
    return act(call, "drain", "unbinding once their answers are out");
}

const struct command cmd_clients = {
    .name = "clients",
    .summary = "apps that are bound to us over SMPP",
    .usage = "[--system-id ID] [--limit ROWS]",
    .help = "HELD are requests taken and not answered yet, IN FLIGHT receipts "
            "and replies that the app has\nnot acknowledged, OUTBOX what "
            "waits for it, bound or not.\n\n"
            "Examples:\n"
            "  volley clients\n"
            "  volley clients --system-id app1 --json | jq -r .peer\n",
    .options = clients_rows,
    .options_bytes = sizeof(struct client_options),
    .run = run_clients,
};

#define CLIENT_HELP                                                            \
    "kick closes the binds at once; the app may bind again (see `logins "      \
    "change --disabled`). pause keeps\n"                                       \
    "them alive and takes and gives nothing. drain unbinds once their "        \
    "answers are out. Nothing that\n"                                          \
    "is owed to the app is lost: it waits in its outbox.\n\n"                  \
    "Examples:\n"                                                              \
    "  volley client kick app1\n"                                              \
    "  volley client pause app1 --bind 12\n"                                   \
    "  volley client resume app1\n"                                            \
    "  volley client drain app1\n"

#define CLIENT_ROW                                                             \
    .usage = "SYSTEM_ID [--bind N]", .help = CLIENT_HELP, .options = act_rows, \
    .options_bytes = sizeof(struct client_options), .words_min = 1,            \
    .words_max = 1

const struct command cmd_client_kick = {
    .name = "client kick",
    .summary = "close an app's binds",
    CLIENT_ROW,
    .run = run_kick,
};

const struct command cmd_client_pause = {
    .name = "client pause",
    .summary = "take and give nothing on an app's binds",
    CLIENT_ROW,
    .run = run_pause,
};

const struct command cmd_client_resume = {
    .name = "client resume",
    .summary = "go on with an app's binds",
    CLIENT_ROW,
    .run = run_resume,
};

const struct command cmd_client_drain = {
    .name = "client drain",
    .summary = "unbind an app once its answers are out",
    CLIENT_ROW,
    .run = run_drain,
};

/* ---- who may bind ---------------------------------------------------------
 */

struct login_options {
    const char *account, *password, *on_excess, *allow_ips, *sources;
    const char *certificate, *enquire, *idle, *receipts, *outbind, *class;
    const char *on_uncertain;
    long max_binds, window, rate, burst;
    bool tls, no_tls, disabled, enabled;
};

#define LOGIN_AT(field) offsetof(struct login_options, field)

static const struct option_row login_rows[] = {
    {"account", OPTION_TEXT, LOGIN_AT(account), "ACCOUNT",
     "whose, with the admin's key: id or name"},
    {"password", OPTION_TEXT, LOGIN_AT(password), "PASSWORD",
     "SMPP has room for 8 characters; @FILE reads it from a file"},
    {"max-binds", OPTION_COUNT, LOGIN_AT(max_binds), "N",
     "at the same time [10]"},
    {"window", OPTION_COUNT, LOGIN_AT(window), "N",
     "unanswered requests a bind [100]"},
    {"rate", OPTION_COUNT, LOGIN_AT(rate), "PER_S",
     "parts a second; 0: no limit"},
    {"burst", OPTION_COUNT, LOGIN_AT(burst), "PARTS",
     "that may come back to back [a tenth of the rate]"},
    {"on-excess", OPTION_TEXT, LOGIN_AT(on_excess), "WHAT",
     "queue: take them and pace; throttle: refuse"},
    {"allow-ips", OPTION_TEXT, LOGIN_AT(allow_ips), "A,B",
     "only from these addresses or networks"},
    {"sources", OPTION_TEXT, LOGIN_AT(sources), "A,B",
     "may send as these beside the account's numbers: ACME, +1212*, *"},
    {"tls", OPTION_FLAG, LOGIN_AT(tls), NULL, "only over TLS"},
    {"no-tls", OPTION_FLAG, LOGIN_AT(no_tls), NULL, "plain is fine again"},
    {"certificate", OPTION_TEXT, LOGIN_AT(certificate), "SUBJECT",
     "that the app's certificate must have"},
    {"enquire", OPTION_TEXT, LOGIN_AT(enquire), "TIME",
     "silence before we send enquire_link"},
    {"idle", OPTION_TEXT, LOGIN_AT(idle), "TIME", "silence before we close"},
    {"receipts", OPTION_TEXT, LOGIN_AT(receipts), "PDU",
     "deliver_sm or data_sm"},
    {"outbind", OPTION_TEXT, LOGIN_AT(outbind), "HOST:PORT",
     "is called with outbind when something waits"},
    {"class", OPTION_TEXT, LOGIN_AT(class), "CLASS",
     "of its messages; else by priority_flag"},
    {"on-uncertain", OPTION_TEXT, LOGIN_AT(on_uncertain), "WHAT",
     "hold or resend"},
    {"disabled", OPTION_FLAG, LOGIN_AT(disabled), NULL,
     "may not bind; its binds are closed"},
    {"enabled", OPTION_FLAG, LOGIN_AT(enabled), NULL, "may bind again"},
    {NULL},
};

static const struct list_column login_columns[] = {
    {"LOGIN", "id", LIST_TEXT},          {"SYSTEM ID", "system_id", LIST_TEXT},
    {"ACCOUNT", "account", LIST_TEXT},   {"BINDS", "binds", LIST_NUMBER},
    {"MAX", "max_binds", LIST_NUMBER},   {"WINDOW", "window", LIST_NUMBER},
    {"RATE", "rate", LIST_NUMBER},       {"EXCESS", "on_excess", LIST_TEXT},
    {"FROM", "allow_ips", LIST_ELASTIC}, {"TLS", "tls_required", LIST_TEXT},
    {"OUTBOX", "outbox", LIST_NUMBER},   {"DISABLED", "disabled", LIST_TEXT},
};

static enum outcome
run_logins(const struct call *call)
{
    const struct client_options *o = call->options;
    struct list_view view = {
        login_columns, N(login_columns),
        "No login yet: volley logins add SYSTEM_ID --password …"};
    return list_show(call, "/v1/logins", &view, list_limit(o->limit, 0));
}

/* As typed, or the first line of @FILE in room. NULL after saying why. */
static const char *
read_password(const char *typed, char *room, size_t cap)
{
    if (typed == NULL || typed[0] != '@')
        return typed != NULL ? typed : "";
    FILE *file = fopen(typed + 1, "r");
    if (file == NULL || fgets(room, (int)cap, file) == NULL) {
        fprintf(stderr, "volley: %s: %s\n", typed + 1,
                file == NULL ? strerror(errno) : "is empty");
        if (file != NULL)
            fclose(file);
        return NULL;
    }
    fclose(file);
    room[strcspn(room, "\r\n")] = '\0';
    return room;
}

static void
put_texts(json_t *body, const struct login_options *o)
{
    body_text(body, "account", o->account);
    body_text(body, "on_excess", o->on_excess);
    body_list(body, "allow_ips", o->allow_ips);
    body_list(body, "sources", o->sources);
    body_text(body, "certificate", o->certificate);
    body_text(body, "enquire", o->enquire);
    body_text(body, "idle", o->idle);
    body_text(body, "receipts", o->receipts);
    body_text(body, "outbind", o->outbind);
    body_text(body, "class", o->class);
    body_text(body, "on_uncertain", o->on_uncertain);
}

/* NULL after saying why. */
static json_t *
body_of(const struct login_options *o)
{
    char room[80];
    const char *password = read_password(o->password, room, sizeof room);
    if (password == NULL)
        return NULL;
    json_t *body = json_object();
    body_text(body, "password", *password != '\0' ? password : NULL);
    put_texts(body, o);
    body_count(body, "max_binds", o->max_binds);
    body_count(body, "window", o->window);
    body_count(body, "rate", o->rate);
    body_count(body, "burst", o->burst);
    if (o->tls || o->no_tls)
        body_flag(body, "tls_required", o->tls);
    if (o->disabled || o->enabled)
        body_flag(body, "disabled", o->disabled);
    return body;
}

static enum outcome
send_login(const struct call *call, const char *method, const char *path,
           json_t *body, const char *done)
{
    json_t *answer;
    struct api_request request = {.method = method, .path = path, .body = body};
    enum outcome outcome = api_call(call->api, &request, &answer);
    if (outcome == OUTCOME_OK && call->settings.json && answer != NULL)
        list_json(answer);
    else if (outcome == OUTCOME_OK)
        printf("login %s %s\n", call->words[0], done);
    json_decref(answer);
    json_decref(body);
    return outcome;
}

static enum outcome
run_add(const struct call *call)
{
    json_t *body = body_of(call->options);
    if (body == NULL)
        return OUTCOME_USAGE;
    body_text(body, "system_id", call->words[0]);
    return send_login(call, "POST", "/v1/logins", body, "added");
}

static enum outcome
run_change(const struct call *call)
{
    struct query path;
    json_t *body = body_of(call->options);
    if (body == NULL)
        return OUTCOME_USAGE;
    query_begin(&path, "/v1/logins");
    query_path(&path, call->words[0]);
    enum outcome outcome =
        send_login(call, "PUT", query_text(&path), body, "changed");
    query_end(&path);
    return outcome;
}

static enum outcome
run_remove(const struct call *call)
{
    struct query path;
    query_begin(&path, "/v1/logins");
    query_path(&path, call->words[0]);
    enum outcome outcome =
        send_login(call, "DELETE", query_text(&path), NULL, "removed");
    query_end(&path);
    return outcome;
}

static const struct option_row logins_rows[] = {
    {"limit", OPTION_COUNT, CLIENT_AT(limit), "ROWS",
     "at most so many; 0: all [0]"},
    {NULL},
};

const struct command cmd_logins = {
    .name = "logins",
    .summary = "system_ids that may bind to us over SMPP",
    .usage = "[--limit ROWS]",
    .help = "Example:\n  volley logins\n",
    .options = logins_rows,
    .options_bytes = sizeof(struct client_options),
    .run = run_logins,
};

#define LOGIN_ROW                                                              \
    .options = login_rows, .options_bytes = sizeof(struct login_options),      \
    .words_min = 1, .words_max = 1

const struct command cmd_logins_add = {
    .name = "logins add",
    .summary = "let an app bind over SMPP",
    .usage = "SYSTEM_ID --password PASSWORD [--rate PER_S] [--allow-ips A,B]",
    .help = "An account may have several logins. The password is kept as a "
            "slow salted hash alone.\n\n"
            "Examples:\n"
            "  volley logins add app1 --account demo --password @app1.secret\n"
            "  volley logins add app2 --password s3cret --rate 50 "
            "--allow-ips 192.0.2.0/24 --tls\n",
    LOGIN_ROW,
    .run = run_add,
};

const struct command cmd_logins_change = {
    .name = "logins change",
    .summary = "change a login; what is not named stays, living binds follow",
    .usage = "SYSTEM_ID [--password PASSWORD] [--rate PER_S] [--disabled]",
    .help = "Examples:\n"
            "  volley logins change app1 --rate 200 --burst 400\n"
            "  volley logins change app1 --disabled\n",
    LOGIN_ROW,
    .run = run_change,
};

const struct command cmd_logins_remove = {
    .name = "logins remove",
    .summary = "end a login: its binds are closed",
    .usage = "SYSTEM_ID",
    .help = "Example:\n  volley logins remove app1\n",
    .options_bytes = sizeof(struct login_options),
    .words_min = 1,
    .words_max = 1,
    .run = run_remove,
};
