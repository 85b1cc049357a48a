/*
 * login.h - a system_id with its password: who may bind as a client, and
 * what it may do then.
 *
 * Rows live in the directory like accounts do. Their living side (binds, what
 * waits for the client) hangs on the row and is rebuilt by whoever binds.
 *
 * Promise: a system_id is unique in the installation. A change is durable
 * when its mail is answered and reaches living binds in the same turn.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_LOGIN_H
#define ENGINE_FLOW_LOGIN_H

#include "engine/carrier/rate.h"
#include "engine/flow/keeper.h"
#include "engine/flow/mail.h"

struct directory;
struct number;

enum login_uncertain { UNCERTAIN_AS_SET, UNCERTAIN_HOLD, UNCERTAIN_RESEND };

/* An address and how many of its bits count; IPv4 as ::ffff:a.b.c.d. */
struct login_net {
    uint8_t ip[16];
    uint8_t bits;
    char text[52]; /* as written */
};

struct login {
    uint32_t id, account;
    char system_id[16];
    char hash[KEEPER_HASH_BYTES];
    unsigned max_binds, window;
    uint32_t per_s, burst;
    bool throttle; /* on_excess; else queue */
    bool tls_required, data_sm, disabled, deleted;
    enum login_uncertain on_uncertain;
    enum message_class class;
    unsigned nets, sources;
    struct login_net net[LOGIN_LIST_MAX];
    char source[LOGIN_LIST_MAX][24];
    char certificate[128], outbind[80];
    unsigned enquire_ms, idle_ms;
    uint64_t created_ms;

    /* living */
    struct rate leaving;  /* what its messages leave at, when per_s */
    struct rate arriving; /* the same at the door, for throttle */
    struct client **bind;
    unsigned binds, bind_cap;
    unsigned asking;    /* binds whose password is being looked at */
    unsigned turn;      /* which bind is given the next delivery */
    uint8_t digest[32]; /* of the password that was right last; client_desk */
    bool has_digest;
    uint32_t last_status; /* of the last bind refused */
    uint64_t last_refused_ms;
};

struct login *directory_login(const struct directory *d, uint32_t id);
/* By lgn_ id or system_id; deleted ones are not found. */
struct login *directory_find_login(const struct directory *d, struct slice ref);
/* The sender of the account that this system_id speaks for; 0: none. */
uint32_t login_sender(const struct directory *d, const struct login *l);
/* The account's login when it has exactly one; 0: none. */
uint32_t login_only(const struct directory *d, uint32_t account);

/* Bound clients. */
void login_add_bind(struct login *l, struct client *c);
void login_drop_bind(struct login *l, struct client *c);

/* May it bind from this address ("192.0.2.1:40000", "[2001:db8::1]:40000")? */
bool login_allows_peer(const struct login *l, const char *peer);
/* Do its own patterns allow this source (as struct number has it)? */
bool login_allows_source(const struct login *l, const char *text);
/* "192.0.2.0/24", "2001:db8::1"; false: it is none. */
MUST_CHECK bool login_read_net(struct slice text, struct login_net *out);
/* Whose share it takes where addresses share something: that of its address, or
 * of its /64 in IPv6, of which one host has as many as it likes. */
uint64_t login_peer_share(const char *peer);
bool login_net_holds(const struct login_net *n, const char *peer);

/* Checks a wish and makes (l NULL) or changes a row, its doc included. NULL
 * and the mail refused when it cannot be. base: of pointers, "" or "/smpp". */
struct login *login_put(struct flow *f, struct mail *m, struct login *l,
                        uint32_t account, const struct login_wish *wish);
/* Would login_put() make it? Refuses the mail when not. */
bool login_check(struct flow *f, struct mail *m, const struct login_wish *wish);
void login_delete(struct flow *f, struct login *l);
/* The account is gone: its logins too. */
void login_delete_all(struct flow *f, uint32_t account);

/* Control tables, of directory_load(). */
bool login_load_all(struct directory *d, char why[]);
void login_fini_all(struct directory *d);

/* MAIL_LOGIN_*. */
void login_on_login(struct flow *f, struct mail *m);
/* Whose logins a mail may see: 0: all. False: nobody's, m is refused. */
bool login_whose(struct flow *f, struct mail *m, struct slice account,
                 uint32_t *out);

#endif
