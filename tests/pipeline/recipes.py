"""Code blocks of the docs, run in a shell as somebody would who copies them.

A block that is run stands behind `<!-- recipe: name -->`. What a reader has to put in himself, a
date or a file, is put in here too; something that is not in the block is a mistake of the test.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from platform_sandbox.defaults import (
    FEISHU_APP_ID,
    FEISHU_APP_SECRET,
    FEISHU_BASE,
    FEISHU_WEBHOOK,
    FEISHU_WEBHOOK_SECRET,
    OE_APP_ID,
    OE_APP_SECRET,
)
from platform_sandbox.testing import SandboxServer

from .conftest import ROOT, MeltanoProject

BLOCK = re.compile(r"^ *<!-- recipe: (\S+) -->\n+ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def recipes(page: str) -> dict[str, str]:
    """The blocks of a page by name."""
    return dict(BLOCK.findall((ROOT / page).read_text("utf-8")))


class Reader:
    """Somebody with a shell in a project as `make install` left it."""

    def __init__(self, project: MeltanoProject, page: str) -> None:
        self.project = project
        self.blocks = recipes(page)
        self._install()

    def _install(self) -> None:
        root = self.project.root
        shutil.copy(ROOT / "Makefile", root)
        shutil.copy(ROOT / "requirements.txt", root)
        (root / "deploy").symlink_to(ROOT / "deploy")
        (root / ".venv").mkdir()
        for entry in Path(sys.prefix).iterdir():
            if entry.suffix not in {".stamp", ".txt"}:
                (root / ".venv" / entry.name).symlink_to(entry)
        written = ["make", ".venv/plugins.txt"]
        subprocess.run(written, cwd=root, capture_output=True, check=True)
        for name in ("runtime.stamp", "plugins.stamp"):
            (root / ".venv" / name).touch()

    def follows(
        self, name: str, puts_in: Mapping[str, object] | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Copy a block, put in what is one's own, run it."""
        block = self.blocks[name]
        for written, own in (puts_in or {}).items():
            assert written in block, f"The recipe {name} has no {written} any more."
            block = block.replace(written, str(own))
        return self.types(block, **variables)

    def types(self, line: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a line of the reader's own."""
        return subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", line],
            cwd=self.project.root, env=self.project.variables(**variables),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip


def done(outcome: subprocess.CompletedProcess[str]) -> str:
    """What a command that has to succeed printed."""
    printed = outcome.stdout + outcome.stderr
    assert outcome.returncode == 0, printed
    return printed


def filled(sandbox: SandboxServer) -> dict[str, str]:
    """What somebody whose platforms are the sandbox fills in where .env.example asks for it."""
    pair = sandbox.platform.oceanengine.tokens.current
    return {
        "MELTANO_ENVIRONMENT": "prod",
        "OCEANENGINE_APP_ID": OE_APP_ID,
        "OCEANENGINE_APP_SECRET": OE_APP_SECRET,
        "OCEANENGINE_ACCESS_TOKEN": pair.access,
        "OCEANENGINE_REFRESH_TOKEN": pair.refresh,
        "FEISHU_APP_ID": FEISHU_APP_ID,
        "FEISHU_APP_SECRET": FEISHU_APP_SECRET,
        "FEISHU_BITABLE": FEISHU_BASE,
        "FEISHU_TABLE": "单元日报",
    }


def bot(sandbox: SandboxServer) -> dict[str, str]:
    """The same of somebody who has a bot in the chat."""
    return {
        "FEISHU_WEBHOOK_URL": sandbox.url + FEISHU_WEBHOOK,
        "FEISHU_WEBHOOK_SECRET": FEISHU_WEBHOOK_SECRET,
    }


def production(sandbox: SandboxServer, **more: str) -> dict[str, str]:
    """What stands in the .env of somebody who wants no cards."""
    return filled(sandbox) | {"FEISHU_NOTIFY": "none"} | more


def fill_in(project: MeltanoProject, values: Mapping[str, str]) -> None:
    """Write the project's .env."""
    lines = [f"{name}={value}\n" for name, value in values.items()]
    (project.root / ".env").write_text("".join(lines), "utf-8")
