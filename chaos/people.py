"""What people do in the table; runs in the process of the platforms.

Every function draws what it does from its seed and returns a line for the trail, empty when there
was nothing to do it to. Rows, cells and columns that people own are found again by the oracle as
those that are not the run's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

from draws import chance
from shapes import DAY, SHAPES
from sight import snapshot

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from shapes import Shape
    from sight import Snapshot

    from platform_sandbox.feishu.people import TableHandle
    from platform_sandbox.platform import Platform

_MOST_COLUMNS: Final = 30
_TEXTS: Final = ("看过", "=1+1", "待跟进 ", "“引号”", "<b>x</b>", "多\n行", "0012", "🙂")


@dataclass(frozen=True, slots=True)
class Desk:
    """A table that people work in.

    Attributes:
        table: The table.
        shape: What is synced into it.
        today: The open day.
    """

    table: TableHandle
    shape: Shape
    today: dt.date


def act(
    platform: Platform, seed: int, times: int, view: Mapping[str, Any], *, upheaval: bool = False
) -> tuple[list[str], Snapshot, Snapshot]:
    """Do a few things at random, also while a run is under way.

    Args:
        platform: Both platforms.
        seed: What is done follows from it.
        times: How many things.
        view: Arguments of `sight.snapshot`.
        upheaval: Delete many rows of one table, so that the next run has much to do.

    Returns:
        What was done, and what was to be seen just before and just after.
    """
    rng = Random(seed)  # noqa: S311  a soak, no secret
    lines: list[str] = []
    with platform.feishu.state.lock:
        before = snapshot(platform, **view)
        desks = [desk for stream in view["streams"] if (desk := _desk(platform, SHAPES[stream]))]
        if desks:
            if upheaval:
                lines.append(delete_many(rng.choice(desks), rng))
            lines += [rng.choice(ACTIONS)(rng.choice(desks), rng) for _ in range(times)]
        return [line for line in lines if line], before, snapshot(platform, **view)


def _desk(platform: Platform, shape: Shape) -> Desk | None:
    found = [one for one in platform.feishu.base().tables if one.name == shape.table]
    return Desk(found[0], shape, platform.clock.today()) if found else None


def _some_rows(table: TableHandle, rng: Random, most: int = 5) -> list[str]:
    identifiers = list(table.model.records)
    return rng.sample(identifiers, min(len(identifiers), rng.randint(1, most)))


def _own_columns(desk: Desk) -> list[str]:
    names = [one["field_name"] for one in desk.table.fields]
    return [name for name in names if name not in desk.shape.columns]


def add_column(desk: Desk, rng: Random) -> str:
    """A column of their own: text, number, choice, tick or a formula."""
    table = desk.table
    if len(table.fields) >= _MOST_COLUMNS:
        return ""
    name = f"备注{len(table.fields)}-{rng.randrange(1000)}"
    kind = rng.choice((1, 2, 3, 7, 15))
    wanted: dict[str, Any] = {"field_name": name, "type": kind}
    if kind == 3:  # noqa: PLR2004  a single select
        wanted["property"] = {"options": [{"name": "好"}, {"name": "差"}]}
    table.add_field(wanted)
    return f"people add the column {name} of type {kind}"


def fill_own_cells(desk: Desk, rng: Random) -> str:
    """Type something into their own columns."""
    table = desk.table
    columns = _own_columns(desk)
    if not columns or not len(table):
        return ""
    name, rows = rng.choice(columns), _some_rows(table, rng)
    kind = table.field(name).type
    values: dict[int, Any] = {
        1: rng.choice(_TEXTS),
        2: rng.randrange(10**6) / 100,
        3: rng.choice(("好", "差")),
        7: chance(rng, 0.5),
        15: {"text": "link", "link": "https://example.com/x"},
    }
    if kind not in values:
        return ""
    for row in rows:
        table.set(row, {name: values[kind]})
    return f"people fill {name} of {rows} with {values[kind]!r}"


def overwrite_numbers(desk: Desk, rng: Random) -> str:
    """Type another number into, or empty, a synced cell."""
    table = desk.table
    names = [one["field_name"] for one in table.fields if one["field_name"] in desk.shape.numbers]
    if not names or not len(table):
        return ""
    name, rows = rng.choice(names), _some_rows(table, rng)
    value = rng.choice((None, 0, -1, 987654.32))
    for row in rows:
        table.set(row, {name: value})
    return f"people overwrite {name} of {rows} with {value}"


def overwrite_key(desk: Desk, rng: Random) -> str:
    """Change or empty the key of a row: from now on it is theirs."""
    table = desk.table
    entity, moment = desk.shape.entity, desk.shape.moment
    if not desk.shape.key <= {one["field_name"] for one in table.fields} or not len(table):
        return ""
    row = rng.choice(list(table.model.records))
    choices: list[dict[str, Any]] = [{entity: "自己的"}, {entity: None}]
    values = rng.choice([*choices, {moment: None}] if moment else choices)
    table.set(row, values)
    return f"people set {values} in {row}"


def delete_rows(desk: Desk, rng: Random) -> str:
    """Delete some rows."""
    table = desk.table
    rows = _some_rows(table, rng, 8)
    table.delete(rows)
    return f"people delete {rows}" if rows else ""


def delete_many(desk: Desk, rng: Random) -> str:
    """Delete a large part of all rows, or all."""
    table = desk.table
    share = rng.choice((0.2, 0.5, 0.9, 1.0))
    rows = [record for record in table.model.records if chance(rng, share)]
    table.delete(rows)
    return f"people delete {len(rows)} rows"


def add_own_row(desk: Desk, rng: Random) -> str:
    """A row of their own: a total, an empty one, or one with a unit that the source never had."""
    table = desk.table
    names = {one["field_name"] for one in table.fields}
    day, entity = desk.today - timedelta(days=rng.randrange(1, 6)), desk.shape.entity
    row = rng.choice(
        (
            {},
            {"账户名称": "合计", "消耗(元)": 1234.5},
            {DAY: day, entity: f"手工{rng.randrange(100)}", "账户名称": "手工"},
            {DAY: day, "账户名称": "只有日期"},
        )
    )
    row = {name: value for name, value in row.items() if name in names}
    return f"people add {row} as {table.add([row])}"


def copy_row(desk: Desk, rng: Random) -> str:
    """Copy a row with its key: from now on the key stands there twice."""
    table = desk.table
    rows = table.rows()
    names = {one["field_name"] for one in table.fields} & set(desk.shape.columns)
    if not rows:
        return ""
    record, cells = rng.choice(rows)
    copied = table.add([{name: value for name, value in cells.items() if name in names}])
    return f"people copy {record} as {copied}"


def rename_own_column(desk: Desk, rng: Random) -> str:
    """Rename a column of their own."""
    table = desk.table
    columns = _own_columns(desk)
    if not columns:
        return ""
    old = rng.choice(columns)
    new = f"改名{rng.randrange(10**6)}"
    table.rename_field(old, new)
    return f"people rename {old} to {new}"


def delete_own_column(desk: Desk, rng: Random) -> str:
    """Delete a column of their own."""
    table = desk.table
    columns = [name for name in _own_columns(desk) if not table.field(name).is_primary]
    if not columns:
        return ""
    name = rng.choice(columns)
    table.delete_field(name)
    return f"people delete the column {name}"


def lose_synced_column(desk: Desk, rng: Random) -> str:
    """Delete or rename a synced column that is not part of the key: the run makes it anew."""
    table = desk.table
    if len(table.fields) >= _MOST_COLUMNS:
        return ""
    names = [
        one["field_name"]
        for one in table.fields
        if one["field_name"] in desk.shape.columns.keys() - desk.shape.key
        and not one.get("is_primary")
    ]
    if not names:
        return ""
    name = rng.choice(names)
    if chance(rng, 0.5):
        table.delete_field(name)
        return f"people delete the synced column {name}"
    new = f"旧{rng.randrange(10**6)}"
    table.rename_field(name, new)
    return f"people rename the synced column {name} to {new}"


ACTIONS: Final[tuple[Callable[[Desk, Random], str], ...]] = (
    add_column,
    fill_own_cells,
    fill_own_cells,
    overwrite_numbers,
    overwrite_numbers,
    overwrite_key,
    delete_rows,
    delete_rows,
    add_own_row,
    copy_row,
    rename_own_column,
    delete_own_column,
    lose_synced_column,
)
