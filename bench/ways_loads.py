"""A thousand given rows brought into a table: by the target, and in two ways that people program.

The other ways run without latency; their calls are counted, and the wall at 100 ms is computed.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import messages
import target_loads
from correct import check
from measure import run
from results import interleaved
from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from results import Result

ROWS: Final = 1_000
LATENCY: Final = 100
ROW_BY_ROW: Final = "search and write per row"
VENDOR: Final = "lark-oapi"
SCRIPTS: Final = {ROW_BY_ROW: "way_row_by_row.py", VENDOR: "way_vendor_client.py"}
_UNITS: Final = 40
_FULL: Final = 500
_NAMES: Final = {column["field_name"]: column["field_name"] for column in messages.COLUMNS}


def loads(folder: Path) -> Iterator[Result]:
    """Measure all ways in turns, first into an empty table, then the same rows again."""
    with Sandbox() as sandbox:
        given = _Given(sandbox, folder)
        given.script(0, approach=VENDOR, again=False)  # Python compiles its modules once
        ways = [
            partial(given.target, latency=0),
            *(partial(given.script, approach=name) for name in SCRIPTS),
            partial(given.target, latency=LATENCY),
        ]
        cases = [partial(way, again=again) for way in ways for again in (False, True)]
        for result in interleaved(cases):
            yield result
            if result.approach in SCRIPTS:
                yield result.at(LATENCY, result.minimum_calls * LATENCY / 1000)


class _Given:
    """The rows, and the table that one way at a time brings them into."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        days = messages.days("2025-10-01", ROWS // _UNITS)
        self._rows = [messages.row(day, unit) for day in days for unit in range(_UNITS)]
        self._source = messages.write(folder / "rows.jsonl", self._rows)
        self._sandbox = sandbox
        self._folder = folder
        self._link = ""

    def target(self, _number: int, *, latency: int, again: bool) -> Result:
        """The target of this project."""
        load = self._prepare(latency, again=again)
        measured = target_loads.measure(self._sandbox, self._folder, self._link, load, latency)
        return self._checked(measured)

    def script(self, _number: int, *, approach: str, again: bool) -> Result:
        """Another way."""
        load = self._prepare(0, again=again)
        settings = self._folder / "way.json"
        settings.write_text(json.dumps(target_loads.config(self._sandbox, self._link)), "utf-8")
        script = Path(__file__).with_name(SCRIPTS[approach])
        self._sandbox.calls()
        usage = run("python", [str(script), str(settings)], self._folder, source=load.source)
        result = target_loads.result(self._sandbox, load, usage, 0)
        return self._checked(replace(result, approach=approach))

    def _prepare(self, latency: int, *, again: bool) -> target_loads.Load:
        if not again:
            self._link = self._sandbox.table(messages.COLUMNS)
        self._sandbox.latency(latency)
        name = f"the same {ROWS:,} rows again" if again else f"{ROWS:,} rows, all new"
        return target_loads.Load(name, self._source, ROWS, math.ceil(ROWS / _FULL), ROWS)

    def _checked(self, result: Result) -> Result:
        what = f"{result.load}, {result.approach}"
        check(what, self._sandbox.cells(self._link), self._rows, _NAMES)
        return result
