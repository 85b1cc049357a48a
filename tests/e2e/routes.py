#!/usr/bin/env python3
"""Routes from the settings file: first match, carriers by health, reload of
what waits, and what `route explain` says of it all."""
import json
import signal
import subprocess

from volley_e2e import Carrier, Daemon, Suite, carrier_row, program, until

NUMBER = "36000"


def settings(carriers, routes, **sending):
    return {"log": {"level": "info"},
            "carriers": [carrier_row(c) for c in carriers],
            "routes": routes, "sending": sending,
            "numbers": [{"number": NUMBER, "account": "demo"}]}


def explain(daemon, to, **more):
    api = daemon.api()
    return api.get("/v1/routes/explain", to=to, **more)


def takers(answer):
    return [r["carrier"] for r in answer["data"] if r["takes"]]


def cli(daemon, *words):
    return cli_of(daemon, daemon.api().key, *words)


def cli_of(daemon, key, *words):
    return subprocess.run(
        [program("volley"), *words, "--url",
         "http://127.0.0.1:%d" % daemon.api().port],
        capture_output=True, text=True, timeout=30,
        env={"VOLLEY_KEY": key, "LC_ALL": "C.UTF-8",
             "COLUMNS": "160"})


with Suite("routes") as t:
    acme, backup = (Carrier(t, n).start() for n in ("acme", "backup"))
    rules = [{"to": "+44*, +49*", "from": "36*", "carriers": ["backup"],
              "class": "critical"},
             {"to": "+44*", "carriers": ["acme", "backup"]}]
    daemon = Daemon(t, settings((acme, backup), rules, no_route="hold"))
    daemon.start()
    api = daemon.account()

    status, said = explain(daemon, "+447700900123", **{"from": NUMBER})
    t.equal("explain answers", status, 200)
    t.equal("the second rule fits a transactional text", said["rule"], 1)
    t.equal("its carriers are in order",
            [r["carrier"] for r in said["data"]], ["acme", "backup"])
    t.equal("the first takes it", takers(said), ["acme"])
    _, said = explain(daemon, "+491711234567", **{"class": "critical"})
    t.equal("a critical one meets the first rule", said["rule"], 0)
    _, said = explain(daemon, "+12125550123")
    t.equal("no rule fits", (said["via"], said["rule"], said["no_route"]),
            ("none", None, "hold"))
    status, said = explain(daemon, "none")
    t.equal("a bad number is refused", status, 422)

    held = api.send("+12125550199", "waits for a route", **{"from": NUMBER})
    first = api.send("+447700900124", "by acme", **{"from": NUMBER})
    t.check("it leaves by acme", until(lambda: acme.count("SUBMIT") == 1, 10))
    acme.stop()
    t.check("acme is out", until(
        lambda: takers(explain(daemon, "+447700900123")[1]) == ["backup"],
        10))
    second = api.send("+447700900125", "by backup", **{"from": NUMBER})
    t.check("the next one leaves by backup",
            until(lambda: backup.count("SUBMIT") == 1, 10))
    shown = cli(daemon, "route", "explain", "+447700900123", "--from", NUMBER)
    t.check("the command line says why", shown.returncode == 0 and
            "routes[1], failover" in shown.stdout and
            "no bind that sends" in shown.stdout,
            shown.stdout + shown.stderr)
    shown = cli(daemon, "route", "explain", "+447700900123", "--json")
    t.equal("and as JSON", json.loads(shown.stdout)["rule"], 1)

    t.equal("nothing left where no route fits", backup.count("SUBMIT"), 1)
    said = api.must("GET", "/v1/messages/" + held)
    t.equal("it is held, and why",
            (said["state"], said["held"]["rule"]), ("held", "no_route"))
    t.check("a list shows it too", any(
        m["id"] == held and m["state"] == "held"
        for m in api.must("GET", "/v1/messages")["data"]))
    shown = cli_of(daemon, api.key, "message", held)
    t.check("and the command line", "held" in shown.stdout and
            "no_route" in shown.stdout, shown.stdout + shown.stderr)
    said = api.must("GET", "/v1/messages/" + second)
    t.check("another one is not", "held" not in said, said)
    daemon.settings["routes"].append({"to": "+1*", "carriers": ["backup"]})
    daemon.write_settings()
    daemon.signal(signal.SIGHUP)
    t.check("after a reload it finds its route",
            until(lambda: backup.count("SUBMIT") == 2, 10))
    t.check("it is that message",
            api.state_is(held, "submitted", "delivered"), held)
    daemon.finish()
