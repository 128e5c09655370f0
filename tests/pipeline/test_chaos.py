"""A short soak (see `chaos/run.py`), and proof that its oracle sees what went wrong."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from .conftest import ROOT

TODAY = dt.date(2026, 2, 12)
YESTERDAY = TODAY - dt.timedelta(days=1)
FIRST = TODAY - dt.timedelta(days=3)
STREAMS = (
    "promotion_report", "account_report", "account_report_hourly", "project_report", "promotions"
)  # fmt: skip


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
    """A stream's table with one synced row and a column of people's, and a run over it."""

    def __init__(self, stream, day=YESTERDAY) -> None:
        import oracle
        import shapes
        import sight

        self.oracle = oracle
        self.shape = shape = shapes.SHAPES[stream]
        values = dict.fromkeys(shape.columns, 5)
        values |= dict.fromkeys(shape.columns.keys() - {*shape.numbers}, "字")
        values |= {"账户ID": "17", shape.entity: "17" if shape.entity == "账户ID" else "7601"}
        if shape.moment:
            values[shapes.DAY] = values[shape.moment] = shapes.milliseconds(day)
        self.key = shape.key_of(values)
        columns = {f"fld{place}": name for place, name in enumerate(shape.columns)}
        self.cells = {identity: values[name] for identity, name in columns.items()}
        changing = next(reversed(shape.columns))  # a metric, or the state of a unit
        self.changing = next(one for one, name in columns.items() if name == changing)
        self.sheet = sight.Sheet(
            stream,
            rows={"rec1": {**self.cells, "fldX": "看过"}},
            columns={**columns, "fldX": "备注"},
            truth={self.key: values},
            today=TODAY,
        )
        job = SimpleNamespace(name="daily run", asked={stream: {"17": (FIRST, TODAY)}})
        self.run = SimpleNamespace(job=job, is_done=True, victims=(), children=())

    def with_rows(self, **rows):
        return replace(self.sheet, rows=rows)

    def problems(self, after, before=None):
        oracle, before, runs = self.oracle, before or self.sheet, [self.run]
        memory = oracle.Memory()
        marks = {"17": YESTERDAY} if self.shape.moment else {}
        return [
            *oracle.untouched(before, after, runs),
            *oracle.single(before, after, runs),
            *oracle.honest(self.run, after, set()),
            *oracle.bookmarked(marks, FIRST, after, memory),
        ]


@pytest.fixture
def chaos(monkeypatch) -> Path:
    monkeypatch.syspath_prepend(str(ROOT / "chaos"))
    return ROOT / "chaos"


@pytest.fixture(params=STREAMS)
def world(chaos, request) -> World:
    return World(request.param)


def test_the_oracle_is_content_with_a_table_that_shows_the_source(world) -> None:
    empty = world.with_rows()
    assert world.problems(world.sheet) == []
    assert world.problems(world.with_rows(rec1=world.cells), before=empty) == []


def test_the_oracle_sees_a_row_that_is_gone(world) -> None:
    problems = world.problems(world.with_rows())
    assert any("rec1 is gone" in one for one in problems)
    assert any("exited 0 without storing" in one for one in problems)
    assert any("bookmark of 17" in one for one in problems) == (world.shape.moment is not None)


def test_the_oracle_sees_a_changed_cell_of_people(world) -> None:
    cells = {**world.cells, "fldX": "别人"}
    assert any("备注 was '看过'" in one for one in world.problems(world.with_rows(rec1=cells)))


def test_the_oracle_sees_a_key_twice(world) -> None:
    rows = {**world.sheet.rows, "rec2": world.cells}
    assert any(
        "stands in ['rec1', 'rec2']" in one for one in world.problems(world.with_rows(**rows))
    )


def test_the_oracle_sees_a_stale_number_behind_an_exit_of_0(world) -> None:
    stale = world.with_rows(rec1={**world.cells, world.changing: 4})
    assert any("exited 0 with wrong cells" in one for one in world.problems(stale, before=stale))
    world.run.is_done = False
    assert world.problems(stale, before=stale) == []


def test_the_oracle_sees_a_row_that_was_not_asked_for(world) -> None:
    spans = {"17": (FIRST, FIRST)} if world.shape.moment else {}
    world.run.job.asked = {world.shape.stream: spans}
    problems = world.problems(world.with_rows(rec1=world.cells), before=world.with_rows())
    assert any("was not asked for" in one for one in problems)


def test_the_oracle_waits_for_the_hours_of_the_open_day_but_not_for_its_rows(chaos) -> None:
    hours, days = World("account_report_hourly", TODAY), World("account_report", TODAY)
    empty = hours.with_rows()
    assert hours.problems(empty, before=empty) == []
    empty = days.with_rows()
    assert any("without storing" in one for one in days.problems(empty, before=empty))


def test_the_oracle_excuses_rows_only_for_faults_of_their_own_list(world) -> None:
    fault = {"kind": "missing_row", "path": world.shape.endpoint}
    empty, memory = world.with_rows(), world.oracle.Memory()

    excused = world.oracle.learn(empty, [{**fault, "path": "another"}], [world.run], memory)
    assert excused == set()
    assert world.oracle.learn(empty, [fault], [world.run], memory) == {world.key}


def test_the_oracle_sees_two_live_pairs_and_one_that_the_store_does_not_have(chaos) -> None:
    import oracle

    pairs = [("rotated", "a0", "r0"), ("live", "a1", "r1")]
    assert [*oracle.tokens(pairs, ("a1", "r1"))] == []
    both = [("live", "a0", "r0"), ("live", "a1", "r1")]
    assert [*oracle.tokens(both, ("a1", "r1"))] == ["2 token pairs are live."]
    other = ["The store's token pair is not the live one."]
    assert [*oracle.tokens([("live", "a2", "r2")], ("a1", "r1"))] == other
