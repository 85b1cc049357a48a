/*
 * stats.c - the line a second of --stats; see stats.h.
 */
#include "bench/smsc/stats.h"

#include <stdio.h>
#include <sys/resource.h>

static uint64_t
cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static unsigned long long
per_s(uint64_t now, uint64_t before, uint64_t us)
{
    return (now - before) * 1000000 / us;
}

void
stats_tick(struct stats *t, const struct smsc *s)
{
    uint64_t now_us = hub_mono_us(s->hub);
    uint64_t us = now_us - t->printed_us;
    if (t->printed_us == 0) {
        t->printed_us = now_us;
        t->cpu_us = cpu_us();
        return;
    }
    if (us < 1000000)
        return;
    const struct counts *c = &s->counts, *b = &t->before;
    uint64_t cpu = cpu_us();
    printf("binds=%u submits/s=%llu receipts/s=%llu acks/s=%llu replies/s=%llu "
           "throttled/s=%llu refused/s=%llu waiting=%zu submits=%llu "
           "cpu=%llu%%\n",
           s->bound, per_s(c->submits, b->submits, us),
           per_s(c->receipts, b->receipts, us),
           per_s(c->receipt_acks + c->reply_acks,
                 b->receipt_acks + b->reply_acks, us),
           per_s(c->replies, b->replies, us),
           per_s(c->throttled, b->throttled, us),
           per_s(c->refused, b->refused, us), letter_pool_used(s->pool),
           (unsigned long long)c->submits,
           (unsigned long long)((cpu - t->cpu_us) * 100 / us));
    fflush(stdout);
    t->printed_us = now_us;
    t->cpu_us = cpu;
    t->before = *c;
}

void
stats_end(const struct smsc *s)
{
    const struct counts *c = &s->counts;
    printf("total submits=%llu throttled=%llu refused=%llu answers_lost=%llu "
           "receipts=%llu acked=%llu replies=%llu acked=%llu drops=%llu "
           "discarded=%llu waiting=%zu cpu_s=%.3f\n",
           (unsigned long long)c->submits, (unsigned long long)c->throttled,
           (unsigned long long)c->refused, (unsigned long long)c->lost,
           (unsigned long long)c->receipts, (unsigned long long)c->receipt_acks,
           (unsigned long long)c->replies, (unsigned long long)c->reply_acks,
           (unsigned long long)c->drops, (unsigned long long)c->discarded,
           letter_pool_used(s->pool), (double)cpu_us() / 1e6);
    fflush(stdout);
}
