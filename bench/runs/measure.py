"""What a program costs, read from /proc and the daemon's /metrics.

    use = Usage({"volleyd": daemon.pid(), "simulator": carrier.pid()},
                data_dir=daemon.data_dir, metrics=metrics_of(daemon))
    began = use.look()
    ...                                    # the work that is measured
    figures = use.figures(began, use.look(), parts)
    use.stop()

A look is every counter at one instant; figures() is the one place where the
difference of two looks becomes figures of a part. Names end in their unit:

    cpu_engine_us, cpu_store_us, cpu_intake_us, cpu_other_us: of the daemon's
        threads, a part; cpu_total_us: all of the daemon; cpu_simulator_us
    engine_switches_per_1000, store_...: context switches of 1,000 parts, the
        processor given up or taken away
    commits_per_s, commit_p50_ms, _p99_, _p999_: between the looks
    written_bytes: sent to the disk, a part; stored_bytes: what data_dir grew
    rss_mib, anon_mib: the most that was resident; of it our own memory

Looking costs 0.2 ms of another process ten times a second.
"""
import os
import re
import threading
import time

# Threads of volleyd by their names; the first one bears the program's.
ROLES = (("volleyd", "engine"), ("store", "store"), ("checkpoint", "store"),
         ("intake", "intake"))
EVERY_S = 0.1


def _read(path):
    with open(path) as f:
        return f.read()


def _role(name):
    for begins, role in ROLES:
        if name.startswith(begins):
            return role
    return "other"


def threads(pid):
    """Role -> [seconds of processor, switches given up, taken away]."""
    found = {}
    for task in os.listdir("/proc/%d/task" % pid):
        place = "/proc/%d/task/%s/" % (pid, task)
        try:
            name = _read(place + "comm").strip()
            used_ns = int(_read(place + "schedstat").split()[0])
            status = _read(place + "status")
        except OSError:
            continue
        switches = [int(n) for n in re.findall(
            r"voluntary_ctxt_switches:\s+(\d+)", status)]
        sum_ = found.setdefault(_role(name), [0.0, 0, 0])
        sum_[0] += used_ns / 1e9
        sum_[1] += switches[0]
        sum_[2] += switches[1]
    return found


def cpu_s(pid):
    """Seconds of processor of the process, ended threads included."""
    ticks = _read("/proc/%d/stat" % pid).rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def folder_bytes(path):
    """What a folder takes on disk."""
    total = 0
    for place, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_blocks * 512
            except OSError:
                pass
    return total


def metrics_of(daemon):
    """A function that reads the daemon's /metrics: name with labels ->
    value."""
    def read():
        octets = daemon.api().call("GET", "/metrics", raw=True)[1]
        return {name: float(value) for name, value in re.findall(
            r"^([^#\s]\S*) (\S+)$", octets.decode(), re.M)}
    return read


COMMITS = "volley_store_commit_duration_seconds"


def _commits(metrics):
    """Cumulative counts by upper bound in seconds, and of all."""
    steps = sorted((float(m.group(1)), value) for m, value in (
        (re.fullmatch(COMMITS + r'_bucket\{le="(.*)"\}', name), value)
        for name, value in metrics.items()) if m)
    return steps, metrics.get(COMMITS + "_count", 0)


def _quantile_ms(before, after, share):
    """Between two histograms, linear inside a step."""
    counts = [(bound, now - then) for (bound, now), (_, then)
              in zip(after, before)]
    total = counts[-1][1] if counts else 0
    low, passed = 0.0, 0.0
    for bound, count in counts:
        if total and count >= share * total:
            if bound == float("inf"):
                return low * 1e3
            inside = (share * total - passed) / (count - passed)
            return (low + (bound - low) * inside) * 1e3
        low, passed = bound, count
    return 0.0


class Usage(threading.Thread):
    def __init__(self, pids, data_dir=None, metrics=None):
        """pids: name -> process; the one called volleyd is told by thread.
        data_dir and metrics are the daemon's and may be absent."""
        super().__init__(daemon=True)
        self.pids, self.data_dir, self.metrics = pids, data_dir, metrics
        self.on, self.lock = True, threading.Lock()
        self.rss, self.anon = 0.0, 0.0
        self.cpu = []  # (wall clock in us, seconds used by the daemon)
        self.start()

    def run(self):
        pid = self.pids["volleyd"]
        while self.on:
            try:
                status = _read("/proc/%d/status" % pid)
                used = cpu_s(pid)
            except OSError:
                return
            mib = {k: int(v) / 1024 for k, v in re.findall(
                r"(VmRSS|RssAnon):\s+(\d+)", status)}
            with self.lock:
                self.cpu.append((time.time() * 1e6, used))
                self.rss = max(self.rss, mib.get("VmRSS", 0))
                self.anon = max(self.anon, mib.get("RssAnon", 0))
            time.sleep(EVERY_S)

    def stop(self):
        self.on = False
        self.join()

    def look(self):
        """Every counter now."""
        pid = self.pids["volleyd"]
        io = dict(re.findall(r"(\w+): (\d+)", _read("/proc/%d/io" % pid)))
        return {
            "metrics": self.metrics() if self.metrics else {},
            "stored": folder_bytes(self.data_dir) if self.data_dir else 0,
            "written": int(io["write_bytes"]),
            "threads": threads(pid),
            "cpu": {name: cpu_s(p) for name, p in self.pids.items()},
            "s": time.monotonic(),
        }

    def most(self):
        """The most resident memory since it was last asked, in MiB."""
        with self.lock:
            found = {"rss_mib": self.rss, "anon_mib": self.anon}
            self.rss = self.anon = 0.0
        return found

    def figures(self, before, after, parts, seconds=None):
        """seconds: of the work, when a look came later than its end."""
        span = seconds or after["s"] - before["s"]
        found = {}
        for role, now in after["threads"].items():
            then = before["threads"].get(role, [0.0, 0, 0])
            found["cpu_%s_us" % role] = (now[0] - then[0]) * 1e6 / parts
            found["%s_switches_per_1000" % role] = \
                (sum(now[1:]) - sum(then[1:])) * 1e3 / parts
        for name, now in after["cpu"].items():
            name = "total" if name == "volleyd" else name
            found["cpu_%s_us" % name] = 1e6 / parts * (now - before["cpu"][
                "volleyd" if name == "total" else name])
        found["written_bytes"] = (after["written"] - before["written"]) / parts
        if self.data_dir:
            found["stored_bytes"] = (after["stored"] -
                                     before["stored"]) / parts
        if self.metrics:
            found.update(self._commit_figures(before, after, span))
        found.update(self.most())
        return found

    @staticmethod
    def _commit_figures(before, after, span):
        steps0, count0 = _commits(before["metrics"])
        steps1, count1 = _commits(after["metrics"])
        return {"commits_per_s": (count1 - count0) / span,
                "commit_p50_ms": _quantile_ms(steps0, steps1, 0.5),
                "commit_p99_ms": _quantile_ms(steps0, steps1, 0.99),
                "commit_p999_ms": _quantile_ms(steps0, steps1, 0.999)}


def percentile(values, share):
    """The value that `share` of all are at or under; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] \
        if ordered else 0.0
