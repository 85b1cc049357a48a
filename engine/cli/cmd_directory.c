/*
 * cmd_directory.c - volley accounts, senders, numbers, pools, suppressions:
 * what changes rarely, each with list, add and maybe remove.
 *
 * The five differ in their fields alone, so they are rows: how a listed one
 * is shown, and which option becomes which member of the request.
 */
#include "engine/cli/cmd_directory.h"

#include <stdio.h>
#include <string.h>

#include "engine/cli/api.h"
#include "engine/cli/body.h"
#include "engine/cli/field.h"
#include "engine/cli/list.h"
#include "engine/cli/query.h"
#include "engine/cli/term.h"

struct directory_options {
    const char *text[8];
    long count[4];
    bool flag[2];
};

#define TEXT(n)  offsetof(struct directory_options, text[n])
#define COUNT(n) offsetof(struct directory_options, count[n])
#define FLAG(n)  offsetof(struct directory_options, flag[n])

/* "account" chooses a tenant for the admin and goes into every request. */
#define ACCOUNT_HELP "whose, with the admin's key: id or name"

struct resource {
    const char *noun;     /* first word of the commands' names */
    const char *singular; /* for "sender added" */
    const char *path;
    const char *word;              /* what the argument is in the JSON */
    const struct option_row *rows; /* of add */
    const char *const *members;    /* JSON path of each row; "[]" behind a
                                      path splits at commas, "{}" makes
                                      an object of A=1,B=2 */
    const struct list_column *columns;
    size_t columns_n;
    const char *empty;
};

static const struct option_row account_rows[] = {
    {"per-day", OPTION_COUNT, COUNT(0), "PARTS", "quota of parts a day"},
    {"smpp-system-id", OPTION_TEXT, TEXT(0), "ID",
     "for apps that bind over SMPP"},
    {"smpp-password", OPTION_TEXT, TEXT(1), "PASSWORD", "of such apps"},
    {"smpp-max-binds", OPTION_COUNT, COUNT(1), "N", "at the same time"},
    {"smpp-window", OPTION_COUNT, COUNT(2), "N", "unanswered requests a bind"},
    {"smpp-rate", OPTION_COUNT, COUNT(3), "PER_S", "parts a second"},
    {"smpp-allow-ips", OPTION_TEXT, TEXT(2), "A,B", "from these networks"},
    {"smpp-tls", OPTION_FLAG, FLAG(0), NULL, "only over TLS"},
    {NULL},
};

static const char *const account_members[] = {
    "quota.per_day", "smpp.system_id", "smpp.password",    "smpp.max_binds",
    "smpp.window",   "smpp.rate",      "smpp.allow_ips[]", "smpp.tls_required",
};

static const struct option_row sender_rows[] = {
    {"external-id", OPTION_TEXT, TEXT(0), "ID", "your own id of this person"},
    {"numbers", OPTION_TEXT, TEXT(1), "A,B",
     "numbers whose unasked texts are theirs"},
    {"queue", OPTION_FLAG, FLAG(0), NULL,
     "shared: colleagues claim its conversations"},
    {"smpp-system-id", OPTION_TEXT, TEXT(2), "ID",
     "replies go to the app bound so"},
    {"account", OPTION_TEXT, TEXT(3), "ACCOUNT", ACCOUNT_HELP},
    {NULL},
};

static const char *const sender_members[] = {
    "external_id", "numbers[]", "queue", "smpp_system_id", "account",
};

static const struct option_row number_rows[] = {
    {"carrier", OPTION_TEXT, TEXT(0), "NAME", "that carries it"},
    {"account", OPTION_TEXT, TEXT(1), "ACCOUNT", ACCOUNT_HELP},
    {"rate", OPTION_COUNT, COUNT(0), "PER_S", "parts a second"},
    {"per-day", OPTION_COUNT, COUNT(1), "PARTS", "parts a day"},
    {"default-sender", OPTION_TEXT, TEXT(2), "ID",
     "whose unasked texts to it are"},
    {"shared", OPTION_FLAG, FLAG(0), NULL, "by several accounts"},
    {NULL},
};

static const char *const number_members[] = {
    "carrier", "account", "rate", "per_day", "default_sender", "shared",
};

static const struct option_row pool_rows[] = {
    {"numbers", OPTION_TEXT, TEXT(0), "A,B", "that belong to it"},
    {"weights", OPTION_TEXT, TEXT(2), "A=3,B=1",
     "shares of the new pairs; 0: none"},
    {"overlap", OPTION_FLAG, FLAG(0), NULL,
     "a second sender may use the same number to a subscriber"},
    {"on-conflict", OPTION_TEXT, TEXT(1), "WHAT",
     "no number free: reroute, hold, fail or share"},
    {NULL},
};

static const char *const pool_members[] = {
    "numbers[]",
    "weights{}",
    "!exclusive",
    "on_conflict",
};

static const struct option_row suppression_rows[] = {
    {"scope", OPTION_TEXT, TEXT(0), "SCOPE",
     "number, programme, account or all [account]"},
    {"number", OPTION_TEXT, TEXT(1), "NUMBER",
     "our number, with --scope number"},
    {"reason", OPTION_TEXT, TEXT(2), "TEXT", "why; for your records"},
    {NULL},
};

static const char *const suppression_members[] = {
    "scope",
    "number",
    "reason",
};

static const struct list_column account_columns[] = {
    {"ACCOUNT", "id", LIST_TEXT},
    {"NAME", "name", LIST_TEXT},
    {"PER DAY", "quota.per_day", LIST_NUMBER},
    {"SMPP", "smpp.system_id", LIST_TEXT},
    {"CREATED", "created_at", LIST_MOMENT},
};

static const struct list_column sender_columns[] = {
    {"SENDER", "id", LIST_TEXT},
    {"NAME", "name", LIST_ELASTIC},
    {"EXTERNAL ID", "external_id", LIST_ELASTIC},
    {"QUEUE", "queue", LIST_TEXT},
    {"CREATED", "created_at", LIST_MOMENT},
};

static const struct list_column number_columns[] = {
    {"NUMBER", "number", LIST_TEXT},
    {"CARRIER", "carrier", LIST_TEXT},
    {"ACCOUNT", "account", LIST_TEXT},
    {"RATE", "rate", LIST_NUMBER},
    {"PER DAY", "per_day", LIST_NUMBER},
    {"DEFAULT SENDER", "default_sender", LIST_ELASTIC},
    {"SHARED", "shared", LIST_TEXT},
};

static const struct list_column pool_columns[] = {
    {"POOL", "id", LIST_TEXT},
    {"NAME", "name", LIST_TEXT},
    {"EXCLUSIVE", "exclusive", LIST_TEXT},
    {"ON CONFLICT", "on_conflict", LIST_TEXT},
    {"NUMBERS", "numbers", LIST_ELASTIC},
    {"WEIGHTS", "weights", LIST_ELASTIC},
};

static const struct list_column suppression_columns[] = {
    {"SUBSCRIBER", "subscriber", LIST_TEXT},
    {"SCOPE", "scope", LIST_TEXT},
    {"REASON", "reason", LIST_ELASTIC},
    {"SINCE", "at", LIST_MOMENT},
};

#define N(rows) (sizeof(rows) / sizeof *(rows))

static const struct resource resources[] = {
    {"accounts", "account", "/v1/accounts", "name", account_rows,
     account_members, account_columns, N(account_columns),
     "No account yet: volley accounts add NAME"},
    {"senders", "sender", "/v1/senders", "name", sender_rows, sender_members,
     sender_columns, N(sender_columns),
     "No sender yet: volley senders add NAME"},
    {"numbers", "number", "/v1/numbers", "number", number_rows, number_members,
     number_columns, N(number_columns),
     "No number yet: volley numbers add +12125550101 --carrier NAME, or "
     "`numbers:` in volley.yaml"},
    {"pools", "pool", "/v1/pools", "name", pool_rows, pool_members,
     pool_columns, N(pool_columns),
     "No pool yet: volley pools add NAME --numbers +1…,+1…"},
    {"suppressions", "suppression", "/v1/suppressions", "subscriber",
     suppression_rows, suppression_members, suppression_columns,
     N(suppression_columns), "Nobody has opted out."},
};

static const struct resource *
resource_of(const struct command *command)
{
    for (size_t i = 0; i < N(resources); i++) {
        size_t n = strlen(resources[i].noun);
        if (strncmp(command->name, resources[i].noun, n) == 0)
            return &resources[i];
    }
    return NULL;
}

/* One option as it was given into the body. */
static void
put_member(json_t *body, const struct option_row *row, const char *member,
           const struct directory_options *options)
{
    const char *field = (const char *)options + row->at;
    char path[64];
    size_t n = strlen(member);
    bool turned = member[0] == '!';
    bool list = n > 2 && strcmp(member + n - 2, "[]") == 0;
    bool counts = n > 2 && strcmp(member + n - 2, "{}") == 0;
    snprintf(path, sizeof path, "%.*s", (int)(list || counts ? n - 2 : n),
             member);
    switch (row->kind) {
    case OPTION_FLAG:
        if (*(const bool *)field)
            body_flag(body, member + turned, !turned);
        break;
    case OPTION_COUNT: body_count(body, path, *(const long *)field); break;
    case OPTION_TEXT:
        if (list)
            body_list(body, path, *(const char *const *)field);
        else if (counts)
            body_counts(body, path, *(const char *const *)field);
        else
            body_text(body, path, *(const char *const *)field);
        break;
    }
}

/* What came back, with the key where one was made. */
static void
print_added(const struct resource *resource, const json_t *answer,
            const char *word)
{
    const char *key = field_text(answer, "key");
    const char *id = field_text(answer, "id");
    printf("%s %s added%s%s\n", resource->singular, word, *id ? ": " : "", id);
    if (*key == '\0')
        return;
    printf("\n  %skey%s  %s\n\n", term_paint(PAINT_BOLD), term_plain(), key);
    fflush(stdout);
    fprintf(stderr, "It is shown this once; keep it. To use it here: export "
                    "VOLLEY_KEY=…\n");
}

struct directory_list_options {
    long limit;
};

static const struct option_row directory_list_rows[] = {
    {"limit", OPTION_COUNT, offsetof(struct directory_list_options, limit),
     "ROWS", "at most so many; 0: all [0]"},
    {NULL},
};

static enum outcome
run_list(const struct call *call)
{
    const struct resource *resource = resource_of(call->command);
    const struct directory_list_options *o = call->options;
    struct list_view view = {resource->columns, resource->columns_n,
                             resource->empty};
    return list_show(call, resource->path, &view, list_limit(o->limit, 0));
}

static enum outcome
run_add(const struct call *call)
{
    const struct resource *resource = resource_of(call->command);
    json_t *body = json_object(), *answer;
    body_text(body, resource->word, call->words[0]);
    for (size_t i = 0; resource->rows[i].name != NULL; i++)
        put_member(body, &resource->rows[i], resource->members[i],
                   call->options);
    enum outcome outcome = api_post(call->api, resource->path, body, &answer);
    json_decref(body);
    if (outcome == OUTCOME_OK && call->settings.json)
        list_json(answer);
    else if (outcome == OUTCOME_OK)
        print_added(resource, answer, call->words[0]);
    json_decref(answer);
    return outcome;
}

static enum outcome
delete_path(const struct call *call, const char *path)
{
    const struct resource *resource = resource_of(call->command);
    json_t *answer;
    struct api_request request = {.method = "DELETE", .path = path};
    enum outcome outcome = api_call(call->api, &request, &answer);
    if (outcome == OUTCOME_OK && call->settings.json && answer != NULL)
        list_json(answer);
    else if (outcome == OUTCOME_OK && !call->settings.json)
        printf("%s %s removed\n", resource->singular, call->words[0]);
    json_decref(answer);
    return outcome;
}

static enum outcome
run_remove_account(const struct call *call)
{
    struct query path;
    query_begin(&path, "/v1/accounts");
    query_path(&path, call->words[0]);
    enum outcome outcome = delete_path(call, query_text(&path));
    query_end(&path);
    return outcome;
}

static enum outcome
run_remove_suppression(const struct call *call)
{
    const struct directory_options *o = call->options;
    struct query path;
    query_begin(&path, "/v1/suppressions");
    query_add(&path, "subscriber", call->words[0]);
    query_add(&path, "scope", o->text[0]);
    query_add(&path, "number", o->text[1]);
    enum outcome outcome = delete_path(call, query_text(&path));
    query_end(&path);
    return outcome;
}

#define LIST_ROW                                                               \
    .options = directory_list_rows,                                            \
    .options_bytes = sizeof(struct directory_list_options), .run = run_list

#define ONE_WORD                                                               \
    .words_min = 1, .words_max = 1,                                            \
    .options_bytes = sizeof(struct directory_options)

const struct command cmd_accounts = {
    .name = "accounts",
    .summary = "tenants; needs the admin's key",
    .usage = "[--limit ROWS]",
    .help = "Example:\n  volley accounts --json | jq -r .name\n",
    LIST_ROW,
};

const struct command cmd_accounts_add = {
    .name = "accounts add",
    .summary = "make an account; its key is shown once",
    .usage = "NAME [--per-day PARTS] [--smpp-system-id ID …]",
    .help = "Examples:\n"
            "  volley accounts add demo\n"
            "  volley accounts add shop --smpp-system-id shop "
            "--smpp-password \"$PASSWORD\" --smpp-tls\n"
            "  export VOLLEY_KEY=$(volley accounts add demo --json | jq -r "
            ".key)\n",
    .options = account_rows,
    ONE_WORD,
    .run = run_add,
};

const struct command cmd_accounts_remove = {
    .name = "accounts remove",
    .summary = "end an account: its keys stop working at once",
    .usage = "ID",
    .help = "Example:\n  volley accounts remove ID\n",
    ONE_WORD,
    .run = run_remove_account,
};

const struct command cmd_senders = {
    .name = "senders",
    .summary = "who replies belong to: people, apps, shared queues",
    .usage = "[--limit ROWS]",
    .help = "Example:\n  volley senders\n",
    LIST_ROW,
};

const struct command cmd_senders_add = {
    .name = "senders add",
    .summary = "make a sender; its key is shown once",
    .usage = "NAME [--external-id ID] [--queue] [--numbers A,B]",
    .help = "The sender's key sees its conversations, messages and events "
            "alone.\n\n"
            "Examples:\n"
            "  volley senders add Ann --external-id crm-17\n"
            "  volley senders add Support --queue --numbers +12125550101\n",
    .options = sender_rows,
    ONE_WORD,
    .run = run_add,
};

const struct command cmd_numbers = {
    .name = "numbers",
    .summary = "our addresses on carriers",
    .usage = "[--limit ROWS]",
    .help = "Example:\n  volley numbers\n",
    LIST_ROW,
};

const struct command cmd_numbers_add = {
    .name = "numbers add",
    .summary = "make a number known, with its carrier and rate",
    .usage = "NUMBER --carrier NAME [--account NAME] [--rate PER_S]",
    .help = "Example:\n"
            "  volley numbers add +12125550101 --carrier acme --account demo "
            "--rate 10\n",
    .options = number_rows,
    ONE_WORD,
    .run = run_add,
};

const struct command cmd_pools = {
    .name = "pools",
    .summary = "sets of numbers used as one",
    .usage = "[--limit ROWS]",
    .help = "Example:\n  volley pools\n",
    LIST_ROW,
};

const struct command cmd_pools_add = {
    .name = "pools add",
    .summary = "make a pool of numbers",
    .usage =
        "NAME --numbers A,B [--weights A=3,B=1] [--overlap] [--on-conflict "
        "WHAT]",
    .help = "A pool keeps a sender and a subscriber on one number and gives a "
            "second sender another, so\nthat every reply has one owner; "
            "--overlap gives that up.\n\n"
            "Example:\n"
            "  volley pools add city --numbers +12125550101,+12125550102 "
            "--on-conflict hold\n",
    .options = pool_rows,
    ONE_WORD,
    .run = run_add,
};

const struct command cmd_suppressions = {
    .name = "suppressions",
    .summary = "who opted out, and from what",
    .usage = "[--limit ROWS]",
    .help = "Example:\n  volley suppressions --json\n",
    LIST_ROW,
};

const struct command cmd_suppressions_add = {
    .name = "suppressions add",
    .summary = "write to this phone no more",
    .usage = "NUMBER [--scope SCOPE] [--reason TEXT]",
    .help = "Example:\n"
            "  volley suppressions add +14155550123 --reason 'asked by "
            "phone'\n",
    .options = suppression_rows,
    ONE_WORD,
    .run = run_add,
};

const struct command cmd_suppressions_remove = {
    .name = "suppressions remove",
    .summary = "the phone may be written to again",
    .usage = "NUMBER [--scope SCOPE]",
    .help = "Only with the person's consent.\n\n"
            "Example:\n  volley suppressions remove +14155550123\n",
    .options = suppression_rows,
    ONE_WORD,
    .run = run_remove_suppression,
};
