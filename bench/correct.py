"""Whether a table holds what the platform says: a way that leaves it wrong is not measured."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from measure import RunFailedError
from messages import ZONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_HALF_A_FEN = 0.005 + 1e-9


def check(
    load: str,
    found: Iterable[Mapping[str, Any]],
    wanted: Iterable[Mapping[str, Any]],
    names: Mapping[str, str],
) -> None:
    """Compare a table with the rows that it should hold.

    Args:
        load: For the error.
        found: Rows of the table by name of the column.
        wanted: Rows by property; those that `names` does not know are left out.
        names: Name of the column by property.

    Raises:
        RunFailedError: A row is missing, stands twice, should not be there, or has another value.
    """
    expected = {_key(row["stat_time_day"], row["promotion_id"]): row for row in wanted}
    seen = set()
    for cells in found:
        key = _key(cells[names["stat_time_day"]], cells[names["promotion_id"]])
        if key in seen or key not in expected:
            why = "stands twice" if key in seen else "should not be there"
            raise RunFailedError(f"{load}: row {key} {why}.")
        seen.add(key)
        for name, column in names.items():
            if name != "stat_time_day" and not _same(cells.get(column), expected[key].get(name)):
                raise RunFailedError(
                    f"{load}: row {key} has {cells.get(column)!r} as {name}, "
                    f"not {expected[key].get(name)!r}."
                )
    if missing := len(expected) - len(seen):
        raise RunFailedError(f"{load}: {missing} of {len(expected)} rows are missing.")


def _key(day: str | float, unit: object) -> tuple[str, str]:
    if isinstance(day, str):
        return day[:10], str(unit)
    moment = dt.datetime.fromtimestamp(day / 1000, ZONE)
    return moment.date().isoformat(), str(unit)


def _same(cell: object, value: object) -> bool:
    if isinstance(cell, (int, float)) and isinstance(value, (int, float)):
        return abs(cell - value) <= _HALF_A_FEN
    return str(cell) == str(value)
