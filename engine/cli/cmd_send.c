/*
 * cmd_send.c - volley send: one text to one phone or a few, or NDJSON of
 * many; --wait follows each to its final state.
 */
#include "engine/cli/cmd_send.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "engine/cli/api.h"
#include "engine/cli/body.h"
#include "engine/cli/field.h"
#include "engine/cli/figure.h"
#include "engine/cli/list.h"
#include "engine/cli/query.h"
#include "engine/cli/term.h"
#include "engine/cli/upload.h"
#include "engine/cli/when.h"

struct send_options {
    const char *text, *from, *pool, *sender, *class;
    const char *reply_window, *validity, *send_at, *expires_at;
    const char *external_id, *receipt_url, *idempotency_key;
    const char *timeout, *ndjson;
    bool wait;
};

#define AT(field) offsetof(struct send_options, field)

static const struct option_row send_rows[] = {
    {"text", OPTION_TEXT, AT(text), "TEXT", "what to send; - reads stdin"},
    {"from", OPTION_TEXT, AT(from), "NUMBER",
     "our number [the account's only one]"},
    {"pool", OPTION_TEXT, AT(pool), "POOL", "or a number of this pool"},
    {"sender", OPTION_TEXT, AT(sender), "ID", "who replies belong to"},
    {"class", OPTION_TEXT, AT(class), "CLASS",
     "critical, transactional, conversational or marketing"},
    {"reply-window", OPTION_TEXT, AT(reply_window), "SPAN",
     "replies belong to this text so long [30d]"},
    {"validity", OPTION_TEXT, AT(validity), "SPAN",
     "the carrier gives up after it"},
    {"send-at", OPTION_TEXT, AT(send_at), "TIME",
     "not before: 09:30, \"2025-12-01 09:30\", +2h"},
    {"expires-at", OPTION_TEXT, AT(expires_at), "TIME", "not after"},
    {"external-id", OPTION_TEXT, AT(external_id), "ID", "your own id"},
    {"receipt-url", OPTION_TEXT, AT(receipt_url), "URL",
     "called at each change of its state"},
    {"idempotency-key", OPTION_TEXT, AT(idempotency_key), "KEY",
     "repeating it sends nothing twice [a fresh one]"},
    {"wait", OPTION_FLAG, AT(wait), NULL, "until its final state"},
    {"timeout", OPTION_TEXT, AT(timeout), "SPAN", "of --wait [2m]"},
    {"ndjson", OPTION_TEXT, AT(ndjson), "FILE",
     "send one message a line, {\"to\": …, \"text\": …}; - is stdin"},
    {NULL},
};

/* What is read from stdin: SMS of 255 parts have 39,015 letters. */
enum { TEXT_MAX_BYTES = 160 << 10 };

/* Standard input without its last line end; the caller's. */
static char *
read_text(void)
{
    char *text = malloc(TEXT_MAX_BYTES);
    if (text == NULL)
        return NULL;
    size_t n = fread(text, 1, TEXT_MAX_BYTES - 1, stdin);
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    text[n] = '\0';
    return text;
}

/* 128 random bits: one per message and attempt. */
static void
fresh_key(char key[40])
{
    uint64_t bits[2] = {0};
    if (getrandom(bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        bits[0] = (uint64_t)when_now_ms();
    snprintf(key, 40, "cli-%016llx%016llx", (unsigned long long)bits[0],
             (unsigned long long)bits[1]);
}

/* NULL after saying what is wrong. */
static json_t *
message_body(const struct send_options *o, const char *to, const char *text)
{
    json_t *body = json_object();
    body_text(body, "to", to);
    body_text(body, "text", text);
    body_text(body, "from", o->from);
    body_text(body, "pool", o->pool);
    body_text(body, "sender", o->sender);
    body_text(body, "class", o->class);
    body_text(body, "reply_window", o->reply_window);
    body_text(body, "validity", o->validity);
    body_text(body, "external_id", o->external_id);
    body_text(body, "receipt_url", o->receipt_url);
    if (body_moment(body, "send_at", "send-at", o->send_at) &&
        body_moment(body, "expires_at", "expires-at", o->expires_at))
        return body;
    json_decref(body);
    return NULL;
}

/* One transition: "  1.3s  delivered". */
static void
print_state(const json_t *message, int64_t began_ms)
{
    const char *state = field_text(message, "state");
    double seconds = (double)(when_now_ms() - began_ms) / 1000;
    printf("  %5.1fs  %s%s%s", seconds, term_paint(term_state_paint(state)),
           state, term_plain());
    const char *why = field_first(
        message, (const char *const[]){"error.text", "held.rule", NULL});
    if (*why != '\0')
        printf(": %s", why);
    const char *code = field_text(message, "error.code");
    if (*code != '\0')
        printf(" (%s)", code);
    putchar('\n');
    fflush(stdout);
}

/* States that nothing changes any more; uncertain may still be settled. */
static bool
is_final(const json_t *message)
{
    static const char *const finals[] = {
        "delivered", "failed",    "expired",    "rejected",
        "unknown",   "cancelled", "suppressed",
    };
    const char *state = field_text(message, "state");
    for (size_t i = 0; i < sizeof finals / sizeof *finals; i++)
        if (strcmp(state, finals[i]) == 0)
            return true;
    return *field_text(message, "final_at") != '\0';
}

/* Follows a message; delivered is OUTCOME_OK, all else is not. */
static enum outcome
wait_final(const struct call *call, const char *id, int64_t timeout_ms)
{
    struct query path;
    char last[32] = "";
    int64_t began_ms = when_now_ms();
    enum outcome outcome = OUTCOME_REFUSED;
    long pause_ms = 100;
    query_begin(&path, "/v1/messages");
    query_path(&path, id);
    for (;;) {
        json_t *message;
        outcome = api_get(call->api, query_text(&path), &message);
        if (outcome != OUTCOME_OK)
            break;
        const char *state = field_text(message, "state");
        bool final = is_final(message);
        if (strcmp(state, last) != 0 && !call->settings.json)
            print_state(message, began_ms);
        snprintf(last, sizeof last, "%s", state);
        if (final && call->settings.json)
            list_json(message);
        json_decref(message);
        if (final) {
            outcome =
                strcmp(last, "delivered") == 0 ? OUTCOME_OK : OUTCOME_REFUSED;
            break;
        }
        if (when_now_ms() - began_ms > timeout_ms || !term_wait_ms(pause_ms)) {
            fprintf(stderr,
                    "volley: still %s; `volley message %s` tells "
                    "later\n",
                    last, id);
            outcome = OUTCOME_REFUSED;
            break;
        }
        pause_ms = pause_ms < 1000 ? pause_ms * 2 : 1000;
    }
    query_end(&path);
    return outcome;
}

static enum outcome
send_one(const struct call *call, const char *to, const char *text,
         int64_t timeout_ms)
{
    const struct send_options *o = call->options;
    char key[40];
    json_t *body = message_body(o, to, text), *answer;
    if (body == NULL)
        return OUTCOME_USAGE;
    fresh_key(key);
    struct api_request request = {
        .method = "POST",
        .path = "/v1/messages",
        .body = body,
        .idempotency_key = o->idempotency_key ? o->idempotency_key : key,
    };
    enum outcome outcome = api_call(call->api, &request, &answer);
    json_decref(body);
    if (outcome != OUTCOME_OK)
        return outcome;
    const char *id = field_text(answer, "id");
    if (!call->settings.json)
        printf("%s  %s to %s: %lld part%s, %s\n", id,
               field_text(answer, "state"), to, field_count(answer, "parts"),
               field_count(answer, "parts") == 1 ? "" : "s",
               field_text(answer, "encoding"));
    else if (!o->wait)
        list_json(answer);
    fflush(stdout);
    if (o->wait)
        outcome = wait_final(call, id, timeout_ms);
    json_decref(answer);
    return outcome;
}

/* Answer lines of a bulk send go out as they come. */
static bool
pass_on(void *arg, const char *octets, size_t n)
{
    (void)arg;
    return fwrite(octets, 1, n, stdout) == n;
}

static size_t
read_lines(void *arg, char *dst, size_t cap)
{
    size_t n = fread(dst, 1, cap, arg);
    return ferror((FILE *)arg) ? SIZE_MAX : n;
}

/* Many messages of a file, one answer line each. */
static enum outcome
send_lines(const struct call *call, const char *name)
{
    const struct send_options *o = call->options;
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
    if (file == NULL) {
        fprintf(stderr, "volley: cannot read %s\n", name);
        return OUTCOME_USAGE;
    }
    struct api_request request = {
        .method = "POST",
        .path = "/v1/messages",
        .accept = "application/x-ndjson",
        .content_type = "application/x-ndjson",
        .idempotency_key = o->idempotency_key,
        .read = read_lines,
        .write = pass_on,
        .arg = file,
    };
    enum outcome outcome = api_call(call->api, &request, NULL);
    fflush(stdout);
    if (file != stdin)
        fclose(file);
    return outcome;
}

static enum outcome
send_words(const struct call *call, const char *text, int64_t timeout_ms)
{
    enum outcome worst = OUTCOME_OK;
    for (size_t i = 0; i < call->words_n && !term_interrupted(); i++) {
        enum outcome outcome = send_one(call, call->words[i], text, timeout_ms);
        if (outcome > worst)
            worst = outcome;
        if (outcome == OUTCOME_UNREACHED)
            break;
    }
    return worst;
}

static enum outcome
run_send(const struct call *call)
{
    const struct send_options *o = call->options;
    int64_t timeout_ms = 120000;
    if (o->ndjson != NULL)
        return send_lines(call, o->ndjson);
    if (call->words_n == 0 || o->text == NULL) {
        fprintf(stderr, "volley: say to whom and what: volley send "
                        "+14155550123 --text 'Hello'\n");
        return OUTCOME_USAGE;
    }
    if (o->timeout != NULL && !when_parse_span(o->timeout, &timeout_ms)) {
        fprintf(stderr,
                "volley: --timeout: \"%s\" is no span; write 30s, "
                "2m or 1h\n",
                o->timeout);
        return OUTCOME_USAGE;
    }
    term_catch_interrupt();
    if (strcmp(o->text, "-") != 0)
        return send_words(call, o->text, timeout_ms);
    char *text = read_text();
    enum outcome outcome =
        text != NULL ? send_words(call, text, timeout_ms) : OUTCOME_USAGE;
    free(text);
    return outcome;
}

const struct command cmd_send = {
    .name = "send",
    .summary = "send a text; --wait follows it to its final state",
    .usage = "TO… --text TEXT [--from NUMBER] [--sender ID] [--wait]",
    .help =
        "Sends one text to each number given, and prints each message's id. "
        "With --wait it prints each\nchange of state and ends with 0 when "
        "all were delivered, else with 1. A lost connection is\ntried again "
        "under the same idempotency key: nothing is sent twice.\n\n"
        "Examples:\n"
        "  volley send +14155550123 --text 'Your table is ready' --wait\n"
        "  volley send +14155550123 --from +12125550101 --sender snd_… "
        "--text 'See you at 5?'\n"
        "  date | volley send +14155550123 --text -\n"
        "  volley send --ndjson messages.ndjson > answers.ndjson\n",
    .options = send_rows,
    .options_bytes = sizeof(struct send_options),
    .words_max = 100, /* more belong into a campaign */
    .run = run_send,
};
