#!/usr/bin/env python3
"""The ceiling of the design: volley-skeleton, with real commits.

    bench/runs/skeleton.py [--size N] [--json FILE]
"""
import json
import subprocess

from rig import Case, options, program


def main():
    opts = options(__doc__, 3000000)
    with Case("skeleton", opts) as t:
        run = subprocess.run(
            [program("volley-skeleton"), "--json", "--count", str(opts.size),
             "--dir", t.folder], capture_output=True, text=True)
        said = json.loads(run.stdout or "{}")
        t.check("every message is final and each receipt found its message",
                run.returncode == 0 and said.get("final") == opts.size,
                run.stderr or said)
        for name in ("final", "unmatched"):
            said.pop(name, None)
        for name, value in said.items():
            t.figure(name, value, 3)


main()
