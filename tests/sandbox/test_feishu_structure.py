"""Tables, columns and views."""

from __future__ import annotations

import orjson
import pytest


@pytest.fixture
def sandbox(shared_sandbox):
    return shared_sandbox


@pytest.fixture
def table(feishu_api):
    return feishu_api.table({"field_name": "单元ID", "type": 1}, {"field_name": "消耗", "type": 2})


def fields(api, table):
    items = api.send("GET", f"tables/{table}/fields", page_size=100).data["items"]
    return {field["field_name"]: field for field in items}


# ---------------------------------------------------------------- tables


def test_new_base_brings_a_default_table_with_empty_rows(feishu_api):
    made = feishu_api.send("POST", "/open-apis/bitable/v1/apps", {"name": "新"}).data["app"]
    path = f"/open-apis/bitable/v1/apps/{made['app_token']}/tables/{made['default_table_id']}"
    rows = feishu_api.send("POST", f"{path}/records/search", {}).data
    assert rows["total"] == 10
    assert {len(item["fields"]) for item in rows["items"]} == {0}
    listed = feishu_api.send("GET", f"{path}/fields").data["items"]
    assert [(field["type"], field["is_primary"]) for field in listed] == [
        (1, True),
        (3, False),
        (5, False),
        (17, False),
    ]


@pytest.mark.parametrize("rows", [0, 10])
def test_created_table_may_bring_rows_along(sandbox, feishu_api, rows):
    sandbox.platform.feishu.switch(rows_in_new_table=rows)
    table = feishu_api.table({"field_name": "a", "type": 1})
    assert feishu_api.search(table).data["total"] == rows


def test_lists_give_a_page_token_also_on_the_last_page(feishu_api):
    for number in range(4):
        feishu_api.table({"field_name": "a", "type": 1}, name=f"表{number}")
    first = feishu_api.send("GET", "tables", page_size=3).data
    assert (first["has_more"], first["total"]) == (True, 5)
    assert first["page_token"] == first["items"][-1]["table_id"]
    second = feishu_api.send("GET", "tables", page_size=3, page_token=first["page_token"]).data
    assert second["has_more"] is False
    assert second["page_token"] == second["items"][-1]["table_id"]
    assert [one["name"] for one in first["items"] + second["items"]] == [
        "数据表",
        "表0",
        "表1",
        "表2",
        "表3",
    ]


@pytest.mark.parametrize(
    ("query", "code"),
    [({"page_size": 101}, 99992402), ({"page_size": 0}, 1254011), ({"page_token": "x"}, 1254002)],
)
def test_bad_paging_of_lists(feishu_api, query, code):
    assert feishu_api.send("GET", "tables", **query).code == code


@pytest.mark.parametrize("name", ["", "   ", "a/b", "a[b]", "x" * 101, None])
def test_bad_table_names(feishu_api, name):
    assert feishu_api.send("POST", "tables", {"table": {"name": name}}).code == 1254001


def test_table_names_are_trimmed_and_unique(feishu_api):
    feishu_api.table({"field_name": "a", "type": 1}, name=" 日报 ")
    assert feishu_api.send("GET", "tables").data["items"][1]["name"] == "日报"
    assert feishu_api.send("POST", "tables", {"table": {"name": "日报"}}).code == 1254013


def test_table_with_a_bad_column_is_not_created(feishu_api):
    wanted = [{"field_name": "a", "type": 1}, {"field_name": "a", "type": 1}]
    reply = feishu_api.send("POST", "tables", {"table": {"name": "b", "fields": wanted}})
    assert reply.code == 1254014
    assert feishu_api.send("GET", "tables").data["total"] == 1


def test_view_name_needs_columns(feishu_api):
    wanted = {"name": "b", "default_view_name": "v"}
    assert feishu_api.send("POST", "tables", {"table": wanted}).code == 1254001
    wanted["fields"] = [{"field_name": "a", "type": 1}]
    made = feishu_api.send("POST", "tables", {"table": wanted}).data
    views = feishu_api.send("GET", f"tables/{made['table_id']}/views").data["items"]
    assert [view["view_name"] for view in views] == ["v"]


def test_tables_are_renamed_and_deleted_but_never_the_last(feishu_api, table):
    other = feishu_api.send("POST", "tables/batch_create", {"tables": [{"name": "b"}]}).data
    assert feishu_api.send("PATCH", f"tables/{table}", {"name": "b"}).code == 1254013
    assert feishu_api.send("PATCH", f"tables/{table}", {"name": "c"}).data == {"name": "c"}
    gone = feishu_api.send("POST", "tables/batch_delete", {"table_ids": other["table_ids"]})
    assert gone.code == 0
    assert feishu_api.send("DELETE", f"tables/{table}").code == 0
    (last,) = feishu_api.send("GET", "tables").data["items"]
    reply = feishu_api.send("DELETE", f"tables/{last['table_id']}")
    assert (reply.status, reply.code) == (403, 1254034)


# ---------------------------------------------------------------- columns


def test_fills_in_defaults(feishu_api, table):
    wanted = [
        {"field_name": "数", "type": 2},
        {"field_name": "日", "type": 5},
        {"field_name": "选", "type": 3, "property": {"options": [{"name": "甲"}, {"name": "乙"}]}},
        {"field_name": "人", "type": 11},
        {"field_name": "评", "type": 2, "ui_type": "Rating"},
        {"field_name": "码", "type": 1, "ui_type": "Barcode"},
    ]
    for one in wanted:
        assert feishu_api.send("POST", f"tables/{table}/fields", one).code == 0
    made = fields(feishu_api, table)
    assert made["数"]["property"] == {"formatter": "0.0"}
    assert made["数"]["ui_type"] == "Number"
    assert made["日"]["property"] == {"date_formatter": "yyyy/MM/dd", "auto_fill": False}
    assert made["人"]["property"] == {"multiple": True}
    assert made["评"]["property"]["rating"] == {"symbol": "star"}
    assert made["码"]["property"]["allowed_edit_modes"] == {"manual": True, "scan": True}
    options = made["选"]["property"]["options"]
    assert [option["color"] for option in options] == [0, 1]
    assert all(option["id"].startswith("opt") for option in options)
    assert made["单元ID"]["is_primary"] is True
    assert made["单元ID"]["property"] is None


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"field_name": "消耗", "type": 2}, 200, 1254014),
        ({"field_name": " 消耗 ", "type": 2}, 200, 1254014),
        ({"field_name": "  ", "type": 2}, 400, 1254028),
        ({"type": 2}, 400, 1254028),
        ({"field_name": 5, "type": 2}, 400, 1254029),
        ({"field_name": "x", "type": 19}, 200, 1254012),
        ({"field_name": "x", "type": 99}, 200, 1254012),
        ({"field_name": "x", "type": 1, "ui_type": "Number"}, 200, 1254012),
        ({"field_name": "x", "type": 15, "property": {}}, 400, 1254087),
        ({"field_name": "x", "type": 7, "property": {}}, 400, 1254085),
        ({"field_name": "x", "type": 2, "property": {"formatter": "0.00000"}}, 400, 1254081),
        ({"field_name": "x", "type": 2, "ui_type": "Currency"}, 400, 1254081),
        (
            {"field_name": "x", "type": 2, "ui_type": "Rating", "property": {"max": 11}},
            400,
            1254081,
        ),
        ({"field_name": "x", "type": 5, "property": {"date_formatter": "d.M.y"}}, 400, 1254084),
        ({"field_name": "x", "type": 3, "property": {"options": [{"name": ""}]}}, 200, 1254026),
        (
            {"field_name": "x", "type": 3, "property": {"options": [{"name": "a", "id": "opt1"}]}},
            400,
            1254082,
        ),
        ({"field_name": "x", "type": 18, "property": {"table_id": "tblGone"}}, 400, 1254089),
        (
            {"field_name": "x", "type": 1005, "property": {"auto_serial": {"type": "z"}}},
            400,
            1254015,
        ),
    ],
)
def test_refuses_bad_columns(feishu_api, table, wanted, status, code):
    reply = feishu_api.send("POST", f"tables/{table}/fields", wanted)
    assert (reply.status, reply.code) == (status, code)
    assert len(fields(feishu_api, table)) == 2


def test_column_names_are_trimmed(feishu_api, table):
    made = feishu_api.send("POST", f"tables/{table}/fields", {"field_name": " 新 ", "type": 1})
    assert made.data["field"]["field_name"] == "新"


def test_first_column_must_be_of_a_primary_type(feishu_api):
    wanted = {"name": "b", "fields": [{"field_name": "a", "type": 3}]}
    assert feishu_api.send("POST", "tables", {"table": wanted}).code == 1254012


def test_at_most_300_columns(feishu_api):
    wanted = [{"field_name": f"c{number}", "type": 2} for number in range(300)]
    table = feishu_api.table(*wanted)
    reply = feishu_api.send("POST", f"tables/{table}/fields", {"field_name": "x", "type": 2})
    assert reply.code == 1254105


def test_field_create_replays_its_client_token(feishu_api, table):
    token = "0b6a5b86-55c5-4b5e-9b0e-1f1a8b3c9d10"
    path = f"tables/{table}/fields"
    first = feishu_api.send("POST", path, {"field_name": "x", "type": 1}, client_token=token)
    second = feishu_api.send("POST", path, {"field_name": "x", "type": 1}, client_token=token)
    assert first.data == second.data


def test_update_replaces_the_whole_column(feishu_api, table):
    path = f"tables/{table}/fields"
    wanted = {
        "field_name": "选",
        "type": 3,
        "property": {"options": [{"name": "甲"}, {"name": "乙"}]},
    }
    made = feishu_api.send("POST", path, wanted).data["field"]
    feishu_api.create(table, {"选": "甲"}, {"选": "乙"})
    kept = made["property"]["options"][0]
    change = {"field_name": "选项", "type": 3, "property": {"options": [{**kept, "name": "丙"}]}}
    where = f"{path}/{made['field_id']}"
    assert feishu_api.send("PUT", where, {"field_name": "选项"}).code == 1254001
    updated = feishu_api.send("PUT", where, change).data["field"]
    assert [option["name"] for option in updated["property"]["options"]] == ["丙"]
    assert [cells.get("选项") for cells in feishu_api.cells(table)] == ["丙", None]
    assert feishu_api.send("PUT", where, change).code == 1254606
    assert feishu_api.send("PUT", where, {"field_name": "消耗", "type": 3}).code == 1254014


def test_update_without_property_falls_back_to_defaults(feishu_api, table):
    path = f"tables/{table}/fields"
    wanted = {"field_name": "数", "type": 2, "property": {"formatter": "0.00"}}
    made = feishu_api.send("POST", path, wanted).data["field"]
    change = {"field_name": "数字", "type": 2}
    updated = feishu_api.send("PUT", f"{path}/{made['field_id']}", change).data["field"]
    assert updated["property"] == {"formatter": "0.0"}


def test_primary_column_stays(feishu_api, table):
    primary = fields(feishu_api, table)["单元ID"]["field_id"]
    assert feishu_api.send("DELETE", f"tables/{table}/fields/{primary}").code == 1254046
    other = fields(feishu_api, table)["消耗"]["field_id"]
    reply = feishu_api.send("DELETE", f"tables/{table}/fields/{other}")
    assert reply.data == {"field_id": other, "deleted": True}
    assert feishu_api.send("DELETE", f"tables/{table}/fields/{other}").code == 1254044


def test_description_comes_as_text_or_list(feishu_api, table):
    wanted = {"field_name": "x", "type": 1, "description": {"text": "说明"}}
    feishu_api.send("POST", f"tables/{table}/fields", wanted)
    assert fields(feishu_api, table)["x"]["description"] == "说明"
    reply = feishu_api.send("GET", f"tables/{table}/fields", text_field_as_array="True")
    assert reply.data["items"][-1]["description"] == [{"text": "说明", "type": "text"}]


# ---------------------------------------------------------------- links and formulas


def test_links_show_record_ids_and_come_back_empty_as_an_object(feishu_api, table):
    other = feishu_api.table({"field_name": "名", "type": 1}, name="另一张")
    (row,) = feishu_api.create(other, {"名": "x"}).data["records"]
    wanted = {"field_name": "关联", "type": 18, "property": {"table_id": other}}
    made = feishu_api.send("POST", f"tables/{table}/fields", wanted).data["field"]
    assert made["property"]["table_name"] == "另一张"
    assert feishu_api.create(table, {"关联": ["recGone"]}).code == 1254067
    feishu_api.create(table, {"关联": [row["record_id"]]}, {"单元ID": "1"})
    first, second = feishu_api.cells(table)
    assert first["关联"] == {"link_record_ids": [row["record_id"]]}
    assert second["关联"] == {}


def test_two_way_links_keep_both_sides_in_step(feishu_api, table):
    other = feishu_api.table({"field_name": "名", "type": 1}, name="另一张")
    (row,) = feishu_api.create(other, {"名": "x"}).data["records"]
    wanted = {
        "field_name": "关联",
        "type": 21,
        "property": {"table_id": other, "back_field_name": "回"},
    }
    made = feishu_api.send("POST", f"tables/{table}/fields", wanted).data["field"]
    assert fields(feishu_api, other)["回"]["field_id"] == made["property"]["back_field_id"]
    assert feishu_api.create(table, {"关联": ["recGone"]}).code == 1254074
    (mine,) = feishu_api.create(table, {"关联": [row["record_id"]]}).data["records"]
    assert feishu_api.cells(other)[0]["回"] == {"link_record_ids": [mine["record_id"]]}
    feishu_api.update(table, [(mine["record_id"], {"关联": None})])
    assert feishu_api.cells(other)[0]["回"] == {}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[消耗]/4", 2.5),
        ('IF([消耗]>5,"贵","省")', "贵"),
        ('[单元ID]&"-"&[消耗]', "7-10"),
        ("ROUND([消耗]/3,2)", 3.33),
        ("VALUE([单元ID])+1", 8),
        ('[单元ID]="7"', True),
        ('[单元ID]<>"7"', False),
        ("SUM([消耗],[消耗],1)", 21),
        ("-[消耗]", -10),
        ('MAX([消耗],12)&""', "12"),
        ("$field[@消耗]*2", 20),
        ("bitable::$table[tblX].$field[@消耗]*3", 30),
        ("[消耗]/0", None),
        ("NOW()", None),
        ("[没有]+1", None),
    ],
)
def test_formulas_are_computed(sandbox, feishu_api, table, expression, value):
    cost = fields(feishu_api, table)["消耗"]["field_id"]
    wanted = {
        "field_name": "公式",
        "type": 20,
        "property": {"formula_expression": expression.replace("@消耗", cost)},
    }
    assert feishu_api.send("POST", f"tables/{table}/fields", wanted).code == 0
    feishu_api.create(table, {"单元ID": "7", "消耗": 10})
    shown = sandbox.platform.feishu.base().table("日报").rows()[0][1]
    assert shown.get("公式") == value
    cell = feishu_api.cells(table)[0].get("公式")
    if value is None:
        assert cell is None
    elif isinstance(value, str):
        assert cell == {"type": 1, "ui_type": "Text", "value": [{"text": value, "type": "text"}]}
    else:
        assert cell["value"] == [value]


# ---------------------------------------------------------------- views


@pytest.fixture
def views(table):
    return f"tables/{table}/views"


def test_views_are_created_listed_and_deleted_but_never_the_last(feishu_api, views):
    made = feishu_api.send("POST", views, {"view_name": "账户甲", "view_type": "grid"}).data["view"]
    listed = feishu_api.send("GET", views).data
    assert [view["view_name"] for view in listed["items"]] == ["表格", "账户甲"]
    assert listed["page_token"] == made["view_id"]
    assert feishu_api.send("DELETE", f"{views}/{made['view_id']}").code == 0
    last = listed["items"][0]["view_id"]
    assert feishu_api.send("DELETE", f"{views}/{last}").code == 1254023
    assert feishu_api.send("GET", f"{views}/{made['view_id']}").code == 1254042


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"view_name": ""}, 1254021),
        ({"view_name": "a[1]"}, 1254022),
        ({"view_name": "x" * 101}, 1254022),
        ({"view_name": "表格"}, 1254020),
        ({"view_name": "x", "view_type": "chart"}, 1254019),
    ],
)
def test_refuses_bad_views(feishu_api, views, wanted, code):
    reply = feishu_api.send("POST", views, wanted)
    assert (reply.status, reply.code) == (400, code)


def test_patch_sets_a_filter_by_field_id_with_values_as_json_text(feishu_api, table, views):
    made = feishu_api.send("POST", views, {"view_name": "账户甲"}).data["view"]
    columns = fields(feishu_api, table)
    info = {
        "conjunction": "and",
        "conditions": [
            {"field_id": columns["单元ID"]["field_id"], "operator": "is", "value": '["1"]'},
            {"field_id": columns["消耗"]["field_id"], "operator": "isGreater", "value": '["5"]'},
            {"field_id": columns["消耗"]["field_id"], "operator": "isNotEmpty"},
        ],
    }
    where = f"{views}/{made['view_id']}"
    shown = feishu_api.send("PATCH", where, {"property": {"filter_info": info}}).data["view"]
    conditions = shown["property"]["filter_info"]["conditions"]
    assert [orjson.loads(one.get("value", "null")) for one in conditions] == [["1"], [5], None]
    assert [one["field_type"] for one in conditions] == [1, 2, 2]
    assert all(one["condition_id"].startswith("con") for one in conditions)
    renamed = feishu_api.send("PATCH", where, {"view_name": "账户乙"}).data["view"]
    assert renamed["view_name"] == "账户乙"
    assert renamed["property"] == shown["property"]
    cleared = feishu_api.send("PATCH", where, {"property": {"filter_info": None}}).data["view"]
    assert "filter_info" not in cleared["property"]


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ({"field_id": "fldGone", "operator": "is", "value": '["1"]'}, 1254044),
        ({"field_name": "单元ID", "operator": "is", "value": '["1"]'}, 1254044),
        ({"field_id": "@", "operator": "is", "value": ["1"]}, 1254018),
        ({"field_id": "@", "operator": "is", "value": "1"}, 1254018),
        ({"field_id": "@", "operator": "is", "value": "["}, 1254018),
        ({"field_id": "@", "operator": "equals", "value": '["1"]'}, 99992402),
    ],
)
def test_refuses_bad_view_filters(feishu_api, table, views, condition, code):
    made = feishu_api.send("POST", views, {"view_name": "v"}).data["view"]
    if condition.get("field_id") == "@":
        condition = {**condition, "field_id": fields(feishu_api, table)["单元ID"]["field_id"]}
    info = {"conjunction": "and", "conditions": [condition]}
    where = f"{views}/{made['view_id']}"
    assert feishu_api.send("PATCH", where, {"property": {"filter_info": info}}).code == code
    assert feishu_api.send("GET", where).data["view"]["property"] == {}


def test_hidden_columns_of_a_view_never_include_the_primary_one(feishu_api, table, views):
    made = feishu_api.send("POST", views, {"view_name": "v"}).data["view"]
    columns = fields(feishu_api, table)
    where = f"{views}/{made['view_id']}"

    def hide(*ids):
        return feishu_api.send("PATCH", where, {"property": {"hidden_fields": list(ids)}})

    assert hide(columns["消耗"]["field_id"]).code == 0
    assert hide(columns["单元ID"]["field_id"]).code != 0
    assert hide("fldGone").code == 1254044
