"""When a STATE has the rows before it stored, and which state stored rows allow. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

FLUSH_ROWS: Final = 5_000
"""A STATE stores the rows before it when so many have come since the last time."""
MOST_CHARACTERS: Final = 32 * 1024 * 1024
"""From which on every second state of those that wait is let go."""
_EMPTY: Final = "{}"


class Checkpoints:
    """The states that were received and not emitted yet.

    A place is a number of records of the run: a state at place 3 speaks of the first three.

    Args:
        clock: Time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._stored_at = clock()
        self._stored_place = 0
        self._states: list[tuple[int, str]] = []
        self._characters = 0

    def received(self, place: int, state: str) -> None:
        """Take a state in, as JSON; it stands in for one at the same place.

        Many large states are thinned out, the newest is kept: after a failure an earlier one is
        emitted then, and more rows come again.
        """
        if state == _EMPTY:  # handing it back would make the source begin anew
            return
        if self._states and self._states[-1][0] == place:
            self._characters -= len(self._states.pop()[1])
        self._states.append((place, state))
        self._characters += len(state)
        if self._characters > MOST_CHARACTERS:
            del self._states[-2::-2]
            self._characters = sum(len(one) for _, one in self._states)

    def is_due(self, place: int, seconds: int) -> bool:
        """Tell whether a state at a place is worth storing the rows before it."""
        waited = self._clock() - self._stored_at
        return waited >= seconds or place - self._stored_place >= FLUSH_ROWS

    def emitted(self, place: int) -> None:
        """Take note that everything before a place is stored, and its state emitted."""
        self._states.clear()
        self._characters = 0
        self._stored_at, self._stored_place = self._clock(), place

    def place_before(self, place: int) -> int:
        """Return the place of the last state that speaks of nothing from a place on; 0 if none."""
        return max((one for one, _ in self._states if one <= place), default=0)

    def state_before(self, place: int) -> str | None:
        """Return the last state that speaks of nothing from a place on."""
        return next((state for one, state in reversed(self._states) if one <= place), None)
