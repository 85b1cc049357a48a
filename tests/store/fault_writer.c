/*
 * fault_writer.c - the process that the fault tests starve and kill.
 *
 *   fault_writer DIR BATCHES FACTS
 *
 * Goes on where DIR ends until so many batches are written in all. Says on
 * standard output, a line each, unbuffered:
 *   durable N      facts below N are acknowledged
 *   full WHY, ok   the state has changed
 *   failed WHY     and ends with 3
 *   end            all is durable; ends with 0
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/store/ledger.h"

static struct ledger l;

/* By write() itself, which a shim can see. */
__attribute__((format(printf, 1, 2))) static void
say(const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (write(STDOUT_FILENO, line, (size_t)n) != n)
        exit(4);
}

static void
report_state(void)
{
    static enum store_result last = STORE_OK;
    char why[STORE_WHY_BYTES];
    enum store_result state = store_state(l.g.s, why, sizeof why);
    if (state == last)
        return;
    last = state;
    if (state == STORE_FAILED) {
        say("failed %s\n", why);
        exit(3);
    }
    say("%s%s\n", state == STORE_FULL ? "full " : "ok", why);
}

static void
report_durable(void)
{
    static uint64_t last_pos;
    static uint64_t pos, facts;
    struct slice fact;
    if (store_durable(l.g.s) == last_pos)
        return;
    last_pos = store_durable(l.g.s);
    while (store_next(l.g.r, &pos, &fact, NULL) == STORE_OK) {
        pos += fact.n;
        facts++;
    }
    store_reader_rest(l.g.r);
    say("durable %llu\n", (unsigned long long)facts);
}

static void
wait_turn(void)
{
    rig_drain(&l.g, 20);
    report_state();
    report_durable();
}

int
main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    uint64_t batches = strtoull(argv[2], NULL, 10);
    unsigned facts = (unsigned)strtoul(argv[3], NULL, 10);
    ledger_open(&l, argv[1]);
    while (l.batches < batches) {
        while ((l.g.b = store_batch_take(l.g.s)) == NULL)
            wait_turn();
        ledger_post(&l, facts, l.batches % 3 == 2);
        wait_turn();
    }
    while (store_durable(l.g.s) < store_end(l.g.s) ||
           store_checkpoint_busy(l.g.s))
        wait_turn();
    report_durable();
    ledger_close(&l);
    say("end\n");
    return 0;
}
