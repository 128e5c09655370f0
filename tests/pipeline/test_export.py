"""`make export`: files of a day, a range or a month, and the totals per day."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from datetime import date, timedelta

import pytest

from platform_sandbox.testing import SandboxServer

from .conftest import ROOT, MeltanoProject


def export(project: MeltanoProject, sandbox: SandboxServer, *arguments: str) -> str:
    yesterday = sandbox.platform.clock.yesterday().isoformat()
    script = [sys.executable, str(ROOT / "deploy/export.py"), "--environment", "sandbox"]
    outcome = subprocess.run(
        [*script, "--yesterday", yesterday, *arguments],
        cwd=project.root,
        env=project.variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


def reported(sandbox: SandboxServer, first: date, last: date) -> dict[tuple[str, str], float]:
    source = sandbox.platform.oceanengine
    return {
        (row["stat_time_day"][:10], str(row["promotion_id"])): round(row["stat_cost"] + 1e-9, 2)
        for account in source.accounts
        for row in source.truth(account.id, first, last)
    }


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_range_holds_every_row_of_the_platform_and_leaves_the_state_alone(
    kind: str, project: MeltanoProject, sandbox: SandboxServer
) -> None:
    last = sandbox.platform.clock.yesterday()
    first = last - timedelta(days=2)
    printed = export(
        project, sandbox, "--format", kind, "--from", str(first), "--to", str(last + timedelta(9))
    )
    (written,) = (project.root / "export" / f"{first}_{last}").iterdir()
    with written.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines) if kind == "csv" else map(json.loads, lines))
    expected = reported(sandbox, first, last)
    assert {
        (row["stat_time_day"][:10], row["promotion_id"]): float(row["stat_cost"]) for row in rows
    } == expected
    assert len(rows) == len(expected)
    for day in (first, last):
        cost = sum(cost for (when, _unit), cost in expected.items() if when == day.isoformat())
        assert f"{cost:,.2f}" in next(line for line in printed.splitlines() if str(day) in line)
    states = project.meltano("--environment", "sandbox", "state", "list")
    assert "sandbox:" not in states.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--month", "2026-02", "--date", "2026-02-01"], "in one way"),
        (["--date", "2099-01-01"], "no closed day"),
        (["--date", "yesterday"], "'yesterday' is not a day: write 2026-02-11"),
        (["--from", "2026-02-30"], "'2026-02-30' is not a day"),
        (["--month", "2026-13"], "'2026-13' is not a month: write 2026-02"),
        (["--month", "2026/02"], "'2026/02' is not a month"),
    ],
)
def test_impossible_days_are_refused_with_words(arguments: list[str], words: str) -> None:
    script = [sys.executable, str(ROOT / "deploy/export.py"), *arguments]
    outcome = subprocess.run(script, capture_output=True, text=True, check=False)
    assert outcome.returncode == 2
    assert words in outcome.stderr
    assert "Traceback" not in outcome.stderr
