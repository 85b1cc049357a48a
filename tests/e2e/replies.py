#!/usr/bin/env python3
"""Whose reply is it: two senders on one number, two on a pool; replies that
come before the answer, after a kill -9, in three parts out of order; STOP,
START and HELP; a reply that fits nobody; and nobody sees another's."""
import time

from volley_e2e import Carrier, Daemon, Suite, carrier_row, until

ONE = "+12125550101"
POOL = ["+12125550111", "+12125550112"]
CROSSING_S = 1
LEDGER_S = 0.2  # the ledger is written twice as often
LONG = ("A long answer that takes three parts to say, since it goes on and "
        "on about what happened that day, and what happened the day before, "
        "and what will happen tomorrow; the weather too. ") * 2

SCRIPT = """
clock start
reply to 14155550003 before answer "fast as light"
reply to 14155550004 after 100ms parts 3,1,2 "%s"
reply to 14155550001 saying "Ann" after 1500ms "to Ann from {from}"
reply to 14155550002 saying "Bob" after 1500ms "to Bob from {from}"
reply to 14155550011 saying "Ann" after 1500ms "pool to Ann on {to}"
reply to 14155550011 saying "Bob" after 1500ms "pool to Bob on {to}"
reply to 14155550005 saying "Bob again" after 200ms "this is for Ann"
reply to 14155550006 saying "restart" after 4000ms "after the crash"
reply to 14155550007 saying "offer" after 300ms times 1 "STOP"
reply to 14155550008 saying "offer" after 300ms times 1 "help"
send from 14155559999 to 12125550112 "who are you" at 5s
""" % LONG.strip()


def settings(carrier):
    return {
        "carriers": [carrier_row(carrier)],
        "routes": [{"to": "*", "carriers": [carrier.name]}],
        "numbers": [{"number": n, "carrier": carrier.name, "account": "demo"}
                    for n in [ONE] + POOL],
        "replies": {"crossing": "%ds" % CROSSING_S},
    }


class Senders:
    """Ann and Bob, and what each hears."""

    def __init__(self, t, daemon, account):
        self.t, self.daemon, self.account = t, daemon, account
        self.id, self.api = {}, {}
        for name in ("Ann", "Bob"):
            self.id[name], self.api[name] = account.sender(name)

    def heard(self, name):
        return [e["data"] for e in
                self.api[name].events(["message.received"])]

    def texts(self, name):
        return [m["text"] for m in self.heard(name)]

    def expect(self, what, name, text, seconds=15):
        """The reply reaches this sender's events and nobody else's."""
        other = "Bob" if name == "Ann" else "Ann"
        until(lambda: text in self.texts(name), seconds)
        mine = self.texts(name).count(text)
        theirs = self.texts(other).count(text)
        self.t.check("%s: %s hears it, once" % (what, name), mine == 1,
                     "%d times; heard %r" % (mine, self.texts(name)))
        self.t.equal("%s: %s does not" % (what, other), theirs, 0)
        found = [m for m in self.heard(name) if m["text"] == text]
        return found[0] if found else None


def check_shared_number(t, s):
    s.api["Ann"].send("+14155550001", "Ann here", **{"from": ONE})
    s.api["Bob"].send("+14155550002", "Bob here", **{"from": ONE})
    s.expect("one number", "Ann", "to Ann from 14155550001")
    s.expect("one number", "Bob", "to Bob from 14155550002")


def check_pool(t, s):
    pool = s.account.must("POST", "/v1/pools",
                          {"name": "city", "numbers": POOL})["id"]
    first = s.api["Ann"].send("+14155550011", "Ann here", pool=pool)
    second = s.api["Bob"].send("+14155550011", "Bob here", pool=pool)
    until(lambda: s.account.message(second)["state"] == "delivered", 10)
    used = [s.account.message(m)["from"] for m in (first, second)]
    t.check("pool: a second sender gets another number",
            sorted(used) == POOL, used)
    s.expect("pool", "Ann", "pool to Ann on %s" % used[0].lstrip("+"))
    reply = s.expect("pool", "Bob",
                     "pool to Bob on %s" % used[1].lstrip("+"))
    if reply:
        answer = s.api["Bob"].must(
            "POST", "/v1/threads/%s/messages" % reply["thread"],
            {"text": "Bob answers"})
        sent = s.account.state_is(answer["id"], "delivered")
        t.equal("an answer leaves from the number the person used",
                (sent["from"], sent["to"]), (used[1], "+14155550011"))


def check_early_and_long(t, s, carrier):
    s.api["Ann"].send("+14155550003", "quick one", **{"from": ONE})
    s.expect("before the answer", "Ann", "fast as light")
    time.sleep(LEDGER_S)
    own = next(l.id for l in carrier.lines("SUBMIT")
               if l.dest == "14155550003")
    kinds = [l.kind for l in carrier.lines("RESP", "REPLY")
             if l.source == "14155550003" or l.id == own]
    t.equal("the carrier did reply before it answered", kinds,
            ["REPLY", "RESP"])
    s.api["Bob"].send("+14155550004", "tell me", **{"from": ONE})
    reply = s.expect("three parts out of order", "Bob", LONG.strip())
    if reply:
        t.equal("they are one message of three parts", reply["parts"], 3)
    time.sleep(LEDGER_S)
    order = [l.part for l in carrier.lines("REPLY")
             if l.source == "14155550004"]
    t.equal("they came as 3, 1, 2", order, ["3", "1", "2"])


def check_crossing(t, s):
    """Bob's text is too fresh to have been read: the answer is Ann's."""
    s.api["Ann"].send("+14155550005", "Ann asks", **{"from": ONE})
    time.sleep(CROSSING_S + 0.5)
    s.api["Bob"].send("+14155550005", "Bob again", **{"from": ONE})
    reply = s.expect("crossing", "Ann", "this is for Ann")
    if reply:
        t.check("crossing: it is flagged",
                "crossed" in reply["correlation"]["flags"],
                reply["correlation"])
        t.equal("crossing: rule 4", reply["correlation"]["rule"], 4)


def check_restart(t, s, daemon):
    message = s.api["Bob"].send("+14155550006", "before the restart",
                                **{"from": ONE})
    until(lambda: s.account.message(message)["state"] == "delivered", 10)
    daemon.kill9()
    daemon.start()
    s.expect("after kill -9", "Bob", "after the crash")


def check_words(t, s, carrier):
    first = s.api["Ann"].send("+14155550007", "an offer", **{"from": ONE})
    s.api["Ann"].send("+14155550008", "an offer", **{"from": ONE})
    s.expect("STOP is heard too", "Ann", "STOP")
    s.expect("HELP is heard too", "Ann", "help")

    def answers(phone):
        return [l for l in carrier.lines("SUBMIT") if l.dest == phone]
    until(lambda: len(answers("14155550007")) > 1 and
          len(answers("14155550008")) > 1, 10)
    t.equal("STOP is confirmed once", len(answers("14155550007")), 2)
    t.equal("HELP is answered once", len(answers("14155550008")), 2)
    refused = s.api["Ann"].call("POST", "/v1/messages", {
        "to": "+14155550007", "from": ONE, "text": "one more offer"})
    stopped = refused[0] >= 400 or s.account.state_is(
        refused[1]["id"], "suppressed", "rejected",
        seconds=5)["state"] in ("suppressed", "rejected")
    t.check("after STOP nothing is sent", stopped, refused)
    t.check("the account lists the opt-out",
            "+14155550007" in [r["subscriber"] for r in
                               s.account.each("/v1/suppressions")])
    t.check("contact.opted_out is told",
            s.account.events(["contact.opted_out"]))
    time.sleep(1)
    t.equal("nor did a second text leave",
            len(answers("14155550007")), 2)
    return first


def check_start_word(t, s, carrier):
    """START from the same phone lifts the opt-out again."""
    def lifted():
        return "+14155550007" not in [r["subscriber"] for r in
                                      s.account.each("/v1/suppressions")]
    t.check("START lifts the opt-out", until(lifted, 10))
    message = s.api["Ann"].send("+14155550007", "welcome back",
                                **{"from": ONE})
    t.equal("and texts reach the phone again",
            s.account.state_is(message, "delivered")["state"], "delivered")


def check_isolation(t, s, foreign):
    mine = s.heard("Ann")[0]
    thread = mine["thread"]
    for who, api in (("another sender", s.api["Bob"]),
                     ("another account", foreign)):
        for path in ("/v1/messages/" + mine["id"], "/v1/threads/" + thread,
                     "/v1/threads/%s/messages" % thread):
            status, body = api.get(path)
            t.equal("%s gets 404 for %s" % (who, path.split("_")[0]),
                    status, 404)
        status, body = api.get("/v1/messages/" + mine["id"])
        _, none = api.get("/v1/messages/msg_zzzzzzzzzzzzz")
        t.equal("%s cannot tell it from one that does not exist" % who,
                body, none)
        status, _ = api.call("POST", "/v1/threads/%s/messages" % thread,
                             {"text": "mine now"})
        t.equal("%s cannot answer in it" % who, status, 404)
    t.equal("another account hears of carriers alone",
            {e["type"] for e in foreign.events()} -
            {"carrier.up", "carrier.down"}, set())
    ids = {r["id"] for r in s.api["Bob"].each("/v1/threads")}
    t.check("nor is it in another sender's list", thread not in ids)


def check_unmatched(t, s):
    def found():
        return [r for r in s.account.each("/v1/unmatched", kind="reply")
                if r["text"] == "who are you"]
    rows = until(found, 10)
    t.check("a reply that fits nobody is listed", len(rows) == 1, rows)
    for name in ("Ann", "Bob"):
        t.check("and %s did not hear it" % name,
                "who are you" not in s.texts(name))
    if rows:
        s.account.must("POST", "/v1/messages/%s/reassign" % rows[0]["id"],
                       {"sender": s.id["Ann"]})
        t.check("given to a sender it leaves the list",
                until(lambda: not found(), 5))


def main():
    with Suite("replies") as t:
        carrier = Carrier(t, "acme", script=SCRIPT)
        carrier.start()
        daemon = Daemon(t, settings(carrier)).start()
        account = daemon.account()
        foreign = daemon.account("other")
        s = Senders(t, daemon, account)
        check_shared_number(t, s)
        check_pool(t, s)
        check_early_and_long(t, s, carrier)
        check_crossing(t, s)
        check_restart(t, s, daemon)
        check_words(t, s, carrier)
        # The phone changes its mind: a second script, the same ledger.
        carrier.stop()
        again = Carrier(t, "acme2", port=carrier.port, script=(
            'clock bind\nsend from 14155550007 to %s "START" at 500ms\n'
            % ONE[1:]))
        again.start()
        until(daemon.is_bound, 15)
        check_start_word(t, s, again)
        check_isolation(t, s, foreign)
        check_unmatched(t, s)
        daemon.finish()


main()
