"""What each plugin costs before it has done anything: starting Python and the Singer SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from measure import run
from results import Result, interleaved

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def loads(folder: Path) -> Iterator[Result]:
    """Start both plugins without work."""
    yield from interleaved(
        [
            lambda _: _start(folder, "tap-oceanengine-local", "tap"),
            lambda _: _start(folder, "target-feishu-bitable", "target"),
        ]
    )


def _start(folder: Path, program: str, approach: str) -> Result:
    usage = run(program, ["--about"], folder)
    return Result(
        load=f"start of {program}",
        approach=approach,
        calls=0,
        write_calls=0,
        minimum_calls=0,
        rows=0,
        wall_s=usage.wall_s,
        minimum_s=0.0,
        cpu_s=usage.cpu_s,
        peak_rss_mb=usage.peak_rss_mb,
        latency_ms=0,
        pacing="off",
    )
