"""What a run leaves for the next one: how many rows it should see."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from target_feishu_bitable.recent import SETTLING_SECONDS, Awaited, Recent

if TYPE_CHECKING:
    from pathlib import Path

TABLE = "tblAbc"


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "base.recent"


def test_a_run_that_was_killed_while_writing_leaves_what_may_still_come(
    path: Path, clock: Clock
) -> None:
    Recent(path, clock).note(TABLE, 500)
    next_run = Recent(path, clock)
    assert next_run.awaited(TABLE) == Awaited(500, clock.now + SETTLING_SECONDS)
    assert next_run.awaited("tblOther") is None
    clock.now += SETTLING_SECONDS
    assert next_run.awaited(TABLE) is None


def test_the_tables_of_a_base_are_kept_apart(path: Path, clock: Clock) -> None:
    first = Recent(path, clock)
    first.note(TABLE, 5)
    first.note("tblOther", 7)
    next_run = Recent(path, clock)
    assert [one.rows for name in (TABLE, "tblOther") if (one := next_run.awaited(name))] == [5, 7]


def test_a_clock_that_was_put_back_makes_nobody_wait_for_long(path: Path, clock: Clock) -> None:
    Recent(path, clock).note(TABLE, 500)
    clock.now -= 3_600
    assert Recent(path, clock).awaited(TABLE) is None


def test_nothing_is_awaited_after_rows_were_deleted(path: Path, clock: Clock) -> None:
    Recent(path, clock).note(TABLE, 500)
    Recent(path, clock).forget()
    assert Recent(path, clock).awaited(TABLE) is None


def test_no_file_is_made_by_a_run_that_may_not_write(clock: Clock) -> None:
    recent = Recent(None, clock)
    recent.note(TABLE, 1)
    assert recent.awaited(TABLE) == Awaited(1, clock.now + SETTLING_SECONDS)


@pytest.mark.parametrize("text", ["", "[]", '{"tblAbc": 5}', '{"tblAbc": {"rows": "x"}}', "{"])
def test_a_damaged_file_awaits_nothing_and_is_told(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    path.write_text(text, "utf-8")
    assert Recent(path, clock).awaited(TABLE) is None
    assert str(path) in caplog.text


def test_a_full_disk_is_told_once(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    path.with_suffix(".new").mkdir()
    recent = Recent(path, clock)
    recent.note(TABLE, 1)
    recent.note(TABLE, 2)
    assert caplog.text.count("can't be noted") == 1
