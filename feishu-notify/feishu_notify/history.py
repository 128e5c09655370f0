"""Meltano's run history, read through its own command line (``meltano logs list``).

That command is Meltano's public way to its system database, wherever it is kept, and only reads.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_RUNS_READ = 1000
_SECONDS = 120
_TRACEBACK = "╭"
_NO_TABLE_YET = re.compile(r"no such table: runs|relation \"runs\" does not exist")
"""Only commands that run something make Meltano's tables."""


class HistoryError(Exception):
    """The run history cannot be read. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run on record: Meltano's state id, SUCCESS, FAIL or RUNNING, and when it ended."""

    job: str
    state: str
    ended_at: datetime | None


def recent_runs(project: Path, environment: str | None) -> tuple[Run, ...]:
    """Return the recent runs of the project, newest first.

    Raises:
        HistoryError: Meltano cannot be found or does not answer.
    """
    command = [
        _meltano(project),
        *(["--environment", environment] if environment else []),
        *("--log-level", "error", "logs", "list", "--limit", str(_RUNS_READ), "--format", "json"),
    ]
    try:
        done = subprocess.run(  # noqa: S603  Meltano itself, with fixed arguments
            command, cwd=project, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HistoryError(f"Meltano's run history cannot be read: {error}") from error
    if done.returncode:
        if _NO_TABLE_YET.search(done.stderr):
            return ()
        said = done.stderr.partition(_TRACEBACK)[0].strip().rpartition("[error    ] meltano")[2]
        words = " ".join(said.split()) or f"exit code {done.returncode}"
        raise HistoryError(f"Meltano's run history cannot be read: {words}")
    return parse(done.stdout)


def parse(output: str) -> tuple[Run, ...]:
    """Read the output of ``meltano logs list --format json``; no JSON means no runs.

    Raises:
        HistoryError: the JSON has another shape than Meltano 4.4's.
    """
    start = output.find("{")
    if start < 0:
        return ()
    try:
        runs: list[dict[str, Any]] = json.loads(output[start:])["runs"]
        return tuple(
            Run(
                job=run["job_name"],
                state=run["state"],
                ended_at=datetime.fromisoformat(run["ended_at"]) if run["ended_at"] else None,
            )
            for run in runs
        )
    except (ValueError, KeyError, TypeError) as error:
        raise HistoryError(
            f"`meltano logs list` answered in a form that is not known ({error!r}): "
            "this version of feishu-notify fits Meltano 4.4"
        ) from error


def last_success(runs: Iterable[Run], environment: str | None, job: str | None) -> datetime | None:
    """Return when the last successful run ended.

    Args:
        runs: the history.
        environment: only runs of this Meltano environment count.
        job: only runs with this state id count.
    """
    return max(
        (
            run.ended_at
            for run in runs
            if run.state == "SUCCESS"
            and run.ended_at
            and (job is None or run.job == job)
            and (environment is None or run.job.startswith(f"{environment}:"))
        ),
        default=None,
    )


def _meltano(project: Path) -> str:
    """Find Meltano: beside this Python, as it noted itself in the project, or on the path."""
    beside = Path(sys.executable).with_name("meltano")
    noted = project / ".meltano" / "run" / "bin"
    for candidate in (beside, noted):
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return str(candidate)
    found = shutil.which("meltano")
    if found is None:
        raise HistoryError("meltano is not found: put the folder of its program on PATH")
    return found
