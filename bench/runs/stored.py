#!/usr/bin/env python3
"""30,000,000 messages in one store: is the last million as fast as the first?

    bench/runs/stored.py [--size N] [--json FILE]

Campaigns one after another, each for phones of its own: first a thirtieth
of all, in the end as many again, larger ones between. Each is filled, sent,
receipted. Goals: the last at 80 % of the first one's rate at least, less
than 512 MiB resident, less than 400 octets a message on disk all told. The
daemon's processor time of a message stands beside each rate, since rates
also depend on what else the machine does. Takes some 12 GB of disk, which
are given back.
"""
from rig import (Case, Daemon, Memory, PlainCarrier, Sent, campaign_of,
                 carrier_row, folder_bytes, open_account, options, settings)

GOAL, RSS_MAX_MIB, DISK_MAX_BYTES = 0.8, 512, 400
BETWEEN = 7  # campaigns between the first and the last


def sizes(size):
    ends = size // 30
    rest = size - 2 * ends
    between = [rest // BETWEEN] * BETWEEN
    between[0] += rest - sum(between)
    return [ends] + between + [ends]


def send(t, api, daemon, pool, start, rows):
    campaign = campaign_of(api, rows, start, pool=pool)
    before = daemon.rss_kb() // 1024
    sent = Sent(api, campaign, rows, daemon)
    t.check("all of %d after %d are delivered" % (rows, start), sent.all,
            sent.delivered)
    disk = folder_bytes(daemon.data_dir)
    t.say("%10d stored: %7.0f/s, %.2f us a message, %d MiB resident "
          "(%d before), %.0f octets of disk a message" % (
              start + rows, sent.per_s, sent.cpu_us,
              daemon.rss_kb() // 1024, before, disk / (start + rows)))
    t.series["messages_per_s"].append([start + rows, round(sent.per_s)])
    t.series["cpu_us"].append([start + rows, round(sent.cpu_us, 3)])
    return sent


def report(t, first, last, memory, daemon, size):
    t.figure("first_per_s", first.per_s, 0)
    t.figure("last_per_s", last.per_s, 0)
    t.figure("last_of_first_percent", 100 * last.per_s / first.per_s, 1)
    t.figure("first_cpu_us", first.cpu_us)
    t.figure("last_cpu_us", last.cpu_us)
    rss = t.figure("rss_mib", memory.most, 0)
    t.figure("rss_own_mib", memory.most_own, 0)
    disk = t.figure("disk_bytes_per_message",
                    folder_bytes(daemon.data_dir) / size, 0)
    t.note("goal: last at 80 %% of first: %s" % (
        "met" if last.per_s >= GOAL * first.per_s else "missed"))
    t.check("resident memory stays under %d MiB" % RSS_MAX_MIB,
            rss < RSS_MAX_MIB, rss)
    # A small run has the store's own rooms on its account.
    t.check("a message takes less than %d octets of disk" % DISK_MAX_BYTES,
            disk < DISK_MAX_BYTES or size < 1000000, disk)


def main():
    opts = options(__doc__, 30000000)
    with Case("stored", opts) as t:
        carriers = [PlainCarrier(t, "smsc%d" % i).start() for i in range(2)]
        rows = [carrier_row(c, binds=4, window=2000) for c in carriers]
        numbers = [("+1212555010%d" % i, c.name, {})
                   for i, c in enumerate(carriers)]
        daemon = Daemon(t, settings(rows, numbers)).start()
        memory = Memory(daemon.pid())
        api = open_account(daemon)
        pool = api.must("POST", "/v1/pools", {
            "name": "all", "numbers": [n for n, _, _ in numbers]})["id"]
        t.series = {"messages_per_s": [], "cpu_us": []}
        sent, start = [], 0
        for n in sizes(opts.size):
            sent.append(send(t, api, daemon, pool, start, n))
            start += n
        report(t, sent[0], sent[-1], memory, daemon, opts.size)
        memory.on = False
        t.equal("SIGTERM ends volleyd with 0", daemon.stop(60), 0)
        got = sum(c.submits() for c in carriers)
        t.equal("each text came once", got, opts.size)


main()
