"""The catalogue: complete, titled, and asked for only as far as selected."""

from __future__ import annotations

import pytest

from tap_oceanengine_local.metrics import entity_fields, metrics, requested_metrics, schema_of
from tap_oceanengine_local.streams import ALL

KINDS = {
    "id": "string",
    "text": "string",
    "day": "string",
    "moment": "string",
    "count": "integer",
    "yuan": "number",
    "rate": "number",
    "ratio": "number",
    "texts": "array",
    "numbers": "array",
}


@pytest.mark.parametrize(
    ("level", "count"),
    [("account", 72), ("project", 72), ("promotion", 72), ("material", 71), ("audience", 34)],
)
def test_every_metric_of_the_official_sdk_is_there(level, count):
    assert len(metrics(level)) == count


def test_materials_have_no_shop_visitors():
    assert "poi_recommend_count" in {field.name for field in metrics("promotion")}
    assert "poi_recommend_count" not in {field.name for field in metrics("material")}


@pytest.mark.parametrize(("stream", "count"), [("projects", 31), ("promotions", 14), ("leads", 68)])
def test_every_column_of_the_lists_is_there(stream, count):
    assert len(entity_fields(stream)) == count


@pytest.mark.parametrize("stream", ALL, ids=lambda stream: stream.name)
def test_titles_are_unique_within_a_stream_and_types_are_declared(stream):
    fields = stream.fields
    titles = [field.title for field in fields]
    assert all(titles)
    assert len(set(titles)) == len(titles)
    names = [field.name for field in fields]
    assert len(set(names)) == len(names)
    for name, schema in schema_of(fields)["properties"].items():
        kind = next(field.kind for field in fields if field.name == name)
        assert schema["type"][0] == KINDS[kind], name
        assert schema["description"], name
        assert (schema["type"] == [KINDS[kind]]) == (name in stream.keys or _always(fields, name))


def _always(fields, name):
    return next(field.required for field in fields if field.name == name)


@pytest.mark.parametrize("stream", ALL, ids=lambda stream: stream.name)
def test_keys_and_replication_key_are_required_columns(stream):
    required = {field.name for field in stream.fields if field.required}
    assert set(stream.keys) <= required
    if stream.time_key:
        assert stream.time_key in required


def test_the_titles_that_tables_out_there_know():
    promotion = next(stream for stream in ALL if stream.name == "promotion_report")
    titles = {field.name: field.title for field in promotion.fields}
    assert {name: titles[name] for name in KNOWN} == KNOWN


KNOWN = {
    "stat_time_day": "时间",
    "local_account_id": "账户ID",
    "local_account_name": "账户名称",
    "promotion_id": "单元ID",
    "promotion_name": "单元名称",
    "stat_cost": "消耗(元)",
    "show_cnt": "展示次数",
    "click_cnt": "点击次数",
    "convert_cnt": "转化数",
    "conversion_cost": "转化成本(元)",
    "clue_pay_order_cnt": "团购线索数",
    "attribution_convert_cnt": "转化数(计费时间)",
}


@pytest.mark.parametrize(
    ("selected", "reconcile", "asked"),
    [
        ({"show_cnt"}, False, ("show_cnt",)),
        ({"show_cnt"}, True, ("stat_cost", "show_cnt")),
        ({"conversion_cost"}, False, ("stat_cost", "convert_cnt", "conversion_cost")),
        (set(), False, ("stat_cost",)),
        ({"promotion_name"}, False, ("stat_cost",)),
        ({"click_cnt", "stat_cost"}, True, ("stat_cost", "click_cnt")),
    ],
)
def test_only_selected_metrics_are_asked_for(selected, reconcile, asked):
    assert requested_metrics("promotion", frozenset(selected), reconcile=reconcile) == asked
