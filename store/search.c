/*
 * search.c - a key's way through the runs of an index, newest first.
 *
 * Promise: as in search.h.
 */
#include "store/search.h"

#include <stdlib.h>

static void
group(struct store_search *s)
{
    s->groups = realloc(s->groups, (s->runs.n + 1) * sizeof *s->groups);
    if (!s->groups)
        abort();
    s->n = 0;
    const struct store_cover *cover = NULL;
    for (size_t i = 0; i < s->runs.n; i++) {
        const struct store_run *run = s->runs.v[i];
        if (!run->cover || run->cover != cover)
            s->groups[s->n++] = (struct search_group){
                run->cover ? run->cover->filter : run->filter, i, i};
        s->groups[s->n - 1].to = i + 1;
        cover = run->cover;
    }
}

bool
store_search_adopt(struct store_search *s, struct store_runs *from)
{
    if (!store_runs_adopt(from, &s->runs))
        return false;
    group(s);
    return true;
}

void
store_search_fini(struct store_search *s)
{
    store_run_list_fini(&s->runs);
    free(s->groups);
    *s = (struct store_search){0};
}

void
store_search_prefetch(const struct store_search *s, uint64_t key)
{
    /* To the second cache: there are more lines at once than the first one
     * waits for. */
    for (size_t i = 0; i < s->n; i++)
        __builtin_prefetch(store_filter_line(&s->groups[i].filter, key), 0, 2);
}

static enum store_result
get_from_group(const struct store_search *s, const struct search_group *g,
               const struct store_env *e, uint64_t seq, uint64_t key,
               uint64_t *value)
{
    for (size_t i = g->from; i < g->to; i++) {
        const struct store_run *run = s->runs.v[i];
        if (run->seq_first >= seq || !store_filter_has(&run->filter, key))
            continue;
        enum store_result res = store_run_get(run, e, key, value);
        if (res != STORE_NOT_FOUND)
            return res;
    }
    return STORE_NOT_FOUND;
}

enum store_result
store_search_get(const struct store_search *s, const struct store_env *e,
                 uint64_t seq, uint64_t key, uint64_t *value)
{
    struct store_filter_key k = store_filter_key(key);
    for (size_t i = 0; i < s->n; i++) {
        const struct search_group *g = &s->groups[i];
        if (!store_filter_has_key(&g->filter, &k))
            continue;
        enum store_result res = get_from_group(s, g, e, seq, key, value);
        if (res != STORE_NOT_FOUND)
            return res;
    }
    return STORE_NOT_FOUND;
}
