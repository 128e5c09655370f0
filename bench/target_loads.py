"""What the target is measured with: new rows, the same again, few changes in a large table."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import messages
from measure import RunFailedError, run, warnings
from results import Result, counted, interleaved
from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from measure import Usage

TARGET: Final = "target-feishu-bitable"
NEW: Final = 10_000
TOUCHED_DAYS: Final = 30
CHANGED_PER_DAY: Final = 25
CHANGED: Final = CHANGED_PER_DAY * TOUCHED_DAYS
SIZES: Final = (1_000, 10_000, 100_000)
BACKFILL: Final = (365, 493)
"""Days and units: 179,945 rows."""
_PER_DAY: Final = 250
_FULL: Final = 500
"""Rows of a write call and of a page."""


@dataclass(frozen=True, slots=True)
class Load:
    """Rows for a table.

    Attributes:
        name: What it is called.
        source: Messages for the target.
        rows: Rows in them.
        minimum: Fewest calls that carry them.
        holds: Rows in the table afterwards.
    """

    name: str
    source: Path
    rows: int
    minimum: int
    holds: int


def loads(folder: Path) -> Iterator[Result]:
    """Measure the target; yields each result when it is there."""
    with Sandbox() as sandbox:
        growing = [_growth(sandbox, folder, size) for size in SIZES]
        for latency in (0, 100):
            sandbox.latency(latency)
            wanted = growing if latency == 0 else growing[-1:]
            new = _new_and_again(sandbox, folder, latency)
            yield from interleaved([*new, *(partial(one, latency) for one in wanted)])
    with Sandbox() as sandbox:
        days, units = BACKFILL
        rows = (
            messages.row(day, unit)
            for day in messages.days("2025-01-01", days)
            for unit in range(units)
        )
        source = messages.write(folder / "many.jsonl", rows)
        count = days * units
        load = Load("365-day back-fill", source, count, math.ceil(count / _FULL), count)
        yield measure(sandbox, folder, sandbox.table(messages.COLUMNS), load, 0)


def _new_and_again(sandbox: Sandbox, folder: Path, latency: int) -> list[Callable[[int], Result]]:
    days = messages.days("2025-10-01", TOUCHED_DAYS)
    rows = (messages.row(days[number % TOUCHED_DAYS], number) for number in range(NEW))
    source = messages.write(folder / "new.jsonl", rows)
    links: dict[int, str] = {}

    def new(number: int) -> Result:
        links[number] = sandbox.table(messages.COLUMNS)
        load = Load(f"{NEW:,} new rows", source, NEW, NEW // _FULL, NEW)
        return measure(sandbox, folder, links[number], load, latency)

    def again(number: int) -> Result:
        load = Load(f"the same {NEW:,} again", source, NEW, NEW // _FULL, NEW)
        return measure(sandbox, folder, links[number], load, latency)

    return [new, again]


def _growth(sandbox: Sandbox, folder: Path, size: int) -> Callable[[int, int], Result]:
    """A table of a size, and 25 units of each of its last 30 days that changed."""
    per_day = min(_PER_DAY, math.ceil(size / TOUCHED_DAYS))
    days = messages.days("2024-09-01", max(TOUCHED_DAYS, size // per_day))
    holds = per_day * len(days)
    link = sandbox.table(messages.COLUMNS, days, per_day)
    minimum = math.ceil(CHANGED / _FULL) + math.ceil(per_day * TOUCHED_DAYS / _FULL)
    done = 0

    def changed(latency: int, _number: int) -> Result:
        nonlocal done
        done += 1
        rows = (
            messages.row(day, (place * CHANGED_PER_DAY + number) % per_day, done)
            for place, day in enumerate(days[-TOUCHED_DAYS:])
            for number in range(CHANGED_PER_DAY)
        )
        source = messages.write(folder / "changed.jsonl", rows)
        load = Load(f"{CHANGED} changed of {holds:,}", source, CHANGED, minimum, holds)
        return measure(sandbox, folder, link, load, latency)

    return changed


def measure(sandbox: Sandbox, folder: Path, link: str, load: Load, latency: int) -> Result:
    """Run the target on a load.

    Raises:
        RunFailedError: The table holds another number of rows than it should.
    """
    path = folder / "target.json"
    path.write_text(json.dumps(config(sandbox, link)), encoding="utf-8")
    sandbox.calls()
    usage = run(TARGET, ["--config", path.name], folder, source=load.source)
    if (found := sandbox.rows(link)) != load.holds:
        raise RunFailedError(f"{load.name}: the table holds {found} rows, not {load.holds}.")
    done = result(sandbox, load, usage, latency)
    return replace(done, note=done.note + warnings(folder))


def result(sandbox: Sandbox, load: Load, usage: Usage, latency: int) -> Result:
    """What a run took, and the calls since they were asked for last."""
    calls, writes, by_end = sandbox.calls()
    return Result(
        load=load.name,
        approach="target",
        calls=calls,
        write_calls=writes,
        minimum_calls=load.minimum,
        rows=load.rows,
        wall_s=usage.wall_s,
        minimum_s=load.minimum * latency / 1000,
        cpu_s=usage.cpu_s,
        peak_rss_mb=usage.peak_rss_mb,
        latency_ms=latency,
        pacing="off",
        note=counted(by_end),
    )


def config(sandbox: Sandbox, link: str) -> dict[str, Any]:
    """Settings of the target for a table of the sandbox."""
    from platform_sandbox import defaults  # noqa: PLC0415  only names, no server

    return {
        "app_id": defaults.FEISHU_APP_ID,
        "app_secret": defaults.FEISHU_APP_SECRET,
        "bitable": link,
        "api_url": sandbox.url,
        "row_limit": 1_000_000,
    }
