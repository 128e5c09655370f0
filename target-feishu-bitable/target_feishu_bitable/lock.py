"""One writer per base on a host: an exclusive lock on a file, which the kernel frees at death.

Two writers would each look, find a row missing, and create it twice. Runs with Meltano's
`--no-state-update` take no lock of Meltano's, so the target takes its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from platformdirs import user_state_path

from target_feishu_bitable.errors import LockedError

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)


def lock_path(api_url: str, app_token: str) -> Path:
    """Return the lock file of a base."""
    name = hashlib.sha256(f"{api_url}\n{app_token}".encode()).hexdigest()[:32]
    folder = user_state_path("target-feishu-bitable")
    if not folder.is_absolute():  # to be ignored by the XDG rules; elsewhere it is another one
        folder = Path.home() / ".local" / "state" / "target-feishu-bitable"
    return folder / f"{name}.lock"


@contextlib.contextmanager
def exclusive(api_url: str, app_token: str, *, timeout: float, started: str) -> Iterator[None]:
    """Hold a base against other writers of this host.

    Args:
        api_url: Address of the platform.
        app_token: The base.
        timeout: Seconds to wait for another writer.
        started: When this run began, told to those who wait.

    Raises:
        LockedError: Another writer holds it still; the message names it. Or there can't be a lock.
    """
    path = lock_path(api_url, app_token)
    holder = path.with_suffix(".holder")
    lock = FileLock(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _acquire(lock, holder, timeout)
    except Timeout:
        raise LockedError(
            f"Another run on this host writes the same base and did not end within {timeout:g} "
            f"seconds: {_told(holder)}. Wait for it, or raise lock_timeout_seconds."
        ) from None
    except (OSError, NotImplementedError) as error:
        raise LockedError(
            f"The lock file {path}, which keeps two runs from writing the same base, can't be "
            f"used: {error}. Set XDG_STATE_HOME to a directory that this user may write."
        ) from None
    try:
        _tell(holder, started)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, holder: Path, timeout: float) -> None:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.info(
            "Waiting for another run that writes the same base: %s (at most %g seconds).",
            _told(holder),
            timeout,
        )
        lock.acquire(timeout=timeout)


def _tell(holder: Path, started: str) -> None:
    try:
        holder.write_text(json.dumps({"pid": os.getpid(), "started": started}), "utf-8")
    except OSError as error:  # the lock holds without it
        logger.warning("Who waits for this run can't be told its name: %s.", error)


def _told(holder: Path) -> str:
    try:
        known = json.loads(holder.read_text("utf-8"))
        return f"process {known['pid']}, started {known['started']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that did not say its name"
