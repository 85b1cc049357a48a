/*
 * source.h - where messages to send come from: a queue of single ones, or a
 * campaign's rows.
 *
 * The waiting single messages of a source stand in the log, in order; RAM
 * keeps the next few positions and where to go on reading. A word tells
 * whether a message still waits, so nothing is ever taken out of the middle,
 * and a restart only needs the oldest waiting position.
 *
 * Promise: memory does not grow with what waits. Order is kept.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_SOURCE_H
#define ENGINE_FLOW_SOURCE_H

#include "engine/core/clock.h"
#include "engine/flow/mail.h"
#include "engine/flow/map.h"
#include "engine/flow/recipients.h"
#include "engine/flow/template.h"

struct flow;
struct campaign;
struct fact_accept;
struct feed;

/* Positions that one source, and all together, keep in RAM (32 MB): beyond
 * that they are read from the log, where other sources' lie between. */
enum {
    SOURCE_RING = 16384,
    SOURCE_RING_LEAST = 256,
    SOURCES_SLOTS = 4 << 20,
    SOURCE_ASIDE = 256,
};

/* A row put aside. */
struct aside {
    uint64_t message;
    uint64_t until_us;
    uint32_t carrier; /* that must take it; 0: whichever has its number */
    uint32_t number;  /* chosen already; 0: none */
};

struct source {
    size_t index; /* in sources.row */
    uint64_t key; /* 0: a campaign */
    struct campaign *campaign;
    uint32_t account, sender, number, login;
    enum message_class class;
    uint32_t path_key;
    uint32_t table;          /* of routes, that path_key was found in */
    struct route_path *path; /* as of path_version: source_path() */
    uint32_t path_version;
    struct source *more; /* the campaign's next one, of another path */

    /* single messages */
    uint64_t *ring; /* positions of ACCEPT facts */
    uint32_t slots; /* of the ring: 0 or a power of two */
    uint32_t head, count;
    uint64_t scan_pos, scan_end; /* more of them lie between, if unequal */
    uint32_t asked;              /* first ones whose network was asked for */
    uint64_t waiting;            /* about how many */

    /* a campaign's cursor */
    uint32_t chunk;     /* index of the chunk being read */
    uint32_t row;       /* next row in it */
    uint32_t asked_row; /* networks of those below it were asked for */
    bool chunk_open;
    uint64_t chunk_pos;
    struct recipients_reader reader;
    uint8_t *chunk_copy; /* rows must not move while being read */
    int16_t column_of[TEMPLATE_FIELDS_MAX]; /* per field of the template */
    /* rows that must leave by another carrier or wait for their number:
     * message << 0, carrier id */
    struct aside *aside;
    unsigned asides, aside_cap;
    bool ended; /* every row was read once */

    struct feed *feeds; /* its places at carriers */
};

struct sources {
    struct source **row;
    size_t rows, cap;
    size_t slots;      /* of all rings */
    struct map by_key; /* key -> index + 1 */
};

void sources_fini(struct sources *s);

struct source *source_create(struct flow *f);

/* What the messages of one queue have in common: who is held up by whom. */
struct source_key {
    uint32_t account, sender, number;
    uint32_t login; /* of an SMPP client, which has a rate of its own */
    uint32_t path;  /* route.h: who waits for one carrier holds up nobody */
    enum message_class class;
};
struct source_key source_key_of(struct flow *f, const struct fact_accept *x);

/* The queue of single messages with this key. */
struct source *source_for(struct flow *f, const struct source_key *key);

/* The same, or NULL when there is none yet. */
struct source *source_find(struct flow *f, const struct source_key *key);

/* Where it leads now; NULL: nowhere, or, of a campaign's pool, here and
 * there. */
struct route_path *source_path(struct flow *f, struct source *s);
/* Surely nothing waits in it. */
bool source_is_empty(const struct source *s);
/* Everything between the positions is looked through again. */
void
source_rescan(struct flow *f, struct source *s, uint64_t low, uint64_t end);
/* It is gone; what waited in it belongs to others. Single messages alone. */
void source_destroy(struct flow *f, struct source *s);

/* A message accepted at pos waits in its source. */
void source_push(struct flow *f, struct source *s, uint64_t pos);

/* The position of the next single message that still waits; 0: none now.
 * *more: the budget of facts looked at is used up, ask again. */
uint64_t source_next(struct flow *f, struct source *s, bool *more);

/* As source_next(), but it stays the next. */
uint64_t source_front(struct flow *f, struct source *s, bool *more);

/* The oldest position that may still wait; 0: none. For checkpoints. */
uint64_t source_low(const struct source *s);

/* The next row for this carrier; values and *r borrow from the source until
 * its next call. */
enum source_row {
    SOURCE_ROW,
    SOURCE_BLOCKED,
    SOURCE_EMPTY,
    SOURCE_GO_ON, /* many rows of other paths were passed by: ask again */
};
enum source_row
source_next_row(struct flow *f, struct source *s, uint32_t carrier,
                struct recipient *r, uint64_t *message, uint32_t *row,
                uint32_t *number);
/* Puts a row aside; false when there is no room for more. */
bool source_put_aside(struct source *s, uint64_t message, uint32_t carrier,
                      uint32_t number, uint64_t until_us);
/* Rows put aside for this carrier may go by any now. */
void source_free_asides(struct source *s, uint32_t carrier);
/* A row that was being handed over comes again, whatever waits already. */
void source_give_back(struct source *s, uint64_t message);
/* When the first of the rows put aside may go. UINT64_MAX: none. */
uint64_t source_aside_first(const struct source *s, uint32_t carrier);
/* The lowest row that may not be done. */
uint64_t source_low_row(struct flow *f, const struct source *s);
/* Every row was read and none is put aside or being handed over. */
bool source_is_done(const struct source *s);

/* The campaign's sources, one for each path that its rows may take; new ones
 * begin at c->low_row. source_low_row() and source_is_done() ask all. */
struct source *source_of_campaign(struct flow *f, struct campaign *c);
void source_end_campaign(struct flow *f, struct campaign *c);

#endif
