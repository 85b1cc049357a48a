#!/usr/bin/env python3
"""volley-load counts what really happened: against volley-smsc, and against
a web server that refuses, chunks and breaks off.

Usage: load_counts.py BIN_DIR; exit 0 when every case passes."""

import csv
import http.server
import io
import json
import os
import socket
import socketserver
import subprocess
import sys
import threading

BIN = os.path.abspath(sys.argv[1])


def load(*options, env=None):
    run = subprocess.run([os.path.join(BIN, "volley-load"), *options],
                         capture_output=True, text=True, timeout=60,
                         env=dict(os.environ, **(env or {})))
    return run.returncode, run.stdout, run.stderr


def smpp(smsc_options, *load_options, what="smpp"):
    p = subprocess.Popen([os.path.join(BIN, "volley-smsc"), "--port", "0",
                          *smsc_options], stdout=subprocess.PIPE, text=True)
    port = p.stdout.readline().rsplit(":", 1)[1].strip()
    try:
        code, out, err = load(what, "--port", port, "--json",
                              *load_options)
        return code, json.loads(out.splitlines()[-1]) if out else err
    finally:
        p.terminate()
        assert p.wait(10) == 0


def some(got, **wanted):
    for name, value in wanted.items():
        assert got[name] == value, (name, got[name], value, got)


def all_is_well_is_zero():
    code, got = smpp(["--receipt-delay", "1-20", "--replies", "0.1",
                      "--reply-delay", "1"], "--count", "3000", "--binds",
                     "3", "--window", "50")
    assert code == 0, got
    some(got, sent=3000, answered=3000, accepted=3000, refused=0,
         unanswered=0, receipts=3000, receipts_missing=0, ids_doubled=0,
         protocol_errors=0)


def lost_answers_and_refusals_are_counted():
    code, got = smpp(["--lose-resp", "100", "--refuse", "0x14:50",
                      "--receipt-delay", "0"], "--count", "1000",
                     "--seconds", "2")
    # every 50th is refused: 20; of the 980 others every 100th is lost: 9
    assert code == 1
    some(got, sent=1000, answered=991, refused=20, unanswered=9,
         receipts_unknown=9, statuses={"0x00000014": 20})


def doubled_receipts_are_counted():
    code, got = smpp(["--receipt-twice", "10", "--receipt-delay", "0",
                      "--ids", "mixed"], "--count", "500", "--mixed-ids",
                     "--linger", "1")
    assert code == 1, got
    some(got, receipts_missing=0, receipts_unknown=0, receipts_doubled=50)


def throttling_and_pace():
    code, got = smpp(["--rate", "500", "--receipts", "none"], "--count",
                     "600", "--window", "600", "--no-receipts")
    assert code == 1 and got["statuses"] == {"0x00000058": 100}, got
    code, got = smpp(["--receipts", "none"], "--count", "500", "--rate",
                     "500", "--no-receipts")
    assert code == 0 and 0.9 < got["seconds"] < 1.6, got


def nobody_listens():
    code, out, err = load("smpp", "--port", "1", "--count", "1")
    assert code == 1 and "Connection refused" in err, err
    code, got = smpp(["--password", "right"], "--count", "1")
    assert code == 1 and "ESME_RINVPASWD" in got, got


def guests_do_what_their_roles_say():
    roles = ("idle", "mute", "drip", "wrong", "oversized", "malformed",
             "deaf")
    code, got = smpp(["--password", "secret"], "--seconds", "3", "--again",
                     "500", "--source", "127.0.2.1", "--sources", "5",
                     *[x for r in roles for x in ("--" + r, "10")],
                     what="guests")
    assert code == 0, got
    some(got["idle"], here=10, bound=10, ended=0, statuses={})
    some(got["mute"], here=10, bound=0, octets_out=0)
    some(got["drip"], here=10, bound=5)  # every other one bound before
    some(got["wrong"], binds=0, statuses={"ESME_RINVPASWD": 10})
    some(got["oversized"], binds=0)
    assert got["oversized"]["ended"] >= 10, got
    assert got["malformed"]["statuses"]["ESME_RINVMSGLEN"] >= 10, got
    some(got["deaf"], here=10, bound=10, answers=0)
    # it goes on until nobody reads any more
    assert got["deaf"]["octets_out"] > 1000000, got


class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()
    texts, requests = [], 0

    def log_message(self, *words):
        pass

    def answer(self, status, body, chunked):
        self.send_response(status)
        if not chunked:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for at in range(0, len(body), 37):
            piece = body[at:at + 37]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        batch = "ndjson" in self.headers["Content-Type"]
        if self.headers["Authorization"] != "Bearer acc_1":
            self.answer(401, b'{"status": 401, "code": "key"}', False)
            return
        with Web.lock:
            Web.requests += 1
            if Web.requests == 7:  # breaks off
                self.close_connection = True
                return
            lines = []
            for item in filter(None, body.split("\n")):
                item = json.loads(item)
                Web.texts.append((item["to"], item["from"], item["text"]))
                n = len(Web.texts)
                lines.append({"status": 422} if n % 10 == 0 else
                             {"id": "msg_%d" % n, "state": "accepted"})
        if batch:
            out = "".join(json.dumps(x) + "\n" for x in lines)
            self.answer(202, out.encode(), True)
        else:
            bad = "id" not in lines[0]
            self.answer(422 if bad else 202,
                        json.dumps(lines[0], indent=1).encode(), False)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


def http_counts():
    server = Server(("127.0.0.1", 0), Web)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d" % server.server_port
    code, out, _ = load("http", "--url", url, "--key", "acc_1", "--count",
                        "1000", "--batch", "100", "--connections", "3",
                        "--text", 'Hi "{n}" \\ ü', "--json")
    got = json.loads(out)
    # the seventh request was never answered: 100 messages
    assert code == 1
    some(got, sent=1000, answered=900, accepted=810, refused=90,
         unanswered=100, ids_doubled=0, statuses={"422": 90}, requests=10)
    assert len(set(Web.texts)) == 900
    assert all(text == 'Hi "%d" \\ ü' % int(to[6:])
               for to, _, text in Web.texts), Web.texts[0]
    code, out, _ = load("http", "--url", url, "--count", "50", "--json",
                        env={"VOLLEY_KEY": "acc_1"})
    some(json.loads(out), answered=50, accepted=45, refused=5, requests=50)
    code, out, _ = load("http", "--url", url, "--key", "x", "--count", "20",
                        "--batch", "10", "--json")
    assert code == 1
    some(json.loads(out), refused=20, statuses={"401": 20})
    server.shutdown()


def told(port, *requests):
    """What the sink answers to requests of one connection, sent at once."""
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        s.sendall(b"".join(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % r
                           for r in requests))
        s.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: s.recv(65536), b""))


def sink_counts_final_states_by_id():
    p = subprocess.Popen([os.path.join(BIN, "volley-load"), "sink", "--ids",
                          "10"], stdout=subprocess.PIPE, text=True)
    port = int(p.stdout.readline().split()[1])
    try:
        got = told(port, b"/told?id=1&state=8", b"/told?id=1&state=1",
                   b"/told?id=1&state=1", b"/told?id=9&state=2")
        assert got.count(b"HTTP/1.1 200 OK") == 4, got
        # past the last id, and no number: not counted, and the end
        for bad in b"/told?id=10&state=1", b"/told?id=&state=1", b"/":
            assert told(port, bad).startswith(b"HTTP/1.1 400"), bad
        counts = json.loads(told(port, b"/counts").split(b"\r\n\r\n")[1])
        some(counts, calls=4, final=2, doubled=1, bad=3)
    finally:
        p.terminate()
        assert p.wait(10) == 1  # it was told something bad


def rows_for_a_campaign():
    code, out, _ = load("csv", "--rows", "1000", "--senders", "ann,bob",
                        "--duplicates", "100", "--bad", "250")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0 and len(rows) == 1000
    assert set(rows[0]) == {"to", "first_name", "plate", "amount", "sender"}
    good = [r["to"] for r in rows if r["to"].startswith("+")]
    assert len(good) == 996, len(good)
    # rows 100 to 900, but for 500, which is bad
    assert len(good) - len(set(good)) == 8, len(set(good))
    assert {r["sender"] for r in rows} == {"ann", "bob"}
    code, again, _ = load("csv", "--rows", "1000", "--senders", "ann,bob",
                          "--duplicates", "100", "--bad", "250")
    assert again == out
    code, _, err = load("csv", "--fields", "to,colour")
    assert code == 2 and "'colour' is not a column" in err


def main():
    failed = 0
    for run in (all_is_well_is_zero, lost_answers_and_refusals_are_counted,
                doubled_receipts_are_counted, throttling_and_pace,
                nobody_listens, guests_do_what_their_roles_say, http_counts,
                sink_counts_final_states_by_id, rows_for_a_campaign):
        try:
            run()
            print("ok  ", run.__name__.replace("_", " "), flush=True)
        except Exception as e:  # one case must not hide the others
            failed += 1
            print("FAIL", run.__name__.replace("_", " "), "-",
                  type(e).__name__, e, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
