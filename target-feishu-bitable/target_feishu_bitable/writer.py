"""Carries a plan out, one call at a time, in the order in which rows arrived.

Batches are all or nothing, and the platform does not say which row it refuses; so a refused batch
is halved until the row stands alone, and all rows before it are written (vendor pages; measured).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from target_feishu_bitable.codes import TIMED_OUT
from target_feishu_bitable.creating import NOT_READY, Creator
from target_feishu_bitable.errors import (
    BadBatch,
    RowError,
    RowGone,
    TooMuch,
    UnknownOutcome,
)
from target_feishu_bitable.plan import ABSENT, Change, plan
from target_feishu_bitable.recent import LAG_SECONDS
from target_feishu_bitable.texts import describe
from target_feishu_bitable.wire import FieldType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_feishu_bitable.filters import Key
    from target_feishu_bitable.lane import Lane
    from target_feishu_bitable.plan import Plan, Row
    from target_feishu_bitable.schema import Binding
    from target_feishu_bitable.wire import ChangeJSON

logger = logging.getLogger(__name__)

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
    """Writes rows of one stream into its table."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._client = lane.base.client
        self._sleep = lane.base.client.session.sleep
        self._most = lane.base.settings.rows_per_request
        self._creator = Creator(lane)

    def apply(self, made: Plan) -> None:
        """Write a plan.

        Raises:
            RowError: A row is refused; every row that arrived before it is written.
            TargetError: The platform can't or won't; see errors.py.
        """
        bad: RowError | None = None
        for kind, items in ((self._creator.create, made.creates), (self._update, made.updates)):
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
        start = 0
        while start < len(rows):
            portion = rows[start : start + self._most]
            with self._lane.base.stop.held():
                self._halving(write, portion)
            start += len(portion)

    def _halving(self, write: Callable[[Any], None], rows: Sequence[Any]) -> None:
        try:
            write(rows)
        except (TooMuch, BadBatch) as error:
            if len(rows) == 1:
                if error.code in (TIMED_OUT, NOT_READY):
                    raise
                raise self._refused(rows[0], error) from error
            middle = len(rows) // 2
            if isinstance(error, TooMuch):
                self._most = min(self._most, middle)  # the next ones would be refused as well
            self._halving(write, rows[:middle])
            self._halving(write, rows[middle:])

    def _update(self, changes: Sequence[Change]) -> None:
        waited_out, last = 0.0, None
        for seconds in (*LAG_SECONDS, waited_out, last):
            try:
                self._client.batch_update(
                    self._lane.table.id,
                    [self._change(one) for one in changes],
                    fresh=self._lane.table.is_fresh,
                )
            except RowGone as error:
                if seconds is None:
                    raise
                changes = self._without_gone(changes, error, wait=seconds)
                if not changes:
                    return
            except UnknownOutcome as error:
                if error.code != TIMED_OUT:
                    raise
                raise TooMuch(str(error), code=error.code, log_id=error.log_id) from error
            else:
                for one in changes:
                    self._lane.table.lookup.updated(one.known, one.values)
                self._lane.counts.updated += len(changes)
                return

    def _without_gone(
        self, changes: Sequence[Change], error: RowGone, *, wait: float
    ) -> Sequence[Change]:
        """Return the changes whose rows are there, after creating the rows that are not.

        A row that this run made may only be unseen yet: it is waited for.

        Args:
            changes: Changes, at least one of a row that is not found.
            error: How the platform said so.
            wait: Seconds to wait for rows just made; 0 when they were waited for.
        """
        lookup = self._lane.table.lookup
        ids = [one.known.record_id for one in changes]
        there = {one["record_id"] for one in self._client.batch_get(self._lane.table.id, ids)}
        gone = {one.known.record_id: one for one in changes if one.known.record_id not in there}
        found = [one for one in changes if one.known.record_id in there]
        if not gone or (wait and lookup.is_young(gone)):
            self._sleep(wait)
            return changes
        logger.warning("%s Somebody deleted it meanwhile; looking its key up again.", error)
        lookup.drop(gone)
        lookup.find_again(one.row.key for one in gone.values())
        anew = plan([one.row for one in gone.values()], self._lane.bindings, lookup)
        if anew.creates:
            self._creator.create(anew.creates)
        self._lane.counts.unchanged += anew.unchanged
        return found + anew.updates

    def _change(self, change: Change) -> ChangeJSON:
        fields = {
            self._lane.bindings[index].column.name: self._lane.bindings[index].codec.cell(
                change.row.cells[index]
            )
            for index in change.cells
        }
        return {"record_id": change.known.record_id, "fields": fields}

    def _refused(self, item: Row | Change, error: TooMuch | BadBatch) -> RowError:
        row = item.row if isinstance(item, Change) else item
        indexes = item.cells if isinstance(item, Change) else range(len(self._lane.bindings))
        wanted = _TYPES_OF_CODE.get(error.code or 0)
        suspects = [
            f"“{self._lane.bindings[index].column.name}” ({describe(row.cells[index])})"
            for index in indexes
            if row.cells[index] not in (None, ABSENT)
            and wanted in (None, self._lane.bindings[index].column.type)
        ]
        return RowError(
            f"Stream {self._lane.stream}, {describe_key(self._lane.bindings, row.key)}: the "
            f"platform refuses a cell of column {', '.join(suspects)}. {error} Correct the value "
            "at its source, or "
            f"drop the property with false in `tables`. {self._lane.base.settings.what_is_stored}",
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
