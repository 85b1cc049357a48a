/*
 * steps_expect.c - what must be so now.
 *
 *   expect submit MESSAGE[/PART] [to P] [from N] [text "..."] [on CARRIER]
 *          [times N] [udhi yes|no] [ref N] [validity TEXT]
 *   expect waiting MESSAGE[/PART]          it has not left
 *   expect left N                          parts since the last time asked
 *   expect sent N from NUMBER              parts since the beginning
 *   expect order MESSAGE...                they left in this order
 *   expect pace NUMBER|CAMPAIGN|all most N [least N] each DURATION
 *   expect state MESSAGE STATE [twice yes|no] [replied yes|no] [reason R]
 *   expect reply NAME to SENDER|nobody [of ACCOUNT|admin] [rule N]
 *          [flags A,B|none] [answers MESSAGE] [text "..."] [number N]
 *   expect no reply                        the last phone made none
 *   expect thread SENDER PHONE [with SENDER] [unread N] [closed yes|no]
 *          [number N] [threads N]
 *   expect unmatched replies|receipts WHO N
 *   expect campaign NAME STATE [COUNT N]...
 *   expect doubts N, expect flights N, expect acks N
 *   expect messages N                      numbers given out so far
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/flow/book.h"
#include "engine/flow/reply.h"
#include "proto/coding.h"
#include "tests/scenario/fake_carrier.h"
#include "tests/scenario/script.h"
#include "tests/scenario/steps_client.h"
#include "tests/scenario/steps_thread.h"
#include "tests/scenario/world.h"

#define LLU(x) ((unsigned long long)(x))

static void
same(const char *what, const char *is, const char *wish)
{
    if (wish && strcmp(is, wish) != 0)
        world_fail("%s is \"%s\", not \"%s\"", what, is, wish);
}

static void
same_number(const struct step *s, const char *key, uint64_t is)
{
    if (step_value(s, key) && step_number(s, key, 0) != is)
        world_fail("%s is %llu, not %s", key, LLU(is), step_value(s, key));
}

static void
same_truth(const struct step *s, const char *key, bool is)
{
    same(key, is ? "yes" : "no", step_value(s, key));
}

/* ---- parts ----------------------------------------------------------------
 */

static const char *
text_of(const struct fake_part *p)
{
    static char room[8192];
    struct coding_options options = {0};
    struct udh udh = {0};
    struct slice octets = slice_of(p->octets, p->used);
    size_t skip =
        (p->esm_class & 0x40) && udh_parse(octets, &udh) ? udh.length : 0;
    struct writer w = writer_of(room, sizeof room - 1);
    octets = slice_of(p->octets + skip, p->used - skip);
    if (coding_to_utf8(p->data_coding, &options, &udh, octets, &w) !=
        CODING_READ)
        world_fail("the text of a part cannot be read");
    room[writer_used(&w)] = 0;
    return room;
}

static const char *
digits(const char *text)
{
    return text && *text == '+' ? text + 1 : text;
}

static unsigned
times_left(uint64_t message, unsigned part)
{
    unsigned n = 0;
    for (unsigned i = 0; i < fake_lefts(); i++) {
        const struct fake_part *p = fake_left(i);
        n += p->ref.message == message && p->ref.part == part;
    }
    return n;
}

static void
expect_submit(const struct step *s)
{
    unsigned part;
    uint64_t message = script_message(step_word(s, 2), &part);
    const struct fake_part *p = fake_find(message, part);
    if (!p || !p->left)
        world_fail("%s has not left", s->word[2]);
    same("to", p->to, digits(step_value(s, "to")));
    same("from", p->from, digits(step_value(s, "from")));
    same("carrier", p->carrier, step_value(s, "on"));
    same("validity", p->validity, step_value(s, "validity"));
    same_truth(s, "udhi", (p->esm_class & 0x40) != 0);
    if (step_value(s, "text"))
        same("text", text_of(p), step_value(s, "text"));
    same_number(s, "times", times_left(message, part));
    if (p->esm_class & 0x40) /* UDH: 5, 0, 3, reference, total, number */
        same_number(s, "ref", p->octets[3]);
}

static void
expect_waiting(const struct step *s)
{
    unsigned part;
    uint64_t message = script_message(step_word(s, 2), &part);
    if (times_left(message, part) > 0)
        world_fail("%s has left", s->word[2]);
}

static void
expect_sent(const struct step *s)
{
    const char *from = digits(step_value(s, "from"));
    unsigned long sent = 0, wish = strtoul(step_word(s, 2), NULL, 10);
    for (unsigned i = 0; i < fake_lefts(); i++)
        sent += strcmp(fake_left(i)->from, from) == 0;
    if (sent != wish)
        world_fail("%lu parts left from %s, not %lu", sent, from, wish);
}

static void
expect_left(const struct step *s)
{
    uint64_t seen = script_find("parts seen");
    unsigned long wish = strtoul(step_word(s, 2), NULL, 10);
    if (fake_lefts() - seen != wish)
        world_fail("%llu parts left, not %lu", LLU(fake_lefts() - seen), wish);
    script_name("parts seen", fake_lefts());
}

static unsigned
place_of(const char *ref)
{
    unsigned part;
    uint64_t message = script_message(ref, &part);
    for (unsigned i = 0; i < fake_lefts(); i++)
        if (fake_left(i)->ref.message == message &&
            fake_left(i)->ref.part == part)
            return i;
    world_fail("%s has not left", ref);
}

static void
expect_order(const struct step *s)
{
    for (unsigned i = 3; i < s->words; i++)
        if (place_of(s->word[i - 1]) >= place_of(s->word[i]))
            world_fail("%s left before %s", s->word[i], s->word[i - 1]);
}

static bool
is_counted(const struct fake_part *p, const char *whose, uint64_t campaign)
{
    if (strcmp(whose, "all") == 0)
        return true;
    if (campaign) {
        const struct campaign *c = campaign_of(world.flow, p->ref.message);
        return c && c->id == campaign;
    }
    return strcmp(p->from, digits(whose)) == 0;
}

/* Every window that begins with a part; half open. */
static void
expect_pace(const struct step *s)
{
    const char *whose = step_word(s, 2);
    uint64_t campaign = script_find(whose);
    uint64_t span = step_duration(step_value(s, "each")) * 1000;
    uint64_t most = step_number(s, "most", UINT64_MAX), top = 0;
    for (unsigned i = 0; i < fake_lefts(); i++) {
        uint64_t n = 0, from = fake_left(i)->left_us;
        if (!is_counted(fake_left(i), whose, campaign))
            continue;
        for (unsigned k = i; k < fake_lefts(); k++)
            n += is_counted(fake_left(k), whose, campaign) &&
                 fake_left(k)->left_us - from < span;
        top = n > top ? n : top;
    }
    if (top > most)
        world_fail("%llu parts of %s in one span", LLU(top), whose);
    if (top < step_number(s, "least", 0))
        world_fail("only %llu parts of %s in any span", LLU(top), whose);
}

/* ---- messages and replies -------------------------------------------------
 */

static void
same_reason(const struct step *s, uint64_t word)
{
    struct slice fact;
    struct fact_state x;
    const char *wish = step_value(s, "reason"), *is = "";
    if (journal_read(&world.flow->journal, word_pos(word), &fact) &&
        fact_state_get(fact, &x))
        is = reason_name((unsigned)x.reason);
    same("reason", is, wish);
}

static void
expect_state(const struct step *s)
{
    uint64_t message = script_message(step_word(s, 2), NULL);
    uint64_t word = book_word(world.flow, message);
    same("state", state_name(word_state(word)), step_word(s, 3));
    same_truth(s, "twice", (word_flags(word) & WORD_TWICE) != 0);
    same_truth(s, "replied", (word_flags(word) & WORD_REPLIED) != 0);
    if (step_value(s, "reason"))
        same_reason(s, word);
}

static const char *
flags_text(unsigned flags)
{
    static const char *const names[] = {"late",       "crossed",
                                        "incomplete", "number_mismatch",
                                        "compliance", "reopened"};
    static char text[128];
    text[0] = 0;
    for (unsigned i = 0; i < 6; i++)
        if (flags & 1u << i) {
            strcat(text, text[0] ? "," : "");
            strcat(text, names[i]);
        }
    return text[0] ? text : "none";
}

static void
same_owner(const struct step *s, const struct fact_reply *r)
{
    const struct directory *d = &world.flow->directory;
    const struct sender *x = directory_sender(d, (uint32_t)r->sender);
    const struct account *a = directory_account(d, (uint32_t)r->account);
    same("the reply's sender", x ? x->name : "nobody", step_value(s, "to"));
    same("the reply's account", a ? a->name : "admin", step_value(s, "of"));
}

static void
expect_reply(const struct step *s)
{
    uint64_t message = script_message(step_word(s, 2), NULL);
    uint64_t word = book_word(world.flow, message);
    struct slice fact;
    struct fact_reply r;
    char text[4096];
    if (word_state(word) != MSG_RECEIVED ||
        !journal_read(&world.flow->journal, word_pos(word), &fact) ||
        !fact_reply_get(fact, &r))
        world_fail("%s is no reply", s->word[2]);
    same_owner(s, &r);
    same_number(s, "rule", r.rule);
    same("flags", flags_text((unsigned)r.flags), step_value(s, "flags"));
    slice_to_str(r.text, text, sizeof text);
    same("text", text, step_value(s, "text"));
    const char *answers = step_value(s, "answers");
    if (answers && strcmp(answers, "none") == 0) {
        if (r.in_reply_to)
            world_fail("it answers message %llu", LLU(r.in_reply_to));
    } else if (answers && r.in_reply_to != script_message(answers, NULL)) {
        world_fail("it answers message %llu, not %s", LLU(r.in_reply_to),
                   answers);
    }
}

static void
expect_no(const struct step *s)
{
    (void)s;
    if (script_find("last reply"))
        world_fail("a reply came of it");
}

static void
expect_thread(const struct step *s)
{
    uint64_t id = thread_named(step_word(s, 2), step_word(s, 3));
    const struct thread *x = thread_find(world.flow, id);
    const struct directory *d = &world.flow->directory;
    const struct sender *with = directory_sender(d, x->assignee);
    const struct number *n = directory_number(d, x->number);
    same("with", with ? with->name : "", step_value(s, "with"));
    same("number", n ? n->text : "", step_value(s, "number"));
    same_number(s, "unread", x->unread);
    same_truth(s, "closed", x->closed);
    same_truth(s, "waiting", x->waiting_ms != 0);
}

static void
expect_unmatched(const struct step *s)
{
    struct mail *m = mail_create(MAIL_UNMATCHED, script_who(step_word(s, 3)));
    m->unmatched.receipts = strcmp(s->word[2], "receipts") == 0;
    world_mail(m);
    unsigned is = m->unmatched.count;
    mail_free(m);
    if (is != strtoul(step_word(s, 4), NULL, 10))
        world_fail("%u are unmatched", is);
}

/* ---- campaigns and counters -----------------------------------------------
 */

static void
expect_campaign(const struct step *s)
{
    struct campaign *c =
        campaign_find(world.flow, script_find(step_word(s, 2)));
    struct campaign_view v;
    if (!c)
        world_fail("%s is no campaign", s->word[2]);
    campaign_look(world.flow, c, &v);
    same("state", v.state, step_word(s, 3));
    const struct {
        const char *name;
        uint64_t is;
    } counts[] = {
        {"recipients", v.counts.recipients}, {"rejected", v.counts.rejected},
        {"queued", v.counts.queued},         {"held", v.counts.held},
        {"submitted", v.counts.submitted},   {"delivered", v.counts.delivered},
        {"failed", v.counts.failed},         {"expired", v.counts.expired},
        {"suppressed", v.counts.suppressed}, {"cancelled", v.counts.cancelled},
        {"unknown", v.counts.unknown},       {"uncertain", v.counts.uncertain},
        {"replies", v.counts.replies},
    };
    for (unsigned w = 4; w + 1 < s->words; w += 2) {
        size_t i = 0;
        while (strcmp(counts[i].name, s->word[w]) != 0)
            if (++i == sizeof counts / sizeof *counts)
                world_fail("there is no count %s", s->word[w]);
        if (counts[i].is != strtoull(s->word[w + 1], NULL, 10))
            world_fail("%s are %llu, not %s", s->word[w], LLU(counts[i].is),
                       s->word[w + 1]);
    }
}

static void
expect_figure(const struct step *s)
{
    uint64_t wish = strtoull(step_word(s, 2), NULL, 10);
    const struct {
        const char *name;
        uint64_t is;
    } figures[] = {
        {"doubts", world.flow->doubts},
        {"flights", world.flow->flights.used},
        {"acks", fake_acks()},
        {"messages", world.flow->next_message - 1},
    };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (strcmp(s->word[1], figures[i].name) == 0 && figures[i].is != wish)
            world_fail("%s: %llu, not %llu", s->word[1], LLU(figures[i].is),
                       LLU(wish));
}

static const struct step_row expectations[] = {
    {"submit", expect_submit},
    {"waiting", expect_waiting},
    {"left", expect_left},
    {"sent", expect_sent},
    {"order", expect_order},
    {"pace", expect_pace},
    {"state", expect_state},
    {"reply", expect_reply},
    {"no", expect_no},
    {"thread", expect_thread},
    {"unmatched", expect_unmatched},
    {"campaign", expect_campaign},
    {"doubts", expect_figure},
    {"flights", expect_figure},
    {"acks", expect_figure},
    {"messages", expect_figure},
    {"told", expect_told},
    {"heard", expect_heard},
    {"owed", expect_owed},
    {NULL, NULL},
};

static void
on_expect(const struct step *s)
{
    const char *what = step_word(s, 1);
    for (const struct step_row *r = expectations; r->name; r++)
        if (strcmp(r->name, what) == 0) {
            r->run(s);
            journal_rest(&world.flow->journal);
            return;
        }
    world_fail("nothing is known of %s", what);
}

const struct step_row steps_expect[] = {{"expect", on_expect}, {NULL, NULL}};
