"""Which days to read: from bookmark, settings and the clock to request windows. Pure.

A day is a day in Asia/Shanghai. A closed day lies before today; only closed days move bookmarks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

ZONE: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Without daylight saving since 1991, so that no time zone database is needed."""
DEFAULT_DAYS: Final = 30
"""Days before the last one that are read when neither bookmark nor `start_date` say more."""
PLATFORM_DAYS: Final = 365
"""The platform refuses a start before today - 365 and a span of more than 365 days."""
HOURLY_DAYS: Final = 7
"""Longest span of one hourly request, and the look-back of streams that are costly to re-read."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """An inclusive range of days that is asked for at once.

    Attributes:
        start: First day.
        end: Last day.
        is_open: Today: still growing, never bookmarked.
    """

    start: date
    end: date
    is_open: bool = False

    def __str__(self) -> str:
        """Return the range as a person would write it."""
        return f"{self.start}" if self.start == self.end else f"{self.start} to {self.end}"

    @property
    def days(self) -> int:
        """Number of days in the window."""
        return (self.end - self.start).days + 1

    def each_day(self) -> Iterator[date]:
        """Yield the days, oldest first."""
        for offset in range(self.days):
            yield self.start + timedelta(days=offset)


@dataclass(frozen=True, slots=True)
class Span:
    """What to read as the settings say, before an account's bookmark is known.

    Attributes:
        today: Today in Asia/Shanghai.
        start_date: Configured first day, or None.
        end_date: Configured last day, or None for yesterday.
        include_today: Read the open day as well.
        lookback_days: Days up to the bookmark that are read again.
        window_days: Longest window wanted.
        reaches_back: How far before today the platform answers, or None without such a limit.
    """

    today: date
    start_date: date | None = None
    end_date: date | None = None
    include_today: bool = False
    lookback_days: int = 30
    window_days: int = 31
    reaches_back: int | None = PLATFORM_DAYS

    @property
    def last_closed(self) -> date:
        """The last closed day that is wanted."""
        yesterday = self.today - _DAY
        return yesterday if self.end_date is None else min(self.end_date, yesterday)

    @property
    def reads_today(self) -> bool:
        """Whether the open day is wanted."""
        return self.include_today or self.end_date == self.today


@dataclass(frozen=True, slots=True)
class Plan:
    """The windows of one account, oldest first, and what a person should know about them.

    Attributes:
        windows: What to read.
        warnings: One sentence each.
        error: Why none of the closed days that are still wanted can be read, or None.
    """

    windows: tuple[Window, ...]
    warnings: tuple[str, ...] = ()
    error: str | None = None


def today(timestamp: float) -> date:
    """Return the day in Asia/Shanghai at a POSIX timestamp."""
    return datetime.fromtimestamp(timestamp, ZONE).date()


def plan(span: Span, bookmark: date | None) -> Plan:
    """Return the windows to read for an account whose last complete day is `bookmark`.

    Without bookmark the first day is `start_date` or its default; with one it is
    `bookmark - lookback_days + 1`, raised to `start_date` only when that is configured.
    """
    warnings: list[str] = []
    error: str | None = None
    if bookmark is not None and bookmark >= span.today:
        warnings.append(
            f"The bookmark {bookmark} is not in the past; it is read as {span.today - _DAY}."
        )
        bookmark = span.today - _DAY
    first = _first_day(span, bookmark, warnings)
    if span.reaches_back is not None:
        earliest = span.today - timedelta(days=span.reaches_back)
        if first < earliest and first <= span.last_closed:
            gone = Window(first, min(earliest - _DAY, span.last_closed))
            is_wanted = span.start_date is not None and (bookmark is None or bookmark < gone.end)
            if gone.end == span.last_closed and is_wanted:
                error = (
                    f"nothing of {gone} can be read, because the platform gives days from "
                    f"{earliest} on: set start_date and end_date to days that it gives."
                )
            else:
                warnings.append(
                    f"The platform keeps {span.reaches_back} days: the days {gone.start} to "
                    f"{gone.end} cannot be read any more."
                )
            first = earliest
    windows = list(split(first, span.last_closed, span.window_days))
    if span.reads_today and (span.start_date is None or span.start_date <= span.today):
        windows.append(Window(span.today, span.today, is_open=True))
    return Plan(tuple(windows), tuple(warnings), error)


def split(first: date, last: date, window_days: int) -> Iterator[Window]:
    """Yield windows of at most `window_days` that cover first..last without gap or overlap."""
    start = first
    while start <= last:
        end = min(start + timedelta(days=window_days - 1), last)
        yield Window(start, end)
        start = end + _DAY


def _first_day(span: Span, bookmark: date | None, warnings: list[str]) -> date:
    if bookmark is None:
        return span.start_date or span.last_closed - timedelta(days=DEFAULT_DAYS)
    first = bookmark - timedelta(days=span.lookback_days - 1)
    if span.start_date is None or span.start_date <= first:
        return first
    if span.start_date > bookmark + _DAY:
        warnings.append(
            f"start_date {span.start_date} lies after the bookmark {bookmark}: the days "
            f"{bookmark + _DAY} to {span.start_date - _DAY} are skipped and will stay missing. "
            "Unset start_date to read them."
        )
    return span.start_date
