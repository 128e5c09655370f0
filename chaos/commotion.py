"""What happens while runs are under way: signals, people, tokens that end, a killed tap."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from draws import Disturbance, Kill, Moment
    from pipeline import Run
    from platforms import Platforms
    from processes import Victim
    from sight import Snapshot


class Commotion:
    """Carries a disturbance out, turn by turn.

    Args:
        platforms: Both of them.
        disturbance: What shall happen.
        people: Lets people change tables; returns what was to be seen before and after.
        sent: Is told of every signal that was sent: which, to whom, and after how many seconds.

    Attributes:
        runs: Those under way.
        between: What people found and left.
    """

    def __init__(
        self,
        platforms: Platforms,
        disturbance: Disturbance,
        people: Callable[[], tuple[Snapshot, Snapshot]],
        sent: Callable[[int, str, float], None],
    ) -> None:
        self.runs: list[Run] = []
        self.between: list[Snapshot] = []
        self._ask = platforms.ask
        self._disturbance = disturbance
        self._people, self._sent = people, sent
        self._signals: list[tuple[Victim, Kill]] = []
        self._once: list[tuple[Moment, Callable[[], None]]] = []
        if disturbance.people:
            self._once.append((disturbance.people, self._let_people_act))
        if disturbance.tokens:
            self._once.append((disturbance.tokens, lambda: self._ask("sight.end_access")))

    def add(self, run: Run, kills: Sequence[Kill]) -> None:
        """Take in a run that has just been started, and the signals that it shall get."""
        self.runs.append(run)
        self._signals += [(run.victims[kill.victim % len(run.victims)], kill) for kill in kills]

    def turn(self, passed: float) -> None:
        """Do what is due so many seconds after the begin."""
        for one in list(self._signals):
            victim, kill = one
            if self._is_due(kill.moment, passed):
                self._signals.remove(one)
                self._send(victim, kill.number, passed)
        for event in list(self._once):
            moment, happen = event
            if self._is_due(moment, passed):
                self._once.remove(event)
                happen()
        if self._disturbance.kills_tap:
            for run in self.runs:
                if run.orphan is not None:
                    self._send(run.orphan, signal.SIGKILL, passed)

    def _let_people_act(self) -> None:
        self.between.extend(self._people())

    def _send(self, victim: Victim, number: int, passed: float) -> None:
        if victim.send(number):
            self._sent(number, victim.name, passed)

    def _is_due(self, moment: Moment, passed: float) -> bool:
        if moment.seconds is not None:
            return passed >= moment.seconds
        wanted = (moment.calls, moment.writes, moment.table_calls)
        seen = self._ask("sight.progress")
        return any(most is not None and now >= most for now, most in zip(seen, wanted, strict=True))
