"""Reads: pages, filters, sorting, what a caller may not see."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

SHANGHAI = ZoneInfo("Asia/Shanghai")
COLUMNS = [
    {"field_name": "单元ID", "type": 1},
    {"field_name": "时间", "type": 5},
    {"field_name": "消耗", "type": 2},
    {"field_name": "状态", "type": 3},
    {"field_name": "标签", "type": 4},
    {"field_name": "核对", "type": 7},
    {"field_name": "链接", "type": 15},
    {"field_name": "双倍", "type": 20, "property": {"formula_expression": "[消耗]*2"}},
]


@pytest.fixture
def sandbox(shared_sandbox):
    return shared_sandbox


def ms(day: str, hour: int = 0) -> int:
    moment = dt.datetime.fromisoformat(day).replace(hour=hour, tzinfo=SHANGHAI)
    return int(moment.timestamp() * 1000)


ROWS = [
    {
        "单元ID": "1",
        "时间": ms("2026-02-10"),
        "消耗": 5,
        "状态": "投放",
        "标签": ["甲"],
        "核对": True,
    },
    {
        "单元ID": "2",
        "时间": ms("2026-02-11", 15),
        "消耗": 7.5,
        "状态": "暂停",
        "标签": ["甲", "乙"],
    },
    {
        "单元ID": "10",
        "时间": ms("2026-02-12"),
        "消耗": 0,
        "链接": {"text": "看", "link": "https://x"},
    },
    {"消耗": -1},
]


@pytest.fixture
def table(feishu_api):
    made = feishu_api.table(*COLUMNS)
    assert feishu_api.create(made, *ROWS).code == 0
    return made


def found(api, table, *conditions, conjunction="and", children=()):
    body = {
        "conjunction": conjunction,
        "conditions": [
            dict(zip(("field_name", "operator", "value"), one, strict=True)) for one in conditions
        ],
    }
    if children:
        body["children"] = list(children)
    reply = api.search(table, {"filter": body, "field_names": ["消耗"]}, page_size=500)
    return reply.code or [item["fields"]["消耗"] for item in reply.data["items"]]


@pytest.mark.parametrize(
    ("column", "operator", "value", "expected"),
    [
        ("单元ID", "is", ["1"], [5]),
        ("单元ID", "isNot", ["1"], [7.5, 0, -1]),
        ("单元ID", "contains", ["1"], [5, 0]),
        ("单元ID", "doesNotContain", ["1"], [7.5, -1]),
        ("单元ID", "isEmpty", [], [-1]),
        ("单元ID", "isNotEmpty", [], [5, 7.5, 0]),
        ("消耗", "is", ["7.50"], [7.5]),
        ("消耗", "isNot", ["5"], [7.5, 0, -1]),
        ("消耗", "isGreater", ["5"], [7.5]),
        ("消耗", "isGreaterEqual", ["5"], [5, 7.5]),
        ("消耗", "isLess", ["0"], [-1]),
        ("消耗", "isLessEqual", ["0"], [0, -1]),
        ("状态", "is", ["投放"], [5]),
        ("状态", "isNot", ["投放"], [7.5, 0, -1]),
        ("状态", "contains", ["投放", "暂停"], [5, 7.5]),
        ("状态", "doesNotContain", ["投放", "暂停"], [0, -1]),
        ("状态", "is", ["没有"], []),
        ("标签", "contains", ["乙", "没有"], [7.5]),
        ("标签", "is", ["甲"], [5]),
        ("核对", "is", ["true"], [5]),
        ("核对", "is", ["false"], [7.5, 0, -1]),
        ("链接", "is", ["看"], [0]),
        ("链接", "contains", ["http"], []),
        ("时间", "is", ["ExactDate", str(ms("2026-02-11"))], [7.5]),
        ("时间", "is", ["ExactDate", str(ms("2026-02-11", 23))], [7.5]),
        ("时间", "isGreater", ["ExactDate", str(ms("2026-02-10", 12))], [7.5, 0]),
        ("时间", "isGreater", ["ExactDate", str(ms("2026-02-11"))], [0]),
        ("时间", "isLess", ["ExactDate", str(ms("2026-02-11", 20))], [5]),
        ("时间", "isEmpty", [], [-1]),
    ],
)
def test_conditions(  # noqa: PLR0917  a row of the table above
    feishu_api, table, column, operator, value, expected
):
    assert found(feishu_api, table, (column, operator, value)) == expected


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (("没有", "is", ["1"]), 1254045),
        (("双倍", "is", ["10"]), 1254018),
        (("双倍", "isEmpty", []), 1254018),
        (("单元ID", "is", ["1", "2"]), 1254018),
        (("单元ID", "is", []), 1254018),
        (("单元ID", "isEmpty", [""]), 1254018),
        (("单元ID", "isEmpty", None), 99992402),
        (("单元ID", "is", "1"), 99992402),
        (("单元ID", "isGreater", ["1"]), 1254018),
        (("单元ID", "like", ["1"]), 1254018),
        (("单元ID", "in", ["1"]), 1254018),
        (("单元ID", "equals", ["1"]), 99992402),
        (("消耗", "is", [5]), 99992402),
        (("消耗", "is", ["five"]), 1254018),
        (("消耗", "contains", ["5"]), 1254018),
        (("状态", "is", ["投放", "暂停"]), 1254018),
        (("状态", "contains", [str(n) for n in range(11)]), 99992402),
        (("核对", "is", ["yes"]), 1254018),
        (("核对", "isEmpty", []), 1254018),
        (("时间", "isGreaterEqual", ["ExactDate", "1770739200000"]), 1254018),
        (("时间", "isNot", ["ExactDate", "1770739200000"]), 1254018),
        (("时间", "is", ["1770739200000"]), 1254018),
        (("时间", "is", ["ExactDate"]), 1254018),
        (("时间", "is", ["Today", "Yesterday"]), 1254018),
        (("时间", "is", ["ExactDate", "2026-02-11"]), 1254018),
        (("时间", "isLess", ["CurrentWeek"]), 1254018),
    ],
)
def test_refuses_conditions_that_the_column_does_not_take(feishu_api, table, condition, code):
    assert found(feishu_api, table, condition) == code


def test_refusal_of_a_wrong_shape_names_the_parameter(feishu_api, table):
    body = {
        "filter": {"conjunction": "and", "conditions": [{"field_name": "消耗", "operator": "is"}]}
    }
    reply = feishu_api.search(table, body)
    assert (reply.status, reply.code) == (400, 99992402)
    (violation,) = reply.envelope["error"]["field_violations"]
    assert violation["field"] == "filter.conditions.value"


def test_conjunctions_and_one_level_of_children(feishu_api, table):
    one, two = ("单元ID", "is", ["1"]), ("单元ID", "is", ["2"])
    assert found(feishu_api, table, one, two, conjunction="or") == [5, 7.5]
    assert found(feishu_api, table, one, two) == []
    child = {
        "conjunction": "or",
        "conditions": [
            {"field_name": "消耗", "operator": "is", "value": ["5"]},
            {"field_name": "消耗", "operator": "is", "value": ["0"]},
        ],
    }
    assert found(feishu_api, table, ("单元ID", "isNot", ["10"]), children=[child]) == [5]
    grandchild = {**child, "children": [child]}
    assert found(feishu_api, table, one, children=[grandchild]) == 1254018


def test_limits_of_a_filter(feishu_api, table):
    twenty = [("消耗", "is", [str(n)]) for n in range(20)]
    assert found(feishu_api, table, *twenty, conjunction="or") == [5, 0]
    many = [("消耗", "isEmpty", []) for _ in range(51)]
    assert found(feishu_api, table, *many) == 1254107
    assert found(feishu_api, table, ("单元ID", "is", ["长" * 1990])) == 1254107
    assert found(feishu_api, table, ("单元ID", "is", ["长" * 1900])) == []


def test_named_days_follow_the_sandbox_clock(sandbox, feishu_api, table):
    today = sandbox.platform.clock.today()
    midnight = dt.datetime.combine(today, dt.time(), SHANGHAI)
    feishu_api.create(table, {"消耗": 99, "时间": int(midnight.timestamp() * 1000)})
    assert found(feishu_api, table, ("时间", "is", ["Today"])) == [99]
    assert found(feishu_api, table, ("时间", "is", ["Yesterday"])) == []
    assert found(feishu_api, table, ("时间", "is", ["CurrentMonth"])) == [99]
    assert found(feishu_api, table, ("时间", "is", ["LastMonth"])) == []
    sandbox.platform.clock.advance(days=1)
    feishu_api.log_in()
    assert found(feishu_api, table, ("时间", "is", ["Yesterday"])) == [99]


def test_dates_can_be_compared_by_instant(sandbox, feishu_api, table):
    sandbox.platform.feishu.switch(date_compare="instant")
    assert found(
        feishu_api, table, ("时间", "isGreater", ["ExactDate", str(ms("2026-02-11"))])
    ) == [
        7.5,
        0,
    ]


def test_text_can_be_compared_folded(sandbox, feishu_api, table):
    feishu_api.create(table, {"单元ID": " AbC ", "消耗": 42})
    assert found(feishu_api, table, ("单元ID", "is", ["abc"])) == []
    sandbox.platform.feishu.switch(text_is="folded")
    assert found(feishu_api, table, ("单元ID", "is", ["abc"])) == [42]


def test_pages_come_by_query_string_only(feishu_api, table):
    feishu_api.create(table, *[{"消耗": n} for n in range(100, 150)])
    first = feishu_api.search(table, {"page_size": 500, "page_token": "x"})
    assert len(first.data["items"]) == 20
    assert first.data["total"] == 54
    seen = []
    token = ""
    while True:
        reply = feishu_api.search(table, page_size=20, page_token=token)
        seen += [item["record_id"] for item in reply.data["items"]]
        if not reply.data["has_more"]:
            assert "page_token" not in reply.data
            break
        token = reply.data["page_token"]
        assert not token.startswith("rec")
    assert len(seen) == len(set(seen)) == 54


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"page_size": 0}, 400, 1254011),
        ({"page_size": 501}, 400, 99992402),
        ({"page_size": "many"}, 400, 99992402),
        ({"page_token": "recSomething"}, 200, 1254002),
    ],
)
def test_bad_paging(feishu_api, table, query, status, code):
    reply = feishu_api.search(table, **query)
    assert (reply.status, reply.code) == (status, code)


def test_oversized_page_can_be_cut(sandbox, feishu_api, table):
    sandbox.platform.feishu.switch(oversized_page="cap")
    assert feishu_api.search(table, page_size=501).code == 0


def test_sorting(feishu_api, table):
    def order(*sort):
        body = {"sort": [{"field_name": name, "desc": desc} for name, desc in sort]}
        return [item["fields"]["消耗"] for item in feishu_api.search(table, body).data["items"]]

    assert order(("消耗", False)) == [-1, 0, 5, 7.5]
    assert order(("时间", True)) == [0, 7.5, 5, -1]
    assert order(("单元ID", False)) == [-1, 5, 0, 7.5]  # as texts, empty ones first
    assert order(("状态", False)) == [0, -1, 5, 7.5]  # as the options stand
    assert order(("状态", True), ("消耗", False)) == [7.5, 5, -1, 0]
    assert feishu_api.search(table, {"sort": [{"field_name": "没有"}]}).code == 1254045
    assert feishu_api.search(table, {"sort": "消耗"}).code == 1254016
    long = [{"field_name": "消耗"}] * 100
    assert feishu_api.search(table, {"sort": long}).code == 1254108


def test_only_named_columns(feishu_api, table):
    reply = feishu_api.search(table, {"field_names": ["消耗", "状态"]})
    assert reply.data["items"][0]["fields"] == {"消耗": 5, "状态": "投放"}
    assert feishu_api.search(table, {"field_names": ["没有"]}).code == 1254024
    assert feishu_api.search(table, {"field_names": ["消耗"] * 201}).code == 99992402


def test_automatic_fields(sandbox, feishu_api, table):
    (item, *_) = feishu_api.search(table, {"automatic_fields": True}).data["items"]
    assert item["created_time"] == item["last_modified_time"] == sandbox.platform.clock.now_ms()
    assert item["created_by"]["id"].startswith("ou_")


def test_mentions_and_links_in_a_text_come_as_segments(sandbox, feishu_api, table):
    shown = sandbox.platform.feishu.base().table("日报")
    segments = [
        {"type": "text", "text": "找 "},
        {"type": "mention", "text": "@张三", "token": "ou_1", "name": "张三"},
    ]
    shown.add([{"单元ID": segments, "消耗": 77}])
    assert found(feishu_api, table, ("单元ID", "is", ["找 @张三"])) == [77]
    assert feishu_api.cells(table)[-1]["单元ID"] == segments
    assert shown.rows()[-1][1]["单元ID"] == "找 @张三"


def test_batch_get_lists_what_is_absent(feishu_api, table):
    ids = [item["record_id"] for item in feishu_api.search(table).data["items"]]
    path = f"tables/{table}/records/batch_get"
    reply = feishu_api.send("POST", path, {"record_ids": [ids[0], "recGone"]})
    assert [record["record_id"] for record in reply.data["records"]] == [ids[0]]
    assert reply.data["absent_record_ids"] == ["recGone"]
    assert reply.data["forbidden_record_ids"] == []
    assert feishu_api.send("POST", path, {"record_ids": ["rec"] * 101}).code == 1254104
    assert feishu_api.send("POST", path, {}).code == 99992402


def test_view_filters_a_search_unless_it_has_a_filter_of_its_own(feishu_api, table):
    fields = feishu_api.send("GET", f"tables/{table}/fields").data["items"]
    status = next(field for field in fields if field["field_name"] == "状态")
    option = next(one["id"] for one in status["property"]["options"] if one["name"] == "投放")
    view = feishu_api.send("POST", f"tables/{table}/views", {"view_name": "v"}).data["view"]
    info = {
        "conjunction": "and",
        "conditions": [
            {"field_id": status["field_id"], "operator": "is", "value": f'["{option}"]'}
        ],
    }
    path = f"tables/{table}/views/{view['view_id']}"
    feishu_api.send("PATCH", path, {"property": {"filter_info": info}})
    assert feishu_api.search(table, {"view_id": view["view_id"]}).data["total"] == 1
    body = {"view_id": view["view_id"], "sort": [{"field_name": "消耗"}]}
    assert feishu_api.search(table, body).data["total"] == 4
    assert feishu_api.search(table, {"view_id": "vewGone"}).code == 1254042


def test_too_large_an_answer_asks_for_smaller_pages(sandbox, feishu_api, table):
    sandbox.platform.feishu.switch(response_limit=600)
    assert feishu_api.search(table, page_size=4).code == 1254030
    assert feishu_api.search(table, page_size=1).code == 0


def test_rows_can_come_in_no_particular_order(sandbox, feishu_api, table):
    sandbox.platform.feishu.switch(row_order="scattered")
    feishu_api.create(table, *[{"消耗": n} for n in range(50)])
    items = feishu_api.search(table, page_size=500).data["items"]
    ids = [item["record_id"] for item in items]
    assert ids == sorted(ids)


# ---------------------------------------------------------------- lag


def test_new_rows_lag_behind_by_seconds(sandbox, feishu_api, table):
    sandbox.platform.feishu.switch(replica_lag_seconds=60)
    (record,) = feishu_api.create(table, {"消耗": 9}).data["records"]
    identifier = record["record_id"]
    assert feishu_api.search(table).data["total"] == 4
    assert feishu_api.update(table, [(identifier, {"消耗": 10})]).code == 1254043
    sandbox.platform.clock.advance(seconds=61)
    assert feishu_api.search(table).data["total"] == 5
    assert feishu_api.update(table, [(identifier, {"消耗": 10})]).code == 0


def test_new_rows_lag_behind_by_reads(sandbox, feishu_api, table):
    sandbox.platform.feishu.switch(replica_lag_reads=2)
    feishu_api.create(table, {"消耗": 9})
    assert [feishu_api.search(table).data["total"] for _ in range(3)] == [4, 4, 5]


def test_new_tables_and_columns_lag_behind(sandbox, feishu_api, table):
    sandbox.platform.feishu.switch(replica_lag_seconds=60)
    feishu_api.send("POST", f"tables/{table}/fields", {"field_name": "新", "type": 1})
    assert feishu_api.create(table, {"新": "x"}).code == 1254045
    other = feishu_api.table({"field_name": "a", "type": 1}, name="另一张")
    assert feishu_api.search(other).code == 1254041
    sandbox.platform.clock.advance(seconds=61)
    assert feishu_api.create(table, {"新": "x"}).code == 0
    assert feishu_api.search(other).code == 0


# ---------------------------------------------------------------- advanced permission


@pytest.mark.parametrize(
    ("mode", "search", "total", "write"),
    [
        ("manage", (200, 0), 4, (200, 0)),
        ("denied", (200, 0), 0, (403, 1254302)),
        ("refused", (200, 1254302), None, (403, 1254302)),
        ("blind", (200, 0), 0, (200, 0)),
    ],
)
def test_advanced_permission(  # noqa: PLR0917  a row of the table above
    sandbox, feishu_api, table, mode, search, total, write
):
    sandbox.platform.feishu.app(advanced=mode)
    assert feishu_api.send("GET", "").data["app"]["is_advanced"] is True
    reply = feishu_api.search(table)
    assert (reply.status, reply.code) == search
    assert reply.data.get("total") == total
    created = feishu_api.create(table, {"消耗": 1})
    assert (created.status, created.code) == write
    field = feishu_api.send("POST", f"tables/{table}/fields", {"field_name": "x", "type": 1})
    assert field.code == (0 if mode == "manage" else 1254302)


def test_blind_app_may_delete_what_it_created(sandbox, feishu_api, table):
    sandbox.platform.feishu.app(advanced="blind")
    (record,) = feishu_api.create(table, {"消耗": 1}).data["records"]
    body = {"record_ids": [record["record_id"]]}
    reply = feishu_api.send("POST", f"tables/{table}/records/batch_get", body)
    assert reply.data["forbidden_record_ids"] == [record["record_id"]]
    path = f"tables/{table}/records/{record['record_id']}"
    assert feishu_api.send("DELETE", path).code == 0


def test_hidden_columns_do_not_exist_for_the_app(sandbox, feishu_api, table):
    sandbox.platform.feishu.app(hidden_fields=["状态"])
    names = [
        field["field_name"]
        for field in feishu_api.send("GET", f"tables/{table}/fields").data["items"]
    ]
    assert "状态" not in names
    assert all("状态" not in cells for cells in feishu_api.cells(table))
    assert feishu_api.create(table, {"状态": "投放"}).code == 1254045
    assert found(feishu_api, table, ("状态", "isEmpty", [])) == 1254045


# ---------------------------------------------------------------- the historic list


def test_historic_list_shows_numbers_as_strings(feishu_api, table):
    path = f"tables/{table}/records"
    reply = feishu_api.send("GET", path, page_size=2)
    assert reply.data["total"] == 4
    assert reply.data["items"][0]["fields"]["单元ID"] == "1"
    assert [item["fields"]["消耗"] for item in reply.data["items"]] == ["5", "7.5"]
    found_one = feishu_api.send("GET", path, filter='CurrentValue.[单元ID]="10"')
    assert [item["fields"]["单元ID"] for item in found_one.data["items"]] == ["10"]
    identifier = found_one.data["items"][0]["record_id"]
    assert feishu_api.send("GET", f"{path}/{identifier}").data["record"]["id"] == identifier
    as_list = feishu_api.send("GET", path, text_field_as_array="True").data["items"][0]["fields"]
    assert as_list["单元ID"] == [{"text": "1", "type": "text"}]
