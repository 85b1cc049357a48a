/*
 * query_inside.h - a query as its own files see it. Others use query.h.
 *
 * Reading order: query.c (room, keys) -> query_name.c (rows by id) ->
 * query_campaign.c (rows of campaigns, rendered) -> query_chain.c (the facts
 * of one message) -> query_history.c (what they tell) -> query_message.c.
 *
 * Invariant: between two calls no snapshot is held; what a call returns has
 * been copied into the query's room, which the next call empties.
 */
#ifndef ENGINE_FLOW_QUERY_INSIDE_H
#define ENGINE_FLOW_QUERY_INSIDE_H

#include "engine/flow/flow.h"
#include "engine/flow/query.h"
#include "store/fact.h"
#include "store/store.h"

enum {
    QUERY_NAMES = 512,    /* rows kept for QUERY_FRESH_US */
    QUERY_CAMPAIGNS = 16, /* compiled templates */
    QUERY_CHUNKS = 4,     /* 100 KB each, made when needed */
    QUERY_AHEAD = 128,    /* facts */
    QUERY_FRESH_US = 1000000,
    QUERY_TEXT_MAX = 16384,
};

/* A row of a directory table, or a carrier's name. */
struct query_name {
    uint64_t key; /* table and id; 0: empty */
    uint64_t until_us;
    char text[64];
    uint32_t account, carrier;
    bool shared, queue, deleted;
};

/* Texts of one table to ids; it only grows, since ids do. */
struct query_index {
    struct map ids;
    uint32_t last; /* ids up to it are in */
};

/* A campaign as rendering needs it. What was asked for never changes. */
struct query_campaign {
    uint64_t campaign; /* 0: empty */
    uint64_t used;     /* when, for choosing whom to drop */
    uint32_t account, sender, from, pool;
    enum message_class class;
    struct template *template; /* NULL: does not parse */
};

/* A RECIPIENTS fact with the place of each of its rows. */
struct query_chunk {
    uint64_t pos; /* 0: empty */
    uint64_t used;
    uint64_t campaign, at_ms;
    struct recipients_reader reader;
    unsigned rows;
    uint32_t row_at[RECIPIENTS_ROWS_MAX];
    uint8_t octets[RECIPIENTS_CHUNK_MAX];
};

struct query {
    struct flow *flow;
    struct store *store;
    struct store_reader *reader; /* of single facts and tables */
    struct store_reader *walker; /* of walks: keeps its block meanwhile */

    struct query_room *room; /* newest block first */
    uint64_t uses;           /* counts look-ups of the caches */
    struct query_name names[QUERY_NAMES];
    struct query_index senders, numbers;
    struct query_campaign campaigns[QUERY_CAMPAIGNS];
    struct query_chunk *chunks[QUERY_CHUNKS];
    struct query_ahead *ahead; /* made when needed */
    uint8_t *coded;            /* for segment_plan(), made when needed */
};

/* ---- query.c */

/* Each call of query.h stands between these two. */
void query_begin(struct query *q);
void query_end(struct query *q);

/* n octets until the next query_begin(), zeroed. */
void *query_room(struct query *q, size_t n);
struct slice query_copy(struct query *q, struct slice s);
__attribute__((format(printf, 2, 3))) const char *
query_format(struct query *q, const char *format, ...);

/* May this key see what belongs to account and sender? A queue's are seen by
 * all senders of its account, as its threads are. */
bool query_may_see(struct query *q, struct who who, uint32_t account,
                   uint32_t sender);

/* ---- query_name.c: NULL when there is no such row */

const struct query_name *query_number_row(struct query *q, uint64_t id);
const struct query_name *query_sender_row(struct query *q, uint64_t id);
const struct query_name *query_account_row(struct query *q, uint64_t id);
const char *query_carrier_name(struct query *q, uint64_t id); /* "" */
/* The id of a number by its normalised text; 0: none. */
uint32_t query_find_number(struct query *q, struct slice text);
void query_names_fini(struct query *q);

/* ---- query_campaign.c */

const struct query_campaign *
query_campaign_row(struct query *q, uint64_t campaign);
/* The row-th row of the chunk at pos. NULL: expired or damaged. Values are
 * borrowed until the next call of this function. */
const struct query_chunk *query_chunk_row(struct query *q, uint64_t pos,
                                          uint64_t row, struct recipient *out);
/* The text a row was or would be sent; empty when it cannot be rendered. */
struct slice
query_render(struct query *q, const struct query_campaign *c,
             const struct query_chunk *chunk, const struct recipient *row);
void query_campaigns_fini(struct query *q);

/* ---- query_chain.c: the facts of one message, oldest first */

struct chain_link {
    uint64_t pos;
    struct slice fact; /* borrowed until query_end() */
};

struct chain {
    uint64_t message;
    unsigned links;
    struct chain_link *link;
    /* whose it is, by the newest fact that says so */
    uint32_t account, sender, number;
    uint64_t subscriber, campaign, thread;
    uint64_t chunk, row; /* of a campaign's row; chunk 0: not known */
    uint64_t skip_ms;    /* a row set aside as a duplicate: when; else 0 */
    bool inbound;
    bool has_accept, has_sent, has_reply;
    struct fact_accept accept;
    struct fact_sent sent; /* the newest of the lowest part */
    struct fact_reply reply;
};

/* Reads back from pos. False: not there any more, or so little of it that
 * nobody can tell whose it is. */
MUST_CHECK bool
chain_read(struct query *q, uint64_t message, uint64_t pos, struct chain *out);

/* What a fact says of its message: its state after it, and when. A fact of
 * no message says MSG_NONE. */
enum message_state_kind chain_state(struct slice fact, uint64_t *at_ms);

/* ---- query_ahead.c */

/* As store_next(): the first durable fact at or after *pos. False: the end.
 * Borrowed until the next call of this function. */
MUST_CHECK bool query_next(struct query *q, uint64_t *pos, struct slice *fact);

/* ---- query_history.c */

/* Parts, history, times and error of the message as of its newest link.
 * out->state is set already. */
void
history_tell(struct query *q, const struct chain *c, struct message_view *out);

/* ---- query_message.c */

/* Everything; text too when asked for. */
void message_tell(struct query *q, const struct chain *c,
                  enum message_state_kind state, bool text,
                  struct message_view *out);

#endif
