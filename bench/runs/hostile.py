#!/usr/bin/env python3
"""20 good apps at a steady rate, and then 2,000 hostile connections beside
them: the good ones keep 95 % of their rate, and the 99th percentile of their
answers stays within twice what it was.

    bench/runs/hostile.py [--size N] [--rate N] [--seconds N] [--json FILE]

A fifth of the hostile say nothing; the others say an octet a second, bind
with wrong passwords, announce 2 GiB, send what is not well-formed, or submit
and never read: the last two have a login that is right, with a limit of
parts a second, as an operator would give it. Who is thrown out comes again
two seconds later. They leave from 20 addresses, the good ones from another.
In their midst an app binds that was never seen before.
"""
import socket
import struct
import time

from apps import PASSWORD, Guests, Server, know, latency_figures
from measure import cpu_s
from rig import Case, options

GOOD = 20
ROLES = ("mute", "drip", "wrong", "oversized", "malformed", "deaf")
GOAL_RATE_PERCENT, GOAL_TIMES = 95, 2
FRESH_LIMIT_S = 10


def more(parser):
    parser.add_argument("--rate", type=int, default=5000,
                        help="submits a second of all good ones")
    parser.add_argument("--seconds", type=int, default=15,
                        help="of each part")
    parser.add_argument("--roles", default=",".join(ROLES),
                        help="which kinds of hostile connections")


def good(t, opts, server, prefix):
    count = opts.rate * opts.seconds
    said = server.load(count, "--binds", GOOD, "--window", 100, "--rate",
                       opts.rate, "--system-id", "good{n}", "--source",
                       "127.0.1.1")
    t.figure("%s_per_s" % prefix, said["answers_per_s"], 0)
    latency_figures(t, said, "%s_" % prefix)
    t.figure("%s_max_ms" % prefix, said["latency_us"]["max"] / 1e3, 1)
    return count


def bind_fresh(port):
    """Milliseconds until a login that never bound before is answered, and
    the status; None: it was not."""
    body = b"fresh\0" + PASSWORD.encode() + b"\0\0\x34\0\0\0"
    pdu = struct.pack(">IIII", 16 + len(body), 9, 0, 1) + body
    began = time.monotonic()
    with socket.socket() as s:
        s.settimeout(FRESH_LIMIT_S)
        s.bind(("127.0.3.1", 0))
        try:
            s.connect(("127.0.0.1", port))
            s.sendall(pdu)
            answer = s.recv(16, socket.MSG_WAITALL)
        except OSError:
            return None, None
    status = struct.unpack(">I", answer[8:12])[0] if len(answer) == 16 else None
    return (time.monotonic() - began) * 1e3, status


def tell_fates(t, said):
    for role, c in said.items():
        if role not in ROLES:
            continue
        t.figure("%s_opened" % role, c["opened"], 0)
        t.figure("%s_ended" % role, c["ended"], 0)
        t.note("%s: %d here, %d bound, %d never in; answers %d, nacks %d, "
               "%s; lived p50 %.2f s, p99 %.2f s" % (
                   role, c["here"], c["bound"], c["unopened"], c["answers"],
                   c["nacks"], " ".join("%s=%d" % s for s in sorted(
                       c["statuses"].items())) or "no errors",
                   c["lived_us"]["p50"] / 1e6, c["lived_us"]["p99"] / 1e6))


def compare(t):
    rate = t.figure("rate_percent", 100 * t.figures["beside_per_s"] /
                    t.figures["alone_per_s"], 1)
    times = t.figure("p99_times", t.figures["beside_p99_ms"] /
                     t.figures["alone_p99_ms"])
    t.note("goal: %d %% of the rate, p99 within %d times: %s" % (
        GOAL_RATE_PERCENT, GOAL_TIMES,
        "met" if rate >= GOAL_RATE_PERCENT and times <= GOAL_TIMES
        else "missed"))


def beside_hostile(t, opts, server):
    """How many the good ones sent."""
    roles = opts.roles.split(",")
    shares = [opts.size // len(roles)] * len(roles)
    shares[0] += opts.size - sum(shares)
    wanted = [x for role, n in zip(roles, shares)
              for x in ("--" + role, n)]
    used, began = cpu_s(server.daemon.pid()), time.monotonic()
    with Guests(server, *wanted, "--system-id", "bad{n}", "--logins", 100,
                "--source", "127.0.2.1", "--sources", 20) as guests:
        sent = good(t, opts, server, "beside")
        ms, status = bind_fresh(server.port)
        t.check("who was never seen before may bind", status == 0,
                (ms, status))
        t.figure("fresh_bind_ms", ms or FRESH_LIMIT_S * 1e3, 0)
    seconds = time.monotonic() - began
    t.figure("volleyd_core_percent", 100 * (cpu_s(server.daemon.pid()) -
                                            used) / seconds, 0)
    t.figure("guests_core_percent", 100 * guests.said["cpu_s"] / seconds, 0)
    tell_fates(t, guests.said)
    return sent


def main():
    opts = options(__doc__, 2000, more)
    with Case("hostile", opts) as t:
        logins = [("good%d" % i, {}) for i in range(GOOD)]
        logins += [("bad%d" % i, {"max_binds": 100, "rate": 1,
                                  "on_excess": "throttle"})
                   for i in range(100)]
        server = Server(t, logins + [("fresh", {})])
        know(server, "bad{n}", 100)
        good(t, opts, server, "warm")
        good(t, opts, server, "alone")
        beside_hostile(t, opts, server)
        compare(t)
        t.check("the daemon lives", server.daemon.runs())
        server.use.stop()
        server.daemon.finish(audit=False)
        log = server.daemon.stderr()
        t.figure("log_lines", log.count("\n"), 0)
        server.carrier.stop()


main()
