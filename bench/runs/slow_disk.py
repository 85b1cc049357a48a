#!/usr/bin/env python3
"""A campaign whose disk is slow: every sync takes 5 ms longer, then 20 ms.

    bench/runs/slow_disk.py [--size N] [--json FILE]

A shim in front of the daemon (tests/crash/faultio.c) delays each fdatasync
and each write of LMDB's meta page. The batch must grow with the time that a
commit takes: 150,000 messages/s to their final state at 5 ms are the goal.
The same campaign without a delay stands beside it.
"""
import os

from rig import (BIN, Case, Daemon, PlainCarrier, Sent, campaign_of,
                 carrier_row, open_account, options, settings)

GOAL_PER_S = 150000
SHIM = os.path.join(os.path.dirname(BIN), "tests", "faultio.so")


def run(t, size, delay_ms):
    name = "sync_%d_ms" % delay_ms
    carriers = [PlainCarrier(t, "smsc-%d-%d" % (delay_ms, i)).start()
                for i in range(2)]
    rows = [carrier_row(c, binds=4, window=2000) for c in carriers]
    numbers = [("+1212555010%d" % i, c.name, {})
               for i, c in enumerate(carriers)]
    daemon = Daemon(t, settings(rows, numbers), "volleyd-%d" % delay_ms,
                    {"LD_PRELOAD": SHIM, "FIO_SYNC_MS": str(delay_ms)})
    daemon.start()
    api = open_account(daemon)
    pool = api.must("POST", "/v1/pools", {
        "name": "all", "numbers": [n for n, _, _ in numbers]})["id"]
    campaign = campaign_of(api, size, pool=pool)
    sent = Sent(api, campaign, size, daemon)
    t.check("%s: every receipt is applied" % name, sent.all, sent.delivered)
    t.figure("%s_per_s" % name, sent.per_s, 0)
    t.figure("%s_cpu_us" % name, sent.cpu_us)
    daemon.stop(60)
    got = sum(c.submits() for c in carriers)
    t.check("%s: each text came once" % name, got == size, got)
    return sent.per_s


def main():
    opts = options(__doc__, 1000000)
    if not os.path.exists(SHIM):
        raise SystemExit("%s is not built" % SHIM)
    with Case("slow_disk", opts) as t:
        run(t, opts.size, 0)
        at_5 = run(t, opts.size, 5)
        run(t, opts.size, 20)
        t.note("goal: %s/s at 5 ms: %s" % (
            format(GOAL_PER_S, ","), "met" if at_5 >= GOAL_PER_S else
            "missed"))


main()
