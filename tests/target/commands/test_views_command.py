"""views: one filtered view per account."""

from __future__ import annotations

import json

from platform_sandbox import Fault

from .conftest import FIELDS, row


def filters(table):
    return {
        view["view_name"]: (view["property"] or {}).get("filter_info")
        for view in table.views
        if view["view_name"] != "表格"
    }


def account_filter(table, value, column="账户ID"):
    condition = {
        "field_id": table.field(column).id,
        "operator": "is",
        "value": json.dumps([value], ensure_ascii=False),
    }
    (shown,) = [
        view["property"]["filter_info"]["conditions"][0]
        for view in table.views
        if view["view_name"] != "表格"
    ]
    return condition.items() <= shown.items()


def test_makes_one_filtered_grid_view_per_account(table, run):
    table.add(
        [
            row("2026-02-10", "1", name="旧名", account="1790000000000001"),
            row("2026-02-11", "1", name="一店", account="1790000000000001"),
            row("2026-02-09", "1", name="错名", account="1790000000000001"),
        ]
    )

    result = run("views")

    assert result.code == 0
    assert list(filters(table)) == ["一店"]
    assert account_filter(table, "1790000000000001")
    assert "can't set the sorting" in result.out


def test_running_views_twice_changes_nothing(table, run, sandbox):
    table.add([row("2026-02-11", str(n), name=f"{n}店", account=str(n)) for n in range(12)])
    assert run("views").code == 0
    before = table.views
    sandbox.platform.requests.clear()

    result = run("views", "--json")

    assert {one["outcome"] for one in result.json["views"]} == {"unchanged"}
    assert table.views == before
    assert sandbox.platform.requests.writes == 0


def test_a_view_that_a_person_renamed_is_still_the_accounts(table, run, sandbox):
    table.add([row("2026-02-11", "1")])
    run("views")
    with sandbox.platform.feishu.state.lock:
        table.model.views[-1].name = "老板看这里"

    result = run("views", "--json")

    assert [one["outcome"] for one in result.json["views"]] == ["unchanged"]
    assert list(filters(table)) == ["老板看这里"]


def test_a_view_that_was_cut_off_before_its_filter_is_completed(table, run, sandbox):
    table.add([row("2026-02-11", "1")])
    sandbox.platform.faults.add(Fault(path="/views/", method="PATCH", code=1254301))

    assert run("views").code == 1
    assert filters(table) == {"一店": None}
    result = run("views", "--json")

    assert [one["outcome"] for one in result.json["views"]] == ["completed"]
    assert account_filter(table, "1")


def test_a_persons_view_of_the_same_name_is_left_alone(table, run, sandbox):
    table.add([row("2026-02-11", "1")])
    run("views")
    hidden = [table.field("备注").id]
    with sandbox.platform.feishu.state.lock:
        table.model.views[-1].property = {"hidden_fields": hidden}
    before = table.views

    result = run("views", "--json")

    assert result.code == 1
    assert result.json["views"][0]["outcome"] == "blocked"
    assert "rename it" in result.json["views"][0]["why"]
    assert table.views == before


def test_accounts_that_share_a_name_get_a_view_each(table, run):
    table.add(
        [
            row("2026-02-11", "1", name="[总]店", account="1"),
            row("2026-02-11", "2", name="[总]店", account="2"),
            row("2026-02-11", "3", name="", account="3"),
        ]
    )

    run("views")

    assert list(filters(table)) == ["（总）店 1", "（总）店 2", "3"]


def test_without_an_id_column_the_name_is_filtered_on(base, run):
    table = base.create_table("单元日报", [one for one in FIELDS if one["field_name"] != "账户ID"])
    table.add([{"账户名称": "一店", "时间": "2026-02-11", "单元ID": "1"}])

    assert run("views").code == 0
    assert list(filters(table)) == ["一店"]
    assert account_filter(table, "一店", "账户名称")


def test_an_option_is_filtered_on_by_its_id(base, run):
    fields = [{**one, "type": 3} if one["field_name"] == "账户ID" else one for one in FIELDS]
    table = base.create_table("单元日报", fields)
    table.add([row("2026-02-11", "1", account="甲")])

    assert run("views").code == 0
    (option,) = table.field("账户ID").property["options"]
    assert account_filter(table, option["id"])
    assert run("views", "--json").json["views"][0]["outcome"] == "unchanged"


def test_says_when_no_more_views_fit(table, run, monkeypatch):
    monkeypatch.setattr("target_feishu_bitable.commands_views.MOST_VIEWS", 2)
    table.add([row("2026-02-11", str(n), name=f"{n}店", account=str(n)) for n in range(3)])

    result = run("views", "--json")

    assert result.code == 1
    assert [one["outcome"] for one in result.json["views"]] == ["created", "blocked", "blocked"]
    assert "the table has 2 views" in result.json["views"][1]["why"]
    assert len(table.views) == 2


def test_views_needs_an_account_column(base, run):
    base.create_table("单元日报", [{"field_name": "x", "type": 1}])

    result = run("views")

    assert result.code == 1
    assert "column with the account" in result.err
