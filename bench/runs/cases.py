"""The table of what bench/run runs: a row a case.

A case is a script of this folder that does one run, and the figures of it
that are shown. A figure may have a goal: ">= 250000", "<= 4", or against a
ceiling or peer: ">= 0.1 wire.exchanges_per_s", meaning a tenth of what
`wire` gave in the same round; "of wire.exchanges_per_s" tells the share and
judges nothing. `beside` names the ceilings and peers, which take turns with
the case, round by round.

    letter, name    how `bench/run` calls it: "million" or "a"; ceilings
                    and peers have no letter and are not run for themselves
    script, args    of this folder, and its options
    shows           (figure of the JSON, label, unit, goal or None)
    beside          names of rows here
    proof           options of one more run that is not counted
    runs            how often at most, for what takes long (None: as asked)
    needs           Debian packages, of the group `bench` in tests/packages
"""
import collections

Case = collections.namedtuple(
    "Case", "letter name script shows args beside proof runs needs about")


def case(letter, name, script, shows, args=(), beside=(), proof=(),
         runs=None, needs=(), about=""):
    return Case(letter, name, script, tuple(shows), tuple(args),
                tuple(beside), tuple(proof), runs, tuple(needs), about)


# What every case that sends through volleyd tells besides.
COST = (
    ("cpu_total_us", "processor of volleyd", "us/part", None),
    ("cpu_engine_us", "  engine thread", "us/part", None),
    ("cpu_store_us", "  store threads", "us/part", None),
    ("cpu_intake_us", "  intake threads", "us/part", None),
    ("cpu_simulator_us", "simulator", "us/part", None),
    ("engine_switches_per_1000", "switches, engine", "/1,000", None),
    ("store_switches_per_1000", "switches, store", "/1,000", None),
    ("commits_per_s", "commits", "/s", None),
    ("commit_p50_ms", "  p50", "ms", None),
    ("commit_p99_ms", "  p99", "ms", None),
    ("commit_p999_ms", "  p99.9", "ms", None),
    ("written_bytes", "written to disk", "octets/part", None),
    ("stored_bytes", "kept on disk", "octets/part", None),
    ("rss_mib", "resident, most", "MiB", None),
    ("anon_mib", "  our own memory", "MiB", None),
)


def cost(**goals):
    """COST with goals: cost(cpu_total_us="<= 4")."""
    return tuple((f, label, unit, goals.get(f, goal))
                 for f, label, unit, goal in COST)


CASES = [
    # ---- ceilings and peers
    case(None, "wire", "wire.py",
         [("exchanges_per_s", "the wire alone", "/s", None),
          ("cpu_load_us", "volley-load", "us/exchange", None),
          ("cpu_simulator_us", "simulator", "us/exchange", None)],
         about="volley-load straight into volley-smsc: nothing is stored"),
    case(None, "skeleton", "skeleton.py",
         [("messages_per_s", "the design alone", "/s", None),
          ("cpu_engine_us", "engine thread", "us/message", None),
          ("cpu_store_us", "store thread", "us/message", None),
          ("commit_p50_ms", "commit, p50", "ms", None)],
         about="volley-skeleton: three threads, real commits, nothing else"),
    case(None, "kannel", "kannel.py",
         [("messages_per_s", "Kannel, spool, app told", "/s", None),
          ("acked_per_s", "  receipt acknowledged", "/s", None),
          ("sendsms_per_s", "  sendsms accepted", "/s", None),
          ("p99_ms", "  sendsms, p99", "ms", None),
          ("cpu_us", "  processor", "us/message", None)],
         args=["--size", "20000", "--spool-only"], needs=["kannel"],
         about="Debian's Kannel: 32 connections, spool store, dlr-url"),

    # ---- cases
    case("a", "million", "million.py",
         [("parts_per_s", "to final state", "/s", ">= 250000"),
          ("parts_per_s", "a tenth of the wire", "/s",
           ">= 0.1 wire.exchanges_per_s"),
          ("parts_per_s", "150 times Kannel", "/s",
           ">= 150 kannel.messages_per_s"),
          ("parts_per_s", "of the skeleton's rate", "/s",
           "of skeleton.messages_per_s"),
          ("upload_per_s", "rows accepted", "/s", None)] +
         list(cost(cpu_total_us="<= 4", rss_mib="<= 256",
                   written_bytes="<= 400", stored_bytes="<= 400")),
         beside=["wire", "skeleton", "kannel"], proof=["--ledger"],
         about="1,000,000 from CSV, three fields, receipts for all"),
    case("b", "mix", "million.py",
         [("parts_per_s", "parts to final state", "/s",
           ">= 0.8 million.parts_per_s"),
          ("messages_per_s", "messages", "/s", None)] + list(cost()),
         args=["--mix"], beside=["million"], proof=["--ledger"],
         about="10 % UCS-2 and 10 % of three parts"),
    case("c", "intake", "intake.py",
         [("messages_per_s", "accepted, durable", "/s", ">= 200000"),
          ("p99_ms", "request of 500, p99", "ms", None),
          ("final_per_s", "to final state", "/s", None),
          ("sent_meanwhile_percent", "sent meanwhile", "%", None)] +
         list(cost()),
         about="single messages as NDJSON; they are sent meanwhile"),
    case("d", "single", "single.py",
         [("messages_per_s", "accepted, durable", "/s", None),
          ("messages_per_s", "5 times Kannel's sendsms", "/s",
           ">= 5 kannel.sendsms_per_s"),
          ("p50_ms", "POST to 202, p50", "ms", None),
          ("p99_ms", "  p99", "ms", "<= 10"),
          ("sent_meanwhile_percent", "sent meanwhile", "%", None)] +
         list(cost()),
         beside=["kannel"],
         about="POST one by one, 32 connections; they are sent meanwhile"),
    case("e", "replies", "million.py",
         [("parts_per_s", "to final state, replied", "/s",
           ">= 0.7 million.parts_per_s"),
          ("replies_per_s", "replies", "/s", None)] + list(cost()),
         args=["--replies", "0.2"], beside=["million"], proof=["--ledger"],
         about="one phone in five answers; each is found under its sender"),
    case("f", "critical", "million.py",
         [("wire_p50_ms", "accepted to wire, p50", "ms", None),
          ("wire_p99_ms", "  p99", "ms", "<= 15"),
          ("wire_p999_ms", "  p99.9", "ms", "<= 50"),
          ("posted_p99_ms", "POST to wire, p99", "ms", None),
          ("answer_p99_ms", "POST to 202, p99", "ms", None),
          ("parts_per_s", "beside it", "/s", None)] + list(cost()),
         args=["--critical", "--size", "4000000"],
         about="critical messages, 100 a second, while the million runs"),
    case("g", "stored", "stored.py",
         [("last_per_s", "the last million of 30", "/s", None),
          ("first_per_s", "  the first", "/s", None),
          ("last_of_first_percent", "  share of the first's rate", "%",
           ">= 80"),
          ("last_cpu_us", "processor, the last", "us/message", None),
          ("first_cpu_us", "  the first", "us/message", None),
          ("rss_mib", "resident, most", "MiB", "<= 512"),
          ("disk_bytes_per_message", "kept on disk", "octets/message",
           "<= 400")],
         runs=1, about="30,000,000 messages in one store"),
    case("h", "restart", "restart.py",
         [("ready_s", "ready after kill -9", "s", "<= 3"),
          ("first_out_s", "first text out, after that", "s", "<= 1"),
          ("uncertain_messages", "in doubt in the end", "messages", None),
          ("rss_mib", "resident, most", "MiB", "<= 512")],
         runs=3, about="a restart with 10,000,000 recipients waiting"),
    case("i", "slow_disk", "slow_disk.py",
         [("sync_5_ms_per_s", "syncs 5 ms slower", "/s", ">= 150000"),
          ("sync_20_ms_per_s", "  20 ms slower", "/s", None),
          ("sync_0_ms_per_s", "  as they are", "/s", None),
          ("sync_5_ms_cpu_us", "processor at 5 ms", "us/message", None)],
         about="every sync made slower"),
    case("j", "tls_binds", "tls_binds.py",
         [("tls_per_s", "over TLS", "/s", None),
          ("plain_per_s", "  plain", "/s", None),
          ("tls_of_plain_percent", "  share of the plain rate", "%", None),
          ("tls_cpu_us", "processor over TLS", "us/message", None),
          ("plain_cpu_us", "  plain", "us/message", None)],
         about="8 binds over TLS against 8 plain ones"),
    case("k", "many", "many.py",
         [("carriers_50_binds_200_per_s", "50 carriers, 200 binds", "/s",
           None),
          ("carriers_1_binds_8_per_s", "1 carrier, 8 binds", "/s", None),
          ("many_of_few_percent", "  share of the rate", "%", ">= 75"),
          ("carriers_1_binds_1_per_s", "1 carrier, 1 bind", "/s", None),
          ("carriers_50_binds_200_cpu_us", "processor, 200 binds",
           "us/message", None),
          ("carriers_1_binds_8_cpu_us", "  8 binds", "us/message", None)],
         about="many carriers and binds against few"),
    case("l", "limited", "limited.py",
         [("fewest_parts_in_1s", "100 numbers at 1,000/s: fewest in 1 s",
           "parts", ">= 990"),
          ("most_parts_in_1s", "  most in 1 s", "parts", "<= 1000"),
          ("mean_parts_per_s", "  mean", "/s", None),
          ("limited_core_percent", "  of a core", "%", None),
          ("limited_cpu_us", "  processor", "us/message", None),
          ("idle_core_percent", "all wait for a day: of a core", "%",
           "<= 5"),
          ("per_10_core_percent", "100 numbers at 10/s: of a core", "%",
           "<= 5")],
         runs=3, about="limits of parts a second: accuracy, cost"),
    case("m", "codec", "codec.py",
         [("%s_%s_peer_times" % (pdu, way), "%s %s, libsmpp34" % (pdu, way),
           "times", ">= 15")
          for pdu in ("submit_sm", "deliver_sm")
          for way in ("encode", "decode")] +
         [("%s_%s_ns" % (pdu, way), "%s %s" % (pdu, way), "ns", None)
          for pdu in ("submit_sm", "deliver_sm")
          for way in ("encode", "decode")],
         needs=["libsmpp34-dev"],
         about="the codec beside Debian's libsmpp34"),
    case("n", "relay", "relay.py",
         [("messages_per_s", "to the app's receipt", "/s", None),
          ("messages_per_s", "  of the wire alone", "/s",
           "of wire.exchanges_per_s"),
          ("p50_ms", "answer, full speed, p50", "ms", None),
          ("p99_ms", "  p99", "ms", None),
          ("p999_ms", "  p99.9", "ms", None),
          ("half_rate_per_s", "half of that rate", "/s", None),
          ("half_p50_ms", "answer, half rate, p50", "ms", None),
          ("half_p99_ms", "  p99", "ms", "<= 20"),
          ("half_p999_ms", "  p99.9", "ms", None)] + list(cost()),
         beside=["wire"], proof=["--ledger"],
         about="SMPP app to SMPP carrier, durable, receipts back to the app"),
    case("o", "clients", "clients.py",
         [("idle_rss_bytes", "an idle bind", "octets", "<= 8192"),
          ("idle_core_percent", "4,900 idle, processor", "% of a core", None),
          ("all_bound_s", "4,900 binds", "s", None),
          ("beside_per_s", "100 beside them", "/s", None),
          ("rate_percent", "  of the rate alone", "%", ">= 95"),
          ("alone_p99_ms", "answer alone, p99", "ms", None),
          ("beside_p99_ms", "  beside them", "ms", None)],
         about="5,000 apps bound at once, 4,900 of them idle"),
    case("p", "hostile", "hostile.py",
         [("beside_per_s", "20 good apps", "/s", None),
          ("rate_percent", "  of their rate alone", "%", ">= 95"),
          ("alone_p99_ms", "answer alone, p99", "ms", None),
          ("beside_p99_ms", "  beside the hostile", "ms", None),
          ("p99_times", "  times", "times", "<= 2"),
          ("fresh_bind_ms", "first bind of an app", "ms", None),
          ("volleyd_core_percent", "processor of volleyd", "% of a core",
           None)],
         about="2,000 hostile connections beside 20 good ones"),
]
