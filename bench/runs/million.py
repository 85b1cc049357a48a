#!/usr/bin/env python3
"""A campaign of a million recipients from a CSV file: accepted, sent,
receipted and reported, with what it cost.

    cmake -B build && cmake --build build
    bench/runs/million.py

Two simulated carriers on the same machine receipt every text. The daemon's
resident memory and processor time are read from /proc all the while; the
rate of each 100,000 comes from the carriers' ledgers, so the daemon measures
nothing about itself. Exits 1 when something is missing, when memory passes
256 MiB, or when a text of the last 100,000 costs the daemon more processor
time than one of the first. Rates also depend on what else the machine does:
they are printed, not judged.
"""
import argparse
import bisect
import heapq
import os
import re
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tests/e2e"))
from volley_e2e import (Carrier, Daemon, Suite, adds_up,  # noqa: E402
                        carrier_row, program)

NUMBERS = ("+12125550101", "+12125550102")
RSS_MAX_MB = 256
TEXT = "Hi {{first_name}}, your car {{plate}} is ready: {{amount}} EUR."


def read_options():
    options = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--size", type=int, default=1000000)
    options.add_argument("--sample", type=int, default=100000,
                         help="recipients of the first and last rate")
    options.add_argument("--limit", type=int, default=1200,
                         help="give up after so many seconds")
    return options.parse_args()


class Usage(threading.Thread):
    """Looks at the daemon's memory (MiB) and processor time until stopped."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.on = pid, True
        self.most = self.most_own = 0.0
        self.phase = self.phase_own = 0.0
        self.cpu = []  # (microseconds of the wall clock, seconds used)

    def run(self):
        while self.on:
            try:
                with open("/proc/%d/status" % self.pid) as f:
                    status = f.read()
                with open("/proc/%d/stat" % self.pid) as f:
                    ticks = f.read().rsplit(")", 1)[1].split()[11:13]
            except OSError:
                return
            self.cpu.append((time.time() * 1e6, sum(map(int, ticks)) /
                             os.sysconf("SC_CLK_TCK")))
            field = {k: int(v) / 1024 for k, v in
                     re.findall(r"(VmRSS|RssAnon):\s+(\d+)", status)}
            now, own = field.get("VmRSS", 0), field.get("RssAnon", 0)
            self.most, self.most_own = (max(self.most, now),
                                        max(self.most_own, own))
            self.phase, self.phase_own = (max(self.phase, now),
                                          max(self.phase_own, own))
            time.sleep(0.05)

    def cpu_at(self, wall_us):
        """Seconds used by then, between the two nearest looks."""
        i = bisect.bisect([at for at, _ in self.cpu], wall_us)
        if i == 0 or i == len(self.cpu):
            return self.cpu[min(i, len(self.cpu) - 1)][1]
        (t0, c0), (t1, c1) = self.cpu[i - 1:i + 1]
        return c0 + (c1 - c0) * (wall_us - t0) / (t1 - t0)

    def tell(self, t, what):
        """The most of the phase that ends here."""
        t.say("resident memory while %s: most %.0f MiB, of it our own "
              "%.0f MiB, the rest pages of files" % (
                  what, self.phase, self.phase_own))
        self.phase = self.phase_own = 0.0


def settings(carriers):
    return {
        "log": {"level": "warn"},
        "carriers": [carrier_row(c, binds=2, window=500) for c in carriers],
        "routes": [{"to": "*", "carriers": [c.name for c in carriers]}],
        "numbers": [{"number": n, "carrier": c.name, "account": "demo"}
                    for n, c in zip(NUMBERS, carriers)],
    }


def submit_times(carrier):
    """When each part reached the carrier, in microseconds, in order."""
    awk = subprocess.Popen(
        ["awk", "-F", "\t", '$2 == "SUBMIT" { print $1 }',
         carrier.ledger_path], stdout=subprocess.PIPE, text=True)
    times = sorted(int(l) for l in awk.stdout)
    awk.wait()
    return times


def rate(times):
    return (len(times) - 1) * 1e6 / (times[-1] - times[0])


def upload(t, api, campaign, path):
    began = time.monotonic()
    with open(path, "rb") as f:
        answer = api.must("PUT", "/v1/campaigns/%s/recipients" % campaign,
                          f, {"Content-Type": "text/csv"})
    t.say("uploaded in %.1f s" % (time.monotonic() - began))
    return answer


def watch(t, api, campaign, size, limit):
    """Until every receipt is applied; a line every ten seconds."""
    end, told = time.monotonic() + limit, 0.0
    while time.monotonic() < end:
        look = api.campaign_look(campaign)
        counts = look["counts"]
        if look["state"] == "done" and counts["delivered"] == size:
            return look
        if time.monotonic() - told > 10:
            told = time.monotonic()
            t.say("%s: %d submitted, %d delivered, %s/s" % (
                look["state"], counts["submitted"], counts["delivered"],
                look["rate_now"]))
        time.sleep(0.5)
    return api.campaign_look(campaign)


def count_results(t, api, campaign):
    """Lines of the results by state, read as a stream."""
    began = time.monotonic()
    run = subprocess.run(
        [program("volley"), "campaign", "results", campaign, "--csv",
         "--url", "http://127.0.0.1:%d" % api.port, "--key", api.key,
         "--output", t.path("results.csv")], capture_output=True, text=True)
    t.equal("volley campaign results ends with 0", run.returncode, 0)
    with open(t.path("results.csv")) as f:
        delivered = sum(",delivered," in line for line in f)
    t.say("reported in %.1f s" % (time.monotonic() - began))
    return delivered


def check_rates(t, carriers, sample, usage):
    times = list(heapq.merge(*[submit_times(c) for c in carriers]))
    pieces = [times[i:i + sample]
              for i in range(0, len(times) - sample + 1, sample)]
    cost = [(usage.cpu_at(p[-1]) - usage.cpu_at(p[0])) * 1e6 / sample
            for p in pieces]
    t.say("each %d, parts/s: %s" % (sample, " ".join(
        "%.0f" % rate(p) for p in pieces)))
    t.say("each %d, processor us a part: %s" % (sample, " ".join(
        "%.2f" % c for c in cost)))
    t.say("rate: all %.0f/s, first %d: %.0f/s, last %d: %.0f/s" % (
        rate(times), sample, rate(pieces[0]), sample, rate(pieces[-1])))
    # Other work on the machine changes the rate, hardly the cost.
    t.check("the last cost no more than the first",
            cost[-1] < 1.4 * cost[0] + 0.5, "%.2f us against %.2f us" % (
                cost[-1], cost[0]))
    return len(times)


def main():
    options = read_options()
    size = options.size
    with Suite("million") as t:
        carriers = [Carrier(t, name, "--receipts", "1:DELIVRD",
                            "--receipt-delay", "1-50", text=False)
                    .start() for name in ("acme", "orbit")]
        daemon = Daemon(t, settings(carriers)).start()
        usage = Usage(daemon.pid())
        usage.start()
        api = daemon.account()
        api.timeout = 600
        pool = api.must("POST", "/v1/pools", {
            "name": "both", "numbers": list(NUMBERS)})["id"]
        path = t.path("people.csv")
        with open(path, "wb") as f:
            subprocess.run([program("volley-load"), "csv", "--rows",
                            str(size)], stdout=f, check=True)
        campaign = api.must("POST", "/v1/campaigns", {
            "name": "million", "text": TEXT, "pool": pool})["id"]
        answer = upload(t, api, campaign, path)
        t.equal("every row is accepted", (
            answer["accepted"], answer["rejected"], answer["duplicates"]),
            (size, 0, 0))
        usage.tell(t, "uploading")
        began = time.monotonic()
        api.campaign_act(campaign, "start")
        look = watch(t, api, campaign, size, options.limit)
        t.say("sent and receipted in %.1f s" % (time.monotonic() - began))
        usage.tell(t, "sending")
        t.check("it is done and every receipt is applied",
                look["state"] == "done" and
                look["counts"]["delivered"] == size, look["counts"])
        t.check("counts add up", adds_up(look), look["counts"])
        t.equal("the results report all as delivered",
                count_results(t, api, campaign), size)
        usage.tell(t, "reporting")
        usage.on = False
        usage.join()
        t.say("resident memory: most %.0f MiB, of it our own %.0f MiB" % (
            usage.most, usage.most_own))
        t.check("resident memory stays under %d MiB" % RSS_MAX_MB,
                usage.most < RSS_MAX_MB, "%.0f MiB" % usage.most)
        parts = check_rates(t, carriers, min(options.sample, size // 2),
                            usage)
        t.equal("the carriers got each text once", parts, size)
        daemon.finish()


main()
