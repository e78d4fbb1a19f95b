"""Chromium for the tests that drive a browser: found, or installed with apt where that needs no question."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main() -> int:
    if any(shutil.which(name) for name in NAMES) or os.environ.get("GLSYNC_CHROMIUM"):
        return 0
    for prefix in ([], ["sudo", "-n"]):
        if _may_install(prefix) and _install(prefix):
            return 0
    sys.stderr.write(
        "There is no Chromium here, and it cannot be installed without you: tests that drive a browser will fail.\n"
        "Install it (apt install chromium), or name one: GLSYNC_CHROMIUM=/path/to/chrome make test\n"
    )
    return 1


def _may_install(prefix: list[str]) -> bool:
    if not shutil.which("apt-get"):
        return False
    if not prefix:
        return os.geteuid() == 0
    return bool(shutil.which("sudo")) and subprocess.run(["sudo", "-n", "true"], check=False).returncode == 0


def _install(prefix: list[str]) -> bool:
    sys.stderr.write("Installing Chromium (once)\n")
    quiet = {"stdout": subprocess.DEVNULL, "check": False}
    subprocess.run([*prefix, "apt-get", "update", "-qq"], **quiet)
    install = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq", "chromium"]
    return subprocess.run(install, **quiet).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
