#!/usr/bin/env python3
"""volley-smsc before foreign judges: Debian's Net::SMPP as its client, and
tshark, which must find no fault in any PDU that the simulator wrote.

Usage: smsc_foreign.py BIN_DIR; exit 0 when both are content."""

import os
import struct
import subprocess
import sys
import tempfile

from smsc_client import BIND_RX, BIND_TX, ENQUIRE, UNBIND, Client

BIN = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
OPTIONS = ["--port", "0", "--receipt-delay", "1", "--receipts",
           "0.5:DELIVRD,0.3:UNDELIV/011,0.2:EXPIRED", "--receipt-twice", "3",
           "--replies", "0.5", "--reply-delay", "1", "--reply-long", "3",
           "--reply-text", "yes {n}", "--reply-text", "Żółw {text}",
           "--refuse", "0x0B:5", "--ids"]


def start(*options):
    p = subprocess.Popen([os.path.join(BIN, "volley-smsc"), *options],
                         stdout=subprocess.PIPE, text=True)
    return p, int(p.stdout.readline().rsplit(":", 1)[1])


def stop(p):
    p.terminate()
    assert p.wait(10) == 0


def checksum(octets):
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(">%dH" % (len(octets) // 2), octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(stream, seq, payload):
    """One TCP segment over IPv4, from port 2775."""
    tcp = struct.pack(">HHIIBBHHH", 2775, 40000 + stream, seq, 1, 0x50, 0x18,
                      65535, 0, 0) + payload
    pseudo = bytes([127, 0, 0, 1, 127, 0, 0, 1, 0, 6]) + struct.pack(
        ">H", len(tcp))
    tcp = tcp[:16] + struct.pack(">H", checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0)
    ip += bytes([127, 0, 0, 1, 127, 0, 0, 1])
    return ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:] + tcp


def write_pcap(path, streams):
    """Each stream is a list of PDUs; each PDU becomes one packet."""
    n = 0
    with open(path, "wb") as f:
        # magic, 2.4, zone, figures, snaplen, LINKTYPE_RAW
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
        for stream, octets in enumerate(streams):
            seq = 1
            while octets:
                size = struct.unpack(">I", octets[:4])[0]
                p = packet(stream, seq, octets[:size])
                f.write(struct.pack("<IIII", 1700000000, n, len(p), len(p)))
                f.write(p)
                seq += size
                octets = octets[size:]
                n += 1
    return n


def converse(port, version):
    """Some of everything that the simulator can say."""
    tx, rx = Client(port), Client(port)
    if version == 0x33:
        tx.bind(how=BIND_TX, version=version)
        rx.bind(how=BIND_RX, version=version)
    else:
        tx.bind(version=version)
        rx.bind(how=BIND_RX, version=version, system_id="other")
    for i in range(30):
        tx.submit("4477009%05d" % i, b"Message %d" % i,
                  data_coding=0 if i % 2 else 4)
    tx.send(ENQUIRE)
    tx.send(3, b"17\0\0\0\0")  # query_sm
    tx.send(0x77)
    clients = (tx, rx)
    for c in clients:
        c.sock.settimeout(0.5)
        try:
            while pdu := c.read():
                if pdu.command == 5:
                    c.ack(pdu)
        except TimeoutError:
            pass
        c.sock.settimeout(5)
        c.send(UNBIND)
        while c.read():
            pass
    return [c.received for c in clients]


def tshark(path, *options):
    out = subprocess.run(["tshark", "-r", path, "-d", "tcp.port==2775,smpp",
                          *options], capture_output=True, text=True,
                         check=True)
    return [line for line in out.stdout.splitlines() if line]


FAULTS = "_ws.malformed || _ws.expert.severity >= \"Note\" || !smpp"


def judge_is_awake(path, octets):
    """tshark must see that a TLV which runs over its PDU is bad."""
    at = octets.index(b"\x00\x1e\x00")
    write_pcap(path, [octets[:at + 3] + b"\xff" + octets[at + 4:]])
    return len(tshark(path, "-Y", FAULTS)) >= 1


def main():
    p, port = start("--port", "0", "--receipt-delay", "10", "--replies", "1",
                    "--reply-delay", "50")
    status = subprocess.run(["perl", os.path.join(HERE, "smsc_netsmpp.pl"),
                             str(port)], timeout=30).returncode
    stop(p)
    streams = []
    for ids in ("dec", "hex", "uuid", "mixed"):
        for version in (0x33, 0x34, 0x50):
            p, port = start(*OPTIONS, ids)
            streams += converse(port, version)
            stop(p)
    path = os.path.join(tempfile.mkdtemp(prefix="smsc-foreign-"), "s.pcap")
    assert judge_is_awake(path, streams[2]), "tshark sees no fault at all"
    pdus = write_pcap(path, streams)
    seen = len(tshark(path, "-Y", "smpp"))
    faults = tshark(path, "-Y", FAULTS, "-V")
    kinds = set(tshark(path, "-T", "fields", "-e", "smpp.command_id"))
    if seen != pdus or faults or pdus < 500 or len(kinds) < 8:
        print("FAIL tshark read %d of %d PDUs of %d kinds" %
              (seen, pdus, len(kinds)))
        print("\n".join(faults[:60]))
        status = 1
    else:
        print("ok   tshark finds no fault in %d PDUs of %d kinds" %
              (pdus, len(kinds)))
    return status


if __name__ == "__main__":
    sys.exit(main())
