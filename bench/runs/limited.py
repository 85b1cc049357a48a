#!/usr/bin/env python3
"""100 numbers at once, each limited to 1,000 parts a second.

    bench/runs/limited.py [--size N] [--json FILE]

A campaign for each number, all sending together for N parts in all. The
carrier's ledger, written with the kernel's time of arrival, is the judge:
every one-second window at every number, from the second after its first
part to its last, must hold 99 to 100 % of the limit.

Then what limits cost when little is due: all numbers have used up their day
and 9,000 rows wait (idle), and 100 numbers send 10 a second each. Either
must take less than 5 % of a core.

What the kernel joined while the simulator was held up bears the time of the
last of it: a window may seem to hold more by what came in such a stall. Run
it on a machine that does nothing else.
"""
import bisect
import time

from rig import (Carrier, Case, Daemon, campaign_of, carrier_row, cpu_s,
                 open_account, options, settings, until)

NUMBERS, PER_S, CORE_MAX_PERCENT = 100, 1000, 5
WATCH_S = 10
SECOND_US = 1000000


def start(t, name, limits):
    """A daemon with the numbers at one carrier; limits: of each number."""
    carrier = Carrier(t, "smsc-" + name, "--receipt-delay", "1-50",
                      text=False).start()
    numbers = [("+12125550%03d" % i, carrier.name, limits)
               for i in range(NUMBERS)]
    row = carrier_row(carrier, binds=4, window=2000)
    daemon = Daemon(t, settings([row], numbers), "volleyd-" + name).start()
    api = open_account(daemon)
    return carrier, daemon, api, [n for n, _, _ in numbers]


def fill_all(api, numbers, rows):
    return [campaign_of(api, rows, i * rows, **{"from": n})
            for i, n in enumerate(numbers)]


def end(t, daemon):
    t.equal("SIGTERM ends volleyd with 0", daemon.stop(60), 0)


def arrivals(carrier):
    """Times at which parts came, in order, by number of ours."""
    times = {}
    with open(carrier.ledger_path, "rb") as f:
        for line in f:
            cells = line.split(b"\t", 6)
            if len(cells) > 5 and cells[1] == b"SUBMIT":
                times.setdefault(cells[4], []).append(int(cells[0]))
    for x in times.values():
        x.sort()
    return times


def windows(times):
    """Fewest and most parts in any one-second window, between the second
    after the first part and the last. The fewest stand in a window that
    opens right after a part, the most in one that opens with a part."""
    first, last = times[0] + SECOND_US, times[-1] - SECOND_US
    fewest, most = len(times), 0
    j = 0
    for i, at in enumerate(times):
        j = max(j, i)
        while j < len(times) and times[j] < at + SECOND_US:
            j += 1
        most = max(most, j - i)
        if first <= at <= last:
            fewest = min(fewest, bisect.bisect_right(
                times, at + SECOND_US) - (i + 1))
    return fewest, most


def watch(daemon, seconds):
    """Percent of a core that the daemon uses."""
    before, began = cpu_s(daemon.pid()), time.monotonic()
    time.sleep(seconds)
    used = cpu_s(daemon.pid()) - before
    return 100 * used / (time.monotonic() - began)


def accuracy(t, size):
    carrier, daemon, api, numbers = start(t, "full", {"rate": PER_S})
    campaigns = fill_all(api, numbers, size // NUMBERS)
    before, began = cpu_s(daemon.pid()), time.monotonic()
    for c in campaigns:
        api.campaign_act(c, "start")
    time.sleep(size / NUMBERS / PER_S)  # who looks takes processor time
    until(lambda: all(api.campaign_look(c)["state"] == "done"
                      for c in campaigns), 120 + size / 50000, 0.5)
    used = cpu_s(daemon.pid()) - before
    t.figure("limited_core_percent",
             100 * used / (time.monotonic() - began), 1)
    t.figure("limited_cpu_us", used * 1e6 / size)
    end(t, daemon)
    carrier.stop()
    times = arrivals(carrier)
    t.equal("each text came once", sum(map(len, times.values())), size)
    found = [windows(x) for x in times.values()]
    fewest, most = min(f for f, _ in found), max(m for _, m in found)
    t.figure("fewest_parts_in_1s", fewest, 0)
    t.figure("most_parts_in_1s", most, 0)
    t.figure("numbers_within_percent", 100 * sum(
        f >= PER_S * 0.99 and m <= PER_S for f, m in found) / len(found), 0)
    t.figure("mean_parts_per_s", sum(
        (len(x) - 1) * 1e6 / (x[-1] - x[0]) for x in times.values()) /
        len(times), 1)
    t.note("goal: every window within 99 and 100 %%: %s" % (
        "met" if most <= PER_S and fewest >= PER_S * 0.99 else "missed"))


def waiting(t):
    carrier, daemon, api, numbers = start(
        t, "idle", {"rate": PER_S, "per_day": 10})
    for c in fill_all(api, numbers, 100):
        api.campaign_act(c, "start")
    time.sleep(2)
    share = t.figure("idle_core_percent", watch(daemon, WATCH_S), 2)
    t.note("goal: less than %d %% of a core: %s" % (
        CORE_MAX_PERCENT, "met" if share < CORE_MAX_PERCENT else "missed"))
    end(t, daemon)
    carrier.stop()


def slow(t):
    carrier, daemon, api, numbers = start(t, "slow", {"rate": 10})
    for c in fill_all(api, numbers, 10 * (WATCH_S + 10)):
        api.campaign_act(c, "start")
    time.sleep(3)
    share = t.figure("per_10_core_percent", watch(daemon, WATCH_S), 2)
    t.note("goal: less than %d %% of a core: %s" % (
        CORE_MAX_PERCENT, "met" if share < CORE_MAX_PERCENT else "missed"))
    carrier.stop()
    t.figure("per_10_most_parts_in_1s", max(
        windows(x)[1] for x in arrivals(carrier).values()), 0)
    daemon.stop(60)


def main():
    opts = options(__doc__, 2000000)
    opts.size -= opts.size % NUMBERS
    with Case("limited", opts) as t:
        accuracy(t, opts.size)
        waiting(t)
        slow(t)


main()
