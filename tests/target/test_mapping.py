from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_feishu_bitable.errors import ConfigError
from target_feishu_bitable.mapping import StreamMapping, read_tables, unflatten

FULL = {
    "promotion_report": {
        "table": "tbl123",
        "key": ["day", "id"],
        "date": "day",
        "account": "account_id",
        "account_name": "account_name",
        "columns": {"day": "时间", "id": "fld9", "secret": False},
    }
}


def test_everything_said_about_a_stream_is_kept() -> None:
    assert read_tables(FULL)["promotion_report"] == StreamMapping(
        table="tbl123",
        key=("day", "id"),
        date="day",
        account="account_id",
        account_name="account_name",
        columns={"day": "时间", "id": "fld9", "secret": False},
    )


@pytest.mark.parametrize("nothing", [None, "", {}])
def test_nothing_said_is_no_mapping(nothing: Any) -> None:
    assert read_tables(nothing) == {}


def test_a_column_without_a_name_is_called_as_its_property() -> None:
    mapping = read_tables(FULL)["promotion_report"]
    assert [mapping.column(name) for name in ("day", "cost", "secret")] == [
        "时间",
        "cost",
        "secret",
    ]


def test_a_key_may_be_a_comma_separated_text() -> None:
    assert read_tables({"a": {"key": "day, id"}})["a"].key == ("day", "id")


def test_blanks_around_names_do_not_count() -> None:
    mapping = read_tables({"a": {"table": "  ", "date": " day ", "columns": {"x": " 消耗 "}}})["a"]
    assert (mapping.table, mapping.date, mapping.columns) == (None, "day", {"x": "消耗"})


def test_nulls_lost_or_kept_mean_the_same() -> None:
    nulls = dict.fromkeys(("table", "key", "date", "account", "account_name", "columns"))
    assert read_tables({"a": nulls}) == read_tables({"a": {}})


def test_dots_in_names_of_streams_and_properties_survive() -> None:
    said = {"public.orders": {"table": "订单", "columns": {"buyer.name": "买家", "x": False}}}
    for form in (said, unflatten(said)):
        assert read_tables(form) == {
            "public.orders": StreamMapping(table="订单", columns={"buyer.name": "买家", "x": False})
        }


def test_streams_whose_names_begin_alike_are_kept_apart() -> None:
    tables = read_tables({"public.a": {"table": "甲"}, "public.b": {"table": "乙"}})
    assert {name: one.table for name, one in tables.items()} == {"public.a": "甲", "public.b": "乙"}


@pytest.mark.parametrize(
    ("tables", "place"),
    [
        ([], "tables must"),
        ({"a": "tbl1"}, "tables.a must"),
        ({"a": {"tabel": "x"}}, "tables.a.tabel is unknown"),
        ({"a": {"table": 7}}, "tables.a.table must"),
        ({"a": {"key": []}}, "tables.a.key must"),
        ({"a": {"key": ["id", ""]}}, "tables.a.key must"),
        ({"a": {"key": ["id", "id"]}}, "tables.a.key must"),
        ({"a": {"key": [1]}}, "tables.a.key must"),
        ({"a": {"key": {"id": True}}}, "tables.a.key must"),
        ({"a": {"columns": ["x"]}}, "tables.a.columns must"),
        ({"a": {"columns": {"x": True}}}, "tables.a.columns.x must"),
        ({"a": {"columns": {"x": " "}}}, "tables.a.columns.x must"),
        ({"a": {"columns": {"x": {}}}}, "tables.a.columns.x must"),
        ({"a": {"columns": {"x": {"y": 3}}}}, "tables.a.columns.x.y must"),
    ],
)
def test_a_wrong_entry_is_named_by_its_place(tables: Any, place: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_tables(tables)
    assert str(caught.value).startswith(f"Setting {place}")


NAMES = st.text(st.characters(exclude_characters=".", exclude_categories=["Cs"]), min_size=1)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, st.integers(), min_size=1), min_size=1))
def test_flat_keys_become_what_they_were(nested: dict[str, dict[str, int]]) -> None:
    flat = {f"{a}.{b}": value for a, inner in nested.items() for b, value in inner.items()}
    assert unflatten(flat) == nested
    assert unflatten(nested) == nested


def test_flat_and_nested_parts_of_one_object_are_joined() -> None:
    assert unflatten({"a": {"b": {"x": 1}}, "a.b.y": 2}) == {"a": {"b": {"x": 1, "y": 2}}}
    assert unflatten({"a.b.y": 2, "a": {"b": {"x": 1}}}) == {"a": {"b": {"x": 1, "y": 2}}}
