"""Columns as callers define them: type, ui_type and property checked, defaults filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.feishu.codes import Refused
from platform_sandbox.feishu.model import COLOURS, Type, options_of
from platform_sandbox.feishu.number_formats import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from platform_sandbox.feishu.ids import Ids
    from platform_sandbox.feishu.model import Base, Field

UI_TYPES: Final[dict[int, tuple[str, ...]]] = {
    Type.TEXT: ("Text", "Barcode", "Email"),
    Type.NUMBER: ("Number", "Progress", "Currency", "Rating"),
    Type.SINGLE_SELECT: ("SingleSelect",),
    Type.MULTI_SELECT: ("MultiSelect",),
    Type.DATE: ("DateTime",),
    Type.CHECKBOX: ("Checkbox",),
    Type.USER: ("User",),
    Type.PHONE: ("Phone",),
    Type.URL: ("Url",),
    Type.ATTACHMENT: ("Attachment",),
    Type.LINK: ("SingleLink",),
    Type.FORMULA: ("Formula",),
    Type.DUPLEX_LINK: ("DuplexLink",),
    Type.LOCATION: ("Location",),
    Type.GROUP: ("GroupChat",),
    Type.CREATED_TIME: ("CreatedTime",),
    Type.MODIFIED_TIME: ("ModifiedTime",),
    Type.CREATED_USER: ("CreatedUser",),
    Type.MODIFIED_USER: ("ModifiedUser",),
    Type.AUTO_NUMBER: ("AutoNumber",),
}
PRIMARY_TYPES: Final = frozenset({1, 2, 5, 13, 15, 20, 22})
PROPERTY_CODES: Final[dict[int, int]] = {
    Type.TEXT: 1254080,
    Type.NUMBER: 1254081,
    Type.SINGLE_SELECT: 1254082,
    Type.MULTI_SELECT: 1254083,
    Type.DATE: 1254084,
    Type.CHECKBOX: 1254085,
    Type.USER: 1254086,
    Type.URL: 1254087,
    Type.ATTACHMENT: 1254088,
    Type.LINK: 1254089,
    Type.FORMULA: 1254091,
    Type.DUPLEX_LINK: 1254092,
    Type.CREATED_TIME: 1254093,
    Type.MODIFIED_TIME: 1254094,
    Type.CREATED_USER: 1254095,
    Type.MODIFIED_USER: 1254096,
}
DATE_FORMATS: Final = frozenset(
    {"yyyy/MM/dd", "yyyy-MM-dd HH:mm", "yyyy/MM/dd HH:mm", "MM-dd", "MM/dd/yyyy", "dd/MM/yyyy"},
)
MAX_OPTIONS: Final = 20_000


def kind_of(wanted: dict[str, Any]) -> tuple[int, str]:
    """Type and ui_type of a column definition.

    Raises:
        Refused: 1254012 for a type that cannot be created, or a ui_type of another type.
    """
    kind = wanted.get("type")
    if type(kind) is not int:
        raise Refused(1254001)
    if kind not in UI_TYPES:
        raise Refused(1254012)
    ui_type = wanted.get("ui_type") or UI_TYPES[kind][0]
    if ui_type not in UI_TYPES[kind]:
        raise Refused(1254012)
    return kind, str(ui_type)


def property_of(
    wanted: dict[str, Any],
    base: Base,
    ids: Ids,
    before: Field | None = None,
) -> dict[str, Any] | None:
    """The complete `property` of a column, defaults filled in.

    Args:
        wanted: The definition as sent.
        base: Where linked tables are looked up.
        ids: Source of option ids.
        before: The column as it is, for an update: only its options may be named by id.

    Raises:
        Refused: With the code of the type (1254080 to 1254096), or 1254026 for an empty option.
    """
    kind, ui_type = kind_of(wanted)
    raw = wanted.get("property")
    if kind in {Type.CHECKBOX, Type.URL}:
        if raw is not None:
            raise Refused(PROPERTY_CODES[kind])
        return None
    sent = {} if raw is None else raw
    if not isinstance(sent, dict):
        raise Refused(PROPERTY_CODES.get(kind, 1254015))
    if kind in {Type.SINGLE_SELECT, Type.MULTI_SELECT}:
        return {"options": _options(kind, sent, ids, before)}
    if kind in {Type.LINK, Type.DUPLEX_LINK}:
        return _link(kind, sent, base)
    if kind == Type.NUMBER:
        return NUMBERS[ui_type](sent)
    shape = _SHAPES.get(kind)
    return shape(sent, ui_type) if shape else None


def _text(sent: dict[str, Any], ui_type: str) -> dict[str, Any] | None:
    if ui_type != "Barcode":
        return None
    modes = sent.get("allowed_edit_modes") or {"manual": True, "scan": True}
    if not isinstance(modes, dict):
        raise Refused(1254080)
    return {"allowed_edit_modes": modes}


def _date(sent: dict[str, Any], ui_type: str) -> dict[str, Any]:
    formatter = sent.get("date_formatter", "yyyy/MM/dd")
    if formatter not in DATE_FORMATS:
        raise Refused(1254084)
    shown = {"date_formatter": formatter}
    return {**shown, "auto_fill": bool(sent.get("auto_fill"))} if ui_type == "DateTime" else shown


def _multiple(sent: dict[str, Any], ui_type: str) -> dict[str, Any]:
    multiple = sent.get("multiple", True)
    if not isinstance(multiple, bool):
        raise Refused(1254086 if ui_type == "User" else 1254015)
    return {"multiple": multiple}


def _location(sent: dict[str, Any], ui_type: str) -> dict[str, Any]:
    del ui_type
    input_type = (sent.get("location") or {}).get("input_type", "not_limit")
    if input_type not in {"only_mobile", "not_limit"}:
        raise Refused(1254015)
    return {"location": {"input_type": input_type}}


def _formula(sent: dict[str, Any], ui_type: str) -> dict[str, Any]:
    del ui_type
    expression = sent.get("formula_expression", "")
    if not isinstance(expression, str):
        raise Refused(1254091)
    return {"formatter": sent.get("formatter", ""), "formula_expression": expression}


def _auto_number(sent: dict[str, Any], ui_type: str) -> dict[str, Any]:
    del ui_type
    serial = sent.get("auto_serial") or {"type": "auto_increment_number"}
    if not isinstance(serial, dict) or serial.get("type") not in {
        "custom",
        "auto_increment_number",
    }:
        raise Refused(1254015)
    return {"auto_serial": serial}


def _link(kind: int, sent: dict[str, Any], base: Base) -> dict[str, Any]:
    table = base.tables.get(str(sent.get("table_id")))
    if table is None:
        raise Refused(PROPERTY_CODES[kind])
    multiple = sent.get("multiple", True)
    shown = {"multiple": multiple, "table_id": table.id, "table_name": table.name}
    if kind == Type.DUPLEX_LINK and sent.get("back_field_name"):
        shown["back_field_name"] = sent["back_field_name"]
    return shown


def _options(
    kind: int,
    sent: dict[str, Any],
    ids: Ids,
    before: Field | None,
) -> list[dict[str, Any]]:
    """Options with ids and colours; on an update those that are not listed are gone."""
    raw = sent.get("options", [])
    code = PROPERTY_CODES[kind]
    if not isinstance(raw, list) or len(raw) > MAX_OPTIONS:
        raise Refused(code)
    old = {option["id"] for option in (options_of(before) if before else ())}
    options: list[dict[str, Any]] = []
    for entry in raw:
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name:
            raise Refused(1254026)
        previous = options[-1]["color"] if options else -1
        colour = entry.get("color", (previous + 1) % COLOURS)
        identifier = entry.get("id")
        if identifier is not None and identifier not in old:
            raise Refused(code)
        if type(colour) is not int or not 0 <= colour < COLOURS:
            raise Refused(code)
        options.append({"id": identifier or ids.new("opt", old), "name": name, "color": colour})
    return options


_SHAPES: Final[dict[int, Callable[[dict[str, Any], str], dict[str, Any] | None]]] = {
    Type.TEXT: _text,
    Type.DATE: _date,
    Type.CREATED_TIME: _date,
    Type.MODIFIED_TIME: _date,
    Type.USER: _multiple,
    Type.GROUP: _multiple,
    Type.LOCATION: _location,
    Type.FORMULA: _formula,
    Type.AUTO_NUMBER: _auto_number,
}
