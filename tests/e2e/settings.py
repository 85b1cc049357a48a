#!/usr/bin/env python3
"""Bad settings: exit 2, nothing started, and a message that names file,
line and key. Reload: what changed is applied, a bad file is refused as a
whole and the old settings stay."""
import os
import signal
import subprocess

from volley_e2e import Carrier, Daemon, Suite, carrier_row, program, until

GOOD = """data_dir: %(dir)s
http: { listen: "127.0.0.1:0" }
carriers:
  - name: acme
    host: 127.0.0.1
    port: 2776
    system_id: volley
    password: secret
routes:
  - { to: "*", carriers: [acme] }
numbers:
  - { number: "+12125550101", carrier: acme, account: demo }
"""

# What is done to the good file, the line blamed, and words of the message.
CASES = [
    ("unknown key", ("    port: 2776", "    prot: 2776"), 6, ["prot"]),
    ("wrong type", ("    port: 2776", "    port: many"), 6,
     ["port", "many"]),
    ("out of range", ("    port: 2776", "    port: 70000"), 6,
     ["port", "65535"]),
    ("missing", ("    host: 127.0.0.1\n", ""), None, ["host"]),
    ("bad duration", ("    port: 2776",
                      "    port: 2776\n    timers: { connect: soon }"), 7,
     ["connect", "soon"]),
    ("bad choice", ("    port: 2776",
                    "    port: 2776\n    segmentation: udh9"), 7,
     ["segmentation", "udh8"]),
    ("unknown carrier in a route", ("carriers: [acme] }",
                                    "carriers: [acne] }"), 10, ["acne"]),
    ("unknown carrier of a number", ("carrier: acme, acc",
                                     "carrier: acne, acc"), 12, ["acne"]),
    ("two of one name", ("routes:", "  - { name: acme, host: h, "
                         "system_id: x }\nroutes:"), None, ["acme"]),
    ("bad number", ('"+12125550101"', '"+1 two one two"'), 12, ["number"]),
    ("missing variable", ("password: secret",
                          'password: "${VOLLEY_NO_SUCH_THING}"'), 8,
     ["VOLLEY_NO_SUCH_THING"]),
    ("missing file", ("password: secret",
                      "password_file: /nonexistent/secret"), 8,
     ["/nonexistent/secret"]),
    ("contradiction", ("    port: 2776", "    port: 2776\n    timers: "
                       "{ reconnect_min: 60s, reconnect_max: 1s }"), 7,
     ["reconnect"]),
    ("not YAML", ("routes:", "routes: ]["), None, []),
    ("a tab", ("    port: 2776", "\tport: 2776"), None, []),
]


def run(t, *words):
    return subprocess.run([program("volleyd"), *words], cwd=t.folder,
                          capture_output=True, text=True, timeout=20)


def check_bad(t, good):
    for what, (old, new), line, words in CASES:
        path = t.path(what.replace(" ", "-") + ".yaml")
        assert old in good, old
        with open(path, "w") as f:
            f.write(good.replace(old, new, 1))
        for option in (["--check"], []):
            said = run(t, "-c", path, *option)
            text = said.stdout + said.stderr
            how = what + (" (--check)" if option else "")
            t.equal("%s: exit 2" % how, said.returncode, 2)
            place = path + (":%d:" % line if line else ":")
            t.check("%s: names %s" % (how, os.path.basename(place)),
                    place in text, text)
            t.check("%s: says what is wrong" % how,
                    all(w in text for w in words), text)
    t.check("nothing was started: no data was made",
            not os.path.exists(t.path("data")), os.listdir(t.folder))


def check_other_words(t):
    said = run(t, "-c", t.path("no-such.yaml"))
    t.equal("no such file: exit 2", said.returncode, 2)
    t.check("no such file: it is named", "no-such.yaml" in said.stderr,
            said.stderr)
    said = run(t, "--no-such-option")
    t.equal("unknown option: exit 2", said.returncode, 2)
    t.equal("--help: exit 0", run(t, "--help").returncode, 0)


def check_reload(t):
    first, second = Carrier(t, "acme"), Carrier(t, "orbit")
    first.start()
    second.start()
    made = {
        "carriers": [carrier_row(first)],
        "routes": [{"to": "*", "carriers": ["acme"]}],
        "numbers": [{"number": "+12125550101", "carrier": "acme",
                     "account": "demo"}],
    }
    daemon = Daemon(t, made).start()
    api = daemon.account()
    until(lambda: first.count("BIND"), 5)
    binds = first.count("BIND")

    def names():
        return [r["name"] for r in
                daemon.api().must("GET", "/v1/carriers")["data"]]
    with open(daemon.settings_path) as f:
        sound = f.read()
    with open(daemon.settings_path, "w") as f:
        f.write(sound.replace("window: 50", "window: none"))
    daemon.signal(signal.SIGHUP)
    until(lambda: "window" in daemon.stderr() + daemon.stdout(), 10)
    t.check("a bad file is refused at reload, with its line",
            "window" in daemon.stderr() + daemon.stdout())
    t.check("the daemon goes on, bound as before",
            daemon.runs() and daemon.is_bound())
    made["carriers"].append(carrier_row(second))
    made["numbers"].append({"number": "+12125550102", "carrier": "orbit",
                            "account": "demo"})
    daemon.write_settings()
    daemon.signal(signal.SIGHUP)
    t.check("a carrier that is new comes up at reload",
            until(lambda: names() == ["acme", "orbit"] and daemon.is_bound(),
                  15), names())
    t.equal("what did not change stays bound", first.count("BIND"), binds)
    message = api.send("+14155550123", "by the new one",
                       **{"from": "+12125550102"})
    t.equal("its number sends", api.state_is(message, "delivered")["state"],
            "delivered")
    daemon.finish()


def main():
    with Suite("settings") as t:
        good = GOOD % {"dir": t.path("data")}
        path = t.path("good.yaml")
        with open(path, "w") as f:
            f.write(good)
        said = run(t, "-c", path, "--check")
        t.equal("a good file: --check exits with 0", said.returncode, 0)
        check_bad(t, good)
        check_other_words(t)
        check_reload(t)


main()
