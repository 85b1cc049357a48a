/*
 * compare.c - a copy of the store is replayed and audited; what must always
 * hold is asked.
 *
 * Promise: as in world.h.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/flow/audit.h"
#include "tests/scenario/world.h"

/* ---- a copy, replayed -----------------------------------------------------
 */

static char copy_dir[80];

static void
copy_file(const char *from, const char *to)
{
    char octets[65536];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0600);
    ssize_t n;
    if (in < 0 || out < 0)
        world_fail("%s cannot be copied", from);
    while ((n = read(in, octets, sizeof octets)) > 0)
        if (write(out, octets, (size_t)n) != n)
            world_fail("%s cannot be written", to);
    close(in);
    close(out);
}

static int
copy_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    char to[4096];
    (void)st, (void)at;
    snprintf(to, sizeof to, "%s%s", copy_dir, path + strlen(world.dir));
    if (type == FTW_D)
        return mkdir(to, 0700);
    if (!strstr(path, "lock.mdb"))
        copy_file(path, to);
    return 0;
}

/* The log, for the person who reads the failure. */
void
world_print_log(void)
{
    uint64_t pos = store_oldest(world.store);
    struct slice fact;
    char line[512];
    struct store_reader *r = world.flow->journal.reader;
    for (; store_next(r, &pos, &fact, NULL) == STORE_OK; pos += fact.n) {
        fact_print(fact, line, sizeof line);
        fprintf(stderr, "%llu %s\n", (unsigned long long)pos, line);
    }
}

/* The first line in which they differ. */
static void
differ(const char *before, const char *after)
{
    while (*before && *after) {
        size_t a = strcspn(before, "\n"), b = strcspn(after, "\n");
        if (a != b || memcmp(before, after, a) != 0) {
            world_print_log();
            world_fail("RAM after replay differs from RAM before:\n"
                       "  before: %.*s\n  after:  %.*s",
                       (int)a, before, (int)b, after);
        }
        before += a + (before[a] != 0);
        after += b + (after[b] != 0);
    }
    if (*before || *after)
        world_fail("RAM after replay differs from RAM before:\n"
                   "  before: %.200s\n  after:  %.200s",
                   *before ? before : "(nothing)",
                   *after ? after : "(nothing)");
}

static void
audit_copy(struct store *s)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    unsigned faults = audit_run(s, 90 * 86400, out);
    fclose(out);
    if (faults)
        world_fail("the audit of a copy finds:\n%s", text);
    free(text);
}

void
world_compare(void)
{
    char why[STORE_WHY_BYTES] = "";
    uint64_t end = journal_end(&world.flow->journal);
    if (end == world.compared_end || !world_is_settled())
        return;
    world.compared_end = end;
    world.compared++;
    snprintf(copy_dir, sizeof copy_dir, "%s.copy", world.dir);
    if (nftw(world.dir, copy_one, 16, FTW_PHYS) != 0)
        world_fail("the store cannot be copied");
    struct store_settings s = {.dir = copy_dir, .read_only = true};
    struct store *store;
    if (store_open(&s, clock_wall().ms, &store, why) != STORE_OK)
        world_fail("the copy cannot be opened: %s", why);
    audit_copy(store);
    struct flow *f = flow_open(world.loop, store, &world.settings, why);
    if (!f)
        world_fail("the copy cannot be replayed: %s", why);
    f->now = clock_mono();
    f->wall = clock_wall();
    char *before = world_dump(world.flow), *after = world_dump(f);
    differ(before, after);
    free(before);
    free(after);
    flow_destroy(f);
    store_close(store);
    world_remove_tree(copy_dir);
}

/* ---- what must always hold ------------------------------------------------
 */

void
world_check_counts(void)
{
    struct flow *f = world.flow;
    for (size_t i = 0; i < f->campaigns.rows; i++) {
        struct campaign_view v;
        if (f->campaigns.row[i]->upload)
            continue; /* it has no counts of its own yet */
        campaign_look(f, f->campaigns.row[i], &v);
        const struct campaign_counts *n = &v.counts;
        uint64_t sum = n->rejected + n->queued + n->held + n->submitted +
                       n->delivered + n->failed + n->expired + n->suppressed +
                       n->cancelled + n->unknown + n->uncertain;
        if (sum != n->recipients)
            world_fail("campaign %s: its counts are %llu, its recipients %llu",
                       v.name, (unsigned long long)sum,
                       (unsigned long long)n->recipients);
    }
}

struct ends {
    struct map state, ended;
};

static void
see_end(struct ends *e, uint64_t message, uint64_t state)
{
    uint64_t was = MSG_NONE + 1, times = 0;
    map_get(&e->state, message, &was);
    map_put(&e->state, message, state + 1);
    enum message_state_kind before = (enum message_state_kind)(was - 1),
                            now = (enum message_state_kind)state;
    if (before == now || !state_is_final(now))
        return;
    /* What time alone has ended, a late receipt may still tell better. */
    if (state_is_final(before) && before != MSG_UNKNOWN)
        world_fail("message %llu went from %s to %s",
                   (unsigned long long)message, state_name(before),
                   state_name(now));
    map_get(&e->ended, message, &times);
    map_put(&e->ended, message, times + 1);
    if (times && before != MSG_UNKNOWN)
        world_fail("message %llu ended %llu times", (unsigned long long)message,
                   (unsigned long long)times + 1);
}

void
world_check_ends(void)
{
    struct journal *j = &world.flow->journal;
    uint64_t pos = store_oldest(world.store);
    struct slice fact;
    struct ends e = {{0}, {0}};
    for (; store_next(j->reader, &pos, &fact, NULL) == STORE_OK;
         pos += fact.n) {
        struct fact_answer a;
        struct fact_receipt r;
        struct fact_lost l;
        struct fact_state s;
        struct fact_sent x;
        if (fact_sent_get(fact, &x) && x.part == 0)
            see_end(&e, x.message, MSG_SUBMITTED);
        else if (fact_answer_get(fact, &a))
            see_end(&e, a.message, a.state);
        else if (fact_receipt_get(fact, &r) && r.message)
            see_end(&e, r.message, r.state);
        else if (fact_lost_get(fact, &l))
            see_end(&e, l.message, l.state);
        else if (fact_state_get(fact, &s))
            see_end(&e, s.message, s.state);
    }
    journal_rest(j);
    map_fini(&e.state);
    map_fini(&e.ended);
}
