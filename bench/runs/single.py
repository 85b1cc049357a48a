#!/usr/bin/env python3
"""POST /v1/messages one by one over 32 connections: rate and latency.

    bench/runs/single.py [--size N] [--json FILE] [--connections N]

The carrier is connected: what is accepted is also sent and receipted all the
while. An answer means that the message is on disk. The goal: five times the
rate of Kannel's sendsms (kannel.py, beside this in the same run of
bench/run), and a p99 under 10 ms.
"""
from posting import post_all
from rig import Case, options

GOAL_P99_MS = 10
BINDS = 1  # as Kannel has


def more(parser):
    parser.add_argument("--connections", type=int, default=32)


def main():
    opts = options(__doc__, 100000, more)
    with Case("single", opts) as t:
        said = post_all(t, opts.size, BINDS, "--connections", opts.connections)
        t.note("goal: p99 under %d ms: %s" % (GOAL_P99_MS, "met" if said[
            "latency_us"]["p99"] < GOAL_P99_MS * 1000 else "missed"))


main()
