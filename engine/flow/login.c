/*
 * login.c - rows of logins: found, checked, changed, written.
 *
 * Promise: as in login.h. Mails stand in login_mail.c.
 */
#include "engine/flow/login.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "engine/client/client.h"
#include "engine/flow/client_desk.h"
#include "engine/flow/desk.h"
#include "engine/flow/directory_doc.h"
#include "engine/flow/doc.h"
#include "engine/flow/id.h"

enum { DOC_ROOM = 8192 };

/* ---- finding --------------------------------------------------------------
 */

struct login *
directory_login(const struct directory *d, uint32_t id)
{
    return id < d->logins.rows ? d->logins.row[id] : NULL;
}

struct login *
directory_find_login(const struct directory *d, struct slice ref)
{
    uint64_t id = 0;
    if (!id_from_text(ID_LOGIN, ref, &id))
        id = directory_named(d, DIRECTORY_LOGIN, 0, ref);
    struct login *l = directory_login(d, (uint32_t)id);
    return l && !l->deleted ? l : NULL;
}

uint32_t
login_sender(const struct directory *d, const struct login *l)
{
    const struct sender *s = directory_sender(
        d, directory_named(d, DIRECTORY_SMPP_SENDER, l->account,
                           slice_str(l->system_id)));
    return s && !s->deleted ? s->id : 0;
}

uint32_t
login_only(const struct directory *d, uint32_t account)
{
    const struct account *a = directory_account(d, account);
    return a && a->logins == 1 ? a->only_login : 0;
}

/* How many an account has, and which when it is one. */
static void
count_logins(struct directory *d, uint32_t account)
{
    struct account *a = directory_account(d, account);
    if (!a)
        return;
    a->logins = 0;
    for (uint32_t i = 1; i < d->logins.rows; i++) {
        const struct login *l = directory_login(d, i);
        if (!l || l->deleted || l->account != account)
            continue;
        a->logins++;
        a->only_login = l->id;
    }
}

/* ---- binds ----------------------------------------------------------------
 */

void
login_add_bind(struct login *l, struct client *c)
{
    if (l->binds == l->bind_cap) {
        l->bind_cap = l->bind_cap ? l->bind_cap * 2 : 4;
        l->bind = realloc(l->bind, l->bind_cap * sizeof(struct client *));
        if (!l->bind)
            abort();
    }
    l->bind[l->binds++] = c;
}

void
login_drop_bind(struct login *l, struct client *c)
{
    for (unsigned i = 0; i < l->binds; i++)
        if (l->bind[i] == c) {
            l->bind[i] = l->bind[--l->binds];
            return;
        }
}

/* ---- addresses ------------------------------------------------------------
 */

static const uint8_t v4_mapped[12] = {[10] = 0xFF, [11] = 0xFF};

static bool
read_ip(const char *text, uint8_t ip[16])
{
    memcpy(ip, v4_mapped, sizeof v4_mapped);
    return inet_pton(AF_INET, text, ip + 12) == 1 ||
           inet_pton(AF_INET6, text, ip) == 1;
}

bool
login_read_net(struct slice text, struct login_net *out)
{
    char room[52];
    if (text.n >= sizeof room)
        return false;
    slice_to_str(text, room, sizeof room);
    snprintf(out->text, sizeof out->text, "%s", room);
    char *slash = strchr(room, '/');
    bool v4 = strchr(room, ':') == NULL;
    unsigned long bits = v4 ? 32 : 128;
    if (slash) {
        char *end;
        *slash = 0;
        if (slash[1] < '0' || slash[1] > '9')
            return false;
        unsigned long given = strtoul(slash + 1, &end, 10);
        if (*end || given > bits)
            return false;
        bits = given;
    }
    out->bits = (uint8_t)(v4 ? bits + 96 : bits);
    return read_ip(room, out->ip);
}

/* The address of "a.b.c.d:port", "[v6]:port" or "v6:port". */
static bool
peer_ip(const char *peer, uint8_t ip[16])
{
    char room[64];
    snprintf(room, sizeof room, "%s", peer[0] == '[' ? peer + 1 : peer);
    char *end = peer[0] == '[' ? strchr(room, ']') : strrchr(room, ':');
    if (end)
        *end = 0;
    char *scope = strchr(room, '%');
    if (scope)
        *scope = 0;
    return read_ip(room, ip);
}

uint64_t
login_peer_share(const char *peer)
{
    uint8_t ip[16];
    if (!peer_ip(peer, ip))
        return XXH3_64bits(peer, strlen(peer));
    bool v4 = memcmp(ip, v4_mapped, sizeof v4_mapped) == 0;
    return XXH3_64bits(ip, v4 ? 16 : 8);
}

bool
login_net_holds(const struct login_net *n, const char *peer)
{
    uint8_t ip[16];
    if (!peer_ip(peer, ip))
        return false;
    unsigned whole = n->bits / 8, rest = n->bits % 8;
    if (memcmp(ip, n->ip, whole) != 0)
        return false;
    return rest == 0 || (ip[whole] ^ n->ip[whole]) >> (8 - rest) == 0;
}

bool
login_allows_peer(const struct login *l, const char *peer)
{
    for (unsigned i = 0; i < l->nets; i++)
        if (login_net_holds(&l->net[i], peer))
            return true;
    return l->nets == 0;
}

static bool
fits(const char *pattern, const char *text)
{
    size_t n = strlen(pattern);
    if (n && pattern[n - 1] == '*')
        return strncmp(pattern, text, n - 1) == 0;
    return strcmp(pattern, text) == 0;
}

bool
login_allows_source(const struct login *l, const char *text)
{
    for (unsigned i = 0; i < l->sources; i++)
        if (fits(l->source[i], text))
            return true;
    return false;
}

/* ---- docs -----------------------------------------------------------------
 */

static void
save(struct directory *d, const struct login *l)
{
    uint8_t room[DOC_ROOM], key[4];
    struct writer w = writer_of(room, sizeof room);
    doc_put_u64(&w, DOC_ACCOUNT, l->account);
    doc_put_text(&w, DOC_SYSTEM_ID, slice_str(l->system_id));
    doc_put_text(&w, DOC_PASSWORD, slice_str(l->hash));
    doc_put_u64(&w, DOC_MAX_BINDS, l->max_binds);
    doc_put_u64(&w, DOC_WINDOW, l->window);
    doc_put_u64(&w, DOC_PER_S, l->per_s);
    doc_put_u64(&w, DOC_BURST, l->burst);
    doc_put_u64(&w, DOC_ON_EXCESS, l->throttle);
    doc_put_u64(&w, DOC_TLS_REQUIRED, l->tls_required);
    doc_put_u64(&w, DOC_RECEIPTS, l->data_sm);
    doc_put_u64(&w, DOC_DISABLED, l->disabled);
    doc_put_u64(&w, DOC_DELETED, l->deleted);
    doc_put_u64(&w, DOC_RESEND, l->on_uncertain);
    doc_put_u64(&w, DOC_CLASS, l->class);
    doc_put_text(&w, DOC_CERTIFICATE, slice_str(l->certificate));
    doc_put_text(&w, DOC_OUTBIND, slice_str(l->outbind));
    doc_put_u64(&w, DOC_ENQUIRE_MS, l->enquire_ms);
    doc_put_u64(&w, DOC_IDLE_MS, l->idle_ms);
    doc_put_u64(&w, DOC_CREATED_MS, l->created_ms);
    for (unsigned i = 0; i < l->nets; i++)
        doc_put_text(&w, DOC_ALLOW_IP, slice_str(l->net[i].text));
    for (unsigned i = 0; i < l->sources; i++)
        doc_put_text(&w, DOC_SOURCE, slice_str(l->source[i]));
    journal_put(d->journal, TABLE_LOGIN, directory_key32(l->id, key),
                writer_slice(&w));
}

/* Rates are empty when there is no limit. */
static void
arm(struct login *l)
{
    bool ok = (l->leaving.per_s ? rate_set(&l->leaving, l->per_s, l->burst)
                                : rate_init(&l->leaving, l->per_s, l->burst)) &&
              (l->arriving.per_s ? rate_set(&l->arriving, l->per_s, l->burst)
                                 : rate_init(&l->arriving, l->per_s, l->burst));
    if (!ok)
        abort();
}

static void
load(struct directory *d, uint32_t id, struct slice doc)
{
    struct login *l = directory_row(&d->logins, id, sizeof *l);
    l->id = id;
    l->account = (uint32_t)doc_u64(doc, DOC_ACCOUNT, 0);
    doc_copy(doc, DOC_SYSTEM_ID, l->system_id, sizeof l->system_id);
    doc_copy(doc, DOC_PASSWORD, l->hash, sizeof l->hash);
    l->max_binds = (unsigned)doc_u64(doc, DOC_MAX_BINDS, 0);
    l->window = (unsigned)doc_u64(doc, DOC_WINDOW, 0);
    l->per_s = (uint32_t)doc_u64(doc, DOC_PER_S, 0);
    l->burst = (uint32_t)doc_u64(doc, DOC_BURST, 0);
    l->throttle = doc_u64(doc, DOC_ON_EXCESS, 0) != 0;
    l->tls_required = doc_u64(doc, DOC_TLS_REQUIRED, 0) != 0;
    l->data_sm = doc_u64(doc, DOC_RECEIPTS, 0) != 0;
    l->disabled = doc_u64(doc, DOC_DISABLED, 0) != 0;
    l->deleted = doc_u64(doc, DOC_DELETED, 0) != 0;
    l->on_uncertain = (enum login_uncertain)doc_u64(doc, DOC_RESEND, 0);
    l->class = (enum message_class)doc_u64(doc, DOC_CLASS, 0);
    doc_copy(doc, DOC_CERTIFICATE, l->certificate, sizeof l->certificate);
    doc_copy(doc, DOC_OUTBIND, l->outbind, sizeof l->outbind);
    l->enquire_ms = (unsigned)doc_u64(doc, DOC_ENQUIRE_MS, 0);
    l->idle_ms = (unsigned)doc_u64(doc, DOC_IDLE_MS, 0);
    l->created_ms = doc_u64(doc, DOC_CREATED_MS, 0);
    struct slice value;
    for (struct cursor c = cursor_of(doc);
         l->nets < LOGIN_LIST_MAX && doc_next_of(&c, DOC_ALLOW_IP, &value);)
        l->nets += login_read_net(value, &l->net[l->nets]);
    for (struct cursor c = cursor_of(doc);
         l->sources < LOGIN_LIST_MAX && doc_next_of(&c, DOC_SOURCE, &value);)
        slice_to_str(value, l->source[l->sources++], sizeof l->source[0]);
    arm(l);
    if (!l->deleted)
        directory_name(d, DIRECTORY_LOGIN, 0, l->system_id, id);
}

bool
login_load_all(struct directory *d, char why[])
{
    if (!directory_load_table(d, TABLE_LOGIN, load, why))
        return false;
    for (uint32_t i = 1; i < d->accounts.rows; i++)
        count_logins(d, i);
    return true;
}

void
login_fini_all(struct directory *d)
{
    for (uint32_t i = 1; i < d->logins.rows; i++) {
        struct login *l = directory_login(d, i);
        if (!l)
            continue;
        rate_fini(&l->leaving);
        rate_fini(&l->arriving);
        free(l->bind);
    }
}

/* ---- wishes ---------------------------------------------------------------
 */

static bool
is_word(struct slice s, const char *a, const char *b)
{
    return slice_eq(s, slice_str(a)) || slice_eq(s, slice_str(b));
}

static bool
check_lists(struct mail *m, const struct login_wish *w)
{
    struct login_net net;
    if (w->allow_ips > LOGIN_LIST_MAX || w->sources > LOGIN_LIST_MAX)
        return mail_refuse(m, MAIL_INVALID, "too_many",
                           w->sources > LOGIN_LIST_MAX ? "/sources"
                                                       : "/allow_ips",
                           "a list of a login has 16 entries at most");
    for (unsigned i = 0; i < w->allow_ips; i++)
        if (!login_read_net(w->allow_ip[i], &net))
            return mail_refuse(m, MAIL_INVALID, "bad_address", "/allow_ips",
                               "allow_ips holds addresses or networks, such "
                               "as 192.0.2.0/24 or 2001:db8::1");
    for (unsigned i = 0; i < w->sources; i++)
        if (w->source[i].n == 0 || w->source[i].n > 21)
            return mail_refuse(m, MAIL_INVALID, "bad_source", "/sources",
                               "sources holds numbers and names of 1 to 21 "
                               "characters; * at the end stands for any");
    return true;
}

bool
login_check(struct flow *f, struct mail *m, const struct login_wish *w)
{
    (void)f;
    if (w->system_id.p && (w->system_id.n == 0 || w->system_id.n > 15))
        return mail_refuse(m, MAIL_INVALID, "bad_system_id", "/system_id",
                           "system_id has 1 to 15 characters");
    if (w->hash.n >= KEEPER_HASH_BYTES)
        return mail_refuse(m, MAIL_INVALID, "bad_password", "/password",
                           "password has 1 to 64 octets");
    if ((w->says & LOGIN_ON_EXCESS) &&
        !is_word(w->on_excess, "queue", "throttle"))
        return mail_refuse(m, MAIL_INVALID, "bad_on_excess", "/on_excess",
                           "on_excess is queue or throttle");
    if ((w->says & LOGIN_RECEIPTS) &&
        !is_word(w->receipts, "deliver_sm", "data_sm"))
        return mail_refuse(m, MAIL_INVALID, "bad_receipts", "/receipts",
                           "receipts is deliver_sm or data_sm");
    if ((w->says & LOGIN_UNCERTAIN) && w->on_uncertain.n &&
        !is_word(w->on_uncertain, "hold", "resend"))
        return mail_refuse(m, MAIL_INVALID, "bad_on_uncertain", "/on_uncertain",
                           "on_uncertain is hold or resend");
    if (w->certificate.n > 127 || w->outbind.n > 79)
        return mail_refuse(m, MAIL_INVALID, "too_long",
                           w->outbind.n > 79 ? "/outbind" : "/certificate",
                           "this text is too long");
    return check_lists(m, w);
}

/* What has a value of its own when nothing is said. */
static void
take_limits(struct login *l, const struct login_wish *w)
{
    if (w->says & LOGIN_MAX_BINDS)
        l->max_binds = w->max_binds;
    if (w->says & LOGIN_WINDOW)
        l->window = w->window;
    if (l->max_binds == 0)
        l->max_binds = 10;
    if (l->window == 0)
        l->window = 100;
    if (w->says & LOGIN_RATE)
        l->per_s = w->rate;
    if (w->says & LOGIN_BURST)
        l->burst = w->burst;
    if (w->says & LOGIN_ON_EXCESS)
        l->throttle = slice_eq(w->on_excess, slice_str("throttle"));
    if (w->says & LOGIN_ENQUIRE)
        l->enquire_ms = w->enquire_ms;
    if (w->says & LOGIN_IDLE)
        l->idle_ms = w->idle_ms;
    arm(l);
}

static void
take_lists(struct login *l, const struct login_wish *w)
{
    if (w->says & LOGIN_ALLOW_IPS)
        for (l->nets = 0; l->nets < w->allow_ips; l->nets++)
            if (!login_read_net(w->allow_ip[l->nets], &l->net[l->nets]))
                abort(); /* checked before */
    if (w->says & LOGIN_SOURCES)
        for (l->sources = 0; l->sources < w->sources; l->sources++)
            slice_to_str(w->source[l->sources], l->source[l->sources],
                         sizeof l->source[0]);
}

static void
take(struct login *l, const struct login_wish *w)
{
    take_limits(l, w);
    take_lists(l, w);
    if (w->hash.n) {
        slice_to_str(w->hash, l->hash, sizeof l->hash);
        l->has_digest = false;
    }
    if (w->says & LOGIN_TLS_REQUIRED)
        l->tls_required = w->tls_required;
    if (w->says & LOGIN_CERTIFICATE)
        slice_to_str(w->certificate, l->certificate, sizeof l->certificate);
    if (w->says & LOGIN_RECEIPTS)
        l->data_sm = slice_eq(w->receipts, slice_str("data_sm"));
    if (w->says & LOGIN_OUTBIND)
        slice_to_str(w->outbind, l->outbind, sizeof l->outbind);
    if (w->says & LOGIN_DISABLED)
        l->disabled = w->disabled;
    if (w->says & LOGIN_CLASS)
        l->class = w->class;
    if (w->says & LOGIN_UNCERTAIN)
        l->on_uncertain = w->on_uncertain.n == 0 ? UNCERTAIN_AS_SET
                          : slice_eq(w->on_uncertain, slice_str("resend"))
                              ? UNCERTAIN_RESEND
                              : UNCERTAIN_HOLD;
}

struct login *
login_put(struct flow *f, struct mail *m, struct login *l, uint32_t account,
          const struct login_wish *w)
{
    struct directory *d = &f->directory;
    if (!login_check(f, m, w))
        return NULL;
    if (!l && (w->system_id.n == 0 || w->hash.n == 0)) {
        mail_refuse(m, MAIL_INVALID, "missing",
                    w->hash.n ? "/system_id" : "/password",
                    "a login has a system_id and a password");
        return NULL;
    }
    struct login *other =
        w->system_id.n ? directory_find_login(d, w->system_id) : NULL;
    if (other && other != l) {
        mail_refuse(m, MAIL_CONFLICT, "system_id_taken", "/system_id",
                    "another login has this system_id");
        return NULL;
    }
    if (!l) {
        uint32_t id = d->logins.rows ? d->logins.rows : 1;
        l = directory_row(&d->logins, id, sizeof *l);
        l->id = id;
        l->account = account;
        l->created_ms = f->wall.ms;
    }
    if (w->system_id.n) {
        directory_unname(d, DIRECTORY_LOGIN, 0, l->system_id);
        slice_to_str(w->system_id, l->system_id, sizeof l->system_id);
        directory_name(d, DIRECTORY_LOGIN, 0, l->system_id, l->id);
    }
    take(l, w);
    save(d, l);
    count_logins(d, l->account);
    client_desk_changed(f, l);
    return l;
}

void
login_delete(struct flow *f, struct login *l)
{
    l->deleted = true;
    l->hash[0] = 0;
    l->has_digest = false;
    directory_unname(&f->directory, DIRECTORY_LOGIN, 0, l->system_id);
    save(&f->directory, l);
    count_logins(&f->directory, l->account);
    client_desk_changed(f, l);
}

void
login_delete_all(struct flow *f, uint32_t account)
{
    for (uint32_t i = 1; i < f->directory.logins.rows; i++) {
        struct login *l = directory_login(&f->directory, i);
        if (l && l->account == account && !l->deleted)
            login_delete(f, l);
    }
}
