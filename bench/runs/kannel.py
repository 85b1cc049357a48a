#!/usr/bin/env python3
"""Debian's Kannel as the peer: bearerbox and smsbox send through the same
simulated carrier as Volley, asked over HTTP by 32 kept-alive connections.

    bench/runs/kannel.py [--size N] [--json FILE] [--spool-only | --ram]
                         [--mask N]

Each request has a dlr-mask and a dlr-url, as apps have them that use Kannel:
it is the only way in which they learn a final state. The URL is volley-load
sink, which counts ids and costs a few microseconds a call. Twice in one run:
with the spool store, then with nothing stored at all; --spool-only and --ram
are one of them. Two rates, both from the first request: messages_per_s to
the last final state that the app was told, acked_per_s to the last receipt
that Kannel acknowledged to the carrier, as the carrier's ledger has it.
Kannel is set as its authors would for speed: no log files, large windows. It
is installed from Debian when absent, and ends with this script.
"""
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import quote

from lanes import Lanes
from measure import percentile
from rig import Case, Child, free_port, options, program, until
from volley_e2e import Carrier

CONNECTIONS = 32
SBIN = "/usr/sbin"
PASSWORD = "bench"
DLR_ALL = 31  # delivered, failed, buffered, accepted, rejected
TOLD_S = 120

# Spool store or none; all else is the same.
CONF = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = {password}
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
smsbox-max-pending = 1000
dlr-storage = internal
{store}

group = smsc
smsc = smpp
smsc-id = acme
host = 127.0.0.1
port = {carrier}
smsc-username = volley
smsc-password = secret
system-type = ""
transceiver-mode = 1
max-pending-submits = 500

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {http}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = bench
password = {password}
max-messages = 1
"""


def install():
    """Kannel from Debian; not started as a service."""
    if os.path.exists(SBIN + "/bearerbox"):
        return
    for command in (["update", "-q"],
                    ["install", "-yq", "--no-install-recommends", "kannel"]):
        subprocess.run(["apt-get", *command], check=True,
                       stdout=sys.stderr, env=dict(
                           os.environ, DEBIAN_FRONTEND="noninteractive",
                           RUNLEVEL="1"))


class Kannel:
    """bearerbox and smsbox on free ports, bound to one carrier."""

    def __init__(self, t, name, carrier, spool):
        self.t, self.name, self.carrier = t, name, carrier
        self.admin, self.http = free_port(), free_port()
        store = ""
        if spool:
            os.mkdir(t.path(name + "-spool"))
            store = "store-type = spool\nstore-location = " + t.path(
                name + "-spool")
        self.conf = t.path(name + ".conf")
        with open(self.conf, "w") as f:
            f.write(CONF.format(admin=self.admin, http=self.http,
                                boxes=free_port(), carrier=carrier.port,
                                password=PASSWORD, store=store))
        self.boxes = [Child(t, "%s-%s" % (name, box),
                            ["%s/%s" % (SBIN, box), "-v", "3", self.conf])
                      for box in ("bearerbox", "smsbox")]

    def start(self):
        bearer, sms = self.boxes
        bearer.spawn()
        if not until(lambda: "<status>online" in self.status(), 20):
            raise RuntimeError("bearerbox has no bind: " + bearer.stderr())
        sms.spawn()
        if not until(self.takes_requests, 20):
            raise RuntimeError("smsbox does not answer: " + sms.stderr())
        return self

    def status(self):
        url = "http://127.0.0.1:%d/status.xml?password=%s" % (
            self.admin, PASSWORD)
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def takes_requests(self):
        url = "http://127.0.0.1:%d/cgi-bin/sendsms" % self.http
        try:
            urllib.request.urlopen(url, timeout=5)
        except urllib.error.HTTPError:
            return True  # it says that the login is missing
        except OSError:
            return False
        return True

    def receipts_matched(self):
        found = re.search(r"<dlr><received><total>(\d+)",
                          re.sub(r"\s", "", self.status()))
        return int(found.group(1)) if found else 0

    def cpu_s(self):
        ticks = 0
        for box in self.boxes:
            with open("/proc/%d/stat" % box.pid()) as f:
                ticks += sum(map(int, f.read().rsplit(")", 1)[1]
                                 .split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self):
        for box in reversed(self.boxes):
            box.stop(20)


class App(Child):
    """Who is told of receipts: volley-load sink."""

    def __init__(self, t, name, size):
        self.port = free_port()
        super().__init__(t, name, [program("volley-load"), "sink", "--port",
                                   str(self.port), "--ids", str(size + 1)])

    def start(self):
        self.spawn()
        if not until(self.counts, 10):
            raise RuntimeError("volley-load sink: " + self.stderr())
        return self

    def counts(self):
        url = "http://127.0.0.1:%d/counts" % self.port
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)
        except OSError:
            return {}


def requests_to(app, mask):
    """A function that makes the n-th request."""
    url = "http://127.0.0.1:%d/told?id=%%d&state=%%%%d" % app.port

    def request_of(n):
        return ("GET /cgi-bin/sendsms?username=bench&password=%s"
                "&from=12125550101&to=%%2B44770%07d&text=Hello%%2C+this+is+"
                "message+%d+of+a+load+test.&dlr-mask=%d&dlr-url=%s HTTP/1.1"
                "\r\nHost: 127.0.0.1\r\n\r\n" % (
                    PASSWORD, n, n, mask, quote(url % n, safe=""))).encode()
    return request_of


def last_ack_s(carrier):
    """Unix time of the newest acknowledged receipt, and how many."""
    acks = carrier.lines("RECEIPT_ACK")
    return max((l.time_us for l in acks), default=0) / 1e6, len(acks)


def measure(t, prefix, spool):
    """The figures of one way of storing."""
    size = t.opts.size
    carrier = Carrier(t, prefix + "acme", "--receipt-delay", "1-50",
                      text=False).start()
    app = App(t, prefix + "app", size).start()
    kannel = Kannel(t, prefix + "kannel", carrier, spool).start()
    lanes = Lanes(kannel.http, CONNECTIONS, size,
                  requests_to(app, t.opts.mask))
    cpu, began = kannel.cpu_s(), time.time()
    lanes.run(600)
    taken = time.time() - began
    t.equal(prefix + "every request is answered with 202", lanes.statuses,
            {202: size})
    t.check(prefix + "the app is told of every final state", until(
        lambda: app.counts().get("final") == size, TOLD_S, 0.1), app.counts())
    cpu = kannel.cpu_s() - cpu
    counts = app.counts()
    until(lambda: carrier.judge()["receipts_acked"] >= size, 20, 0.5)
    end, acks = last_ack_s(carrier)
    t.equal(prefix + "every receipt is acknowledged", acks, size)
    matched = kannel.receipts_matched()
    t.check(prefix + "Kannel knows whose receipts they are",
            matched >= size * 0.99, matched)
    kannel.stop()
    app.stop()
    carrier.stop()
    t.figure(prefix + "messages_per_s",
             size / (counts["last_us"] / 1e6 - began), 0)
    t.figure(prefix + "acked_per_s", size / (end - began), 0)
    t.figure(prefix + "sendsms_per_s", size / taken, 0)
    t.figure(prefix + "p50_ms", percentile(lanes.times_s, 0.5) * 1e3, 3)
    t.figure(prefix + "p99_ms", percentile(lanes.times_s, 0.99) * 1e3, 3)
    t.figure(prefix + "cpu_us", cpu * 1e6 / size, 1)
    t.figure(prefix + "calls_per_message", counts["calls"] / size, 2)


def more(parser):
    parser.add_argument("--spool-only", action="store_true",
                        help="leave out the run that stores nothing")
    parser.add_argument("--ram", action="store_true",
                        help="only the run that stores nothing")
    parser.add_argument("--mask", type=int, default=DLR_ALL,
                        help="dlr-mask (31: all; 19: final states alone)")


def main():
    opts = options(__doc__, 20000, more)
    install()
    with Case("kannel", opts) as t:
        if not opts.ram:
            measure(t, "", True)
        if not opts.spool_only:
            measure(t, "ram_", False)
        t.note("ram_: no spool store; in both dlr-storage is internal, so "
               "receipts are in RAM, and nothing is synced to the disk")


main()
