"""The three `make export` lines that replace the old downloads, as docs/migration.md shows them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from platform_sandbox import World
from platform_sandbox.testing import SandboxServer

from .conftest import ROOT, MeltanoProject
from .recipes import Reader, done, fill_in, production

PAGE = "docs/migration.md"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    world = World(accounts=4, active=3, units=(1, 3), big_units=0, days=100)
    with SandboxServer(tmp_path / "platforms", world) as server:
        yield server


def shown(script: str) -> str:
    """The line of the guide's table that replaces a script."""
    (row,) = [
        line
        for line in (ROOT / PAGE).read_text("utf-8").splitlines()
        if line.startswith(f"| `{script}")
    ]
    (line,) = re.findall(r"`(make export [^`]*)`", row)
    return line


def month_before(day: date) -> tuple[date, date]:
    last = day.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines) if file.suffix == ".csv" else map(json.loads, lines))


def test_day_range_and_month_hold_all_accounts_and_print_totals(
    project: MeltanoProject, sandbox: SandboxServer
) -> None:
    reader, source = Reader(project, PAGE), sandbox.platform.oceanengine
    fill_in(project, production(sandbox))
    first, last = month_before(sandbox.platform.clock.yesterday())
    third = first + timedelta(days=2)
    lines = {
        shown("download_all_data.py").replace("2026-02-11", str(first)): (first, first, "jsonl"),
        shown("batch_download.py")
        .replace("2026-02-10", str(first))
        .replace("2026-02-12", str(third)): (first, third, "jsonl"),
        shown("export_month.py").replace("2026-02", f"{first:%Y-%m}"): (first, last, "csv"),
    }
    for line, (start, end, kind) in lines.items():
        printed = done(reader.types(line))
        (file,) = (project.root / "export" / f"{start}_{end}").iterdir()
        assert file.suffix == f".{kind}"
        rows = rows_of(file)
        truth = [row for one in source.accounts for row in source.truth(one.id, start, end)]
        assert {(row["stat_time_day"][:10], row["promotion_id"]) for row in rows} == {
            (row["stat_time_day"][:10], str(row["promotion_id"])) for row in truth
        }
        assert len(rows) == len(truth)
        totals = [one for one in truth if one["stat_time_day"].startswith(str(start))]
        cost = sum(Decimal(str(row["stat_cost"])) for row in totals)
        conversions = sum(row["convert_cnt"] for row in totals)
        leads = sum(row["clue_pay_order_cnt"] for row in totals)
        average = cost / conversions if conversions else Decimal(0)
        (told,) = [one.split() for one in printed.splitlines() if one.startswith(f"{start} ")]
        sums = f"{start} {len(totals)} {cost:,.2f} {conversions} {leads} {average:,.2f}"
        assert told == sums.split()
    assert "prod:" not in reader.types(".venv/bin/meltano --environment prod state list").stdout
