#!/usr/bin/env python3
"""volley-smsc does what its options and script say, seen from outside.

Usage: smsc_conduct.py BIN_DIR [NAME...]; exit 0 when every case passes."""

import json
import os
import ssl
import subprocess
import sys
import tempfile
import time

from smsc_client import (BIND_RX, BIND_TX, DELIVER, ENQUIRE, NACK, RESP,
                         SUBMIT, UNBIND, Client)

BIN = os.path.abspath(sys.argv[1])
DIR = tempfile.mkdtemp(prefix="smsc-conduct-")
CASES = []


def case(*options, script=None):
    def keep(run):
        CASES.append((run.__name__, options, script, run))
        return run
    return keep


class Carrier:
    def __init__(self, name, options, script):
        self.ledger = os.path.join(DIR, name + ".tsv")
        command = [os.path.join(BIN, "volley-smsc"), "--port", "0",
                   "--ledger", self.ledger, "--ledger-text", *options]
        if script:
            path = os.path.join(DIR, name + ".script")
            with open(path, "w") as f:
                f.write(script)
            command += ["--script", path]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                        text=True)
        line = self.process.stdout.readline()
        assert " listening on " in line, line
        self.port = int(line.rsplit(":", 1)[1])

    def stop(self):
        """Ends it; its exit status."""
        self.process.terminate()
        return self.process.wait(10)

    def lines(self, kind):
        with open(self.ledger) as f:
            rows = [row.rstrip("\n").split("\t") for row in f]
        return [row for row in rows if row[1] == kind]

    def count(self):
        out = subprocess.run([os.path.join(BIN, "volley-smsc"),
                              "--check-ledger", self.ledger, "--json"],
                             check=True, capture_output=True, text=True)
        return json.loads(out.stdout)


def bound(carrier, **how):
    c = Client(carrier.port)
    answer = c.bind(**how)
    assert answer.status == 0, hex(answer.status)
    return c


def expect(pdu, command, status=0):
    assert pdu is not None, "the connection ended"
    assert (pdu.command, pdu.status) == (command, status), (
        hex(pdu.command), hex(pdu.status))
    return pdu


def receipt_of(pdu):
    f = expect(pdu, DELIVER).deliver()
    assert f["esm_class"] == 4, f
    words = dict(w.split(":", 1) for w in f["message"].decode().split()
                 if ":" in w)
    return words, f


@case("--receipt-delay", "20", "--ids", "mixed")
def mixed_ids_are_hex_in_the_answer_and_decimal_in_the_receipt(carrier):
    c = bound(carrier)
    c.submit("447700900001", b"Hello there")
    answer = expect(c.read(), SUBMIT | RESP)
    words, f = receipt_of(c.read())
    assert int(answer.message_id(), 16) == int(words["id"])
    assert words["stat"] == "DELIVRD" and words["err"] == "000"
    assert (f["source"], f["dest"]) == ("447700900001", "12125550101")
    assert f["message"].endswith(b"text:Hello there")
    assert f["tlvs"][0x1E] == words["id"].encode() + b"\0"
    assert f["tlvs"][0x427] == b"\2"


@case("--receipts", "0.5:EXPIRED/042,0.5:REJECTD", "--receipt-delay", "0",
      "--receipt-form", "tlv")
def shares_and_tlv_only_receipts(carrier):
    c = bound(carrier)
    states = set()
    for i in range(40):
        c.submit("4477009%05d" % i)
        expect(c.read(), SUBMIT | RESP)
        pdu = expect(c.read(), DELIVER)
        f = pdu.deliver()
        assert f["message"] == b""
        states.add(f["tlvs"][0x427][0])
        c.ack(pdu)
    assert states == {3, 8}, states


@case("--receipt-delay", "0")
def receipts_come_only_when_asked_for(carrier):
    c = bound(carrier)
    for registered, comes in ((0, False), (1, True), (2, False), (3, True)):
        c.submit("447700900001", registered=registered)
        expect(c.read(), SUBMIT | RESP)
        if comes:
            c.ack(expect(c.read(), DELIVER))
        else:
            assert c.quiet(0.1), registered


@case("--receipt-before-resp", "1")
def a_receipt_can_precede_the_answer(carrier):
    c = bound(carrier)
    c.submit("447700900001")
    words, _ = receipt_of(c.read())
    assert expect(c.read(), SUBMIT | RESP).message_id() == words["id"]


@case("--receipt-twice", "2", "--receipt-delay", "0")
def every_second_receipt_comes_twice(carrier):
    c = bound(carrier)
    seen = []
    for i in range(2):
        c.submit("44770090000%d" % i)
    for _ in range(5):
        pdu = c.read()
        if pdu.command == DELIVER:
            seen.append(receipt_of(pdu)[0]["id"])
            c.ack(pdu)
    assert len(seen) == 3 and len(set(seen)) == 2
    carrier.stop()
    counts = carrier.count()
    assert counts["receipts"] == counts["receipts_acked"] == 2, counts
    assert counts["receipts_again"] == 1, counts


@case("--receipt-other-bind", "1", "--receipt-delay", "0")
def a_receipt_can_come_on_another_bind(carrier):
    a, b = bound(carrier), bound(carrier)
    a.submit("447700900001")
    answer = expect(a.read(), SUBMIT | RESP)
    assert receipt_of(b.read())[0]["id"] == answer.message_id()
    assert a.quiet(0.1)


@case("--receipt-delay", "10")
def a_transmitters_receipts_go_to_the_receiver(carrier):
    tx, rx = bound(carrier, how=BIND_TX), bound(carrier, how=BIND_RX)
    other = bound(carrier, how=BIND_RX, system_id="stranger")
    tx.submit("447700900001")
    expect(tx.read(), SUBMIT | RESP)
    receipt_of(rx.read())
    assert other.quiet(0.1)
    rx.submit("447700900001")
    expect(rx.read(), SUBMIT | RESP, 4)


@case("--replies", "1", "--reply-text", "yes {n} from {from}: {text} {x}",
      "--reply-delay", "10", "--receipts", "none")
def a_reply_has_its_fields_filled(carrier):
    c = bound(carrier)
    c.submit("447700900001", "Grüße".encode("latin-1"), data_coding=3)
    expect(c.read(), SUBMIT | RESP)
    f = expect(c.read(), DELIVER).deliver()
    assert f["esm_class"] == 0
    assert (f["source"], f["dest"]) == ("447700900001", "12125550101")
    # GSM 7-bit: u-umlaut 7E, sharp s 1E, braces by escape
    assert f["message"] == (b"yes 1 from 447700900001: Gr\x7e\x1ee "
                            b"\x1b\x28x\x1b\x29"), f
    # a name made of letters cannot be answered
    c.submit("447700900001", source="Volley", source_ton=5)
    expect(c.read(), SUBMIT | RESP)
    assert c.quiet(0.1)


@case("--replies", "1", "--reply-text", "Żółw", "--reply-delay", "0",
      "--receipts", "none", "--reply-long", "1")
def a_long_reply_has_three_parts_out_of_order(carrier):
    c = bound(carrier)
    c.submit("447700900001")
    expect(c.read(), SUBMIT | RESP)
    parts, order = {}, []
    while len(parts) < (order and total or 1):
        pdu = expect(c.read(), DELIVER)
        c.ack(pdu)
        f = pdu.deliver()
        assert f["esm_class"] == 0x40 and f["data_coding"] == 8, f
        udh = f["message"][:6]
        assert udh[:3] == b"\x05\x00\x03", udh
        total = udh[4]
        order.append(udh[5])
        parts[udh[5]] = f["message"][6:]
    assert order[0] == total and order[1:] == list(range(1, total)), order
    text = b"".join(parts[i + 1] for i in range(total)).decode("utf-16-be")
    assert text.startswith("Żółw 1 Żółw 2 "), text


@case("--reply-before-resp", "1", "--replies", "1", "--receipts", "none")
def a_reply_can_precede_the_answer(carrier):
    c = bound(carrier)
    c.submit("447700900001")
    assert expect(c.read(), DELIVER).deliver()["message"] == b"yes 1"
    expect(c.read(), SUBMIT | RESP)


@case("--lose-resp", "2", "--receipts", "none")
def every_second_answer_is_lost(carrier):
    c = bound(carrier)
    first = c.submit("447700900001")
    c.submit("447700900002")
    third = c.submit("447700900003")
    assert [c.read().seq, c.read().seq] == [first, third]
    assert c.quiet(0.1)
    carrier.stop()
    assert carrier.count()["answers_lost"] == 1
    assert carrier.count()["submits"] == 3


@case("--refuse", "ESME_RINVDSTADR:3", "--refuse", "0x14:4", "--receipts",
      "none")
def refusals_by_turns(carrier):
    c = bound(carrier)
    got = []
    for i in range(6):
        c.submit("44770090000%d" % i)
        got.append(c.read().status)
    assert got == [0, 0, 0x0B, 0x14, 0, 0x0B], got


@case("--rate", "20", "--receipts", "none")
def above_the_rate_is_throttled(carrier):
    c = bound(carrier)
    for i in range(30):
        c.submit("4477009%05d" % i)
    got = [c.read().status for _ in range(30)]
    assert got == [0] * 20 + [0x58] * 10, got
    time.sleep(1.05)
    c.submit("447700900001")
    expect(c.read(), SUBMIT | RESP)
    carrier.stop()
    counts = carrier.count()
    assert (counts["submits"], counts["throttled"]) == (21, 10), counts
    assert counts["total"]["max_1s"] == 30, counts


@case("--disconnect", "3", "--receipt-delay", "50")
def a_dropped_bind_gets_its_receipts_on_the_next(carrier):
    c = bound(carrier)
    for i in range(3):
        c.submit("44770090000%d" % i)
    while c.read():
        pass
    time.sleep(0.2)
    c = bound(carrier)
    ids = {receipt_of(c.read())[0]["id"] for _ in range(3)}
    assert len(ids) == 3
    c.close()  # none of them was acknowledged
    time.sleep(0.1)
    c = bound(carrier)
    again = set()
    for _ in range(3):
        pdu = c.read()
        again.add(receipt_of(pdu)[0]["id"])
        c.ack(pdu)
    assert ids == again
    assert c.quiet(0.1)
    carrier.stop()
    counts = carrier.count()
    assert counts["drops"] == 3 and counts["submits"] == 3, counts
    assert counts["receipts"] == counts["receipts_acked"] == 3, counts
    assert counts["receipts_again"] == 3, counts


@case("--window", "2", "--receipt-delay", "0")
def the_window_bounds_what_is_unacknowledged(carrier):
    c = bound(carrier)
    for i in range(5):
        c.submit("44770090000%d" % i)
    delivered = [p for p in (c.read() for _ in range(7))
                 if p.command == DELIVER]
    assert len(delivered) == 2 and c.quiet(0.1)
    c.ack(delivered[1])  # out of order
    delivered.append(expect(c.read(), DELIVER))
    assert c.quiet(0.1)
    c.ack(delivered[0], 0x64)  # "later": it comes again
    first = receipt_of(delivered[0])[0]["id"]
    expect(c.read(), DELIVER)
    c.ack(delivered[2])
    c.ack(expect(c.read(), DELIVER))
    assert receipt_of(c.read())[0]["id"] == first


@case("--system-id", "acme", "--password", "right", "--max-binds", "1")
def who_may_bind(carrier):
    c = Client(carrier.port)
    assert c.bind(system_id="other").status == 0x0F
    assert c.bind(system_id="acme", password="wrong").status == 0x0E
    c.submit("447700900001")
    expect(c.read(), SUBMIT | RESP, 4)
    answer = c.bind(system_id="acme", password="right")
    assert answer.status == 0
    assert answer.body == b"volley-smsc\0" + b"\x02\x10\x00\x01\x50"
    assert c.bind(system_id="acme", password="right").status == 5
    second = Client(carrier.port)
    assert second.bind(system_id="acme", password="right").status == 5
    c.send(UNBIND)
    expect(c.read(), UNBIND | RESP)
    assert c.read() is None
    assert second.bind(system_id="acme", password="right").status == 0


@case("--ids", "uuid", "--receipt-delay", "0")
def version_33_has_short_ids_and_no_tlvs(carrier):
    c = Client(carrier.port)
    answer = c.bind(version=0x33)
    assert answer.status == 0 and answer.body == b"volley-smsc\0"
    c.submit("447700900001")
    answer = expect(c.read(), SUBMIT | RESP)
    assert len(answer.message_id()) == 8
    words, f = receipt_of(c.read())
    assert words["id"] == answer.message_id() and f["tlvs"] == {}
    new = bound(carrier, version=0x50)
    new.submit("447700900001")
    assert len(expect(new.read(), SUBMIT | RESP).message_id()) == 36


@case("--enquire", "1")
def links_are_kept_and_bad_input_ends_them(carrier):
    c = bound(carrier)
    seq = c.send(ENQUIRE)
    assert expect(c.read(), ENQUIRE | RESP).seq == seq
    pdu = expect(c.read(), ENQUIRE)  # after a second of silence
    c.send(ENQUIRE | RESP, seq=pdu.seq)
    c.send(0x77)
    expect(c.read(), NACK, 3)
    c.sock.sendall(b"\0\0\0\x0f" + b"\0" * 12)
    expect(c.read(), NACK, 2)
    assert c.read() is None
    silent = bound(carrier)
    expect(silent.read(), ENQUIRE)
    assert silent.read() is None


@case()
def a_peer_that_sends_octet_by_octet_is_understood(carrier):
    c = bound(carrier)
    for octet in b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x63":
        c.sock.sendall(bytes([octet]))
    assert expect(c.read(), ENQUIRE | RESP).seq == 0x63


SCRIPT = """
# phones and a carrier with moods
reply to 447700900001 after 50ms "yes"
reply to 447700900002 before answer parts 3,1,2 "{long}"
reply to * saying "who" "me"
refuse dest 4477008* 0x0000000B times 1
receipt dest 447700900001 EXPIRED after 10ms err 042
receipt dest * none
answer dest 447700900003 never
answer dest 447700900004 after 100ms
send from 447700900009 to 12125550101 "hello" at 600ms
throttle 2/s from 2s to 3500ms
drop bind 1 at 5s
stall from 7s to 7500ms
""".replace("{long}", "a" * 400)


@case(script=SCRIPT)
def a_script_is_followed(carrier):
    c = bound(carrier)
    zero = time.monotonic()
    c.submit("447700900001")
    expect(c.read(), SUBMIT | RESP)
    words, _ = receipt_of(c.read())
    assert (words["stat"], words["err"]) == ("EXPIRED", "042")
    assert expect(c.read(), DELIVER).deliver()["message"] == b"yes"
    c.submit("447700900002")
    got = [c.read() for _ in range(4)]
    order = [p.deliver()["message"][5] for p in got if p.command == DELIVER]
    assert got[0].command == DELIVER and order == [3, 1, 2], order
    c.submit("447700800001")
    expect(c.read(), SUBMIT | RESP, 0x0B)
    c.submit("447700800001", b"who?")
    expect(c.read(), SUBMIT | RESP)
    c.submit("447700900003")
    began = time.monotonic()
    c.submit("447700900004")
    pdu = c.read()
    while pdu.command != SUBMIT | RESP or pdu.seq != c.seq:
        pdu = c.read()
    assert time.monotonic() - began >= 0.1
    while pdu.command != DELIVER or pdu.deliver()["message"] != b"hello":
        pdu = c.read()
    assert 0.6 <= time.monotonic() - zero < 2
    time.sleep(max(0, zero + 2.1 - time.monotonic()))
    for _ in range(4):
        c.submit("447700900005")
    statuses = []
    while len(statuses) < 4:
        pdu = c.read()
        if pdu.command == SUBMIT | RESP:
            statuses.append(pdu.status)
    assert statuses == [0, 0, 0x58, 0x58], statuses
    while c.read():
        pass
    assert 5 <= time.monotonic() - zero < 6.9
    time.sleep(max(0, zero + 7.1 - time.monotonic()))
    c = Client(carrier.port)
    c.bind()
    assert 7.5 <= time.monotonic() - zero < 10


@case(script="clock start\nsend from 447700900009 to 12125550101 \"one\" "
      "at 0ms\n")
def what_nobody_could_receive_waits(carrier):
    time.sleep(0.2)
    c = bound(carrier, how=BIND_TX)
    assert c.quiet(0.1)
    rx = bound(carrier, how=BIND_RX)
    assert expect(rx.read(), DELIVER).deliver()["message"] == b"one"


def make_certificate():
    cert, key = os.path.join(DIR, "cert.pem"), os.path.join(DIR, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return cert, key


CERT, KEY = make_certificate()


@case("--tls", CERT + "," + KEY, "--receipt-delay", "0")
def tls_from_the_first_octet(carrier):
    trust = ssl.create_default_context(cafile=CERT)
    trust.check_hostname = False
    c = Client(carrier.port, tls=trust)
    assert c.bind().status == 0
    for i in range(200):
        c.submit("4477009%05d" % i, b"x" * 150)
    got = [c.read().command for _ in range(400)]
    assert got.count(DELIVER) == 200
    plain = Client(carrier.port)
    plain.send(ENQUIRE)
    while plain.read():
        pass


def check_refused_options():
    """Bad options: exit 2, one sentence, nothing started."""
    for options, words in (
            (["--prot", "1"], "unknown option"),
            (["--port", "70000"], "not a number from 0 to 65535"),
            (["--port"], "needs a value"),
            (["--receipts", "0.9:NOPE"], "RATIO:STATE"),
            (["--latency", "9-5"], "a span of milliseconds"),
            (["--ids", "octal"], "one of dec, hex, uuid, mixed"),
            (["--script", "/nonexistent"], "No such file")):
        run = subprocess.run([os.path.join(BIN, "volley-smsc"), *options],
                             capture_output=True, text=True, timeout=10)
        assert run.returncode == 2, (options, run)
        assert words in run.stderr, (options, run.stderr)
    path = os.path.join(DIR, "bad.script")
    with open(path, "w") as f:
        f.write("# fine\n\nreply to 44 now\n")
    run = subprocess.run([os.path.join(BIN, "volley-smsc"), "--port", "0",
                          "--script", path], capture_output=True, text=True,
                         timeout=10)
    assert run.returncode == 2 and ":3: did not expect 'now'" in run.stderr


def main():
    wanted = sys.argv[2:]
    failed = 0
    if not wanted:
        check_refused_options()
        print("ok   bad options are refused")
    for name, options, script, run in CASES:
        if wanted and name not in wanted:
            continue
        carrier = Carrier(name, options, script)
        try:
            run(carrier)
            if carrier.process.poll() is None:
                status = carrier.stop()
            else:
                status = carrier.process.returncode
            assert status == 0, "volley-smsc ended with %d" % status
            carrier.count()
            print("ok  ", name.replace("_", " "))
        except Exception as e:  # one case must not hide the others
            failed += 1
            print("FAIL", name.replace("_", " "), "-", type(e).__name__, e,
                  flush=True)
            if carrier.process.poll() is None:
                carrier.process.terminate()
                carrier.process.wait(10)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
