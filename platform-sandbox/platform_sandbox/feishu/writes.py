"""Record writes: everything is checked first, then everything is done, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.feishu.cells import Conversion
from platform_sandbox.feishu.codes import Refused
from platform_sandbox.feishu.model import Type, options_of
from platform_sandbox.feishu.state import APP_USER

if TYPE_CHECKING:
    from platform_sandbox.feishu.call import Call
    from platform_sandbox.feishu.model import Base, Field, Record, Stored, Table
    from platform_sandbox.feishu.state import State

DELETE_CAP: Final = 500


def create(call: Call) -> dict[str, Any]:
    """POST records."""
    fields = call.body.get("fields", {})
    (record,) = _create(call, [fields])
    return {"record": _echo(record, fields)}


def batch_create(call: Call) -> dict[str, Any]:
    """POST records/batch_create."""
    entries = _entries(call)
    rows = [entry.get("fields", {}) for entry in entries]
    records = _create(call, rows)
    return {"records": [_echo(record, row) for record, row in zip(records, rows, strict=True)]}


def update(call: Call) -> dict[str, Any]:
    """PUT records/:record_id."""
    fields = call.body.get("fields", {})
    ((record, _),) = _update(call, [{"record_id": call.path["record_id"], "fields": fields}])
    return {"record": _echo(record, fields)}


def batch_update(call: Call) -> dict[str, Any]:
    """POST records/batch_update; the same record twice is allowed, the last one wins."""
    return {"records": [_echo(record, fields) for record, fields in _update(call, _entries(call))]}


def delete(call: Call) -> dict[str, Any]:
    """DELETE records/:record_id."""
    identifier = call.path["record_id"]
    _known(call, identifier)
    call.state.remove_records(call.base, call.table, [identifier])
    return {"deleted": True, "record_id": identifier}


def batch_delete(call: Call) -> dict[str, Any]:
    """POST records/batch_delete, at most 500 ids."""
    ids = call.body.get("records")
    if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
        raise Refused(1254001)
    if len(ids) > DELETE_CAP:
        raise Refused(1254104)
    for identifier in ids:
        _known(call, identifier)
    call.state.remove_records(call.base, call.table, ids)
    return {"records": [{"deleted": True, "record_id": identifier} for identifier in ids]}


def _entries(call: Call) -> list[dict[str, Any]]:
    entries = call.body.get("records")
    if not isinstance(entries, list) or not entries:
        raise Refused(1254001)
    if len(entries) > call.switches.batch_cap:
        raise Refused(1254104)
    if not all(isinstance(entry, dict) for entry in entries):
        raise Refused(1254001)
    return entries


def _known(call: Call, identifier: object) -> Record:
    record = call.table.records.get(str(identifier))
    if record is None or call.state.is_fresh(record.id):
        raise Refused(1254043, f"record not found,id = {identifier}")
    return record


def _echo(record: Record, fields: dict[str, Any]) -> dict[str, Any]:
    return {"fields": fields, "id": record.id, "record_id": record.id}


def _conversion(call: Call) -> Conversion:
    return Conversion(
        call.base,
        call.table,
        call.switches,
        call.state.ids,
        user_id_type=call.query.get("user_id_type") or "open_id",
    )


def _columns(call: Call) -> dict[str, Field]:
    return {
        column.name: column
        for column in call.visible_fields()
        if not call.state.is_fresh(column.id)
    }


def _create(call: Call, rows: list[Any]) -> list[Record]:
    columns, conversion = _columns(call), _conversion(call)
    converted = [conversion.row(columns, row) for row in rows]
    limit = call.row_limit
    if limit is not None and len(call.table.records) + len(rows) > limit:
        raise Refused(call.switches.row_limit_code)
    return insert(call.state, conversion, converted, APP_USER)


def _update(call: Call, entries: list[dict[str, Any]]) -> list[tuple[Record, dict[str, Any]]]:
    columns, conversion = _columns(call), _conversion(call)
    changes = []
    echoes = []
    for entry in entries:
        record = _known(call, entry.get("record_id"))
        fields = entry.get("fields", {})
        changes.append((record, conversion.row(columns, fields)))
        echoes.append((record, fields))
    change(call.state, conversion, changes, APP_USER)
    return echoes


def insert(
    state: State,
    conversion: Conversion,
    rows: list[dict[str, Stored | None]],
    who: str,
) -> list[Record]:
    """Add converted rows with the options that they bring along."""
    base, table = conversion.base, conversion.table
    _add_options(table, conversion)
    filled = [{key: value for key, value in row.items() if value is not None} for row in rows]
    added = state.add_records(base, table, filled, who)
    for record in added if _linked(table) else ():
        _mirror(state, base, table, record, {})
    return added


def change(
    state: State,
    conversion: Conversion,
    changes: list[tuple[Record, dict[str, Stored | None]]],
    who: str,
) -> None:
    """Set converted cells with the options that they bring along."""
    base, table = conversion.base, conversion.table
    _add_options(table, conversion)
    before = {record.id: dict(record.values) for record, _ in changes} if _linked(table) else {}
    state.change_records(base, table, changes, who)
    for record, _ in changes if _linked(table) else ():
        _mirror(state, base, table, record, before.get(record.id, {}))


def _add_options(table: Table, conversion: Conversion) -> None:
    by_id = table.by_id()
    for identifier, added in conversion.options.items():
        column = by_id[identifier]
        column.property = {**(column.property or {}), "options": [*options_of(column), *added]}


def _linked(table: Table) -> bool:
    return any(column.type == Type.DUPLEX_LINK for column in table.fields)


def _mirror(
    state: State, base: Base, table: Table, record: Record, before: dict[str, Stored]
) -> None:
    """Keep the other side of two-way links in step."""
    for column in table.fields:
        if column.type != Type.DUPLEX_LINK:
            continue
        settings = column.property or {}
        other = base.tables.get(str(settings.get("table_id")))
        back = settings.get("back_field_id")
        if other is None or back is None:
            continue
        old, new = (_ids(values.get(column.id)) for values in (before, record.values))
        for identifier in {*old, *new}:
            partner = other.records.get(identifier)
            if partner is None:
                continue
            rest = tuple(one for one in _ids(partner.values.get(back)) if one != record.id)
            linked = (*rest, record.id) if identifier in new else rest
            if linked:
                partner.values[back] = linked
            else:
                partner.values.pop(back, None)
            other.touch()
            state.storage.save_records(base, other, [partner])


def _ids(value: Stored | None) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()
