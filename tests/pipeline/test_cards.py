"""What docs/operations.md says about exit codes and cards, of runs that write nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from platform_sandbox import World
from platform_sandbox.testing import SandboxServer
from tap_oceanengine_local.windows import today

from .conftest import MeltanoProject
from .recipes import Reader, bot, done, fill_in, filled

PAGE = "docs/operations.md"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    world = World(accounts=2, active=2, units=(1, 2), big_units=0, days=5)
    with SandboxServer(tmp_path / "platforms", world) as server:
        yield server


@pytest.fixture
def reader(project: MeltanoProject, sandbox: SandboxServer) -> Reader:
    fill_in(project, filled(sandbox) | bot(sandbox))
    return Reader(project, PAGE)


def card(sandbox: SandboxServer) -> tuple[str, str, str]:
    """Title, colour and all the text of the only card."""
    (message,) = sandbox.platform.feishu.cards
    header = message.payload["card"]["header"]
    text = json.dumps(message.payload, ensure_ascii=False)
    return header["title"]["content"], header["template"], text


def test_a_range_before_all_that_the_platform_gives_is_an_error(
    reader: Reader, sandbox: SandboxServer
) -> None:
    last = today(time.time()) - timedelta(days=366)
    first = last - timedelta(days=4)
    refused = reader.follows("resync-by-hand", {"2026-02-01": first, "2026-02-14": last})
    assert refused.returncode == 1, refused.stdout + refused.stderr
    title, colour, text = card(sandbox)
    assert (title, colour) == ("巨量本地推 同步失败", "red")
    why = f"nothing of {first} to {last} can be read"
    assert text.count(why) == 1
    assert f"the platform gives days from {last + timedelta(days=1)} on" in text
    assert sandbox.platform.requests.count("report/") == 0


def test_a_dry_run_is_a_trial_on_its_card(reader: Reader, sandbox: SandboxServer) -> None:
    done(reader.follows("dry-run"))
    title, colour, text = card(sandbox)
    assert (title, colour) == ("巨量本地推 试运行成功，没有写入", "green")
    assert "试运行，只计划、没有写入**：新增 " in text
    assert "没有写入**：新增 0 行" not in text
    assert sandbox.platform.requests.writes == 0
