"""The sandbox's clock: it stands still until somebody moves it, and never passes the host's day."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, tzinfo

    from platform_sandbox.database import Database

SHANGHAI: Final[tzinfo] = ZoneInfo("Asia/Shanghai")
DAYS_BEHIND: Final = 10
"""How many days before the host's date the clock starts, so that there is time to move into."""
_OPENING: Final = timedelta(hours=9, minutes=30)
_KEY: Final = "clock"


class ClockError(ValueError):
    """Somebody tried to move the clock past the host's day, or backwards."""


def _host_now() -> datetime:
    return datetime.now(tz=UTC)


class Clock:
    """Time of both platforms, Asia/Shanghai.

    It stands still between moves: the numbers of the platforms are a function of it, and two
    runs at the same sandbox time must see the same numbers whatever the host's time is.

    Args:
        database: Where the time is kept over restarts.
        host_now: The host's time.
        monotonic: The host's stopwatch, for limits that count real seconds.
    """

    def __init__(
        self,
        database: Database,
        *,
        host_now: Callable[[], datetime] = _host_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._host_now = host_now
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._skipped = 0.0
        kept = database.get(_KEY)
        self._now = datetime.fromisoformat(kept) if isinstance(kept, str) else self._start()
        database.put(_KEY, self._now.isoformat())

    def host_today(self) -> date:
        """The host's date in Asia/Shanghai: the last day the clock may show."""
        return self._host_now().astimezone(SHANGHAI).date()

    def _start(self) -> datetime:
        day = self.host_today() - timedelta(days=DAYS_BEHIND)
        return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + _OPENING

    def now(self) -> datetime:
        """The sandbox's time, with its zone."""
        return self._now

    def now_ms(self) -> int:
        """The sandbox's time in milliseconds since 1970 (UTC)."""
        return int(self._now.timestamp() * 1000)

    def today(self) -> date:
        """The open day."""
        return self._now.date()

    def yesterday(self) -> date:
        """The last closed day."""
        return self.today() - timedelta(days=1)

    def elapsed(self) -> float:
        """A stopwatch in seconds: real time, plus every move of the clock."""
        return self._monotonic() + self._skipped

    def advance(self, *, days: int = 0, seconds: float = 0) -> datetime:
        """Move the clock forward.

        Raises:
            ClockError: The move is backwards or passes the host's day.
        """
        return self._move(self._now + timedelta(days=days, seconds=seconds))

    def set(self, day: date) -> datetime:
        """Move the clock to the same time of a later day.

        Raises:
            ClockError: The day is earlier than the sandbox's or later than the host's.
        """
        return self.advance(days=(day - self.today()).days)

    def _move(self, moment: datetime) -> datetime:
        with self._lock:
            if moment < self._now:
                raise ClockError(
                    f"The sandbox's clock shows {self._now.date()} and does not run backwards to "
                    f"{moment.date()}; reset the sandbox to start over."
                )
            if moment.date() > self.host_today():
                raise ClockError(
                    f"{moment.date()} is in the future: the sandbox's clock never passes the "
                    f"host's day, {self.host_today()}. Reset the sandbox to start over."
                )
            self._skipped += (moment - self._now).total_seconds()
            self._now = moment
            self._database.put(_KEY, moment.isoformat())
            return moment

    def reset(self) -> None:
        """Go back to ten days before the host's date."""
        with self._lock:
            self._now = self._start()
            self._database.put(_KEY, self._now.isoformat())
