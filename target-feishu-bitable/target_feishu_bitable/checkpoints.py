"""When a STATE has the rows before it stored, and which state stored rows allow. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

FLUSH_ROWS: Final = 5_000
"""A STATE stores the rows before it when so many have come since the last time."""


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
        self._states: list[tuple[int, dict[str, Any]]] = []

    def received(self, place: int, state: dict[str, Any]) -> None:
        """Take a state in."""
        self._states.append((place, state))

    def is_due(self, place: int, seconds: int) -> bool:
        """Tell whether a state at a place is worth storing the rows before it."""
        waited = self._clock() - self._stored_at
        return waited >= seconds or place - self._stored_place >= FLUSH_ROWS

    def emitted(self, place: int) -> None:
        """Take note that everything before a place is stored, and its state emitted."""
        self._states.clear()
        self._stored_at, self._stored_place = self._clock(), place

    def place_before(self, place: int) -> int:
        """Return the place of the last state that speaks of nothing from a place on; 0 if none."""
        return max((one for one, _ in self._states if one <= place), default=0)

    def state_before(self, place: int) -> dict[str, Any] | None:
        """Return the last state that speaks of nothing from a place on."""
        return next((state for one, state in reversed(self._states) if one <= place), None)
