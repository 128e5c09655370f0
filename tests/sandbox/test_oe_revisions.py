"""How past days change while the clock moves, and what never does."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from platform_sandbox import World
from platform_sandbox.oceanengine.inventory import build_accounts
from platform_sandbox.oceanengine.numbers import Moment, numbers_of, of_hour, share_of
from platform_sandbox.testing import SandboxServer

EVENT = ["stat_cost", "show_cnt", "click_cnt", "convert_cnt", "clue_pay_order_cnt"]
METRICS = [*EVENT, "attribution_convert_cnt", "video_oto_pay_order_count_7d"]


def read(oe, start, end):
    rows = {}
    for account in oe.sandbox.platform.oceanengine.accounts[:7]:
        for row in oe.rows(
            local_account_id=account.id, start_date=str(start), end_date=str(end), metrics=METRICS
        ):
            rows[row["stat_time_day"], row["promotion_id"]] = row
    return rows


def changed(before, after, name):
    return {day for (day, unit), row in before.items() if after[day, unit][name] != row[name]}


def test_closed_days_are_the_same_at_the_same_clock(oe):
    last = oe.sandbox.platform.clock.yesterday()
    first = read(oe, last - timedelta(days=3), last)
    assert read(oe, last - timedelta(days=3), last) == first
    oe.sandbox.platform.reset()
    assert read(oe, last - timedelta(days=3), last) == first


def test_equal_seeds_make_equal_worlds_and_others_differ():
    first = World().seed
    with SandboxServer(world=World()) as one, SandboxServer(world=World(seed=first + 1)) as two:
        ids = [account.id for account in one.platform.oceanengine.accounts]
        others = [account.id for account in two.platform.oceanengine.accounts]
        assert not set(ids) & set(others)
        assert ids[0] == 1800152342432108


def test_the_last_closed_day_settles_once_and_older_ones_only_gain_conversions(oe):
    clock = oe.sandbox.platform.clock
    last = clock.yesterday()
    start = last - timedelta(days=35)
    before = read(oe, start, last)
    oe.move_clock(3)
    after = read(oe, start, last)

    assert before.keys() <= after.keys(), "no row ever goes"
    for name in EVENT:
        assert changed(before, after, name) <= {str(last)}, name
    assert changed(before, after, "stat_cost") == {str(last)}
    late = changed(before, after, "attribution_convert_cnt")
    assert len(late) > 5
    assert min(late) >= str(clock.yesterday() - timedelta(days=32))
    deals = changed(before, after, "video_oto_pay_order_count_7d")
    assert deals
    assert min(deals) >= str(last - timedelta(days=6))
    for key, row in before.items():
        assert after[key]["attribution_convert_cnt"] >= row["attribution_convert_cnt"]
        assert after[key]["stat_cost"] >= row["stat_cost"]

    oe.move_clock(3)
    settled = read(oe, start, last)
    for name in EVENT:
        assert changed(after, settled, name) == set(), name


def test_rows_can_first_appear_days_later(oe):
    clock = oe.sandbox.platform.clock
    last = clock.yesterday()
    before = read(oe, last - timedelta(days=7), last)
    oe.move_clock(5)
    late = read(oe, last - timedelta(days=7), last)
    new = [row for key, row in late.items() if key not in before]
    assert new
    for row in new:
        assert (row["stat_cost"], row["attribution_convert_cnt"]) == (0, 1)


def test_the_open_day_grows_from_call_to_call(oe):
    clock = oe.sandbox.platform.clock
    today = clock.today()
    first = sum(row["stat_cost"] for row in read(oe, today, today).values())
    second = sum(row["stat_cost"] for row in read(oe, today, today).values())
    assert 0 < first < second
    oe.sandbox.platform.switches.oe_today_grows = False
    third, fourth = (read(oe, today, today) for _ in range(2))
    assert third == fourth
    oe.move_clock(1)
    closed = sum(row["stat_cost"] for row in read(oe, today, today).values())
    assert closed > second


def test_days_to_come_have_no_rows(oe):
    tomorrow = oe.sandbox.platform.clock.today() + timedelta(days=1)
    assert read(oe, tomorrow, tomorrow + timedelta(days=3)) == {}


def test_deleted_units_go_on_reporting_their_history(oe):
    platform = oe.sandbox.platform
    account = platform.oceanengine.accounts[0]
    listed = oe.get(
        "v3.0/local/promotion/list/",
        local_account_id=account.id,
        filtering={
            "local_delivery_scene": "ALL",
            "promotion_status_first": "PROMOTION_STATUS_DELETED",
        },
        page_size=100,
    )["data"]["promotion_list"]
    deleted = {row["promotion_id"] for row in listed}
    reported = {row["promotion_id"] for row in oe.rows()}
    assert deleted & reported


FIRST = date(2026, 1, 1)
UNITS = [
    unit
    for account in build_accounts(World(), FIRST, FIRST + timedelta(days=200))
    for unit in account.units
]
DAYS = st.integers(0, 160).map(lambda number: FIRST.toordinal() + number)


@given(st.sampled_from(UNITS), DAYS, st.integers(0, 40), st.integers(0, 40))
def test_a_days_conversions_only_grow_and_stop_after_thirty_days(unit, day, age, more):
    younger = numbers_of(unit, day, Moment(day + age, 570))
    older = numbers_of(unit, day, Moment(day + age + more, 570))
    if younger is None:
        return
    assert older is not None
    assert all(new >= old for new, old in zip(older[:-1], younger[:-1], strict=True))
    if age >= 30:
        assert older == younger


@given(st.sampled_from(UNITS), DAYS, st.integers(0, 40))
def test_shares_and_hours_add_up(unit, day, age):
    numbers = numbers_of(unit, day, Moment(day + age, 900))
    if numbers is None:
        return
    halves = [share_of(numbers, first=first) for first in (True, False)]
    hours = [part for part in (of_hour(numbers, hour) for hour in range(24)) if part]
    for parts in (halves, hours):
        sums = [sum(column) for column in zip(*(part[:-1] for part in parts), strict=True)]
        assert sums == list(numbers[:-1]) or (not parts and not any(numbers[:-1]))
