"""The rows of a table that a run knows, in little room. Pure."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from target_feishu_bitable.fields import joined
from target_feishu_bitable.filters import is_numeric_text
from target_feishu_bitable.wire import FieldType

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Hashable, Iterable, Sequence

    from target_feishu_bitable.filters import Key
    from target_feishu_bitable.schema import Binding
    from target_feishu_bitable.wire import RecordJSON


class KnownRow:
    """A row of the table: its id, and the values of the read columns, see `KnownRows.cell`."""

    __slots__ = ("cells", "record_id")

    def __init__(self, record_id: str, cells: list[Hashable]) -> None:
        self.record_id = record_id
        self.cells = cells


class KnownRows:
    """Rows by id and by key, their cells in the order in which columns were first bound.

    Attributes:
        columns: Every column that is read, by field id; a row may know the first ones only, the
            others are empty in it.
        keys: The parts of the key.
    """

    def __init__(self) -> None:
        self.columns: dict[str, Binding] = {}
        self.keys: tuple[Binding, ...] = ()
        self._bindings: tuple[Binding, ...] = ()
        self._places: tuple[int, ...] = ()
        self._numeric: tuple[bool, ...] = ()
        self._floats: tuple[bool, ...] = ()
        self._readers: list[tuple[str, Callable[[object], Hashable]]] = []
        self._rows: dict[str, KnownRow] = {}
        self._by_key: dict[Key, list[KnownRow]] = {}
        self._gone: set[str] = set()
        self._texts: dict[str, str] = {}

    def bind(self, bindings: Sequence[Binding]) -> None:
        """Say which columns, and in which order, the stream of the moment means."""
        self.columns |= {one.column.field_id: one for one in bindings}
        order = list(self.columns)
        self._bindings = tuple(bindings)
        self.keys = tuple(one for one in bindings if one.is_key)
        self._places = tuple(order.index(one.column.field_id) for one in bindings)
        self._readers = [(one.column.name, self._reader(one)) for one in self.columns.values()]
        self._floats = tuple(
            not one.is_key and one.column.type == FieldType.NUMBER for one in bindings
        )
        self._numeric = tuple(not one.is_key and is_numeric_text(one) for one in bindings)

    def reads(self, binding: Binding) -> bool:
        """Tell whether the known rows hold a column in the way that a binding compares it."""
        known = self.columns.get(binding.column.field_id)
        return (
            known is not None
            and known.is_key == binding.is_key
            and type(known.codec.values) is type(binding.codec.values)
        )

    def forget(self, *, but: Container[str] = ()) -> None:
        """Forget all rows except some, by id."""
        kept = [row for row in self._rows.values() if row.record_id in but]
        self._rows, self._by_key = {}, {}
        for row in kept:
            self._add(row)

    def take(self, records: Iterable[RecordJSON]) -> None:
        """Take in rows as a search shows them; rows that are known already stay as they are."""
        for record in records:
            fields: dict[str, Any] = record.get("fields") or {}
            cells = [keep(fields.get(name)) for name, keep in self._readers]
            self._add(KnownRow(record["record_id"], cells))

    def made(self, record_id: str, cells: Sequence[Hashable]) -> None:
        """Take in a row that was written; `cells` in the order of the bindings."""
        values: list[Hashable] = [None] * len(self.columns)
        for index, (place, value) in enumerate(zip(self._places, cells, strict=True)):
            values[place] = self._slim(index, value)
        self._add(KnownRow(record_id, values))

    def changed(self, row: KnownRow, changes: Iterable[tuple[int, Hashable]]) -> None:
        """Take note of cells that were written, by the index of their binding."""
        row.cells.extend([None] * (len(self.columns) - len(row.cells)))
        for index, value in changes:
            row.cells[self._places[index]] = self._slim(index, value)

    def gone(self, record_ids: Iterable[str]) -> int:
        """Forget rows that are no more, though a search may still show them; return how many."""
        lost = [self._rows[one] for one in record_ids if one in self._rows]
        for row in lost:
            self._forget(row)
            self._gone.add(row.record_id)
        return len(lost)

    def forget_key(self, key: Key, *, but: Container[str]) -> None:
        """Forget the rows with a key except some, by id."""
        for row in tuple(self.of(key)):
            if row.record_id not in but:
                self._forget(row)

    def of(self, key: Key) -> Sequence[KnownRow]:
        """Return the rows with a key."""
        return self._by_key.get(key, ())

    def order(self, key: Key, rows: list[KnownRow]) -> None:
        """Say in which order the rows of a key stand."""
        self._by_key[key] = rows

    def sample(self, size: int) -> list[Key]:
        """Return the keys of the rows that were known first."""
        first = islice(self._rows.values(), size)
        return [key for row in first if (key := self._key(row)) is not None]

    def cell(self, row: KnownRow, index: int) -> Hashable:
        """Return the canonical value of a row in the column of a binding."""
        place = self._places[index]
        value = row.cells[place] if place < len(row.cells) else None
        is_raw = isinstance(value, float) or (self._numeric[index] and isinstance(value, str))
        if is_raw or value is None:  # an empty checkbox is false
            return self._bindings[index].codec.decode(value)
        return value

    def _slim(self, index: int, value: Hashable) -> Hashable:
        # As a search would show it: equal texts are one object, and a float takes a quarter of a
        # Decimal's room.
        if isinstance(value, str):
            return self._texts.setdefault(value, value)
        return float(value) if self._floats[index] and isinstance(value, Decimal) else value

    def _reader(self, binding: Binding) -> Callable[[object], Hashable]:
        # A scan may keep a hundred thousand rows of which few are compared: numbers stay as they
        # came until then (a Decimal takes four times a float's room), equal texts are one object.
        texts, decode, is_key = self._texts, binding.codec.decode, binding.is_key

        def text(cell: object) -> Hashable:
            if cell is None:
                return None
            found = joined(cell)
            return texts.setdefault(found, found)

        def value(cell: object) -> Hashable:
            if type(cell) is float and not is_key:
                return cell
            found = decode(cell)
            return texts.setdefault(found, found) if isinstance(found, str) else found

        return text if is_numeric_text(binding) and not is_key else value

    def _forget(self, row: KnownRow) -> None:
        del self._rows[row.record_id]
        key = self._key(row)
        if key is not None:
            self._by_key[key].remove(row)

    def _add(self, row: KnownRow) -> None:
        if row.record_id in self._rows or row.record_id in self._gone:
            return
        key = self._key(row)
        if key is None:
            return
        self._rows[row.record_id] = row
        self._by_key.setdefault(key, []).append(row)

    def _key(self, row: KnownRow) -> Key | None:
        cells = row.cells
        key = tuple(
            cells[place] if place < len(cells) else None for place in self._places[: len(self.keys)]
        )
        return None if any(part is None for part in key) else key
