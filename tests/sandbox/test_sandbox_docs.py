"""README.md of the sandbox says what the code does."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from platform_sandbox import Switches
from platform_sandbox.faults import KINDS
from platform_sandbox.oceanengine.reports import LIST_KEYS

TEXT = (Path(__file__).parents[2] / "platform-sandbox" / "README.md").read_text("utf-8")


def section(title):
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_switch_is_listed_with_its_default():
    listed = dict(re.findall(r"^\| `(\w+)` \| `(.+?)` \|", section("Switches"), re.MULTILINE))
    expected = {
        field.name: str(field.default)
        for field in dataclasses.fields(Switches)
        if field.name != "feishu"
    }
    assert listed == expected


def test_every_kind_of_fault_is_listed():
    assert tuple(re.findall(r"^\| `(\w+)` \|", section("Failures"), re.MULTILINE)) == KINDS


def test_every_endpoint_is_listed(shared_sandbox):
    wanted = {
        route.path.removeprefix("/open_api/").rstrip("/")
        for route in shared_sandbox.platform.oceanengine.router.routes
        if route.path.startswith("/open_api/")
    }
    text = TEXT + "".join(f"v3.0/local/report/{level}/get" for level in LIST_KEYS)
    assert "v3.0/local/report/{account,project,promotion,material}/get/" in TEXT
    assert {path for path in wanted if path not in text} == set()


def test_the_example_runs():
    code = TEXT.partition("```python\n")[2].partition("```")[0]
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102  our own README
