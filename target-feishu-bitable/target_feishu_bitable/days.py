"""Days as people and sheets write them into text cells, and how a search finds these. Pure.

A filter by day asks for 2026-02-01 and would miss every other spelling. So what is read as a day
here, and what a search finds by the marks below, are the same.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

BLANKS: Final = (" ", "\t", "\n", "\r", "\xa0", "\u3000")
"""May stand around a day."""
MARKS: Final = ("T", *(f"-{month}-" for month in range(1, 10)))
"""One of them stands in a day with hyphens, but in none like 2026-02-01 or 2026-02-1."""
CENTURY: Final = "20"
"""Stands in a day without hyphens, which is read in this century only."""
_HYPHENS: Final = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)", re.ASCII)
_OTHERS: Final = tuple(
    re.compile(rf"({CENTURY}\d\d){rest}", re.ASCII)
    for rest in (
        r"/(\d\d?)/(\d\d?)",
        r"\.(\d\d?)\.(\d\d?)",
        r"年(\d\d?)月(\d\d?)日?",
        r"(\d\d)(\d\d)",
    )
)


def written_day(text: str) -> str | None:
    """Return the day that a text names without a time, as YYYY-MM-DD; None if it does not."""
    stripped = text.strip("".join(BLANKS))
    for form in (_HYPHENS, *_OTHERS):
        if found := form.fullmatch(stripped):
            try:
                return date(*map(int, found.groups())).isoformat()
            except ValueError:
                return None
    return None


@lru_cache(maxsize=4096)  # a run has few days and many rows
def read_day(text: str, zone: ZoneInfo) -> str | None:
    """Return the day in `zone` that a text names, with or without a time; None if it does not."""
    if found := written_day(text):
        return found
    stripped = text.strip("".join(BLANKS))
    if stripped[10:11] not in {"T", " "} and stripped[8:9] != "T":
        return None
    try:
        return day_of(datetime.fromisoformat(stripped), zone).isoformat()
    except ValueError:
        return None


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """Return the day on which `moment` falls in `zone`; without an offset it is there already."""
    try:
        return (moment.astimezone(zone) if moment.tzinfo else moment).date()
    except OverflowError:
        return moment.date()


def short_day(day: str) -> str | None:
    """Return 2026-02-01 as 2026-02-1, which only `is` finds; None for days of two digits."""
    return f"{day[:8]}{day[9]}" if day[8:9] == "0" else None
