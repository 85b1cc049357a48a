/*
 * route.c - the table of rules, compiled and asked.
 *
 * Promise: as in route.h. Each prefix of a rule is a link in a chain that its
 * digits lead to; chains are by rule, so the lowest head of all lengths is
 * the next rule to look at.
 */
#include "engine/flow/route.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "proto/addr.h"

enum { DIGITS_MAX = 15, EXACT = 32, NO_LINK = 0 };

/* Link 0 is not used. */
struct route_link {
    uint32_t rule;
    uint32_t next;
};

/* ---- paths ----------------------------------------------------------------
 */

static uint32_t
hash_text(uint32_t seed, const char *text)
{
    return (uint32_t)XXH3_64bits_withSeed(text, strlen(text) + 1, seed);
}

static uint32_t
hash_words(uint32_t seed, const void *words, size_t octets)
{
    return octets ? (uint32_t)XXH3_64bits_withSeed(words, octets, seed) : seed;
}

static uint32_t
path_key(const struct flow_route *x)
{
    uint32_t say[3] = {x->strategy, x->times, x->count};
    uint32_t h = hash_words(7, say, sizeof say);
    for (unsigned i = 0; i < x->count; i++)
        h = hash_text(h, x->carriers[i]);
    if (x->weights)
        h = hash_words(h, x->weights, x->count * sizeof *x->weights);
    h = hash_words(h, x->statuses, x->statuses_n * sizeof *x->statuses);
    return h < PATH_FIRST ? h + PATH_FIRST : h;
}

/* Of all that decides which rule fits and where it leads. */
static uint32_t
table_hash(const struct flow_route *rules, unsigned n, bool looks)
{
    uint32_t h = looks ? ~n : n;
    for (unsigned i = 0; i < n; i++) {
        const struct flow_route *x = &rules[i];
        uint32_t say[4] = {path_key(x), x->class, x->encoding, x->to_n};
        h = hash_words(h, say, sizeof say);
        for (unsigned k = 0; k < x->to_n; k++)
            h = hash_text(h + x->to[k].exact, x->to[k].digits);
        h = hash_text(h, x->from ? x->from : "");
        h = hash_text(h, x->account ? x->account : "");
        h = hash_text(h, x->network ? x->network : "");
    }
    return h;
}

struct route_path *
routes_by_key(const struct routes *r, uint32_t key)
{
    for (unsigned i = 0; i < r->paths; i++)
        if (r->path[i]->key == key)
            return r->path[i];
    return NULL;
}

static struct route_path *
path_create(struct directory *d, const struct flow_route *x, unsigned rule)
{
    struct route_path *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    p->key = path_key(x);
    p->rule = rule;
    p->strategy = x->strategy;
    p->statuses = x->statuses;
    p->statuses_n = x->statuses_n;
    p->times = x->times;
    for (unsigned i = 0; i < x->count && i < ROUTE_CARRIERS_MAX; i++) {
        p->carrier[i] = directory_find_carrier(d, slice_str(x->carriers[i]));
        p->weight[i] = x->weights ? x->weights[i] : 1;
        p->carriers++;
    }
    return p;
}

struct route_path *
routes_own(struct routes *r, struct directory *d, uint32_t carrier)
{
    struct carrier_entry *c = directory_carrier(d, carrier);
    if (!c)
        return NULL;
    if (carrier >= r->owns) {
        uint32_t n = carrier + 16;
        r->own = realloc(r->own, n * sizeof *r->own);
        if (!r->own)
            abort();
        memset(r->own + r->owns, 0, (n - r->owns) * sizeof *r->own);
        r->owns = n;
    }
    if (!r->own[carrier]) {
        struct route_path *p = calloc(1, sizeof *p);
        if (!p)
            abort();
        p->key = PATH_OWN;
        p->carriers = 1;
        p->carrier[0] = c;
        p->weight[0] = 1;
        r->own[carrier] = p;
    }
    return r->own[carrier];
}

/* ---- the table ------------------------------------------------------------
 */

static uint64_t
prefix_key(unsigned digits, bool exact, uint64_t value)
{
    return map_mix((uint64_t)(digits | (exact ? EXACT : 0)) << 56 | value) | 1;
}

static uint64_t
digits_value(const char *digits)
{
    uint64_t v = 0;
    for (; *digits; digits++)
        v = v * 10 + (uint64_t)(*digits - '0');
    return v;
}

static void
add_prefix(struct routes *r, const struct route_prefix *x, unsigned rule)
{
    unsigned n = (unsigned)strlen(x->digits);
    if (n > DIGITS_MAX)
        return; /* longer than any number */
    uint64_t key = prefix_key(n, x->exact, digits_value(x->digits));
    uint64_t head = NO_LINK;
    map_get(&r->heads, key, &head);
    r->link = realloc(r->link, (r->links + 2) * sizeof *r->link);
    if (!r->link)
        abort();
    uint32_t at = ++r->links;
    /* Added from the last rule to the first: the lowest is the head. */
    r->link[at] = (struct route_link){rule, (uint32_t)head};
    map_put(&r->heads, key, at);
    r->lengths |= 1u << n;
}

static void
add_rule(struct routes *r, unsigned rule)
{
    static const struct route_prefix all = {"", false};
    const struct flow_route *x = &r->rule[rule];
    for (unsigned k = 0; k < x->to_n; k++)
        add_prefix(r, &x->to[k], rule);
    if (x->to_n == 0)
        add_prefix(r, &all, rule);
    r->by_from = r->by_from || (x->from && x->from[0]);
    r->by_network = r->by_network || (r->looks && x->network && x->network[0]);
}

static void
free_paths(struct route_path **path, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        free(path[i]);
    free(path);
}

void
routes_compile(struct routes *r, struct directory *d,
               const struct flow_route *rules, unsigned n)
{
    struct route_path **before = r->path;
    unsigned befores = r->paths;
    map_fini(&r->heads);
    free(r->link);
    free(r->of_rule);
    r->link = NULL;
    r->links = r->paths = r->lengths = 0;
    r->by_from = r->by_network = false;
    r->rule = rules;
    r->rules = n;
    r->of_rule = calloc(n + 1u, sizeof *r->of_rule);
    r->path = calloc(n + 1u, sizeof *r->path);
    if (!r->of_rule || !r->path)
        abort();
    for (unsigned i = 0; i < n; i++) {
        struct route_path *p = routes_by_key(r, path_key(&rules[i]));
        if (!p)
            p = r->path[r->paths++] = path_create(d, &rules[i], i);
        r->of_rule[i] = p;
    }
    for (unsigned i = n; i-- > 0;)
        add_rule(r, i);
    free_paths(before, befores);
    r->table = table_hash(rules, n, r->looks);
    r->version++;
}

void
routes_fini(struct routes *r)
{
    free_paths(r->path, r->paths);
    free_paths(r->own, r->owns);
    map_fini(&r->heads);
    free(r->link);
    free(r->of_rule);
    *r = (struct routes){0};
}

/* ---- asking ---------------------------------------------------------------
 */

bool
route_from_fits(const char *pattern, const char *text)
{
    size_t n = pattern ? strlen(pattern) : 0;
    if (n == 0)
        return true;
    if (pattern[n - 1] == '*')
        return strncmp(pattern, text, n - 1) == 0;
    return strcmp(pattern, text) == 0;
}

/* All conditions but the network. */
static bool
fits_but(const struct flow_route *x, const struct route_query *q)
{
    if (x->class && x->class != q->class)
        return false;
    if (x->encoding && x->encoding != q->encoding)
        return false;
    if (x->account && x->account[0] &&
        (!q->account || strcmp(x->account, q->account->name) != 0))
        return false;
    return !q->number || route_from_fits(x->from, q->number->text);
}

static bool
has_network(const struct flow_route *x)
{
    return x->network && x->network[0];
}

static bool
fits(const struct flow_route *x, const struct route_query *q)
{
    if (has_network(x) &&
        (!q->network.p || !slice_eq(q->network, slice_str(x->network))))
        return false;
    return fits_but(x, q);
}

/* The heads of all chains that the digits lead to. */
static unsigned
heads_of(const struct routes *r, uint64_t subscriber,
         uint32_t heads[DIGITS_MAX + 2])
{
    char e164[ADDR_E164_SIZE];
    unsigned digits = (unsigned)u64_to_e164(subscriber, e164) - 1, found = 0;
    uint64_t value = 0, at;
    for (unsigned n = 0; n <= digits && n <= DIGITS_MAX; n++) {
        if (n > 0)
            value = value * 10 + (uint64_t)(e164[n] - '0');
        if (!(r->lengths >> n & 1))
            continue;
        if (map_get(&r->heads, prefix_key(n, false, value), &at))
            heads[found++] = (uint32_t)at;
        if (n == digits && map_get(&r->heads, prefix_key(n, true, value), &at))
            heads[found++] = (uint32_t)at;
    }
    return found;
}

/* *asks: a rule before it would have fitted, were its network known. */
static struct route_path *
match(const struct routes *r, const struct route_query *q, unsigned *rule,
      bool *asks)
{
    uint32_t head[DIGITS_MAX + 2];
    unsigned heads = r->lengths ? heads_of(r, q->subscriber, head) : 0;
    for (;;) {
        unsigned best = heads;
        for (unsigned i = 0; i < heads; i++)
            if (head[i] != NO_LINK &&
                (best == heads ||
                 r->link[head[i]].rule < r->link[head[best]].rule))
                best = i;
        if (best == heads)
            return NULL;
        const struct route_link *l = &r->link[head[best]];
        const struct flow_route *x = &r->rule[l->rule];
        if (fits(x, q)) {
            *rule = l->rule;
            return r->of_rule[l->rule];
        }
        if (r->by_network && !q->network.p && has_network(x) && fits_but(x, q))
            *asks = true;
        head[best] = l->next;
    }
}

struct route_path *
routes_match(const struct routes *r, const struct route_query *q,
             unsigned *rule)
{
    bool asks = false;
    return match(r, q, rule, &asks);
}

bool
routes_ask(const struct routes *r, const struct route_query *q)
{
    bool asks = false;
    unsigned rule;
    match(r, q, &rule, &asks);
    return asks;
}

struct route_path *
routes_find(struct routes *r, struct directory *d, const struct route_query *q)
{
    unsigned rule;
    if (q->number && q->number->carrier)
        return routes_own(r, d, q->number->carrier);
    return routes_match(r, q, &rule);
}

uint32_t
routes_key(struct routes *r, const struct route_query *q)
{
    unsigned rule;
    if (!q->number || q->number->carrier)
        return PATH_OWN;
    bool asks = false;
    struct route_path *p = match(r, q, &rule, &asks);
    if (asks)
        return PATH_LOOKUP;
    return p ? p->key : PATH_NONE;
}

bool
routes_may_lead(const struct routes *r, const struct route_path *p,
                const struct number *number, const struct account *account,
                enum message_class class)
{
    for (unsigned i = 0; i < r->rules; i++) {
        struct route_query q = {
            .number = number,
            .account = account,
            .class = class,
            .encoding = r->rule[i].encoding,
            .network = slice_str(r->rule[i].network ? r->rule[i].network : "")};
        if (r->of_rule[i] == p && fits(&r->rule[i], &q) &&
            (r->looks || !has_network(&r->rule[i])))
            return true;
    }
    return false;
}
