"""A short soak (see `chaos/run.py`), and proof that its oracle sees what went wrong."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from .conftest import ROOT

TODAY = dt.date(2026, 2, 12)
YESTERDAY = TODAY - dt.timedelta(days=1)
FIRST = TODAY - dt.timedelta(days=3)
KEY = ("2026-02-11", "7601")


def soak(*arguments: str) -> str:
    outcome = subprocess.run(
        [sys.executable, str(ROOT / "chaos" / "run.py"), *arguments],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


def test_table_state_and_tokens_hold_through_a_short_soak() -> None:
    rounds = ("--rounds", "5", "--seconds", "280", "--no-meltano")
    report = soak("--seed", "7", "--runs", "2", *rounds)

    assert "2 episodes from seed 7: 10 rounds" in report
    assert "signals: SIG" in report


class World:
    """A table with one synced row and a column of people's, and a run over it."""

    def __init__(self, oracle, sight) -> None:
        self.oracle = oracle
        values = dict.fromkeys(sight.COLUMNS, 5)
        values |= {
            "时间": sight.milliseconds(YESTERDAY), "账户ID": "17", "账户名称": "店",
            "单元ID": KEY[1], "单元名称": "单元",
        }  # fmt: skip
        columns = {f"fld{place}": name for place, name in enumerate(sight.COLUMNS)}
        self.cells = {identity: values[name] for identity, name in columns.items()}
        self.cost = next(one for one, name in columns.items() if name == "消耗(元)")
        self.sight = sight.Snapshot(
            rows={"rec1": {**self.cells, "fldX": "看过"}},
            columns={**columns, "fldX": "备注"},
            truth={KEY: values},
            pairs=[("rotated", "a0", "r0"), ("live", "a1", "r1")],
            today=TODAY,
            used=[],
        )
        job = SimpleNamespace(name="daily run", asked={"17": (FIRST, YESTERDAY)})
        self.run = SimpleNamespace(job=job, is_done=True, victims=(), children=())

    def with_rows(self, **rows):
        return replace(self.sight, rows=rows)

    def problems(self, after, before=None):
        oracle, before, runs = self.oracle, before or self.sight, [self.run]
        memory = oracle.Memory()
        return [
            *oracle.untouched(before, after, runs),
            *oracle.single(before, after, runs),
            *oracle.honest(self.run, after, set()),
            *oracle.bookmarked({"17": YESTERDAY}, FIRST, after, memory),
            *oracle.tokens(after, ("a1", "r1")),
        ]


@pytest.fixture
def world(monkeypatch) -> World:
    monkeypatch.syspath_prepend(str(ROOT / "chaos"))
    import oracle
    import sight

    return World(oracle, sight)


def test_the_oracle_is_content_with_a_table_that_shows_the_source(world) -> None:
    empty = world.with_rows()
    assert world.problems(world.sight) == []
    assert world.problems(world.with_rows(rec1=world.cells), before=empty) == []


def test_the_oracle_sees_a_row_that_is_gone(world) -> None:
    problems = world.problems(world.with_rows())
    assert any("rec1 is gone" in one for one in problems)
    assert any("exited 0 without storing" in one for one in problems)
    assert any("bookmark of 17" in one for one in problems)


def test_the_oracle_sees_a_changed_cell_of_people(world) -> None:
    cells = {**world.cells, "fldX": "别人"}
    assert any("备注 was '看过'" in one for one in world.problems(world.with_rows(rec1=cells)))


def test_the_oracle_sees_a_key_twice(world) -> None:
    rows = {**world.sight.rows, "rec2": world.cells}
    assert any(
        "stands in ['rec1', 'rec2']" in one for one in world.problems(world.with_rows(**rows))
    )


def test_the_oracle_sees_a_stale_number_behind_an_exit_of_0(world) -> None:
    stale = world.with_rows(rec1={**world.cells, world.cost: 4})
    assert any("exited 0 with wrong cells" in one for one in world.problems(stale, before=stale))
    world.run.is_done = False
    assert world.problems(stale, before=stale) == []


def test_the_oracle_sees_a_row_that_was_not_asked_for(world) -> None:
    world.run.job.asked = {"17": (FIRST, FIRST)}
    after = world.with_rows(rec1=world.cells)
    problems = world.problems(after, before=world.with_rows())
    assert any("was not asked for" in one for one in problems)


def test_the_oracle_sees_two_live_pairs_and_one_that_the_store_does_not_have(world) -> None:
    both = [("live", "a0", "r0"), ("live", "a1", "r1")]
    assert "2 token pairs are live." in world.problems(replace(world.sight, pairs=both))
    other = replace(world.sight, pairs=[("live", "a2", "r2")])
    assert "The store's token pair is not the live one." in world.problems(other)
