/*
 * directory.h - who and what there is: accounts, senders, numbers, pools,
 * carriers.
 *
 * All of it stands in RAM, loaded at start from the control environment;
 * each change is written there as a doc (doc.h) in the same turn, and is
 * answered when durable.
 *
 * Promise: ids are given once and never again. Names are unique inside their
 * account. Nothing is freed while the process runs: what was deleted is
 * marked, since history still names it.
 *
 * Threads: the engine thread only. Intake threads read the control tables.
 */
#ifndef ENGINE_FLOW_DIRECTORY_H
#define ENGINE_FLOW_DIRECTORY_H

#include "engine/carrier/carrier.h"
#include "engine/carrier/rate.h"
#include "engine/flow/health.h"
#include "engine/flow/journal.h"
#include "engine/flow/mail.h"
#include "engine/flow/map.h"

struct outlet; /* sched.h: what waits for a carrier */

struct account {
    uint32_t id;
    char name[64];
    uint8_t key_digest[32];
    uint64_t per_day; /* quota in parts; 0: none */
    uint64_t created_ms;
    bool deleted;
    uint32_t senders;            /* how many it has */
    uint32_t logins, only_login; /* how many; which, when one */
    uint32_t made_numbers;       /* by its clients' sources */
    uint32_t only_number;        /* its one number; 0: none, or several */
    uint64_t only_of;            /* as of that change of numbers; 0: unknown */
    bool several_numbers;
    uint64_t day, day_parts; /* parts used on that day */
};

struct sender {
    uint32_t id, account;
    char name[64], external_id[64], smpp_system_id[16];
    uint8_t key_digest[32];
    bool queue, deleted;
    uint64_t created_ms;
};

/* Our address on a carrier. */
struct number {
    uint32_t id;
    uint32_t account; /* 0: of no account yet, or shared */
    uint32_t carrier; /* carrier_entry id; 0: by route */
    uint32_t pool;    /* the pool it stands in, 0: none */
    uint32_t default_sender;
    uint32_t replaced_by; /* who writes instead of a retired one; 0: nobody */
    char text[24];        /* E.164, short code, or a name */
    char account_name[64];
    bool shared, from_settings, retired;
    bool of_clients; /* made by a client's first use: for clients whose
                        sources allow it alone */
    uint32_t maker;  /* whose client that was */
    uint32_t per_s, per_day;
    struct rate rate; /* empty when per_s is 0 */
    uint64_t day, day_parts;
};

enum { POOL_NUMBERS_MAX = 1000 };
enum pool_conflict { POOL_REROUTE, POOL_HOLD, POOL_FAIL, POOL_SHARE };

struct pool {
    uint32_t id, account;
    char name[64];
    bool exclusive;
    enum pool_conflict on_conflict;
    unsigned numbers, next;
    uint32_t *number; /* ids */
    /* one a number, or NULL: all alike. 0: for the pairs it has alone. */
    uint32_t *weight;
    int64_t *credit; /* whose turn it is, with weights */
    uint64_t created_ms;
};

/* A carrier by its lasting id; the carrier itself may be gone from the
 * settings (NULL) while history still names it. */
struct carrier_entry {
    uint32_t id;
    char name[64];
    struct carrier *carrier;
    struct outlet *outlet;
    struct health health;
};

struct table {
    void **row; /* by id; row[0] is NULL */
    uint32_t rows, cap;
};

struct directory {
    struct journal *journal;
    struct table accounts, senders, numbers, pools, carriers, logins;
    struct map names; /* hash of (kind, account, text) -> id */
    uint64_t number_changes;
};

/* Reads the control tables. False: a doc is damaged, why says which. */
MUST_CHECK bool directory_load(struct directory *d, struct journal *j,
                               char why[STORE_WHY_BYTES]);
void directory_fini(struct directory *d);

struct account *directory_account(const struct directory *d, uint32_t id);
struct sender *directory_sender(const struct directory *d, uint32_t id);
struct number *directory_number(const struct directory *d, uint32_t id);
struct pool *directory_pool(const struct directory *d, uint32_t id);
struct carrier_entry *directory_carrier(const struct directory *d, uint32_t id);

/* By what people write: an id of that kind, a name, an external_id. Deleted
 * ones are not found. */
struct account *
directory_find_account(const struct directory *d, struct slice ref);
struct sender *directory_find_sender(const struct directory *d,
                                     uint32_t account, struct slice ref);
/* `text` normalised (addr.h). */
struct number *
directory_find_number(const struct directory *d, struct slice text);
struct pool *directory_find_pool(const struct directory *d, uint32_t account,
                                 struct slice ref);
struct carrier_entry *
directory_find_carrier(const struct directory *d, struct slice name);

/* The number itself, or the one that came in its place; NULL: it is retired
 * and nothing did. Replies to the old one still match. */
struct number *directory_in_use(const struct directory *d, struct number *n);
/* May this account send from the number? */
bool directory_may_use(const struct number *n, uint32_t account);

/* Makes the row and writes its doc. key (64 octets) gets the API key. NULL
 * when the name is taken. */
struct account *
directory_add_account(struct directory *d, struct slice name, uint64_t per_day,
                      uint64_t now_ms, char key[64]);
void directory_delete_account(struct directory *d, struct account *a);
struct sender *directory_add_sender(struct directory *d,
                                    const struct sender *wish, char key[64]);
/* Makes or changes: a number is known by its text. */
struct number *
directory_put_number(struct directory *d, const struct number *wish);
void directory_save_number(struct directory *d, const struct number *n);
struct pool *directory_put_pool(struct directory *d, const struct pool *wish);
/* The lasting id of a carrier's name, made when new. */
struct carrier_entry *
directory_put_carrier(struct directory *d, const char *name);

/* Parts of a day (UTC): are so many more allowed? Counting is apply.c's. */
bool
directory_has_quota(const struct account *a, uint64_t now_ms, unsigned parts);
void directory_count_account(struct account *a, uint64_t at_ms, unsigned parts);
void directory_count_number(struct number *n, uint64_t at_ms);
/* Used up today? */
bool directory_number_is_spent(const struct number *n, uint64_t now_ms);

#endif
