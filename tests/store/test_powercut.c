/*
 * Power cuts: a recorded run is cut at random moments, and the disk rebuilt
 * as it could be then: what was synced is there; of what was only written,
 * each piece is there, or not, or torn at a sector; of names changed since
 * their directory was synced, the last ones may be missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/store/ledger.h"

enum { CUTS = 500, SECTOR = 512, FILES_MAX = 4096 };

struct event {
    char kind;
    uint32_t n;
    uint64_t a, b;
    const char *octets;
    bool kept; /* names: on disk at this cut */
};

static struct rig g; /* its directory is where the writer worked */
static uint8_t *trace;
static struct event *events;
static size_t events_n;

static void
read_trace(const char *path)
{
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
    size_t n = (size_t)ftell(f);
    rewind(f);
    trace = malloc(n);
    events = calloc(n / 24 + 1, sizeof *events);
    ck_assert_uint_eq(fread(trace, 1, n, f), n);
    fclose(f);
    for (size_t at = 0; at + 24 <= n;) {
        struct event *e = &events[events_n++];
        memcpy(&e->kind, trace + at, 1);
        memcpy(&e->n, trace + at + 4, 4);
        memcpy(&e->a, trace + at + 8, 8);
        memcpy(&e->b, trace + at + 16, 8);
        e->octets = (const char *)trace + at + 24;
        at += 24 + e->n;
    }
}

static void
run_writer(void)
{
    char path[128], log[160];
    snprintf(path, sizeof path, "%s.trace", g.dir);
    snprintf(log, sizeof log, "POWER_LOG=%s", path);
    ck_assert_int_eq(rmdir(g.dir), 0); /* its making is part of the run */
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDOUT_FILENO);
        setenv("LD_PRELOAD", POWERLOG, 1);
        setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
        putenv(log);
        execl(FAULT_WRITER, "fault_writer", g.dir, "40", "25", NULL);
        _exit(127);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    read_trace(path);
    ck_assert_int_eq(unlink(path), 0);
}

static void
set_up(void)
{
    rig_init(&g);
    run_writer();
}

static void
tear_down(void)
{
    free(events);
    free(trace);
    rig_fini(&g);
}

/* ---- names --------------------------------------------------------------- */

static bool
is_name_event(const struct event *e)
{
    return e->kind == 'C' || e->kind == 'M' || e->kind == 'R' || e->kind == 'U';
}

/* Directory of the (first) path of an event. */
static size_t
parent_length(const struct event *e)
{
    size_t n = strnlen(e->octets, e->n);
    while (n > 0 && e->octets[n - 1] != '/')
        n--;
    return n > 0 ? n - 1 : 0;
}

static bool
same_directory(const struct event *e, const struct event *sync)
{
    size_t n = parent_length(e);
    /* The working directory has no path: that of the store is synced in it
     * by its own "..", which is recorded as a whole path. */
    if (n == 0)
        return sync->n > 0 && sync->octets[0] == '/';
    return sync->n == n && memcmp(e->octets, sync->octets, n) == 0;
}

static bool
is_synced(size_t at, size_t cut)
{
    for (size_t i = at + 1; i < cut; i++)
        if (events[i].kind == 'F' && same_directory(&events[at], &events[i]))
            return true;
    return false;
}

/* Journals keep the order of changes: once one is lost all later ones of its
 * directory are. */
static void
choose_names(size_t cut, uint64_t *seed)
{
    for (size_t i = 0; i < cut; i++) {
        struct event *e = &events[i];
        if (!is_name_event(e))
            continue;
        e->kept = is_synced(i, cut) || rig_random(seed) % 4 != 0;
        for (size_t k = 0; k < i && e->kept; k++)
            if (is_name_event(&events[k]) && !events[k].kept &&
                parent_length(&events[k]) == parent_length(e) &&
                memcmp(events[k].octets, e->octets, parent_length(e)) == 0)
                e->kept = false;
    }
}

/* ---- contents ------------------------------------------------------------ */

static void
put(int fd, const struct event *e, size_t from, size_t n)
{
    ck_assert_int_eq(pwrite(fd, e->octets + from, n, (off_t)(e->b + from)),
                     (ssize_t)n);
}

static void
put_torn(int fd, const struct event *e, uint64_t *seed)
{
    for (size_t from = 0; from < e->n; from += SECTOR) {
        size_t n = e->n - from < SECTOR ? e->n - from : SECTOR;
        if (rig_random(seed) % 2)
            put(fd, e, from, n);
    }
}

/* Writes what a file made by event `made` holds after the cut. */
static void
fill(int fd, size_t made, size_t cut, uint64_t *seed)
{
    uint64_t inode = events[made].a;
    size_t end = made + 1, synced = made; /* the inode may be used again */
    for (; end < cut; end++) {
        if (events[end].kind == 'S' && events[end].a == inode)
            synced = end;
        if (events[end].kind == 'C' && events[end].a == inode)
            break;
    }
    for (size_t i = made + 1; i < end; i++) {
        const struct event *e = &events[i];
        if (e->a != inode)
            continue;
        if (e->kind == 'T')
            ck_assert_int_eq(ftruncate(fd, (off_t)e->b), 0);
        if (e->kind != 'W' && e->kind != 'D')
            continue;
        uint64_t fate = rig_random(seed) % 3;
        if (e->kind == 'D' || i < synced || fate == 0)
            put(fd, e, 0, e->n);
        else if (fate == 1)
            put_torn(fd, e, seed);
    }
}

/* ---- a cut --------------------------------------------------------------- */

/* The path with the name of the store's directory changed to `dir`. */
static void
moved(const char *path, size_t n, const char *dir, char *out, size_t cap)
{
    size_t skip = strlen(g.dir);
    ck_assert_uint_ge(n, skip);
    snprintf(out, cap, "%s%.*s", dir, (int)(n - skip), path + skip);
}

static void
apply_name(size_t at, size_t cut, const char *dir, uint64_t *seed)
{
    const struct event *e = &events[at];
    char path[256], to[256];
    size_t n = strnlen(e->octets, e->n);
    moved(e->octets, n, dir, path, sizeof path);
    if (e->kind == 'M') {
        (void)mkdir(path, 0700);
    } else if (e->kind == 'C') {
        /* O_EXCL: opened again, it is the file it was. */
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd >= 0)
            fill(fd, at, cut, seed);
        if (fd >= 0)
            close(fd);
    } else if (e->kind == 'R') {
        moved(e->octets + n + 1, e->n - n - 1, dir, to, sizeof to);
        (void)rename(path, to);
    } else if (unlink(path) != 0) {
        (void)rmdir(path);
    }
}

START_TEST(after_a_power_cut_a_prefix_with_all_acknowledged_stands)
{
    static struct ledger l;
    uint64_t seed = 0x9e3779b97f4a7c15, whole = 0;
    for (int i = 0; i < CUTS; i++) {
        struct rig at_cut;
        rig_init(&at_cut);
        size_t cut = 1 + rig_random(&seed) % events_n;
        uint64_t acknowledged = 0;
        choose_names(cut, &seed);
        for (size_t k = 0; k < cut; k++) {
            if (events[k].kind == 'A')
                acknowledged = events[k].a;
            else if (is_name_event(&events[k]) && events[k].kept)
                apply_name(k, cut, at_cut.dir, &seed);
        }
        ledger_open(&l, at_cut.dir);
        ck_assert_msg(
            l.facts >= acknowledged, "cut %zu: %llu of %llu acknowledged facts",
            cut, (unsigned long long)l.facts, (unsigned long long)acknowledged);
        ledger_check(&l);
        whole += l.facts;
        ledger_close(&l);
        rig_fini(&at_cut);
    }
    ck_assert_uint_gt(whole, 1000); /* the cuts were not all at the start */
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, after_a_power_cut_a_prefix_with_all_acknowledged_stands);
}

RIG_MAIN("powercut", add_tests)
