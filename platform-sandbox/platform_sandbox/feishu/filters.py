"""The `filter` of records/search: checked against the vendor's rules, compiled once per search."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from platform_sandbox.feishu.codes import Refused, violation
from platform_sandbox.feishu.conditions import condition, reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TypeAlias

    from platform_sandbox.feishu.conditions import Condition, Context
    from platform_sandbox.feishu.model import Field, Record

    Predicate: TypeAlias = Callable[[Record], bool]

MAX_FILTER: Final = 2000
MAX_CONDITIONS: Final = 50


def compile_filter(raw: object, columns: Mapping[str, Field], context: Context) -> Predicate | None:
    """A filter as a function of a record; None when it lets everything through.

    Raises:
        Refused: 1254107 above 2,000 characters (compact JSON), 1254018, 1254045, 99992402.
    """
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise violation("filter", "filter is not an object", raw)
    if len(orjson.dumps(raw).decode()) > MAX_FILTER:
        raise Refused(1254107)
    groups = [raw, *_children(raw)]
    parts = [part for group in groups if (part := _group(group, columns, context)) is not None]
    return _combine(parts, conjunction(raw))


def _children(raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The groups inside a filter; they have no groups of their own."""
    children = raw.get("children") or []
    if not isinstance(children, list):
        raise violation("filter.children", "children is not a list", children)
    if len(children) > MAX_CONDITIONS:
        raise violation("filter.children", "the max len is 50", len(children))
    for child in children:
        if not isinstance(child, dict):
            raise violation("filter.children", "a child is not an object", child)
        if child.get("children"):
            raise Refused(1254018)
    return children


def conjunction(raw: Mapping[str, Any]) -> str:
    """The `conjunction` of a filter or of one of its children: "and" or "or"."""
    value = raw.get("conjunction")
    if value is None:
        raise violation("filter.conjunction", "conjunction is required")
    if value not in {"and", "or"}:
        raise Refused(1254018)
    return str(value)


def _group(
    raw: Mapping[str, Any],
    columns: Mapping[str, Field],
    context: Context,
) -> Predicate | None:
    """The conditions of one level."""
    conditions = raw.get("conditions") or []
    if not isinstance(conditions, list):
        raise violation("filter.conditions", "conditions is not a list", conditions)
    if len(conditions) > MAX_CONDITIONS:
        raise violation("filter.conditions", "the max len is 50", len(conditions))
    word = conjunction(raw)
    compiled = [_condition(entry, columns, context) for entry in conditions]
    by_column: dict[str, list[Condition]] = {}
    for one in compiled:
        by_column.setdefault(one.column.id, []).append(one)
    return _combine([_column(group, word) for group in by_column.values()], word)


def _condition(entry: object, columns: Mapping[str, Field], context: Context) -> Condition:
    if not isinstance(entry, dict):
        raise violation("filter.conditions", "a condition is not an object", entry)
    for key in ("field_name", "operator"):
        if not isinstance(entry.get(key), str):
            raise violation(f"filter.conditions.{key}", f"{key} is required", entry.get(key))
    column = columns.get(entry["field_name"])
    if column is None:
        raise Refused(1254045)
    return condition(column, entry["operator"], entry.get("value"), context)


def _column(conditions: Sequence[Condition], word: str) -> Predicate:
    """All conditions on one column as one test, its verdict remembered per value."""
    read = reader(conditions[0].column)
    if word == "or" and all(one.equal is not None for one in conditions):
        wanted = frozenset(one.equal for one in conditions)
        return lambda record: read(record) in wanted
    parts = [re.escape(one.part) for one in conditions if one.part is not None]
    if word == "or" and len(parts) == len(conditions):
        search = re.compile("|".join(parts)).search
        return lambda record: (value := read(record)) is not None and search(value) is not None
    tests = [one.test for one in conditions]
    quantifier: Callable[[Iterable[object]], bool] = any if word == "or" else all
    verdicts: dict[Any, bool] = {}

    def matches(record: Record) -> bool:
        value = read(record)
        verdict = verdicts.get(value)
        if verdict is None:
            verdict = verdicts[value] = quantifier(test(value) for test in tests)
        return verdict

    return matches


def _combine(parts: Sequence[Predicate], word: str) -> Predicate | None:
    if len(parts) < 2:  # noqa: PLR2004  nothing to combine
        return parts[0] if parts else None
    if word == "or":
        return lambda record: any(part(record) for part in parts)
    return lambda record: all(part(record) for part in parts)
