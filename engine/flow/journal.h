/*
 * journal.h - facts on their way to the store, and back.
 *
 * The engine writes facts here; they gather in one batch while the store
 * commits the one before (group commit). Facts can be read at once, durable
 * or not.
 *
 * Promise: the position returned for a fact is where it will stand in the
 * log. journal_durable() never passes a fact whose commit did not return.
 * When journal_is_full() the caller must stop making facts of its own accord
 * (answers and receipts still fit: the bound leaves room for a whole turn).
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_JOURNAL_H
#define ENGINE_FLOW_JOURNAL_H

#include "engine/core/clock.h"
#include "store/fact.h"
#include "store/store.h"

enum {
    JOURNAL_SOFT_BYTES = 8 << 20,  /* beyond this: back-pressure */
    JOURNAL_HARD_BYTES = 48 << 20, /* nothing more is written */
};

struct journal {
    struct store *store;
    struct store_reader *reader;
    struct store_batch *gathering; /* never NULL while open */
    struct store_batch *posted;    /* with the store, or NULL */
    uint64_t durable;
    uint8_t *scratch; /* one fact */
};

MUST_CHECK bool journal_open(struct journal *j, struct store *s);
void journal_close(struct journal *j);

/* Where the next fact will stand. */
uint64_t journal_end(const struct journal *j);
uint64_t journal_durable(const struct journal *j);
bool journal_is_full(const struct journal *j);

/* journal_NAME(): writes the fact, returns its position; 0 when it cannot be
 * written (too long, or beyond the hard bound). No fact stands at
 * position 0. */
#define FACT(number, NAME, name)                                               \
    uint64_t journal_##name(struct journal *j, const struct fact_##name *f);
#define U(field)
#define B(field)
#define END(name)
#include "store/fact.def"
#undef FACT
#undef U
#undef B
#undef END

/* Control writes, durable with the facts of this turn. */
void journal_put(struct journal *j, enum store_table table, struct slice key,
                 struct slice value);
void
journal_delete(struct journal *j, enum store_table table, struct slice key);

/* The fact at pos, durable or not. Borrowed until journal_rest() or the next
 * fact is written. */
MUST_CHECK bool
journal_read(struct journal *j, uint64_t pos, struct slice *fact);

/* Walks forward as store_next() does, into what is not yet durable too. */
MUST_CHECK bool
journal_next(struct journal *j, uint64_t *pos, struct slice *fact);

/* Start of a turn: takes back what became durable. True when durable moved. */
bool journal_collect(struct journal *j);

/* Somebody waits for what was just gathered: it is posted at the end of this
 * turn, when no other batch is out, and committed without a pause. */
void journal_hurry(struct journal *j);

/* End of a turn: posts what gathered, when the store is ready for it. */
void journal_post(struct journal *j, struct wall wall);
/* Is a batch with the store? Its end wakes the engine. */
bool journal_is_out(const struct journal *j);

/* Ends the short read transactions of this turn. */
void journal_rest(struct journal *j);

#endif
