"""Both ends of SMPP by hand, to put Volley between: an app that binds to
Volley, and a carrier that Volley binds to and that keeps every octet of what
it was sent. Written from the specification, without Volley's own code."""

import socket
import struct
import threading
import time

from smsc_client import (BIND_RX, BIND_TRX, BIND_TX, DELIVER, ENQUIRE, RESP,
                         SUBMIT, Client, Pdu, cstr)

QUERY, REPLACE, CANCEL, MULTI, DATA = 3, 7, 8, 0x21, 0x103
TAG_PAYLOAD, TAG_RECEIPTED, TAG_STATE = 0x0424, 0x001E, 0x0427


def tlv(tag, value):
    return struct.pack(">HH", tag, len(value)) + value


def read_tlvs(octets):
    found = {}
    while len(octets) >= 4:
        tag, n = struct.unpack(">HH", octets[:4])
        found[tag] = octets[4:4 + n]
        octets = octets[4 + n:]
    assert not octets, "octets behind the last TLV"
    return found


class Fields:
    """Reads a body from the front."""

    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def string(self):
        end = self.octets.index(b"\0", self.at)
        value = self.octets[self.at:end]
        self.at = end + 1
        return value.decode("latin-1")

    def octet(self):
        self.at += 1
        return self.octets[self.at - 1]

    def rest(self):
        return self.octets[self.at:]


def read_short(pdu):
    """submit_sm and deliver_sm (SMPP 3.4, 4.4.1)."""
    r = Fields(pdu.body)
    f = {"service_type": r.string(), "source_ton": r.octet(),
         "source_npi": r.octet(), "source": r.string(),
         "dest_ton": r.octet(), "dest_npi": r.octet(), "dest": r.string()}
    for name in ("esm_class", "protocol_id", "priority"):
        f[name] = r.octet()
    f["schedule"], f["validity"] = r.string(), r.string()
    for name in ("registered", "replace", "data_coding", "predefined"):
        f[name] = r.octet()
    n = r.octet()
    f["message"] = r.octets[r.at:r.at + n]
    r.at += n
    f["tlvs"] = read_tlvs(r.rest())
    return f


def read_data(pdu):
    """data_sm (SMPP 3.4, 4.7.1)."""
    r = Fields(pdu.body)
    f = {"service_type": r.string(), "source_ton": r.octet(),
         "source_npi": r.octet(), "source": r.string(),
         "dest_ton": r.octet(), "dest_npi": r.octet(), "dest": r.string(),
         "esm_class": r.octet(), "registered": r.octet(),
         "data_coding": r.octet()}
    f["tlvs"] = read_tlvs(r.rest())
    f["message"] = f["tlvs"].get(TAG_PAYLOAD, b"")
    return f


def receipt_of(fields):
    """The words of a receipt's text (SMPP 3.4, Appendix B)."""
    text = fields["message"].decode("latin-1")
    head, _, tail = text.partition(" text:")
    words = {"text": tail}
    for label in ("submit date", "done date"):
        before, found, after = head.partition(label + ":")
        if found:
            value, _, rest = after.partition(" ")
            words[label] = value
            head = before + rest
    for word in head.split():
        label, _, value = word.partition(":")
        words[label] = value
    return words


class App(Client):
    """A client of Volley. Everything that is delivered is kept and
    acknowledged (unless held); answers are kept by sequence number."""

    def __init__(self, port, how=BIND_TRX, system_id="app", password="secret",
                 version=0x34, tls=None, timeout=10):
        super().__init__(port, tls, timeout)
        self.version = version
        self.answers, self.delivered = {}, []
        self.acks = True  # False: deliveries stay unanswered
        self.ack_status = 0
        answer = self.bind(how, system_id, password, version)
        self.bound = answer is not None and answer.status == 0
        self.bind_answer = answer

    def next(self, timeout=5):
        """Reads one PDU and does what is due; None when nothing came."""
        self.sock.settimeout(timeout)
        try:
            pdu = self.read()
        except (TimeoutError, socket.timeout):
            return None
        if pdu is None:
            raise EOFError("Volley closed the connection")
        if pdu.command & RESP:
            self.answers[pdu.seq] = pdu
        elif pdu.command in (DELIVER, DATA):
            fields = (read_short if pdu.command == DELIVER
                      else read_data)(pdu)
            fields["pdu"] = pdu
            self.delivered.append(fields)
            if self.acks:
                self.send(pdu.command | RESP, b"\0", self.ack_status,
                          pdu.seq)
        elif pdu.command == ENQUIRE:
            self.send(ENQUIRE | RESP, b"", 0, pdu.seq)
        return pdu

    def answer(self, seq, timeout=10):
        end = time.monotonic() + timeout
        while seq not in self.answers and time.monotonic() < end:
            self.next(max(0.01, end - time.monotonic()))
        return self.answers.pop(seq, None)

    def gather(self, count, timeout=10):
        """Until so many were delivered in all."""
        end = time.monotonic() + timeout
        while len(self.delivered) < count and time.monotonic() < end:
            self.next(max(0.01, end - time.monotonic()))
        return self.delivered

    def body(self, dest, text=b"hello", source="12125550101", registered=1,
             esm_class=0, data_coding=0, source_ton=1, source_npi=1,
             dest_ton=1, dest_npi=1, service_type="", protocol_id=0,
             priority=0, schedule="", validity="", replace=0, predefined=0,
             tlvs=b""):
        return (cstr(service_type) + bytes([source_ton, source_npi]) +
                cstr(source) + bytes([dest_ton, dest_npi]) + cstr(dest) +
                bytes([esm_class, protocol_id, priority]) + cstr(schedule) +
                cstr(validity) +
                bytes([registered, replace, data_coding, predefined,
                       len(text)]) + text + tlvs)

    def submit(self, dest, **more):
        """submit_sm; its sequence number."""
        return self.send(SUBMIT, self.body(dest, **more))

    def ask(self, dest, **more):
        """submit_sm and its answer."""
        return self.answer(self.submit(dest, **more))


class Upstream(threading.Thread):
    """A carrier that takes all, keeps what it was sent, and says receipts
    and replies when told to."""

    def __init__(self, port=0):
        super().__init__(daemon=True)
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.submits = []  # fields of each, with "id"
        self.links = []
        self.acks = {}  # our sequence number -> status
        self.seq = 0
        self.status = 0  # what submits are answered with
        self.silent = False  # submits are not answered at all
        self.start()

    def run(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(link,),
                             daemon=True).start()

    def reply(self, link, pdu, body=b"", status=0):
        raw = struct.pack(">IIII", 16 + len(body), pdu.command | RESP, status,
                          pdu.seq) + body
        link.sendall(raw)

    def take(self, link, pdu):
        if pdu.command in (BIND_TRX, BIND_RX, BIND_TX):
            self.reply(link, pdu, cstr("up") + tlv(0x0210, b"\x34"))
            with self.lock:
                self.links.append(link)
        elif pdu.command == SUBMIT:
            fields = read_short(pdu)
            with self.lock:
                fields["id"] = "%d" % (1000 + len(self.submits))
                fields["link"] = link
                self.submits.append(fields)
            if self.silent:
                return
            body = cstr(fields["id"]) if self.status == 0 else b""
            self.reply(link, pdu, body, self.status)
        elif pdu.command & RESP:
            self.acks[pdu.seq] = pdu.status
        elif pdu.command != 0x15 or True:
            self.reply(link, pdu)

    def serve(self, link):
        octets = b""
        try:
            while True:
                more = link.recv(65536)
                if not more:
                    break
                octets += more
                while len(octets) >= 16:
                    n = struct.unpack(">I", octets[:4])[0]
                    if len(octets) < n:
                        break
                    self.take(link, Pdu(octets[:n]))
                    octets = octets[n:]
        except OSError:
            pass
        with self.lock:
            if link in self.links:
                self.links.remove(link)

    def deliver(self, source, dest, text, esm_class=0, data_coding=0,
                tlvs=b"", source_ton=1, dest_ton=1):
        """A deliver_sm on a living link."""
        body = (cstr("") + bytes([source_ton, 1]) + cstr(source) +
                bytes([dest_ton, 1]) + cstr(dest) +
                bytes([esm_class, 0, 0]) + cstr("") + cstr("") +
                bytes([0, 0, data_coding, 0, len(text)]) + text + tlvs)
        with self.lock:
            self.seq += 1
            link = self.links[-1]
            link.sendall(struct.pack(">IIII", 16 + len(body), DELIVER, 0,
                                     self.seq) + body)
            return self.seq

    def receipt(self, fields, stat="DELIVRD", state=2, err="000",
                esm_class=4, tlvs=b""):
        text = ("id:%s sub:001 dlvrd:001 submit date:2611210000 done "
                "date:2611210001 stat:%s err:%s text:x" %
                (fields["id"], stat, err)).encode()
        return self.deliver(
            fields["dest"], fields["source"], text, esm_class,
            tlvs=tlv(TAG_RECEIPTED, cstr(fields["id"])) +
            tlv(TAG_STATE, bytes([state])) + tlvs,
            dest_ton=fields["source_ton"])

    def close(self):
        self.listener.close()
        with self.lock:
            for link in self.links:
                link.close()
