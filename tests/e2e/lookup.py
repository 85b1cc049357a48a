#!/usr/bin/env python3
"""Routes by network: an HTTP server says which network a phone is on. It is
asked in batches and once a phone; it may be slow, dead or wrong, and no
message is lost or held for longer than the time limit."""
import http.server
import json
import threading
import time

from volley_e2e import Carrier, Daemon, Suite, carrier_row, csv_of, until

NUMBER = "36000"
ROWS = 3000


class Lookup:
    """A server on loopback: phones that end in 1, 3, 5.. are of 23415."""

    def __init__(self):
        self.asked = {}        # phone -> times
        self.sizes = []        # of questions
        self.tokens = set()
        self.mode = "good"
        self.connections = 0
        lookup = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                lookup.connections += 1
                super().setup()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if lookup.mode == "dead":
                    self.close_connection = True
                    return
                lookup.tokens.add(self.headers.get("Authorization"))
                status, text = lookup.answer(json.loads(body)["numbers"])
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                try:
                    self.wfile.write(text)
                except OSError:
                    pass       # they did not wait

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass           # connections end when the daemon does

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def answer(self, numbers):
        self.sizes.append(len(numbers))
        for n in numbers:
            self.asked[n] = self.asked.get(n, 0) + 1
        if self.mode == "slow":
            time.sleep(1.5)
        if self.mode == "error":
            return 500, b"{}"
        if self.mode == "wrong":
            return 200, b"<html>nothing here</html>"
        return 200, json.dumps({n: {"network": "23415"} for n in numbers
                                if int(n[-1]) % 2}).encode()


def phone(n):
    return "+4477009%05d" % n


def counters(daemon):
    text = daemon.api().call("GET", "/metrics", raw=True)[1]
    lines = (text if isinstance(text, str) else text.decode()).splitlines()
    return {k: float(v) for k, v in
            (l.rsplit(" ", 1) for l in lines if l.startswith("volley_lookup"))}


with Suite("lookup") as t:
    server = Lookup()
    acme, backup = (Carrier(t, n).start() for n in ("acme", "backup"))
    daemon = Daemon(t, {
        "log": {"level": "info"},
        "carriers": [carrier_row(c) for c in (acme, backup)],
        "routes": [{"to": "+44*", "network": "23415", "carriers": ["acme"]},
                   {"to": "*", "carriers": ["backup"]}],
        "lookup": {"url": "http://127.0.0.1:%d/networks" % server.port,
                   "token": "open sesame", "timeout": "800ms"},
        "numbers": [{"number": NUMBER, "account": "demo"}]})
    daemon.start()
    api = daemon.account()

    def left():
        return acme.count("SUBMIT"), backup.count("SUBMIT")

    def send(n):
        return api.send(phone(n), "hello", **{"from": NUMBER})

    send(1)
    send(2)
    t.check("each goes by its network", until(lambda: left() == (1, 1), 10),
            left())
    send(1)
    send(2)
    t.check("and again", until(lambda: left() == (2, 2), 10), left())
    t.equal("a phone is asked for once", server.asked,
            {phone(1): 1, phone(2): 1})
    t.equal("with the token", server.tokens, {"Bearer open sesame"})
    api.send("+12125550101", "hello", **{"from": NUMBER})
    t.check("where no rule says a network", until(
        lambda: left() == (2, 3), 10), left())
    t.check("nobody is asked", "+12125550101" not in server.asked)
    _, said = daemon.api().get("/v1/routes/explain", to=phone(1))
    t.equal("explain shows the network", (said["asks_network"],
            said["network"], said["rule"]), (True, "23415", 0))
    _, said = daemon.api().get("/v1/routes/explain", to=phone(2))
    t.equal("or that none is known", (said["network"], said["rule"]), ("", 1))

    # A campaign: asked ahead, in batches.
    before = left()
    began = time.time()
    campaign, _ = api.campaign(csv_of([[phone(1000 + i)] for i in range(ROWS)],
                                      ["to"]), "hello", **{"from": NUMBER})
    api.campaign_act(campaign, "start")
    half = ROWS // 2
    t.check("a campaign goes both ways", until(
        lambda: left() == (before[0] + half, before[1] + half), 60), left())
    t.say("%d rows in %.1f s, %d questions" %
           (ROWS, time.time() - began, len(server.sizes)))
    t.check("in batches", max(server.sizes) == 100 and
            len(server.sizes) < ROWS / 20, server.sizes[-5:])
    t.check("each once", max(server.asked.values()) == 1)
    t.check("over few connections", server.connections <= 8,
            server.connections)

    # Bad days: nobody waits for longer than the time limit.
    for mode, base in (("slow", 20000), ("error", 30000), ("wrong", 40000)):
        server.mode = mode
        before = left()
        began = time.time()
        for i in range(20):
            send(base + i)
        t.check("%s: all leave by the default" % mode, until(
            lambda: left() == (before[0], before[1] + 20), 10), left())
        took = time.time() - began
        t.check("%s: in time" % mode, took < 5, took)
        server.mode = "good"
        time.sleep(2.5)       # late answers, and a try after failures
    odd = iter(range(50001, 51000, 2))

    def is_well():
        """A phone that nobody asked for goes by its network."""
        before = left()[0]
        send(next(odd))
        return until(lambda: left()[0] > before, 0.3)

    t.check("it is tried now and then", until(is_well, 40))
    before = left()
    send(52001)
    send(52003)
    t.check("when it is well it is asked again", until(
        lambda: left() == (before[0] + 2, before[1]), 10), left())

    # Dead: after some failures nobody waits at all.
    server.mode = "dead"
    server.server.shutdown()
    server.server.server_close()
    before = left()
    began = time.time()
    for i in range(40):
        send(60000 + i)
    t.check("dead: all leave by the default", until(
        lambda: left() == (before[0], before[1] + 40), 20), left())
    t.check("dead: in time", time.time() - began < 5, time.time() - began)
    seen = counters(daemon)
    t.check("counters tell", seen["volley_lookup_batches_failed_total"] > 0 and
            seen["volley_lookups_cached_total"] >= 2 and
            seen["volley_lookups_defaulted_total"] >= 60, seen)

    # What waits at a kill is sent after it.
    before = left()
    for i in range(10):
        send(70000 + i)
    daemon.kill9()
    daemon.start()
    t.check("nothing is lost by a kill", until(
        lambda: left()[1] >= before[1] + 10, 20), left())
    daemon.finish()
