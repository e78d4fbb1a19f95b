"""python3 .ci/venv.py REQUIREMENTS.txt ...: make .venv and install into it, unless that was done already.

Runs under any Python 3, so that a too old one is told what is missing. It makes .venv anew when that was made by
another Python, was moved, or is broken.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
NEWEST = (3, 14)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts" if os.name == "nt" else "bin") / "python"
STAMP = VENV / "installed"


def main():
    files = [ROOT / name for name in sys.argv[1:]]
    if not is_sound():
        make(suitable_python())
    wanted, before = {file.name for file in files}, installed()
    if not wanted <= before:
        install(files)
        STAMP.write_text(" ".join([fingerprint(), *sorted(wanted | before)]))


def is_sound():
    """Does .venv hold a Python that runs and is new enough, and was it made in this very place?"""
    pip = PYTHON.with_name("pip")
    if not PYTHON.exists() or not pip.exists() or str(VENV) not in pip.read_text(errors="replace")[:1000]:
        return False
    ask = f"import sys; sys.exit(sys.version_info < {OLDEST!r})"
    return subprocess.run([str(PYTHON), "-c", ask], stderr=subprocess.DEVNULL, check=False).returncode == 0


def installed():
    """The names of the requirement files whose contents are installed, as they are now."""
    words = STAMP.read_text().split() if STAMP.exists() else [""]
    return set(words[1:]) if words[0] == fingerprint() else set()


def fingerprint():
    """Changes with what the requirement files say."""
    everything = hashlib.sha256()
    for file in sorted(ROOT.glob("requirements*.txt")):
        everything.update(file.read_bytes())
    return everything.hexdigest()


def suitable_python():
    """This Python when it is new enough, else the newest suitable one on the PATH; None when there is none."""
    if sys.version_info >= OLDEST:
        return sys.executable
    names = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    return next((found for found in map(shutil.which, names) if found), None)


def make(python):
    if python is None:
        version = ".".join(map(str, sys.version_info[:3]))
        give_up(
            f"Python {version} is too old: 3.{OLDEST[1]} or newer is needed. PYTHON=/path/to/it make ... names one."
        )
    say(f"Making .venv with {python}")
    if VENV.exists():
        shutil.rmtree(str(VENV))
    for way in ([python, "-m", "venv", str(VENV)], [python, "-m", "virtualenv", "--quiet", str(VENV)]):
        made = subprocess.run(way, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if made.returncode == 0 and is_sound():
            return
        shutil.rmtree(str(VENV), ignore_errors=True)
    said = made.stdout.decode(errors="replace")
    give_up(f"{said}\nThis Python can make no virtual environment. On Debian and Ubuntu: apt install python3-venv")


def install(files):
    """Twice at most: a registry that stumbles once is common, one that stumbles twice is worth a look."""
    say(f"Installing {' '.join(file.name for file in files)} (once; it takes a minute or two)")
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "10"]
    for file in files:
        command += ["--requirement", str(file)]
    for _ in range(2):
        if subprocess.run(command, check=False).returncode == 0:
            return
    give_up("pip could not install what is needed; its words are above.")


def say(text):
    sys.stderr.write(text + "\n")


def give_up(text):
    say(text)
    sys.exit(1)


if __name__ == "__main__":
    main()
