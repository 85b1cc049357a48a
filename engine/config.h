/*
 * config.h - the settings file: read, checked, compared.
 *
 * Each setting is a row of config.def. The file is YAML; a key that no row
 * knows, a value of another kind or outside its range, and settings that
 * contradict each other are errors with file, line, key and what would be
 * accepted. "${NAME}" in a value is the environment variable NAME ("$${" is a
 * plain "${").
 *
 * Promise: a struct config is complete and consistent, or there is none.
 * Secrets are never printed. Nothing outside the process is touched but the
 * files that settings name, which are opened to see that they can be read.
 *
 * Threads: pure; a struct config is immutable and may be shared.
 */
#ifndef ENGINE_CONFIG_H
#define ENGINE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/carrier/settings.h"

/* Strings that were left empty are "", but NULL for files and hosts. */
struct config_address {
    const char *text; /* as written */
    const char *host; /* "" for all addresses */
    uint16_t port;    /* 0: any free one */
};

struct config_tls {
    const char *cert, *key, *client_ca; /* files, or NULL */
};

/* "+44*", "+12125550101" or "*". */
struct config_pattern {
    const char *text;
    const char *prefix; /* digits alone; "" for all */
    bool exact;         /* the whole number, no `*` */
};

/* "+1*, +52*": any of them. */
struct config_patterns {
    const char *text;
    const struct config_pattern *pattern;
    unsigned count;
};

/* How long a part waits before each further try. */
struct config_retry {
    uint32_t status;  /* 0: all that are not named */
    const char *text; /* "2s, 10s, 1m" */
    const uint32_t *wait_ms;
    unsigned waits;
};

/* Octets in network order; bits beyond `bits` are 0. */
struct config_network {
    const char *text;
    uint8_t octets[16];
    uint8_t bits;
    bool v6;
};

enum config_strategy {
    CONFIG_FAILOVER,
    CONFIG_ROUND_ROBIN,
    CONFIG_WEIGHTED,
    CONFIG_LEAST_LOADED,
};

struct config_route {
    struct config_patterns to;
    const char *from, *account, *network; /* "": any */
    unsigned class;                       /* enum message_class, 0: any */
    unsigned encoding;                    /* any 0, gsm7, ucs2 */
    const char *const *carriers;          /* names, all known */
    unsigned carriers_n;
    const unsigned *weights; /* one a carrier, or none */
    unsigned weights_n;
    enum config_strategy strategy;
    struct {
        const uint32_t *statuses;
        unsigned statuses_n, times;
    } on_error;
};

struct config_number {
    const char *number, *account, *default_sender;
    const char *carrier;    /* "": by routes */
    uint32_t rate, per_day; /* 0: none */
    bool shared;
};

struct config {
    const char *path; /* of the file */
    const char *data_dir;
    struct {
        unsigned level; /* error 0, warn, info, debug 3: enum log_level */
        const char *file;
    } log;
    struct {
        struct config_address listen;
        const char *admin_key; /* "": to be made */
        struct config_tls tls;
        unsigned workers, connections, connections_per_address;
        unsigned header_s, idle_s;
        unsigned body_rate;
        uint64_t body_max;
    } http;
    struct {
        const struct config_address *listen, *listen_tls;
        unsigned listen_n, listen_tls_n;
        struct config_tls tls;
        const char *system_id;
        unsigned connections, enquire_s, idle_s, response_s, bind_s;
    } smpp;
    const struct carrier_settings *carriers;
    unsigned carriers_n;
    const struct config_route *routes;
    unsigned routes_n;
    struct {
        const char *url, *token, *otherwise; /* "": none */
        unsigned batch, wait_ms, timeout_ms, cache_max;
        uint32_t cache_s;
    } lookup;
    const struct config_number *numbers;
    unsigned numbers_n;
    struct {
        unsigned on_uncertain; /* hold 0, resend 1 */
        uint64_t per_day;
    } accounts;
    struct {
        unsigned attempts;
        unsigned country;  /* 0: none */
        unsigned no_route; /* reject 0, hold 1 */
        const struct config_retry *retry;
        unsigned retry_n;
    } sending;
    struct {
        unsigned faults, latency, receipts;
    } health;
    struct {
        uint32_t unknown_after_s;
    } receipts;
    struct {
        uint32_t window_s, pair_ttl_s;
        unsigned crossing_ms, join_ms;
    } replies;
    struct {
        const char *opt_out_text, *opt_in_text, *help_text; /* "": the pack's */
    } compliance;
    struct {
        const struct config_network *allow_networks;
        unsigned allow_networks_n;
    } webhooks;
    struct {
        uint32_t messages_s, events_s;
    } retention;
    struct {
        uint64_t min_free, segment_bytes, checkpoint_facts;
        uint32_t segment_s;
        unsigned pace_ms;
    } store;
    struct arena *arena; /* owns all of the above */
};

/*
 * Reads and checks a file. On failure returns false and writes to `errors` a
 * line for each fault, in the order of the file:
 *   volley.yaml:14: carriers[0].window: 0 is out of range (1..10000)
 * On success the caller owns *out.
 */
MUST_CHECK bool
config_load(const char *path, struct config **out, FILE *errors);
/* The same from memory; `path` is what messages call it. */
MUST_CHECK bool config_load_text(const char *path, struct slice text,
                                 struct config **out, FILE *errors);
void config_free(struct config *c);

/* What a change of settings asks for; the greater includes the lesser. */
enum config_reload { RELOAD_LIVE, RELOAD_REBIND, RELOAD_RESTART };

/* What rows belong to. */
enum config_scope {
    SCOPE_ROOT,
    SCOPE_CARRIER,
    SCOPE_ROUTE,
    SCOPE_NUMBER,
    SCOPE_N
};

enum { CONFIG_CHANGE_BYTES = 160 };

/* A carrier or number (by name), the routes as a whole, or one other
 * setting. Indexes are UINT32_MAX where there is none. */
struct config_change {
    enum config_scope scope;
    enum { CHANGE_ADDED, CHANGE_REMOVED, CHANGE_CHANGED } what;
    enum config_reload reload;
    unsigned before, now;           /* index in that config's list */
    char path[CONFIG_CHANGE_BYTES]; /* "carriers[acme].window, .rate" */
};

/* All that differs; the list is the caller's to free(). NULL and 0: nothing,
 * or, with *count UINT32_MAX, out of memory. */
struct config_change *config_diff(const struct config *before,
                                  const struct config *now, unsigned *count);

/* Every setting with its kind, range, default and meaning, for a terminal or
 * as a Markdown table (volleyd --settings). */
void config_manual(FILE *out, bool markdown);

#endif
