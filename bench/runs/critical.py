"""Critical texts, 100 a second, one by one over one kept-alive connection,
and how long each took to the wire.

Two spans are told of each: from the moment its 202 was here, and from the
moment before its POST was written, until the kernel of the carrier received
the submit_sm (the time of SUBMIT in the carrier's ledger, the same clock). A
client that is woken late sees its 202 late, so the first flatters a busy
machine; the second never does.
"""
import json
import socket
import subprocess
import threading
import time

from measure import percentile

PER_S = 100
PREFIX = "44799"  # no row of the campaign begins so


class Critical(threading.Thread):
    def __init__(self, daemon, api, number):
        super().__init__(daemon=True)
        self.key, self.number = api.key, number
        self.link = socket.create_connection(("127.0.0.1", daemon.http_port))
        self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.on, self.refused = True, []
        self.posted = {}  # phone -> (us at POST, us at 202)
        self.start()

    def run(self):
        due, nth = time.monotonic(), 0
        while self.on:
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            self.post("%s%07d" % (PREFIX, nth))
            nth, due = nth + 1, due + 1 / PER_S

    def post(self, phone):
        body = json.dumps({"to": "+" + phone, "from": self.number,
                           "class": "critical",
                           "text": "Your code is %s" % phone[-6:]})
        octets = ("POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n"
                  "Authorization: Bearer %s\r\n"
                  "Content-Type: application/json\r\n"
                  "Content-Length: %d\r\n\r\n%s" % (
                      self.key, len(body), body)).encode()
        began = time.time() * 1e6
        self.link.sendall(octets)
        answer = self.read()
        ended = time.time() * 1e6
        if not answer.startswith(b"HTTP/1.1 202"):
            self.refused.append(answer[:200])
        self.posted[phone] = (began, ended)

    def read(self):
        """One answer, its body included."""
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.more()
        head, _, body = got.partition(b"\r\n\r\n")
        size = next(int(l.split(b":")[1]) for l in head.split(b"\r\n")
                    if l.lower().startswith(b"content-length"))
        while len(body) < size:
            body += self.more()
        return head

    def more(self):
        piece = self.link.recv(65536)
        if not piece:
            raise OSError("volleyd closed the connection")
        return piece

    def stop(self):
        """Ends it when the last is surely on the wire; how many went."""
        self.on = False
        self.join()
        time.sleep(1)
        return len(self.posted)

    def tell(self, t, carriers):
        t.check("every critical text got 202", not self.refused,
                self.refused[:2])
        wire = {}
        for c in carriers:
            with subprocess.Popen(
                    ["awk", "-F", "\t", '$2 == "SUBMIT" && index($6, "%s") '
                     '== 1 { print $6, $1 }' % PREFIX, c.ledger_path],
                    stdout=subprocess.PIPE, text=True) as awk:
                wire.update((phone, int(us)) for phone, us in
                            map(str.split, awk.stdout))
        t.equal("every critical text reached the wire", len(wire),
                len(self.posted))
        posts = sorted((a, b, wire.get(phone, b))
                       for phone, (a, b) in self.posted.items())
        spans = {"wire": [(w - b) / 1e3 for _, b, w in posts],
                 "posted": [(w - a) / 1e3 for a, _, w in posts],
                 "answer": [(b - a) / 1e3 for a, b, _ in posts]}
        for name, values in spans.items():
            for label, share in (("p50", .5), ("p99", .99), ("p999", .999)):
                t.figure("%s_%s_ms" % (name, label),
                         percentile(values, share))
        t.figure("criticals", len(posts), 0)
        t.series["posted_ms"] = [[round((a - posts[0][0]) / 1e6, 3),
                                  round((w - a) / 1e3, 2)]
                                 for a, _, w in posts]
