"""What each plugin costs before it has done anything: starting Python and the Singer SDK."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from measure import run
from results import interleaved, nothing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from results import Result


PROGRAMS: Final = {"tap": "tap-oceanengine-local", "target": "target-feishu-bitable"}


def warm_up(folder: Path) -> None:
    """Start both plugins once, so that Python has compiled what changed since the last time."""
    for program in PROGRAMS.values():
        run(program, ["--about"], folder)


def loads(folder: Path) -> Iterator[Result]:
    """Start both plugins without work."""
    yield from interleaved([partial(_start, folder, one) for one in PROGRAMS])


def _start(folder: Path, approach: str, _number: int) -> Result:
    program = PROGRAMS[approach]
    usage = run(program, ["--about"], folder)
    return nothing(f"start of {program}", approach, usage)
