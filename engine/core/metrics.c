/*
 * metrics.c - a block of counters per thread, summed when read.
 *
 * Promise: as in metrics.h. Blocks outlive their threads, so nothing counted
 * is ever lost. The 64th thread and later ones share the last block.
 */
#include "engine/core/metrics.h"

#include <stdatomic.h>
#include <stdio.h>

enum { BLOCKS = 64 }; /* engine, store, resolvers and intake: under 40 */

/* Padded to cache lines: threads write side by side all the time. */
struct metrics_block {
    _Alignas(64) _Atomic int64_t v[METRIC_N];
};

static struct metrics_block blocks[BLOCKS];
static _Atomic unsigned blocks_used;
static _Thread_local struct metrics_block *mine;

static const struct metric_row {
    const char *kind;
    const char *name;
    const char *help;
} rows[METRIC_N] = {
#define METRIC(symbol, kind, name, help) {#kind, #name, help},
#include "engine/core/metrics.def"
};

static void
claim_block(void)
{
    unsigned i = atomic_fetch_add(&blocks_used, 1);
    mine = &blocks[i < BLOCKS ? i : BLOCKS - 1];
}

void
metric_add(enum metric m, int64_t n)
{
    if (!mine)
        claim_block();
    if (mine == &blocks[BLOCKS - 1]) {
        atomic_fetch_add_explicit(&mine->v[m], n, memory_order_relaxed);
        return;
    }
    int64_t v = atomic_load_explicit(&mine->v[m], memory_order_relaxed);
    atomic_store_explicit(&mine->v[m], v + n, memory_order_relaxed);
}

int64_t
metric_read(enum metric m)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < BLOCKS; i++)
        sum += atomic_load_explicit(&blocks[i].v[m], memory_order_relaxed);
    return sum;
}

size_t
metrics_text(char *dst, size_t cap)
{
    size_t used = 0;
    for (int m = 0; m < METRIC_N; m++) {
        const struct metric_row *r = &rows[m];
        int n = snprintf(
            used < cap ? dst + used : NULL, used < cap ? cap - used : 0,
            "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", r->name, r->help, r->name,
            r->kind, r->name, (long long)metric_read((enum metric)m));
        if (n > 0)
            used += (size_t)n;
    }
    return used;
}
