"""From the platform's row to the values of a record."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_oceanengine_local.metrics import Field, metrics
from tap_oceanengine_local.records import (
    RowError,
    RowReader,
    conversion_cost,
    read_count,
    read_id,
    read_numbers,
    read_rate,
    read_text,
    read_texts,
    read_yuan,
)

UNIT = Field("promotion_id", "id", "单元ID", "", ("promotion_id",), required=True)
DAY = Field("stat_time_day", "day", "时间", "", ("stat_time_day",), required=True)
NAME = Field("promotion_name", "text", "单元名称", "", ("promotion_name",))
FIELDS = (DAY, UNIT, NAME, *metrics("promotion"))
ROW = {
    "promotion_id": 7604418424915820607,
    "promotion_name": "单元甲_02_08",
    "stat_time_day": "2026-02-11",
    "stat_cost": 700.0,
    "convert_cnt": 3,
}


def reader(*shown, needed=()):
    return RowReader(
        FIELDS, frozenset(shown), frozenset(needed), keys=("stat_time_day", "promotion_id")
    )


@given(st.integers(0, 2**63 - 1))
def test_ids_keep_every_digit(number):
    assert read_id(number) == str(number)
    assert read_id(str(number)) == str(number)


@pytest.mark.parametrize("value", [7.604418424915821e18, True, [1], {"id": 1}])
def test_an_id_that_may_have_lost_digits_is_refused(value):
    with pytest.raises(ValueError, match="an id came as"):
        read_id(value)


@pytest.mark.parametrize("read", [read_id, read_count, read_yuan, read_rate])
@pytest.mark.parametrize("value", ["-", "", " - ", None])
def test_a_dash_and_null_are_null(read, value):
    assert read(value) is None


@pytest.mark.parametrize(
    ("value", "count"), [(3, 3), (3.0, 3), ("3", 3), ("3.0", 3), ("1,234", 1234)]
)
def test_counts_come_as_numbers_or_as_text(value, count):
    assert read_count(value) == count
    assert type(read_count(value)) is int


@pytest.mark.parametrize("value", [3.5, "x", True, [3]])
def test_a_count_that_is_none_is_refused(value):
    with pytest.raises(ValueError, match=r"count|number"):
        read_count(value)


@pytest.mark.parametrize(
    ("value", "yuan"),
    [
        (1.005, 1.01),
        (0.125, 0.13),
        (2.675, 2.68),
        (0.1 + 0.2, 0.3),
        (700, 700.0),
        ("118.365", 118.37),
        (-0.001, 0.0),
        (Decimal("1.005"), 1.01),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_money_is_rounded_half_up_to_fen(value, yuan):
    assert read_yuan(value) == yuan


@given(st.decimals(min_value=0, max_value=10**9, places=6))
def test_rounding_follows_the_digits_that_were_sent(number):
    value = float(number)
    expected = Decimal(str(value)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    assert read_rate(value) == float(expected)


def test_texts_and_lists():
    assert read_text("-") == "-"
    assert read_text(1) == "1"
    assert read_text("") is None
    assert read_texts(["a", 1]) == ["a", "1"]
    assert read_texts("a") == ["a"]
    assert read_texts("") is None
    assert read_numbers([196, "7"]) == [196, 7]
    assert read_numbers(None) is None
    with pytest.raises(ValueError, match="a text came as dict"):
        read_text({"a": 1})


@pytest.mark.parametrize(
    ("own", "cost", "conversions", "expected"),
    [
        (233.33, 700.0, 4, 233.33),
        (0.0, 700.0, 3, 0.0),
        (None, 700.0, 3, 233.33),
        (None, 0.05, 2, 0.03),
        (None, 700.0, 0, 0.0),
        (None, None, 3, None),
        (None, 700.0, None, None),
    ],
)
def test_conversion_cost_is_the_platforms_own_or_derived(own, cost, conversions, expected):
    assert conversion_cost(own, cost, conversions) == expected


def test_a_row_becomes_the_selected_values_in_the_order_of_the_schema():
    rows = reader("convert_cnt", "stat_cost", "promotion_name")
    assert rows.record(rows.read({**ROW, "new_key_of_2027": {"x": 1}}, {})) == {
        "stat_time_day": "2026-02-11",
        "promotion_id": "7604418424915820607",
        "promotion_name": "单元甲_02_08",
        "stat_cost": 700.0,
        "convert_cnt": 3,
    }


def test_what_is_needed_but_not_selected_is_read_and_not_shown():
    rows = reader("conversion_cost", needed=("stat_cost", "convert_cnt"))
    values = rows.read({**ROW, "conversion_cost": "-"}, {})
    assert rows.record(values) == {
        "stat_time_day": "2026-02-11",
        "promotion_id": "7604418424915820607",
        "conversion_cost": 233.33,
    }
    assert values[rows.place("stat_cost")] == 700.0
    assert rows.place("click_cnt") is None


def test_missing_metrics_are_null():
    rows = reader("show_cnt", "stat_cost")
    assert rows.record(rows.read(ROW, {}))["show_cnt"] is None


@pytest.mark.parametrize("missing", ["promotion_id", "stat_time_day"])
@pytest.mark.parametrize("how", ["absent", "null", "dash"])
def test_a_row_without_its_key_fails_loudly(missing, how):
    row = {**ROW, missing: {"null": None, "dash": "-"}.get(how)}
    if how == "absent":
        del row[missing]
    with pytest.raises(RowError, match=f"without {missing}"):
        reader().read(row, {})


def test_an_unreadable_value_names_its_column_and_not_itself():
    with pytest.raises(RowError, match="stat_cost cannot be read") as raised:
        reader("stat_cost").read({**ROW, "stat_cost": "secret"}, {})
    assert "secret" not in str(raised.value)


def test_given_values_win_over_the_rows_own():
    rows = reader()
    assert rows.record(rows.read(ROW, {"stat_time_day": "2026-02-12"}))["stat_time_day"] == (
        "2026-02-12"
    )


def test_the_key_of_a_row():
    rows = reader("stat_cost")
    assert rows.key(rows.read(ROW, {})) == ("2026-02-11", "7604418424915820607")


def test_nested_values_are_found_and_their_absence_is_null():
    field = Field("poi_id", "id", "门店ID", "", ("poi_info", "poi_id"))
    rows = RowReader((UNIT, field), frozenset({"poi_id"}), keys=("promotion_id",))
    assert rows.read({"promotion_id": 1, "poi_info": {"poi_id": 2}}, {}) == ("1", "2")
    assert rows.read({"promotion_id": 1, "poi_info": None}, {}) == ("1", None)
    assert rows.read({"promotion_id": 1}, {}) == ("1", None)
