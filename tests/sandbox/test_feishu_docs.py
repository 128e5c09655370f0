"""FEISHU.md says what the code does."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from platform_sandbox.feishu import FeishuSwitches
from platform_sandbox.feishu.app import App
from platform_sandbox.feishu.bot import Bot
from platform_sandbox.feishu.codes import CODES

TEXT = (Path(__file__).parents[2] / "platform-sandbox" / "FEISHU.md").read_text("utf-8")


def word(default):
    if default is None:
        return "none"
    if isinstance(default, bool):
        return "on" if default else "off"
    return f"{default:.0f}" if isinstance(default, float) else str(default)


def test_every_switch_is_listed_with_its_default():
    listed = dict(re.findall(r"^\| `(\w+)` \| `?([\w.]+)`? \|", TEXT, re.MULTILINE))
    expected = {field.name: word(field.default) for field in dataclasses.fields(FeishuSwitches)}
    assert listed == expected


@pytest.mark.parametrize("settings", [App, Bot])
def test_every_setting_of_app_and_bot_is_named(settings):
    names = {field.name for field in dataclasses.fields(settings)} - {"id"}
    missing = {name for name in names if f"`{name}=" not in TEXT}
    assert missing - ({"secret"} if settings is App else set()) == set()


def test_every_code_is_named():
    listed = TEXT.split("## Codes")[1]
    named = {int(code) for code in re.findall(r"\d{4,8}", listed)}
    for first, last in re.findall(r"(\d{7}) to (\d{7})", listed):
        named |= set(range(int(first), int(last) + 1))
    on_demand_only = {1254003, 1254006, 1254007, 1254010, 1254027, 1254112, 1254301, 1254304}
    on_demand_only |= {1254607, *range(1255001, 1255006), 1255040}
    assert set(CODES) - named == on_demand_only
