/*
 * door.c - paths of intake: recipients in CSV, messages in JSON.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/paths/paths.h"
#include "bench/paths/stage.h"
#include "engine/door/dedupe.h"
#include "engine/door/item.h"
#include "engine/door/lines.h"
#include "engine/door/rows.h"

enum {
    PIECE = 16384,     /* as the HTTP library hands a body over */
    LINE_MAX = 131072, /* as bulk.c */
    DIGITS = 12,       /* of a phone */
    SENDER = 1,
};
#define PHONE0 UINT64_C(447700900000)
#define HEAD   "to,sender,first_name,plate,city\r\n"

/* ---- a body whose lines differ in the phone -------------------------------
 */

struct body {
    char line[512]; /* with a phone in it */
    size_t line_bytes, phone_at;
    char piece[PIECE];
    size_t used;
    void (*feed)(void *arg, const char *p, size_t n);
    void *arg;
};

static void
body_init(struct body *b, const char *line)
{
    const char *at = strchr(line, '#'); /* where the phone's digits begin */
    paths_need(at);
    snprintf(b->line, sizeof b->line, "%s", line);
    b->line_bytes = strlen(line);
    b->phone_at = (size_t)(at - line);
}

static void
body_put(struct body *b, const char *p, size_t n)
{
    while (n) {
        size_t room = PIECE - b->used, take = n < room ? n : room;
        memcpy(b->piece + b->used, p, take);
        b->used += take;
        p += take;
        n -= take;
        if (b->used == PIECE) {
            b->feed(b->arg, b->piece, b->used);
            b->used = 0;
        }
    }
}

static void
body_lines(struct body *b, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        paths_digits((uint8_t *)b->line + b->phone_at, DIGITS, PHONE0 + i);
        body_put(b, b->line, b->line_bytes);
    }
    b->feed(b->arg, b->piece, b->used);
    b->used = 0;
}

/* ---- CSV ------------------------------------------------------------------
 */

#define CSV_LINE "+############,ana,Francesca,\"AB12 CDE\",Southampton\r\n"

/* An upload as upload.c runs one, without its HTTP request. */
struct file {
    struct csv csv;
    struct rows rows;
    struct problem problem;
    uint64_t campaign, upload; /* 0: chunks are thrown away */
    size_t octets;
};

static uint32_t
find_sender(void *arg, struct slice ref)
{
    (void)arg;
    return slice_eq(ref, slice_str("ana")) ? SENDER : 0;
}

static bool
find_sender_name(void *arg, uint32_t sender, struct slice *name)
{
    (void)arg;
    *name = slice_str("ana");
    return sender == SENDER;
}

static uint64_t
upload_mail(struct file *f, enum mail_kind kind, struct slice octets,
            unsigned rows)
{
    struct mail *m = stage_ask(kind);
    m->upload.campaign = f->campaign;
    m->upload.upload = f->upload;
    m->upload.octets = octets;
    m->upload.rows = rows;
    stage_post(m);
    uint64_t upload = m->upload.upload;
    mail_free(m);
    return upload;
}

static void
take_chunk(struct file *f, bool all)
{
    size_t octets;
    unsigned rows;
    uint8_t *chunk = rows_take(&f->rows, all, &octets, &rows);
    if (chunk && f->upload)
        upload_mail(f, MAIL_UPLOAD_CHUNK, slice_of(chunk, octets), rows);
    f->octets += chunk ? octets : 0;
    free(chunk);
}

static bool
on_row(void *arg, const struct csv_row *row)
{
    struct file *f = arg;
    if (!f->rows.has_header)
        return rows_header(&f->rows, row, &f->problem);
    if (!rows_csv(&f->rows, row))
        take_chunk(f, false);
    return true;
}

static void
feed_csv(void *arg, const char *p, size_t n)
{
    struct file *f = arg;
    paths_need(csv_feed(&f->csv, p, n) == n);
}

static const char *const text =
    "Hi {{first_name|there}}, {{plate}} is ready in {{city}}.";

static void
read_file(struct file *f, unsigned count)
{
    static const struct rows_ops ops = {find_sender, find_sender_name, NULL};
    static struct body b = {.feed = feed_csv};
    char why[TEMPLATE_WHY_BYTES];
    bool failed;
    struct template *t = template_create(slice_str(text), why);
    paths_need(t);
    rows_init(&f->rows);
    f->rows.ops = &ops;
    f->rows.template = t;
    f->rows.dedupe = dedupe_create(paths_dir());
    f->csv.each = on_row;
    f->csv.arg = f;
    b.arg = f;
    body_init(&b, CSV_LINE);
    body_put(&b, HEAD, strlen(HEAD));
    body_lines(&b, count);
    csv_end(&f->csv);
    take_chunk(f, false);
    take_chunk(f, true);
    while (dedupe_step(f->rows.dedupe, &failed))
        ;
    paths_need(!failed && dedupe_count(f->rows.dedupe) == 0);
    paths_need(f->rows.accepted == count && f->rows.rejected == 0);
    dedupe_destroy(f->rows.dedupe);
    rows_fini(&f->rows);
    template_destroy(t);
}

static void
csv_rows(unsigned count)
{
    static struct file f;
    read_file(&f, count);
    paths_use(f.octets);
}

/* The same with the engine's part of it. */
static void
csv_upload(unsigned count)
{
    static struct file f;
    stage_open();
    struct mail *m = stage_ask(MAIL_CAMPAIGN_CREATE);
    m->campaign.name = slice_str("spring");
    m->campaign.text = slice_str(text);
    m->campaign.from = slice_str("+" STAGE_NUMBER);
    stage_post(m);
    f.campaign = m->campaign.campaign;
    mail_free(m);
    f.upload = upload_mail(&f, MAIL_UPLOAD_BEGIN, (struct slice){0}, 0);
    read_file(&f, count);
    upload_mail(&f, MAIL_UPLOAD_END, (struct slice){0}, 0);
    stage_close();
}

/* ---- JSON -----------------------------------------------------------------
 */

#define JSON_LINE                                                              \
    "{\"to\": \"+############\", \"from\": \"+" STAGE_NUMBER                   \
    "\", \"sender\": \"ana\", \"text\": \"Hi Francesca, your car AB12 CDE "    \
    "is ready at our garage in Southampton.\"}\n"

struct stream {
    struct lines lines;
    uint64_t read;
};

static bool
on_line(void *arg, uint64_t line, struct slice octets, bool too_long)
{
    static struct send_item item;
    struct stream *s = arg;
    struct problem p = {0};
    (void)line;
    paths_need(!too_long);
    json_t *object = form_parse(octets, &p);
    paths_need(object && item_read(object, &item, &p));
    s->read += item.text.n > 0;
    json_decref(object);
    return true;
}

static void
feed_json(void *arg, const char *p, size_t n)
{
    struct stream *s = arg;
    paths_need(lines_feed(&s->lines, p, n) == n);
}

static void
json_lines(unsigned count)
{
    static struct body b = {.feed = feed_json};
    struct stream s = {0};
    json_object_seed(1); /* else its tables fall out otherwise each time */
    s.lines = (struct lines){.max = LINE_MAX, .each = on_line, .arg = &s};
    b.arg = &s;
    body_init(&b, JSON_LINE);
    body_lines(&b, count);
    lines_end(&s.lines);
    paths_need(s.read == count);
    lines_fini(&s.lines);
}

const struct path paths_door[] = {
    {"csv-rows", 10000, csv_rows,
     "line of CSV read, checked, looked for twice, packed"},
    {"csv-upload", 10000, csv_upload, "the same and given to the engine"},
    {"json-lines", 5000, json_lines, "line of NDJSON read as a message"},
    {0},
};
