"""Numbers of a level day by day: computed when asked for, kept while they are asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from platform_sandbox.oceanengine.numbers import numbers_of, of_hour, share_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from platform_sandbox.oceanengine.inventory import Account, Material, Project, Unit
    from platform_sandbox.oceanengine.numbers import Moment, Numbers

Level = Literal["account", "project", "promotion", "material"]
Entity = "Account | Project | Unit | Material"

_KEPT_ROWS: Final = 200_000
_KEPT_COUNTS: Final = 1_000_000


class Line(NamedTuple):
    """One entity and the numbers of the units it consists of."""

    entity: Account | Project | Unit | Material
    parts: list[Numbers]


class Ledger:
    """Numbers of all accounts.

    The key of everything kept holds the moment of asking, so nothing kept is ever out of date.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: OrderedDict[tuple[object, ...], list[Line]] = OrderedDict()
        self._size = 0
        self._counts: dict[tuple[object, ...], int] = {}

    def clear(self) -> None:
        """Drop what was kept."""
        with self._lock:
            self._lines.clear()
            self._counts.clear()
            self._size = 0

    def day(self, level: Level, account: Account, ordinal: int, moment: Moment) -> list[Line]:
        """The lines of one day, in a fixed order."""
        key = (level, account.id, ordinal, moment if ordinal == moment.day else moment.day)
        with self._lock:
            kept = self._lines.get(key)
            if kept is not None:
                self._lines.move_to_end(key)
                return kept
        lines = group(level, account, unit_numbers(account.units, ordinal, moment))
        with self._lock:
            if key not in self._lines:
                self._lines[key] = lines
                self._size += 1 + len(lines)
            while self._size > _KEPT_ROWS and len(self._lines) > 1:
                self._size -= 1 + len(self._lines.popitem(last=False)[1])
            if len(self._counts) > _KEPT_COUNTS:
                self._counts.clear()
            self._counts[key] = len(lines)
        return lines

    def count(self, level: Level, account: Account, ordinal: int, moment: Moment) -> int:
        """How many lines a day has."""
        key = (level, account.id, ordinal, moment if ordinal == moment.day else moment.day)
        count = self._counts.get(key)
        return len(self.day(level, account, ordinal, moment)) if count is None else count


def unit_numbers(units: Iterable[Unit], ordinal: int, moment: Moment) -> list[tuple[Unit, Numbers]]:
    """The units that have a row on a day."""
    found = []
    for unit in units:
        numbers = numbers_of(unit, ordinal, moment)
        if numbers is not None:
            found.append((unit, numbers))
    return found


def group(level: Level, account: Account, rows: Iterable[tuple[Unit, Numbers]]) -> list[Line]:
    """Units' numbers as lines of a level; every part stays, so that sums are exact."""
    if level == "promotion":
        return [Line(unit, [numbers]) for unit, numbers in rows]
    if level == "account":
        parts = [numbers for _, numbers in rows]
        return [Line(account, parts)] if parts else []
    lines: dict[int, Line] = {}
    for unit, numbers in rows:
        shares: tuple[tuple[Project | Material, Numbers], ...] = (
            ((unit.project, numbers),)
            if level == "project"
            else tuple(
                (material, share_of(numbers, first=index == 0))
                for index, material in enumerate(unit.materials)
            )
        )
        for entity, share in shares:
            lines.setdefault(entity.id, Line(entity, [])).parts.append(share)
    return [lines[identity] for identity in sorted(lines)]


def hours(lines: Iterable[Line]) -> list[tuple[int, Line]]:
    """A day's lines hour by hour; an hour in which nothing happened has no line."""
    found = []
    for hour in range(24):
        for line in lines:
            parts = [part for part in (of_hour(whole, hour) for whole in line.parts) if part]
            if parts:
                found.append((hour, Line(line.entity, parts)))
    return found


def total(days: Iterable[list[Line]]) -> list[Line]:
    """Lines of several days added up per entity."""
    merged: dict[int, Line] = {}
    order: defaultdict[int, int] = defaultdict(int)
    for lines in days:
        for line in lines:
            merged.setdefault(line.entity.id, Line(line.entity, [])).parts.extend(line.parts)
            order[line.entity.id] = line.entity.id
    return [merged[identity] for identity in sorted(order)]


def sums_of(
    parts: list[Numbers], names: tuple[str, ...], additive: Callable[[str, Numbers], int]
) -> dict[str, int]:
    """Counts and amounts of a line."""
    if len(parts) == 1:
        only = parts[0]
        return {name: additive(name, only) for name in names}
    return {name: sum(additive(name, part) for part in parts) for name in names}
