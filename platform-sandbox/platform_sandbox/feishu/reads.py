"""records/search and records/batch_get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from platform_sandbox.feishu.codes import Refused, violation
from platform_sandbox.feishu.conditions import Context, reader, zone_of
from platform_sandbox.feishu.filters import compile_filter
from platform_sandbox.feishu.model import Type, options_of
from platform_sandbox.feishu.paging import offset_of, page_size, token_at
from platform_sandbox.feishu.rendering import plain, render, user_json
from platform_sandbox.feishu.view_filters import view_filter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from platform_sandbox.feishu.call import Call
    from platform_sandbox.feishu.model import Field, Record

MAX_PAGE: Final = 500
MAX_NAMES: Final = 200
MAX_SORTS: Final = 100
MAX_SORT: Final = 1000
MAX_IDS: Final = 100
REMEMBERED: Final = 8
BLIND: Final = frozenset({"denied", "blind"})


def search(call: Call) -> dict[str, Any]:
    """POST records/search; paging only from the query string."""
    size = page_size(call, MAX_PAGE)
    start = offset_of(call.query.get("page_token", ""))
    columns = _chosen(call)
    found = _matching(call)
    if call.app.advanced in BLIND:
        found = []
    page = found[start : start + size]
    answer: dict[str, Any] = {
        "has_more": start + size < len(found),
        "items": items(call, columns, page, automatic=bool(call.body.get("automatic_fields"))),
        "total": len(found),
    }
    if answer["has_more"]:
        answer["page_token"] = token_at(start + size)
    return answer


def batch_get(call: Call) -> dict[str, Any]:
    """POST records/batch_get: what is missing is listed, and fails nothing."""
    ids = call.body.get("record_ids")
    if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
        raise violation("record_ids", "record_ids is required", ids)
    if len(ids) > MAX_IDS:
        raise Refused(1254104)
    hidden = call.state.hidden(call.table)
    blind = call.app.advanced in BLIND
    records = call.table.records
    present = [records[one] for one in ids if one in records and one not in hidden]
    absent = [one for one in ids if one not in records or one in hidden]
    shown = [] if blind else present
    columns = call.visible_fields()
    return {
        "records": items(call, columns, shown, automatic=bool(call.body.get("automatic_fields"))),
        "forbidden_record_ids": [record.id for record in present] if blind else [],
        "absent_record_ids": absent,
    }


def items(
    call: Call,
    columns: Sequence[Field],
    records: Sequence[Record],
    *,
    automatic: bool,
) -> list[dict[str, Any]]:
    """Records in the shape of search answers."""
    cells = render(call.base, call.table, columns, records)
    if not automatic:
        return [
            {"fields": fields, "record_id": record.id}
            for fields, record in zip(cells, records, strict=True)
        ]
    return [
        {
            "created_by": user_json(record.created_by),
            "created_time": record.created,
            "fields": fields,
            "last_modified_by": user_json(record.modified_by),
            "last_modified_time": record.modified,
            "record_id": record.id,
        }
        for fields, record in zip(cells, records, strict=True)
    ]


def _chosen(call: Call) -> list[Field]:
    """The columns to show."""
    names = call.body.get("field_names")
    visible = call.visible_fields()
    if names is None or names == []:
        return visible
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise violation("field_names", "field_names is not a list of strings", names)
    if len(names) > MAX_NAMES:
        raise violation("field_names", f"the max len is {MAX_NAMES}", len(names))
    by_name = {column.name: column for column in visible}
    if any(name not in by_name for name in names):
        raise Refused(1254024)
    return [by_name[name] for name in dict.fromkeys(names)]


def ordered(call: Call) -> list[Record]:
    """All records in the order that a search without sort shows."""
    table = call.table
    if table.ordered is None:
        table.ordered = list(table.records.values())
        if call.switches.row_order == "scattered":
            table.ordered.sort(key=lambda record: record.id)
    hidden = call.state.hidden(table)
    if not hidden:
        return table.ordered
    return [record for record in table.ordered if record.id not in hidden]


def _matching(call: Call) -> list[Record]:
    """The records that pass the filter, sorted; remembered while the table stays as it is."""
    raw, sort, view = (call.body.get(key) for key in ("filter", "sort", "view_id"))
    if raw is None and not sort and not view:
        return ordered(call)
    columns = {column.name: column for column in call.visible_fields()}
    today = call.state.clock.today()
    context = Context(zone_of(call.base.time_zone), today, call.switches)
    keep = compile_filter(raw, columns, context)
    order = _sort_keys(call, sort, columns)
    if view and not (raw or sort):
        keep = view_filter(call.table, view, context)
    key = (orjson.dumps([raw, sort, view]), today, call.switches)
    if key in call.table.found and not call.table.lagging:
        return call.table.found[key]
    records: Iterable[Record] = ordered(call)
    found = list(records) if keep is None else [record for record in records if keep(record)]
    for value_of, descending in reversed(order):
        found.sort(key=value_of, reverse=descending)
    if len(call.table.found) >= REMEMBERED:
        call.table.found.clear()
    call.table.found[key] = found
    return found


def _sort_keys(
    call: Call,
    sort: object,
    columns: dict[str, Field],
) -> list[tuple[Callable[[Record], Any], bool]]:
    if not sort:
        return []
    if not isinstance(sort, list) or len(sort) > MAX_SORTS:
        raise Refused(1254016)
    if len(orjson.dumps(sort).decode()) > MAX_SORT:
        raise Refused(1254108)
    keys = []
    for entry in sort:
        if not isinstance(entry, dict) or not isinstance(entry.get("field_name"), str):
            raise Refused(1254016)
        column = columns.get(entry["field_name"])
        if column is None:
            raise Refused(1254045)
        keys.append((_sort_key(call, column), bool(entry.get("desc"))))
    return keys


def _sort_key(call: Call, column: Field) -> Callable[[Record], Any]:
    """Comparable values of a column; empty cells come first, texts after numbers."""
    formula = column.type == Type.FORMULA
    read = plain(call.base, call.table, column) if formula else reader(column)
    positions = {option["id"]: index for index, option in enumerate(options_of(column))}

    def key(record: Record) -> tuple[int, float, str]:
        value = read(record)
        if value is None:
            return (0, 0, "")
        if isinstance(value, int | float):
            return (1, value, "")
        if column.type == Type.SINGLE_SELECT:
            return (1, positions.get(str(value), -1), "")
        return (2, 0, str(value))

    return key
