"""A small SMPP client written from the specification alone, so that the
simulated carrier is judged by something that shares no code with it."""

import socket
import struct

BIND_RX, BIND_TX, SUBMIT, DELIVER, UNBIND, BIND_TRX, ENQUIRE = (
    1, 2, 4, 5, 6, 9, 0x15)
NACK, RESP = 0x80000000, 0x80000000


def cstr(text):
    return text.encode() + b"\0"


class Pdu:
    """Header, raw body, and the fields of a deliver_sm or response."""

    def __init__(self, raw):
        self.raw = raw
        self.length, self.command, self.status, self.seq = struct.unpack(
            ">IIII", raw[:16])
        self.body = raw[16:]

    def message_id(self):
        return self.body.split(b"\0", 1)[0].decode()

    def deliver(self):
        """Fields of a deliver_sm (SMPP 3.4, 4.6.1)."""
        at = 0

        def string():
            nonlocal at
            end = self.body.index(b"\0", at)
            value = self.body[at:end].decode()
            at = end + 1
            return value

        def octet():
            nonlocal at
            at += 1
            return self.body[at - 1]

        f = {"service_type": string()}
        f["source_ton"], f["source_npi"] = octet(), octet()
        f["source"] = string()
        f["dest_ton"], f["dest_npi"] = octet(), octet()
        f["dest"] = string()
        f["esm_class"] = octet()
        octet(), octet(), string(), string(), octet(), octet()
        f["data_coding"] = octet()
        octet()
        n = octet()
        f["message"] = self.body[at:at + n]
        at += n
        f["tlvs"] = {}
        while at < len(self.body):
            tag, n = struct.unpack(">HH", self.body[at:at + 4])
            f["tlvs"][tag] = self.body[at + 4:at + 4 + n]
            at += 4 + n
        assert at == len(self.body), "octets behind the last TLV"
        return f


class Client:
    def __init__(self, port, tls=None, timeout=5):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout)
        if tls:
            self.sock = tls.wrap_socket(self.sock)
        self.sock.settimeout(timeout)
        self.input = b""
        self.sent = b""
        self.received = b""
        self.seq = 0

    def send(self, command, body=b"", status=0, seq=None):
        if seq is None:
            self.seq += 1
            seq = self.seq
        raw = struct.pack(">IIII", 16 + len(body), command, status, seq) + body
        self.sent += raw
        self.sock.sendall(raw)
        return seq

    def read(self):
        """The next PDU; None at the end of the stream."""
        while len(self.input) < 4 or len(self.input) < struct.unpack(
                ">I", self.input[:4])[0]:
            try:
                more = self.sock.recv(65536)
            except ConnectionResetError:
                return None
            if not more:
                return None
            self.input += more
            self.received += more
        n = struct.unpack(">I", self.input[:4])[0]
        raw, self.input = self.input[:n], self.input[n:]
        return Pdu(raw)

    def quiet(self, seconds):
        """True when nothing comes for so long."""
        self.sock.settimeout(seconds)
        try:
            return not self.input and self.sock.recv(1) != b"" and False
        except (TimeoutError, socket.timeout):
            return True
        finally:
            self.sock.settimeout(5)

    def bind(self, how=BIND_TRX, system_id="volley", password="secret",
             version=0x34):
        self.send(how, cstr(system_id) + cstr(password) + cstr("") +
                  bytes([version, 0, 0]) + cstr(""))
        return self.read()

    def submit(self, dest, text=b"hello", source="12125550101", registered=1,
               esm_class=0, data_coding=0, source_ton=1):
        return self.send(
            SUBMIT,
            cstr("") + bytes([source_ton, 1]) + cstr(source) + b"\1\1" +
            cstr(dest) + bytes([esm_class, 0, 0]) + b"\0\0" +
            bytes([registered, 0, data_coding, 0, len(text)]) + text)

    def ack(self, pdu, status=0):
        self.send(DELIVER | RESP, b"\0", status, pdu.seq)

    def close(self):
        self.sock.close()
