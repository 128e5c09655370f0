"""Meltano's plugin environments hold the versions that constraints.txt pins."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = sorted(ROOT.glob(".meltano/*/*/venv"))
OWN_PINS = {
    "target-jsonl": "constraints-jsonl.txt",  # needs a jsonschema of 2017
    "target-postgres": "deploy/airflow/constraints.txt",  # needs one psycopg exactly
}


def pinned(path: Path) -> dict[str, str]:
    pins = re.findall(
        r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^ ;\\\n]+)", path.read_text("utf-8"), re.MULTILINE
    )
    return {name.lower().replace("_", "-"): version for name, version in pins}


def test_constraints_hold_the_same_versions_as_the_requirements() -> None:
    assert pinned(ROOT / "constraints.txt") == pinned(ROOT / "requirements.txt")


def test_both_plugins_are_installed() -> None:
    installed = {path.parent.name for path in ENVIRONMENTS}
    assert {"tap-oceanengine-local", "target-feishu-bitable"} <= installed


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.parent.name)
def test_plugin_environment_holds_the_pinned_versions(environment: Path) -> None:
    pins = pinned(ROOT / OWN_PINS.get(environment.parent.name, "constraints.txt"))
    command = [ROOT / ".venv/bin/uv", "pip", "list", "--format", "json", "--python"]
    listing = subprocess.run(
        [*command, environment / "bin/python"], capture_output=True, text=True, check=True
    ).stdout
    own = {"tap-oceanengine-local", "target-feishu-bitable", "feishu-notify"}
    own |= {"meltanolabs-target-csv"}  # pinned in meltano.yml itself
    installed = {
        entry["name"]: entry["version"] for entry in json.loads(listing) if entry["name"] not in own
    }
    assert installed
    assert {name: pins.get(name) for name in installed} == installed


def test_no_requirements_file_names_an_index() -> None:
    for name in (
        "requirements.txt",
        "requirements-dev.txt",
        "constraints.txt",
        "constraints-jsonl.txt",
        "deploy/airflow/requirements.txt",
        "deploy/airflow/constraints.txt",
    ):
        text = (ROOT / name).read_text("utf-8")
        assert "://" not in text
        assert "--index" not in text
        assert "--find-links" not in text
