"""How the cost of a day grows from 10 to 1,000 accounts, and what shards gain.

`python bench/growth.py` takes about eight minutes, prints two tables in Markdown and draws
docs/images/growth.svg. Every answer of the platform takes 100 ms (300 ms for the shards).
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import chart
from measure import PROGRAMS, run
from sandbox import Sandbox
from tap_loads import TAP, catalog, config

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "deploy/airflow/dags"))

from sharding import shard_runs  # noqa: E402  a script of the DAG's folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from measure import Usage

SIZES: Final = (10, 30, 100, 300, 1000)
ACTIVE_SHARE: Final = 0.07
DAYS: Final = 31
LATENCY_MS: Final = 100
PACED: Final = 10
FAR_MS: Final = 300
GRANTED: Final = 40
SHARDS: Final = 4
GROWTH_HEADS: Final = ("accounts", "active", "rows", "calls", "wall s", "bound s", "CPU s", "MiB")
SHARD_HEADS: Final = ("1,000 accounts", "calls", "wall s", "bound s", "CPU s", "MiB each")


class Platform(Sandbox):
    """A sandbox with so many accounts, and the tap's settings for it."""

    def __init__(self, accounts: int, latency_ms: int) -> None:
        self.active = max(1, round(accounts * ACTIVE_SHARE))
        super().__init__(
            latency_ms, accounts=accounts, active=self.active, units=(2, 30), big_units=0, days=120
        )

    def config(self, folder: Path, **changes: object) -> dict[str, Any]:
        """Return the settings of a day's run."""
        start = self.yesterday - dt.timedelta(days=DAYS - 1)
        return config(self, folder) | {"start_date": start.isoformat(), **changes}


def tap(folder: Path, told: Mapping[str, Any], chosen: Path) -> tuple[Usage, int]:
    """Run the tap with the daily columns in a folder; return what it took, and its rows."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tap.json").write_text(json.dumps(told), encoding="utf-8")
    words = ["--config", "tap.json", "--catalog", str(chosen)]
    usage = run(TAP, words, folder)
    with (folder / "out").open(encoding="utf-8") as lines:
        return usage, sum('"RECORD"' in line[:40] for line in lines)


def growth(folder: Path) -> Iterator[tuple[float, ...]]:
    """Measure the sizes; yield a row of the table for each."""
    chosen = catalog(folder)
    for size in SIZES:
        with Platform(size, LATENCY_MS) as sandbox:
            place = folder / str(size)
            place.mkdir()
            told = sandbox.config(place, requests_per_second=PACED)
            sandbox.calls()
            usage, rows = tap(place, told, chosen)
            calls = sandbox.calls()[0]
            shortest = calls / PACED
            yield (
                size, sandbox.active, rows, calls, usage.wall_s, shortest, usage.cpu_s,
                usage.peak_rss_mb,
            )  # fmt: skip


def shards(folder: Path) -> Iterator[tuple[object, ...]]:
    """Measure one process with few and with many requests at once, and four shards."""
    chosen = catalog(folder)
    with Platform(SIZES[-1], FAR_MS) as sandbox:
        for parallel in (4, 16):
            place = folder / f"one-{parallel}"
            place.mkdir()
            changes = {"requests_per_second": GRANTED, "max_parallel_requests": parallel}
            sandbox.calls()
            usage, _ = tap(place, sandbox.config(place, **changes), chosen)
            calls = sandbox.calls()[0]
            shortest = max(calls / GRANTED, calls * FAR_MS / 1000 / parallel)
            name = f"one process, {parallel} requests at once"
            yield name, calls, usage.wall_s, shortest, usage.cpu_s, usage.peak_rss_mb
        yield _in_shards(folder, sandbox, chosen)


def _in_shards(folder: Path, sandbox: Platform, chosen: Path) -> tuple[object, ...]:
    told = sandbox.config(folder, requests_per_second=GRANTED // SHARDS)
    environment = {f"TAP_OCEANENGINE_LOCAL_{name.upper()}": str(one) for name, one in told.items()}
    listed = subprocess.run(
        [PROGRAMS / "oceanengine-local", "accounts", "--json"],
        env=os.environ | environment, check=True, capture_output=True,
    )  # fmt: skip
    runs = shard_runs(json.loads(listed.stdout), SHARDS, GRANTED // SHARDS)
    configs = [
        told
        | {
            "local_account_ids": one["TAP_OCEANENGINE_LOCAL_LOCAL_ACCOUNT_IDS"],
            "account_names": json.loads(one["TAP_OCEANENGINE_LOCAL_ACCOUNT_NAMES"]),
        }
        for one in runs
    ]
    sandbox.calls()
    begin = time.perf_counter()
    with ThreadPoolExecutor(SHARDS) as pool:
        places = [folder / one["MELTANO_RUN_STATE_ID_SUFFIX"] for one in runs]
        usages = [usage for usage, _ in pool.map(tap, places, configs, [chosen] * SHARDS)]
    wall, calls = time.perf_counter() - begin, sandbox.calls()[0]
    cpu, memory = sum(one.cpu_s for one in usages), max(one.peak_rss_mb for one in usages)
    return f"{SHARDS} shards, 4 requests at once each", calls, wall, calls / GRANTED, cpu, memory


def markdown(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """Return a table; seconds and MiB with one decimal."""
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    for row in rows:
        cells = (f"{one:,.1f}" if isinstance(one, float) else _whole(one) for one in row)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _whole(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def picture(rows: list[tuple[float, ...]]) -> str:
    """Return the chart of the growth."""
    measured = [(row[0], row[4]) for row in rows]
    bound = [(row[0], row[5]) for row in rows]
    return chart.draw(
        f"A day's run of the tap: {DAYS} days, {ACTIVE_SHARE:.0%} of the accounts spending",
        ("accounts", SIZES),
        ("seconds", (1, 3, 10, 30, 100, 300)),
        [
            chart.Line(f"measured, {PACED} requests a second", measured, "#1456f0"),
            chart.Line("calls ÷ requests a second", bound, "#888", dashed=True),
        ],
    )


def main() -> int:
    """Measure, print, draw."""
    with TemporaryDirectory(prefix="growth-") as folder:
        rows = list(growth(Path(folder)))
        print(markdown(GROWTH_HEADS, rows) + "\n", flush=True)
        picture_path = ROOT / "docs/images/growth.svg"
        picture_path.write_text(picture(rows), encoding="utf-8")
        print(markdown(SHARD_HEADS, list(shards(Path(folder)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
