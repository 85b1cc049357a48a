#!/usr/bin/env python3
"""Rates as the carrier sees them: with 200/s on a carrier and 50/s on a
number no second holds more, and the mean of 30 seconds is above 99 % of the
limit that binds; a limit also holds over reconnects."""
import argparse

from volley_e2e import Carrier, Daemon, Suite, carrier_row, csv_of, until

CARRIER_RATE = 200
NUMBER_RATE = 50
DROPPED_RATE = 100
SECOND_US = 1000000


def number(n):
    return "+1212555%04d" % n


def settings(by_carrier, by_number, dropped):
    """One carrier whose own rate binds, one whose number's does, and one
    that drops its connections."""
    pool = [number(100 + i) for i in range(6)]
    rows = [{"number": n, "carrier": by_carrier.name, "account": "demo",
             "rate": NUMBER_RATE} for n in pool]
    rows.append({"number": number(200), "carrier": by_number.name,
                 "account": "demo", "rate": NUMBER_RATE})
    rows.append({"number": number(300), "carrier": dropped.name,
                 "account": "demo"})
    return {
        "carriers": [
            carrier_row(by_carrier, rate=CARRIER_RATE, binds=2, window=100),
            carrier_row(by_number, rate=CARRIER_RATE, binds=2, window=100),
            carrier_row(dropped, rate=DROPPED_RATE, binds=2, window=100)],
        "routes": [
            {"to": "+1415*", "carriers": [by_carrier.name]},
            {"to": "+1416*", "carriers": [by_number.name]},
            {"to": "*", "carriers": [dropped.name]}],
        "numbers": rows,
    }, pool


def most_in_a_second(times):
    most = first = 0
    for i, at in enumerate(times):
        while at - times[first] >= SECOND_US:
            first += 1
        most = max(most, i - first + 1)
    return most


def mean_per_s(times, seconds):
    """From one second after the first, when the limit has taken hold."""
    start = times[0] + SECOND_US
    end = start + seconds * SECOND_US
    return sum(start <= t < end for t in times) / seconds


def run(t, api, carriers, pool, seconds):
    """Starts the three campaigns and waits until they have lasted."""
    plans = [("+1415", CARRIER_RATE, {"pool": pool}),
             ("+1416", NUMBER_RATE, {"from": number(200)}),
             ("+1417", DROPPED_RATE, {"from": number(300)})]
    for prefix, rate, where in plans:
        count = rate * (seconds + 4)
        rows = csv_of([["%s%07d" % (prefix, i)] for i in range(count)],
                      ["to"])
        campaign, _ = api.campaign(rows, "tick", **where)
        api.campaign_act(campaign, "start")

    def lasted():
        times = arrivals(carriers[0])
        slow = arrivals(carriers[1])
        return times and slow and min(times[-1] - times[0],
                                      slow[-1] - slow[0]) \
            >= (seconds + 1.5) * SECOND_US
    t.check("the campaigns last %d s" % seconds,
            until(lasted, seconds + 30, 1.0))


def arrivals(carrier, source=None):
    kinds = ("SUBMIT", "THROTTLE", "REFUSE")
    return sorted(l.time_us for l in carrier.lines(*kinds)
                  if source is None or l.source == source)


def check(t, carriers, pool, seconds):
    by_carrier, by_number, dropped = carriers
    times = arrivals(by_carrier)
    t.check("carrier: no second holds more than %d" % CARRIER_RATE,
            most_in_a_second(times) <= CARRIER_RATE, most_in_a_second(times))
    mean = mean_per_s(times, seconds)
    t.check("carrier: mean %.2f/s is above 99 %%" % mean,
            mean > 0.99 * CARRIER_RATE)
    most = max(most_in_a_second(arrivals(by_carrier, n[1:])) for n in pool)
    t.check("pool: no number has more than %d in a second" % NUMBER_RATE,
            most <= NUMBER_RATE, most)
    times = arrivals(by_number)
    t.check("number: no second holds more than %d" % NUMBER_RATE,
            most_in_a_second(times) <= NUMBER_RATE, most_in_a_second(times))
    mean = mean_per_s(times, seconds)
    t.check("number: mean %.2f/s is above 99 %%" % mean,
            mean > 0.99 * NUMBER_RATE)
    times = arrivals(dropped)
    t.check("reconnects: the carrier dropped us",
            len(dropped.lines("DROP")) >= 4, len(dropped.lines("DROP")))
    t.check("reconnects: no second holds more than %d" % DROPPED_RATE,
            most_in_a_second(times) <= DROPPED_RATE, most_in_a_second(times))
    t.equal("no part was throttled", sum(
        c.count("THROTTLE") for c in carriers), 0)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=30)
    seconds = options.parse_args().seconds
    with Suite("rates") as t:
        drops = "".join("drop all at %ds\n" % s
                        for s in range(4, seconds, 5))
        carriers = [Carrier(t, "by_carrier", "--latency", "5-20"),
                    Carrier(t, "by_number", "--latency", "5-20"),
                    Carrier(t, "dropped", script=drops)]
        for carrier in carriers:
            carrier.start()
        made, pool = settings(*carriers)
        daemon = Daemon(t, made).start()
        api = daemon.account()
        pool_id = api.must("POST", "/v1/pools",
                           {"name": "six", "numbers": pool})["id"]
        run(t, api, carriers, pool_id, seconds)
        check(t, carriers, pool, seconds)
        daemon.finish(audit=False)


main()
