"""What the large cases share: carriers without a ledger, campaigns that are
filled from a pipe, the daemon's own use of the machine, and the report.

    with Case("stored", options) as t: ...; t.figure("parts_per_s", 250000)

A Case is a Suite (tests/e2e/volley_e2e.py): a check that fails makes the
exit status 1. Figures are printed, and written as JSON where --json says.
"""
import argparse
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tests/e2e"))
from measure import cpu_s, folder_bytes  # noqa: E402,F401
from volley_e2e import (BIN, Carrier, Child, Daemon,  # noqa: E402,F401
                        Suite, carrier_row, free_port, program, until)

TEXT = "Hi {{first_name}}, your car {{plate}} is ready: {{amount}} EUR."


def options(doc, size, more=None):
    """--size and --json; more(parser) adds what a case has of its own."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=size)
    parser.add_argument("--json", help="file that the figures go to")
    if more:
        more(parser)
    return parser.parse_args()


class Case(Suite):
    def __init__(self, name, opts):
        super().__init__(name)
        self.opts = opts
        self.figures, self.series, self.notes = {}, {}, []

    def figure(self, name, value, digits=2):
        self.figures[name] = round(value, digits)
        self.say("%-34s %s" % (name, format(round(value, digits), ",")))
        return value

    def note(self, text):
        self.notes.append(text)
        self.say(text)

    def __exit__(self, kind, value, trace):
        if self.opts.json and kind is None and not self.failed:
            with open(self.opts.json, "w") as f:
                json.dump({"case": self.name, "figures": self.figures,
                           "series": self.series, "notes": self.notes}, f)
        super().__exit__(kind, value, trace)


class PlainCarrier(Child):
    """volley-smsc without a ledger: it costs the machine the least."""

    def __init__(self, suite, name, *more):
        self.port = free_port()
        super().__init__(suite, name, [
            program("volley-smsc"), "--port", str(self.port), "--receipts",
            "1:DELIVRD", "--receipt-delay", "1-50", "--stats",
            *map(str, more)])

    def start(self):
        self.spawn()
        if not until(self._answers, 10):
            raise RuntimeError("%s does not listen" % self.name)
        return self

    def _answers(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def submits(self):
        """How many parts came; ends it."""
        self.stop()
        found = re.search(r"total submits=(\d+)", self.stdout())
        return int(found.group(1)) if found else -1


class Memory(threading.Thread):
    """The most that was resident, in MiB, looked at 20 times a second."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.on = pid, True
        self.most = self.most_own = 0.0
        self.start()

    def run(self):
        while self.on:
            try:
                with open("/proc/%d/status" % self.pid) as f:
                    status = f.read()
            except OSError:
                return
            mib = {k: int(v) / 1024 for k, v in
                   re.findall(r"(VmRSS|RssAnon):\s+(\d+)", status)}
            self.most = max(self.most, mib.get("VmRSS", 0))
            self.most_own = max(self.most_own, mib.get("RssAnon", 0))
            time.sleep(0.05)


def fill(api, campaign, rows, start=0, fields=None):
    """Rows from volley-load csv straight into the campaign."""
    argv = [program("volley-load"), "csv", "--rows", str(rows), "--start",
            str(start)]
    argv += ["--fields", fields] if fields else []
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as csv:
        pieces = iter(lambda: csv.stdout.read(1 << 18), b"")
        answer = api.must("PUT", "/v1/campaigns/%s/recipients" % campaign,
                          pieces, {"Content-Type": "text/csv"})
    if answer["accepted"] != rows:
        raise RuntimeError("accepted %r of %d" % (answer, rows))


def campaign_of(api, rows, start=0, text=TEXT, **more):
    """A campaign with its rows; the id."""
    made = api.must("POST", "/v1/campaigns",
                    dict(dict(name="bench", text=text), **more))["id"]
    fill(api, made, rows, start)
    return made


class Sent:
    """A campaign watched from its start until every receipt is applied."""

    def __init__(self, api, campaign, rows, daemon, limit_s=1200):
        before, began = cpu_s(daemon.pid()), time.monotonic()
        api.campaign_act(campaign, "start")
        self.delivered = 0
        while time.monotonic() - began < limit_s and daemon.runs():
            look = api.campaign_look(campaign)
            self.delivered = look["counts"]["delivered"]
            if self.delivered == rows:
                break
            time.sleep(0.02)
        self.seconds = time.monotonic() - began
        self.all = self.delivered == rows
        self.cpu_us = (cpu_s(daemon.pid()) - before) * 1e6 / rows
        self.per_s = rows / self.seconds


def settings(carriers, numbers, routes=None, **more):
    """carriers: rows of the settings; numbers: (number, carrier's name)."""
    return dict({
        "log": {"level": "warn"},
        "carriers": carriers,
        "routes": routes or [{"to": "*", "carriers": [carriers[0]["name"]]}],
        "numbers": [dict({"number": n, "carrier": c, "account": "demo"}, **x)
                    for n, c, x in numbers],
    }, **more)


def open_account(daemon, timeout=600):
    api = daemon.account()
    api.timeout = timeout
    return api
