#!/usr/bin/env python3
"""One carrier with 8 binds against 50 carriers with 200 binds, and one bind.

    bench/runs/many.py [--size N] [--json FILE]

The same campaign over a pool with a number at each carrier. One simulator
process serves all the carriers of a run, so that the machine does the same
besides. The goal: 50 carriers and 200 binds cost at most 25 % of the rate.
"""
from rig import (Case, Daemon, PlainCarrier, Sent, campaign_of, carrier_row,
                 open_account, options, settings)

GOAL = 0.75
IN_FLIGHT = 16000  # windows of all binds together, in each shape


def run(t, size, carriers, binds):
    name = "carriers_%d_binds_%d" % (carriers, carriers * binds)
    smsc = PlainCarrier(t, "smsc-" + name).start()
    window = min(2000, IN_FLIGHT // (carriers * binds))
    rows = [dict(carrier_row(smsc, binds=binds, window=window),
                 name="c%d" % i) for i in range(carriers)]
    numbers = [("+121255501%02d" % i, "c%d" % i, {}) for i in range(carriers)]
    daemon = Daemon(t, settings(rows, numbers), "volleyd-" + name).start()
    api = open_account(daemon)
    pool = api.must("POST", "/v1/pools", {
        "name": "all", "numbers": [n for n, _, _ in numbers]})["id"]
    campaign = campaign_of(api, size, pool=pool)
    sent = Sent(api, campaign, size, daemon)
    t.check("%s: every receipt is applied" % name, sent.all, sent.delivered)
    t.figure("%s_per_s" % name, sent.per_s, 0)
    t.figure("%s_cpu_us" % name, sent.cpu_us)
    daemon.stop(60)
    got = smsc.submits()
    t.check("%s: each text came once" % name, got == size, got)
    return sent.per_s


def main():
    opts = options(__doc__, 1000000)
    with Case("many", opts) as t:
        few = run(t, opts.size, 1, 8)
        many = run(t, opts.size, 50, 4)
        run(t, opts.size, 1, 1)
        t.figure("many_of_few_percent", 100 * many / few, 1)
        t.note("goal: at least 75 %%: %s" % (
            "met" if many >= GOAL * few else "missed"))


main()
