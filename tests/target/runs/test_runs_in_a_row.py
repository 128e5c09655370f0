"""A run that starts right after another one: nothing is missed, nothing is made twice."""

from __future__ import annotations

import pytest

from platform_sandbox.defaults import FEISHU_BASE
from target_feishu_bitable.recent import Recent, recent_path
from target_feishu_bitable.target import TargetFeishuBitable


@pytest.fixture(autouse=True)
def clock(platform, monkeypatch):
    """The target lives in the sandbox's time, which the waits move on."""
    now = lambda: platform.clock.now_ms() / 1000  # noqa: E731
    monkeypatch.setattr(TargetFeishuBitable, "clock", staticmethod(now))
    return now


@pytest.fixture
def left_behind(config, clock, table):
    """What a run leaves that was killed in the middle of a write."""

    def note(rows):
        path = recent_path(config["api_url"], FEISHU_BASE)
        path.parent.mkdir(parents=True)
        Recent(path, clock).note(table.id, rows)

    return note


@pytest.fixture
def late(say, waits, table, monkeypatch):
    """Rows that come into the table while the target waits for the second time."""

    def plan(messages):
        rows = [one["record"] | {"day": say.day(one["record"]["day"])} for one in messages]

        def wait(seconds):
            waits(seconds)
            if len(waits.seconds) == 2:
                table.add(rows)

        monkeypatch.setattr(TargetFeishuBitable, "sleep", staticmethod(wait))

    return plan


@pytest.mark.usefixtures("table")
def test_rows_that_readers_do_not_show_yet_are_not_made_again(feed, say, platform, units):
    rows = say.rows(1_200)
    platform.feishu.switch(replica_lag_seconds=9)
    feed(say.schema(), *rows).ok()

    outcome = feed(say.schema(), *rows).ok()

    assert units() == say.units(rows)
    assert outcome.of()["unchanged"] == 1_200
    assert any("looking again" in line for line in outcome.log)


@pytest.mark.usefixtures("table")
def test_the_next_run_does_not_wait_when_it_sees_all_rows(feed, say, calls):
    rows = say.rows(600)
    feed(say.schema(), *rows).ok()
    calls.clear()

    outcome = feed(say.schema(), *rows).ok()

    assert outcome.waits == []
    assert calls.by_kind["search"] == 2


def test_a_write_that_outlives_its_run_is_waited_for(feed, say, left_behind, late, units):
    rows = say.rows(3)
    left_behind(3)
    late(rows)

    outcome = feed(say.schema(), *rows).ok()

    assert units() == say.units(rows)
    assert outcome.of()["created"] == 0


def test_a_write_that_never_came_is_made_after_a_while(feed, say, left_behind, units):
    rows = say.rows(3)
    left_behind(3)

    outcome = feed(say.schema(), *rows).ok()

    assert units() == say.units(rows)
    assert outcome.of()["created"] == 3
    assert sum(outcome.waits) == pytest.approx(15.0)


def test_rows_that_a_person_deleted_in_the_same_seconds_are_made_again(feed, say, table, units):
    rows = say.rows(5)
    feed(say.schema(), *rows).ok()
    table.delete([record_id for record_id, _ in table.rows()][:2])

    outcome = feed(say.schema(), *rows).ok()

    assert units() == say.units(rows)
    assert outcome.of()["created"] == 2
    assert sum(outcome.waits) <= 15.0


@pytest.mark.usefixtures("table")
def test_a_refused_write_is_not_awaited(feed, say, platform, fail):
    rows = say.rows(5)
    fail("records/batch_create", code=1254103)
    feed(say.schema(), *rows)

    outcome = feed(say.schema(), *rows).ok()

    assert outcome.waits == []
    assert platform.requests.count("batch_create") == 2


@pytest.mark.usefixtures("table")
def test_a_dry_run_leaves_nothing_to_wait_for(feed, say, config):
    feed(say.schema(), *say.rows(3), dry_run=True).ok()

    assert not recent_path(config["api_url"], FEISHU_BASE).exists()
