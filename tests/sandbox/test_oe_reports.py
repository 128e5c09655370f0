"""The four local reports: strict parameters, flat rows, paging, ordering, filters."""

from __future__ import annotations

from datetime import timedelta

import pytest

from platform_sandbox import World
from platform_sandbox.oceanengine.metrics import MATERIAL_METRICS, REPORT_METRICS
from platform_sandbox.testing import SandboxServer

KEYS = {
    "account": {"local_account_id"},
    "project": {"project_id", "project_name"},
    "promotion": {"project_id", "project_name", "promotion_id", "promotion_name"},
    "material": {"material_id", "material_name", "material_type"},
}
LISTS = {
    "account": "data_list",
    "project": "project_list",
    "promotion": "promotion_list",
    "material": "material_list",
}


@pytest.mark.parametrize("level", KEYS)
def test_rows_are_flat_and_hold_only_what_was_asked_for(oe, level):
    oe.sandbox.platform.switches.oe_extra_fields = False
    data = oe.report(level)["data"]
    assert set(data) == {LISTS[level], "page_info"}
    for row in data[LISTS[level]]:
        assert set(row) == KEYS[level] | {"stat_time_day", "stat_cost", "convert_cnt"}


def test_the_platform_may_add_fields_and_change_the_order_of_keys(oe):
    one = oe.report()["data"]["promotion_list"][0]
    two = oe.report()["data"]["promotion_list"][0]
    assert "row_tag" in one
    assert one == two
    assert list(one) != list(two)


@pytest.mark.parametrize("level", KEYS)
def test_every_metric_of_the_vendor_is_answered(oe, level):
    known = MATERIAL_METRICS if level == "material" else REPORT_METRICS
    assert len(known) == (72 if level != "material" else 71)
    rows = oe.report(level, metrics=sorted(known))["data"][LISTS[level]]
    assert all(known <= set(row) for row in rows)


def test_ids_are_bare_integers_beyond_what_doubles_hold(oe):
    for row in oe.report()["data"]["promotion_list"]:
        assert len(str(row["promotion_id"])) == 19
        assert int(float(row["promotion_id"])) != row["promotion_id"]
    assert len(str(oe.sandbox.platform.oceanengine.accounts[0].id)) == 16


@pytest.mark.parametrize(
    "changes",
    [
        {"local_account_id": None},
        {"local_account_id": "1800,1801"},
        {"metrics": None},
        {"metrics": []},
        {"metrics": "stat_cost,show_cnt"},
        {"metrics": ["attribution_conversion_cost"]},
        {"page_size": 30},
        {"page_size": 1},
        {"page_size": 200},
        {"page": 0},
        {"time_granularity": "DAILY"},
        {"start_date": None},
        {"end_date": "2026/01/01"},
        {"end_date": "2026-02-30"},
        {"end_date": "2020-01-01"},
        {"filtering": "GENERAL"},
        {"filtering": ["GENERAL"]},
        {"filtering": {"campaign_type": "ALL"}},
        {"filtering": {"unknown": 1}},
        {"order_type": "UP"},
        {"order_field": "show_cnt"},
    ],
    ids=str,
)
def test_refuses_what_the_platform_refuses(oe, changes):
    envelope = oe.report(**changes)
    assert envelope["code"] == 40001
    assert envelope["message"]


def test_the_code_for_bad_parameters_is_a_switch(oe):
    oe.sandbox.platform.switches.oe_bad_parameter_code = 40000
    assert oe.report(metrics=[])["code"] == 40000


def test_spans_have_ends(oe):
    last = oe.sandbox.platform.clock.yesterday()
    today = oe.sandbox.platform.clock.today()

    def code(days, granularity="DAILY", end=last):
        start = end - timedelta(days=days - 1)
        return oe.report(
            start_date=str(start),
            end_date=str(end),
            time_granularity=f"TIME_GRANULARITY_{granularity}",
        )["code"]

    assert code(365) == 0
    assert code(366) == 40001
    assert code(7, "HOURLY") == 0
    assert code(8, "HOURLY") == 40001
    oldest = today - timedelta(days=365)
    assert code(1, end=oldest) == 0
    assert code(1, end=oldest - timedelta(days=1)) == 40001


def test_unknown_parameters_are_ignored_also_a_campaign_type_outside_of_filtering(oe):
    plain = oe.report()["data"]["page_info"]
    assert oe.report(campaign_type="SEARCHING", dimensions=["x"])["data"]["page_info"] == plain
    inside = oe.report(filtering={"campaign_type": "SEARCHING"})["data"]["page_info"]
    assert inside["total_number"] < plain["total_number"]


def test_accounts_of_others_and_organisations_are_refused(oe):
    assert oe.report(local_account_id=1_899_999_999_999_999)["code"] == 40002
    assert oe.report(local_account_id=1_700_000_000_000_101)["code"] == 40002
    oe.sandbox.platform.switches.oe_organization_code = 40000
    assert oe.report(local_account_id=1_700_000_000_000_101)["code"] == 40000


def test_forgetting_page_size_shows_ten_rows(oe):
    data = oe.report(page_size=None)["data"]
    assert len(data["promotion_list"]) == 10
    assert data["page_info"]["page_size"] == 10


def test_pages_fit_together_and_end_with_empty_ones(oe):
    rows = oe.rows()
    info = oe.report()["data"]["page_info"]
    assert len(rows) == info["total_number"] > 100
    keys = {(row["stat_time_day"], row["promotion_id"]) for row in rows}
    assert len(keys) == len(rows)
    beyond = oe.report(page=info["total_page"] + 1)
    assert (beyond["code"], beyond["data"]["promotion_list"]) == (0, [])
    assert beyond["data"]["page_info"]["total_number"] == info["total_number"]


def test_silent_accounts_answer_empty_lists(oe):
    silent = oe.sandbox.platform.oceanengine.accounts[-1].id
    data = oe.report(local_account_id=silent)["data"]
    assert data["promotion_list"] == []
    assert data["page_info"] == {"page": 1, "page_size": 100, "total_number": 0, "total_page": 0}
    oe.sandbox.platform.switches.oe_empty_list = "missing"
    assert "promotion_list" not in oe.report(local_account_id=silent)["data"]


def test_accounts_come_newest_first_and_the_others_oldest_first(oe):
    days = [row["stat_time_day"] for row in oe.rows("account")]
    assert days == sorted(days, reverse=True)
    for level in ("project", "promotion", "material"):
        days = [row["stat_time_day"] for row in oe.rows(level)]
        assert days == sorted(days)
    days = [row["stat_time_day"] for row in oe.rows("promotion", order_type="DESC")]
    assert days == sorted(days, reverse=True)
    costs = [row["stat_cost"] for row in oe.rows(order_field="stat_cost", order_type="DESC")]
    assert costs == sorted(costs, reverse=True)


def test_only_account_rows_name_the_account(oe):
    account = oe.sandbox.platform.oceanengine.accounts[0].id
    assert {row["local_account_id"] for row in oe.rows("account")} == {account}
    assert "local_account_id" not in oe.rows("promotion")[0]


def test_units_add_up_to_projects_materials_and_the_account(oe):
    def sums(level, name):
        by_day = {}
        for row in oe.rows(level, metrics=[name]):
            day = row["stat_time_day"]
            by_day[day] = round(by_day.get(day, 0) + row[name], 2)
        return by_day

    for name in ("stat_cost", "show_cnt", "attribution_convert_cnt"):
        units = sums("promotion", name)
        for level in ("account", "project", "material"):
            assert sums(level, name) == units


def test_hours_add_up_to_the_day(oe):
    last = str(oe.sandbox.platform.clock.yesterday())
    span = {"start_date": last, "end_date": last}
    hourly = oe.rows(time_granularity="TIME_GRANULARITY_HOURLY", **span)
    by_unit = {}
    for row in hourly:
        assert "stat_time_day" not in row
        assert row["stat_time_hour"][:10] == last
        assert row["stat_time_hour"].endswith(":00:00")
        unit = row["promotion_id"]
        by_unit[unit] = round(by_unit.get(unit, 0) + row["stat_cost"], 2)
    for row in oe.rows(**span):
        assert by_unit.get(row["promotion_id"], 0) == pytest.approx(row["stat_cost"])
    oe.sandbox.platform.switches.oe_hour_format = "interval"
    text = oe.rows(time_granularity="TIME_GRANULARITY_HOURLY", **span)[0]["stat_time_hour"]
    assert text == f"{last} {text[11:13]}:00 - {text[11:13]}:59"


def test_total_adds_up_the_days_and_has_no_time(oe):
    by_unit = {}
    for row in oe.rows():
        unit = row["promotion_id"]
        by_unit[unit] = by_unit.get(unit, 0) + row["stat_cost"]
    totals = oe.rows(time_granularity="TIME_GRANULARITY_TOTAL")
    assert len(totals) == len(by_unit)
    for row in totals:
        assert "stat_time_day" not in row
        assert row["stat_cost"] == pytest.approx(by_unit[row["promotion_id"]])


def test_without_granularity_accounts_are_summed_and_units_daily(oe):
    assert oe.report("account", time_granularity=None)["data"]["page_info"]["total_number"] == 1
    rows = oe.report(time_granularity=None)["data"]["promotion_list"]
    assert "stat_time_day" in rows[0]


def test_filters_by_ids(oe):
    wanted = oe.rows()[0]
    unit, project = wanted["promotion_id"], wanted["project_id"]
    rows = oe.rows(filtering={"promotion_ids": [unit]})
    assert {row["promotion_id"] for row in rows} == {unit}
    rows = oe.rows("project", filtering={"cdp_project_ids": [project]})
    assert {row["project_id"] for row in rows} == {project}
    materials = oe.rows("material", filtering={"promotion_ids": [unit]})
    assert 0 < len({row["material_id"] for row in materials}) <= 2
    videos = oe.rows("material", filtering={"material_type": "VIDEO"})
    assert {row["material_type"] for row in videos} == {"VIDEO"}


def test_numbers_have_the_platforms_types_and_ranges(oe):
    rows = [
        row
        for account in oe.sandbox.platform.oceanengine.accounts
        for row in oe.rows(
            local_account_id=account.id,
            metrics=["stat_cost", "show_cnt", "click_cnt", "convert_cnt", "ctr", "conversion_cost"],
        )
    ]
    for row in rows:
        assert isinstance(row["stat_cost"], float)
        assert all(type(row[name]) is int for name in ("show_cnt", "click_cnt", "convert_cnt"))
        assert 0 <= row["stat_cost"] <= 1500.01
        assert 0 <= row["show_cnt"] <= 15_000
        assert 0 <= row["click_cnt"] <= 70
        assert 0 <= row["convert_cnt"] <= 7
        if row["show_cnt"]:
            assert row["ctr"] == pytest.approx(row["click_cnt"] / row["show_cnt"] * 100, abs=0.006)
        if row["convert_cnt"]:
            cost = row["stat_cost"] / row["convert_cnt"]
            assert row["conversion_cost"] == pytest.approx(cost, abs=0.006)
    assert any(row["stat_cost"] == 0 and row["convert_cnt"] == 0 for row in rows)
    assert any(row["stat_cost"] == 0 and row["convert_cnt"] == 1 for row in rows)
    assert any(row["stat_cost"] != round(row["stat_cost"], 2) for row in rows), "float noise"


@pytest.mark.parametrize(
    ("switch", "value"), [("zero", 0.0), ("null", None), ("dash", "-"), ("missing", ...)]
)
def test_a_quotient_by_nothing_is_a_switch(oe, switch, value):
    oe.sandbox.platform.switches.oe_empty_metric = switch
    rows = oe.rows(metrics=["convert_cnt", "conversion_cost"])
    none = next(row for row in rows if row["convert_cnt"] == 0)
    assert none.get("conversion_cost", ...) == value


def test_one_account_has_more_than_a_hundred_units_on_a_day(oe):
    big = oe.sandbox.platform.oceanengine.accounts[1].id
    per_day = {}
    for row in oe.rows(local_account_id=big):
        per_day[row["stat_time_day"]] = per_day.get(row["stat_time_day"], 0) + 1
    assert max(per_day.values()) > 100


def test_every_other_active_account_has_2_to_30_units_on_a_day(oe):
    for account in oe.sandbox.platform.oceanengine.accounts:
        per_day = {}
        for row in oe.rows(local_account_id=account.id):
            per_day[row["stat_time_day"]] = per_day.get(row["stat_time_day"], 0) + 1
        assert bool(per_day) == account.active
        if account.active and account.index != 1:
            assert min(per_day.values()) >= 1
            assert max(per_day.values()) <= 30


def test_the_first_day_of_the_history_is_120_days_before_the_clock(oe):
    platform = oe.sandbox.platform
    first = platform.clock.today() - timedelta(days=120)
    early = first - timedelta(days=1)
    assert oe.rows(start_date=str(first), end_date=str(first))
    assert oe.rows(start_date=str(first - timedelta(days=60)), end_date=str(early)) == []


def test_the_truth_is_what_the_report_says(oe):
    platform = oe.sandbox.platform
    last = platform.clock.yesterday()
    account = platform.oceanengine.accounts[0]
    metrics = sorted(REPORT_METRICS)
    truth = platform.oceanengine.truth(account.id, last - timedelta(days=29), last)
    rows = oe.rows(metrics=metrics)
    assert len(rows) == len(truth)
    for row, true in zip(rows, truth, strict=True):
        row.pop("row_tag")
        assert set(row) == set(true)
        for name, value in true.items():
            assert row[name] == (pytest.approx(value, abs=1e-9) if name in metrics else value)
    with pytest.raises(KeyError):
        platform.oceanengine.truth(17, last, last)


@pytest.mark.parametrize("level", ["account", "project", "promotion", "material"])
def test_the_truth_of_every_level_by_hour_is_what_its_report_says(oe, level):
    platform = oe.sandbox.platform
    last = platform.clock.yesterday()
    account = platform.oceanengine.accounts[0]
    metrics = ["click_cnt", "show_cnt"]
    rows = oe.rows(
        level, time_granularity="TIME_GRANULARITY_HOURLY", metrics=metrics,
        start_date=str(last), end_date=str(last), order_type="ASC",
    )  # fmt: skip
    truth = platform.oceanengine.truth(
        account.id, last, last, metrics=metrics, level=level, hourly=True
    )
    assert len(truth) >= 12
    assert truth == [{k: v for k, v in row.items() if k != "row_tag"} for row in rows]


def test_a_large_world_answers_its_last_page(oe_at):
    world = World(accounts=1, active=1, units=(1000, 1000), days=365, big_units=0, steady=True)
    with SandboxServer(world=world) as server:
        oe = oe_at(server)
        info = oe.report()["data"]["page_info"]
        assert info["total_number"] > 29_000
        last = oe.report(page=info["total_page"])["data"]["promotion_list"]
        assert 0 < len(last) <= 100
