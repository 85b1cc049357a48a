/*
 * query.h - reading history on intake threads, without the engine.
 *
 * Short LMDB reads through a reader of the calling thread. What only the
 * engine knows (a message's newest fact) comes from a mail first (LOCATE,
 * LOOK); the rest is a walk back along the chains in the log.
 *
 * Promise: nothing here waits for the engine or holds it up. Every function
 * that takes a `who` shows only what that key may see.
 *
 * Threads: one query a thread. Borrowed results hold until the next call on
 * the same query.
 */
#ifndef ENGINE_FLOW_QUERY_H
#define ENGINE_FLOW_QUERY_H

#include "engine/flow/mail.h"
#include "engine/flow/recipients.h"
#include "engine/flow/template.h"
#include "engine/flow/word.h"

struct query;

struct query *query_create(struct flow *f);
void query_destroy(struct query *q);

/* Whose key is this? WHO_NOBODY when unknown. Looks up its SHA-256. */
struct who query_key(struct query *q, struct slice key);
/* The same for who has its SHA-256 already, 32 octets. */
struct who query_key_hash(struct query *q, const uint8_t *hash);

/* A sender of the account by sdr_ id, external_id or name; 0: none. Cached
 * briefly. */
uint32_t query_sender(struct query *q, uint32_t account, struct slice ref);

struct history_view {
    uint64_t at_ms;
    const char *state;
    const char *reason; /* "" or a word or two; static or borrowed */
};

struct part_view {
    const char *carrier;
    unsigned bind;
    char smsc_id[72];
    const char *state;
    uint32_t error; /* command_status, or 0 */
    char error_text[48];
    uint64_t submitted_ms, answered_ms, receipt_ms;
};

/* The message of product.md section 4 ("Shapes"). Strings are borrowed. */
struct message_view {
    uint64_t message;
    bool inbound;
    enum message_state_kind state;
    uint32_t account, sender;
    char from[24], to[24];
    struct slice text; /* UTF-8 */
    uint64_t thread;   /* 0: none */
    uint64_t campaign; /* 0: none */
    uint64_t row;      /* in its chunk; chunk_view.row is that one's first */
    const char *class;
    const char *encoding; /* gsm7, ucs2, binary */
    unsigned parts;
    unsigned part_views;
    const struct part_view *part;
    const char *error_code; /* NULL: none */
    const char *error_text;
    unsigned rule;        /* correlation of a reply; 0..9 */
    uint64_t in_reply_to; /* message number or 0 */
    const char *flags[6]; /* late, crossed, incomplete, number_mismatch,
                             compliance, duplicate; NULL ends */
    struct slice external_id;
    uint64_t created_ms, submitted_ms, final_ms; /* 0: not yet */
    unsigned histories;
    const struct history_view *history;
};

/* The message whose newest fact is at `pos` (from its word). False when it
 * is not there (expired) or not to be seen by who. A sender's key sees its
 * own and, as with threads, what belongs to a queue of its account. The word
 * must be of durable facts: its mail waits for them. */
bool query_message(struct query *q, struct who who, uint64_t message,
                   uint64_t word, struct message_view *out);

/*
 * Numbers of the messages of one thread, newest first, before the position
 * *pos (start with thread_view.head_pos), which is moved for the next page;
 * 0 at the end. who limits; sender and subscriber are the thread's.
 */
unsigned query_thread(struct query *q, struct who who, uint32_t sender,
                      uint64_t subscriber, uint64_t *pos, uint64_t *numbers,
                      unsigned max);
/* The same when the thread's id is known: exact also for a thread that was
 * claimed or handed on, and for subscribers that are not phone numbers. */
unsigned query_thread_of(struct query *q, struct who who,
                         const struct thread_view *thread, uint64_t *pos,
                         uint64_t *numbers, unsigned max);

/* An event made from a fact. Strings are borrowed. */
struct event_view {
    uint64_t pos; /* its id */
    uint64_t at_ms;
    const char *type; /* "message.delivered", ... */
    bool has_message;
    struct message_view message; /* for message.* and prompt.* */
    uint64_t campaign;           /* campaign.state */
    const char *campaign_state;
    char carrier[64];    /* carrier.up, carrier.down */
    char subscriber[24]; /* contact.opted_out, contact.opted_in */
    char number[24];
    uint64_t thread; /* thread.* */
    uint32_t sender;
};

/*
 * The next event at or after *pos that who may see; *pos moves behind what
 * was looked at even when nothing was found. False: nothing more for now, or
 * `budget` facts were looked at (then *more is true: call again later, other
 * clients first).
 *
 * The message of an event is as it was then. A message whose receipt never
 * came (state unknown) is told as message.uncertain: nobody knows. A reply
 * given to another sender is message.received to the new one. contact.* of a
 * number that accounts share reach those that wrote to the subscriber from
 * it. Carriers and contacts are no business of a sender's key.
 */
bool query_event(struct query *q, struct who who, uint64_t *pos,
                 unsigned budget, struct event_view *out, bool *more);

/* Positions from which a stream may start. */
uint64_t query_events_end(struct query *q);
uint64_t query_events_oldest(struct query *q);

/* What was asked for when the campaign was made. Borrowed. */
struct campaign_doc {
    uint64_t campaign;
    uint32_t account, sender, pool;
    struct slice name, text, from;
    enum message_class class;
    uint32_t rate;
    uint64_t start_at_ms, expires_at_ms, created_ms;
    bool dedupe, resend_uncertain;
};
bool query_campaign(struct query *q, struct who who, uint64_t campaign,
                    struct campaign_doc *out);

/* The rows of one chunk (chunk_view.pos). Borrowed until the next call. */
bool query_chunk(struct query *q, uint64_t pos, struct slice *chunk);

/* The state of one campaign row for results: from its word, by walking its
 * facts. The text is not rendered, and what only the row knows (the address
 * of one that was never sent) is left to who reads the rows. The campaign was
 * checked by query_campaign(). */
bool query_outcome(struct query *q, uint64_t message, uint64_t word,
                   struct message_view *out);

/* Is the subscriber opted out for this account (and number, when not 0)? */
bool query_suppressed(struct query *q, uint32_t account, uint64_t subscriber);
/* The same, opt-outs of one number of ours among them. */
bool query_suppressed_from(struct query *q, uint32_t account, struct slice from,
                           uint64_t subscriber);

/* Fields of a sender for templates ("sender.name"); borrowed. */
bool query_sender_name(struct query *q, uint32_t sender, struct slice *name);
const char *query_account_name(struct query *q, uint32_t account);

/* An unmatched receipt or reply as kept. Borrowed. */
struct unmatched_view {
    uint64_t pos, at_ms;
    bool receipt;
    uint64_t message; /* replies have a number */
    char carrier[64];
    char from[24], to[24];
    char smsc_id[72];
    const char *state; /* of a receipt */
    struct slice text; /* of a reply */
};
bool query_unmatched(struct query *q, uint64_t pos, struct unmatched_view *out);

/* Metrics of the whole daemon in Prometheus text, appended to out. */
void query_metrics(struct query *q, struct writer *out);

/* Encoding and parts of a rendered text as its carrier would send it. */
bool query_parts(struct query *q, uint32_t account, struct slice from,
                 uint32_t pool, struct slice text, unsigned *parts, bool *ucs2);

#endif
