"""Every form in which the platform is known to write a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_oceanengine_local.times import read_day, read_moment

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    "value",
    [
        "2026-02-11",
        "2026-02-11 00:00:00",
        "2026-02-11T09:30:00+08:00",
        " 2026-02-11 ",
        "2026/02/11",
        "20260211",
        20260211,
    ],
)
def test_reads_a_day_in_every_known_form(value):
    assert read_day(value) == "2026-02-11"


@pytest.mark.parametrize(
    "value", ["", "-", "yesterday", "2026-02", "2026-13-01", "202602111", True]
)
def test_refuses_what_is_no_day(value):
    with pytest.raises(ValueError, match=r"."):
        read_day(value)


@pytest.mark.parametrize(
    "value",
    [
        "2026-02-11 14:00:00",
        "2026-02-11 14:00",
        "2026-02-11 14",
        "2026-02-11T14:00:00",
        "2026-02-11T14:00:00+08:00",
        "2026-02-11T14:00:00+0800",
        "2026-02-11T06:00:00Z",
        "2026-02-11 14:00:00.000",
        "2026-02-11 14:00 - 14:59",
        "2026-02-11 14:00:00 - 2026-02-11 14:59:59",
        "2026-02-11 14:00~14:59",
        "2026-02-11 14:00-14:59",
        "2026/02/11 14:00",
        "20260211 14",
        1770789600,
        1770789600000,
        "1770789600",
    ],
)
def test_reads_a_moment_in_every_known_form(value):
    assert read_moment(value) == "2026-02-11T14:00:00+08:00"


@pytest.mark.parametrize("value", [14, "14", "14:00", "14:00:00", "14:00 - 14:59", "14:00-14:59"])
def test_an_hour_alone_is_read_with_its_day(value):
    assert read_moment(value, day="2026-02-11") == "2026-02-11T14:00:00+08:00"


@pytest.mark.parametrize("value", ["2026-02-11 09:00:00", "2026-02-11 9"])
def test_a_full_moment_wins_over_the_day(value):
    assert read_moment(value, day="2026-02-12") == "2026-02-11T09:00:00+08:00"


def test_a_day_is_its_first_instant():
    assert read_moment("2026-02-11") == "2026-02-11T00:00:00+08:00"
    assert read_moment("20260211") == "2026-02-11T00:00:00+08:00"


@pytest.mark.parametrize(
    "value",
    [
        *("", "-", "soon", "2026-02-11 25:00:00", "14:00", True, "2026-02-11 x"),
        *(10**25, 1e300, "0001-01-01T00:00:00+14:00"),
    ],
)
def test_refuses_what_is_no_moment(value):
    with pytest.raises(ValueError, match=r"."):
        read_moment(value)


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_a_written_moment_reads_back_as_itself(naive):
    local = naive.replace(microsecond=0, tzinfo=SHANGHAI)
    text = local.isoformat()
    assert read_moment(text) == text
    assert read_moment(f"{naive:%Y-%m-%d %H:%M:%S}") == text
    assert read_moment(int(local.timestamp())) == text
    assert read_moment(local.astimezone(UTC).isoformat()) == text
    assert read_day(text) == text[:10]


@given(st.integers(0, 23), st.dates(min_value=datetime(2000, 1, 1).date()))  # noqa: DTZ001
def test_hours_of_a_day_are_in_order(hour, day):
    moment = read_moment(f"{hour:02d}:00 - {hour:02d}:59", day=day.isoformat())
    assert datetime.fromisoformat(moment) - datetime.fromisoformat(
        read_moment(day.isoformat())
    ) == timedelta(hours=hour)
