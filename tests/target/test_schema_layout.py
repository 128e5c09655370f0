from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from target_feishu_bitable.errors import SchemaMismatch
from target_feishu_bitable.fields import Column
from target_feishu_bitable.schema import layout

ZONE = ZoneInfo("Asia/Shanghai")
REPORT = {
    "properties": {
        "local_account_name": {"type": ["string", "null"], "title": "账户名称"},
        "stat_time_day": {"type": "string", "format": "date", "title": "时间"},
        "promotion_id": {"type": "string", "title": "单元ID"},
        "stat_cost": {"type": ["number", "null"], "title": "消耗(元)"},
        "convert_cnt": {"type": ["integer", "null"], "title": "转化数"},
    }
}
KEY = ["stat_time_day", "promotion_id"]


def column(name, field_type=1, ui_type="Text", *, field_id=None, primary=False):
    return Column(field_id or f"fld{abs(hash(name))}", name, field_type, ui_type, None, primary)


def lay(schema, columns, *, key=(), named=None, titles=False, create=True):
    return layout(
        "promotion_report",
        schema,
        key,
        columns,
        named=named or {},
        use_titles=titles,
        zone=ZONE,
        create_missing=create,
    )


def of(**properties):
    return {"properties": properties}


def test_the_all_text_table_of_the_predecessor_fits_as_it_is():
    columns = [
        column(name)
        for name in ("账户名称", "时间", "单元ID", "单元名称", "消耗(元)", "转化数", "项目状态")
    ]
    columns.append(column("客资数量", 20, "Formula"))

    laid = lay(REPORT, columns, key=KEY, titles=True)

    assert {binding.property: binding.column.name for binding in laid.bound} == {
        "local_account_name": "账户名称",
        "stat_time_day": "时间",
        "promotion_id": "单元ID",
        "stat_cost": "消耗(元)",
        "convert_cnt": "转化数",
    }
    assert (laid.missing, laid.read_only) == ((), ())
    assert [binding.property for binding in laid.keys] == KEY


def test_a_new_table_has_the_first_key_first_and_then_the_schemas_order():
    laid = lay(REPORT, [], key=["promotion_id", "stat_time_day"], titles=True)

    assert [(missing.spec.name, missing.spec.type) for missing in laid.missing] == [
        ("单元ID", 1),
        ("时间", 5),
        ("账户名称", 1),
        ("消耗(元)", 2),
        ("转化数", 2),
    ]


def test_columns_are_called_by_property_unless_titles_are_wanted():
    by_property = lay(REPORT, [], key=KEY)
    by_title = lay(of(a={"type": "string", "title": "  "}), [], titles=True)

    assert {missing.spec.name for missing in by_property.missing} == set(REPORT["properties"])
    assert [missing.spec.name for missing in by_title.missing] == ["a"]


def test_the_mapping_names_columns_by_name_or_id_and_drops_some():
    columns = [column("花费", 2, "Number"), column("换了名字", field_id="fldUnit000")]

    laid = lay(
        REPORT,
        columns,
        key=["promotion_id"],
        named={
            "stat_cost": "花费",
            "promotion_id": "fldUnit000",
            "convert_cnt": False,
            "local_account_name": False,
            "stat_time_day": False,
            "not_in_this_stream": "消耗",
        },
    )

    assert {binding.property: binding.column.name for binding in laid.bound} == {
        "promotion_id": "换了名字",
        "stat_cost": "花费",
    }
    assert laid.missing == ()


def test_one_message_lists_every_impossible_pair_with_its_cure():
    columns = [
        column("a", 5, "DateTime"),
        column("b", 15, "Url"),
        column("c", 11, "User"),
        column("d", 2, "Number"),
    ]
    schema = of(
        a={"type": "string"}, b={"type": "number"}, c={"type": "string"}, d={"type": "number"}
    )

    with pytest.raises(SchemaMismatch) as caught:
        lay(schema, columns)

    message = str(caught.value)
    assert "promotion_report" in message
    assert "nothing was written" in message
    assert "a: “a” is a date (日期) column, but the property holds text; change it to" in message
    assert "b: “b” is a link (超链接) column, but the property holds numbers" in message
    assert "c: “c” is a person (人员) column" in message
    assert "“d”" not in message
    assert message.count("or drop the property with false") == 3


def test_computed_columns_are_left_alone_also_under_a_streams_name():
    columns = [column("a", 20, "Formula"), column("b", 1005, "AutoNumber"), column("c")]

    laid = lay(of(a={"type": "number"}, b={"type": "string"}, c={"type": "string"}), columns)

    assert [kept.name for kept in laid.read_only] == ["a", "b"]
    assert [binding.property for binding in laid.bound] == ["c"]


def test_a_key_needs_a_column_that_can_be_written():
    with pytest.raises(SchemaMismatch, match="a key can't live in the formula"):
        lay(of(k={"type": "string"}), [column("k", 20, "Formula")], key=["k"])
    with pytest.raises(SchemaMismatch, match="a key can't be dropped"):
        lay(of(k={"type": "string"}), [], key=["k"], named={"k": False})
    with pytest.raises(SchemaMismatch, match="k: a key that the stream's schema does not have"):
        lay(of(a={"type": "string"}), [], key=["k"])


def test_an_unknown_field_id_is_an_error():
    with pytest.raises(SchemaMismatch, match="no column with the id fldGone123"):
        lay(of(a={"type": "string"}), [], named={"a": "fldGone123"})


def test_without_leave_to_create_the_missing_columns_are_listed():
    with pytest.raises(SchemaMismatch) as caught:
        lay(REPORT, [column("单元ID")], key=KEY, titles=True, create=False)

    assert "“时间”; create it as a date (日期) column" in str(caught.value)
    assert "“消耗(元)”; create it as a number (数字) column" in str(caught.value)
    assert "set create_missing" in str(caught.value)


def test_names_that_are_one_after_trimming_collide():
    with pytest.raises(SchemaMismatch, match="is that of a already"):
        lay({"properties": {"a": {"type": "string"}, " a ": {"type": "string"}}}, [])
    with pytest.raises(SchemaMismatch, match=r"b: its column “花费” is that of a already"):
        lay(
            of(a={"type": "string", "title": "花费"}, b={"type": "string", "title": "花费\n"}),
            [column("花费")],
            titles=True,
        )


@pytest.mark.parametrize("name", ["", "   ", "\n"])
def test_a_property_without_a_name_needs_one(name):
    with pytest.raises(SchemaMismatch, match="a property without a name"):
        lay({"properties": {name: {"type": "string"}}}, [])
    laid = lay({"properties": {name: {"type": "string"}}}, [], named={name: "无名"})
    assert [missing.spec.name for missing in laid.missing] == ["无名"]


def test_line_breaks_in_names_are_blanks():
    laid = lay({"properties": {"a\n b": {"type": "string"}}}, [column("a  b")])

    assert [binding.column.name for binding in laid.bound] == ["a  b"]


@pytest.mark.parametrize("names", [["a b", "a  b"], ["a  b", "a b"]])
@pytest.mark.parametrize("titles", [True, False])
def test_a_column_of_exactly_the_name_goes_before_one_that_looks_alike(names, titles):
    shapes = {name: {"type": "string", "title": name} for name in reversed(names)}

    laid = lay({"properties": shapes}, [column(name) for name in names], titles=titles)

    assert laid.missing == ()
    assert {one.property: one.column.name for one in laid.bound} == {name: name for name in names}


def test_half_a_character_in_a_name_becomes_the_sign_for_one_that_is_unknown():
    laid = lay({"properties": {"a\ud83d": {"type": "string"}}}, [])
    again = lay({"properties": {"a\ud83d": {"type": "string"}}}, [column("a\ufffd")])

    assert [missing.spec.name for missing in laid.missing] == ["a\ufffd"]
    assert [binding.property for binding in again.bound] == ["a\ud83d"]


def test_a_key_that_is_named_twice_is_one():
    laid = lay(of(id={"type": "string"}), [column("id")], key=["id", "id"])

    assert [binding.property for binding in laid.keys] == ["id"]


def test_a_table_takes_300_columns():
    there = [column(f"old{number}") for number in range(100)]
    fits = {f"new{number}": {"type": "string"} for number in range(200)}

    assert len(lay({"properties": fits}, there).missing) == 200
    with pytest.raises(SchemaMismatch, match="100 columns and the stream needs 201 more, but 300"):
        lay({"properties": fits | {"one": {"type": "string"}}}, there)


def test_a_property_that_may_be_anything_is_text():
    laid = lay({"properties": {"a": True, "b": {}}}, [])

    assert [missing.spec.type for missing in laid.missing] == [1, 1]


def test_a_later_property_becomes_a_column():
    columns = [column("a")]

    laid = lay(of(a={"type": "string"}, b={"type": "boolean"}), columns)

    assert [(missing.property, missing.spec.type) for missing in laid.missing] == [("b", 7)]
