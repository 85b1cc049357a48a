#!/usr/bin/env python3
"""Three carriers under load; each in turn is killed, throttled and slowed.

    bench/runs/failover.py [--size N] [--rate N] [--json FILE] [--plot FILE]

A campaign leaves at a steady rate over a round-robin route of three
carriers. acme is killed (SIGKILL) for 8 s, backup allows 50 parts a second
for 8 s, third answers 2 s late for 8 s. The carriers' ledgers, written with
the kernel's time of arrival, are the judge: every part came once or is listed
as uncertain, the whole rate is back on the others within 2 s, and each
carrier has its share again by itself. Printed: parts a second by carrier.
"""
import collections
import socket
import subprocess
import threading
import time

from rig import (Carrier, Case, Daemon, carrier_row, fill, open_account,
                 options, settings, until)

NUMBER = "36000"
LATENCY = ("--latency", 20)
KILL, THROTTLE, SLOW = (6, 14), (24, 32), (54, 62)
THROTTLED_PER_S, LATE_S = 50, 2.0
BIN_S, MOVES_WITHIN_S = 0.1, 2.0
# A bind is back, or a probe went well: soon. After throttling the rate is
# found by climbing from what the carrier took.
BACK_WITHIN_S = {"kill": 5, "throttle": 20, "slow": 10}


class LateLink(threading.Thread):
    """A way to a carrier on which its answers can be made late."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.to, self.late_s = port, 0.0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(("127.0.0.1", self.to))
            for one, other, late in ((near, far, False), (far, near, True)):
                threading.Thread(target=self.carry, daemon=True,
                                 args=(one, other, late)).start()

    def carry(self, one, other, late):
        if not late:
            return self.pump(one, other)
        waiting, news = collections.deque(), threading.Condition()
        threading.Thread(target=self.deliver, daemon=True,
                         args=(other, waiting, news)).start()
        while True:
            octets = one.recv(65536)
            with news:
                waiting.append((time.monotonic() + self.late_s, octets))
                news.notify()
            if not octets:
                return None

    @staticmethod
    def deliver(other, waiting, news):
        while True:
            with news:
                while not waiting:
                    news.wait()
                due, octets = waiting.popleft()
            time.sleep(max(0, due - time.monotonic()))
            try:
                if not octets:
                    return other.shutdown(socket.SHUT_WR)
                other.sendall(octets)
            except OSError:
                return None

    @staticmethod
    def pump(one, other):
        try:
            while octets := one.recv(65536):
                other.sendall(octets)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def at(began, second):
    time.sleep(max(0, began + second - time.monotonic()))


class Arrivals:
    """Parts by carrier and tenth of a second from the start."""

    def __init__(self, ledgers, began_us):
        self.bins, self.times = {}, collections.Counter()
        for name, carriers in ledgers.items():
            bins = self.bins[name] = collections.Counter()
            for line in (x for c in carriers for x in c.lines("SUBMIT")):
                bins[int((line.time_us - began_us) / 1e6 / BIN_S)] += 1
                self.times[line.dest] += 1

    def per_s(self, second, span_s, names=None):
        first, n = round(second / BIN_S), round(span_s / BIN_S)
        return sum(self.bins[c][first + i] for c in names or self.bins
                   for i in range(n)) / span_s

    def until_rate(self, second, wanted, names=None, most=15):
        """Seconds from then on until half a second has that rate; the end
        of that half second counts."""
        for i in range(round(most / BIN_S)):
            if self.per_s(second + i * BIN_S, 0.5, names) >= wanted:
                return max(0.0, (i - 1) * BIN_S + 0.5 if i else 0.0)
        return float("inf")


def drive(t, rate):
    """Runs the load and what befalls the carriers; ledgers, and the start."""
    acme = Carrier(t, "acme", *LATENCY, text=False).start()
    backup = Carrier(t, "backup", *LATENCY, text=False,
                     script="clock start\nthrottle %d/s from %ds to %ds\n" %
                     (THROTTLED_PER_S, *THROTTLE))
    third = Carrier(t, "third", *LATENCY, text=False).start()
    link = LateLink(third.port)
    rows = [carrier_row(c, binds=2, window=200)
            for c in (acme, backup, third)]
    rows[2]["port"] = link.port
    daemon = Daemon(t, settings(
        rows, [(NUMBER, "", {})],
        [{"to": "*", "strategy": "round-robin",
          "carriers": ["acme", "backup", "third"]}]), "volleyd")
    daemon.start(bound=False)
    api = open_account(daemon)
    campaign = api.must("POST", "/v1/campaigns",
                        {"name": "failover", "text": "Hi {{first_name}}",
                         "from": NUMBER, "rate": rate})["id"]
    fill(api, campaign, t.opts.size)
    backup.start()  # its clock is the clock
    began, began_us = time.monotonic(), time.time() * 1e6
    until(daemon.is_bound, 5)
    api.campaign_act(campaign, "start")
    at(began, KILL[0])
    acme.kill9()
    at(began, KILL[1])
    again = Carrier(t, "acme-again", *LATENCY, text=False,
                    port=acme.port).start()
    at(began, SLOW[0])
    link.late_s = LATE_S
    at(began, SLOW[1])
    link.late_s = 0.0
    look = api.campaign_ends(campaign, t.opts.size / rate + 60)
    time.sleep(0.3)
    results = api.results(campaign)
    ledgers = {"acme": [acme, again], "backup": [backup], "third": [third]}
    t.equal("SIGTERM ends volleyd with 0", daemon.stop(90), 0)
    status, said = daemon.audit()
    t.equal("the store is clean: %s" % said.split("\n")[0], status, 0)
    return ledgers, began_us, look, results


def count(t, seen, look, results):
    size = t.opts.size
    doubled = sum(n > 1 for n in seen.times.values())
    uncertain = {r["to"].lstrip("+") for r in results
                 if r["state"] == "uncertain"}
    taken = {r["to"].lstrip("+") for r in results
             if r["state"] in ("submitted", "delivered")}
    t.figure("parts", sum(seen.times.values()), 0)
    t.figure("doubled", doubled, 0)
    t.figure("uncertain", len(uncertain), 0)
    lost = size - len(taken | uncertain)
    t.figure("lost", lost, 0)
    t.figure("answered_but_not_in_a_ledger", len(taken - set(seen.times)), 0)
    t.equal("no message is lost", lost, 0)
    t.equal("none is doubled", doubled, 0)
    t.check("at most two windows of the killed carrier are uncertain",
            len(uncertain) <= 2 * 200, len(uncertain))
    t.check("the campaign counts the same",
            look["counts"]["uncertain"] == len(uncertain), look["counts"])


def judge(t, seen, rate):
    for name, (begin, end), carrier in (("kill", KILL, "acme"),
                                        ("throttle", THROTTLE, "backup"),
                                        ("slow", SLOW, "third")):
        others = [c for c in seen.bins if c != carrier]
        moved = t.figure(name + "_moves_in_s",
                         seen.until_rate(begin, rate * 0.85, others), 1)
        back = t.figure(name + "_is_back_in_s",
                        seen.until_rate(end, rate / 3 * 0.8, [carrier],
                                        22), 1)
        t.check("%s: the others have it all within %g s" %
                (name, MOVES_WITHIN_S), moved <= MOVES_WITHIN_S, moved)
        t.check("%s: it has its share again by itself" % name,
                back <= BACK_WITHIN_S[name], back)


def show(t, seen, seconds, plot):
    names = list(seen.bins)
    t.say("second  " + "".join("%9s" % n for n in names) + "      all")
    table = [[seen.per_s(s, 1, [n]) for n in names] for s in range(seconds)]
    for s, row in enumerate(table):
        t.say("%6d  " % s + "".join("%9d" % x for x in row) +
              "%9d" % sum(row))
    t.series = {n: [r[i] for r in table] for i, n in enumerate(names)}
    if not plot:
        return
    data = t.path("failover.dat")
    with open(data, "w") as f:
        for i in range(seconds * 2):
            f.write("%g %s\n" % (i / 2, " ".join(
                "%g" % seen.per_s(i / 2, 0.5, [n]) for n in names)))
    lines = ", ".join("'%s' using 1:%d with lines lw 2 title '%s'" %
                      (data, i + 2, n) for i, n in enumerate(names))
    subprocess.run(["gnuplot", "-e", "set terminal svg size 900,360; "
                    "set output '%s'; set xlabel 'seconds'; "
                    "set ylabel 'parts per second'; set yrange [0:]; "
                    "set key outside; plot %s" % (plot, lines)], check=True)


def more(parser):
    parser.add_argument("--rate", type=int, default=900)
    parser.add_argument("--plot", help="SVG that is drawn, by gnuplot")


if __name__ == "__main__":
    OPTS = options(__doc__, 66000, more)
    with Case("failover", OPTS) as case:
        LEDGERS, BEGAN_US, LOOK, RESULTS = drive(case, OPTS.rate)
        SEEN = Arrivals(LEDGERS, BEGAN_US)
        show(case, SEEN, OPTS.size // OPTS.rate + 3, OPTS.plot)
        count(case, SEEN, LOOK, RESULTS)
        judge(case, SEEN, OPTS.rate)
