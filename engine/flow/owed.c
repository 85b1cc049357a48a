/*
 * owed.c - the bits of registered_delivery, and who asked.
 *
 * Promise: as in owed.h.
 */
#include "engine/flow/owed.h"

#include "engine/flow/book.h"
#include "engine/flow/login.h"
#include "proto/smpp.h"

/* Facts between the newest and the ACCEPT: parts, tries, receipts. */
enum { WALK_MAX = 65536 };

bool
owed_accept(struct flow *f, uint64_t message, struct fact_accept *out,
            uint64_t *pos)
{
    struct slice fact;
    *pos = word_pos(book_word(f, message));
    for (unsigned i = 0; *pos && i < WALK_MAX; i++) {
        if (!journal_read(&f->journal, *pos, &fact))
            return false;
        if (fact_kind(fact) == FACT_ACCEPT)
            return fact_accept_get(fact, out) && out->message == message;
        *pos = fact_prev(fact);
    }
    return false;
}

unsigned
owed_state(enum message_state_kind state)
{
    switch (state) {
    case MSG_DELIVERED: return STATE_DELIVERED;
    case MSG_EXPIRED: return STATE_EXPIRED;
    case MSG_CANCELLED: return STATE_DELETED;
    case MSG_FAILED: return STATE_UNDELIVERABLE;
    case MSG_REJECTED:
    case MSG_SUPPRESSED: return STATE_REJECTED;
    case MSG_UNKNOWN: return STATE_UNKNOWN;
    default: return STATE_ENROUTE;
    }
}

static struct owed
ask(struct flow *f, uint64_t message,
    bool (*wants)(unsigned registered, bool ok), bool ok)
{
    struct fact_accept a;
    uint64_t pos;
    if (!(word_flags(book_word(f, message)) & WORD_CLIENT) ||
        !owed_accept(f, message, &a, &pos) || !a.login ||
        !wants((unsigned)a.registered, ok))
        return (struct owed){0};
    return (struct owed){(uint32_t)a.login, pos};
}

static bool
wants_end(unsigned registered, bool ok)
{
    switch (registered & REGISTERED_RECEIPT_MASK) {
    case REGISTERED_FINAL: return true;
    case REGISTERED_FAILURE: return !ok;
    case REGISTERED_SUCCESS: return ok;
    default: return false;
    }
}

static bool
wants_step(unsigned registered, bool ok)
{
    (void)ok;
    return registered & REGISTERED_INTERMEDIATE;
}

struct owed
owed_end(struct flow *f, uint64_t message, enum message_state_kind before,
         enum message_state_kind after)
{
    /* `unknown` may still become known: that is told too. */
    bool ends = state_is_final(after) && before != after &&
                (!state_is_final(before) || before == MSG_UNKNOWN);
    return ends ? ask(f, message, wants_end, after == MSG_DELIVERED)
                : (struct owed){0};
}

struct owed
owed_step(struct flow *f, uint64_t message)
{
    return ask(f, message, wants_step, true);
}

/* The login of this sender's system_id, if it still is the account's. */
static uint32_t
of_sender(struct flow *f, uint32_t account, uint32_t sender)
{
    const struct sender *s = directory_sender(&f->directory, sender);
    if (!s || !s->smpp_system_id[0])
        return 0;
    const struct login *l =
        directory_find_login(&f->directory, slice_str(s->smpp_system_id));
    return l && l->account == account ? l->id : 0;
}

static uint32_t
of_message(struct flow *f, uint32_t account, uint64_t message)
{
    struct fact_accept a;
    uint64_t pos;
    if (!message || !(word_flags(book_word(f, message)) & WORD_CLIENT) ||
        !owed_accept(f, message, &a, &pos))
        return 0;
    const struct login *l = directory_login(&f->directory, (uint32_t)a.login);
    return l && !l->deleted && l->account == account ? l->id : 0;
}

uint32_t
owed_reply(struct flow *f, uint32_t account, uint32_t sender,
           uint64_t in_reply_to)
{
    if (!account)
        return 0;
    uint32_t login = of_sender(f, account, sender);
    if (!login)
        login = of_message(f, account, in_reply_to);
    return login ? login : login_only(&f->directory, account);
}
