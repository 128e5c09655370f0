from __future__ import annotations

import json
import logging
import os
import signal
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from target_feishu_bitable.errors import LockedError
from target_feishu_bitable.lock import exclusive, lock_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

API = "https://open.feishu.cn"
BASE = "bascnAbcdefgh123"
HOLD = f"""
import sys
from target_feishu_bitable.lock import exclusive
with exclusive({API!r}, {BASE!r}, timeout=0, started="07:00"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other_run() -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the base."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_who_waits_in_vain_is_told_the_holder(
    other_run: subprocess.Popen[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with (
        pytest.raises(LockedError, match=f"process {other_run.pid}, started 07:00") as caught,
        exclusive(API, BASE, timeout=0, started="08:00"),
    ):
        pytest.fail("two writers at once")
    assert "lock_timeout_seconds" in str(caught.value)
    assert f"process {other_run.pid}" in caplog.text


def test_the_holder_stays_named_for_the_next_who_waits(other_run: subprocess.Popen[str]) -> None:
    for _ in range(2):
        with (
            pytest.raises(LockedError, match=f"process {other_run.pid}"),
            exclusive(API, BASE, timeout=0, started="08:00"),
        ):
            pytest.fail("two writers at once")


def test_a_killed_holder_frees_the_base(other_run: subprocess.Popen[str]) -> None:
    other_run.send_signal(signal.SIGKILL)
    other_run.wait()
    holder = lock_path(API, BASE).with_suffix(".holder")
    assert json.loads(holder.read_text("utf-8"))["pid"] == other_run.pid
    with exclusive(API, BASE, timeout=0, started="08:00"):
        assert json.loads(holder.read_text("utf-8")) == {"pid": os.getpid(), "started": "08:00"}


def test_who_waits_goes_on_when_the_other_ends(other_run: subprocess.Popen[str]) -> None:
    assert other_run.stdin is not None
    other_run.stdin.close()
    with exclusive(API, BASE, timeout=30, started="08:00"):
        assert other_run.wait() == 0


def test_a_failed_run_frees_the_base() -> None:
    def fail() -> None:
        with exclusive(API, BASE, timeout=0, started="08:00"):
            raise RuntimeError("the run failed")

    for _ in range(2):
        with pytest.raises(RuntimeError):
            fail()
    assert not lock_path(API, BASE).with_suffix(".holder").exists()


@pytest.mark.usefixtures("other_run")
@pytest.mark.parametrize(
    ("api_url", "base"), [(API, "bascnOther1234"), ("https://open.larksuite.com", BASE)]
)
def test_another_base_is_free(api_url: str, base: str) -> None:
    with exclusive(api_url, base, timeout=0, started="08:00"):
        assert lock_path(api_url, base) != lock_path(API, BASE)


def test_the_file_tells_nothing_of_the_base_and_others_can_not_list_it() -> None:
    with exclusive(API, BASE, timeout=0, started="08:00"):
        path = lock_path(API, BASE)
        assert BASE not in path.name
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_without_a_place_for_the_lock_the_way_out_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with (
        pytest.raises(LockedError, match="Set XDG_STATE_HOME"),
        exclusive(API, BASE, timeout=0, started="08:00"),
    ):
        pytest.fail("a run without lock")


def test_a_relative_state_folder_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    monkeypatch.setenv("HOME", "/home/somebody")
    path = lock_path(API, BASE)
    assert str(path.parent) == "/home/somebody/.local/state/target-feishu-bitable"
