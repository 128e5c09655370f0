"""Round trips value → cell → value against the shapes in which `search` answers."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_feishu_bitable.fields import CellError, Column, IncompatibleColumn, codec

ZONE = ZoneInfo("Asia/Shanghai")
TEXT, NUMBER, DAY = {"type": "string"}, {"type": "number"}, {"type": "string", "format": "date"}
INTEGER, BOOLEAN = {"type": "integer"}, {"type": "boolean"}
MOMENT = {"type": "string", "format": "date-time"}
DECIMAL = {"type": "string", "format": "singer.decimal"}
LIST = {"type": "array", "items": {"type": "string"}}
OBJECT = {"type": "object"}
COLUMNS = {
    "Text": 1,
    "Barcode": 1,
    "Email": 1,
    "Number": 2,
    "Progress": 2,
    "Currency": 2,
    "Rating": 2,
    "SingleSelect": 3,
    "MultiSelect": 4,
    "DateTime": 5,
    "Checkbox": 7,
    "Phone": 13,
    "Url": 15,
}


def column(ui_type, **properties):
    return Column("fldAAAAAAAA", "列", COLUMNS[ui_type], ui_type, properties or None, False)


def between(ui_type, schema, *, key=False, name="value", **properties):
    return codec(column(ui_type, **properties), schema, property_name=name, is_key=key, zone=ZONE)


def stored(cell, ui_type):
    """The shape in which `search` returns a cell that was sent."""
    if cell is None or cell == []:
        return None
    if ui_type in {"Text", "Barcode"}:
        return [{"text": cell[:7], "type": "text"}, {"text": cell[7:], "type": "text"}]
    if ui_type == "Email":
        return [{"text": cell, "link": f"mailto:{cell}", "type": "url"}]
    if COLUMNS[ui_type] == 2:
        return float(cell)
    if ui_type == "Url":
        return {"link": cell["link"], "text": cell["text"]}
    return cell


numbers = st.decimals(
    min_value=-(2**53), max_value=2**53, allow_nan=False, allow_infinity=False, places=6
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
names = st.text(st.characters(exclude_categories=["Cs", "Z", "C"]), min_size=1, max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
ROUND_TRIPS = st.one_of(
    st.tuples(st.just("Text"), st.just(TEXT), texts),
    st.tuples(st.just("Barcode"), st.just(TEXT), texts),
    st.tuples(st.just("Email"), st.just(TEXT), st.emails()),
    st.tuples(st.just("Text"), st.just(NUMBER), numbers),
    st.tuples(st.just("Text"), st.just(INTEGER), st.integers()),
    st.tuples(st.just("Text"), st.just(BOOLEAN), st.booleans()),
    st.tuples(st.just("Text"), st.just(DAY), st.dates()),
    st.tuples(
        st.just("Text"),
        st.just(MOMENT),
        st.datetimes(datetime(1, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001
    ),
    st.tuples(st.just("Text"), st.just(OBJECT), st.dictionaries(texts, json_values, max_size=4)),
    st.tuples(st.just("Text"), st.just(LIST), st.lists(texts, max_size=4)),
    st.tuples(st.sampled_from(["Number", "Currency", "Progress"]), st.just(NUMBER), numbers),
    st.tuples(
        st.sampled_from(["Number", "Currency"]), st.just(INTEGER), st.integers(-(2**53), 2**53)
    ),
    st.tuples(st.just("Rating"), st.just(INTEGER), st.integers(1, 5)),
    st.tuples(st.just("SingleSelect"), st.just(TEXT), names),
    st.tuples(st.just("MultiSelect"), st.just(LIST), st.lists(names, max_size=6)),
    st.tuples(st.just("DateTime"), st.just(DAY), st.dates(date(1900, 1, 1), date(2200, 1, 1))),
    st.tuples(
        st.just("DateTime"),
        st.just(MOMENT),
        st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    ),
    st.tuples(st.just("Checkbox"), st.just(BOOLEAN), st.booleans()),
    st.tuples(st.just("Phone"), st.just(TEXT), st.from_regex(r"\A\+?[0-9]{1,63}\Z")),
    st.tuples(st.just("Url"), st.just({"type": "string", "format": "uri"}), names),
)


@given(ROUND_TRIPS)
def test_what_was_written_is_found_equal(case):
    ui_type, schema, value = case
    pair = between(ui_type, schema)

    cell = stored(pair.encode(value), ui_type)

    assert pair.same(value, cell)
    assert pair.values.equal(pair.canonical(value), pair.decode(cell))


@given(ROUND_TRIPS)
def test_canonical_values_can_be_hashed(case):
    ui_type, schema, value = case

    assert hash(between(ui_type, schema).canonical(value)) is not None


@given(st.sampled_from(["Text", "Number"]), numbers, numbers)
def test_numbers_are_equal_when_they_are_within_a_billionth(ui_type, one, other):
    pair = between(ui_type, NUMBER)
    near = math.isclose(one, other, rel_tol=1e-9)

    assert pair.same(one, stored(pair.encode(other), ui_type)) == near


def test_the_predecessors_texts_are_numbers_by_value():
    pair = between("Text", NUMBER)

    for text, value in (("118.36", Decimal("118.36")), ("700.0", 700), ("0.0", 0), (" 3 ", 3)):
        assert pair.same(value, [{"text": text, "type": "text"}])
    assert not pair.same(700, [{"text": "700.01", "type": "text"}])
    assert not pair.same(700, [{"text": "siebenhundert", "type": "text"}])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("118.36"), "118.36"),
        (Decimal("700.0"), "700"),
        (Decimal("-0.0"), "0"),
        (Decimal("1E+3"), "1000"),
        (1e-7, "0.0000001"),
        (0, "0"),
        (2**63, "9223372036854775808"),
    ],
)
def test_numbers_are_written_into_texts_without_an_exponent(value, text):
    assert between("Text", NUMBER).encode(value) == text


def test_whole_numbers_and_keys_are_compared_exactly():
    assert not between("Number", INTEGER).same(1_000_000_000, 1_000_000_001)
    assert not between("Number", NUMBER, key=True).same(Decimal(1000000000), 1_000_000_001)
    assert between("Number", NUMBER).same(Decimal(1000000000), 1_000_000_001)


def test_ids_in_texts_are_exact_but_may_be_spelled_in_several_ways():
    pair = between("Text", INTEGER, key=True, name="promotion_id")

    assert pair.encode(7604418424915820607) == "7604418424915820607"
    assert pair.same(7604418424915820607, "7604418424915820607")
    assert not pair.same(7604418424915820607, "7604418424915820608")
    assert pair.same(700, "700.0")
    assert not pair.filterable


def test_texts_keep_leading_zeros_formulas_and_line_breaks():
    pair = between("Text", TEXT)

    for value in ("007", "=1+1", "a\nb", "🙂", " blank ", "700.0"):
        assert pair.encode(value) == value
        assert pair.same(value, [{"text": value, "type": "text"}])
    assert not pair.same("7", "007")
    assert not pair.same("700", "700.0")


def test_what_texts_spell_in_many_ways_can_not_be_asked_for():
    assert not between("Text", NUMBER).filterable
    assert not between("Text", MOMENT).filterable
    assert between("Text", DAY).filterable
    assert not any(between("Text", one).filterable for one in (BOOLEAN, LIST, OBJECT))
    assert between("Number", NUMBER).condition(Decimal("23.40")) == "23.4"


@pytest.mark.parametrize("ui_type", ["Number", "Currency", "Progress"])
@pytest.mark.parametrize("value", [2**53 + 1, Decimal(2**63), 1e308, -(2**54)])
def test_names_a_number_that_a_number_column_would_spoil(ui_type, value):
    with pytest.raises(CellError, match=r"列.*beyond 2\^53"):
        between(ui_type, NUMBER).encode(value)


def test_the_error_says_which_number_it_was():
    with pytest.raises(CellError, match="9007199254740993"):
        between("Number", INTEGER).canonical(9007199254740993)


@pytest.mark.parametrize("ui_type", ["Number", "Text"])
@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")]
)
def test_what_is_no_number_is_an_error(ui_type, value):
    with pytest.raises(CellError, match="not a number"):
        between(ui_type, NUMBER).encode(value)


def test_a_number_that_would_fill_the_memory_is_an_error():
    with pytest.raises(CellError, match="not a number"):
        between("Text", NUMBER).encode(Decimal("1e999999999"))
    with pytest.raises(CellError, match="as JSON"):
        between("Text", OBJECT).encode({"a": float("nan")})


def test_a_text_holds_100000_characters_and_not_one_more():
    pair = between("Text", TEXT)

    assert pair.encode("x" * 100_000) == "x" * 100_000
    with pytest.raises(CellError, match=r"100,001 characters") as caught:
        pair.encode("秘" * 100_001)
    assert "秘" not in str(caught.value)


def test_errors_tell_the_kind_and_never_a_text():
    for ui_type, schema, value in (
        ("Number", NUMBER, "张三"),
        ("DateTime", DAY, "张三"),
        ("Phone", TEXT, "张三"),
        ("Checkbox", BOOLEAN, "张三"),
    ):
        with pytest.raises(CellError, match="a text of 2 characters") as caught:
            between(ui_type, schema).encode(value)
        assert "张三" not in str(caught.value)


def test_days_begin_at_midnight_of_the_bases_zone():
    pair = between("DateTime", DAY)
    midnight = datetime(2026, 2, 11, tzinfo=ZONE)

    assert pair.encode(date(2026, 2, 11)) == int(midnight.timestamp() * 1000)
    assert pair.encode("2026-02-11") == int(midnight.timestamp() * 1000)
    assert pair.same(date(2026, 2, 11), int((midnight + timedelta(hours=17)).timestamp() * 1000))
    assert not pair.same(date(2026, 2, 11), int(midnight.timestamp() * 1000) - 1)


def test_moments_are_compared_as_instants_to_the_millisecond():
    pair = between("DateTime", MOMENT)
    there = datetime(2026, 2, 11, 10, tzinfo=ZONE)

    assert pair.same(there.astimezone(UTC), int(there.timestamp() * 1000))
    assert pair.same(datetime(2026, 2, 11, 10), int(there.timestamp() * 1000))  # noqa: DTZ001
    assert not pair.same(there, int(there.timestamp() * 1000) + 1)
    text = between("Text", MOMENT)
    assert text.encode(there.astimezone(UTC)) == "2026-02-11T10:00:00+08:00"
    assert text.same(there, "2026-02-11 02:00:00Z")
    assert text.same(there, "2026-02-11 10:00:00")


@pytest.mark.parametrize(
    "text", ["2026-02-11", "2026/2/11", "2026年2月11日", "2026-02-11 08:00:00"]
)
def test_days_in_texts_are_read_in_the_ways_people_write_them(text):
    pair = between("Text", DAY)

    assert pair.same(date(2026, 2, 11), [{"text": text, "type": "text"}])
    assert pair.encode(date(2026, 2, 11)) == "2026-02-11"


@pytest.mark.parametrize("value", ["2026-02-30", "yesterday", 5, datetime.max.replace(tzinfo=UTC)])
def test_what_is_no_moment_is_an_error(value):
    far_west = codec(
        column("DateTime"),
        MOMENT,
        property_name="t",
        is_key=False,
        zone=ZoneInfo("America/New_York"),
    )
    if isinstance(value, datetime):
        value = value.replace(tzinfo=timezone(timedelta(hours=-5)))

    with pytest.raises(CellError, match="not a point in time"):
        far_west.encode(value)


def test_null_and_empty_texts_clear_a_cell():
    for ui_type, schema in (
        ("Text", TEXT),
        ("Number", NUMBER),
        ("DateTime", DAY),
        ("DateTime", MOMENT),
        ("SingleSelect", TEXT),
        ("MultiSelect", LIST),
        ("Url", TEXT),
        ("Phone", TEXT),
    ):
        assert between(ui_type, schema).encode(None) is None
        assert between(ui_type, schema).same(None, None)
    for ui_type, schema in (
        ("Text", TEXT),
        ("Text", DECIMAL),
        ("Number", DECIMAL),
        ("Currency", DECIMAL),
        ("Rating", DECIMAL),
        ("SingleSelect", DECIMAL),
        ("DateTime", DAY),
        ("DateTime", MOMENT),
        ("SingleSelect", TEXT),
        ("Url", TEXT),
        ("Phone", TEXT),
    ):
        assert between(ui_type, schema).encode("") is None
        assert between(ui_type, schema).same("", None)
    assert between("MultiSelect", LIST).encode([]) is None
    assert not between("Text", TEXT).same(None, [{"text": "x", "type": "text"}])
    assert between("Checkbox", BOOLEAN).encode(None) is False


def test_an_untouched_checkbox_means_false():
    pair = between("Checkbox", BOOLEAN)

    assert pair.same(False, None)
    assert not pair.same(True, None)
    assert pair.same(True, True)
    assert (pair.encode(True), pair.encode(False), pair.encode(None)) == (True, False, False)


def test_an_option_is_named_once_per_cell_and_order_does_not_count():
    pair = between("MultiSelect", LIST)

    assert pair.encode(["新", "旧", "新", " 旧 ", None, ""]) == ["新", "旧"]
    assert pair.same(["旧", "新"], ["新", "旧"])
    assert pair.encode("新") == ["新"]
    with pytest.raises(CellError, match="nested"):
        pair.encode([{"a": 1}])
    with pytest.raises(CellError, match="1,001 options"):
        pair.encode([str(number) for number in range(1001)])


def test_a_persons_caption_of_a_link_causes_no_write():
    pair = between("Url", {"type": "string", "format": "uri"})

    assert pair.encode("https://e.cn") == {"text": "https://e.cn", "link": "https://e.cn"}
    assert pair.same("https://e.cn", {"text": "官网", "link": "https://e.cn"})
    assert not pair.same("https://e.cn", {"text": "https://e.cn", "link": "https://f.cn"})


def test_phone_numbers_lose_their_punctuation():
    pair = between("Phone", TEXT)

    assert pair.encode("+86 138-0000-0000") == "+8613800000000"
    assert pair.same("138 0000 0000", "13800000000")
    for bad in ("138****0000", "1" * 65, "00+1"):
        with pytest.raises(CellError, match="no phone number"):
            pair.encode(bad)


def test_ratings_stay_within_the_columns_bounds():
    pair = between("Rating", NUMBER, min=1, max=5)

    assert pair.encode(Decimal("5.0")) == 5
    for bad in (0, 6, Decimal("2.5")):
        with pytest.raises(CellError, match="rating from 1 to 5"):
            pair.encode(bad)


def test_nested_data_is_json_text_whose_key_order_does_not_count():
    pair = between("Text", OBJECT)

    assert (
        pair.encode({"b": Decimal("1.50"), "a": [1, None, "中"]}) == '{"a":[1,null,"中"],"b":1.5}'
    )
    assert pair.same({"a": 1, "b": 2}, '{"b": 2, "a": 1.0}')
    assert between("Text", LIST).encode([]) == "[]"


def test_json_that_is_nested_too_deeply_is_an_error():
    deep = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(CellError, match="as JSON"):
        between("Text", OBJECT).encode({"a": deep})
    assert not between("Text", OBJECT).same({"a": 1}, "[" * 100_000)


def test_cells_of_other_shapes_are_read_as_what_they_show():
    text = between("Text", TEXT)

    assert text.decode({"text": "a", "link": "b"}) == "a"
    assert text.decode(["a", {"text": "b"}, {"type": "mention", "text": "@c"}]) == "ab@c"
    assert text.decode([]) is None
    assert between("Url", TEXT).decode("https://e.cn") == "https://e.cn"
    assert between("DateTime", DAY).decode("soon") == "soon"
    assert between("DateTime", DAY).decode(10**17) == str(10**17)
    assert between("Text", BOOLEAN).decode("TRUE") is True
    assert between("MultiSelect", LIST).decode([" a ", ""]) == frozenset({"a"})


def test_a_very_long_number_is_not_repeated():
    with pytest.raises(CellError, match="a very long number is beyond"):
        between("Number", INTEGER).encode(10**5000)


def test_a_mixture_of_types_is_written_as_text():
    pair = between("Text", {"type": ["string", "integer", "boolean", "object"]})

    values = ["a", 1, Decimal("2.50"), True, {"k": 1}, time(8, 30), date(2026, 1, 2)]
    assert [pair.encode(value) for value in values] == [
        "a",
        "1",
        "2.5",
        "true",
        '{"k":1}',
        "08:30:00",
        "2026-01-02",
    ]


def test_numbers_of_the_old_reply_shape_are_understood():
    assert between("Number", NUMBER).same(Decimal("0.66"), "0.66")
    assert not between("Number", NUMBER).same(1, "viel")


IMPOSSIBLE = [
    ("DateTime", TEXT),
    ("DateTime", NUMBER),
    ("Url", NUMBER),
    ("Url", OBJECT),
    ("Number", TEXT),
    ("Number", BOOLEAN),
    ("Number", DAY),
    ("Rating", TEXT),
    ("Checkbox", TEXT),
    ("Checkbox", INTEGER),
    ("Phone", DAY),
    ("Phone", NUMBER),
    ("Email", NUMBER),
    ("Barcode", OBJECT),
    ("SingleSelect", LIST),
    ("MultiSelect", OBJECT),
]


@pytest.mark.parametrize(("ui_type", "schema"), IMPOSSIBLE)
def test_refuses_a_pair_that_never_fits(ui_type, schema):
    with pytest.raises(IncompatibleColumn, match="column, but the property holds") as caught:
        between(ui_type, schema)
    assert "text (文本)" in caught.value.fitting


@pytest.mark.parametrize("field_type", [11, 17, 18, 21, 22, 23])
def test_refuses_columns_that_hold_no_plain_values(field_type):
    person = Column.from_wire({"field_id": "fld1", "field_name": "人", "type": field_type})

    assert person.writable
    with pytest.raises(IncompatibleColumn):
        codec(person, TEXT, property_name="x", is_key=False, zone=ZONE)


@pytest.mark.parametrize("field_type", [19, 20, 24, 1001, 1002, 1003, 1004, 1005, 3001])
def test_computed_columns_are_not_writable(field_type):
    computed = Column.from_wire({"field_id": "fld1", "field_name": "算", "type": field_type})

    assert not computed.writable
