/*
 * pdu_json.c - PDUs to JSON.
 *
 * Promise: as in pdu_json.h. The walk follows pdu_rows(), so no command has
 * code of its own here. The way back is pdu_parse.c.
 */
#include "engine/cli/pdu_json.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/frame.h"

/* From here on a value of one octet repeated is written as such: payloads of
 * 64 KB are seldom worth reading. */
enum { REPEAT_MIN = 257 };

static json_t *
hex_to_json(struct slice s)
{
    char *text = malloc(2 * s.n + 1);
    if (!text)
        return NULL;
    json_t *j = json_string(bytes_to_hex(s, text));
    free(text);
    return j;
}

static bool
is_ascii(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == 0 || s.p[i] > 0x7F)
            return false;
    return true;
}

static json_t *
text_to_json(struct slice s)
{
    if (is_ascii(s))
        return json_stringn(s.n ? (const char *)s.p : "", s.n);
    return json_pack("{s:o}", "hex", hex_to_json(s));
}

static json_t *
number_to_json(const char *format, uint32_t u)
{
    char text[16];
    snprintf(text, sizeof text, format, u);
    return json_string(text);
}

static json_t *
name_to_json(const char *name)
{
    return name ? json_string(name) : json_null();
}

static json_t *
entry_to_json(enum pdu_type type, const struct pdu_entry *e)
{
    if (type == PDU_IDS)
        return text_to_json(e->text);
    json_t *j = json_object();
    if (type == PDU_DESTS)
        json_object_set_new(j, "dest_flag", json_integer(e->flag));
    if (e->flag == DEST_FLAG_LIST) {
        json_object_set_new(j, "dl_name", text_to_json(e->text));
        return j;
    }
    json_object_set_new(j, "dest_addr_ton", json_integer(e->ton));
    json_object_set_new(j, "dest_addr_npi", json_integer(e->npi));
    json_object_set_new(j, "destination_addr", text_to_json(e->text));
    if (type == PDU_FAILURES)
        json_object_set_new(j, "error_status_code",
                            number_to_json("0x%08X", e->status));
    return j;
}

static json_t *
value_to_json(const struct pdu_row *row, const struct pdu_value *v)
{
    switch ((enum pdu_type)row->type) {
    case PDU_BYTE:
    case PDU_COUNT:
    case PDU_LENGTH: return json_integer(v->u);
    case PDU_TEXT:
    case PDU_TIME: return text_to_json(v->s);
    case PDU_OCTETS: return json_pack("{s:o}", "hex", hex_to_json(v->s));
    default: break;
    }
    json_t *list = json_array();
    struct cursor c = cursor_of(v->s);
    struct pdu_entry e;
    while (pdu_next_entry(&c, row->type, &e))
        json_array_append_new(list, entry_to_json(row->type, &e));
    return list;
}

static json_t *
fields_to_json(const struct pdu *p, const struct pdu_row *row)
{
    json_t *fields = json_object();
    for (; row->type != PDU_END; row++)
        if (pdu_has(p, row->field))
            json_object_set_new(fields, smpp_field_name(row->field),
                                value_to_json(row, &p->v[row->field]));
    return fields;
}

static bool
is_repeated(struct slice s)
{
    for (size_t i = 1; i < s.n; i++)
        if (s.p[i] != s.p[0])
            return false;
    return s.n >= REPEAT_MIN;
}

/* What the octets mean, where the type says so; a length that does not fit
 * the type is told instead. */
static void
add_tlv_meaning(json_t *j, const struct tlv *t, const struct smpp_tlv_row *row)
{
    struct pdu one;
    struct slice s;
    uint32_t u;
    pdu_init(&one, 0, 0, 0);
    one.tlv[one.tlvs++] = *t;
    if (t->odd_length) {
        char text[64];
        snprintf(text, sizeof text, "length %zu outside %u..%u", t->value.n,
                 row->min, row->max);
        json_object_set_new(j, "warning", json_string(text));
        return;
    }
    if (row->type == TLV_TYPE_OCTETS)
        return;
    if (row->type != TLV_TYPE_CSTRING) {
        if (pdu_tlv_u32(&one, t->tag, &u))
            json_object_set_new(j, "value", json_integer(u));
        return;
    }
    if (pdu_tlv_text(&one, t->tag, &s) && is_ascii(s))
        json_object_set_new(j, "value", text_to_json(s));
}

static json_t *
tlv_to_json(const struct tlv *t)
{
    const struct smpp_tlv_row *row = smpp_tlv_by_tag(t->tag);
    json_t *j = json_object();
    json_object_set_new(j, "tag", number_to_json("0x%04X", t->tag));
    json_object_set_new(j, "name", name_to_json(row ? row->name : NULL));
    json_object_set_new(j, "length", json_integer((json_int_t)t->value.n));
    if (is_repeated(t->value))
        json_object_set_new(j, "value_repeat",
                            json_pack("[o,I]",
                                      number_to_json("%02x", t->value.p[0]),
                                      (json_int_t)t->value.n));
    else
        json_object_set_new(j, "value_hex", hex_to_json(t->value));
    if (row)
        add_tlv_meaning(j, t, row);
    return j;
}

static json_t *
header_to_json(const struct pdu *p)
{
    return json_pack("{s:I,s:o,s:o,s:o,s:o,s:I}", "command_length",
                     (json_int_t)p->length, "command_id",
                     number_to_json("0x%08X", p->id), "command_name",
                     name_to_json(smpp_command_name(p->id)), "command_status",
                     number_to_json("0x%08X", p->status), "status_name",
                     name_to_json(smpp_status_name(p->status)),
                     "sequence_number", (json_int_t)p->sequence);
}

/* trailing: octets behind the PDU that begin no other; 0: not told. */
static json_t *
body_to_json(const struct pdu *p, size_t trailing)
{
    json_t *j = header_to_json(p);
    const struct pdu_row *rows = pdu_rows(p->id);
    if (trailing)
        json_object_set_new(j, "trailing_octets_after_pdu",
                            json_integer((json_int_t)trailing));
    if (!rows)
        return j;
    json_object_set_new(j, "fields", fields_to_json(p, rows));
    json_t *tlvs = json_array();
    for (unsigned i = 0; i < p->tlvs; i++)
        json_array_append_new(tlvs, tlv_to_json(&p->tlv[i]));
    json_object_set_new(j, "tlvs", tlvs);
    if (p->tlvs_dropped)
        json_object_set_new(j, "tlvs_dropped", json_integer(p->tlvs_dropped));
    if (p->bare)
        json_object_set_new(j, "body", json_string("absent"));
    return j;
}

json_t *
pdu_to_json(const struct pdu *p)
{
    return body_to_json(p, 0);
}

/* What a strict server does about a fault (3.4, 2.8 and 3.3.2.1). */
static const char *
fault_action(const struct pdu_error *e, const struct pdu *p)
{
    if (e->fault == PDU_NEED_MORE)
        return "wait for more octets";
    if (e->fault == PDU_BAD_COMMAND_LENGTH)
        return "answer generic_nack then close";
    bool response = p && smpp_is_response(p->id);
    if (e->fault == PDU_UNKNOWN_COMMAND)
        return response ? "ignore and log" : "answer generic_nack and go on";
    if (response)
        return "keep what parsed; match by sequence_number; never drop the "
               "session for it";
    if (e->status == ESME_ROK)
        return "log and go on";
    if (e->fault == PDU_TLV_HEADER_TRUNCATED &&
        pdu_rows(p->id)->type == PDU_END)
        return "strict: answer the response with the status; lenient: accept";
    return "answer the matching response";
}

static json_t *
reaction_to_json(const struct pdu_error *e, const struct pdu *p)
{
    json_t *j = json_object();
    json_object_set_new(j, "action", json_string(fault_action(e, p)));
    if (e->fault != PDU_NEED_MORE)
        json_object_set_new(j, "status",
                            e->status ? number_to_json("0x%08X", e->status)
                                      : json_null());
    if (e->fault == PDU_BAD_COMMAND_LENGTH)
        json_object_set_new(j, "sequence_number", json_string("0"));
    return j;
}

static json_t *
fault_to_json(const struct pdu_error *e, const struct pdu *p, size_t base,
              size_t trailing)
{
    json_t *j = json_object();
    json_object_set_new(j, "error", json_string(pdu_fault_name(e->fault)));
    json_object_set_new(j, "offset",
                        json_integer((json_int_t)(base + e->offset)));
    json_object_set_new(j, "detail", json_string(e->detail));
    json_object_set_new(j, "reaction", reaction_to_json(e, p));
    if (p)
        json_object_set_new(j, "decoded_before_error",
                            body_to_json(p, trailing));
    return j;
}

json_t *
pdu_error_to_json(const struct pdu_error *e, const struct pdu *p, size_t base)
{
    return fault_to_json(e, p, base, 0);
}

/* The stream's own faults: a bad length, or too little. */
static json_t *
frame_to_json(struct slice in, size_t max_bytes, size_t base)
{
    struct slice pdu;
    struct pdu_error e = {.fault = PDU_NEED_MORE, .offset = in.n};
    if (frame_next(in, max_bytes, &pdu) == FRAME_BAD_LENGTH)
        e = (struct pdu_error){.fault = PDU_BAD_COMMAND_LENGTH,
                               .status = ESME_RINVCMDLEN};
    frame_detail(in, max_bytes, e.detail, sizeof e.detail);
    return fault_to_json(&e, NULL, base, 0);
}

/* Whether the octets could begin a PDU. */
static bool
begins_pdu(struct slice in, size_t max_bytes)
{
    struct slice pdu;
    return in.n >= 4 && frame_next(in, max_bytes, &pdu) != FRAME_BAD_LENGTH;
}

static json_t *
one_to_json(struct slice whole, enum pdu_mode mode, size_t base,
            size_t trailing)
{
    static _Thread_local struct pdu p; /* 2 KB, kept off small stacks */
    struct pdu_error e;
    if (pdu_decode(whole, mode, &p, &e) == PDU_OK)
        return body_to_json(&p, trailing);
    return fault_to_json(&e, &p, base, trailing);
}

json_t *
pdu_stream_to_json(struct slice in, enum pdu_mode mode, size_t max_bytes)
{
    struct slice whole, rest = in;
    json_t *list = json_array();
    do {
        size_t base = in.n - rest.n;
        if (frame_next(rest, max_bytes, &whole) != FRAME_WHOLE) {
            json_array_append_new(list, frame_to_json(rest, max_bytes, base));
            break;
        }
        struct cursor c = cursor_of(rest);
        cursor_take(&c, whole.n);
        rest = cursor_rest(&c);
        size_t trailing = begins_pdu(rest, max_bytes) ? 0 : rest.n;
        json_array_append_new(list, one_to_json(whole, mode, base, trailing));
        if (trailing)
            break;
    } while (rest.n);
    if (json_array_size(list) != 1)
        return list;
    json_t *only = json_incref(json_array_get(list, 0));
    json_decref(list);
    return only;
}
