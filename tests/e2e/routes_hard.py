#!/usr/bin/env python3
"""Ways that change under the traffic: carriers that vanish, fall silent,
refuse, are taken out of the settings and put back, and kill -9 between. What
a client was told ESME_ROK leaves once, or is uncertain."""

import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from client_kit import App, Upstream  # noqa: E402
from smsc_client import BIND_TX, RESP, SUBMIT  # noqa: E402
from volley_e2e import Daemon, Suite, free_port, until  # noqa: E402

OURS = "12125550101"


class Fickle(Upstream):
    """A carrier that refuses every so many submits."""

    refuse_each = 0
    refusal = 0x0B

    def take(self, link, pdu):
        status = self.status
        if self.refuse_each and random.randrange(self.refuse_each) == 0:
            status = self.refusal
        if pdu.command == SUBMIT and status:  # is not taken: not kept either
            self.reply(link, pdu, b"", status)
            return
        super().take(link, pdu)

    def hang_up(self):
        with self.lock:
            for link in self.links:
                link.close()
            self.links = []


class World:
    def __init__(self, t, strategy, name):
        self.t = t
        self.up = {name: Fickle() for name in ("one", "two", "three")}
        self.port = free_port()
        self.settings = {
            "smpp": {"listen": ["127.0.0.1:%d" % self.port]},
            "carriers": [self.carrier(name) for name in self.up],
            "routes": [{"to": "*", "strategy": strategy,
                        "on_error": {"statuses": ["0x0000000B"],
                                     "times": 2}}],
            "numbers": [{"number": "+" + OURS, "account": "demo"}],
            "sending": {"no_route": "hold"},
        }
        self.lead_to(*self.up)
        self.daemon = Daemon(t, self.settings, name)
        self.daemon.start()
        self.account = self.daemon.account("demo")
        self.daemon.api().must("POST", "/v1/logins", {
            "account": "demo", "system_id": "app", "password": "secret"})
        self.said, self.refused = {}, 0
        self.stop = threading.Event()

    def carrier(self, name):
        return {"name": name, "host": "127.0.0.1",
                "port": self.up[name].port, "system_id": "volley",
                "password": "secret", "binds": 2, "window": 20,
                "timers": {"response": "2s", "reconnect_min": "100ms",
                           "reconnect_max": "500ms"}}

    def lead_to(self, *names):
        route = self.settings["routes"][0]
        route["carriers"] = list(names)
        if route["strategy"] == "weighted":
            route["weights"] = [3, 2, 1][:len(names)]

    def reload(self, *names):
        self.settings["carriers"] = [self.carrier(n) for n in names]
        self.lead_to(*names)
        self.daemon.write_settings()
        self.daemon.signal(signal.SIGHUP)

    def submit(self):
        """Some 300 a second, until told to stop."""
        n = 0
        while not self.stop.is_set():
            try:
                app = App(self.port, BIND_TX, "app", "secret", timeout=5)
                while app.bound and not self.stop.is_set():
                    asked = {}
                    for _ in range(15):
                        n += 1
                        dest = "4478%08d" % n
                        asked[app.submit(dest, text=b"%d" % n)] = dest
                    while asked:
                        pdu = app.next(5)
                        if pdu is None:
                            raise OSError("no answer")
                        if pdu.command & RESP and pdu.seq in asked:
                            dest = asked.pop(pdu.seq)
                            if pdu.status == 0:
                                self.said[dest] = pdu.message_id()
                            else:
                                self.refused += 1
                    time.sleep(0.05)
            except (OSError, EOFError, AssertionError):
                time.sleep(0.1)

    def counts(self):
        """How often each destination was taken."""
        count = {}
        for up in self.up.values():
            for s in list(up.submits):
                count[s["dest"]] = count.get(s["dest"], 0) + 1
        return count

    def judge(self, killed):
        t = self.t
        t.check("clients submitted all the time", len(self.said) > 500,
                len(self.said))
        until(lambda: len(set(self.said) - set(self.counts())) == 0, 20, 0.5)
        count = self.counts()
        twice = [d for d in self.said if count.get(d, 0) > 1]
        t.equal("nothing was taken twice", twice[:5], [])
        missing = [d for d in self.said if d not in count]
        states = {}
        for d in missing[:500]:
            rows = self.account.get("/v1/messages?to=%%2B%s" % d)[1]["data"]
            state = rows[0]["state"] if rows else "gone"
            states[state] = states.get(state, 0) + 1
        allowed = {"uncertain"} if killed else set()
        t.check("nothing is lost", not set(states) - allowed - {"failed"},
                states)
        t.check("few failed for refusals by all", states.get("failed", 0)
                <= len(self.said) // 50, states)

    def finish(self):
        self.daemon.finish()
        for up in self.up.values():
            up.close()


def run(t, strategy, kills):
    t.say("%s%s" % (strategy, " with kill -9" if kills else ""))
    w = World(t, strategy, "%s%d" % (strategy, kills))
    x = threading.Thread(target=w.submit)
    x.start()
    time.sleep(1)
    one, two, three = w.up.values()
    one.refuse_each = 5
    time.sleep(1)
    w.reload("two", "three")
    time.sleep(0.7)
    if kills:
        w.daemon.kill9()
        w.daemon.start(bound=False)
    time.sleep(0.7)
    w.reload("three", "one")
    two.refuse_each = 3
    time.sleep(1)
    w.reload("one", "two", "three")
    one.refuse_each = 0
    for up in (one, two, three):
        time.sleep(0.5)
        up.status = 0x58  # throttled
        time.sleep(0.5)
        up.status = 0
    if kills:
        w.daemon.kill9()
        w.daemon.start(bound=False)
    time.sleep(1)
    w.reload("one")
    time.sleep(0.3)
    w.reload("two", "one", "three")
    time.sleep(1)
    w.stop.set()
    x.join(30)
    w.judge(kills)
    w.finish()


def main():
    with Suite("routes_hard") as t:
        random.seed(7)
        only = sys.argv[1:]
        for strategy, kills in (("failover", True), ("round-robin", False),
                                ("weighted", True), ("least-loaded", False)):
            if not only or strategy in only:
                run(t, strategy, kills)


if __name__ == "__main__":
    main()
