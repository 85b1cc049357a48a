/*
 * engine.c - the engine thread of the skeleton: the life of a message.
 *
 * Promise: as in engine.h. A turn: read every socket that is readable, take
 * what has become durable, accept, post the next commit when none runs, fill
 * the windows, send.
 */
#include "bench/skeleton/engine.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "bench/skeleton/index.h"
#include "bench/skeleton/link.h"

enum {
    EVENTS = 64,
    SLOTS = 65536,   /* of a bind: message by sequence number */
    TEXT = 120,      /* octets */
    ROOM = 256,      /* submits a bind gets before the next one */
    WAIT_MS = 10,    /* when nothing moves */
    SUBMIT_MAX = 256 /* octets */
};

/* Facts: answered (number, id), receipted (number, state). */
enum { ANSWERED_BYTES = 30, RECEIPTED_BYTES = 16 };

struct bind {
    struct link link;
    uint32_t sequence;
    uint64_t in_flight;
    uint64_t *message; /* SLOTS of them */
};

/* Invariant: finals <= sent <= durable <= accepted <= count. */
struct engine {
    const struct engine_settings *settings;
    struct committer *committer;
    struct bind *binds;
    struct batch batch[2];
    struct batch *gathering;
    bool busy; /* a commit runs */
    uint64_t accepted, durable, sent, finals, unmatched;
    uint64_t first_bind; /* whose turn it is to be filled first */
    struct index index;
    int epoll;
    char text[TEXT];
};

static double
now_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- in */

static void
accept_more(struct engine *e)
{
    struct batch *b = e->gathering;
    uint64_t open = e->accepted - e->finals;
    uint64_t room =
        e->settings->backlog > open ? e->settings->backlog - open : 0;
    if (room > BATCH_ROWS - b->rows_n)
        room = BATCH_ROWS - b->rows_n;
    if (room > e->settings->count - e->accepted)
        room = e->settings->count - e->accepted;
    if (b->rows_n == 0)
        b->first = e->accepted;
    for (uint64_t i = 0; i < room; i++, e->accepted++) {
        uint8_t *p = b->rows + b->rows_n++ * ROW_BYTES;
        memcpy(p, &e->accepted, 8);
        memset(p + 8, 0, 32);
        memcpy(p + 40, e->text, TEXT);
    }
}

static void
post(struct engine *e)
{
    struct batch *b = e->gathering;
    if (e->busy || (b->rows_n == 0 && b->facts_bytes == 0))
        return;
    committer_post(e->committer, b);
    e->gathering = b == &e->batch[0] ? &e->batch[1] : &e->batch[0];
    e->busy = true;
}

static void
on_committed(struct engine *e)
{
    struct batch *b = committer_take_done(e->committer);
    if (!b)
        return;
    e->busy = false;
    if (b->rows_n)
        e->durable = b->first + b->rows_n;
    e->finals += b->finals;
    for (size_t i = 0; i < b->acks_n; i++) {
        struct link *l = &e->binds[b->acks[i].link].link;
        put_head(l->out + l->out_n, 17, 0x80000005, b->acks[i].sequence);
        l->out[l->out_n + 16] = 0;
        l->out_n += 17;
    }
    batch_clear(b);
}

/* ---- out */

static void
put_submit(struct engine *e, struct bind *b, uint64_t message)
{
    struct link *l = &b->link;
    uint8_t *head = l->out + l->out_n, *p = head + 16;
    memcpy(p,
           "\0\1\001"
           "12025550100\0\1\001"
           "447700900",
           26);
    uint32_t s = b->sequence % 1000;
    p[26] = (uint8_t)('0' + s / 100);
    p[27] = (uint8_t)('0' + s / 10 % 10);
    p[28] = (uint8_t)('0' + s % 10);
    memcpy(p + 29, "\0\0\0\0\0\0\1\0\0\0", 10);
    p[39] = TEXT;
    memcpy(p + 40, e->text, TEXT);
    put_head(head, 16 + 40 + TEXT, 4, b->sequence);
    b->message[b->sequence++ % SLOTS] = message;
    b->in_flight++;
    l->out_n += 16 + 40 + TEXT;
}

static void
fill(struct engine *e, struct bind *b)
{
    for (unsigned n = 0; n < ROOM && b->in_flight < e->settings->window &&
                         e->sent < e->durable && b->link.out_n < LINK_FULL;
         n++)
        put_submit(e, b, e->sent++);
}

static bool
pump(struct engine *e)
{
    uint64_t n = e->settings->links;
    for (uint64_t i = 0; i < n && e->sent < e->durable; i++)
        fill(e, &e->binds[(e->first_bind + i) % n]);
    e->first_bind++;
    for (uint64_t i = 0; i < n; i++)
        if (!link_flush(&e->binds[i].link))
            return false;
    return true;
}

/* ---- what carriers say */

static const uint8_t *
past_text(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *nul = p ? memchr(p, 0, (size_t)(end - p)) : NULL;
    return nul ? nul + 1 : NULL;
}

static void
on_answer(struct engine *e, struct bind *b, const uint8_t *p, uint32_t n)
{
    uint64_t message = b->message[be32(p + 12) % SLOTS];
    uint8_t *fact = e->gathering->facts + e->gathering->facts_bytes;
    if (n != 33)
        return; /* not an id of ours */
    b->in_flight--;
    index_add(&e->index, index_key(p + 16), message);
    memset(fact, 0, 14);
    memcpy(fact, &message, 8);
    fact[12] = 1;
    memcpy(fact + 14, p + 16, 16);
    e->gathering->facts_bytes += ANSWERED_BYTES;
}

/* The value of receipted_message_id and the letter after stat: */
static bool
read_receipt(const uint8_t *p, const uint8_t *end, const uint8_t **id,
             uint8_t *state)
{
    const uint8_t *at = past_text(p + 16, end);
    at = past_text(at ? at + 2 : NULL, end);
    at = past_text(at ? at + 2 : NULL, end);
    at = past_text(at ? at + 3 : NULL, end);
    at = past_text(at, end);
    if (!at || end - at < 5 || end - at < 5 + at[4])
        return false;
    const uint8_t *stat = memmem(at + 5, at[4], "stat:", 5);
    for (at += 5 + at[4]; end - at >= 4;) {
        size_t length = (size_t)(at[2] << 8 | at[3]);
        if (at[0] == 0 && at[1] == 0x1E && length == 17)
            *id = at + 4;
        at += 4 + length;
    }
    *state = stat ? stat[5] : 0;
    return *id && stat;
}

static void
on_receipt(struct engine *e, struct bind *b, const uint8_t *p, uint32_t n)
{
    struct batch *batch = e->gathering;
    const uint8_t *id = NULL;
    uint64_t message;
    uint8_t state;
    if (!read_receipt(p, p + n, &id, &state) ||
        !index_take(&e->index, index_key(id), &message)) {
        e->unmatched++;
        return;
    }
    uint8_t *fact = batch->facts + batch->facts_bytes;
    memset(fact, 0, RECEIPTED_BYTES);
    memcpy(fact, &message, 8);
    fact[12] = 2;
    fact[13] = state;
    batch->facts_bytes += RECEIPTED_BYTES;
    batch->finals++;
    batch->acks[batch->acks_n++] =
        (struct ack){(uint32_t)(b - e->binds), be32(p + 12)};
}

static bool
on_input(struct engine *e, struct bind *b)
{
    size_t at = 0;
    /* A read adds at most some 8,000 facts and acks: 1 % of a batch. */
    if (e->gathering->facts_bytes > BATCH_FACTS / 2 ||
        e->gathering->acks_n > BATCH_ACKS / 2)
        return true;
    if (!link_read(&b->link))
        return false;
    for (const uint8_t *p; (p = link_next(&b->link, &at));) {
        uint32_t id = be32(p + 4);
        if (id == 0x80000004)
            on_answer(e, b, p, be32(p));
        else if (id == 5)
            on_receipt(e, b, p, be32(p));
    }
    link_used(&b->link, at);
    return true;
}

/* ---- turns */

static bool
turn(struct engine *e)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(e->epoll, events, EVENTS, WAIT_MS);
    for (int i = 0; i < n; i++) {
        uint32_t at = events[i].data.u32;
        if (at == e->settings->links)
            on_committed(e);
        else if ((events[i].events & EPOLLIN) && !on_input(e, &e->binds[at]))
            return false;
    }
    accept_more(e);
    post(e);
    return pump(e) && !committer_has_failed(e->committer);
}

static bool
open_engine(struct engine *e, const int *sockets)
{
    uint64_t n = e->settings->links;
    e->epoll = epoll_create1(EPOLL_CLOEXEC);
    e->binds = calloc(n, sizeof *e->binds);
    e->gathering = &e->batch[0];
    memset(e->text, 'x', sizeof e->text);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)n};
    if (e->epoll < 0 || !e->binds || !index_init(&e->index) ||
        batch_init(&e->batch[0]) != 0 || batch_init(&e->batch[1]) != 0 ||
        epoll_ctl(e->epoll, EPOLL_CTL_ADD, committer_fd(e->committer),
                  &event) != 0)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        e->binds[i].sequence = 1;
        e->binds[i].message = malloc(SLOTS * sizeof *e->binds[i].message);
        if (!e->binds[i].message ||
            !link_init(&e->binds[i].link, sockets[i], e->epoll, (uint32_t)i))
            return false;
    }
    return true;
}

static void
close_engine(struct engine *e)
{
    for (uint64_t i = 0; e->binds && i < e->settings->links; i++) {
        link_fini(&e->binds[i].link);
        free(e->binds[i].message);
    }
    free(e->binds);
    index_fini(&e->index);
    batch_fini(&e->batch[0]);
    batch_fini(&e->batch[1]);
    if (e->epoll >= 0)
        close(e->epoll);
}

bool
engine_run(const struct engine_settings *s, const int *sockets,
           struct committer *c, struct engine_use *use)
{
    struct engine e = {.settings = s, .committer = c};
    bool good = open_engine(&e, sockets);
    double began = now_s(CLOCK_MONOTONIC);
    double cpu = now_s(CLOCK_THREAD_CPUTIME_ID);
    double end = began + (double)s->seconds;
    while (good && e.finals < s->count && now_s(CLOCK_MONOTONIC) < end)
        good = turn(&e);
    *use = (struct engine_use){
        .finals = e.finals,
        .unmatched = e.unmatched,
        .wall_s = now_s(CLOCK_MONOTONIC) - began,
        .cpu_s = now_s(CLOCK_THREAD_CPUTIME_ID) - cpu,
    };
    while (e.busy && committer_has_failed(c) == false) {
        struct timespec ms = {0, 1000000};
        on_committed(&e); /* the batch is the committer's until then */
        nanosleep(&ms, NULL);
    }
    close_engine(&e);
    if (!good)
        fprintf(stderr, "volley-skeleton: a link or the store broke\n");
    return good;
}
