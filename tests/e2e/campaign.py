#!/usr/bin/env python3
"""Campaigns from a CSV file: bad lines, preflight, start, pause, resume,
cancel, schedule, expiry; counts that add up; results as NDJSON and CSV."""
import collections
import csv
import datetime
import io
import time

from volley_e2e import (Carrier, Daemon, Suite, adds_up, carrier_row, csv_of,
                        until)

NUMBER = "+12125550101"
WINDOW = 20
TEXT = ("Hi {{first_name|there}}, your car {{plate}} is ready"
        "{{#if bay}} in bay {{bay}}{{/if}}.")


def settings(carrier):
    return {
        "carriers": [carrier_row(carrier, window=WINDOW, binds=2, rate=1000)],
        "routes": [{"to": "*", "carriers": [carrier.name]}],
        "numbers": [{"number": NUMBER, "carrier": carrier.name,
                     "account": "demo"}],
    }


def phone(n):
    return "+1415%07d" % n


def rows_with_faults(sender, good):
    """CSV text, the lines that must be refused, and the duplicates."""
    rows = [[phone(i), sender, "Ann" if i % 2 else "", "AB%d" % i,
             i if i % 3 == 0 else ""] for i in range(good)]
    lines = csv_of(rows, ["to", "sender", "first_name", "plate", "bay"])
    bad = [
        ("12", "bad_number", "%s,%s,Bo,P1,"),
        ("", "missing", "%s,%s,Bo,P1,"),
        (phone(900001), "missing_field", "%s,%s,Bo,,"),
        (phone(900002), "unknown_sender", "%s,nobody%.0s,Bo,P1,"),
        (phone(900003), "too_many_fields", "%s,%s,Bo,P1,1,2,3"),
        (phone(900004), "bad_quotes", '%s,%s,"Bo"x,P1,1'),
    ]
    faults = {}
    for to, code, form in bad:
        faults[lines.count("\n") + 1] = code
        lines += form % (to, sender) + "\n"
    octets = lines.encode()
    faults[octets.count(b"\n") + 1] = "bad_utf8"
    octets += b"+14159999999," + sender.encode() + b",\xff\xfe,P1,\n"
    # The same phone written twice more, once in another way.
    octets += ("%s,%s,Twice,P1,\n" % (phone(1), sender)).encode()
    octets += ("%s,%s,Again,P1,\n" % (phone(2).replace("+1415", "+1 (415) "),
                                      sender)).encode()
    return octets, faults, 2


def texts(carrier):
    return {l.dest: l.text for l in carrier.lines("SUBMIT")}


def check_upload(t, api, sender):
    good = 1500
    octets, faults, doubles = rows_with_faults(sender, good)
    campaign, answer = api.campaign(octets, TEXT, **{"from": NUMBER})
    t.equal("bad lines are counted", answer["rejected"], len(faults))
    t.equal("duplicates are counted", answer["duplicates"], doubles)
    t.check("good lines stay", answer["accepted"] in (good, good + doubles),
            answer["accepted"])
    t.equal("each bad line is named with its reason",
            {e["line"]: e["code"] for e in answer["errors"]}, faults)
    t.equal("the list of bad lines is whole",
            answer["errors_truncated"], False)
    flight = api.campaign_act(campaign, "preflight")
    t.equal("preflight counts the recipients", flight["recipients"], good)
    t.equal("preflight counts the parts", flight["parts"], good)
    t.equal("preflight: GSM 7-bit alone", flight["encodings"],
            {"gsm7": good, "ucs2": 0})
    t.equal("preflight knows the duplicates", flight["duplicates"], doubles)
    return campaign, good


def check_pause(t, api, carrier, campaign, good):
    t.equal("preflight sent nothing", carrier.count("SUBMIT"), 0)
    api.campaign_act(campaign, "start")
    until(lambda: carrier.count("SUBMIT") > 200, 20)
    api.campaign_act(campaign, "pause")
    at_pause = carrier.count("SUBMIT")
    look = api.campaign_look(campaign)
    t.equal("it is paused", look["state"], "paused")
    t.check("counts add up while paused", adds_up(look), look["counts"])
    time.sleep(1.0)
    later = carrier.count("SUBMIT")
    # The ledger is written 100 ms late at most: what it did not show yet at
    # the pause was sent before.
    allowed = 2 * WINDOW + 0.2 * 1000
    t.check("pause stops within one window",
            200 < later <= at_pause + allowed and later < good,
            "%d at the pause, %d a second later" % (at_pause, later))
    time.sleep(0.5)
    t.equal("and nothing more leaves", carrier.count("SUBMIT"), later)
    api.campaign_act(campaign, "resume")
    look = api.campaign_ends(campaign, 60,
                             lambda c: c["counts"]["submitted"] == 0)
    t.equal("resumed, it ends", look["state"], "done")
    t.check("counts add up at the end", adds_up(look), look["counts"])
    sent = [l.dest for l in carrier.lines("SUBMIT")]
    t.equal("each recipient got one text", len(sent), good)
    t.equal("and none got two", len(set(sent)), good)
    return look["counts"]


def check_texts(t, carrier):
    said = texts(carrier)
    t.equal("fallback and absent condition", said.get(phone(4)[1:]),
            "Hi there, your car AB4 is ready.")
    t.equal("field and condition", said.get(phone(9)[1:]),
            "Hi Ann, your car AB9 is ready in bay 9.")
    t.equal("of duplicates the first row counts", said.get(phone(1)[1:]),
            "Hi Ann, your car AB1 is ready.")


def check_outcomes(t, api, carrier, campaign, counts):
    stats = collections.Counter(
        l.status for l in carrier.lines("RECEIPT"))
    t.equal("delivered as the carrier says", counts["delivered"],
            stats["DELIVRD"])
    t.equal("failed as the carrier says", counts["failed"],
            stats["UNDELIV"] + stats["REJECTD"])
    t.equal("expired as the carrier says", counts["expired"],
            stats["EXPIRED"])
    rows = api.results(campaign)
    tally = collections.Counter(r["state"] for r in rows)
    for state in ("delivered", "failed", "expired"):
        t.equal("NDJSON results: %s" % state, tally[state], counts[state])
    sent = [r["to"] for r in rows if r["state"] in
            ("delivered", "failed", "expired")]
    t.equal("NDJSON results: each recipient once", len(set(sent)), len(sent))
    status, octets = api.call(
        "GET", "/v1/campaigns/%s/results?format=csv" % campaign,
        headers={"Accept": "text/csv"})
    table = list(csv.DictReader(io.StringIO(octets.decode())))
    t.check("CSV results say the same",
            status == 200 and
            collections.Counter(r["state"] for r in table) == tally,
            (status, octets[:200]))


def check_cancel(t, api, carrier):
    before = carrier.count("SUBMIT")
    campaign, _ = api.campaign(
        csv_of([[phone(2000000 + i)] for i in range(1000)], ["to"]),
        "Sale ends tonight", rate=100, **{"from": NUMBER})
    api.campaign_act(campaign, "start")
    until(lambda: carrier.count("SUBMIT") >= before + 50, 20)
    api.campaign_act(campaign, "cancel")
    look = api.campaign_ends(campaign, 20,
                             lambda c: c["counts"]["submitted"] == 0)
    counts, sent = look["counts"], carrier.count("SUBMIT") - before
    t.equal("it is cancelled", look["state"], "cancelled")
    t.check("cancelled: counts add up", adds_up(look), counts)
    t.check("cancelled: some were sent, most not", 50 <= sent <= 400, sent)
    t.equal("cancelled: it tells what was not sent", counts["cancelled"],
            1000 - sent)
    time.sleep(1)
    t.equal("nothing is sent any more", carrier.count("SUBMIT") - before,
            sent)
    status, _ = api.call("POST", "/v1/campaigns/%s/start" % campaign, {})
    t.equal("a cancelled campaign cannot start", status, 409)


def moment(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + \
        datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def check_schedule(t, api, carrier):
    before = carrier.count("SUBMIT")
    began = time.time()
    campaign, _ = api.campaign(
        csv_of([[phone(3000000 + i)] for i in range(500)], ["to"]),
        "Good morning", rate=50, start_at=moment(3), expires_at=moment(7),
        **{"from": NUMBER})
    api.campaign_act(campaign, "start")
    t.equal("it waits for its time", api.campaign_look(campaign)["state"],
            "scheduled")
    look = api.campaign_ends(campaign, 30,
                             lambda c: c["counts"]["submitted"] == 0)
    mine = [l for l in carrier.lines("SUBMIT")][before:]
    counts = look["counts"]
    t.check("nothing left before its time",
            mine and mine[0].time_us / 1e6 >= began + 1.9, len(mine))
    t.check("what was not sent in time expired",
            counts["expired"] >= 500 - len(mine) > 100, counts)
    t.check("scheduled: counts add up", adds_up(look), counts)
    t.check("its own rate held", len(mine) <= 50 * 5.5, len(mine))


def main():
    with Suite("campaign") as t:
        carrier = Carrier(
            t, "acme", "--receipts",
            "0.9:DELIVRD,0.06:UNDELIV/011,0.04:EXPIRED", "--receipt-delay",
            "20-300").start()
        daemon = Daemon(t, settings(carrier)).start()
        api = daemon.account()
        sender, _ = api.sender("Ann", external_id="ann")
        campaign, good = check_upload(t, api, "ann")
        counts = check_pause(t, api, carrier, campaign, good)
        check_texts(t, carrier)
        check_outcomes(t, api, carrier, campaign, counts)
        check_cancel(t, api, carrier)
        check_schedule(t, api, carrier)
        daemon.finish()


main()
