#!/usr/bin/env python3
"""The ceiling: volley-load straight into volley-smsc, nothing between.

    bench/runs/wire.py [--size N] [--binds N] [--window N] [--json FILE]

An exchange is a submit_sm, its answer, its receipt and the receipt's answer.
Binds, windows and receipts are those of the case `million`: two carriers
there, one with all the binds here. Exits 1 when anything was lost or doubled.
"""
import json
import subprocess

from measure import cpu_s
from rig import Case, PlainCarrier, options, program


def more(parser):
    parser.add_argument("--binds", type=int, default=4)
    parser.add_argument("--window", type=int, default=500)


def main():
    opts = options(__doc__, 1000000, more)
    with Case("wire", opts) as t:
        carrier = PlainCarrier(t, "smsc").start()
        run = subprocess.Popen(
            [program("volley-load"), "smpp", "--port", str(carrier.port),
             "--binds", str(opts.binds), "--window", str(opts.window),
             "--count", str(opts.size), "--json"],
            stdout=subprocess.PIPE, text=True)
        told = json.loads(run.communicate(timeout=600)[0])
        used_s = cpu_s(carrier.pid())
        t.equal("volley-load ends with 0", run.returncode, 0)
        t.figure("exchanges_per_s", told["exchanges_per_s"], 0)
        t.figure("cpu_load_us", told["cpu_s"] * 1e6 / opts.size)
        t.figure("cpu_simulator_us", used_s * 1e6 / opts.size)
        t.equal("each came once", carrier.submits(), opts.size)


main()
