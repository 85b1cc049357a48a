"""Clients of the API that wait: event streams that are resumed, long polls,
and those that are slow, endless or gone (part of api_test.py)."""
import http.client
import json
import socket
import threading
import time

from volley_e2e import until

ONE = "+12125550101"


class Stream:
    """A stream of Server-Sent Events, read by a thread."""

    def __init__(self, api, query="", last=None):
        head = {"Authorization": "Bearer " + api.key}
        if last:
            head["Last-Event-ID"] = last
        self.link = http.client.HTTPConnection("127.0.0.1", api.port,
                                               timeout=20)
        self.link.request("GET", "/v1/events" + query, headers=head)
        self.answer = self.link.getresponse()
        self.events, self.comments, self.ended = [], 0, False
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        event = {}
        try:
            for line in self.answer:
                line = line.decode().rstrip("\n")
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(": ")
                    event[name] = value
                elif "data" in event:
                    self.events.append((event["id"], event["event"],
                                        json.loads(event["data"])))
                    event = {}
        except (OSError, ValueError, AttributeError,
                http.client.HTTPException):
            pass
        self.ended = True

    def of(self, message):
        """Types of the events of one message."""
        return [kind for _, kind, data in self.events
                if data["data"].get("id") == message]

    def close(self):
        self.link.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)


def check_events(t, w):
    mine, account, other = (Stream(w.ann), Stream(w.account),
                            Stream(w.foreign))
    bobs = Stream(w.bob)
    t.equal("a stream is text/event-stream",
            mine.answer.getheader("Content-Type"), "text/event-stream")
    first = w.ann.send("+14155555001", "event one", **{"from": ONE})
    t.check("its events come: submitted, delivered", until(
        lambda: "message.delivered" in mine.of(first), 10), mine.events)
    t.check("submitted comes first",
            mine.of(first)[0] == "message.submitted", mine.of(first))
    row = [e for e in mine.events if e[2]["data"]["id"] == first][0]
    t.check("an event: id, type, timestamp, data", row[0] == row[2]["id"] and
            row[1] == row[2]["type"] and row[2]["timestamp"] and
            row[2]["data"]["text"] == "event one", row)
    t.check("the account hears it too", until(
        lambda: account.of(first), 5))
    t.check("nobody else does", not other.of(first) and not bobs.of(first))
    t.check("without Last-Event-ID a stream starts now",
            all(e[2]["data"].get("id") == first for e in mine.events
                if e[1].startswith("message.")), mine.events)
    check_resume(t, w, mine, first)
    for s in (account, other, bobs):
        s.close()
    check_poll(t, w, first)


def check_resume(t, w, stream, first):
    last = stream.events[0][0]
    stream.close()
    second = w.ann.send("+14155555002", "event two", **{"from": ONE})
    w.ann.state_is(second, "delivered")
    again = Stream(w.ann, last=last)
    t.check("resumed with Last-Event-ID: what was missed comes", until(
        lambda: "message.delivered" in again.of(second), 10), again.events)
    ids = [e[0] for e in again.events]
    t.check("and not what was seen", last not in ids, ids)
    t.check("in order, none twice", ids == sorted(set(ids)), ids)
    t.check("the rest of the first too",
            "message.delivered" in again.of(first), again.of(first))
    again.close()
    oldest = Stream(w.ann, "?after=0&types=message.delivered")
    t.check("?after=0 begins with the oldest kept", until(
        lambda: oldest.of(second), 10))
    t.equal("?types= leaves the others out",
            {e[1] for e in oldest.events}, {"message.delivered"})
    oldest.close()


def check_poll(t, w, first):
    began = time.monotonic()
    empty = w.ann.must("GET", "/v1/events?wait=1")
    took = time.monotonic() - began
    t.check("a long poll waits and comes back empty",
            empty["data"] == [] and 0.9 < took < 5, (took, empty))
    got = []
    poll = threading.Thread(target=lambda: got.append(w.ann.must(
        "GET", "/v1/events?wait=10&after=" + empty["next_cursor"])))
    began = time.monotonic()
    poll.start()
    time.sleep(0.3)
    third = w.ann.send("+14155555003", "event three", **{"from": ONE})
    poll.join(15)
    took = time.monotonic() - began
    t.check("or as soon as something happens", got and took < 5 and
            got[0]["data"][0]["data"]["id"] == third, (took, got))
    page = w.ann.must("GET", "/v1/events?wait=0&after=0&limit=2")
    t.equal("of at most `limit`", len(page["data"]), 2)
    rest = w.ann.must("GET", "/v1/events?wait=0&limit=1&after=" +
                      page["data"][1]["id"])
    t.check("and goes on behind an id",
            rest["data"][0]["id"] > page["data"][1]["id"], rest)
    for query in ("wait=x", "wait=0&after=x", "wait=0&after=evt_"):
        status, body = w.ann.get("/v1/events?" + query)
        t.equal("?%s: 400" % query, status, 400)


# --- slow, endless, gone

def connect(w, octets):
    s = socket.create_connection(("127.0.0.1", w.daemon.http_port),
                                 timeout=30)
    s.sendall(octets)
    return s


def head(api, method, path, *more):
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: x",
             "Authorization: Bearer " + api.key]
    return ("\r\n".join(lines + list(more)) + "\r\n\r\n").encode()


def closed_after(s, drip=None, every=0.1, limit=30):
    """Seconds until the other end closes; drip is sent all the while."""
    began = time.monotonic()
    s.settimeout(every)
    while time.monotonic() - began < limit:
        try:
            if drip:
                s.sendall(drip)
            if s.recv(65536) == b"":
                break
        except socket.timeout:
            continue
        except OSError:
            break
    s.close()
    return time.monotonic() - began


def answers_quickly(w):
    began = time.monotonic()
    fine = w.ann.get("/healthz")[0] == 200 and w.account.must(
        "GET", "/v1/numbers")["data"]
    return bool(fine) and time.monotonic() - began < 2


def check_slow(t, w):
    campaign, slow_one = (w.account.must("POST", "/v1/campaigns", {
        "name": "slow", "text": "x", "from": ONE})["id"] for _ in "ab")
    path, slow_path = ("/v1/campaigns/%s/recipients" % c
                       for c in (campaign, slow_one))
    took = {}

    def run(name, octets, drip):
        took[name] = closed_after(connect(w, octets), drip)
    slow = [threading.Thread(target=run, args=args) for args in (
        ("header", b"GET /healthz HTTP/1.1\r\nX-Slow: ", b"a"),
        ("silent", b"", None),
        ("idle", head(w.ann, "GET", "/healthz"), None),
        ("body", head(w.ann, "POST", "/v1/messages",
                      "Content-Length: 100000"), b" "),
        ("upload", head(w.account, "PUT", slow_path, "Content-Type: text/csv",
                        "Content-Length: 100000"), b" "))]
    for s in slow:
        s.start()
    more = [connect(w, b"GET /") for _ in range(60)]
    t.check("60 slow clients hold up nobody", answers_quickly(w))
    check_endless(t, w, campaign, path)
    check_unread(t, w)
    for s in slow:
        s.join(40)
    for s in more:
        s.close()
    t.check("headers have 2 s in total", took["header"] < 6, took)
    t.check("silence ends after that, too", took["silent"] < 6, took)
    t.check("an idle connection ends after 4 s", took["idle"] < 9, took)
    t.check("a body slower than 1 KB/s ends", took["body"] < 20, took)
    t.check("an upload, too", took["upload"] < 20, took)
    t.check("slow ones are counted", b"volley_http_cut_off_total" in
            w.nobody.get("/metrics")[1])


def check_endless(t, w, campaign, path):
    """6 MB of an upload that has no end, then the client is gone."""
    before = w.daemon.rss_kb()
    s = connect(w, head(w.account, "PUT", path, "Content-Type: text/csv",
                        "Transfer-Encoding: chunked") + b"3\r\nto\n\r\n")
    rows = b"".join(b"+1415%07d\n" % i for i in range(5000))
    for _ in range(100):
        s.sendall(b"%x\r\n" % len(rows) + rows + b"\r\n")
    t.check("an endless upload holds up nobody", answers_quickly(w))
    status, _ = w.account.call("PUT", path, "to\n+14155551001\n",
                               {"Content-Type": "text/csv"})
    t.equal("a second upload meanwhile: 409", status, 409)
    grown = w.daemon.rss_kb() - before
    t.check("in constant memory", grown < 200 * 1024, "%d KB" % grown)
    s.close()

    def free():
        return w.account.call("PUT", path, "to\n+14155551001\n",
                              {"Content-Type": "text/csv"})[0] == 200
    began = time.monotonic()
    t.check("broken off it counts for nothing", until(free, 10))
    t.say("%.1f s until it was free" % (time.monotonic() - began))
    t.equal("one recipient is there", w.account.campaign_look(campaign)
            ["counts"]["recipients"], 1)
    s = connect(w, head(w.ann, "POST", "/v1/messages",
                        "Transfer-Encoding: chunked"))
    sent = 0
    try:
        while sent < 256 << 20:
            s.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
            sent += 65536
    except OSError:
        pass
    t.check("an endless JSON body is cut off", sent < 256 << 20)
    s.close()


def check_unread(t, w):
    """Readers that ask and do not read."""
    greedy = [connect(w, head(w.account, "GET", "/v1/events?after=0"))
              for _ in range(20)]
    t.check("streams nobody reads hold up nobody", answers_quickly(w))
    for s in greedy:
        s.close()
    t.check("streams that are left end", until(
        lambda: b"volley_http_streams 0" in w.nobody.get("/metrics")[1], 30))


def check_stop(t, w):
    """What waits is answered when the daemon stops."""
    stream = Stream(w.ann)
    got = []
    poll = threading.Thread(target=lambda: got.append(
        w.ann.get("/v1/events?wait=60")))
    poll.start()
    time.sleep(0.5)
    began = time.monotonic()
    w.daemon.signal(15)
    poll.join(10)
    t.check("stopping answers a long poll",
            got and got[0][0] == 200 and time.monotonic() - began < 5, got)
    t.check("and ends a stream", until(lambda: stream.ended, 5))
    t.equal("volleyd ends with 0", w.daemon.wait(60), 0)
    code, words = w.daemon.audit()
    t.check("--audit finds the store clean", code == 0, words)
    w.daemon.check_quiet()
