/*
 * script.c - reading and matching of rules; see script.h.
 *
 * Each verb is a function that takes the words behind it; what may stand in
 * any order is read by one table of clauses.
 */
#include "bench/smsc/script.h"

#include "bench/smsc/args.h"
#include "bench/smsc/script_line.h"
#include "proto/receipt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Clauses that may follow in any order; each verb says which ones. */
enum {
    CLAUSE_AFTER = 1,
    CLAUSE_BEFORE = 2,
    CLAUSE_PARTS = 4,
    CLAUSE_TIMES = 8,
    CLAUSE_TEXT = 16,
    CLAUSE_AT = 32,
    CLAUSE_SPAN = 64,
    CLAUSE_SAYING = 128,
    CLAUSE_RECEIPT = 256, /* err, twice, other bind */
    CLAUSE_POLITELY = 512,
};

static bool
take_clause(struct line *l, struct rule *r, unsigned allowed)
{
    if (allowed & CLAUSE_AFTER && line_accept(l, "after"))
        return r->has_after = true, line_duration(l, &r->after_ms);
    if (allowed & CLAUSE_BEFORE && line_accept(l, "before"))
        return r->before_answer = true, line_expect(l, "answer");
    if (allowed & CLAUSE_PARTS && line_accept(l, "parts"))
        return line_parts(l, r->part, &r->parts);
    if (allowed & CLAUSE_TIMES && line_accept(l, "times"))
        return line_count(l, &r->times);
    if (allowed & CLAUSE_SAYING && line_accept(l, "saying"))
        return line_text(l, &r->saying);
    if (allowed & CLAUSE_AT && line_accept(l, "at"))
        return line_duration(l, &r->from_ms);
    if (allowed & CLAUSE_SPAN && line_accept(l, "from"))
        return line_duration(l, &r->from_ms);
    if (allowed & CLAUSE_SPAN && line_accept(l, "to"))
        return line_duration(l, &r->to_ms);
    if (allowed & CLAUSE_RECEIPT && line_accept(l, "err"))
        return line_err(l, r->err);
    if (allowed & CLAUSE_RECEIPT && line_accept(l, "twice"))
        return r->twice = true;
    if (allowed & CLAUSE_RECEIPT && line_accept(l, "other"))
        return r->other_bind = true, line_expect(l, "bind");
    if (allowed & CLAUSE_POLITELY && line_accept(l, "politely"))
        return r->politely = true;
    if (allowed & CLAUSE_TEXT && l->quoted[l->at])
        return line_text(l, &r->text);
    return line_fail(l, "did not expect", line_peek(l));
}

static bool
take_clauses(struct line *l, struct rule *r, unsigned allowed)
{
    while (line_peek(l))
        if (!take_clause(l, r, allowed))
            return false;
    if (allowed & CLAUSE_TEXT && !r->text)
        return line_fail(l, "a text in double quotes is missing", NULL);
    if (allowed & CLAUSE_SPAN && r->to_ms <= r->from_ms)
        return line_fail(l, "the span needs 'from A to B' with A before B",
                         NULL);
    return true;
}

static bool
read_reply(struct line *l, struct rule *r)
{
    return line_expect(l, "to") && line_pattern(l, r->dest, true) &&
           take_clauses(l, r,
                        CLAUSE_AFTER | CLAUSE_BEFORE | CLAUSE_PARTS |
                            CLAUSE_TIMES | CLAUSE_TEXT | CLAUSE_SAYING);
}

static bool
read_refuse(struct line *l, struct rule *r)
{
    if (!line_expect(l, "dest") || !line_pattern(l, r->dest, true))
        return false;
    const char *p = line_next(l);
    char *end = NULL;
    if (p && !smpp_status_by_name(p, &r->status)) {
        r->status = (uint32_t)strtoul(p, &end, 0);
        if (end == p || *end || r->status == 0)
            p = NULL;
    }
    if (!p)
        return line_fail(
            l, "expected a status like 0x0000000B or ESME_RINVDSTADR", NULL);
    return take_clauses(l, r, CLAUSE_TIMES);
}

static bool
read_receipt(struct line *l, struct rule *r)
{
    if (!line_expect(l, "dest") || !line_pattern(l, r->dest, true))
        return false;
    const char *p = line_next(l);
    bool none = p && strcmp(p, "none") == 0;
    r->state = p && !none ? receipt_state_of_word(slice_str(p), NULL) : -1;
    if (!p || (r->state < 0 && !none) || strlen(p) >= sizeof r->stat)
        return line_fail(
            l, "expected a state like DELIVRD or EXPIRED, or none, got",
            p ? p : "the end of the line");
    memcpy(r->stat, p, strlen(p) + 1);
    memcpy(r->err, r->state == STATE_DELIVERED ? "000" : "001", 4);
    return take_clauses(
        l, r, CLAUSE_AFTER | CLAUSE_BEFORE | CLAUSE_TIMES | CLAUSE_RECEIPT);
}

static bool
read_answer(struct line *l, struct rule *r)
{
    if (!line_expect(l, "dest") || !line_pattern(l, r->dest, true))
        return false;
    r->never = line_accept(l, "never");
    if (!take_clauses(l, r, CLAUSE_AFTER | CLAUSE_TIMES))
        return false;
    if (r->never == r->has_after)
        return line_fail(l, "expected either 'never' or 'after TIME'", NULL);
    return true;
}

static bool
read_send(struct line *l, struct rule *r)
{
    return line_expect(l, "from") && line_pattern(l, r->source, false) &&
           line_expect(l, "to") && line_pattern(l, r->dest, false) &&
           take_clauses(l, r, CLAUSE_TEXT | CLAUSE_AT | CLAUSE_PARTS);
}

static bool
read_drop(struct line *l, struct rule *r)
{
    if (!line_accept(l, "all") &&
        (!line_expect(l, "bind") || !line_count(l, &r->count)))
        return false;
    return take_clauses(l, r, CLAUSE_AT | CLAUSE_POLITELY);
}

static bool
read_throttle(struct line *l, struct rule *r)
{
    const char *p = line_next(l);
    char digits[16] = "";
    size_t n = p ? strcspn(p, "/") : 0;
    if (n < sizeof digits && p && strcmp(p + n, "/s") == 0)
        memcpy(digits, p, n);
    if (!args_number(digits, 1, 10000000, &r->count))
        return line_fail(l, "expected a rate like 100/s, got",
                         p ? p : "the end of the line");
    return take_clauses(l, r, CLAUSE_SPAN);
}

static bool
read_stall(struct line *l, struct rule *r)
{
    return take_clauses(l, r, CLAUSE_SPAN);
}

static const struct {
    const char *name;
    bool (*read)(struct line *, struct rule *);
} verbs[] = {
    [RULE_REPLY] = {"reply", read_reply},
    [RULE_REFUSE] = {"refuse", read_refuse},
    [RULE_RECEIPT] = {"receipt", read_receipt},
    [RULE_ANSWER] = {"answer", read_answer},
    [RULE_SEND] = {"send", read_send},
    [RULE_DROP] = {"drop", read_drop},
    [RULE_THROTTLE] = {"throttle", read_throttle},
    [RULE_STALL] = {"stall", read_stall},
};

static void
rule_free(struct rule *r)
{
    free(r->saying);
    free(r->text);
    free(r);
}

static bool
add_rule(struct script *s, struct line *l, enum rule_verb verb,
         unsigned line_number)
{
    struct rule *r = calloc(1, sizeof *r);
    if (!r)
        return line_fail(l, "out of memory", NULL);
    r->verb = verb;
    r->line = line_number;
    r->times = UINT64_MAX;
    if (!verbs[verb].read(l, r)) {
        rule_free(r);
        return false;
    }
    struct rule **at = &s->first;
    while (*at)
        at = &(*at)->next;
    *at = r;
    return true;
}

bool
script_add(struct script *s, unsigned line_number, const char *line,
           char why[SCRIPT_WHY_BYTES])
{
    struct line l = {.why = why};
    if (!line_cut(&l, line))
        return false;
    if (l.words == 0)
        return true;
    if (line_accept(&l, "clock")) {
        s->from_start = line_accept(&l, "start");
        if (!s->from_start && !line_accept(&l, "bind"))
            return line_fail(&l, "clock wants 'start' or 'bind'", NULL);
        return !line_peek(&l) || line_fail(&l, "did not expect", line_peek(&l));
    }
    for (unsigned v = 0; v < sizeof verbs / sizeof *verbs; v++)
        if (line_accept(&l, verbs[v].name))
            return add_rule(s, &l, (enum rule_verb)v, line_number);
    return line_fail(&l,
                     "expected reply, refuse, receipt, answer, send, drop, "
                     "throttle, stall or clock, got",
                     line_peek(&l));
}

bool
script_read(struct script *out, const char *path, char why[SCRIPT_WHY_BYTES])
{
    *out = (struct script){0};
    FILE *f = fopen(path, "re");
    if (!f) {
        snprintf(why, SCRIPT_WHY_BYTES, "%.120s: %s", path, strerror(errno));
        return false;
    }
    char *line = NULL;
    size_t cap = 0;
    unsigned number = 0;
    bool good = true;
    char sentence[SCRIPT_WHY_BYTES] = "";
    while (good && getline(&line, &cap, f) >= 0)
        good = script_add(out, ++number, line, sentence);
    if (!good) {
        snprintf(why, SCRIPT_WHY_BYTES, "%.80s:%u: %.140s", path, number,
                 sentence);
        script_fini(out);
    }
    free(line);
    fclose(f);
    return good;
}

void
script_fini(struct script *s)
{
    while (s->first) {
        struct rule *r = s->first;
        s->first = r->next;
        rule_free(r);
    }
}

bool
script_pattern_fits(const char *pattern, struct slice digits)
{
    const char *p = pattern;
    const char *star = NULL;
    size_t at = digits.n && digits.p[0] == '+';
    size_t retry = 0;
    while (at < digits.n) {
        if (*p == '*') {
            star = ++p;
            retry = at;
        } else if (*p && *p == (char)digits.p[at]) {
            p++;
            at++;
        } else if (star) {
            p = star;
            at = ++retry;
        } else {
            return false;
        }
    }
    while (*p == '*')
        p++;
    return *p == '\0';
}

struct rule *
script_match(struct script *s, enum rule_verb verb, struct slice dest,
             struct slice utf8)
{
    for (struct rule *r = s->first; r; r = r->next) {
        if (r->verb != verb || r->times == 0 ||
            !script_pattern_fits(r->dest, dest))
            continue;
        if (r->saying && !memmem(utf8.p, utf8.n, r->saying, strlen(r->saying)))
            continue;
        if (r->times != UINT64_MAX)
            r->times--;
        return r;
    }
    return NULL;
}

bool
script_has(const struct script *s, enum rule_verb verb)
{
    for (const struct rule *r = s->first; r; r = r->next)
        if (r->verb == verb)
            return true;
    return false;
}

bool
script_wants_text(const struct script *s)
{
    for (const struct rule *r = s->first; r; r = r->next)
        if (r->saying)
            return true;
    return false;
}

struct rule *
script_in_force(struct script *s, enum rule_verb verb, uint64_t at_ms)
{
    for (struct rule *r = s->first; r; r = r->next)
        if (r->verb == verb && at_ms >= r->from_ms && at_ms < r->to_ms)
            return r;
    return NULL;
}
