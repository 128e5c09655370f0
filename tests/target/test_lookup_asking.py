from __future__ import annotations

import json
import math
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_feishu_bitable.asking import (
    ONCE,
    Prospect,
    Sample,
    cheapest,
    exact,
    is_dearer,
    scan_calls,
)
from target_feishu_bitable.fields import Column, codec
from target_feishu_bitable.filters import MOST_CHARACTERS, MOST_CONDITIONS, Ask, Coverage
from target_feishu_bitable.schema import Binding

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = date(2025, 1, 1)


def bind(name, schema, column_type=1, ui_type="Text"):
    column = Column(f"fld{name}", name, column_type, ui_type, None, is_primary=False)
    made = codec(column, schema, property_name=name, is_key=True, zone=ZONE)
    return Binding(name, column, made, is_key=True)


TEXT_DAY = bind("时间", {"type": "string", "format": "date"})
DATE_DAY = bind("时间", {"type": "string", "format": "date"}, 5, "DateTime")
UNIT = bind("单元ID", {"type": "string"})
COST = bind("消耗", {"type": "number"})
HOUR = bind("小时", {"type": "string", "format": "date-time"}, 5, "DateTime")


def day(number):
    return (FIRST + timedelta(days=number)).isoformat()


def unit(number):
    return f"76{number:017d}"


def keys_of(days, units):
    return [(day(one), unit(other)) for one in days for other in units]


def length(one):
    return len(json.dumps(one, ensure_ascii=False, separators=(",", ":")))


def grown(days, per_day):
    """Page 1 of a table that grew day by day, and its total."""
    rows = keys_of(range(min(days, 500 // per_day + 1)), range(per_day))[:500]
    return Sample(days * per_day, rows)


class TestChoosing:
    def test_an_empty_or_small_table_is_never_asked(self):
        assert cheapest([TEXT_DAY, UNIT], keys_of([0], [1]), Sample(0, [])) is None
        assert cheapest([TEXT_DAY, UNIT], keys_of([0], [1]), Sample(500, keys_of([0], [1]))) is None

    @pytest.mark.parametrize("days", [range(370, 400), range(30), range(0, 390, 13)])
    @pytest.mark.parametrize("column", [TEXT_DAY, DATE_DAY])
    def test_thirty_days_of_a_large_table_are_asked_by_day(self, column, days):
        asks = cheapest([column, UNIT], keys_of(days, range(25)), grown(400, 250))
        assert asks is not None
        assert {ask.part for ask in asks} == {0}
        assert sum(ask.weight for ask in asks) == 30
        assert len(asks) <= 4

    def test_one_search_holds_thirty_one_days_as_text(self):
        asks = cheapest([TEXT_DAY, UNIT], keys_of(range(31), range(25)), grown(400, 250))
        assert [len(ask.values) for ask in asks] == [31]

    def test_one_search_holds_twenty_six_ids(self):
        asks = cheapest([UNIT], [(unit(one),) for one in range(28)], Sample(100_000, []))
        assert [len(ask.values) for ask in asks] == [26, 2]

    def test_a_run_over_everything_scans(self):
        sample = grown(40, 250)
        assert cheapest([TEXT_DAY, UNIT], keys_of(range(40), range(250)), sample) is None

    def test_a_table_by_account_is_asked_by_day_although_page_one_is_of_one_account(self):
        sample = Sample(100_000, keys_of(range(400), [0]) + keys_of(range(100), [1]))
        asks = cheapest([TEXT_DAY, UNIT], keys_of(range(370, 400), range(25)), sample)
        assert {ask.part for ask in asks} == {0}

    def test_the_oldest_days_are_asked_by_day_although_page_one_is_full_of_them(self):
        asks = cheapest([TEXT_DAY, UNIT], keys_of([0, 1], range(25)), grown(400, 250))
        assert [ask.values for ask in asks] == [{day(0), day(1)}]

    def test_many_ids_of_a_small_table_are_scanned(self):
        sample = Sample(5_000, [(unit(one),) for one in range(500)])
        assert cheapest([UNIT], [(unit(one),) for one in range(500)], sample) is None

    def test_a_year_of_text_days_is_asked_by_month(self):
        keys = keys_of(range(365), range(250))
        (ask,) = cheapest([TEXT_DAY, UNIT], keys, grown(1_200, 250))
        assert len(ask.months) == 12
        assert {one["operator"] for one in ask.filter["conditions"]} == {"contains"}

    def test_months_are_not_asked_for_when_they_hold_much_more(self):
        asks = cheapest([TEXT_DAY, UNIT], keys_of(range(0, 900, 15), range(25)), grown(1_200, 250))
        assert all(ask.values for ask in asks)

    def test_scattered_days_of_a_date_column_are_not_one_range(self):
        keys = keys_of([0, 1, 200, 201], range(100))
        (ask,) = cheapest([DATE_DAY, UNIT], keys, grown(400, 250))
        assert ask.spans == ((day(0), day(1)), (day(200), day(201)))
        assert [len(one["conditions"]) for one in ask.filter["children"]] == [2, 2]

    def test_a_range_is_a_day_wider_on_both_sides(self):
        (ask,) = cheapest([DATE_DAY, UNIT], keys_of([10, 12], range(100)), grown(400, 50))
        assert ask.filter["conjunction"] == "and"
        assert [
            (one["operator"], one["value"][0], int(one["value"][1]))
            for one in ask.filter["conditions"]
        ] == [
            ("isGreater", "ExactDate", DATE_DAY.codec.encode(day(9))),
            ("isLess", "ExactDate", DATE_DAY.codec.encode(day(13))),
        ]

    @pytest.mark.parametrize("part", [COST, HOUR])
    def test_what_no_filter_finds_surely_is_scanned(self, part):
        assert cheapest([part], [("700",)], Sample(100_000, [])) is None

    def test_exact_asks_for_little_whatever_the_table(self):
        (ask,) = exact([TEXT_DAY, UNIT], keys_of([3], range(40)))
        assert ask.values == {day(3)}


class TestCorrecting:
    ASK = Ask({"conjunction": "or", "conditions": []}, 0, 30)

    def test_goes_on_when_the_filter_found_what_was_expected(self):
        assert not is_dearer(7_500, self.ASK, [], total=100_000, prospect=ONCE)

    def test_scans_when_the_rest_is_dearer(self):
        assert is_dearer(9_000, self.ASK, [self.ASK], total=10_000, prospect=ONCE)

    def test_a_tie_goes_on(self):
        assert not is_dearer(10_000, self.ASK, [], total=10_000, prospect=ONCE)


@given(
    days=st.sets(st.integers(0, 800), min_size=1, max_size=120),
    units=st.sets(st.integers(0, 99), min_size=1, max_size=60),
    total=st.integers(501, 200_000),
    per_day=st.integers(1, 500),
    column=st.sampled_from([TEXT_DAY, DATE_DAY]),
)
def test_every_plan_covers_the_keys_within_the_platforms_limits(
    days, units, total, per_day, column
):
    keys = keys_of(days, units)
    asks = cheapest([column, UNIT], keys, grown(math.ceil(total / per_day), per_day))
    if asks is None:
        return
    coverage = Coverage(asks=asks)
    assert all(coverage.has(key) for key in keys)
    assert len(asks) < scan_calls(math.ceil(total / per_day) * per_day)
    for ask in asks:
        assert length(ask.filter) <= MOST_CHARACTERS
        assert len(ask.filter["conditions"]) <= MOST_CONDITIONS
        assert all(isinstance(text, str) for c in ask.filter["conditions"] for text in c["value"])


@given(st.sets(st.integers(0, 60), min_size=1))
def test_what_was_not_asked_for_is_not_known(days):
    asks = exact([TEXT_DAY, UNIT], keys_of(days, [1]))
    coverage = Coverage(asks=asks)
    known = {one for one in range(61) if coverage.has((day(one), unit(9)))}
    assert days <= known or {ask.part for ask in asks} == {1}
    if all(ask.values for ask in asks):
        assert known in (days, set())


class TestProspect:
    PROSPECT = Prospect(more=True, times=1, calls=4)

    def test_as_much_is_expected_to_follow_as_came_before(self):
        assert self.PROSPECT.total(2) == 5 * (4 + 2)
        assert ONCE.total(2) == 2

    def test_days_that_every_account_brings_again_are_not_expected_to_grow(self):
        keys = [(day, f"{account}-{day}") for account in range(4) for day in range(25)]
        assert self.PROSPECT.of(0, keys) is ONCE
        assert self.PROSPECT.of(1, keys) is self.PROSPECT

    def test_days_that_come_one_after_the_other_are_expected_to_go_on(self):
        keys = [(day, unit) for day in range(4) for unit in range(25)]
        assert self.PROSPECT.of(0, keys) is self.PROSPECT
        assert self.PROSPECT.of(1, keys) is ONCE

    @pytest.mark.parametrize("keys", [[], [("a", "b")]])
    def test_one_key_says_nothing(self, keys):
        assert self.PROSPECT.of(0, keys) is (self.PROSPECT if keys else ONCE)
