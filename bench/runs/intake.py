#!/usr/bin/env python3
"""Single messages as NDJSON: accepted, durable, each with an answer line.

    bench/runs/intake.py [--size N] [--json FILE] [--batch N]
                         [--connections N]

The carrier is connected: what is accepted is also sent and receipted all the
while, and the rate is that of the answers. The goal: 200,000/s.
"""
from posting import post_all
from rig import Case, options

GOAL_PER_S = 200000
BINDS = 8


def more(parser):
    parser.add_argument("--batch", type=int, default=500,
                        help="messages a request")
    parser.add_argument("--connections", type=int, default=8)


def main():
    opts = options(__doc__, 1000000, more)
    with Case("intake", opts) as t:
        said = post_all(t, opts.size, BINDS, "--batch", opts.batch, "--connections",
                        opts.connections)
        t.note("goal: %d/s: %s" % (GOAL_PER_S, "met" if said[
            "messages_per_s"] >= GOAL_PER_S else "missed"))
        t.note("p50 to max: of a request of %d messages" % opts.batch)


main()
