"""When a signal may end a run: at once, or, while rows are written, at the next good place."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

SIGNAL_EXIT: Final = 128
"""A run that a signal stopped exits with this and the signal's number."""
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
GRACE_SECONDS: Final = 5.0
"""How long writing may go on after a signal, so that what is under way need not be guessed at."""
LONG_GRACE_SECONDS: Final = 25.0
"""The same for a batch that can't be told apart afterwards: 20 calls, and less than the 30 seconds
that Kubernetes gives."""


def alarm(seconds: float, then: Callable[[], None]) -> None:
    """Call `then` in so many seconds, whatever the program does; 0 calls that off."""

    def rings(_signum: int, _frame: FrameType | None) -> None:
        then()

    signal.signal(signal.SIGALRM, rings)
    signal.setitimer(signal.ITIMER_REAL, seconds)


class Stop:
    """Ends the run with exit code 128 + signal, and never in the middle of a write if it can.

    A second signal, or the end of the grace, ends it wherever it is.

    Args:
        alarm: Calls something after some seconds.
    """

    def __init__(self, alarm: Callable[[float, Callable[[], None]], None] = alarm) -> None:
        self._alarm = alarm
        self._depth = 0
        self._grace = GRACE_SECONDS
        self._signal: int | None = None
        self._is_over = False

    def asked(self, signum: int) -> None:
        """Take a signal.

        Raises:
            SystemExit: At once, unless something is being written.
        """
        if self._is_over:
            return
        is_second, self._signal = self._signal is not None, signum
        if self._depth == 0 or is_second:
            self._end(signum)
        self._alarm(self._grace, lambda: self._end(signum))

    def no_more(self) -> None:
        """Take no signal any more: all is done, and only Python's own end is left to disturb."""
        self._is_over = True

    @contextmanager
    def held(self, grace: float = GRACE_SECONDS) -> Iterator[None]:
        """Let what is done here come to its end first.

        Args:
            grace: Seconds that it may take after a signal; what is held inside takes no longer.

        Raises:
            SystemExit: A signal came meanwhile; what fails here goes before it.
        """
        if self._depth == 0:
            self._grace = grace
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self._depth == 0 and self._signal is not None:
            self._end(self._signal)

    def _end(self, signum: int) -> None:
        self._alarm(0, lambda: None)
        sys.exit(SIGNAL_EXIT + signum)
