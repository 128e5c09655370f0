"""The package's README names every setting, command and option, and its example works."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from platform_sandbox.defaults import FEISHU_APP_ID, FEISHU_APP_SECRET, FEISHU_BASE
from platform_sandbox.testing import SandboxServer
from target_feishu_bitable import lock
from target_feishu_bitable.commands import _parser
from target_feishu_bitable.settings import SCHEMA
from target_feishu_bitable.target import TargetFeishuBitable

README = Path(__file__).parents[2] / "target-feishu-bitable" / "README.md"


@pytest.fixture(scope="module")
def text():
    return README.read_text("utf-8")


def subcommands():
    """The parsers of all commands by name."""
    (choice,) = [one for one in _parser()._actions if isinstance(one.choices, dict)]
    return choice.choices


def row_of(text, name):
    """The line of a table that begins with a name."""
    lines = [line for line in text.splitlines() if line.startswith("|") and f"`{name}" in line]
    assert lines, f"{name} is not in a table of the README"
    return lines[0]


@pytest.mark.parametrize("name", SCHEMA["properties"])
def test_every_setting_is_described_with_its_default(text, name):
    schema = SCHEMA["properties"][name]
    default = schema.get("default")
    line = row_of(text, name)

    if schema["type"] == "boolean":
        assert f"| {'yes' if default else 'no'} |" in line
    elif schema["type"] == "integer":
        assert f"| {default} |" in line
    elif isinstance(default, str):
        assert f"`{default}`" in line


@pytest.mark.parametrize("name", subcommands())
def test_every_command_is_described_with_its_options(text, name):
    command = subcommands()[name]
    line = row_of(text, name)
    own = {option for action in command._actions for option in action.option_strings}

    for option in own - {"-h", "--help", "--stream", "--key", "--date-column", "--json"}:
        assert option in line, option
    for option in ("--stream", "--key", "--date-column", "--json", "--help"):
        assert f"`{option}" in text


def test_the_example_writes_two_rows_and_then_none(text, tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "user_state_path", lambda _name: tmp_path)
    (rows,) = re.findall(r"cat > rows\.jsonl <<'JSON'\n(.*?)JSON\n", text, re.DOTALL)
    with SandboxServer(data_dir=tmp_path / "sandbox") as sandbox:
        config = {
            "app_id": FEISHU_APP_ID,
            "app_secret": FEISHU_APP_SECRET,
            "bitable": FEISHU_BASE,
            "api_url": sandbox.url,
        }

        for writes in (True, False):
            sandbox.platform.requests.clear()
            TargetFeishuBitable(config=config, parse_env_config=False).listen(io.StringIO(rows))
            assert (sandbox.platform.requests.writes > 0) is writes

        table = sandbox.platform.feishu.base().table("orders")
        assert [(cells["number"], cells["price"]) for _, cells in table.rows()] == [
            ("A-1", 118.36),
            ("A-2", 700),
        ]


def test_the_examples_of_json_are_json(text):
    (rows,) = re.findall(r"cat > rows\.jsonl <<'JSON'\n(.*?)JSON\n", text, re.DOTALL)
    (config,) = re.findall(r"cat > config\.json <<'JSON'\n(.*?)JSON\n", text, re.DOTALL)

    assert {json.loads(line)["type"] for line in rows.splitlines()} == {"SCHEMA", "RECORD"}
    assert set(json.loads(config)) == set(SCHEMA["required"])
