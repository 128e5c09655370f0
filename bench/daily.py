"""The daily run in both ways; each leaves the table equal to the platform, or is not measured."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pipeline
from correct import check
from measure import run
from results import Result, counted
from tap_loads import PACED, PARALLEL, SELECTED, UNPACED

if TYPE_CHECKING:
    from measure import Usage
    from sandbox import Sandbox

DAYS: Final = 30
PREDECESSOR: Final = "day by day"
_SCRIPT: Final = Path(__file__).with_name("way_predecessor.py")
_GIVEN: Final = {"stat_time_day", "local_account_id", "local_account_name", "promotion_id"}
_PAGE: Final = 100
_FULL: Final = 500


class Daily:
    """Thirty days of every account into one table, and the same again.

    Args:
        sandbox: Both platforms.
        folder: For the Meltano project and the ways' settings.
    """

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self._sandbox = sandbox
        self._folder = folder
        self._first = sandbox.yesterday - dt.timedelta(days=DAYS - 1)
        self._truth = sandbox.truth(self._first, sandbox.yesterday)
        self._accounts = sandbox.accounts()
        rows = Counter(row["local_account_id"] for row in self._truth)
        pages = sum(max(1, math.ceil(rows[account] / _PAGE)) for account, _ in self._accounts)
        self._reads = pages + sandbox.lists() + len(rows)
        self._full = math.ceil(len(self._truth) / _FULL)
        self._names = pipeline.column_names()
        self._pipeline = pipeline.Pipeline(folder / "project", sandbox)
        self._link = ""

    def meltano(
        self, _number: int, *, latency: int, again: bool = False, pacing: int = UNPACED
    ) -> Result:
        """The job of this project."""
        self._prepare(latency, again=again)
        variables = pipeline.settings(self._sandbox, self._link, days=DAYS, pacing=pacing)
        usage = self._pipeline.run(variables)
        return replace(
            self._result("meltano run", usage, latency, again=again),
            minimum_s=self.shortest(latency, pacing),
            pacing=str(pacing) if pacing == PACED else "off",
        )

    def predecessor(self, _number: int, *, again: bool = False) -> Result:
        """The way of the scripts that this project replaces."""
        self._prepare(0, again=again)
        path = self._folder / "predecessor.json"
        path.write_text(json.dumps(self._script_settings(), ensure_ascii=False), "utf-8")
        usage = run("python", [str(_SCRIPT), str(path)], self._folder)
        return self._result(PREDECESSOR, usage, 0, again=again)

    def shortest(self, latency: int, pacing: int = UNPACED) -> float:
        """Seconds for the fewest calls: reads in parallel and paced, then writes in turn."""
        reading = max(self._reads * latency / 1000 / PARALLEL, self._reads / pacing)
        return reading + self._full * latency / 1000 if latency else 0.0

    @property
    def silent(self) -> str:
        """An account without rows."""
        return self._accounts[-1][0]

    def empty(self, _number: int = 0) -> tuple[Usage, int]:
        """The job for one account without rows; returns its calls too."""
        self._prepare(0, again=False)
        variables = pipeline.settings(self._sandbox, self._link, days=DAYS, pacing=UNPACED)
        silent = {"TAP_OCEANENGINE_LOCAL_LOCAL_ACCOUNT_IDS": self.silent}
        return self._pipeline.run(variables | silent), self._sandbox.calls()[0]

    def _prepare(self, latency: int, *, again: bool) -> None:
        if not again:
            self._link = self._sandbox.table(pipeline.columns())
        self._sandbox.latency(latency)
        self._sandbox.calls()

    def _result(self, approach: str, usage: Usage, latency: int, *, again: bool) -> Result:
        calls, writes, by_end = self._sandbox.calls()
        load = "daily run, nothing changed" if again else "daily run, all new"
        check(load, self._sandbox.cells(self._link), self._truth, self._names)
        return Result(
            load=load,
            approach=approach,
            calls=calls,
            write_calls=writes,
            minimum_calls=self._reads + self._full,
            rows=len(self._truth),
            wall_s=usage.wall_s,
            minimum_s=0.0,
            cpu_s=usage.cpu_s,
            peak_rss_mb=usage.peak_rss_mb,
            latency_ms=latency,
            pacing="off",
            note=counted(by_end),
        )

    def _script_settings(self) -> dict[str, Any]:
        from platform_sandbox import defaults  # noqa: PLC0415  only names, no server

        return {
            "url": self._sandbox.url,
            "bitable": self._link,
            "app_id": defaults.FEISHU_APP_ID,
            "app_secret": defaults.FEISHU_APP_SECRET,
            "access_token": defaults.OE_ACCESS_TOKEN,
            "accounts": self._accounts,
            "first": self._first.isoformat(),
            "last": self._sandbox.yesterday.isoformat(),
            "metrics": sorted(SELECTED - _GIVEN - {"promotion_name"}),
            "names": self._names,
        }
