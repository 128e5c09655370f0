from __future__ import annotations

import pytest

from target_feishu_bitable.fields import field_for
from target_feishu_bitable.kinds import Kind, is_identifier, kind_of

KINDS = [
    ({"type": "string"}, Kind.TEXT),
    ({"type": ["null", "string"]}, Kind.TEXT),
    ({"type": ["integer", "null"]}, Kind.INTEGER),
    ({"type": "number"}, Kind.NUMBER),
    ({"type": ["integer", "number", "null"]}, Kind.NUMBER),
    ({"type": "boolean"}, Kind.BOOLEAN),
    ({"type": "string", "format": "date"}, Kind.DATE),
    ({"type": ["string", "null"], "format": "date-time"}, Kind.DATETIME),
    ({"type": "string", "format": "time"}, Kind.TEXT),
    ({"type": "string", "format": "uri"}, Kind.LINK),
    ({"type": "string", "format": "email"}, Kind.EMAIL),
    ({"type": ["string", "null"], "format": "singer.decimal"}, Kind.NUMBER),
    ({"type": "object", "properties": {"a": {"type": "string"}}}, Kind.NESTED),
    ({"type": "array", "items": {"type": "string"}}, Kind.LIST),
    ({"type": "array", "items": {"type": ["integer", "null"]}}, Kind.LIST),
    ({"type": "array", "items": {"type": "object"}}, Kind.NESTED),
    ({"type": "array"}, Kind.LIST),
    ({"type": ["array", "object"]}, Kind.NESTED),
    ({"type": ["string", "integer"]}, Kind.TEXT),
    ({"type": ["string", "object"]}, Kind.TEXT),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, Kind.INTEGER),
    (
        {"anyOf": [{"type": "string", "format": "date-time"}, {"type": ["string", "null"]}]},
        Kind.TEXT,
    ),
    (
        {
            "anyOf": [
                {"type": "string", "format": "date"},
                {"type": "string", "format": "date-time"},
            ]
        },
        Kind.DATETIME,
    ),
    ({"oneOf": [{"type": "number"}, {"type": "null"}]}, Kind.NUMBER),
    ({"oneOf": [{"type": "number"}, {"type": "string"}]}, Kind.TEXT),
    ({"allOf": [{"type": "boolean"}, {"description": "ticked"}]}, Kind.BOOLEAN),
    ({"enum": ["ACTIVE", "PAUSED", None]}, Kind.TEXT),
    ({"enum": [1, 2, 3]}, Kind.INTEGER),
    ({"enum": [0.5, 1]}, Kind.NUMBER),
    ({"enum": [True, False]}, Kind.BOOLEAN),
    ({"const": 7}, Kind.INTEGER),
    ({"type": "string", "enum": ["a"]}, Kind.TEXT),
    ({"properties": {"a": {}}}, Kind.NESTED),
    ({"items": {"type": "string"}}, Kind.LIST),
    ({"format": "date"}, Kind.DATE),
    ({"type": "null"}, Kind.TEXT),
    ({"anyOf": [{"type": "integer"}, "null"]}, Kind.INTEGER),
    ({"anyOf": [True, {"type": "boolean"}]}, Kind.BOOLEAN),
    ({}, Kind.TEXT),
]


@pytest.mark.parametrize(("schema", "kind"), KINDS)
def test_reads_what_a_property_holds(schema, kind):
    assert kind_of(schema) is kind


@pytest.mark.parametrize(
    "name", ["id", "ad_id", "promotion_id", "userId", "userID", "uid", "openid", "ORDERID"]
)
def test_integers_that_end_in_id_are_identifiers(name):
    assert is_identifier(name, {"type": ["null", "integer"]}, is_key=False)


@pytest.mark.parametrize(
    "name", ["bid", "cpa_bid", "paid", "amount_paid", "amountPaid", "PAID", "valid", "show_cnt"]
)
def test_amounts_that_only_sound_like_ids_stay_numbers(name):
    assert not is_identifier(name, {"type": "integer"}, is_key=False)
    assert field_for(name, {"type": "integer"}, is_key=False, property_name=name).type == 2


def test_only_whole_numbers_become_text_because_of_their_name():
    assert not is_identifier("load_id", {"type": "number"}, is_key=False)
    assert not is_identifier("is_paid_id", {"type": "boolean"}, is_key=False)


WIRE = [
    ("x", {"type": "string"}, {"type": 1, "ui_type": "Text"}),
    ("x_id", {"type": "integer"}, {"type": 1, "ui_type": "Text"}),
    ("x", {"type": "integer"}, {"type": 2, "ui_type": "Number", "property": {"formatter": "0"}}),
    ("x", {"type": "number"}, {"type": 2, "ui_type": "Number", "property": {"formatter": "0.00"}}),
    ("x", {"type": "boolean"}, {"type": 7, "ui_type": "Checkbox"}),
    ("x", {"type": "string", "format": "uri"}, {"type": 15, "ui_type": "Url"}),
    ("x", {"type": "string", "format": "email"}, {"type": 1, "ui_type": "Email"}),
    ("x", {"type": "string", "format": "time"}, {"type": 1, "ui_type": "Text"}),
    ("x", {"type": "array", "items": {"type": "string"}}, {"type": 1, "ui_type": "Text"}),
    ("x", {"type": "object"}, {"type": 1, "ui_type": "Text"}),
    ("x", {"enum": ["a", "b"]}, {"type": 1, "ui_type": "Text"}),
]


@pytest.mark.parametrize(("name", "schema", "wire"), WIRE)
def test_creates_a_fitting_column(name, schema, wire):
    spec = field_for("列", schema, is_key=False, property_name=name)

    assert spec.to_wire() == {"field_name": "列", **wire}


def test_days_and_moments_become_dates_with_a_formatter_each():
    day = field_for("d", {"type": "string", "format": "date"}, is_key=False, property_name="d")
    moment = field_for(
        "t", {"type": "string", "format": "date-time"}, is_key=False, property_name="t"
    )

    assert (day.type, day.properties["date_formatter"]) == (5, "yyyy/MM/dd")
    assert (moment.type, moment.properties["date_formatter"]) == (5, "yyyy-MM-dd HH:mm")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer"},
        {"type": "number"},
        {"type": "boolean"},
        {"type": "string", "format": "uri"},
        {"type": "object"},
    ],
)
def test_keys_become_texts_which_filters_and_first_columns_understand(schema):
    assert field_for("k", schema, is_key=True, property_name="k").type == 1


def test_a_checkbox_can_not_be_the_first_column():
    ticked = field_for("b", {"type": "boolean"}, is_key=False, property_name="b")

    assert ticked.as_primary().type == 1
    assert (
        field_for("n", {"type": "number"}, is_key=False, property_name="n").as_primary().type == 2
    )
