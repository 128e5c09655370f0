"""The historic record endpoints, whose values have other shapes than those of search."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from platform_sandbox.feishu.codes import Refused, violation
from platform_sandbox.feishu.model import Type
from platform_sandbox.feishu.paging import offset_of, page_size, token_at
from platform_sandbox.feishu.reads import BLIND, MAX_PAGE, items, ordered
from platform_sandbox.feishu.rendering import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from platform_sandbox.feishu.call import Call
    from platform_sandbox.feishu.model import Field, Record

EQUATION: Final = re.compile(
    r'\s*CurrentValue\.\[(?P<name>[^\]]+)\]\s*=\s*(?P<value>"[^"]*"|[\d.]+)\s*'
)


def list_records(call: Call) -> dict[str, Any]:
    """GET records. Of the formula language only `CurrentValue.[name]=value` is understood."""
    size = page_size(call, MAX_PAGE)
    start = offset_of(call.query.get("page_token", ""))
    columns = _chosen(call)
    records = [] if call.app.advanced in BLIND else ordered(call)
    keep = _equation(call)
    if keep is not None:
        records = [record for record in records if keep(record)]
    page = records[start : start + size]
    answer: dict[str, Any] = {
        "has_more": start + size < len(records),
        "total": len(records),
        "items": _shown(call, columns, page),
    }
    if answer["has_more"]:
        answer["page_token"] = token_at(start + size)
    return answer


def get_record(call: Call) -> dict[str, Any]:
    """GET records/:record_id."""
    identifier = call.path["record_id"]
    record = call.table.records.get(identifier)
    if record is None or identifier in call.state.hidden(call.table) or call.app.advanced in BLIND:
        raise Refused(1254043, f"record not found,id = {identifier}")
    return {"record": _shown(call, call.visible_fields(), [record])[0]}


def _chosen(call: Call) -> list[Field]:
    visible = call.visible_fields()
    raw = call.query.get("field_names", "")
    if not raw:
        return visible
    try:
        names = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise violation("field_names", "field_names is not a JSON list", raw) from None
    by_name = {column.name: column for column in visible}
    if not isinstance(names, list) or any(name not in by_name for name in names):
        raise Refused(1254024)
    return [by_name[name] for name in names]


def _shown(call: Call, columns: Sequence[Field], records: Sequence[Record]) -> list[dict[str, Any]]:
    """Numbers as strings, texts plain unless asked for as a list."""
    shown = items(call, columns, records, automatic=call.flag("automatic_fields"))
    texts = {column.name for column in columns if column.type == Type.TEXT}
    numbers = {column.name for column in columns if column.type == Type.NUMBER}
    as_list = call.flag("text_field_as_array")
    for entry in shown:
        entry["id"] = entry["record_id"]
        cells = entry["fields"]
        for name in numbers & cells.keys():
            cells[name] = orjson.dumps(cells[name]).decode()
        for name in () if as_list else texts & cells.keys():
            cells[name] = "".join(segment["text"] for segment in cells[name])
    return shown


def _equation(call: Call) -> Callable[[Record], bool] | None:
    raw = call.query.get("filter", "")
    if not raw:
        return None
    found = EQUATION.fullmatch(raw)
    if found is None:
        raise Refused(1254018)
    column = call.table.by_name().get(found["name"])
    if column is None:
        raise Refused(1254045)
    read = plain(call.base, call.table, column)
    wanted = found["value"].strip('"')
    return lambda record: str(read(record) if read(record) is not None else "") == wanted
