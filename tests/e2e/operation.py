#!/usr/bin/env python3
"""What a person who runs Volley sees and does: each bind of carriers and
clients, kick, pause and drain, live traces of a bind or a phone number, and
a capture file that tshark reads."""
import json
import subprocess
import threading
import time

from smsc_client import BIND_TRX, Client
from volley_e2e import (ADMIN_KEY, Carrier, Daemon, Suite, carrier_row,
                        free_port, program, until)

NUMBER = "+12125550101"
PASSWORD = "s3cret-1"


def volley(daemon, *words, seconds=20):
    return subprocess.run(
        [program("volley"), "--url",
         "http://127.0.0.1:%d" % daemon.http_port, "--key", ADMIN_KEY,
         *words], capture_output=True, text=True, timeout=seconds)


class Trace(threading.Thread):
    """volley trace in the background; its words when it has ended."""

    def __init__(self, daemon, *words):
        super().__init__(daemon=True)
        self.daemon_, self.words, self.run_ = daemon, words, None
        self.start()
        time.sleep(0.5)  # until it listens

    def run(self):
        self.run_ = volley(self.daemon_, "trace", *self.words, seconds=60)

    def end(self):
        self.join(60)
        return self.run_


def bound(port, system_id):
    client = Client(port)
    if client.bind(BIND_TRX, system_id, PASSWORD).status:
        raise RuntimeError("%s cannot bind" % system_id)
    return client


def clients_of(daemon, system_id):
    return [c for c in daemon.api().each("/v1/clients")
            if c["system_id"] == system_id and c["state"] != "unbinding"]


def submit(client, to, text):
    client.submit(to[1:], text.encode())


def check_clients(t, daemon, port):
    one, two = bound(port, "app1"), bound(port, "app1")
    rows = clients_of(daemon, "app1")
    t.equal("each bind is listed", len(rows), 2)
    row = rows[0]
    t.check("who, where from, version, window, since", (
        row["account"], row["version"], row["kind"], row["state"]) ==
        ("demo", "3.4", "transceiver", "bound") and
        row["peer"].startswith("127.0.0.1:") and row["window"] > 0 and
        row["since"], row)
    text = volley(daemon, "clients").stdout
    t.check("volley clients shows them", text.count("app1") == 2, text)
    said = volley(daemon, "client", "kick", "app1", "--bind",
                  str(rows[0]["bind"]))
    t.check("one bind is kicked", said.returncode == 0 and
            until(lambda: len(clients_of(daemon, "app1")) == 1, 5),
            said.stderr)
    said = volley(daemon, "client", "pause", "app1")
    t.check("pause is told", "paused" in said.stdout, said)
    t.check("and seen", until(lambda: [
        c["state"] for c in clients_of(daemon, "app1")] == ["paused"], 5))
    t.equal("resume", volley(daemon, "client", "resume", "app1").returncode,
            0)
    t.check("drain unbinds", volley(
        daemon, "client", "drain", "app1").returncode == 0 and until(
            lambda: not clients_of(daemon, "app1"), 10))
    t.equal("nobody of that name: 404", volley(
        daemon, "client", "kick", "nobody").returncode, 1)
    one.close()
    two.close()


def check_logins(t, daemon, port):
    client = bound(port, "app1")
    t.equal("disabled at run time", volley(
        daemon, "logins", "change", "app1", "--disabled").returncode, 0)
    t.check("its bind is closed", until(
        lambda: not clients_of(daemon, "app1"), 5))
    refused = Client(port)
    t.check("and it cannot bind", refused.bind(
        BIND_TRX, "app1", PASSWORD).status != 0)
    refused.close()
    volley(daemon, "logins", "change", "app1", "--enabled")
    client = bound(port, "app1")
    t.equal("enabled again it may", len(clients_of(daemon, "app1")), 1)
    client.close()


def check_traces(t, daemon, port, api):
    until(lambda: not clients_of(daemon, "app1"), 5)
    client = bound(port, "app1")
    by_bind = Trace(daemon, "--bind", "acme/0", "--seconds", "4")
    by_number = Trace(daemon, "--number", "+14155550777", "--seconds", "4",
                      "--brief")
    by_client = Trace(daemon, "--bind", "app1", "--seconds", "4", "--json")
    capture = Trace(daemon, "--bind", "acme", "--seconds", "4", "--pcap",
                    t.path("acme.pcap"))
    submit(client, "+14155550777", "seen by the trace")
    api.send("+14155550778", "only at the carrier", **{"from": NUMBER})
    text = by_bind.end().stdout
    t.check("a bind's trace has both messages, annotated",
            text.count("-> ") >= 2 and "submit_sm" in text and
            "seen by the trace" in text and "data_coding" in text, text)
    text = by_number.end().stdout
    t.check("a number's trace has its own alone, with the answers",
            b"seen by the trace".hex() in text and
            "submit_sm_resp" in text and
            "14155550778" not in text, text)
    rows = [json.loads(l) for l in by_client.end().stdout.splitlines()]
    t.check("a client's trace as JSON: request, answer, receipt", {
        "submit_sm", "submit_sm_resp", "deliver_sm"} <=
        {r["command"] for r in rows}, rows)
    capture.end()
    said = subprocess.run(
        ["tshark", "-n", "-r", t.path("acme.pcap"), "-d",
         "tcp.port==2775,smpp", "-Y", "smpp", "-T", "fields", "-e",
         "smpp.command_id"], capture_output=True, text=True, timeout=60)
    t.check("tshark reads the capture", said.stdout.count("00000004") >= 2 and
            "malformed" not in said.stdout.lower(),
            said.stdout + said.stderr)
    t.equal("nothing is traced without a target", volley(
        daemon, "trace").returncode, 2)
    t.equal("an unknown bind is told", volley(
        daemon, "trace", "--bind", "nosuch").returncode, 1)
    client.close()


def check_passwords(t, daemon, port):
    trace = Trace(daemon, "--bind", "app1", "--seconds", "3")
    raw = Trace(daemon, "--bind", "app1", "--seconds", "2", "--json")
    client = bound(port, "app1")
    time.sleep(0.2)
    client.close()
    text = trace.end().stdout + raw.end().stdout
    secret = PASSWORD.encode().hex()
    t.check("a password is in no trace", PASSWORD not in text and
            secret not in text, text)
    logs = daemon.stderr() + daemon.stdout()
    t.check("nor in the log", PASSWORD not in logs)


def main():
    with Suite("operation") as t:
        acme = Carrier(t, "acme", "--receipts", "1:DELIVRD").start()
        port = free_port()
        daemon = Daemon(t, {
            "smpp": {"listen": ["127.0.0.1:%d" % port]},
            "carriers": [carrier_row(acme)],
            "routes": [{"to": "*", "carriers": ["acme"]}],
            "numbers": [{"number": NUMBER, "carrier": "acme",
                         "account": "demo"}],
        }).start()
        api = daemon.account(smpp={"system_id": "app1",
                                   "password": PASSWORD})
        check_clients(t, daemon, port)
        check_logins(t, daemon, port)
        check_traces(t, daemon, port, api)
        check_passwords(t, daemon, port)
        daemon.finish()


main()
