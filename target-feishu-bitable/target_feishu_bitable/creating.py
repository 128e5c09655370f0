"""Creates rows, each once: the platform has no unique keys, and an answer may get lost.

A repeated create with the same `client_token` gets the first answer again (measured); how long that
holds is not documented, and 1255006 ends it. Searches may not show a row for some seconds after it
was made (replicas). So neither is trusted alone.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from target_feishu_bitable.codes import MANAGE, TIMED_OUT, TOKEN_CONFLICT
from target_feishu_bitable.errors import (
    AccessError,
    BadBatch,
    RowGone,
    TargetError,
    TooMuch,
    UnknownOutcome,
)
from target_feishu_bitable.plan import ABSENT
from target_feishu_bitable.recent import LAG_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_feishu_bitable.lane import Lane
    from target_feishu_bitable.plan import Row
    from target_feishu_bitable.wire import NewRecordJSON

logger = logging.getLogger(__name__)

NOT_READY: Final = 1254607


class Creator:
    """Creates rows of one stream in its table."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._client = lane.base.client
        self._tried: Row | None = None
        self._sleep = lane.base.client.session.sleep

    def create(self, rows: Sequence[Row]) -> None:
        """Create rows, at most as many as one call takes.

        Raises:
            AccessError: The app does not see what it writes.
            BadBatch: A cell is not acceptable; nothing was created.
            TooMuch: Send less at once; nothing was created.
            UnknownOutcome: It could not be found out what was created.
        """
        if (
            self._lane.base.advanced
            and not self._lane.table.visible
            and self._lane.table.lookup.total == 0
        ):
            self._create_trial(rows[0])
            self._tried = rows[0]
        self._lane.table.visible = True
        rows = [row for row in rows if row is not self._tried]  # a halved batch brings it again
        if rows and self._lane.keyed:
            self._create_once(rows)
        elif rows:
            self._keep(rows, self._create_again_and_again(rows))

    def _create_once(self, rows: Sequence[Row]) -> None:
        """Create rows, each once, whatever becomes of the answers.

        The same rows go out with the same client_token, for which the platform gives its first
        answer again; before that, and before anything goes out with a new one, the keys are looked
        up. Only a look that waited for the replicas lets rows count as missing.
        """
        records = [self._record(row) for row in rows]
        token = self._client.new_token()
        for attempt, seconds in enumerate(LAG_SECONDS):
            try:
                made = self._send(records, token, is_first=attempt == 0)
            except (UnknownOutcome, TooMuch, BadBatch) as error:
                is_refused = not isinstance(error, UnknownOutcome)
                if is_refused and error.code != NOT_READY and not attempt:
                    raise  # before anything was done
                spent = error.code in TOKEN_CONFLICT
                is_last = attempt == len(LAG_SECONDS) - 1
                too_slow = error.code == TIMED_OUT and attempt > 0 and len(rows) > 1
                goes_on_anew = spent or is_last or too_slow or is_refused
                missing = self._missing(rows, error, patient=goes_on_anew)
                if len(missing) < len(rows):
                    self._lane.counts.created += len(rows) - len(missing)
                    self._lane.table.lookup.total += len(rows) - len(missing)
                    if missing:
                        self._create_once(missing)
                    return
                if too_slow:
                    raise TooMuch(str(error), code=error.code, log_id=error.log_id) from error
                if is_last or is_refused:
                    raise
                token = self._client.new_token() if spent else token
                self._sleep(seconds)
            else:
                self._keep(rows, made)
                return

    def _send(self, records: Sequence[NewRecordJSON], token: str, *, is_first: bool) -> list[str]:
        table, recent = self._lane.table, self._lane.base.recent
        there = table.lookup.total
        recent.note(table.id, there + len(records))
        try:
            made = self._client.batch_create(
                table.id, records, client_token=token, fresh=table.is_fresh
            )
        except TargetError as error:
            is_unclear = isinstance(error, UnknownOutcome) or error.code == NOT_READY
            if is_first and not is_unclear:  # a refusal says nothing of what went out before it
                recent.note(table.id, there)
            raise
        recent.note(table.id, there + len(made))
        return made

    def _keep(self, rows: Sequence[Row], record_ids: Sequence[str]) -> None:
        self._lane.counts.created += len(rows)
        for row, record_id in zip(rows, record_ids, strict=True):
            self._lane.table.lookup.created(record_id, row.written)

    def _missing(self, rows: Sequence[Row], error: Exception, *, patient: bool) -> list[Row]:
        """Return the rows that can't be found in the table.

        Args:
            rows: The rows.
            error: Why somebody looks.
            patient: Wait for replicas that lag behind before a row counts as missing.
        """
        logger.warning("%s Looking whether the rows are there.", error)
        missing = list(rows)
        for seconds in (*LAG_SECONDS, None):
            self._lane.table.lookup.find_again(row.key for row in missing)
            missing = [row for row in missing if not self._lane.table.lookup.rows(row.key)]
            if not missing or seconds is None or (len(missing) == len(rows) and not patient):
                break
            self._sleep(seconds)
        return missing

    def _create_again_and_again(self, rows: Sequence[Row]) -> list[str]:
        """Create rows that no key tells apart: only the client_token keeps them single."""
        records = [self._record(row) for row in rows]
        token = self._client.new_token()
        is_unclear = False
        for seconds in LAG_SECONDS:
            try:
                return self._send(records, token, is_first=not is_unclear)
            except TargetError as error:
                is_refused = not isinstance(error, UnknownOutcome)
                if is_refused and not is_unclear:
                    raise  # nothing went out before, and nothing was done
                lost = error
                if is_refused and not isinstance(error, TooMuch):
                    break
                is_spent = error.code in TOKEN_CONFLICT
                if is_spent and is_unclear:
                    break
                if is_spent:  # nothing went out with it before
                    token = self._client.new_token()
                is_unclear = is_unclear or not is_spent
                self._sleep(seconds)
        raise UnknownOutcome(
            f"{lost} Whether the last {len(rows)} rows of the stream {self._lane.stream} are in "
            f"the table {self._lane.table.name!r} is not known: look there before the next run.",
            code=lost.code,
            log_id=lost.log_id,
        )

    def _create_trial(self, row: Row) -> None:
        """Create one row and look whether it can be seen: a blind table would only grow copies."""
        made = self._create_again_and_again([row])
        seen = False
        try:
            seen = self._is_visible(row)
        finally:
            left = "" if seen else self._remove(made)  # also when a signal stops the waiting
        if not seen:
            raise AccessError(
                f"The table {self._lane.table.name!r} does not show the app its own rows, so it "
                f"can't be kept without duplicates; the one row written to find out "
                f"{left or 'was removed'}. {MANAGE}"
            )
        self._lane.counts.created += 1
        self._lane.table.lookup.total = max(1, self._lane.table.lookup.total)

    def _remove(self, record_ids: list[str]) -> str:
        """Delete the trial row; return what became of it when that can't be done, else ""."""
        is_gone = False
        for seconds in LAG_SECONDS:
            try:
                self._client.batch_delete(self._lane.table.id, record_ids)
            except (RowGone, UnknownOutcome) as error:  # gone, or only not seen yet
                logger.warning("%s Deleting it again.", error)
                is_gone = isinstance(error, RowGone)
                self._sleep(seconds)
            except TargetError as error:
                return f"({', '.join(record_ids)}) could not be removed: {error}"
            else:
                break
        else:
            if not is_gone:
                return f"({', '.join(record_ids)}) may still be there"
        self._lane.base.recent.note(self._lane.table.id, 0)
        return ""

    def _is_visible(self, row: Row) -> bool:
        lookup = self._lane.table.lookup
        for seconds in (0.0, *LAG_SECONDS):
            self._sleep(seconds)
            if self._lane.keyed:
                lookup.find_again([row.key])
            # Any row shows that the table is not blind: a person may have changed this one's key.
            if lookup.rows(row.key) or lookup.sees_rows():
                return True
        return False

    def _record(self, row: Row) -> NewRecordJSON:
        return {
            "fields": {
                binding.column.name: binding.codec.cell(known)
                for binding, known in zip(self._lane.bindings, row.cells, strict=True)
                if known is not ABSENT and known is not None
            }
        }
