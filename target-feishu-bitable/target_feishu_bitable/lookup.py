"""What is known of a table's rows: read once, at the fewest calls, kept true by our own writes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from target_feishu_bitable.asking import ONCE, PAGE, Prospect, Sample, cheapest, exact, is_dearer
from target_feishu_bitable.client import Page
from target_feishu_bitable.errors import ApiError, TooMuch
from target_feishu_bitable.filters import Coverage, covers
from target_feishu_bitable.known import KnownRows
from target_feishu_bitable.recent import SETTLING_SECONDS, settled
from target_feishu_bitable.spellings import Spellings

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence

    from target_feishu_bitable.client import BitableClient
    from target_feishu_bitable.filters import Ask, Key
    from target_feishu_bitable.known import KnownRow
    from target_feishu_bitable.recent import Awaited
    from target_feishu_bitable.schema import Binding
    from target_feishu_bitable.wire import SearchJSON

logger = logging.getLogger(__name__)
FILTER_REFUSED: Final = frozenset({1254018, 1254107, 99992402})
"""Refusals of a filter; projects report them also for filters that the documents allow."""
SCANS: Final = 3
"""How often a table is read when people delete rows meanwhile."""
MOST_NAMES: Final = 200  # without names a search returns all columns


class Lookup:
    """The rows of one table, as far as this run had to know them.

    Args:
        client: The base.
        table_id: The table.
        fresh: The table, or one of its columns, was made by this run; "not found" is waited out.
        awaited: Rows that a run wrote a moment ago; they are waited for before any is missed.

    Attributes:
        total: Rows in the table, our own creates included.
        surplus: Rows that repeat the key of an older one, among the keys asked for.
        made: Ids of rows that this run made, and when; readers may not see them yet.
    """

    def __init__(
        self,
        client: BitableClient,
        table_id: str,
        *,
        fresh: bool = False,
        awaited: Awaited | None = None,
    ) -> None:
        self._client = client
        self._awaited = awaited
        self._table_id = table_id
        self._fresh = fresh
        self._first: Page | None = None
        self._imagined: frozenset[str] = frozenset()
        self._coverage = Coverage()
        self._known = KnownRows()
        self.total = 0
        self.surplus: dict[Key, list[str]] = {}
        self.made: dict[str, float] = {}
        self._counted = False
        self._times_asked = 0
        self._pages_asked = 0
        self._spellings = Spellings(lambda one: self._found(self._search() | {"filter": one}))

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
        key_before = [one.column.field_id for one in self._known.keys]
        unread = [
            one
            for one in bindings
            if one.column.field_id not in created and not self._known.reads(one)
        ]
        self._known.bind(bindings)
        same_key = [one.column.field_id for one in self._known.keys] == key_before
        is_empty = self._coverage.everything and not self.total
        if self._first is not None and (unread or not same_key) and not is_empty:
            self._first, self._coverage, self.surplus = None, Coverage(), {}
            self._known.forget(but=self.made)

    def open(self) -> int:
        """Read the first page, once; return how many rows the table has."""
        if self._first is None:
            self._first = settled(
                self._awaited, lambda: next(self._pages(self._search())), self._client.session
            )
            self.total = max(self._first.total, len(self.made))
            self._known.take(self._first.records)
            self._coverage.everything = self._first.token is None
        return self.total

    def count(self) -> int:
        """Return how many rows the table has, asked once, without reading any for keys."""
        if self._first is None and not self._counted:
            self.total = self._found(self._search())
            self._counted = True
        return self.total

    def sees_rows(self) -> bool:
        """Tell whether a search shows any row now."""
        return self._found(self._search()) > 0

    def first_ids(self) -> list[str]:
        """Return the ids of the rows of the first page."""
        self.open()
        return [record["record_id"] for record in self._first.records] if self._first else []

    def emptied(self) -> None:
        """The table is empty now: the rows it was born with are gone."""
        self._known.forget()
        self.total = 0
        self._first = Page([], 0, None)
        self._coverage.everything = True

    def learn(self, keys: Iterable[Key], *, more: bool = False) -> None:
        """Read what is needed to know the rows of these keys; asks for nothing twice.

        Args:
            keys: The keys.
            more: Others may follow in this run.
        """
        self.open()
        unknown = [key for key in keys if not self._coverage.has(key)]
        if not unknown:
            return
        prospect = Prospect(more, self._times_asked, self._pages_asked)
        sample = Sample(self.total, self._known.sample(PAGE))
        asks = cheapest(self._known.keys, unknown, sample, prospect)
        if asks is None or self._may_miss(asks, unknown):
            self._scan()
            return
        prospect = prospect.of(asks[0].part, unknown)
        self._times_asked += 1
        for place, ask in enumerate(asks):
            if not self._ask(ask, later=asks[place + 1 :], prospect=prospect):
                self._scan()
                return

    def drop(self, record_ids: Collection[str]) -> None:
        """Forget rows that somebody deleted meanwhile."""
        self.total -= self._known.gone(record_ids)
        for record_id in record_ids:
            self.made.pop(record_id, None)

    def is_young(self, record_ids: Iterable[str]) -> bool:
        """Tell whether this run made one of the rows so lately that it may only be unseen yet."""
        since = self._client.session.clock() - SETTLING_SECONDS
        return any(self.made.get(record_id, since) > since for record_id in record_ids)

    def find_again(self, keys: Iterable[Key]) -> None:
        """Read the rows of these keys once more; those that this run made stay known unseen."""
        wanted = set(keys)
        for key in wanted:
            self._known.forget_key(key, but=self.made)
        asks = exact(self._known.keys, wanted)
        if asks is None or self._may_miss(asks, wanted) or not all(map(self._ask, asks)):
            for page in self._pages(self._search()):
                self._known.take(page.records)

    def rows(self, key: Key) -> Sequence[KnownRow]:
        """Return the rows that carry a key; call `learn` before."""
        return self._known.of(key)

    def cell(self, row: KnownRow, index: int) -> Hashable:
        """Return the canonical value of a row in the column of a binding."""
        return self._known.cell(row, index)

    def settle(self, keys: Iterable[Key]) -> None:
        """Put the oldest row first where a key stands in several, and note the others."""
        several = {key: rows for key in keys if len(rows := self._known.of(key)) > 1}
        unsettled = {key: rows for key, rows in several.items() if key not in self.surplus}
        ids = [row.record_id for rows in unsettled.values() for row in rows]
        born = {
            record["record_id"]: int(record.get("created_time") or 0)
            for record in self._client.batch_get(self._table_id, ids, automatic_fields=True)
        }
        for key, rows in unsettled.items():
            ordered = sorted(rows, key=lambda row: (born.get(row.record_id, 0), row.record_id))
            self._known.order(key, ordered)
            self.surplus[key] = [row.record_id for row in ordered[1:]]

    def created(self, record_id: str, cells: Sequence[Hashable]) -> None:
        """Take note of a row that this run made; `cells` in the order of the bindings."""
        self.total += 1
        if not self._known.keys:
            return  # nobody will ask for it
        self.made[record_id] = self._client.session.clock()
        self._known.made(record_id, cells)

    def imagined(self, record_id: str, cells: Sequence[Hashable]) -> None:
        """Take note of a row that a dry run would make; `cells` in the order of the bindings."""
        if self._known.keys:
            self._known.made(record_id, cells)

    def updated(self, row: KnownRow, changes: Iterable[tuple[int, Hashable]]) -> None:
        """Take note of cells that this run changed, by the index of their binding."""
        self._known.changed(row, changes)

    def _may_miss(self, asks: Sequence[Ask], keys: Iterable[Key]) -> bool:
        part = asks[0].part
        days = {key[part] for key in keys}
        try:
            return self._spellings.are_strange(self._known.keys[part], days, total=self.total)
        except ApiError as error:
            _raise_unless_refused(error)
            return True

    def _scan(self) -> None:
        # A page token is no snapshot: once this run has made rows, the scan begins anew; also when
        # rows are deleted meanwhile, since others then slip to a page that was read.
        first = None if self.made else self._first
        for _ in range(SCANS):
            total, slipped = (first.total if first else 0), False
            for page in self._pages(self._search(), first=first):
                self._known.take(page.records)
                slipped, total = slipped or page.total < total, page.total
            first = None
            if not slipped:
                break
        self._coverage.everything = True

    def _ask(
        self, ask: Ask, *, later: Sequence[Ask] | None = None, prospect: Prospect = ONCE
    ) -> bool:
        """Search once; False when a scan must, or would better, do it.

        Args:
            ask: The search.
            later: What would follow, to compare with a scan; None when only this will do.
            prospect: What came before, and whether more will come.
        """
        search = self._search() | {"filter": ask.filter}
        try:
            first = next(self._pages(search))
        except ApiError as error:
            _raise_unless_refused(error)
            return False
        shown = sum(covers(ask, key[ask.part]) for key in self._known.sample(PAGE))
        self._known.take(first.records)
        if first.total < shown and later is not None:
            logger.warning(
                "A filter found %d rows of at least %d; reading all.", first.total, shown
            )
            return False
        if later is not None and is_dearer(
            first.total, ask, later, total=self.total, prospect=prospect
        ):
            return False
        self._pages_asked += 1
        for page in self._pages(search, first=first):
            self._known.take(page.records)
            self._pages_asked += 1
            if page.total < first.total:
                return False
        self._coverage.asks.append(ask)
        return True

    def _found(self, search: SearchJSON) -> int:
        return self._client.search_page(self._table_id, search, size=1, fresh=self._fresh).total

    def _pages(self, search: SearchJSON, *, first: Page | None = None) -> Iterator[Page]:
        return self._client.search(self._table_id, search, first=first, fresh=self._fresh)

    def _search(self) -> SearchJSON:
        names = [
            binding.column.name
            for field_id, binding in self._known.columns.items()
            if field_id not in self._imagined
        ]
        return {"field_names": names} if 0 < len(names) <= MOST_NAMES else {}


def _raise_unless_refused(error: ApiError) -> None:
    if error.code not in FILTER_REFUSED and not isinstance(error, TooMuch):
        raise error
    logger.warning("%s The table is read without a filter instead.", error)
