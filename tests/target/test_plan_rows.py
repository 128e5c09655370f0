from __future__ import annotations

import math
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from target_feishu_bitable.fields import Column, codec
from target_feishu_bitable.known import KnownRow
from target_feishu_bitable.plan import ABSENT, Row, plan
from target_feishu_bitable.schema import Binding


def bind(name, schema, column_type, *, is_key=False):
    ui_type = {1: "Text", 2: "Number"}[column_type]
    column = Column(f"fld{name}", name, column_type, ui_type, None, is_primary=False)
    made = codec(column, schema, property_name=name, is_key=is_key, zone=ZoneInfo("Asia/Shanghai"))
    return Binding(name, column, made, is_key=is_key)


BINDINGS = (
    bind("id", {"type": "string"}, 1, is_key=True),
    bind("text", {"type": "string"}, 1),
    bind("number", {"type": "number"}, 2),
)


class Known:
    def __init__(self, rows):
        self._rows = {}
        for number, cells in enumerate(rows):
            row = KnownRow(f"rec{number}", list(cells))
            self._rows.setdefault((cells[0],), []).append(row)

    def rows(self, key):
        return self._rows.get(key, ())

    def cell(self, row, index):
        return row.cells[index]


ids = st.sampled_from(["a", "b", "c", "d"])
texts = st.sampled_from([None, "甲", "乙"])
numbers = st.one_of(st.none(), st.integers(-9, 9), st.decimals(-9, 9, places=2))
tables = st.lists(st.tuples(ids, texts, numbers), max_size=6)
batches = st.dictionaries(
    ids, st.tuples(st.one_of(st.just(ABSENT), texts), st.one_of(st.just(ABSENT), numbers))
)


def rows_of(batch):
    return [Row(number, (key,), [key, *cells]) for number, (key, cells) in enumerate(batch.items())]


def apply(made, table):
    """The table after the plan, as (id, text, number) rows."""
    after = {f"rec{number}": list(cells) for number, cells in enumerate(table)}
    for change in made.updates:
        for index in change.cells:
            after[change.known.record_id][index] = change.row.cells[index]
    for row in made.creates:
        after[f"new{row.number}"] = [None if one is ABSENT else one for one in row.cells]
    return after


@given(tables, batches)
def test_after_the_plan_every_key_holds_what_the_stream_said(table, batch):
    after = apply(plan(rows_of(batch), BINDINGS, Known(table)), table)
    for key, (text, number) in batch.items():
        first = next(cells for cells in after.values() if cells[0] == key)
        assert text is ABSENT or first[1] == text
        assert number is ABSENT or first[2] == number or math.isclose(first[2], number)


@given(tables, batches)
def test_a_second_plan_has_nothing_to_do(table, batch):
    after = apply(plan(rows_of(batch), BINDINGS, Known(table)), table)
    again = plan(rows_of(batch), BINDINGS, Known(list(after.values())))
    assert (again.creates, again.updates) == ([], [])
    assert again.unchanged == len(batch)


@given(tables, batches)
def test_nothing_else_changes(table, batch):
    made = plan(rows_of(batch), BINDINGS, Known(table))
    after = apply(made, table)
    touched = {change.known.record_id for change in made.updates}
    for number, cells in enumerate(table):
        if f"rec{number}" not in touched:
            assert after[f"rec{number}"] == list(cells)
    assert len(made.creates) + len(made.updates) + made.unchanged == len(batch)
    there = {cells[0] for cells in table}
    assert {row.key[0] for row in made.creates} == set(batch) - there


@given(tables, batches)
def test_only_cells_that_differ_are_changed(table, batch):
    for change in plan(rows_of(batch), BINDINGS, Known(table)).updates:
        assert change.cells
        for index in change.cells:
            assert change.row.cells[index] is not ABSENT
            assert change.row.cells[index] != change.known.cells[index]


def test_numbers_within_the_tolerance_are_equal():
    known = Known([("a", None, Decimal("118.36"))])
    near = Row(0, ("a",), ["a", ABSENT, Decimal("118.36000000001")])
    far = Row(0, ("a",), ["a", ABSENT, Decimal("118.3601")])
    assert plan([near], BINDINGS, known).unchanged == 1
    assert plan([far], BINDINGS, known).updates[0].cells == (2,)


def test_the_first_of_several_rows_with_a_key_is_corrected():
    known = Known([("a", "甲", 1), ("a", "甲", 2)])
    (change,) = plan([Row(0, ("a",), ["a", "乙", 1])], BINDINGS, known).updates
    assert change.known.record_id == "rec0"
