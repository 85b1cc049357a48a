#!/usr/bin/env python3
"""Volley bound to a carrier made of npm's smpp, over two binds: texts of all
kinds, receipts in several dialects, refusals, throttling, and replies of one
part and of more."""
import collections
import json
import os

import foreign_judge as judge
import foreign_npm as npm
from volley_e2e import Child, Daemon, Suite, carrier_row, free_port, until

HERE = os.path.dirname(os.path.abspath(__file__))
NUMBER = "+12125550101"
TEXTS = [
    "Message {n}: {price} [€ 10] ~^|\\ Δ_Ω ñ à",
    "Сообщение {n}: машина готова",
    "Message {n} of two parts: " + "0123456789 " * 20,
    "Сообщение {n} из частей: " + "Жизнь прекрасна " * 9,
]
COUNT = 400
STATES = {"3": "failed", "5": "failed"}


class NodeCarrier(Child):
    """foreign_carrier.js; what it heard, by kind."""

    def __init__(self, t, env):
        self.port = free_port()
        self.ledger_path = t.path("node.jsonl")
        super().__init__(t, "node", [
            "node", os.path.join(HERE, "foreign_carrier.js"),
            str(self.port), self.ledger_path], env)

    def lines(self, what):
        try:
            with open(self.ledger_path) as f:
                rows = [json.loads(l) for l in f if l.endswith("\n")]
        except FileNotFoundError:
            return []
        return [r for r in rows if r["what"] == what]


def settings(carrier):
    return {
        "carriers": [carrier_row(carrier, binds=2)],
        "routes": [{"to": "*", "carriers": [carrier.name]}],
        "numbers": [{"number": NUMBER, "carrier": carrier.name,
                     "account": "demo"}],
    }


def phone(n):
    return "+4477%07d%d" % (n // 10, n % 10)


def text_to(n):
    # Each digit meets each kind of text.
    return TEXTS[n // 10 % len(TEXTS)].replace("{n}", str(n))


def send_all(api):
    """Ids by number of message."""
    body = "".join(json.dumps({"to": phone(n), "from": NUMBER,
                               "text": text_to(n)}) + "\n"
                   for n in range(COUNT))
    status, octets = api.call("POST", "/v1/messages", body, {
        "Content-Type": "application/x-ndjson"})
    rows = [json.loads(l) for l in octets.decode().splitlines()]
    assert status < 300 and len(rows) == COUNT, (status, rows[:2])
    return [r["id"] for r in rows]


def check_heard(t, carrier):
    got = collections.defaultdict(list)
    for row in carrier.lines("submit"):
        got[row["dest"]].append(row)
    wanted = {phone(n)[1:]: text_to(n) for n in range(COUNT)
              if n % 10 != 3}
    t.equal("smpp heard from each phone's message", sorted(got),
            sorted(wanted))
    wrong = []
    for dest, rows in got.items():
        rows.sort(key=lambda r: r["udh"][-2:])
        text = "".join(r["text"] for r in rows)
        # What follows an undeliverable part need not be sent.
        if dest[-1] == "5" and wanted[dest].startswith(text):
            continue
        if text != wanted.get(dest):
            wrong.append((text, wanted.get(dest)))
    t.check("and read each as it was written", not wrong, wrong[:3])


def check_states(t, api, ids):
    def final():
        return all(api.message(i)["state"] in ("delivered", "failed")
                   for i in reversed(ids))
    until(final, 25, 0.5)
    states = collections.Counter(
        (str(n % 10), api.message(i)["state"]) for n, i in enumerate(ids))
    t.equal("each message ends as the phone's digit says", states,
            collections.Counter((str(n % 10), STATES.get(
                str(n % 10), "delivered")) for n in range(COUNT)))
    refused = api.message(ids[3])
    t.equal("a refused one says why", refused["part_states"][0]["error"] and
            refused["state"], "failed")


def check_replies(t, own):
    def replies():
        return own.events(["message.received"])
    until(lambda: len(replies()) >= COUNT * 3 // 10, 10, 0.3)
    got = {e["data"]["from"]: e["data"]["text"] for e in replies()}
    wanted = {}
    for n in range(COUNT):
        head = "Antwort von %s: ñ€ " % phone(n)[1:]
        tail = {7: "", 8: "ja " * 120, 9: "да, конечно"}.get(n % 10)
        if tail is not None:
            wanted[phone(n)] = head + tail
    wrong = [(got.get(k), v) for k, v in wanted.items() if got.get(k) != v]
    t.check("each reply reaches its sender, whole (%d)" % len(wanted),
            not wrong, (len(wrong), wrong[:3]))
    t.equal("and no other comes", len(replies()), len(wanted))


def main():
    with Suite("foreign_carrier") as t:
        carrier = NodeCarrier(t, npm.environment())
        wire = judge.Wire(t, carrier.port)
        carrier.spawn()
        daemon = Daemon(t, settings(carrier)).start()
        t.equal("smpp read our binds", carrier.lines("bind"), [
            {"what": "bind", "system_id": "volley",
             "password": "secret"}] * 2)
        _, own = daemon.account().sender("Ann")
        ids = send_all(own)
        check_states(t, own, ids)
        check_heard(t, carrier)
        check_replies(t, own)
        for what in ("receipt_resp", "reply_resp"):
            t.equal("each %s is 0" % what, collections.Counter(
                r["status"] for r in carrier.lines(what)),
                {0: len(carrier.lines(what))})
        t.equal("a receipt for each part was answered",
                len(carrier.lines("receipt_resp")),
                len(carrier.lines("submit")))
        daemon.finish()
        until(lambda: len(carrier.lines("unbind")) == 2, 5)
        t.equal("we unbound twice", len(carrier.lines("unbind")), 2)
        t.equal("nothing that smpp does not know", carrier.lines("unknown") +
                carrier.lines("error"), [])
        t.equal("smpp does not complain", carrier.stderr().strip(), "")
        wire.judge()


main()
