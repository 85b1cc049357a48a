/*
 * route.h - the rules: which carriers a message may leave by.
 *
 * The first rule that fits wins. What rules lead to is a path: carriers in
 * order, a strategy, and what is done about errors. Rules that lead to the
 * same are one path, so a thousand prefixes make a handful of paths. A path
 * has a lasting key: queues of messages are kept by it (source.h).
 *
 * Promise: a match costs a look-up for each length of prefix that rules
 * have, not one for each rule. Carriers are compared as pointers.
 *
 * Which carrier of a path takes the next message stands in path.h.
 *
 * Threads: the engine thread only; pure but for the directory it reads.
 */
#ifndef ENGINE_FLOW_ROUTE_H
#define ENGINE_FLOW_ROUTE_H

#include "engine/flow/directory.h"
#include "engine/flow/mail.h"
#include "engine/flow/map.h"

enum {
    ROUTE_CARRIERS_MAX = 16,
    /* Keys that are no path's: of its number alone; of no rule; of rules and
     * numbers that differ from row to row (a campaign's pool). */
    PATH_OWN = 0,
    PATH_NONE = 1,
    PATH_MIXED = 2,
    PATH_LOOKUP = 3, /* waits for its phone's network: lookup.h */
    PATH_FIRST = 16, /* keys of paths are not below */
};

enum route_strategy {
    ROUTE_FAILOVER,
    ROUTE_ROUND_ROBIN,
    ROUTE_WEIGHTED,
    ROUTE_LEAST_LOADED,
};

enum route_encoding { ROUTE_ANY_ENCODING, ROUTE_GSM7, ROUTE_UCS2 };

/* Destinations: digits without `+`; "" fits all. */
struct route_prefix {
    const char *digits;
    bool exact;
};

/* One rule of the settings. Empty and 0 fit everything. */
struct flow_route {
    const struct route_prefix *to;
    unsigned to_n;       /* 0: all */
    const char *from;    /* a number or name of ours, or "+1212*" */
    const char *account; /* by name */
    const char *network; /* what the look-up says */
    enum message_class class;
    enum route_encoding encoding; /* of single messages */
    enum route_strategy strategy;
    const char *const *carriers;
    unsigned count;
    const unsigned *weights;  /* one a carrier, or NULL */
    const uint32_t *statuses; /* that send a part to the next carrier */
    unsigned statuses_n;
    unsigned times; /* at most so often */
};

struct route_path {
    uint32_t key;
    unsigned rule; /* the first that leads here, for people */
    enum route_strategy strategy;
    unsigned carriers;
    struct carrier_entry *carrier[ROUTE_CARRIERS_MAX];
    unsigned weight[ROUTE_CARRIERS_MAX];
    const uint32_t *statuses;
    unsigned statuses_n, times;
    /* whose turn it is: path.c */
    unsigned pick, left;
    int64_t credit[ROUTE_CARRIERS_MAX];
    uint64_t turn_us;
    unsigned given, given_last; /* messages of this turn and the last */
};

/* What a message says about its route. */
struct route_query {
    const struct number *number;
    uint64_t subscriber;
    const struct account *account;
    enum message_class class;
    enum route_encoding encoding; /* ANY: a campaign's row, not known yet */
    struct slice network;         /* p NULL: not looked up */
};

struct routes {
    const struct flow_route *rule; /* the settings' */
    unsigned rules;
    struct route_path **of_rule;
    struct route_path **path;
    unsigned paths;
    struct route_path **own; /* by carrier id: a number's own carrier */
    uint32_t owns;
    uint32_t table;   /* hash of all rules: equal, the same table */
    uint32_t version; /* grows with each change of anything here */
    /* prefix -> first of the rules that have it, a chain by rule */
    struct map heads;
    struct route_link *link;
    unsigned links;
    uint32_t lengths;             /* bit n: some prefix has n digits */
    uint64_t durable, durable_us; /* the store moved then */
    bool by_from;                 /* some rule looks at the number */
    bool looks;      /* networks are looked up; set before compiling */
    bool by_network; /* and some rule asks for one */
};

/* Reads the settings' rules; carriers must have their lasting ids already
 * where they are known. Paths of rules that stay are kept as they are. */
void routes_compile(struct routes *r, struct directory *d,
                    const struct flow_route *rules, unsigned rules_n);
void routes_fini(struct routes *r);

/* The rule that fits, or NULL; *rule is its number. A network that is not
 * looked up fits none. */
struct route_path *routes_match(const struct routes *r,
                                const struct route_query *q, unsigned *rule);
/* Does the network decide, and is not known? */
bool routes_ask(const struct routes *r, const struct route_query *q);
/* By a number's own carrier, else by rules; NULL: no way. */
struct route_path *
routes_find(struct routes *r, struct directory *d, const struct route_query *q);
/* The same as a key; PATH_LOOKUP: the network decides, and is not known. */
uint32_t routes_key(struct routes *r, const struct route_query *q);
/* NULL: no path has it now. */
struct route_path *routes_by_key(const struct routes *r, uint32_t key);
struct route_path *
routes_own(struct routes *r, struct directory *d, uint32_t carrier);

/* May some message of this account, class and number take the path? number
 * NULL: of any number. */
bool routes_may_lead(const struct routes *r, const struct route_path *p,
                     const struct number *number, const struct account *account,
                     enum message_class class);

/* Does the pattern ("+1212*", "ACME", "" for all) fit? */
bool route_from_fits(const char *pattern, const char *text);

#endif
