"""Which process serves a data directory: a file that it keeps locked while it lives."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

FILE_NAME: Final = "sandbox.pid"
_STOP_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.05


class AlreadyServedError(OSError):
    """Another process serves this data directory."""


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that lives."""

    pid: int
    url: str


class Claim:
    """The right to serve a data directory; the kernel takes it back when the process dies."""

    def __init__(self, data_dir: Path, url: str) -> None:
        self._path = data_dir / FILE_NAME
        self._url = url
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        """Take it.

        Raises:
            AlreadyServedError: Somebody else holds it.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise AlreadyServedError(f"{self._path} is locked by a running sandbox.") from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps({"pid": os.getpid(), "url": self._url}).encode())
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back."""
        if self._descriptor is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)


def running(data_dir: Path) -> Running | None:
    """The process that serves a data directory, None when there is none."""
    try:
        descriptor = os.open(data_dir / FILE_NAME, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        content = json.loads(os.read(descriptor, 1000) or b"{}")
        return Running(content["pid"], content["url"]) if content else None
    finally:
        os.close(descriptor)
    return None


def health(url: str, *, timeout: float = 1.0) -> dict[str, Any] | None:
    """What a sandbox says of itself, None when nobody (or somebody else) answers."""
    try:
        with urllib.request.urlopen(f"{url}/_sandbox/health", timeout=timeout) as answer:  # noqa: S310  http on this host
            found = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "data_dir" in found else None


def stop(data_dir: Path) -> Running | None:
    """End exactly the process that serves a data directory, and wait until it has gone.

    Raises:
        TimeoutError: It did not go within ten seconds.
    """
    found = running(data_dir)
    if found is None:
        return None
    os.kill(found.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while running(data_dir) is not None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"The sandbox (process {found.pid}) does not stop.")
        time.sleep(_PAUSE_SECONDS)
    return found
