#!/usr/bin/env python3
"""1,000 messages of all kinds from npm's smpp, which encodes and decodes by
itself, through the SMPP server to a carrier: every receipt and every reply
comes back.

--direct: the client talks to the simulated carrier itself.
--drop: its connection is cut in the middle, and it binds again."""
import os
import sys

import foreign_judge as judge
import foreign_npm as npm
import foreign_plan as plan
from volley_e2e import Suite

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    with Suite("foreign_node") as t:
        env = npm.environment()
        rig = judge.Rig(t, "--direct" in sys.argv)
        wire = judge.Wire(t, rig.port, rig.carrier.port)
        rig.start()
        messages = plan.plan(extra=[plan.by_data_sm, plan.with_tlvs])
        ledger = judge.run_client(t, rig, messages, [
            "node", os.path.join(HERE, "foreign_node.js")], env,
            ["drop"] if "--drop" in sys.argv else [])
        if "--drop" in sys.argv:
            cut = [l["unheard"] for l in ledger if l["what"] == "cut"]
            t.check("it was cut off with deliveries unanswered",
                    len(cut) == 1 and cut[0] > 0, cut)
        judge.check_all(t, rig, messages, ledger)
        rig.finish()
        wire.judge()
        judge.check_passed(t, wire, rig)


main()
