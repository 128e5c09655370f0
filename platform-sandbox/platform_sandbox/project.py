"""What belongs to the sandbox in a Meltano project: its token store and its environment's state."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT: Final = "sandbox"
TOKEN_STORE: Final = ".oceanengine/sandbox-tokens.db"  # noqa: S105  a file's name
_SYSTEM_DATABASE: Final = ".meltano/meltano.db"
_SETTING: Final = "database_uri"
_PATIENCE_SECONDS: Final = 120


class ProjectError(OSError):
    """The project's own data could not be emptied."""


def empty(project: Path) -> None:
    """Drop the sandbox's token store and all state of the sandbox environment.

    Other environments' state and tokens are not touched.

    Raises:
        ProjectError: Meltano's state could not be cleared.
    """
    for suffix in ("", "-journal", "-wal", "-shm"):
        (project / f"{TOKEN_STORE}{suffix}").unlink(missing_ok=True)
    if _has_other_database(project):
        _clear_by_command(project)
    else:
        _clear_in_file(project / _SYSTEM_DATABASE)


def _has_other_database(project: Path) -> bool:
    """Whether Meltano was told to keep its state elsewhere than in the project."""
    if os.environ.get(f"MELTANO_{_SETTING.upper()}"):
        return True
    places = (project / ".env", project / "meltano.yml")
    texts = (place.read_text(encoding="utf-8") for place in places if place.is_file())
    return any(_SETTING in text.lower() for text in texts)


def _clear_in_file(path: Path) -> None:
    # Two orders of magnitude faster than starting Meltano once per state, for a demo that resets
    # every time; the table is Meltano's documented system database.
    if not path.is_file():
        return
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=10)) as connection, connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'state'")
            if tables.fetchone() is not None:
                connection.execute(
                    "DELETE FROM state WHERE substr(state_id, 1, ?) = ?",
                    (len(ENVIRONMENT) + 1, f"{ENVIRONMENT}:"),
                )
    except sqlite3.Error as error:
        raise ProjectError(f"Meltano's state in {path} could not be cleared: {error}.") from error


def _clear_by_command(project: Path) -> None:
    listed = _meltano(project, "list", "--pattern", f"{ENVIRONMENT}:*")
    for line in listed.splitlines():
        if line.strip().startswith(f"{ENVIRONMENT}:"):
            _meltano(project, "clear", "--force", line.strip())


def _meltano(project: Path, *arguments: str) -> str:
    program = project / ".venv" / "bin" / "meltano"
    command = [str(program), "--environment", ENVIRONMENT, "state", *arguments]
    try:
        done = subprocess.run(  # noqa: S603  the project's own Meltano, fixed arguments
            command,
            cwd=project,
            check=True,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        raise ProjectError(f"{' '.join(command)} failed: {error.stderr[-500:]}") from error
    except subprocess.TimeoutExpired as error:
        raise ProjectError(f"{' '.join(command)} did not end.") from error
    return done.stdout
