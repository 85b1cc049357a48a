#!/usr/bin/env python3
"""The HTTP API: every route and error, keys and isolation, idempotency,
uploads with bad lines, results, events that are resumed, clients that are
slow or endless."""
import http.client
import json
import time

import api_slow
from volley_e2e import (ADMIN_KEY, Api, Carrier, Daemon, Suite, carrier_row,
                        until)

ONE, TWO, OTHERS = "+12125550101", "+12125550102", "+12125550199"
NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv"}
NOBODY = "zzzzzzzzzzzzz"


def settings(carrier):
    return {
        "carriers": [carrier_row(carrier)],
        "routes": [{"to": "*", "carriers": [carrier.name]}],
        "numbers": [
            {"number": ONE, "carrier": carrier.name, "account": "demo"},
            {"number": TWO, "carrier": carrier.name, "account": "demo"},
            {"number": OTHERS, "carrier": carrier.name, "account": "other"}],
        "http": {"header_time": "2s", "idle_time": "4s"},
    }


class World:
    """One daemon; an account with two senders, and another account."""

    def __init__(self, t, daemon):
        self.t, self.daemon = t, daemon
        self.admin = daemon.api()
        made = self.admin.must("POST", "/v1/accounts", {"name": "demo"})
        self.account_id = made["id"]
        self.account = daemon.api(made["key"])
        self.foreign = daemon.account("other")
        self.ann_id, self.ann = self.account.sender("Ann", external_id="a-1")
        self.bob_id, self.bob = self.account.sender("Bob")
        self.nobody = daemon.api(None)


def problem(t, what, got, status, code=None, pointer=None):
    """The answer is this problem, as RFC 9457 wants it."""
    found, body = got
    good = found == status and isinstance(body, dict) and all(
        k in body for k in ("type", "title", "status", "detail", "code",
                            "errors")) and body["status"] == status
    if good and code:
        good = body["code"] == code or code in [
            e["code"] for e in body["errors"]]
    if good and pointer:
        good = pointer in [e.get("pointer") for e in body["errors"]]
    t.check(what, good, got)


def headers_of(api, method, path, headers=None, body=None):
    """Status, headers and octets of the answer."""
    head = {"Authorization": "Bearer " + api.key} if api.key else {}
    head.update(headers or {})
    link = http.client.HTTPConnection("127.0.0.1", api.port, timeout=20)
    link.request(method, path, body=body, headers=head)
    answer = link.getresponse()
    octets = answer.read()
    link.close()
    return answer.status, answer.headers, octets


# --- keys, methods, shapes of errors

def check_open(t, w):
    t.equal("healthz", w.nobody.get("/healthz"), (200, {"status": "ok"}))
    t.equal("readyz", w.nobody.get("/readyz")[0], 200)
    status, text = w.nobody.get("/metrics")
    t.check("metrics in Prometheus text",
            status == 200 and b"# TYPE volley_" in text and
            b"12125550" not in text, text[:200])
    status, api = w.nobody.get("/openapi.json")
    t.check("openapi names every route", status == 200 and
            "/v1/campaigns/{id}/recipients" in api["paths"] and
            set(api["paths"]["/v1/messages"]) == {"get", "post"}, api)
    status, headers, octets = headers_of(w.nobody, "HEAD", "/healthz")
    t.check("HEAD where GET works, without a body",
            status == 200 and octets == b"" and
            headers["Content-Length"] == "16", (status, octets))


def check_keys(t, w):
    status, headers, _ = headers_of(w.nobody, "GET", "/v1/messages")
    t.check("no key: 401 with WWW-Authenticate", status == 401 and
            headers["WWW-Authenticate"].startswith("Bearer"), status)
    problem(t, "an unknown key: 401", Api(w.daemon.http_port, "acc_x").get(
        "/v1/messages"), 401, "unauthorized")
    problem(t, "the admin's key with one octet more: 401",
            Api(w.daemon.http_port, ADMIN_KEY + "x").get("/v1/accounts"), 401)
    for who, api in (("account", w.account), ("sender", w.ann)):
        for path in ("/v1/accounts", "/v1/carriers"):
            problem(t, "%s's key on %s: 403" % (who, path), api.get(path), 403,
                    "forbidden")
    problem(t, "a sender may not make senders",
            w.ann.call("POST", "/v1/senders", {"name": "x"}), 403)
    problem(t, "the admin does not send", w.admin.call(
        "POST", "/v1/messages", {"to": ONE, "text": "x"}), 403)


def check_protocol(t, w):
    status, headers, _ = headers_of(w.account, "DELETE", "/v1/messages")
    t.check("405 with Allow", status == 405 and
            "POST" in headers["Allow"] and "HEAD" in headers["Allow"],
            headers.get("Allow"))
    problem(t, "no such path: 404", w.account.get("/v1/nothing"), 404)
    post = "/v1/messages"
    problem(t, "no JSON: 400", w.account.call("POST", post, "{"), 400,
            "bad_json")
    problem(t, "a member twice: 400", w.account.call(
        "POST", post, '{"to":"+1","to":"+2","text":"x"}'), 400, "bad_json")
    problem(t, "not UTF-8: 400", w.account.call(
        "POST", post, b'{"to":"\xff","text":"x"}'), 400, "bad_json")
    problem(t, "too deep: 400", w.account.call(
        "POST", post, '{"a":' + "[" * 40 + "]" * 40 + "}"), 400, "bad_json")
    problem(t, "a list is no message", w.account.call("POST", post, "[]"), 400)
    problem(t, "an image is no message: 415", w.account.call(
        "POST", post, b"x", {"Content-Type": "image/png"}), 415)
    problem(t, "a packed body: 415", w.account.call(
        "POST", post, b"x", {"Content-Encoding": "gzip"}), 415)
    problem(t, "1 MB and more: 413", w.account.call(
        "POST", post, b" " * (1024 * 1024 + 1)), 413, "body_too_large")
    problem(t, "70 headers: 431", w.account.call(
        "GET", "/healthz", headers={"X-%d" % i: "y" for i in range(70)}), 431)
    problem(t, "a long address: 414",
            w.account.get("/healthz?" + "a" * 9000), 414)
    for path in ("messages", "campaigns", "threads", "suppressions",
                 "unmatched"):
        problem(t, "%s: a foreign cursor: 400" % path,
                w.account.get("/v1/" + path, cursor="0" * 40), 400,
                "bad_cursor")
        problem(t, "%s: a limit of 0: 400" % path,
                w.account.get("/v1/" + path, limit="0"), 400, "bad_parameter")


# --- accounts, senders, numbers, pools

def check_accounts(t, w):
    made = w.admin.must("POST", "/v1/accounts", {
        "name": "third", "quota": {"per_day": 3},
        "smpp": {"system_id": "third", "password": "secret"}})
    t.check("an account: id, name and a key that is shown once",
            made["key"].startswith("acc_") and made["name"] == "third", made)
    problem(t, "its name is taken: 409", w.admin.call(
        "POST", "/v1/accounts", {"name": "third"}), 409)
    problem(t, "an unknown member is named", w.admin.call(
        "POST", "/v1/accounts", {"name": "x", "smpp": {
            "system_id": "a", "password": "b", "speed": 1}}),
        422, "unknown_member", "/smpp/speed")
    problem(t, "no name: 422", w.admin.call("POST", "/v1/accounts", {}), 422,
            "missing", "/name")
    rows = list(w.admin.each("/v1/accounts", limit=1))
    t.equal("accounts are listed page by page",
            sorted(r["name"] for r in rows), ["demo", "other", "third"])
    t.check("no key is in the list", all("key" not in r for r in rows), rows)
    t.equal("one by name", w.admin.must("GET", "/v1/accounts/third")["id"],
            made["id"])
    t.equal("its quota", w.admin.must("GET", "/v1/accounts/" + made["id"])
            ["quota"], {"per_day": 3})
    third = w.daemon.api(made["key"])
    t.equal("its key works", third.get("/v1/senders")[0], 200)
    t.equal("DELETE: 204", w.admin.call(
        "DELETE", "/v1/accounts/" + made["id"])[0], 204)
    t.equal("its key ends", third.get("/v1/senders")[0], 401)
    problem(t, "it is gone", w.admin.call(
        "DELETE", "/v1/accounts/act_" + NOBODY), 404)


def check_directory(t, w):
    t.equal("senders", sorted(r["name"] for r in w.account.each(
        "/v1/senders")), ["Ann", "Bob"])
    t.equal("another account's are its own",
            list(w.foreign.each("/v1/senders")), [])
    t.equal("a sender by external_id", w.account.must(
        "GET", "/v1/senders/a-1")["id"], w.ann_id)
    problem(t, "another's sender: 404",
            w.foreign.get("/v1/senders/" + w.ann_id), 404)
    numbers = list(w.account.each("/v1/numbers"))
    t.equal("numbers of the settings are the account's",
            sorted(r["number"] for r in numbers), [ONE, TWO])
    t.check("an account does not see whose a number is",
            all("account" not in r for r in numbers), numbers)
    made = w.admin.must("POST", "/v1/numbers", {
        "number": "+12125550177", "carrier": "acme", "account": "demo",
        "rate": 7})
    t.check("the admin adds a number", made["number"] == "+12125550177" and
            made["rate"] == 7, made)
    t.equal("one number", w.account.must(
        "GET", "/v1/numbers/%2B12125550177")["carrier"], "acme")
    problem(t, "of no carrier: 422", w.admin.call("POST", "/v1/numbers", {
        "number": "+12125550178", "carrier": "none", "account": "demo"}), 422)
    problem(t, "rate is no text", w.admin.call("POST", "/v1/numbers", {
        "number": "+12125550178", "carrier": "acme", "rate": "7"}), 422,
        "wrong_type", "/rate")
    pool = w.account.must("POST", "/v1/pools",
                          {"name": "city", "numbers": [ONE, TWO]})
    t.check("a pool", pool["id"].startswith("pol_") and
            pool["exclusive"] is True and pool["on_conflict"] == "reroute" and
            pool["numbers"] == [ONE, TWO], pool)
    t.equal("pools", [p["name"] for p in w.account.each("/v1/pools")],
            ["city"])
    problem(t, "another's number in a pool: 422", w.account.call(
        "POST", "/v1/pools", {"name": "bad", "numbers": [OTHERS]}), 422)
    problem(t, "a pool of nothing: 422", w.account.call(
        "POST", "/v1/pools", {"name": "bad", "numbers": []}), 422, "missing",
        "/numbers")
    pool = w.account.must("POST", "/v1/pools", {
        "name": "city", "numbers": [ONE, TWO], "weights": {TWO: 3}})
    t.equal("its weights", pool["weights"], {ONE: 1, TWO: 3})
    t.equal("its weights, read again", w.account.must(
        "GET", "/v1/pools/city")["weights"], {ONE: 1, TWO: 3})
    for what, weights in (("of no member", {OTHERS: 1}), ("no number",
                          {ONE: "3"}), ("all 0", {ONE: 0, TWO: 0}),
                          ("too much", {ONE: 1001})):
        problem(t, "a weight, " + what, w.account.call("POST", "/v1/pools", {
            "name": "city", "numbers": [ONE, TWO], "weights": weights}), 422,
            None, "/weights")


# --- messages

def check_messages(t, w):
    made = w.ann.must("POST", "/v1/messages", {
        "to": "+1 (415) 555-0001", "from": ONE, "text": "one \u20ac",
        "external_id": "x-1", "validity": "15m", "class": "transactional"})
    t.check("202: id, state, parts, encoding", made["parts"] == 1 and
            made["encoding"] == "gsm7" and made["state"] and
            made["id"].startswith("msg_"), made)
    m = w.ann.state_is(made["id"], "delivered")
    t.check("it is delivered, and all of it is told", all((
        m["state"] == "delivered", m["direction"] == "out",
        m["from"] == ONE, m["to"] == "+14155550001", m["text"] == "one \u20ac",
        m["sender"] == w.ann_id, m["external_id"] == "x-1",
        m["class"] == "transactional", len(m["part_states"]) == 1,
        m["part_states"][0]["carrier"] == "acme",
        m["part_states"][0]["smsc_id"], m["submitted_at"], m["final_at"],
        [h["state"] for h in m["history"]][-1] == "delivered")), m)
    long = w.ann.must("POST", "/v1/messages", {
        "to": "+14155550002", "from": ONE, "text": "\u4f60" * 100})
    t.check("UCS-2 in parts", long["encoding"] == "ucs2" and
            long["parts"] == 2, long)
    for body, code, pointer in (
            ({"to": "abc", "from": ONE, "text": "x"}, None, "/to"),
            ({"to": "+14155550001", "from": "+19995550000", "text": "x"},
             None, "/from"),
            ({"to": "+14155550001", "from": OTHERS, "text": "x"}, None,
             "/from"),
            ({"to": "+14155550001", "from": ONE}, "missing", "/text"),
            ({"to": "+14155550001", "from": ONE, "text": "x", "sendr": "y"},
             "unknown_member", "/sendr"),
            ({"to": "+14155550001", "from": ONE, "text": "x",
              "sender": "none"}, None, "/sender"),
            ({"to": "+14155550001", "from": ONE, "text": "x",
              "send_at": "tomorrow"}, "bad_time", "/send_at")):
        problem(t, "422 names %s" % pointer,
                w.account.call("POST", "/v1/messages", body), 422, code,
                pointer)
    later = w.account.must("POST", "/v1/messages", {
        "to": "+14155550003", "from": ONE, "text": "later",
        "send_at": "2099-01-01T00:00:00Z"})
    gone = w.account.must("POST", "/v1/messages/%s/cancel" % later["id"])
    t.equal("what waits for its time is cancelled", gone["state"],
            "cancelled")
    problem(t, "what was delivered is not: 409", w.account.call(
        "POST", "/v1/messages/%s/cancel" % made["id"], {}), 409)
    return made["id"]


def check_list(t, w):
    for i in range(7):
        w.ann.send("+1415555010%d" % i, "page %d" % i, **{"from": TWO})
    rows = list(w.ann.each("/v1/messages", limit=3, **{"from": TWO}))
    t.equal("a list in pages, newest first", [r["text"] for r in rows],
            ["page %d" % i for i in reversed(range(7))])
    t.equal("filtered by to", [r["text"] for r in w.ann.each(
        "/v1/messages", to="+14155550104")], ["page 4"])
    t.equal("by external_id", [r["text"] for r in w.ann.each(
        "/v1/messages", external_id="x-1")], ["one \u20ac"])
    t.check("by state", [r for r in w.account.each(
        "/v1/messages", state="cancelled")])
    problem(t, "no such state: 400",
            w.account.get("/v1/messages", state="lost"), 400)
    t.equal("another sender's list is its own",
            list(w.bob.each("/v1/messages")), [])


def check_isolation(t, w, message):
    none = w.ann.get("/v1/messages/msg_" + NOBODY)
    problem(t, "what does not exist: 404", none, 404, "not_found")
    for who, api in (("another sender", w.bob), ("another account",
                                                 w.foreign)):
        t.equal("%s: the same 404, octet for octet" % who,
                api.call("GET", "/v1/messages/" + message, raw=True),
                w.ann.call("GET", "/v1/messages/msg_" + NOBODY, raw=True))
        t.equal("%s cannot cancel it" % who, api.call(
            "POST", "/v1/messages/%s/cancel" % message, {})[0], 404)
    t.equal("malformed ids are the same", w.ann.get("/v1/messages/x"), none)
    t.check("the account sees its senders'",
            w.account.get("/v1/messages/" + message)[0] == 200)
    t.check("the admin sees all",
            w.admin.get("/v1/messages/" + message)[0] == 200)


def check_idempotency(t, w):
    body = {"to": "+14155550301", "from": ONE, "text": "once"}
    key = {"Idempotency-Key": "order-1"}
    first = w.ann.must("POST", "/v1/messages", body, key)
    again = w.ann.must("POST", "/v1/messages", body, key)
    t.equal("the same key and body: the first answer", again, first)
    problem(t, "another body: 422", w.ann.call(
        "POST", "/v1/messages", dict(body, text="twice"), key), 422,
        "idempotency_mismatch")
    t.check("another sender's key is another",
            w.bob.must("POST", "/v1/messages", body, key)["id"] != first["id"])
    lines = "".join(json.dumps({"to": "+1415556%04d" % i, "from": ONE,
                                "text": "n %d" % i}) + "\n"
                    for i in range(1200))
    head = dict(NDJSON, **{"Idempotency-Key": "batch-1"})
    one = w.account.call("POST", "/v1/messages", lines, head)
    two = w.account.call("POST", "/v1/messages", lines, head)
    t.check("1,200 lines again: the same ids", one == two and one[0] == 202,
            (one[0], two[0]))
    problem(t, "other lines: 422", w.account.call(
        "POST", "/v1/messages", lines.replace("n 3", "m 3"), head), 422,
        "idempotency_mismatch")
    made = {"name": "i", "text": "x", "from": ONE}
    head = {"Idempotency-Key": "campaign-1"}
    t.equal("a campaign is made once",
            w.account.must("POST", "/v1/campaigns", made, head)["id"],
            w.account.must("POST", "/v1/campaigns", made, head)["id"])
    problem(t, "an empty key: 400", w.ann.call(
        "POST", "/v1/messages", body, {"Idempotency-Key": ""}), 400)


def check_bulk(t, w):
    lines = ['{"to":"+14155550401","from":"%s","text":"a"}' % ONE, "{bad",
             "", '{"to":"x","from":"%s","text":"b"}' % ONE,
             '{"to":"+14155550402","from":"%s","text":"c"}' % ONE,
             '{"to":"+14155550403","text":"%s"}' % ("y" * 140000)]
    status, octets = w.account.call("POST", "/v1/messages",
                                    "\r\n".join(lines), NDJSON)
    rows = [json.loads(l) for l in octets.decode().splitlines()]
    t.equal("one answer line a line", (status, [r["line"] for r in rows]),
            (202, [1, 2, 4, 5, 6]))
    t.check("good ones are taken", "id" in rows[0] and "id" in rows[3], rows)
    t.equal("bad ones say why", [r["error"]["status"] for r in
                                 (rows[1], rows[2], rows[4])], [400, 422, 413])
    problem(t, "nothing at all: 400", w.account.call(
        "POST", "/v1/messages", "\n", NDJSON), 400)


# --- campaigns

UPLOAD = ("\ufeffto,first_name,sender,note\r\n"
          "+14155551001,Ann,,plain\r\n"
          "+14155551002,\"Bob, Jr.\",Bob,\"two\r\nlines\"\r\n"
          "\r\n"
          "nonsense,Cy,,\r\n"
          "+14155551003,,,no name\r\n"
          "+14155551001,Again,,\r\n"
          "+14155551004,Dee,nobody,\r\n"
          "+14155551005,Eve,,a,b\r\n"
          "+14155551006,\"F\"x,,\r\n"
          "+14155551007,Gus,a-1,end")


def check_upload(t, w):
    made = w.account.must("POST", "/v1/campaigns", {
        "name": "upload", "text": "Hi {{first_name}}", "from": ONE,
        "sender": "Ann"})
    t.check("a campaign is a draft", made["state"] == "draft" and
            made["id"].startswith("cmp_") and
            made["counts"]["recipients"] == 0, made)
    path = "/v1/campaigns/%s/recipients" % made["id"]
    answer = w.account.must("PUT", path, UPLOAD, CSV)
    t.equal("accepted, rejected, duplicates",
            [answer[k] for k in ("accepted", "rejected", "duplicates",
                                 "errors_truncated")], [3, 5, 1, False])
    t.equal("every bad line with its number and why",
            [(e["line"], e["code"]) for e in answer["errors"]],
            [(6, "bad_number"), (7, "missing_field"), (9, "unknown_sender"),
             (10, "too_many_fields"), (11, "bad_quotes")])
    problem(t, "no column `to`: 422",
            w.account.call("PUT", path, "name\nx\n", CSV), 422,
            "missing_column")
    problem(t, "an empty file: 422", w.account.call("PUT", path, "", CSV), 422)
    problem(t, "no type that is known: 415", w.account.call(
        "PUT", path, "to\n", {"Content-Type": "application/json"}), 415)
    problem(t, "another's campaign: 404",
            w.foreign.call("PUT", path, "to\n+14155551001\n", CSV), 404)
    lines = "\n".join(json.dumps({"to": "+141555560%02d" % i, "vars": {
        "first_name": "N%d" % i, "extra": i}}) for i in range(20))
    answer = w.account.must("PUT", path, lines + "\n{}\n", NDJSON)
    t.equal("NDJSON replaces what was there",
            (answer["accepted"], answer["rejected"],
             answer["errors"][0]["line"]), (20, 1, 21))
    answer = w.account.must("PUT", path + "?append=true",
                            "to,first_name\n+14155551001,Ann\n", CSV)
    t.equal("?append=true adds", answer["accepted"], 1)
    flight = w.account.must("POST", "/v1/campaigns/%s/preflight" % made["id"])
    t.check("preflight", flight["recipients"] == 21 and
            flight["parts"] == 21 and flight["encodings"] == {
                "gsm7": 21, "ucs2": 0} and flight["suppressed"] == 0 and
            "eta_seconds" in flight, flight)
    return made["id"]


def check_campaign(t, w, campaign):
    w.account.campaign_act(campaign, "start")
    problem(t, "start it twice: 409", w.account.call(
        "POST", "/v1/campaigns/%s/start" % campaign, {}), 409)
    done = w.account.campaign_ends(campaign, 30, lambda c: c["counts"][
        "delivered"] == 21)
    t.check("it is done", done["state"] == "done" and
            done["counts"]["delivered"] == 21, done)
    rows = w.account.results(campaign)
    t.equal("results: each recipient once", len({r["to"] for r in rows}), 21)
    t.check("results: all of it", all(r["state"] == "delivered" and
            r["parts"] == 1 and r["vars"]["first_name"] for r in rows), rows)
    status, octets = w.account.get(
        "/v1/campaigns/%s/results" % campaign, format="csv")
    table = octets.decode().splitlines()
    t.check("results as CSV", status == 200 and len(table) == 22 and
            table[0].startswith("row,id,to") and "first_name" in table[0],
            table[:2])
    problem(t, "results as XML: 400", w.account.get(
        "/v1/campaigns/%s/results" % campaign, format="xml"), 400)
    for who, api in (("another account", w.foreign), ("another sender",
                                                      w.bob)):
        for verb, path in (("GET", ""), ("GET", "/results"),
                           ("POST", "/pause"), ("POST", "/preflight")):
            t.equal("%s: 404 for %s%s" % (who, verb, path), api.call(
                verb, "/v1/campaigns/%s%s" % (campaign, path),
                {} if verb == "POST" else None)[0], 404)
    listed = list(w.account.each("/v1/campaigns", limit=1))
    t.check("campaigns are listed, newest first", len(listed) == 2 and
            listed[0]["id"] > listed[1]["id"], [c["id"] for c in listed])
    t.equal("another account's list is its own",
            list(w.foreign.each("/v1/campaigns")), [])
    for body, code, pointer in (
            ({"text": "x", "from": ONE}, "missing", "/name"),
            ({"name": "x", "text": "x"}, "missing", "/from"),
            ({"name": "x", "text": "{{open", "from": ONE}, "bad_template",
             "/text"),
            ({"name": "x", "text": "x", "from": OTHERS}, None, "/from"),
            ({"name": "x", "text": "x", "from": ONE, "hours": {}},
             "not_supported", "/hours")):
        problem(t, "a campaign: 422 names %s" % pointer,
                w.account.call("POST", "/v1/campaigns", body), 422, code,
                pointer)


# --- threads, suppressions, carriers

def check_threads(t, w):
    w.ann.send("+14155552001", "ask me", **{"from": ONE})
    until(lambda: list(w.ann.each("/v1/threads", waiting="true")), 10)
    threads = list(w.ann.each("/v1/threads", waiting="true"))
    t.check("a reply makes a thread that waits", len(threads) == 1 and
            threads[0]["subscriber"] == "+14155552001" and
            threads[0]["number"] == ONE and threads[0]["unread"] == 1 and
            threads[0]["sender"] == w.ann_id, threads)
    path = "/v1/threads/" + threads[0]["id"]
    talk = list(w.ann.each(path + "/messages", limit=1))
    t.equal("its messages, newest first",
            [(m["direction"], m["text"]) for m in talk],
            [("in", "yes please"), ("out", "ask me")])
    t.equal("the reply has its rule", talk[0]["correlation"]["rule"], 4)
    t.equal("read", w.ann.must("POST", path + "/read")["unread"], 0)
    sent = w.ann.must("POST", path + "/messages", {"text": "thank you"})
    t.equal("an answer leaves from that number",
            w.ann.state_is(sent["id"], "delivered")["from"], ONE)
    t.equal("close", w.ann.must("POST", path + "/close")["state"], "closed")
    t.equal("filtered by state", [x["id"] for x in w.ann.each(
        "/v1/threads", state="closed")], [threads[0]["id"]])
    t.equal("reopen", w.ann.must("POST", path + "/reopen")["state"], "open")
    problem(t, "no such state: 400",
            w.ann.get("/v1/threads", state="lost"), 400)
    t.equal("transfer", w.ann.must("POST", path + "/transfer", {
        "sender": "Bob", "share_history": True})["assignee"], w.bob_id)
    for verb in ("", "/messages"):
        problem(t, "another account: 404 for %s" % (verb or "it"),
                w.foreign.get(path + verb), 404)
    problem(t, "a text is needed",
            w.ann.call("POST", path + "/messages", {}), (
                w.ann.call("POST", path + "/messages", {})[0]))


def check_suppressions(t, w):
    made = w.account.must("POST", "/v1/suppressions", {
        "subscriber": "+1 415 555 3001", "reason": "asked by phone"})
    t.check("a suppression", made["subscriber"] == "+14155553001" and
            made["scope"] == "account", made)
    t.equal("it is listed", [r["subscriber"] for r in w.account.each(
        "/v1/suppressions")], ["+14155553001"])
    t.equal("another account's are its own",
            list(w.foreign.each("/v1/suppressions")), [])
    refused = w.ann.call("POST", "/v1/messages", {
        "to": "+14155553001", "from": ONE, "text": "x"})
    t.check("nothing is sent there", refused[0] >= 400 or w.ann.state_is(
        refused[1]["id"], "suppressed")["state"] == "suppressed", refused)
    t.equal("DELETE: 204", w.account.call(
        "DELETE", "/v1/suppressions/%2B14155553001")[0], 204)
    t.equal("it is lifted", list(w.account.each("/v1/suppressions")), [])
    problem(t, "no number: 422", w.account.call(
        "POST", "/v1/suppressions", {"subscriber": "x"}), 422, "bad_number",
        "/subscriber")


def check_carriers(t, w):
    rows = w.admin.must("GET", "/v1/carriers")["data"]
    t.check("carriers with their binds", rows[0]["name"] == "acme" and
            rows[0]["state"] == "up" and
            rows[0]["binds"][0]["state"] == "bound" and
            rows[0]["binds"][0]["window"] == 50, rows)
    t.equal("pause", w.admin.must(
        "POST", "/v1/carriers/acme/pause")["state"], "paused")
    held = w.ann.send("+14155554001", "wait", **{"from": ONE})
    time.sleep(0.3)
    t.check("nothing leaves meanwhile", w.ann.message(held)["state"] in
            ("accepted", "queued", "held"), w.ann.message(held)["state"])
    w.admin.must("POST", "/v1/carriers/acme/resume")
    t.equal("resume", w.ann.state_is(held, "delivered")["state"], "delivered")
    w.admin.must("POST", "/v1/carriers/acme/rebind")
    t.check("rebind", until(w.daemon.is_bound, 10))
    health = rows[0]["health"]
    t.check("its health", health["state"] == "usable" and
            health["why"] is None and "latency_ms" in health and
            "success" in health and "receipts" in health, health)
    w.admin.must("POST", "/v1/carriers/acme/drain")
    t.check("drain", until(lambda: w.admin.must(
        "GET", "/v1/carriers")["data"][0]["state"] == "drained", 10))
    row = w.admin.must("GET", "/v1/carriers")["data"][0]
    t.check("its binds are down", row["binds"][0]["state"] == "down" and
            row["health"]["state"] == "skipped" and
            row["health"]["why"] == "drained by a person", row)
    w.admin.must("POST", "/v1/carriers/acme/resume")
    t.check("resume binds again", until(w.daemon.is_bound, 10))
    before = w.admin.must("GET", "/v1/carriers")["data"][0]["binds"][0]
    w.admin.must("POST", "/v1/carriers/acme/kick", {"bind": 0})
    t.check("kick", until(lambda: w.admin.must(
        "GET", "/v1/carriers")["data"][0]["binds"][0]["reconnects"] >
        before["reconnects"], 10) and until(w.daemon.is_bound, 10))
    problem(t, "no such bind: 422", w.admin.call(
        "POST", "/v1/carriers/acme/kick", {"bind": 9}), 422, "unknown_bind",
        "/bind")
    problem(t, "no such carrier: 404", w.admin.call(
        "POST", "/v1/carriers/none/pause", {}), 404)
    t.equal("unmatched is a list", w.account.get(
        "/v1/unmatched", kind="receipt")[0], 200)
    problem(t, "of two kinds: 400",
            w.account.get("/v1/unmatched", kind="x"), 400)


def main():
    with Suite("api_test") as t:
        carrier = Carrier(t, "acme", "--receipt-delay", "20", script=(
            'reply to 14155552001 saying "ask" after 200ms "yes please"\n'))
        carrier.start()
        daemon = Daemon(t, settings(carrier)).start()
        w = World(t, daemon)
        check_open(t, w)
        check_keys(t, w)
        check_protocol(t, w)
        check_accounts(t, w)
        check_directory(t, w)
        message = check_messages(t, w)
        check_isolation(t, w, message)
        check_list(t, w)
        check_idempotency(t, w)
        check_bulk(t, w)
        check_campaign(t, w, check_upload(t, w))
        check_threads(t, w)
        check_suppressions(t, w)
        check_carriers(t, w)
        api_slow.check_events(t, w)
        api_slow.check_slow(t, w)
        api_slow.check_stop(t, w)
        said = daemon.stderr()
        t.check("no key, text or number is in the log",
                not any(s in said for s in (
                    w.ann.key, w.account.key, ADMIN_KEY, "yes please",
                    "415555")))


if __name__ == "__main__":
    main()
