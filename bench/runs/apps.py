"""Apps that bind to volleyd over SMPP: what relay.py, clients.py and
hostile.py share.

    server = Server(t, [("app0", {}), ...])    daemon, carrier, logins
    said = server.load(count, "--binds", "4")  what volley-load smpp told
    with Guests(server, "--idle", "4900") as guests: ...

Figures of a load: submits that were answered a second, and the time from
submit_sm to submit_sm_resp, which the daemon gives after the commit.
"""
import json
import signal
import subprocess

from measure import Usage, metrics_of
from rig import (Carrier, Child, Daemon, PlainCarrier, carrier_row, free_port,
                 open_account, program, settings, until)

NUMBER = "+12125550101"
PASSWORD = "secret"
BINDS, WINDOW = 8, 1000  # of the way out
LOAD_LIMIT_S = 300
STARTS_AT = 1000000  # a load's destinations are nobody else's


class Server:
    """volleyd with logins and one carrier behind it. ledger: the carrier
    writes down each event."""

    def __init__(self, t, logins, ledger=False):
        self.t, self.loads = t, 0
        if ledger:
            self.carrier = Carrier(t, "acme", "--receipts", "1:DELIVRD",
                                   "--receipt-delay", "1-50").start()
        else:
            self.carrier = PlainCarrier(t, "acme").start()
        self.port = free_port()
        self.daemon = Daemon(t, settings(
            [dict(carrier_row(self.carrier, binds=BINDS, window=WINDOW),
                  name="acme")],
            [(NUMBER, "acme", {})],
            smpp={"listen": ["127.0.0.1:%d" % self.port]})).start()
        self.api = open_account(self.daemon)
        for system_id, more in logins:
            self.daemon.api().must("POST", "/v1/logins", dict(
                account="demo", system_id=system_id, password=PASSWORD,
                **more))
        self.metrics = metrics_of(self.daemon)
        self.use = Usage({"volleyd": self.daemon.pid(),
                          "simulator": self.carrier.pid()},
                         data_dir=self.daemon.data_dir, metrics=self.metrics)

    def load(self, count, *more):
        """One volley-load smpp; nothing may be lost, doubled or refused."""
        said, words = load(self.port, count, "--start",
                           str(STARTS_AT * self.loads), *more)
        self.loads += 1 + count // STARTS_AT
        if "answered" not in said:
            raise RuntimeError(words)
        self.t.check("%s submits: answered and receipted once each" %
                     format(count, ","),
                     said.get("receipts_missing") == 0 and
                     said["answered"] == said["accepted"] == count and
                     said["ids_doubled"] == said["receipts_doubled"] == 0,
                     words or said)
        return said

    def finish(self, count):
        """Ends both; the carrier got `count` messages, once each."""
        self.use.stop()
        self.daemon.finish(audit=False)
        if isinstance(self.carrier, Carrier):
            self.carrier.stop()
            told = self.carrier.judge()
            self.t.equal("ledger: distinct messages",
                         told["distinct_messages"], count)
            self.t.equal("ledger: doubled", told["doubled"], 0)
        else:
            got = self.carrier.submits()
            self.t.check("the carrier got each once", got == count, got)


def load(port, count, *more):
    """What volley-load smpp --json says, and its words."""
    run = subprocess.run(
        [program("volley-load"), "smpp", "--json", "--port", str(port),
         "--from", NUMBER[1:], "--password", PASSWORD, "--count", str(count),
         "--linger", "20", *map(str, more)],
        capture_output=True, text=True, timeout=LOAD_LIMIT_S)
    return json.loads(run.stdout) if run.stdout else {}, run.stderr


def latency_figures(t, said, prefix):
    for name in ("p50", "p99", "p999"):
        t.figure("%s%s_ms" % (prefix, name), said["latency_us"][name] / 1e3,
                 3)


def know(server, system_id, logins):
    """Each login binds once: its password is known from then on, and nobody
    has to wait for a slow hash. They come from many addresses, for one may
    only have so many passwords looked at."""
    with Guests(server, "--idle", logins, "--system-id", system_id,
                "--source", "127.0.4.1", "--sources", 100):
        pass


class Guests(Child):
    """volley-load guests; `said` is its report once it has ended."""

    def __init__(self, server, *more):
        self.said, self.seconds = {}, 0.0
        super().__init__(server.t, "guests-%d" % len(server.t.children), [
            program("volley-load"), "guests", "--json", "--port",
            str(server.port), "--from", NUMBER[1:], "--password", PASSWORD,
            *map(str, more)])

    def __enter__(self):
        self.spawn()
        if not until(self._is_ready, 120):
            self.suite.check("all guests came", False,
                             self.stdout() + self.stderr())
        return self

    def _is_ready(self):
        words = self.stdout().split()
        if len(words) < 3:
            return not self.runs()
        self.seconds = float(words[2])
        return True

    def __exit__(self, kind, value, trace):
        self.signal(signal.SIGTERM)
        self.wait(30)
        lines = self.stdout().splitlines()
        if len(lines) > 1:
            self.said = json.loads(lines[-1])
