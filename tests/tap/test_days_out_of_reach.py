"""Ranges that the reports do not give any more: an error when nothing of them can be read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tap_oceanengine_local.errors import AccessDenied, ConfigError

from .conftest import TODAY

FIRST_GIVEN = TODAY - timedelta(days=365)
BEFORE = {"start_date": "2024-01-01", "end_date": "2024-01-05"}
FIRST = "1790000000000001"
SECOND = "1790000000000002"


def state(stream="promotion_report", key="stat_time_day", **bookmarks):
    partitions = [
        {
            "context": {"local_account_id": account},
            "replication_key": key,
            "replication_key_value": day,
        }
        for account, day in bookmarks.items()
    ]
    return {"bookmarks": {stream: {"partitions": partitions}}}


def test_a_range_before_all_that_is_given_is_an_error_in_one_sentence(platform, run_tap, caplog):
    platform.account(1)
    platform.account(2)
    run = run_tap("promotion_report", "promotion_report_hourly", **BEFORE)
    assert isinstance(run.error, ConfigError)
    assert str(run.error) == (
        "promotion_report, promotion_report_hourly: nothing of 2024-01-01 to 2024-01-05 can be "
        "read, because the platform gives days from 2025-03-20 on: set start_date and end_date "
        "to days that it gives."
    )
    assert "cannot be read any more" not in caplog.text
    assert platform.requests == 0
    assert run.bookmarks() == {}


@pytest.mark.parametrize("end_date", [FIRST_GIVEN - timedelta(days=1), FIRST_GIVEN])
def test_a_range_of_which_a_day_is_given_is_a_warning(platform, run_tap, caplog, end_date):
    platform.account(1)
    run = run_tap(start_date="2025-03-01", end_date=end_date.isoformat())
    if end_date < FIRST_GIVEN:
        assert "nothing of 2025-03-01 to 2025-03-19 can be read" in str(run.error)
    else:
        assert run.error is None
        assert "2025-03-01 to 2025-03-19 cannot be read any more" in caplog.text
        assert run.bookmarks() == {FIRST: "2025-03-20"}


def test_an_end_date_alone_asks_for_no_day_and_lets_the_schema_through(platform, run_tap, caplog):
    platform.account(1)
    run = run_tap(end_date="2024-01-05")
    assert run.error is None
    assert run.of("SCHEMA")
    assert "2023-12-06 to 2024-01-05 cannot be read any more" in caplog.text


@pytest.mark.parametrize("lookback_days", [0, 30])
@pytest.mark.parametrize("bookmark", ["2024-01-05", "2026-03-18"])
def test_days_that_were_read_before_are_not_missed(platform, run_tap, bookmark, lookback_days):
    platform.account(1)
    run = run_tap(state=state(**{FIRST: bookmark}), lookback_days=lookback_days, **BEFORE)
    assert run.error is None
    assert platform.requests == 0


def test_an_hour_of_the_last_day_as_bookmark_misses_none_either(platform, run_tap):
    platform.account(1)
    old = state("promotion_report_hourly", "stat_time_hour", **{FIRST: "2024-01-05T23:00:00+08:00"})
    assert run_tap("promotion_report_hourly", state=old, **BEFORE).error is None


def test_one_account_without_these_days_is_enough(platform, run_tap):
    platform.account(1)
    platform.account(2)
    run = run_tap(state=state(**{FIRST: "2024-01-05", SECOND: "2024-01-03"}), **BEFORE)
    assert "nothing of 2024-01-01 to 2024-01-05 can" in str(run.error)


def test_what_is_given_all_the_same_is_read_before_the_error(platform, run_tap):
    platform.account(1)
    platform.rows["promotion", FIRST] = [
        {"stat_time_day": TODAY.isoformat(), "promotion_id": 7604418424915820607, "stat_cost": 1}
    ]
    platform.rows["leads", ""] = [
        {
            "clue_id": "7604418424915820608",
            "local_account_id": int(FIRST),
            "create_time_detail": "2024-01-02 12:00:00",
        }
    ]
    run = run_tap("promotion_report", "leads", include_today=True, **BEFORE)
    assert str(run.error).startswith("promotion_report: nothing of 2024-01-01 to 2024-01-05")
    assert len(run.records()) == 1
    assert len(run.records("leads")) == 1
    assert run.bookmarks("leads") == {FIRST: "2024-01-05T23:59:59+08:00"}


def test_accounts_that_failed_beside_it_are_told_as_well(platform, run_tap, caplog):
    platform.account(1)
    platform.errors[FIRST] = AccessDenied("no permission")
    run = run_tap("promotion_report", "leads", **BEFORE)
    assert isinstance(run.error, ConfigError)
    (told,) = [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]
    assert told.startswith(f"leads, account {FIRST} failed: ")
