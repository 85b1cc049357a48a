#!/usr/bin/env python3
"""Apps that bind to Volley over SMPP: what they send reaches the carrier as
they meant it, what they are owed comes back, and no crash loses either."""
import collections
import time

from client_kit import (BIND_RX, BIND_TX, CANCEL, DATA, ENQUIRE, MULTI, QUERY,
                        REPLACE, TAG_PAYLOAD, TAG_RECEIPTED, TAG_STATE, App,
                        Fields, Upstream, cstr, receipt_of, tlv)
from volley_e2e import Carrier, Daemon, Suite, carrier_row, free_port, until

OWN = "+12125550101"
OK, ALREADY, BAD_SOURCE, BAD_DEST, BAD_ID, BIND_FAILED = 0, 5, 0xA, 0xB, 0xC, 0xD
BAD_PASSWORD, CANCEL_FAILED, REPLACE_FAILED, QUEUE_FULL = 0xE, 0x11, 0x13, 0x14
BAD_LIST, THROTTLED, BAD_SCHEDULE, BAD_EXPIRY = 0x34, 0x58, 0x61, 0x62
FUTURE, LONG = "000000010000000R", "000100000000000R"


def phone(n):
    return "4477009%05d" % n


def smpp_port(daemon):
    return int(daemon.settings["smpp"]["listen"][0].split(":")[1])


class World:
    """Volley between an app and a carrier made by hand."""

    def __init__(self, t):
        self.t = t
        self.up = Upstream()
        self.volley = Daemon(t, {
            "carriers": [{"name": "up", "host": "127.0.0.1",
                          "port": self.up.port, "system_id": "v",
                          "password": "p", "window": 500}],
            "numbers": [{"number": OWN, "carrier": "up", "account": "demo"}],
            "routes": [{"to": "*", "carriers": ["up"]}]}).start()
        self.port = smpp_port(self.volley)
        self.account = self.volley.account("demo", smpp={
            "system_id": "app", "password": "secret", "max_binds": 20,
            "sources": ["ACME*", "+1415*"]})
        self.admin = self.volley.api()

    def login(self, name, **more):
        self.admin.must("POST", "/v1/logins", dict(
            account="demo", system_id=name, password="secret", **more))

    def change(self, name, **more):
        status, answer = self.admin.call("PUT", "/v1/logins/" + name, more)
        if status != 200:
            raise RuntimeError("%d %r" % (status, answer))

    def sent(self, count):
        until(lambda: len(self.up.submits) >= count, 10)
        return self.up.submits[count - 1] if len(
            self.up.submits) >= count else None

    def pass_on(self, app, dest, **more):
        """Submits; the answer, and what the carrier got."""
        before = len(self.up.submits)
        answer = app.ask(dest, **more)
        return answer, self.sent(before + 1) if answer.status == 0 else None


def check_binds(w):
    t = w.t
    began = time.monotonic()
    unknown = App(w.port, system_id="nobody")
    unknown_s = time.monotonic() - began
    time.sleep(1)  # whoever guesses is paced
    began = time.monotonic()
    wrong = App(w.port, password="wrong")
    wrong_s = time.monotonic() - began
    t.equal("a wrong password is refused", wrong.bind_answer.status,
            BAD_PASSWORD)
    t.equal("nobody's system_id is refused alike", unknown.bind_answer.status,
            BAD_PASSWORD)
    t.check("both take the same time", abs(unknown_s - wrong_s) < 0.3,
            (unknown_s, wrong_s))
    w.login("two", max_binds=2)
    binds = [App(w.port, system_id="two") for _ in range(3)]
    t.equal("as many bind as may", [b.bind_answer.status for b in binds],
            [OK, OK, ALREADY])
    w.login("far", allow_ips=["192.0.2.0/24"])
    t.equal("another address is refused",
            App(w.port, system_id="far").bind_answer.status, BIND_FAILED)
    w.login("safe", tls_required=True)
    t.equal("without TLS it is refused",
            App(w.port, system_id="safe").bind_answer.status, BIND_FAILED)
    app = App(w.port)
    t.check("answers to binds name the version",
            app.bind_answer.body.endswith(tlv(0x0210, b"\x50")) or
            app.bind_answer.body.endswith(tlv(0x0210, b"\x34")),
            app.bind_answer.body)
    began = time.monotonic()
    again = [App(w.port) for _ in range(10)]
    t.check("rebinds cost no hash", time.monotonic() - began < 1.0 and
            all(a.bound for a in again), time.monotonic() - began)
    w.change("two", disabled=True)
    for b in binds[:2]:
        try:
            while b.next(5):
                pass
        except (EOFError, OSError):
            pass
    t.equal("a disabled login is turned away",
            App(w.port, system_id="two").bind_answer.status, BIND_FAILED)
    for a in again + binds + [app, wrong, unknown]:
        a.close()


def check_fields(w):
    """What an app says is what the carrier hears."""
    t, app = w.t, App(w.port)
    cases = [
        ("plain", {}, {"message": b"hello", "data_coding": 0}),
        ("unicode", {"text": "grüße".encode("utf-16-be"), "data_coding": 8},
         {"message": "grüße".encode("utf-16-be"), "data_coding": 8}),
        ("binary", {"text": bytes(range(140)), "data_coding": 4},
         {"message": bytes(range(140)), "data_coding": 4}),
        ("latin-1", {"text": b"caf\xe9", "data_coding": 3},
         {"message": b"caf\xe9", "data_coding": 3}),
        ("flash", {"data_coding": 0x10}, {"data_coding": 0x10}),
        ("a part by UDH", {"text": b"\5\0\3\x77\2\1first", "esm_class": 0x40},
         {"message": b"\5\0\3\x77\2\1first", "esm_class": 0x40}),
        ("ports", {"text": b"\6\5\4\x0b\x84\x23\xf0push", "esm_class": 0x43,
                   "data_coding": 4},
         {"message": b"\6\5\4\x0b\x84\x23\xf0push", "esm_class": 0x43}),
        ("SAR", {"tlvs": tlv(0x020C, b"\1\2") + tlv(0x020E, b"\2") +
                 tlv(0x020F, b"\1")},
         {"tlvs": {0x020C: b"\1\2", 0x020E: b"\2", 0x020F: b"\1"}}),
        ("any TLV", {"tlvs": tlv(0x1400, b"entity") + tlv(0x0204, b"\0\7")},
         {"tlvs": {0x1400: b"entity", 0x0204: b"\0\7"}}),
        ("protocol and priority", {"protocol_id": 0x41, "priority": 3},
         {"protocol_id": 0x41, "priority": 3}),
        ("service type", {"service_type": "CMT"}, {"service_type": "CMT"}),
        ("replace_if_present", {"replace": 1}, {"replace": 1}),
        ("predefined text", {"text": b"", "predefined": 9},
         {"predefined": 9, "message": b""}),
        ("a name", {"source": "ACME7", "source_ton": 5, "source_npi": 0},
         {"source": "ACME7", "source_ton": 5, "source_npi": 0}),
        ("acknowledgements of the phone", {"registered": 0x0D},
         {"registered": 0x0D}),
        ("no receipt", {"registered": 0}, {"registered": 1}),
        ("intermediate notifications", {"registered": 0x11},
         {"registered": 0x11}),
        ("payload as one part", {"text": b"", "tlvs":
                                 tlv(TAG_PAYLOAD, b"in payload")},
         {"message": b"in payload"}),
    ]
    for i, (name, says, wanted) in enumerate(cases):
        answer, got = w.pass_on(app, phone(i), **says)
        seen = got and {k: got[k] for k in wanted}
        t.check("%s passes through" % name,
                answer.status == OK and seen == wanted,
                "status 0x%x, got %r" % (answer.status, seen))
    _, got = w.pass_on(app, phone(90), validity=FUTURE)
    t.check("validity_period is told on as what is left",
            got["validity"].endswith("R") and
            got["validity"] <= FUTURE, got["validity"])
    before = len(w.up.submits)
    text = ("long words " * 40).encode()
    answer = app.ask(phone(91), text=b"", tlvs=tlv(TAG_PAYLOAD, text))
    w.sent(before + 3)
    parts = w.up.submits[before:]
    t.check("a long payload is cut for phones",
            answer.status == OK and len(parts) == 3 and
            b"".join(p["message"][6:] for p in parts) == text,
            [p["message"] for p in parts])
    app.close()


def check_refusals(w):
    t, app = w.t, App(w.port)
    w.account.must("POST", "/v1/suppressions", {"subscriber": "+447700900777"})
    cases = [
        ("a source of nobody", phone(1), {"source": "EVIL"}, BAD_SOURCE),
        ("another's number", phone(1), {"source": "13105550000"}, BAD_SOURCE),
        ("no phone number", "12", {}, BAD_DEST),
        ("who has opted out", "447700900777", {}, BAD_DEST),
        ("no time", phone(1), {"schedule": "261399000000000+"}, BAD_SCHEDULE),
        ("a validity that has passed", phone(1),
         {"validity": "200101000000000+"}, BAD_EXPIRY),
    ]
    for name, dest, says, status in cases:
        answer = app.ask(dest, **says)
        t.equal("%s is refused" % name, answer.status, status)
    status, page = w.admin.get("/v1/clients")
    if status == 200:
        t.check("the reason stands in /v1/clients", page["data"], page)
    w.login("slow", rate=5, burst=2, on_excess="throttle", sources=["*"])
    slow = App(w.port, system_id="slow")
    seen = [slow.ask(phone(i), source="S").status for i in range(12)]
    t.check("throttle: above the rate is refused",
            seen.count(THROTTLED) >= 4 and seen[0] == OK, seen)
    w.login("queue", rate=10, sources=["*"])
    queue = App(w.port, system_id="queue")
    before = len(w.up.submits)
    began = time.monotonic()
    seqs = [queue.submit(phone(i), source="Q", text=b"%d" % i)
            for i in range(25)]
    seen = [queue.answer(s).status for s in seqs]
    taken_s = time.monotonic() - began
    w.sent(before + 25)
    left_s = time.monotonic() - began
    texts = [s["message"] for s in w.up.submits[before:]
             if s["source"] == "Q"]
    t.check("queue: all is taken at once", set(seen) == {OK} and
            taken_s < 1.0, (seen, taken_s))
    t.check("queue: it leaves at the rate, in order",
            1.4 < left_s < 5 and texts == [b"%d" % i for i in range(25)],
            (left_s, texts))
    w.volley.account("small", smpp={"system_id": "small", "password": "secret",
                                    "sources": ["SMALL"]},
                     quota={"per_day": 2})
    small = App(w.port, system_id="small")
    seen = [small.ask(phone(i), source="SMALL").status for i in range(3)]
    t.equal("the quota of a day is kept", seen, [OK, OK, QUEUE_FULL])
    t.equal("another account's name is not to be had",
            small.ask(phone(1), source="ACME7").status, BAD_SOURCE)
    for a in (app, slow, queue, small):
        a.close()


# registered_delivery, what the carrier says, what the app is told
RECEIPTS = [
    (0, "DELIVRD", 2, None), (1, "DELIVRD", 2, "DELIVRD"),
    (1, "UNDELIV", 5, "UNDELIV"), (2, "DELIVRD", 2, None),
    (2, "REJECTD", 8, "REJECTD"), (3, "DELIVRD", 2, "DELIVRD"),
    (3, "EXPIRED", 3, None), (1, "EXPIRED", 3, "EXPIRED"),
    (1, "DELETED", 4, "DELETED"),
]


def check_receipts(w):
    t, app = w.t, App(w.port)
    expected = {}
    for i, (bits, stat, state, told) in enumerate(RECEIPTS):
        answer, got = w.pass_on(app, phone(200 + i), registered=bits,
                                text=b"text %d" % i, tlvs=tlv(0x0204, b"\0\7"))
        w.up.receipt(got, stat, state, "042", tlvs=tlv(0x0423, b"\3\0\x2a"))
        if told:
            expected[answer.message_id()] = (told, state, phone(200 + i), i)
    app.gather(len(expected))
    time.sleep(0.5)
    while app.next(0.2):
        pass
    seen = {}
    for f in app.delivered:
        words = receipt_of(f)
        seen[words["id"]] = (words, f)
    t.equal("receipts come for the bits asked for, and no others",
            {k: v[0]["stat"] for k, v in seen.items()},
            {k: v[0] for k, v in expected.items()})
    t.equal("each comes once", len(app.delivered), len(expected))
    good = True
    for key, (stat, state, dest, i) in expected.items():
        words, f = seen[key]
        good = good and f["esm_class"] == 4 and f["source"] == dest and \
            f["dest"] == OWN[1:] and f["source_ton"] == 1 and \
            words["sub"] == "001" and words["err"] == "042" and \
            words["text"] == "text %d" % i and \
            words["dlvrd"] == ("001" if stat == "DELIVRD" else "000") and \
            len(words["submit date"]) == 10 and \
            f["tlvs"] == {TAG_RECEIPTED: cstr(key),
                          TAG_STATE: bytes([state]), 0x0204: b"\0\7",
                          0x0423: b"\3\0\x2a"}
        if not good:
            break
    t.check("text and TLVs of receipts are as Appendix B says", good,
            (words, f))
    app.delivered.clear()
    answer, got = w.pass_on(app, phone(230), registered=0x11)
    w.up.receipt(got, "ENROUTE", 1, esm_class=0x20)
    app.gather(2)
    w.up.receipt(got)
    app.gather(3)
    t.equal("intermediate notifications come before the receipt",
            [(f["esm_class"], receipt_of(f)["stat"]) for f in app.delivered],
            [(0x20, "ENROUTE"), (0x20, "ENROUTE"), (4, "DELIVRD")])
    app.delivered.clear()
    w.up.status = 0xB
    answer = app.ask(phone(231))
    app.gather(1)
    w.up.status = 0
    t.equal("what the carrier refuses is told",
            [receipt_of(f)["stat"] for f in app.delivered], ["UNDELIV"])
    app.close()


def check_versions(w):
    t = w.t
    old = App(w.port, BIND_TX, version=0x33)
    ear = App(w.port, BIND_RX, version=0x33)
    t.check("3.3 is not told of TLVs", len(old.bind_answer.body) < 16 and
            b"\x02\x10" not in old.bind_answer.body)
    answer, got = w.pass_on(old, phone(300))
    ident = answer.message_id()
    t.check("3.3: an id of 8 hexadecimal digits", len(ident) == 8 and
            int(ident, 16) > 0, ident)
    w.up.receipt(got)
    f = ear.gather(1)[0]
    t.check("3.3: a receipt by text alone, on the receiver",
            receipt_of(f)["id"] == ident and not f["tlvs"], f)
    old.close()
    ear.close()
    w.login("data", receipts="data_sm", sources=["*"])
    data = App(w.port, system_id="data")
    body = (cstr("") + b"\5\0" + cstr("DATA") + b"\1\1" + cstr(phone(301)) +
            bytes([0, 1, 0]) + tlv(TAG_PAYLOAD, b"by data_sm") +
            tlv(0x0017, b"\0\0\1\0"))
    answer = data.answer(data.send(DATA, body))
    got = w.sent(len(w.up.submits)) if until(
        lambda: w.up.submits[-1]["message"] == b"by data_sm", 5) else None
    t.check("data_sm is a message", answer.status == OK and got and
            got["validity"].endswith("R"), answer.status)
    w.up.receipt(got)
    f = data.gather(1)[0]
    t.check("its receipt comes as data_sm", f["pdu"].command == DATA and
            receipt_of(f)["id"] == answer.message_id() and
            f["tlvs"][TAG_STATE] == b"\2", f)
    data.close()


def multi_body(dests, text):
    body = cstr("") + b"\1\1" + cstr(OWN[1:]) + bytes([len(dests)])
    for d in dests:
        body += b"\2" + cstr(d) if d.startswith("list") else \
            b"\1\1\1" + cstr(d)
    return body + bytes([0, 0, 0]) + cstr("") + cstr("") + \
        bytes([1, 0, 0, 0, len(text)]) + text


def check_multi(w):
    t, app = w.t, App(w.port)
    before = len(w.up.submits)
    answer = app.answer(app.send(MULTI, multi_body(
        [phone(400), "12", phone(401), "list of friends"], b"to all")))
    r = Fields(answer.body)
    ident, bad = r.string(), []
    for _ in range(r.octet()):
        ton, npi, text = r.octet(), r.octet(), r.string()
        bad.append((text, int.from_bytes(r.octets[r.at:r.at + 4], "big")))
        r.at += 4
    w.sent(before + 2)
    t.check("submit_multi: good ones go, bad ones are named",
            answer.status == OK and [b[1] for b in bad] ==
            [BAD_DEST, BAD_LIST] and
            {s["dest"] for s in w.up.submits[before:]} ==
            {phone(400), phone(401)}, (answer.status, bad))
    for s in w.up.submits[before:before + 2]:
        w.up.receipt(s)
    app.gather(2)
    t.equal("submit_multi: receipts bear its one id",
            [receipt_of(f)["id"] for f in app.delivered], [ident] * 2)
    app.close()


def ask_body(ident, source=OWN[1:]):
    return cstr(ident) + b"\1\1" + cstr(source)


def query(app, ident):
    answer = app.answer(app.send(QUERY, ask_body(ident)))
    if answer.status:
        return answer.status, None
    r = Fields(answer.body)
    return r.string(), r.string(), r.octet(), r.octet()


def check_asking(w):
    t, app = w.t, App(w.port)
    answer, got = w.pass_on(app, phone(500))
    ident = answer.message_id()
    t.equal("query_sm: on its way", query(app, ident), (ident, "", 1, 0))
    w.up.receipt(got)
    app.gather(1)
    state = query(app, ident)
    t.check("query_sm: delivered, and when", state[2] == 2 and
            len(state[1]) == 16, state)
    late = app.ask(phone(501), schedule=FUTURE, text=b"old words")
    ident = late.message_id()
    other = App(w.port, system_id="slow")
    t.equal("another login's message does not exist", query(other, ident),
            (BAD_ID, None))
    t.equal("... nor can it be cancelled", other.answer(other.send(
        CANCEL, cstr("") + ask_body(ident) + b"\1\1" +
        cstr(phone(501)))).status, BAD_ID)
    new = b"new words"
    body = ask_body(ident) + cstr("000000000001000R") + cstr("") + \
        bytes([1, 0, len(new)]) + new
    t.equal("replace_sm is taken", app.answer(app.send(REPLACE, body)).status,
            OK)
    before = len(w.up.submits)
    w.sent(before + 1)
    t.equal("the new words leave, once, at the new time",
            [s["message"] for s in w.up.submits[before:]], [new])
    t.equal("what has left cannot be replaced",
            app.answer(app.send(REPLACE, body)).status, REPLACE_FAILED)
    app.delivered.clear()
    late = app.ask(phone(502), schedule=LONG)
    ident = late.message_id()
    t.equal("cancel_sm by id", app.answer(app.send(
        CANCEL, cstr("") + ask_body(ident) + b"\1\1" +
        cstr(phone(502)))).status, OK)
    app.gather(1)
    t.equal("its receipt says so",
            [(receipt_of(f)["id"], receipt_of(f)["stat"])
             for f in app.delivered], [(ident, "DELETED")])
    t.equal("query_sm says so too", query(app, ident)[2], 4)
    late = [app.ask(phone(503), schedule=LONG).message_id() for _ in range(2)]
    t.equal("cancel_sm by the pair", app.answer(app.send(
        CANCEL, cstr("") + ask_body("") + b"\1\1" +
        cstr(phone(503)))).status, OK)
    t.equal("... ends all that wait", [query(app, i)[2] for i in late],
            [4, 4])
    t.equal("what has left cannot be cancelled", app.answer(app.send(
        CANCEL, cstr("") + ask_body(answer.message_id()) + b"\1\1" +
        cstr(phone(500)))).status, CANCEL_FAILED)
    t.equal("an unknown id", query(app, "99999999")[0], BAD_ID)
    short = app.ask(phone(504), schedule="000000000002000R",
                    validity="000000000003000R")
    t.equal("times both relative are taken", short.status, OK)
    app.close()
    other.close()


def check_replies(w):
    t, app = w.t, App(w.port)
    w.pass_on(app, phone(600), registered=0)
    w.up.deliver(phone(600), OWN[1:], b"yes")
    uni = "ja, gern – é".encode("utf-16-be")
    w.up.deliver(phone(600), OWN[1:], uni, data_coding=8)
    for i in (1, 2):
        w.up.deliver(phone(600), OWN[1:],
                     b"\5\0\3\x55\2" + bytes([i]) + b"part %d" % i,
                     esm_class=0x40)
    app.gather(4)
    got = [(f["source"], f["dest"], f["esm_class"], f["data_coding"],
            f["message"]) for f in app.delivered]
    t.equal("replies come to the client, octet by octet, in order", got, [
        (phone(600), OWN[1:], 0, 0, b"yes"),
        (phone(600), OWN[1:], 0, 8, uni),
        (phone(600), OWN[1:], 0x40, 0, b"\5\0\3\x55\2\1part 1"),
        (phone(600), OWN[1:], 0x40, 0, b"\5\0\3\x55\2\2part 2")])
    w.pass_on(app, phone(601), source="14155550123", registered=0)
    w.up.deliver(phone(601), "14155550123", b"to a number of its own")
    app.gather(5)
    t.equal("so do those to a source it brought itself",
            app.delivered[4]["dest"], "14155550123")
    page = w.account.must("GET", "/v1/messages?limit=5")
    t.check("history shows what was said", any(
        m["text"] == "yes" or m["text"] == "hello" for m in page["data"]),
        page)
    app.close()


def check_outbox(w):
    """What cannot be delivered waits, in order; who does not answer holds up
    nobody; what is refused for now comes again."""
    t = w.t
    app = App(w.port, BIND_TX)
    ids = []
    for i in range(30):
        answer, got = w.pass_on(app, phone(700 + i))
        ids.append(answer.message_id())
        w.up.receipt(got)
    until(lambda: w.admin.must("GET", "/v1/logins/app")["outbox"] == 30, 5)
    t.equal("a transmitter gets nothing: it waits",
            w.admin.must("GET", "/v1/logins/app")["outbox"], 30)
    ear = App(w.port, BIND_RX)
    ear.acks = False
    ear.gather(30, 5)
    t.equal("a receiver gets it, in order",
            [receipt_of(f)["id"] for f in ear.delivered], ids)
    t.equal("unanswered it still waits",
            w.admin.must("GET", "/v1/logins/app")["outbox"], 30)
    ear.close()
    ear = App(w.port, BIND_RX)
    ear.ack_status = 0x64
    ear.gather(30, 5)
    ear.ack_status = 0
    ear.delivered.clear()
    ear.gather(30, 10)
    t.equal("refused for now it comes again",
            sorted(receipt_of(f)["id"] for f in ear.delivered), sorted(ids))
    until(lambda: w.admin.must("GET", "/v1/logins/app")["outbox"] == 0, 5)
    login = w.admin.must("GET", "/v1/logins/app")
    t.equal("then nothing waits", (login["outbox"], login["dropped"]), (0, 0))
    ear.delivered.clear()
    ear.ack_status = 0x65
    answer, got = w.pass_on(app, phone(790))
    w.up.receipt(got)
    ear.gather(1)
    until(lambda: w.admin.must("GET", "/v1/logins/app")["dropped"] == 1, 5)
    login = w.admin.must("GET", "/v1/logins/app")
    t.equal("refused for good it is given up and counted",
            (login["outbox"], login["dropped"]), (0, 1))
    app.close()
    ear.close()


def check_orders(w):
    """Parts of one long message leave in order, and enquire_link lives."""
    t, app = w.t, App(w.port)
    before = len(w.up.submits)
    for i in range(1, 6):
        app.submit(phone(800), esm_class=0x40,
                   text=b"\5\0\3\x99\5" + bytes([i]) + b"x" * 100)
    w.sent(before + 5)
    parts = w.up.submits[before:]
    t.equal("parts of a long message leave in order, on one bind",
            ([p["message"][5] for p in parts],
             len({p["link"] for p in parts})), ([1, 2, 3, 4, 5], 1))
    t.equal("enquire_link is answered",
            app.answer(app.send(ENQUIRE)).status, OK)
    app.close()


def crash(t):
    """kill -9 with clients bound, again and again."""
    carrier = Carrier(t, "up", "--latency", "5-30", "--receipt-delay", "50-400",
                      "--replies", "0.2", "--reply-delay", "50-300").start()
    volley = Daemon(t, {
        "carriers": [carrier_row(carrier, binds=2, window=50)],
        "numbers": [{"number": OWN, "carrier": "up", "account": "demo"}],
        "accounts": {"on_uncertain": "hold"}}, name="crashing").start()
    port = smpp_port(volley)
    account = volley.account("demo", smpp={"system_id": "app",
                                           "password": "secret"})
    promised, told, replies, number = {}, collections.Counter(), 0, 0
    for round_ in range(4):
        app = App(port)
        pending, end = {}, time.monotonic() + 2.0
        try:
            while time.monotonic() < end:
                while len(pending) < 40:
                    seq = app.submit(phone(number), text=b"n %d" % number)
                    pending[seq] = phone(number)
                    number += 1
                app.next(0.5)
                for seq in [s for s in pending if s in app.answers]:
                    answer = app.answers.pop(seq)
                    dest = pending.pop(seq)
                    if answer.status == OK:
                        promised[answer.message_id()] = dest
        except (EOFError, OSError):
            pass
        if round_ < 3:
            volley.kill9()
        for f in app.delivered:
            if f["esm_class"] == 4:
                told[receipt_of(f)["id"]] += 1
            else:
                replies += 1
        app.close()
        if round_ < 3:
            volley.start()
    ear = App(port)

    def quiet():
        return ear.next(2.0) is None
    until(quiet, 40, 0)
    for f in ear.delivered:
        if f["esm_class"] == 4:
            told[receipt_of(f)["id"]] += 1
        else:
            replies += 1
    sent = collections.Counter(l.dest for l in carrier.lines("SUBMIT"))
    uncertain = {m["to"].lstrip("+") for m in
                 pages(account, "/v1/messages?state=uncertain")}
    t.check("kill -9: many were promised", len(promised) > 200, len(promised))
    lost = [d for d in promised.values() if not sent[d] and
            d not in uncertain]
    t.check("kill -9: what got status 0 was sent, or is uncertain", not lost,
            "%d lost: %r" % (len(lost), lost[:5]))
    doubled = [d for d, n in sent.items() if n > 1]
    t.check("kill -9: nothing was sent twice", not doubled, doubled[:5])
    owed = {i for i, d in promised.items() if sent[d] and d not in uncertain}
    missing = [i for i in owed if not told[i]]
    t.check("kill -9: every receipt owed came", not missing,
            "%d of %d missing: %r" % (len(missing), len(owed), missing[:5]))
    strange = [i for i in told if i not in promised]
    t.check("kill -9: few receipts for what was not answered before a crash",
            len(strange) <= 3 * 140, len(strange))
    t.check("kill -9: replies came", replies > 0, replies)
    again = sum(n - 1 for n in told.values())
    t.check("kill -9: few came twice", again <= 3 * 200, again)
    t.say("%d promised, %d told, %d again, %d replies, %d uncertain" % (
        len(promised), len(told), again, replies, len(uncertain)))
    ear.close()
    volley.finish()


def pages(api, path):
    cursor = ""
    while True:
        page = api.must("GET", path + "&limit=500" + cursor)
        yield from page["data"]
        if not page["next_cursor"]:
            return
        cursor = "&cursor=" + page["next_cursor"]


with Suite("clients") as suite:
    world = World(suite)
    check_binds(world)
    check_fields(world)
    check_refusals(world)
    check_receipts(world)
    check_versions(world)
    check_multi(world)
    check_asking(world)
    check_replies(world)
    check_outbox(world)
    check_orders(world)
    world.volley.finish()
    world.up.close()
    crash(suite)
