/*
 * auth.c - whose key a request carries.
 *
 * Promise: the admin's key is compared by its hash in constant time; others
 * are looked up by theirs, so no comparison of a secret ever ends early.
 */
#include "engine/door/auth.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <strings.h>

#include "engine/door/routes.h"

enum { KEY_MAX = 256 };

void
auth_set_admin(struct door *d, const char *key)
{
    d->has_admin = key && key[0];
    if (d->has_admin)
        SHA256((const uint8_t *)key, strlen(key), d->admin_hash);
}

/* The key of "Bearer KEY"; empty when there is none. */
static struct slice
bearer_key(struct request *r)
{
    struct slice v = request_header(r, "Authorization");
    size_t skip = 7; /* "Bearer " */
    if (v.n <= skip || strncasecmp((const char *)v.p, "Bearer ", skip) != 0)
        return (struct slice){0};
    while (skip < v.n && v.p[skip] == ' ')
        skip++;
    return slice_of(v.p + skip, v.n - skip);
}

static struct who
who_of(struct door *d, struct slice key)
{
    uint8_t hash[32];
    SHA256(key.p, key.n, hash);
    if (d->has_admin && CRYPTO_memcmp(hash, d->admin_hash, sizeof hash) == 0)
        return (struct who){.kind = WHO_ADMIN};
    struct query *q = door_query(d);
    return q ? query_key_hash(q, hash) : (struct who){0};
}

/* "the account's or a sender's" */
static const char *
keys_needed(enum route_keys keys)
{
    switch (keys) {
    case KEYS_ADMIN: return "the admin's key";
    case KEYS_ACCOUNT: return "an account's key";
    case KEYS_OWNER: return "an account's or the admin's key";
    case KEYS_SENDING: return "an account's or a sender's key";
    default: return "a key";
    }
}

static const char *
key_given(enum who_kind kind)
{
    switch (kind) {
    case WHO_ADMIN: return "the admin's";
    case WHO_ACCOUNT: return "an account's";
    default: return "a sender's";
    }
}

void
auth_check(struct request *r)
{
    enum route_keys keys = r->route->keys;
    if (keys == KEYS_OPEN)
        return;
    struct slice key = bearer_key(r);
    if (key.n == 0) {
        problem_set(&r->problem, "unauthorized",
                    "Send the header Authorization: Bearer KEY with %s.",
                    keys_needed(keys));
        return;
    }
    if (key.n <= KEY_MAX)
        r->who = who_of(r->door, key);
    if (r->who.kind == WHO_NOBODY) {
        problem_set(&r->problem, "unauthorized", "This key is not known.");
        return;
    }
    if (!(keys >> r->who.kind & 1))
        problem_set(&r->problem, "forbidden",
                    "This takes %s; the one given is %s.", keys_needed(keys),
                    key_given(r->who.kind));
}
