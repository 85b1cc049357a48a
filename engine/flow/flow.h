/*
 * flow.h - the life of a message: everything the engine thread knows of it.
 *
 * Reading order: accept -> (source, campaign) -> sched -> submit -> answer
 * -> receipt; inbound -> reassemble -> reply -> thread. Each decides, writes
 * a fact (journal.h) and applies it (apply.h). RAM changes in apply_*() only,
 * so that a replay of the facts gives the same RAM (invariant 7).
 *
 * Threads: the engine thread only, but for mail_post() and the query.
 */
#ifndef ENGINE_FLOW_FLOW_H
#define ENGINE_FLOW_FLOW_H

#include <stdatomic.h>

#include "engine/core/loop.h"
#include "engine/core/mpsc.h"
#include "engine/flow/calm.h"
#include "engine/flow/campaign.h"
#include "engine/flow/directory.h"
#include "engine/flow/due.h"
#include "engine/flow/journal.h"
#include "engine/flow/lookup.h"
#include "engine/flow/mail.h"
#include "engine/flow/map.h"
#include "engine/flow/outbox.h"
#include "engine/flow/reassemble.h"
#include "engine/flow/route.h"
#include "engine/flow/sched.h"
#include "engine/flow/source.h"
#include "engine/flow/suppress.h"
#include "engine/flow/thread.h"
#include "engine/flow/trace.h"
#include "engine/flow/word.h"
#include "store/index.h"
#include "store/words.h"

/* Waits before each further try of a part that was refused so. */
struct flow_retry {
    uint32_t status; /* 0: all that are not named */
    const uint32_t *wait_ms;
    unsigned waits;
};

struct client_desk;

/* A number of the settings file. */
struct flow_number {
    const char *number, *carrier, *account, *default_sender;
    bool shared;
    uint32_t rate, per_day;
};

/* Borrowed while the flow lives, or until flow_reload(). */
struct flow_settings {
    const struct carrier_settings *carriers;
    unsigned carriers_n;
    const struct flow_route *routes; /* route.h */
    unsigned routes_n;
    const struct flow_retry *retries;
    unsigned retries_n;
    const struct flow_number *numbers;
    unsigned numbers_n;
    uint32_t reply_window_s;  /* 30 d */
    uint32_t unknown_after_s; /* no receipt for so long: unknown; 72 h */
    uint32_t join_ms;         /* parts of a long reply; 60,000 */
    uint32_t crossing_ms;     /* 3,000 */
    uint32_t pair_ttl_s;      /* a pool keeps a pair so long; 14 d */
    uint32_t retry_attempts;  /* 5 */
    uint32_t retention_s;     /* of messages; 90 d */
    uint32_t events_s;        /* of events; 72 h */
    uint32_t country;         /* default country code; 0: none */
    bool no_route_holds;      /* what no route fits waits; else it fails */
    struct health_settings health;
    struct lookup_settings lookup;
    bool receipts_need;    /* ask for receipts: true */
    bool gathers;          /* commits may wait for more (calm.h) */
    bool resend_uncertain; /* single messages; campaigns say their own */
    const char *stop_text, *start_text, *help_text;
    const struct clients_settings *clients; /* NULL: no SMPP door */
};

/* A part handed over whose answer is not recorded yet. */
struct flight {
    uint64_t message, sent_pos, subscriber;
    uint64_t at_ms;
    uint32_t carrier, account, number;
    uint16_t attempt;           /* hand-overs before this one */
    uint8_t part, parts, tries; /* tries: answers that asked for another */
    bool resend;                /* when uncertain */
    uint32_t next;              /* free list */
};

/* A part that may or may not have gone out (LOST, unknown). */
struct doubt {
    uint64_t message, subscriber;
    uint64_t at_ms;
    uint32_t carrier, number;
    uint8_t part, parts;
    uint8_t pad[6];
};

struct flow {
    struct loop *loop;
    struct store *store;
    const struct flow_settings *settings;
    struct mono behind; /* the log's end was given room last */
    struct mono opened; /* what an earlier process sent was before */
    struct mono now;
    struct wall wall;
    bool replayed; /* the log was not empty at the start */
    bool ready;
    bool draining;
    uint64_t boot_pos; /* binds before it are gone */

    struct journal journal;
    struct calm calm;
    struct store_words *words;
    struct store_index *ids;   /* carrier and its id -> message << 8 | part */
    struct store_index *talks; /* subscriber -> newest fact of its talk */
    struct store_index *owed;  /* login and number -> owed fact (outbox.h) */
    uint64_t next_message, next_campaign, next_thread, next_upload;

    struct directory directory;
    struct routes routes;
    struct lookup lookup;
    bool routes_stale;  /* a number moved: reroute_refresh() is due */
    bool routes_strand; /* something may wait that no route fits */
    struct suppress suppress;
    struct campaigns campaigns;
    struct sources sources;
    struct sched sched;
    struct threads threads;
    struct reassembly reassembly;
    struct outboxes outboxes;
    struct clients *clients; /* NULL: no SMPP door */
    struct client_desk *client_desk;

    struct map flights; /* message << 8 | part -> index into flight */
    struct flight *flight;
    uint32_t flight_cap, flight_free;
    struct map doubt_at; /* message << 8 | part -> index into doubt */
    struct doubt *doubt;
    size_t doubts, doubt_cap;
    struct map partial;   /* message -> carrier << 16 | parts << 8 | next part:
                             handed over in part */
    struct due delayed;   /* wall ms: position of an ACCEPT, message */
    struct map unmatched; /* id key -> position of the RECEIPT */
    struct map unmatched_pair; /* flow_pair_key() -> the same position */
    struct map replies_seen;   /* digest -> wall ms << 16 | session low bits */
    struct due forget;         /* wall ms: what leaves the maps above */
    uint64_t *stray;           /* positions of unmatched facts, oldest first */
    size_t strays, stray_cap;
    uint64_t sweep_pos; /* receipts awaited behind it are overdue */
    uint64_t checkpointed_pos;
    struct mono checkpoint_at;
    uint64_t swept_ms, expired_ms;

    struct mpsc inbox; /* mails from the doors */
    _Atomic unsigned inbox_count;
    _Atomic bool stopping;
    _Atomic bool commit_out; /* a commit runs; its end will wake the engine */
    struct mail_box *box;    /* of mails that name none */
    _Atomic(struct mail_box *) boxes; /* all of them */
    struct mail_box *news;    /* those with mails they were not told of yet */
    struct mpsc_link *unread; /* taken from the inbox, not handled yet */
    struct mail *held_first, *held_last; /* wait for durability, in order */

    struct trace *trace[TRACES_MAX]; /* trace.c; empty nearly always */
    unsigned traces;
    struct map taps; /* session -> what listens to it */
    uint64_t tap_round, tapped_us;

    struct fresh *fresh_answer; /* idempotency.c */
    size_t fresh_answers;
};

/* Opens nothing: the store is open and started. Loads the checkpoint and
 * replays what came after it. NULL and why when that cannot be. */
struct flow *
flow_create(struct loop *loop, struct store *store,
            const struct flow_settings *settings, char why[STORE_WHY_BYTES]);
/* The first half: everything but carriers, numbers of the settings and what
 * a crash left open; writes nothing. For the audit. */
struct flow *
flow_open(struct loop *loop, struct store *store,
          const struct flow_settings *settings, char why[STORE_WHY_BYTES]);
/* No more mails are taken; those that wait come back. */
void flow_stop(struct flow *f);
/* The number's rate counts what has left its carrier. */
void flow_use_gate(struct flow *f, struct number *n);
/* After the carriers are closed and the last batch is durable. */
void flow_destroy(struct flow *f);

/* The phases of a turn, in this order (daemon.c puts them into the loop). */
void flow_begin(void *f); /* clocks, what became durable, released output */
void flow_mail(void *f);  /* commands */
void flow_tick(void *f);  /* carriers, deadlines */
void flow_fill(void *f);  /* room is filled */
void flow_post(void *f);  /* facts to the store, output held for them */

/* Stops filling, asks the carriers to unbind when answers came. */
void flow_drain(struct flow *f);
bool flow_is_drained(const struct flow *f);

/* New settings: carriers and numbers that changed are applied. */
void flow_reload(struct flow *f, const struct flow_settings *settings);

/* Receipts that match nothing wait so long for their answer; then they stay
 * listed. engineering-notes 7: 1 h, a million. */
/* Carriers' ids are kept a week (carrier-quirks, receipts that come late). */
#define FLOW_IDS_KEPT_MS (7ULL * 24 * 3600 * 1000)
enum { FLOW_UNMATCHED_MS = 3600000, FLOW_STRAYS_MAX = 100000 };

/* apply.c: facts that found nobody, for GET /v1/unmatched. */
void stray_keep(struct flow *f, uint64_t pos);
void stray_end(struct flow *f, uint64_t pos);

/* Key of a carrier's message id in `ids` and `unmatched`. */
uint64_t flow_id_key(uint32_t carrier, const char *id);
/* Key of a carrier, a number of ours and a subscriber. */
uint64_t flow_pair_key(uint32_t carrier, uint32_t number, uint64_t subscriber);
/* Key of a subscriber in `talks`. */
uint64_t flow_talk_key(uint64_t subscriber);

#endif
