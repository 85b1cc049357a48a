/*
 * config_value.c - reads one text as its row says.
 *
 * Promise: nothing is half read: a value is in its range, or a fault says
 * what was found and what is accepted. A secret's text is in no fault.
 */
#include "engine/config_inside.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

/* What a reader of one kind works on. */
struct reading {
    struct arena *arena;
    const struct config_row *row;
    const char *text;
    const char *shown; /* what may be printed */
    void *at;
    char *why;
};

__attribute__((format(printf, 2, 3))) static bool
no(const struct reading *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(r->why, CONFIG_WHY_BYTES, format, args);
    va_end(args);
    return false;
}

/* "'x' is not a duration (100ms..5m)" */
static bool
no_kind(const struct reading *r, const char *kind)
{
    char range[CONFIG_WHY_BYTES];
    return no(r, "'%.60s' is not %s (%.120s)", r->shown, kind,
              config_range(r->row, range));
}

static bool
no_memory(const struct reading *r)
{
    return no(r, "out of memory");
}

static void
store_number(const struct config_row *row, void *at, uint64_t v)
{
    switch (row->width) {
    case 1: *(uint8_t *)at = (uint8_t)v; break;
    case 2: *(uint16_t *)at = (uint16_t)v; break;
    case 4: *(uint32_t *)at = (uint32_t)v; break;
    default: *(uint64_t *)at = v; break;
    }
}

static bool
store_in_range(const struct reading *r, uint64_t v)
{
    char range[CONFIG_WHY_BYTES];
    if (v < (uint64_t)r->row->min || v > (uint64_t)r->row->max)
        return no(r, "%.60s is out of range (%.120s)", r->shown,
                  config_range(r->row, range));
    store_number(r->row, r->at, v);
    return true;
}

/* Decimal or 0x, nothing behind it; false also when it does not fit. */
static bool
number_of(const char *text, uint64_t *v)
{
    bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
    const char *digits = hex ? text + 2 : text;
    if (!isxdigit((unsigned char)digits[0]))
        return false;
    char *end;
    errno = 0;
    *v = strtoull(digits, &end, hex ? 16 : 10);
    return *end == 0 && errno == 0;
}

static bool
read_uint(const struct reading *r)
{
    uint64_t v;
    const char *digits = r->text + (r->text[0] == '-');
    if (!number_of(digits, &v)) {
        /* A long row of digits is a number, too large for any range. */
        if (*digits && strspn(digits, "0123456789") == strlen(digits))
            return store_in_range(r, UINT64_MAX);
        return no_kind(r, "a number");
    }
    if (digits != r->text && v)
        v = UINT64_MAX; /* below every range, and above */
    return store_in_range(r, v);
}

static bool
read_bool(const struct reading *r)
{
    static const char *const yes[] = {"true", "yes", "on"};
    static const char *const nay[] = {"false", "no", "off"};
    for (int i = 0; i < 3; i++) {
        bool is_yes = strcasecmp(r->text, yes[i]) == 0;
        if (is_yes || strcasecmp(r->text, nay[i]) == 0) {
            *(bool *)r->at = is_yes;
            return true;
        }
    }
    return no(r, "'%.60s' is neither true nor false", r->shown);
}

/* Units fall: "1m30s", never "30s1m". False when it is no duration. */
static bool
duration_of(const char *text, uint64_t *ms)
{
    static const struct unit {
        const char *name;
        uint64_t ms;
    } units[] = {
        {"d", 86400000}, {"h", 3600000}, {"ms", 1}, {"m", 60000}, {"s", 1000}};
    uint64_t before = UINT64_MAX;
    *ms = 0;
    if (strcmp(text, "0") == 0)
        return true;
    while (isdigit((unsigned char)*text)) {
        char *end;
        errno = 0;
        uint64_t n = strtoull(text, &end, 10);
        size_t u = 0, units_n = sizeof units / sizeof units[0];
        while (u < units_n &&
               strncmp(end, units[u].name, strlen(units[u].name)) != 0)
            u++;
        if (u == units_n || units[u].ms >= before || errno ||
            n > INT64_MAX / 2 / units[u].ms)
            return false;
        before = units[u].ms;
        *ms += n * units[u].ms;
        if (*ms > INT64_MAX / 2)
            return false;
        text = end + strlen(units[u].name);
        if (*text == 0)
            return true;
    }
    return false;
}

static bool
read_duration(const struct reading *r)
{
    uint64_t ms;
    if (!duration_of(r->text, &ms))
        return no_kind(r, "a duration with a unit");
    if (r->row->type == SET_MS)
        return store_in_range(r, ms);
    if (ms % 1000)
        return no_kind(r, "a duration in whole seconds");
    return store_in_range(r, ms / 1000);
}

static bool
read_size(const struct reading *r)
{
    static const char units[] = "KMGT";
    char *end;
    errno = 0;
    uint64_t v = isdigit((unsigned char)r->text[0])
                     ? strtoull(r->text, &end, 10)
                     : (end = (char *)(uintptr_t)r->text, 0);
    if (end == r->text || errno)
        return no_kind(r, "a size");
    const char *unit =
        *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (unit) {
        end++;
        end += *end == 'i';
    }
    if (*end == 'B' || (unit && *end == 'b'))
        end++;
    if (*end || v > UINT64_MAX >> shift)
        return no_kind(r, "a size");
    return store_in_range(r, v << shift);
}

static bool
read_choice(const struct reading *r)
{
    const char *at = r->row->choices;
    struct slice name;
    unsigned value = UINT32_MAX;
    char range[CONFIG_WHY_BYTES];
    while (config_choice_next(&at, &name, &value))
        if (slice_eq(name, slice_str(r->text))) {
            store_number(r->row, r->at, value);
            return true;
        }
    return no(r, "'%.60s' is none of: %.150s", r->shown,
              config_range(r->row, range));
}

static bool
store_text(const struct reading *r)
{
    const char *copy = arena_text(r->arena, slice_str(r->text));
    if (!copy)
        return no_memory(r);
    *(const char **)r->at = copy;
    return true;
}

/* Characters between min and max, none of them a control character. */
static bool
length_fits(const struct reading *r)
{
    char range[CONFIG_WHY_BYTES];
    unsigned characters = 0;
    const char *shown = r->row->type == SET_SECRET ? "it" : r->shown;
    for (const char *c = r->text; *c; c++) {
        characters += ((uint8_t)*c & 0xC0) != 0x80;
        bool line = *c == '\n' && r->row->max > 255;
        if (((uint8_t)*c < ' ' && !line) || *c == 0x7F)
            return no(r, "has a control character");
    }
    if (characters < (uint64_t)r->row->min)
        return no(r, "is empty (%.120s)", config_range(r->row, range));
    if (characters > (uint64_t)r->row->max)
        return no(r, "'%.30s' has %u characters (%.120s)", shown, characters,
                  config_range(r->row, range));
    return true;
}

static bool
read_text(const struct reading *r)
{
    if (!length_fits(r))
        return false;
    if (r->row->type == SET_NAME || r->row->type == SET_HOST)
        for (const char *c = r->text; *c; c++)
            if (!isalnum((unsigned char)*c) && !strchr("._-", *c) &&
                !(r->row->type == SET_HOST && *c == ':'))
                return no(r, "'%.60s' may hold letters, digits, '.', '_', '-'",
                          r->shown);
    if (r->row->type == SET_HOST && !r->text[0]) {
        *(const char **)r->at = NULL;
        return true;
    }
    return store_text(r);
}

static bool
read_file(const struct reading *r)
{
    if (!r->text[0]) {
        *(const char **)r->at = NULL;
        return true;
    }
    if (!length_fits(r))
        return false;
    FILE *f = fopen(r->text, "r");
    bool failed = !f || (fgetc(f) == EOF && ferror(f)); /* a folder opens */
    int cause = errno;
    if (f)
        fclose(f);
    if (failed)
        return no(r, "'%.120s' cannot be read: %s", r->shown, strerror(cause));
    return store_text(r);
}

static bool
read_address(const struct reading *r)
{
    struct config_address *out = r->at;
    const char *colon = strrchr(r->text, ':');
    uint64_t port;
    if (!colon || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        !number_of(colon + 1, &port) || port > 65535)
        return no_kind(r, "an address with a port");
    struct slice host = slice_of(r->text, (size_t)(colon - r->text));
    if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') {
        host.p++;
        host.n -= 2;
    } else if (host.n && memchr(host.p, ':', host.n)) {
        return no(r,
                  "'%.60s': write an IPv6 address in brackets, as "
                  "[::1]:2775",
                  r->shown);
    }
    char *copy = arena_text(r->arena, host);
    if (!copy)
        return no_memory(r);
    uint8_t octets[16];
    if (host.n && inet_pton(AF_INET, copy, octets) != 1 &&
        inet_pton(AF_INET6, copy, octets) != 1 && strcmp(copy, "localhost"))
        return no(r, "'%.60s' has no IP address", r->shown);
    out->host = copy;
    out->port = (uint16_t)port;
    out->text = arena_text(r->arena, slice_str(r->text));
    return out->text || no_memory(r);
}

/* E.164 (7..15 digits behind a plus), a short code (3..8 digits), or a name
 * of the GSM alphabet's first letters. */
static bool
read_phone(const struct reading *r)
{
    const char *t = r->text;
    size_t n = strlen(t), digits = strspn(t + (t[0] == '+'), "0123456789");
    if (t[0] == '+') {
        if (digits != n - 1 || digits < 7 || digits > 15 || t[1] == '0')
            return no_kind(r, "an E.164 number");
        return store_text(r);
    }
    if (n && digits == n) {
        if (n > 8)
            return no(r, "'%.30s': write a full number with '+'", r->shown);
        return n < 3 ? no_kind(r, "a short code") : store_text(r);
    }
    if (n == 0 || n > 11)
        return no_kind(r, "a number or a name");
    for (const char *c = t; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr(" &-._+!", *c))
            return no_kind(r, "a number or a name");
    return store_text(r);
}

static bool
read_pattern(const struct reading *r)
{
    struct config_pattern *out = r->at;
    const char *t = r->text, *from = t + (t[0] == '+');
    size_t digits = strspn(from, "0123456789");
    const char *end = from + digits;
    bool star = *end == '*';
    if (end[star] || digits > 15 || (digits == 0 && (!star || from != t)))
        return no_kind(r, "a pattern of destinations");
    if (digits && from == t && (star || digits > 8))
        return no(r, "'%.30s': write it with '+'", r->shown);
    out->text = arena_text(r->arena, slice_str(t));
    out->prefix = arena_text(r->arena, slice_of(from, digits));
    out->exact = !star;
    return (out->text && out->prefix) || no_memory(r);
}

/* The next piece between commas, without blanks around; false at the end. */
static bool
next_piece(const char **at, char piece[64])
{
    *at += strspn(*at, " ,");
    size_t n = strcspn(*at, ",");
    size_t kept = n;
    while (kept && (*at)[kept - 1] == ' ')
        kept--;
    slice_to_str(slice_of(*at, kept), piece, 64);
    *at += n;
    return piece[0] != 0;
}

enum { PIECES_MAX = 256 };

static bool
read_patterns(const struct reading *r)
{
    struct config_patterns *out = r->at;
    struct config_pattern *list =
        arena_zero(r->arena, PIECES_MAX * sizeof *list);
    char piece[64];
    if (!list)
        return no_memory(r);
    for (const char *at = r->text; next_piece(&at, piece); out->count++) {
        struct reading one = *r;
        one.text = piece;
        if (r->shown == r->text) /* else it is not to be printed */
            one.shown = piece;
        one.at = &list[out->count];
        if (out->count == PIECES_MAX - 1)
            return no(r, "more than %d destinations", PIECES_MAX - 1);
        if (!read_pattern(&one))
            return false;
    }
    if (out->count == 0)
        return no_kind(r, "a pattern of destinations");
    out->pattern = list;
    out->text = arena_text(r->arena, slice_str(r->text));
    return out->text || no_memory(r);
}

static bool
read_network(const struct reading *r)
{
    struct config_network net = {0};
    char address[64];
    const char *slash = strchr(r->text, '/');
    uint64_t bits;
    if (!slash || (size_t)(slash - r->text) >= sizeof address ||
        !number_of(slash + 1, &bits))
        return no_kind(r, "a network");
    slice_to_str(slice_of(r->text, (size_t)(slash - r->text)), address,
                 sizeof address);
    net.v6 = strchr(address, ':') != NULL;
    if (inet_pton(net.v6 ? AF_INET6 : AF_INET, address, net.octets) != 1 ||
        bits > (net.v6 ? 128 : 32))
        return no_kind(r, "a network");
    net.bits = (uint8_t)bits;
    for (unsigned i = net.bits; i < (net.v6 ? 128u : 32u); i++)
        if (net.octets[i / 8] & 0x80 >> i % 8)
            return no(r, "'%.60s' has bits set behind /%u", r->shown, net.bits);
    net.text = arena_text(r->arena, slice_str(r->text));
    *(struct config_network *)r->at = net;
    return net.text || no_memory(r);
}

static bool
read_ton_npi(const struct reading *r)
{
    unsigned ton, npi;
    char more;
    if (sscanf(r->text, "%3u/%3u%c", &ton, &npi, &more) != 2 || ton > 255 ||
        npi > 255 || !isdigit((unsigned char)r->text[0]))
        return no_kind(r, "TON/NPI");
    *(struct carrier_ton_npi *)r->at =
        (struct carrier_ton_npi){(uint8_t)ton, (uint8_t)npi};
    return true;
}

bool
value_read(struct arena *a, const struct config_row *row, const char *text,
           const char *shown, void *at, char why[CONFIG_WHY_BYTES])
{
    const struct reading r = {a, row, text, shown, at, why};
    switch (row->type) {
    case SET_TEXT:
    case SET_NAME:
    case SET_SECRET:
    case SET_PATH:
    case SET_HOST: return read_text(&r);
    case SET_FILE: return read_file(&r);
    case SET_BOOL: return read_bool(&r);
    case SET_UINT: return read_uint(&r);
    case SET_MS:
    case SET_S: return read_duration(&r);
    case SET_SIZE: return read_size(&r);
    case SET_CHOICE: return read_choice(&r);
    case SET_ADDRESS: return read_address(&r);
    case SET_PHONE: return read_phone(&r);
    case SET_PATTERN: return read_pattern(&r);
    case SET_PATTERNS: return read_patterns(&r);
    case SET_NETWORK: return read_network(&r);
    case SET_TON_NPI: return read_ton_npi(&r);
    case SET_STATUSES:
    case SET_TLVS:
    case SET_RETRIES: break; /* entries, by value_read_entry() */
    }
    return no(&r, "cannot be one value");
}

static bool
read_status(const struct reading *r, const char *key)
{
    static const struct word {
        const char *name;
        enum verdict verdict;
    } words[] = {{"retry", VERDICT_RETRY},
                 {"slow", VERDICT_SLOW},
                 {"fail", VERDICT_FAIL},
                 {"stop", VERDICT_STOP_BIND}};
    struct carrier_status *out = r->at;
    uint64_t status;
    if (!number_of(key, &status) || status == 0 || status > UINT32_MAX)
        return no(r, "'%.30s' is not a command_status (0x1..0xFFFFFFFF)", key);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(r->text, words[i].name) == 0) {
            *out = (struct carrier_status){(uint32_t)status, words[i].verdict};
            return true;
        }
    return no(r, "'%.60s' is none of: retry, slow, fail, stop", r->shown);
}

static bool
read_tlv(const struct reading *r, const char *key)
{
    struct carrier_tlv *out = r->at;
    uint64_t tag;
    size_t n = strlen(key);
    if (n == 0 || n > 63)
        return no(r, "the name of a TLV has 1..63 characters");
    for (const char *c = key; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_')
            return no(r, "'%.60s' may hold letters, digits and '_'", key);
    if (!number_of(r->text, &tag))
        return no(r, "'%.60s' is not a tag (1..0xFFFF)", r->shown);
    if (tag == 0 || tag > 0xFFFF)
        return no(r, "%.60s is out of range (1..0xFFFF)", r->shown);
    out->name = arena_text(r->arena, slice_str(key));
    out->tag = (uint16_t)tag;
    return out->name || no_memory(r);
}

static bool
read_retry(const struct reading *r, const char *key)
{
    enum { WAITS_MAX = 32, WAIT_MOST_MS = 86400000 };
    static const struct config_row wait_row = {
        .type = SET_MS, .width = 4, .min = 1, .max = WAIT_MOST_MS};
    struct config_retry *out = r->at;
    uint64_t status = 0;
    char piece[64];
    if (strcmp(key, "default") != 0 &&
        (!number_of(key, &status) || status == 0 || status > UINT32_MAX))
        return no(r, "'%.30s' is neither a command_status nor default", key);
    uint32_t *waits = arena_zero(r->arena, WAITS_MAX * sizeof *waits);
    if (!waits)
        return no_memory(r);
    *out = (struct config_retry){.status = (uint32_t)status, .wait_ms = waits};
    for (const char *at = r->text; next_piece(&at, piece); out->waits++) {
        const char *shown = r->shown == r->text ? piece : r->shown;
        struct reading one = {r->arena, &wait_row,          piece,
                              shown,    &waits[out->waits], r->why};
        if (out->waits == WAITS_MAX - 1)
            return no(r, "more than %d waits", WAITS_MAX - 1);
        if (!read_duration(&one))
            return false;
    }
    if (out->waits == 0)
        return no(r, "'%.60s' names no wait, as \"2s, 10s, 1m\"", r->shown);
    out->text = arena_text(r->arena, slice_str(r->text));
    return out->text || no_memory(r);
}

bool
value_read_entry(struct arena *a, const struct config_row *row, const char *key,
                 const char *text, const char *shown, void *at,
                 char why[CONFIG_WHY_BYTES])
{
    const struct reading r = {a, row, text, shown, at, why};
    switch (row->type) {
    case SET_STATUSES: return read_status(&r, key);
    case SET_RETRIES: return read_retry(&r, key);
    default: return read_tlv(&r, key);
    }
}
