#!/usr/bin/env python3
"""What clients do at the worst moment: unbind before the answers, bind while
the password is being changed, answer too late or not at all, stop reading,
vanish; and what people do to them then: delete logins, give numbers away,
reload, kill -9. Nothing may be lost, doubled silently, or stay stuck."""

import os
import signal
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from client_kit import App, Upstream, receipt_of  # noqa: E402
from smsc_client import (BIND_RX, BIND_TRX, BIND_TX, RESP,  # noqa: E402
                         SUBMIT, UNBIND)
from volley_e2e import Daemon, Suite, free_port, until  # noqa: E402

OURS = "12125550101"


def dest_of(i):
    return "4479%08d" % i


class World:
    """volleyd between apps of ours and a carrier of ours."""

    def __init__(self, t, name, **settings):
        self.up = Upstream()
        self.port = free_port()
        self.settings = {
            "smpp": {"listen": ["127.0.0.1:%d" % self.port]},
            "carriers": [self.carrier("up", self.up)],
            "numbers": [{"number": "+" + OURS, "carrier": "up",
                         "account": "demo"}],
        }
        self.settings.update(settings)
        self.daemon = Daemon(t, self.settings, name)
        self.daemon.start()
        self.account = self.daemon.account("demo")
        self.login("app")

    @staticmethod
    def carrier(name, up, **more):
        return dict({"name": name, "host": "127.0.0.1", "port": up.port,
                     "system_id": "volley", "password": "secret",
                     "binds": 1, "window": 50}, **more)

    def login(self, system_id, account="demo", password="secret", **more):
        return self.daemon.api().must("POST", "/v1/logins", dict(
            account=account, system_id=system_id, password=password, **more))

    def app(self, how=BIND_TRX, system_id="app", password="secret", **more):
        return App(self.port, how, system_id, password, **more)

    def finish(self):
        self.daemon.finish()
        self.up.close()


def unbind_before_answers(t, w):
    """Twenty submits and an unbind in one segment: each that was taken is
    answered, and before the unbind is."""
    app = w.app()
    raw = b""
    for i in range(20):
        body = app.body(dest_of(i))
        raw += struct.pack(">IIII", 16 + len(body), SUBMIT, 0, 100 + i) + body
    raw += struct.pack(">IIII", 16, UNBIND, 0, 500)
    app.sock.sendall(raw)
    order = []
    try:
        while True:
            pdu = app.next(10)
            if pdu is None:
                break
            if pdu.command & RESP:
                order.append((pdu.command & ~RESP, pdu.seq, pdu.status))
    except (EOFError, OSError):
        pass
    answered = [seq for command, seq, status in order
                if command == SUBMIT and status == 0]
    t.equal("all submits before an unbind are answered", answered,
            list(range(100, 120)))
    t.check("the unbind is answered after them",
            order and order[-1] == (UNBIND, 500, 0), order[-3:])
    t.check("and all leave", until(lambda: len(w.up.submits) >= 20, 10),
            len(w.up.submits))


def password_changes(t, w):
    """The old password, asked about while it is being changed, opens the
    door no more."""
    began = time.monotonic()
    login = w.login("turn", password="old")
    hash_s = time.monotonic() - began
    path = "/v1/logins/%s" % login["id"]
    got = {}

    def bind(password):
        got[password] = w.app(system_id="turn", password=password, timeout=60)

    def begin(password):
        x = threading.Thread(target=bind, args=(password,))
        x.start()
        return x

    # After a wrong password the next question of this address waits for nine
    # times as long as a hash takes: time enough.
    guess = begin("wrong")
    time.sleep(hash_s * 2)
    old = begin("old")
    time.sleep(0.05)
    w.daemon.api().must("PUT", path, {"password": "new"})
    guess.join(60)
    old.join(60)
    t.check("a bind with the old password, under way, is refused",
            not got["old"].bound, got["old"].bind_answer)
    t.check("one after the change is refused",
            not w.app(system_id="turn", password="old", timeout=60).bound)
    t.check("the new password is right", until(
        lambda: w.app(system_id="turn", password="new", timeout=60).bound, 30))


def password_tried_before(t, w):
    """What was wrong a moment ago may be the password now."""
    login = w.login("soon", password="one")
    t.check("another password is refused",
            not w.app(system_id="soon", password="two", timeout=60).bound)
    w.daemon.api().must("PUT", "/v1/logins/%s" % login["id"],
                        {"password": "two"})
    t.check("once it is the password, it opens",
            w.app(system_id="soon", password="two", timeout=60).bound)


def login_ends_while_asked(t, w):
    """A login deleted while its password is being looked at."""
    login = w.login("gone", password="old")
    got = []

    def bind():
        got.append(w.app(system_id="gone", password="old", timeout=60))

    x = threading.Thread(target=bind)
    x.start()
    w.daemon.api().must("DELETE", "/v1/logins/%s" % login["id"])
    x.join(60)
    app = got[0]
    ended = not app.bound
    if app.bound:  # it was in before: it is put out
        try:
            while not ended:
                pdu = app.next(30)
                ended = pdu is None
                if pdu and pdu.command == UNBIND:
                    app.send(UNBIND | RESP, b"", 0, pdu.seq)
        except (EOFError, OSError):
            ended = True
    t.check("a login that is deleted has no bind", ended)


def number_is_given_away(t, w):
    """A source that a client's pattern made belongs, once the admin gives it
    to an account, to that account alone."""
    api = w.daemon.api()
    other = w.daemon.account("other")
    w.login("any", sources=["+1*"])
    app = w.app(system_id="any")
    made = app.ask(dest_of(1), source="12129990000")
    t.equal("a source that a pattern allows is taken", made.status, 0)
    api.must("POST", "/v1/numbers", {"number": "+12129990000",
                                     "account": "demo", "carrier": "up"})
    status, _ = other.call("POST", "/v1/messages", {
        "to": "+" + dest_of(2), "from": "+12129990000", "text": "mine?"})
    t.check("another account may not send from it", status >= 400, status)


def kill_under_load(t, w):
    """kill -9 while clients submit: what was answered ESME_ROK left once or
    is uncertain, and each receipt owed comes, after restarts too."""
    said, stop = {}, threading.Event()
    lock = threading.Lock()

    def submitter(first):
        n = first
        while not stop.is_set():
            try:
                app = w.app(BIND_TX, timeout=5)
                if not app.bound:
                    time.sleep(0.2)
                    continue
                asked = {}
                while not stop.is_set():
                    for _ in range(10):
                        asked[app.submit(dest_of(n))] = dest_of(n)
                        n += 1
                    while asked:
                        pdu = app.next(5)
                        if pdu is None:
                            raise OSError("no answer")
                        if pdu.seq in asked and pdu.command & RESP:
                            dest = asked.pop(pdu.seq)
                            if pdu.status == 0:
                                with lock:
                                    said[dest] = pdu.message_id()
                    time.sleep(0.01)
            except (OSError, EOFError, AssertionError):
                time.sleep(0.1)

    threads = [threading.Thread(target=submitter, args=(k * 1000000,))
               for k in (1, 2)]
    already = len(w.up.submits)
    for x in threads:
        x.start()
    receipted = set()

    def receipt_all():
        for s in list(w.up.submits[already:]):
            if s["id"] in receipted or not w.up.links:
                continue
            try:
                w.up.receipt(s)
                receipted.add(s["id"])
            except OSError:
                return

    for _ in range(4):
        time.sleep(1.2)
        receipt_all()
        time.sleep(0.1)
        w.daemon.kill9()
        w.daemon.start()
    time.sleep(1)
    stop.set()
    for x in threads:
        x.join(30)
    t.check("clients submitted beside the kills", len(said) > 100, len(said))
    until(lambda: len({s["dest"] for s in w.up.submits[already:]}
                      & set(said)) == len(said), 20)
    count = {}
    for s in w.up.submits[already:]:
        count[s["dest"]] = count.get(s["dest"], 0) + 1
    twice = [d for d in said if count.get(d, 0) > 1]
    t.equal("nothing left twice", twice, [])
    missing = [d for d in said if d not in count]
    unsure = 0
    for d in missing:
        rows = w.account.get("/v1/messages?to=%%2B%s" % d)[1]["data"]
        unsure += bool(rows) and rows[0]["state"] == "uncertain"
    t.equal("what did not leave is uncertain", len(missing), unsure)
    # Receipts: once more for all, since a dead link may have lost some.
    receipted.clear()
    receipt_all()
    app = w.app(BIND_RX)
    want = {said[d] for d in said if d in count}

    def told():
        return {receipt_of(x)["id"] for x in app.delivered
                if x["esm_class"] & 0x3C == 4}

    app.gather(len(want), 30)
    while not want <= told() and app.next(3):
        pass
    t.check("every receipt owed is delivered", want <= told(),
            "%d of %d, %d deliveries" % (len(want & told()), len(want),
                                         len(app.delivered)))
    rows = w.daemon.api().get("/v1/logins")[1]["data"]
    row = [r for r in rows if r["system_id"] == "app"][0]
    t.check("and the outbox is empty",
            until(lambda: [r for r in w.daemon.api().get("/v1/logins")[1]
                           ["data"] if r["system_id"] == "app"][0]
                  .get("outbox", 0) == 0, 10), row)


def silent_receiver(t, w):
    """One bind of a login answers nothing: the other still gets all."""
    login = w.login("two", sources=["+1*"], window=10)
    deaf = w.app(BIND_RX, system_id="two")
    deaf.acks = False
    tx = w.app(BIND_TX, system_id="two")
    already = len(w.up.submits)
    for i in range(40):
        t_answer = tx.ask(dest_of(5000 + i), source="12129990001")
        assert t_answer.status == 0, t_answer.status
    until(lambda: len(w.up.submits) >= already + 40, 10)
    for s in w.up.submits[already:]:
        w.up.receipt(s)
    time.sleep(1)
    good = w.app(BIND_RX, system_id="two")
    good.gather(30, 10)
    t.check("what the deaf bind has no window for goes by the other",
            len(good.delivered) >= 30, len(good.delivered))
    deaf.sock.close()
    good.gather(40, 10)
    ids = {receipt_of(x)["id"] for x in good.delivered}
    t.equal("what the deaf bind held goes by the other when it dies",
            len(ids), 40)
    w.daemon.api().must("DELETE", "/v1/logins/%s" % login["id"])


def reload_with_clients(t, w):
    """A reload with clients bound and traffic under way."""
    second = Upstream()
    app = w.app()
    already = len(w.up.submits)
    sent = []
    for i in range(200):
        sent.append(app.submit(dest_of(7000 + i)))
        if i == 100:
            w.settings["carriers"].append(
                w.carrier("second", second, window=20))
            w.daemon.write_settings()
            w.daemon.signal(signal.SIGHUP)
        time.sleep(0.005)
    ok = [seq for seq in sent if app.answer(seq).status == 0]
    t.equal("every submit is answered over a reload", len(ok), 200)
    until(lambda: len(w.up.submits) >= already + 200, 10)
    dests = [s["dest"] for s in w.up.submits[already:]]
    t.equal("each left once", (len(dests), len(set(dests))), (200, 200))
    login = w.login("later", password="first")
    w.daemon.api().must("PUT", "/v1/logins/%s" % login["id"],
                        {"password": "second", "window": 7})
    t.check("logins are made and changed after a reload",
            w.app(system_id="later", password="second").bound)
    w.daemon.api().must("DELETE", "/v1/logins/%s" % login["id"])
    t.check("the bind is the same one", app.ask(dest_of(7999)).status == 0)
    w.settings["carriers"].pop()
    w.daemon.write_settings()
    w.daemon.signal(signal.SIGHUP)
    t.check("a carrier that is taken out is gone", until(
        lambda: len(w.daemon.api().get("/v1/carriers")[1]["data"]) == 1, 10))
    second.close()


def main():
    with Suite("clients_hard") as t:
        w = World(t, "volleyd")
        only = sys.argv[1:]
        for step in (unbind_before_answers, password_changes,
                     password_tried_before, login_ends_while_asked,
                     number_is_given_away, silent_receiver,
                     reload_with_clients, kill_under_load):
            if not only or step.__name__ in only:
                t.say(step.__name__)
                step(t, w)
        w.finish()


if __name__ == "__main__":
    main()
