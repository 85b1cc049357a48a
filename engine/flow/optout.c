/*
 * optout.c - opt-outs by a word from the phone, or by the app.
 *
 * Promise: as in optout.h. A word is confirmed once: a second STOP finds the
 * row and stays silent.
 */
#include "engine/flow/optout.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/flow/accept.h"
#include "engine/flow/apply.h"
#include "engine/flow/book.h"
#include "engine/flow/desk.h"
#include "engine/flow/directory_doc.h"
#include "engine/flow/doc.h"
#include "engine/flow/talk.h"
#include "proto/addr.h"

enum { HELP_QUIET_MS = 3600000 };

/* ---- words ----------------------------------------------------------------
 */

static void
scope_of(const struct incoming *in, enum suppress_scope *scope, uint32_t *owner)
{
    bool shared = in->number->shared || in->number->account == 0;
    *scope = shared ? SUPPRESS_NUMBER : SUPPRESS_ACCOUNT;
    *owner = shared ? in->number->id : in->number->account;
}

static void
tell(struct flow *f, bool out, enum suppress_scope scope, uint32_t account,
     uint32_t number, uint64_t subscriber, uint64_t message,
     struct slice reason)
{
    struct fact_opt x = {
        .at_ms = f->wall.ms,
        .out = out,
        .scope = scope,
        .account = account,
        .number = number,
        .subscriber = subscriber,
        .message = message,
        .reason = reason,
    };
    uint64_t pos = journal_opt(&f->journal, &x);
    if (pos)
        apply_opt(f, pos, &x);
}

static void
confirm(struct flow *f, const struct incoming *in, const struct owner *owner,
        const char *text)
{
    if (text && in->number && in->subscriber >> 63 == 0)
        accept_own(f, in->number, owner->account, owner->sender, in->subscriber,
                   slice_str(text));
}

static const char *
text_for(struct flow *f, struct optword word)
{
    const char *own = word.kind == OPT_OUT  ? f->settings->stop_text
                      : word.kind == OPT_IN ? f->settings->start_text
                                            : f->settings->help_text;
    return own && own[0] ? own : optword_text(word.kind, word.language);
}

static void
help(struct flow *f, struct optword word, const struct incoming *in,
     const struct owner *owner)
{
    uint64_t last = 0;
    map_get(&f->suppress.quiet, in->subscriber, &last);
    if (f->wall.ms - last < HELP_QUIET_MS)
        return;
    if (f->suppress.quiet.used > 100000)
        map_fini(&f->suppress.quiet);
    map_put(&f->suppress.quiet, in->subscriber, f->wall.ms);
    confirm(f, in, owner, text_for(f, word));
}

void
optout_act(struct flow *f, struct optword word, const struct incoming *in,
           const struct owner *owner, uint64_t message)
{
    enum suppress_scope scope;
    uint32_t who;
    if (!in->number)
        return;
    if (word.kind == OPT_HELP) {
        help(f, word, in, owner);
        return;
    }
    scope_of(in, &scope, &who);
    bool held = suppress_has(&f->suppress, scope, who, in->subscriber);
    bool out = word.kind == OPT_OUT;
    if (out == held)
        return;
    if (out) {
        suppress_add(&f->suppress, scope, who, in->subscriber, f->wall.ms,
                     slice_str(word.word));
        optout_purge(f, in->subscriber);
    } else {
        suppress_remove(&f->suppress, scope, who, in->subscriber);
    }
    tell(f, out, scope, scope == SUPPRESS_ACCOUNT ? who : 0, in->number->id,
         in->subscriber, message, slice_str(word.word));
    confirm(f, in, owner, text_for(f, word));
}

void
optout_purge(struct flow *f, uint64_t subscriber)
{
    struct talk_step t;
    uint64_t pos = talk_newest(f, subscriber);
    for (unsigned i = 0; i < TALK_STEPS_MAX && talk_read(f, pos, &t);
         i++, pos = t.before) {
        if (t.sent || t.inbound ||
            !suppress_holds(&f->suppress, t.account, t.number, subscriber))
            continue;
        enum message_state_kind s = word_state(book_word(f, t.message));
        if (s == MSG_ACCEPTED || s == MSG_QUEUED || s == MSG_HELD)
            book_state(f, t.message, t.account, t.sender, MSG_SUPPRESSED,
                       REASON_SUPPRESSED, 0, (struct slice){0});
    }
}

void
optout_apply(struct flow *f, const struct fact_opt *x)
{
    (void)f, (void)x; /* the control table has the row */
}

/* ---- mails ----------------------------------------------------------------
 */

/* Scope and owner of a row that this key may write. */
static bool
target(struct flow *f, struct mail *m, enum suppress_scope *scope,
       uint32_t *owner, uint64_t *subscriber)
{
    struct mail_suppression *q = &m->suppression;
    struct addr a;
    if (addr_from_text(q->subscriber, NULL, &a) != ADDR_NUMBER ||
        !addr_to_u64(slice_str(a.text), subscriber))
        return mail_refuse(
            m, MAIL_INVALID, "bad_number", "/subscriber",
            "subscriber is an E.164 number, such as +12125550101");
    *scope = SUPPRESS_ACCOUNT;
    if (q->scope.n && !suppress_scope_of(q->scope, scope))
        return mail_refuse(m, MAIL_INVALID, "bad_scope", "/scope",
                           "scope is number, account or all");
    if (*scope == SUPPRESS_ALL && m->who.kind != WHO_ADMIN)
        return mail_refuse(m, MAIL_FORBIDDEN, "admin_only", "/scope",
                           "scope all takes the admin's key");
    *owner = m->who.account;
    if (*scope == SUPPRESS_ALL)
        *owner = 0;
    if (*scope == SUPPRESS_ACCOUNT && *owner == 0)
        return mail_refuse(m, MAIL_INVALID, "account_needed", "/scope",
                           "use an account's key, or scope all");
    if (*scope == SUPPRESS_NUMBER) {
        struct addr n;
        addr_from_text(q->number, NULL, &n);
        struct number *row =
            directory_find_number(&f->directory, slice_str(n.text));
        if (!row || (m->who.kind != WHO_ADMIN &&
                     (row->shared || row->account != m->who.account)))
            return mail_refuse(m, MAIL_INVALID, "unknown_number", "/number",
                               "number must be one of the account's own");
        *owner = row->id;
    }
    return true;
}

void
optout_on_suppress(struct flow *f, struct mail *m)
{
    enum suppress_scope scope = SUPPRESS_ACCOUNT;
    uint32_t owner = 0;
    uint64_t subscriber = 0;
    struct mail_suppression *q = &m->suppression;
    if (!target(f, m, &scope, &owner, &subscriber))
        return;
    bool held = suppress_has(&f->suppress, scope, owner, subscriber);
    if (q->remove && !held) {
        m->result = MAIL_NOT_FOUND;
        return;
    }
    if (q->remove == held) {
        if (q->remove)
            suppress_remove(&f->suppress, scope, owner, subscriber);
        else
            suppress_add(&f->suppress, scope, owner, subscriber, f->wall.ms,
                         q->reason);
        if (!q->remove)
            optout_purge(f, subscriber);
        tell(f, !q->remove, scope,
             scope == SUPPRESS_ACCOUNT ? owner : m->who.account,
             scope == SUPPRESS_NUMBER ? owner : 0, subscriber, 0, q->reason);
    }
    m->result = MAIL_OK;
}

static void
show(struct suppression_view *v, enum suppress_scope scope, uint64_t subscriber,
     struct slice doc)
{
    u64_to_e164(subscriber, v->subscriber);
    snprintf(v->scope, sizeof v->scope, "%s", suppress_scope_name(scope));
    doc_copy(doc, DOC_REASON, v->reason, sizeof v->reason);
    v->at_ms = doc_u64(doc, DOC_AT_MS, 0);
}

/* Rows of the account's own scope, and for the admin those of all. */
void
optout_on_suppressed(struct flow *f, struct mail *m)
{
    struct mail_suppression *q = &m->suppression;
    bool admin = m->who.kind == WHO_ADMIN;
    enum suppress_scope scope = admin ? SUPPRESS_ALL : SUPPRESS_ACCOUNT;
    uint32_t owner = admin ? 0 : m->who.account;
    uint64_t after = 0;
    if (q->after.n && !addr_to_u64(q->after, &after))
        after = 0;
    unsigned limit = mail_limit(q->limit);
    q->rows = m->answer = calloc(limit, sizeof *q->rows);
    uint8_t at[SUPPRESS_KEY_BYTES];
    struct slice key, doc;
    suppress_key(scope, owner, after, at);
    while (q->rows && q->count < limit &&
           store_after(f->journal.reader, TABLE_SUPPRESSION,
                       slice_of(at, sizeof at), &key, &doc) == STORE_OK &&
           key.n == sizeof at) {
        if (memcmp(key.p, at, 5) != 0)
            break;
        memcpy(at, key.p, sizeof at);
        struct cursor c = cursor_of(slice_of(at + 5, 8));
        uint64_t subscriber = (uint64_t)cursor_be32(&c) << 32;
        subscriber |= cursor_be32(&c);
        show(&q->rows[q->count++], scope, subscriber, doc);
    }
    m->result = MAIL_OK;
}
