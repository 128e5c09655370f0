"""`make resync` as docs/operations.md shows it: chosen days are put right, bookmarks stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from platform_sandbox import World
from platform_sandbox.testing import SandboxServer

from .conftest import ROOT, MeltanoProject
from .recipes import Reader, done, fill_in, production

PAGE = "docs/operations.md"
STATE = ".venv/bin/meltano --environment prod state list"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    world = World(accounts=3, active=3, units=(1, 2), big_units=0, days=90)
    with SandboxServer(tmp_path / "platforms", world) as server:
        yield server


def test_days_are_read_again_and_only_what_differs_is_written(
    project: MeltanoProject, sandbox: SandboxServer
) -> None:
    platform = sandbox.platform
    first = platform.clock.yesterday() - timedelta(days=40)
    last = first + timedelta(days=6)
    days = {"2026-02-01": first, "2026-02-14": last}
    reader = Reader(project, PAGE)
    fill_in(project, production(sandbox))

    printed = done(reader.follows("resync", days))
    assert "Installing" not in printed
    table = platform.feishu.base().table("单元日报")
    rows = dict(table.rows())
    expected = {
        (row["stat_time_day"][:10], str(row["promotion_id"]))
        for account in platform.oceanengine.accounts
        for row in platform.oceanengine.truth(account.id, first, last)
    }
    assert len(rows) == len(expected) > 0
    assert {cells["单元ID"] for cells in rows.values()} == {unit for _day, unit in expected}
    asked = {
        (entry.query["start_date"][:10], entry.query["end_date"][:10])
        for entry in platform.requests.entries
        if "report/promotion/" in entry.path
    }
    assert asked == {(first.isoformat(), last.isoformat())}

    spoiled, lost, *_others = rows
    table.set(spoiled, {"消耗(元)": 1234567})
    table.delete([lost])
    platform.requests.clear()
    done(reader.follows("resync-by-hand", days))
    assert platform.requests.writes == 2
    healed = dict(table.rows())
    assert healed[spoiled] == rows[spoiled]
    assert [cells for one, cells in healed.items() if one not in rows] == [rows[lost]]

    one = str(platform.oceanengine.accounts[-1].id)
    (alone,) = re.findall(r"`(TAP_\w+=账户ID)`", (ROOT / PAGE).read_text("utf-8"))
    platform.requests.clear()
    done(reader.follows("resync", {"make": f"{alone.replace('账户ID', one)} make", **days}))
    assert {
        entry.query["local_account_id"]
        for entry in platform.requests.entries
        if "report/" in entry.path
    } == {one}

    assert "prod:" not in reader.types(STATE).stdout
