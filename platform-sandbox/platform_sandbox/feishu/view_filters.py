"""The `filter_info` of views: like a search filter, but by field id, values as JSON text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from platform_sandbox.feishu.codes import Refused, violation
from platform_sandbox.feishu.filters import MAX_CONDITIONS, compile_filter
from platform_sandbox.feishu.model import Type, options_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from platform_sandbox.feishu.conditions import Context
    from platform_sandbox.feishu.ids import Ids
    from platform_sandbox.feishu.model import Field, Record, Table

OPERATORS: Final = frozenset(
    {
        "is",
        "isNot",
        "contains",
        "doesNotContain",
        "isEmpty",
        "isNotEmpty",
        "isGreater",
        "isGreaterEqual",
        "isLess",
        "isLessEqual",
    },
)


def checked_filter_info(raw: object, table: Table, ids: Ids) -> dict[str, Any] | None:
    """A `filter_info` as the platform stores and shows it.

    Raises:
        Refused: 1254044 for an unknown field id, 1254018 or 99992402 for anything else wrong.
    """
    if raw is None:
        return None
    if not isinstance(raw, dict) or raw.get("conjunction") not in {"and", "or"}:
        raise violation("property.filter_info.conjunction", "conjunction is required", raw)
    conditions = raw.get("conditions")
    if not isinstance(conditions, list) or len(conditions) > MAX_CONDITIONS:
        raise violation("property.filter_info.conditions", "0 to 50 conditions", raw)
    by_id = table.by_id()
    checked = [_condition(entry, by_id, ids) for entry in conditions]
    return {"conjunction": raw["conjunction"], "conditions": checked, "condition_omitted": False}


def _condition(entry: object, by_id: dict[str, Field], ids: Ids) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise violation("property.filter_info.conditions", "a condition is not an object", entry)
    column = by_id.get(str(entry.get("field_id")))
    if column is None:
        raise Refused(1254044)
    operator = entry.get("operator")
    if operator not in OPERATORS:
        raise violation("property.filter_info.operator", "unknown operator", operator)
    shown: dict[str, Any] = {
        "condition_id": ids.new("con"),
        "field_id": column.id,
        "field_type": column.type,
        "operator": operator,
    }
    if operator not in {"isEmpty", "isNotEmpty"}:
        shown["value"] = _shown_value(entry.get("value"), column)
    return shown


def _shown_value(value: object, column: Field) -> str:
    """Values are a JSON array in a string; the reply shows numbers unquoted inside of it."""
    try:
        parsed = orjson.loads(value) if isinstance(value, str) else None
    except orjson.JSONDecodeError:
        parsed = None
    if not isinstance(parsed, list):
        raise Refused(1254018)
    if column.type in {Type.NUMBER, Type.DATE}:
        parsed = [int(one) if isinstance(one, str) and one.isdecimal() else one for one in parsed]
    return orjson.dumps(parsed).decode()


def view_filter(
    table: Table,
    view_id: object,
    context: Context,
) -> Callable[[Record], bool] | None:
    """The filter of a view as a function of a record; None when it has none.

    Raises:
        Refused: 1254042 when there is no such view.
    """
    view = next((one for one in table.views if one.id == view_id), None)
    if view is None:
        raise Refused(1254042)
    info = view.property.get("filter_info")
    if not info:
        return None
    by_id = table.by_id()
    conditions = []
    for entry in info["conditions"]:
        column = by_id.get(entry["field_id"])
        if column is None:
            continue
        names = {option["id"]: option["name"] for option in options_of(column)}
        values = [str(value) for value in orjson.loads(entry.get("value", "[]"))]
        conditions.append(
            {
                "field_name": column.name,
                "operator": entry["operator"],
                "value": [names.get(value, value) for value in values],
            },
        )
    wanted = {"conjunction": info["conjunction"], "conditions": conditions}
    return compile_filter(wanted, table.by_name(), context)
