"""One grid view per account, filtered to it. Other views are never touched."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from target_feishu_bitable.errors import ConfigError
from target_feishu_bitable.wire import FieldType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_feishu_bitable.commands_table import OpenTable, Part
    from target_feishu_bitable.fields import Column
    from target_feishu_bitable.wire import SearchJSON, ViewFilterJSON, ViewJSON

MOST_VIEWS: Final = 200
MOST_NAME_CHARACTERS: Final = 100
# A view's name takes no square brackets.
_BRACKETS: Final = str.maketrans("[]", "（）")


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the table: the text in the filtered column, and what its view is called."""

    value: str
    view_name: str


@dataclass(frozen=True, slots=True)
class ViewResult:
    """What became of one account's view.

    Attributes:
        outcome: ``created``, ``completed`` (it was there without its filter), ``unchanged``,
            or ``blocked``.
        why: The reason, when blocked.
    """

    account: Account
    outcome: str
    why: str = ""


def accounts_of(table: OpenTable) -> tuple[Column, list[Account]]:
    """Return the column to filter on, and the accounts that stand in the table.

    The account's id is filtered on; a table without such a column is filtered on the name. The name
    on the latest day counts.

    Raises:
        ConfigError: Neither column is known.
    """
    by_id = table.column(table.mapping.account)
    by_name = table.column(table.mapping.account_name)
    column = by_id or by_name
    if column is None:
        raise ConfigError(
            "views needs a column with the account: name its property in the setting tables "
            "(account or account_name), or run the tap once so that the column is made."
        )
    names = _latest_names(table, table.part(column), by_name)
    return column, _named(names)


def make_views(table: OpenTable, column: Column, accounts: Iterable[Account]) -> list[ViewResult]:
    """Make the views that are missing.

    A view belongs to an account when it carries its filter, whatever a person calls it, or when it
    carries its name and nobody has set anything in it: then an earlier run was cut off.
    """
    views = table.client.list_views(table.table_id)
    by_name = {view["view_name"]: view for view in views}
    known: dict[str, ViewJSON] = {}
    results = []
    count = len(views)
    for account in accounts:
        wanted = filter_for(column, account.value)
        there = by_name.get(account.view_name)
        # The view of that name comes first: it spares reading all the others.
        ordered = [there, *views] if there is not None else views
        if any(_has_filter(_loaded(table, view, known), wanted) for view in ordered):
            results.append(ViewResult(account, "unchanged"))
        elif there is not None:
            results.append(_complete(table, account, _loaded(table, there, known), wanted))
        elif count >= MOST_VIEWS:
            why = f"the table has {count} views, the most there can be; delete some"
            results.append(ViewResult(account, "blocked", why))
        else:
            made = table.client.create_view(table.table_id, account.view_name)
            table.client.patch_view(table.table_id, made["view_id"], {"filter_info": wanted})
            count += 1
            results.append(ViewResult(account, "created"))
    return results


def filter_for(column: Column, value: str) -> ViewFilterJSON:
    """Return the filter of a view: the column by id, the value as JSON text, options by id."""
    sent = value
    if column.type in {FieldType.SINGLE_SELECT, FieldType.MULTI_SELECT}:
        options: list[Mapping[str, Any]] = (column.properties or {}).get("options") or []
        sent = next((str(one["id"]) for one in options if one.get("name") == value), value)
    operator = "contains" if column.type == FieldType.MULTI_SELECT else "is"
    condition = json.dumps([sent], ensure_ascii=False)
    return {
        "conjunction": "and",
        "conditions": [{"field_id": column.field_id, "operator": operator, "value": condition}],
    }


def _complete(
    table: OpenTable, account: Account, view: ViewJSON, wanted: ViewFilterJSON
) -> ViewResult:
    settled = view.get("property") or {}
    if view["view_type"] == "grid" and not any(settled.values()):
        table.client.patch_view(table.table_id, view["view_id"], {"filter_info": wanted})
        return ViewResult(account, "completed")
    why = "a view of this name shows something else; rename it and run this again"
    return ViewResult(account, "blocked", why)


def _loaded(table: OpenTable, view: ViewJSON, known: dict[str, ViewJSON]) -> ViewJSON:
    """Return a view with its property, which lists leave out."""
    view_id = view["view_id"]
    if view_id not in known:
        is_grid = view["view_type"] == "grid"
        known[view_id] = table.client.get_view(table.table_id, view_id) if is_grid else view
    return known[view_id]


def _has_filter(view: ViewJSON, wanted: ViewFilterJSON) -> bool:
    info = (view.get("property") or {}).get("filter_info")
    conditions = info["conditions"] if info else []
    return [_comparable(one) for one in conditions] == [
        _comparable(one) for one in wanted["conditions"]
    ]


def _comparable(condition: Mapping[str, Any]) -> tuple[str, str, tuple[str, ...]]:
    """Return what a condition means; replies show numbers in the value without quotes."""
    try:
        values = json.loads(condition.get("value") or "[]")
    except ValueError:
        values = [condition.get("value")]
    listed = values if isinstance(values, list) else [values]
    return condition["field_id"], condition["operator"], tuple(map(str, listed))


def _latest_names(table: OpenTable, part: Part, by_name: Column | None) -> dict[str, str]:
    dated = table.column(table.wanted.date_column or table.mapping.date)
    asked = [one for one in (part.column, by_name, dated) if one is not None]
    names = list(dict.fromkeys(column.name for column in asked))
    body: SearchJSON = {"field_names": names}
    latest: dict[str, tuple[str, str]] = {}
    date_part = table.date_part() if dated is not None else None
    name_part = table.part(by_name) if by_name is not None else None
    for page in table.client.search(table.table_id, body):
        for record in page.records:
            fields = record.get("fields") or {}
            value = _read(part, fields)
            if value:
                day = _read(date_part, fields)
                name = _read(name_part, fields)
                latest[value] = max(latest.get(value, ("", "")), (day if name else "", name))
    return {value: name for value, (_, name) in sorted(latest.items())}


def _read(part: Part | None, fields: dict[str, Any]) -> str:
    if part is None:
        return ""
    known = part.codec.decode(fields.get(part.column.name))
    return "" if known is None else part.codec.values.text(known)


def _named(names: Mapping[str, str]) -> list[Account]:
    """Give each account a name of its own; accounts that share one carry their id too."""
    called = {value: _view_name(name) or _view_name(value) for value, name in names.items()}
    shared = list(called.values())
    return [
        Account(value, name if shared.count(name) == 1 else _view_name(f"{name} {value}"))
        for value, name in called.items()
    ]


def _view_name(name: str) -> str:
    return " ".join(name.translate(_BRACKETS).split())[:MOST_NAME_CHARACTERS].strip()
