"""Columns of a table: list, create, update, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.feishu.codes import Refused
from platform_sandbox.feishu.model import Field, Type
from platform_sandbox.feishu.paging import list_page
from platform_sandbox.feishu.properties import PRIMARY_TYPES, kind_of, property_of

if TYPE_CHECKING:
    from platform_sandbox.feishu.call import Call
    from platform_sandbox.feishu.model import Base, Table
    from platform_sandbox.feishu.state import State

MAX_FIELDS: Final = 300
MAX_FORMULAS: Final = 100


def changed_json(column: Field) -> dict[str, Any]:
    """A column in the shape of the create and update replies: the description is an object."""
    shown = field_json(column)
    shown["description"] = {"text": column.description} if column.description else None
    return shown


def field_json(column: Field, *, description_as_list: bool = False) -> dict[str, Any]:
    """A column in the shape of the field list: the description is a text, or a list of texts."""
    description: object = column.description
    if description_as_list:
        description = [{"text": column.description, "type": "text"}] if description else []
    return {
        "field_id": column.id,
        "field_name": column.name,
        "type": column.type,
        "property": column.property,
        "description": description or "",
        "is_primary": column.is_primary,
        "ui_type": column.ui_type,
        "is_hidden": False,
    }


def list_fields(call: Call) -> dict[str, Any]:
    """GET fields."""
    shown = call.visible_fields()
    as_list = call.flag("text_field_as_array")
    return list_page(
        call,
        shown,
        lambda column: column.id,
        lambda column: field_json(column, description_as_list=as_list),
    )


def create(call: Call) -> dict[str, Any]:
    """POST fields."""
    column = add_field(call.state, call.base, call.table, call.body)
    call.state.lag(column.id)
    return {"field": changed_json(column)}


def update(call: Call) -> dict[str, Any]:
    """PUT fields/:field_id: a full replacement of name, type and property."""
    column = _known(call)
    before = field_json(column)
    name = checked_name(call.body.get("field_name"))
    other = call.table.by_name().get(name)
    if other is not None and other is not column:
        raise Refused(1254014)
    kind, ui_type = kind_of(call.body)
    if column.is_primary and kind not in PRIMARY_TYPES:
        raise Refused(1254012)
    settings = property_of(call.body, call.base, call.state.ids, column)
    if kind == column.type == Type.DUPLEX_LINK and settings is not None:
        settings["back_field_id"] = (column.property or {}).get("back_field_id")
    description = _description(call.body)
    after = {**before, "field_name": name, "type": kind, "ui_type": ui_type, "property": settings}
    if description is not None:
        after["description"] = description
    if after == before:
        raise Refused(1254606)
    if kind != column.type:
        _forget_cells(call.table, column)
    column.name, column.type, column.ui_type, column.property = name, kind, ui_type, settings
    column.description = column.description if description is None else description
    call.state.changed(call.base, call.table)
    return {"field": changed_json(column)}


def delete(call: Call) -> dict[str, Any]:
    """DELETE fields/:field_id; the primary column stays."""
    column = _known(call)
    if column.is_primary:
        raise Refused(1254046)
    call.table.fields.remove(column)
    _forget_cells(call.table, column)
    call.state.changed(call.base, call.table)
    return {"field_id": column.id, "deleted": True}


def add_field(state: State, base: Base, table: Table, wanted: dict[str, Any]) -> Field:
    """Add a column to a table.

    Raises:
        Refused: 1254014, 1254028, 1254029, 1254012, 1254105 or a property code.
    """
    column = new_field(state, base, table, wanted)
    table.fields.append(column)
    if column.type == Type.DUPLEX_LINK:
        _add_back_field(state, base, table, column)
    state.changed(base, table)
    return column


def new_field(state: State, base: Base, table: Table, wanted: object) -> Field:
    """A column that fits the table, not yet part of it."""
    if not isinstance(wanted, dict):
        raise Refused(1254001)
    name = checked_name(wanted.get("field_name"))
    if name in table.by_name():
        raise Refused(1254014)
    kind, ui_type = kind_of(wanted)
    if len(table.fields) >= MAX_FIELDS:
        raise Refused(1254105)
    formulas = sum(column.type == Type.FORMULA for column in table.fields)
    if kind == Type.FORMULA and formulas >= MAX_FORMULAS:
        raise Refused(1254105)
    primary = not table.fields
    if primary and kind not in PRIMARY_TYPES:
        raise Refused(1254012)
    return Field(
        state.new_field_id(table),
        name,
        kind,
        ui_type,
        property_of(wanted, base, state.ids),
        is_primary=primary,
        description=_description(wanted),
    )


def checked_name(name: object) -> str:
    """A column name without the blanks around it.

    Raises:
        Refused: 1254029 when it is no text, 1254028 when nothing is left.
    """
    if name is None:
        raise Refused(1254028)
    if not isinstance(name, str):
        raise Refused(1254029)
    trimmed = name.strip()
    if not trimmed:
        raise Refused(1254028)
    return trimmed


def _description(wanted: dict[str, Any]) -> str | None:
    description = wanted.get("description")
    if isinstance(description, dict):
        return str(description.get("text", ""))
    return None


def _known(call: Call) -> Field:
    identifier = call.path["field_id"]
    column = call.table.by_id().get(identifier)
    if column is None:
        raise Refused(1254044 if identifier.startswith("fld") else 1254009)
    return column


def _forget_cells(table: Table, column: Field) -> None:
    for record in table.records.values():
        record.values.pop(column.id, None)


def _add_back_field(state: State, base: Base, table: Table, column: Field) -> None:
    """The other side of a two-way link."""
    settings = column.property or {}
    other = base.tables[settings["table_id"]]
    name = settings.pop("back_field_name", None) or f"{table.name}-{column.name}"
    while name in other.by_name():
        name += " 1"
    back = Field(
        state.new_field_id(other),
        name,
        Type.DUPLEX_LINK,
        "DuplexLink",
        {
            "multiple": True,
            "table_id": table.id,
            "table_name": table.name,
            "back_field_id": column.id,
        },
    )
    other.fields.append(back)
    settings["back_field_id"] = back.id
    settings["back_field_name"] = back.name
    other.touch()
