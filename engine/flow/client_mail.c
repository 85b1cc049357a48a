/*
 * client_mail.c - what people ask of clients that are bound, and do to them.
 *
 * Promise: an account sees its own clients alone; acts are the admin's.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/flow/client_desk.h"
#include "engine/flow/desk.h"
#include "engine/flow/login.h"
#include "engine/flow/outbox.h"

static const char *
account_name(struct flow *f, uint32_t account)
{
    const struct account *a = directory_account(&f->directory, account);
    return a ? a->name : "";
}

static bool
is_asked_for(const struct client *c, uint32_t account, const struct login *l,
             uint64_t number)
{
    return client_login(c) && (!account || client_account(c) == account) &&
           (!l || client_login(c) == l->id) &&
           (!number || client_number(c) == number);
}

static void
list_clients(struct flow *f, struct mail *m, uint32_t account,
             const struct login *l)
{
    struct mail_client *q = &m->client;
    unsigned most = f->clients ? clients_count(f->clients) : 0;
    q->rows = m->answer = calloc(most + 1u, sizeof *q->rows);
    if (!q->rows)
        abort();
    for (const struct client *c = NULL;
         f->clients && (c = clients_next(f->clients, c)) && q->count < most;) {
        if (!is_asked_for(c, account, l, q->number))
            continue;
        struct client_row *row = &q->rows[q->count++];
        struct outbox_view box;
        client_look(c, &row->look);
        snprintf(row->account_name, sizeof row->account_name, "%s",
                 account_name(f, client_account(c)));
        outbox_look(f, client_login(c), &box);
        row->outbox = box.waiting;
        row->reason = client_desk_reason(c);
    }
    m->result = MAIL_OK;
}

static void
act(struct client *c, enum client_act act)
{
    switch (act) {
    case CLIENT_KICK: client_kick(c, "kicked by a person", false); break;
    case CLIENT_DRAIN: client_kick(c, "drained by a person", true); break;
    case CLIENT_PAUSE: client_pause(c, true); break;
    case CLIENT_RESUME: client_pause(c, false); break;
    }
}

void
client_on_mail(struct flow *f, struct mail *m)
{
    struct mail_client *q = &m->client;
    uint32_t account;
    if (!login_whose(f, m, q->account, &account))
        return;
    const struct login *l =
        q->ref.n ? directory_find_login(&f->directory, q->ref) : NULL;
    m->result = MAIL_NOT_FOUND;
    if (q->ref.n && !l)
        return;
    if (m->kind == MAIL_CLIENT_LIST) {
        list_clients(f, m, account, l);
        return;
    }
    if (!l && !q->number)
        return;
    struct client *next = NULL;
    for (struct client *c = f->clients ? clients_next(f->clients, NULL) : NULL;
         c; c = next) {
        next = clients_next(f->clients, c); /* c may be closing after this */
        if (!is_asked_for(c, account, l, q->number))
            continue;
        act(c, q->act);
        q->count++;
    }
    m->result = q->count || l ? MAIL_OK : MAIL_NOT_FOUND;
    if (q->act == CLIENT_RESUME)
        outbox_wake_all(f);
}
