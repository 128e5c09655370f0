"""Which days are read, as properties over all bookmarks, settings and clocks."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tap_oceanengine_local.windows import Span, Window, plan, split, today

TODAY = date(2026, 3, 20)
DAY = timedelta(days=1)
days = st.dates(min_value=TODAY - timedelta(days=500), max_value=TODAY)
past_days = st.dates(min_value=TODAY - timedelta(days=500), max_value=TODAY - DAY)
spans = st.builds(
    Span,
    today=st.just(TODAY),
    start_date=st.none() | days,
    end_date=st.none() | days,
    include_today=st.booleans(),
    lookback_days=st.integers(0, 365),
    window_days=st.integers(1, 365),
)


def closed(windows: tuple[Window, ...]) -> list[Window]:
    return [window for window in windows if not window.is_open]


@given(spans, st.none() | past_days)
def test_windows_cover_the_range_once_and_in_order(span, bookmark):
    windows = closed(plan(span, bookmark).windows)
    for earlier, later in pairwise(windows):
        assert later.start == earlier.end + DAY
    if windows:
        assert windows[-1].end == span.last_closed
    for window in windows:
        assert 1 <= window.days <= span.window_days


@given(spans, st.none() | past_days)
def test_no_closed_window_touches_today_or_the_time_before_the_platforms_memory(span, bookmark):
    for window in closed(plan(span, bookmark).windows):
        assert window.end < TODAY
        assert window.start >= TODAY - timedelta(days=365)


@given(spans, st.none() | past_days)
def test_today_is_a_window_of_its_own_exactly_when_it_is_wanted(span, bookmark):
    opened = [window for window in plan(span, bookmark).windows if window.is_open]
    wanted = span.include_today or span.end_date == TODAY
    assert opened == ([Window(TODAY, TODAY, is_open=True)] if wanted else [])


@given(spans, past_days)
def test_every_day_after_the_bookmark_is_read_unless_start_date_skips_it(span, bookmark):
    read = {day for window in plan(span, bookmark).windows for day in window.each_day()}
    day = bookmark + DAY
    while day <= span.last_closed:
        skipped = span.start_date is not None and day < span.start_date
        forgotten = day < TODAY - timedelta(days=365)
        assert (day in read) == (not skipped and not forgotten)
        day += DAY


@given(spans, st.none() | past_days)
def test_it_is_an_error_only_when_no_closed_day_is_left_to_read(span, bookmark):
    planned = plan(span, bookmark)
    if planned.error:
        assert closed(planned.windows) == []
        assert span.last_closed < TODAY - timedelta(days=365)
        assert bookmark is None or bookmark < span.last_closed
        assert span.start_date is not None


@given(past_days, st.integers(0, 60))
def test_a_bookmark_looks_back_exactly_the_configured_days(bookmark, lookback):
    span = Span(today=TODAY, lookback_days=lookback, window_days=365, reaches_back=None)
    windows = plan(span, bookmark).windows
    expected = bookmark - timedelta(days=lookback - 1)
    starts = [window.start for window in windows[:1]]
    assert starts == ([expected] if expected < TODAY else [])


def test_a_daily_run_with_defaults_makes_one_window():
    yesterday = TODAY - DAY
    first_run = plan(Span(today=TODAY), None)
    assert first_run.windows == (Window(yesterday - timedelta(days=30), yesterday),)
    next_run = plan(Span(today=TODAY + DAY), yesterday)
    assert next_run.windows == (Window(yesterday - timedelta(days=29), TODAY),)
    assert next_run.windows[0].days == 31
    assert first_run.warnings == next_run.warnings == ()


def test_an_earlier_end_date_moves_the_default_start():
    end = TODAY - timedelta(days=11)
    windows = plan(Span(today=TODAY, end_date=end), None).windows
    assert windows == (Window(end - timedelta(days=30), end),)


def test_a_configured_start_date_cuts_the_look_back_and_names_the_days_it_skips():
    bookmark = date(2026, 3, 1)
    cut = plan(Span(today=TODAY, start_date=date(2026, 2, 20)), bookmark)
    assert cut.windows[0].start == date(2026, 2, 20)
    assert cut.warnings == ()
    skipping = plan(Span(today=TODAY, start_date=date(2026, 3, 5)), bookmark)
    assert skipping.windows[0].start == date(2026, 3, 5)
    assert "2026-03-02 to 2026-03-04 are skipped" in skipping.warnings[0]


def test_an_early_start_date_never_widens_a_run_that_has_a_bookmark():
    windows = plan(Span(today=TODAY, start_date=date(2025, 6, 1)), date(2026, 3, 18)).windows
    assert windows[0].start == date(2026, 2, 17)


def test_days_before_the_platforms_memory_are_clamped_with_a_warning():
    planned = plan(Span(today=TODAY, start_date=date(2025, 1, 1), window_days=365), None)
    assert planned.windows == (Window(date(2025, 3, 20), date(2026, 3, 19)),)
    assert "2025-01-01 to 2025-03-19 cannot be read" in planned.warnings[0]


def test_a_bookmark_that_is_not_in_the_past_is_read_as_yesterday_with_a_warning():
    planned = plan(Span(today=TODAY, lookback_days=1), TODAY + DAY)
    assert planned.windows == (Window(TODAY - DAY, TODAY - DAY),)
    assert "is not in the past" in planned.warnings[0]


def test_an_end_date_before_the_look_back_reads_nothing_and_misses_nothing():
    assert plan(Span(today=TODAY, end_date=date(2026, 1, 1)), TODAY - DAY).windows == ()
    long_ago = plan(Span(today=TODAY, end_date=date(2024, 1, 1)), date(2024, 6, 1))
    assert (long_ago.windows, long_ago.warnings, long_ago.error) == ((), (), None)


@given(past_days, st.integers(0, 400), st.integers(1, 365))
def test_splitting_loses_no_day(first, length, width):
    last = first + timedelta(days=length)
    covered = [day for window in split(first, last, width) for day in window.each_day()]
    assert covered == [first + timedelta(days=offset) for offset in range(length + 1)]


def test_today_is_a_day_in_shanghai_whatever_the_hosts_zone():
    assert today(1_773_936_000.0) == date(2026, 3, 20)  # 2026-03-19T16:00:00Z
    assert today(1_773_935_999.0) == date(2026, 3, 19)
