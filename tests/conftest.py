"""What all tests share.

A system service that is missing fails a test under REQUIRE_SERVICES=1 and skips it without.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No test fails because a machine is busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

RequireService = Callable[[bool, str], None]


@pytest.fixture(scope="session")
def require_service() -> RequireService:
    """Call with (is it there, what is missing and how to install it) at the head of a test."""

    def require(present: bool, missing: str) -> None:
        if present:
            return
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(missing)
        pytest.skip(missing)

    return require


@pytest.fixture(scope="session")
def postgres(require_service):
    """A PostgreSQL of Debian's, started for the session; yields its address."""
    binaries = _postgres_binaries()
    require_service(binaries is not None, "PostgreSQL is missing: apt-get install postgresql")
    user = "postgres" if os.geteuid() == 0 else None
    directory = Path(tempfile.mkdtemp(prefix="postgres-"))
    if user:
        shutil.chown(directory, user)
    data, port = directory / "data", _free_port()
    options = f"-p {port} -k {directory} -c listen_addresses=127.0.0.1 -c fsync=off"
    call = partial(subprocess.run, check=True, capture_output=True, user=user, cwd=directory)
    call([binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"])
    control = [binaries / "pg_ctl", "-D", data, "-w"]
    # The server inherits the pipes: only files let `pg_ctl start` return.
    call(
        [*control, "-o", options, "-l", directory / "log", "start"],
        capture_output=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    call([*control, "-m", "immediate", "stop"])
    shutil.rmtree(directory)


def _postgres_binaries():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    beside = shutil.which("initdb")
    return Path(beside).resolve().parent if beside else None


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
