"""Results as a table for people and as a list for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from results import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

HEADS: Final = (
    "load",
    "by",
    "latency",
    "pacing",
    "calls",
    "writes",
    "at least",
    "ratio",
    "rows",
    "wall s",
    "bound s",
    "ratio",
    "rows/s",
    "CPU s",
    "MiB",
    "all runs s",
)


def cells(result: Result) -> list[str]:
    """One line of the table."""
    least = result.minimum_calls
    return [
        result.load,
        result.approach,
        f"{result.latency_ms} ms",
        result.pacing,
        f"{result.calls:,}",
        f"{result.write_calls:,}",
        f"{least:,}" if least else "–",
        figure(result.calls / least) if least else "–",
        f"{result.rows:,}",
        figure(result.wall_s),
        figure(result.minimum_s or None),
        figure(result.ratio),
        f"{result.rows_per_s:,.0f}" if result.rows else "–",
        figure(result.cpu_s),
        figure(result.peak_rss_mb, 0),
        result.runs or "–",
    ]


def figure(value: float | None, digits: int = 2) -> str:
    """A number, or a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def table(heads: Sequence[str], lines: Iterable[Sequence[str]], texts: int = 1) -> str:
    """A table in Markdown; the first columns are texts, the others numbers."""
    rule = "|---" * texts + "|---:" * (len(heads) - texts) + "|"
    shown = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([f"| {' | '.join(heads)} |", rule, *shown])


def markdown(results: Iterable[Result]) -> str:
    """Everything that was measured."""
    return table(HEADS, map(cells, results), texts=2)


def save(results: Sequence[Result], path: Path) -> None:
    """Write results.json."""
    text = json.dumps([one.as_dict() for one in results], ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def read(path: Path) -> list[Result]:
    """Read results.json."""
    lines: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return [Result.from_dict(one) for one in lines]
