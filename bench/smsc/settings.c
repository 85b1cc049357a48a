/*
 * settings.c - the options of volley-smsc as rows; see settings.h.
 */
#include "bench/smsc/settings.h"

#include "bench/smsc/script.h"
#include "proto/receipt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { EVERY_MAX = 1000000000, DELAY_MAX_MS = 7 * 24 * 3600 * 1000 };

static bool
refuse(char why[ARGS_WHY_BYTES], const char *value, const char *wanted)
{
    snprintf(why, ARGS_WHY_BYTES, "'%.60s' is not %s", value, wanted);
    return false;
}

/* A number from 0 to 1 at the front; *rest is what follows. */
static bool
read_ratio(const char *text, double *out, const char **rest)
{
    char *end = NULL;
    errno = 0;
    *out = strtod(text, &end);
    *rest = end;
    return end != text && !errno && *out >= 0 && *out <= 1;
}

/* One RATIO:STATE[/ERR]; advances *at past it and its comma. */
static bool
read_share(struct receipt_share *out, const char **at)
{
    const char *p = *at;
    if (!read_ratio(p, &out->ratio, &p) || *p != ':')
        return false;
    p++;
    size_t n = strcspn(p, "/,");
    out->state = receipt_state_of_word(slice_of(p, n), NULL);
    if (out->state < 0 || n >= sizeof out->stat)
        return false;
    memcpy(out->stat, p, n);
    out->stat[n] = '\0';
    p += n;
    memcpy(out->err, out->state == STATE_DELIVERED ? "000" : "001", 4);
    if (*p == '/') {
        if (strcspn(++p, ",") != 3)
            return false;
        memcpy(out->err, p, 3);
        p += 3;
    }
    if (*p == ',')
        p++;
    *at = p;
    return true;
}

bool
settings_receipts(void *to, const char *value, char why[ARGS_WHY_BYTES])
{
    struct settings *s = to;
    double sum = 0;
    s->shares = 0;
    if (strcmp(value, "none") == 0)
        return true;
    for (const char *at = value; *at;) {
        if (s->shares == SETTINGS_LIST_MAX ||
            !read_share(&s->share[s->shares], &at))
            return refuse(why, at,
                          "RATIO:STATE like 0.97:DELIVRD or "
                          "0.02:UNDELIV/011");
        sum += s->share[s->shares++].ratio;
    }
    if (sum > 1.000001)
        return refuse(why, value, "a list of shares that add up to 1 or less");
    return true;
}

static bool
read_ids(void *to, const char *value, char why[ARGS_WHY_BYTES])
{
    return msgid_form_by_name(value, to) ||
           refuse(why, value, "one of dec, hex, uuid, mixed");
}

static bool
read_form(void *to, const char *value, char why[ARGS_WHY_BYTES])
{
    static const char *const names[] = {"both", "text", "tlv"};
    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(value, names[i]) == 0) {
            *(enum receipt_form *)to = (enum receipt_form)i;
            return true;
        }
    }
    return refuse(why, value, "one of both, text, tlv");
}

/* "50" or "50-200", milliseconds. */
static bool
read_span(void *to, const char *value, char why[ARGS_WHY_BYTES])
{
    struct span_ms *span = to;
    char lo[24] = "";
    size_t n = strcspn(value, "-");
    if (n < sizeof lo)
        memcpy(lo, value, n);
    if (!args_number(lo, 0, DELAY_MAX_MS, &span->lo))
        return refuse(why, value, "milliseconds like 50 or 50-200");
    span->hi = span->lo;
    if (value[n] &&
        !args_number(value + n + 1, span->lo, DELAY_MAX_MS, &span->hi))
        return refuse(why, value, "a span of milliseconds like 50-200");
    return true;
}

static bool
read_replies(void *to, const char *value, char why[ARGS_WHY_BYTES])
{
    const char *rest;
    return (read_ratio(value, to, &rest) && !*rest) ||
           refuse(why, value, "a ratio from 0 to 1");
}

static bool
read_reply_text(void *to, const char *value, char why[ARGS_WHY_BYTES])
{
    struct settings *s = to;
    if (s->reply_texts == SETTINGS_LIST_MAX || !*value)
        return refuse(why, value, "a text, or more than 32 of them");
    s->reply_text[s->reply_texts++] = value;
    return true;
}

static bool
read_refuse(void *to, const char *value, char why[ARGS_WHY_BYTES])
{
    struct settings *s = to;
    struct refusal *r = &s->refuse[s->refusals];
    char name[48] = "";
    size_t n = strcspn(value, ":");
    char *end = NULL;
    if (n < sizeof name)
        memcpy(name, value, n);
    bool good = s->refusals < SETTINGS_LIST_MAX && value[n] == ':' &&
                args_number(value + n + 1, 1, EVERY_MAX, &r->every);
    if (good && !smpp_status_by_name(name, &r->status)) {
        r->status = (uint32_t)strtoul(name, &end, 0);
        good = end != name && !*end && r->status != 0;
    }
    if (!good)
        return refuse(why, value,
                      "STATUS:EVERY like ESME_RINVDSTADR:100 or "
                      "0x0000000B:100");
    s->refusals++;
    return true;
}

static const char about[] =
    "volley-smsc: a carrier to talk to, with phones that answer.\n"
    "\n"
    "Listens for SMPP 3.3, 3.4 and 5.0; any number of transmitters, receivers\n"
    "and transceivers may bind. It accepts messages, sends receipts, lets\n"
    "phones reply, misbehaves where told to, and writes all of it down.\n"
    "Runs until SIGTERM or SIGINT.";

static const char after[] =
    "The ledger is TSV, one event a line, '-' for an empty field:\n"
    "  time_us kind bind id source dest ref total part hash status [text]\n"
    "time_us counts microseconds since 1970; of a SUBMIT it is when the "
    "kernel\n"
    "received it. id is as in the submit_sm_resp, of a reply its own. ref,\n"
    "total and part come from UDH or SAR (0 1 1: a whole message); hash tells\n"
    "texts apart. Kinds: SUBMIT RESP RECEIPT RECEIPT_AGAIN RECEIPT_ACK REPLY\n"
    "REPLY_AGAIN REPLY_ACK BIND UNBIND DROP THROTTLE REFUSE DISCARD.\n"
    "\n"
    "Script lines (times count from the first bind; `clock start`: from the\n"
    "start; * in a number stands for any digits; # begins a remark):\n"
    "  reply to DEST [saying \"word\"] [after 50ms] [before answer]\n"
    "        [parts 3,1,2] [times N] \"text\"\n"
    "  refuse dest DEST STATUS [times N]\n"
    "  receipt dest DEST STATE|none [after 1s] [err 011] [twice]\n"
    "        [before answer] [other bind] [times N]\n"
    "  answer dest DEST never|after 5s [times N]\n"
    "  send from NUMBER to NUMBER \"text\" at 500ms [parts 3,1,2]\n"
    "  drop all | drop bind N at 2s [politely]\n"
    "  throttle 100/s from 1s to 5s\n"
    "  stall from 1s to 5s\n"
    "Texts may hold {n} (running number), {from} (the phone), {to} (the "
    "number\n"
    "written to), {id} and {text} (what the phone got).\n"
    "\n"
    "Examples:\n"
    "  volley-smsc --port 2776 --stats\n"
    "  volley-smsc --port 2776 --receipts 0.97:DELIVRD,0.02:UNDELIV/011 \\\n"
    "      --receipt-delay 100-2000 --replies 0.03 --reply-text 'yes, {n}' \\\n"
    "      --reply-text STOP --ids mixed --ledger carrier.tsv\n"
    "  volley-smsc --check-ledger carrier.tsv --json";

static void
set_defaults(struct settings *s)
{
    *s = (struct settings){
        .host = "127.0.0.1",
        .port = 2775,
        .max_binds = 10000,
        .window = 1000,
        .keep = 8000000,
        .seed = 1,
        .receipt_delay = {100, 100},
        .reply_delay = {1000, 1000},
        .ids = MSGID_DEC,
        .shares = 1,
        .share[0] = {1, STATE_DELIVERED, "DELIVRD", "000"},
    };
}

#define EVERY(n, field, text)                                                  \
    {                                                                          \
        ARG_NUMBER, n, "N", text, &s->field, 1, EVERY_MAX, NULL                \
    }
#define NUMBER(n, v, field, lo, hi, text)                                      \
    {                                                                          \
        ARG_NUMBER, n, v, text, &s->field, lo, hi, NULL                        \
    }
#define TEXT(n, v, field, text)                                                \
    {                                                                          \
        ARG_TEXT, n, v, text, &s->field, 0, 0, NULL                            \
    }
#define FLAG(n, field, text)                                                   \
    {                                                                          \
        ARG_FLAG, n, NULL, text, &s->field, 0, 0, NULL                         \
    }
#define PARSE(n, v, to, read, text)                                            \
    {                                                                          \
        ARG_PARSE, n, v, text, to, 0, 0, read                                  \
    }
#define HEADING(text)                                                          \
    {                                                                          \
        ARG_HEADING, "", NULL, text, NULL, 0, 0, NULL                          \
    }

enum args_result
settings_parse(struct settings *s, int argc, char **argv)
{
    set_defaults(s);
    const struct arg rows[] = {
        HEADING("Who may bind"),
        NUMBER("port", "N", port, 0, 65535,
               "port to listen on (2775; 0: a free one, printed)"),
        TEXT("host", "ADDR", host, "address to listen on (127.0.0.1)"),
        TEXT("system-id", "ID", system_id,
             "the only system_id let in (anybody)"),
        TEXT("password", "SECRET", password, "its password (any)"),
        NUMBER("max-binds", "N", max_binds, 1, 60000,
               "more get ESME_RALYBND (10000)"),
        TEXT("tls", "CERT,KEY", tls, "TLS with these PEM files"),
        NUMBER("enquire", "SECONDS", enquire_s, 1, 86400,
               "enquire_link after so much silence, drop after\ntwice that "
               "(never)"),
        HEADING("Answers"),
        PARSE("latency", "MS[-MS]", &s->latency, read_span,
              "time to answer a submit (0)"),
        NUMBER(
            "rate", "N", rate, 1, 10000000,
            "accept N parts in any second, ESME_RTHROTTLED\nabove (no limit)"),
        PARSE("ids", "FORM", &s->ids, read_ids,
              "dec, hex, uuid, or mixed: hexadecimal in the\nanswer, decimal "
              "in the receipt (dec)"),
        EVERY("lose-resp", lose_resp_every, "never send every Nth answer"),
        EVERY("disconnect", disconnect_every,
              "reset the connection at every Nth submit"),
        PARSE("refuse", "STATUS:N", s, read_refuse,
              "refuse every Nth submit; may be repeated"),
        HEADING("Receipts, to those who ask for them"),
        PARSE("receipts", "R:STATE,..", s, settings_receipts,
              "shares: 0.97:DELIVRD,0.02:UNDELIV/011; the rest\nget none; "
              "`none` for nobody (1:DELIVRD)"),
        PARSE("receipt-delay", "MS[-MS]", &s->receipt_delay, read_span,
              "time from answer to receipt (100)"),
        PARSE("receipt-form", "FORM", &s->form, read_form,
              "text, tlv or both (both)"),
        EVERY("receipt-before-resp", receipt_before_resp_every,
              "every Nth receipt precedes its submit_sm_resp"),
        EVERY("receipt-twice", receipt_twice_every,
              "every Nth receipt comes twice"),
        EVERY("receipt-other-bind", receipt_other_bind_every,
              "every Nth receipt comes on another bind"),
        NUMBER("window", "N", window, 1, 16384,
               "unanswered deliver_sm per bind (1000)"),
        NUMBER("keep", "N", keep, 1, 100000000,
               "receipts and replies that may wait (8000000)"),
        HEADING("Phones that reply"),
        PARSE("replies", "RATIO", &s->reply_ratio, read_replies,
              "share of messages that get a reply (0)"),
        PARSE("reply-text", "TEXT", s, read_reply_text,
              "what they say, by turns; may be repeated\n(\"yes {n}\")"),
        PARSE("reply-delay", "MS[-MS]", &s->reply_delay, read_span,
              "time from answer to reply (1000)"),
        EVERY("reply-long", reply_long_every,
              "every Nth reply has three parts, out of order"),
        EVERY("reply-before-resp", reply_before_resp_every,
              "every Nth reply precedes the submit_sm_resp"),
        HEADING("Script and records"),
        TEXT("script", "FILE", script, "rules, see below"),
        TEXT("ledger", "FILE", ledger, "append every event to FILE, see below"),
        FLAG("ledger-text", ledger_text, "with the texts"),
        FLAG("stats", stats, "one line a second on stdout"),
        NUMBER("seed", "N", seed, 0, UINT64_MAX,
               "of the dice that shares and delays throw (1)"),
        TEXT("check-ledger", "FILE", check_ledger,
             "count a ledger and exit: submits, doubled,\nreceipts, replies, "
             "highest rate of any second"),
        FLAG("json", json, "with --check-ledger: as JSON"),
        HEADING("  --help, --version            this text; the version"),
    };
    const struct args a = {"volley-smsc", about, after, rows,
                           sizeof rows / sizeof *rows};
    enum args_result result = args_parse(&a, argc, argv, 1);
    if (s->reply_texts == 0)
        s->reply_text[s->reply_texts++] = "yes {n}";
    return result;
}
