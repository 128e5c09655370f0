"""What a run that was stopped repeats, as docs/operations.md says: reading, never writing."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from platform_sandbox import Fault, World
from platform_sandbox.testing import SandboxServer

from .conftest import MeltanoProject
from .recipes import done, fill_in, production

RUN = ("run", "tap-oceanengine-local", "target-feishu-bitable")
PATIENCE_SECONDS = 60.0


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    world = World(accounts=3, active=3, units=(1, 2), big_units=0, days=60)
    with SandboxServer(tmp_path / "platforms", world) as server:
        yield server


def test_rows_of_a_stopped_run_stay_and_the_next_one_completes_them(
    project: MeltanoProject, sandbox: SandboxServer
) -> None:
    platform = sandbox.platform
    fill_in(project, production(sandbox))
    *ready, waiting = (str(one.id) for one in platform.oceanengine.accounts)
    platform.faults.add(
        Fault(
            path="report/promotion",
            kind="slow",
            seconds=30,
            times=None,
            match={"local_account_id": waiting},
        )
    )
    settings = {
        "TAP_OCEANENGINE_LOCAL_END_DATE": platform.clock.yesterday().isoformat(),
        "TARGET_FEISHU_BITABLE_CHECKPOINT_SECONDS": "0",
    }
    run = subprocess.Popen(
        project.command(*RUN), cwd=project.root, env=project.variables(**settings),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    platform.requests.wait_for("batch_create", len(ready))
    run.send_signal(signal.SIGTERM)
    said, _ = run.communicate(timeout=PATIENCE_SECONDS)
    assert run.returncode == 128 + signal.SIGTERM, said
    written = dict(platform.feishu.base().table("单元日报").rows())
    assert {cells["账户ID"] for cells in written.values()} == set(ready)

    platform.faults.clear()
    platform.requests.clear()
    done(project.meltano(*RUN, **settings))
    asked = {
        entry.query["local_account_id"]
        for entry in platform.requests.entries
        if "report/promotion/" in entry.path
    }
    assert asked == {*ready, waiting}
    assert platform.requests.count("batch_create") == 1
    assert platform.requests.count("batch_update") == 0
    complete = dict(platform.feishu.base().table("单元日报").rows())
    assert {one: complete[one] for one in written} == written
    added = [cells for one, cells in complete.items() if one not in written]
    assert {cells["账户ID"] for cells in added} == {waiting}
