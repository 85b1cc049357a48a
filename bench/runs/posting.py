"""POST /v1/messages while all that is accepted is also sent and receipted:
what intake.py and single.py share."""
import json
import subprocess

from measure import Usage, metrics_of
from rig import (Daemon, PlainCarrier, carrier_row, open_account, program,
                 settings, until)

NUMBER = "+12125550101"
WINDOW = 1000
DRAIN_S = 120


def load(daemon, api, count, *more):
    """What volley-load http --json says of one run, and its words."""
    run = subprocess.run(
        [program("volley-load"), "http", "--json", "--url",
         "http://127.0.0.1:%d" % daemon.http_port, "--key", api.key,
         "--from", NUMBER, "--count", str(count), *map(str, more)],
        capture_output=True, text=True)
    return json.loads(run.stdout) if run.stdout else {}, run.stderr


def post_all(t, count, binds, *more):
    """Posts count messages while they leave over so many binds, and waits
    for the last receipt; figures of t."""
    smsc = PlainCarrier(t, "acme").start()
    daemon = Daemon(t, settings(
        [dict(carrier_row(smsc, binds=binds, window=WINDOW), name="acme")],
        [(NUMBER, "acme", {})])).start()
    api = open_account(daemon)
    metrics = metrics_of(daemon)
    use = Usage({"volleyd": daemon.pid(), "simulator": smsc.pid()},
                data_dir=daemon.data_dir, metrics=metrics)
    before = use.look()
    said, words = load(daemon, api, count, *more)
    got = metrics()
    accepted = use.look()
    t.check("every message is accepted", said.get("accepted") == count,
            words or said)
    t.figure("messages_per_s", said["messages_per_s"], 0)
    for name in ("p50", "p99", "p999", "max"):
        t.figure("%s_ms" % name, said["latency_us"][name] / 1e3, 3)
    sent = got.get("volley_parts_submitted_total", 0)
    t.figure("sent_meanwhile_percent", 100 * sent / count, 1)

    def receipted():
        return metrics().get("volley_deliveries_received_total", 0) >= count
    t.check("each has its receipt", until(receipted, DRAIN_S), metrics())
    end = use.look()
    t.figure("final_per_s", count / (end["s"] - before["s"]), 0)
    for name, value in use.figures(before, end, count).items():
        t.figure(name, value, 3)
    span = use.figures(before, accepted, count)
    t.figure("commits_accepting_per_s", span["commits_per_s"], 0)
    use.stop()
    daemon.finish(audit=False)
    got = smsc.submits()
    t.check("the carrier got each once", got == count, got)
    t.figure("load_cpu_us", said["cpu_s"] * 1e6 / count, 2)
    return said
