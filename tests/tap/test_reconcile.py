"""Gaps between the units' cost and the account's, and the sums of the run summary."""

from __future__ import annotations

from datetime import date

import pytest

from tap_oceanengine_local.reconcile import Gap, fen, gaps
from tap_oceanengine_local.summary import RunSummary, StreamSummary, Tally
from tap_oceanengine_local.windows import Window

DAY = date(2026, 2, 11)


@pytest.mark.parametrize(
    ("units", "account", "is_gap"),
    [
        (10_000, 10_000, False),
        (10_000, 10_100, False),
        (10_000, 10_101, True),
        (1_000_000, 1_005_000, False),
        (1_000_000, 1_005_100, True),
        (0, 100, False),
        (0, 101, True),
        (101, 0, True),
    ],
)
def test_a_gap_exceeds_one_yuan_and_half_a_percent(units, account, is_gap):
    assert bool(gaps({"2026-02-11": units}, {"2026-02-11": account})) is is_gap


def test_days_that_only_one_side_knows_count_as_zero_on_the_other():
    found = gaps({"2026-02-12": 500}, {"2026-02-11": 700})
    assert found == [Gap("2026-02-11", 0, 700), Gap("2026-02-12", 500, 0)]
    assert str(found[0]) == "2026-02-11: units 0.00, account 7.00"


def test_money_adds_up_in_fen():
    assert fen(0.1) + fen(0.2) == fen(0.3)
    assert fen(None) == 0


def test_the_summary_shows_the_last_eight_closed_days_with_their_sums():
    stream = StreamSummary(accounts=2, shows_cost=True, shows_conversions=True)
    window = Window(date(2026, 2, 1), DAY)
    stream.window_read(window, {DAY: Tally(2, 70_000, 3)})
    stream.window_read(window, {DAY: Tally(1, 5, 0)})
    today = date(2026, 2, 12)
    stream.window_read(Window(today, today, is_open=True), {today: Tally(4, 1, 1)})
    shown = stream.to_dict()
    assert [day["date"] for day in shown["days"]] == [f"2026-02-{day:02d}" for day in range(4, 12)]
    assert shown["days"][-1] == {
        "date": "2026-02-11",
        "rows": 3,
        "stat_cost": 700.05,
        "convert_cnt": 3,
        "conversion_cost": 233.35,
    }
    assert shown["days"][0] == {
        "date": "2026-02-04",
        "rows": 0,
        "stat_cost": 0.0,
        "convert_cnt": 0,
        "conversion_cost": 0.0,
    }
    assert (shown["from"], shown["to"], shown["rows"]) == ("2026-02-01", "2026-02-12", 7)


def test_what_was_not_selected_is_null():
    stream = StreamSummary(shows_conversions=True)
    stream.window_read(Window(DAY, DAY), {DAY: Tally(1, 5, 2)})
    assert stream.to_dict()["days"] == [
        {"date": "2026-02-11", "rows": 1, "stat_cost": None, "convert_cnt": 2}
        | {"conversion_cost": None}
    ]
    assert StreamSummary().to_dict() == {
        "accounts": 0,
        "accounts_failed": {},
        "accounts_failed_names": {},
        "rows": 0,
        "from": None,
        "to": None,
        "days": [],
    }


def test_failures_name_stream_account_and_reason():
    summary = RunSummary()
    summary.of("leads").accounts_failed["1"] = "no permission"
    assert summary.failures() == ["leads, account 1: no permission"]
    assert summary.to_dict(requests=3, refresh_token_days_left=29) == {
        "streams": {"leads": summary.of("leads").to_dict()},
        "requests": 3,
        "refresh_token_days_left": 29,
    }
