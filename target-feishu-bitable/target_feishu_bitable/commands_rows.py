"""Finding rows that are there twice, or that belong to one day, and deleting them on demand."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from target_feishu_bitable.days import written_day
from target_feishu_bitable.errors import RowGone, UnknownOutcome
from target_feishu_bitable.fields import joined
from target_feishu_bitable.lock import exclusive
from target_feishu_bitable.recent import Recent, recent_path
from target_feishu_bitable.wire import FieldType

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence
    from datetime import date

    from target_feishu_bitable.commands_table import OpenTable, Part
    from target_feishu_bitable.fields import Column
    from target_feishu_bitable.wire import FilterJSON, RecordJSON, SearchJSON

DELETE_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row with what a decision about it needs.

    Attributes:
        record_id: Its id.
        key: The texts of its key columns.
        created: When it was made, in milliseconds since 1970.
        human: Names of the filled columns that no stream writes.
        accounts: Texts of the account columns that were asked for.
        blank: Whether no cell holds anything but what the platform computes.
    """

    record_id: str
    key: tuple[str, ...]
    created: int
    human: tuple[str, ...]
    accounts: tuple[str, ...]
    blank: bool


@dataclass(frozen=True, slots=True)
class Copies:
    """The rows of one key: the one that stays, and the surplus."""

    kept: FoundRow
    surplus: tuple[FoundRow, ...]

    @property
    def may_be_old(self) -> bool:
        """Whether an older copy goes: runs write the newest numbers into the oldest one."""
        return any(row.created < self.kept.created for row in self.surplus)


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What was found in a table.

    Attributes:
        rows: Rows that were looked at.
        keyless: Rows among them with an empty key column; never judged, never deleted.
        copies: Keys that stand in several rows.
    """

    rows: int
    keyless: int
    copies: tuple[Copies, ...]

    @property
    def surplus_ids(self) -> list[str]:
        """The rows that would go."""
        return [row.record_id for one in self.copies for row in one.surplus]


def read_rows(
    table: OpenTable,
    parts: Sequence[Part],
    *,
    day: date | None = None,
    accounts: Sequence[Part] = (),
) -> Iterator[FoundRow]:
    """Yield the rows of a table, those of one day when `day` is given.

    Args:
        table: The table.
        parts: Its key columns.
        day: Only rows of this day.
        accounts: The account columns, when the rows' accounts are wanted.
    """
    body: SearchJSON = {"automatic_fields": True}
    dated = table.date_part() if day is not None else None
    if dated is not None and day is not None:
        body["filter"] = _day_filter(dated, day)
    human = _human_columns(table, parts)
    writable = [column for column in table.columns if column.writable]
    for page in table.client.search(table.table_id, body):
        for record in page.records:
            fields = record.get("fields") or {}
            if dated is None or _is_on(dated, fields, day):
                yield _found(record, parts, human, writable, accounts)


def find_duplicates(rows: Iterator[FoundRow]) -> Duplicates:
    """Group rows by key; the row with the most human content stays, then the oldest."""
    groups: dict[tuple[str, ...], list[FoundRow]] = {}
    seen = keyless = 0
    for row in rows:
        seen += 1
        if all(row.key):
            groups.setdefault(row.key, []).append(row)
        else:
            keyless += 1
    copies = []
    for group in groups.values():
        if len(group) > 1:
            # Rows of one instant stay in the order in which the platform lists them.
            ordered = sorted(group, key=lambda row: (-len(row.human), row.created))
            copies.append(Copies(ordered[0], tuple(ordered[1:])))
    copies.sort(key=lambda one: one.kept.key)
    return Duplicates(seen, keyless, tuple(copies))


def delete_rows(
    table: OpenTable, shown: Sequence[str], find_again: Callable[[], Sequence[str]]
) -> int:
    """Delete rows that were shown and are still wanted gone, as the base's only writer.

    Args:
        table: The table.
        shown: Ids that a person has seen.
        find_again: Looks once more, now that no other writer can be under way.

    Returns:
        How many rows were deleted.
    """
    settings = table.settings
    with exclusive(
        settings.api_url,
        table.client.app_token,
        timeout=settings.lock_timeout_seconds,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    ):
        still = set(find_again())
        ids = [one for one in shown if one in still]
        for start in range(0, len(ids), DELETE_AT_ONCE):
            _delete(table, ids[start : start + DELETE_AT_ONCE])
        path = recent_path(settings.api_url, table.client.app_token)
        Recent(path, time.time).forget()
    return len(ids)


def _delete(table: OpenTable, ids: list[str]) -> None:
    try:
        table.client.batch_delete(table.table_id, ids)
    except (RowGone, UnknownOutcome):
        # All or nothing: a row that a person deleted meanwhile keeps the others alive.
        left = [one["record_id"] for one in table.client.batch_get(table.table_id, ids)]
        if left:
            table.client.batch_delete(table.table_id, left)


def _day_filter(dated: Part, day: date) -> FilterJSON:
    name = dated.column.name
    if dated.column.type == FieldType.DATE:
        before, after = (str(dated.codec.encode(day + timedelta(days=days))) for days in (-1, 1))
        return {
            "conjunction": "and",
            "conditions": [
                {"field_name": name, "operator": "isGreater", "value": ["ExactDate", before]},
                {"field_name": name, "operator": "isLess", "value": ["ExactDate", after]},
            ],
        }
    return {
        "conjunction": "and",
        "conditions": [{"field_name": name, "operator": "contains", "value": [day.isoformat()]}],
    }


def _is_on(dated: Part, fields: dict[str, Any], day: date | None) -> bool:
    return day is not None and dated.codec.decode(fields.get(dated.column.name)) == day.isoformat()


def _found(
    record: RecordJSON,
    parts: Sequence[Part],
    human: Sequence[Column],
    writable: Sequence[Column],
    accounts: Sequence[Part],
) -> FoundRow:
    fields = record.get("fields") or {}
    return FoundRow(
        record_id=record["record_id"],
        key=_texts(parts, fields),
        created=int(record.get("created_time") or 0),
        human=tuple(one.name for one in human if is_filled(fields.get(one.name))),
        accounts=_texts(accounts, fields),
        blank=not any(is_filled(fields.get(one.name)) for one in writable),
    )


def _texts(parts: Sequence[Part], fields: dict[str, Any]) -> tuple[str, ...]:
    return tuple(_key_text(part, fields.get(part.column.name)) for part in parts)


def _key_text(part: Part, cell: object) -> str:
    """Return a key's cell as the text two rows must share to be copies.

    Points in time stay exact: no schema says here whether the hours of a day are rows of their own.
    """
    if part.column.type == FieldType.TEXT:
        text = joined(cell) if cell is not None else ""
        return written_day(text) or text
    known = part.codec.decode(cell)
    if known is None:
        return ""
    if part.column.type == FieldType.DATE and isinstance(known, int):
        return _moment_text(known, part)
    return _text(part, known)


def _text(part: Part, known: Hashable) -> str:
    return (
        "、".join(sorted(map(str, known)))
        if isinstance(known, frozenset)
        else (part.codec.values.text(known))
    )


def _moment_text(moment: int, part: Part) -> str:
    zone = getattr(part.codec, "zone", UTC)
    try:
        at = datetime.fromtimestamp(moment / 1000, zone)
    except (OverflowError, ValueError, OSError):
        return str(moment)
    midnight = at.time().isoformat() == "00:00:00"
    return at.date().isoformat() if midnight else at.replace(tzinfo=None).isoformat(" ")


def _human_columns(table: OpenTable, parts: Sequence[Part]) -> list[Column]:
    """Return the columns that people fill: neither computed nor written by the stream."""
    ours = {part.column.field_id for part in parts}
    for name in table.mapping.columns:
        column = table.column(name)
        if column is not None and table.mapping.columns[name] is not False:
            ours.add(column.field_id)
    return [column for column in table.columns if column.writable and column.field_id not in ours]


def is_filled(cell: object) -> bool:
    """Tell whether a cell holds anything; an empty link column comes as an empty object."""
    if cell is None or cell is False:
        return False
    if isinstance(cell, dict):
        return any(is_filled(value) for value in cell.values())
    if isinstance(cell, list):
        return any(is_filled(value) for value in cell)
    return cell != ""
