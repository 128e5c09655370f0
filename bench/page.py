"""The generated part of docs/benchmarks.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import goals
import report
import tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from results import Result

BEGIN: Final = "<!-- measured: begin (python bench/run.py --publish) -->"
END: Final = "<!-- measured: end -->"


def block(results: Sequence[Result], machine: str) -> str:
    """Everything between the markers.

    Args:
        results: What was measured.
        machine: Where, when, by which command and how long.
    """
    parts = (
        ("Goals", report.table(goals.HEADS, goals.goals(results), texts=2)),
        ("The sandbox's own ceiling", tables.ceiling(results)),
        ("Other ways to do the same", tables.ways(results)),
        ("Starting, and Meltano's share", tables.meltano(results)),
        ("Growth of the table", tables.growth(results)),
        ("A thousand accounts", tables.many_accounts(results)),
        ("All loads", report.markdown(results)),
    )
    return "\n\n".join([machine, *(f"### {head}\n\n{table}" for head, table in parts)])


def publish(path: Path, results: Sequence[Result], machine: str) -> None:
    """Put what was measured between the markers of a page.

    Raises:
        ValueError: The page does not have both markers once, in order.
    """
    before, begin, rest = path.read_text("utf-8").partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise ValueError(f"{path} must have {BEGIN!r} and {END!r} once each, in this order.")
    path.write_text(f"{before}{BEGIN}\n\n{block(results, machine)}\n\n{END}{after}", "utf-8")
