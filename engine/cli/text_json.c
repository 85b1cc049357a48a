/*
 * text_json.c - texts and receipts as JSON.
 *
 * Promise: as in text_json.h. A tool for people and tests: it allocates as it
 * goes, and gives up when memory does.
 */
#include "engine/cli/text_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/gsm7.h"

static void *
must(void *p)
{
    if (p)
        return p;
    fputs("volley: out of memory\n", stderr);
    exit(EXIT_FAILURE);
}

struct segment_options
text_json_options(void)
{
    return (struct segment_options){
        .way = SEGMENT_UDH8,
        .reference = TEXT_JSON_REFERENCE_8,
        .max_parts = SEGMENT_HARD_MAX_PARTS,
    };
}

/* ---- options ---- */

static const char *
take_concat(const json_t *value, struct segment_options *o)
{
    const char *way = json_string_value(value);
    if (way && strcmp(way, "8bit") == 0) {
        o->way = SEGMENT_UDH8;
        o->reference = TEXT_JSON_REFERENCE_8;
        return NULL;
    }
    if (way && strcmp(way, "16bit") == 0) {
        o->way = SEGMENT_UDH16;
        o->reference = TEXT_JSON_REFERENCE_16;
        return NULL;
    }
    return "concat: 8bit or 16bit";
}

static const char *
take_transliterate(const json_t *value, struct segment_options *o)
{
    o->transliterate = json_is_true(value);
    return json_is_boolean(value) ? NULL : "transliterate: a boolean";
}

static const char *
take_greek(const json_t *value, struct segment_options *o)
{
    o->greek = json_is_true(value);
    return json_is_boolean(value) ? NULL : "greek: a boolean";
}

static const char *
take_lock(const json_t *value, struct segment_options *o)
{
    json_int_t id = json_integer_value(value);
    if (!json_is_integer(value) || id < 0 || id > GSM7_LANGUAGE_MAX)
        return "lock: a national language id, 0 to 13";
    o->lock = (uint8_t)id;
    return NULL;
}

static const char *
take_shift(const json_t *value, struct segment_options *o)
{
    json_int_t id = json_integer_value(value);
    if (!json_is_integer(value) || id < 0 || id > GSM7_LANGUAGE_MAX)
        return "shift: a national language id, 0 to 13";
    o->shift = (uint8_t)id;
    return NULL;
}

static const char *
take_charset_0(const json_t *value, struct segment_options *o)
{
    const char *name = json_string_value(value);
    for (int a = CODING_GSM7; name && a <= CODING_LATIN1; a++) {
        if (strcmp(name, coding_name(a)) == 0) {
            o->charset_0 = a;
            return NULL;
        }
    }
    return "charset_0: gsm7, ascii or latin1";
}

const char *
text_json_take_options(const json_t *object, struct segment_options *options)
{
    static const struct {
        const char *name;
        const char *(*take)(const json_t *, struct segment_options *);
    } takers[] = {
        {"concat", take_concat}, {"transliterate", take_transliterate},
        {"greek", take_greek},   {"lock", take_lock},
        {"shift", take_shift},   {"charset_0", take_charset_0},
    };
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return "options: an object";
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const char *wrong = "options: concat, transliterate, greek, lock, "
                            "shift and charset_0 are known";
        for (size_t i = 0; i < sizeof takers / sizeof takers[0]; i++) {
            if (strcmp(name, takers[i].name) == 0)
                wrong = takers[i].take(value, options);
        }
        if (wrong)
            return wrong;
    }
    return NULL;
}

/* ---- answers ---- */

json_t *
text_json_error(const char *what)
{
    return must(json_pack("{s:s}", "error", what));
}

json_t *
text_json_string(struct slice s)
{
    if (!s.p)
        return json_null();
    if (ucs2_is_utf8(s))
        return must(json_stringn((const char *)s.p, s.n));
    static const struct coding_options any;
    size_t cap = 3 * s.n;
    uint8_t *room = must(malloc(cap));
    struct writer w = writer_of(room, cap);
    (void)!coding_to_utf8(0x03, &any, NULL, s, &w);
    json_t *string = must(json_stringn((const char *)room, writer_used(&w)));
    free(room);
    return string;
}

static json_t *
hex_of(struct slice s)
{
    char *hex = must(malloc(2 * s.n + 1));
    json_t *string = must(json_string(bytes_to_hex(s, hex)));
    free(hex);
    return string;
}

/* Sets the octets of a part under a name, and its units and UDH before the
 * first of them. */
static void
set_part(json_t *object, const struct segment_plan *plan, unsigned part,
         const char *name)
{
    struct segment_part p;
    segment_part(plan, part, &p);
    struct cursor c = cursor_of(p.octets);
    struct slice udh = cursor_take(&c, p.udh_bytes);
    if (json_object_size(object) == 0) {
        json_object_set_new(object, "units", json_integer(p.units));
        json_object_set_new(object, "udh_hex", hex_of(udh));
    }
    json_object_set_new(object, name, hex_of(p.octets));
}

static json_t *
part_of(struct segment_plan *plan, unsigned part)
{
    json_t *object = must(json_object());
    if (plan->alphabet != CODING_GSM7) {
        set_part(object, plan, part, "hex");
        return object;
    }
    /* The same septets both ways: packing is the last step of a part. */
    plan->packed = false;
    set_part(object, plan, part, "unpacked_hex");
    plan->packed = true;
    set_part(object, plan, part, "packed_hex");
    return object;
}

static json_t *
parts_of(struct segment_plan *plan)
{
    json_t *list = must(json_array());
    bool all = plan->parts <= TEXT_JSON_PARTS_LISTED;
    for (unsigned part = 0; part < plan->parts; part++) {
        if (all || part < 3 || part + 2 >= plan->parts)
            json_array_append_new(list, part_of(plan, part));
    }
    return list;
}

uint8_t *
text_json_buffer(size_t utf8_bytes, size_t *cap)
{
    *cap = 4 * utf8_bytes + UDH_BUILD_MAX;
    return must(malloc(*cap));
}

/* The septets read back: what a transliterated text has become. */
static json_t *
sent_text(const struct segment_plan *plan)
{
    if (!plan->transliterated)
        return json_null();
    static const struct coding_options plain;
    static const uint8_t data_coding[] = {
        [CODING_GSM7] = 0x00, [CODING_ASCII] = 0x01, [CODING_LATIN1] = 0x03};
    size_t cap = 3 * plan->text.n;
    uint8_t *room = must(malloc(cap + 1));
    struct writer w = writer_of(room, cap);
    (void)!coding_to_utf8(data_coding[plan->alphabet], &plain, NULL, plan->text,
                          &w);
    json_t *text = text_json_string(writer_slice(&w));
    free(room);
    return text;
}

static json_t *
answer_of(struct segment_plan *plan, bool too_long, bool transliterate)
{
    json_t *answer = must(json_pack(
        "{s:s, s:i, s:i, s:i, s:i, s:i}", "encoding",
        coding_name(plan->alphabet), "data_coding", plan->data_coding, "units",
        (int)plan->units, "single_limit", (int)plan->single_limit, "part_limit",
        (int)plan->part_limit, "segments", (int)plan->segments));
    json_object_set_new(answer, "parts",
                        too_long ? json_null() : parts_of(plan));
    if (too_long)
        json_object_set_new(answer, "too_long", json_true());
    else if (plan->parts > TEXT_JSON_PARTS_LISTED)
        json_object_set_new(answer, "parts_listed",
                            json_string("first 3 and last 2"));
    if (transliterate)
        json_object_set_new(answer, "transliterated", sent_text(plan));
    return answer;
}

json_t *
text_json_answer(struct slice utf8, const struct segment_options *options)
{
    size_t cap;
    uint8_t *buf = text_json_buffer(utf8.n, &cap);
    struct segment_plan plan;
    json_t *answer;
    switch (segment_plan(utf8, options, buf, cap, &plan)) {
    case SEGMENT_OK:
        answer = answer_of(&plan, false, options->transliterate);
        break;
    case SEGMENT_TOO_LONG:
        answer = answer_of(&plan, true, options->transliterate);
        break;
    case SEGMENT_BAD_UTF8:
        answer = text_json_error("the text is not UTF-8");
        break;
    default: answer = text_json_error("the text is too long"); break;
    }
    free(buf);
    return answer;
}

/* The text of ["a", 39015], as a JSON string; NULL when it is not so. */
static json_t *
repeat(const json_t *pair)
{
    const json_t *unit = json_array_get(pair, 0);
    json_int_t times = json_integer_value(json_array_get(pair, 1));
    size_t n = json_string_length(unit);
    if (!json_is_string(unit) || times < 0 || n == 0 ||
        (size_t)times > TEXT_JSON_REPEAT_MAX / n)
        return NULL;
    char *all = must(malloc(n * (size_t)times + 1));
    for (size_t i = 0; i < (size_t)times; i++)
        memcpy(all + i * n, json_string_value(unit), n);
    json_t *text = json_stringn(all, n * (size_t)times);
    free(all);
    return text;
}

json_t *
text_json_request(const json_t *request, const struct segment_options *defaults)
{
    struct segment_options options = *defaults;
    json_t *text = json_object_get(request, "text");
    json_t *pair = json_object_get(request, "text_repeat");
    json_t *named = json_object_get(request, "options");
    const char *wrong = named ? text_json_take_options(named, &options) : NULL;
    if (wrong)
        return text_json_error(wrong);
    text = pair && !text ? repeat(pair) : json_incref(text);
    if (!json_is_string(text)) {
        json_decref(text);
        return text_json_error("wanted: {\"text\": \"…\", \"options\": {…}} "
                               "or {\"text_repeat\": [\"a\", 39015]}");
    }
    json_t *answer = text_json_answer(
        slice_of(json_string_value(text), json_string_length(text)), &options);
    json_decref(text);
    return answer;
}

/* ---- receipts ---- */

static json_t *
count_of(int n)
{
    return n < 0 ? json_null() : json_integer(n);
}

static json_t *
date_of(const struct receipt_date *d)
{
    const struct smpptime_civil *c = &d->civil;
    return d->known
               ? json_sprintf("%04d-%02d-%02dT%02d:%02d:%02d", c->year,
                              c->month, c->day, c->hour, c->minute, c->second)
               : json_null();
}

json_t *
text_json_receipt(struct slice text)
{
    struct receipt r;
    receipt_parse(text, &r);
    bool known = r.message_state >= 0;
    return must(json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "id",
        text_json_string(r.id), "sub", count_of(r.sub), "dlvrd",
        count_of(r.dlvrd), "submit_date", date_of(&r.submit), "done_date",
        date_of(&r.done), "stat", text_json_string(r.stat), "message_state",
        count_of(r.message_state), "final_by_default",
        known ? json_boolean(r.final) : json_null(), "err",
        text_json_string(r.err), "text", text_json_string(r.text),
        "looks_like_receipt", r.looks_like_receipt));
}

json_t *
text_json_receipt_request(const json_t *request)
{
    const json_t *text = json_object_get(request, "text");
    if (!json_is_string(text))
        return text_json_error("wanted: {\"text\": \"id:… stat:…\"}");
    return text_json_receipt(
        slice_of(json_string_value(text), json_string_length(text)));
}
