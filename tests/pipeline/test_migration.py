"""docs/migration.md, step by step: from the old scripts' files to the first look at what is wrong.

Nothing is written on this part of the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from platform_sandbox import World
from platform_sandbox.testing import SandboxServer

from . import predecessor_settings as settings
from . import predecessor_table as scripts
from .conftest import ROOT, MeltanoProject
from .recipes import Reader, done, recipes
from .table_witness import Witness

PAGE = "docs/migration.md"
MARK = "#~ "


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    world = World(accounts=4, active=3, units=(2, 4), big_units=0, days=60)
    with SandboxServer(tmp_path / "platforms", world) as server:
        yield server


def test_checks_and_dry_run_tell_what_is_wrong_and_write_nothing(
    project: MeltanoProject, sandbox: SandboxServer
) -> None:
    last = sandbox.platform.clock.yesterday()
    first = last - timedelta(days=9)
    old = scripts.build(sandbox, first, last)
    reader, witness = Reader(project, PAGE), Witness(sandbox)
    settings.fill_in(project, settings.old_settings(sandbox))
    tokens = project.root / "token.json"
    tokens.write_text(settings.token_file(sandbox), "utf-8")
    surplus = len(old.repeated) * (scripts.TIMES_WRITTEN - 1)

    done(reader.follows("enable"))
    told = done(reader.follows("import", {"/path/to/token.json": tokens}))
    assert "Imported" in told
    assert "refresh token" in told
    assert sandbox.platform.oceanengine.tokens.current.access not in told

    checked = reader.follows("check")
    assert checked.returncode == 1, checked.stdout + checked.stderr
    (red,) = [line for line in checked.stdout.splitlines() if line.startswith("✘")]
    assert f"{surplus} surplus" in red
    assert "2 rows are blank" in checked.stdout
    listed = reader.follows("duplicates")
    assert listed.returncode == 1, listed.stdout + listed.stderr
    assert f"{len(old.repeated)} keys stand in several rows, {surplus} rows" in listed.stdout
    assert all(f"{day} · {unit}: " in listed.stdout for day, unit in old.repeated)

    end = {"TAP_OCEANENGINE_LOCAL_END_DATE": last.isoformat()}
    plan = done(reader.follows("dry-run", {"2026-01-01": first}, **end))
    counts = f"{len(old.absent)} rows would be created"
    assert counts in plan
    assert f"{len(old.wrong)} updated, {len(old.equal) + len(old.repeated)} are equal" in plan
    assert sandbox.platform.requests.writes == 0
    assert witness.rows() == witness.before


def test_a_first_column_of_another_name_takes_one_line_more(
    project: MeltanoProject, sandbox: SandboxServer
) -> None:
    last = sandbox.platform.clock.yesterday()
    scripts.build(sandbox, last - timedelta(days=4), last)
    sandbox.platform.feishu.base().table(scripts.NAME).rename_field("账户名称", "文本")
    settings.fill_in(project, settings.old_settings(sandbox) | settings.old_tokens(sandbox))
    reader = Reader(project, PAGE)
    done(reader.follows("enable"))
    doctor = ".venv/bin/meltano invoke target-feishu-bitable:doctor"
    assert "missing: 账户名称" in reader.types(doctor).stdout

    (line,) = re.findall(r"`(local_account_name: [^`]+)`", (ROOT / PAGE).read_text("utf-8"))
    declared = project.root / "meltano.yml"
    text = declared.read_text("utf-8")
    beside = "                local_account_id: false\n"
    assert text.count(beside) == 1
    declared.write_text(text.replace(beside, f"{beside}                {line}\n"), "utf-8")
    assert "missing:" not in reader.types(doctor).stdout


def uncommented() -> dict[str, dict[str, Any]]:
    text = (ROOT / "meltano.yml").read_text("utf-8").replace(MARK, "")
    (prod,) = [one for one in yaml.safe_load(text)["environments"] if one["name"] == "prod"]
    return {one["name"]: one for kind in prod["config"]["plugins"].values() for one in kind}


def shipped_columns() -> dict[str, str]:
    plugins = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))["plugins"]
    (target,) = [one for one in plugins["loaders"] if one["name"] == "target-feishu-bitable"]
    return target["config"]["tables"]["promotion_report"]["columns"]


def test_the_block_behind_the_marks_selects_the_eight_columns_and_makes_none() -> None:
    plugins, named = uncommented(), shipped_columns()
    tap, target = plugins["tap-oceanengine-local"], plugins["target-feishu-bitable"]
    selected = [one.removeprefix("promotion_report.") for one in tap["select"]]
    assert sorted(named[one] for one in selected) == sorted(scripts.WRITTEN)

    mapping = target["config"]["tables"]["promotion_report"]
    assert target["config"]["create_missing"] is False
    assert mapping["columns"] == dict.fromkeys(named.keys() - set(selected), False)
    assert mapping["account"] in selected


def test_only_the_recipe_removes_the_marks() -> None:
    lines = (ROOT / "meltano.yml").read_text("utf-8").splitlines()
    marked = [line for line in lines if MARK in line]
    assert all(line.lstrip().startswith(MARK) for line in marked)
    assert recipes(PAGE)["enable"].startswith(f"sed -i.bak 's/{MARK}//' meltano.yml ")
