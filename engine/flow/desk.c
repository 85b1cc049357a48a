/*
 * desk.c - from the doors to the rooms of the flow, and back.
 *
 * Promise: as in mail.h. What one kind of mail may do and who may send it
 * stands in one table.
 */
#include "engine/flow/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/flow/accept.h"
#include "engine/flow/client_desk.h"
#include "engine/flow/login.h"
#include "engine/flow/optout.h"

enum {
    INBOX_MAX = 4096,  /* mails that may wait: back-pressure beyond */
    HANDLE_MAX = 1024, /* in one turn */
    WAKE_EACH = 8,     /* single messages, while a commit runs */
};

/* Mails on their way back to one thread. */
struct mail_box {
    struct flow *flow;
    int fd; /* eventfd */
    struct mpsc back;
    bool awaited;  /* its thread's: something posted is waited for */
    bool has_news; /* the engine's, as is the next: stands in flow->news */
    struct mail_box *next_news;
    struct mail_box *next; /* of flow->boxes */
};

enum permit { ADMIN = 1, ACCOUNT = 2, SENDER = 4 };

/* looks: answered at once, from RAM, even while the disk is full.
 * makes: refused while the store takes no more. */
static const struct desk_row {
    void (*handle)(struct flow *f, struct mail *m);
    unsigned who;
    bool looks, makes;
    bool keeps; /* the handler took it and gives it back (desk_return()) */
} rows[MAIL_KIND_N] = {
    [MAIL_ACCOUNT_CREATE] = {directory_on_account, ADMIN, false, true},
    [MAIL_ACCOUNT_LIST] = {directory_on_account, ADMIN, true, false},
    [MAIL_ACCOUNT_DELETE] = {directory_on_account, ADMIN, false, true},
    [MAIL_SENDER_CREATE] = {directory_on_sender, ADMIN | ACCOUNT, false, true},
    [MAIL_SENDER_LIST] = {directory_on_sender, ADMIN | ACCOUNT, true, false},
    [MAIL_NUMBER_PUT] = {directory_on_number, ADMIN | ACCOUNT, false, true},
    [MAIL_NUMBER_LIST] = {directory_on_number, ADMIN | ACCOUNT | SENDER, true,
                          false},
    [MAIL_POOL_PUT] = {directory_on_pool, ACCOUNT, false, true},
    [MAIL_POOL_LIST] = {directory_on_pool, ADMIN | ACCOUNT | SENDER, true,
                        false},
    [MAIL_SEND] = {accept_on_send, ACCOUNT | SENDER, false, true},
    [MAIL_CANCEL] = {accept_on_cancel, ACCOUNT | SENDER, false, true},
    [MAIL_LOCATE] = {accept_on_locate, ADMIN | ACCOUNT | SENDER, false, false},
    [MAIL_CAMPAIGN_CREATE] = {campaign_on_create, ACCOUNT | SENDER, false,
                              true},
    [MAIL_CAMPAIGN_LIST] = {campaign_on_list, ADMIN | ACCOUNT | SENDER, true,
                            false},
    [MAIL_CAMPAIGN_LOOK] = {campaign_on_look, ADMIN | ACCOUNT | SENDER, true,
                            false},
    [MAIL_CAMPAIGN_ACT] = {campaign_on_act, ADMIN | ACCOUNT | SENDER, false,
                           true},
    [MAIL_CAMPAIGN_CHUNKS] = {campaign_on_chunks, ADMIN | ACCOUNT | SENDER,
                              false, false},
    [MAIL_UPLOAD_BEGIN] = {campaign_on_upload, ADMIN | ACCOUNT | SENDER, false,
                           true},
    [MAIL_UPLOAD_CHUNK] = {campaign_on_upload, ADMIN | ACCOUNT | SENDER, false,
                           true},
    [MAIL_UPLOAD_END] = {campaign_on_upload, ADMIN | ACCOUNT | SENDER, false,
                         true},
    [MAIL_UPLOAD_ABORT] = {campaign_on_upload, ADMIN | ACCOUNT | SENDER, false,
                           false},
    [MAIL_THREAD_LIST] = {thread_on_list, ACCOUNT | SENDER, false, false},
    [MAIL_THREAD_LOOK] = {thread_on_look, ACCOUNT | SENDER, false, false},
    [MAIL_THREAD_ACT] = {thread_on_act, ACCOUNT | SENDER, false, true},
    [MAIL_SUPPRESS] = {optout_on_suppress, ADMIN | ACCOUNT, false, true},
    [MAIL_SUPPRESSED] = {optout_on_suppressed, ADMIN | ACCOUNT, false, false},
    [MAIL_UNMATCHED] = {unmatched_on_list, ADMIN | ACCOUNT, false, false},
    [MAIL_REASSIGN] = {unmatched_on_reassign, ADMIN | ACCOUNT, false, true},
    [MAIL_CARRIER_LIST] = {status_on_carriers, ADMIN, true, false},
    [MAIL_CARRIER_ACT] = {status_on_carrier, ADMIN, true, false},
    [MAIL_STATUS] = {status_on_status,
                     ADMIN | ACCOUNT | SENDER | 1 << WHO_NOBODY << 3, true,
                     false},
    [MAIL_LOGIN_LIST] = {login_on_login, ADMIN | ACCOUNT, true, false},
    [MAIL_LOGIN_PUT] = {login_on_login, ADMIN, false, true},
    [MAIL_LOGIN_DELETE] = {login_on_login, ADMIN, false, true},
    [MAIL_CLIENT_LIST] = {client_on_mail, ADMIN | ACCOUNT, true, false},
    [MAIL_CLIENT_ACT] = {client_on_mail, ADMIN, true, false},
    [MAIL_ROUTE_EXPLAIN] = {route_on_explain, ADMIN, true, false},
    [MAIL_TRACE] = {trace_begin, ADMIN, true, false},
    [MAIL_LOOKED_UP] = {lookup_on_mail, ADMIN, true, false, true},
};

struct mail *
mail_create(enum mail_kind kind, struct who who)
{
    struct mail *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    m->kind = kind;
    m->who = who;
    return m;
}

unsigned
mail_limit(unsigned asked)
{
    if (asked == 0)
        return 100;
    return asked < 1001 ? asked : 1001;
}

void
mail_free(struct mail *m)
{
    if (!m)
        return;
    free(m->answer);
    free(m);
}

bool
mail_refuse(struct mail *m, enum mail_result result, const char *code,
            const char *pointer, const char *detail)
{
    m->result = result;
    m->code = code;
    m->pointer = pointer;
    snprintf(m->detail, sizeof m->detail, "%s", detail);
    return false;
}

bool
desk_open(struct flow *f)
{
    mpsc_init(&f->inbox);
    f->box = mail_box_open(f);
    return f->box != NULL;
}

void
desk_close(struct flow *f)
{
    struct mail_box *b = atomic_load(&f->boxes);
    while (b) {
        struct mail_box *next = b->next;
        close(b->fd);
        free(b);
        b = next;
    }
    atomic_store(&f->boxes, NULL);
}

/* ---- the doors' side --------------------------------------------------------
 */

/*
 * Nothing of a single message can be on disk before the commit that runs has
 * ended, and its end wakes the engine: so it is not woken for each, but in
 * time to have them done by then. Whoever posts anything else wakes it.
 */
static bool
is_awaited(struct flow *f, bool single, bool first, unsigned before)
{
    atomic_thread_fence(memory_order_seq_cst); /* push, then look */
    if (!single)
        return true;
    if (!atomic_load(&f->commit_out))
        return first;
    return before % WAKE_EACH == WAKE_EACH - 1;
}

/* One mail more waits; wakes the engine, or leaves it to mail_box_tell(). */
static void
note_posted(struct flow *f, struct mail_box *b, bool awaited)
{
    if (awaited && b)
        b->awaited = true;
    else if (awaited)
        loop_wake(f->loop);
}

bool
mail_post(struct flow *f, struct mail *m)
{
    if (atomic_load(&f->stopping))
        return false;
    unsigned before = atomic_fetch_add(&f->inbox_count, 1);
    if (before >= INBOX_MAX) {
        atomic_fetch_sub(&f->inbox_count, 1);
        return false;
    }
    /* Once pushed it may be answered and gone. */
    bool single = m->kind == MAIL_SEND && m->send.count == 1;
    struct mail_box *b = m->box;
    bool first = mpsc_push(&f->inbox, &m->node);
    note_posted(f, b, is_awaited(f, single, first, before));
    return true;
}

struct mail_box *
mail_box_open(struct flow *f)
{
    struct mail_box *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->flow = f;
    mpsc_init(&b->back);
    b->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (b->fd < 0) {
        free(b);
        return NULL;
    }
    b->next = atomic_load(&f->boxes);
    while (!atomic_compare_exchange_weak(&f->boxes, &b->next, b))
        continue;
    return b;
}

int
mail_box_fd(const struct mail_box *b)
{
    return b->fd;
}

void
mail_box_wake(struct mail_box *b)
{
    uint64_t one = 1;
    if (write(b->fd, &one, sizeof one) != sizeof one)
        return; /* the counter is full: it is readable already */
}

struct mail *
mail_box_take(struct mail_box *b)
{
    if (mpsc_is_empty(&b->back))
        return NULL;
    struct mpsc_link *first = mpsc_take_all(&b->back);
    return first ? MPSC_OF(first, struct mail, node) : NULL;
}

void
mail_box_tell(struct mail_box *b)
{
    if (b->awaited)
        loop_wake(b->flow->loop);
    b->awaited = false;
}

struct mail *
mail_take_ready(struct flow *f)
{
    return mail_box_take(f->box);
}

/* ---- the engine's side
 * -------------------------------------------------------- */

static void
send_back(struct flow *f, struct mail *m)
{
    struct mail_box *b = m->box ? m->box : f->box;
    if (!mpsc_push(&b->back, &m->node) || b->has_news)
        return;
    b->has_news = true;
    b->next_news = f->news;
    f->news = b;
}

/* Wakes each thread once for all that is sent back to it. */
static void
tell(struct flow *f)
{
    while (f->news) {
        struct mail_box *b = f->news;
        f->news = b->next_news;
        b->has_news = false;
        mail_box_wake(b);
    }
}

void
desk_return(struct flow *f, struct mail *m)
{
    send_back(f, m);
    tell(f);
}

static bool
is_allowed(const struct desk_row *row, enum who_kind kind)
{
    switch (kind) {
    case WHO_ADMIN: return row->who & ADMIN;
    case WHO_ACCOUNT: return row->who & ACCOUNT;
    case WHO_SENDER: return row->who & SENDER;
    default: return row->who & (1 << WHO_NOBODY << 3);
    }
}

static void
handle(struct flow *f, struct mail *m)
{
    const struct desk_row *row =
        (unsigned)m->kind < MAIL_KIND_N ? &rows[m->kind] : NULL;
    if (!row || !row->handle || !is_allowed(row, m->who.kind)) {
        mail_refuse(m, MAIL_FORBIDDEN, "forbidden", NULL,
                    "this key may not do that");
        return;
    }
    bool full = store_state(f->store, NULL, 0) != STORE_OK ||
                journal_is_full(&f->journal);
    if (row->makes && (full || f->draining)) {
        mail_refuse(m, MAIL_FULL, full ? "store_full" : "stopping", NULL,
                    full ? "the store cannot take more right now: the disk is "
                           "full or behind"
                         : "the daemon is stopping");
        m->retry_after_s = 5;
        return;
    }
    row->handle(f, m);
}

/* Control writes have no position of their own: this fact is theirs. */
static void
note_change(struct flow *f, const struct mail *m)
{
    struct fact_change x = {.at_ms = f->wall.ms,
                            .what = m->kind,
                            .account = m->who.account,
                            .sender = m->who.sender};
    if (m->result == MAIL_OK && rows[m->kind].makes &&
        m->kind != MAIL_UPLOAD_CHUNK && m->kind != MAIL_SEND &&
        !journal_change(&f->journal, &x))
        mail_refuse((struct mail *)m, MAIL_FULL, "store_full", NULL,
                    "the store cannot take more right now");
    if (m->kind == MAIL_SEND && m->send.idempotency_key.n &&
        !journal_change(&f->journal, &x))
        return; /* the messages are in the log; only the key is not kept */
}

static void
hold(struct flow *f, struct mail *m)
{
    m->wait_pos = journal_end(&f->journal);
    journal_hurry(&f->journal);
    m->node.next = NULL;
    if (f->held_last)
        f->held_last->node.next = &m->node;
    else
        f->held_first = m;
    f->held_last = m;
}

void
desk_handle(struct flow *f)
{
    if (!f->unread)
        f->unread = mpsc_take_all(&f->inbox);
    for (int i = 0; f->unread && i < HANDLE_MAX; i++) {
        struct mail *m = MPSC_OF(f->unread, struct mail, node);
        f->unread = f->unread->next;
        atomic_fetch_sub(&f->inbox_count, 1);
        handle(f, m);
        if (rows[m->kind].keeps && m->result == MAIL_OK)
            continue;
        note_change(f, m);
        bool stuck =
            store_state(f->store, NULL, 0) != STORE_OK && !rows[m->kind].makes;
        bool durable = journal_end(&f->journal) <= journal_durable(&f->journal);
        if (rows[m->kind].looks || stuck || durable || m->result != MAIL_OK)
            send_back(f, m);
        else
            hold(f, m);
    }
    tell(f);
    if (f->unread)
        loop_wake_at(f->loop, f->now);
}

void
desk_release(struct flow *f, bool all)
{
    uint64_t durable = journal_durable(&f->journal);
    while (f->held_first && (all || f->held_first->wait_pos <= durable)) {
        struct mail *m = f->held_first;
        struct mpsc_link *next = m->node.next;
        f->held_first = next ? MPSC_OF(next, struct mail, node) : NULL;
        if (!f->held_first)
            f->held_last = NULL;
        if (m->wait_pos > durable) /* not on disk: not promised */
            mail_refuse(m, MAIL_FULL, "stopping", NULL,
                        "the daemon is stopping");
        send_back(f, m);
    }
    if (all)
        lookup_release(f);
    if (all && !f->unread)
        f->unread = mpsc_take_all(&f->inbox);
    for (; all && f->unread;) {
        struct mail *m = MPSC_OF(f->unread, struct mail, node);
        f->unread = f->unread->next;
        mail_refuse(m, MAIL_FULL, "stopping", NULL, "the daemon is stopping");
        send_back(f, m);
    }
    tell(f);
}
