"""What a stream wants to write, held against the columns that are there. Pure.

Everything that can't work is found before the first write, and told in one message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_feishu_bitable.columns import MOST_COLUMNS, field_for
from target_feishu_bitable.errors import SchemaMismatch
from target_feishu_bitable.fields import IncompatibleColumn, codec
from target_feishu_bitable.texts import whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from target_feishu_bitable.columns import Column, FieldSpec
    from target_feishu_bitable.fields import Codec


@dataclass(frozen=True, slots=True)
class Binding:
    """A property that is written into a column."""

    property: str
    column: Column
    codec: Codec
    is_key: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """A property whose column has to be made."""

    property: str
    spec: FieldSpec


@dataclass(frozen=True, slots=True)
class Layout:
    """How a stream lies on a table.

    Attributes:
        bound: Properties with their columns, keys first.
        missing: Columns to create, the first key first.
        read_only: Columns that carry a property's name but are computed; never written.
    """

    bound: tuple[Binding, ...]
    missing: tuple[Missing, ...]
    read_only: tuple[Column, ...]

    @property
    def keys(self) -> tuple[Binding, ...]:
        """The bindings of the key."""
        return tuple(binding for binding in self.bound if binding.is_key)


class _Plan:
    def __init__(self, columns: Iterable[Column]) -> None:
        columns = list(columns)
        alike = {_one_line(column.name): column for column in columns}
        self.by_name = alike | {column.name: column for column in columns}
        self.by_id = {column.field_id: column for column in columns}
        self.count = len(columns)
        self.bound: list[Binding] = []
        self.missing: list[Missing] = []
        self.read_only: list[Column] = []
        self.problems: list[str] = []
        self.taken: dict[str, str] = {}


def layout(
    stream: str,
    schema: Mapping[str, Any],
    key_properties: Sequence[str],
    columns: Iterable[Column],
    *,
    named: Mapping[str, str | bool],
    use_titles: bool,
    zone: ZoneInfo,
    create_missing: bool = True,
) -> Layout:
    """Lay a stream on a table.

    Args:
        stream: Name of the stream, for messages.
        schema: Its JSON Schema.
        key_properties: Its key.
        columns: The table's columns.
        named: Column name or field id by property; False drops the property.
        use_titles: Whether a property without a name there is called by its title.
        zone: The base's zone.
        create_missing: Whether missing columns may be made.

    Raises:
        SchemaMismatch: Something can't work; the message lists every column.
    """
    given: Mapping[str, Any] = schema.get("properties") or {}
    # JSON Schema allows `true` for a property that may be anything.
    properties = {name: one if isinstance(one, dict) else {} for name, one in given.items()}
    plan = _Plan(columns)
    for key in key_properties:
        if key not in properties:
            plan.problems.append(f"{key}: a key that the stream's schema does not have")
        elif named.get(key) is False:
            plan.problems.append(f"{key}: a key can't be dropped; name its column in `tables`")
    plan.problems += [
        f"{name}: there is no column with the id {wanted}"
        for name, wanted in named.items()
        if isinstance(wanted, str) and _is_field_id(wanted.strip()) and name not in properties
        if wanted.strip() not in plan.by_id and wanted.strip() not in plan.by_name
    ]
    keys = [key for key in dict.fromkeys(key_properties) if key in properties]
    for name in (*keys, *(name for name in properties if name not in keys)):
        if named.get(name) is not False:
            _place(
                plan,
                name,
                properties[name],
                _wanted(name, properties[name], named.get(name), use_titles=use_titles),
                is_key=name in keys,
                zone=zone,
            )
    if plan.missing and not create_missing:
        plan.problems += [
            f"{missing.property}: there is no column “{missing.spec.name}”; create it as a "
            f"{missing.spec.words} column, name another one in `tables`, drop the property with "
            "false, or set create_missing"
            for missing in plan.missing
        ]
    if plan.count + len(plan.missing) > MOST_COLUMNS:
        plan.problems.append(
            f"the table has {plan.count} columns and the stream needs {len(plan.missing)} more, "
            f"but {MOST_COLUMNS} is the most there can be; drop properties with false in `tables`"
        )
    if plan.problems:
        raise SchemaMismatch(
            f"The stream {stream} does not fit the table; nothing was written with this schema:\n"
            + "\n".join(f"  - {problem}" for problem in plan.problems)
        )
    return Layout(tuple(plan.bound), tuple(plan.missing), tuple(plan.read_only))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The column that a property asks for; only a person may mean a field id by its name."""

    name: str
    may_be_id: bool = False


def _wanted(
    name: str, schema: Mapping[str, Any], named: str | bool | None, *, use_titles: bool
) -> _Wanted:
    if isinstance(named, str) and named.strip():
        return _Wanted(named, may_be_id=True)
    title = schema.get("title")
    if use_titles and isinstance(title, str) and title.strip():
        return _Wanted(title)
    return _Wanted(name)


def _place(
    plan: _Plan,
    name: str,
    schema: Mapping[str, Any],
    asked: _Wanted,
    *,
    is_key: bool,
    zone: ZoneInfo,
) -> None:
    wanted = _one_line(asked.name)
    if not wanted:
        plan.problems.append(
            f"{name!r}: a property without a name; name its column in `tables`, or "
            "drop it with false"
        )
        return
    by_id = plan.by_id.get(wanted) if asked.may_be_id else None
    column = by_id or plan.by_name.get(asked.name) or plan.by_name.get(wanted)
    if column is None and asked.may_be_id and _is_field_id(wanted):
        plan.problems.append(f"{name}: there is no column with the id {wanted}")
        return
    place = column.field_id if column else wanted
    if place in plan.taken:
        plan.problems.append(
            f"{name}: its column “{column.name if column else wanted}” is that of "
            f"{plan.taken[place]} already; name another one in `tables`"
        )
        return
    plan.taken[place] = name
    if column is None:
        spec = field_for(wanted, schema, is_key=is_key, property_name=name)
        plan.missing.append(Missing(name, spec))
        return
    _bind(plan, name, schema, column, is_key=is_key, zone=zone)


def _bind(
    plan: _Plan,
    name: str,
    schema: Mapping[str, Any],
    column: Column,
    *,
    is_key: bool,
    zone: ZoneInfo,
) -> None:
    if not column.writable:
        if is_key:
            plan.problems.append(
                f"{name}: a key can't live in the {column.words} column “{column.name}”; "
                "name another one in `tables`"
            )
        else:
            plan.read_only.append(column)
        return
    try:
        made = codec(column, schema, property_name=name, is_key=is_key, zone=zone)
    except IncompatibleColumn as error:
        plan.problems.append(
            f"{name}: “{column.name}” is a {error}; change it to {' or '.join(error.fitting)}, "
            "name another column in `tables`, or drop the property with false"
        )
        return
    plan.bound.append(Binding(name, column, made, is_key))


def _one_line(name: str) -> str:
    """Trim a name as the platform does; it also hides line breaks and repeated blanks."""
    return whole(" ".join(name.split()))


def _is_field_id(text: str) -> bool:
    return text.startswith("fld") and text.isascii() and text.isalnum()
