/*
 * config_check.c - what single rows cannot see: settings that contradict
 * each other.
 *
 * Promise: a config that passes has unique names, and every name it mentions
 * exists.
 */
#include "engine/config_inside.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdlib.h>

struct checking {
    const struct config *c;
    const struct lines *lines;
    struct faults *faults;
};

__attribute__((format(printf, 3, 4))) static void
refuse(struct checking *k, const char *path, const char *format, ...)
{
    char why[CONFIG_WHY_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    fault_add(k->faults, lines_of(k->lines, path), path, "%s", why);
}

/* "carriers[3].window" */
static const char *
path_of(char dst[CONFIG_PATH_BYTES], const char *list, unsigned index,
        const char *key)
{
    snprintf(dst, CONFIG_PATH_BYTES, "%s[%u].%s", list, index, key);
    return dst;
}

static void
check_pair(struct checking *k, const char *section, const char *cert,
           const char *key)
{
    char path[CONFIG_PATH_BYTES + 8];
    if (cert && !key) {
        snprintf(path, sizeof path, "%s.cert", section);
        refuse(k, path, "given without %s.key", section);
    }
    if (key && !cert) {
        snprintf(path, sizeof path, "%s.key", section);
        refuse(k, path, "given without %s.cert", section);
    }
}

/* ---- carriers ---- */

static void
check_timers(struct checking *k, unsigned i, const struct carrier_timers *t)
{
    char path[CONFIG_PATH_BYTES];
    if (t->reconnect_min_ms > t->reconnect_max_ms)
        refuse(k, path_of(path, "carriers", i, "timers.reconnect_min"),
               "%ums is longer than reconnect_max (%ums)", t->reconnect_min_ms,
               t->reconnect_max_ms);
    if (t->idle_ms <= t->enquire_ms)
        refuse(k, path_of(path, "carriers", i, "timers.idle"),
               "%ums is not longer than enquire (%ums): a quiet bind would "
               "never live",
               t->idle_ms, t->enquire_ms);
}

static void
check_rate(struct checking *k, unsigned i, const struct carrier_settings *c)
{
    char path[CONFIG_PATH_BYTES];
    if (c->rate && c->burst > c->rate)
        refuse(k, path_of(path, "carriers", i, "burst"),
               "%u is greater than rate (%u): no one-second window may hold "
               "more than the rate",
               c->burst, c->rate);
    if (!c->rate && c->burst)
        refuse(k, path_of(path, "carriers", i, "burst"),
               "%u without a rate means nothing", c->burst);
}

static void
check_tls(struct checking *k, unsigned i, const struct carrier_tls *t)
{
    char path[CONFIG_PATH_BYTES];
    path_of(path, "carriers", i, "tls");
    check_pair(k, path, t->cert, t->key);
    if (!t->enabled && (t->ca || t->cert || t->key || t->server_name))
        refuse(k, path, "has settings, but tls.enabled is false");
    if (t->enabled && !t->verify && t->server_name)
        refuse(k, path_of(path, "carriers", i, "tls.server_name"),
               "given, but tls.verify is false");
}

static void
check_tables(struct checking *k, unsigned i, const struct carrier_settings *c)
{
    char path[CONFIG_PATH_BYTES];
    for (unsigned a = 0; a < c->statuses_n; a++)
        for (unsigned b = 0; b < a; b++)
            if (c->statuses[a].status == c->statuses[b].status)
                refuse(k, path_of(path, "carriers", i, "statuses"),
                       "0x%08x is given twice", c->statuses[a].status);
    for (unsigned a = 0; a < c->tlvs_n; a++)
        for (unsigned b = 0; b < a; b++)
            if (c->tlvs[a].tag == c->tlvs[b].tag)
                refuse(k, path_of(path, "carriers", i, "tlvs"),
                       "%s and %s have the same tag 0x%04x", c->tlvs[b].name,
                       c->tlvs[a].name, c->tlvs[a].tag);
}

static void
check_parts(struct checking *k, unsigned i, const struct carrier_segments *s)
{
    char path[CONFIG_PATH_BYTES];
    /* A header of 7 octets at most leaves 152 of 160 (gsm0338.md). */
    if (s->gsm7_part && s->gsm7_part < 16)
        refuse(k, path_of(path, "carriers", i, "parts.gsm7"),
               "%u leaves no room for text (0, 16..160)", s->gsm7_part);
    if (s->ucs2_part && s->ucs2_part < 8)
        refuse(k, path_of(path, "carriers", i, "parts.ucs2"),
               "%u leaves no room for text (0, 8..70)", s->ucs2_part);
}

static void
check_carriers(struct checking *k)
{
    char path[CONFIG_PATH_BYTES];
    for (unsigned i = 0; i < k->c->carriers_n; i++) {
        const struct carrier_settings *c = &k->c->carriers[i];
        for (unsigned j = 0; j < i; j++)
            if (strcmp(c->name, k->c->carriers[j].name) == 0)
                refuse(k, path_of(path, "carriers", i, "name"),
                       "'%s' is the name of carriers[%u] too", c->name, j);
        check_rate(k, i, c);
        check_timers(k, i, &c->timers);
        check_tls(k, i, &c->tls);
        check_tables(k, i, c);
        check_parts(k, i, &c->segments);
    }
}

static const struct carrier_settings *
find_carrier(const struct config *c, const char *name)
{
    for (unsigned i = 0; i < c->carriers_n; i++)
        if (strcmp(c->carriers[i].name, name) == 0)
            return &c->carriers[i];
    return NULL;
}

/* "a, b, c", for a name that is none of them. */
static const char *
carrier_names(const struct config *c, char dst[CONFIG_WHY_BYTES])
{
    size_t n = 0;
    snprintf(dst, CONFIG_WHY_BYTES, "none");
    for (unsigned i = 0; i < c->carriers_n && n < 120; i++)
        n += (size_t)snprintf(dst + n, CONFIG_WHY_BYTES - n, "%s%s",
                              n ? ", " : "", c->carriers[i].name);
    return dst;
}

static void
check_carrier_name(struct checking *k, const char *path, const char *name)
{
    char names[CONFIG_WHY_BYTES];
    if (!find_carrier(k->c, name))
        refuse(k, path, "no carrier has the name '%s' (known: %s)", name,
               carrier_names(k->c, names));
}

/* ---- routes ---- */

static void
check_route(struct checking *k, unsigned i, const struct config_route *r)
{
    char path[CONFIG_PATH_BYTES], key[64];
    for (unsigned n = 0; n < r->carriers_n; n++) {
        snprintf(key, sizeof key, "carriers[%u]", n);
        path_of(path, "routes", i, key);
        check_carrier_name(k, path, r->carriers[n]);
        for (unsigned m = 0; m < n; m++)
            if (strcmp(r->carriers[n], r->carriers[m]) == 0)
                refuse(k, path, "'%s' is named twice", r->carriers[n]);
    }
    path_of(path, "routes", i, "weights");
    if (r->strategy == CONFIG_WEIGHTED && r->weights_n != r->carriers_n)
        refuse(k, path, "%u weights for %u carriers", r->weights_n,
               r->carriers_n);
    if (r->strategy != CONFIG_WEIGHTED && r->weights_n)
        refuse(k, path, "given, but the strategy is not weighted");
}

static bool
is_in(const struct config_pattern *wide, const struct config_pattern *narrow)
{
    size_t n = strlen(wide->prefix);
    if (wide->exact)
        return narrow->exact && strcmp(wide->prefix, narrow->prefix) == 0;
    return strncmp(wide->prefix, narrow->prefix, n) == 0;
}

/* The first match wins, so a route behind a wider one is never taken. */
static bool
covers(const struct config_route *wide, const struct config_route *narrow)
{
    if (wide->from[0] || wide->account[0] || wide->network[0] || wide->class ||
        wide->encoding)
        return false;
    for (unsigned i = 0; i < narrow->to.count; i++) {
        bool found = false;
        for (unsigned k = 0; k < wide->to.count && !found; k++)
            found = is_in(&wide->to.pattern[k], &narrow->to.pattern[i]);
        if (!found)
            return false;
    }
    return true;
}

static void
check_routes(struct checking *k)
{
    char path[CONFIG_PATH_BYTES];
    for (unsigned i = 0; i < k->c->routes_n; i++) {
        check_route(k, i, &k->c->routes[i]);
        for (unsigned j = 0; j < i; j++)
            if (covers(&k->c->routes[j], &k->c->routes[i])) {
                refuse(k, path_of(path, "routes", i, "to"),
                       "'%s' is never reached: routes[%u] takes '%s'",
                       k->c->routes[i].to.text, j, k->c->routes[j].to.text);
                break;
            }
    }
}

/* ---- numbers ---- */

static int
by_number(const void *a, const void *b)
{
    const struct config_number *const *x = a, *const *y = b;
    int order = strcmp((*x)->number, (*y)->number);
    if (order)
        return order;
    return *x < *y ? -1 : *x > *y;
}

/* Sorted, since there may be a hundred thousand. */
static void
check_twice(struct checking *k)
{
    char path[CONFIG_PATH_BYTES];
    unsigned n = k->c->numbers_n;
    const struct config_number *first = k->c->numbers,
                               **sorted = calloc(n ? n : 1, sizeof *sorted);
    if (!sorted) {
        refuse(k, "numbers", "out of memory");
        return;
    }
    for (unsigned i = 0; i < n; i++)
        sorted[i] = &first[i];
    qsort(sorted, n, sizeof *sorted, by_number);
    for (unsigned i = 1; i < n; i++)
        if (strcmp(sorted[i]->number, sorted[i - 1]->number) == 0)
            refuse(k,
                   path_of(path, "numbers", (unsigned)(sorted[i] - first),
                           "number"),
                   "'%s' is numbers[%u] too", sorted[i]->number,
                   (unsigned)(sorted[i - 1] - first));
    free(sorted);
}

static void
check_numbers(struct checking *k)
{
    char path[CONFIG_PATH_BYTES];
    for (unsigned i = 0; i < k->c->numbers_n; i++) {
        const struct config_number *n = &k->c->numbers[i];
        if (n->carrier[0])
            check_carrier_name(k, path_of(path, "numbers", i, "carrier"),
                               n->carrier);
        if (!n->account[0] && !n->shared)
            refuse(k, path_of(path, "numbers", i, "account"),
                   "must be given unless the number is shared");
        if (!n->account[0] && n->default_sender[0])
            refuse(k, path_of(path, "numbers", i, "default_sender"),
                   "given without an account");
    }
    check_twice(k);
}

/* ---- doors and the rest ---- */

static bool
is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strcmp(host, "localhost") == 0;
}

/* 16: what nobody guesses in the lifetime of a key. */
enum { KEY_CHARACTERS_MIN = 16 };

static void
check_http(struct checking *k)
{
    const struct config *c = k->c;
    size_t n = strlen(c->http.admin_key);
    check_pair(k, "http.tls", c->http.tls.cert, c->http.tls.key);
    if (c->http.tls.client_ca && !c->http.tls.cert)
        refuse(k, "http.tls.client_ca", "given without http.tls.cert");
    if (n && n < KEY_CHARACTERS_MIN && !is_loopback(c->http.listen.host))
        refuse(k, "http.admin_key",
               "is shorter than %d characters, while http.listen is open to "
               "other machines",
               KEY_CHARACTERS_MIN);
    if (c->http.admin_key[strcspn(c->http.admin_key, " \t\"")])
        refuse(k, "http.admin_key", "has a space or a quote");
}

/* All listeners with a fixed port, to find two on one. */
static void
check_listeners(struct checking *k)
{
    const struct config *c = k->c;
    struct listener {
        const struct config_address *address;
        char path[64];
    } all[1 + 2 * CONFIG_LIST_MAX];
    unsigned n = 0;
    all[n].address = &c->http.listen;
    snprintf(all[n++].path, sizeof all[0].path, "http.listen");
    for (unsigned i = 0; i < c->smpp.listen_n; i++, n++) {
        all[n].address = &c->smpp.listen[i];
        snprintf(all[n].path, sizeof all[n].path, "smpp.listen[%u]", i);
    }
    for (unsigned i = 0; i < c->smpp.listen_tls_n; i++, n++) {
        all[n].address = &c->smpp.listen_tls[i];
        snprintf(all[n].path, sizeof all[n].path, "smpp.listen_tls[%u]", i);
    }
    for (unsigned i = 1; i < n; i++)
        for (unsigned j = 0; j < i; j++)
            if (all[i].address->port &&
                all[i].address->port == all[j].address->port &&
                strcmp(all[i].address->host, all[j].address->host) == 0) {
                /* Blame what stands in the file, not a default. */
                bool given = lines_of(k->lines, all[i].path) != 0;
                refuse(k, all[given ? i : j].path, "'%s' is %s too",
                       all[i].address->text, all[given ? j : i].path);
                break;
            }
}

static void
check_smpp(struct checking *k)
{
    const struct config *c = k->c;
    check_pair(k, "smpp.tls", c->smpp.tls.cert, c->smpp.tls.key);
    if (c->smpp.tls.client_ca && !c->smpp.tls.cert)
        refuse(k, "smpp.tls.client_ca", "given without smpp.tls.cert");
    if (c->smpp.listen_tls_n && !c->smpp.tls.cert)
        refuse(k, "smpp.listen_tls", "given without smpp.tls.cert");
}

void
config_check(const struct config *c, const struct lines *l,
             struct faults *faults)
{
    struct checking k = {c, l, faults};
    check_http(&k);
    check_smpp(&k);
    check_listeners(&k);
    check_carriers(&k);
    check_routes(&k);
    check_numbers(&k);
    if (c->retention.events_s > c->retention.messages_s)
        refuse(&k, "retention.events",
               "is longer than retention.messages: events would name messages "
               "that are gone");
}
