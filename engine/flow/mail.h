/*
 * mail.h - commands from intake threads to the engine, and its answers.
 *
 * A door thread fills a mail and posts it (mail_post). The engine decides,
 * records facts, and answers when they are durable: the mail comes back into
 * the box of the thread that posted it, which calls `done`. The engine calls
 * nobody.
 *
 * Promise: every posted mail comes back exactly once, also while stopping.
 * A result of MAIL_OK means what was promised is on disk. What a mail points
 * to belongs to the door and must stay until done; what an answer points to
 * belongs to the mail and goes with mail_free().
 *
 * Threads: mail_post from any; the rest belongs to whoever holds the mail.
 */
#ifndef ENGINE_FLOW_MAIL_H
#define ENGINE_FLOW_MAIL_H

#include "engine/carrier/carrier.h"
#include "engine/core/mpsc.h"
#include "engine/flow/mail_login.h"
#include "proto/bytes.h"

struct flow;

/* Whose key it is. Everything a mail asks for is limited to what it sees. */
enum who_kind { WHO_NOBODY, WHO_ADMIN, WHO_ACCOUNT, WHO_SENDER };
struct who {
    enum who_kind kind;
    uint32_t account;
    uint32_t sender;
};

enum mail_result {
    MAIL_OK,
    MAIL_NOT_FOUND, /* 404, or not yours */
    MAIL_INVALID,   /* 422; pointer names the member */
    MAIL_CONFLICT,  /* 409 */
    MAIL_FORBIDDEN, /* 403 */
    MAIL_QUOTA,     /* 429 */
    MAIL_FULL,      /* 503: store full or behind, or stopping */
};

enum mail_kind {
    MAIL_ACCOUNT_CREATE,
    MAIL_ACCOUNT_LIST,
    MAIL_ACCOUNT_DELETE,
    MAIL_SENDER_CREATE,
    MAIL_SENDER_LIST,
    MAIL_NUMBER_PUT,
    MAIL_NUMBER_LIST,
    MAIL_POOL_PUT,
    MAIL_POOL_LIST,
    MAIL_SEND,   /* one or many messages */
    MAIL_CANCEL, /* one message */
    MAIL_LOCATE, /* words of messages */
    MAIL_CAMPAIGN_CREATE,
    MAIL_CAMPAIGN_LIST,
    MAIL_CAMPAIGN_LOOK,
    MAIL_CAMPAIGN_ACT,
    MAIL_CAMPAIGN_CHUNKS, /* where its recipients lie */
    MAIL_UPLOAD_BEGIN,
    MAIL_UPLOAD_CHUNK,
    MAIL_UPLOAD_END,
    MAIL_UPLOAD_ABORT,
    MAIL_THREAD_LIST,
    MAIL_THREAD_LOOK,
    MAIL_THREAD_ACT,
    MAIL_SUPPRESS,
    MAIL_SUPPRESSED, /* list */
    MAIL_UNMATCHED,
    MAIL_REASSIGN,
    MAIL_CARRIER_LIST,
    MAIL_CARRIER_ACT,
    MAIL_STATUS, /* of the whole engine */
    MAIL_LOGIN_LIST,
    MAIL_LOGIN_PUT, /* makes or changes */
    MAIL_LOGIN_DELETE,
    MAIL_CLIENT_LIST, /* who is bound */
    MAIL_CLIENT_ACT,
    MAIL_TRACE,         /* begin one */
    MAIL_ROUTE_EXPLAIN, /* which way a message would go */
    MAIL_LOOKED_UP,     /* networks of phones, and the next to ask for */
    MAIL_KIND_N,
};

/* A vendor TLV by the name that the carrier's settings give it, or "0x1400". */
enum { SEND_TLVS_MAX = 8, SEND_TLV_NAME_MAX = 32, SEND_TLV_VALUE_MAX = 255 };
struct send_tlv {
    struct slice name, value;
};

/* One message to send. Empty slices are unset. */
struct send_item {
    struct slice to;          /* as written; normalised by the engine */
    struct slice from;        /* number or name of the account */
    struct slice pool;        /* pol_ id or name */
    struct slice text;        /* UTF-8 */
    struct slice sender;      /* sdr_ id, external_id or name */
    struct slice external_id; /* up to 64 octets */
    struct slice receipt_url; /* kept and shown; delivery is by webhook */
    enum message_class class;
    uint32_t reply_window_s; /* 0: 30 d */
    uint32_t validity_s;     /* 0: the carrier's */
    uint64_t send_at_ms;     /* 0: now */
    uint64_t expires_at_ms;  /* 0: never */
    unsigned tlvs;
    struct send_tlv tlv[SEND_TLVS_MAX];
    uint64_t thread; /* answer in this thread; to and from unset */
    /* answer */
    enum mail_result result;
    const char *code;    /* "unknown_from", … static */
    const char *pointer; /* "/to", … static */
    char detail[160];
    uint64_t message;
    unsigned parts;
    bool ucs2;     /* encoding: ucs2, else gsm7 */
    uint8_t state; /* enum message_state_kind, flow/word.h */
};

struct mail_send {
    unsigned count; /* 1..512 */
    struct send_item *items;
    struct slice idempotency_key; /* empty: none */
    uint64_t body_hash;           /* of the request, with such a key */
    bool repeated;                /* answer: these are the first answers */
};

/* Rows as people see them; strings NUL-terminated. */
struct account_view {
    uint32_t account;
    char name[64];
    uint64_t per_day; /* quota of parts; 0: none */
    uint64_t created_ms;
};
struct sender_view {
    uint32_t sender, account;
    char name[64], external_id[64], smpp_system_id[16];
    bool queue;
    uint64_t created_ms;
};
struct number_view {
    uint32_t id;
    char number[24];
    char carrier[32];
    char account[64];
    char default_sender[24];
    uint32_t rate, per_day;
    bool shared, from_settings, retired;
    char replaced_by[24];
};
struct pool_view {
    uint32_t pool;
    char name[64];
    bool exclusive;
    char on_conflict[8]; /* reroute, hold, fail, share */
    unsigned numbers;
    char (*number)[24];
    uint32_t *weight; /* one a number, or NULL */
};

struct mail_account {
    struct slice name, ref; /* ref: id or name, for delete */
    uint64_t per_day;
    unsigned logins; /* the "smpp" object, or array of such */
    const struct login_wish *login;
    /* answer */
    uint32_t account;
    char key[64]; /* shown once */
    unsigned count;
    struct account_view *rows;
};
struct mail_sender {
    struct slice account; /* for the admin: whose */
    struct slice name, external_id, smpp_system_id;
    bool queue;
    unsigned numbers;
    const struct slice *number; /* numbers it answers for by default */
    uint32_t sender;
    char key[64];
    unsigned count;
    struct sender_view *rows;
};
struct mail_number {
    struct slice number, account, default_sender;
    struct slice carrier;     /* given and empty: by routes */
    struct slice replaced_by; /* of a retired one */
    int retired;              /* -1: as it was */
    bool shared;
    uint32_t rate, per_day;
    unsigned count;
    struct number_view *rows;
};
struct mail_pool {
    struct slice name;
    unsigned numbers;
    const struct slice *number;
    const uint32_t *weight; /* one a number, or NULL: all alike */
    bool exclusive;
    struct slice on_conflict; /* empty: reroute */
    uint32_t pool;
    unsigned count;
    struct pool_view *rows;
};

/* Words of messages (flow/word.h): state and where their last fact is. For
 * `numbers` when given, else for first..first+count. Words of messages that
 * are not the asker's account's come as 0; campaign rows not yet sent come
 * with their waiting state and position 0. */
struct mail_locate {
    uint64_t first;
    unsigned count; /* up to 8,192 */
    const uint64_t *numbers;
    uint64_t newest; /* answer: the newest message number given out */
    uint64_t *words; /* answer: count of them */
};

struct campaign_counts {
    uint64_t recipients, rejected, queued, held, submitted, delivered, failed,
        expired, suppressed, cancelled, unknown, uncertain, replies;
};
struct campaign_view {
    uint64_t campaign;
    uint32_t account;
    char name[128];
    const char *state; /* draft, scheduled, running, paused, done, cancelled */
    struct campaign_counts counts;
    unsigned rate_now; /* parts of the last second */
    uint64_t eta_s;    /* UINT64_MAX: not known */
    uint64_t parts_submitted;
    uint64_t created_ms, start_at_ms, expires_at_ms, started_ms, done_ms;
    unsigned rate_limit; /* parts per second that its numbers, carriers and
                            its own rate allow; 0: unlimited */
    uint64_t rows;       /* kept recipients */
    /* what was asked for is in the control table: query_campaign() */
};
struct mail_campaign {
    uint64_t campaign; /* for look, act, chunks */
    /* create */
    struct slice name, text, from, pool, sender;
    enum message_class class;
    uint32_t rate;
    uint64_t start_at_ms, expires_at_ms;
    bool no_dedupe;
    bool resend_uncertain; /* on_uncertain: resend */
    struct slice idempotency_key;
    uint64_t body_hash;
    bool repeated;
    /* act */
    enum campaign_act { ACT_START, ACT_PAUSE, ACT_RESUME, ACT_CANCEL } act;
    /* list: newest first, before this id (0: newest) */
    uint64_t before;
    unsigned limit;
    /* answer */
    unsigned count;
    struct campaign_view *rows;
    unsigned chunks;
    struct chunk_view {
        uint64_t pos;   /* of the RECIPIENTS fact */
        uint64_t first; /* message number of its first row */
        uint32_t rows;
        uint64_t row; /* of its first row in the campaign */
    } * chunk;
};

struct mail_upload {
    uint64_t campaign;
    bool append;         /* begin: keep what was uploaded before */
    uint64_t upload;     /* answer of begin; then given */
    struct slice octets; /* chunk: packed by recipients.h */
    unsigned rows;
    /* end: what the door refused, and rows found twice, as row numbers of
     * this upload in rising order */
    uint64_t rejected;
    uint64_t duplicates;
    const uint32_t *skip;
    size_t skips;
};

struct thread_view {
    uint64_t thread;
    uint32_t sender, assignee, account;
    char subscriber[24], number[24];
    bool closed;
    unsigned unread;
    uint64_t waiting_since_ms, last_message_at_ms;
    uint64_t last_message;   /* message number */
    uint64_t subscriber_key; /* as query_thread() wants it */
    uint64_t head_pos;       /* newest fact of its subscriber, for query.h */
};
struct mail_thread {
    uint64_t thread;
    /* list */
    struct slice subscriber, sender;
    int closed; /* -1 any, 0 open, 1 closed */
    bool waiting;
    uint64_t before_ms, before_thread; /* cursor: last row seen; 0: newest */
    unsigned limit;
    /* act */
    enum thread_act {
        THREAD_CLAIM,
        THREAD_RELEASE,
        THREAD_TRANSFER,
        THREAD_CLOSE,
        THREAD_REOPEN,
        THREAD_READ,
        THREAD_NOTE,
    } act;
    uint64_t up_to; /* read: message number; 0: all */
    struct slice to_sender;
    bool share_history;
    struct slice note;
    /* answer */
    unsigned count;
    struct thread_view *rows;
};

struct suppression_view {
    char subscriber[24], scope[12], reason[64];
    uint64_t at_ms;
};
struct mail_suppression {
    struct slice subscriber, reason;
    struct slice scope;  /* number, programme, account, all; empty: account */
    struct slice number; /* with scope number */
    bool remove;
    struct slice after; /* list: E.164 of the last row seen */
    unsigned limit;
    unsigned count;
    struct suppression_view *rows;
};

struct mail_unmatched {
    bool receipts;   /* else replies */
    uint64_t before; /* position; 0: newest */
    unsigned limit;
    uint64_t message; /* reassign */
    struct slice sender;
    unsigned count;
    uint64_t *positions; /* facts: RECEIPT or REPLY */
};

struct mail_carrier {
    struct slice name;
    enum carrier_act {
        CARRIER_PAUSE,
        CARRIER_RESUME,
        CARRIER_REBIND,
        CARRIER_DRAIN,
        CARRIER_KICK,
    } act;
    int bind; /* KICK: -1 all */
    unsigned count;
    struct carrier_row {
        char name[64];
        struct carrier_view look;
        struct bind_view *bind; /* look.binds of them */
        /* What rules with another carrier may do with it. Texts are static. */
        const char *health;    /* usable, probing, skipped */
        const char *why;       /* "" when well */
        int success, receipts; /* percent; -1: too few to tell */
        unsigned latency_ms;   /* of the last answers */
        unsigned usual_ms;     /* over a long time; 0: not known */
    } * rows;
};

/* Which rule, and its carriers in order. Texts of the answer are static. */
struct mail_route {
    struct slice to, from, account; /* from, account: empty for any */
    enum message_class class;
    bool ucs2;
    /* answer */
    const char *via;       /* number, rule, none */
    const char *network;   /* NULL: not asked for, or not known yet */
    bool asks;             /* the network decides */
    int rule;              /* -1: none */
    const char *strategy;  /* NULL without a rule */
    const char *otherwise; /* hold, reject: what no rule fits */
    unsigned count;
    struct route_row {
        char name[64];
        unsigned weight, room, in_flight, rate_limit, latency_ms;
        bool takes; /* the next message may be its */
        const char *why, *state, *health;
    } * rows;
};

/*
 * Whoever asks for networks posts one of these for each question it can ask
 * at a time: with what the last one brought, or nothing. It comes back when
 * there are phones to ask for.
 */
enum { LOOKUP_BATCH_MAX = 1000, LOOKUP_NETWORK_SIZE = 32 };
struct lookup_batch {
    unsigned count;
    unsigned timeout_ms;
    struct lookup_phone {
        uint64_t subscriber;
        char network[LOOKUP_NETWORK_SIZE]; /* "": none is known */
    } phone[LOOKUP_BATCH_MAX];
};
struct mail_lookup {
    struct lookup_batch *batch; /* the door's */
    bool failed;                /* no answer, or a wrong one */
};

struct mail_status {
    bool ready;    /* settings read, replay done, store takes work */
    char why[160]; /* when not */
    uint64_t waiting, in_flight, uncertain, messages;
};

struct mail {
    struct mpsc_link node;
    enum mail_kind kind;
    struct who who;
    struct mail_box *box;         /* comes back here; NULL: the flow's own */
    void (*done)(struct mail *m); /* the door's, for who takes it there */
    void *door;                   /* the door's own */
    /* answer */
    enum mail_result result;
    const char *code;    /* static, snake_case */
    const char *pointer; /* JSON Pointer, static, or NULL */
    char detail[256];
    unsigned retry_after_s;
    void *answer;      /* memory of the answer, freed by mail_free() */
    uint64_t wait_pos; /* the engine's: durable position it waits for */
    union {
        struct mail_account account;
        struct mail_sender sender;
        struct mail_number number;
        struct mail_pool pool;
        struct mail_send send;
        struct mail_locate locate;
        struct mail_campaign campaign;
        struct mail_upload upload;
        struct mail_thread thread;
        struct mail_suppression suppression;
        struct mail_unmatched unmatched;
        struct mail_carrier carrier;
        struct mail_status status;
        struct mail_route route;
        struct mail_lookup lookup;
        struct mail_login login;
        struct mail_client client;
        struct mail_trace trace;
    };
};

/* Zeroed; the door sets kind, who, done, door and the request. */
struct mail *mail_create(enum mail_kind kind, struct who who);
void mail_free(struct mail *m);

/* False when too many wait (back-pressure: answer 503 or stop reading, then
 * try again) or the engine is stopping; the mail is then still the door's.
 * With a box the engine is told by mail_box_tell(), else at once. */
MUST_CHECK bool mail_post(struct flow *f, struct mail *m);

/* Rows that a list gives: 100 when nothing was asked, 1,001 at most (the
 * door asks for one more than it shows). */
unsigned mail_limit(unsigned asked);

/*
 * The way back to one thread of the door. It belongs to the flow and lives as
 * long, so that the engine may speak to it when the door is gone. Opened by
 * any thread (NULL: no memory or no descriptor), the rest by its own, but for
 * mail_box_wake().
 */
struct mail_box *mail_box_open(struct flow *f);
/* An eventfd: readable when mails are back, or after mail_box_wake(). Who
 * waits for it reads it. */
int mail_box_fd(const struct mail_box *b);
void mail_box_wake(struct mail_box *b);
/* Mails that are back, as a list by node.next, oldest first; NULL: none. */
struct mail *mail_box_take(struct mail_box *b);
/* Tells the engine of what this thread posted since the last call, once for
 * all of it: at the end of its turn. */
void mail_box_tell(struct mail_box *b);

/* The same of the flow's own box, for mails without one. */
struct mail *mail_take_ready(struct flow *f);

#endif
