#!/usr/bin/env python3
"""npm's smpp asks the SMPP server, over TLS, with a transmitter and a
receiver: query, cancel, replace, submit_multi, an old version, and what has
to be refused with its right status."""
import collections
import os
import subprocess

import foreign_judge as judge
import foreign_npm as npm
from volley_e2e import Child, Suite, free_port

HERE = os.path.dirname(os.path.abspath(__file__))
OK = {0}
# Statuses that fit what was asked (SMPP 3.4, 5.1.3).
STATUSES = {
    "bind transmitter": OK, "bind receiver": OK, "enquire": OK, "far": OK,
    "query far": OK, "cancel far": OK, "query cancelled": OK, "near": OK,
    "replace near": OK, "multi": OK, "now": OK, "query delivered": OK,
    "bind old": OK, "submit old": OK, "unbind old": OK,
    "unbind transmitter": OK, "unbind receiver": OK,
    "cancel again": {0x11},                # ESME_RCANCELFAIL
    "query of another": {0x0c, 0x67},      # RINVMSGID, RQUERYFAIL
    "query unknown": {0x0c, 0x67},
    "replace delivered": {0x13},           # RREPLACEFAIL
    "submit on receiver": {0x04},          # RINVBNDSTS
    "foreign source": {0x0a},              # RINVSRCADR
    "bad phone": {0x0b},                   # RINVDSTADR
    "bad time": {0x61},                    # RINVSCHED
    "bind again": {0x05},                  # RALYBND
    "broadcast": {0x03},                   # RINVCMDID
    "unknown command": {0x03},
    "wrong password": {0x0e, 0x0d},        # RINVPASWD, RBINDFAIL
    "unknown login": {0x0e, 0x0f, 0x0d},   # or RINVSYSID
    "one bind too many": {0x05, 0x0d},
}
ENROUTE, DELIVERED, DELETED, SCHEDULED = 1, 2, 4, 0


def certificate(t):
    subprocess.run([
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
        "/CN=smpp", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
        t.path("smpp.key"), "-out", t.path("smpp.pem")], check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class TlsRig(judge.Rig):
    def settings(self):
        settings = super().settings()
        self.tls_port = free_port()
        settings["smpp"].update({
            "listen_tls": ["127.0.0.1:%d" % self.tls_port],
            "tls": {"cert": self.t.path("smpp.pem"),
                    "key": self.t.path("smpp.key")}})
        return settings


def check_statuses(t, ledger):
    got = {l["step"]: l["status"] for l in ledger if "status" in l}
    for step, statuses in STATUSES.items():
        t.check("%s: status %s" % (step, " or ".join(
            "0x%02x" % s for s in sorted(statuses))),
            got.get(step) in statuses, "got %r" % got.get(step))


def check_answers(t, ledger):
    answers = {l["step"]: l["answer"] for l in ledger if "answer" in l}

    def state(step):
        return answers.get(step, {}).get("message_state")

    t.check("a scheduled message is on its way",
            state("query far") in (ENROUTE, SCHEDULED), state("query far"))
    t.equal("a cancelled one is deleted", state("query cancelled"), DELETED)
    t.equal("a delivered one is delivered", state("query delivered"),
            DELIVERED)
    t.check("and since when", answers["query delivered"].get("final_date"))
    t.equal("all of submit_multi were taken",
            answers["multi"].get("unsuccess_sme"), [])
    old = answers["submit old"].get("message_id", "")
    t.check("an old client gets 8 hexadecimal digits", len(old) == 8 and
            not set(old.lower()) - set("0123456789abcdef"), old)
    for step, wanted in (("bind transmitter", True), ("bind old", False)):
        t.equal("%s: our version is %stold" % (step, "" if wanted else
                                               "not "),
                "sc_interface_version" in answers[step], wanted)
    return {s: a.get("message_id") for s, a in answers.items()}


def check_heard(t, ledger, ids):
    """Receipts at the receiver, for what the transmitters sent."""
    got = collections.Counter()
    for line in ledger:
        if line["step"] == "heard":
            found = judge.RECEIPT.match(line["text"])
            got[line["source"], found and found.group(1).lower(),
                found and found.group(6)] += 1
    wanted = collections.Counter({
        ("447700900001", ids["far"], "DELETED"): 1,
        ("447700900002", ids["near"], "DELIVRD"): 1,
        ("447700900008", ids["now"], "DELIVRD"): 1,
        # As it was told to the old client that sent it.
        ("447700900020", ids["submit old"].lower(), "DELIVRD"): 1,
    })
    for phone in ("447700900003", "447700900004", "447700900005"):
        wanted[phone, ids["multi"], "DELIVRD"] = 1
    t.equal("each receipt came to the receiver, once", got, wanted)


def main():
    with Suite("foreign_ask") as t:
        env = npm.environment()
        certificate(t)
        rig = TlsRig(t, max_binds=2, tls_required=True)
        wire = judge.Wire(t, rig.carrier.port)
        rig.start()
        path = t.path("asked.jsonl")
        client = Child(t, "client", [
            "node", os.path.join(HERE, "foreign_ask.js"), str(rig.tls_port),
            rig.login, rig.password, path, t.path("smpp.pem")], env)
        client.spawn()
        t.equal("the client ends with 0", client.wait(55), 0)
        t.equal("it does not complain", client.stderr().strip(), "")
        ledger = judge.read_json_lines(path)
        check_statuses(t, ledger)
        check_heard(t, ledger, check_answers(t, ledger))
        texts = {l.dest: l.text for l in rig.carrier.lines("SUBMIT")}
        t.equal("phones read what was not cancelled, as replaced", texts, {
            "447700900002": "The second wording",
            "447700900003": "To three phones",
            "447700900004": "To three phones",
            "447700900005": "To three phones",
            "447700900008": "At once", "447700900020": "From the past"})
        rig.finish()
        wire.judge()


main()
