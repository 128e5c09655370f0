"""The jobs of an episode: the daily run and, beside it, a range without state."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from draws import chance
from pipeline import ZONE, Job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from pipeline import Span

_DAY: Final = dt.timedelta(days=1)


class Jobs:
    """Draws jobs.

    Args:
        rng: The episode's random generator.
        accounts: Ids of all accounts.
        first: The configured start date.
        settings: Settings of the tap for the whole episode.
        forked: Whether plugins run as forks of the soak.
    """

    def __init__(
        self,
        rng: Random,
        accounts: Sequence[str],
        first: dt.date,
        *,
        settings: Mapping[str, Any],
        forked: bool,
    ) -> None:
        self._rng = rng
        self._accounts = accounts
        self._first = first
        self._settings = dict(settings)
        self._forked = forked

    def daily(
        self, today: dt.date, bookmarks: Mapping[str, dt.date], *, may_read_today: bool = True
    ) -> Job:
        """The daily run that follows upon bookmarks."""
        installed = not self._forked or chance(self._rng, 0.05)
        with_today = may_read_today and not installed and chance(self._rng, 0.2)
        last = today if with_today else today - _DAY
        asked: dict[str, Span] = {}
        for account in self._accounts:
            mark, back = bookmarks.get(account), self._settings["lookback_days"] - 1
            again = self._first if mark is None else mark - back * _DAY
            asked[account] = max(again, self._first), last
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
        asked = dict.fromkeys(self._accounts, (first, last))
        installed = not self._forked
        return self._job(today, asked, tap, keeps_state=False, installed=installed)

    def _job(
        self,
        today: dt.date,
        asked: Mapping[str, Span],
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
