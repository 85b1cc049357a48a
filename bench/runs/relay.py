#!/usr/bin/env python3
"""An SMPP app through volleyd to an SMPP carrier, durable, and the receipts
back to the app: beside the wire without volleyd between.

    bench/runs/relay.py [--size N] [--binds N] [--window N] [--ledger]

First as fast as it goes, then at half of that rate. A message counts when
its receipt has reached the app; latency is submit_sm to submit_sm_resp,
which waits for the commit. --ledger: the carrier writes down each event and
lost and doubled are counted from it. Exits 1 when anything was.
"""
import subprocess

from apps import Server, latency_figures, load
from measure import cpu_s
from rig import Case, PlainCarrier, options

HALF_S = 15  # seconds of work at half of the rate


def more(parser):
    parser.add_argument("--binds", type=int, default=4)
    parser.add_argument("--window", type=int, default=500)
    parser.add_argument("--ledger", action="store_true",
                        help="lost and doubled from the carrier's ledger")
    parser.add_argument("--perf", metavar="FILE",
                        help="record volleyd at full speed with perf")


def ceiling(t, opts):
    """The same load without volleyd between."""
    smsc = PlainCarrier(t, "wire").start()
    said, words = load(smsc.port, opts.size, "--binds", opts.binds,
                       "--window", opts.window)
    t.check("the wire alone answers all",
            said.get("answered") == opts.size, words or said)
    t.figure("wire_exchanges_per_s", said["exchanges_per_s"], 0)
    t.figure("wire_cpu_simulator_us", cpu_s(smsc.pid()) * 1e6 / opts.size)
    smsc.stop()
    return said["exchanges_per_s"]


def full_speed(t, opts, server):
    record = opts.perf and subprocess.Popen(
        ["perf", "record", "-q", "-g", "-o", opts.perf, "-p",
         str(server.daemon.pid())])
    before = server.use.look()
    said = server.load(opts.size, "--binds", opts.binds, "--window",
                       opts.window)
    after = server.use.look()
    if record:
        record.terminate()
        record.wait(60)
    t.figure("answers_per_s", said["answers_per_s"], 0)
    t.figure("messages_per_s", said["exchanges_per_s"], 0)
    latency_figures(t, said, "")
    for name, value in server.use.figures(before, after, opts.size,
                                          said["seconds"]).items():
        t.figure(name, value, 3)
    t.figure("cpu_load_us", said["cpu_s"] * 1e6 / opts.size)
    return said["exchanges_per_s"]


def half_speed(t, opts, server, rate):
    count = min(opts.size, rate * HALF_S)
    said = server.load(count, "--binds", opts.binds, "--window", opts.window,
                       "--rate", rate)
    t.figure("half_rate_per_s", said["answers_per_s"], 0)
    latency_figures(t, said, "half_")
    return count


def main():
    opts = options(__doc__, 1000000, more)
    with Case("relay", opts) as t:
        wire = ceiling(t, opts)
        server = Server(t, [("load", {"window": 10000, "max_binds": 100})],
                        opts.ledger)
        most = full_speed(t, opts, server)
        t.figure("of_wire_percent", 100 * most / wire, 1)
        count = opts.size + half_speed(t, opts, server, int(most / 2))
        server.finish(count)


main()
