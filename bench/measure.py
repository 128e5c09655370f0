"""One run of a program: how long, how much processor, how much memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROGRAMS = Path(sys.executable).parent
BASH = Path("/bin/bash")
_KIB_PER_MB = 1024


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
    with (
        Path(source or os.devnull).open("rb") as given,
        (folder / "out").open("wb") as out,
        (folder / "log").open("wb") as log,
    ):
        begin = time.perf_counter()
        process = subprocess.Popen(
            [str(PROGRAMS / program), *arguments],
            stdin=given,
            stdout=out,
            stderr=log,
            cwd=folder,
            env=_environment(folder) | dict(variables or {}),
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        end = (folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RunFailedError(f"{program} ended with status {process.returncode}:\n{end}")
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / _KIB_PER_MB)


def _environment(folder: Path) -> dict[str, str]:
    settings = ("MELTANO_", "TAP_", "TARGET_", "FEISHU_", "OCEANENGINE_")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(settings)}
    return kept | {"XDG_STATE_HOME": str(folder), "NO_PROXY": "127.0.0.1"}


def warnings(folder: Path) -> str:
    """The first warning in the last run's log, such as a repeated request; empty without one."""
    with (folder / "log").open(encoding="utf-8", errors="replace") as lines:
        found = [line.strip() for line in lines if "| WARNING" in line or "| ERROR" in line]
    return f"; {len(found)} warnings, the first: {found[0][:160]}" if found else ""
