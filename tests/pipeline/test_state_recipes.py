"""The recipes for bookmarks in docs/operations.md, run as they stand, and what they lead to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from platform_sandbox import World
from platform_sandbox.testing import SandboxServer

from .conftest import MeltanoProject
from .recipes import Reader, done, fill_in, production

PAGE = "docs/operations.md"
STATE_ID = "prod:tap-oceanengine-local-to-target-feishu-bitable"
RUN = ".venv/bin/meltano run tap-oceanengine-local target-feishu-bitable"
EDITOR = """#!/usr/bin/env python3
import json, pathlib, sys
file = pathlib.Path(sys.argv[1])
state = json.loads(file.read_text())
partitions = state["singer_state"]["bookmarks"]["promotion_report"]["partitions"]
{change}
file.write_text(json.dumps(state, indent=2))
"""
Bookmarks = dict[str, str]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    world = World(accounts=3, active=3, units=(1, 2), big_units=0, days=90)
    with SandboxServer(tmp_path / "platforms", world) as server:
        yield server


class Operator(Reader):
    """Somebody who runs the daily job and looks after its bookmarks."""

    def __init__(self, project: MeltanoProject, sandbox: SandboxServer) -> None:
        super().__init__(project, PAGE)
        self.sandbox = sandbox
        self.yesterday = sandbox.platform.clock.yesterday()
        self.accounts = sorted(str(one.id) for one in sandbox.platform.oceanengine.accounts)
        fill_in(project, production(sandbox))

    def back(self, days: int) -> str:
        return (self.yesterday - timedelta(days=days)).isoformat()

    def runs(self, **variables: str) -> dict[str, str]:
        """The daily job; returns the first day that each account was asked for."""
        self.sandbox.platform.requests.clear()
        done(self.types(RUN, TAP_OCEANENGINE_LOCAL_END_DATE=self.back(0), **variables))
        asked: dict[str, str] = {}
        for entry in self.sandbox.platform.requests.entries:
            if "report/promotion/" in entry.path:
                account, day = entry.query["local_account_id"], entry.query["start_date"][:10]
                asked[account] = min(day, asked.get(account, day))
        return asked

    def bookmarks(self) -> Bookmarks:
        outcome = self.follows("state-get")
        done(outcome)
        return bookmarks_of(json.loads(outcome.stdout))

    def edits(self, change: str) -> None:
        editor = self.project.root / "editor"
        editor.write_text(EDITOR.format(change=change), "utf-8")
        editor.chmod(0o700)
        done(self.follows("state-edit", EDITOR=str(editor), VISUAL=str(editor)))


def bookmarks_of(state: dict[str, Any]) -> Bookmarks:
    return {
        one["context"]["local_account_id"]: one["replication_key_value"]
        for one in state["singer_state"]["bookmarks"]["promotion_report"]["partitions"]
    }


def state_of(bookmarks: Bookmarks) -> str:
    partitions = [
        {
            "context": {"local_account_id": account},
            "replication_key": "stat_time_day",
            "replication_key_value": day,
        }
        for account, day in bookmarks.items()
    ]
    return json.dumps(
        {"singer_state": {"bookmarks": {"promotion_report": {"partitions": partitions}}}}
    )


@pytest.fixture
def operator(project: MeltanoProject, sandbox: SandboxServer) -> Operator:
    return Operator(project, sandbox)


def test_one_account_is_set_back_and_only_its_days_are_read_again(operator: Operator) -> None:
    one, *others = operator.accounts
    operator.runs()
    assert STATE_ID in done(operator.follows("state-list")).splitlines()
    assert operator.bookmarks() == dict.fromkeys(operator.accounts, operator.back(0))

    change = "next(p for p in partitions if p['context']['local_account_id'] == '{}')"
    operator.edits(f"{change.format(one)}['replication_key_value'] = '{operator.back(20)}'")
    assert operator.bookmarks() == {
        one: operator.back(20), **dict.fromkeys(others, operator.back(0))
    }  # fmt: skip

    asked = operator.runs()
    assert asked == {one: operator.back(49), **dict.fromkeys(others, operator.back(29))}
    assert operator.bookmarks() == dict.fromkeys(operator.accounts, operator.back(0))


def test_bookmarks_are_saved_restored_and_cleared(operator: Operator) -> None:
    one, *others = operator.accounts
    few = {"TAP_OCEANENGINE_LOCAL_LOOKBACK_DAYS": "5"}
    all_read = dict.fromkeys(operator.accounts, operator.back(0))
    saved = operator.project.root / "state.json"
    saved.write_text(state_of(all_read), "utf-8")
    done(operator.follows("state-restore"))
    saved.unlink()
    done(operator.follows("state-save"))
    assert bookmarks_of(json.loads(saved.read_text("utf-8"))) == all_read

    operator.edits(f"partitions[:] = [p for p in partitions if '{one}' not in str(p)]")
    assert operator.bookmarks() == dict.fromkeys(others, operator.back(0))
    assert operator.runs(**few) == {
        one: operator.back(30),
        **dict.fromkeys(others, operator.back(4)),
    }

    done(operator.follows("state-clear"))
    assert operator.follows("state-get").stdout.strip() == "{}"
    assert operator.runs(**few) == dict.fromkeys(operator.accounts, operator.back(30))

    alone = {one: operator.back(20)}
    merge = f".venv/bin/meltano --environment prod state merge {STATE_ID} '{state_of(alone)}'"
    done(operator.types(merge))
    assert operator.bookmarks() == alone  # why the page warns of it
