"""The main stream: windows, bookmarks, failing accounts, requests, today, derived values."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tap_oceanengine_local import bookmarks as bookmarks_module
from tap_oceanengine_local import messages
from tap_oceanengine_local.errors import (
    AccessDenied,
    AccountError,
    FatalError,
    PlatformUnavailable,
    ReauthorisationNeeded,
    RequestRefused,
)
from tap_oceanengine_local.records import encode

TODAY = date(2026, 3, 20)
YESTERDAY = "2026-03-19"
FIRST = "1790000000000001"
SECOND = "1790000000000002"


def state(**bookmarks):
    return {
        "bookmarks": {
            "promotion_report": {
                "partitions": [
                    {
                        "context": {"local_account_id": account},
                        "replication_key": "stat_time_day",
                        "replication_key_value": day,
                    }
                    for account, day in bookmarks.items()
                ]
            }
        }
    }


def spans(platform):
    """In order, since requests that are under way together come in any."""
    return sorted(
        (str(params["local_account_id"]), params["start_date"], params["end_date"])
        for params in platform.asked("report/promotion")
        if params["page"] == 1
    )


def test_a_record_is_typed_and_carries_its_account(platform, run_tap):
    platform.unit_rows(platform.account(1, "总店"), days=1, stat_cost=700.005, click_cnt="-")
    run = run_tap(
        select={"stat_cost", "convert_cnt", "click_cnt", "conversion_cost", "promotion_name"}
        | {"local_account_id", "local_account_name"}
    )
    assert run.error is None
    assert run.records() == [
        {
            "stat_time_day": YESTERDAY,
            "local_account_id": FIRST,
            "local_account_name": "总店",
            "promotion_id": "7604418424915820607",
            "promotion_name": "单元0",
            "stat_cost": 700.01,
            "click_cnt": None,
            "convert_cnt": 2,
            "conversion_cost": 350.01,
        }
    ]
    (schema,) = run.of("SCHEMA")
    assert schema["key_properties"] == ["stat_time_day", "promotion_id"]
    assert schema["bookmark_properties"] == ["stat_time_day"]
    assert list(schema["schema"]["properties"]) == list(run.records()[0])


def test_a_daily_run_asks_once_per_account_and_once_more_where_there_were_rows(platform, run_tap):
    platform.unit_rows(platform.account(1), days=3)
    for number in range(2, 6):
        platform.account(number)
    run = run_tap()
    assert run.error is None
    assert len(platform.asked("report/promotion")) == 5
    assert len(platform.asked("report/account")) == 1
    assert platform.requests == 6
    assert run.bookmarks() == {account.id: YESTERDAY for account in platform.accounts}


def test_pages_are_read_to_the_last_row(platform, run_tap):
    platform.unit_rows(platform.account(1), days=31, units=8)
    run = run_tap(reconcile=False)
    assert len(run.records()) == 248
    assert sorted(params["page"] for params in platform.asked()) == [1, 2, 3]
    assert {params["page_size"] for params in platform.asked()} == {100}
    assert len({(row["stat_time_day"], row["promotion_id"]) for row in run.records()}) == 248


def test_only_selected_metrics_are_asked_for(platform, run_tap):
    platform.unit_rows(platform.account(1), days=1)
    run_tap(select={"show_cnt"}, reconcile=False)
    assert platform.asked()[0]["metrics"] == ["show_cnt"]
    assert platform.asked()[0]["time_granularity"] == "TIME_GRANULARITY_DAILY"


def test_accounts_and_windows_come_in_a_fixed_order_each_followed_by_its_state(platform, run_tap):
    for number in (1, 2):
        platform.unit_rows(platform.account(number), days=20)
    run = run_tap(start_date="2026-03-01", window_days=10)
    assert run.error is None
    seen = [
        (message["record"]["local_account_id"], message["record"]["stat_time_day"])
        if message["type"] == "RECORD"
        else message["type"]
        for message in run.messages
        if message["type"] != "SCHEMA"
    ]
    days = [(date(2026, 3, 1) + timedelta(days=offset)).isoformat() for offset in range(19)]
    expected = []
    for account in (FIRST, SECOND):
        for part in (days[:10], days[10:]):
            expected += [*((account, day) for day in part), "STATE"]
    assert seen == expected
    states = [message["value"] for message in run.of("STATE")]
    assert [len(value["bookmarks"]["promotion_report"]["partitions"]) for value in states] == [
        1,
        1,
        2,
        2,
    ]


def test_a_bookmark_looks_back_and_moves_on(platform, run_tap):
    platform.unit_rows(platform.account(1), days=60)
    run = run_tap(state=state(**{FIRST: "2026-03-18"}))
    assert spans(platform) == [(FIRST, "2026-02-17", YESTERDAY)]
    assert run.bookmarks() == {FIRST: YESTERDAY}


def test_a_bookmark_never_goes_back(platform, run_tap):
    platform.account(1)
    run = run_tap(state=state(**{FIRST: YESTERDAY}), end_date="2026-03-10")
    assert spans(platform) == [(FIRST, "2026-02-18", "2026-03-10")]
    assert run.bookmarks() == {FIRST: YESTERDAY}


def test_a_new_selection_orphans_no_bookmark(platform, run_tap):
    platform.account(1)
    before = run_tap(select={"show_cnt"})
    after = run_tap(select={"stat_cost", "click_cnt"}, state=before.state)
    assert after.state == before.state
    assert spans(platform)[1] == (FIRST, "2026-02-18", YESTERDAY)


def test_a_failed_account_keeps_its_bookmark_and_the_others_go_on(platform, run_tap):
    for number in (1, 2, 3):
        platform.unit_rows(platform.account(number), days=1)
    platform.errors[SECOND] = AccountError("no permission for the account (code 40002)")
    run = run_tap(state=state(**{SECOND: "2026-03-01"}))
    assert {row["local_account_id"] for row in run.records()} == {FIRST, "1790000000000003"}
    assert run.bookmarks() == {
        FIRST: YESTERDAY,
        SECOND: "2026-03-01",
        "1790000000000003": YESTERDAY,
    }
    assert isinstance(run.error, FatalError)
    assert "promotion_report, account 1790000000000002" in str(run.error)
    assert "no permission" in run.summary["promotion_report"]["accounts_failed"][SECOND]


def test_the_summary_names_failed_accounts_whose_name_is_known(platform, run_tap):
    for number, name in ((1, "总店"), (2, "二店"), (3, None)):
        platform.account(number, name)
    platform.errors[SECOND] = platform.errors["1790000000000003"] = AccountError("no permission")
    summary = run_tap().summary["promotion_report"]
    assert list(summary["accounts_failed"]) == [SECOND, "1790000000000003"]
    assert summary["accounts_failed_names"] == {SECOND: "二店"}


def test_all_accounts_failing_is_a_failure_too(platform, run_tap):
    for number in (1, 2):
        account = platform.account(number)
        platform.errors[account.id] = AccountError("no permission")
    run = run_tap()
    assert "2 account(s) failed" in str(run.error)
    assert run.records() == []
    assert run.bookmarks() == {}


def test_a_window_that_fails_keeps_the_windows_before_it(platform, run_tap):
    platform.unit_rows(platform.account(1), days=20)

    def fail_late(path, params):
        if params["start_date"] == "2026-03-11":
            raise AccountError("service error")

    platform.before = fail_late
    run = run_tap(start_date="2026-03-01", window_days=5, max_parallel_requests=1)
    assert run.bookmarks() == {FIRST: "2026-03-10"}
    assert len(run.records()) == 10
    assert "2026-03-11 to 2026-03-15" in str(run.error)


def test_a_fatal_error_ends_the_run_with_what_was_complete(platform, run_tap):
    for number in (1, 2, 3):
        platform.unit_rows(platform.account(number), days=1)
    platform.errors[SECOND] = FatalError("the authorisation is gone")
    run = run_tap(max_parallel_requests=1)
    assert str(run.error) == "the authorisation is gone"
    assert run.bookmarks() == {FIRST: YESTERDAY}
    assert run.summary["promotion_report"]["rows"] == 1


def test_a_window_that_changes_while_it_is_read_is_read_again_and_emitted_once(platform, run_tap):
    platform.unit_rows(platform.account(1), days=31, units=8)
    late = dict(platform.rows["promotion", FIRST][-1], promotion_id=1)

    def arrive(path, params):
        if params["page"] == 2 and late not in platform.rows["promotion", FIRST]:
            platform.rows["promotion", FIRST].append(late)

    platform.before = arrive
    run = run_tap(reconcile=False, max_parallel_requests=1)
    assert run.error is None
    assert len(run.records()) == 249
    assert platform.requests == 6


def test_a_window_that_never_holds_still_fails_its_account_and_emits_nothing(platform, run_tap):
    platform.unit_rows(platform.account(1), days=31, units=8)

    def arrive(path, params):
        row = platform.rows["promotion", FIRST][-1]
        platform.rows["promotion", FIRST].append(dict(row, promotion_id=platform.requests))

    platform.before = arrive
    run = run_tap(reconcile=False, max_parallel_requests=1)
    assert run.records() == []
    assert run.bookmarks() == {}
    assert "The list changed while it was read, 3 times over" in str(run.error)


def test_a_row_without_its_id_fails_its_account(platform, run_tap):
    platform.unit_rows(platform.account(1), days=1)
    del platform.rows["promotion", FIRST][0]["promotion_id"]
    run = run_tap()
    assert "a row came without promotion_id" in str(run.error)
    assert run.records() == []


def test_today_is_read_as_a_window_of_its_own_and_never_bookmarked(platform, run_tap):
    platform.unit_rows(platform.account(1), days=1)
    row = dict(platform.rows["promotion", FIRST][0], stat_time_day="2026-03-20")
    platform.rows["promotion", FIRST] += [row, dict(row, stat_cost=11.0)]
    run = run_tap(include_today=True)
    assert spans(platform)[-1] == (FIRST, "2026-03-20", "2026-03-20")
    assert [(r["stat_time_day"], r["stat_cost"]) for r in run.records()] == [
        (YESTERDAY, 10.0),
        ("2026-03-20", 11.0),
    ]
    assert run.bookmarks() == {FIRST: YESTERDAY}
    assert run.summary["promotion_report"]["to"] == "2026-03-20"
    assert run.summary["promotion_report"]["days"][-1]["date"] == YESTERDAY


def test_an_end_date_of_today_reads_the_open_day(platform, run_tap):
    platform.account(1)
    run_tap(start_date="2026-03-20", end_date="2026-03-20")
    assert spans(platform) == [(FIRST, "2026-03-20", "2026-03-20")]


def test_gaps_to_the_account_report_are_a_warning(platform, run_tap, caplog):
    platform.unit_rows(platform.account(1, "总店"), days=2)
    platform.rows["account", FIRST][0]["stat_cost"] = 15.0
    run = run_tap()
    assert run.error is None
    (warning,) = [r.getMessage() for r in caplog.records if "add up" in r.getMessage()]
    assert "1790000000000001 (总店)" in warning
    assert "2026-03-18: units 10.00, account 15.00" in warning
    assert "2026-03-19" not in warning


@pytest.mark.parametrize("error", [PlatformUnavailable("busy"), RequestRefused("no such metric")])
def test_costs_that_cannot_be_compared_cost_no_row_and_no_time(
    platform, run_tap, caplog, monkeypatch, error
):
    for number in range(30):
        platform.unit_rows(platform.account(1 + number), days=1)

    def unavailable(*_):
        raise error

    monkeypatch.setattr(platform, "try_get", unavailable)
    run = run_tap()
    assert run.error is None
    assert len(run.records()) == len(run.bookmarks()) == 30
    (warning,) = [r.getMessage() for r in caplog.records if "compared" in r.getMessage()]
    assert str(error) in warning


def test_an_account_whose_report_is_refused_is_the_only_one_not_compared(
    platform, run_tap, caplog, monkeypatch
):
    for number in (1, 2, 3):
        platform.unit_rows(platform.account(number), days=1)
    platform.rows["account", SECOND].clear()
    whole = platform.get

    def refused(path, params):
        if params["local_account_id"] == int(FIRST):
            raise AccessDenied("no")
        return whole(path, params)

    monkeypatch.setattr(platform, "try_get", refused)
    assert run_tap().error is None
    said = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert ["could not be compared: no" in said[0], "do not add up" in said[1]] == [True, True]


def test_a_dead_authorisation_ends_the_run_also_while_costs_are_compared(
    platform, run_tap, monkeypatch
):
    platform.unit_rows(platform.account(1), days=1)

    def dead(*_):
        raise ReauthorisationNeeded("authorise again")

    monkeypatch.setattr(platform, "try_get", dead)
    assert isinstance(run_tap().error, ReauthorisationNeeded)


def test_fewer_rows_than_counted_are_a_warning(platform, run_tap, caplog, monkeypatch):
    platform.unit_rows(platform.account(1), days=1)
    whole = platform.get

    def counting_more(path, params):
        data = whole(path, params)
        data["page_info"]["total_number"] += 2
        return data

    monkeypatch.setattr(platform, "get", counting_more)
    run = run_tap(reconcile=False)
    assert run.error is None
    assert len(run.records()) == 1
    assert "2 rows fewer came than the platform counts" in caplog.text


def test_skipped_days_are_said_once_for_all_accounts(platform, run_tap, caplog):
    for number in (1, 2):
        platform.account(number)
    run_tap(start_date="2025-01-01")
    warnings = [r.getMessage() for r in caplog.records if "cannot be read any more" in r.message]
    assert len(warnings) == 1
    assert f"{FIRST}, {SECOND}" in warnings[0]


def test_an_account_that_was_read_before_and_is_not_found_any_more_is_a_warning(
    platform, run_tap, caplog
):
    platform.account(1)
    old = state(**{FIRST: "2026-03-18", SECOND: "2026-03-18"})
    run = run_tap(state=old)
    assert run.error is None
    assert f"account {SECOND}: it was read before" in caplog.text
    assert run.bookmarks() == {FIRST: YESTERDAY, SECOND: "2026-03-18"}
    caplog.clear()
    run_tap(state=old, local_account_ids=[FIRST])
    assert "read before" not in caplog.text


def test_no_account_at_all_is_a_failure(platform, run_tap):
    run = run_tap()
    assert "covers no 本地推 account" in str(run.error)


@pytest.mark.parametrize("stream_maps", [{"promotion_report": {"cost": "stat_cost * 2"}}])
def test_stream_maps_of_the_sdk_work(platform, run_tap, stream_maps):
    platform.unit_rows(platform.account(1), days=1)
    run = run_tap(stream_maps=stream_maps)
    assert run.records()[0]["cost"] == 20.0


def test_the_summary_adds_up_the_days(platform, run_tap):
    for number in (1, 2):
        platform.unit_rows(platform.account(number), days=2, units=3)
    run = run_tap(select={"stat_cost", "convert_cnt"})
    summary = run.summary["promotion_report"]
    assert summary["accounts"] == 2
    assert summary["rows"] == 12
    assert (summary["from"], summary["to"]) == ("2026-02-17", YESTERDAY)
    assert summary["days"][-1] == {
        "date": YESTERDAY,
        "rows": 6,
        "stat_cost": 60.0,
        "convert_cnt": 12,
        "conversion_cost": 5.0,
    }
    assert len(summary["days"]) == 8


def test_a_bookmark_is_encoded_when_it_moves_and_not_behind_every_window(
    platform, run_tap, monkeypatch
):
    for number in range(60):
        platform.account(number)
    encoded = []

    def counting(value):
        encoded.append(len(encode(value)))
        return encode(value)

    monkeypatch.setattr(bookmarks_module, "encode", counting)
    monkeypatch.setattr(messages, "encode", counting)
    run = run_tap("promotion_report", start_date="2026-02-01", window_days=10)
    states = [len(encode(message["value"])) for message in run.of("STATE")]
    assert len(states) == 60 * 5
    assert run.bookmarks() == dict.fromkeys(run.bookmarks(), "2026-03-19")
    assert sum(encoded) < sum(states) / 10
