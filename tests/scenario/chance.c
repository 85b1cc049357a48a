/*
 * chance.c - conversations by chance: a seed writes a scenario, which is run
 * as all others are.
 *
 * Sends, campaigns, replies, losses, refusals, kills and checkpoints in any
 * order. Nothing is expected but what always holds (script.c), and that all
 * comes to an end after the last step (drain.h). The file stays in the
 * working directory when a run fails: NAME.txt is then a scenario like any.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/engine/run_suite.h"
#include "tests/scenario/script.h"

enum { SEEDS = 24, STEPS = 45 };

static uint64_t seed;

static unsigned
dice(unsigned sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 20) % sides;
}

static const char *const head =
    "carrier acme\n"
    "carrier backup\n"
    "account demo\n"
    "sender ana of demo\n"
    "sender ben of demo\n"
    "account other\n"
    "sender eve of other\n"
    "number +12125550101 on acme of demo\n"
    "number +12125550102 on backup of demo rate 20\n"
    "number +12125550103 on acme of demo default ben\n"
    "number 36000 on acme shared\n"
    "pool two of demo exclusive conflict hold numbers +12125550101 "
    "+12125550102\n";

static const char *const long_text =
    "0123456789012345678901234567890123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789";

static unsigned campaigns, messages;

static void
write_send(FILE *out)
{
    static const char *const from[] = {"from +12125550101", "from +12125550102",
                                       "from 36000", "pool two"};
    static const char *const extra[] = {
        "", "", "", "class critical", "at 3s", "expires 2s"};
    fprintf(out, "send m%u by %s to +44770090000%u %s text \"%s\" %s maybe\n",
            ++messages, dice(2) ? "ana" : "ben", dice(6), from[dice(4)],
            dice(3) ? "hi" : long_text, extra[dice(6)]);
}

static void
write_campaign(FILE *out)
{
    unsigned n = ++campaigns;
    fprintf(out, "campaign c%u by demo %s sender %s %s %s text \"%s\"\n", n,
            dice(2) ? "pool two" : "from +12125550102", dice(2) ? "ana" : "ben",
            dice(2) ? "" : "rate 7", dice(2) ? "" : "resend",
            dice(2) ? "Hi {{to}}" : long_text);
    fprintf(out, "rows c%u by demo count %u first +44770090000%u bad 1 %s\n", n,
            2 + dice(9), dice(3), dice(2) ? "" : "skip 2");
    fprintf(out, "start c%u by demo\n", n);
}

static void
write_act(FILE *out)
{
    static const char *const acts[] = {"pause", "resume", "resume", "stop"};
    if (campaigns)
        fprintf(out, "%s c%u by demo maybe\n", acts[dice(4)],
                1 + dice(campaigns));
}

static void
write_phone(FILE *out)
{
    static const char *const texts[] = {"yes", "no", "STOP", "START", "help"};
    static const char *const to[] = {"+12125550101", "+12125550102",
                                     "+12125550103", "36000"};
    unsigned ref = dice(200);
    if (dice(4) == 0)
        fprintf(out, "phone +44770090000%u to %s \"%u\" part %u/2 ref %u\n",
                dice(6), to[dice(3)], ref, 1 + dice(2), ref % 4);
    else
        fprintf(out, "phone +44770090000%u to %s \"%s\" session %u\n", dice(6),
                to[dice(4)], texts[dice(5)], 1 + dice(3));
}

static void
write_world(FILE *out)
{
    switch (dice(7)) {
    case 0: fprintf(out, "kill\n"); break;
    case 1: fprintf(out, "kill unsaved\n"); break;
    case 2: fprintf(out, "checkpoint\n"); break;
    case 3: fprintf(out, "down backup\nwait 20ms\nup backup\n"); break;
    case 4: fprintf(out, "window acme %u\n", dice(6)); break;
    case 5: fprintf(out, "jump %um\n", 1 + dice(40)); break;
    default: fprintf(out, "down acme\nup acme\nwindow acme 20\n"); break;
    }
}

static void
write_scenario(const char *path)
{
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fputs(head, out);
    for (unsigned i = 0; i < STEPS; i++) {
        switch (dice(9)) {
        case 0:
        case 1: write_send(out); break;
        case 2: write_campaign(out); break;
        case 3: write_act(out); break;
        case 4: write_phone(out); break;
        case 5:
        case 6: fprintf(out, "fate %u\n", dice(100000)); break;
        case 7: fprintf(out, "wait %ums\n", 50 + dice(400)); break;
        default: write_world(out); break;
        }
    }
    fclose(out);
}

START_TEST(whatever_happens_nothing_is_lost_or_doubled_silently)
{
    char path[64];
    struct script_way way = {"chance", (unsigned)_i % 4, 0, true};
    seed = UINT64_C(88172645463325252) + (uint64_t)_i * 7919;
    for (int i = 0; i < 20; i++)
        dice(2);
    snprintf(path, sizeof path, "chance-%d.txt", _i);
    write_scenario(path);
    script_run(path, &way);
    unlink(path);
}
END_TEST

/* chance FIRST LAST: other seeds than those of the test. */
int
main(int argc, char **argv)
{
    int first = argc > 2 ? atoi(argv[1]) : 0;
    int last = argc > 2 ? atoi(argv[2]) : SEEDS;
    TCase *t = tcase_create("chance");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, whatever_happens_nothing_is_lost_or_doubled_silently,
                        first, last);
    return run_suite("chance", t);
}
