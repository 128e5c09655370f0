"""One run of a program: how long, how much processor, how much memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROGRAMS = Path(sys.executable).parent
BASH = Path("/bin/bash")
_LAUNCH = (sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py")))


class RunFailedError(Exception):
    """A program ended with an error, or left something wrong behind."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process and the processes that it waited for took.

    Attributes:
        wall_s: Seconds from its start to its end.
        cpu_s: Seconds of processor, user and system, of all of them.
        peak_rss_mb: Most memory that one of them held, in MiB.
    """

    wall_s: float
    cpu_s: float
    peak_rss_mb: float


def run(
    program: str | Path,
    arguments: Sequence[str],
    folder: Path,
    *,
    source: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Usage:
    """Run a program in a folder of its own; its stdout and stderr go to files there.

    Args:
        program: Name of a command of this environment, or the path of another one.
        arguments: Its arguments.
        folder: Working directory, and place of `out` and `log`.
        source: File that it reads from stdin.
        variables: More environment variables.

    Raises:
        RunFailedError: It ended with another status than 0.
    """
    taken = folder / "usage.json"
    with (
        Path(source or os.devnull).open("rb") as given,
        (folder / "out").open("wb") as out,
        (folder / "log").open("wb") as log,
    ):
        subprocess.run(
            [*_LAUNCH, str(taken), str(PROGRAMS / program), *arguments],
            stdin=given,
            stdout=out,
            stderr=log,
            cwd=folder,
            env=_environment(folder) | dict(variables or {}),
            check=True,
        )
    usage = json.loads(taken.read_text("utf-8"))
    if status := usage.pop("status"):
        end = (folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RunFailedError(f"{program} ended with status {status}:\n{end}")
    return Usage(**usage)


def _environment(folder: Path) -> dict[str, str]:
    # Compiled modules are kept, as on any machine that runs a job every day.
    settings = ("MELTANO_", "TAP_", "TARGET_", "FEISHU_", "OCEANENGINE_", "PYTHONDONTWRITE")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(settings)}
    return kept | {"XDG_STATE_HOME": str(folder / "state"), "NO_PROXY": "127.0.0.1"}


def warnings(folder: Path) -> str:
    """The first warning in the last run's log, such as a repeated request; empty without one."""
    with (folder / "log").open(encoding="utf-8", errors="replace") as lines:
        found = [line.strip() for line in lines if "| WARNING" in line or "| ERROR" in line]
    return f"; {len(found)} warnings, the first: {found[0][:160]}" if found else ""
