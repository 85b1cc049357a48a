/*
 * directory_mail.c - what people ask of accounts, senders, numbers, pools.
 *
 * Promise: an account sees and changes its own alone; shared numbers are the
 * admin's to make.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/flow/desk.h"
#include "engine/flow/id.h"
#include "engine/flow/login.h"
#include "proto/addr.h"

static bool
check_name(struct mail *m, struct slice name)
{
    if (name.n == 0 || name.n > 63)
        return mail_refuse(m, MAIL_INVALID, "bad_name", "/name",
                           "name has 1 to 63 octets");
    return true;
}

static void *
rows_for(struct mail *m, size_t count, size_t octets)
{
    m->answer = calloc(count + 1, octets);
    if (!m->answer)
        abort();
    return m->answer;
}

/* ---- accounts
 * ------------------------------------------------------------------ */

static void
show_account(const struct account *a, struct account_view *v)
{
    v->account = a->id;
    v->per_day = a->per_day;
    v->created_ms = a->created_ms;
    snprintf(v->name, sizeof v->name, "%s", a->name);
}

static void
list_accounts(struct flow *f, struct mail *m)
{
    struct mail_account *q = &m->account;
    q->rows = rows_for(m, f->directory.accounts.rows, sizeof *q->rows);
    for (uint32_t i = 1; i < f->directory.accounts.rows; i++) {
        const struct account *a = directory_account(&f->directory, i);
        if (a && !a->deleted)
            show_account(a, &q->rows[q->count++]);
    }
    m->result = MAIL_OK;
}

/* All of them can be made, or none is. */
static bool
check_logins(struct flow *f, struct mail *m)
{
    struct mail_account *q = &m->account;
    for (unsigned i = 0; i < q->logins; i++) {
        const struct login_wish *w = &q->login[i];
        if (!login_check(f, m, w)) {
            m->pointer = "/smpp";
            return false;
        }
        bool taken = directory_find_login(&f->directory, w->system_id) != NULL;
        for (unsigned k = 0; k < i; k++)
            taken = taken || slice_eq(q->login[k].system_id, w->system_id);
        if (taken)
            return mail_refuse(m, MAIL_CONFLICT, "system_id_taken", "/smpp",
                               "another login has this system_id");
        if (!w->system_id.n || !w->hash.n)
            return mail_refuse(m, MAIL_INVALID, "missing", "/smpp",
                               "a login has a system_id and a password");
    }
    return true;
}

void
directory_on_account(struct flow *f, struct mail *m)
{
    struct mail_account *q = &m->account;
    if (m->kind == MAIL_ACCOUNT_LIST) {
        list_accounts(f, m);
        return;
    }
    if (m->kind == MAIL_ACCOUNT_DELETE) {
        struct account *a = directory_find_account(&f->directory, q->ref);
        m->result = a ? MAIL_OK : MAIL_NOT_FOUND;
        if (a) {
            campaign_cancel_all(f, a->id);
            login_delete_all(f, a->id);
            directory_delete_account(&f->directory, a);
        }
        return;
    }
    if (!check_name(m, q->name))
        return;
    if (!check_logins(f, m))
        return;
    struct account *a = directory_add_account(&f->directory, q->name,
                                              q->per_day, f->wall.ms, q->key);
    if (!a) {
        mail_refuse(m, MAIL_CONFLICT, "name_taken", "/name",
                    "an account of this name exists already");
        return;
    }
    for (unsigned i = 0; i < q->logins; i++)
        if (!login_put(f, m, NULL, a->id, &q->login[i]))
            return; /* cannot be: all were checked */
    q->account = a->id;
    m->result = MAIL_OK;
}

/* ---- senders
 * ------------------------------------------------------------------- */

static void
list_senders(struct flow *f, struct mail *m)
{
    struct mail_sender *q = &m->sender;
    q->rows = rows_for(m, f->directory.senders.rows, sizeof *q->rows);
    for (uint32_t i = 1; i < f->directory.senders.rows; i++) {
        const struct sender *s = directory_sender(&f->directory, i);
        if (!s || s->deleted ||
            (m->who.kind == WHO_ACCOUNT && s->account != m->who.account))
            continue;
        struct sender_view *v = &q->rows[q->count++];
        v->sender = s->id;
        v->account = s->account;
        v->queue = s->queue;
        v->created_ms = s->created_ms;
        snprintf(v->name, sizeof v->name, "%s", s->name);
        snprintf(v->external_id, sizeof v->external_id, "%s", s->external_id);
        snprintf(v->smpp_system_id, sizeof v->smpp_system_id, "%s",
                 s->smpp_system_id);
    }
    m->result = MAIL_OK;
}

/* The numbers it answers for by default. */
static bool
give_numbers(struct flow *f, struct mail *m, uint32_t account,
             struct number **rows)
{
    struct mail_sender *q = &m->sender;
    for (unsigned i = 0; i < q->numbers; i++) {
        struct addr a;
        addr_from_text(q->number[i], NULL, &a);
        rows[i] = directory_find_number(&f->directory, slice_str(a.text));
        if (!rows[i] || rows[i]->account != account)
            return mail_refuse(m, MAIL_INVALID, "unknown_number", "/numbers",
                               "numbers holds one that is not the account's");
    }
    return true;
}

void
directory_on_sender(struct flow *f, struct mail *m)
{
    struct mail_sender *q = &m->sender;
    struct number *numbers[64];
    struct sender wish = {.queue = q->queue, .created_ms = f->wall.ms};
    if (m->kind == MAIL_SENDER_LIST) {
        list_senders(f, m);
        return;
    }
    wish.account = m->who.account;
    if (m->who.kind == WHO_ADMIN) {
        struct account *a = directory_find_account(&f->directory, q->account);
        wish.account = a ? a->id : 0;
    }
    if (!wish.account) {
        mail_refuse(m, MAIL_INVALID, "account_needed", "/account",
                    "with the admin's key, account names whose sender it is");
        return;
    }
    if (!check_name(m, q->name))
        return;
    if (q->external_id.n > 63 || q->smpp_system_id.n > 15) {
        mail_refuse(m, MAIL_INVALID, "too_long",
                    q->external_id.n > 63 ? "/external_id" : "/smpp_system_id",
                    "this text is too long");
        return;
    }
    if (q->numbers > 64) {
        mail_refuse(m, MAIL_INVALID, "too_many", "/numbers",
                    "a sender has 64 numbers at most");
        return;
    }
    slice_to_str(q->name, wish.name, sizeof wish.name);
    slice_to_str(q->external_id, wish.external_id, sizeof wish.external_id);
    slice_to_str(q->smpp_system_id, wish.smpp_system_id,
                 sizeof wish.smpp_system_id);
    if (!give_numbers(f, m, wish.account, numbers))
        return;
    struct sender *s = directory_add_sender(&f->directory, &wish, q->key);
    if (!s) {
        mail_refuse(m, MAIL_CONFLICT, "name_taken", "/name",
                    "a sender of this name or external_id exists already");
        return;
    }
    for (unsigned i = 0; i < q->numbers; i++) {
        numbers[i]->default_sender = s->id;
        directory_save_number(&f->directory, numbers[i]);
    }
    q->sender = s->id;
    m->result = MAIL_OK;
}

/* ---- numbers
 * ------------------------------------------------------------------- */

static void
show_number(struct flow *f, struct who who, const struct number *n,
            struct number_view *v)
{
    const struct carrier_entry *c =
        directory_carrier(&f->directory, n->carrier);
    const struct account *a = directory_account(&f->directory, n->account);
    v->id = n->id;
    v->rate = n->per_s;
    v->per_day = n->per_day;
    v->shared = n->shared;
    v->from_settings = n->from_settings;
    v->retired = n->retired;
    const struct number *by = directory_number(&f->directory, n->replaced_by);
    snprintf(v->replaced_by, sizeof v->replaced_by, "%s", by ? by->text : "");
    snprintf(v->number, sizeof v->number, "%s", n->text);
    snprintf(v->carrier, sizeof v->carrier, "%.31s", c ? c->name : "");
    snprintf(v->account, sizeof v->account, "%s",
             a ? a->name : n->account_name);
    if (n->shared && who.kind != WHO_ADMIN)
        v->account[0] = 0; /* nobody learns of another account */
    else if (n->default_sender)
        id_to_text(ID_SENDER, n->default_sender, v->default_sender);
}

static void
list_numbers(struct flow *f, struct mail *m)
{
    struct mail_number *q = &m->number;
    q->rows = rows_for(m, f->directory.numbers.rows, sizeof *q->rows);
    for (uint32_t i = 1; i < f->directory.numbers.rows; i++) {
        const struct number *n = directory_number(&f->directory, i);
        if (n && (m->who.kind == WHO_ADMIN || n->shared ||
                  n->account == m->who.account))
            show_number(f, m->who, n, &q->rows[q->count++]);
    }
    m->result = MAIL_OK;
}

/* Who may have it: its own account, or the admin for anybody. */
static bool
number_owner(struct flow *f, struct mail *m, const struct number *known,
             struct number *wish)
{
    struct mail_number *q = &m->number;
    if (m->who.kind == WHO_ACCOUNT) {
        if (known && (known->shared || known->account != m->who.account))
            return mail_refuse(m, MAIL_CONFLICT, "number_taken", "/number",
                               "this number is not free");
        if (q->shared)
            return mail_refuse(m, MAIL_FORBIDDEN, "admin_only", "/shared",
                               "shared numbers are made with the admin's key");
        wish->account = m->who.account;
        return true;
    }
    if (q->account.n) {
        struct account *a = directory_find_account(&f->directory, q->account);
        if (!a)
            return mail_refuse(m, MAIL_INVALID, "unknown_account", "/account",
                               "account is neither an id nor a name of one");
        wish->account = q->shared ? 0 : a->id;
        snprintf(wish->account_name, sizeof wish->account_name, "%s", a->name);
    } else if (known) {
        wish->account = q->shared ? 0 : known->account;
        memcpy(wish->account_name, known->account_name,
               sizeof wish->account_name);
    } else if (!q->shared) {
        return mail_refuse(
            m, MAIL_INVALID, "account_needed", "/account",
            "account names whose number it is (or shared: true)");
    }
    return true;
}

static bool
number_links(struct flow *f, struct mail *m, struct number *wish)
{
    struct mail_number *q = &m->number;
    if (q->carrier.n && !wish->from_settings) {
        const struct carrier_entry *c =
            directory_find_carrier(&f->directory, q->carrier);
        if (!c || !c->carrier)
            return mail_refuse(m, MAIL_INVALID, "unknown_carrier", "/carrier",
                               "carrier is not one of the settings file");
        wish->carrier = c->id;
    } else if (q->carrier.p && !wish->from_settings) {
        wish->carrier = 0;
    }
    if (q->retired >= 0)
        wish->retired = q->retired > 0;
    if (q->replaced_by.n) {
        struct addr a;
        addr_from_text(q->replaced_by, NULL, &a);
        const struct number *n =
            directory_find_number(&f->directory, slice_str(a.text));
        if (!n || strcmp(n->text, wish->text) == 0 ||
            !(n->shared || n->account == wish->account))
            return mail_refuse(m, MAIL_INVALID, "unknown_number",
                               "/replaced_by",
                               "replaced_by is not another number of the "
                               "account");
        wish->replaced_by = n->id;
    }
    if (q->default_sender.n) {
        const struct sender *s = directory_find_sender(
            &f->directory, wish->account, q->default_sender);
        if (!s)
            return mail_refuse(m, MAIL_INVALID, "unknown_sender",
                               "/default_sender",
                               "default_sender is not one of the account's");
        wish->default_sender = s->id;
    }
    return true;
}

/* What is not said stays as it is; what the settings file says is the
 * admin's alone to change. A number that clients made by using it is nobody
 * else's: given to an account or to all, it is theirs from now on. */
static void
keep_known(const struct number *known, bool given, struct number *wish)
{
    if (!wish->per_s || known->from_settings)
        wish->per_s = known->per_s;
    if (!wish->per_day || known->from_settings)
        wish->per_day = known->per_day;
    wish->carrier = known->carrier;
    wish->default_sender = known->default_sender;
    wish->retired = known->retired;
    wish->replaced_by = known->replaced_by;
    wish->from_settings = known->from_settings;
    if (known->of_clients && given)
        return;
    wish->shared = wish->shared || known->shared;
    wish->of_clients = known->of_clients;
    wish->maker = known->maker;
}

void
directory_on_number(struct flow *f, struct mail *m)
{
    struct mail_number *q = &m->number;
    struct addr a;
    if (m->kind == MAIL_NUMBER_LIST) {
        list_numbers(f, m);
        return;
    }
    enum addr_kind kind = addr_from_text(q->number, NULL, &a);
    if (kind == ADDR_NONE || kind == ADDR_BAD || kind == ADDR_NATIONAL ||
        strlen(a.text) > 20) {
        mail_refuse(
            m, MAIL_INVALID, "bad_number", "/number",
            "number is an E.164 number, a short code, or a name of up to "
            "11 characters");
        return;
    }
    struct number *known =
        directory_find_number(&f->directory, slice_str(a.text));
    struct number wish = {
        .per_s = q->rate, .per_day = q->per_day, .shared = q->shared};
    if (known)
        keep_known(known, q->account.n > 0 || q->shared, &wish);
    snprintf(wish.text, sizeof wish.text, "%.23s", a.text);
    if (!number_owner(f, m, known, &wish) || !number_links(f, m, &wish))
        return;
    struct number *n = directory_put_number(&f->directory, &wish);
    f->routes_stale = true; /* it may lead elsewhere now */
    flow_use_gate(f, n);
    q->rows = rows_for(m, 1, sizeof *q->rows);
    show_number(f, m->who, n, q->rows);
    q->count = 1;
    m->result = MAIL_OK;
}

/* ---- pools
 * --------------------------------------------------------------------- */

static const char *const conflicts[] = {
    [POOL_REROUTE] = "reroute",
    [POOL_HOLD] = "hold",
    [POOL_FAIL] = "fail",
    [POOL_SHARE] = "share",
};

static void
list_pools(struct flow *f, struct mail *m)
{
    struct mail_pool *q = &m->pool;
    size_t numbers = 0;
    for (uint32_t i = 1; i < f->directory.pools.rows; i++)
        if (directory_pool(&f->directory, i))
            numbers += directory_pool(&f->directory, i)->numbers;
    size_t rows = f->directory.pools.rows * sizeof *q->rows;
    char *memory = rows_for(m, 1, rows + numbers * (4 + 24) + 1);
    q->rows = (struct pool_view *)(void *)memory;
    uint32_t *weight = (uint32_t *)(void *)(memory + rows);
    char(*text)[24] = (char(*)[24])(void *)(weight + numbers);
    for (uint32_t i = 1; i < f->directory.pools.rows; i++) {
        const struct pool *p = directory_pool(&f->directory, i);
        if (!p || (m->who.kind != WHO_ADMIN && p->account != m->who.account))
            continue;
        struct pool_view *v = &q->rows[q->count++];
        v->pool = p->id;
        v->exclusive = p->exclusive;
        snprintf(v->name, sizeof v->name, "%s", p->name);
        snprintf(v->on_conflict, sizeof v->on_conflict, "%s",
                 conflicts[p->on_conflict]);
        v->number = text;
        v->weight = p->weight ? weight : NULL;
        for (unsigned k = 0; p->weight && k < p->numbers; k++)
            *weight++ = p->weight[k];
        for (unsigned k = 0; k < p->numbers; k++, text++, v->numbers++) {
            const struct number *n =
                directory_number(&f->directory, p->number[k]);
            snprintf(*text, sizeof *text, "%s", n ? n->text : "");
        }
    }
    m->result = MAIL_OK;
}

static bool
pool_numbers(struct flow *f, struct mail *m, uint32_t *ids, uint32_t *weights)
{
    struct mail_pool *q = &m->pool;
    if (q->numbers == 0 || q->numbers > POOL_NUMBERS_MAX)
        return mail_refuse(m, MAIL_INVALID, "bad_numbers", "/numbers",
                           "a pool has 1 to 1,000 numbers");
    for (unsigned i = 0; i < q->numbers; i++) {
        struct addr a;
        addr_from_text(q->number[i], NULL, &a);
        const struct number *n =
            directory_find_number(&f->directory, slice_str(a.text));
        if (!n || !directory_may_use(n, m->who.account))
            return mail_refuse(m, MAIL_INVALID, "unknown_number", "/numbers",
                               "numbers holds one that is not the account's");
        ids[i] = n->id;
        weights[i] = q->weight ? q->weight[i] : 1;
    }
    return true;
}

void
directory_on_pool(struct flow *f, struct mail *m)
{
    struct mail_pool *q = &m->pool;
    uint32_t ids[POOL_NUMBERS_MAX], weights[POOL_NUMBERS_MAX];
    struct pool wish = {.account = m->who.account,
                        .exclusive = q->exclusive,
                        .numbers = q->numbers,
                        .number = ids,
                        .weight = q->weight ? weights : NULL,
                        .created_ms = f->wall.ms};
    if (m->kind == MAIL_POOL_LIST) {
        list_pools(f, m);
        return;
    }
    if (!check_name(m, q->name) || !pool_numbers(f, m, ids, weights))
        return;
    bool found = q->on_conflict.n == 0;
    for (int i = 0; i < 4; i++)
        if (slice_eq(q->on_conflict, slice_str(conflicts[i]))) {
            wish.on_conflict = (enum pool_conflict)i;
            found = true;
        }
    if (!found) {
        mail_refuse(m, MAIL_INVALID, "bad_on_conflict", "/on_conflict",
                    "on_conflict is reroute, hold, fail or share");
        return;
    }
    slice_to_str(q->name, wish.name, sizeof wish.name);
    q->pool = directory_put_pool(&f->directory, &wish)->id;
    m->result = MAIL_OK;
}
