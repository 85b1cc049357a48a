#!/usr/bin/env python3
"""5,000 apps bound at once, 4,900 of them idle: what an idle bind costs, and
whether the 100 that work notice.

    bench/runs/clients.py [--size N] [--idle N] [--rate N] [--json FILE]

Memory is what a fresh volleyd grew by when the idle ones bound; each login had
been bound once before, so that passwords are known and nothing but binds is
counted. Each idle bind is asked for its health (enquire_link) once in the
time that is watched. The 100 send as fast as ten unanswered requests each allow, then at a steady
rate: once to warm up, then with the idle ones and, the same again, without.
"""
import re
import time

from apps import Guests, Server, know, latency_figures
from measure import cpu_s
from rig import Case, options

LOGINS = 49       # of the idle ones
ENQUIRE_S = 15
STEADY_S = 10
GOAL_BYTES = 8192


def more(parser):
    parser.add_argument("--idle", type=int, default=4900)
    parser.add_argument("--active", type=int, default=100)
    parser.add_argument("--rate", type=int, default=10000,
                        help="of the steady part, submits a second")


def memory_kib(pid):
    with open("/proc/%d/status" % pid) as f:
        return {k: int(v) for k, v in re.findall(
            r"(VmRSS|RssAnon):\s+(\d+)", f.read())}


def idle_ones(server, count):
    return Guests(server, "--idle", count, "--system-id", "idle{n}",
                  "--logins", LOGINS, "--source", "127.0.2.1", "--sources",
                  50)


def active(t, opts, server, prefix):
    """How many were sent; figures of both loads."""
    binds = ("--binds", opts.active, "--window", 10, "--system-id", "app{n}",
             "--source", "127.0.1.1")
    said = server.load(opts.size, *binds)
    t.figure("%s_per_s" % prefix, said["exchanges_per_s"], 0)
    latency_figures(t, said, "%s_full_" % prefix)
    count = opts.rate * STEADY_S
    said = server.load(count, *binds, "--rate", opts.rate)
    latency_figures(t, said, "%s_" % prefix)
    return opts.size + count


def weigh(t, server, opts):
    """The daemon with all idle ones bound, and nothing else going on."""
    pid = server.daemon.pid()
    know(server, "idle{n}", LOGINS)
    know(server, "app{n}", opts.active)
    time.sleep(2)
    before = memory_kib(pid)
    t.figure("rss_before_mib", before["VmRSS"] / 1024, 1)
    guests = idle_ones(server, opts.idle)
    guests.__enter__()
    t.figure("all_bound_s", guests.seconds, 2)
    time.sleep(2)
    after = memory_kib(pid)
    rss = t.figure("idle_rss_bytes",
                   (after["VmRSS"] - before["VmRSS"]) * 1024 / opts.idle, 0)
    t.figure("idle_anon_bytes",
             (after["RssAnon"] - before["RssAnon"]) * 1024 / opts.idle, 0)
    t.note("goal: less than 8 KiB: %s" % (
        "met" if rss < GOAL_BYTES else "missed"))
    used, began = cpu_s(pid), time.monotonic()
    time.sleep(ENQUIRE_S)
    t.figure("idle_core_percent", 100 * (cpu_s(pid) - used) /
             (time.monotonic() - began), 2)
    return guests


def main():
    opts = options(__doc__, 300000, more)
    with Case("clients", opts) as t:
        logins = [("idle%d" % i, {"max_binds": 1 + opts.idle // LOGINS,
                                  "enquire": "%ds" % ENQUIRE_S})
                  for i in range(LOGINS)]
        logins += [("app%d" % i, {"max_binds": 100})
                   for i in range(opts.active)]
        server = Server(t, logins)
        guests = weigh(t, server, opts)
        sent = active(t, opts, server, "first")
        sent += active(t, opts, server, "beside")
        guests.__exit__(None, None, None)
        idle = guests.said["idle"]
        t.check("all idle ones stayed bound", idle["here"] == idle["bound"] ==
                opts.idle and idle["ended"] == 0, idle)
        time.sleep(2)
        sent += active(t, opts, server, "alone")
        t.figure("rate_percent", 100 * t.figures["beside_per_s"] /
                 t.figures["alone_per_s"], 1)
        t.figure("p99_times", t.figures["beside_p99_ms"] /
                 t.figures["alone_p99_ms"])
        server.finish(sent)


main()
