#!/usr/bin/env python3
"""A campaign of a million recipients from a CSV file: accepted, sent,
receipted and reported, with what it cost.

    bench/runs/million.py                  one part each
    bench/runs/million.py --mix            10 % UCS-2, 10 % of three parts
    bench/runs/million.py --replies 0.2    one phone in five answers
    bench/runs/million.py --critical       beside it 100 critical texts a second

Two simulated carriers on the same machine receipt every text. The rate is
that of parts from the start of the campaign until the last receipt is
applied, seen from outside through the API; processor time is that of all the
daemon, the upload included.

Each row has to end as delivered and the carriers must have accepted as many
parts as there are: then none was lost and none went twice. --ledger also has
the carriers write each event down and compares them one by one; that costs
them a third of a microsecond a part. Exits 1 when something is missing, or
when a text of the last tenth costs the daemon more than one of the first.
"""
import bisect
import os
import re
import subprocess
import time

from critical import Critical
from measure import Usage, metrics_of
from rig import Case, Daemon, PlainCarrier, carrier_row, options, program
from volley_e2e import Carrier, adds_up

NUMBERS = ("+12125550101", "+12125550102")
TEXT = "Hi {{first_name}}, your car {{plate}} is ready: {{amount}} EUR."
NOTE = "{{#if note}} {{note}}{{/if}}"
SENDERS = ("ann", "bob", "cid", "dan")
LONG = "Please bring the papers and the second key with you. " * 7
WIDE = "Приходите"
PROVED = ("submits", "distinct_messages", "doubled")


def more(parser):
    parser.add_argument("--binds", type=int, default=2, help="a carrier")
    parser.add_argument("--window", type=int, default=500)
    parser.add_argument("--mix", action="store_true",
                        help="10 %% UCS-2, 10 %% of three parts")
    parser.add_argument("--replies", type=float, default=0,
                        metavar="SHARE", help="phones that answer")
    parser.add_argument("--critical", action="store_true",
                        help="100 critical texts a second beside it")
    parser.add_argument("--ledger", action="store_true",
                        help="carriers write each event down; compared")
    parser.add_argument("--limit", type=int, default=600,
                        help="give up after so many seconds")


def write_rows(path, opts):
    """The file of recipients; how many parts they make."""
    argv = [program("volley-load"), "csv", "--rows", str(opts.size)]
    if opts.replies:
        argv += ["--senders", ",".join(SENDERS)]
    with open(path, "wb") as out:
        if not opts.mix:
            subprocess.run(argv, stdout=out, check=True)
            return opts.size
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as csv:
            return opts.size + add_notes(csv.stdout, out)


def add_notes(rows, out):
    """Of ten rows one is wide and one is long; how many parts that adds."""
    notes = [b""] * 10
    notes[3], notes[7] = WIDE.encode(), LONG.encode()
    added = 0
    for nth, row in enumerate(rows):
        if nth == 0:
            out.write(row.rstrip() + b",note\n")
            continue
        note = notes[nth % 10]
        added += 2 * (nth % 10 == 7)
        out.write(row.rstrip() + b"," + note + b"\n")
    return added


def settings(carriers, opts):
    return {
        "log": {"level": "warn"},
        "carriers": [carrier_row(c, binds=opts.binds, window=opts.window)
                     for c in carriers],
        "routes": [{"to": "*", "carriers": [c.name for c in carriers]}],
        "numbers": [{"number": n, "carrier": c.name, "account": "demo"}
                    for n, c in zip(NUMBERS, carriers)],
    }


def start_carriers(t, opts):
    args = ["--receipts", "1:DELIVRD", "--receipt-delay", "1-50", "--stats",
            "--replies", str(opts.replies), "--reply-delay", "1-50"]
    if opts.ledger or opts.critical:
        return [Carrier(t, name, *args, text=False).start()
                for name in ("acme", "orbit")]
    return [PlainCarrier(t, name, *args).start()
            for name in ("acme", "orbit")]


def upload(t, api, campaign, path, size):
    began = time.monotonic()
    with open(path, "rb") as f:
        answer = api.must("PUT", "/v1/campaigns/%s/recipients" % campaign,
                          iter(lambda: f.read(1 << 18), b""),
                          {"Content-Type": "text/csv"})
    t.figure("upload_per_s", size / (time.monotonic() - began), 0)
    t.equal("every row is accepted", (
        answer["accepted"], answer["rejected"], answer["duplicates"]),
        (size, 0, 0))


class Progress:
    """Looks at the campaign until all is final and no reply is on its way."""

    QUIET_S = 1.0  # the slowest reply takes 50 ms

    def __init__(self, api, campaign, opts):
        self.api, self.campaign, self.opts = api, campaign, opts
        self.seen = []  # (seconds, wall us, submitted or later, final)
        self.began = time.monotonic()
        self.ended = self.replied = self.began
        self.replies = 0

    def watch(self):
        end = self.began + self.opts.limit
        while time.monotonic() < end:
            look = self.api.campaign_look(self.campaign)
            counts, now = look["counts"], time.monotonic()
            self.seen.append((now - self.began, time.time() * 1e6,
                              counts["delivered"]))
            if counts["replies"] > self.replies:
                self.replies, self.replied = counts["replies"], now
            if counts["delivered"] == self.opts.size:
                if self.ended == self.began:
                    self.ended = now
                if not self.opts.replies or now - self.replied > self.QUIET_S:
                    break
            near = counts["delivered"] > 0.9 * self.opts.size
            time.sleep(0.01 if near else 0.05)
        return self.api.campaign_look(self.campaign)

    def seconds(self):
        return max(self.ended, self.replied) - self.began

    def rates(self, parts_each):
        """Parts a second from look to look of at least 0.1 s."""
        found, (t0, _, n0) = [], self.seen[0]
        for t1, _, n1 in self.seen:
            if t1 - t0 >= 0.1:
                found.append([round(t1, 3),
                              round((n1 - n0) * parts_each / (t1 - t0))])
                t0, n0 = t1, n1
        return found

    def wall_of(self, delivered):
        """When so many were final, between the two nearest looks."""
        i = bisect.bisect([n for _, _, n in self.seen], delivered)
        if i == 0 or i == len(self.seen):
            return self.seen[min(i, len(self.seen) - 1)][1]
        (_, t0, n0), (_, t1, n1) = self.seen[i - 1:i + 1]
        return t0 + (t1 - t0) * (delivered - n0) / (n1 - n0)


def check_growth(t, progress, use, size):
    """What a text cost the daemon in each tenth, from its middle ones."""
    def cpu_at(wall_us):
        i = bisect.bisect([at for at, _ in use.cpu], wall_us)
        if i == 0 or i == len(use.cpu):
            return use.cpu[min(i, len(use.cpu) - 1)][1]
        (t0, c0), (t1, c1) = use.cpu[i - 1:i + 1]
        return c0 + (c1 - c0) * (wall_us - t0) / (t1 - t0)

    at = [cpu_at(progress.wall_of(size * i // 5)) for i in range(6)]
    cost = [(b - a) * 5e6 / size for a, b in zip(at, at[1:])]
    t.say("each fifth, processor us a text: %s" % " ".join(
        "%.2f" % c for c in cost))
    # The first fifth also fills the windows, the last empties them.
    t.check("the end costs no more than the beginning",
            cost[3] < 1.4 * cost[1] + 0.5, cost)


def count_results(t, api, campaign):
    """Lines of the results that say delivered, read as a stream."""
    began = time.monotonic()
    run = subprocess.run(
        [program("volley"), "campaign", "results", campaign, "--csv",
         "--url", "http://127.0.0.1:%d" % api.port, "--key", api.key,
         "--output", t.path("results.csv")], capture_output=True, text=True)
    t.equal("volley campaign results ends with 0", run.returncode, 0)
    with open(t.path("results.csv")) as f:
        delivered = sum(",delivered," in line for line in f)
    t.say("reported in %.1f s" % (time.monotonic() - began))
    return delivered


def check_replies(t, apis, progress, carriers, size):
    """Every reply lies under the sender of the row that it answers."""
    said = sum(int(re.search(r"total .* replies=(\d+)",
                             c.stdout()).group(1)) for c in carriers)
    t.equal("every reply is counted", progress.replies, said)
    phones, wrong = set(), 0
    for nth, api in enumerate(apis):
        for row in api.each("/v1/messages", direction="in", limit=500):
            phones.add(row["from"])
            wrong += (int(row["from"][-9:]) % len(apis)) != nth
    t.equal("none is under another sender", wrong, 0)
    t.equal("each is found under its sender", len(phones), said)
    t.check("about as many as asked for", said > 0.15 * size, said)


def check_carriers(t, carriers, opts, parts, extra):
    """Stops them; what they accepted is what was to be sent, once each."""
    for c in carriers:
        c.stop()
    came = sum(int(re.search(r"total submits=(\d+)", c.stdout()).group(1))
               for c in carriers)
    t.equal("the carriers got each part once", came, parts + extra)
    if not opts.ledger:
        return
    judged = [c.judge() for c in carriers]
    total = {k: sum(j[k] for j in judged) for k in PROVED}
    t.equal("the ledgers agree", (
        total["submits"], total["distinct_messages"], total["doubled"]),
        (parts + extra, opts.size + extra, 0))


def run(t, opts):
    carriers = start_carriers(t, opts)
    daemon = Daemon(t, settings(carriers, opts)).start()
    api = daemon.account()
    api.timeout = opts.limit
    apis = [api.sender(name, external_id=name)[1]
            for name in SENDERS] if opts.replies else []
    pool = api.must("POST", "/v1/pools", {
        "name": "both", "numbers": list(NUMBERS)})["id"]
    path = t.path("people.csv")
    parts = write_rows(path, opts)
    campaign = api.must("POST", "/v1/campaigns", {
        "name": "million", "text": TEXT + (NOTE if opts.mix else ""),
        "pool": pool})["id"]
    use = Usage({"volleyd": daemon.pid(), **{
        "simulator-" + c.name: c.pid() for c in carriers}},
        daemon.data_dir, metrics_of(daemon))
    first = use.look()
    upload(t, api, campaign, path, opts.size)
    os.unlink(path)
    second = use.look()
    critical = Critical(daemon, api, NUMBERS[0]) if opts.critical else None
    progress = Progress(api, campaign, opts)
    api.campaign_act(campaign, "start")
    look = progress.watch()
    third = use.look()
    use.stop()
    extra = critical.stop() if critical else 0
    tell(t, opts, use, (first, second, third), progress, parts)
    t.check("it is done and every receipt is applied",
            look["state"] == "done" and
            look["counts"]["delivered"] == opts.size, look["counts"])
    t.check("counts add up", adds_up(look), look["counts"])
    check_growth(t, progress, use, opts.size)
    if opts.ledger:
        t.equal("the results report all as delivered",
                count_results(t, api, campaign), opts.size)
    check_carriers(t, carriers, opts, parts, extra)
    if critical:
        critical.tell(t, carriers)
    if opts.replies:
        check_replies(t, apis, progress, carriers, opts.size)
    daemon.finish()


def tell(t, opts, use, looks, progress, parts):
    first, second, third = looks
    seconds = progress.seconds()
    t.figure("parts_per_s", parts / seconds, 0)
    t.figure("messages_per_s", opts.size / seconds, 0)
    t.figure("with_upload_per_s",
             parts / (seconds + second["s"] - first["s"]), 0)
    if opts.replies:
        t.figure("replies_per_s", progress.replies / seconds, 0)
    found = use.figures(first, third, parts)
    sending = use.figures(second, third, parts, seconds)
    for name in ("commits_per_s", "commit_p50_ms", "commit_p99_ms",
                 "commit_p999_ms"):
        found[name] = sending[name]  # the upload commits otherwise
    found["cpu_sending_us"] = sending["cpu_total_us"]
    found["cpu_simulator_us"] = sum(
        found.pop(k) for k in list(found) if k.startswith("cpu_simulator-"))
    for name, value in found.items():
        t.figure(name, value)
    t.series["parts_per_s"] = progress.rates(parts / opts.size)


def main():
    opts = options(__doc__, 1000000, more)
    name = ("mix" if opts.mix else "replies" if opts.replies else
            "critical" if opts.critical else "million")
    with Case(name, opts) as t:
        run(t, opts)


main()
