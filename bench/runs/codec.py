#!/usr/bin/env python3
"""submit_sm and deliver_sm written and read by proto/ and by Debian's
libsmpp34: nanoseconds of each, and how many times faster.

    bench/runs/codec.py [--size N] [--json FILE]

--size is the number of rounds, in which the two sides take turns. The goal:
15 times libsmpp34, each way.
"""
import json
import subprocess

from rig import Case, options, program

GOAL = 15


def main():
    opts = options(__doc__, 9)
    with Case("codec", opts) as t:
        run = subprocess.run(
            [program("volley-codec"), "--json", "--rounds", str(opts.size)],
            capture_output=True, text=True)
        t.equal("both make the same octets and read the same fields",
                (run.returncode, run.stderr), (0, ""))
        ratios = []
        for name, value in json.loads(run.stdout or "{}").items():
            if name.endswith("_ratio"):
                ratios.append(value)
                name = name.replace("_ratio", "_peer_times")
            t.figure(name, value, 1)
        t.note("goal: %d times libsmpp34 each way: %s" % (
            GOAL, "met" if ratios and min(ratios) >= GOAL else "missed"))


main()
