"""docs/migration.md, step by step: the back-fill that heals the old table, and then the days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from platform_sandbox import World
from platform_sandbox.testing import SandboxServer

from . import predecessor_settings as settings
from . import predecessor_table as scripts
from .conftest import MeltanoProject
from .recipes import Reader, done
from .table_witness import Witness, key_of

PAGE = "docs/migration.md"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    world = World(accounts=4, active=3, units=(2, 4), big_units=0, days=60)
    with SandboxServer(tmp_path / "platforms", world) as server:
        yield server


def test_the_table_is_healed_in_place_and_then_left_alone(
    project: MeltanoProject, sandbox: SandboxServer
) -> None:
    platform = sandbox.platform
    last = platform.clock.yesterday()
    first = last - timedelta(days=9)
    old = scripts.build(sandbox, first, last)
    reader, witness = Reader(project, PAGE), Witness(sandbox)
    settings.fill_in(project, settings.old_settings(sandbox) | settings.old_tokens(sandbox))
    surplus = witness.copies(old.repeated)
    assert len(surplus) == len(old.repeated) * (scripts.TIMES_WRITTEN - 1)

    done(reader.follows("enable"))
    healed = done(reader.follows("heal", {"FROM=2026-01-01": f"FROM={first} TO={last}"}))
    witness.sees_nothing_lost()
    witness.sees_only_data_columns_sent()
    witness.sees_oldest_rows_equal(scripts.truth(sandbox, first, last))
    assert len(witness.table) == len(witness.before) + len(old.absent)
    equal = {one for one, cells in witness.before.items() if key_of(cells) in old.equal}
    assert any(witness.before[one]["消耗(元)"].endswith(".0") for one in equal)
    witness.sees_unchanged(equal | old.foreign | surplus)
    assert f"{len(surplus)} row(s) of the table" in healed

    witness.before = witness.rows()
    refused = reader.follows("clean")
    assert refused.returncode == 2, refused.stdout + refused.stderr
    witness.sees_unchanged(witness.before)
    told = done(reader.types(reader.blocks["clean"].strip() + " --yes"))
    left = witness.rows()
    gone = witness.before.keys() - left.keys()
    assert len(gone) == len(surplus)
    assert {key_of(witness.before[one]) for one in gone} == old.repeated
    assert not any(witness.before[one].get("备注") for one in gone)
    assert "run the tap again" in told

    witness.before = left
    platform.clock.advance(days=1)
    last = platform.clock.yesterday()
    end = {"TAP_OCEANENGINE_LOCAL_END_DATE": last.isoformat()}
    done(reader.follows("daily", **end))
    witness.sees_nothing_lost()
    witness.sees_oldest_rows_equal(scripts.truth(sandbox, first, last))
    assert platform.oceanengine.tokens.refreshes == 1  # a day later the token has run out
    cards = [one.payload["card"]["header"]["title"]["content"] for one in platform.feishu.cards]
    assert len(cards) == 2
    assert all(title.startswith("巨量本地推") for title in cards)

    platform.requests.clear()
    done(reader.follows("daily", **end))
    assert platform.requests.count("report/promotion") > 0
    assert platform.requests.writes == 0
