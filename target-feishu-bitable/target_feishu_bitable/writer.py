"""Carries a plan out: each row once, one call at a time, and never blindly again.

Batches are all or nothing, and the platform does not say which row it refuses; so a refused batch
is halved until the row stands alone, and all rows before it are written (vendor pages; measured).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from target_feishu_bitable.errors import (
    AccessError,
    BadBatch,
    RowError,
    RowGone,
    TooMuch,
    UnknownOutcome,
)
from target_feishu_bitable.plan import ABSENT, Change, plan
from target_feishu_bitable.session import MANAGE, TOKEN_CONFLICT
from target_feishu_bitable.wire import FieldType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_feishu_bitable.asking import Key
    from target_feishu_bitable.base import Base, Table
    from target_feishu_bitable.plan import Plan, Row
    from target_feishu_bitable.schema import Binding
    from target_feishu_bitable.summary import Counts
    from target_feishu_bitable.wire import ChangeJSON, NewRecordJSON

logger = logging.getLogger(__name__)

LAG_SECONDS: Final = (1.0, 2.0, 4.0, 8.0)
"""How long a row just written may stay invisible to searches: waited out before it counts."""
TRIES: Final = 4
GET_AT_ONCE: Final = 100
_TYPES_OF_CODE: Final = {
    1254060: FieldType.TEXT,
    1254061: FieldType.NUMBER,
    1254062: FieldType.SINGLE_SELECT,
    1254063: FieldType.MULTI_SELECT,
    1254064: FieldType.DATE,
    1254065: FieldType.CHECKBOX,
    1254068: FieldType.URL,
    1254072: FieldType.PHONE,
    1254130: FieldType.TEXT,
}


class Writer:
    """Writes rows of one stream into its table.

    Args:
        base: The opened base.
        table: The table.
        stream: Name of the stream, for messages.
        bindings: The stream's columns.
        counts: Where written rows are counted.
        keyed: Whether rows can be found again by a key.
    """

    def __init__(
        self,
        base: Base,
        table: Table,
        stream: str,
        bindings: Sequence[Binding],
        counts: Counts,
        *,
        keyed: bool,
    ) -> None:
        self._base = base
        self._client = base.client
        self._table = table
        self._stream = stream
        self._bindings = bindings
        self._counts = counts
        self._keyed = keyed
        self._sleep = base.client.session.sleep

    def apply(self, made: Plan) -> None:
        """Write a plan.

        Raises:
            RowError: A row is refused; every row that arrived before it is written.
            TargetError: The platform can't or won't; see errors.py.
        """
        bad: RowError | None = None
        for kind, items in ((self._create, made.creates), (self._update, made.updates)):
            write: Callable[[Any], None] = kind
            rows: Sequence[Any] = items
            if bad is not None:
                rows = [one for one in rows if _number(one) < bad.number]
            try:
                self._in_portions(write, rows)
            except RowError as error:
                if bad is None or error.number < bad.number:
                    bad = error
        if bad is not None:
            raise bad

    def _in_portions(self, write: Callable[[Any], None], rows: Sequence[Any]) -> None:
        size = self._base.settings.rows_per_request
        for start in range(0, len(rows), size):
            self._halving(write, rows[start : start + size])

    def _halving(self, write: Callable[[Any], None], rows: Sequence[Any]) -> None:
        try:
            write(rows)
        except (TooMuch, BadBatch) as error:
            if len(rows) == 1:
                raise self._refused(rows[0], error) from error
            middle = len(rows) // 2
            self._halving(write, rows[:middle])
            self._halving(write, rows[middle:])

    def _create(self, rows: Sequence[Row]) -> None:
        if self._base.advanced and not self._table.visible and self._table.lookup.total == 0:
            self._create_trial(rows[0])
            rows = rows[1:]
        self._table.visible = True
        if rows:
            self._keep(rows, self._create_once(rows))

    def _keep(self, rows: Sequence[Row], record_ids: Sequence[str | None]) -> None:
        for row, record_id in zip(rows, record_ids, strict=True):
            self._counts.created += 1
            if record_id is not None:
                cells = [None if cell is ABSENT else cell for cell in row.cells]
                self._table.lookup.created(record_id, cells)

    def _create_once(self, rows: Sequence[Row]) -> list[str | None]:
        """Create rows once; None for those that are known to the look-up already."""
        records = [self._record(row) for row in rows]
        token = self._client.new_token()
        for attempt in range(TRIES):
            try:
                made = self._client.batch_create(self._table.id, records, client_token=token)
            except UnknownOutcome as error:
                logger.warning("%s Looking whether the rows are there.", error)
                missing = self._missing(rows)
                if not missing:
                    return [None] * len(rows)
                if len(missing) < len(rows):
                    self._keep(missing, self._create_once(missing))
                    self._counts.created -= len(missing)
                    return [None] * len(rows)
                if error.code in TOKEN_CONFLICT:
                    token = self._client.new_token()
                if attempt == TRIES - 1:
                    raise
            else:
                return list(made)
        raise AssertionError("unreachable")  # pragma: no cover  the loop returns or raises

    def _missing(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows that can't be found in the table, replicas that lag waited out."""
        if not self._keyed:
            return list(rows)
        missing = list(rows)
        for seconds in LAG_SECONDS:
            self._table.lookup.find_again(row.key for row in missing)
            missing = [row for row in missing if not self._table.lookup.rows(row.key)]
            if not missing:
                break
            self._sleep(seconds)
        return missing

    def _create_trial(self, row: Row) -> None:
        """Create one row and look whether it can be seen: a blind table would only grow copies."""
        made = self._create_once([row])
        if made[0] is None or self._is_visible(row):
            self._counts.created += 1
            return
        self._client.batch_delete(self._table.id, [made[0]])
        raise AccessError(
            f"The table {self._table.name!r} does not show the app its own rows, so it can't be "
            f"kept without duplicates; the one row written to find out was removed. {MANAGE}"
        )

    def _is_visible(self, row: Row) -> bool:
        for seconds in LAG_SECONDS:
            if self._keyed:
                self._table.lookup.find_again([row.key])
                visible = bool(self._table.lookup.rows(row.key))
            else:
                visible = self._table.lookup.count() > 0
            if visible:
                self._table.lookup.total = max(1, self._table.lookup.total)
                return True
            self._sleep(seconds)
        return False

    def _update(self, changes: Sequence[Change]) -> None:
        for _ in range(TRIES):
            try:
                self._client.batch_update(self._table.id, [self._change(one) for one in changes])
            except RowGone as error:
                logger.warning("%s Somebody deleted it meanwhile; looking its key up again.", error)
                changes = self._without_gone(changes, error)
                if not changes:
                    return
            else:
                for one in changes:
                    cells = [(index, one.row.cells[index]) for index in one.cells]
                    self._table.lookup.updated(one.known, cells)
                self._counts.updated += len(changes)
                return
        raise RowGone(f"Rows of {self._table.name!r} are being deleted while they are written.")

    def _without_gone(self, changes: Sequence[Change], error: RowGone) -> list[Change]:
        ids = [one.known.record_id for one in changes]
        there: set[str] = set()
        for start in range(0, len(ids), GET_AT_ONCE):
            portion = ids[start : start + GET_AT_ONCE]
            there |= {one["record_id"] for one in self._client.batch_get(self._table.id, portion)}
        gone = [one for one in changes if one.known.record_id not in there]
        if not gone:
            raise error
        lookup = self._table.lookup
        lookup.drop(one.known.record_id for one in gone)
        lookup.find_again(one.row.key for one in gone)
        anew = plan([one.row for one in gone], self._bindings, lookup)
        if anew.creates:
            self._create(anew.creates)
        self._counts.unchanged += anew.unchanged
        return [one for one in changes if one.known.record_id in there] + anew.updates

    def _record(self, row: Row) -> NewRecordJSON:
        return {
            "fields": {
                binding.column.name: binding.codec.encode(value)
                for binding, value in zip(self._bindings, row.values, strict=True)
                if value is not ABSENT and value is not None
            }
        }

    def _change(self, change: Change) -> ChangeJSON:
        fields = {
            self._bindings[index].column.name: self._bindings[index].codec.encode(
                change.row.values[index]
            )
            for index in change.cells
        }
        return {"record_id": change.known.record_id, "fields": fields}

    def _refused(self, item: Row | Change, error: TooMuch | BadBatch) -> RowError:
        row = item.row if isinstance(item, Change) else item
        indexes = item.cells if isinstance(item, Change) else range(len(self._bindings))
        wanted = _TYPES_OF_CODE.get(error.code or 0)
        suspects = [
            f"“{self._bindings[index].column.name}” ({type(row.values[index]).__name__})"
            for index in indexes
            if row.values[index] not in (None, ABSENT)
            and wanted in (None, self._bindings[index].column.type)
        ]
        return RowError(
            f"Stream {self._stream}, {describe_key(self._bindings, row.key)}: the platform refuses "
            f"a cell of column {', '.join(suspects)}. {error} Correct the value at its source, or "
            "drop the property with false in `tables`. Rows that came before it are stored.",
            number=row.number,
            code=error.code,
            log_id=error.log_id,
        )


def describe_key(bindings: Sequence[Binding], key: Key) -> str:
    """Return a row's key for people: `时间=2026-02-11, 单元ID=76…`."""
    names = [binding.property for binding in bindings if binding.is_key]
    if not key:
        return "a row without key"
    return "row " + ", ".join(f"{name}={part}" for name, part in zip(names, key, strict=True))


def _number(item: Row | Change) -> int:
    return item.row.number if isinstance(item, Change) else item.number
