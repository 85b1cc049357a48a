#!/usr/bin/env python3
"""A restart with 10,000,000 recipients waiting, after kill -9 while sending.

    bench/runs/restart.py [--size N] [--json FILE]

Campaigns are filled and started together; the daemon is killed some seconds
later and started again. Goals: /readyz says yes in less than 3 s, the first
text reaches the carrier less than 1 s after, less than 512 MiB resident.
In the end everything is delivered but what was in doubt at the kill, which
is counted and named.
"""
import os
import time

from rig import (Carrier, Case, Daemon, Memory, campaign_of, carrier_row,
                 open_account, options, settings, until)

READY_MAX_S, FIRST_MAX_S, RSS_MAX_MIB = 3.0, 1.0, 512
CAMPAIGNS = 4
SENDS_S = 4  # before the kill


class Tail:
    """When the first part of a ledger came after now, in wall seconds."""

    def __init__(self, carrier):
        self.path = carrier.ledger_path
        self.at = os.path.getsize(self.path)

    def first_submit_s(self):
        with open(self.path, "rb") as f:
            f.seek(self.at)
            for line in f.read(1 << 22).split(b"\n")[1:]:
                cells = line.split(b"\t")
                if len(cells) > 2 and cells[1] == b"SUBMIT":
                    return int(cells[0]) / 1e6
        return None


def restart(t, daemon, carriers):
    daemon.kill9()
    time.sleep(0.3)  # ledgers are written every 100 ms
    tails = [Tail(c) for c in carriers]
    began = time.time()
    daemon.spawn()
    memory = Memory(daemon.pid())
    if not until(daemon.is_ready, 60, 0.005):
        raise RuntimeError("not ready: %s" % daemon.stderr()[-500:])
    ready = time.time()
    found = []

    def came():
        found[:] = [s for s in (x.first_submit_s() for x in tails) if s]
        return found
    until(came, 30, 0.05)
    first = min(found) if found else float("inf")
    return ready - began, max(0.0, first - ready), memory


def counts(api, campaigns):
    total = {}
    for c in campaigns:
        for k, v in api.campaign_look(c)["counts"].items():
            total[k] = total.get(k, 0) + v
    return total


def main():
    opts = options(__doc__, 10000000)
    with Case("restart", opts) as t:
        carriers = [Carrier(t, "smsc%d" % i, "--receipt-delay", "1-50",
                            text=False).start() for i in range(2)]
        rows = [carrier_row(c, binds=4, window=500) for c in carriers]
        numbers = [("+1212555010%d" % i, c.name, {})
                   for i, c in enumerate(carriers)]
        daemon = Daemon(t, settings(rows, numbers)).start()
        before = Memory(daemon.pid())
        api = open_account(daemon)
        pool = api.must("POST", "/v1/pools", {
            "name": "all", "numbers": [n for n, _, _ in numbers]})["id"]
        each = opts.size // CAMPAIGNS
        campaigns = [campaign_of(api, each, i * each, pool=pool)
                     for i in range(CAMPAIGNS)]
        for c in campaigns:
            api.campaign_act(c, "start")
        time.sleep(SENDS_S if opts.size >= 4000000 else 0.2)
        was = counts(api, campaigns)
        t.say("killed with %d waiting, %d delivered" % (
            was["queued"], was["delivered"]))
        ready_s, first_s, memory = restart(t, daemon, carriers)
        t.figure("ready_s", ready_s)
        t.figure("first_out_s", first_s)
        t.check("ready in less than %.0f s" % READY_MAX_S,
                ready_s < READY_MAX_S, ready_s)
        t.check("the first text is out in less than %.0f s after" %
                FIRST_MAX_S, first_s < FIRST_MAX_S, first_s)
        size = each * CAMPAIGNS
        end = until(lambda: (lambda c: c if c["delivered"] + c["uncertain"] ==
                             size else None)(counts(api, campaigns)), 600, 0.5)
        t.check("all are delivered, or named as uncertain", end,
                counts(api, campaigns))
        end = counts(api, campaigns)
        t.figure("uncertain_messages", end["uncertain"], 0)
        t.check("no more in doubt than the windows hold",
                end["uncertain"] <= 2 * 4 * 500, end["uncertain"])
        t.figure("rss_before_kill_mib", before.most, 0)
        rss = t.figure("rss_mib", max(before.most, memory.most), 0)
        t.check("resident memory stays under %d MiB" % RSS_MAX_MIB,
                rss < RSS_MAX_MIB, rss)
        memory.on = False
        t.equal("SIGTERM ends volleyd with 0", daemon.stop(60), 0)


main()
