"""What a run costs in calls, held against the promised figures."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pytest

OTHERS = 6
"""Calls of a run besides its pages and writes: token, base, columns, and some to spare."""
FIRST = date(2025, 1, 1)
ROWS = 100_000
DAYS = 400
PER_DAY = ROWS // DAYS


@pytest.fixture
def by_link(sandbox, base):
    """The table by the link from the browser, as the settings of most people have it."""

    def of(table):
        return {"bitable": f"{sandbox.url}/base/{base.token}?table={table.id}", "table": None}

    return of


def test_ten_thousand_new_rows_and_the_same_again(feed, say, table, by_link, calls):
    rows = say.rows(10_000, days=30)

    feed(say.schema(), *rows, say.state(1), **by_link(table)).ok()

    assert len(table) == 10_000
    assert calls.by_kind["batch_create"] == calls.writes == 20
    assert calls.others <= OTHERS
    calls.clear()

    feed(say.schema(), *rows, say.state(1), **by_link(table)).ok()

    assert calls.writes == 0
    assert calls.by_kind["search"] <= 20
    assert calls.others <= 20 + OTHERS


@pytest.mark.parametrize("states", [1, 5])
def test_states_in_between_ask_for_nothing_twice(feed, say, table, calls, states):
    rows = say.rows(2_000, days=30)
    messages = [say.schema()]
    for start in range(0, 2_000, 2_000 // states):
        messages += [*rows[start : start + 2_000 // states], say.state(start)]

    feed(*messages, checkpoint_seconds=0).ok()

    assert calls.writes == max(4, states)
    assert calls.others <= OTHERS + 1  # the list of tables, for the name


def test_each_extra_has_its_price(feed, say, base, calls, platform):
    platform.feishu.switch(rows_in_new_table=10)

    feed(
        say.schema(), *say.rows(10), bitable="https://x.feishu.cn/wiki/wikcnSandbox0000000000000001"
    ).ok()

    # The page of the wiki, the table, its ten rows found and removed.
    assert calls.count() <= 1 + OTHERS + 1 + 1 + 2


def test_each_added_column_is_one_call(feed, say, base, by_link, calls):
    table = base.create_table("日报", say.fields[:3])

    feed(say.schema(), *say.rows(10), **by_link(table)).ok()

    assert calls.count() <= 1 + OTHERS + 2


@pytest.fixture(params=["date", "text"])
def grown(request, base, say):
    """A table that grew day by day to 100,000 rows."""
    is_date = request.param == "date"
    fields = [
        one if one["field_name"] != "day" or is_date else one | {"type": 1} for one in say.fields
    ]
    table = base.create_table("日报", fields)
    rows = []
    for number in range(ROWS):
        day = (FIRST + timedelta(days=number // PER_DAY)).isoformat()
        rows.append(
            {
                "day": say.day(day) if is_date else day,
                "unit": f"76044184249{number:08d}",
                "name": "单元",
                "cost": 1.5,
                "clicks": 3,
            }
        )
    table.add(rows)
    return table


def test_correcting_a_month_of_a_large_table_reads_that_month(feed, say, grown, by_link, calls):
    dates = range(DAYS - 30, DAYS)
    messages = [
        say.record(
            day=(FIRST + timedelta(days=number)).isoformat(),
            unit=f"76044184249{number * PER_DAY + place:08d}",
            cost=2.5,
        )
        for number in dates
        for place in range(25)
    ]
    pages = math.ceil(30 * PER_DAY / 500)
    calls.clear()

    outcome = feed(say.schema(), *messages, say.state(1), **by_link(grown)).ok()

    assert (outcome.of()["updated"], outcome.of()["created"]) == (750, 0)
    assert calls.writes <= 2
    assert calls.others <= pages + OTHERS


def by_unit(rows):
    return sorted(rows, key=lambda one: (one["record"]["unit"], one["record"]["day"]))


def by_day(rows):
    return sorted(rows, key=lambda one: (one["record"]["day"], one["record"]["unit"]))


def by_account(rows):
    """Accounts of 40 units."""
    unit = lambda one: int(one["record"]["unit"][2:])  # noqa: E731
    return sorted(rows, key=lambda one: (unit(one) // 40, one["record"]["day"], unit(one)))


@pytest.mark.parametrize("order", [by_unit, by_day, by_account])
@pytest.mark.parametrize("seconds", [0, 86_400])
def test_states_in_between_do_not_make_the_same_again_dearer(  # noqa: PLR0917  fixtures
    feed, say, table, by_link, calls, order, seconds
):
    rows = order(
        say.record(day=f"2026-02-{day:02d}", unit=f"76{unit:05d}", name="甲", cost=1.5, clicks=2)
        for unit in range(400)
        for day in range(1, 26)
    )
    feed(say.schema(), *rows, **by_link(table)).ok()
    calls.clear()
    messages = [say.schema()]
    for start in range(0, 10_000, 1_000):
        messages += [*rows[start : start + 1_000], say.state(start)]

    feed(*messages, checkpoint_seconds=seconds, **by_link(table)).ok()

    assert calls.writes == 0
    assert calls.others <= 20 + OTHERS


def test_a_flush_in_between_does_not_read_a_table_whose_days_are_few(
    feed, say, table, by_link, calls
):
    days = [f"2026-{month:02d}-{day:02d}" for month in (1, 2, 3) for day in range(1, 29)]
    rows = [
        say.record(day=day, unit=f"{account}{unit:03d}", name="甲", cost=1.5, clicks=2)
        for account in range(1, 21)
        for day in days
        for unit in range(10)
    ]
    feed(say.schema(), *rows, **by_link(table)).ok()
    calls.clear()
    late = [one for one in rows if one["record"]["day"] >= "2026-03"]

    feed(
        say.schema(),
        *late[:2_800],
        say.state(1),
        *late[2_800:],
        checkpoint_seconds=0,
        **by_link(table),
    ).ok()

    assert calls.writes == 0
    assert calls.others <= 12 + OTHERS  # 28 days of 200 rows; the whole table has 34 pages
