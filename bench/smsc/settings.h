/*
 * settings.h - what the simulated carrier was told to be: its options.
 *
 * Promise: after settings_parse() says ARGS_RUN every value is in range.
 * Strings borrow from argv.
 *
 * Threads: read-only once parsed.
 */
#ifndef BENCH_SMSC_SETTINGS_H
#define BENCH_SMSC_SETTINGS_H

#include "bench/smsc/args.h"
#include "bench/smsc/deliver.h"

enum { SETTINGS_LIST_MAX = 32 };

/* A share of the receipts; what no share covers gets none. */
struct receipt_share {
    double ratio;
    int state; /* message_state */
    char stat[10];
    char err[4];
};

/* Every `every`th submit is refused with `status`. */
struct refusal {
    uint32_t status;
    uint64_t every;
};

struct span_ms {
    uint64_t lo;
    uint64_t hi;
};

/* `every` counts: 0 is never, 1 is each, N is each Nth. */
struct settings {
    const char *host;
    const char *system_id; /* NULL: anybody */
    const char *password;
    const char *tls; /* CERT,KEY */
    const char *script;
    const char *ledger;
    const char *check_ledger;
    uint64_t port;
    uint64_t max_binds;
    uint64_t window;
    uint64_t rate;
    uint64_t enquire_s;
    uint64_t keep;
    uint64_t seed;
    struct span_ms latency;
    struct span_ms receipt_delay;
    struct span_ms reply_delay;
    struct receipt_share share[SETTINGS_LIST_MAX];
    unsigned shares;
    enum receipt_form form;
    enum msgid_form ids;
    uint64_t receipt_before_resp_every;
    uint64_t receipt_twice_every;
    uint64_t receipt_other_bind_every;
    double reply_ratio;
    const char *reply_text[SETTINGS_LIST_MAX];
    unsigned reply_texts;
    uint64_t reply_long_every;
    uint64_t reply_before_resp_every;
    uint64_t lose_resp_every;
    uint64_t disconnect_every;
    struct refusal refuse[SETTINGS_LIST_MAX];
    unsigned refusals;
    bool ledger_text;
    bool stats;
    bool json;
};

enum args_result settings_parse(struct settings *out, int argc, char **argv);

/* "0.97:DELIVRD,0.02:UNDELIV/011": for the option and the tests. */
bool
settings_receipts(void *settings, const char *value, char why[ARGS_WHY_BYTES]);

#endif
