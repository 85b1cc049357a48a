/*
 * check.c - counting a ledger from outside; see check.h.
 */
#include "bench/smsc/check.h"

#include "bench/smsc/args.h"
#include "bench/smsc/idset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIELDS = 11, SECOND_US = 1000000 };

enum field {
    F_TIME,
    F_KIND,
    F_BIND,
    F_ID,
    F_SOURCE,
    F_DEST,
    F_REF,
    F_TOTAL,
    F_PART,
    F_HASH,
    F_STATUS,
};

/* A part that came, for the rates. */
struct arrival {
    uint64_t time_us;
    uint32_t source;
};

/* What is gathered while reading. */
struct tally {
    struct check_result *out;
    struct idset parts, sources, receipts, receipt_acks, replies, reply_acks;
    struct arrival *arrivals;
    size_t arrivals_n, arrivals_cap;
    size_t names_cap;
};

static void *
must(void *p)
{
    if (!p) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return p;
}

/* Cuts a line at its tabs; false when fields are missing. */
static bool
cut_line(char *line, char *field[FIELDS])
{
    for (unsigned i = 0; i < FIELDS; i++) {
        if (!line)
            return false;
        field[i] = line;
        line = strchr(line, '\t');
        if (line)
            *line++ = '\0';
    }
    return true;
}

static int
kind_of(const char *name)
{
    for (unsigned k = 0; k < LEDGER_KIND_N; k++)
        if (strcmp(name, ledger_kind_name((enum ledger_kind)k)) == 0)
            return (int)k;
    return -1;
}

static uint32_t
source_index(struct tally *t, const char *name)
{
    uint64_t *at = idset_put(&t->sources, idset_key(slice_str(name)));
    if (*at)
        return (uint32_t)*at - 1;
    struct check_result *r = t->out;
    if (r->sources_n == t->names_cap) {
        t->names_cap = t->names_cap ? 2 * t->names_cap : 64;
        r->sources =
            must(realloc(r->sources, t->names_cap * sizeof *r->sources));
    }
    struct check_rate *rate = &r->sources[r->sources_n++];
    *rate = (struct check_rate){0};
    snprintf(rate->source, sizeof rate->source, "%s", name);
    *at = r->sources_n;
    return (uint32_t)r->sources_n - 1;
}

static void
add_arrival(struct tally *t, char *field[FIELDS], uint64_t time_us)
{
    if (t->arrivals_n == t->arrivals_cap) {
        t->arrivals_cap = t->arrivals_cap ? 2 * t->arrivals_cap : 1 << 16;
        t->arrivals =
            must(realloc(t->arrivals, t->arrivals_cap * sizeof *t->arrivals));
    }
    t->arrivals[t->arrivals_n++] =
        (struct arrival){time_us, source_index(t, field[F_SOURCE])};
}

/* The same text from and to the same, in the same place of its message:
 * a phone would show it twice. The reference does not count: a second try
 * may have another. */
static void
add_part(struct tally *t, char *field[FIELDS])
{
    char key[160];
    int n =
        snprintf(key, sizeof key, "%s\t%s\t%s\t%s\t%s", field[F_SOURCE],
                 field[F_DEST], field[F_TOTAL], field[F_PART], field[F_HASH]);
    uint64_t *times = idset_put(
        &t->parts, idset_key(slice_of(key, n < 160 ? (size_t)n : 159)));
    struct check_result *r = t->out;
    if ((*times)++) {
        r->doubled++;
        return;
    }
    r->distinct_parts++;
    r->distinct_messages += strcmp(field[F_PART], "1") == 0;
}

static void
add_once(struct idset *set, const char *id, uint64_t *count)
{
    uint64_t *seen = idset_put(set, idset_key(slice_str(id)));
    *count += (*seen)++ == 0;
}

static bool
add_line(struct tally *t, char *line)
{
    char *field[FIELDS];
    uint64_t time_us;
    if (!cut_line(line, field) ||
        !args_number(field[F_TIME], 0, UINT64_MAX, &time_us))
        return false;
    int kind = kind_of(field[F_KIND]);
    if (kind < 0)
        return false;
    struct check_result *r = t->out;
    r->lines[kind]++;
    switch (kind) {
    case LEDGER_SUBMIT:
        add_part(t, field);
        add_arrival(t, field, time_us);
        break;
    case LEDGER_THROTTLE:
    case LEDGER_REFUSE: add_arrival(t, field, time_us); break;
    case LEDGER_RESP:
        r->answers_lost += strcmp(field[F_STATUS], "LOST") == 0;
        break;
    case LEDGER_RECEIPT:
        add_once(&t->receipts, field[F_ID], &r->receipts);
        break;
    case LEDGER_RECEIPT_ACK:
        if (strcmp(field[F_STATUS], "0x00000000") == 0)
            add_once(&t->receipt_acks, field[F_ID], &r->receipts_acked);
        break;
    case LEDGER_REPLY: add_once(&t->replies, field[F_ID], &r->replies); break;
    case LEDGER_REPLY_ACK:
        if (strcmp(field[F_STATUS], "0x00000000") == 0)
            add_once(&t->reply_acks, field[F_ID], &r->reply_parts_acked);
        break;
    default: break;
    }
    return true;
}

static int
by_time(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    return (x->time_us > y->time_us) - (x->time_us < y->time_us);
}

static int
by_source(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return by_time(a, b);
}

/* The arrivals are sorted by time. */
static void
measure(struct check_rate *out, const struct arrival *a, size_t n)
{
    out->parts = n;
    for (size_t first = 0, i = 0; i < n; i++) {
        while (a[i].time_us - a[first].time_us >= SECOND_US)
            first++;
        if (i - first + 1 > out->most_in_1s)
            out->most_in_1s = i - first + 1;
    }
    if (n < 2)
        return;
    out->busy_s = (double)(a[n - 1].time_us - a[0].time_us) / SECOND_US;
    if (out->busy_s > 0)
        out->mean_per_s = (double)(n - 1) / out->busy_s;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const struct check_rate *)a)->source,
                  ((const struct check_rate *)b)->source);
}

static void
measure_all(struct tally *t)
{
    struct check_result *r = t->out;
    qsort(t->arrivals, t->arrivals_n, sizeof *t->arrivals, by_time);
    measure(&r->total, t->arrivals, t->arrivals_n);
    qsort(t->arrivals, t->arrivals_n, sizeof *t->arrivals, by_source);
    for (size_t i = 0; i < t->arrivals_n;) {
        size_t n = 1;
        while (i + n < t->arrivals_n &&
               t->arrivals[i + n].source == t->arrivals[i].source)
            n++;
        measure(&r->sources[t->arrivals[i].source], t->arrivals + i, n);
        i += n;
    }
    qsort(r->sources, r->sources_n, sizeof *r->sources, by_name);
}

bool
check_read(struct check_result *out, const char *path, char why[160])
{
    *out = (struct check_result){0};
    FILE *f = fopen(path, "re");
    if (!f) {
        snprintf(why, 160, "%.100s: %s", path, strerror(errno));
        return false;
    }
    struct tally t = {.out = out};
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    bool good = true;
    for (uint64_t number = 1; good && (n = getline(&line, &cap, f)) > 0;
         number++) {
        if (line[n - 1] != '\n')
            break; /* cut short: its writer was killed */
        line[n - 1] = '\0';
        good = line[0] == '#' || add_line(&t, line);
        if (!good)
            snprintf(why, 160, "%.100s:%llu: not a line of a ledger", path,
                     (unsigned long long)number);
    }
    if (good && t.arrivals_n)
        measure_all(&t);
    free(line);
    fclose(f);
    free(t.arrivals);
    idset_fini(&t.parts);
    idset_fini(&t.sources);
    idset_fini(&t.receipts);
    idset_fini(&t.receipt_acks);
    idset_fini(&t.replies);
    idset_fini(&t.reply_acks);
    return good;
}

void
check_fini(struct check_result *r)
{
    free(r->sources);
    r->sources = NULL;
}

static void
print_rate(const struct check_rate *rate, bool json)
{
    if (!json) {
        printf("  %-22s %10llu %14llu %12.2f %10.3f\n", rate->source,
               (unsigned long long)rate->parts,
               (unsigned long long)rate->most_in_1s, rate->mean_per_s,
               rate->busy_s);
        return;
    }
    printf("\"parts\":%llu,\"max_1s\":%llu,\"mean_per_s\":%.3f,"
           "\"busy_s\":%.6f",
           (unsigned long long)rate->parts,
           (unsigned long long)rate->most_in_1s, rate->mean_per_s,
           rate->busy_s);
}

/* Names as in --json, and what they count. */
static void
print_counts(const struct check_result *r, bool json)
{
    const struct {
        const char *name;
        uint64_t n;
    } rows[] = {
        {"submits", r->lines[LEDGER_SUBMIT]},
        {"distinct_parts", r->distinct_parts},
        {"distinct_messages", r->distinct_messages},
        {"doubled", r->doubled},
        {"answers", r->lines[LEDGER_RESP]},
        {"answers_lost", r->answers_lost},
        {"throttled", r->lines[LEDGER_THROTTLE]},
        {"refused", r->lines[LEDGER_REFUSE]},
        {"receipts", r->receipts},
        {"receipts_acked", r->receipts_acked},
        {"receipts_again", r->lines[LEDGER_RECEIPT_AGAIN]},
        {"reply_parts", r->replies},
        {"reply_parts_acked", r->reply_parts_acked},
        {"reply_parts_again", r->lines[LEDGER_REPLY_AGAIN]},
        {"binds", r->lines[LEDGER_BIND]},
        {"unbinds", r->lines[LEDGER_UNBIND]},
        {"drops", r->lines[LEDGER_DROP]},
        {"discarded", r->lines[LEDGER_DISCARD]},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        printf(json ? "\"%s\":%llu," : "%-20s %12llu\n", rows[i].name,
               (unsigned long long)rows[i].n);
}

void
check_print(const struct check_result *r, bool json)
{
    if (json)
        printf("{");
    print_counts(r, json);
    if (!json)
        printf("\n  %-22s %10s %14s %12s %10s\n", "source", "parts",
               "most in 1 s", "mean per s", "busy s");
    printf(json ? "\"total\":{" : "");
    struct check_rate total = r->total;
    snprintf(total.source, sizeof total.source, "(all)");
    print_rate(&total, json);
    printf(json ? "},\"sources\":{" : "");
    for (size_t i = 0; i < r->sources_n; i++) {
        if (json) {
            /* The ledger holds printable characters; two need care. */
            printf("%s\"", i ? "," : "");
            for (const char *c = r->sources[i].source; *c; c++)
                printf(*c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
            printf("\":{");
        }
        print_rate(&r->sources[i], json);
        printf(json ? "}" : "");
    }
    printf(json ? "}}\n" : "");
}
