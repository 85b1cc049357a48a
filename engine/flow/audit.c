/*
 * audit.c - what the log says, against what RAM would say after a start.
 *
 * Promise: as in audit.h. The two ways share nothing but the decoding of
 * facts: here a message's last fact is simply the last one seen.
 */
#include "engine/flow/audit.h"

#include <stdarg.h>
#include <stdlib.h>

#include "engine/flow/apply.h"
#include "engine/flow/book.h"
#include "engine/flow/outbox.h"
#include "engine/flow/talk.h"

struct debt {
    uint64_t pos, at_ms;
    uint32_t login;
};

struct audit {
    FILE *out;
    unsigned faults;
    struct map last;    /* message -> position of its newest fact */
    struct map state;   /* message -> state + 1 */
    struct map ids;     /* key of a carrier's id -> message << 8 | part */
    struct map talks;   /* key of a subscriber -> position */
    struct map flights; /* message << 8 | part */
    struct map heads;   /* login -> what its last OUTBOX fact says */
    struct debt *debts; /* what clients are owed, in the log's order */
    size_t debt_n, debt_cap;
    uint64_t facts, oldest;
    uint64_t newest_ms; /* of the log's last block */
    uint64_t retention_ms;
};

__attribute__((format(printf, 2, 3))) static void
fault(struct audit *a, const char *format, ...)
{
    va_list args;
    if (a->faults++ >= 100)
        return;
    va_start(args, format);
    vfprintf(a->out, format, args);
    va_end(args);
    fputc('\n', a->out);
}

static void
owe(struct audit *a, uint64_t login, uint64_t pos, uint64_t at_ms)
{
    if (!login)
        return;
    if (a->debt_n == a->debt_cap) {
        a->debt_cap = a->debt_cap ? a->debt_cap * 2 : 256;
        a->debts = realloc(a->debts, a->debt_cap * sizeof *a->debts);
        if (!a->debts)
            abort();
    }
    a->debts[a->debt_n++] = (struct debt){pos, at_ms, (uint32_t)login};
}

/* A client gets the parts of a reply as they came. */
static void
owe_reply(struct audit *a, const struct fact_reply *x)
{
    for (struct cursor c = cursor_of(x->inbound); cursor_left(&c);) {
        uint64_t part = cursor_varint(&c);
        if (c.failed)
            return;
        owe(a, x->login, part, x->at_ms);
    }
}

/* One fact of a message: its chain must lead to the one before. */
static void
link_up(struct audit *a, uint64_t message, uint64_t pos, uint64_t prev,
        unsigned state)
{
    uint64_t before = 0;
    bool known = map_get(&a->last, message, &before);
    if (prev >= a->oldest && prev != 0 && (!known || prev != before))
        fault(a,
              "message %llu: fact at %llu names %llu as the one before, "
              "the log has %llu",
              (unsigned long long)message, (unsigned long long)pos,
              (unsigned long long)prev, (unsigned long long)before);
    map_put(&a->last, message, pos);
    map_put(&a->state, message, state + 1u);
}

static void
talk_about(struct audit *a, uint64_t subscriber, uint64_t pos, uint64_t at_ms)
{
    if (at_ms + a->retention_ms >= a->newest_ms)
        map_put(&a->talks, flow_talk_key(subscriber), pos);
}

static void
on_sent(struct audit *a, uint64_t pos, const struct fact_sent *x)
{
    uint64_t now = 0;
    map_get(&a->state, x->message, &now);
    bool keep = x->part > 0 && now &&
                (state_is_final((enum message_state_kind)(now - 1)) ||
                 now - 1 == MSG_UNCERTAIN);
    link_up(a, x->message, pos, x->prev,
            keep ? (unsigned)now - 1 : MSG_SUBMITTED);
    map_put(&a->flights, flight_key(x->message, (unsigned)x->part), 1);
    if (x->part == 0)
        talk_about(a, x->subscriber, pos, x->at_ms);
}

static void
on_answer(struct audit *a, uint64_t pos, const struct fact_answer *x)
{
    char id[256];
    link_up(a, x->message, pos, x->prev, (unsigned)x->state);
    owe(a, x->login, pos, x->at_ms);
    map_take(&a->flights, flight_key(x->message, (unsigned)x->part), NULL);
    /* Older ids have been let go of (sweep.c). */
    if (!x->smsc_id.n || x->at_ms + FLOW_IDS_KEPT_MS < a->newest_ms)
        return;
    slice_to_str(x->smsc_id, id, sizeof id);
    map_put(&a->ids, flow_id_key((uint32_t)x->carrier, id),
            x->message << 8 | (x->part & 255));
}

/* The receipt of a part whose answer never came names its id first. */
static void
on_receipt_id(struct audit *a, const struct fact_receipt *x)
{
    char id[256];
    uint64_t known;
    slice_to_str(x->smsc_id, id, sizeof id);
    uint64_t key = flow_id_key((uint32_t)x->carrier, id);
    if (x->smsc_id.n && x->at_ms + FLOW_IDS_KEPT_MS >= a->newest_ms &&
        !map_get(&a->ids, key, &known))
        map_put(&a->ids, key, x->message << 8 | (x->part & 255));
}

static void
on_receipt(struct audit *a, uint64_t pos, const struct fact_receipt *x)
{
    if (x->message == 0)
        return;
    link_up(a, x->message, pos, x->prev, (unsigned)x->state);
    owe(a, x->login, pos, x->at_ms);
    on_receipt_id(a, x);
    if (x->final)
        map_take(&a->flights, flight_key(x->message, (unsigned)x->part), NULL);
}

static void
see(struct audit *a, uint64_t pos, struct slice fact)
{
    union {
        struct fact_accept accept;
        struct fact_sent sent;
        struct fact_answer answer;
        struct fact_receipt receipt;
        struct fact_lost lost;
        struct fact_state state;
        struct fact_reply reply;
        struct fact_reassign reassign;
        struct fact_outbox outbox;
    } u;
    switch (fact_kind(fact)) {
    case FACT_ACCEPT:
        if (fact_accept_get(fact, &u.accept)) {
            link_up(a, u.accept.message, pos, 0,
                    u.accept.send_at_ms ? MSG_ACCEPTED : MSG_QUEUED);
            if (u.accept.looked != LOOKED_LATER)
                talk_about(a, u.accept.subscriber, pos, u.accept.at_ms);
            return;
        }
        break;
    case FACT_SENT:
        if (fact_sent_get(fact, &u.sent)) {
            on_sent(a, pos, &u.sent);
            return;
        }
        break;
    case FACT_ANSWER:
        if (fact_answer_get(fact, &u.answer)) {
            on_answer(a, pos, &u.answer);
            return;
        }
        break;
    case FACT_RECEIPT:
        if (fact_receipt_get(fact, &u.receipt)) {
            on_receipt(a, pos, &u.receipt);
            return;
        }
        break;
    case FACT_LOST:
        if (fact_lost_get(fact, &u.lost)) {
            link_up(a, u.lost.message, pos, u.lost.prev,
                    (unsigned)u.lost.state);
            map_take(&a->flights,
                     flight_key(u.lost.message, (unsigned)u.lost.part), NULL);
            return;
        }
        break;
    case FACT_STATE:
        if (fact_state_get(fact, &u.state)) {
            link_up(a, u.state.message, pos, u.state.prev,
                    (unsigned)u.state.state);
            owe(a, u.state.login, pos, u.state.at_ms);
            return;
        }
        break;
    case FACT_REPLY:
        if (fact_reply_get(fact, &u.reply)) {
            link_up(a, u.reply.message, pos, 0, MSG_RECEIVED);
            talk_about(a, u.reply.subscriber, pos, u.reply.at_ms);
            owe_reply(a, &u.reply);
            return;
        }
        break;
    case FACT_REASSIGN:
        if (fact_reassign_get(fact, &u.reassign)) {
            link_up(a, u.reassign.message, pos, u.reassign.prev, MSG_RECEIVED);
            return;
        }
        break;
    case FACT_OUTBOX:
        if (fact_outbox_get(fact, &u.outbox)) {
            map_put(&a->heads, u.outbox.login, u.outbox.head);
            return;
        }
        break;
    default:
        if (strcmp(fact_name(fact_kind(fact)), "unknown") == 0)
            break;
        return;
    }
    fault(a, "fact at %llu: kind %u cannot be read", (unsigned long long)pos,
          fact_kind(fact));
}

static uint64_t
newest_ms(struct flow *f)
{
    uint64_t pos = journal_end(&f->journal), wall = 0;
    struct slice fact;
    /* The end of the log is at most one block away from its last one. */
    pos = pos > STORE_BLOCK_MAX ? pos - STORE_BLOCK_MAX : 0;
    while (store_next(f->journal.reader, &pos, &fact, &wall) == STORE_OK)
        pos += fact.n;
    journal_rest(&f->journal);
    return wall;
}

static void
walk(struct audit *a, struct flow *f)
{
    uint64_t pos = store_oldest(f->store), wall;
    struct slice fact;
    enum store_result r;
    a->oldest = pos;
    a->newest_ms = newest_ms(f);
    while ((r = store_next(f->journal.reader, &pos, &fact, &wall)) ==
           STORE_OK) {
        see(a, pos, fact);
        pos += fact.n;
        if (++a->facts % 65536 == 0)
            journal_rest(&f->journal);
    }
    if (r != STORE_NOT_FOUND)
        fault(a, "the log cannot be read at %llu", (unsigned long long)pos);
    journal_rest(&f->journal);
}

/* ---- comparing
 * ----------------------------------------------------------------- */

static void
compare_words(struct audit *a, struct flow *f)
{
    uint64_t message, pos, state = 0;
    for (size_t i = 0; map_next(&a->last, &i, &message, &pos);) {
        uint64_t word = book_word(f, message);
        map_get(&a->state, message, &state);
        if (word_pos(word) != pos || (uint64_t)word_state(word) + 1 != state)
            fault(a, "message %llu: word says %s at %llu, the log %s at %llu",
                  (unsigned long long)message, state_name(word_state(word)),
                  (unsigned long long)word_pos(word),
                  state_name((enum message_state_kind)(state - 1)),
                  (unsigned long long)pos);
    }
}

static void
compare_index(struct audit *a, struct flow *f, const struct map *log,
              struct store_index *index, const char *name)
{
    uint64_t key, want, got = 0;
    for (size_t i = 0; map_next(log, &i, &key, &want);) {
        if (!store_index_get(index, key, &got))
            fault(a, "index %s: key %016llx is missing, the log has %llu", name,
                  (unsigned long long)key, (unsigned long long)want);
        else if (got != want)
            fault(a, "index %s: key %016llx leads to %llu, the log to %llu",
                  name, (unsigned long long)key, (unsigned long long)got,
                  (unsigned long long)want);
    }
    journal_rest(&f->journal);
}

static void
compare_flights(struct audit *a, struct flow *f)
{
    uint64_t key, v;
    for (size_t i = 0; map_next(&a->flights, &i, &key, &v);)
        if (!map_get(&f->flights, key, &v))
            fault(a, "message %llu part %u is in flight by the log alone",
                  (unsigned long long)(key >> 8), (unsigned)(key & 255));
    for (size_t i = 0; map_next(&f->flights, &i, &key, &v);)
        if (!map_get(&a->flights, key, &(uint64_t){0}))
            fault(a, "message %llu part %u is in flight, not by the log",
                  (unsigned long long)(key >> 8), (unsigned)(key & 255));
}

static void
compare_campaign(struct audit *a, struct flow *f, const struct campaign *c)
{
    uint64_t count[MSG_KIND_N] = {0};
    if (c->upload)
        return; /* open: it will be given up at the next start */
    for (uint32_t i = 0; i < c->chunks; i++)
        for (uint32_t k = 0; k < c->chunk[i].rows; k++)
            count[word_state(book_word(f, c->chunk[i].message + k))]++;
    for (int s = 0; s < MSG_KIND_N; s++)
        if (count[s] != c->count[s])
            fault(a,
                  "campaign %llu: %llu rows %s by the words, %llu by its "
                  "counts",
                  (unsigned long long)c->id, (unsigned long long)count[s],
                  s == MSG_NONE ? "not reached" : state_name(s),
                  (unsigned long long)c->count[s]);
}

/* Index runs are let go of a day after what they lead to was given up. */
enum { OWED_LEAST_MS = 86400000 };

/* Entry n of a login must lead to the fact that was owed as its n-th. */
static void
compare_debt(struct audit *a, struct flow *f, const struct debt *x, uint64_t n)
{
    uint64_t got = 0;
    if (!store_index_get(f->owed, outbox_key(x->login, n), &got)) {
        if (x->at_ms + OWED_LEAST_MS >= a->newest_ms)
            fault(a, "outbox of login %u: no entry %llu, the log has %llu",
                  x->login, (unsigned long long)n, (unsigned long long)x->pos);
    } else if (got != x->pos) {
        fault(a,
              "outbox of login %u: entry %llu leads to %llu, the log to %llu",
              x->login, (unsigned long long)n, (unsigned long long)got,
              (unsigned long long)x->pos);
    }
}

/* What clients are still owed. The last that the log owes a login is the last
 * of its list, so numbers are counted from there. */
static void
compare_outboxes(struct audit *a, struct flow *f)
{
    struct map left = {0}; /* login -> facts of the log from here on */
    uint64_t n, login, head;
    for (size_t i = 0; i < a->debt_n; i++) {
        n = 0;
        map_get(&left, a->debts[i].login, &n);
        map_put(&left, a->debts[i].login, n + 1);
    }
    for (uint32_t i = 0; i < f->outboxes.rows; i++) {
        const struct outbox *b = f->outboxes.row[i];
        if (!b)
            continue;
        n = 0;
        map_get(&left, i, &n);
        if (b->head < b->tail && b->tail - b->head > n)
            fault(a, "outbox of login %u: %llu entries, the log owes %llu", i,
                  (unsigned long long)(b->tail - b->head),
                  (unsigned long long)n);
    }
    for (size_t i = 0; map_next(&a->heads, &i, &login, &head);) {
        const struct outbox *b =
            login < f->outboxes.rows ? f->outboxes.row[login] : NULL;
        if (!b || b->head != head)
            fault(a, "outbox of login %llu begins at %llu, by the log at %llu",
                  (unsigned long long)login,
                  (unsigned long long)(b ? b->head : 0),
                  (unsigned long long)head);
    }
    for (size_t i = 0; i < a->debt_n; i++) {
        const struct debt *x = &a->debts[i];
        const struct outbox *b =
            x->login < f->outboxes.rows ? f->outboxes.row[x->login] : NULL;
        map_take(&left, x->login, &n);
        if (n > 1)
            map_put(&left, x->login, n - 1);
        if (!b || n >= b->tail)
            fault(a, "the fact at %llu is owed to login %u, in no outbox",
                  (unsigned long long)x->pos, x->login);
        else if (b->tail - n >= b->head)
            compare_debt(a, f, x, b->tail - n);
    }
    map_fini(&left);
    journal_rest(&f->journal);
}

static void
tell(void *arg, const char *line)
{
    fault(arg, "%s", line);
}

unsigned
audit_run(struct store *store, uint64_t retention_s, FILE *out)
{
    struct audit a = {.out = out, .retention_ms = retention_s * 1000};
    char why[STORE_WHY_BYTES] = "";
    static const struct flow_settings settings = {.retry_attempts = 5};
    store_audit(store, tell, &a);
    struct flow *f = flow_open(NULL, store, &settings, why);
    if (!f) {
        fault(&a, "the store cannot be replayed: %s", why);
        return a.faults;
    }
    walk(&a, f);
    compare_words(&a, f);
    compare_index(&a, f, &a.ids, f->ids, "ids");
    compare_index(&a, f, &a.talks, f->talks, "talks");
    compare_flights(&a, f);
    compare_outboxes(&a, f);
    for (size_t i = 0; i < f->campaigns.rows; i++)
        compare_campaign(&a, f, f->campaigns.row[i]);
    fprintf(out,
            "%llu facts, %zu messages, %zu carrier ids, %zu subscribers, "
            "%zu parts in flight, %zu words owed to clients: %u faults\n",
            (unsigned long long)a.facts, a.last.used, a.ids.used, a.talks.used,
            a.flights.used, a.debt_n, a.faults);
    flow_destroy(f);
    map_fini(&a.last);
    map_fini(&a.state);
    map_fini(&a.ids);
    map_fini(&a.talks);
    map_fini(&a.flights);
    map_fini(&a.heads);
    free(a.debts);
    return a.faults;
}
