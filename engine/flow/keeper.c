/*
 * keeper.c - one thread computes scrypt, one question at a time.
 *
 * Promise: as in keeper.h. After a wrong password the thread rests nine times
 * as long as the hash took, but for askers without a failure in the last
 * minute: who is new or right never waits for who guesses.
 */
#include "engine/flow/keeper.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "engine/core/clock.h"
#include "engine/core/loop.h"

enum {
    LOG2_N = 14, /* RFC 7914: N = 16,384, r = 8, p = 1: 16 MB */
    COST_R = 8,
    COST_P = 1,
    SALT_BYTES = 16,
    HASH_BYTES = 32,
    MEMORY_MAX = 64 << 20,
    /* 256 questions are 13 s of work: who waits longer has given up. */
    QUEUE_MAX = 256,
    /* One address may fill an eighth of it. */
    SHARE_MAX = QUEUE_MAX / 8,
    /* The last places are for addresses that have none and did not fail
     * lately: a few that fill the rest do not shut out all others. */
    RESERVED = QUEUE_MAX / 4,
    FAILED_MAX = 256, /* addresses whose failures are remembered */
    FORGET_MS = 60000,
    REST_TIMES = 9,
    REST_MOST_MS = 2000, /* a machine that is busy makes hashes look slow */
};

/* ---- hashes ---------------------------------------------------------------
 */

static bool
derive(struct slice password, const uint8_t salt[SALT_BYTES],
       uint8_t out[HASH_BYTES])
{
    return EVP_PBE_scrypt((const char *)password.p, password.n, salt,
                          SALT_BYTES, 1U << LOG2_N, COST_R, COST_P, MEMORY_MAX,
                          out, HASH_BYTES) == 1;
}

bool
keeper_hash(struct slice password, char out[KEEPER_HASH_BYTES])
{
    uint8_t salt[SALT_BYTES], hash[HASH_BYTES];
    char salt_hex[SALT_BYTES * 2 + 1], hash_hex[HASH_BYTES * 2 + 1];
    if (password.n == 0 || password.n > KEEPER_PASSWORD_MAX ||
        RAND_bytes(salt, sizeof salt) != 1 || !derive(password, salt, hash))
        return false;
    snprintf(out, KEEPER_HASH_BYTES, "scrypt$%d$%d$%d$%s$%s", LOG2_N, COST_R,
             COST_P, bytes_to_hex(slice_of(salt, sizeof salt), salt_hex),
             bytes_to_hex(slice_of(hash, sizeof hash), hash_hex));
    OPENSSL_cleanse(hash, sizeof hash);
    return true;
}

static bool
read_hash(const char *text, uint8_t salt[SALT_BYTES], uint8_t hash[HASH_BYTES])
{
    char prefix[24];
    int n = snprintf(prefix, sizeof prefix, "scrypt$%d$%d$%d$", LOG2_N, COST_R,
                     COST_P);
    size_t salt_n = SALT_BYTES, hash_n = HASH_BYTES;
    struct slice rest = slice_str(text);
    if (rest.n != (size_t)n + SALT_BYTES * 2 + 1 + HASH_BYTES * 2 ||
        strncmp(text, prefix, (size_t)n) != 0)
        return false;
    const char *hex = text + n;
    return bytes_from_hex(slice_of(hex, SALT_BYTES * 2), salt, &salt_n) &&
           salt_n == SALT_BYTES && hex[SALT_BYTES * 2] == '$' &&
           bytes_from_hex(slice_of(hex + SALT_BYTES * 2 + 1, HASH_BYTES * 2),
                          hash, &hash_n) &&
           hash_n == HASH_BYTES;
}

bool
keeper_matches(const char *text, struct slice password)
{
    uint8_t salt[SALT_BYTES] = {0}, hash[HASH_BYTES] = {0}, got[HASH_BYTES];
    bool known = read_hash(text, salt, hash);
    if (password.n > KEEPER_PASSWORD_MAX)
        password.n = 0;
    if (!derive(password, salt, got))
        return false;
    bool same = CRYPTO_memcmp(got, hash, HASH_BYTES) == 0;
    OPENSSL_cleanse(got, sizeof got);
    return known && same && password.n > 0;
}

/* ---- the thread -----------------------------------------------------------
 */

struct question {
    uint64_t token, from;
    uint64_t order;
    char hash[KEEPER_HASH_BYTES];
    uint8_t password[KEEPER_PASSWORD_MAX];
    size_t password_n;
};

struct keeper {
    struct loop *loop;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t news;
    bool ending;
    struct question question[QUEUE_MAX];
    unsigned questions;
    uint64_t orders;
    struct {
        uint64_t token;
        bool matches;
    } answer[QUEUE_MAX + 1]; /* with the one being computed */
    unsigned answers;
    struct {
        uint64_t from;
        struct mono at;
    } failed[FAILED_MAX]; /* by hash of `from`; a later one takes the place */
    struct mono rest_until;
};

static bool
has_failed(const struct keeper *k, uint64_t from, struct mono now)
{
    unsigned i = (unsigned)(from % FAILED_MAX);
    return k->failed[i].from == from && k->failed[i].at.us &&
           mono_since_ms(k->failed[i].at, now) < FORGET_MS;
}

/* Not clock_mono(): tests that stop the clock must not stop the thread. */
static struct mono
real_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (struct mono){(uint64_t)t.tv_sec * 1000000 +
                         (uint64_t)t.tv_nsec / 1000};
}

/* Index of the question to answer next: of those who have not failed lately
 * the oldest, else, when the rest is over, the oldest. -1: none now. */
static int
choose(const struct keeper *k, struct mono now)
{
    int best = -1;
    bool best_failed = false;
    for (unsigned i = 0; i < k->questions; i++) {
        bool failed = has_failed(k, k->question[i].from, now);
        if (failed && !mono_reached(now, k->rest_until))
            continue;
        bool before = best < 0 || (best_failed && !failed) ||
                      (best_failed == failed &&
                       k->question[i].order < k->question[best].order);
        if (before) {
            best = (int)i;
            best_failed = failed;
        }
    }
    return best;
}

static void
wait_for_news(struct keeper *k)
{
    struct timespec until;
    if (k->questions == 0) {
        pthread_cond_wait(&k->news, &k->lock);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 50000000; /* 50 ms: someone rests */
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&k->news, &k->lock, &until);
}

/* Called with the lock, which is open while the hash is computed. */
static void
answer_one(struct keeper *k, unsigned i)
{
    struct question q = k->question[i];
    k->question[i] = k->question[--k->questions];
    pthread_mutex_unlock(&k->lock);
    struct mono begun = real_time();
    bool matches = keeper_matches(q.hash, slice_of(q.password, q.password_n));
    OPENSSL_cleanse(q.password, sizeof q.password);
    struct mono now = real_time();
    pthread_mutex_lock(&k->lock);
    if (!matches) {
        k->failed[q.from % FAILED_MAX].from = q.from;
        k->failed[q.from % FAILED_MAX].at = now;
        uint64_t rest = mono_since_ms(begun, now) * REST_TIMES;
        k->rest_until =
            mono_add_ms(now, rest < REST_MOST_MS ? rest : REST_MOST_MS);
    }
    k->answer[k->answers].token = q.token;
    k->answer[k->answers++].matches = matches;
    loop_wake(k->loop);
}

static void *
run(void *arg)
{
    struct keeper *k = arg;
    /* Guessers must not take the processor from the engine. */
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19);
    pthread_mutex_lock(&k->lock);
    while (!k->ending) {
        int i = k->answers < QUEUE_MAX ? choose(k, real_time()) : -1;
        if (i >= 0)
            answer_one(k, (unsigned)i);
        else
            wait_for_news(k);
    }
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

struct keeper *
keeper_create(struct loop *loop)
{
    struct keeper *k = calloc(1, sizeof *k);
    pthread_condattr_t attr;
    if (!k)
        return NULL;
    k->loop = loop;
    pthread_mutex_init(&k->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&k->news, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&k->thread, NULL, run, k) == 0)
        return k;
    free(k);
    return NULL;
}

void
keeper_destroy(struct keeper *k)
{
    if (!k)
        return;
    pthread_mutex_lock(&k->lock);
    k->ending = true;
    pthread_cond_signal(&k->news);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
    pthread_cond_destroy(&k->news);
    pthread_mutex_destroy(&k->lock);
    OPENSSL_cleanse(k, sizeof *k);
    free(k);
}

/* ---- the engine's side ----------------------------------------------------
 */

bool
keeper_ask(struct keeper *k, const char *hash, struct slice password,
           uint64_t from, uint64_t token)
{
    pthread_mutex_lock(&k->lock);
    unsigned share = 0;
    for (unsigned i = 0; i < k->questions; i++)
        share += k->question[i].from == from;
    bool modest = share == 0 && !has_failed(k, from, real_time());
    bool room =
        share < SHARE_MAX && k->questions < QUEUE_MAX - (modest ? 0 : RESERVED);
    if (room) {
        struct question *q = &k->question[k->questions++];
        *q = (struct question){
            .token = token, .from = from, .order = k->orders++};
        snprintf(q->hash, sizeof q->hash, "%s", hash);
        q->password_n = password.n <= KEEPER_PASSWORD_MAX ? password.n : 0;
        if (q->password_n)
            memcpy(q->password, password.p, q->password_n);
        pthread_cond_signal(&k->news);
    }
    pthread_mutex_unlock(&k->lock);
    return room;
}

bool
keeper_take(struct keeper *k, uint64_t *token, bool *matches)
{
    pthread_mutex_lock(&k->lock);
    bool any = k->answers > 0;
    if (any) {
        *token = k->answer[0].token;
        *matches = k->answer[0].matches;
        k->answers--;
        memmove(k->answer, k->answer + 1, k->answers * sizeof *k->answer);
        if (k->questions)
            pthread_cond_signal(&k->news);
    }
    pthread_mutex_unlock(&k->lock);
    return any;
}
