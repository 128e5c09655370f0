"""Every form in which the platform is known to write a time, read into one. Pure.

All times of the platform are naive local times of Asia/Shanghai (UTC+8, no daylight saving since
1991); records carry them with their offset.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

from tap_oceanengine_local.windows import ZONE

_DAY: Final = re.compile(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})")
_CLOCK: Final = re.compile(r"(\d{1,2})(?::(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?")
_INTERVAL: Final = re.compile(r"\s+[-~至]\s+|\s*~\s*|(?<=:\d\d)-(?=\d\d:)")
_MILLISECONDS: Final = 10**11


def read_day(value: object) -> str:
    """Return `YYYY-MM-DD`.

    Raises:
        ValueError: It is not a day in any known form.
    """
    text = str(value).strip()
    match = _DAY.match(text)
    if match is None:
        raise ValueError("not a day")
    rest = text[match.end() :]
    if rest[:1].isdigit():
        raise ValueError("not a day")
    return date(int(match[1]), int(match[2]), int(match[3])).isoformat()


def read_moment(value: object, *, day: str | None = None) -> str:
    """Return `YYYY-MM-DDTHH:MM:SS+08:00`.

    Known forms are `2026-02-11 14:00:00`, `2026-02-11 14:00 - 14:59` (an hour as an interval),
    `2026-02-11 14`, ISO 8601 with or without offset, seconds or milliseconds since 1970, and, with
    `day`, the hour alone (`14`, `14:00`, `14:00 - 14:59`).

    Raises:
        ValueError: It is not a time in any known form.
    """
    if isinstance(value, bool):
        raise ValueError("not a time")  # noqa: TRY004  one kind of error for all odd values
    if day is not None:
        hour = _hour_alone(value)
        if hour is not None:
            return f"{read_day(day)}T{hour:02d}:00:00+08:00"
    if isinstance(value, int | float) or str(value).strip().isdigit():
        return _from_epoch(str(value).strip())
    text = _INTERVAL.split(str(value).strip(), maxsplit=1)[0]
    match = _DAY.match(text)
    if match is None:
        raise ValueError("not a time")
    clock = text[match.end() :].strip().removeprefix("T")
    return _at(read_day(match[0]), clock)


def _hour_alone(value: object) -> int | None:
    text = _INTERVAL.split(str(value).strip(), maxsplit=1)[0]
    match = re.fullmatch(r"(\d{1,2})(?::\d{2}){0,2}", text)
    if match is None:
        return None
    hour = int(match[1])
    return hour if hour < 24 else None  # noqa: PLR2004  hours of a day


def _at(day: str, clock: str) -> str:
    if not clock:
        return f"{day}T00:00:00+08:00"
    match = _CLOCK.fullmatch(clock)
    if match is None:
        raise ValueError("not a time")
    hours, minutes, seconds = int(match[1]), int(match[2] or 0), int(match[3] or 0)
    offset = (match[4] or "+08:00").replace("Z", "+00:00")
    moment = datetime.fromisoformat(f"{day}T{hours:02d}:{minutes:02d}:{seconds:02d}{offset}")
    try:
        return moment.astimezone(ZONE).isoformat()
    except OverflowError:
        raise ValueError("not a time of this calendar") from None


def _from_epoch(text: str) -> str:
    number = float(text)
    if number < 10**8:
        return _at(read_day(text), "")
    seconds = number / 1000 if number >= _MILLISECONDS else number
    try:
        return datetime.fromtimestamp(int(seconds), ZONE).isoformat()
    except OverflowError:
        raise ValueError("not a time of this calendar") from None
