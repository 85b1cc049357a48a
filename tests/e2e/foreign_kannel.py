#!/usr/bin/env python3
"""1,000 messages of all kinds from Debian's Kannel, bound to the SMPP server
with bearerbox, asked through smsbox: every receipt comes back to its dlr-url
and every reply to the sms-service.

--direct: Kannel binds to the simulated carrier itself.
--old: in version 3.3, as a transmitter and a receiver, and fewer of them."""
import collections
import http.client
import http.server
import re
import sys
import threading
import urllib.parse

import foreign_judge as judge
import foreign_plan as plan
from volley_e2e import Child, Suite, free_port, until

SBIN = "/usr/sbin/"
CONNECTIONS = 8
# Bits of a dlr-mask, and the types of what is told.
DELIVERED, FAILED, BUFFERED, ACCEPTED = 1, 2, 4, 8
CONF = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = secret
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
dlr-storage = internal

{binds}
group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {http}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = app
password = app
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
max-messages = 0
omit-empty = true
get-url = "http://127.0.0.1:{ear}/mo?from=%p&to=%P&coding=%c&text=%b"
"""

BIND = """\
group = smsc
smsc = smpp
smsc-id = volley
host = 127.0.0.1
smsc-username = {login}
smsc-password = {password}
system-type = ""
reconnect-delay = 1
enquire-link-interval = 2
max-pending-submits = 50
"""
TRANSCEIVER = ["port = {port}\ntransceiver-mode = true\n"
               "interface-version = 34\n"]
PAIR = ["port = {port}\ninterface-version = 33\n",
        "receive-port = {port}\ninterface-version = 33\n"]


def asked(n, kind, text, http=None, digit=plan.QUIET, mask=3, receipt=None,
          body=None, **fields):
    """A message with the parameters of its request; body: binary."""
    m = plan.message(n, kind, digit, [{}], receipt=receipt, text=text,
                     registered_delivery=mask and 1, **fields)
    if not mask:
        m["receipt"] = None
    if mask == 2:
        m["receipt"] = "UNDELIV" if digit == plan.DEAD else None
    m["mask"] = mask
    sender = m["fields"]["source_addr"]
    m["http"] = dict({
        "username": "app", "password": "app",
        "from": sender if sender == plan.NAME else "+" + sender,
        "to": "+" + m["fields"]["destination_addr"],
        "text": text if body is None else body, "charset": "UTF-8",
        "dlr-mask": mask}, **(http or {}))
    return m


KINDS = [
    lambda n: asked(n, "gsm", "No %d: {@£$} [€ 10] ~^| ñ à" % n),
    lambda n: asked(n, "question", "Q%d?" % n, digit=plan.TALKER),
    lambda n: asked(n, "ucs2", plan.CYRILLIC % n, {"coding": 2}),
    lambda n: asked(n, "long", plan.LONG % n),
    lambda n: asked(n, "long ucs2", plan.LONG_WIDE % n, {"coding": 2}),
    lambda n: asked(n, "binary", None, {"coding": 1},
                    body=plan.binary(n, 140)),
    lambda n: asked(n, "ports", None, {"coding": 1, "udh": plan.PORTS},
                    body=plan.binary(n, 100)),
    lambda n: asked(n, "flash", "Flash %d, %s" % (n, plan.FAR),
                    {"mclass": 0}),
    lambda n: asked(n, "flash ucs2", plan.CYRILLIC % n,
                    {"mclass": 0, "coding": 2}),
    lambda n: asked(n, "name", "From a name, %d" % n,
                    source_addr=plan.NAME),
    lambda n: asked(n, "validity", "V%d?" % n, {"validity": 60},
                    digit=plan.TALKER),
    lambda n: asked(n, "schedule", "As of now, %d" % n, {"deferred": 0}),
    lambda n: asked(n, "no receipt", "Tell me nothing, %d" % n, mask=0),
    lambda n: asked(n, "failures only", "Tell me the bad, %d" % n, mask=2,
                    digit=plan.DEAD if n % 40 < 20 else plan.QUIET),
    lambda n: asked(n, "every step", "Tell me all, %d" % n, mask=31),
    lambda n: asked(n, "dead", "Nobody there, %d" % n, digit=plan.DEAD,
                    mask=31),
    lambda n: asked(n, "long answer", "L%d?" % n, {"priority": 2},
                    digit=plan.LONG_TALKER),
    lambda n: asked(n, "service", "A service type, %d" % n,
                    {"binfo": "CMT", "pid": 0}),
    lambda n: asked(n, "reference", "With a reference, %d" % n, {
        "meta-data": "?smpp?user_message_reference=%d" % n}),
]


class Ear:
    """The HTTP server that Kannel tells receipts and replies to."""

    def __init__(self):
        self.receipts, self.replies = [], []
        ear = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                ear.hear(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", free_port()), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def hear(self, path):
        where, _, query = path.partition("?")
        fields = {k: v[0] for k, v in urllib.parse.parse_qs(
            query, keep_blank_values=True, encoding="latin-1").items()}
        if where == "/dlr":
            self.receipts.append((int(fields["n"]), int(fields["type"]),
                                  fields["text"]))
        else:
            octets = fields["text"].encode("latin-1")
            text = octets.decode("utf-16-be" if fields["coding"] == "2"
                                 else "utf-8")
            self.replies.append((fields["from"], fields["to"], text))

    def dlr_url(self, n):
        return ("http://127.0.0.1:%d/dlr?n=%d&type=%%d&text=%%A" %
                (self.port, n))


class Kannel:
    """bearerbox and smsbox on free ports, bound to the rig's server."""

    def __init__(self, t, rig, ear, old):
        self.t, self.admin, self.http = t, free_port(), free_port()
        self.binds = PAIR if old else TRANSCEIVER
        binds = "\n".join(BIND + b for b in self.binds).format(
            port=rig.port, login=rig.login, password=rig.password)
        conf = t.path("kannel.conf")
        with open(conf, "w") as f:
            f.write(CONF.format(
                admin=self.admin, http=self.http, boxes=free_port(),
                ear=ear.port, binds=binds))
        self.boxes = [Child(t, box, [SBIN + box, "-v", "2", conf])
                      for box in ("bearerbox", "smsbox")]

    def get(self, port, path, timeout=5):
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        try:
            link.request("GET", path)
            answer = link.getresponse()
            return answer.status, answer.read().decode("latin-1")
        except OSError:
            return 0, ""
        finally:
            link.close()

    def status(self):
        return self.get(self.admin, "/status.xml?password=secret")[1]

    def start(self):
        bearer, sms = self.boxes
        bearer.spawn()
        if not until(lambda: self.status().count("<status>online") ==
                     len(self.binds), 20):
            raise RuntimeError("bearerbox is not bound: " + self.status())
        sms.spawn()
        until(lambda: self.get(self.http, "/cgi-bin/sendsms")[0], 20)
        return self

    def send(self, messages, ear):
        """Every message over a few connections; answers by status."""
        answers = collections.Counter()

        def lane(mine):
            link = http.client.HTTPConnection("127.0.0.1", self.http,
                                              timeout=20)
            for m in mine:
                fields = dict(m["http"])
                if m["mask"]:
                    fields["dlr-url"] = ear.dlr_url(m["n"])
                link.request("GET", "/cgi-bin/sendsms?" +
                             urllib.parse.urlencode(fields))
                answer = link.getresponse()
                answers[answer.status, answer.read()] += 1
            link.close()

        lanes = [threading.Thread(target=lane, args=[messages[i::CONNECTIONS]])
                 for i in range(CONNECTIONS)]
        for one in lanes:
            one.start()
        for one in lanes:
            one.join()
        return answers

    def stop(self):
        self.t.equal("smsbox ends with 0", self.boxes[1].stop(20), 0)
        self.t.equal("bearerbox ends with 0", self.boxes[0].stop(20), 0)
        said = [l for box in self.boxes for l in box.stderr().splitlines()
                if re.search(r"ERROR|PANIC|WARNING", l) and
                not re.search(USUAL, l)]
        self.t.check("Kannel does not complain", not said, said[:8])


# What Kannel says of itself: when it starts as root, when it ends, and of the
# alphabet of our answers to what it tells.
USUAL = "root|[Ss]ignal|SIGINT|Coding field"


def told(m, direct):
    """The types of reports that a message brings about."""
    types = [] if m["receipt"] is None else [
        DELIVERED if m["receipt"] == "DELIVRD" else FAILED]
    # The simulated carrier notifies of nothing in between.
    return types + [step for step in (BUFFERED, ACCEPTED)
                    if m["mask"] & step and (step == ACCEPTED or not direct)]


def check_receipts(t, messages, ear, direct):
    got = collections.Counter((n, kind) for n, kind, _ in ear.receipts)
    wanted = collections.Counter((m["n"], kind) for m in messages
                                 for kind in told(m, direct))
    for what, these in (("each receipt came to its dlr-url, once",
                         wanted - got), ("and no other came", got - wanted)):
        t.check("%s (%d)" % (what, len(wanted)), not these,
                dict(collections.Counter(
                    (messages[n]["kind"], kind) for n, kind in these)))
    wrong = []
    for n, kind, text in ear.receipts:
        found = judge.RECEIPT.match(text)
        state = "ENROUTE" if kind == BUFFERED else messages[n]["receipt"]
        if kind != ACCEPTED and (not found or found.group(6) != state):
            wrong.append((n, kind, text))
    t.check("the receipts' texts are as they should be", not wrong,
            wrong[:3])


def check_replies(t, messages, ear):
    got = collections.Counter((a.lstrip("+"), b.lstrip("+"), text)
                              for a, b, text in ear.replies)
    wanted = collections.Counter(
        (m["fields"]["destination_addr"], m["fields"]["source_addr"],
         m["reply"]) for m in messages if m["reply"])
    t.check("each reply came to the service, whole, once (%d)" %
            sum(wanted.values()), not wanted - got,
            list((wanted - got))[:3])
    t.check("and no other reply", not got - wanted, list(got - wanted)[:3])


def main():
    with Suite("foreign_kannel") as t:
        old = "--old" in sys.argv
        rig = judge.Rig(t, "--direct" in sys.argv)
        wire = judge.Wire(t, rig.port, rig.carrier.port)
        rig.start()
        ear = Ear()
        kannel = Kannel(t, rig, ear, old).start()
        # Version 3.3 has no TLVs.
        kinds = KINDS[:-1] if old else KINDS
        messages = [kinds[n % len(kinds)](n)
                    for n in range(300 if old else 1000)]
        answers = kannel.send(messages, ear)
        t.equal("smsbox takes every message", answers, collections.Counter(
            {(202, b"0: Accepted for delivery"): len(messages)}))
        receipts = sum(len(told(m, rig.direct)) for m in messages)
        replies = sum(1 for m in messages if m["reply"])
        until(lambda: len(ear.receipts) >= receipts and
              len(ear.replies) >= replies, 40, 0.2)
        until(lambda: False, 2)  # what comes too often comes by now
        check_receipts(t, messages, ear, rig.direct)
        check_replies(t, messages, ear)
        judge.check_carrier(t, messages, rig.carrier)
        kannel.stop()
        rig.finish()
        wire.judge()
        judge.check_passed(t, wire, rig, len(messages))


main()
