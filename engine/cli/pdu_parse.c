/*
 * pdu_parse.c - JSON to PDUs.
 *
 * Promise: as pdu_from_json() in pdu_json.h. Every refusal names the place
 * ("fields.source_addr") and what would be right there; limits of the
 * protocol are left to pdu_encode().
 */
#include "engine/cli/pdu_json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct parse {
    struct writer *scratch;
    struct pdu *out;
    char *error; /* of PDU_JSON_ERROR_SIZE */
};

__attribute__((format(printf, 2, 3))) static bool
refuse(struct parse *x, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(x->error, PDU_JSON_ERROR_SIZE, format, ap);
    va_end(ap);
    return false;
}

/* A number, also as text: "0x80000004", "4". */
static bool
read_number(struct parse *x, const char *place, const json_t *j, uint32_t max,
            uint32_t *out)
{
    unsigned long long v = 0;
    bool good = false;
    if (json_is_integer(j)) {
        good = json_integer_value(j) >= 0;
        v = (unsigned long long)json_integer_value(j);
    } else if (json_is_string(j)) {
        const char *text = json_string_value(j);
        char *end;
        errno = 0;
        v = strtoull(text, &end, 0);
        good = text[0] >= '0' && text[0] <= '9' && *end == 0 && errno == 0;
    }
    if (!good || v > max)
        return refuse(x, "%s: needs a number from 0 to %u", place, max);
    *out = (uint32_t)v;
    return true;
}

/* Hexadecimal text into scratch. */
static bool
read_hex(struct parse *x, const char *place, const json_t *j, struct slice *out)
{
    if (!json_is_string(j))
        return refuse(x, "%s: needs hexadecimal text", place);
    struct slice text = slice_of(json_string_value(j), json_string_length(j));
    size_t n = text.n / 2 + 1;
    uint8_t *room = writer_room(x->scratch, n);
    if (!room)
        return refuse(x, "%s: more octets than a PDU may hold", place);
    if (!bytes_from_hex(text, room, &n))
        return refuse(x, "%s: is not an even number of hexadecimal digits",
                      place);
    *out = slice_of(room, n);
    return true;
}

/* Text of ASCII, or {"hex": "..."}. */
static bool
read_octets(struct parse *x, const char *place, const json_t *j,
            struct slice *out)
{
    const json_t *hex = json_object_get(j, "hex");
    if (hex)
        return read_hex(x, place, hex, out);
    if (!json_is_string(j))
        return refuse(x, "%s: needs a text, or {\"hex\": \"...\"}", place);
    *out = slice_of(json_string_value(j), json_string_length(j));
    for (size_t i = 0; i < out->n; i++)
        if (out->p[i] > 0x7F)
            return refuse(x,
                          "%s: holds characters outside ASCII; give the "
                          "octets as {\"hex\": \"...\"}",
                          place);
    return true;
}

static bool
read_entry(struct parse *x, const char *place, enum pdu_type type,
           const json_t *j, struct pdu_entry *e)
{
    uint32_t u = DEST_FLAG_ADDRESS, ton = 0, npi = 0;
    const json_t *flag = json_object_get(j, "dest_flag");
    const json_t *name = json_object_get(j, "dl_name");
    const json_t *t = json_object_get(j, "dest_addr_ton");
    const json_t *n = json_object_get(j, "dest_addr_npi");
    const json_t *code = json_object_get(j, "error_status_code");
    *e = (struct pdu_entry){0};
    if (type == PDU_IDS)
        return read_octets(x, place, j, &e->text);
    if (!json_is_object(j))
        return refuse(x, "%s: each entry needs to be an object", place);
    if (name)
        u = DEST_FLAG_LIST;
    if ((flag && !read_number(x, place, flag, 255, &u)) ||
        (t && !read_number(x, place, t, 255, &ton)) ||
        (n && !read_number(x, place, n, 255, &npi)) ||
        (code && !read_number(x, place, code, UINT32_MAX, &e->status)))
        return false;
    e->flag = (uint8_t)u;
    e->ton = (uint8_t)ton;
    e->npi = (uint8_t)npi;
    if (e->flag != DEST_FLAG_LIST)
        name = json_object_get(j, "destination_addr");
    if (!name)
        return refuse(x, "%s: an entry lacks destination_addr or dl_name",
                      place);
    return read_octets(x, place, name, &e->text);
}

/* The wire form of a list, written behind the octets its entries borrow. */
static bool
read_list(struct parse *x, const char *place, const struct pdu_row *row,
          const json_t *j)
{
    size_t i, n = json_array_size(j);
    json_t *item;
    if (!json_is_array(j) || n > 255)
        return refuse(x, "%s: needs a list of at most 255 entries", place);
    struct pdu_entry *entries = calloc(n + 1, sizeof *entries);
    bool good = entries != NULL;
    json_array_foreach(j, i, item) good =
        good && read_entry(x, place, row->type, item, &entries[i]);
    size_t start = writer_used(x->scratch);
    for (i = 0; good && i < n; i++)
        pdu_put_entry(x->scratch, row->type, &entries[i]);
    free(entries);
    if (!good)
        return false;
    if (x->scratch->failed)
        return refuse(x, "%s: holds a NUL, or more than fits", place);
    struct cursor c = cursor_of(writer_slice(x->scratch));
    cursor_take(&c, start);
    pdu_set_slice(x->out, row->field, cursor_rest(&c));
    pdu_set_u32(x->out, row->field, (uint32_t)n);
    return true;
}

static bool
read_field(struct parse *x, const struct pdu_row *row, const json_t *j)
{
    char place[64];
    struct slice s;
    uint32_t u;
    snprintf(place, sizeof place, "fields.%s", smpp_field_name(row->field));
    switch ((enum pdu_type)row->type) {
    case PDU_BYTE:
    case PDU_COUNT:
    case PDU_LENGTH:
        if (!read_number(x, place, j, 255, &u))
            return false;
        pdu_set_u32(x->out, row->field, u);
        return true;
    case PDU_TEXT:
    case PDU_TIME:
    case PDU_OCTETS:
        if (!read_octets(x, place, j, &s))
            return false;
        pdu_set_slice(x->out, row->field, s);
        return true;
    default: return read_list(x, place, row, j);
    }
}

static bool
read_fields(struct parse *x, const json_t *fields)
{
    const char *name;
    json_t *j;
    if (!json_is_object(fields))
        return refuse(x, "fields: needs an object");
    json_object_foreach((json_t *)fields, name, j)
    {
        const struct pdu_row *row = pdu_rows(x->out->id);
        while (row->type != PDU_END &&
               strcmp(smpp_field_name(row->field), name) != 0)
            row++;
        if (row->type == PDU_END)
            return refuse(x, "fields.%s: %s has no such field", name,
                          smpp_command_name(x->out->id));
        if (!read_field(x, row, j))
            return false;
    }
    return true;
}

static bool
read_tag(struct parse *x, const char *place, const json_t *j, uint16_t *tag)
{
    const json_t *number = json_object_get(j, "tag");
    const char *name = json_string_value(json_object_get(j, "name"));
    const struct smpp_tlv_row *row = name ? smpp_tlv_by_name(name) : NULL;
    uint32_t u;
    if (number) {
        if (!read_number(x, place, number, UINT16_MAX, &u))
            return false;
        *tag = (uint16_t)u;
        return true;
    }
    if (!row)
        return refuse(x, "%s: needs a tag, or the name of a standard TLV",
                      place);
    *tag = row->tag;
    return true;
}

/* An integer in as many octets as the type has. */
static bool
read_tlv_integer(struct parse *x, const char *place, uint16_t tag,
                 const json_t *j, struct slice *out)
{
    const struct smpp_tlv_row *row = smpp_tlv_by_tag(tag);
    uint32_t u;
    if (!row || row->type >= TLV_TYPE_CSTRING)
        return refuse(x, "%s: is not an integer TLV; give value_hex", place);
    if (!read_number(x, place, j, UINT32_MAX, &u))
        return false;
    if (row->max < 4 && u >> (8 * row->max))
        return refuse(x, "%s: %u does not fit %u octets", place, u, row->max);
    uint8_t *room = writer_room(x->scratch, row->max);
    if (!room)
        return refuse(x, "%s: more octets than a PDU may hold", place);
    for (unsigned i = row->max; i-- > 0; u >>= 8)
        room[i] = (uint8_t)u;
    *out = slice_of(room, row->max);
    return true;
}

static bool
read_repeat(struct parse *x, const char *place, const json_t *j,
            struct slice *out)
{
    struct slice octet;
    uint32_t n;
    if (json_array_size(j) != 2 ||
        !read_hex(x, place, json_array_get(j, 0), &octet) || octet.n != 1 ||
        !read_number(x, place, json_array_get(j, 1), UINT16_MAX, &n))
        return refuse(x, "%s: needs [\"hex of one octet\", how many]", place);
    uint8_t *room = writer_room(x->scratch, n);
    if (!room)
        return refuse(x, "%s: more octets than a PDU may hold", place);
    memset(room, octet.p[0], n);
    *out = slice_of(room, n);
    return true;
}

static bool
read_tlv(struct parse *x, size_t index, const json_t *j)
{
    char place[48];
    uint16_t tag = 0;
    struct slice s = {0};
    const json_t *hex = json_object_get(j, "value_hex");
    const json_t *repeat = json_object_get(j, "value_repeat");
    const json_t *value = json_object_get(j, "value");
    bool good = true;
    snprintf(place, sizeof place, "tlvs[%zu]", index);
    if (!read_tag(x, place, j, &tag))
        return false;
    if (hex)
        good = read_hex(x, place, hex, &s);
    else if (repeat)
        good = read_repeat(x, place, repeat, &s);
    else if (json_is_integer(value))
        good = read_tlv_integer(x, place, tag, value, &s);
    else if (value)
        good = read_octets(x, place, value, &s);
    if (!good)
        return false;
    if (!pdu_add_tlv(x->out, tag, s))
        return refuse(x, "tlvs: more than %d", PDU_TLVS_MAX);
    return true;
}

static bool
read_command(struct parse *x, const json_t *in, uint32_t *id)
{
    const json_t *number = json_object_get(in, "command_id");
    const char *name = json_string_value(json_object_get(in, "command_name"));
    if (number && !read_number(x, "command_id", number, UINT32_MAX, id))
        return false;
    if (!number && !name)
        return refuse(x, "command_name: missing, for example \"submit_sm\"");
    if (!number && !smpp_command_by_name(name, id))
        return refuse(x, "command_name: SMPP has no \"%.64s\"", name);
    if (!pdu_rows(*id))
        return refuse(x, "command_id: SMPP has no 0x%08X", *id);
    return true;
}

static bool
read_status(struct parse *x, const json_t *in, uint32_t *status)
{
    const json_t *j = json_object_get(in, "command_status");
    const char *name = json_string_value(j);
    if (!j || (name && smpp_status_by_name(name, status)))
        return true;
    return read_number(x, "command_status", j, UINT32_MAX, status);
}

static bool
check_keys(struct parse *x, const json_t *in)
{
    static const char *const known[] = {
        "command_length",
        "command_id",
        "command_name",
        "command_status",
        "status_name",
        "sequence_number",
        "fields",
        "tlvs",
        "body",
        "tlvs_dropped",
        "trailing_octets_after_pdu",
    };
    const char *name;
    json_t *j;
    json_object_foreach((json_t *)in, name, j)
    {
        size_t i = 0;
        while (i < sizeof known / sizeof *known && strcmp(known[i], name) != 0)
            i++;
        if (i == sizeof known / sizeof *known)
            return refuse(x, "%.64s: unknown key; fields stand in \"fields\"",
                          name);
    }
    return true;
}

bool
pdu_from_json(const json_t *in, struct writer *scratch, struct pdu *out,
              char error[PDU_JSON_ERROR_SIZE])
{
    struct parse x = {scratch, out, error};
    uint32_t id = 0, status = 0, sequence = 0;
    const json_t *number = json_object_get(in, "sequence_number");
    const json_t *fields = json_object_get(in, "fields");
    const json_t *tlvs = json_object_get(in, "tlvs");
    const char *body = json_string_value(json_object_get(in, "body"));
    if (!json_is_object(in))
        return refuse(&x, "needs a JSON object with command_name and fields");
    if (!check_keys(&x, in) || !read_command(&x, in, &id) ||
        !read_status(&x, in, &status) ||
        (number &&
         !read_number(&x, "sequence_number", number, UINT32_MAX, &sequence)))
        return false;
    pdu_init(out, id, status, sequence);
    out->bare = body && strcmp(body, "absent") == 0;
    if (fields && !read_fields(&x, fields))
        return false;
    if (tlvs && !json_is_array(tlvs))
        return refuse(&x, "tlvs: needs a list");
    for (size_t i = 0; i < json_array_size(tlvs); i++)
        if (!read_tlv(&x, i, json_array_get(tlvs, i)))
            return false;
    return true;
}
