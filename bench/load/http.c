/*
 * http.c - POST /v1/messages over keep-alive connections; see http.h.
 *
 * A connection has one request at a time. With --batch a request carries
 * many messages as NDJSON, and each line of the answer speaks for one.
 */
#include "bench/load/http.h"

#include "bench/load/crowd.h"
#include "bench/load/hist.h"
#include "bench/load/response.h"
#include "bench/load/tally.h"
#include "bench/smsc/args.h"
#include "bench/smsc/tls.h"
#include "bench/smsc/wire.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    BODY_BYTES = 4 << 20,
    ITEM_MAX_BYTES = 2048,
    FAILURES_MAX = 50, /* connects in a row that fail end the run */
};

struct http_options {
    const char *url, *key, *from, *to_prefix, *text, *sender;
    uint64_t connections, count, batch, rate, seconds, start;
    bool json, progress;
};

struct load;

/* One connection. Invariant: waiting messages belong to the one request
 * that is out. */
struct lane {
    struct load *load;
    struct wire *wire; /* NULL: not connected */
    bool open;
    uint64_t waiting; /* messages asked for and not yet answered */
    uint64_t sent_us;
    struct response response;
};

struct load {
    struct http_options o;
    struct hub *hub;
    struct lane *lanes;
    SSL_CTX *tls;
    char host[128], path[256], quoted[ITEM_MAX_BYTES / 2];
    uint16_t port;
    struct crowd_text text; /* as it stands in JSON */
    struct tally tally;
    struct hist latency;
    uint64_t sent, answered, requests, broken, dials;
    unsigned failures; /* connects since the last good one */
    uint64_t started_us, last_us;
    char first_refusal[256];
    char why[WIRE_WHY_BYTES];
    char body[BODY_BYTES];
};

/* The value of "id":"..." in a line of JSON; empty when it has none. */
static struct slice
find_id(struct slice line)
{
    const uint8_t *at = memmem(line.p, line.n, "\"id\":", 5);
    if (!at)
        return (struct slice){0};
    struct cursor c = cursor_of(line);
    (void)cursor_take(&c, (size_t)(at - line.p) + 5);
    while (cursor_left(&c) && *c.at == ' ')
        (void)cursor_take(&c, 1);
    if (cursor_u8(&c) != '"')
        return (struct slice){0};
    const uint8_t *end = memchr(c.at, '"', cursor_left(&c));
    return end ? cursor_take(&c, (size_t)(end - c.at)) : (struct slice){0};
}

static void
refused(struct load *load, unsigned status, struct slice line, uint64_t n)
{
    tally_refused(&load->tally, status, n);
    if (!load->first_refusal[0] && line.n)
        slice_to_str(line, load->first_refusal, sizeof load->first_refusal);
}

static void
refuse_rest(struct lane *l, unsigned status, struct slice line)
{
    refused(l->load, status, line, l->waiting);
    l->load->answered += l->waiting;
    l->waiting = 0;
}

/* A line of an answer: of a message, or a problem with the whole. */
static void
on_line(void *owner, unsigned status, struct slice line)
{
    struct lane *l = owner;
    struct load *load = l->load;
    if (l->waiting == 0)
        return;
    struct slice id = find_id(line);
    if (status >= 300) {
        refuse_rest(l, status, line);
        return;
    }
    if (!id.n && !load->o.batch)
        return; /* one object over several lines */
    load->answered++;
    l->waiting--;
    if (id.n) {
        tally_accepted(&load->tally, idset_key(id));
        return;
    }
    const uint8_t *at = memmem(line.p, line.n, "\"status\":", 9);
    char digits[8] = "";
    if (at)
        slice_to_str(slice_of(at + 9, line.n - (size_t)(at + 9 - line.p)),
                     digits, sizeof digits);
    refused(load, (unsigned)strtoul(digits, NULL, 10), line, 1);
}

static void
end_request(struct lane *l)
{
    struct load *load = l->load;
    load->last_us = hub_mono_us(load->hub);
    hist_add(&load->latency, load->last_us - l->sent_us);
    /* A body that said too little: those messages stay unanswered. */
    l->waiting = 0;
    l->sent_us = 0;
}

static size_t
on_readable(void *owner, struct slice input, uint64_t arrived_us)
{
    struct lane *l = owner;
    size_t used = 0;
    (void)arrived_us;
    if (!l->sent_us)
        return input.n; /* nothing was asked: its words count for nothing */
    switch (response_feed(&l->response, input, &used)) {
    case RESPONSE_MORE: break;
    case RESPONSE_DONE:
        if (l->waiting && (l->response.status >= 300 || !l->load->o.batch))
            refuse_rest(l, l->response.status, (struct slice){0});
        end_request(l);
        if (l->response.closes)
            wire_close(l->wire, "closed as the server asked");
        break;
    case RESPONSE_BAD:
        l->load->broken++;
        wire_reset(l->wire, "not HTTP");
        return input.n;
    }
    return used;
}

static void
on_opened(void *owner)
{
    struct lane *l = owner;
    l->open = true;
    l->load->failures = 0;
}

static void
on_closed(void *owner, const char *why)
{
    struct lane *l = owner;
    if (l->sent_us && response_end(&l->response))
        end_request(l);
    l->load->failures += !l->open;
    if (!l->open || l->sent_us)
        snprintf(l->load->why, sizeof l->load->why, "%s", why);
    l->wire = NULL;
    l->open = false;
    l->waiting = 0;
    l->sent_us = 0;
}

static bool
dial(struct lane *l)
{
    static const struct wire_ops ops = {on_opened, on_readable, on_closed};
    struct load *load = l->load;
    load->dials++;
    response_init(&l->response, on_line, l);
    l->wire = wire_dial(load->hub, load->host, load->port, load->tls, &ops, l,
                        load->why);
    return l->wire != NULL;
}

static void
put_item(const struct load *load, uint64_t n, struct writer *w)
{
    const struct http_options *o = &load->o;
    char number[CROWD_NUMBER_BYTES];
    writer_put(w, slice_str("{\"to\":\"+"));
    writer_put(w, slice_of(number, crowd_number(o->to_prefix, n, number)));
    writer_put(w, slice_str("\",\"from\":\""));
    writer_put(w, slice_str(o->from));
    if (o->sender) {
        writer_put(w, slice_str("\",\"sender\":\""));
        writer_put(w, slice_str(o->sender));
    }
    writer_put(w, slice_str("\",\"text\":\""));
    crowd_text_put(&load->text, n, w);
    writer_put(w, slice_str("\"}"));
}

static void
send_request(struct lane *l, uint64_t messages)
{
    struct load *load = l->load;
    const struct http_options *o = &load->o;
    struct writer w = writer_of(load->body, sizeof load->body);
    uint64_t n = 0;
    while (n < messages &&
           writer_used(&w) < sizeof load->body - ITEM_MAX_BYTES) {
        put_item(load, o->start + load->sent + n++, &w);
        if (o->batch)
            writer_u8(&w, '\n');
    }
    char head[1024];
    int head_n =
        snprintf(head, sizeof head,
                 "POST %s/v1/messages HTTP/1.1\r\nHost: %s:%u\r\n"
                 "Authorization: Bearer %s\r\nContent-Type: application/%s\r\n"
                 "Content-Length: %zu\r\n\r\n",
                 load->path, load->host, load->port, o->key ? o->key : "",
                 o->batch ? "x-ndjson" : "json", writer_used(&w));
    wire_put(l->wire, slice_of(head, (size_t)head_n));
    wire_put(l->wire, writer_slice(&w));
    l->waiting = n;
    l->sent_us = hub_mono_us(load->hub);
    load->sent += n;
    load->requests++;
}

static uint64_t
allowance(const struct load *load)
{
    const struct http_options *o = &load->o;
    if (o->rate == 0)
        return o->count;
    uint64_t us = hub_mono_us(load->hub) - load->started_us;
    uint64_t n = us * o->rate / 1000000 + 1;
    return n < o->count ? n : o->count;
}

/* False when the server cannot be reached any more. */
static bool
fill(struct load *load)
{
    uint64_t allowed = allowance(load);
    for (uint64_t i = 0; i < load->o.connections; i++) {
        struct lane *l = &load->lanes[i];
        if (load->sent >= allowed)
            return true;
        if (!l->wire && (load->failures > FAILURES_MAX || !dial(l)))
            return false;
        if (!l->open || l->sent_us || wire_is_closing(l->wire))
            continue;
        uint64_t n = load->o.batch ? load->o.batch : 1;
        uint64_t left = allowed - load->sent;
        send_request(l, n < left ? n : left);
    }
    return true;
}

static bool
is_busy(const struct load *load)
{
    for (uint64_t i = 0; i < load->o.connections; i++)
        if (load->lanes[i].sent_us)
            return true;
    return load->sent < load->o.count;
}

static bool
run(struct load *load)
{
    const struct http_options *o = &load->o;
    uint64_t shown_us = 0;
    load->started_us = hub_mono_us(load->hub);
    while (is_busy(load)) {
        uint64_t now_us = hub_mono_us(load->hub);
        if (now_us - load->started_us > o->seconds * 1000000)
            break;
        if (!fill(load))
            return false;
        hub_turn(load->hub, 1);
        if (o->progress && now_us - shown_us >= 1000000) {
            shown_us = now_us;
            fprintf(stderr, "sent=%llu answered=%llu refused=%llu\n",
                    (unsigned long long)load->sent,
                    (unsigned long long)load->answered,
                    (unsigned long long)load->tally.refused);
        }
    }
    return true;
}

static void
print_refused(const struct load *load, bool json)
{
    const struct tally *t = &load->tally;
    printf(json ? "\"statuses\":{" : "");
    for (unsigned i = 0; i < t->statuses_n; i++)
        printf(json ? "%s\"%u\":%llu" : "%s  status %u: %llu\n",
               json && i ? "," : "", t->statuses[i].status,
               (unsigned long long)t->statuses[i].count);
    printf(json ? "}," : "");
    if (!json && load->first_refusal[0])
        printf("  first refusal: %s\n", load->first_refusal);
}

static bool
report(const struct load *load)
{
    const struct tally *t = &load->tally;
    bool json = load->o.json;
    double s = load->last_us > load->started_us
                   ? (double)(load->last_us - load->started_us) / 1e6
                   : 0;
    const struct {
        const char *name;
        uint64_t n;
    } rows[] = {{"sent", load->sent},
                {"answered", load->answered},
                {"accepted", t->accepted},
                {"refused", t->refused},
                {"unanswered", load->sent - load->answered},
                {"ids_doubled", t->doubled},
                {"requests", load->requests},
                {"connects", load->dials},
                {"protocol_errors", load->broken}};
    printf(json ? "{" : "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        printf(json ? "\"%s\":%llu," : "%-18s %12llu\n", rows[i].name,
               (unsigned long long)rows[i].n);
    print_refused(load, json);
    printf(json ? "\"seconds\":%.6f,\"messages_per_s\":%.1f,\"cpu_s\":%.3f,"
                  "\"latency_us\":{"
                : "seconds            %12.3f\nmessages per s     %12.0f\n"
                  "CPU seconds        %12.3f\nanswer after       ",
           s, s > 0 ? (double)load->answered / s : 0,
           (double)tally_cpu_us() / 1e6);
    hist_print(&load->latency, json);
    printf(json ? "}}\n" : "\n");
    return t->accepted == load->o.count && !t->doubled && !load->broken;
}

/* http://HOST[:PORT][/PATH]; https too. */
static bool
read_url(struct load *load)
{
    const char *u = load->o.url;
    bool secure = strncmp(u, "https://", 8) == 0;
    if (!secure && strncmp(u, "http://", 7) != 0)
        return false;
    u += secure ? 8 : 7;
    size_t n = strcspn(u, ":/");
    uint64_t port = secure ? 443 : 80;
    if (n == 0 || n >= sizeof load->host)
        return false;
    memcpy(load->host, u, n);
    u += n;
    if (*u == ':') {
        char digits[8] = "";
        size_t d = strcspn(++u, "/");
        if (d < sizeof digits)
            memcpy(digits, u, d);
        if (!args_number(digits, 1, 65535, &port))
            return false;
        u += d;
    }
    n = strlen(u);
    while (n && u[n - 1] == '/')
        n--;
    if (n >= sizeof load->path)
        return false;
    memcpy(load->path, u, n);
    load->port = (uint16_t)port;
    return !secure || (load->tls = tls_client(load->why));
}

/* The text as it stands between the quotes of JSON; UTF-8 passes as it is. */
static bool
quote_text(struct load *load)
{
    struct writer w = writer_of(load->quoted, sizeof load->quoted);
    for (const char *c = load->o.text; *c; c++) {
        if (*c == '"' || *c == '\\')
            writer_u8(&w, '\\');
        if (*c == '\n')
            writer_put(&w, slice_str("\\n"));
        else if ((unsigned char)*c < ' ')
            return false;
        else
            writer_u8(&w, (uint8_t)*c);
    }
    load->text = crowd_text_cut(writer_slice(&w));
    return !w.failed;
}

static enum args_result
read_options(struct http_options *o, int argc, char **argv, int first)
{
#define NUMBER(n, v, field, lo, hi, text)                                      \
    {                                                                          \
        ARG_NUMBER, n, v, text, &o->field, lo, hi, NULL                        \
    }
#define TEXT(n, v, field, text)                                                \
    {                                                                          \
        ARG_TEXT, n, v, text, &o->field, 0, 0, NULL                            \
    }
#define FLAG(n, field, text)                                                   \
    {                                                                          \
        ARG_FLAG, n, NULL, text, &o->field, 0, 0, NULL                         \
    }
    const struct arg rows[] = {
        TEXT("url", "URL", url,
             "Volley's API (http://127.0.0.1:8080, or VOLLEY_URL)"),
        TEXT("key", "KEY", key, "account's or sender's key (VOLLEY_KEY)"),
        NUMBER("connections", "N", connections, 1, 10000, "kept alive (8)"),
        NUMBER("count", "N", count, 1, 1000000000, "messages (10000)"),
        NUMBER("batch", "N", batch, 1, 20000,
               "messages a request, as NDJSON (one, as JSON)"),
        NUMBER("rate", "N", rate, 1, 10000000,
               "messages a second (as fast as it goes)"),
        TEXT("from", "NUMBER", from, "our number (+12125550101)"),
        TEXT("to-prefix", "DIGITS", to_prefix,
             "destinations begin with it, without + (44770)"),
        NUMBER("start", "N", start, 0, 10000000000,
               "number of the first destination (0)"),
        TEXT("sender", "ID", sender, "the sender of all (the key's)"),
        TEXT("text", "TEXT", text, "{n} is the running number"),
        NUMBER("seconds", "S", seconds, 1, 86400,
               "end after so long whatever happens (600)"),
        FLAG("progress", progress, "a line a second on stderr"),
        FLAG("json", json, "the result as JSON"),
    };
    const struct args a = {
        "volley-load http",
        "volley-load http: posts messages to POST /v1/messages and counts "
        "what\n"
        "was accepted, refused and lost; the time is that of a request.\n",
        "Example: volley-load http --key acc_... --connections 16 --batch 500 "
        "\\\n"
        "             --count 1000000",
        rows, sizeof rows / sizeof *rows};
    return args_parse(&a, argc, argv, first);
}

int
http_main(int argc, char **argv, int first)
{
    static struct load load;
    const char *url = getenv("VOLLEY_URL");
    load.o = (struct http_options){
        .url = url ? url : "http://127.0.0.1:8080",
        .key = getenv("VOLLEY_KEY"),
        .from = "+12125550101",
        .to_prefix = "44770",
        .text = "Hello, this is message {n} of a load test.",
        .connections = 8,
        .count = 10000,
        .seconds = 600,
    };
    enum args_result parsed = read_options(&load.o, argc, argv, first);
    if (parsed != ARGS_RUN)
        return parsed == ARGS_DONE ? 0 : 2;
    if (!read_url(&load) || !quote_text(&load)) {
        fprintf(stderr, "volley-load http: --url wants http://HOST:PORT, "
                        "--text printable characters, 1000 at most\n");
        return 2;
    }
    load.hub = hub_create();
    idset_reserve(&load.tally.ids, load.o.count);
    load.lanes = calloc(load.o.connections, sizeof *load.lanes);
    for (uint64_t i = 0; load.lanes && i < load.o.connections; i++)
        load.lanes[i].load = &load;
    int status = 1;
    if (!load.lanes || !run(&load))
        fprintf(stderr, "volley-load http: %s:%u: %s\n", load.host, load.port,
                load.why);
    else
        status = report(&load) ? 0 : 1;
    hub_destroy(load.hub);
    free(load.lanes);
    tally_fini(&load.tally);
    tls_free(load.tls);
    return status;
}
