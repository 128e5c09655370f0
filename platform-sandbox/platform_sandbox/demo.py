"""The walk through the main job that `make demo` shows: three real runs, each checked.

Nothing here believes what the pipeline says of itself: rows, cells and calls are read from the
platforms' own store and request log, before and after each run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from platform_sandbox import defaults

SHANGHAI = ZoneInfo("Asia/Shanghai")
TABLE = "单元日报"
DAYS = 31
COLUMNS = {
    "local_account_id": "账户ID",
    "local_account_name": "账户名称",
    "promotion_name": "单元名称",
    "stat_cost": "消耗(元)",
    "show_cnt": "展示次数",
    "click_cnt": "点击次数",
    "convert_cnt": "转化数",
    "conversion_cost": "转化成本(元)",
    "clue_pay_order_cnt": "团购线索数",
    "attribution_convert_cnt": "转化数(计费时间)",
    "attribution_convert_cost": "转化成本(元)(计费时间)",
}

Key = tuple[str, str]
Row = dict[str, Any]


class DemoError(Exception):
    """Something the demo promises is not so."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What one run did to the table, seen from outside."""

    created: int
    updated: Counter[str]
    gone: int
    rows: int
    writes: int
    requests: int

    @property
    def updated_cells(self) -> int:
        """Cells that hold another value than before the run."""
        return sum(self.updated.values())


class Sandbox:
    """The running sandbox, spoken to over HTTP as any other program would."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, path: str, body: object | None = None, method: str | None = None) -> Any:  # noqa: ANN401  JSON
        """Send one control request and return its JSON answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  the sandbox's own address
            f"{self.url}/_sandbox/{path}",
            data=data,
            method=method or ("GET" if data is None else "POST"),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)

    def yesterday(self) -> date:
        """The last closed day on the sandbox's clock."""
        return date.fromisoformat(self.call("clock")["today"]) - timedelta(days=1)

    def accounts(self) -> int:
        """How many accounts asked for numbers since the log was cleared."""
        return len(
            {
                entry["params"]["local_account_id"]
                for entry in self.call("requests?last=20000")["requests"]
                if "report/promotion" in entry["path"]
            }
        )

    def table(self) -> dict[Key, Row]:
        """The rows of the Bitable by (day, unit id); a key that stands there twice is an error."""
        rows: dict[Key, Row] = {}
        answer = self.call(
            f"feishu/rows?base={defaults.FEISHU_BASE}&table={urllib.parse.quote(TABLE)}"
        )
        for row in answer["rows"]:
            day = datetime.fromtimestamp(row["时间"] / 1000, SHANGHAI).date().isoformat()
            key = (day, row["单元ID"])
            if key in rows:
                raise DemoError(f"{key} stands in the table twice")
            rows[key] = row
        return rows

    def truth(self, first: date, last: date) -> dict[Key, Row]:
        """What the ad platform reports now for the same days."""
        rows = self.call(f"oceanengine/truth?from={first}&to={last}")["rows"]
        return {(row["stat_time_day"][:10], str(row["promotion_id"])): row for row in rows}


class Demo:
    """One demonstration: a fresh sandbox, three runs, and what each must have done."""

    def __init__(self, sandbox: Sandbox, project: Path) -> None:
        self.sandbox = sandbox
        self.project = project

    def run_pipeline(self) -> Effect:
        """Run the real job once and measure its effect at the platforms.

        Raises:
            DemoError: The job did not end with exit code 0, or the table differs from the
                platform's report.
        """
        before = self._table_or_nothing()
        self.sandbox.call("requests", method="DELETE")
        last = self.sandbox.yesterday()
        started = time.monotonic()
        self._meltano_run(last)
        seconds = time.monotonic() - started
        after = self.sandbox.table()
        effect = _effect(before, after, self.sandbox.call("requests?summary=1"))
        say(
            f"  {effect.rows} rows in the table: {effect.created} created, "
            f"{effect.updated_cells} cells updated; "
            f"{effect.requests} API calls, {effect.writes} of them writes; {seconds:.0f} s."
        )
        require(effect.gone == 0, f"{effect.gone} rows have gone from the table")
        first = last - timedelta(days=DAYS - 1)
        truth = self.sandbox.truth(first, last)
        missing = truth.keys() - after.keys()
        require(
            not missing,
            f"{len(missing)} rows are not in the table, e.g. {min(missing, default='')}",
        )
        for key, row in truth.items():
            _require_equal(key, row, after[key])
        say(f"  Every cell of {first} … {last} equals the platform's number ({len(truth)} rows).")
        return effect

    def _table_or_nothing(self) -> dict[Key, Row]:
        try:
            return self.sandbox.table()
        except urllib.error.HTTPError as error:
            if error.code != 404:  # noqa: PLR2004  HTTP "not found": the first run makes the table
                raise
            return {}

    def _meltano_run(self, last: date) -> None:
        command = [
            "meltano",
            "--environment",
            "sandbox",
            "run",
            "tap-oceanengine-local",
            "target-feishu-bitable",
        ]
        say(f"  $ TAP_OCEANENGINE_LOCAL_END_DATE={last} {' '.join(command)}")
        environment = os.environ | {
            "TAP_OCEANENGINE_LOCAL_END_DATE": last.isoformat(),
            "TAP_OCEANENGINE_LOCAL_API_URL": self.sandbox.url,
            "TARGET_FEISHU_BITABLE_API_URL": self.sandbox.url,
        }
        log = self.project / ".sandbox" / "demo.log"
        with log.open("ab") as output:
            outcome = subprocess.run(  # noqa: S603  the project's own Meltano
                [Path(sys.executable).with_name("meltano"), *command[1:]],
                cwd=self.project,
                env=environment,
                stdout=output,
                stderr=output,
                check=False,
            )
        require(
            outcome.returncode == 0,
            f"the run ended with exit code {outcome.returncode}; its log: {log}",
        )


def _effect(before: dict[Key, Row], after: dict[Key, Row], calls: dict[str, Any]) -> Effect:
    updated: Counter[str] = Counter()
    for key in before.keys() & after.keys():
        updated.update(name for name in after[key] if after[key].get(name) != before[key].get(name))
    return Effect(
        created=len(after.keys() - before.keys()),
        updated=updated,
        gone=len(before.keys() - after.keys()),
        rows=len(after),
        writes=calls["writes"],
        requests=calls["total"],
    )


def _require_equal(key: Key, source: Row, stored: Row) -> None:
    for name, column in COLUMNS.items():
        wanted, found = source[name], stored.get(column)
        if name.endswith("_id"):
            wanted = str(wanted)
        elif isinstance(wanted, float):
            wanted = round(wanted + 1e-9, 2)
        require(
            found == wanted,
            f"{key}: {column} is {found!r} in the table and {wanted!r} on the platform",
        )


def require(holds: bool, otherwise: str) -> None:
    """Stop the demonstration with words when a promise does not hold."""
    if not holds:
        raise DemoError(otherwise)


def say(text: str) -> None:
    """Print one line for the person who watches."""
    print(text, flush=True)  # noqa: T201  this program's output


def walk(sandbox: Sandbox, project: Path) -> None:
    """Tell the whole story; see the module docstring."""
    say("Both platforms start empty, ten days ago on their clock.")
    sandbox.call("reset", {})
    demo = Demo(sandbox, project)

    say("\n1. The first run: the table is made and filled.")
    first = demo.run_pipeline()
    say(f"  {sandbox.accounts()} accounts found and read; {first.created} rows read and created.")
    require(first.created > 0, "no row was created")

    say("\n2. The same run again: nothing has changed, so nothing may be written.")
    again = demo.run_pipeline()
    say(f"  {again.created} created, {again.updated_cells} updated, {again.writes} write calls.")
    require(
        (again.created, again.updated_cells, again.writes) == (0, 0, 0),
        "an unchanged re-run wrote something",
    )

    sandbox.call("clock", {"advance_days": 3})
    say("\n3. Three days later: new days, settled numbers, late conversions.")
    later = demo.run_pipeline()
    late = later.updated["转化数(计费时间)"]
    settled = later.updated["消耗(元)"]
    say(f"  {later.created} rows of new days created; nothing stands twice.")
    say(f"  Corrected: {late} late 转化数(计费时间), {settled} settled 消耗(元).")
    require(later.created > 0, "no row of the new days was created")
    require(late > 0, "no late conversion was corrected")
    require(settled > 0, "no settled cost was corrected")

    say(f"\nAll of it holds. Look at the table, the chart and the cards:  {sandbox.url}")
    say("Stop the sandbox with:  make stop")


def main(arguments: list[str] | None = None) -> int:
    """Start or re-use the sandbox and walk through; exit code 1 when a promise does not hold."""
    parser = argparse.ArgumentParser(prog="python -m platform_sandbox.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--project", type=Path, default=Path.cwd(), help="the Meltano project")
    options = parser.parse_args(arguments)
    project: Path = options.project.resolve()
    program = Path(sys.executable).with_name("platform-sandbox")
    places = ["--data-dir", f"{project}/.sandbox", "--project", str(project)]
    serve = [str(program), "serve", "--detach", "--port", str(options.port), *places]
    if subprocess.run(serve, check=False).returncode != 0:  # noqa: S603
        return 1
    try:
        walk(Sandbox(f"http://127.0.0.1:{options.port}"), project)
    except DemoError as error:
        print(f"\nNot so: {error}", file=sys.stderr)  # noqa: T201  this program's output
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
