#!/usr/bin/env python3
"""The same campaign over plain binds and over TLS binds.

    bench/runs/tls_binds.py [--size N] [--json FILE]

Eight binds to one simulated carrier, whose P-256 certificate the daemon
checks. What TLS costs is told in processor time of a message at our end and
as the share of the plain rate; the carrier pays as much on the same machine.
"""
import subprocess

from rig import (Case, Daemon, PlainCarrier, Sent, campaign_of, carrier_row,
                 open_account, options, settings)


def certificate(t):
    """A certificate that is its own authority, for 127.0.0.1."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-keyout", t.path("smsc.key"),
         "-out", t.path("smsc.pem"), "-subj", "/CN=smsc", "-days", "2",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True)


def run(t, size, name, tls):
    more = ["--tls", "%s,%s" % (t.path("smsc.pem"), t.path("smsc.key"))]
    smsc = PlainCarrier(t, "smsc-" + name, *(more if tls else [])).start()
    row = carrier_row(smsc, binds=8, window=2000)
    if tls:
        row["tls"] = {"enabled": True, "ca": t.path("smsc.pem")}
    number = "+12125550101"
    daemon = Daemon(t, settings([row], [(number, smsc.name, {})]),
                    "volleyd-" + name).start()
    api = open_account(daemon)
    campaign = campaign_of(api, size, **{"from": number})
    sent = Sent(api, campaign, size, daemon)
    t.check("%s: every receipt is applied" % name, sent.all, sent.delivered)
    t.figure("%s_per_s" % name, sent.per_s, 0)
    t.figure("%s_cpu_us" % name, sent.cpu_us)
    daemon.stop(60)
    got = smsc.submits()
    t.check("%s: each text came once" % name, got == size, got)
    return sent.per_s


def main():
    opts = options(__doc__, 1000000)
    with Case("tls_binds", opts) as t:
        certificate(t)
        plain = run(t, opts.size, "plain", False)
        tls = run(t, opts.size, "tls", True)
        t.figure("tls_of_plain_percent", 100 * tls / plain, 1)


main()
