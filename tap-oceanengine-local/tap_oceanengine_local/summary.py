"""What a run did, as one structured log record for people, cards and scripts. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datetime import date

    from tap_oceanengine_local.windows import Window

DAYS_SHOWN: Final = 8
_CENT: Final = Decimal("0.01")


@dataclass(slots=True)
class Tally:
    """Sums of one day: rows, cost in fen, conversions."""

    rows: int = 0
    fen: int = 0
    conversions: int = 0

    def add(self, other: Tally) -> None:
        """Add the sums of another part of the day."""
        self.rows += other.rows
        self.fen += other.fen
        self.conversions += other.conversions


@dataclass(slots=True)
class StreamSummary:
    """What one stream did.

    Attributes:
        accounts: Accounts that were asked for.
        accounts_failed: Reason by account id.
        accounts_failed_names: Names of these, as far as they are known.
        rows: Records emitted.
        shows_cost: The cost is selected, so days show it.
        shows_conversions: The conversions are selected, so days show them.
    """

    accounts: int = 0
    accounts_failed: dict[str, str] = field(default_factory=dict)
    accounts_failed_names: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    shows_cost: bool = False
    shows_conversions: bool = False
    _first: date | None = None
    _last: date | None = None
    _days: dict[date, Tally] = field(default_factory=dict)

    def window_read(self, window: Window, tallies: dict[date, Tally]) -> None:
        """Note a window that was read completely, with or without rows.

        Args:
            window: The window.
            tallies: Sums of the days that had rows.
        """
        self._first = window.start if self._first is None else min(self._first, window.start)
        self._last = window.end if self._last is None else max(self._last, window.end)
        self.rows += sum(tally.rows for tally in tallies.values())
        if window.is_open:
            return
        for day in window.each_day():
            total = self._days.setdefault(day, Tally())
            if day in tallies:
                total.add(tallies[day])

    def to_dict(self) -> dict[str, Any]:
        """Return the stream's part of the summary as JSON values."""
        shown = sorted(self._days)[-DAYS_SHOWN:]
        return {
            "accounts": self.accounts,
            "accounts_failed": dict(self.accounts_failed),
            "accounts_failed_names": dict(self.accounts_failed_names),
            "rows": self.rows,
            "from": None if self._first is None else self._first.isoformat(),
            "to": None if self._last is None else self._last.isoformat(),
            "days": [self._day(day, self._days[day]) for day in shown],
        }

    def _day(self, day: date, tally: Tally) -> dict[str, Any]:
        both = self.shows_cost and self.shows_conversions
        return {
            "date": day.isoformat(),
            "rows": tally.rows,
            "stat_cost": tally.fen / 100 if self.shows_cost else None,
            "convert_cnt": tally.conversions if self.shows_conversions else None,
            "conversion_cost": _average(tally) if both else None,
        }


@dataclass(slots=True)
class RunSummary:
    """What a whole run did, stream by stream.

    Attributes:
        streams: By name.
        unreadable: Names of streams by why nothing that was wanted of them can be read.
    """

    streams: dict[str, StreamSummary] = field(default_factory=dict)
    unreadable: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def of(self, stream: str) -> StreamSummary:
        """Return the summary of a stream, a fresh one at first."""
        return self.streams.setdefault(stream, StreamSummary())

    def to_dict(self, *, requests: int, refresh_token_days_left: int | None) -> dict[str, Any]:
        """Return the summary as JSON values."""
        return {
            "streams": {name: stream.to_dict() for name, stream in self.streams.items()},
            "requests": requests,
            "refresh_token_days_left": refresh_token_days_left,
        }

    def failures(self) -> list[str]:
        """Return one line per stream and failed account."""
        return [
            f"{name}, account {account}: {reason}"
            for name, stream in self.streams.items()
            for account, reason in stream.accounts_failed.items()
        ]


def _average(tally: Tally) -> float:
    if tally.conversions == 0:
        return 0.0
    average = Decimal(tally.fen) / 100 / tally.conversions
    return float(average.quantize(_CENT, ROUND_HALF_UP))
