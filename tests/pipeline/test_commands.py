"""Every command of this project's own plugins exists, and works as a person types it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from platform_sandbox.testing import SandboxServer

from .conftest import ROOT, MeltanoProject


def declared() -> list[tuple[str, str, str]]:
    plugins = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))["plugins"]
    return [
        (plugin["name"], name, command.get("executable", plugin["executable"]))
        for kind in plugins.values()
        for plugin in kind
        if (ROOT / plugin["name"]).is_dir()
        for name, command in plugin.get("commands", {}).items()
    ]


def offered(executable: str) -> set[str]:
    program = Path(sys.executable).with_name(executable)
    shown = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    names = {name for _plugin, name, its in declared() if its == executable}
    indented = set(re.findall(r"^ {2,4}([a-z]+(?:-[a-z]+)*)(?=\s|$)", shown, re.MULTILINE))
    return indented | {name for name in names if re.search(rf"\b{name}\b", shown)}


@pytest.mark.parametrize("executable", sorted({its for _p, _n, its in declared()}))
def test_meltano_declares_exactly_the_commands_of_the_program(executable: str) -> None:
    assert {name for _plugin, name, its in declared() if its == executable} == offered(executable)


@pytest.mark.parametrize(("plugin", "name", "executable"), declared())
def test_every_command_explains_itself_and_stands_in_the_docs(
    plugin: str, name: str, executable: str
) -> None:
    program = Path(sys.executable).with_name(executable)
    shown = subprocess.run([program, name, "--help"], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert "usage" in shown.stdout.lower()
    written = "".join(
        path.read_text("utf-8") for path in [ROOT / plugin / "README.md", *ROOT.glob("docs/*.md")]
    )
    assert name in written


def test_commands_work_through_meltano_invoke(
    project: MeltanoProject, sandbox: SandboxServer
) -> None:
    last = sandbox.platform.clock.yesterday().isoformat()
    run = ["run", "tap-oceanengine-local", "target-feishu-bitable"]
    outcome = project.meltano(*run, TAP_OCEANENGINE_LOCAL_END_DATE=last)
    assert outcome.returncode == 0, outcome.stderr

    listed = project.meltano("invoke", "tap-oceanengine-local:accounts", "--json")
    assert listed.returncode == 0, listed.stderr
    ids = {account.id for account in sandbox.platform.oceanengine.accounts}
    assert all(str(one) in listed.stdout for one in ids)

    for command in ("tap-oceanengine-local:doctor", "target-feishu-bitable:doctor"):
        checked = project.meltano("invoke", command)
        assert checked.returncode == 0, checked.stdout + checked.stderr

    copies = project.meltano("invoke", "target-feishu-bitable:check-duplicates", "--json")
    assert copies.returncode == 0, copies.stdout + copies.stderr
    refused = project.meltano("invoke", "target-feishu-bitable:clean-date", last)
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert json.dumps(last)[1:-1] in refused.stdout + refused.stderr
