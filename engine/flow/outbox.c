/*
 * outbox.c - numbered lists of owed facts, one a login.
 *
 * Promise: as in outbox.h.
 */
#include "engine/flow/outbox.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/client/client.h"
#include "engine/core/log.h"
#include "engine/core/metrics.h"
#include "engine/flow/apply.h"
#include "engine/flow/checkpoint.h"
#include "engine/flow/login.h"
#include "proto/smpp.h"

enum outbox_slot {
    SLOT_AGAIN = 0, /* before `next`: waits to be handed over once more */
    SLOT_FLYING,
    SLOT_ACKED, /* its fact is still to be written */
    SLOT_DONE,
};

enum {
    REST_FIRST_MS = 1000,
    REST_MOST_MS = 60000,
    LOOK_MS = 1000,  /* between counts; and who had no room is asked again */
    AGED_MS = 10000, /* between looks for what has grown too old */
    DROP_MAX = 4096, /* given up in one look */
    STUFFED_MS = 20, /* between looks at an output that is full */
    FILL_MAX = 4096, /* handed over in one turn, as sched does */
    FILL_EACH = 256, /* of them to one login, then others have theirs */
};

/* ---- rows -----------------------------------------------------------------
 */

static struct outbox *
find(const struct flow *f, uint32_t login)
{
    return login < f->outboxes.rows ? f->outboxes.row[login] : NULL;
}

static struct outbox *
row_for(struct flow *f, uint32_t login)
{
    struct outboxes *all = &f->outboxes;
    if (login >= all->cap) {
        uint32_t cap = all->cap ? all->cap : 16;
        while (cap <= login)
            cap *= 2;
        all->row = realloc(all->row, cap * sizeof *all->row);
        if (!all->row)
            abort();
        memset(all->row + all->cap, 0, (cap - all->cap) * sizeof *all->row);
        all->cap = cap;
    }
    if (login >= all->rows)
        all->rows = login + 1;
    if (!all->row[login]) {
        struct outbox *b = calloc(1, sizeof *b);
        if (!b)
            abort();
        b->login = login;
        b->head = b->next = b->tail = 1;
        all->row[login] = b;
    }
    return all->row[login];
}

void
outboxes_fini(struct flow *f)
{
    struct outboxes *all = &f->outboxes;
    for (uint32_t i = 0; i < all->rows; i++) {
        if (all->row[i])
            free(all->row[i]->slot);
        free(all->row[i]);
    }
    free(all->row);
    free(all->active);
    free(all->changed);
    *all = (struct outboxes){0};
}

static void
list_add(uint32_t **list, unsigned *used, unsigned *cap, uint32_t id)
{
    if (*used == *cap) {
        *cap = *cap ? *cap * 2 : 16;
        *list = realloc(*list, *cap * sizeof **list);
        if (!*list)
            abort();
    }
    (*list)[(*used)++] = id;
}

uint64_t
outbox_key(uint32_t login, uint64_t n)
{
    return map_mix(map_mix((uint64_t)login << 1 | 1) ^ n) | 1;
}

/* ---- slots ----------------------------------------------------------------
 */

static uint8_t *
slot(struct outbox *b, uint64_t n)
{
    if (!b->slot && !(b->slot = calloc(OUTBOX_AHEAD, 1)))
        abort();
    return &b->slot[n % OUTBOX_AHEAD];
}

/* All before `head` is done; slots between are cleared for those to come. */
static void
move_head(struct outbox *b, uint64_t head)
{
    if (head > b->tail)
        head = b->tail;
    for (; b->head < head; b->head++) {
        if (b->head >= b->next || !b->slot)
            continue;
        uint8_t *s = slot(b, b->head);
        if (*s == SLOT_AGAIN && b->again)
            b->again--;
        *s = SLOT_AGAIN;
    }
    if (b->next < b->head)
        b->next = b->head;
    if (b->head == b->next) {
        free(b->slot);
        b->slot = NULL;
        b->again = 0;
    }
}

/* ---- facts ----------------------------------------------------------------
 */

void
outbox_push(struct flow *f, uint32_t login, uint64_t pos)
{
    struct outbox *b = row_for(f, login);
    store_index_put(f->owed, outbox_key(login, b->tail), pos);
    b->tail++;
    outbox_wake(f, login);
}

void
outbox_apply(struct flow *f, const struct fact_outbox *x)
{
    struct outbox *b = row_for(f, (uint32_t)x->login);
    uint64_t n = x->head;
    for (struct cursor c = cursor_of(x->done); cursor_left(&c) && !c.failed;) {
        n += cursor_varint(&c);
        if (n < b->head || n >= b->tail || n - b->head >= OUTBOX_AHEAD)
            continue;
        /* In a replay nothing was handed over yet. */
        for (; b->next <= n; b->next++) {
            *slot(b, b->next) = SLOT_AGAIN;
            b->again++;
        }
        uint8_t *s = slot(b, n);
        if (*s == SLOT_AGAIN && b->again)
            b->again--;
        *s = SLOT_DONE;
    }
    move_head(b, x->head);
}

/* Of what this turn acknowledged: where the list begins now, and what is done
 * behind that. */
static bool
write_fact(struct flow *f, struct outbox *b)
{
    uint8_t room[OUTBOX_AHEAD * 3];
    struct writer w = writer_of(room, sizeof room);
    uint64_t head = b->head;
    while (head < b->next &&
           (*slot(b, head) == SLOT_ACKED || *slot(b, head) == SLOT_DONE))
        head++;
    uint64_t from = head;
    for (uint64_t n = head; n < b->next; n++)
        if (*slot(b, n) == SLOT_ACKED) {
            writer_varint(&w, n - from);
            from = n;
        }
    struct fact_outbox x = {
        .login = b->login,
        .at_ms = f->wall.ms,
        .head = head,
        .done = writer_slice(&w),
    };
    uint64_t pos = journal_outbox(&f->journal, &x);
    if (pos)
        apply_outbox(f, pos, &x);
    return pos != 0;
}

void
outbox_post(struct flow *f)
{
    struct outboxes *all = &f->outboxes;
    unsigned kept = 0;
    for (unsigned i = 0; i < all->changes; i++) {
        struct outbox *b = find(f, all->changed[i]);
        if (write_fact(f, b)) {
            b->answered = false;
            if (b->next < b->tail || b->again)
                outbox_wake(f, b->login);
        } else {
            all->changed[kept++] = all->changed[i];
        }
    }
    all->changes = kept;
}

static void
acked(struct flow *f, struct outbox *b, uint64_t n)
{
    uint8_t *s = slot(b, n);
    if (*s == SLOT_AGAIN && b->again)
        b->again--;
    *s = SLOT_ACKED;
    if (!b->answered)
        list_add(&f->outboxes.changed, &f->outboxes.changes,
                 &f->outboxes.change_cap, b->login);
    b->answered = true;
}

static void
drop(struct flow *f, struct outbox *b, uint64_t n)
{
    b->dropped++;
    metric_add(METRIC_OWED_DROPPED, 1);
    acked(f, b, n);
}

/* ---- handing over ---------------------------------------------------------
 */

void
outbox_wake(struct flow *f, uint32_t login)
{
    struct outbox *b = find(f, login);
    if (!b || b->active)
        return;
    b->active = true;
    list_add(&f->outboxes.active, &f->outboxes.actives, &f->outboxes.active_cap,
             login);
}

void
outbox_wake_all(struct flow *f)
{
    for (uint32_t i = 0; i < f->outboxes.rows; i++)
        outbox_wake(f, i);
}

/* The bind whose turn it is, of those with room; NULL: none has. */
static struct client *
choose(struct login *l)
{
    for (unsigned i = 0; i < l->binds; i++) {
        struct client *c = l->bind[(l->turn + i) % l->binds];
        if (client_room(c)) {
            l->turn = (l->turn + i + 1) % l->binds;
            return c;
        }
    }
    return NULL;
}

/* The next entry to hand over: again first. 0: none. */
static uint64_t
pick(struct outbox *b)
{
    for (uint64_t n = b->head; b->again && n < b->next; n++)
        if (*slot(b, n) == SLOT_AGAIN)
            return n;
    if (b->next < b->tail && b->next - b->head < OUTBOX_AHEAD)
        return b->next;
    return 0;
}

static void
take(struct outbox *b, uint64_t n, enum outbox_slot as)
{
    if (n == b->next)
        b->next++;
    else if (b->again)
        b->again--;
    *slot(b, n) = (uint8_t)as;
}

/* True: go on. */
static bool
hand_over(struct flow *f, struct login *l, struct outbox *b)
{
    uint64_t pos, n = pick(b);
    b->stuffed = false;
    if (!n)
        return false;
    struct client *c = choose(l);
    if (!c)
        return false;
    if (!store_index_get(f->owed, outbox_key(l->id, n), &pos)) {
        take(b, n, SLOT_FLYING);
        drop(f, b, n); /* its run has expired */
        return true;
    }
    switch (client_deliver_fact(f, l, c, n, pos)) {
    case DELIVER_DONE: take(b, n, SLOT_FLYING); return true;
    case DELIVER_NEVER:
        take(b, n, SLOT_FLYING);
        drop(f, b, n);
        return true;
    default: b->stuffed = true; return false;
    }
}

/* A window that is full says when it is not; an output does not. */
static bool
is_stuffed(const struct login *l)
{
    for (unsigned i = 0; i < l->binds; i++)
        if (client_is_stuffed(l->bind[i]))
            return true;
    return false;
}

/* True: it may go on at `when`. */
static bool
fill_one(struct flow *f, struct outbox *b, unsigned *given, struct mono *when)
{
    struct login *l = directory_login(&f->directory, b->login);
    bool more = false;
    if (!l || l->deleted || !l->binds)
        return false;
    *when = b->rest_until;
    if (!mono_reached(f->now, b->rest_until))
        return true;
    *when = f->now;
    for (unsigned n = 0; n < FILL_EACH && (more = hand_over(f, l, b)); n++)
        ++*given;
    if (more || !pick(b) || !(b->stuffed || is_stuffed(l)))
        return more;
    *when = mono_add_ms(f->now, STUFFED_MS);
    return true;
}

/* Who may go on, and who had no turn, stands behind the others: those that
 * had none come first in the next one. */
void
outbox_fill(struct flow *f)
{
    struct outboxes *all = &f->outboxes;
    unsigned given = 0, count = all->actives, i = 0;
    struct mono when;
    /* Held for a commit that may be long in coming, they would time out. */
    if (store_state(f->store, NULL, 0) != STORE_OK)
        return;
    for (; i < count && given < FILL_MAX; i++) {
        struct outbox *b = find(f, all->active[i]);
        b->active = fill_one(f, b, &given, &when);
        if (!b->active)
            continue;
        list_add(&all->active, &all->actives, &all->active_cap, b->login);
        loop_wake_at(f->loop, when);
    }
    all->actives -= i;
    if (i > 0)
        memmove(all->active, all->active + i,
                all->actives * sizeof *all->active);
    if (i < count)
        loop_wake_at(f->loop, f->now);
}

/* What the client said about an entry: taken, later, or never. */
static bool
is_for_later(uint32_t status)
{
    return status == ESME_RX_T_APPN || status == ESME_RMSGQFUL ||
           status == ESME_RTHROTTLED || status == ESME_RSYSERR;
}

void
outbox_answered(struct flow *f, uint32_t login, uint64_t n, uint32_t status)
{
    struct outbox *b = find(f, login);
    if (!b || n < b->head || n >= b->next)
        return;
    outbox_wake(f, login);
    if (is_for_later(status)) {
        if (*slot(b, n) == SLOT_FLYING) {
            *slot(b, n) = SLOT_AGAIN;
            b->again++;
        }
        if (mono_reached(f->now, b->rest_until)) {
            b->rest_ms = b->rest_ms ? b->rest_ms * 2 : REST_FIRST_MS;
            if (b->rest_ms > REST_MOST_MS)
                b->rest_ms = REST_MOST_MS;
            b->rest_until = mono_add_ms(f->now, b->rest_ms);
        }
        return;
    }
    if (*slot(b, n) == SLOT_ACKED || *slot(b, n) == SLOT_DONE)
        return;
    b->rest_ms = 0;
    if (status == ESME_ROK) {
        acked(f, b, n);
        metric_add(METRIC_OWED_TAKEN, 1);
        return;
    }
    log_warn(ROOM_FLOW, "delivery_refused",
             "login=%u entry=%" PRIu64 " status=0x%08" PRIx32, login, n,
             status);
    drop(f, b, n);
}

void
outbox_lost(struct flow *f, uint32_t login, uint64_t n)
{
    struct outbox *b = find(f, login);
    if (!b || n < b->head || n >= b->next || *slot(b, n) != SLOT_FLYING)
        return;
    *slot(b, n) = SLOT_AGAIN;
    b->again++;
    outbox_wake(f, login);
}

/* ---- time -----------------------------------------------------------------
 */

/* When the oldest entry was owed; 0: unknown, or there is none. */
static uint64_t
oldest(struct flow *f, struct outbox *b)
{
    uint64_t pos;
    if (b->head == b->tail)
        return 0;
    if (b->oldest_of == b->head)
        return b->oldest_ms;
    b->oldest_of = b->head;
    b->oldest_ms = 0;
    if (store_index_get(f->owed, outbox_key(b->login, b->head), &pos))
        b->oldest_ms = client_deliver_time(f, pos);
    return b->oldest_ms;
}

static void
give_up_old(struct flow *f, struct outbox *b)
{
    const struct login *l = directory_login(&f->directory, b->login);
    uint64_t keep = (uint64_t)f->settings->events_s * 1000;
    bool gone = !l || l->deleted;
    unsigned n = 0;
    while (b->head < b->tail && n < DROP_MAX && !journal_is_full(&f->journal)) {
        uint64_t at = gone ? 0 : oldest(f, b);
        if (at && at + keep > f->wall.ms)
            break;
        /* A run of them goes in one fact. */
        struct fact_outbox x = {.login = b->login,
                                .at_ms = f->wall.ms,
                                .head = gone ? b->tail : b->head + 1};
        uint64_t count = x.head - b->head;
        uint64_t pos = journal_outbox(&f->journal, &x);
        if (!pos)
            break;
        apply_outbox(f, pos, &x);
        b->dropped += count;
        metric_add(METRIC_OWED_DROPPED, (int64_t)count);
        n++;
    }
    if (n)
        log_warn(ROOM_FLOW, "owed_expired", "login=%u entries=%u", b->login, n);
}

void
outbox_tick(struct flow *f)
{
    if (f->wall.ms - f->outboxes.looked_ms < LOOK_MS)
        return;
    struct outboxes *all = &f->outboxes;
    bool aged = f->wall.ms - all->aged_ms >= AGED_MS;
    all->looked_ms = f->wall.ms;
    if (aged)
        all->aged_ms = f->wall.ms;
    uint64_t waiting = 0;
    for (uint32_t i = 0; i < all->rows; i++) {
        struct outbox *b = find(f, i);
        if (!b || b->head == b->tail)
            continue;
        if (aged)
            give_up_old(f, b);
        waiting += b->tail - b->head;
        if (b->next < b->tail || b->again)
            outbox_wake(f, i);
    }
    metric_add(METRIC_OWED_WAITING, (int64_t)(waiting - all->told));
    all->told = waiting;
}

void
outbox_look(struct flow *f, uint32_t login, struct outbox_view *out)
{
    struct outbox *b = find(f, login);
    *out = (struct outbox_view){0};
    if (!b)
        return;
    out->waiting = b->tail - b->head;
    out->oldest_ms = oldest(f, b);
    out->dropped = b->dropped;
}

/* ---- checkpoints ----------------------------------------------------------
 *
 * A row: login, head, tail. Then one for each entry behind head that is done:
 * login, its number, 0. */

void
outbox_save(struct flow *f, struct rest_writer *w)
{
    for (uint32_t i = 0; i < f->outboxes.rows; i++) {
        struct outbox *b = find(f, i);
        if (!b || b->tail == 1)
            continue;
        uint64_t r[3] = {i, b->head, b->tail};
        rest_put(w, r, 3);
        for (uint64_t n = b->head; b->slot && n < b->next; n++)
            if (*slot(b, n) == SLOT_DONE) {
                uint64_t done[3] = {i, n, 0};
                rest_put(w, done, 3);
            }
    }
}

void
outbox_load(struct flow *f, const uint64_t *r)
{
    struct outbox *b = row_for(f, (uint32_t)r[0]);
    if (r[2]) {
        b->head = b->next = r[1];
        b->tail = r[2];
        outbox_wake(f, b->login);
        return;
    }
    uint8_t gap[10];
    struct writer w = writer_of(gap, sizeof gap);
    writer_varint(&w, r[1] - b->head);
    struct fact_outbox x = {
        .login = b->login, .head = b->head, .done = writer_slice(&w)};
    outbox_apply(f, &x);
}
