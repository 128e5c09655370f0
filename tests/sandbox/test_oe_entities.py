"""project/list, promotion/list and the audience report."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from platform_sandbox.oceanengine.metrics import AUDIENCE_METRICS

STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
ALL = {"local_delivery_scene": "ALL", "promotion_status_first": "PROMOTION_STATUS_ALL"}


def listed(oe, kind, filtering=None, **more):
    account = oe.sandbox.platform.oceanengine.accounts[0].id
    sent = {"local_account_id": account, "page_size": 100} | more
    if filtering is not None:
        sent["filtering"] = filtering
    return oe.get(f"v3.0/local/{kind}/list/", **sent)


def every(oe, kind, filtering=None):
    rows, page = [], 1
    while True:
        data = listed(oe, kind, filtering, page=page)["data"]
        rows += data[f"{kind}_list"]
        if page >= data["page_info"]["total_page"]:
            return rows
        page += 1


def test_without_a_scene_lead_promotions_are_hidden(oe):
    shown = {row["local_delivery_scene"] for row in every(oe, "promotion")}
    everything = {
        row["local_delivery_scene"]
        for row in every(oe, "promotion", {"local_delivery_scene": "ALL"})
    }
    assert "EXTERNAL" not in shown
    assert everything - shown == {"EXTERNAL"}
    assert "EXTERNAL" in {row["local_delivery_scene"] for row in every(oe, "project")}


def test_deleted_ones_come_only_when_asked_for(oe):
    usual = {
        row["promotion_status_first"]
        for row in every(oe, "promotion", {"local_delivery_scene": "ALL"})
    }
    everything = {row["promotion_status_first"] for row in every(oe, "promotion", ALL)}
    assert everything - usual == {"PROMOTION_STATUS_DELETED"}
    big = oe.sandbox.platform.oceanengine.accounts[1].id
    states = [
        {
            row["project_status_first"]
            for row in oe.get(
                "v3.0/local/project/list/", local_account_id=big, page_size=100, **more
            )["data"]["project_list"]
        }
        for more in ({}, {"filtering": {"project_status_first": "PROJECT_STATUS_ALL"}})
    ]
    assert states[1] - states[0] == {"PROJECT_STATUS_DELETE"}


def test_all_units_of_the_report_are_in_the_complete_list(oe):
    ids = {row["promotion_id"] for row in every(oe, "promotion", ALL)}
    assert {row["promotion_id"] for row in oe.rows()} <= ids
    projects = every(oe, "project", {"project_status_first": "PROJECT_STATUS_ALL"})
    assert {row["project_id"] for row in oe.rows("project")} <= {
        row["project_id"] for row in projects
    }


def test_the_units_of_an_account_are_those_of_the_complete_list(oe):
    platform = oe.sandbox.platform
    units = platform.oceanengine.units(platform.oceanengine.accounts[0].id)
    filtering = {"local_delivery_scene": "ALL", "promotion_status_first": "PROMOTION_STATUS_ALL"}
    assert units == every(oe, "promotion", filtering)
    with pytest.raises(KeyError):
        platform.oceanengine.units(17)


@pytest.mark.parametrize(
    ("kind", "filtering"),
    [
        ("promotion", {"promotion_status_first": "PROMOTION_STATUS_DISABLE"}),
        ("promotion", {"promotion_status_second": "DISABLED"}),
        ("promotion", {"local_delivery_scene": "CLUE"}),
        ("promotion", {"promotion_ids": list(range(101))}),
        ("promotion", {"promotion_create_time_start": "2026-01-01 00:00:00"}),
        ("project", {"project_modify_time_end": "2026-01-01 00:00:00"}),
        ("project", {"project_status_first": "PROJECT_STATUS_DELETED"}),
        ("project", {"colour": "red"}),
    ],
)
def test_lists_refuse_wrong_filters(oe, kind, filtering):
    assert listed(oe, kind, filtering)["code"] == 40001


def test_lists_refuse_wrong_pages_and_accounts(oe):
    assert listed(oe, "project", page_size=101)["code"] == 40001
    assert listed(oe, "project", local_account_id=5)["code"] == 40002
    assert listed(oe, "promotion", page_size="")["data"]["page_info"]["page_size"] == 10


def test_disabled_with_its_second_state_is_answered(oe):
    big = oe.sandbox.platform.oceanengine.accounts[1].id
    wanted = {
        "promotion_status_first": "PROMOTION_STATUS_DISABLE",
        "promotion_status_second": "DISABLED",
        "local_delivery_scene": "ALL",
    }
    rows = listed(oe, "promotion", wanted, local_account_id=big)["data"]["promotion_list"]
    assert rows
    assert {row["promotion_status_first"] for row in rows} == {"PROMOTION_STATUS_DISABLE"}


def test_rows_have_the_vendors_types(oe):
    for row in every(oe, "project"):
        assert re.fullmatch(r"\d+\.\d\d", row["project_budget"])
        assert isinstance(row["opt_status"], int)
        assert STAMP.fullmatch(row["project_create_time"])
    for row in every(oe, "promotion", ALL):
        assert row["promotion_create_time"] <= row["promotion_modify_time"]
        assert isinstance(row["promotion_status_second"], list)
    oe.sandbox.platform.switches.oe_opt_status = "string"
    assert {row["opt_status"] for row in every(oe, "promotion", ALL)} <= {"ENABLE", "PAUSED"}


def test_modify_time_filters_incrementally(oe):
    rows = every(oe, "promotion", ALL)
    middle = sorted(row["promotion_modify_time"] for row in rows)[len(rows) // 2]
    span = {
        "promotion_modify_time_start": middle,
        "promotion_modify_time_end": "2099-01-01 00:00:00",
    }
    newer = every(oe, "promotion", ALL | span)
    assert 0 < len(newer) < len(rows)
    assert all(row["promotion_modify_time"] >= middle for row in newer)


def audience(oe, **changes):
    last = oe.sandbox.platform.clock.yesterday()
    sent = {
        "local_account_id": oe.sandbox.platform.oceanengine.accounts[0].id,
        "start_date": str(last - timedelta(days=2)),
        "end_date": str(last),
        "audience_dimension": "GENDER",
        "data_dimension": "AD",
        "fields": ["stat_cost", "convert_cnt"],
    } | changes
    sent = {name: value for name, value in sent.items() if value is not None}
    return oe.get("v3.0/local/report/audience/get/", **sent)


def test_audience_rows_nest_metrics_and_have_no_date(oe):
    rows = audience(oe)["data"]["list"]
    assert [row["gender"] for row in rows] == ["女", "男", "未知"]
    for row in rows:
        assert set(row) == {"gender", "fields"}
        assert set(row["fields"]) == {"stat_cost", "convert_cnt"}


def test_audience_parts_add_up_to_the_account(oe):
    last = oe.sandbox.platform.clock.yesterday()
    span = {"start_date": str(last), "end_date": str(last)}
    whole = oe.rows("account", **span)[0]
    for dimension in ("GENDER", "AGE", "CITY", "PLATFORM"):
        rows = audience(oe, audience_dimension=dimension, **span)["data"]["list"]
        assert sum(row["fields"]["convert_cnt"] for row in rows) == whole["convert_cnt"]
        cost = sum(row["fields"]["stat_cost"] for row in rows)
        assert cost == pytest.approx(whole["stat_cost"])


def test_audience_rows_come_in_the_order_that_is_asked_for(oe):
    def costs(**order):
        rows = audience(oe, audience_dimension="AGE", **order)["data"]["list"]
        return [row["fields"]["stat_cost"] for row in rows]

    falling = costs(order_field="stat_cost")
    assert len(set(falling)) > 2
    assert falling == sorted(falling, reverse=True)
    assert costs(order_field="stat_cost", order_type="ASC") == falling[::-1]
    assert audience(oe, order_field="click_cnt")["code"] == 40001


def test_audience_knows_all_its_metrics_and_other_data_dimensions_are_empty(oe):
    assert set(audience(oe, fields=None)["data"]["list"][0]["fields"]) == AUDIENCE_METRICS
    assert audience(oe, data_dimension="ROI2_PROMOTION")["data"]["list"] == []
    silent = oe.sandbox.platform.oceanengine.accounts[-1].id
    assert audience(oe, local_account_id=silent)["data"]["list"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"audience_dimension": None},
        {"audience_dimension": "gender"},
        {"data_dimension": None},
        {"fields": ["attribution_convert_cnt"]},
        {"fields": "stat_cost"},
        {"start_date": "2020-01-01"},
        {"order_field": "ctr"},
        {"filtering": {"cdp_project_ids": [1]}},
    ],
    ids=str,
)
def test_audience_refuses(oe, changes):
    assert audience(oe, **changes)["code"] == 40001
