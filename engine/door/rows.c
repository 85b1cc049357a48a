/*
 * rows.c - recipients as they come in a file, checked one by one and packed.
 *
 * Promise: as in rows.h.
 */
#include "engine/door/rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/door/dedupe.h"
#include "engine/door/form.h"
#include "proto/addr.h"

/* Longer than any text that 255 parts carry. */
enum { RENDER_MAX = 48 * 1024 };

void
rows_init(struct rows *w)
{
    w->to_field = w->sender_field = -1;
    for (unsigned i = 0; i < TEMPLATE_FIELDS_MAX; i++)
        w->field_of[i] = ROWS_ABSENT;
}

void
rows_fini(struct rows *w)
{
    free(w->packer.octets);
    free(w->full);
    emit_fini(&w->errors);
}

void
rows_reject(struct rows *w, uint64_t line, const char *field, const char *code,
            const char *format, ...)
{
    char detail[200];
    w->rejected++;
    if (w->errors_listed == ROWS_ERRORS_MAX)
        return;
    w->errors_listed++;
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    emit_open(&w->errors, '{');
    emit_member_number(&w->errors, "line", line);
    if (field)
        emit_member_word(&w->errors, "field", field);
    emit_member_word(&w->errors, "code", code);
    emit_member_word(&w->errors, "detail", detail);
    emit_close(&w->errors, '}');
}

/* --- columns */

static int
column_named(const struct rows *w, struct slice name)
{
    for (unsigned i = 0; i < w->columns; i++)
        if (slice_eq(name, slice_of(w->names[i], w->name_bytes[i])))
            return (int)i;
    return -1;
}

/* The names may have changed: which column is each field of the template? */
static void
map_template(struct rows *w)
{
    unsigned n = w->template ? template_fields(w->template) : 0;
    for (unsigned i = 0; i < n; i++) {
        struct slice field = template_field(w->template, i);
        if (slice_eq(field, slice_str("to")))
            w->field_of[i] = ROWS_TO;
        else if (slice_eq(field, slice_str("sender.name")))
            w->field_of[i] = ROWS_SENDER_NAME;
        else
            w->field_of[i] = column_named(w, field);
    }
}

/* A new column; -1 when there are too many or the name is too long. */
static int
column_add(struct rows *w, struct slice name)
{
    if (w->columns == RECIPIENTS_COLUMNS_MAX || name.n >= ROWS_NAME_MAX)
        return -1;
    slice_to_str(name, w->names[w->columns], ROWS_NAME_MAX);
    w->name_bytes[w->columns] = (unsigned)name.n;
    return (int)w->columns++;
}

/* --- UTF-8, strict */

static bool
utf8_is_sound(struct slice s)
{
    size_t ascii = 0;
    while (ascii < s.n && s.p[ascii] && s.p[ascii] < 0x80)
        ascii++;
    if (ascii == s.n)
        return true;
    /* jansson's own check: strict, no NUL inside, no surrogates. */
    json_t *v = json_stringn((const char *)s.p, s.n);
    bool sound = v && !memchr(s.p, 0, s.n);
    json_decref(v);
    return sound;
}

/* --- one row */

static bool
subscriber_read(struct rows *w, uint64_t line, struct slice text,
                uint64_t *subscriber)
{
    struct addr a;
    if (text.n == 0) {
        rows_reject(w, line, "to", "missing", "There is no number.");
        return false;
    }
    if (addr_from_text(text, NULL, &a) == ADDR_NUMBER &&
        addr_to_u64(slice_str(a.text), subscriber))
        return true;
    rows_reject(w, line, "to", "bad_number",
                "Not a full phone number; write it as +12125550101.");
    return false;
}

static bool
sender_read(struct rows *w, uint64_t line, struct slice ref, uint32_t *sender)
{
    *sender = 0;
    if (ref.n == 0)
        return true;
    if (ref.n >= sizeof w->last_ref || !slice_eq(ref, slice_str(w->last_ref))) {
        w->last_sender =
            ref.n < sizeof w->last_ref ? w->ops->sender(w->ops->arg, ref) : 0;
        slice_to_str(ref, w->last_ref, sizeof w->last_ref);
    }
    *sender = w->last_sender;
    if (*sender)
        return true;
    rows_reject(w, line, "sender", "unknown_sender",
                "The account has no such sender.");
    return false;
}

/* Would the template render? */
static bool
template_fits(struct rows *w, uint64_t line, uint64_t subscriber,
              uint32_t sender, const struct slice *values)
{
    static _Thread_local uint8_t text[RENDER_MAX];
    struct slice given[TEMPLATE_FIELDS_MAX] = {0};
    struct writer out = writer_of(text, sizeof text);
    char to[ADDR_E164_SIZE];
    unsigned missing = 0;
    if (!w->template || template_is_plain(w->template))
        return true;
    unsigned n = template_fields(w->template);
    uint32_t owner = sender ? sender : w->default_sender;
    for (unsigned i = 0; i < n; i++) {
        int column = w->field_of[i];
        if (column >= 0)
            given[i] = values[column];
        else if (column == ROWS_TO)
            given[i] = slice_of(to, u64_to_e164(subscriber, to));
        else if (column == ROWS_SENDER_NAME && owner)
            w->ops->sender_name(w->ops->arg, owner, &given[i]);
    }
    switch (template_render(w->template, given, &out, &missing)) {
    case TEMPLATE_OK: return true;
    case TEMPLATE_MISSING: break;
    case TEMPLATE_TOO_LONG:
        rows_reject(w, line, NULL, "text_too_long", "The text is too long.");
        return false;
    }
    struct slice field = template_field(w->template, missing);
    char name[ROWS_NAME_MAX];
    slice_to_str(field, name, sizeof name);
    rows_reject(w, line, name, "missing_field",
                "The text needs a value here, or a fallback: {{%s|…}}.", name);
    return false;
}

static bool
chunk_begin(struct rows *w)
{
    struct slice names[RECIPIENTS_COLUMNS_MAX];
    uint8_t *octets = malloc(RECIPIENTS_CHUNK_MAX);
    for (unsigned i = 0; i < w->columns; i++)
        names[i] = slice_of(w->names[i], w->name_bytes[i]);
    if (octets && recipients_begin(&w->packer, octets, names, w->columns))
        return true;
    free(octets);
    w->packer.octets = NULL;
    w->out_of_room = true;
    return false;
}

static void
chunk_close(struct rows *w)
{
    w->full = w->packer.octets;
    w->full_used = w->packer.used;
    w->full_rows = w->packer.rows;
    w->packer = (struct recipients_packer){0};
}

/* Packs a row that was found good. */
static void
row_pack(struct rows *w, uint64_t line, uint64_t subscriber, uint32_t sender,
         const struct slice *values)
{
    enum recipients_result result = RECIPIENTS_FULL;
    if (w->packer.octets || chunk_begin(w))
        result = recipients_add(&w->packer, subscriber, sender, values);
    if (result == RECIPIENTS_FULL && w->packer.rows) {
        chunk_close(w);
        if (chunk_begin(w))
            result = recipients_add(&w->packer, subscriber, sender, values);
    }
    if (w->out_of_room)
        return;
    if (result != RECIPIENTS_OK) {
        rows_reject(w, line, NULL, "row_too_long",
                    "A row has at most %d octets.", RECIPIENTS_ROW_MAX);
        return;
    }
    if (w->dedupe && w->accepted < UINT32_MAX &&
        !dedupe_add(w->dedupe, subscriber, (uint32_t)w->accepted))
        w->out_of_room = true;
    w->accepted++;
}

static bool
row_take(struct rows *w, uint64_t line, struct slice to, struct slice ref,
         const struct slice *values)
{
    uint64_t subscriber;
    uint32_t sender;
    if (subscriber_read(w, line, to, &subscriber) &&
        sender_read(w, line, ref, &sender) &&
        template_fits(w, line, subscriber, sender, values))
        row_pack(w, line, subscriber, sender, values);
    return !w->full && !w->out_of_room;
}

/* --- CSV */

static bool
name_is(struct slice name, const char *word)
{
    char text[16];
    slice_to_str(name, text, sizeof text);
    return name.n == strlen(word) && strcasecmp(text, word) == 0;
}

static bool
header_field(struct rows *w, unsigned i, struct slice name, struct problem *p)
{
    w->column_of[i] = -1;
    if (!utf8_is_sound(name)) {
        problem_set(p, "invalid", "The file is not UTF-8.");
        problem_add(p, "", "bad_utf8",
                    "The header row is not UTF-8; save the file as UTF-8.");
        return false;
    }
    bool first_to = name_is(name, "to") && w->to_field < 0;
    bool first_sender = name_is(name, "sender") && w->sender_field < 0;
    if (first_to)
        w->to_field = (int)i;
    else if (first_sender)
        w->sender_field = (int)i;
    else if (name.n && column_named(w, name) < 0 && !name_is(name, "to") &&
             !name_is(name, "sender"))
        w->column_of[i] = column_add(w, name);
    if (name.n == 0 || first_to || first_sender || w->column_of[i] >= 0)
        return true;
    problem_set(p, "invalid", "The header row cannot be used.");
    problem_add(p, "", "bad_header",
                "Column %u stands twice, is too long, or is one too many (%d).",
                i + 1, RECIPIENTS_COLUMNS_MAX);
    return false;
}

bool
rows_header(struct rows *w, const struct csv_row *row, struct problem *p)
{
    w->has_header = true;
    w->fields = row->fields;
    for (unsigned i = 0; i < row->fields; i++)
        if (!header_field(w, i, row->field[i], p)) {
            p->error[0].line = row->line;
            return false;
        }
    if (w->to_field < 0) {
        problem_set(p, "invalid", "The file has no column `to`.");
        problem_add(p, "", "missing_column",
                    "The first line names the columns; one of them is `to`.");
        p->error[0].line = row->line;
        return false;
    }
    map_template(w);
    return true;
}

static const char *
fault_text(enum csv_fault fault)
{
    switch (fault) {
    case CSV_TOO_LONG: return "The row is too long.";
    case CSV_QUOTE: return "Text stands behind a closing quote.";
    case CSV_UNCLOSED: return "A quote that opens here is never closed.";
    default: return "";
    }
}

static const char *
fault_code(enum csv_fault fault)
{
    return fault == CSV_TOO_LONG ? "row_too_long" : "bad_quotes";
}

bool
rows_csv(struct rows *w, const struct csv_row *row)
{
    struct slice values[RECIPIENTS_COLUMNS_MAX] = {0};
    struct slice ref = {0};
    if (row->fault) {
        rows_reject(w, row->line, NULL, fault_code(row->fault), "%s",
                    fault_text(row->fault));
        return true;
    }
    if (row->fields > w->fields) {
        rows_reject(w, row->line, NULL, "too_many_fields",
                    "%u fields, and the header row has %u.", row->fields,
                    w->fields);
        return true;
    }
    for (unsigned i = 0; i < row->fields; i++) {
        if (!utf8_is_sound(row->field[i])) {
            rows_reject(w, row->line, NULL, "bad_utf8",
                        "Field %u is not UTF-8.", i + 1);
            return true;
        }
        if (w->column_of[i] >= 0 && row->field[i].n)
            values[w->column_of[i]] = row->field[i];
    }
    if (w->sender_field >= 0 && (unsigned)w->sender_field < row->fields)
        ref = row->field[w->sender_field];
    struct slice to = {0};
    if ((unsigned)w->to_field < row->fields)
        to = row->field[w->to_field];
    return row_take(w, row->line, to, ref, values);
}

/* --- NDJSON */

/* A value of vars as text, in scratch when it is none; false: not a scalar.
 */
static bool
value_text(json_t *v, char scratch[40], struct slice *out)
{
    *out = (struct slice){0};
    if (json_is_null(v))
        return true;
    if (json_is_string(v))
        *out = slice_of(json_string_value(v), json_string_length(v));
    else if (json_is_boolean(v))
        *out = slice_str(json_is_true(v) ? "true" : "false");
    else if (json_is_integer(v))
        *out = slice_of(scratch, (size_t)snprintf(scratch, 40, "%lld",
                                                  json_integer_value(v)));
    else if (json_is_real(v))
        *out = slice_of(scratch, (size_t)snprintf(scratch, 40, "%.15g",
                                                  json_real_value(v)));
    else
        return false;
    return true;
}

/* The column of a name, made when it is new: a chunk names its columns once,
 * so the one being filled ends first. */
static int
column_for(struct rows *w, struct slice name)
{
    int column = column_named(w, name);
    if (column >= 0)
        return column;
    if (w->packer.rows && w->full)
        return -1;
    if (w->packer.rows)
        chunk_close(w);
    free(w->packer.octets);
    w->packer = (struct recipients_packer){0};
    column = column_add(w, name);
    map_template(w);
    return column;
}

static bool
vars_read(struct rows *w, uint64_t line, json_t *vars, struct slice *values,
          char scratch[][40])
{
    const char *name;
    json_t *v;
    json_object_foreach(vars, name, v)
    {
        int column = column_for(w, slice_str(name));
        if (column < 0) {
            rows_reject(w, line, NULL, "too_many_fields",
                        "At most %d different fields with names under %d "
                        "octets.",
                        RECIPIENTS_COLUMNS_MAX, ROWS_NAME_MAX);
            return false;
        }
        if (!value_text(v, scratch[column], &values[column])) {
            rows_reject(w, line, name, "wrong_type",
                        "A text, a number, true or false is read here.");
            return false;
        }
    }
    return true;
}

bool
rows_json(struct rows *w, uint64_t line, struct slice text, bool too_long)
{
    static _Thread_local char scratch[RECIPIENTS_COLUMNS_MAX][40];
    struct slice values[RECIPIENTS_COLUMNS_MAX] = {0};
    struct problem p = {0};
    struct form f;
    if (too_long) {
        rows_reject(w, line, NULL, "row_too_long",
                    "A line has at most %d octets.", CSV_ROW_MAX);
        return true;
    }
    json_t *object = form_parse(text, &p);
    if (!object) {
        rows_reject(w, line, NULL, "bad_json", "%s", p.detail);
        return true;
    }
    form_begin(&f, object, "", &p);
    struct slice to = form_text(&f, "to", 64);
    struct slice ref = form_text(&f, "sender", 64);
    json_t *vars = form_object(&f, "vars");
    bool on = true;
    if (!form_end(&f))
        rows_reject(w, line, p.error[0].pointer + 1, p.error[0].code, "%s",
                    p.error[0].detail);
    else if (vars_read(w, line, vars, values, scratch))
        on = row_take(w, line, to, ref, values);
    json_decref(object);
    return on && !w->full;
}

uint8_t *
rows_take(struct rows *w, bool all, size_t *octets, unsigned *rows)
{
    if (!w->full && all && w->packer.rows)
        chunk_close(w);
    uint8_t *p = w->full;
    *octets = w->full_used;
    *rows = w->full_rows;
    w->full = NULL;
    return p;
}
