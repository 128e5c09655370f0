"""`make install` installs the plugins anew when what is installed changed, and at no other edit.

A reinstall needs the network, and takes the plugins away from a run that is under way.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import COPIED, ROOT

PACKAGES = (
    "tap-oceanengine-local", "target-feishu-bitable", "feishu-notify", "platform-sandbox",
)  # fmt: skip
PROGRAM = """#!/bin/sh
echo "${0##*/} $*" >> programs.log
! [ -e offline ]
"""


class Machine:
    """A project whose python, pip and meltano only write down how they were called."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("Makefile", "requirements.txt", *COPIED):
            shutil.copy(ROOT / name, root / name)
        for package in PACKAGES:
            (root / package).mkdir()
            shutil.copy(ROOT / package / "pyproject.toml", root / package)
        programs = root / ".venv/bin"
        programs.mkdir(parents=True)
        for name in ("python", "pip", "meltano"):
            (programs / name).write_text(PROGRAM, "utf-8")
            (programs / name).chmod(0o755)
        (root / ".meltano").mkdir()

    def make(self) -> tuple[int, int]:
        """Return the exit code of `make install`, and how often it installed the plugins."""
        for path in self.root.rglob("*"):  # as if all that was done before was done a minute ago
            times = path.stat()
            os.utime(path, (times.st_atime - 60, times.st_mtime - 60))
        log = self.root / "programs.log"
        log.write_text("", "utf-8")
        made = subprocess.run(
            ["make", "install"], cwd=self.root, capture_output=True, check=False, timeout=60
        )
        return made.returncode, log.read_text("utf-8").count(" install --clean ")

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    assert machine.make() == (0, 1)
    assert machine.make() == (0, 0)
    return machine


def test_a_setting_and_a_column_reinstall_nothing(machine: Machine) -> None:
    column = "    - promotion_report.stat_cost\n"
    machine.edit("meltano.yml", column, f"{column}    - promotion_report.ctr\n")
    assert machine.make() == (0, 0)
    machine.edit("meltano.yml", "value: 31", "value: 7")
    assert machine.make() == (0, 0)
    assert machine.make() == (0, 0)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("meltano.yml", "target-jsonl==0.1.4", "target-jsonl==0.1.5"),
        ("constraints.txt", "requests==", "# requests=="),
        ("constraints-jsonl.txt", "jsonschema==", "# jsonschema=="),
        ("feishu-notify/pyproject.toml", "dependencies = [", "dependencies = [\n"),
    ],
)
def test_what_is_installed_reinstalls(machine: Machine, name: str, old: str, new: str) -> None:
    machine.edit(name, old, new)
    assert machine.make() == (0, 1)
    assert machine.make() == (0, 0)


def test_an_install_that_failed_is_tried_again(machine: Machine) -> None:
    machine.edit("meltano.yml", "target-jsonl==0.1.4", "target-jsonl==0.1.5")
    (machine.root / "offline").touch()
    assert machine.make() == (2, 1)
    (machine.root / "offline").unlink()
    assert machine.make() == (0, 1)
