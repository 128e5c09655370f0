"""The target as a program: exit codes, signals, and two of them at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from platform_sandbox import Fault
from platform_sandbox.testing import SandboxServer

PROGRAM = Path(sys.executable).with_name("target-feishu-bitable")
PATIENCE = 60


class Process:
    """A target that reads from a pipe."""

    def __init__(self, settings):
        self.process = subprocess.Popen(
            [PROGRAM, "--config", settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def say(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def wait_for(self, text):
        """Read the log up to a line that contains a text."""
        for line in self.process.stderr:
            if text in line:
                return
        raise AssertionError(f"the log ended without {text!r}")

    def end(self, text=None):
        """Exit code, bookmarks and the rest of the log."""
        out, log = self.process.communicate(text, timeout=PATIENCE)
        return (
            self.process.returncode,
            [json.loads(one)["bookmark"] for one in out.split("\n") if one],
            log,
        )


@pytest.fixture
def sandbox(tmp_path, monkeypatch):
    """A server for each test: calls that were left hanging would count as under way."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with SandboxServer() as server:
        yield server


@pytest.fixture
def settings(config, tmp_path, table):
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(config | {"checkpoint_seconds": 0}), "utf-8")
    return path


@pytest.fixture
def start(settings):
    started = []

    def begin():
        started.append(Process(settings))
        return started[-1]

    yield begin
    for one in started:
        one.process.kill()
        one.process.communicate()


@pytest.fixture
def until(platform):
    """Wait until the sandbox has got so many calls of a path; they come from another process."""
    return platform.requests.wait_for


def test_a_run_that_did_all_exits_with_0(say, start, units):
    rows = say.rows(3)

    code, bookmarks, log = start().end(say.lines([say.schema(), *rows, say.state(1)]))

    assert code == 0
    assert bookmarks[-1] == 1
    assert units() == say.units(rows)
    assert "run summary" in log


def test_a_run_that_failed_exits_with_1_and_a_sentence(say, start, platform):
    platform.feishu.switch(row_limit=2)

    code, bookmarks, log = start().end(say.lines([say.schema(), *say.rows(3), say.state(1)]))

    assert code == 1
    assert bookmarks == []
    assert "1254103" in log
    assert "Archive" in log
    assert "Traceback" not in log


@pytest.mark.parametrize("text", ["oops\n", '{"type": "RECORD", "stream": "x", "record": {}}\n'])
def test_input_that_is_not_singer_exits_with_1_and_a_sentence(start, text):
    code, bookmarks, log = start().end(text)

    assert code == 1
    assert bookmarks == []
    assert "Traceback" not in log


@pytest.mark.parametrize(
    ("path", "kind", "number"),
    [
        ("records/search", "slow", signal.SIGTERM),
        ("records/batch_create", "slow", signal.SIGTERM),
        ("records/batch_create", "cut_after", signal.SIGINT),
    ],
)
def test_a_signal_in_a_call_emits_no_state_and_a_later_run_completes(  # noqa: PLR0917  a row of the tables above
    say, start, until, units, platform, number, kind, path
):
    rows = say.rows(20)
    messages = [say.schema(), *rows, say.state(1)]
    platform.faults.add(Fault(path=path, kind=kind, seconds=PATIENCE, times=None))
    running = start()
    running.say(say.lines(messages))
    until(path)

    running.process.send_signal(number)
    code, bookmarks, log = running.end()

    assert code == 128 + number
    assert bookmarks == []
    assert "Traceback" not in log
    assert "run summary" in log
    platform.faults.clear()
    assert start().end(say.lines(messages))[:2] == (0, [1])
    assert units() == say.units(rows)


def test_a_signal_in_a_write_lets_it_come_to_its_end(say, start, until, units, platform):
    rows = say.rows(1_500)
    platform.faults.add(Fault(path="records/batch_create", kind="slow", seconds=0.5, times=None))
    running = start()
    running.say(say.lines([say.schema(), *rows, say.state(1)]))
    until("records/batch_create")

    running.process.send_signal(signal.SIGTERM)
    code, bookmarks, _ = running.end()

    assert (code, bookmarks) == (143, [])
    assert units() == say.units(rows[:500])
    assert platform.requests.count("records/batch_create") == 1


def test_rows_without_a_key_are_not_parted_from_their_state(  # noqa: PLR0917  fixtures
    say, start, until, settings, units, platform
):
    values = json.loads(settings.read_text("utf-8")) | {"load_method": "append-only"}
    settings.write_text(json.dumps(values), "utf-8")
    first, second = say.rows(1_200), say.rows(700, 1_200)
    platform.faults.add(Fault(path="records/batch_create", kind="slow", seconds=0.3, times=None))
    running = start()
    running.say(say.lines([say.schema(), *first, say.state(1), *second]))
    until("records/batch_create")

    running.process.send_signal(signal.SIGTERM)
    code, bookmarks, _ = running.end()

    assert (code, bookmarks) == (143, [1])
    assert units() == say.units(first)
    assert start().end(say.lines([say.schema(), *second, say.state(2)]))[0] == 0
    assert units() == say.units(first + second)


def test_a_signal_while_a_table_is_made_leaves_no_blank_rows(say, start, until, settings, platform):
    values = json.loads(settings.read_text("utf-8")) | {"table": "新表"}
    settings.write_text(json.dumps(values), "utf-8")
    platform.feishu.switch(rows_in_new_table=10)
    platform.faults.add(Fault(path="records/search", kind="slow", seconds=0.3))
    running = start()
    running.say(say.lines([say.schema()]))
    until("records/search")

    running.process.send_signal(signal.SIGTERM)

    assert running.end()[0] == 143
    assert platform.feishu.base().table("新表").rows() == []


def test_a_signal_between_messages_keeps_what_is_stored(say, start, until, units):
    rows = say.rows(20)
    running = start()
    running.say(say.lines([say.schema(), *rows[:10], say.state(1), *rows[10:]]))
    assert running.process.stdout.readline() == '{"bookmark": 1}\n'

    running.process.send_signal(signal.SIGTERM)
    code, bookmarks, _ = running.end()

    assert (code, bookmarks) == (143, [])
    assert units() == say.units(rows[:10])


def test_a_signal_while_waiting_for_the_platform_ends_the_waiting(say, start, until, platform):
    platform.faults.add(Fault(path="records/batch_create", code=1254290, times=None))
    running = start()
    running.say(say.lines([say.schema(), *say.rows(3), say.state(1)]))
    running.wait_for("1254290")

    running.process.send_signal(signal.SIGTERM)

    assert running.end()[:2] == (143, [])


def test_a_signal_while_a_trial_row_is_looked_for_removes_it(say, start, until, table, platform):
    platform.feishu.app(advanced="blind")
    running = start()
    running.say(say.lines([say.schema(), *say.rows(3), say.state(1)]))
    until("records/batch_create")
    until("records/search", platform.requests.count("records/search") + 1)

    running.process.send_signal(signal.SIGTERM)

    assert running.end()[:2] == (143, [])
    assert table.rows() == []


def test_two_at_once_write_one_after_the_other(say, start, until, units, platform):
    rows = say.rows(3_000)
    first, second = start(), start()
    first.say(say.lines([say.schema()]))
    until("/fields")
    second.say(say.lines([say.schema()]))
    second.wait_for("Waiting for another run")

    first.say(say.lines([*rows, say.state(1)]))
    assert first.end()[:2] == (0, [1])
    assert second.end(say.lines([*rows, say.state(1)]))[:2] == (0, [1])

    assert units() == say.units(rows)
    assert platform.requests.max_overlap == 1
    assert platform.requests.count("batch_create") == 6


def test_a_killed_writer_leaves_no_lock_behind(say, start, until, units):
    rows = say.rows(3)
    first = start()
    first.say(say.lines([say.schema()]))
    until("/fields")
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait(PATIENCE)

    assert start().end(say.lines([say.schema(), *rows, say.state(1)]))[0] == 0
    assert units() == say.units(rows)


def test_a_writer_that_holds_on_is_named(say, start, until, settings, calls):
    values = json.loads(settings.read_text("utf-8"))
    first = start()
    first.say(say.lines([say.schema()]))
    until("/fields")
    settings.write_text(json.dumps(values | {"lock_timeout_seconds": 0}), "utf-8")

    code, bookmarks, log = start().end(say.lines([say.schema(), *say.rows(3), say.state(1)]))

    assert (code, bookmarks) == (1, [])
    assert f"process {first.process.pid}" in log
    assert "lock_timeout_seconds" in log
    assert calls.writes == 0
