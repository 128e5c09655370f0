"""The moment a call sees: the clock, plus a minute per call while the open day is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from platform_sandbox.oceanengine.numbers import Moment

if TYPE_CHECKING:
    from datetime import date

    from platform_sandbox.services import Services

_LAST_MINUTE: Final = 23 * 60 + 59


class Moments:
    """The clock stands still, but the open day's numbers must grow from call to call."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._calls: dict[int, int] = {}

    def reset(self) -> None:
        """No call was made yet."""
        self._calls.clear()

    def now(self) -> Moment:
        """The moment of the last call."""
        now = self._services.clock.now()
        ordinal = now.date().toordinal()
        minute = now.hour * 60 + now.minute + self._calls.get(ordinal, 0)
        return Moment(ordinal, min(minute, _LAST_MINUTE))

    def of_call(self, last: date) -> Moment:
        """The moment of a new call that asks for days until `last`."""
        ordinal = self._services.clock.today().toordinal()
        if self._services.switches.oe_today_grows and last.toordinal() >= ordinal:
            self._calls[ordinal] = self._calls.get(ordinal, 0) + 1
        return self.now()
