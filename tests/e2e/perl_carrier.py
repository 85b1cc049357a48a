#!/usr/bin/env python3
"""Volley bound to a carrier made of foreign software: Debian's
libnet-smpp-perl reads our PDUs, answers, receipts and lets a phone reply."""
import os
import time

from volley_e2e import Child, Daemon, Suite, carrier_row, free_port, until

NUMBER = "+12125550101"
GSM_LONG = "Long enough for two parts: " + "0123456789 " * 15
MANY = 300
UCS2 = "Привет, машина готова"


class PerlCarrier(Child):
    """perl_carrier.pl; what it read, by kind."""

    def __init__(self, suite):
        self.port = free_port()
        self.ledger_path = suite.path("perl.tsv")
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                              "perl_carrier.pl")
        super().__init__(suite, "perl", [
            "perl", script, str(self.port), self.ledger_path])

    def lines(self, kind):
        try:
            with open(self.ledger_path) as f:
                rows = [l.rstrip("\n").split("\t") for l in f]
        except FileNotFoundError:
            return []
        return [r[1:] for r in rows if r[0] == kind]


def settings(carrier):
    return {
        "carriers": [carrier_row(carrier, timers={"enquire": "1s"})],
        "routes": [{"to": "*", "carriers": ["perl"]}],
        "numbers": [{"number": NUMBER, "carrier": "perl",
                     "account": "demo"}],
    }


def check_texts(t, carrier, api, sent):
    for what, message in sent.items():
        got = api.state_is(message, "delivered", "failed")
        t.equal("%s: delivered" % what, got["state"], "delivered")
        t.check("%s: with the carrier's ids" % what,
                all(p["smsc_id"].startswith("perl-")
                    for p in got["part_states"]), got["part_states"])
    rows = carrier.lines("SUBMIT")
    plain = [r for r in rows if r[2] == "14155550001"]
    t.equal("Perl read source, phone, esm_class, coding, receipt, text",
            [r[1:] for r in plain],
            [["12125550101", "14155550001", "0", "0", "1",
              b"Hello Perl".hex()]])
    parts = [bytes.fromhex(r[6]) for r in rows if r[2] == "14155550002"]
    t.equal("Perl read a text of two parts with UDH",
            [p[:3] + p[4:6] for p in parts],
            [b"\x05\x00\x03\x02\x01", b"\x05\x00\x03\x02\x02"])
    t.equal("together they are the text",
            b"".join(p[6:] for p in parts).decode(), GSM_LONG)
    t.check("their esm_class has the UDH bit",
            all(r[3] == "64" for r in rows if r[2] == "14155550002"))
    wide = [r for r in rows if r[2] == "14155550003"]
    t.equal("Perl read UCS-2", [(r[4], r[6]) for r in wide],
            [("8", UCS2.encode("utf-16-be").hex())])


def check_many(t, carrier, own):
    """Hundreds at once: each is receipted and each phone's reply comes."""
    sent = {"+1415556%04d" % n: own.send("+1415556%04d" % n,
                                         "question %d" % n,
                                         **{"from": NUMBER})
            for n in range(MANY)}
    until(lambda: len(carrier.lines("DELIVER_RESP")) >= 6 + 2 * MANY, 20)
    states = {own.state_is(i, "delivered", seconds=5)["state"]
              for i in sent.values()}
    t.equal("each of %d is delivered" % MANY, states, {"delivered"})
    replies = [e["data"]["from"] for e in own.events(["message.received"])]
    t.equal("each phone's reply comes, once", sorted(replies),
            sorted([*sent, "+14155550004"]))


def main():
    with Suite("perl_carrier") as t:
        carrier = PerlCarrier(t)
        carrier.spawn()
        daemon = Daemon(t, settings(carrier)).start()
        t.equal("Perl read our bind", carrier.lines("BIND"),
                [["volley", "secret", "52"]])
        api = daemon.account()
        sender, own = api.sender("Ann")
        sent = {
            "plain": own.send("+14155550001", "Hello Perl",
                              **{"from": NUMBER}),
            "long": own.send("+14155550002", GSM_LONG, **{"from": NUMBER}),
            "ucs2": own.send("+14155550003", UCS2, **{"from": NUMBER}),
            "question": own.send("+14155550004", "a question",
                                 **{"from": NUMBER}),
        }
        check_texts(t, carrier, api, sent)
        until(lambda: own.events(["message.received"]), 10)
        t.equal("the reply reaches its sender",
                [e["data"]["text"] for e in
                 own.events(["message.received"])], ["Perl says thanks"])
        until(lambda: len(carrier.lines("DELIVER_RESP")) >= 6, 5)
        t.equal("each receipt and the reply are answered with 0",
                [r[1] for r in carrier.lines("DELIVER_RESP")], ["0"] * 6)
        check_many(t, carrier, own)
        time.sleep(1.5)
        t.check("enquire_link was asked and answered",
                carrier.lines("ENQUIRE") and daemon.is_bound())
        t.equal("nothing that Perl does not know",
                carrier.lines("UNKNOWN"), [])
        daemon.finish()
        t.check("we unbound", carrier.lines("UNBIND"))
        noise = [l for l in carrier.stderr().splitlines()
                 if "premature eof" not in l]
        t.check("Perl did not complain", not noise, noise[:5])


main()
