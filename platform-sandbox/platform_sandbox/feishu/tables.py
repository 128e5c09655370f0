"""Bases and their tables; wiki nodes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.feishu.codes import Refused, violation
from platform_sandbox.feishu.fields import new_field
from platform_sandbox.feishu.paging import list_page
from platform_sandbox.feishu.state import PERSON

if TYPE_CHECKING:
    from platform_sandbox.feishu.call import Call
    from platform_sandbox.feishu.model import Base, Table
    from platform_sandbox.feishu.state import State

MAX_TABLES: Final = 100
MAX_FIELDS: Final = 300
MAX_NAME: Final = 100
MAX_BASE_NAME: Final = 255
FORBIDDEN: Final = re.compile(r"[/\\?*:\[\]]")


def get_app(call: Call) -> dict[str, Any]:
    """GET the base."""
    base = call.base
    return {
        "app": {
            "app_token": base.token,
            "name": base.name,
            "revision": base.revision,
            "is_advanced": base.is_advanced or call.app.advanced != "off",
            "time_zone": base.time_zone,
            "formula_type": base.formula_type,
            "advance_version": "v2",
        },
    }


def create_app(call: Call) -> dict[str, Any]:
    """POST a base; its default table has columns and empty rows."""
    name = call.body.get("name") or "未命名多维表格"
    if not isinstance(name, str) or len(name) > MAX_BASE_NAME:
        raise Refused(1254031)
    zone = call.body.get("time_zone") or "Asia/Beijing"
    base = call.state.add_base(name, zone=zone)
    return {
        "app": {
            "app_token": base.token,
            "name": base.name,
            "default_table_id": next(iter(base.tables)),
            "folder_token": call.body.get("folder_token") or "",
            "url": f"{call.state.services.public_url}/base/{base.token}",
            "time_zone": base.time_zone,
        },
    }


def update_app(call: Call) -> dict[str, Any]:
    """PUT name and advanced permission of a base."""
    base = call.base
    base.name = call.body.get("name") or base.name
    base.is_advanced = bool(call.body.get("is_advanced", base.is_advanced))
    call.state.changed(base)
    return {
        "app": {"app_token": base.token, "name": base.name, "is_advanced": base.is_advanced},
    }


def list_tables(call: Call) -> dict[str, Any]:
    """GET tables."""
    return list_page(
        call,
        list(call.base.tables.values()),
        lambda table: table.id,
        lambda table: {"table_id": table.id, "revision": table.version, "name": table.name},
    )


def create(call: Call) -> dict[str, Any]:
    """POST a table with its columns; the first one is the primary column."""
    wanted = call.body.get("table")
    if not isinstance(wanted, dict):
        raise violation("table", "table is required")
    fields = wanted.get("fields")
    if fields is not None and (not isinstance(fields, list) or not 1 <= len(fields) <= MAX_FIELDS):
        raise Refused(1254105 if isinstance(fields, list) and fields else 1254001)
    if wanted.get("default_view_name") and not fields:
        raise Refused(1254001)
    table = add_table(call.state, call.base, wanted)
    call.state.lag(table.id)
    call.state.add_records(
        call.base,
        table,
        [{} for _ in range(call.switches.rows_in_new_table)],
        PERSON,
    )
    return {
        "table_id": table.id,
        "default_view_id": table.views[0].id,
        "field_id_list": [column.id for column in table.fields],
    }


def batch_create(call: Call) -> dict[str, Any]:
    """POST tables with their index column only."""
    wanted = call.body.get("tables")
    if not isinstance(wanted, list) or not wanted:
        raise Refused(1254001)
    names = [checked_name(call.base, one.get("name")) for one in wanted]
    if len(set(names)) < len(names):
        raise Refused(1254013)
    if len(call.base.tables) + len(names) > MAX_TABLES:
        raise Refused(1254100)
    return {
        "table_ids": [add_table(call.state, call.base, {"name": name}).id for name in names],
    }


def patch(call: Call) -> dict[str, Any]:
    """PATCH the name of a table."""
    name = call.body.get("name")
    if isinstance(name, str) and name.strip() == call.table.name:
        return {"name": call.table.name}
    call.table.name = checked_name(call.base, name)
    call.state.changed(call.base, call.table)
    return {"name": call.table.name}


def delete(call: Call) -> dict[str, Any]:
    """DELETE a table; the last one stays."""
    _remove(call, [call.table])
    return {}


def batch_delete(call: Call) -> dict[str, Any]:
    """POST ids of tables to delete."""
    ids = call.body.get("table_ids")
    if not isinstance(ids, list) or not ids:
        raise Refused(1254001)
    if any(one not in call.base.tables for one in ids):
        raise Refused(1254041)
    _remove(call, [call.base.tables[one] for one in dict.fromkeys(ids)])
    return {}


def _remove(call: Call, tables: list[Table]) -> None:
    if len(tables) >= len(call.base.tables):
        raise Refused(1254034)
    for table in tables:
        del call.base.tables[table.id]
        call.base.revision += 1
        call.state.storage.delete_table(call.base, table)


def add_table(state: State, base: Base, wanted: dict[str, Any]) -> Table:
    """Add a table; nothing is added when a column does not fit.

    Raises:
        Refused: 1254013, 1254100, 1254001 for a bad name, or the code of a column.
    """
    name = checked_name(base, wanted.get("name"))
    if len(base.tables) >= MAX_TABLES:
        raise Refused(1254100)
    table = state.new_table(base, name, wanted.get("default_view_name") or "表格")
    try:
        for column in wanted.get("fields") or [{"field_name": "多行文本", "type": 1}]:
            table.fields.append(new_field(state, base, table, column))
    except Refused:
        del base.tables[table.id]
        raise
    state.changed(base, table)
    return table


def checked_name(base: Base, name: object) -> str:
    """A table name without the blanks around it, unused in the base."""
    trimmed = name.strip() if isinstance(name, str) else ""
    if not trimmed or len(trimmed) > MAX_NAME or FORBIDDEN.search(trimmed):
        raise Refused(1254001, "InvalidTableName")
    if any(table.name == trimmed for table in base.tables.values()):
        raise Refused(1254013)
    return trimmed


def get_node(call: Call) -> dict[str, Any]:
    """GET a wiki node; a base's own token works with obj_type=bitable."""
    token = call.query.get("token", "")
    if not token:
        raise Refused(131002)
    wanted = call.query.get("obj_type") or "wiki"
    node = next(
        (
            name
            for name, (kind, target) in call.state.nodes.items()
            if (name if wanted == "wiki" else target) == token and wanted in {"wiki", kind}
        ),
        None,
    )
    if node is None:
        raise Refused(131005)
    if call.app.rights == "none":
        raise Refused(131006)
    kind, target = call.state.nodes[node]
    base = call.state.bases.get(target)
    return {
        "node": {
            "space_id": "7000000000000000001",
            "node_token": node,
            "obj_token": target,
            "obj_type": kind,
            "parent_node_token": "",
            "node_type": "origin",
            "title": base.name if base else "",
            "has_child": False,
        },
    }
