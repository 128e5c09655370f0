"""What the tap is measured with: a daily run over many accounts, and a long back-fill."""

from __future__ import annotations

import datetime as dt
import json
import math
import subprocess
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from measure import PROGRAMS, run, warnings
from results import Result, counted, interleaved
from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TAP: Final = "tap-oceanengine-local"
STREAM: Final = "promotion_report"
SELECTED: Final = {
    "stat_time_day",
    "local_account_id",
    "local_account_name",
    "promotion_id",
    "promotion_name",
    "stat_cost",
    "show_cnt",
    "click_cnt",
    "convert_cnt",
    "conversion_cost",
    "clue_pay_order_cnt",
    "attribution_convert_cnt",
    "attribution_convert_cost",
}
"""The thirteen columns of the daily table."""
PARALLEL: Final = 4
PACED: Final = 10
UNPACED: Final = 1000
_PAGE: Final = 100


def loads(folder: Path) -> Iterator[Result]:
    """Measure the tap; yields each result when it is there."""
    small = {"active": 7, "units": (2, 30), "big_units": 130, "days": 120}
    with Sandbox(100, accounts=77, **small) as sandbox:
        name = "77 accounts (7 active), 31 days"
        daily = partial(_measure, sandbox, folder, name)
        yield daily(latency=100, pacing=PACED)
        yield from interleaved(
            [
                lambda _: daily(latency=100, pacing=UNPACED),
                lambda _: daily(latency=0, pacing=UNPACED),
            ]
        )
    large = {"active": 70, "units": (2, 30), "big_units": 130, "days": 120}
    with Sandbox(accounts=1000, **large) as sandbox:
        name = "1,000 accounts (70 active), 31 days"
        yield _measure(sandbox, folder, name, latency=100, pacing=UNPACED)
    one = {"active": 1, "big_units": 0, "steady": True, "days": 400}
    for units, days in ((500, 365), (1000, 365)):
        with Sandbox(today=True, accounts=1, units=(units, units), **one) as sandbox:
            name = f"{days} days x {units:,} units"
            yield _measure(sandbox, folder, name, latency=0, pacing=UNPACED, days=days)


def _measure(
    sandbox: Sandbox, folder: Path, load: str, *, latency: int, pacing: int, days: int = 31
) -> Result:
    start = sandbox.yesterday - dt.timedelta(days=days - 1)
    settings = config(sandbox, folder) | {
        "start_date": start.isoformat(),
        "requests_per_second": pacing,
    }
    (folder / "tap.json").write_text(json.dumps(settings), encoding="utf-8")
    chosen = catalog(folder)
    sandbox.latency(latency)
    sandbox.calls()
    usage = run(TAP, ["--config", "tap.json", "--catalog", str(chosen)], folder)
    calls, _, by_end = sandbox.calls()
    rows, active = _rows(folder)
    pages, compared = _full_pages(rows), _full_pages(active)
    silent = len(sandbox.accounts()) - len(rows)
    lists = sandbox.lists()
    least = pages + silent + lists + compared
    shortest = max(least * latency / 1000 / PARALLEL, least / pacing)
    return Result(
        load=load,
        approach="tap",
        calls=calls,
        write_calls=0,
        minimum_calls=least,
        rows=rows.total(),
        wall_s=usage.wall_s,
        minimum_s=shortest if latency else 0.0,
        cpu_s=usage.cpu_s,
        peak_rss_mb=usage.peak_rss_mb,
        latency_ms=latency,
        pacing=str(pacing) if pacing == PACED else "off",
        note=f"{pages} full pages, {silent} accounts without rows, {lists} lists of accounts, "
        f"{compared} pages of costs to compare; {counted(by_end)}" + warnings(folder),
    )


def config(sandbox: Sandbox, folder: Path) -> dict[str, Any]:
    """Settings of the tap, with a token store that knows nothing."""
    from platform_sandbox import defaults  # noqa: PLC0415  only names, no server

    store = folder / "tokens.db"
    for file in folder.glob("tokens.db*"):
        file.unlink()
    return {
        "app_id": defaults.OE_APP_ID,
        "app_secret": defaults.OE_APP_SECRET,
        "access_token": defaults.OE_ACCESS_TOKEN,
        "refresh_token": defaults.OE_REFRESH_TOKEN,
        "token_store_uri": f"sqlite:///{store}",
        "api_url": sandbox.url,
        "end_date": sandbox.yesterday.isoformat(),
        "max_parallel_requests": PARALLEL,
    }


def catalog(folder: Path) -> Path:
    """The catalog that selects the thirteen columns, made once."""
    path = folder / "catalog.json"
    if path.exists():
        return path
    found = subprocess.run(
        [str(PROGRAMS / TAP), "--discover"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    every = json.loads(found.stdout)
    for stream in every["streams"]:
        wanted = stream["tap_stream_id"] == STREAM
        for item in stream["metadata"]:
            column = item["breadcrumb"][-1] if item["breadcrumb"] else None
            item["metadata"]["selected"] = wanted and (column is None or column in SELECTED)
    path.write_text(json.dumps(every), encoding="utf-8")
    return path


def _rows(folder: Path) -> tuple[Counter[str], Counter[str]]:
    """Rows, and days with rows, by account."""
    each: Counter[tuple[str, str]] = Counter()
    with (folder / "out").open(encoding="utf-8") as lines:
        for line in lines:
            if '"RECORD"' in line[:40]:
                record = json.loads(line)["record"]
                each[record["local_account_id"], record["stat_time_day"]] += 1
    rows: Counter[str] = Counter()
    for (account, _), count in each.items():
        rows[account] += count
    return rows, Counter(account for account, _ in each)


def _full_pages(by_account: Counter[str]) -> int:
    return sum(math.ceil(count / _PAGE) for count in by_account.values())
