"""The 1,000 messages that a foreign client sends, kind by kind, and what has
to come back for each: receipts by state, replies by text.

A message is an object that programs in other languages read as JSON: `via`
names the request, `fields` its fields by their names in the specification,
`parts` what differs from part to part (`text` for a client that encodes by
itself, `octets` for one that does not, `udh`, `tlvs` as [octets, value]).
"""
import time

NUMBERS = ["12125550101", "12125550102"]
NAME = "VOLLEY"
# The last digit of a phone says what it does; the carrier's script reads it.
QUIET, LONG_TALKER, TALKER, DEAD = 0, 6, 7, 9
SCRIPT = """\
receipt dest *9 UNDELIV err 011
reply to *7 after 20ms "A to {text}"
reply to *6 after 20ms parts 3,1,2 "%s {text}"
"""
LONG_REPLY = "A long answer of three parts, " + "which goes on and on, " * 16
SCRIPT %= LONG_REPLY

# GSM 03.38 where it differs from ASCII, as far as the texts need it.
GSM = {"@": b"\0", "£": b"\x01", "$": b"\x02", "é": b"\x05", "ù": b"\x06",
       "Δ": b"\x10", "_": b"\x11", "Ω": b"\x15", "É": b"\x1f", "¿": b"\x60",
       "Ä": b"\x5b", "ö": b"\x7c", "ñ": b"\x7d", "ü": b"\x7e", "à": b"\x7f",
       "€": b"\x1be", "{": b"\x1b(", "}": b"\x1b)", "[": b"\x1b<",
       "~": b"\x1b=", "]": b"\x1b>", "^": b"\x1b\x14", "|": b"\x1b@",
       "\\": b"\x1b/"}
UNGSM = {v: k for k, v in GSM.items()}


def gsm(text):
    return b"".join(GSM.get(c) or c.encode("ascii") for c in text)


def ungsm(octets):
    text, at = "", 0
    while at < len(octets):
        n = 2 if octets[at] == 0x1b else 1
        one = octets[at:at + n]
        text += UNGSM.get(one) or one.decode("latin-1")
        at += n
    return text


def encode(text, data_coding):
    """Octets of a text as a client of this data_coding writes them."""
    if data_coding & 0x0c == 8:
        return text.encode("utf-16-be")
    return text.encode("latin-1") if data_coding == 3 else gsm(text)


def decode(octets, data_coding):
    if data_coding & 0x0c == 8:
        return octets.decode("utf-16-be")
    return octets.decode("latin-1") if data_coding == 3 else ungsm(octets)


def cut(text, chars):
    return [text[i:i + chars] for i in range(0, len(text), chars)]


def smpp_time(seconds):
    """Absolute time in UTC, so many seconds from now (SMPP 3.4, 7.1.1)."""
    return time.strftime("%y%m%d%H%M%S000+", time.gmtime(
        time.time() + seconds))


def message(n, kind, digit, parts, receipt=None, text=None, via="submit_sm",
            **fields):
    """receipt: the state that is told, None for none at all; text: what the
    phone reads, None when it is no text."""
    base = {"source_addr_ton": 1, "source_addr_npi": 1,
            "source_addr": NUMBERS[n % 2], "dest_addr_ton": 1,
            "dest_addr_npi": 1,
            "destination_addr": "4477%07d%d" % (n, digit),
            "registered_delivery": 1, "esm_class": 0, "data_coding": 0}
    base.update(fields)
    if receipt is None and base["registered_delivery"] & 3 == 1:
        receipt = "UNDELIV" if digit == DEAD else "DELIVRD"
    reply = None
    if digit == TALKER:
        reply = "A to " + text
    elif digit == LONG_TALKER:
        reply = LONG_REPLY + " " + text
    return {"n": n, "kind": kind, "via": via, "fields": base,
            "parts": parts, "text": text, "receipt": receipt,
            "reply": reply}


def one(n, kind, digit, text, data_coding=0, **more):
    part = {"text": text, "octets": encode(text, data_coding).hex()}
    return message(n, kind, digit, [part], text=text,
                   data_coding=data_coding, **more)


def many(n, kind, text, chars, data_coding, head, **more):
    """A text that the client cuts: head(part, parts) -> what marks it."""
    pieces = cut(text, chars)
    parts = [dict({"text": p, "octets": encode(p, data_coding).hex()},
                  **head(i + 1, len(pieces))) for i, p in enumerate(pieces)]
    return message(n, kind, QUIET, parts, text=text,
                   data_coding=data_coding, **more)


def udh8(n):
    return lambda part, parts: {
        "udh": bytes([5, 0, 3, n & 0xff, parts, part]).hex()}


def udh16(n):
    return lambda part, parts: {
        "udh": bytes([6, 8, 4, n >> 8, n & 0xff, parts, part]).hex()}


def sar(n):
    return lambda part, parts: {"tlvs": {
        "sar_msg_ref_num": [2, n], "sar_total_segments": [1, parts],
        "sar_segment_seqnum": [1, part]}}


def payload(n, kind, text, data_coding, digit=QUIET, **more):
    part = {"text": text, "octets": encode(text, data_coding).hex(),
            "payload": True}
    return message(n, kind, digit, [part], text=text,
                   data_coding=data_coding, **more)


def octets(n, kind, body, udh=None, data_coding=4, **more):
    part = {"octets": body.hex()}
    if udh:
        part["udh"] = udh.hex()
    return message(n, kind, QUIET, [part], data_coding=data_coding, **more)


def binary(n, length):
    return bytes((n + 7 * i) & 0xff for i in range(length))


FAR = "Liebe Grüsse aus Köln"
CYRILLIC = "Привет номер %d, машина готова"
LONG = "Message %d of many parts: " + "0123456789 abcdef " * 18
LONG_WIDE = "Послание %d из частей: " + "Жизнь прекрасна " * 9
PORTS = bytes.fromhex("060504c351c350")  # to port 50001 from 50000

# One row a kind, by turns; those that talk come twice in twenty.
KINDS = [
    lambda n: one(n, "gsm", QUIET, "No %d: {@£$} [€ 10] ~^|\\ Δ_Ω ñ à" % n),
    lambda n: one(n, "question", TALKER, "Q%d?" % n),
    lambda n: one(n, "ucs2", QUIET, CYRILLIC % n, 8),
    lambda n: many(n, "udh8", LONG % n, 153, 0, udh8(n)),
    lambda n: many(n, "udh16 ucs2", LONG_WIDE % n, 66, 8, udh16(n)),
    lambda n: many(n, "sar", LONG % n, 150, 0, sar(n)),
    lambda n: payload(n, "payload", LONG % n, 0),
    lambda n: payload(n, "payload ucs2", LONG_WIDE % n, 8),
    lambda n: octets(n, "binary", binary(n, 140)),
    lambda n: one(n, "flash", QUIET, "Flash %d, %s" % (n, FAR), 0x10),
    lambda n: one(n, "latin 1", QUIET, "No %d: ½ naïve çà ©" % n, 3),
    lambda n: one(n, "name", QUIET, "From a name, %d" % n,
                  source_addr_ton=5, source_addr_npi=0, source_addr=NAME),
    lambda n: one(n, "validity", TALKER, "V%d?" % n,
                  validity_period="000001000000000R"),
    lambda n: one(n, "schedule relative", QUIET, "In a while, %d" % n,
                  schedule_delivery_time="000000000002000R"),
    lambda n: one(n, "schedule absolute", QUIET, "At a time, %d" % n,
                  schedule_delivery_time=smpp_time(3),
                  validity_period=smpp_time(3600)),
    lambda n: one(n, "no receipt", QUIET, "Tell me nothing, %d" % n,
                  registered_delivery=0),
    lambda n: one(n, "failures only", DEAD if n % 40 < 20 else QUIET,
                  "Tell me the bad, %d" % n, registered_delivery=2,
                  receipt="UNDELIV" if n % 40 < 20 else None),
    lambda n: one(n, "dead", DEAD, "Nobody there, %d" % n,
                  registered_delivery=0x11),
    lambda n: octets(n, "ports", binary(n, 100), PORTS, 0xf5),
    lambda n: one(n, "long answer", LONG_TALKER, "L%d?" % n,
                  priority_flag=2, protocol_id=0, service_type="CMT",
                  replace_if_present_flag=0),
]


def plan(count=1000, extra=()):
    """extra: more kinds, for clients that can do more."""
    kinds = KINDS + list(extra)
    return [kinds[n % len(kinds)](n) for n in range(count)]


def by_data_sm(n):
    m = one(n, "data_sm", TALKER, "D%d?" % n, via="data_sm")
    m["parts"][0]["payload"] = True
    return m


def with_tlvs(n):
    m = one(n, "tlvs", QUIET, "With a reference, %d" % n)
    m["parts"][0]["tlvs"] = {"user_message_reference": [2, n],
                             "privacy_indicator": [1, 2]}
    return m
