/*
 * dump.c - a PDU as one log line, or as annotated hexadecimal.
 *
 * Promise: as in dump.h. Both walk the rows of pdu.def, so a field that the
 * decoder knows is never missing here.
 */
#include "proto/dump.h"

#include <stdarg.h>
#include <stdio.h>

/* 16 octets a line keep an annotated line within 100 columns. */
enum { HEX_COLUMNS = 16 };

/* What is left of dst, and what the whole text would need. */
struct text {
    char *dst;
    size_t cap;
    size_t used;
    unsigned show;
};

__attribute__((format(printf, 2, 3))) static void
put(struct text *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    size_t room = t->used < t->cap ? t->cap - t->used : 0;
    int n = vsnprintf(room ? t->dst + t->used : NULL, room, format, ap);
    va_end(ap);
    if (n > 0)
        t->used += (size_t)n;
}

/* As put(), without a format: octets of a PDU come one by one. */
static void
put_char(struct text *t, char c)
{
    if (t->used + 1 < t->cap) {
        t->dst[t->used] = c;
        t->dst[t->used + 1] = 0;
    }
    t->used++;
}

static void
put_octet(struct text *t, uint8_t c)
{
    put_char(t, "0123456789abcdef"[c >> 4]);
    put_char(t, "0123456789abcdef"[c & 15]);
}

static void
put_hex(struct text *t, struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        put_octet(t, s.p[i]);
}

/* Printable ASCII as it is, the rest as \xNN; quotes and backslashes too. */
static void
put_text(struct text *t, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        if (c >= 0x20 && c <= 0x7E && c != '"' && c != '\\') {
            put_char(t, (char)c);
            continue;
        }
        put_char(t, '\\');
        put_char(t, 'x');
        put_octet(t, c);
    }
}

/* The show bit that a field needs to be printed in full. */
static unsigned
field_guard(enum smpp_field f)
{
    switch (f) {
    case FIELD_SOURCE_ADDR:
    case FIELD_DESTINATION_ADDR:
    case FIELD_ESME_ADDR:
    case FIELD_DEST_ADDRESS:
    case FIELD_UNSUCCESS_SME: return DUMP_NUMBERS;
    case FIELD_SHORT_MESSAGE: return DUMP_TEXTS;
    case FIELD_PASSWORD: return DUMP_SECRETS;
    default: return 0;
    }
}

/* TLVs that hold texts or phone numbers; vendors' may hold anything. */
static unsigned
tlv_guard(uint16_t tag)
{
    switch (tag) {
    case TLV_MESSAGE_PAYLOAD: return DUMP_TEXTS;
    case TLV_CALLBACK_NUM:
    case TLV_CALLBACK_NUM_ATAG:
    case TLV_SOURCE_SUBADDRESS:
    case TLV_DEST_SUBADDRESS: return DUMP_NUMBERS;
    default: return smpp_tlv_by_tag(tag) ? 0 : DUMP_TEXTS;
    }
}

static bool
shown(const struct text *t, unsigned guard)
{
    return (t->show & guard) == guard;
}

static void
put_address(struct text *t, const struct pdu *p, const char *label,
            enum smpp_field ton, enum smpp_field npi, enum smpp_field f)
{
    if (!pdu_has(p, f))
        return;
    put(t, " %s=%u/%u:", label, pdu_u32(p, ton), pdu_u32(p, npi));
    if (shown(t, DUMP_NUMBERS))
        put_text(t, pdu_slice(p, f));
    else
        put(t, "#%zu", pdu_slice(p, f).n);
}

static void
put_line_tlv(struct text *t, const struct tlv *v)
{
    const struct smpp_tlv_row *row = smpp_tlv_by_tag(v->tag);
    if (row)
        put(t, " %s=", row->name);
    else
        put(t, " tlv_%04x=", v->tag);
    if (!shown(t, tlv_guard(v->tag))) {
        put(t, "#%zu", v->value.n);
        return;
    }
    struct slice s = v->value;
    if (row && row->type == TLV_TYPE_CSTRING) {
        if (s.n && s.p[s.n - 1] == 0)
            s.n--;
        put(t, "\"");
        put_text(t, s);
        put(t, "\"");
        return;
    }
    put(t, "0x");
    put_hex(t, s);
}

/* Fields that say something in a log, when they are not their default. */
static void
put_line_fields(struct text *t, const struct pdu *p)
{
    static const enum smpp_field numbers[] = {
        FIELD_INTERFACE_VERSION,   FIELD_ESM_CLASS,
        FIELD_PROTOCOL_ID,         FIELD_PRIORITY_FLAG,
        FIELD_REGISTERED_DELIVERY, FIELD_REPLACE_IF_PRESENT_FLAG,
        FIELD_DATA_CODING,         FIELD_SM_DEFAULT_MSG_ID,
    };
    static const enum smpp_field counts[] = {
        FIELD_SM_LENGTH,     FIELD_NUMBER_OF_DESTS, FIELD_NO_UNSUCCESS,
        FIELD_MESSAGE_STATE, FIELD_ERROR_CODE,      FIELD_NO_MESSAGES,
    };
    static const enum smpp_field texts[] = {
        FIELD_SYSTEM_ID,       FIELD_SYSTEM_TYPE, FIELD_SERVICE_TYPE,
        FIELD_MESSAGE_ID,      FIELD_FINAL_DATE,  FIELD_SCHEDULE_DELIVERY_TIME,
        FIELD_VALIDITY_PERIOD,
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (pdu_slice(p, texts[i]).n) {
            put(t, " %s=\"", smpp_field_name(texts[i]));
            put_text(t, pdu_slice(p, texts[i]));
            put(t, "\"");
        }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (pdu_u32(p, numbers[i]))
            put(t, " %s=0x%02x", smpp_field_name(numbers[i]),
                pdu_u32(p, numbers[i]));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (pdu_has(p, counts[i]))
            put(t, " %s=%u", smpp_field_name(counts[i]), pdu_u32(p, counts[i]));
}

static void
put_name(struct text *t, uint32_t id)
{
    const char *name = smpp_command_name(id);
    if (name)
        put(t, "%s", name);
    else
        put(t, "command_0x%08x", id);
}

size_t
dump_line(const struct pdu *p, unsigned show, char *dst, size_t cap)
{
    struct text t = {dst, cap, 0, show};
    const char *status = smpp_status_name(p->status);
    if (cap)
        dst[0] = 0;
    put_name(&t, p->id);
    put(&t, " seq=%u status=0x%08x", p->sequence, p->status);
    if (p->status && status)
        put(&t, " %s", status);
    put(&t, " len=%u", p->length);
    put_address(&t, p, "from", FIELD_SOURCE_ADDR_TON, FIELD_SOURCE_ADDR_NPI,
                FIELD_SOURCE_ADDR);
    put_address(&t, p, "to", FIELD_DEST_ADDR_TON, FIELD_DEST_ADDR_NPI,
                FIELD_DESTINATION_ADDR);
    put_address(&t, p, "esme", FIELD_ESME_ADDR_TON, FIELD_ESME_ADDR_NPI,
                FIELD_ESME_ADDR);
    put_line_fields(&t, p);
    if (pdu_slice(p, FIELD_SHORT_MESSAGE).n && shown(&t, DUMP_TEXTS)) {
        put(&t, " short_message=0x");
        put_hex(&t, pdu_slice(p, FIELD_SHORT_MESSAGE));
    }
    for (unsigned i = 0; i < p->tlvs; i++)
        put_line_tlv(&t, &p->tlv[i]);
    if (p->tlvs_dropped)
        put(&t, " tlvs_dropped=%u", p->tlvs_dropped);
    return t.used;
}

/* A line of the listing: the first octets in hexadecimal, then the words of
 * the caller; the octets that did not fit follow on lines of their own. */
struct row {
    struct text *t;
    struct cursor in; /* what is left of the PDU */
    size_t at;        /* offset of its first octet */
    struct slice more;
};

static void
put_octets(struct text *t, size_t at, struct slice s)
{
    put(t, "%5zu  ", at);
    put_hex(t, s);
    put(t, "%*s", (int)(2 * (HEX_COLUMNS - s.n) + 2), "");
}

static void
row_open(struct row *r, size_t n, unsigned guard)
{
    size_t first = n < HEX_COLUMNS ? n : HEX_COLUMNS;
    if (!shown(r->t, guard)) {
        cursor_take(&r->in, n);
        put(r->t, "%5zu  %-*s", r->at, 2 * HEX_COLUMNS + 2, "(not shown)");
        r->more = (struct slice){0};
    } else {
        put_octets(r->t, r->at, cursor_take(&r->in, first));
        r->more = cursor_take(&r->in, n - first);
    }
    r->at += n;
}

static void
row_close(struct row *r)
{
    size_t at = r->at - r->more.n;
    struct cursor c = cursor_of(r->more);
    put(r->t, "\n");
    while (cursor_left(&c)) {
        size_t n =
            cursor_left(&c) < HEX_COLUMNS ? cursor_left(&c) : HEX_COLUMNS;
        put(r->t, "%5zu  ", at);
        put_hex(r->t, cursor_take(&c, n));
        put(r->t, "\n");
        at += n;
    }
}

/* User data in quotes where it is ASCII: most is. */
static void
put_readable(struct text *t, struct slice s, unsigned guard)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] > 0x7E)
            return;
    if (s.n == 0 || !shown(t, guard))
        return;
    put(t, " \"");
    put_text(t, s);
    put(t, "\"");
}

static void
put_meaning(struct text *t, enum smpp_field f, uint32_t u)
{
    put(t, " %u", u);
    if (f == FIELD_INTERFACE_VERSION && smpp_version_name((uint8_t)u))
        put(t, " (%s)", smpp_version_name((uint8_t)u));
    if (f == FIELD_MESSAGE_STATE && smpp_state_name(u))
        put(t, " (%s)", smpp_state_name(u));
    if (f == FIELD_ESM_CLASS || f == FIELD_DATA_CODING ||
        f == FIELD_REGISTERED_DELIVERY)
        put(t, " (0x%02x)", u);
    if (f == FIELD_ESM_CLASS && (u & ESM_TYPE_MASK) == ESM_TYPE_RECEIPT)
        put(t, " receipt");
    if (f == FIELD_ESM_CLASS && u & ESM_UDHI)
        put(t, " UDHI");
}

static void
put_header(struct row *r, const struct pdu *p)
{
    const char *status = smpp_status_name(p->status);
    row_open(r, 4, 0);
    put(r->t, "command_length %u", p->length);
    row_close(r);
    row_open(r, 4, 0);
    put(r->t, "command_id 0x%08x ", p->id);
    put_name(r->t, p->id);
    row_close(r);
    row_open(r, 4, 0);
    put(r->t, "command_status 0x%08x %s", p->status, status ? status : "");
    if (p->status)
        put(r->t, " (%s)", smpp_status_text(p->status));
    row_close(r);
    row_open(r, 4, 0);
    put(r->t, "sequence_number %u", p->sequence);
    row_close(r);
}

static void
put_entries(struct row *r, const struct pdu *p, const struct pdu_row *row)
{
    struct cursor list = cursor_of(p->v[row->field].s);
    struct pdu_entry e;
    size_t left = cursor_left(&list);
    while (pdu_next_entry(&list, row->type, &e)) {
        row_open(r, left - cursor_left(&list), field_guard(row->field));
        left = cursor_left(&list);
        put(r->t, "%s ", smpp_field_name(row->field));
        if (e.flag == DEST_FLAG_LIST)
            put(r->t, "list ");
        else if (row->type != PDU_IDS)
            put(r->t, "%u/%u:", e.ton, e.npi);
        if (shown(r->t, field_guard(row->field)))
            put_text(r->t, e.text);
        if (row->type == PDU_FAILURES)
            put(r->t, " 0x%08x %s", e.status, smpp_status_text(e.status));
        row_close(r);
    }
}

static void
put_field(struct row *r, const struct pdu *p, const struct pdu_row *row)
{
    const struct pdu_value *v = &p->v[row->field];
    unsigned guard = field_guard(row->field);
    size_t left = cursor_left(&r->in);
    size_t n = v->s.n;
    switch ((enum pdu_type)row->type) {
    case PDU_BYTE:
    case PDU_COUNT:
    case PDU_LENGTH:
        row_open(r, 1, 0);
        put(r->t, "%s", smpp_field_name(row->field));
        put_meaning(r->t, row->field, v->u);
        break;
    case PDU_TEXT:
    case PDU_TIME: /* a lenient last text may lack its NUL */
        row_open(r, n < left ? n + 1 : n, guard);
        put(r->t, "%s \"", smpp_field_name(row->field));
        if (shown(r->t, guard))
            put_text(r->t, v->s);
        put(r->t, "\"");
        break;
    case PDU_OCTETS:
        row_open(r, n, guard);
        put(r->t, "%s, %zu octets", smpp_field_name(row->field), n);
        put_readable(r->t, v->s, guard);
        break;
    default: put_entries(r, p, row); return;
    }
    row_close(r);
}

static void
put_tlv(struct row *r, const struct tlv *v)
{
    const struct smpp_tlv_row *row = smpp_tlv_by_tag(v->tag);
    struct pdu one = {.tlvs = 1, .tlv[0] = *v};
    uint32_t u;
    row_open(r, 4, 0);
    put(r->t, "TLV 0x%04x %s, %zu octets", v->tag, row ? row->name : "unknown",
        v->value.n);
    if (row && v->odd_length)
        put(r->t, " (not %u to %u)", row->min, row->max);
    row_close(r);
    if (v->value.n == 0)
        return;
    row_open(r, v->value.n, tlv_guard(v->tag));
    if (row && row->type == TLV_TYPE_CSTRING) {
        struct slice s = v->value;
        put(r->t, "\"");
        put_text(r->t, (struct slice){s.p, s.n - (s.p[s.n - 1] == 0)});
        put(r->t, "\"");
    } else if (row && row->type < TLV_TYPE_CSTRING &&
               pdu_tlv_u32(&one, v->tag, &u)) {
        put(r->t, "%u", u);
        if (v->tag == TLV_MESSAGE_STATE && smpp_state_name(u))
            put(r->t, " (%s)", smpp_state_name(u));
    }
    row_close(r);
}

size_t
dump_hex(struct slice whole, const struct pdu *p, const struct pdu_error *error,
         unsigned show, char *dst, size_t cap)
{
    struct text t = {dst, cap, 0, show};
    struct row r = {.t = &t, .in = cursor_of(whole)};
    const struct pdu_row *row = pdu_rows(p->id);
    if (cap)
        dst[0] = 0;
    if (whole.n >= PDU_HEADER_BYTES)
        put_header(&r, p);
    if (whole.n >= PDU_HEADER_BYTES && p->has)
        for (; row && row->type != PDU_END && pdu_has(p, row->field); row++)
            put_field(&r, p, row);
    if (whole.n >= PDU_HEADER_BYTES)
        for (unsigned i = 0; i < p->tlvs; i++)
            put_tlv(&r, &p->tlv[i]);
    size_t left = cursor_left(&r.in);
    if (left) {
        row_open(&r, left, DUMP_ALL);
        put(&t, "%zu octets not read", left);
        row_close(&r);
    }
    if (error)
        put(&t, "%5zu  %s: %s\n", error->offset, pdu_fault_name(error->fault),
            error->detail);
    return t.used;
}
