#!/usr/bin/env python3
"""Receipts of difficult carriers: before the answer, late, twice, in hex for
decimal, on another bind, for lost answers and dropped connections. Each
finds its message, and what Volley says agrees with the carrier's ledger."""
import collections

from volley_e2e import Carrier, Daemon, Suite, adds_up, carrier_row, csv_of, \
    until

SIZE = 300
MIXED = "0.8:DELIVRD,0.15:UNDELIV/011,0.05:EXPIRED"
STATE_OF = {"DELIVRD": "delivered", "UNDELIV": "failed",
            "EXPIRED": "expired"}

# name, options of the carrier, its row in the settings
CASES = [
    ("early", ["--receipt-before-resp", 2, "--latency", "5-30"], {}),
    ("late", ["--receipt-delay", "4000-5000"], {}),
    ("twice", ["--receipt-twice", 1], {}),
    ("hex", ["--ids", "mixed"],
     {"receipts": {"id_in_resp": "hex", "id_in_receipt": "dec"}}),
    ("uuid", ["--ids", "uuid", "--receipt-form", "text"], {}),
    ("tlv", ["--receipt-form", "tlv"], {}),
    ("other", ["--receipt-other-bind", 2], {"binds": 3}),
    ("pair", [], {"bind": "pair"}),
    ("lost", ["--lose-resp", 10], {"timers": {"response": "1s"}}),
    ("drops", ["--disconnect", 60, "--latency", "20-60"], {"binds": 2}),
]


def number(i):
    return "+1212555%04d" % i


def prefix(i):
    return "+14%02d" % (10 + i)


def settings(carriers):
    return {
        "carriers": [carrier_row(c, **dict(
            {"binds": 2, "rate": 300}, **row))
            for c, (_, _, row) in zip(carriers, CASES)],
        "routes": [{"to": prefix(i) + "*", "carriers": [c.name]}
                   for i, c in enumerate(carriers)],
        "numbers": [{"number": number(i), "carrier": c.name,
                     "account": "demo"} for i, c in enumerate(carriers)],
        "receipts": {"unknown_after": "2s"},
    }


def start(api, i):
    rows = [["%s%07d" % (prefix(i), n), n] for n in range(SIZE)]
    campaign, _ = api.campaign(csv_of(rows, ["to", "n"]), "No {{n}}",
                               **{"from": number(i)})
    api.campaign_act(campaign, "start")
    return campaign


def phones_of(carrier):
    """Receipts are named by the id of their submit: id -> phone."""
    return {l.id: l.dest for l in carrier.lines("SUBMIT")}


def check_case(t, api, carrier, name, campaign):
    def settled():
        look = api.campaign_look(campaign)
        counts = look["counts"]
        return look["state"] == "done" and counts["submitted"] == 0 and \
            carrier.count("RECEIPT_ACK") >= carrier.count("RECEIPT") and \
            counts["unknown"] == 0
    until(settled, 30, 0.3)
    look = api.campaign_look(campaign)
    t.check("%s: counts add up" % name, adds_up(look), look["counts"])
    phones = phones_of(carrier)
    sent = collections.Counter(l.dest for l in carrier.lines("SUBMIT"))
    rows = {r["to"].lstrip("+"): r for r in api.results(campaign)}
    t.equal("%s: the results name every recipient" % name, len(rows), SIZE)
    uncertain = {p for p, r in rows.items() if r["state"] == "uncertain"}
    lost = {p for p in rows if p not in sent} - uncertain
    t.check("%s: nothing is lost" % name, not lost, sorted(lost)[:5])
    doubled = {p for p, n in sent.items() if n > 1}
    t.check("%s: nothing is doubled" % name, not doubled,
            sorted(doubled)[:5])
    wrong = {}
    for line in carrier.lines("RECEIPT"):
        phone = phones.get(line.id)
        got = rows[phone]["state"] if phone in rows else "no such recipient"
        if got != STATE_OF[line.status]:
            wrong[phone] = (line.status, got)
    t.check("%s: every receipt is applied" % name, not wrong,
            "%d wrong: %r" % (len(wrong), list(wrong.items())[:5]))
    t.check("%s: every receipt is answered" % name,
            carrier.count("RECEIPT_ACK") >= carrier.count("RECEIPT"))
    return look["counts"], rows


def check_special(t, api, by_name):
    lost = by_name["lost"][0]
    answers = [l for l in lost.lines("RESP") if l.status == "LOST"]
    t.check("lost: answers were withheld", len(answers) > 10, len(answers))
    drops = by_name["drops"][0]
    t.check("drops: connections were dropped",
            len(drops.lines("DROP")) >= 3, len(drops.lines("DROP")))
    twice = by_name["twice"][0]
    t.check("twice: receipts came twice",
            len(twice.lines("RECEIPT_AGAIN")) >= SIZE)
    finals = collections.Counter(
        e["data"]["id"] for e in
        api.events(["message.delivered", "message.failed",
                    "message.expired"]) if e["data"].get("campaign")
        == by_name["twice"][1])
    t.check("twice: one final event for each message",
            len(finals) == SIZE and set(finals.values()) == {1},
            finals.most_common(3))
    early = by_name["early"][0].lines("RESP", "RECEIPT")
    first = {}
    for line in early:
        first.setdefault(line.id, line.kind)
    t.check("early: receipts did come first",
            list(first.values()).count("RECEIPT") >= SIZE // 3)
    # Their receipts took longer than unknown_after: unknown, then known.
    _, campaign, rows = by_name["late"]
    some = next(iter(rows.values()))
    states = [h["state"] for h in api.message(some["id"])["history"]]
    t.check("late: a message was unknown until its receipt came",
            "unknown" in states and states[-1] == some["state"], states)


def main():
    with Suite("receipts") as t:
        carriers = []
        for name, options, _ in CASES:
            delay = [] if name == "late" else ["--receipt-delay", "20-200"]
            carriers.append(Carrier(t, name, "--receipts", MIXED, *delay,
                                    *options).start())
        daemon = Daemon(t, settings(carriers)).start()
        api = daemon.account()
        campaigns = [start(api, i) for i in range(len(CASES))]
        by_name = {}
        for i, (name, _, _) in enumerate(CASES):
            _, rows = check_case(t, api, carriers[i], name, campaigns[i])
            by_name[name] = (carriers[i], campaigns[i], rows)
        check_special(t, api, by_name)
        unmatched = [r for who in (api, daemon.api()) for r in
                     who.each("/v1/unmatched", kind="receipt")]
        t.check("no receipt is left unmatched", not unmatched,
                "%d: %r" % (len(unmatched), unmatched[:2]))
        daemon.finish()


main()
