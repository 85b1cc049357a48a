/*
 * routes.h - which function answers a request: one table, routes.def.
 *
 * Threads: pure, but for routes_allow().
 */
#ifndef ENGINE_DOOR_ROUTES_H
#define ENGINE_DOOR_ROUTES_H

#include "proto/bytes.h"

struct request;

/* Bits are 1 << enum who_kind. */
enum route_keys {
    KEYS_OPEN = 0, /* no key needed */
    KEYS_ADMIN = 2,
    KEYS_ACCOUNT = 4,
    KEYS_OWNER = 6,    /* admin, account */
    KEYS_SENDING = 12, /* account, sender */
    KEYS_ANY = 14,
};

enum route_body {
    BODY_NONE,
    BODY_JSON,  /* an object in RAM; may be absent */
    BODY_LINES, /* a stream of NDJSON */
    BODY_ROWS,  /* a stream of CSV or NDJSON */
};

struct route {
    const char *method;
    const char *path; /* {name} stands for one segment */
    enum route_keys keys;
    enum route_body body;
    /* Called when the body was read; for streams before it is. */
    void (*run)(struct request *r);
    const char *summary;
};

extern const struct route routes[];
extern const unsigned route_count;

enum route_result {
    ROUTE_FOUND,
    ROUTE_NO_PATH,   /* 404 */
    ROUTE_NO_METHOD, /* 405 */
    ROUTE_NO_TYPE,   /* 415 */
};

/*
 * The route of a method, a path and a content type ("" when absent). path is
 * cut at its slashes where a segment is a parameter, which `params` (two)
 * then borrow. HEAD is what GET is.
 */
enum route_result route_find(const char *method, char *path, const char *type,
                             const struct route **route, struct slice *params);

/* Does the path of a row fit? As route_find(), without cutting. */
bool route_fits(const struct route *route, const char *path);

/* "GET, HEAD, POST" for a path; out of cap octets. */
void route_methods(const char *path, char *out, size_t cap);

/* Adds Allow to the answer of a request. */
void routes_allow(struct request *r);

/* Is the content type ("text/csv; charset=x") this one? */
bool type_is(const char *type, const char *wanted);
bool type_is_lines(const char *type);

#endif
