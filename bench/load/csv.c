/*
 * csv.c - recipients with fields for templates; see csv.h.
 *
 * Promise: the same options give the same file. Ten million rows take
 * seconds: lines are put together in one buffer and written in megabytes.
 */
#include "bench/load/csv.h"

#include "bench/load/crowd.h"
#include "bench/smsc/args.h"
#include "bench/smsc/msgid.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 20, ROW_MAX_BYTES = 1024, FIELDS_MAX = 16 };

struct csv_options {
    uint64_t rows;
    uint64_t start;
    const char *to_prefix;
    const char *fields;
    const char *senders;
    uint64_t duplicate_every;
    uint64_t bad_every;
};

static const char *const names[] = {
    "Anna",  "Ben",   "Chloe", "David", "Elif", "Farid", "Grace", "Hugo",
    "Ines",  "Jonas", "Kate",  "Liam",  "Maya", "Noah",  "Olga",  "Paul",
    "Quinn", "Rosa",  "Sami",  "Tara",  "Uwe",  "Vera",  "Wei",   "Ximena",
    "Yusuf", "Zoe",   "Amir",  "Bea",   "Carl", "Dina",  "Emil",  "Fay"};

static void
put_text(struct writer *w, const char *text)
{
    writer_put(w, slice_str(text));
}

static void
put_number(struct writer *w, uint64_t n)
{
    char digits[24];
    writer_put(w, slice_of(digits, msgid_put_decimal(n, digits)));
}

static void
put_to(struct writer *w, const struct csv_options *o, uint64_t n)
{
    char number[CROWD_NUMBER_BYTES];
    if (o->bad_every && n % o->bad_every == 0) {
        put_text(w, "12-bad-");
        put_number(w, n);
        return;
    }
    /* A duplicate repeats the number of the row before it. */
    if (o->duplicate_every && n > 0 && n % o->duplicate_every == 0)
        n--;
    writer_u8(w, '+');
    writer_put(w, slice_of(number, crowd_number(o->to_prefix, n, number)));
}

/* "AB12 CDE": looks like one, differs from row to row. */
static void
put_plate(struct writer *w, uint64_t n)
{
    uint64_t mixed = n * 2654435761u;
    for (unsigned i = 0; i < 2; i++, mixed /= 26)
        writer_u8(w, (uint8_t)('A' + mixed % 26));
    writer_u8(w, (uint8_t)('0' + n / 10 % 10));
    writer_u8(w, (uint8_t)('0' + n % 10));
    writer_u8(w, ' ');
    for (unsigned i = 0; i < 3; i++, mixed /= 26)
        writer_u8(w, (uint8_t)('A' + mixed % 26));
}

static void
put_amount(struct writer *w, uint64_t n)
{
    uint64_t cents = 500 + n * 7919 % 99500;
    put_number(w, cents / 100);
    writer_u8(w, '.');
    writer_u8(w, (uint8_t)('0' + cents / 10 % 10));
    writer_u8(w, (uint8_t)('0' + cents % 10));
}

/* The n-th of a comma list, by turns. */
static void
put_sender(struct writer *w, const struct csv_options *o, uint64_t n)
{
    const char *list = o->senders ? o->senders : "desk";
    unsigned count = 1;
    for (const char *c = list; *c; c++)
        count += *c == ',';
    for (n %= count; n > 0; n--)
        list = strchr(list, ',') + 1;
    writer_put(w, slice_of(list, strcspn(list, ",")));
}

static void
put_field(struct writer *w, const struct csv_options *o, const char *field,
          uint64_t n)
{
    if (strcmp(field, "to") == 0)
        put_to(w, o, n);
    else if (strcmp(field, "first_name") == 0)
        put_text(w, names[n % (sizeof names / sizeof *names)]);
    else if (strcmp(field, "plate") == 0)
        put_plate(w, n);
    else if (strcmp(field, "amount") == 0)
        put_amount(w, n);
    else if (strcmp(field, "sender") == 0)
        put_sender(w, o, n);
    else
        put_number(w, n);
}

static bool
write_all(const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(STDOUT_FILENO, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

/* Cuts the list of fields; false with the name of one nobody knows. */
static bool
cut_fields(char *list, const char *field[FIELDS_MAX], unsigned *n,
           const char **unknown)
{
    static const char *const known[] = {"to",     "first_name", "plate",
                                        "amount", "sender",     "n"};
    char *save = NULL;
    for (char *f = strtok_r(list, ",", &save); f;
         f = strtok_r(NULL, ",", &save)) {
        bool found = false;
        for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
            found |= strcmp(f, known[i]) == 0;
        if (!found || *n == FIELDS_MAX) {
            *unknown = f;
            return false;
        }
        field[(*n)++] = f;
    }
    return *n > 0;
}

static bool
write_rows(const struct csv_options *o, const char *field[], unsigned fields)
{
    static char buffer[BUFFER_BYTES];
    struct writer w = writer_of(buffer, sizeof buffer);
    for (unsigned i = 0; i < fields; i++) {
        put_text(&w, i ? "," : "");
        put_text(&w, field[i]);
    }
    put_text(&w, "\r\n");
    for (uint64_t n = o->start; n < o->start + o->rows; n++) {
        for (unsigned i = 0; i < fields; i++) {
            if (i)
                writer_u8(&w, ',');
            put_field(&w, o, field[i], n);
        }
        put_text(&w, "\r\n");
        if (writer_used(&w) > BUFFER_BYTES - ROW_MAX_BYTES) {
            if (!write_all(buffer, writer_used(&w)))
                return false;
            w = writer_of(buffer, sizeof buffer);
        }
    }
    return write_all(buffer, writer_used(&w));
}

static enum args_result
read_options(struct csv_options *o, int argc, char **argv, int first)
{
    const struct arg rows[] = {
        {ARG_NUMBER, "rows", "N", "recipients to write (1000)", &o->rows, 0,
         10000000000, NULL},
        {ARG_NUMBER, "start", "N", "number of the first one (0)", &o->start, 0,
         10000000000, NULL},
        {ARG_TEXT, "to-prefix", "DIGITS",
         "numbers begin with it, without + (44770)", &o->to_prefix, 0, 0, NULL},
        {ARG_TEXT, "fields", "LIST",
         "columns in order, of to, first_name, plate, amount,\n"
         "sender, n (to,first_name,plate,amount)",
         &o->fields, 0, 0, NULL},
        {ARG_TEXT, "senders", "LIST",
         "values of the column sender, by turns; adds it", &o->senders, 0, 0,
         NULL},
        {ARG_NUMBER, "duplicates", "N", "every Nth row repeats a number",
         &o->duplicate_every, 2, 1000000000, NULL},
        {ARG_NUMBER, "bad", "N", "every Nth row has a bad number",
         &o->bad_every, 1, 1000000000, NULL},
    };
    const struct args a = {
        "volley-load csv",
        "volley-load csv: writes a CSV file of recipients for a campaign to\n"
        "stdout. The same options give the same file.\n",
        "Example: volley-load csv --rows 1000000 --senders alice,bob > r.csv",
        rows, sizeof rows / sizeof *rows};
    return args_parse(&a, argc, argv, first);
}

int
csv_main(int argc, char **argv, int first)
{
    struct csv_options o = {.rows = 1000, .to_prefix = "44770"};
    enum args_result parsed = read_options(&o, argc, argv, first);
    if (parsed != ARGS_RUN)
        return parsed == ARGS_DONE ? 0 : 2;
    char list[256];
    const char *field[FIELDS_MAX], *unknown = "";
    unsigned fields = 0;
    snprintf(list, sizeof list, "%s%s",
             o.fields ? o.fields : "to,first_name,plate,amount",
             !o.fields && o.senders ? ",sender" : "");
    if (!cut_fields(list, field, &fields, &unknown)) {
        fprintf(stderr,
                "volley-load csv: --fields: '%.40s' is not a column (to, "
                "first_name, plate, amount, sender, n)\n",
                unknown);
        return 2;
    }
    if (!write_rows(&o, field, fields)) {
        fprintf(stderr, "volley-load csv: %s\n", strerror(errno));
        return 1;
    }
    return 0;
}
