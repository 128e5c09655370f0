"""Things that a person should look at although the run may have succeeded. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import chain
from statistics import fmean
from typing import TYPE_CHECKING

from feishu_notify.summaries import TapSummary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from feishu_notify.story import RunStory
    from feishu_notify.summaries import Day, TapStream

MAIN_STREAM = "promotion_report"
DAYS_TO_RENEW = 7
DAYS_TO_COMPARE = 7
_KINDS = (
    ("cost_gap", re.compile(r"add up to the account's cost|differs from the account report")),
    ("row_limit_passed", re.compile(r"passed the configured limit")),
    ("row_limit", re.compile(r"row[ _]limit", re.IGNORECASE)),
)
_SAYS_THE_SAME = {
    "duplicates": re.compile("duplicate", re.IGNORECASE),
    "token_expires": re.compile(r"refresh[ _]token (ends|expires) in", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One warning: the key of its text and the values in it."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)


def findings(story: RunStory, anomaly_percent: int) -> tuple[Finding, ...]:
    """List what is worth a look: known rules first, then the plugins' own warnings."""
    known = tuple(chain(_token(story), _duplicates(story), _days(story, anomaly_percent)))
    covered = [_SAYS_THE_SAME[f.key] for f in known if f.key in _SAYS_THE_SAME]
    others = (
        Finding(_kind_of_warning(text), {"plugin": plugin.name, "text": text})
        for plugin in story.plugins
        for text in plugin.warnings
        if not any(pattern.search(text) for pattern in covered)
    )
    more = (
        Finding("more_warnings", {"plugin": plugin.name, "count": str(plugin.more_warnings)})
        for plugin in story.plugins
        if plugin.more_warnings
    )
    return (*known, *others, *more)


def main_stream(story: RunStory) -> TapStream | None:
    """The stream whose days a card talks about: the unit report, or the first one with costs."""
    streams = [
        stream
        for stream in story.tap_streams
        if any(day.cost is not None for day in stream.days) or stream.name == MAIN_STREAM
    ]
    return min(streams, key=lambda stream: stream.name != MAIN_STREAM, default=None)


def _kind_of_warning(text: str) -> str:
    """Name what a plugin warns of, when it is one of the things that people know by a name."""
    kinds = (key for key, pattern in _KINDS if pattern.search(text))
    return next(kinds, "plugin_warning")


def _token(story: RunStory) -> Iterator[Finding]:
    for summary in story.summaries:
        days = summary.refresh_token_days_left if isinstance(summary, TapSummary) else None
        if days is not None and days < DAYS_TO_RENEW:
            yield Finding("token_expires", {"days": f"{max(days, 0):g}"})


def _duplicates(story: RunStory) -> Iterator[Finding]:
    for stream in story.target_streams:
        if stream.duplicates:
            values = {"stream": stream.name, "count": str(stream.duplicates)}
            yield Finding("duplicates", values)


def _days(story: RunStory, anomaly_percent: int) -> Iterator[Finding]:
    stream = main_stream(story)
    if stream is None or not stream.days:
        return
    last, earlier = stream.days[-1], stream.days[:-1]
    if last.rows == 0:
        if any(day.rows for day in earlier):
            yield Finding("no_rows", {"date": last.date})
        return
    for name in ("cost", "conversions"):
        finding = _anomaly(name, last, earlier, anomaly_percent)
        if finding:
            yield finding


def _anomaly(name: str, last: Day, earlier: tuple[Day, ...], percent: int) -> Finding | None:
    """Compare the day with the mean of the other read days, when there are enough of them."""
    value: float | None = getattr(last, name)
    others = [v for day in earlier if (v := getattr(day, name)) is not None]
    if value is None or len(others) < DAYS_TO_COMPARE:
        return None
    mean = fmean(others)
    if mean <= 0:
        return None
    off = (value - mean) / mean * 100
    if abs(off) <= percent:
        return None
    values = {
        "date": last.date,
        "value": f"{value:,.2f}" if name == "cost" else f"{value:,.0f}",
        "mean": f"{mean:,.2f}",
        "percent": f"{off:+,.0f}",
    }
    return Finding(f"anomaly_{name}", values)
