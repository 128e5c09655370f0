"""Requests that no client should send: each is refused with the code of the platform."""

from __future__ import annotations

import pytest

APPS = "/open-apis/bitable/v1/apps"
UNIT = {"field_name": "单元ID", "type": 1}
SCHEMA = 99992402
"""The gateway's code of a body that breaks the endpoint's schema."""


@pytest.fixture
def table(feishu_shared):
    return feishu_shared.table(
        UNIT,
        {"field_name": "消耗", "type": 2},
        {"field_name": "位置", "type": 22},
        {"field_name": "附件", "type": 17},
    )


def column(**rest):
    return {"field_name": "x", **rest}


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (APPS, {"name": 5}, 1254031),
        (APPS, {"name": "长" * 256}, 1254031),
        ("tables", {}, SCHEMA),
        ("tables", {"table": "日报二"}, SCHEMA),
        ("tables", {"table": {"name": "t", "fields": []}}, 1254001),
        ("tables", {"table": {"name": "t", "fields": "x"}}, 1254001),
        ("tables", {"table": {"name": "t", "fields": ["x"]}}, 1254001),
        ("tables", {"table": {"name": "t", "fields": [column(type=1)] * 301}}, 1254105),
        ("tables/batch_create", {}, 1254001),
        ("tables/batch_create", {"tables": []}, 1254001),
        ("tables/batch_create", {"tables": [{"name": "a"}, {"name": "a "}]}, 1254013),
        ("tables/batch_create", {"tables": [{"name": f"t{n}"} for n in range(100)]}, 1254100),
        ("tables/batch_delete", {"table_ids": []}, 1254001),
        ("tables/batch_delete", {"table_ids": ["tblGone"]}, 1254041),
    ],
)
def test_bases_and_tables(feishu_shared, table, path, body, code):
    before = feishu_shared.send("GET", "tables").data["items"]
    assert feishu_shared.send("POST", path, body).code == code
    assert feishu_shared.send("GET", "tables").data["items"] == before
    assert table in {one["table_id"] for one in before}


def test_no_table_after_the_hundredth(feishu_shared):
    names = [{"name": f"t{n}"} for n in range(99)]
    made = feishu_shared.send("POST", "tables/batch_create", {"tables": names})
    assert (made.code, len(made.data["table_ids"])) == (0, 99)
    one_more = {"table": {"name": "one more", "fields": [UNIT]}}
    assert feishu_shared.send("POST", "tables", one_more).code == 1254100


def test_table_that_keeps_its_name_and_one_that_gets_another(feishu_shared, table):
    same = feishu_shared.send("PATCH", f"tables/{table}", {"name": " 日报 "})
    assert (same.code, same.data) == (0, {"name": "日报"})
    assert feishu_shared.send("PATCH", f"tables/{table}", {"name": "月报"}).code == 0
    names = [one["name"] for one in feishu_shared.send("GET", "tables").data["items"]]
    assert "月报" in names
    assert "日报" not in names


def test_base_takes_another_name_and_keeps_what_is_not_sent(feishu_shared):
    renamed = feishu_shared.send("PUT", "", {"name": "新名"}).data["app"]
    assert (renamed["name"], renamed["is_advanced"]) == ("新名", False)
    strict = feishu_shared.send("PUT", "", {"is_advanced": True}).data["app"]
    assert (strict["name"], strict["is_advanced"]) == ("新名", True)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (column(type=3, property=[]), 1254082),
        (column(type=5, property="yyyy"), 1254084),
        (column(type=1, ui_type="Barcode", property={"allowed_edit_modes": "scan"}), 1254080),
        (column(type=11, property={"multiple": "yes"}), 1254086),
        (column(type=22, property={"location": {"input_type": "map"}}), 1254015),
        (column(type=20, property={"formula_expression": 5}), 1254091),
        (column(type=1005, property={"auto_serial": "custom"}), 1254015),
        (column(type=3, property={"options": "a"}), 1254082),
        (column(type=3, property={"options": [{"name": "a", "color": 99}]}), 1254082),
        (column(type=2, ui_type="Progress", property={"formatter": "0.000"}), 1254081),
        (
            column(
                type=2,
                ui_type="Progress",
                property={"range_customize": True, "min": 5, "max": 5},
            ),
            1254081,
        ),
        (column(type=2, ui_type="Rating", property={"max": 11}), 1254081),
        (column(type=2, ui_type="Rating", property={"rating": {"symbol": "skull"}}), 1254081),
    ],
)
def test_properties_of_columns(feishu_shared, table, wanted, code):
    assert feishu_shared.send("POST", f"tables/{table}/fields", wanted).code == code
    names = [one["field_name"] for one in fields(feishu_shared, table)]
    assert names == ["单元ID", "消耗", "位置", "附件"]


def fields(api, table):
    return api.send("GET", f"tables/{table}/fields", page_size=100).data["items"]


def test_progress_and_rating_show_the_range_they_were_given(feishu_shared, table):
    progress = {"range_customize": True, "min": 0, "max": 200}
    wanted = [
        column(type=2, ui_type="Progress", property=progress),
        column(field_name="y", type=2, ui_type="Rating", property={"min": 0, "max": 10}),
    ]
    for one in wanted:
        assert feishu_shared.send("POST", f"tables/{table}/fields", one).code == 0
    shown = {one["field_name"]: one["property"] for one in fields(feishu_shared, table)}
    assert shown["x"] == {"formatter": "0%", **progress}
    assert shown["y"] == {"formatter": "0", "min": 0, "max": 10, "rating": {"symbol": "star"}}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"field_name": "单元ID", "type": 17}, 1254012),  # not a type for the first column
        ({"field_name": "消耗", "type": 1}, 1254014),
    ],
)
def test_changes_of_the_first_column(feishu_shared, table, change, code):
    first = fields(feishu_shared, table)[0]["field_id"]
    assert feishu_shared.send("PUT", f"tables/{table}/fields/{first}", change).code == code


def test_column_that_becomes_another_type_loses_its_cells(feishu_shared, table):
    feishu_shared.create(table, {"单元ID": "1", "消耗": 5})
    cost = next(one for one in fields(feishu_shared, table) if one["field_name"] == "消耗")
    change = {"field_name": "消耗", "type": 1}
    assert feishu_shared.send("PUT", f"tables/{table}/fields/{cost['field_id']}", change).code == 0
    (row,) = feishu_shared.cells(table)
    assert "消耗" not in row


@pytest.mark.parametrize(
    ("filter_", "code"),
    [
        ("单元ID", SCHEMA),
        ({"conditions": []}, SCHEMA),
        ({"conjunction": "xor"}, 1254018),
        ({"conjunction": "and", "conditions": {"a": 1}}, SCHEMA),
        ({"conjunction": "and", "conditions": ["x"]}, SCHEMA),
        ({"conjunction": "and", "conditions": [{"field_name": "单元ID"}]}, SCHEMA),
        ({"conjunction": "and", "conditions": [{"f": 1}] * 51}, SCHEMA),
        ({"conjunction": "and", "children": {"a": 1}}, SCHEMA),
        ({"conjunction": "and", "children": ["x"]}, SCHEMA),
        ({"conjunction": "and", "children": [{"conjunction": "or"}] * 51}, SCHEMA),
    ],
)
def test_filters(feishu_shared, table, filter_, code):
    assert feishu_shared.search(table, {"filter": filter_}).code == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"field_names": "单元ID"}, SCHEMA),
        ({"field_names": [5]}, SCHEMA),
        ({"field_names": ["单元ID"] * 201}, SCHEMA),
        ({"sort": [5]}, 1254016),
        ({"sort": [{"field_name": "没有"}]}, 1254045),
        ({"sort": {"field_name": "单元ID"}}, 1254016),
        ({"sort": [{"field_name": "长" * 1100}]}, 1254108),
    ],
)
def test_searches(feishu_shared, table, body, code):
    assert feishu_shared.search(table, body).code == code


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"位置": "nowhere"}, 1254015),
        ({"位置": "181,0"}, 1254015),
        ({"附件": [{"file_token": "boxGone"}]}, 1254303),
        ({"附件": [{"file_token": f"box{n}"} for n in range(101)]}, 1254106),
        ("row", 1254001),
    ],
)
def test_cells(feishu_shared, table, cells, code):
    assert feishu_shared.create(table, cells).code == code
    assert feishu_shared.cells(table) == []


@pytest.mark.parametrize(
    ("call", "body", "code"),
    [
        ("batch_create", {}, 1254001),
        ("batch_create", {"records": ["x"]}, 1254001),
        ("batch_delete", {"records": []}, 1254001),
        ("batch_delete", {"records": [5]}, 1254001),
        ("batch_delete", {"records": ["recGone"] * 501}, 1254104),
    ],
)
def test_batches(feishu_shared, table, call, body, code):
    assert feishu_shared.send("POST", f"tables/{table}/records/{call}", body).code == code


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ("x", SCHEMA),
        ({"hidden_fields": "fld"}, SCHEMA),
        ({"filter_info": {"conjunction": "xor", "conditions": []}}, SCHEMA),
        ({"filter_info": {"conjunction": "and", "conditions": "x"}}, SCHEMA),
        ({"filter_info": {"conjunction": "and", "conditions": ["x"]}}, SCHEMA),
    ],
)
def test_properties_of_views(feishu_shared, table, settings, code):
    (view,) = feishu_shared.send("GET", f"tables/{table}/views").data["items"]
    path = f"tables/{table}/views/{view['view_id']}"
    assert feishu_shared.send("PATCH", path, {"property": settings}).code == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"field_names": "单元ID"}, SCHEMA),
        ({"field_names": '["没有"]'}, 1254024),
        ({"field_names": '"单元ID"'}, 1254024),
        ({"filter": "AND(a)"}, 1254018),
        ({"filter": 'CurrentValue.[没有]="1"'}, 1254045),
    ],
)
def test_old_list_of_records(feishu_shared, table, query, code):
    assert feishu_shared.send("GET", f"tables/{table}/records", **query).code == code


def test_old_list_shows_the_columns_that_are_asked_for(feishu_shared, table):
    feishu_shared.create(table, {"单元ID": "1", "消耗": 5})
    asked = feishu_shared.send("GET", f"tables/{table}/records", field_names='["消耗"]')
    assert [one["fields"] for one in asked.data["items"]] == [{"消耗": "5"}]


def test_old_call_for_one_record_shows_it_or_says_which_is_gone(feishu_shared, table):
    (made,) = feishu_shared.create(table, {"单元ID": "1"}).data["records"]
    path = f"tables/{table}/records"
    found = feishu_shared.send("GET", f"{path}/{made['record_id']}")
    assert found.data["record"]["fields"] == {"单元ID": "1"}
    gone = feishu_shared.send("GET", f"{path}/recGone")
    assert (gone.code, "recGone" in gone.envelope["msg"]) == (1254043, True)


def test_filter_of_a_view_leaves_out_a_column_that_is_gone(feishu_shared, table):
    feishu_shared.create(table, {"单元ID": "1", "消耗": 5}, {"单元ID": "2", "消耗": 6})
    by_name = {one["field_name"]: one["field_id"] for one in fields(feishu_shared, table)}
    conditions = [
        {"field_id": by_name["单元ID"], "operator": "is", "value": '["2"]'},
        {"field_id": by_name["消耗"], "operator": "is", "value": '["5"]'},
    ]
    info = {"conjunction": "and", "conditions": conditions}
    (view,) = feishu_shared.send("GET", f"tables/{table}/views").data["items"]
    path = f"tables/{table}/views/{view['view_id']}"
    assert feishu_shared.send("PATCH", path, {"property": {"filter_info": info}}).code == 0
    asked = {"view_id": view["view_id"]}
    assert feishu_shared.search(table, asked).data["total"] == 0

    feishu_shared.send("DELETE", f"tables/{table}/fields/{by_name['消耗']}")
    assert feishu_shared.search(table, asked).data["total"] == 1
