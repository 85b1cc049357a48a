#!/usr/bin/env python3
"""tshark as judge of our bytes: the traffic of a small campaign with every
kind of text is captured on the loopback, and each PDU has to be dissected
without one malformed frame or expert complaint."""
import collections
import shutil
import subprocess
import time

from volley_e2e import Carrier, Child, Daemon, Suite, carrier_row, until

NUMBER = "+12125550101"
TEXTS = [
    "Plain GSM text",
    "Extension: {price} [€ 10] ~^|\\",
    "Two parts and more: " + "abcdefghij " * 30,
    "Unicode: Жизнь прекрасна",
    "Long Unicode: " + "日本語のテキスト " * 20,
    "Emoji at the seam: " + "x" * 60 + "😀😀😀" + "y" * 80,
]
# How each carrier wants long texts and what it asks of us.
CARRIERS = [
    ("udh8", {"segmentation": "udh8"}, []),
    ("udh16", {"segmentation": "udh16", "version": "5.0"}, []),
    ("sar", {"segmentation": "sar", "bind": "pair"},
     ["--receipt-form", "tlv"]),
    ("payload", {"segmentation": "payload"}, ["--reply-long", 1]),
    ("v33", {"version": "3.3"}, ["--refuse", "ESME_RINVDSTADR:3"]),
    ("busy", {}, ["--refuse", "ESME_RTHROTTLED:4"]),
]


def settings(carriers):
    return {
        "carriers": [carrier_row(c, timers={"enquire": "1s"}, **row)
                     for c, (_, row, _) in zip(carriers, CARRIERS)],
        "routes": [{"to": "+14%02d*" % i, "carriers": [c.name]}
                   for i, c in enumerate(carriers)],
        "numbers": [{"number": NUMBER[:-1] + str(i), "carrier": c.name,
                     "account": "demo"} for i, c in enumerate(carriers)],
    }


def start_capture(t, ports):
    """dumpcap on the loopback, on our ports alone."""
    capture = Child(t, "dumpcap", [
        "dumpcap", "-q", "-i", "lo", "-s", "0", "-B", "16", "-f",
        " or ".join("tcp port %d" % p for p in ports), "-w",
        t.path("wire.pcapng")])
    capture.spawn()
    until(lambda: "File:" in capture.stderr() or not capture.runs(), 10)
    return capture


def dissect(t, ports, *options):
    argv = ["tshark", "-n", "-r", t.path("wire.pcapng")]
    for port in ports:
        argv += ["-d", "tcp.port==%d,smpp" % port]
    run = subprocess.run(argv + list(options), capture_output=True,
                         text=True, timeout=120)
    if run.returncode:
        raise RuntimeError(run.stderr)
    return run.stdout


def commands(t, ports):
    """How many PDUs of each command_id tshark found."""
    text = dissect(t, ports, "-Y", "smpp", "-T", "fields", "-e",
                   "smpp.command_id")
    return collections.Counter(
        int(w, 0) for line in text.split() for w in line.split(","))


def check_wire(t, ports, carriers):
    found = commands(t, ports)
    t.say("PDUs by command: %s" % ", ".join(
        "0x%08x %d" % c for c in sorted(found.items())))
    for command, name in ((0x04, "submit_sm"), (0x80000004, "answers"),
                          (0x05, "deliver_sm"), (0x80000005, "their answers"),
                          (0x09, "bind_transceiver"), (0x15, "enquire_link"),
                          (0x06, "unbind")):
        t.check("tshark saw %s" % name, found[command] > 0)
    submits = sum(c.count("SUBMIT", "REFUSE", "THROTTLE") for c in carriers)
    t.equal("it found every submit_sm of the ledgers", found[0x04], submits)
    bad = dissect(t, ports, "-Y",
                  "smpp && (_ws.malformed || _ws.expert.severity >= 0x600000)"
                  " && !tcp.analysis.flags", "-T", "fields", "-e",
                  "frame.number", "-e", "smpp.command_id", "-e",
                  "_ws.expert.message")
    t.check("no PDU is malformed or complained about", not bad.strip(),
            bad[:1500])
    stray = dissect(t, ports, "-Y", "tcp.len > 0 && !smpp && "
                    "!tcp.segment_data && !tcp.segment && "
                    "!tcp.analysis.retransmission", "-T",
                    "fields", "-e", "frame.number", "-e", "tcp.len")
    t.check("no octet is outside of a PDU", not stray.strip(), stray[:500])


def main():
    with Suite("tshark") as t:
        for tool in ("tshark", "dumpcap"):
            if not shutil.which(tool):
                raise SystemExit("%s is not installed" % tool)
        carriers = [Carrier(t, name, "--replies", 1, "--reply-delay", 100,
                            *options)
                    for name, _, options in CARRIERS]
        ports = [c.port for c in carriers]
        capture = start_capture(t, ports)
        t.check("capturing on the loopback", capture.runs(),
                capture.stderr())
        for carrier in carriers:
            carrier.start()
        daemon = Daemon(t, settings(carriers)).start()
        api = daemon.account()
        for i in range(len(carriers)):
            for n, text in enumerate(TEXTS):
                api.send("+14%02d555%04d" % (i, n), text,
                         **{"from": NUMBER[:-1] + str(i)})
        until(lambda: all(len({l.dest for l in c.lines("SUBMIT", "REFUSE")})
                          == len(TEXTS) for c in carriers), 20)
        time.sleep(2.5)  # receipts, replies, and a silence with enquire_link
        daemon.finish()
        for carrier in carriers:
            carrier.stop()
        time.sleep(0.5)
        capture.stop()
        check_wire(t, ports, carriers)


main()
