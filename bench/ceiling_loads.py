"""What the sandbox itself can answer: no plugin is faster than this on the same machine."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import messages
from bare_feishu import FULL, Bare, BareTable
from results import Result, interleaved
from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CALLS: Final = 40
REPORT_PAGE: Final = 100
_TOKEN: Final = re.compile(rb'"page_token":\s*"([^"]*)"')
_METRICS: Final = ["stat_cost", "show_cnt", "click_cnt", "convert_cnt", "conversion_cost"]


def loads(_folder: Path) -> Iterator[Result]:
    """Ask for full pages and send full writes, one after the other, as fast as it goes."""
    from platform_sandbox import defaults  # noqa: PLC0415  only names, no server

    world: dict[str, Any] = {"units": (1000, 1000), "steady": True, "days": 40, "big_units": 0}
    with Sandbox(accounts=1, active=1, **world) as sandbox:
        days = messages.days("2025-10-01", CALLS)
        link = sandbox.table(messages.COLUMNS, days, FULL)
        table = BareTable(link, defaults.FEISHU_APP_ID, defaults.FEISHU_APP_SECRET)
        source = Bare(sandbox.url, **{"Access-Token": defaults.OE_ACCESS_TOKEN})
        new = BareTable(
            sandbox.table(messages.COLUMNS), defaults.FEISHU_APP_ID, defaults.FEISHU_APP_SECRET
        )
        yield from interleaved(
            [
                lambda _: _measure("report page of 100 rows", _report(sandbox, source)),
                lambda _: _measure("search page of 500 rows", _page(table), FULL),
                lambda number: _measure("batch_create of 500 rows", _create(new, number), FULL),
            ]
        )


def _measure(load: str, one: Callable[[int], bytes], rows: int = REPORT_PAGE) -> Result:
    begin = time.perf_counter()
    for number in range(CALLS):
        if b'"code":0' not in one(number).replace(b" ", b""):
            raise RuntimeError(f"{load}: the sandbox refused it.")
    wall = time.perf_counter() - begin
    return Result(
        load=load,
        approach="sandbox",
        calls=CALLS,
        write_calls=CALLS if load.startswith("batch") else 0,
        minimum_calls=CALLS,
        rows=CALLS * rows,
        wall_s=wall,
        minimum_s=0.0,
        cpu_s=None,
        peak_rss_mb=None,
        latency_ms=0,
        pacing="off",
        note=f"{CALLS / wall:,.0f} requests/s with a bare HTTP client",
    )


def _report(sandbox: Sandbox, source: Bare) -> Callable[[int], bytes]:
    account = sandbox.accounts()[0][0]

    def ask(number: int) -> bytes:
        query = {
            "local_account_id": account,
            "start_date": sandbox.yesterday.replace(day=1).isoformat(),
            "end_date": sandbox.yesterday.isoformat(),
            "time_granularity": "TIME_GRANULARITY_DAILY",
            "metrics": json.dumps(_METRICS),
            "page": number % 10 + 1,
            "page_size": REPORT_PAGE,
        }
        return source.send("GET", "/open_api/v3.0/local/report/promotion/get/?" + urlencode(query))

    return ask


def _page(table: BareTable) -> Callable[[int], bytes]:
    token = b""

    def ask(_: int) -> bytes:
        nonlocal token
        path = f"{table.records}/search?page_size={FULL}&page_token={token.decode()}"
        answer = table.send("POST", path, b"{}")
        found = _TOKEN.search(answer)
        token = found[1] if found else b""
        return answer

    return ask


def _create(table: BareTable, number: int) -> Callable[[int], bytes]:
    days = messages.days("2025-10-01", CALLS)
    bodies = [
        json.dumps(
            {
                "records": [
                    {"fields": messages.cells(messages.row(day, unit + number * FULL))}
                    for unit in range(FULL)
                ]
            },
            ensure_ascii=False,
        ).encode()
        for day in days
    ]
    return lambda place: table.send("POST", f"{table.records}/batch_create", bodies[place])
