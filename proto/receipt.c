/*
 * receipt.c - delivery receipts in every dialect.
 *
 * Promise: as in receipt.h. One pass from word to word: each word either
 * begins a label, whose value is taken, or is stepped over. A label counts
 * the first time only, so nothing behind can overwrite what stands in front.
 */
#include "proto/receipt.h"

#include "proto/pdu.h"
#include "proto/udh.h"

enum label {
    LABEL_NONE,
    LABEL_ID,
    LABEL_SUB,
    LABEL_DLVRD,
    LABEL_SUBMIT,
    LABEL_DONE,
    LABEL_STAT,
    LABEL_ERR,
    LABEL_TEXT,
};

/* Invariant: at <= s.n. */
struct scan {
    struct slice s;
    size_t at;
    unsigned seen; /* bit of each label that had its value */
    bool after_date;
};

enum { WORD_MAX = 16 };

struct stat_row {
    char word[WORD_MAX]; /* upper case, padded with zeros */
    int8_t message_state;
    bool final;
};

static const struct stat_row stat_rows[] = {
#define STAT(word, message_state, final) {word, message_state, final},
#include "proto/receipt_stat.def"
#undef STAT
};

int
receipt_state_of_word(struct slice word, bool *final)
{
    char upper[WORD_MAX] = {0};
    if (word.n == 0 || word.n >= WORD_MAX)
        return -1;
    for (size_t i = 0; i < word.n; i++) {
        char c = (char)word.p[i];
        upper[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    size_t rows = sizeof stat_rows / sizeof stat_rows[0];
    for (size_t i = 0; i < rows; i++) {
        if (memcmp(upper, stat_rows[i].word, WORD_MAX) == 0) {
            if (final)
                *final = stat_rows[i].final;
            return stat_rows[i].message_state;
        }
    }
    return -1;
}

bool
receipt_state_is_final(int message_state, bool accepted_is_final)
{
    switch (message_state) {
    case STATE_DELIVERED:
    case STATE_EXPIRED:
    case STATE_DELETED:
    case STATE_UNDELIVERABLE:
    case STATE_REJECTED:
    case STATE_SKIPPED: return true;
    case STATE_ACCEPTED: return accepted_is_final;
    default: return false;
    }
}

/* ---- words ---- */

static bool
is_space(uint8_t c)
{
    return c <= ' ';
}

/* Whether the label stands here, letter case aside, colon included. */
static bool
has_label(struct slice s, size_t at, const char *label, size_t n)
{
    if (s.n - at < n || s.p[at + n - 1] != ':')
        return false;
    for (size_t i = 0; i < n - 1; i++) {
        if ((s.p[at + i] | 0x20) != (uint8_t)label[i])
            return false;
    }
    return true;
}

static const struct label_row {
    char word[13];
    uint8_t n;
    uint8_t label;
} label_rows[] = {
    {"id:", 3, LABEL_ID},       {"sub:", 4, LABEL_SUB},
    {"stat:", 5, LABEL_STAT},   {"submit date:", 12, LABEL_SUBMIT},
    {"dlvrd:", 6, LABEL_DLVRD}, {"done date:", 10, LABEL_DONE},
    {"dlvr:", 5, LABEL_DLVRD},  {"err:", 4, LABEL_ERR},
    {"text:", 5, LABEL_TEXT},
};

/* The label that begins here, and its length. */
static enum label
label_at(struct slice s, size_t at, size_t *length)
{
    /* rows with the same first letter stand together */
    size_t first, last;
    switch (at < s.n ? s.p[at] | 0x20 : 0) {
    case 'i': first = 0, last = 0; break;
    case 's': first = 1, last = 3; break;
    case 'd': first = 4, last = 6; break;
    case 'e': first = 7, last = 7; break;
    case 't': first = 8, last = 8; break;
    default: return LABEL_NONE;
    }
    for (size_t i = first; i <= last; i++) {
        if (has_label(s, at, label_rows[i].word, label_rows[i].n)) {
            *length = label_rows[i].n;
            return label_rows[i].label;
        }
    }
    return LABEL_NONE;
}

static void
skip_spaces(struct scan *scan)
{
    while (scan->at < scan->s.n && is_space(scan->s.p[scan->at]))
        scan->at++;
}

/* Between words some centres put a comma too. */
static void
skip_gap(struct scan *scan)
{
    while (scan->at < scan->s.n &&
           (is_space(scan->s.p[scan->at]) || scan->s.p[scan->at] == ',' ||
            scan->s.p[scan->at] == ';'))
        scan->at++;
}

/* Up to the next space, or a comma that a label or a space follows. */
static struct slice
take_word(struct scan *scan)
{
    struct slice s = scan->s;
    size_t start = scan->at, i = start, ignored;
    for (; i < s.n && !is_space(s.p[i]); i++) {
        bool comma = s.p[i] == ',' || s.p[i] == ';';
        if (comma && (i + 1 >= s.n || is_space(s.p[i + 1]) ||
                      label_at(s, i + 1, &ignored)))
            break;
    }
    scan->at = i;
    return slice_of(s.p + start, i - start);
}

/* The value behind a label: empty when the next label follows at once. */
static struct slice
take_value(struct scan *scan)
{
    size_t ignored;
    skip_spaces(scan);
    if (label_at(scan->s, scan->at, &ignored))
        return slice_of(NULL, 0);
    struct slice word = take_word(scan);
    return word.n ? word : slice_of(NULL, 0);
}

/* ---- values ---- */

static int
count_of(struct slice word)
{
    int v = 0;
    if (word.n == 0 || word.n > 9)
        return -1;
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] < '0' || word.p[i] > '9')
            return -1;
        v = v * 10 + (word.p[i] - '0');
    }
    return v;
}

/* Reads the digits as year (of two or four), month, day, hour, minute and
 * second where there is one. */
static bool
civil_of(const uint8_t *digits, size_t n, size_t year_digits,
         struct smpptime_civil *out)
{
    int pair[7] = {0};
    for (size_t i = 0; i < n / 2; i++)
        pair[i] = (digits[2 * i] - '0') * 10 + digits[2 * i + 1] - '0';
    const int *rest = pair + year_digits / 2;
    int year = year_digits == 4 ? pair[0] * 100 + pair[1] : 2000 + pair[0];
    bool seconds = n - year_digits == 10;
    *out = (struct smpptime_civil){year,    rest[0], rest[1],
                                   rest[2], rest[3], seconds ? rest[4] : 0};
    return smpptime_civil_exists(out);
}

/* YYMMDDhhmm, with seconds, with a year of four, or an SMPP time, whose tenths
 * and zone are not looked at. */
static void
set_date(struct receipt_date *d, struct slice word)
{
    size_t n = 0;
    while (n < word.n && word.p[n] >= '0' && word.p[n] <= '9')
        n++;
    if (n == 15 && word.n == 16) /* YYMMDDhhmmss tnn + */
        n = 12;
    else if (n != word.n)
        return;
    if (n == 10 || n == 12)
        d->known = civil_of(word.p, n, 2, &d->civil);
    if (!d->known && (n == 12 || n == 14))
        d->known = civil_of(word.p, n, 4, &d->civil);
    if (d->known)
        d->unix_s = smpptime_from_civil(&d->civil);
}

static void
set_stat(struct receipt *r, struct slice word)
{
    r->stat = word;
    r->message_state = receipt_state_of_word(word, &r->final);
}

static void
set_value(struct receipt *r, enum label label, struct slice word)
{
    switch (label) {
    case LABEL_ID: r->id = word; break;
    case LABEL_SUB: r->sub = count_of(word); break;
    case LABEL_DLVRD: r->dlvrd = count_of(word); break;
    case LABEL_SUBMIT: set_date(&r->submit, word); break;
    case LABEL_DONE: set_date(&r->done, word); break;
    case LABEL_STAT: set_stat(r, word); break;
    case LABEL_ERR: r->err = word; break;
    case LABEL_NONE:
    case LABEL_TEXT: break;
    }
}

/* ---- text ---- */

/* From here the next place where a label begins that has not been seen (or
 * only the one that is wanted); s.n when there is none. */
static size_t
find_label(const struct scan *scan, size_t from, enum label wanted)
{
    for (size_t i = from; i < scan->s.n; i++) {
        size_t length;
        if (i > from && !is_space(scan->s.p[i - 1]))
            continue;
        enum label label = label_at(scan->s, i, &length);
        if (label == LABEL_NONE || scan->seen >> label & 1)
            continue;
        if (wanted == LABEL_NONE || wanted == label)
            return i;
    }
    return scan->s.n;
}

/* The quoted text runs to the end; only when stat is still to come does it
 * end in front of the first label that was missing so far. */
static struct slice
take_text(struct scan *scan)
{
    skip_spaces(scan);
    size_t start = scan->at, end = scan->s.n;
    scan->seen |= 1u << LABEL_TEXT;
    bool stat_follows = !(scan->seen >> LABEL_STAT & 1) &&
                        find_label(scan, start, LABEL_STAT) < end;
    if (stat_follows) {
        end = find_label(scan, start, LABEL_NONE);
        scan->at = end;
        while (end > start && is_space(scan->s.p[end - 1]))
            end--;
    } else {
        scan->at = end;
    }
    return slice_of(scan->s.p + start, end - start);
}

/* A word without a label: some centres leave out "stat:" behind the date. */
static void
take_bare_word(struct scan *scan, struct receipt *r)
{
    struct slice word = take_word(scan);
    if (scan->after_date && !(scan->seen >> LABEL_STAT & 1) &&
        receipt_state_of_word(word, NULL) >= 0) {
        scan->seen |= 1u << LABEL_STAT;
        set_stat(r, word);
    }
    scan->after_date = false;
}

static void
take_label(struct scan *scan, enum label label, struct receipt *r)
{
    if (label == LABEL_TEXT) {
        r->text = take_text(scan);
        return;
    }
    struct slice word = take_value(scan);
    scan->after_date = label == LABEL_SUBMIT || label == LABEL_DONE;
    if (scan->seen >> label & 1)
        return;
    scan->seen |= 1u << label;
    set_value(r, label, word);
}

static void
receipt_init(struct receipt *r)
{
    memset(r, 0, sizeof *r);
    r->message_state = r->sub = r->dlvrd = -1;
    r->network_type = r->network_error = -1;
}

void
receipt_parse(struct slice text, struct receipt *out)
{
    receipt_init(out);
    while (text.n > 0 && text.p[text.n - 1] == 0)
        text.n--;
    struct scan scan = {.s = text};
    for (;;) {
        skip_gap(&scan);
        if (scan.at >= text.n)
            break;
        size_t length;
        enum label label = label_at(text, scan.at, &length);
        if (label == LABEL_NONE ||
            (label == LABEL_TEXT && scan.seen >> LABEL_TEXT & 1)) {
            take_bare_word(&scan, out);
            continue;
        }
        scan.at += length;
        take_label(&scan, label, out);
    }
    out->looks_like_receipt = out->id.n > 0 && out->stat.n > 0;
}

/* ---- PDU ---- */

static struct slice
text_of(const struct pdu *p, uint32_t esm_class)
{
    struct slice data = pdu_user_data(p);
    struct udh udh;
    if (!(esm_class & ESM_UDHI) || !udh_parse(data, &udh))
        return data;
    struct cursor c = cursor_of(data);
    (void)cursor_take(&c, udh.length);
    return cursor_rest(&c);
}

/* Returns whether both of the TLVs that make a receipt are there. */
static bool
merge_tlvs(const struct pdu *p, bool accepted_is_final, struct receipt *r)
{
    struct slice id;
    uint32_t state = 0;
    bool has_id = pdu_tlv_text(p, TLV_RECEIPTED_MESSAGE_ID, &id) && id.n > 0;
    bool has_state =
        pdu_tlv_u32(p, TLV_MESSAGE_STATE, &state) && state < STATE_N;
    if (has_id)
        r->id = id;
    if (has_state)
        r->message_state = (int)state;
    if (has_state || r->message_state == STATE_ACCEPTED)
        r->final = receipt_state_is_final(r->message_state, accepted_is_final);

    const struct tlv *network = pdu_tlv(p, TLV_NETWORK_ERROR_CODE);
    if (network && network->value.n == 3) {
        struct cursor c = cursor_of(network->value);
        r->network_type = cursor_u8(&c);
        r->network_error = cursor_be16(&c);
    }
    return has_id && has_state;
}

bool
receipt_from_pdu(const struct pdu *p, const struct receipt_options *options,
                 struct receipt *out)
{
    static const struct receipt_options strict;
    if (!options)
        options = &strict;
    uint32_t esm_class = pdu_u32(p, FIELD_ESM_CLASS);
    uint32_t type = esm_class & ESM_TYPE_MASK;

    receipt_parse(text_of(p, esm_class), out);
    bool by_text = options->by_text && type == ESM_TYPE_DEFAULT &&
                   out->looks_like_receipt && out->message_state >= 0;
    bool by_tlvs = merge_tlvs(p, options->accepted_is_final, out);
    out->intermediate = type == ESM_TYPE_INTERMEDIATE;
    return type == ESM_TYPE_RECEIPT || type == ESM_TYPE_INTERMEDIATE ||
           by_tlvs || by_text;
}
