#!/usr/bin/env python3
"""A campaign of a million recipients from a CSV file: accepted, sent,
receipted and reported, with what it cost.

    cmake -B build && cmake --build build
    bench/runs/million.py

Two simulated carriers on the same machine receipt every text; resident
memory of the daemon is looked at ten times a second; the rate of the first
and of the last 100,000 comes from the carriers' ledgers, so the daemon
measures nothing about itself. Exits 1 when something is missing, when memory
passes 256 MiB, or when the last 100,000 are much slower than the first.
"""
import argparse
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


class Memory(threading.Thread):
    """Looks at the daemon's resident memory until stopped; in MiB."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.on = pid, True
        self.most = self.most_own = 0.0

    def run(self):
        while self.on:
            try:
                with open("/proc/%d/status" % self.pid) as f:
                    status = f.read()
            except OSError:
                return
            field = {k: int(v) / 1024 for k, v in
                     re.findall(r"(VmRSS|RssAnon):\s+(\d+)", status)}
            self.most = max(self.most, field.get("VmRSS", 0))
            self.most_own = max(self.most_own, field.get("RssAnon", 0))
            time.sleep(0.1)


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


def check_rates(t, carriers, sample):
    times = list(heapq.merge(*[submit_times(c) for c in carriers]))
    first, last = rate(times[:sample]), rate(times[-sample:])
    t.say("rate: all %.0f/s, first %d: %.0f/s, last %d: %.0f/s" % (
        rate(times), sample, first, sample, last))
    t.check("the last are not much slower than the first",
            last > 0.7 * first, "%.0f/s against %.0f/s" % (last, first))
    return len(times)


def main():
    options = read_options()
    size = options.size
    with Suite("million") as t:
        carriers = [Carrier(t, name, "--receipts", "1:DELIVRD",
                            "--receipt-delay", "100-2000", text=False)
                    .start() for name in ("acme", "orbit")]
        daemon = Daemon(t, settings(carriers)).start()
        memory = Memory(daemon.pid())
        memory.start()
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
        began = time.monotonic()
        api.campaign_act(campaign, "start")
        look = watch(t, api, campaign, size, options.limit)
        t.say("sent and receipted in %.1f s" % (time.monotonic() - began))
        t.check("it is done and every receipt is applied",
                look["state"] == "done" and
                look["counts"]["delivered"] == size, look["counts"])
        t.check("counts add up", adds_up(look), look["counts"])
        t.equal("the results report all as delivered",
                count_results(t, api, campaign), size)
        memory.on = False
        memory.join()
        t.say("resident memory: most %.0f MiB, of it our own %.0f MiB" % (
            memory.most, memory.most_own))
        t.check("resident memory stays under %d MiB" % RSS_MAX_MB,
                memory.most < RSS_MAX_MB, "%.0f MiB" % memory.most)
        parts = check_rates(t, carriers, min(options.sample, size // 2))
        t.equal("the carriers got each text once", parts, size)
        daemon.finish()


main()
