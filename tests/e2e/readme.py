#!/usr/bin/env python3
"""The commands of README.md are run as they stand, in one shell from the top
to the bottom, in a copy of the folders they name; files and links that it
names are there."""
import os
import re
import shutil
import subprocess

from volley_e2e import BIN, ROOT, Suite, free_port, _die_with_parent

# Ports of the sample settings, which may be taken on this machine.
PORTS = ("8080", "2775", "2776")
# What a curl of the README may not do: end with an error of the API.
SHELL = """set -eu -o pipefail
curl() {
  case $1 in -sf) command curl "$@" ;; *) command curl --fail-with-body "$@" ;; esac
}
set -m
trap 'echo "line $LINENO: $BASH_COMMAND"' ERR
"""


def blocks(text):
    """(runs, block) of each fenced `sh` block."""
    form = re.compile(r"(<!-- not run: [^\n]* -->\n)?```sh\n(.*?)```\n",
                      re.S)
    return [(not m.group(1), m.group(2)) for m in form.finditer(text)]


def make_tree(t, ports):
    """A folder with build/bin and the sample, on ports that are free."""
    os.makedirs(t.path("tree/build"))
    os.makedirs(t.path("tree/engine"))
    os.symlink(BIN, t.path("tree/build/bin"))
    for name in ("volley.yaml", "volleyd.service"):
        with open(os.path.join(ROOT, "engine", name)) as f:
            text = f.read()
        with open(t.path("tree/engine", name), "w") as f:
            f.write(put_ports(text, ports))


def put_ports(text, ports):
    for old, new in ports.items():
        text = re.sub(r"\b%s\b" % old, str(new), text)
    return text


def check_names(t, text):
    """Every local link leads somewhere, every named program exists."""
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        t.check("README links to %s" % target,
                os.path.exists(os.path.join(ROOT, target)))
    for path in sorted(set(re.findall(
            r"\b((?:engine|tests|bench)/[\w./-]*\w)", text))):
        t.check("README names %s" % path,
                os.path.exists(os.path.join(ROOT, path)))


def run_blocks(t, text, ports):
    script = SHELL + "".join(b for runs, b in blocks(text) if runs)
    with open(t.path("readme.sh"), "w") as f:
        f.write(put_ports(script, ports))
    # Into a file: what the script leaves running would keep a pipe open.
    with open(t.path("readme.out"), "w+") as out:
        shell = subprocess.Popen(
            ["bash", t.path("readme.sh")], cwd=t.path("tree"),
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent)
        try:
            shell.wait(90)
        except subprocess.TimeoutExpired:
            print("  ...   it took longer than 90 s")
            shell.kill()
            shell.wait()
        out.seek(0)
        return shell.returncode, out.read()


def end_left_over(t):
    """Ends the programs of the README when its script broke off."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            here = os.readlink("/proc/%s/cwd" % pid)
            program = os.readlink("/proc/%s/exe" % pid)
        except OSError:
            continue
        if here == t.path("tree") and program.startswith(
                os.path.realpath(BIN)):
            os.kill(int(pid), 9)


def main():
    with Suite("readme") as t:
        for tool in ("curl", "jq"):
            if not shutil.which(tool):
                raise SystemExit("%s is not installed" % tool)
        with open(os.path.join(ROOT, "README.md")) as f:
            text = f.read()
        t.check("it has blocks to run",
                sum(runs for runs, _ in blocks(text)) >= 5)
        check_names(t, text)
        ports = {p: free_port() for p in PORTS}
        make_tree(t, ports)
        status, said = run_blocks(t, text, ports)
        end_left_over(t)
        t.check("its commands run to the end", status == 0,
                "exit %s\n%s" % (status, said[-1800:]))
        for words in ("Five is fine", '"state": "delivered"', "bad_number"):
            t.check("what they print holds %s" % words, words in said, said)


main()
