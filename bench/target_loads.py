"""What the target is measured with: new rows, the same again, few changes in a large table."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

import messages
from measure import RunFailedError, run, warnings
from results import Result
from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TARGET: Final = "target-feishu-bitable"
NEW: Final = 10_000
TOUCHED_DAYS: Final = 30
CHANGED_PER_DAY: Final = 25
PER_DAY: Final = 250
_FULL: Final = 500
"""Rows of a write call and of a page."""


def loads(folder: Path) -> Iterator[Result]:
    """Measure the target; yields each result when it is there."""
    days = messages.days("2025-10-01", TOUCHED_DAYS)
    new = messages.write(
        folder / "new.jsonl",
        (messages.row(days[number % TOUCHED_DAYS], number) for number in range(NEW)),
    )
    for latency in (0, 100):
        with Sandbox(latency) as sandbox:
            link = sandbox.table(messages.COLUMNS, [], 0)
            bench = _Bench(sandbox, folder, link, latency)
            full = math.ceil(NEW / _FULL)
            yield bench.measure("10,000 new rows", new, NEW, full, NEW)
            yield bench.measure("the same 10,000 again", new, NEW, full, NEW)
            sizes = (100_000,) if latency else (1_000, 10_000, 100_000)
            yield from _growth(sandbox, folder, sizes, latency)
    with Sandbox() as sandbox:
        many = messages.days("2025-01-01", 365)
        source = messages.write(
            folder / "many.jsonl",
            (messages.row(day, unit) for day in many for unit in range(493)),
        )
        rows = 365 * 493
        bench = _Bench(sandbox, folder, sandbox.table(messages.COLUMNS, [], 0), 0)
        yield bench.measure("365-day back-fill", source, rows, math.ceil(rows / _FULL), rows)


def _growth(
    sandbox: Sandbox, folder: Path, sizes: tuple[int, ...], latency: int
) -> Iterator[Result]:
    for size in sizes:
        per_day = min(PER_DAY, size // TOUCHED_DAYS)
        count = size // per_day
        days = messages.days("2024-09-01", count)
        touched = days[-TOUCHED_DAYS:]
        source = messages.write(
            folder / "changed.jsonl",
            (
                messages.row(day, (place * CHANGED_PER_DAY + number) % per_day, 5)
                for place, day in enumerate(touched)
                for number in range(CHANGED_PER_DAY)
            ),
        )
        sandbox.latency(0)
        link = sandbox.table(messages.COLUMNS, days, per_day)
        sandbox.latency(latency)
        bench = _Bench(sandbox, folder, link, latency)
        pages = math.ceil(per_day * TOUCHED_DAYS / _FULL)
        changed = CHANGED_PER_DAY * TOUCHED_DAYS
        writes = math.ceil(changed / _FULL)
        yield bench.measure(
            f"{changed} changed of {size:,}", source, changed, writes + pages, count * per_day
        )


class _Bench:
    """Runs of the target on one table."""

    def __init__(self, sandbox: Sandbox, folder: Path, link: str, latency: int) -> None:
        self._sandbox = sandbox
        self._folder = folder
        self._link = link
        self._latency = latency

    def measure(self, load: str, source: Path, rows: int, minimum: int, holds: int) -> Result:
        """Run it on a file of messages; the table must hold so many rows afterwards."""
        path = self._folder / "target.json"
        path.write_text(json.dumps(self._config()), encoding="utf-8")
        self._sandbox.calls()
        usage = run(TARGET, ["--config", path.name], self._folder, source=source)
        calls, writes, by_end = self._sandbox.calls()
        if (found := self._sandbox.rows(self._link)) != holds:
            raise RunFailedError(f"{load}: the table holds {found} rows, not {holds}.")
        kinds = ", ".join(f"{count} {end}" for end, count in sorted(by_end.items()))
        return Result(
            load=load,
            approach="target",
            calls=calls,
            write_calls=writes,
            minimum_calls=minimum,
            rows=rows,
            wall_s=usage.wall_s,
            minimum_s=minimum * self._latency / 1000,
            cpu_s=usage.cpu_s,
            peak_rss_mb=usage.peak_rss_mb,
            latency_ms=self._latency,
            pacing="off",
            note=kinds + warnings(self._folder),
        )

    def _config(self) -> dict[str, Any]:
        from platform_sandbox import defaults  # noqa: PLC0415  only names, no server

        return {
            "app_id": defaults.FEISHU_APP_ID,
            "app_secret": defaults.FEISHU_APP_SECRET,
            "bitable": self._link,
            "api_url": self._sandbox.url,
            "row_limit": 1_000_000,
        }
