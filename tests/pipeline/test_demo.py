"""`make demo`, as a newcomer sees it: three real runs against a sandbox of its own."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

from .conftest import MeltanoProject


def test_demo_ends_well_and_says_what_each_run_did(project: MeltanoProject) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (project.root / ".venv").symlink_to(sys.prefix)
    words = ["-m", "platform_sandbox.demo", "--port", str(port), "--project", str(project.root)]
    try:
        done = subprocess.run(
            [sys.executable, *words], cwd=project.root, env=project.variables(),
            capture_output=True, text=True, check=False, timeout=500,
        )  # fmt: skip
    finally:
        stop = [Path(sys.executable).with_name("platform-sandbox"), "stop"]
        subprocess.run(
            [*stop, "--data-dir", project.root / ".sandbox"], check=True, capture_output=True
        )

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    equal = re.findall(r"Every cell of \S+ … \S+ equals the platform's number", done.stdout)
    assert len(equal) == 3
    assert "0 created, 0 updated, 0 write calls." in done.stdout
    ((late, settled),) = re.findall(r"Corrected: (\d+) late.*, (\d+) settled", done.stdout)
    assert min(int(late), int(settled)) > 0
    assert "All of it holds." in done.stdout
