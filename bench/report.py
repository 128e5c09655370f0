"""Results as a table for people and as a list for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from results import Result

HEADS: Final = (
    "load",
    "by",
    "latency",
    "pacing",
    "calls",
    "writes",
    "at least",
    "rows",
    "wall s",
    "bound s",
    "ratio",
    "rows/s",
    "CPU s",
    "MiB",
)


def cells(result: Result) -> list[str]:
    """One line of the table."""
    ratio, cpu, memory = result.ratio, result.cpu_s, result.peak_rss_mb
    return [
        result.load,
        result.approach,
        f"{result.latency_ms} ms",
        result.pacing,
        f"{result.calls:,}",
        f"{result.write_calls:,}",
        f"{result.minimum_calls:,}",
        f"{result.rows:,}",
        f"{result.wall_s:.2f}",
        f"{result.minimum_s:.2f}" if result.minimum_s else "–",
        "–" if ratio is None else f"{ratio:.2f}",
        f"{result.rows_per_s:,.0f}",
        "–" if cpu is None else f"{cpu:.2f}",
        "–" if memory is None else f"{memory:.0f}",
    ]


def markdown(results: Sequence[Result]) -> str:
    """The table, in Markdown."""
    lines = ["| " + " | ".join(HEADS) + " |", "|---|---|" + "---:|" * (len(HEADS) - 2)]
    lines += ["| " + " | ".join(cells(one)) + " |" for one in results]
    return "\n".join(lines)


def save(results: Sequence[Result], path: Path) -> None:
    """Write results.json."""
    text = json.dumps([one.as_dict() for one in results], ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
