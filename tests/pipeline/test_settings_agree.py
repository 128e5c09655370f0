"""A setting stands in the plugin, in meltano.yml and in the READMEs, or in none of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tap_oceanengine_local.tap import TapOceanEngineLocal
from target_feishu_bitable.target import TargetFeishuBitable

ROOT = Path(__file__).parents[2]
SDK_BUILT_IN = {
    "add_record_metadata",
    "batch_config",
    "faker_config",
    "flattening_enabled",
    "flattening_key_separator",
    "flattening_max_depth",
    "flattening_max_key_length",
    "process_activate_version_messages",
    "stream_map_config",
    "stream_maps",
    "validate_records",
}
PLUGINS = {
    "tap-oceanengine-local": TapOceanEngineLocal,
    "target-feishu-bitable": TargetFeishuBitable,
}


def declared(plugin: str) -> dict[str, dict[str, Any]]:
    plugins = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))["plugins"]
    entries = {entry["name"]: entry for kind in plugins.values() for entry in kind}
    return {setting["name"]: setting for setting in entries[plugin]["settings"]}


def implemented(plugin: str) -> dict[str, dict[str, Any]]:
    properties = PLUGINS[plugin].config_jsonschema["properties"]
    return {name: schema for name, schema in properties.items() if name not in SDK_BUILT_IN}


def documented(readme: Path, section: str) -> set[str]:
    """The setting names in the table of a README that follows the section's anchor comment."""
    text = readme.read_text("utf-8")
    table = re.search(rf"<!-- settings: {section} -->\n(.*?)\n\n", text, re.DOTALL)
    assert table, f"{readme}: no `<!-- settings: {section} -->` before a table"
    return {
        name
        for line in table[1].splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([a-z_]+)`", line.split("|")[1])
    }


@pytest.mark.parametrize("plugin", PLUGINS)
def test_meltano_declares_exactly_the_settings_of_the_plugin(plugin: str) -> None:
    assert declared(plugin).keys() == implemented(plugin).keys()


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_declared_setting_has_kind_label_and_description(plugin: str) -> None:
    for name, setting in declared(plugin).items():
        assert setting.keys() >= {"name", "kind", "label", "description"}, name
        assert bool(setting.get("sensitive")) == bool(implemented(plugin)[name].get("secret")), name


@pytest.mark.parametrize("plugin", PLUGINS)
def test_defaults_agree(plugin: str) -> None:
    own = {name: schema.get("default") for name, schema in implemented(plugin).items()}
    theirs = {name: setting.get("value") for name, setting in declared(plugin).items()}
    differing = {name for name in own if own[name] != theirs[name]}
    assert differing <= {"column_names", "tables"}  # meltano.yml chooses titles, and ships `tables`


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md", "package"])
def test_readmes_list_exactly_the_settings(plugin: str, readme: str) -> None:
    path = ROOT / plugin / "README.md" if readme == "package" else ROOT / readme
    assert documented(path, plugin) == implemented(plugin).keys()
