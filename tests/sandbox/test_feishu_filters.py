"""The compiled filter agrees with its conditions taken one by one."""

from __future__ import annotations

import datetime as dt
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform_sandbox.feishu.cells import Conversion
from platform_sandbox.feishu.codes import Refused
from platform_sandbox.feishu.conditions import Context, condition, reader
from platform_sandbox.feishu.filters import compile_filter
from platform_sandbox.feishu.ids import Ids
from platform_sandbox.feishu.model import Base, Field, Record, Table
from platform_sandbox.feishu.rendering import plain, render
from platform_sandbox.feishu.switches import FeishuSwitches

ZONE = ZoneInfo("Asia/Shanghai")
CONTEXT = Context(ZONE, dt.date(2026, 2, 11), FeishuSwitches())
COLUMNS = [
    Field("fldText", "文", 1, "Text", None, is_primary=True),
    Field("fldNumber", "数", 2, "Number", {"formatter": "0.00"}),
    Field("fldDate", "日", 5, "DateTime", None),
]
NAMES = {column.name: column for column in COLUMNS}
WORDS = st.sampled_from(["", "甲", "甲乙", "1", "10", "a.b", "a+b", "(x"])
NUMBERS = st.integers(-3, 3) | st.sampled_from([0.5, -0.5])
DAYS = st.integers(0, 4).map(lambda n: 1_770_739_200_000 + n * 43_200_000)


def record(text, number, date) -> Record:
    values = {"fldText": text or None, "fldNumber": number, "fldDate": date}
    kept = {key: value for key, value in values.items() if value is not None}
    return Record("rec", kept, 1, 0, 0, "ou_1", "ou_1")


RECORDS = st.builds(record, WORDS, st.none() | NUMBERS, st.none() | DAYS)
EMPTINESS = st.tuples(
    st.sampled_from(list(NAMES)), st.sampled_from(["isEmpty", "isNotEmpty"]), st.just([])
)
CONDITIONS = st.one_of(
    EMPTINESS,
    st.tuples(
        st.just("文"),
        st.sampled_from(["is", "isNot", "contains", "doesNotContain"]),
        WORDS.map(lambda word: [word]),
    ),
    st.tuples(
        st.just("数"),
        st.sampled_from(["is", "isNot", "isGreater", "isGreaterEqual", "isLess", "isLessEqual"]),
        NUMBERS.map(lambda number: [str(number)]),
    ),
    st.tuples(
        st.just("日"),
        st.sampled_from(["is", "isGreater", "isLess"]),
        DAYS.map(lambda instant: ["ExactDate", str(instant)]),
    ),
)


def one_by_one(row, conditions, quantifier):
    verdicts = []
    for name, operator, value in conditions:
        compiled = condition(NAMES[name], operator, value, CONTEXT)
        verdicts.append(bool(compiled.test(reader(NAMES[name])(row))))
    return quantifier(verdicts)


@given(
    rows=st.lists(RECORDS, max_size=8),
    own=st.lists(CONDITIONS, min_size=1, max_size=6),
    child=st.lists(CONDITIONS, min_size=1, max_size=3),
    words=st.tuples(st.sampled_from(["and", "or"]), st.sampled_from(["and", "or"])),
)
def test_compiled_filter_agrees_with_its_conditions(rows, own, child, words):
    quantifiers = [all if word == "and" else any for word in words]
    bodies = [
        {
            "conjunction": word,
            "conditions": [
                {"field_name": name, "operator": operator, "value": value}
                for name, operator, value in conditions
            ],
        }
        for word, conditions in zip(words, (own, child), strict=True)
    ]
    keep = compile_filter({**bodies[0], "children": [bodies[1]]}, NAMES, CONTEXT)
    for row in rows:
        expected = quantifiers[0](
            [
                one_by_one(row, own, quantifiers[0]),
                one_by_one(row, child, quantifiers[1]),
            ]
        )
        assert bool(keep(row)) == expected


@given(day=st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)), hour=st.integers(0, 23))
def test_every_instant_of_a_day_is_that_day_in_the_zone_of_the_base(day, hour):
    instant = dt.datetime.combine(day, dt.time(hour, 59), ZONE)
    cell = int(instant.timestamp() * 1000)
    asked = int(dt.datetime.combine(day, dt.time(12), ZONE).timestamp() * 1000)
    value = ["ExactDate", str(asked)]
    assert condition(NAMES["日"], "is", value, CONTEXT).test(cell)
    assert not condition(NAMES["日"], "isGreater", value, CONTEXT).test(cell)
    assert not condition(NAMES["日"], "isLess", value, CONTEXT).test(cell)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@pytest.mark.parametrize("kind", [1, 2, 3, 4, 5, 7, 11, 13, 15, 17, 18, 21, 22, 23])
@settings(max_examples=50)
@given(value=JSON_VALUES)
def test_any_json_is_either_refused_or_shown_again(kind, value):
    column = Field("fldX", "x", kind, "", {"table_id": "tblX"})
    table = Table("tblX", "表", [column])
    base = Base("bascn", "库", tables={"tblX": table})
    conversion = Conversion(base, table, FeishuSwitches(), Ids(Random(1)))  # noqa: S311  no secret
    try:
        stored = conversion.row({"x": column}, {"x": value})["fldX"]
    except Refused:
        return
    for identifier, added in conversion.options.items():
        assert identifier == "fldX"
        column.property = {"options": added}
    values = {} if stored is None else {"fldX": stored}
    row = Record("rec1", values, 1, 0, 0, "ou_1", "ou_1")
    (shown,) = render(base, table, [column], [row])
    if stored is None:
        assert shown in ({}, {"x": {}})
    else:
        assert shown["x"] is not None
        assert plain(base, table, column)(row) is not None
        assert hash(stored) is not None
