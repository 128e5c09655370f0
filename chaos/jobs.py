"""The jobs of an episode: the daily run and, beside it, a range without state."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from draws import chance
from pipeline import Job
from shapes import HOUR, SHAPES, ZONE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from pipeline import Bookmarks, Span

_DAY: Final = dt.timedelta(days=1)
_MOST_DAYS: Final = 365
_HOURLY_DAYS: Final = 7
"""So many days at most are read again."""


class Jobs:
    """Draws jobs.

    Args:
        rng: The episode's random generator.
        streams: What is read.
        accounts: Ids of all accounts.
        first: The configured start date.
        settings: Settings of the tap for the whole episode.
        forked: Whether plugins run as forks of the soak.
    """

    def __init__(
        self,
        rng: Random,
        streams: Sequence[str],
        accounts: Sequence[str],
        first: dt.date,
        *,
        settings: Mapping[str, Any],
        forked: bool,
    ) -> None:
        self._rng = rng
        self._streams = streams
        self._accounts = accounts
        self._first = first
        self._settings = dict(settings)
        self._forked = forked

    def daily(self, today: dt.date, bookmarks: Bookmarks, *, may_read_today: bool = True) -> Job:
        """The daily run that follows upon bookmarks."""
        installed = not self._forked or chance(self._rng, 0.05)
        with_today = may_read_today and not installed and chance(self._rng, 0.2)
        last = today if with_today else today - _DAY
        asked: dict[str, dict[str, Span]] = {}
        for stream in self._streams:
            most = _HOURLY_DAYS if SHAPES[stream].moment == HOUR else _MOST_DAYS
            back = min(self._settings["lookback_days"], most) - 1
            asked[stream] = {}
            for account in self._accounts:
                mark = bookmarks.get(stream, {}).get(account)
                again = self._first if mark is None else mark - back * _DAY
                asked[stream][account] = max(again, self._first), last
        tap = self._settings | {"start_date": self._first.isoformat()}
        if self._forked:
            tap["include_today"] = with_today
        if installed:
            tap["end_date"] = last.isoformat()
        return self._job(today, asked, tap, keeps_state=True, installed=installed)

    def range(self, today: dt.date) -> Job:
        """Some closed days again, without state."""
        first = self._first + self._rng.randrange((today - self._first).days) * _DAY
        last = first + self._rng.randrange((today - first).days) * _DAY
        tap = self._settings | {"start_date": first.isoformat(), "end_date": last.isoformat()}
        asked = dict.fromkeys(self._streams, dict.fromkeys(self._accounts, (first, last)))
        installed = not self._forked
        return self._job(today, asked, tap, keeps_state=False, installed=installed)

    def _job(
        self,
        today: dt.date,
        asked: Mapping[str, Mapping[str, Span]],
        tap: Mapping[str, Any],
        *,
        keeps_state: bool,
        installed: bool,
    ) -> Job:
        noon = dt.datetime.combine(today, dt.time(12), ZONE)
        return Job(
            asked=asked,
            keeps_state=keeps_state,
            tap=tap,
            target={
                "batch_size_rows": self._rng.choice((10000, 7, 40)),
                "rows_per_request": self._rng.choice((500, 500, 20, 3)),
                "checkpoint_seconds": self._rng.choice((30, 1)),
            },
            installed=installed,
            now=None if installed else noon.timestamp(),
        )
