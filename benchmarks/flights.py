"""python -m benchmarks.flights: the demo's 336,776 flights, a Big Table of 24 columns, loaded, then looked at again."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.contestants import Place, glsync, run_sql
from benchmarks.ground import glide, postgres
from benchmarks.measured import measured
from glsync.standin.flights import FLIGHTS_APP_ID, FLIGHTS_TOKEN, flights_mappings


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="glsync-flights-") as folder, postgres(Path(folder)) as database:
        with glide("flights") as url:
            place = Place(database, url, Path(folder), FLIGHTS_TOKEN)
            glsync(place, "migrate")
            form = place.folder / "flights.yaml"
            form.write_text(json.dumps(_form(url)))
            glsync(place, "apply", str(form))
            print("| run | seconds | CPU | CPU in Postgres | peak memory | rows read | updates spent |")
            print("|---|---|---|---|---|---|---|")
            for run in ("first load", "unchanged"):
                print(_measured(place, run), flush=True)
        ((stored,),) = run_sql(database, "select count(*) from public.flights")
        assert stored == 336_776, stored


def _measured(place: Place, run: str) -> str:
    command = (sys.executable, "-m", "glsync", "sync", "flights", "--inline", "--json")
    found = measured(command, place.environment, int(os.environ["BENCH_POSTMASTER"]))
    told = json.loads(found.said)
    return (
        f"| {run} | {found.wall:.2f} | {found.cpu:.2f} s | {found.postgres_cpu:.2f} s | {found.peak_mb:.0f} MB"
        f" | {told['read']:,} | {told['price']} |"
    )


def _form(url: str) -> dict[str, object]:
    settings = {"classic_url": f"{url}/api/function", "rest_url": f"{url}/api", "bigtables_url": url}
    connection = {"name": "flights", "app_id": FLIGHTS_APP_ID, "api_key": "env:BENCH_TOKEN", "settings": settings}
    mappings = [each | {"create_table": True} for each in flights_mappings("flights") if each["name"] == "flights"]
    return {"connections": [connection], "mappings": mappings}


if __name__ == "__main__":
    main()
