"""How fast requests may start, and when a path must rest."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


_SLACK_SECONDS: Final = 0.05
"""A second's requests are spread over a little more: one that starts late by some milliseconds must
not share its second with the next ones, because the platform counts and holds back for minutes."""


class Pacer:
    """Spaces requests evenly over all threads, and lets a limited path rest for all of them.

    Args:
        per_second: Requests started per second.
        clock: A stopwatch in seconds.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = (1.0 + _SLACK_SECONDS) / per_second
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = 0.0
        self._resting: dict[str, float] = {}

    def wait(self, path: str) -> None:
        """Wait for this request's turn."""
        # Its turn is taken after the rest, so that those who waited do not start all at once.
        while (rest := self.rest_left(path)) > 0:
            self._sleep(rest)
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._gap
        if turn > now:
            self._sleep(turn - now)

    def rest_left(self, path: str) -> float:
        """Return for how many seconds more a path rests, 0 or less when it does not."""
        until = self._resting.get(path)
        return 0.0 if until is None else until - self._clock()

    def rest(self, path: str, seconds: float) -> None:
        """Start no request to a path for so long: the platform limits a developer per path."""
        with self._lock:
            until = self._clock() + seconds
            self._resting[path] = max(until, self._resting.get(path, 0.0))
