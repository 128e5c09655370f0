"""A Meltano project of its own for each test, with the plugins as `make install` installed them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from platform_sandbox.testing import SandboxServer

ROOT = Path(__file__).parents[2]
LINKED = (
    "tap-oceanengine-local", "target-feishu-bitable", "feishu-notify", "platform-sandbox",
    "README.md", "README.zh-CN.md",
)  # fmt: skip
COPIED = ("meltano.yml", "logging.yaml", "constraints.txt", "constraints-jsonl.txt")


@dataclass(frozen=True, slots=True)
class MeltanoProject:
    """A copy of this project's Meltano files beside links to its packages and installed plugins."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str) -> list[str]:
        return [str(Path(sys.executable).with_name("meltano")), *arguments]

    def meltano(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `meltano …` in the project and return what it printed, whatever its exit code."""
        return subprocess.run(
            self.command(*arguments), cwd=self.root, env=self.variables(**variables),
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip

    def variables(self, **variables: str) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MELTANO_", "TAP_", "TARGET_", "FEISHU_", "OCEANENGINE_"))
        }
        return inherited | self.environment | variables


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    with SandboxServer(data_dir=tmp_path / "platforms") as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, sandbox: SandboxServer) -> MeltanoProject:
    root = tmp_path / "project"
    root.mkdir()
    for name in LINKED:
        (root / name).symlink_to(ROOT / name)
    for name in COPIED:
        shutil.copy(ROOT / name, root / name)
    (root / ".meltano").mkdir()
    for kind in ("extractors", "loaders", "utilities"):
        if (ROOT / ".meltano" / kind).exists():
            (root / ".meltano" / kind).symlink_to(ROOT / ".meltano" / kind)
    return MeltanoProject(
        root,
        {
            "TAP_OCEANENGINE_LOCAL_API_URL": sandbox.url,
            "TARGET_FEISHU_BITABLE_API_URL": sandbox.url,
            "XDG_STATE_HOME": str(tmp_path / "state"),
            # Nothing listens there: whatever is asked of the outside world fails at once.
            "HTTP_PROXY": "http://127.0.0.1:9",
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1,localhost",
        },
    )
