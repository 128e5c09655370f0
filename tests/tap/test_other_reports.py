"""Reports of the other levels, by hour, and of audiences."""

from __future__ import annotations

import pytest

from tap_oceanengine_local import streams
from tap_oceanengine_local.errors import AccountError, RequestRefused
from tap_oceanengine_local.tap import FailedAccountsError

YESTERDAY = "2026-03-19"
FIRST = "1790000000000001"
SECOND = "1790000000000002"
UNIT = 7604418424915820607


@pytest.mark.parametrize(
    ("level", "ids", "key"),
    [
        ("account", {}, {"local_account_id": FIRST}),
        ("project", {"project_id": UNIT}, {"project_id": str(UNIT)}),
        (
            "material",
            {"material_id": UNIT, "material_type": "VIDEO"},
            {"local_account_id": FIRST, "material_id": str(UNIT)},
        ),
    ],
)
def test_each_level_has_its_list_and_its_key(platform, run_tap, level, ids, key):
    stream = f"{level}_report"
    platform.account(1, "总店")
    platform.rows[level, FIRST] = [{"stat_time_day": YESTERDAY, "stat_cost": 1, **ids}]
    run = run_tap(stream)
    assert run.error is None
    (record,) = run.records(stream)
    assert {name: record[name] for name in key} == key
    assert record["stat_time_day"] == YESTERDAY
    assert record["local_account_name"] == "总店"
    assert run.of("SCHEMA")[0]["key_properties"] == ["stat_time_day", *key]
    assert run.bookmarks(stream) == {FIRST: YESTERDAY}
    assert platform.requests == 1


@pytest.mark.parametrize(
    "hour",
    [
        "2026-03-19 14:00:00",
        "2026-03-19 14:00 - 14:59",
        "2026-03-19T14:00:00+08:00",
        "14:00 - 14:59",
        "14",
        14,
    ],
)
def test_an_hour_is_read_in_every_form_and_carries_its_day(platform, run_tap, hour):
    platform.account(1)
    platform.rows["promotion", FIRST] = [
        {"stat_time_day": YESTERDAY, "stat_time_hour": hour, "promotion_id": UNIT, "stat_cost": 1}
    ]
    run = run_tap("promotion_report_hourly", lookback_days=3)
    (record,) = run.records("promotion_report_hourly")
    assert record["stat_time_hour"] == "2026-03-19T14:00:00+08:00"
    assert record["stat_time_day"] == YESTERDAY
    assert run.of("SCHEMA")[0]["key_properties"] == ["stat_time_hour", "promotion_id"]
    assert run.bookmarks("promotion_report_hourly") == {FIRST: "2026-03-19T23:00:00+08:00"}
    assert platform.asked()[0]["time_granularity"] == "TIME_GRANULARITY_HOURLY"
    assert run.summary["promotion_report_hourly"]["days"][-1]["rows"] == 1


@pytest.mark.parametrize("row", [{}, {"stat_time_hour": ""}, {"stat_time_hour": "noon"}])
def test_a_row_without_its_hour_fails_loudly(platform, run_tap, row):
    platform.account(1)
    platform.rows["account", FIRST] = [{"stat_time_day": YESTERDAY, **row}]
    assert "stat_time_hour" in str(run_tap("account_report_hourly").error)


@pytest.mark.parametrize("hour", ["2026031914", "2026-03-18 14:00:00", 10**25])
def test_an_hour_that_is_not_of_its_rows_day_fails_its_account(platform, run_tap, hour):
    platform.account(1)
    platform.rows["account", FIRST] = [{"stat_time_day": YESTERDAY, "stat_time_hour": hour}]
    run = run_tap("account_report_hourly")
    assert isinstance(run.error, FailedAccountsError)
    assert "stat_time_hour" in str(run.error)
    assert run.records("account_report_hourly") == []


def test_the_hour_may_stand_in_the_day(platform, run_tap):
    platform.account(1)
    platform.rows["account", FIRST] = [{"stat_time_day": "2026-03-19 07:00:00"}]
    (record,) = run_tap("account_report_hourly").records("account_report_hourly")
    assert record["stat_time_hour"] == "2026-03-19T07:00:00+08:00"


def test_hourly_windows_and_look_back_are_at_most_seven_days(platform, run_tap):
    platform.account(1)
    first = run_tap("promotion_report_hourly", start_date="2026-03-01")
    spans = {(params["start_date"], params["end_date"]) for params in platform.asked()}
    assert spans == {
        ("2026-03-01", "2026-03-07"),
        ("2026-03-08", "2026-03-14"),
        ("2026-03-15", YESTERDAY),
    }
    platform.calls.clear()
    run_tap("promotion_report_hourly", state=first.state)
    assert [params["start_date"] for params in platform.asked()] == ["2026-03-13"]


def audience_rows(platform, monkeypatch, costs, rows):
    """Answer the audience report, which carries no day, from (day, dimension)."""
    platform.account(1, "总店")
    platform.rows["account", FIRST] = [
        {"stat_time_day": day, "stat_cost": cost} for day, cost in costs.items()
    ]
    whole = platform.get

    def get(path, params):
        if "audience" not in path:
            return whole(path, params)
        platform.calls.append((path, dict(params)))
        found = rows.get((params["start_date"], params["audience_dimension"]), [])
        if isinstance(found, Exception):
            raise found
        info = {"total_number": len(found), "total_page": 1}
        return {"list": found, "page_info": info}

    monkeypatch.setattr(platform, "get", get)


def test_audiences_are_asked_for_days_with_cost_only(platform, run_tap, monkeypatch):
    audience_rows(
        platform,
        monkeypatch,
        {"2026-03-17": 0, "2026-03-18": 5.0, YESTERDAY: 7.5},
        {
            (YESTERDAY, "GENDER"): [
                {"gender": "女", "fields": {"stat_cost": 5.005, "convert_cnt": 2}},
                {"gender": "男", "fields": {"stat_cost": 2.5, "convert_cnt": "-"}},
            ],
            ("2026-03-18", "AGE"): [{"age": "24-30", "fields": {"stat_cost": 5}}],
        },
    )
    run = run_tap("audience_report", start_date="2026-03-14", select={"stat_cost", "convert_cnt"})
    assert run.error is None
    asked = platform.asked("audience")
    assert sorted((params["start_date"], params["audience_dimension"]) for params in asked) == [
        ("2026-03-18", "AGE"),
        ("2026-03-18", "GENDER"),
        (YESTERDAY, "AGE"),
        (YESTERDAY, "GENDER"),
    ]
    assert {params["data_dimension"] for params in asked} == {"AD"}
    assert asked[0]["fields"] == ["stat_cost", "convert_cnt"]
    assert run.records("audience_report") == [
        {
            "stat_time_day": day,
            "local_account_id": FIRST,
            "audience_dimension": dimension,
            "audience_value": value,
            "stat_cost": cost,
            "convert_cnt": count,
        }
        for day, dimension, value, cost, count in [
            ("2026-03-18", "AGE", "24-30", 5.0, None),
            (YESTERDAY, "GENDER", "女", 5.01, 2),
            (YESTERDAY, "GENDER", "男", 2.5, None),
        ]
    ]
    assert run.bookmarks("audience_report") == {FIRST: YESTERDAY}
    assert platform.requests == 5


def test_days_that_do_not_hold_still_are_no_base_for_audiences(platform, run_tap, monkeypatch):
    days = {f"2025-{month:02d}-{day:02d}": 1.0 for month in (10, 11, 12) for day in range(1, 31)}
    days |= {f"2026-01-{day:02d}": 1.0 for day in range(1, 31)}
    audience_rows(platform, monkeypatch, days, {})
    whole = platform.get

    def shrinking(path, params):
        data = whole(path, params)
        if params["page"] == 2:
            data["page_info"]["total_number"] -= 1
        return data

    monkeypatch.setattr(platform, "get", shrinking)
    run = run_tap("audience_report", start_date="2025-10-01", window_days=365)
    assert "changed while it was read" in str(run.error)
    assert run.bookmarks("audience_report") == {}


def test_audiences_look_back_at_most_seven_days(platform, run_tap, monkeypatch):
    audience_rows(platform, monkeypatch, {}, {})
    first = run_tap("audience_report")
    run_tap("audience_report", state=first.state)
    assert [params["start_date"] for params in platform.asked("account")] == [
        "2026-02-17",
        "2026-03-13",
    ]


def test_a_refused_audience_fails_its_account(platform, run_tap, monkeypatch):
    audience_rows(
        platform, monkeypatch, {YESTERDAY: 1.0}, {(YESTERDAY, "AGE"): AccountError("refused")}
    )
    run = run_tap("audience_report")
    assert "refused" in str(run.error)
    assert run.bookmarks("audience_report") == {}


def test_an_audience_whose_value_cannot_be_read_fails_loudly(platform, run_tap, monkeypatch):
    rows = {(YESTERDAY, "AGE"): [{"age": ["24-30"]}]}
    audience_rows(platform, monkeypatch, {YESTERDAY: 1.0}, rows)
    assert "age cannot be read" in str(run_tap("audience_report").error)


def test_a_failed_account_is_asked_for_no_further_audience(platform, run_tap, monkeypatch):
    refused = {(YESTERDAY, "AGE"): AccountError("refused")}
    refused |= {("2026-01-02", "GENDER"): AccountError("refused")}
    audience_rows(platform, monkeypatch, {"2026-01-02": 1.0, YESTERDAY: 1.0}, refused)
    run_tap("audience_report", start_date="2026-01-01", window_days=1, max_parallel_requests=1)
    assert {params["start_date"] for params in platform.asked("audience")} == {"2026-01-02"}


def test_an_audience_without_its_value_fails_loudly(platform, run_tap, monkeypatch):
    audience_rows(platform, monkeypatch, {YESTERDAY: 1.0}, {(YESTERDAY, "AGE"): [{"gender": "男"}]})
    assert "without audience_value" in str(run_tap("audience_report").error)


def test_a_fatal_error_of_the_audiences_leaves_no_unit_unread(platform, run_tap):
    platform.unit_rows(platform.account(1), days=2)

    def refuse(path, _params):
        if "audience" in path:
            raise RequestRefused("a changed API")

    platform.before = refuse
    run = run_tap("audience_report", "promotion_report", "account_report")
    assert isinstance(run.error, RequestRefused)
    assert len(run.records("promotion_report")) == 2
    assert run.bookmarks("promotion_report") == {FIRST: YESTERDAY}
    assert run.bookmarks("account_report") == {FIRST: YESTERDAY}
    assert run.bookmarks("audience_report") == {}


def test_streams_run_in_the_order_of_their_list_also_with_a_catalog_sorted_otherwise(
    platform, run_tap
):
    catalog = run_tap().tap.catalog_dict
    catalog["streams"].sort(key=lambda entry: entry["tap_stream_id"])
    names = [stream.name for stream in streams.ALL]
    assert names[0] == "promotion_report"
    assert list(run_tap(catalog=catalog).tap.streams) == names
