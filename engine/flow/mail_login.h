/*
 * mail_login.h - commands about logins and bound clients; a part of mail.h.
 *
 * Threads: as mail.h says.
 */
#ifndef ENGINE_FLOW_MAIL_LOGIN_H
#define ENGINE_FLOW_MAIL_LOGIN_H

#include "engine/client/client.h"
#include "proto/bytes.h"

enum message_class {
    CLASS_UNSET, /* the default of the place: transactional, or marketing
                    for a campaign, conversational in a thread */
    CLASS_CRITICAL,
    CLASS_TRANSACTIONAL,
    CLASS_CONVERSATIONAL,
    CLASS_MARKETING,
    CLASS_N,
};

/* A system_id and what it may do. What is said stands in `says`; a change
 * keeps what is not said. */
enum login_says {
    LOGIN_MAX_BINDS = 1,
    LOGIN_WINDOW = 2,
    LOGIN_RATE = 4,
    LOGIN_BURST = 8,
    LOGIN_ON_EXCESS = 16,
    LOGIN_ALLOW_IPS = 32,
    LOGIN_SOURCES = 64,
    LOGIN_TLS_REQUIRED = 128,
    LOGIN_CERTIFICATE = 256,
    LOGIN_ENQUIRE = 512,
    LOGIN_IDLE = 1024,
    LOGIN_RECEIPTS = 2048,
    LOGIN_OUTBIND = 4096,
    LOGIN_DISABLED = 8192,
    LOGIN_CLASS = 16384,
    LOGIN_UNCERTAIN = 32768,
};
enum { LOGIN_LIST_MAX = 16 };
struct login_wish {
    unsigned says;
    struct slice system_id; /* 1-15 characters, unique in the installation */
    /* Of the password, by keeper_hash() (flow/keeper.h), on the door's own
     * thread: it takes 50 ms. Empty: the password stays as it is. */
    struct slice hash;
    unsigned max_binds;     /* 0: 10 */
    unsigned window;        /* 1-10,000; 0: 100 */
    unsigned rate;          /* parts per second; 0: unlimited */
    unsigned burst;         /* 0: a tenth of the rate */
    struct slice on_excess; /* queue | throttle */
    unsigned allow_ips;     /* "192.0.2.0/24", "2001:db8::1"; none: any */
    const struct slice *allow_ip;
    unsigned sources; /* "+1212*", "ACME*", "*": beside the account's own */
    const struct slice *source;
    bool tls_required;
    struct slice certificate; /* subject that the client's must have */
    unsigned enquire_ms, idle_ms;
    struct slice receipts; /* deliver_sm | data_sm */
    struct slice outbind;  /* "host:port" that is called when something
                              waits for it; empty: never */
    bool disabled;
    enum message_class class;  /* UNSET: by priority_flag */
    struct slice on_uncertain; /* hold | resend; empty: as the settings say */
};

struct login_view {
    uint32_t login, account;
    char account_name[64];
    char system_id[16];
    unsigned max_binds, window, rate, burst;
    const char *on_excess, *receipts, *on_uncertain; /* static */
    char allow_ips[1024], sources[512];              /* with commas between */
    char certificate[128], outbind[80];
    bool tls_required, disabled;
    unsigned enquire_ms, idle_ms;
    enum message_class class;
    uint64_t created_ms;
    /* now */
    unsigned binds;
    uint64_t outbox;      /* receipts and replies that wait for it */
    uint64_t oldest_ms;   /* of them; 0: none */
    uint64_t dropped;     /* given up, since the start */
    uint32_t last_status; /* of the last bind that was refused, 0: none */
    uint64_t last_refused_ms;
};
struct mail_login {
    struct slice account; /* for the admin: whose; list: only that one's */
    struct slice ref;     /* change, delete: lgn_ id or system_id; put: empty
                             makes a new one */
    struct login_wish wish;
    uint32_t login; /* answer of put */
    unsigned count;
    struct login_view *rows; /* list; and the one of put */
};

/* Clients that are bound, as rows. An act is for one bind (number), or for
 * all binds of a login (ref). Pause lasts as long as the bind. */
struct mail_client {
    struct slice account, ref; /* list: only theirs; ref: lgn_ or system_id */
    uint64_t number;           /* client_view.number; 0: by ref */
    enum client_act {
        CLIENT_KICK,  /* closed at once */
        CLIENT_PAUSE, /* nothing is read from it nor given to it */
        CLIENT_RESUME,
        CLIENT_DRAIN, /* unbound when its answers are out */
    } act;
    unsigned count; /* rows; of an act: how many binds it reached */
    struct client_row {
        struct client_view look;
        char account_name[64];
        uint64_t outbox;    /* of its login */
        const char *reason; /* of the last refusal, static; "": none */
    } * rows;
};

/* PDUs of a bind ("acme", "acme/0", "app1", "app1#12") or of a number. */
struct mail_trace {
    struct slice bind, number; /* one of them */
    struct trace *trace;       /* the door's; MAIL_OK: shared from now on */
};

#endif
