"""npm's smpp, for tests that talk with it: the version that package.json and
its lock name, beside the programs of the build."""
import fcntl
import os
import shutil
import subprocess

from volley_e2e import BIN

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = ("package.json", "package-lock.json")


def is_fresh(folder):
    """npm writes .package-lock.json when it has put everything there."""
    try:
        done = os.path.getmtime(os.path.join(folder, "node_modules",
                                             ".package-lock.json"))
        return all(read(os.path.join(folder, f)) ==
                   read(os.path.join(HERE, f)) for f in FILES) and done > 0
    except FileNotFoundError:
        return False


def read(path):
    with open(path) as f:
        return f.read()


def environment():
    """Installs what is missing; what node needs to find it."""
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            raise SystemExit("%s is not installed" % tool)
    folder = os.path.join(os.path.dirname(BIN), "node")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two tests may come at once
        if not is_fresh(folder):
            for name in FILES:
                shutil.copy(os.path.join(HERE, name), folder)
            run = subprocess.run(
                ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
                cwd=folder, capture_output=True, text=True, timeout=60)
            if run.returncode:
                raise SystemExit("npm ci: %s" % run.stderr[-1500:])
    return {"NODE_PATH": os.path.join(folder, "node_modules")}
