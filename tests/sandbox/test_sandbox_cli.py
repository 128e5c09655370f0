"""`platform-sandbox serve | reset | stop`, as separate processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import requests

from platform_sandbox import cli
from platform_sandbox.project import ProjectError, empty
from platform_sandbox.running import AlreadyServedError, Claim, running


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def run(tmp_path, port):
    data_dir = tmp_path / "data"

    def command(*words, expected=0):
        where = ["--data-dir", str(data_dir)]
        if words[0] == "serve" and "--port" not in words:
            where += ["--port", str(port)]
        done = subprocess.run(
            [sys.executable, "-m", "platform_sandbox", *words, *where],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == expected, done.stdout + done.stderr
        return done.stdout + done.stderr

    command.data_dir = data_dir
    command.url = f"http://127.0.0.1:{port}"
    yield command
    command("stop")


def test_starts_in_the_background_is_reused_and_stops(run):
    assert run.url in run("serve", "--detach")
    pid = requests.get(f"{run.url}/_sandbox/health", timeout=9).json()["pid"]
    assert running(run.data_dir).pid == pid
    assert "runs already" in run("serve", "--detach")
    assert requests.get(f"{run.url}/_sandbox/health", timeout=9).json()["pid"] == pid
    assert "Stopped" in run("stop")
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(run.url, timeout=9)
    assert running(run.data_dir) is None
    assert "No sandbox is running" in run("stop")


def test_one_data_directory_is_served_once(run):
    run("serve", "--detach")
    assert "runs already" in run("serve", expected=1)
    assert "not on http://127.0.0.1:1" in run("serve", "--detach", "--port", "1", expected=1)


def test_a_taken_port_is_named(run, port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        for detach in ([], ["--detach"]):
            text = run("serve", *detach, expected=1)
            assert f"Cannot listen on {run.url}" in text
            assert "--port" in text
            assert "Traceback" not in text


def test_other_addresses_need_a_flag(run):
    for host in ("0.0.0.0", "example.com", "::"):  # noqa: S104  it is refused
        assert "--allow-remote" in run("serve", "--host", host, expected=1)
    assert "http://localhost:" in run("serve", "--detach", "--host", "localhost")


def test_a_crashed_sandbox_leaves_no_claim_behind(run):
    run("serve", "--detach")
    os.kill(running(run.data_dir).pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while running(run.data_dir) is not None:
        assert time.monotonic() < deadline
    assert (run.data_dir / "sandbox.pid").exists()
    run("serve", "--detach")


@pytest.mark.parametrize(("number", "last"), [(signal.SIGINT, "Stopped.\n"), (signal.SIGTERM, "")])
def test_serving_in_the_foreground_ends_quietly_at_a_signal(run, port, number, last):
    words = ["serve", "--port", str(port), "--data-dir", str(run.data_dir)]
    process = subprocess.Popen(
        [sys.executable, "-m", "platform_sandbox", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert run.url in process.stdout.readline()
    process.send_signal(number)
    said, errors = process.communicate(timeout=30)
    assert (process.returncode, said, errors) == (0, last, "")
    assert running(run.data_dir) is None


def test_background_start_that_does_not_come_up_is_ended_and_its_log_named(
    run, port, monkeypatch, capsys
):
    clock = iter((0.0, 31.0))
    monkeypatch.setattr(cli, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    words = ["serve", "--detach", "--port", str(port), "--data-dir", str(run.data_dir)]
    assert cli.main(words) == 1
    assert "did not answer within 30 s; see" in capsys.readouterr().err


def test_keeps_its_state_over_a_restart_and_forgets_it_on_reset(run):
    run("serve", "--detach")
    clock = f"{run.url}/_sandbox/clock"
    start = requests.get(clock, timeout=9).json()["today"]
    moved = requests.post(clock, json={"advance_days": 4}, timeout=9).json()["today"]
    run("stop")
    run("serve", "--detach")
    assert requests.get(clock, timeout=9).json()["today"] == moved
    assert "empty again" in run("reset")
    assert requests.get(clock, timeout=9).json()["today"] == start
    run("stop")
    assert "data are deleted" in run("reset")
    assert not (run.data_dir / "platforms.db").exists()


def test_a_data_directory_is_claimed_by_one_at_a_time(tmp_path):
    with (
        Claim(tmp_path, "http://127.0.0.1:1"),
        pytest.raises(AlreadyServedError, match=r"sandbox\.pid is locked"),
        Claim(tmp_path, "http://127.0.0.1:2"),
    ):
        pass
    with Claim(tmp_path, "http://127.0.0.1:3"):
        assert running(tmp_path).url == "http://127.0.0.1:3"
    assert running(tmp_path) is None


def test_impossible_worlds_and_words_are_refused(run):
    assert "accounts" in run("serve", "--accounts", "2000", expected=1)
    with pytest.raises(SystemExit) as misuse:
        cli.main(["fly"])
    assert misuse.value.code == 2


@pytest.fixture
def project(tmp_path):
    """A Meltano project with state of two environments and two token stores."""
    root = tmp_path / "project"
    (root / ".meltano").mkdir(parents=True)
    (root / ".oceanengine").mkdir()
    for name in ("sandbox-tokens.db", "sandbox-tokens.db-wal", "tokens.db"):
        (root / ".oceanengine" / name).touch()
    with sqlite3.connect(root / ".meltano" / "meltano.db") as database:
        database.execute("CREATE TABLE state (state_id TEXT PRIMARY KEY, completed_state TEXT)")
        rows = [("sandbox:tap-to-target",), ("prod:tap-to-target",), ("sandboxed:tap",)]
        database.executemany("INSERT INTO state VALUES (?, '{}')", rows)
    database.close()
    return root


def states(root):
    database = sqlite3.connect(root / ".meltano" / "meltano.db")
    rows = database.execute("SELECT state_id FROM state ORDER BY 1").fetchall()
    database.close()
    return [row[0] for row in rows]


def test_reset_empties_the_sandboxs_part_of_a_project_only(run, project):
    run("serve", "--detach", "--project", str(project))
    run("reset")
    assert states(project) == ["prod:tap-to-target", "sandboxed:tap"]
    kept = sorted(path.name for path in (project / ".oceanengine").iterdir())
    assert kept == ["tokens.db"]


def test_a_project_that_never_ran_has_nothing_to_empty(tmp_path):
    empty(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_state_that_cannot_be_cleared_is_an_error_with_words(run, project):
    (project / ".meltano" / "meltano.db").write_bytes(b"not a database" * 100)
    with pytest.raises(ProjectError, match=r"meltano\.db could not be cleared"):
        empty(project)
    run("serve", "--detach", "--project", str(project))
    assert "could not be cleared" in run("reset", expected=1)


def test_state_elsewhere_is_cleared_by_meltano_itself(project, monkeypatch):
    monkeypatch.setenv("MELTANO_DATABASE_URI", "postgresql://elsewhere")
    program = project / ".venv" / "bin" / "meltano"
    program.parent.mkdir(parents=True)
    calls = project / "calls.jsonl"
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, sys\n"
        f"open({str(calls)!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n"
        "if 'list' in sys.argv: print('sandbox:one\\nsandbox:two')\n",
        "utf-8",
    )
    program.chmod(0o700)
    empty(project)
    sent = [json.loads(line) for line in calls.read_text("utf-8").splitlines()]
    assert [words[2:] for words in sent] == [
        ["state", "list", "--pattern", "sandbox:*"],
        ["state", "clear", "--force", "sandbox:one"],
        ["state", "clear", "--force", "sandbox:two"],
    ]
    assert len(states(project)) == 3
    program.write_text(f"#!{sys.executable}\nimport sys; sys.exit('no such database')\n", "utf-8")
    with pytest.raises(ProjectError, match="no such database"):
        empty(project)
