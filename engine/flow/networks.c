/*
 * networks.c - a bounded table of phones, and a ring of questions.
 *
 * Promise: as in networks.h. Rows are written over in turn, oldest first; a
 * question's time runs from when it was first asked for.
 */
#include "engine/flow/networks.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "engine/core/metrics.h"

enum {
    NOT_KNOWN_PART = 24, /* what nobody knows is kept for a part of the time */
    FAILED_S = 10,       /* and what could not be asked so long */
    REST_MS = 1000,      /* between tries while it fails; doubles */
    REST_MAX_MS = 30000,
};

void
networks_fini(struct networks *n)
{
    map_fini(&n->known);
    map_fini(&n->name_at);
    map_fini(&n->asked);
    for (uint32_t i = 1; i <= n->names; i++)
        free(n->name[i]);
    free(n->name);
    free(n->row);
    free(n->ask);
    *n = (struct networks){0};
}

/* ---- known ----------------------------------------------------------------
 */

/* Its number; 0: empty, or there are too many. */
static uint32_t
name_number(struct networks *n, const char *name)
{
    uint64_t at, hash = XXH3_64bits(name, strlen(name)) | 1;
    if (!name[0])
        return 0;
    if (map_get(&n->name_at, hash, &at))
        return strcmp(n->name[at], name) == 0 ? (uint32_t)at : 0;
    if (n->names == NETWORKS_NAMES_MAX)
        return 0;
    if (!n->name)
        n->name = calloc(NETWORKS_NAMES_MAX + 1, sizeof *n->name);
    char *copy = strdup(name);
    if (!n->name || !copy)
        abort();
    n->name[++n->names] = copy;
    map_put(&n->name_at, hash, n->names);
    return n->names;
}

/* A row for one more; the oldest is written over when there is no other. */
static struct networks_row *
row_for(struct networks *n, const struct lookup_settings *s, uint64_t phone)
{
    uint64_t at;
    if (map_get(&n->known, phone, &at))
        return &n->row[at - 1];
    if (n->rows == n->cap && n->cap < s->cache_max) {
        size_t cap = n->cap ? n->cap * 2 : 1024;
        n->cap = cap < s->cache_max ? cap : s->cache_max;
        n->row = realloc(n->row, n->cap * sizeof *n->row);
        if (!n->row)
            abort();
    }
    bool over = n->rows == n->cap;
    size_t i = over ? n->oldest++ % n->rows : n->rows++;
    if (over)
        map_take(&n->known, n->row[i].phone, NULL);
    map_put(&n->known, phone, i + 1);
    return &n->row[i];
}

static void
keep(struct networks *n, const struct lookup_settings *s, uint64_t phone,
     uint32_t name, uint64_t seconds, uint64_t now_us)
{
    struct networks_row *r = row_for(n, s, phone);
    *r = (struct networks_row){phone, (uint32_t)(now_us / 1000000 + seconds),
                               name};
}

static bool
is_known(const struct networks *n, const struct lookup_settings *s,
         uint64_t phone, uint64_t now_us, const char **network)
{
    uint64_t at;
    if (!map_get(&n->known, phone, &at) ||
        n->row[at - 1].until_s < now_us / 1000000)
        return false;
    const struct networks_row *r = &n->row[at - 1];
    *network = r->name ? n->name[r->name] : s->otherwise;
    return true;
}

/* ---- under question -------------------------------------------------------
 */

static bool
is_failing(const struct networks *n)
{
    return n->faults >= NETWORKS_FAULTS_MAX;
}

/* What waits to be sent has its time limit, too: not more of it than the next
 * two questions take. */
bool
networks_has_room(const struct networks *n, const struct lookup_settings *s)
{
    return n->tail - n->head < NETWORKS_ASKED_MAX &&
           n->tail - n->sent < 2ULL * s->batch;
}

/* Is it under question now? */
static bool
ask(struct networks *n, const struct lookup_settings *s, uint64_t phone,
    uint64_t now_us)
{
    uint64_t at;
    if (map_get(&n->asked, phone, &at))
        return true;
    if (!networks_has_room(n, s))
        return false;
    if (!n->ask) {
        n->ask = calloc(NETWORKS_ASKED_MAX, sizeof *n->ask);
        if (!n->ask)
            abort();
        n->head = n->sent = n->tail = 1;
    }
    n->ask[n->tail % NETWORKS_ASKED_MAX] = (struct networks_ask){phone, now_us};
    map_put(&n->asked, phone, n->tail++);
    return true;
}

bool
networks_find(struct networks *n, const struct lookup_settings *s,
              uint64_t phone, uint64_t now_us, const char **network)
{
    if (is_known(n, s, phone, now_us, network))
        return true;
    *network = s->otherwise;
    if (!is_failing(n)) {
        ask(n, s, phone, now_us);
        return false;
    }
    if (!n->trying && now_us >= n->try_us)
        n->trying = ask(n, s, phone, now_us);
    metric_add(METRIC_LOOKUPS_DEFAULTED, 1);
    return true;
}

/* Is it this question that the phone waits for? Those answered are not. */
static bool
is_open(const struct networks *n, uint64_t number)
{
    uint64_t at;
    return map_get(&n->asked, n->ask[number % NETWORKS_ASKED_MAX].phone, &at) &&
           at == number;
}

/* Answered ones leave the front. */
static void
advance(struct networks *n)
{
    while (n->head < n->tail && !is_open(n, n->head))
        n->head++;
    if (n->sent < n->head)
        n->sent = n->head;
}

bool
networks_take(struct networks *n, const struct lookup_settings *s,
              uint64_t now_us, struct lookup_batch *out)
{
    advance(n);
    if (n->sent == n->tail)
        return false;
    const struct networks_ask *first = &n->ask[n->sent % NETWORKS_ASKED_MAX];
    if (n->tail - n->sent < s->batch &&
        now_us < first->at_us + s->wait_ms * 1000ULL)
        return false;
    out->count = 0;
    out->timeout_ms = s->timeout_ms;
    for (; n->sent < n->tail && out->count < s->batch; n->sent++) {
        if (!is_open(n, n->sent))
            continue;
        struct lookup_phone *p = &out->phone[out->count++];
        p->subscriber = n->ask[n->sent % NETWORKS_ASKED_MAX].phone;
        p->network[0] = 0;
    }
    if (out->count == 0)
        return false;
    metric_add(METRIC_LOOKUP_BATCHES, 1);
    metric_add(METRIC_LOOKUPS_ASKED, out->count);
    return true;
}

/* One more failure, or none any more. */
static void
judge(struct networks *n, bool failed, uint64_t now_us)
{
    n->trying = false;
    if (!failed) {
        n->faults = 0;
        n->rest_us = 0;
        return;
    }
    metric_add(METRIC_LOOKUPS_FAILED, 1);
    if (++n->faults < NETWORKS_FAULTS_MAX)
        return;
    n->faults = NETWORKS_FAULTS_MAX;
    n->rest_us = n->rest_us ? n->rest_us * 2 : REST_MS * 1000ULL;
    if (n->rest_us > REST_MAX_MS * 1000ULL)
        n->rest_us = REST_MAX_MS * 1000ULL;
    n->try_us = now_us + n->rest_us;
}

static void
keep_failed(struct networks *n, const struct lookup_settings *s, uint64_t phone,
            uint64_t now_us)
{
    const char *known;
    map_take(&n->asked, phone, NULL);
    if (is_known(n, s, phone, now_us, &known))
        return;
    metric_add(METRIC_LOOKUPS_DEFAULTED, 1);
    keep(n, s, phone, 0, FAILED_S, now_us);
}

/* Nobody waits for any of them any more. */
static bool
is_late(const struct networks *n, const struct lookup_batch *b)
{
    uint64_t at;
    for (unsigned i = 0; i < b->count; i++)
        if (map_get(&n->asked, b->phone[i].subscriber, &at))
            return false;
    return true;
}

void
networks_told(struct networks *n, const struct lookup_settings *s,
              const struct lookup_batch *b, bool failed, uint64_t now_us)
{
    judge(n, failed || is_late(n, b), now_us); /* late ones are kept */
    for (unsigned i = 0; i < b->count; i++) {
        const struct lookup_phone *p = &b->phone[i];
        if (failed) {
            keep_failed(n, s, p->subscriber, now_us);
            continue;
        }
        uint32_t name = name_number(n, p->network);
        map_take(&n->asked, p->subscriber, NULL);
        keep(n, s, p->subscriber, name,
             name ? s->cache_s : 1 + s->cache_s / NOT_KNOWN_PART, now_us);
    }
    if (n->ask)
        advance(n);
}

unsigned
networks_expire(struct networks *n, const struct lookup_settings *s,
                uint64_t now_us)
{
    unsigned count = 0;
    for (; n->head < n->tail; n->head++) {
        if (!is_open(n, n->head))
            continue;
        const struct networks_ask *a = &n->ask[n->head % NETWORKS_ASKED_MAX];
        if (now_us < a->at_us + s->timeout_ms * 1000ULL)
            break;
        /* What was never sent proves no failure, what was will be told. */
        if (n->head >= n->sent)
            n->trying = false;
        metric_add(METRIC_LOOKUPS_TIMED_OUT, 1);
        keep_failed(n, s, a->phone, now_us);
        count++;
    }
    if (n->sent < n->head)
        n->sent = n->head;
    return count;
}

uint64_t
networks_next(const struct networks *n, const struct lookup_settings *s,
              bool asker)
{
    if (n->head == n->tail)
        return UINT64_MAX;
    uint64_t when =
        n->ask[n->head % NETWORKS_ASKED_MAX].at_us + s->timeout_ms * 1000ULL;
    if (!asker || n->sent == n->tail)
        return when;
    uint64_t due = n->ask[n->sent % NETWORKS_ASKED_MAX].at_us;
    if (n->tail - n->sent < s->batch)
        due += s->wait_ms * 1000ULL;
    return due < when ? due : when;
}
