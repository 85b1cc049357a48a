/*
 * script.c - lines become steps, steps are run, promises checked after each.
 *
 * Promise: as in script.h. After every step: counts of campaigns add up, and
 * a copy of the store, replayed, gives the same RAM and a clean audit.
 */
#include "tests/scenario/script.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/scenario/drain.h"
#include "tests/scenario/fake_carrier.h"
#include "tests/scenario/steps_client.h"
#include "tests/scenario/world.h"

static struct {
    char name[32];
    uint64_t number;
} names[NAMES_MAX];
static unsigned name_count;

/* ---- words ----------------------------------------------------------------
 */

static bool
split(struct step *s)
{
    char *p = s->text;
    s->words = 0;
    for (;;) {
        while (isspace((unsigned char)*p))
            p++;
        if (!*p || *p == '#')
            return s->words > 0;
        if (s->words == WORDS_MAX)
            world_fail("too many words");
        bool quoted = *p == '"';
        s->word[s->words++] = p += quoted;
        while (*p && (quoted ? *p != '"' : !isspace((unsigned char)*p)))
            p++;
        if (quoted && !*p)
            world_fail("a text has no end");
        if (*p)
            *p++ = 0;
    }
}

const char *
step_word(const struct step *s, unsigned i)
{
    if (i >= s->words)
        world_fail("%s: a word is missing", s->word[0]);
    return s->word[i];
}

const char *
step_value(const struct step *s, const char *key)
{
    for (unsigned i = 1; i + 1 < s->words; i++)
        if (strcmp(s->word[i], key) == 0)
            return s->word[i + 1];
    return NULL;
}

bool
step_has(const struct step *s, const char *word)
{
    for (unsigned i = 1; i < s->words; i++)
        if (strcmp(s->word[i], word) == 0)
            return true;
    return false;
}

uint64_t
step_number(const struct step *s, const char *key, uint64_t otherwise)
{
    const char *v = step_value(s, key);
    char *end;
    if (!v)
        return otherwise;
    uint64_t n = strtoull(v, &end, 0);
    if (*end || end == v)
        world_fail("%s %s is no number", key, v);
    return n;
}

uint64_t
step_duration(const char *text)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {
        {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    char *end;
    uint64_t n = strtoull(text, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (end != text && strcmp(end, units[i].unit) == 0)
            return n * units[i].ms;
    world_fail("%s is no duration", text);
}

/* ---- names ----------------------------------------------------------------
 */

void
script_name(const char *name, uint64_t number)
{
    for (unsigned i = 0; i < name_count; i++)
        if (strcmp(names[i].name, name) == 0) {
            names[i].number = number;
            return;
        }
    if (name_count == NAMES_MAX)
        world_fail("too many names");
    snprintf(names[name_count].name, sizeof names[0].name, "%s", name);
    names[name_count++].number = number;
}

uint64_t
script_find(const char *name)
{
    for (unsigned i = 0; i < name_count; i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].number;
    return 0;
}

/* Rows count from 1, as people count lines. */
static uint64_t
row_of(const char *campaign, unsigned row)
{
    const struct campaign *c = campaign_find(world.flow, script_find(campaign));
    if (!c)
        world_fail("%s is no campaign", campaign);
    for (uint32_t i = 0; i < c->chunks; i++) {
        const struct chunk *k = &c->chunk[i];
        if (row > k->row && row - 1 - k->row < k->rows)
            return k->message + (row - 1 - k->row);
    }
    world_fail("%s has no row %u", campaign, row);
}

uint64_t
script_message(const char *ref, unsigned *part)
{
    char name[64];
    snprintf(name, sizeof name, "%s", ref);
    char *slash = strchr(name, '/'), *dot = strchr(name, '.');
    if (part)
        *part = slash ? (unsigned)atoi(slash + 1) - 1 : 0;
    if (slash)
        *slash = 0;
    if (dot) {
        *dot = 0;
        return row_of(name, (unsigned)atoi(dot + 1));
    }
    uint64_t n = script_find(name);
    if (!n)
        world_fail("%s is no message", ref);
    return n;
}

uint32_t
script_account(const char *name)
{
    const struct account *a =
        directory_find_account(&world.flow->directory, slice_str(name));
    if (!a)
        world_fail("%s is no account", name);
    return a->id;
}

static const struct sender *
find_sender(const char *name)
{
    const struct directory *d = &world.flow->directory;
    for (uint32_t i = 1; i < d->senders.rows; i++) {
        const struct sender *s = directory_sender(d, i);
        if (s && strcmp(s->name, name) == 0)
            return s;
    }
    return NULL;
}

uint32_t
script_sender(const char *name)
{
    const struct sender *s = find_sender(name);
    if (!s)
        world_fail("%s is no sender", name);
    return s->id;
}

struct who
script_who(const char *name)
{
    if (!name)
        world_fail("by is missing: whose key it is");
    if (strcmp(name, "admin") == 0)
        return (struct who){.kind = WHO_ADMIN};
    const struct sender *s = find_sender(name);
    if (s)
        return (struct who){WHO_SENDER, s->account, s->id};
    return (struct who){.kind = WHO_ACCOUNT, .account = script_account(name)};
}

void
script_judge(const struct step *s, enum mail_result result, const char *code,
             const char *detail)
{
    const char *wish = step_value(s, "refused");
    if (step_has(s, "maybe"))
        return; /* either will do */
    bool refused = result != MAIL_OK;
    const char *is = code ? code : result == MAIL_NOT_FOUND ? "not_found" : "";
    if (!wish && refused)
        world_fail("refused: %s (%s)", is, detail);
    if (wish && !refused)
        world_fail("not refused, %s was expected", wish);
    if (wish && strcmp(wish, is) != 0)
        world_fail("refused with %s (%s), %s was expected", is, detail, wish);
}

/* ---- running --------------------------------------------------------------
 */

static const struct step_row *const rooms[] = {
    steps_setup, steps_send,   steps_campaign, steps_carrier, steps_thread,
    steps_time,  steps_client, steps_lookup,   steps_expect,
};

static bool
is_settings(const struct step *s)
{
    return strcmp(s->word[0], "carrier") == 0 ||
           strcmp(s->word[0], "route") == 0 ||
           strcmp(s->word[0], "settings") == 0;
}

static void
run(const struct step *s)
{
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
        for (const struct step_row *r = rooms[i]; r->name; r++)
            if (strcmp(r->name, s->word[0]) == 0) {
                if (!world.flow && !is_settings(s))
                    world_open();
                r->run(s);
                return;
            }
    world_fail("there is no step %s", s->word[0]);
}

static void
check_all(void)
{
    if (!world.flow)
        return;
    world_check_counts();
    world_compare();
}

unsigned
script_run(const char *path, const struct script_way *way)
{
    static struct step s;
    unsigned steps = 0;
    FILE *in = fopen(path, "r");
    name_count = 0;
    snprintf(world_place, sizeof world_place, "%s", path);
    if (!in)
        world_fail("it cannot be opened");
    world_init();
    steps_client_reset();
    for (s.line = 1; fgets(s.text, sizeof s.text, in); s.line++) {
        const char *slash = strrchr(path, '/');
        snprintf(world_place, sizeof world_place, "%s:%u (%s)",
                 slash ? slash + 1 : path, s.line, way->name);
        if (!split(&s))
            continue;
        run(&s);
        steps++;
        if (world.flow && way->checkpoint_each && world_is_settled() &&
            !step_has(&s, "unsettled") && steps % way->checkpoint_each == 0)
            world_checkpoint();
        if (!way->kill_at || way->kill_at == steps)
            check_all();
        if (way->kill_at == steps)
            break;
    }
    fclose(in);
    if (!world.flow)
        world_open();
    if (way->kill_at || way->drain)
        drain_after_kill();
    check_all();
    world_check_ends();
    world_fini();
    return steps;
}
