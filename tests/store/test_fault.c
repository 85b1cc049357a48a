/* Full disks, failing syncs and kills, by a shim in front of a child. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/store/ledger.h"

static struct rig g; /* its directory */
static struct ledger l;

static void
set_up(void)
{
    rig_init(&g);
}

static void
tear_down(void)
{
    rig_fini(&g);
}

/* ---- the child ----------------------------------------------------------- */

struct child {
    pid_t pid;
    FILE *out;
    uint64_t durable; /* newest it has said */
    unsigned fulls;   /* times it said so */
    unsigned oks;     /* and that this was over */
    bool failed, ended;
};

/* settings: NAME=value, up to three, NULL after the last. */
static void
child_start(struct child *c, const char *batches, const char *facts,
            const char *const settings[])
{
    int ends[2];
    *c = (struct child){0};
    ck_assert_int_eq(pipe(ends), 0);
    c->pid = fork();
    ck_assert_int_ge(c->pid, 0);
    if (c->pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        setenv("LD_PRELOAD", FAULTIO, 1);
        setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
        for (; *settings; settings++)
            putenv((char *)*settings);
        execl(FAULT_WRITER, "fault_writer", g.dir, batches, facts, NULL);
        _exit(127);
    }
    close(ends[1]);
    c->out = fdopen(ends[0], "r");
    ck_assert_ptr_nonnull(c->out);
}

/* Reads one line; false at the end of them. */
static bool
child_line(struct child *c)
{
    char line[512];
    unsigned long long n;
    if (!fgets(line, sizeof line, c->out))
        return false;
    if (sscanf(line, "durable %llu", &n) == 1)
        c->durable = n;
    c->fulls += strncmp(line, "full", 4) == 0;
    c->oks += strcmp(line, "ok\n") == 0;
    c->failed = c->failed || strncmp(line, "failed", 6) == 0;
    c->ended = c->ended || strcmp(line, "end\n") == 0;
    return true;
}

static int
child_wait(struct child *c)
{
    int status;
    while (child_line(c))
        continue;
    fclose(c->out);
    ck_assert_int_eq(waitpid(c->pid, &status, 0), c->pid);
    return status;
}

/* The store must hold a prefix with all that was acknowledged. */
static void
check_store(const struct child *c)
{
    ledger_open(&l, g.dir);
    ck_assert_msg(l.facts >= c->durable, "%llu of %llu acknowledged facts",
                  (unsigned long long)l.facts, (unsigned long long)c->durable);
    ledger_check(&l);
    ledger_close(&l);
}

/* ---- kills --------------------------------------------------------------- */

enum { KILL_ROUNDS = 30, BATCHES = 30 };

START_TEST(killed_at_the_nth_write_a_prefix_with_all_acknowledged_stands)
{
    char kill_at[64], batches[16];
    struct child c;
    const char *settings[] = {kill_at, NULL};
    snprintf(batches, sizeof batches, "%d", BATCHES);
    /* The n-th write of an empty store, then of the one that is left. */
    for (int again = 0; again < 3; again++) {
        int n = 1 + (_i * 7 + again * 31) % 190;
        snprintf(kill_at, sizeof kill_at, "FIO_KILL_AT=%d", n);
        child_start(&c, batches, "20", settings);
        int status = child_wait(&c);
        ck_assert(c.ended ||
                  (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
        check_store(&c);
    }
    settings[0] = NULL;
    child_start(&c, batches, "20", settings);
    ck_assert_int_eq(child_wait(&c), 0);
    ck_assert(c.ended);
    check_store(&c);
}
END_TEST

/* ---- a full disk --------------------------------------------------------- */

START_TEST(a_full_disk_is_waited_for_and_loses_nothing)
{
    char full[128], setting[160];
    struct child c;
    const char *settings[] = {setting, NULL};
    snprintf(full, sizeof full, "%s.full", g.dir);
    snprintf(setting, sizeof setting, "FIO_FULL_FILE=%s", full);
    child_start(&c, "800", "20", settings);
    for (unsigned times = 1; times <= 3; times++) {
        uint64_t durable = c.durable;
        while (c.durable == durable && child_line(&c))
            continue;
        int fd = open(full, O_CREAT | O_WRONLY, 0600);
        ck_assert_int_ge(fd, 0);
        close(fd);
        while (c.fulls < times && child_line(&c))
            continue;
        rig_sleep_ms(20); /* so that checkpoint and log both meet it */
        ck_assert_int_eq(unlink(full), 0);
        ck_assert_uint_eq(c.fulls, times);
        while (c.oks < times && child_line(&c))
            continue;
    }
    ck_assert_int_eq(child_wait(&c), 0);
    ck_assert(c.ended && !c.failed);
    ck_assert_uint_eq(c.durable, 800 * 20);
    check_store(&c);
}
END_TEST

START_TEST(one_refused_write_is_repeated)
{
    char at[64];
    struct child c;
    const char *settings[] = {at, "FIO_ERRNO=28", NULL}; /* ENOSPC */
    unsigned fulls = 0;
    for (int n = 9; n < 100; n += 13) {
        rig_fini(&g);
        rig_init(&g);
        snprintf(at, sizeof at, "FIO_WRITE_FAIL=%d", n);
        child_start(&c, "20", "20", settings);
        int status = child_wait(&c);
        /* The one write whose failure LMDB cannot mend is that of a meta
         * page: then it says so, and stops. */
        ck_assert(c.failed || (status == 0 && c.durable == 400));
        fulls += c.fulls;
        check_store(&c);
    }
    ck_assert_uint_gt(fulls, 0);
}
END_TEST

/* ---- failing storage ----------------------------------------------------- */

START_TEST(a_failed_sync_is_final_and_never_acknowledged)
{
    char at[64];
    struct child c;
    const char *settings[] = {at, NULL};
    unsigned failed = 0;
    for (int n = 8; n < 60; n += 5) {
        rig_fini(&g);
        rig_init(&g);
        snprintf(at, sizeof at, "FIO_SYNC_FAIL=%d", n);
        child_start(&c, "20", "20", settings);
        int status = child_wait(&c);
        ck_assert(!c.ended);
        ck_assert(c.failed && WIFEXITED(status) && WEXITSTATUS(status) == 3);
        ck_assert_uint_lt(c.durable, 400);
        failed++;
        check_store(&c);
    }
    ck_assert_uint_gt(failed, 5);
}
END_TEST

START_TEST(a_write_cut_short_is_repeated)
{
    char at[64];
    struct child c;
    const char *settings[] = {at, NULL};
    unsigned fulls = 0;
    for (int n = 12; n < 60; n += 4) {
        rig_fini(&g);
        rig_init(&g);
        snprintf(at, sizeof at, "FIO_WRITE_SHORT=%d", n);
        child_start(&c, "40", "200", settings);
        (void)child_wait(&c);
        ck_assert(c.failed != c.ended); /* failed: it was a meta page */
        fulls += c.fulls;
        check_store(&c);
    }
    ck_assert_uint_gt(fulls, 3);
}
END_TEST

START_TEST(a_failed_write_is_final)
{
    char at[64];
    struct child c;
    const char *settings[] = {at, "FIO_ERRNO=5", NULL}; /* EIO */
    for (int n = 12; n < 60; n += 7) {
        rig_fini(&g);
        rig_init(&g);
        snprintf(at, sizeof at, "FIO_WRITE_FAIL=%d", n);
        child_start(&c, "40", "200", settings);
        (void)child_wait(&c);
        ck_assert(c.failed && !c.ended && c.fulls == 0);
        check_store(&c);
    }
}
END_TEST

START_TEST(slow_syncs_make_larger_batches_and_lose_nothing)
{
    struct child c;
    static const char *const settings[] = {"FIO_SYNC_MS=20", NULL};
    child_start(&c, "20", "500", settings);
    ck_assert_int_eq(child_wait(&c), 0);
    ck_assert_uint_eq(c.durable, 20 * 500);
    check_store(&c);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("fault");
    TCase *tc = tcase_create("fault");
    tcase_set_timeout(tc, 180);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(
        tc, killed_at_the_nth_write_a_prefix_with_all_acknowledged_stands, 0,
        KILL_ROUNDS);
    tcase_add_test(tc, a_full_disk_is_waited_for_and_loses_nothing);
    tcase_add_test(tc, one_refused_write_is_repeated);
    tcase_add_test(tc, a_failed_sync_is_final_and_never_acknowledged);
    tcase_add_test(tc, a_write_cut_short_is_repeated);
    tcase_add_test(tc, a_failed_write_is_final);
    tcase_add_test(tc, slow_syncs_make_larger_batches_and_lose_nothing);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
