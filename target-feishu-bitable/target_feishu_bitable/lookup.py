"""What is known of a table's rows: read once, at the fewest calls, kept true by our own writes."""

from __future__ import annotations

import logging
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from target_feishu_bitable.asking import (
    PAGE,
    Coverage,
    Sample,
    cheapest,
    covers,
    exact,
    is_dearer,
    is_numeric_text,
)
from target_feishu_bitable.client import Page
from target_feishu_bitable.errors import ApiError
from target_feishu_bitable.fields import joined

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence

    from target_feishu_bitable.asking import Ask, Key
    from target_feishu_bitable.client import BitableClient
    from target_feishu_bitable.schema import Binding
    from target_feishu_bitable.wire import RecordJSON, SearchJSON

logger = logging.getLogger(__name__)
GET_AT_ONCE: Final = 100
FILTER_REFUSED: Final = frozenset({1254018, 1254107, 99992402})
"""Refusals of a filter; projects report them also for filters that the documents allow."""
MOST_NAMES: Final = 200
"""Columns that a search can name; without names it returns all."""


class KnownRow:
    """A row of the table: its id, and the values of the bound columns, see `Lookup.cell`."""

    __slots__ = ("cells", "record_id")

    def __init__(self, record_id: str, cells: list[Hashable]) -> None:
        self.record_id = record_id
        self.cells = cells


class Lookup:
    """The rows of one table, as far as this run had to know them.

    Args:
        client: The base.
        table_id: The table.
        fresh: The table, or one of its columns, was made by this run; "not found" is waited out.

    Attributes:
        total: Rows in the table, our own creates included.
        surplus: Rows that repeat the key of an older one, among the keys asked for.
        made: Ids of rows that this run made; readers may not see them yet.
    """

    def __init__(self, client: BitableClient, table_id: str, *, fresh: bool = False) -> None:
        self._client = client
        self._table_id = table_id
        self._fresh = fresh
        self._first: Page | None = None
        self._bindings: tuple[Binding, ...] = ()
        self._keys: tuple[Binding, ...] = ()
        self._places: tuple[int, ...] = ()
        self._numeric: tuple[bool, ...] = ()
        self._columns: dict[str, Binding] = {}
        self._imagined: frozenset[str] = frozenset()
        self._coverage = Coverage()
        self._rows: dict[str, KnownRow] = {}
        self._by_key: dict[Key, list[KnownRow]] = {}
        self._texts: dict[str, str] = {}
        self.total = 0
        self.surplus: dict[Key, list[str]] = {}
        self.made: set[str] = set()
        self._counted = False

    def bind(
        self,
        bindings: Sequence[Binding],
        *,
        created: Collection[str] = (),
        imagined: Collection[str] = (),
    ) -> None:
        """Say which columns matter now: those of one of the streams that write the table.

        What was read stays known unless other columns or another key are needed. Rows that this
        run made stay known in any case: searches may not show them yet.

        Args:
            bindings: Properties with their columns, keys first.
            created: Ids of columns this run made: empty in every row that is known.
            imagined: Ids of columns that a dry run did not make: they can't be asked for.
        """
        self._imagined = frozenset(imagined)
        self._fresh = self._fresh or bool(created)
        keys = tuple(binding for binding in bindings if binding.is_key)
        same_key = [one.column.field_id for one in keys] == [
            one.column.field_id for one in self._keys
        ]
        unread = [
            one for one in bindings if one.column.field_id not in created and not self._reads(one)
        ]
        self._columns |= {one.column.field_id: one for one in bindings}
        order = list(self._columns)
        self._bindings, self._keys = tuple(bindings), keys
        self._places = tuple(order.index(one.column.field_id) for one in bindings)
        self._numeric = tuple(not one.is_key and is_numeric_text(one) for one in bindings)
        is_empty = self._coverage.everything and not self.total
        if self._first is not None and (unread or not same_key) and not is_empty:
            self._forget()

    def _reads(self, binding: Binding) -> bool:
        known = self._columns.get(binding.column.field_id)
        return (
            known is not None
            and known.is_key == binding.is_key
            and type(known.codec.values) is type(binding.codec.values)
        )

    def _forget(self) -> None:
        made = [row for row in self._rows.values() if row.record_id in self.made]
        self._first, self._coverage, self.surplus = None, Coverage(), {}
        self._forget_rows()
        for row in made:
            self._add(row)

    def open(self) -> int:
        """Read the first page, once; return how many rows the table has."""
        if self._first is None:
            self._first = next(self._pages(self._search()))
            self.total = max(self._first.total, len(self.made))
            self._take(self._first.records)
            self._coverage.everything = self._first.token is None
        return self.total

    def count(self) -> int:
        """Return how many rows the table has, asked once, without reading any for keys."""
        if self._first is None and not self._counted:
            self.total = self._client.search_page(
                self._table_id, self._search(), size=1, fresh=self._fresh
            ).total
            self._counted = True
        return self.total

    def sees_rows(self) -> bool:
        """Tell whether a search shows any row now."""
        return self._client.search_page(self._table_id, self._search(), size=1).total > 0

    def first_ids(self) -> list[str]:
        """Return the ids of the rows of the first page."""
        self.open()
        return [record["record_id"] for record in self._first.records] if self._first else []

    def emptied(self) -> None:
        """The table is empty now: the rows it was born with are gone."""
        self._forget_rows()
        self.total = 0
        self._first = Page([], 0, None)
        self._coverage.everything = True

    def _forget_rows(self) -> None:
        self._rows, self._by_key = {}, {}

    def learn(self, keys: Iterable[Key]) -> None:
        """Read what is needed to know the rows of these keys; asks for nothing twice."""
        self.open()
        unknown = [key for key in keys if not self._coverage.has(key)]
        if not unknown:
            return
        first = islice(self._rows.values(), PAGE)
        known = [key for row in first if (key := self._key(row)) is not None]
        asks = cheapest(self._keys, unknown, Sample(self.total, known))
        if asks is None:
            self._scan()
            return
        for place, ask in enumerate(asks):
            if not self._ask(ask, later=asks[place + 1 :]):
                self._scan()
                return

    def drop(self, record_ids: Iterable[str]) -> None:
        """Forget rows that somebody deleted meanwhile."""
        for record_id in record_ids:
            row = self._rows.pop(record_id, None)
            key = self._key(row) if row else None
            if row is not None and key is not None:
                self._by_key[key].remove(row)
                self.total -= 1

    def find_again(self, keys: Iterable[Key]) -> None:
        """Read the rows of these keys once more, whatever is known of them."""
        wanted = set(keys)
        for key in wanted:
            for row in self._by_key.pop(key, ()):
                self._rows.pop(row.record_id, None)
        asks = exact(self._keys, wanted)
        if asks is None or not all(self._ask(ask) for ask in asks):
            self._forget_rows()
            for page in self._pages(self._search()):
                self._take(page.records)

    def rows(self, key: Key) -> Sequence[KnownRow]:
        """Return the rows that carry a key; call `learn` before."""
        return self._by_key.get(key, ())

    def cell(self, row: KnownRow, index: int) -> Hashable:
        """Return the canonical value of a row in the column of a binding."""
        place = self._places[index]
        value = row.cells[place] if place < len(row.cells) else None
        if isinstance(value, float) or (self._numeric[index] and isinstance(value, str)):
            return self._bindings[index].codec.decode(value)
        return value

    def settle(self, keys: Iterable[Key]) -> None:
        """Put the oldest row first where a key stands in several, and note the others."""
        several = {key: rows for key in keys if len(rows := self._by_key.get(key, ())) > 1}
        unsettled = {key: rows for key, rows in several.items() if key not in self.surplus}
        ids = [row.record_id for rows in unsettled.values() for row in rows]
        born: dict[str, int] = {}
        for start in range(0, len(ids), GET_AT_ONCE):
            chunk = ids[start : start + GET_AT_ONCE]
            for record in self._client.batch_get(self._table_id, chunk, automatic_fields=True):
                born[record["record_id"]] = int(record.get("created_time") or 0)
        for key, rows in unsettled.items():
            ordered = sorted(rows, key=lambda row: (born.get(row.record_id, 0), row.record_id))
            self._by_key[key] = ordered
            self.surplus[key] = [row.record_id for row in ordered[1:]]

    def created(self, record_id: str, cells: Sequence[Hashable]) -> None:
        """Take note of a row that this run made; `cells` in the order of the bindings."""
        self.total += 1
        if not self._keys:
            return  # nobody will ask for it
        self.made.add(record_id)
        values: list[Hashable] = [None] * len(self._columns)
        for place, value in zip(self._places, cells, strict=True):
            values[place] = value
        self._add(KnownRow(record_id, values))

    def updated(self, row: KnownRow, changes: Iterable[tuple[int, Hashable]]) -> None:
        """Take note of cells that this run changed, by the index of their binding."""
        row.cells.extend([None] * (len(self._columns) - len(row.cells)))
        for index, value in changes:
            row.cells[self._places[index]] = value

    def _scan(self) -> None:
        # A page token is no snapshot: once this run has made rows, the scan begins anew.
        first = None if self.made else self._first
        for page in self._pages(self._search(), first=first):
            self._take(page.records)
        self._coverage.everything = True

    def _ask(self, ask: Ask, *, later: Sequence[Ask] | None = None) -> bool:
        """Search once; False when a scan must, or would better, do it.

        Args:
            ask: The search.
            later: What would follow, to compare with a scan; None when only this will do.
        """
        search = self._search() | {"filter": ask.filter}
        try:
            first = self._client.search_page(self._table_id, search, fresh=self._fresh)
        except ApiError as error:
            if error.code not in FILTER_REFUSED:
                raise
            logger.warning("%s The table is read without a filter instead.", error)
            return False
        shown = sum(
            (key := self._key(row)) is not None and covers(ask, key[ask.part])
            for row in islice(self._rows.values(), PAGE)
        )
        self._take(first.records)
        if first.total < shown and later is not None:
            logger.warning(
                "A filter found %d rows of at least %d; reading all.", first.total, shown
            )
            return False
        if later is not None and is_dearer(first.total, ask, later, total=self.total):
            return False
        for page in self._pages(search, first=first):
            self._take(page.records)
        self._coverage.asks.append(ask)
        return True

    def _pages(self, search: SearchJSON, *, first: Page | None = None) -> Iterator[Page]:
        return self._client.search(self._table_id, search, first=first, fresh=self._fresh)

    def _search(self) -> SearchJSON:
        names = [
            binding.column.name
            for field_id, binding in self._columns.items()
            if field_id not in self._imagined
        ]
        return {"field_names": names} if 0 < len(names) <= MOST_NAMES else {}

    def _take(self, records: Iterable[RecordJSON]) -> None:
        for record in records:
            fields: dict[str, Any] = record.get("fields") or {}
            values = [
                self._kept(binding, fields.get(binding.column.name))
                for binding in self._columns.values()
            ]
            self._add(KnownRow(record["record_id"], values))

    def _kept(self, binding: Binding, cell: object) -> Hashable:
        # A scan may keep a hundred thousand rows of which few are compared: numbers stay as they
        # came until then (a Decimal takes four times a float's room), equal texts are one object.
        if not binding.is_key:
            if isinstance(cell, float):
                return cell
            if cell is not None and is_numeric_text(binding):
                cell = joined(cell)
                return self._texts.setdefault(cell, cell)
        value = binding.codec.decode(cell)
        return self._texts.setdefault(value, value) if isinstance(value, str) else value

    def _add(self, row: KnownRow) -> None:
        if row.record_id in self._rows:
            return
        key = self._key(row)
        if key is None:
            return
        self._rows[row.record_id] = row
        self._by_key.setdefault(key, []).append(row)

    def _key(self, row: KnownRow) -> Key | None:
        cells = row.cells
        key = tuple(
            cells[place] if place < len(cells) else None
            for place in self._places[: len(self._keys)]
        )
        return None if any(part is None for part in key) else key
