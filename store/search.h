/*
 * search.h - a key's way through the runs of an index, newest first.
 *
 * Invariant: each run adopted belongs to one group. A group is either a run
 * with its own filter, or neighbours that share a cover; a key that a group's
 * filter does not have is in none of its runs. Groups lie side by side in
 * memory: most keys are asked in vain, and then only they are looked at.
 *
 * Private to store/. Engine thread only.
 */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include "store/runs.h"

struct search_group {
    struct store_filter filter; /* borrowed */
    size_t from, to;            /* runs[from, to) */
};

struct store_search {
    struct store_run_list runs; /* adopted, held */
    struct search_group *groups;
    size_t n;
};

/* Takes over what `from` has now, if that is new; true when it was. Aborts
 * without memory. */
bool store_search_adopt(struct store_search *s, struct store_runs *from);
void store_search_fini(struct store_search *s);

/* Hint: key is asked for soon. */
void store_search_prefetch(const struct store_search *s, uint64_t key);

/* The newest value among runs with a freeze below seq: STORE_OK,
 * STORE_NOT_FOUND; STORE_FAILED when the file cannot be read. */
MUST_CHECK enum store_result
store_search_get(const struct store_search *s, const struct store_env *e,
                 uint64_t seq, uint64_t key, uint64_t *value);

#endif
