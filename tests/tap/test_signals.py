"""A run that is told to stop: exit code, whole lines, no state for rows that were not written."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading

import pytest

from platform_sandbox import Fault
from tap_oceanengine_local.ending import in_words


def run_program(program, config):
    """Run a program that starts the tap in its own way."""
    return subprocess.run(
        [sys.executable, "-c", program, "--config", config],
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_run_told_to_stop_exits_with_128_plus_the_signal(sandbox, sandbox_config, tmp_path, told):
    sandbox.platform.faults.add(
        Fault(path="report/promotion", kind="slow", seconds=3.0, skip=2, times=None)
    )
    (tmp_path / "config.json").write_text(
        json.dumps({**sandbox_config, "max_parallel_requests": 1, "reconcile": False}),
        encoding="utf-8",
    )
    run = subprocess.Popen(
        [sys.executable, "-m", "tap_oceanengine_local", "--config", tmp_path / "config.json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    lines = []
    while not lines or json.loads(lines[-1])["type"] != "STATE":
        lines.append(run.stdout.readline())
    run.send_signal(told)
    rest, log = run.communicate(timeout=60)
    assert run.returncode == 128 + told
    messages = [json.loads(line) for line in [*lines, *rest.splitlines()]]
    states = [message["value"] for message in messages if message["type"] == "STATE"]
    bookmarked = {
        partition["context"]["local_account_id"]
        for partition in states[-1]["bookmarks"]["promotion_report"]["partitions"]
    }
    written = {
        message["record"]["local_account_id"] for message in messages if message["type"] == "RECORD"
    }
    assert written <= bookmarked
    assert len(bookmarked) < 5
    assert b"Stopped by signal" in log
    assert b"Traceback" not in log


def test_a_signal_after_the_work_is_done_disturbs_nothing(sandbox, sandbox_config, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(sandbox_config), encoding="utf-8")
    program = (
        "import atexit, os, signal, sys\n"
        "from tap_oceanengine_local.tap import TapOceanEngineLocal\n"
        "atexit.register(os.kill, os.getpid(), signal.SIGTERM)\n"
        "TapOceanEngineLocal.cli(sys.argv[1:])\n"
    )
    run = run_program(program, tmp_path / "config.json")
    assert run.returncode == 0, run.stderr
    assert b"Traceback" not in run.stderr
    assert json.loads(run.stdout.splitlines()[-1])["type"] == "STATE"


def test_tokens_are_renewed_before_the_first_message_can_make_a_target_fail(
    sandbox, sandbox_config, tmp_path
):
    # Meltano kills a tap whose target fails; a refresh in its middle would take the tokens along.
    sandbox.platform.oceanengine.tokens.expire_access()
    sandbox.platform.faults.add(Fault(path="refresh_token", code=40107, times=None))
    (tmp_path / "config.json").write_text(json.dumps(sandbox_config), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "tap_oceanengine_local", "--config", tmp_path / "config.json"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 1
    assert sandbox.platform.requests.count(path="refresh_token") == 1
    assert run.stdout == b""
    assert b"run summary" in run.stderr


def test_a_reader_that_goes_away_ends_the_run_in_words(sandbox, sandbox_config, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(sandbox_config), encoding="utf-8")
    run = subprocess.Popen(
        [sys.executable, "-m", "tap_oceanengine_local", "--config", tmp_path / "config.json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    run.stdout.close()
    log = run.stderr.read()
    run.stderr.close()
    assert run.wait(timeout=60) == 1
    assert b"The program that reads the messages has gone" in log
    assert b"Traceback" not in log


def test_a_full_disk_ends_the_run_in_words(sandbox, sandbox_config, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(sandbox_config), encoding="utf-8")
    with open("/dev/full", "wb") as full:  # noqa: PTH123  a device
        run = subprocess.run(
            [sys.executable, "-m", "tap_oceanengine_local", "--config", tmp_path / "config.json"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert run.returncode == 1
    assert b"The messages can't be written: No space left on device." in run.stderr
    assert b"Traceback" not in run.stderr


def test_a_fatal_error_does_not_wait_for_requests_that_wait(sandbox, sandbox_config, tmp_path):
    first, *others = sandbox.platform.oceanengine.accounts
    for account in others:
        limit = {"code": 40110, "headers": {"X-RateLimit-RetryIn": "250"}, "times": None}
        match = {"local_account_id": str(account.id)}
        sandbox.platform.faults.add(Fault(path="report/promotion", match=match, **limit))
    sandbox.platform.faults.add(Fault(path="report/promotion", code=61002, times=None))
    sandbox_config["local_account_ids"] = [str(one.id) for one in (first, *others)]
    (tmp_path / "config.json").write_text(json.dumps(sandbox_config), encoding="utf-8")
    program = (
        "import sys\n"
        "from tap_oceanengine_local import ending, pacing, tap\n"
        "ending._LAST_ANSWERS_SECONDS = 0.2\n"
        "pacing.Pacer.rest = lambda *_: None\n"
        "tap.TapOceanEngineLocal.cli(sys.argv[1:])\n"
    )
    run = run_program(program, tmp_path / "config.json")
    assert run.returncode == 1
    assert b"answered code 61002" in run.stderr


def test_a_signal_while_a_worker_is_being_started_ends_the_run_with_its_code(monkeypatch):
    never_run = threading.Thread(target=print, name="request-0")
    monkeypatch.setattr(threading, "enumerate", lambda: [threading.main_thread(), never_run])

    with pytest.raises(SystemExit) as end, in_words(logging.getLogger(__name__)):
        sys.exit(128 + signal.SIGTERM)

    assert end.value.code == 143
