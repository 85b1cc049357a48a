"""What the end-to-end tests share: daemon, carrier, API, ledger, checks.

Each test is a program of its own: it starts its daemons in a folder of its
own on free loopback ports, prints one line a check, and ends with the line
`N passed, M failed` and exit status 0 only when nothing failed. Programs are
taken from $VOLLEY_BIN, else from build/bin.

Nothing here kills a process that this test did not start, and the kernel
ends our children when the test itself is killed.
"""
import collections
import ctypes
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BIN = os.path.abspath(os.environ.get("VOLLEY_BIN") or
                      os.path.join(ROOT, "build", "bin"))
ADMIN_KEY = "adm_e2e0000000000000000000000000"
PR_SET_PDEATHSIG = 1
# What a sanitizer or a failed assertion says on stderr.
ALARM = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error|"
                   r"ThreadSanitizer|Assertion .* failed|\*\*\* .* \*\*\*")


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def program(name):
    path = os.path.join(BIN, name)
    if not os.path.exists(path):
        raise SystemExit("%s is not built: cmake -B build && "
                         "cmake --build build, or set VOLLEY_BIN" % path)
    return path


def free_port():
    """A free port below the range that the kernel gives to clients."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def until(test, seconds, every=0.05):
    """Calls test() until it is true; its last answer."""
    end = time.monotonic() + seconds
    while True:
        answer = test()
        if answer or time.monotonic() >= end:
            return answer
        time.sleep(every)


def is_ram(path):
    """Whether path lies on a RAM disk, where no test of durability runs."""
    kind = subprocess.run(["stat", "-f", "-c", "%T", path],
                          capture_output=True, text=True).stdout.strip()
    return kind in ("tmpfs", "ramfs")


def make_folder(name):
    for place in (os.environ.get("VOLLEY_TMP"), os.path.dirname(BIN),
                  "/var/tmp"):
        if place and os.access(place, os.W_OK) and not is_ram(place):
            return tempfile.mkdtemp(prefix="e2e-%s-" % name, dir=place)
    raise SystemExit("no folder on a real disk: set VOLLEY_TMP to one")


class Suite:
    """with Suite("name") as t: t.check(...); counts and cleans up."""

    def __init__(self, name):
        self.name = name
        self.passed = self.failed = 0
        self.children = []
        self.folder = make_folder(name)
        self.keep = bool(os.environ.get("VOLLEY_KEEP"))
        self.began = time.monotonic()

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def check(self, what, good, detail=""):
        if good:
            self.passed += 1
            print("  ok    %s" % what, flush=True)
        else:
            self.failed += 1
            text = str(detail)
            if len(text) > 2000:
                text = text[:2000] + "..."
            print("  FAIL  %s%s" % (what, ": " + text if text else ""),
                  flush=True)
        return bool(good)

    def equal(self, what, got, wanted):
        return self.check(what, got == wanted,
                          "got %r, wanted %r" % (got, wanted))

    def say(self, text):
        print("  ...   %s" % text, flush=True)

    def __enter__(self):
        print("%s:" % self.name, flush=True)
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            if kind is SystemExit or kind is KeyboardInterrupt:
                print(value)
            else:
                traceback.print_exception(kind, value, trace)
            self.failed += 1
        for child in reversed(self.children):
            child.end()
        if self.failed:
            self.show_logs()
        if self.failed == 0 and not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print("  files in %s" % self.folder)
        print("%d passed, %d failed (%s, %.1f s)" % (
            self.passed, self.failed, self.name,
            time.monotonic() - self.began))
        print("%d passed, %d failed" % (self.passed, self.failed), flush=True)
        sys.exit(1 if self.failed else 0)

    def show_logs(self):
        for child in self.children:
            tail = child.stderr().splitlines()[-15:]
            if tail:
                print("  last lines of %s:" % child.name)
            for line in tail:
                print("    %s" % line)


class Child:
    """A program that we started; its output goes to files."""

    def __init__(self, suite, name, argv, env=None):
        self.suite, self.name, self.argv = suite, name, argv
        self.env = dict(os.environ, **(env or {}))
        self.process = None
        self.out_path = suite.path(name + ".out")
        self.err_path = suite.path(name + ".err")
        suite.children.append(self)

    def spawn(self):
        with open(self.out_path, "ab") as out, \
                open(self.err_path, "ab") as err:
            self.process = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env=self.env, cwd=self.suite.folder,
                preexec_fn=_die_with_parent)

    def runs(self):
        return self.process is not None and self.process.poll() is None

    def pid(self):
        return self.process.pid

    def signal(self, number):
        if self.runs():
            self.process.send_signal(number)

    def kill9(self):
        self.signal(signal.SIGKILL)
        self.process.wait(10)

    def wait(self, seconds):
        """Its exit status, or None when it still runs."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, seconds=30):
        """SIGTERM; its exit status, None when it had to be killed."""
        self.signal(signal.SIGTERM)
        status = self.wait(seconds)
        if status is None:
            self.kill9()
        return status

    def end(self):
        if self.runs():
            self.stop(15)

    def stdout(self):
        return self._read(self.out_path)

    def stderr(self):
        return self._read(self.err_path)

    @staticmethod
    def _read(path):
        try:
            with open(path, errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""


LedgerLine = collections.namedtuple(
    "LedgerLine", "time_us kind bind id source dest ref total part hash "
    "status text")


class Carrier(Child):
    """volley-smsc on a free port, with a ledger that holds the texts."""

    def __init__(self, suite, name, *options, port=None, script=None,
                 text=True):
        self.port = port or free_port()
        self.ledger_path = suite.path(name + ".tsv")
        argv = [program("volley-smsc"), "--port", str(self.port),
                "--ledger", self.ledger_path, *[str(o) for o in options]]
        argv += ["--ledger-text"] if text else []
        if script:
            path = suite.path(name + ".script")
            with open(path, "w") as f:
                f.write(script)
            argv += ["--script", path]
        super().__init__(suite, name, argv)

    def start(self):
        self.spawn()
        if not until(lambda: not self.runs() or self.answers(), 10):
            raise RuntimeError("%s does not listen" % self.name)
        if not self.runs():
            raise RuntimeError("%s ended: %s" % (self.name, self.stderr()))
        return self

    def answers(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def lines(self, *kinds):
        """Lines of the ledger so far, of these kinds."""
        found = []
        try:
            f = open(self.ledger_path, errors="replace", newline="\n")
        except FileNotFoundError:
            return found
        with f:
            for line in f:
                if line.startswith("#") or not line.endswith("\n"):
                    continue
                cells = line[:-1].split("\t")
                if kinds and cells[1] not in kinds:
                    continue
                cells += ["-"] * (12 - len(cells))
                found.append(LedgerLine(int(cells[0]), *cells[1:12]))
        return found

    def count(self, *kinds):
        return len(self.lines(*kinds))

    def judge(self):
        """What --check-ledger --json says."""
        time.sleep(0.2)  # the ledger is written every 100 ms
        run = subprocess.run(
            [program("volley-smsc"), "--check-ledger", self.ledger_path,
             "--json"], capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(run.stderr)
        return json.loads(run.stdout)


def yaml(value, indent=0):
    """Block YAML of dicts, lists and scalars."""
    pad = "  " * indent
    text = ""
    if isinstance(value, dict):
        for key, item in value.items():
            key = key if re.fullmatch(r"\w+", key) else json.dumps(key)
            if isinstance(item, (dict, list)) and item:
                text += "%s%s:\n%s" % (pad, key, yaml(item, indent + 1))
            else:
                text += "%s%s: %s\n" % (pad, key, scalar(item))
        return text
    for item in value:
        if isinstance(item, dict):
            inner = yaml(item, indent + 1)
            text += pad + "- " + inner[len(pad) + 2:]
        else:
            text += "%s- %s\n" % (pad, scalar(item))
    return text


def scalar(item):
    if isinstance(item, dict):
        return "{}"
    if isinstance(item, list):
        return "[]"
    return json.dumps(item)


class Daemon(Child):
    """volleyd with settings of its own and its state in the test's folder."""

    def __init__(self, suite, settings, name="volleyd", env=None):
        self.http_port = free_port()
        self.settings_path = suite.path(name + ".yaml")
        self.data_dir = suite.path(name + "-data")
        self.settings = settings
        settings.setdefault("data_dir", self.data_dir)
        settings.setdefault("log", {"level": "info"})
        settings.setdefault("http", {}).setdefault(
            "listen", "127.0.0.1:%d" % self.http_port)
        settings["http"].setdefault("admin_key", ADMIN_KEY)
        settings.setdefault("smpp", {}).setdefault(
            "listen", ["127.0.0.1:%d" % free_port()])
        self.write_settings()
        self.starts_s = []
        super().__init__(suite, name,
                         [program("volleyd"), "-c", self.settings_path], env)

    def write_settings(self):
        with open(self.settings_path, "w") as f:
            f.write(yaml(self.settings))

    def start(self, seconds=30, bound=True):
        """Returns when it is ready, with bound also when it is bound."""
        began = time.monotonic()
        self.spawn()
        if not until(lambda: not self.runs() or self.is_ready(), seconds):
            raise RuntimeError("volleyd is not ready after %d s" % seconds)
        if not self.runs():
            raise RuntimeError("volleyd ended with %s: %s" % (
                self.process.returncode, self.stderr()[-1500:]))
        self.starts_s.append(time.monotonic() - began)
        if bound and not until(self.is_bound, seconds):
            raise RuntimeError("carriers are not up: %r" %
                               self.api().get("/v1/carriers")[1])
        return self

    def is_ready(self):
        try:
            return self.api(timeout=2).get("/readyz")[0] == 200
        except OSError:
            return False

    def is_bound(self):
        status, answer = self.api().get("/v1/carriers")
        return status == 200 and answer["data"] and all(
            row["state"] == "up" for row in answer["data"])

    def api(self, key=ADMIN_KEY, timeout=30):
        return Api(self.http_port, key, timeout)

    def account(self, name="demo", **more):
        """Makes an account; an Api with its key."""
        answer = self.api().must("POST", "/v1/accounts",
                                 dict(name=name, **more))
        return self.api(answer["key"])

    def audit(self):
        """Exit status and words of --audit on the stopped store."""
        run = subprocess.run([program("volleyd"), "-c", self.settings_path,
                              "--audit"], capture_output=True, text=True,
                             cwd=self.suite.folder, timeout=120)
        return run.returncode, (run.stdout + run.stderr).strip()

    def check_quiet(self, what="volleyd"):
        """No sanitizer and no assertion said anything."""
        alarm = [l for l in self.stderr().splitlines() if ALARM.search(l)]
        self.suite.check("%s: no sanitizer report" % what, not alarm,
                         "\n".join(alarm[:5]))

    def finish(self, audit=True):
        """Orderly end: exit 0, clean store, quiet sanitizers."""
        status = self.stop(60)
        self.suite.equal("SIGTERM ends volleyd with 0", status, 0)
        if audit:
            code, words = self.audit()
            self.suite.check("--audit finds the store clean", code == 0,
                             words)
        self.check_quiet()

    def rss_kb(self):
        with open("/proc/%d/status" % self.pid()) as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


class ApiError(Exception):
    pass


class Api:
    """The HTTP API with one key; each call is one connection."""

    def __init__(self, port, key, timeout=30):
        self.port, self.key, self.timeout = port, key, timeout

    def call(self, method, path, body=None, headers=None, raw=False):
        """Status and answer: JSON as objects, else bytes."""
        head = {"Authorization": "Bearer " + self.key} if self.key else {}
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            head["Content-Type"] = "application/json"
        elif isinstance(body, str):
            body = body.encode()
        head.update(headers or {})
        link = http.client.HTTPConnection("127.0.0.1", self.port,
                                          timeout=self.timeout)
        try:
            link.request(method, path, body=body, headers=head)
            answer = link.getresponse()
            octets = answer.read()
            kind = answer.getheader("Content-Type") or ""
        except http.client.HTTPException as e:
            raise OSError("%s %s: %r" % (method, path, e)) from e
        finally:
            link.close()
        if raw or "json" not in kind or "ndjson" in kind:
            return answer.status, octets
        return answer.status, json.loads(octets)

    def get(self, path, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.call("GET", path)

    def must(self, method, path, body=None, headers=None):
        """The answer of a call that has to succeed."""
        if body is None and method == "POST":
            body = {}
        status, answer = self.call(method, path, body, headers)
        if status >= 300:
            raise ApiError("%s %s: %s %s" % (method, path, status, answer))
        return answer

    def each(self, path, **query):
        """All rows of a list, page by page."""
        while True:
            status, answer = self.get(path, **query)
            if status != 200:
                raise ApiError("GET %s: %s %s" % (path, status, answer))
            yield from answer["data"]
            if not answer.get("next_cursor"):
                return
            query["cursor"] = answer["next_cursor"]

    def sender(self, name, **more):
        """Makes a sender; its id and an Api with its key."""
        answer = self.must("POST", "/v1/senders", dict(name=name, **more))
        return answer["id"], Api(self.port, answer["key"], self.timeout)

    def send(self, to, text, **more):
        return self.must("POST", "/v1/messages",
                         dict(to=to, text=text, **more))["id"]

    def message(self, message_id):
        return self.must("GET", "/v1/messages/" + message_id)

    def state_is(self, message_id, *states, seconds=20):
        """Waits for one of the states; the message as it is then."""
        until(lambda: self.message(message_id)["state"] in states, seconds)
        return self.message(message_id)

    def events(self, types=None, after="0"):
        """Every event kept after an id."""
        found = []
        wanted = "&types=" + ",".join(types) if types else ""
        while True:
            answer = self.must("GET", "/v1/events?wait=0&limit=500&after=%s%s"
                               % (after, wanted))
            if not answer["data"]:
                return found
            after = answer["data"][-1]["id"]
            found += answer["data"]

    def campaign(self, rows, text, **more):
        """Makes and fills one; its id and the answer to the upload."""
        made = self.must("POST", "/v1/campaigns",
                         dict(dict(name="e2e", text=text), **more))
        answer = self.must("PUT", "/v1/campaigns/%s/recipients" % made["id"],
                           rows, {"Content-Type": "text/csv"})
        return made["id"], answer

    def campaign_act(self, campaign, verb):
        return self.must("POST", "/v1/campaigns/%s/%s" % (campaign, verb))

    def campaign_look(self, campaign):
        return self.must("GET", "/v1/campaigns/" + campaign)

    def campaign_ends(self, campaign, seconds=60, also=lambda c: True):
        """Waits until it is done and also() holds; as it is then."""
        def ended():
            c = self.campaign_look(campaign)
            return c["state"] in ("done", "cancelled") and also(c)
        until(ended, seconds, 0.2)
        return self.campaign_look(campaign)

    def results(self, campaign):
        """Rows of the results as objects."""
        status, octets = self.call(
            "GET", "/v1/campaigns/%s/results" % campaign,
            headers={"Accept": "application/x-ndjson"})
        if status != 200:
            raise ApiError("results: %s %s" % (status, octets))
        return [json.loads(l) for l in octets.decode().splitlines()]


# What can have become of a row of the file: their counts add up to the rows.
FATES = ("rejected", "queued", "held", "submitted", "delivered", "failed",
         "expired", "suppressed", "cancelled", "unknown", "uncertain")


def adds_up(campaign):
    counts = campaign["counts"]
    return sum(counts.get(f, 0) for f in FATES) == counts["recipients"]


def carrier_row(carrier, **more):
    """A row of `carriers:` for a Carrier; timers fit for a test."""
    row = {"name": carrier.name, "host": "127.0.0.1", "port": carrier.port,
           "system_id": "volley", "password": "secret", "window": 50,
           "timers": {"reconnect_min": "100ms", "reconnect_max": "1s",
                      "bound_floor": "100ms"}}
    row["timers"].update(more.pop("timers", {}))
    row.update(more)
    return row


def csv_of(rows, header):
    return ",".join(header) + "\n" + "".join(
        ",".join(str(c) for c in row) + "\n" for row in rows)
