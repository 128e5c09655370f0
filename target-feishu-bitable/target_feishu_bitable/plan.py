"""What has to be written: rows of the stream held against the rows of the table. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from target_feishu_bitable.filters import Key
    from target_feishu_bitable.known import KnownRow
    from target_feishu_bitable.schema import Binding


class Absent(Enum):
    """A property that the record does not carry: its cell stays as it is."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(slots=True)
class Row:
    """A record on its way to the table.

    Attributes:
        number: Its place among all records of the run; of the first one when a key came again.
        key: Canonical key; empty for keyless streams.
        cells: Its canonical values in the order of the bindings; ABSENT if not given.
    """

    number: int
    key: Key
    cells: list[Hashable | Absent]

    @property
    def written(self) -> list[Hashable]:
        """The cells as a new row of the table has them."""
        return [None if cell is ABSENT else cell for cell in self.cells]

    def overlay(self, later: Row) -> None:
        """Take over what a later record with the same key says.

        The number stays: a state in between speaks of the earlier record, and is only true once
        the row is stored.
        """
        for index, cell in enumerate(later.cells):
            if cell is not ABSENT:
                self.cells[index] = cell


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the table with cells that differ."""

    row: Row
    known: KnownRow
    cells: tuple[int, ...]

    @property
    def values(self) -> list[tuple[int, Hashable]]:
        """The new values with the index of their binding."""
        return [(index, self.row.cells[index]) for index in self.cells]


@dataclass(slots=True)
class Plan:
    """What to do about a batch."""

    creates: list[Row] = field(default_factory=list)
    updates: list[Change] = field(default_factory=list)
    unchanged: int = 0


class RowsThere(Protocol):
    """The rows of the table, as far as they matter."""

    def rows(self, key: Key) -> Sequence[KnownRow]:
        """Return the rows with a key, the oldest first."""
        ...

    def cell(self, row: KnownRow, index: int) -> Hashable:
        """Return the canonical value in the column of a binding."""
        ...


def plan(rows: Iterable[Row], bindings: Sequence[Binding], known: RowsThere) -> Plan:
    """Decide for each row: create it, change some cells, or leave it.

    Args:
        rows: Each key once.
        bindings: The columns.
        known: What the table holds.
    """
    result = Plan()
    for row in rows:
        found = known.rows(row.key)
        if not found:
            result.creates.append(row)
            continue
        target = found[0]
        differing = tuple(
            index
            for index, (binding, cell) in enumerate(zip(bindings, row.cells, strict=True))
            if cell is not ABSENT and not _equal(binding, cell, known.cell(target, index))
        )
        if differing:
            result.updates.append(Change(row, target, differing))
        else:
            result.unchanged += 1
    return result


def _equal(binding: Binding, wanted: Hashable, stored: Hashable) -> bool:
    if wanted == stored:
        return True
    if wanted is None or stored is None:
        return False
    return binding.codec.values.equal(wanted, stored)
