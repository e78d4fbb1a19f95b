"""Glide's own client from npm, unchanged, against the stand-in."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock
from platformdirs import user_cache_path

from tests.standin.conftest import APP, ITEMS, ORDERS, TOKEN

HERE = Path(__file__).parent / "npm"

pytestmark = pytest.mark.node


@pytest.fixture(scope="session")
def client() -> Path:
    """A folder of this user's outside the repository with the client installed, made once for each lock file."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"the official client runs on Node.js, and there is no {program} on this machine")
    lock = (HERE / "package-lock.json").read_bytes()
    folder = user_cache_path("glsync-tests", ensure_exists=True) / f"npm-{hashlib.sha256(lock).hexdigest()[:12]}"
    with FileLock(f"{folder}.lock"):
        if not (folder / "node_modules" / "@glideapps" / "tables").exists():
            folder.mkdir(exist_ok=True)
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(HERE / name, folder)
            installed = subprocess.run(["npm", "ci"], cwd=folder, capture_output=True, text=True, timeout=300)
            if installed.returncode:
                pytest.skip(f"npm could not install the official client: {installed.stderr.strip()[-300:]}")
        shutil.copy(HERE / "drive.js", folder)
    return folder


def test_the_official_client_reads_adds_updates_clears_deletes_and_queries(glide, client):
    rows = [{"$rowID": f"row{number}", "Name": f"item {number}", "Kx9aB": number} for number in range(25_000)]
    glide.edit(ITEMS, add=rows)
    command = ["node", "drive.js", glide.classic_url, glide.rest_url, TOKEN, ITEMS, ORDERS]
    driven = subprocess.run(command, cwd=client, capture_output=True, text=True, timeout=120)
    assert driven.returncode == 0, driven.stderr
    seen = json.loads(driven.stdout)

    assert seen["apps"] == [[APP, "Operations"]]
    assert [name for _, name in seen["tables"]] == ["Items", "Parts", "Orders"]
    assert seen["schema"][:2] == [["Name", "Item", "string"], ["Kx9aB", "Quantity", "number"]]

    assert (seen["read"], seen["distinct"]) == (25_000, 25_000)
    assert seen["first"] == {"$rowID": "row0", "name": "item 0", "quantity": 0}

    assert len(set(seen["addedMany"])) == 600
    assert seen["one"] == {"$rowID": seen["added"], "name": "uno", "quantity": 1, "done": True}
    assert seen["cleared"] == {"$rowID": seen["addedMany"][0], "name": "many 0"}
    assert seen["whole"] == {"$rowID": seen["addedMany"][1], "name": "whole row", "quantity": 7}
    assert seen["left"] == 25_003
    assert len(glide.rows(ITEMS)) == 25_003

    assert (seen["queried"], seen["either"], seen["ordered"]) == (["ink"], ["pen", "ink"], ["ink", "pen"])
    assert (seen["byId"], seen["afterDelete"]) == ("pen", ["pen"])

    assert "SQL" in seen["refused"]
    assert seen["stranger"] == "nothing"
