#!/usr/bin/env python3
"""What a running daemon is told must stay true: settings changed by SIGHUP,
accounts deleted, quotas over a kill -9, numbers changed in part, long lists
in pages."""
import signal

from volley_e2e import Carrier, Daemon, Suite, carrier_row, until

ACME, ORBIT = "+12125550101", "+12125550102"


def reload(daemon, settings):
    """Writes the settings and waits until they are applied."""
    said = daemon.stderr().count("reloaded")
    daemon.settings.clear()
    daemon.settings.update(settings)
    daemon.write_settings()
    daemon.signal(signal.SIGHUP)
    return until(lambda: daemon.stderr().count("reloaded") > said, 10)


def copy(settings, **more):
    return dict(settings, **more)


def check_reload(t, daemon, api, acme, orbit):
    base = dict(daemon.settings)
    names = [r["name"] for r in daemon.api().must("GET",
                                                 "/v1/carriers")["data"]]
    t.equal("two carriers at first", names, ["acme", "orbit"])
    # The rate of a living carrier.
    rows = [carrier_row(acme, rate=20), carrier_row(orbit)]
    t.check("a rate is changed", reload(daemon, copy(base, carriers=rows)))
    until(lambda: acme.count("BIND"), 5)  # written every 100 ms
    binds = acme.count("BIND")
    for i in range(30):
        api.send("+141555502%02d" % i, "paced %d" % i, **{"from": ACME})
    until(lambda: acme.count("SUBMIT") >= 30, 10)
    at = [l.time_us for l in acme.lines("SUBMIT")]
    t.equal("all of them leave", len(at), 30)
    most = max(sum(1 for b in at if a <= b < a + 1000000) for a in at)
    t.check("at the new rate, by the living binds",
            most <= 20 and acme.count("BIND") == binds,
            "%d in a second, %d binds" % (most, acme.count("BIND")))
    acme.stop()
    gone = copy(base, carriers=[carrier_row(orbit)],
                routes=[{"to": "*", "carriers": ["orbit"]}],
                numbers=[n for n in base["numbers"]
                         if n.get("carrier") != "acme"])
    t.check("a carrier is taken out", reload(daemon, gone))
    names = [r["name"] for r in daemon.api().must("GET",
                                                 "/v1/carriers")["data"]]
    t.equal("one carrier is left", names, ["orbit"])


def check_quota(t, daemon):
    api = daemon.account("small", quota={"per_day": 3})
    daemon.api().must("POST", "/v1/numbers", {
        "number": "+12125550109", "carrier": "orbit", "account": "small"})
    for i in range(2):
        api.send("+1415555040%d" % i, "counted")
    daemon.kill9()
    daemon.start(bound=False)
    api.port = daemon.http_port
    t.equal("the third of three is taken after a kill -9", api.call(
        "POST", "/v1/messages", {"to": "+14155550402", "text": "third"})[0],
        202)
    status, answer = api.call("POST", "/v1/messages",
                              {"to": "+14155550403", "text": "fourth"})
    t.equal("the fourth is refused", (status, answer.get("code")),
            (429, "quota_exceeded"))
    return api


def check_numbers(t, daemon, small):
    admin = daemon.api()
    helper, _ = small.sender("desk")
    admin.must("POST", "/v1/numbers", {
        "number": "+12125550109", "carrier": "orbit", "account": "small",
        "rate": 7, "per_day": 500, "default_sender": helper})
    admin.must("POST", "/v1/numbers", {
        "number": "+12125550109", "carrier": "orbit", "rate": 9})
    row = [n for n in small.each("/v1/numbers")
           if n["number"] == "+12125550109"][0]
    t.equal("what was not named is kept",
            (row.get("rate"), row.get("per_day"), row.get("default_sender")),
            (9, 500, helper))


def check_deleted(t, daemon, orbit, small):
    admin = daemon.api()
    ids = {a["name"]: a["id"] for a in admin.each("/v1/accounts")}
    # A message that waits for its hour must not leave any more.
    gone = daemon.account("gone")
    admin.must("POST", "/v1/numbers", {
        "number": "+12125550108", "carrier": "orbit", "account": "gone",
        "rate": 1})
    for i in range(6):
        gone.send("+141555505%02d" % i, "too late", **{
            "from": "+12125550108"})
    ids = {a["name"]: a["id"] for a in admin.each("/v1/accounts")}
    status, _ = admin.call("DELETE", "/v1/accounts/" + ids["gone"])
    t.check("an account is deleted", status in (200, 204), status)
    t.equal("its key is dead", gone.get("/v1/messages")[0], 401)
    left = sum(l.text == "too late" for l in orbit.lines("SUBMIT"))
    until(lambda: False, 3)
    after = sum(l.text == "too late" for l in orbit.lines("SUBMIT"))
    t.check("what waited does not leave any more", after <= left + 1 < 6,
            "%d, then %d" % (left, after))
    t.check("others are not touched",
            small.get("/v1/messages")[0] == 200)


def check_pages(t, daemon):
    api = daemon.account("many")
    daemon.api().must("POST", "/v1/numbers", {
        "number": "+12125550107", "carrier": "orbit", "account": "many"})
    lines = "".join('{"to": "+14155%06d", "text": "page %d"}\n' % (i, i)
                    for i in range(2500))
    status, octets = api.call("POST", "/v1/messages", lines, {
        "Content-Type": "application/x-ndjson"})
    t.equal("2,500 lines are taken", (status, octets.count(b"\n")),
            (200, 2500) if status == 200 else (202, 2500))
    for limit in (1000, 7):
        seen = [m["id"] for m in api.each("/v1/messages", limit=limit)] \
            if limit == 1000 else \
            [m["id"] for m in api.get("/v1/messages", limit=7)[1]["data"]]
        wanted = 2500 if limit == 1000 else 7
        t.equal("limit=%d gives each once" % limit,
                (len(seen), len(set(seen))), (wanted, wanted))
    status, answer = api.get("/v1/messages", limit=1001)
    t.check("limit=1001 is refused, or cut to 1,000",
            status == 400 or len(answer["data"]) == 1000, status)


def main():
    with Suite("keeping") as t:
        acme, orbit = [Carrier(t, n, "--receipts", "1:DELIVRD").start()
                       for n in ("acme", "orbit")]
        daemon = Daemon(t, {
            "carriers": [carrier_row(acme), carrier_row(orbit)],
            "routes": [{"to": "*", "carriers": ["acme", "orbit"]}],
            "numbers": [
                {"number": ACME, "carrier": "acme", "account": "demo"},
                {"number": ORBIT, "carrier": "orbit", "account": "demo"}],
        }).start()
        api = daemon.account()
        check_reload(t, daemon, api, acme, orbit)
        small = check_quota(t, daemon)
        check_numbers(t, daemon, small)
        check_deleted(t, daemon, orbit, small)
        check_pages(t, daemon)
        daemon.finish()


main()
