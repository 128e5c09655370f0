"""JSON Schemas as other taps write them: odd, incomplete, or no schemas at all."""

from __future__ import annotations

import json

import pytest

DAY = "2026-02-01"


@pytest.fixture
def load(feed, say, stored):
    """Write one row under a schema with one more property; returns what is stored of it."""

    def run(shape, value, **parts):
        message = say.schema(say.properties | {"extra": shape})
        message["schema"] |= parts
        feed(message, say.record(day=DAY, unit="1", extra=value)).ok()
        return stored()[0].get("extra")

    return run


@pytest.mark.usefixtures("table")
def test_a_default_never_stands_in_for_an_absent_property(feed, say, stored, calls):
    shape = say.properties | {"name": {"type": ["string", "null"], "default": "nobody"}}
    feed(say.schema(shape), say.record(day=DAY, unit="1", name="somebody")).ok()
    calls.clear()

    feed(say.schema(shape), say.record(day=DAY, unit="1")).ok()

    assert stored()[0]["name"] == "somebody"
    assert calls.writes == 0


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(("value", "stored_as"), [(5, "5"), ("a", "a"), (None, None)])
@pytest.mark.parametrize("union", ["anyOf", "oneOf"])
def test_a_union_may_name_null_by_its_bare_name(load, union, value, stored_as):
    assert load({union: [{"type": "integer"}, {"type": "string"}, "null"]}, value) == stored_as


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("shape", "sent", "stored_as"),
    [
        ({"type": "integer"}, 5.0, 5),
        ({"type": ["null", "integer"]}, 1e3, 1000),
        ({"type": "array", "items": {"type": "integer"}}, [1.0, 2], "[1,2]"),
        ({"type": "array", "items": {"type": "integer"}}, [1e40], f"[{10**40}]"),
    ],
)
def test_a_whole_number_may_be_written_with_a_point(load, shape, sent, stored_as):
    assert load(shape, sent) == stored_as


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("written", ["5.5", "1e300", "true"])
def test_what_is_no_whole_number_does_not_pass_for_one(feed, say, written):
    shape = say.properties | {"extra": {"type": "integer"}}
    row = {"day": DAY, "unit": "1", "extra": json.loads(written)}

    outcome = feed(say.schema(shape), say.record(**row))

    assert "unit=1" in outcome.text


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("version", ["http://json-schema.org/draft-04/schema#", None])
@pytest.mark.parametrize("bound", [True, False])
def test_a_bound_of_draft_4_is_one(load, bound, version):
    shape = {"type": "integer", "minimum": 0, "exclusiveMinimum": bound, "exclusiveMaximum": bound}

    assert load(shape, 5, **({"$schema": version} if version else {})) == 5


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("bound", ["minimum", "maximum"])
def test_a_value_that_is_its_bound_keeps_it(load, bound):
    assert load({"type": "number", bound: 0.1}, 0.1) == 0.1


@pytest.mark.usefixtures("table")
def test_a_property_may_be_called_like_a_bound(feed, say, stored):
    shape = say.properties | {"exclusiveMinimum": True, "exclusiveMaximum": {"type": "integer"}}

    feed(say.schema(shape), *say.rows(1, exclusiveMinimum="x", exclusiveMaximum=5)).ok()

    assert stored()[0]["exclusiveMinimum"] == "x"


@pytest.mark.usefixtures("table")
def test_a_schema_may_refer_to_its_own_definitions(load):
    shape = {"$ref": "#/definitions/amount"}

    assert load(shape, 5, definitions={"amount": {"type": "integer"}}) == "5"


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    "shape",
    [
        {"$ref": "#/definitions/nowhere"},
        {"$ref": "http://127.0.0.1:9/elsewhere.json"},
        {"$ref": "file:///etc/hostname"},
        {"$ref": "elsewhere.json"},
        {"$ref": 5},
        {"type": {"a": 1}},
        {"type": [["string"], "null"]},
        {"anyOf": {"type": "string"}},
        {"anyOf": 5},
        {"type": "array", "items": 5},
    ],
    ids=str,
)
def test_what_is_no_schema_ends_the_run_with_a_sentence(feed, say, calls, shape):
    outcome = feed(say.schema(say.properties | {"name": shape}), *say.rows(1))

    assert "The JSON Schema of the stream report is not valid" in outcome.text
    assert calls.writes == 0


@pytest.mark.usefixtures("table")
def test_a_schema_too_deep_for_its_check_ends_the_run_with_a_sentence(feed, say):
    shape = True
    for _ in range(100):
        shape = {"items": shape}

    outcome = feed(say.schema(say.properties | {"name": shape}), *say.rows(1))

    assert "The JSON Schema of the stream report is not valid" in outcome.text
