"""Wrong pages on demand: totals that move, rows that come twice or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from platform_sandbox.faults import Fault

_TOTALS: Final = ("total_number", "total")


def spoil(data: dict[str, Any], fault: Fault) -> dict[str, Any]:
    """The page as a platform in motion would have given it.

    `total_changes` counts one row more; `duplicate_row` repeats the page's first row in place of
    its last; `missing_row` leaves the last row out; `unstable_order` turns the rows around.
    """
    key = next((name for name, value in data.items() if isinstance(value, list)), None)
    if key is None:
        return data
    rows: list[Any] = data[key]
    info = data.get("page_info")
    if fault.kind == "total_changes" and isinstance(info, dict):
        moved = {name: value + 1 for name, value in info.items() if name in _TOTALS}
        return data | {"page_info": info | moved}
    if fault.kind == "duplicate_row" and rows:
        return data | {key: [*rows[:-1], rows[0]] if len(rows) > 1 else [*rows, *rows]}
    if fault.kind == "missing_row":
        return data | {key: rows[:-1]}
    if fault.kind == "unstable_order":
        return data | {key: rows[::-1]}
    return data
