/*
 * tally.h - what became of a campaign's recipients, as lines for people.
 *
 * Pure: reads the campaign object of the API, writes to a stream.
 */
#ifndef ENGINE_CLI_TALLY_H
#define ENGINE_CLI_TALLY_H

#include <jansson.h>
#include <stdio.h>

#include "engine/cli/progress.h"

/* Each recipient is counted once, in the state it is in; replies apart. */
struct tally {
    long long all;       /* recipients taken */
    long long waiting;   /* queued and held */
    long long submitted; /* sent, the receipt not here yet */
    long long settled;   /* everything else: final, or for a person */
};

struct tally tally_of(const json_t *campaign);

/* The bar of a campaign: begun = left us, settled = outcome known. */
struct progress tally_progress(const json_t *campaign);

/*
 * "delivered 5,321 · failed 12 · uncertain 0 · replies 44": delivered and
 * replies always, the others when there are any. Lines of at most `columns`;
 * no line end after the last.
 */
void tally_print(const json_t *campaign, FILE *out, const char *between,
                 size_t columns);

#endif
