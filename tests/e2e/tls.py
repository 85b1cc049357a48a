#!/usr/bin/env python3
"""TLS to carriers and of the API, with authorities made on the spot: a good
certificate binds; a wrong name, an unknown authority and an old certificate
do not, and say why."""
import http.client
import ssl
import subprocess

from volley_e2e import Carrier, Daemon, Suite, carrier_row, until

NUMBER = "+12125550101"


def openssl(t, *words):
    subprocess.run(["openssl", *words], cwd=t.folder, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def authority(t, name):
    openssl(t, "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key",
            "-out", name + ".pem", "-subj", "/CN=" + name, "-days", "2")


def certificate(t, ca, name, san, days=2):
    """name.pem and name.key, signed by ca."""
    openssl(t, "req", "-new", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key",
            "-out", name + ".csr", "-subj", "/CN=" + name)
    with open(t.path(name + ".ext"), "w") as f:
        f.write("subjectAltName=%s\n" % san)
    openssl(t, "x509", "-req", "-in", name + ".csr", "-CA", ca + ".pem",
            "-CAkey", ca + ".key", "-CAcreateserial", "-out", name + ".pem",
            "-days", str(days), "-extfile", name + ".ext")


# name, certificate the carrier shows, our `tls`, whether it binds
CASES = [
    ("good", "smpp", {"ca": "ca.pem", "server_name": "smpp.test"}, True),
    ("mutual", "smpp", {"ca": "ca.pem", "server_name": "smpp.test",
                        "cert": "client.pem", "key": "client.key"}, True),
    ("by_address", "loopback", {"ca": "ca.pem"}, True),
    ("unchecked", "foreign", {"verify": False}, True),
    ("wrong_name", "smpp", {"ca": "ca.pem", "server_name": "other.test"},
     False),
    ("untrusted", "foreign", {"ca": "ca.pem", "server_name": "smpp.test"},
     False),
    ("expired", "old", {"ca": "ca.pem", "server_name": "smpp.test"}, False),
    ("no_authority", "smpp", {"server_name": "smpp.test"}, False),
]


def carriers_and_settings(t):
    carriers, rows = [], []
    for name, shown, tls, _ in CASES:
        pair = "%s,%s" % (t.path(shown + ".pem"), t.path(shown + ".key"))
        carrier = Carrier(t, name, "--tls", pair).start()
        tls = {k: t.path(v) if k in ("ca", "cert", "key") else v
               for k, v in tls.items()}
        carriers.append(carrier)
        rows.append(carrier_row(carrier, tls=dict(tls, enabled=True),
                                binds=2))
    plain = Carrier(t, "plain").start()
    carriers.append(plain)
    rows.append(carrier_row(plain, tls={
        "enabled": True, "ca": t.path("ca.pem")},
        timers={"connect": "1s"}))
    return carriers, {
        "carriers": rows,
        "routes": [{"to": "*", "carriers": ["good"]}],
        "numbers": [{"number": NUMBER, "carrier": "good",
                     "account": "demo"}],
    }


def look(daemon):
    return {row["name"]: row
            for row in daemon.api().must("GET", "/v1/carriers")["data"]}


def check_carriers(t, daemon, carriers):
    wanted = [name for name, _, _, binds in CASES if binds]
    until(lambda: all(look(daemon)[n]["state"] == "up" for n in wanted), 15)
    rows = look(daemon)
    for name, _, _, binds in CASES:
        if binds:
            t.equal("%s: up" % name, rows[name]["state"], "up")
            t.check("%s: its binds are over TLS" % name,
                    all(b["tls"] for b in rows[name]["binds"]),
                    rows[name]["binds"])
            continue
        errors = [b["last_error"] for b in rows[name]["binds"]]
        t.check("%s: not up" % name, rows[name]["state"] == "down",
                rows[name]["state"])
        t.check("%s: its last error says why: %s" % (name, errors[0]),
                all(e and ("certificate" in e.lower() or "name" in e.lower()
                           or "tls" in e.lower()) for e in errors), errors)
    t.check("a carrier without TLS is not spoken to in plain",
            rows["plain"]["state"] == "down", rows["plain"]["state"])
    for carrier in carriers:
        if carrier.name in wanted:
            continue
        t.equal("%s: no bind reached the carrier" % carrier.name,
                carrier.count("BIND"), 0)


def check_message(t, daemon):
    api = daemon.account()
    message = api.send("+14155550123", "over TLS", **{"from": NUMBER})
    t.equal("a message goes and its receipt comes",
            api.state_is(message, "delivered")["state"], "delivered")
    return api


def https(t, daemon, ca, client=None):
    """Status of GET /healthz over TLS, or the words of the refusal."""
    context = ssl.create_default_context(cafile=t.path(ca))
    if client:
        context.load_cert_chain(t.path(client + ".pem"),
                                t.path(client + ".key"))
    link = http.client.HTTPSConnection("127.0.0.1", daemon.http_port,
                                       timeout=5, context=context)
    try:
        link.request("GET", "/healthz")
        return link.getresponse().status
    except (OSError, http.client.HTTPException) as e:
        return "%s: %s" % (type(e).__name__, e)
    finally:
        link.close()


def check_api(t, client_ca):
    tls = {"cert": t.path("loopback.pem"), "key": t.path("loopback.key")}
    if client_ca:
        tls["client_ca"] = t.path("ca.pem")
    name = "api-mutual" if client_ca else "api"
    daemon = Daemon(t, {"http": {"tls": tls}}, name)
    daemon.spawn()
    own = "client" if client_ca else None
    until(lambda: https(t, daemon, "ca.pem", own) == 200 or
          not daemon.runs(), 15, 0.2)
    t.equal("%s: answers over TLS" % name, https(t, daemon, "ca.pem", own),
            200)
    t.check("%s: a client that trusts another authority leaves" % name,
            https(t, daemon, "other.pem", own) != 200)
    if client_ca:
        t.check("%s: a client without a certificate is refused" % name,
                https(t, daemon, "ca.pem") != 200)
        t.check("%s: so is one with a stranger's" % name,
                https(t, daemon, "ca.pem", "foreign") != 200)
    try:
        plain = daemon.api(timeout=3).get("/healthz")[0]
    except OSError as e:
        plain = e
    t.check("%s: plain HTTP is not answered" % name, plain != 200, plain)
    daemon.finish(audit=False)


def main():
    with Suite("tls") as t:
        authority(t, "ca")
        authority(t, "other")
        certificate(t, "ca", "smpp", "DNS:smpp.test")
        certificate(t, "ca", "loopback", "IP:127.0.0.1,DNS:localhost")
        certificate(t, "ca", "old", "DNS:smpp.test", days=-1)
        certificate(t, "ca", "client", "DNS:volley.test")
        certificate(t, "other", "foreign", "DNS:smpp.test,IP:127.0.0.1")
        carriers, made = carriers_and_settings(t)
        daemon = Daemon(t, made).start(bound=False)
        check_carriers(t, daemon, carriers)
        check_message(t, daemon)
        daemon.finish()
        check_api(t, False)
        check_api(t, True)


main()
