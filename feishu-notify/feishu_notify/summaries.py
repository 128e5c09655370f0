"""The ``run summary`` records of a tap and a target, read tolerantly.

The plugins that come with this project log one such record each at their end; any other Singer
plugin may do the same. A field that is missing or of an unexpected kind counts as unknown: a card
must never fail because of a summary.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

MESSAGE = "run summary"


@dataclass(frozen=True, slots=True)
class Day:
    """Totals of one closed day over all accounts; money in yuan. None means not read."""

    date: str
    rows: int
    cost: float | None
    conversions: float | None
    average_cost: float | None


@dataclass(frozen=True, slots=True)
class TapStream:
    """What a tap read of one stream; ``names`` are those of failed accounts, where known."""

    name: str
    accounts: int | None = None
    failed: Mapping[str, str] = field(default_factory=dict)
    rows: int | None = None
    first_day: str | None = None
    last_day: str | None = None
    days: tuple[Day, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TargetStream:
    """What a target did with one stream; after a ``dry_run`` what it would have done."""

    name: str
    table: str | None = None
    url: str | None = None
    read: int | None = None
    created: int | None = None
    updated: int | None = None
    unchanged: int | None = None
    duplicates: int | None = None
    rows_in_table: int | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class TapSummary:
    """The summary of a tap."""

    streams: tuple[TapStream, ...]
    refresh_token_days_left: float | None = None


@dataclass(frozen=True, slots=True)
class TargetSummary:
    """The summary of a target."""

    streams: tuple[TargetStream, ...]


def parse(summary: object) -> TapSummary | TargetSummary | None:
    """Read the ``summary`` field of an event; None when it is neither a tap's nor a target's."""
    if not isinstance(summary, Mapping) or not isinstance(summary.get("streams"), Mapping):
        return None
    streams = {str(k): v for k, v in summary["streams"].items() if isinstance(v, Mapping)}
    target_keys = {"created", "updated", "unchanged", "table", "table_url"}
    if "write_calls" in summary or any(target_keys & s.keys() for s in streams.values()):
        dry_run = summary.get("dry_run") is True
        return TargetSummary(tuple(_target_stream(k, v, dry_run) for k, v in streams.items()))
    return TapSummary(
        tuple(_tap_stream(k, v) for k, v in streams.items()),
        _number(summary.get("refresh_token_days_left")),
    )


def _tap_stream(name: str, value: Mapping[str, Any]) -> TapStream:
    failed, names = value.get("accounts_failed"), value.get("accounts_failed_names")
    days = value.get("days")
    return TapStream(
        name=name,
        accounts=_integer(value.get("accounts")),
        failed={str(k): str(v) for k, v in failed.items()} if isinstance(failed, Mapping) else {},
        rows=_integer(value.get("rows")),
        first_day=_text(value.get("from")),
        last_day=_text(value.get("to")),
        days=_days(days) if isinstance(days, Iterable) and not isinstance(days, str) else (),
        names={str(k): str(v) for k, v in names.items() if v} if isinstance(names, Mapping) else {},
    )


def _days(days: Iterable[Any]) -> tuple[Day, ...]:
    found = (
        Day(
            date=str(day["date"])[:10],
            rows=_integer(day.get("rows")) or 0,
            cost=_number(day.get("stat_cost")),
            conversions=_number(day.get("convert_cnt")),
            average_cost=_number(day.get("conversion_cost")),
        )
        for day in days
        if isinstance(day, Mapping) and day.get("date")
    )
    return tuple(sorted(found, key=lambda day: day.date))


def _target_stream(name: str, value: Mapping[str, Any], dry_run: bool) -> TargetStream:
    url = _text(value.get("table_url"))
    return TargetStream(
        name=name,
        table=_text(value.get("table")),
        url=url if url and url.startswith(("https://", "http://")) else None,
        read=_integer(value.get("read")),
        created=_integer(value.get("would_create" if dry_run else "created")),
        updated=_integer(value.get("would_update" if dry_run else "updated")),
        unchanged=_integer(value.get("unchanged")),
        duplicates=_integer(value.get("duplicates")),
        rows_in_table=_integer(value.get("rows_in_table")),
        dry_run=dry_run,
    )


def _number(value: object) -> float | None:
    """Read a number; decimals travel as texts when a plugin logs them through ``default=str``."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < float("inf") else None


def _integer(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") else None
