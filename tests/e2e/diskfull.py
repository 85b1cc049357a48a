#!/usr/bin/env python3
"""A disk that fills up: new work is refused with 503, and when there is room
again all goes on without a restart, with nothing lost. A disk that fails:
the daemon stops rather than trust it, and nothing acknowledged is lost."""
import os
import subprocess
import time

from volley_e2e import (ROOT, Carrier, Daemon, Suite, carrier_row, csv_of,
                        until)

NUMBER = "+12125550101"
SCRIPT = 'clock start\nreply to 1415* saying "ask" after 1s "told {from}"\n'


def build_shim(t):
    path = t.path("faultio.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o",
                    path, os.path.join(ROOT, "tests/crash/faultio.c"),
                    "-ldl"], check=True)
    return path


def preload(shim, **more):
    sanitizer = os.environ.get("ASAN_OPTIONS", "")
    return dict({"LD_PRELOAD": shim, "ASAN_OPTIONS": ":".join(
        filter(None, [sanitizer, "verify_asan_link_order=0"]))}, **more)


def settings(carrier):
    return {
        "carriers": [carrier_row(carrier, binds=2)],
        "routes": [{"to": "*", "carriers": [carrier.name]}],
        "numbers": [{"number": NUMBER, "carrier": carrier.name,
                     "account": "demo"}],
    }


def phone(n):
    return "+1415%07d" % n


def post(api, n, text="hello"):
    """Status, and the id of a message that was taken."""
    try:
        status, answer = api.call("POST", "/v1/messages", {
            "to": phone(n), "from": NUMBER, "text": text})
    except OSError:
        return None, None
    return status, answer.get("id") if status == 202 else None


def check_delivered(t, what, api, taken):
    """Every message that was answered with 202 arrives, once."""
    def waiting():
        return [m for m in taken
                if api.message(m)["state"] != "delivered"]
    until(lambda: not waiting(), 30, 0.5)
    left = waiting()
    t.check("%s: all %d that were taken are delivered" % (what, len(taken)),
            not left, [(m, api.message(m)["state"]) for m in left[:5]])


def check_once(t, what, carrier):
    dests = [l.dest for l in carrier.lines("SUBMIT")]
    t.equal("%s: nothing was sent twice" % what, len(set(dests)), len(dests))


def check_full(t, shim):
    carrier = Carrier(t, "acme", script=SCRIPT).start()
    full = t.path("disk-is-full")
    daemon = Daemon(t, settings(carrier), "full",
                    preload(shim, FIO_FULL_FILE=full)).start()
    api = daemon.account()
    sender, own = api.sender("Ann")
    campaign, _ = api.campaign(
        csv_of([[phone(100000 + i)] for i in range(3000)], ["to"]), "sale",
        rate=300, **{"from": NUMBER})
    api.campaign_act(campaign, "start")
    taken = [post(api, n)[1] for n in range(20)]
    asked = own.send(phone(500), "ask", **{"from": NUMBER})
    t.check("with room, messages are taken", all(taken), taken)
    until(lambda: api.message(asked)["state"] == "delivered", 10)
    open(full, "w").close()
    statuses = [post(api, 1000 + n) for n in range(3)]
    # The first may have been taken before a write found the disk full: then
    # it is neither promised nor refused until there is room.
    t.check("full: new work is refused with 503",
            statuses[0][0] in (503, None) and
            all(s == 503 for s, _ in statuses[1:]), statuses)
    status, _ = api.call("POST", "/v1/senders", {"name": "Bob"})
    t.equal("full: so is a new sender", status, 503)
    status, body = api.get("/readyz")
    t.equal("full: readyz says so", status, 503)
    t.equal("full: healthz is well", api.get("/healthz")[0], 200)
    t.check("full: it still answers questions",
            api.message(taken[0])["id"] == taken[0])
    time.sleep(3)  # the reply comes meanwhile and cannot be stored
    t.check("full: the daemon goes on", daemon.runs())
    t.check("full: carriers stay bound", daemon.is_bound())
    os.remove(full)
    again = until(lambda: post(api, 2000)[1], 15, 0.3)
    t.check("room again: messages are taken without a restart", again)
    look = api.campaign_ends(campaign, 40,
                             lambda c: c["counts"]["submitted"] == 0)
    t.equal("room again: the campaign ends", look["state"], "done")
    t.equal("room again: and all of it is delivered",
            look["counts"]["delivered"], 3000)
    check_delivered(t, "full", api, [m for m in taken + [asked, again] if m])
    until(lambda: own.events(["message.received"]), 10)
    t.equal("the reply that came meanwhile is heard once",
            [e["data"]["text"] for e in own.events(["message.received"])],
            ["told " + phone(500)[1:]])
    check_once(t, "full", carrier)
    daemon.finish()
    carrier.stop()


def check_failing(t, shim):
    """The 150th sync fails, and all that follow."""
    carrier = Carrier(t, "orbit").start()
    broken = Daemon(t, settings(carrier), "broken",
                    preload(shim, FIO_SYNC_FAIL="400", FIO_STICKY="1"))
    broken.start()
    api = broken.account()
    taken, refused = [], 0
    for n in range(3000):
        status, message = post(api, n)
        if message:
            taken.append(message)
        elif status is None and not broken.runs():
            break
        else:
            refused += 1
            time.sleep(0.01)
    t.check("failing: some were taken before", len(taken) > 5, len(taken))
    t.check("failing: the daemon stops, and not with 0",
            broken.wait(20) not in (None, 0), broken.process.returncode)
    t.check("failing: it says why", "sync" in broken.stderr() or
            "Input/output" in broken.stderr() or "EIO" in broken.stderr(),
            broken.stderr()[-600:])
    t.check("failing: few were refused meanwhile", refused < 1000, refused)
    broken.check_quiet("failing")
    broken.env.pop("LD_PRELOAD")
    broken.start()
    api = broken.api(api.key)
    states = [api.message(m) for m in taken]
    t.check("on a sound disk: all that was taken is there",
            len(states) == len(taken))

    def unsettled():
        return [m for m in taken if api.message(m)["state"]
                not in ("delivered", "uncertain")]
    until(lambda: not unsettled(), 30, 0.5)
    t.check("on a sound disk: all is delivered, or listed as uncertain",
            not unsettled(), unsettled()[:5])
    sent = {l.dest for l in carrier.lines("SUBMIT")}
    lost = [m for m in (api.message(m) for m in taken)
            if m["state"] != "uncertain" and m["to"][1:] not in sent]
    t.check("on a sound disk: nothing is lost", not lost, lost[:3])
    check_once(t, "failing", carrier)
    broken.finish()


def main():
    with Suite("diskfull") as t:
        shim = build_shim(t)
        check_full(t, shim)
        check_failing(t, shim)


main()
