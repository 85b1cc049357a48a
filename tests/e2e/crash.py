#!/usr/bin/env python3
"""kill -9 at random moments of a campaign, with restarts between. The
carrier's ledger says afterwards: nothing lost, nothing doubled beyond the
parts that Volley itself lists as uncertain, every receipt applied, and
volleyd --audit finds the store clean."""
import argparse
import collections
import random
import time

from volley_e2e import (Carrier, Daemon, Suite, adds_up, carrier_row, csv_of,
                        until)

NUMBER = "+12125550101"
STATE_OF = {"DELIVRD": "delivered", "UNDELIV": "failed",
            "EXPIRED": "expired"}
BINDS, WINDOW = 2, 50


def read_options():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", type=int, default=50000,
                         help="recipients (50000)")
    options.add_argument("--kills", type=int, default=10, help="(10)")
    options.add_argument("--seed", type=int, default=None,
                         help="repeat a run; printed when not given")
    options.add_argument("--on-uncertain", choices=("hold", "resend"),
                         default="hold")
    return options.parse_args()


def settings(carriers):
    return {
        "carriers": [carrier_row(c, binds=BINDS, window=WINDOW)
                     for c in carriers],
        "routes": [{"to": "+1415*", "carriers": [carriers[0].name]},
                   {"to": "*", "carriers": [carriers[1].name]}],
        "numbers": [
            {"number": NUMBER, "carrier": carriers[0].name,
             "account": "demo"},
            {"number": NUMBER[:-1] + "2", "carrier": carriers[1].name,
             "account": "demo"}],
        # Small ones, so that crashes also hit their making and rolling.
        "store": {"checkpoint_facts": 20000, "segment_size": "8MB"},
    }


def fill(api, size, on_uncertain, rate):
    """Two campaigns, one a carrier; each recipient's text is its own."""
    campaigns = []
    for i, prefix in enumerate(("+1415", "+1416")):
        rows = [["%s%07d" % (prefix, n), n] for n in range(size // 2)]
        campaign, _ = api.campaign(
            csv_of(rows, ["to", "n"]), "Your number is {{n}}",
            rate=rate // 2, on_uncertain=on_uncertain,
            **{"from": NUMBER if i == 0 else NUMBER[:-1] + "2"})
        campaigns.append(campaign)
    for campaign in campaigns:
        api.campaign_act(campaign, "start")
    return campaigns


def kill_and_restart(t, daemon, dice, kills, span_s):
    """Half of the span is sending; starts themselves are hit too."""
    for n in range(kills):
        time.sleep(dice.uniform(0, 2 * span_s / kills))
        daemon.kill9()
        daemon.spawn()
        if dice.random() < 0.3:
            time.sleep(dice.uniform(0, 0.2))
            daemon.kill9()
            daemon.spawn()
        up = until(lambda: not daemon.runs() or daemon.is_ready(), 30)
        if not t.check("restart %d is ready" % (n + 1),
                       up and daemon.runs(), daemon.stderr()[-800:]):
            raise RuntimeError("it does not come back")


def ever_uncertain(api):
    return {e["data"]["to"].lstrip("+")
            for e in api.events(["message.uncertain"])}


def check_ledger(t, api, carriers, campaigns, on_uncertain):
    sent = collections.Counter()
    phones, receipts = {}, {}
    for carrier in carriers:
        for l in carrier.lines("SUBMIT", "RECEIPT"):
            if l.kind == "SUBMIT":
                sent[l.dest] += 1
                phones[carrier.name, l.id] = l.dest
            else:
                receipts[phones[carrier.name, l.id]] = STATE_OF[l.status]
    rows = {r["to"].lstrip("+"): r for c in campaigns
            for r in api.results(c)}
    listed = {p for p, r in rows.items() if r["state"] == "uncertain"}
    doubted = ever_uncertain(api)
    t.say("%d recipients, %d parts sent, %d were in doubt, %d still are" % (
        len(rows), sum(sent.values()), len(doubted), len(listed)))
    lost = {p for p in rows if p not in sent} - listed
    t.check("nothing is lost", not lost, "%d: %r" % (
        len(lost), [(p, rows[p]["state"]) for p in sorted(lost)[:5]]))
    strangers = [p for p in sent if p not in rows]
    t.check("nothing was sent that nobody asked for", not strangers,
            strangers[:5])
    doubled = {p for p, n in sent.items() if n > 1}
    if on_uncertain == "hold":
        t.check("nothing is doubled", not doubled, sorted(doubled)[:5])
    else:
        t.check("only parts listed as uncertain are doubled",
                doubled <= doubted,
                sorted(doubled - doubted)[:5])
    t.check("what is listed as uncertain was told as an event",
            listed <= doubted, sorted(listed - doubted)[:5])
    wrong = [(p, s, rows[p]["state"]) for p, s in receipts.items()
             if rows[p]["state"] != s]
    t.check("every receipt is applied", not wrong,
            "%d of %d are not: %r" % (len(wrong), len(receipts), wrong[:5]))
    return len(doubted)


def main():
    options = read_options()
    seed = options.seed
    if seed is None:
        seed = random.SystemRandom().randrange(1 << 32)
    dice = random.Random(seed)
    with Suite("crash") as t:
        t.say("--seed %d --size %d --kills %d --on-uncertain %s" % (
            seed, options.size, options.kills, options.on_uncertain))
        # Never two states of one phone: a resent text gets the same receipt.
        mixed = ("1:DELIVRD" if options.on_uncertain == "resend" else
                 "0.9:DELIVRD,0.1:UNDELIV/011")
        carriers = [Carrier(t, name, "--receipts", mixed, "--receipt-delay",
                            "10-1000", "--latency", "1-10", "--ids", ids,
                            "--seed", seed % 1000).start()
                    for name, ids in (("acme", "dec"), ("orbit", "hex"))]
        daemon = Daemon(t, settings(carriers)).start()
        api = daemon.account()
        rate = max(400, options.size // max(1, options.kills))
        campaigns = fill(api, options.size, options.on_uncertain, rate)
        kill_and_restart(t, daemon, dice, options.kills,
                         0.8 * options.size / rate)

        def settled():
            looks = [api.campaign_look(c) for c in campaigns]
            return all(l["state"] == "done" and l["counts"]["submitted"] == 0
                       for l in looks) and all(
                           c.count("RECEIPT_ACK") >= c.count("RECEIPT")
                           for c in carriers)
        until(settled, 60 + 2 * options.size / rate, 1.0)
        looks = [api.campaign_look(c) for c in campaigns]
        t.check("the campaigns are done",
                all(l["state"] == "done" for l in looks),
                [(l["state"], l["counts"]) for l in looks])
        t.check("counts add up", all(adds_up(l) for l in looks),
                [l["counts"] for l in looks])
        t.equal("nobody still waits",
                sum(l["counts"]["submitted"] for l in looks), 0)
        doubted = check_ledger(t, api, carriers, campaigns,
                               options.on_uncertain)
        t.check("at most a window a bind is in doubt, each time",
                doubted <= 2 * options.kills * len(carriers) * BINDS * WINDOW,
                doubted)
        t.check("starts take less than 5 s", max(daemon.starts_s) < 5,
                daemon.starts_s)
        daemon.finish()


main()
