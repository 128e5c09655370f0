"""docs/benchmarks.md gets its tables from what `bench/run.py` measured, and from nothing else."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from .conftest import ROOT

KEYS = {
    "load", "approach", "calls", "write_calls", "minimum_calls", "rows", "wall_s", "rows_per_s",
    "cpu_s", "peak_rss_mb", "latency_ms", "pacing",
}  # fmt: skip
MODULES = ("results", "report", "goals", "tables", "page")
PAGE = ROOT / "docs/benchmarks.md"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The benchmark's modules, which import each other by their bare names."""
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    yield SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})
    for name in MODULES:
        sys.modules.pop(name, None)


def line(bench: SimpleNamespace, load: str, approach: str, **values: Any) -> Any:
    given: dict[str, Any] = {
        "calls": 6, "write_calls": 2, "minimum_calls": 2, "rows": 1000, "wall_s": 1.5,
        "minimum_s": 0.0, "cpu_s": 0.75, "peak_rss_mb": 55.5, "latency_ms": 0, "pacing": "off",
    }  # fmt: skip
    return bench.results.Result(load=load, approach=approach, **given | values)


def measured(bench: SimpleNamespace) -> list[Any]:
    slow = {"latency_ms": 100, "minimum_s": 0.2}
    other = line(bench, "1,000 rows", "lark-oapi", calls=30, cpu_s=6.5)
    return [
        line(bench, "search page", "sandbox", calls=40, rows=20_000, wall_s=0.5, cpu_s=None),
        line(bench, "start of target", "target", calls=0, minimum_calls=0, rows=0, cpu_s=0.5),
        line(bench, "1,000 rows", "target"),
        line(bench, "1,000 rows", "target", **slow),
        other,
        other.at(100, 0.2),
        line(bench, "750 changed of 10,000", "target", rows=750),
        line(bench, "1,000 accounts (70 active)", "tap", calls=1356, minimum_calls=1272, **slow),
        line(bench, "all rows", "target", calls=29, minimum_calls=20, rows=10_000, wall_s=0.8),
    ]


def table(text: str, head: str) -> list[list[str]]:
    lines = text.split(f"### {head}\n\n")[1].split("\n\n", maxsplit=1)[0].splitlines()
    return [[cell.strip() for cell in one.strip("|").split(" | ")] for one in lines[2:]]


def test_results_json_holds_what_programs_read_and_gives_the_lines_back(
    bench: SimpleNamespace, tmp_path: Path
) -> None:
    results = measured(bench)
    path = tmp_path / "results.json"
    bench.report.save(results, path)

    for one in json.loads(path.read_text("utf-8")):
        assert one.keys() >= KEYS
    assert bench.report.read(path) == results


def test_page_is_written_from_results_json(bench: SimpleNamespace, tmp_path: Path) -> None:
    path, page = tmp_path / "results.json", tmp_path / "page.md"
    bench.report.save(measured(bench), path)
    page.write_text(PAGE.read_text("utf-8"), "utf-8")

    bench.page.publish(page, bench.report.read(path), "A machine.")
    text = page.read_text("utf-8")
    bench.page.publish(page, bench.report.read(path), "A machine.")

    assert page.read_text("utf-8") == text
    old, new = PAGE.read_text("utf-8"), text
    assert new.partition(bench.page.BEGIN)[0] == old.partition(bench.page.BEGIN)[0]
    assert new.partition(bench.page.END)[2] == old.partition(bench.page.END)[2]
    assert "A machine." in text
    assert table(text, "The sandbox's own ceiling") == [["search page", "80", "40,000"]]
    assert len(table(text, "All loads")) == len(measured(bench))


def test_other_ways_stand_beside_ours_and_computed_walls_are_named_so(
    bench: SimpleNamespace,
) -> None:
    ours, other = table(bench.page.block(measured(bench), ""), "Other ways to do the same")

    assert ours[:4] == ["1,000 rows", "target", "6", "2"]
    assert ours[6:11] == ["1.0", "1.50", "1.50", "1.50", "1.0"]
    assert other[:4] == ["1,000 rows", "lark-oapi", "30", "2"]
    assert other[6:11] == ["5.0", "1.50", "3.00 computed", "4.50 computed", "3.0"]


def test_goals_say_what_was_held_and_what_was_not(bench: SimpleNamespace) -> None:
    goals = table(bench.page.block(measured(bench), ""), "Goals")
    held = {(goal, load): answer for goal, load, _wanted, _measured, answer in goals}

    assert held["calls, worst load", "target: all rows"] == "**no**"
    assert held["wall at 100 ms", "target: 1,000 rows"] == "**no**"
    assert held["speed at 0 ms", "target: all rows"] == "yes"
    assert held["memory, worst load", "tap: 1,000 accounts (70 active)"] == "yes"


def test_a_thousand_accounts_stand_beside_the_bound_of_the_pacing(bench: SimpleNamespace) -> None:
    (many,) = table(bench.page.block(measured(bench), ""), "A thousand accounts")

    assert many[1] == "1,356"
    assert many[6] == "135.60 computed"


def test_median_is_the_run_in_the_middle(bench: SimpleNamespace) -> None:
    walls = [3.0, 1.0, 2.0]
    runs = [lambda number: line(bench, "load", "tap", wall_s=walls[number], calls=number)]

    (middle,) = bench.results.interleaved(runs)

    assert (middle.wall_s, middle.runs) == (2.0, "3.00/1.00/2.00")
    assert "calls differed: [0, 1, 2]" in middle.note


def test_page_without_its_markers_is_not_touched(bench: SimpleNamespace, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Benchmarks\n", "utf-8")

    with pytest.raises(ValueError, match="once each"):
        bench.page.publish(page, measured(bench), "A machine.")

    assert page.read_text("utf-8") == "# Benchmarks\n"
