"""An account's history, a column and a table more, added as docs/operations.md says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from platform_sandbox import World
from platform_sandbox.testing import SandboxServer

from .conftest import MeltanoProject
from .recipes import Reader, done, fill_in, production

PAGE = "docs/operations.md"
RUN = ".venv/bin/meltano run tap-oceanengine-local target-feishu-bitable"
COPIES = ".venv/bin/meltano invoke target-feishu-bitable:check-duplicates --stream account_report"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    world = World(accounts=3, active=3, units=(1, 2), big_units=0, days=90)
    with SandboxServer(tmp_path / "platforms", world) as server:
        yield server


def puts_in(project: MeltanoProject, block: str, below: str) -> None:
    """Write a block into meltano.yml below the first line of that text."""
    described = project.root / "meltano.yml"
    head, line, tail = described.read_text("utf-8").partition(f"\n{below}\n")
    assert line, f"meltano.yml has no line {below!r}"
    described.write_text(head + line + block + tail, "utf-8")


def test_a_column_and_a_table_more(project: MeltanoProject, sandbox: SandboxServer) -> None:
    reader = Reader(project, PAGE)
    fill_in(project, production(sandbox))
    puts_in(project, reader.blocks["column"] + reader.blocks["stream"], "    select:")
    puts_in(project, reader.blocks["table"], "      tables:")
    clock, base = sandbox.platform.clock, sandbox.platform.feishu.base()

    done(reader.types(RUN, TAP_OCEANENGINE_LOCAL_END_DATE=clock.yesterday().isoformat()))

    units = list(dict(base.table("单元日报").rows()).values())
    assert any(cells["点击率"] for cells in units)
    days = list(dict(base.table("账户日报").rows()).values())
    assert {name for cells in days for name in cells} == {
        "时间", "账户ID", "账户名称", "消耗(元)", "转化数",
    }  # fmt: skip
    assert {cells["账户ID"] for cells in days} == {cells["账户ID"] for cells in units}
    assert "key 时间 + 账户ID; 0 keys stand" in done(reader.types(COPIES))


def test_one_accounts_history(project: MeltanoProject, sandbox: SandboxServer) -> None:
    reader = Reader(project, PAGE)
    fill_in(project, production(sandbox))
    account = sandbox.platform.oceanengine.accounts[1]
    last = sandbox.platform.clock.yesterday()
    first = last - timedelta(days=60)

    own = {"账户ID": account.id, "2026-01-01": first}
    done(reader.follows("one-account", own, TAP_OCEANENGINE_LOCAL_END_DATE=last.isoformat()))

    rows = dict(sandbox.platform.feishu.base().table("单元日报").rows()).values()
    assert {cells["账户ID"] for cells in rows} == {str(account.id)}
    assert len(rows) == len(sandbox.platform.oceanengine.truth(account.id, first, last)) > 0
