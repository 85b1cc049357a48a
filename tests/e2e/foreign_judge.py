"""Rig and judge of the foreign clients: a simulated carrier, volleyd before
it with an account that clients log in to, and what has to be true of the
client's ledger, the carrier's ledger and the wire when all is over."""
import calendar
import collections
import json
import re
import shutil
import subprocess
import time

import foreign_plan as plan
from volley_e2e import Carrier, Child, Daemon, carrier_row, free_port, until

LOGIN, PASSWORD = "client1", "pa55word"
STATES = {"DELIVRD": 2, "UNDELIV": 5}
RECEIPT = re.compile(
    r"id:(\S+) sub:(\d{3}) dlvrd:(\d{3}) submit date:(\d{10,12}) "
    r"done date:(\d{10,12}) stat:(\w{7}) err:(\w{3}) text:", re.I)


class Rig:
    """The carrier, the daemon, and where a client logs in. With direct, the
    client talks to the carrier itself: a test of the test."""

    def __init__(self, t, direct=False, **smpp):
        self.t, self.direct = t, direct
        self.carrier = Carrier(t, "centre", "--receipt-delay", "20-200",
                               script=plan.SCRIPT)
        self.login, self.password = LOGIN, PASSWORD
        if direct:
            self.port, self.daemon = self.carrier.port, None
        else:
            self.port = free_port()
            self.daemon = Daemon(t, self.settings())
        self.smpp = dict({"system_id": LOGIN, "password": PASSWORD,
                          "max_binds": 4, "window": 100}, **smpp)

    def settings(self):
        return {
            "smpp": {"listen": ["127.0.0.1:%d" % self.port]},
            "carriers": [carrier_row(self.carrier)],
            "routes": [{"to": "*", "carriers": [self.carrier.name]}],
            "numbers": [{"number": n, "carrier": self.carrier.name,
                         "account": "demo"} for n in
                        ["+" + n for n in plan.NUMBERS] + [plan.NAME]],
        }

    def start(self):
        self.carrier.start()
        if self.daemon:
            self.daemon.start()
            self.api = self.daemon.account("demo", smpp=self.smpp)
        return self

    def finish(self):
        """Orderly end, and what the carrier says of it all."""
        if self.daemon:
            self.daemon.finish()
        self.carrier.stop()
        self.t.equal("the carrier got no part twice",
                     self.carrier.judge()["doubled"], 0)


class Wire:
    """What dumpcap heard on these ports; tshark is the judge."""

    def __init__(self, t, *ports):
        for tool in ("tshark", "dumpcap"):
            if not shutil.which(tool):
                raise SystemExit("%s is not installed" % tool)
        self.t, self.ports = t, ports
        self.path = t.path("wire.pcapng")
        self.capture = Child(t, "dumpcap", [
            "dumpcap", "-q", "-i", "lo", "-s", "0", "-B", "16", "-f",
            " or ".join("tcp port %d" % p for p in ports), "-w", self.path])
        self.capture.spawn()
        until(lambda: "File:" in self.capture.stderr() or
              not self.capture.runs(), 10)
        t.check("capturing on the loopback", self.capture.runs(),
                self.capture.stderr())

    def dissect(self, *options):
        argv = ["tshark", "-n", "-r", self.path]
        for port in self.ports:
            argv += ["-d", "tcp.port==%d,smpp" % port]
        run = subprocess.run(argv + list(options), capture_output=True,
                             text=True, timeout=120)
        if run.returncode:
            raise RuntimeError(run.stderr)
        return run.stdout

    def judge(self):
        self.capture.stop()
        bad = self.dissect(
            "-Y", "smpp && (_ws.malformed || _ws.expert.severity >= 0x600000)"
            " && !tcp.analysis.flags", "-T", "fields", "-e", "frame.number",
            "-e", "smpp.command_id", "-e", "_ws.expert.message")
        self.t.check("tshark complains about no PDU", not bad.strip(),
                     bad[:1500])

    def submits(self, port):
        """The submit_sm that were sent to a port, as Submit objects."""
        lines = self.dissect("-Y", "tcp.dstport == %d && tcp.len > 0 && "
                             "!tcp.analysis.retransmission" % port, "-T",
                             "fields", "-e", "tcp.stream", "-e",
                             "tcp.payload").splitlines()
        streams = collections.defaultdict(bytes)
        for line in lines:
            stream, octets = line.split("\t")
            streams[stream] += bytes.fromhex(octets)
        found = []
        for octets in streams.values():
            at = 0
            while at < len(octets):
                size = int.from_bytes(octets[at:at + 4], "big")
                if octets[at + 4:at + 8] == b"\0\0\0\4":
                    found.append(Submit(octets[at + 16:at + size]))
                at += size
        return found


class Submit:
    """Fields of a submit_sm (SMPP 3.4, 4.4.1), read by the book."""

    def __init__(self, body):
        self.body, self.at = body, 0
        self.fields = {"service_type": self.text()}
        for who, name in (("source_addr", "source_addr"),
                          ("dest_addr", "destination_addr")):
            self.fields[who + "_ton"] = self.octet()
            self.fields[who + "_npi"] = self.octet()
            self.fields[name] = self.text()
        for name in ("esm_class", "protocol_id", "priority_flag"):
            self.fields[name] = self.octet()
        for name in ("schedule_delivery_time", "validity_period"):
            self.fields[name] = self.text()
        for name in ("registered_delivery", "replace_if_present_flag",
                     "data_coding", "sm_default_msg_id"):
            self.fields[name] = self.octet()
        self.octets = self.take(self.octet())
        self.tlvs = {}
        while self.at < len(body):
            tag = int.from_bytes(self.take(2), "big")
            self.tlvs[tag] = self.take(int.from_bytes(self.take(2), "big"))

    def take(self, n):
        self.at += n
        return self.body[self.at - n:self.at]

    def octet(self):
        return self.take(1)[0]

    def text(self):
        end = self.body.index(b"\0", self.at)
        octets = self.take(end - self.at)
        self.at += 1
        return octets.decode("latin-1")

    def key(self):
        return self.fields["destination_addr"], self.octets


def read_json_lines(path):
    with open(path) as f:
        return [json.loads(line) for line in f]


def is_notified(m):
    """Does it ask for a word before the end, too (SMPP 3.4, 5.2.17)?"""
    return bool(m["fields"]["registered_delivery"] & 0x10)


def deliveries(messages, direct):
    """How many deliver_sm a client that sends these gets."""
    receipts = sum(len(m["parts"]) for m in messages if m["receipt"])
    if not direct:  # the simulated carrier notifies of nothing in between
        receipts += sum(len(m["parts"]) for m in messages if is_notified(m))
    # A long answer comes in the three parts that the phone sent.
    return receipts + sum(3 if len(m["reply"]) > 160 else 1
                          for m in messages if m["reply"])


def check_answers(t, messages, ledger):
    """Each part answered once with 0; ids by (message, part)."""
    answers = [l for l in ledger if l["what"] == "resp"]
    bad = [a for a in answers if a["status"] != 0]
    kinds = collections.Counter(messages[a["n"]]["kind"] for a in bad)
    t.check("every part is taken", not bad,
            "%s; first %r" % (dict(kinds), bad[:2]))
    ids = {(a["n"], a["part"]): a["id"] for a in answers}
    t.equal("every part is answered once",
            (len(answers), len(ids)),
            (sum(len(m["parts"]) for m in messages),) * 2)
    good = [a["id"] for a in answers if a["status"] == 0]
    t.check("the ids are unique and short", len(set(good)) == len(good) and
            all(0 < len(i) <= 20 for i in good), good[:3])
    return ids


def text_of(line):
    """The text of a delivery, whoever decoded it, without its header."""
    if "text" in line:
        return line["text"]
    octets = bytes.fromhex(line["tlvs"].get("message_payload") or
                           line["octets"])
    if line["esm_class"] & 0x40:
        octets = octets[octets[0] + 1:]
    return plan.decode(octets, line["data_coding"])


def part_of(line):
    """Which part of a long text it is: by SAR, by UDH, else the only."""
    tlvs = line["tlvs"]
    if "sar_segment_seqnum" in tlvs:
        return int(str(tlvs["sar_segment_seqnum"]), 16)
    octets = bytes.fromhex(line.get("udh") or line.get("octets", ""))
    if line["esm_class"] & 0x40:
        # node shows the elements without the length that precedes them.
        return octets[-1] if "udh" in line else octets[octets[0]]
    return 1


def receipt_fault(m, line):
    """What is wrong with a receipt, None when nothing is."""
    text = text_of(line)
    found = RECEIPT.match(text)
    if not found:
        return "text %r" % text
    identity, _, delivered, _, _, state, error = found.groups()
    tlvs = line["tlvs"]
    fields = m["fields"]
    if state != m["receipt"]:
        return "stat:%s for %s" % (state, m["receipt"])
    if (int(delivered), error) != ((1, "000") if state == "DELIVRD"
                                   else (0, "011")):
        return "dlvrd or err of %r" % text
    if (line["source"], line["dest"]) != (fields["destination_addr"],
                                          fields["source_addr"]):
        return "from %s to %s" % (line["source"], line["dest"])
    if "message_state" in tlvs and \
            int(str(tlvs["message_state"]), 16) != STATES[state]:
        return "message_state %s" % tlvs["message_state"]
    told = tlvs.get("receipted_message_id", "")
    if told and identity not in (told.rstrip("\0"), bytes.fromhex(
            told if len(told) % 2 == 0 else "").rstrip(b"\0").decode(
                "latin-1")):
        return "receipted_message_id %s for %s" % (told, identity)
    return None


def check_receipts(t, messages, ids, ledger):
    """Each receipt that was asked for comes once, to its id, no other."""
    lines = [l for l in ledger if l["what"] == "deliver" and
             l["esm_class"] & 0x3c == 4]
    owner = {i: messages[n] for (n, _), i in ids.items()}
    got = collections.defaultdict(list)
    for line in lines:
        found = RECEIPT.match(text_of(line))
        got[found.group(1) if found else None].append(line)
    wanted = {i for i, m in owner.items() if m["receipt"]}
    missing = collections.Counter(owner[i]["kind"] for i in wanted
                                  if i not in got)
    t.check("each receipt that was asked for came", not missing,
            dict(missing))
    more = collections.Counter(
        owner[i]["kind"] if i in owner else "unknown id %s" % i
        for i in got if i not in wanted)
    t.check("no receipt came that was not asked for", not more, dict(more))
    t.check("no receipt came twice", all(len(l) == 1 for l in got.values()),
            [i for i, l in got.items() if len(l) > 1][:5])
    faults = [(owner[i]["kind"], fault) for i, ls in got.items()
              if i in wanted for fault in [receipt_fault(owner[i], ls[0])]
              if fault]
    t.check("what the receipts say is true (%d)" % len(lines), not faults,
            faults[:5])


def check_notices(t, messages, ids, ledger):
    """Intermediate notifications: for those that asked, once."""
    got = collections.Counter()
    for line in ledger:
        if line["what"] == "deliver" and line["esm_class"] & 0x3c == 0x20:
            found = RECEIPT.match(text_of(line))
            got[found and (found.group(1), found.group(6))] += 1
    wanted = collections.Counter((i, "ENROUTE") for (n, _), i in ids.items()
                                 if is_notified(messages[n]))
    t.check("each notification that was asked for came, once (%d)" %
            len(wanted), got == wanted,
            (list((wanted - got))[:3], list((got - wanted))[:3]))


def check_replies(t, messages, ledger):
    """Each answer of a phone comes once, whole, with its text."""
    parts = collections.defaultdict(list)
    for line in ledger:
        if line["what"] == "deliver" and line["esm_class"] & 0x3c == 0:
            parts[line["source"], line["dest"]].append(line)
    got = {k: "".join(text_of(l) for l in sorted(ls, key=part_of))
           for k, ls in parts.items()}
    wanted = {(m["fields"]["destination_addr"], m["fields"]["source_addr"]):
              m["reply"] for m in messages if m["reply"]}
    missing = [k for k in wanted if k not in got]
    t.check("each reply came (%d)" % len(wanted), not missing, missing[:5])
    t.check("no reply came that nobody sent", set(got) <= set(wanted),
            sorted(set(got) - set(wanted))[:5])
    wrong = [(got[k], wanted[k]) for k in wanted
             if k in got and got[k] != wanted[k]]
    t.check("each reply says what the phone said", not wrong, wrong[:2])


def check_carrier(t, messages, carrier):
    """What the phones read, and that parts left together, in order."""
    rows = collections.defaultdict(list)
    for line in carrier.lines("SUBMIT"):
        rows[line.dest].append(line)
    phones = {m["fields"]["destination_addr"]: m for m in messages}
    missing = collections.Counter(m["kind"] for p, m in phones.items()
                                  if p not in rows)
    t.check("each message reached the carrier", not missing, dict(missing))
    stray = [p for p in rows if p not in phones]
    t.check("nothing else reached it", not stray, stray[:5])
    wrong, mixed = [], []
    for phone, lines in rows.items():
        m = phones.get(phone)
        if m is None:
            continue
        text = "".join(l.text for l in sorted(lines,
                                              key=lambda l: int(l.part)))
        if m["text"] is not None and \
                text != m["text"].replace("\\", "\\\\"):
            wrong.append((m["kind"], text, m["text"]))
        order = [int(l.part) for l in lines]
        if order != sorted(order) or len({l.bind for l in lines}) > 1:
            mixed.append((m["kind"], order))
    t.check("each phone reads what was written", not wrong,
            (sorted({w[0] for w in wrong}), wrong[:2]))
    t.check("parts of a text left on one bind, in order", not mixed,
            mixed[:5])


def due_s(m, began_s):
    """Unix time before which a message must not leave; None: any."""
    when = m["fields"].get("schedule_delivery_time", "")
    if when.endswith("R"):
        return began_s + int(when[10:12])
    if when:
        return calendar.timegm(time.strptime(when[:12], "%y%m%d%H%M%S"))
    return None


def check_times(t, rig, messages):
    """What was scheduled left when it was due, not before."""
    due = {m["fields"]["destination_addr"]: due_s(m, rig.began_s)
           for m in messages}
    early = [(l.dest, l.time_us / 1e6, due[l.dest])
             for l in rig.carrier.lines("SUBMIT")
             if due.get(l.dest) and l.time_us / 1e6 < due[l.dest]]
    t.check("no message left before its time", not early, early[:3])


# What the carrier has to see as the client wrote it.
PASSED = ("service_type", "source_addr_ton", "source_addr_npi",
          "source_addr", "dest_addr_ton", "dest_addr_npi",
          "destination_addr", "esm_class", "protocol_id", "priority_flag",
          "replace_if_present_flag", "data_coding")


def check_passed(t, wire, rig, least=500):
    """Fields and octets of each submit_sm are the same on both sides."""
    came = wire.submits(rig.port)
    left = {s.key(): s for s in wire.submits(rig.carrier.port)}
    plain = [s for s in came if s.octets]
    t.check("the wire shows what the client sent", len(plain) >= least,
            len(plain))
    lost = [s.fields for s in plain if s.key() not in left]
    t.check("the octets of each part pass unchanged", not lost,
            (len(lost), lost[:2]))
    changed = collections.Counter()
    for s in plain:
        out = left.get(s.key())
        if out is None:
            continue
        for name in PASSED:
            if s.fields[name] != out.fields[name]:
                changed["%s %r -> %r" % (name, s.fields[name],
                                         out.fields[name])] += 1
        for tag, value in s.tlvs.items():
            if out.tlvs.get(tag) != value:
                changed["TLV 0x%04x" % tag] += 1
    t.check("fields and TLVs pass as the client meant them", not changed,
            dict(changed.most_common(8)))


def check_all(t, rig, messages, ledger):
    ids = check_answers(t, messages, ledger)
    check_receipts(t, messages, ids, ledger)
    if not rig.direct:
        check_notices(t, messages, ids, ledger)
    check_replies(t, messages, ledger)
    check_carrier(t, messages, rig.carrier)
    if not rig.direct:
        check_times(t, rig, messages)
    t.check("it unbound in peace", ledger and ledger[-1]["what"] ==
            "unbound", ledger[-1:])


def run_client(t, rig, messages, argv, env=None, more=()):
    """Runs a client of the plan to its end; its ledger."""
    plan_path, ledger_path = t.path("plan.json"), t.path("client.jsonl")
    with open(plan_path, "w") as f:
        json.dump(messages, f)
    wanted = deliveries(messages, rig.direct)
    if rig.direct:  # of parts in a row, the script's {text} is the last's
        t.say("straight to the carrier")
    client = Child(t, "client", argv + [
        str(rig.port), rig.login, rig.password, plan_path, ledger_path,
        str(wanted), *more], env)
    rig.began_s = time.time()
    client.spawn()
    status = client.wait(80)
    t.equal("the client ends with 0", status, 0)
    noise = client.stderr().strip()
    t.check("the client does not complain", not noise, noise[:1000])
    return read_json_lines(ledger_path)
