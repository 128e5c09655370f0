"""How full a table is, told before it is too late. Pure."""

from __future__ import annotations

from typing import Final

_WARN_SHARE: Final = 0.8


def warning(table: str, *, rows: int, limit: int, created: int, days: int | None) -> str | None:
    """Return a warning from 80 % of the row limit on, None below.

    Args:
        table: Name of the table.
        rows: Rows it holds.
        limit: Rows it may hold (setting row_limit).
        created: Rows that this run created.
        days: Days of data that the created rows belong to, None when unknown.
    """
    if rows < limit * _WARN_SHARE:
        return None
    share = f"The table {table!r} holds {rows} of {limit} rows (row_limit)"
    advice = "Archive old rows, write to another table, or feed another target."
    if rows > limit:
        raised = "Set row_limit to what your plan allows."
        return f"{share}: it has passed the configured limit. {raised} {advice}"
    if rows == limit:
        return f"{share}: it is full. {advice}"
    if created and days:
        left = int((limit - rows) / (created / days))
        return f"{share}; at {created / days:.0f} rows a day it is full in {left} days. {advice}"
    return f"{share}. {advice}"
