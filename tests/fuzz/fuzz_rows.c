/*
 * fuzz_rows.c - any file is read to its end as CSV and as NDJSON, its rows
 * counted once each, and CSV gives the same rows in whatever pieces it
 * comes. The first octet chooses the size of the pieces.
 */
#include "engine/door/rows.h"

#include <stdlib.h>

#include "engine/door/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n);

struct file {
    struct rows rows;
    struct problem problem;
    uint64_t seen;
    size_t octets; /* of all fields: a sum that pieces must not change */
};

static uint32_t
find_sender(void *arg, struct slice ref)
{
    (void)arg;
    return ref.n == 1 ? ref.p[0] : 0;
}

static bool
find_name(void *arg, uint32_t sender, struct slice *name)
{
    (void)arg;
    *name = slice_str("Ann");
    return sender != 0;
}

static const struct rows_ops ops = {find_sender, find_name, NULL};

/* Whatever is kept must be readable. */
static void
take_chunk(struct file *f, bool all)
{
    struct recipients_reader reader;
    struct recipient row;
    size_t used;
    unsigned rows, read = 0;
    uint8_t *chunk = rows_take(&f->rows, all, &used, &rows);
    if (!chunk)
        return;
    if (!recipients_open(&reader, slice_of(chunk, used)))
        abort();
    while (recipients_next(&reader, &row))
        read++;
    if (read != rows || reader.at.failed)
        abort();
    free(chunk);
}

static bool
on_row(void *arg, const struct csv_row *row)
{
    struct file *f = arg;
    for (unsigned i = 0; i < row->fields; i++)
        f->octets += row->field[i].n + row->line;
    if (f->rows.has_header) {
        f->seen++;
        if (!rows_csv(&f->rows, row))
            take_chunk(f, false);
        return true;
    }
    return !row->fault && rows_header(&f->rows, row, &f->problem);
}

static bool
on_line(void *arg, uint64_t line, struct slice text, bool too_long)
{
    struct file *f = arg;
    f->seen++;
    if (!rows_json(&f->rows, line, text, too_long))
        take_chunk(f, false);
    return true;
}

static void
begin(struct file *f, const struct template *t)
{
    *f = (struct file){0};
    rows_init(&f->rows);
    f->rows.ops = &ops;
    f->rows.template = t;
}

static void
end(struct file *f)
{
    take_chunk(f, false);
    take_chunk(f, true);
    if (f->rows.accepted + f->rows.rejected != f->seen)
        abort();
    rows_fini(&f->rows);
}

static size_t
read_csv(const uint8_t *p, size_t n, size_t piece, const struct template *t)
{
    struct csv *c = calloc(1, sizeof *c);
    struct file f;
    if (!c)
        abort();
    begin(&f, t);
    c->each = on_row;
    c->arg = &f;
    for (size_t at = 0; at < n && !f.problem.code;) {
        size_t now = n - at < piece ? n - at : piece;
        at += csv_feed(c, (const char *)p + at, now);
    }
    if (!f.problem.code)
        csv_end(c);
    size_t octets = f.octets;
    end(&f);
    free(c);
    return octets;
}

static void
read_json(const uint8_t *p, size_t n, size_t piece, const struct template *t)
{
    struct file f;
    struct lines l = {.max = CSV_ROW_MAX, .each = on_line, .arg = &f};
    begin(&f, t);
    for (size_t at = 0; at < n; at += piece)
        lines_feed(&l, (const char *)p + at, n - at < piece ? n - at : piece);
    lines_end(&l);
    lines_fini(&l);
    end(&f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    char why[TEMPLATE_WHY_BYTES];
    if (n == 0)
        return 0;
    size_t piece = octets[0] % 64 + 1;
    struct template *t =
        template_create(slice_str("{{a}} {{to}} {{sender.name|x}}"), why);
    if (read_csv(octets + 1, n - 1, piece, t) !=
        read_csv(octets + 1, n - 1, n, t))
        abort();
    read_json(octets + 1, n - 1, piece, t);
    template_destroy(t);
    return 0;
}
