"""``feishu-notify test`` and ``check``: exit codes, reports, cards."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from feishu_notify import history
from feishu_notify.commands import handler_options, main
from feishu_notify.history import HistoryError, Run, last_success, parse
from feishu_notify.webhook import Bots

NOW = datetime(2026, 2, 12, 1, 0, tzinfo=UTC)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A project folder to stand in, without settings from outside."""
    for name in ("FEISHU_WEBHOOK_URL", "FEISHU_WEBHOOK_SECRET", "FEISHU_NOTIFY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("MELTANO_ENVIRONMENT", "MELTANO_PROJECT_ROOT", "FEISHU_NOTIFY_LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "meltano.yml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def command(capsys):
    def call(*arguments):
        code = main(arguments, bots=Bots(sleep=lambda _: None), now=NOW)
        return code, capsys.readouterr().out

    return call


@pytest.fixture
def runs(monkeypatch):
    """What Meltano's history holds."""
    kept: list[Run] = []
    monkeypatch.setattr(history, "recent_runs", lambda project, environment: tuple(kept))
    return kept


def success(hours_ago, job="prod:a-to-b"):
    return Run(job, "SUCCESS", NOW - timedelta(hours=hours_ago))


def test_test_sends_one_card_of_each_kind(here, command, bot):
    (here / ".env").write_text(f"FEISHU_WEBHOOK_URL={bot.url}\n")

    code, out = command("test")

    assert code == 0
    assert "4 of 4 cards" in out
    assert [card["header"]["template"] for card in bot.cards] == ["green", "orange", "red", "red"]


def test_test_reports_a_refusal_once_and_exits_1(here, command, bot, monkeypatch):
    monkeypatch.setenv("FEISHU_WEBHOOK_URL", bot.url)
    bot.answers = [(200, b'{"code":19024,"msg":"Key Words Not Found"}')] * 4

    code, out = command("test", "--json")

    assert code == 1
    report = json.loads(out)
    assert report["sent"] == 0
    assert len(report["problems"]) == 1
    assert "keyword" in report["problems"][0]


def test_test_without_webhook_says_where_to_put_it_and_exits_2(here, command):
    code, out = command("test")
    assert code == 2
    assert "FEISHU_WEBHOOK_URL=" in out
    assert ".env" in out


def test_test_in_a_closed_environment_uses_its_own_bot(here, command, bot, monkeypatch):
    (here / ".env").write_text("FEISHU_WEBHOOK_URL=http://bot.invalid/hook/real\n")
    (here / "logging.yaml").write_text(
        "handlers: {console: {}, f: {class: feishu_notify.FeishuBotHandler, title: 某项目, "
        f"environments: {{sandbox: {{label: 演示, webhook_url: '{bot.url}'}}}}}}}}"
    )
    monkeypatch.setenv("MELTANO_ENVIRONMENT", "sandbox")

    assert command("test")[0] == 0
    assert all(title.startswith("某项目【演示】") for title in bot.titles)


def test_check_is_silent_while_a_success_is_young(here, command, bot, runs, monkeypatch):
    monkeypatch.setenv("FEISHU_WEBHOOK_URL", bot.url)
    runs += [Run("prod:a-to-b", "FAIL", NOW), success(25.5)]

    code, out = command("check", "--max-age-hours", "26")

    assert code == 0
    assert "25.5 hours ago" in out
    assert bot.messages == []


def test_check_sends_a_red_card_when_no_success_is_young(here, command, bot, runs, monkeypatch):
    monkeypatch.setenv("FEISHU_WEBHOOK_URL", bot.url)
    runs += [success(26.5), Run("prod:a-to-b", "RUNNING", None)]

    code, out = command("check", "--max-age-hours", "26", "--json")

    assert code == 1
    report = json.loads(out)
    assert (report["ok"], report["age_hours"]) == (False, 26.5)
    _, colour, text = bot.only()
    assert colour == "red"
    assert "2026-02-11 06:30（北京时间）" in text

    runs.clear()
    assert command("check")[0] == 1
    assert "没有记录" in bot.only()[2]


def test_check_counts_only_the_environment_and_state_id(here, command, runs, monkeypatch):
    monkeypatch.setenv("MELTANO_ENVIRONMENT", "prod")
    runs += [success(1, "sandbox:a-to-b"), success(2, "prod:x-to-y"), success(30)]

    assert command("check")[0] == 0
    assert command("check", "--state-id", "prod:a-to-b")[0] == 1
    assert last_success(runs, "prod", None) == NOW - timedelta(hours=2)
    assert last_success(runs, None, None) == NOW - timedelta(hours=1)


def test_check_that_cannot_read_the_history_alarms_too(here, command, bot, monkeypatch):
    def broken(project, environment):
        raise HistoryError("Meltano's run history cannot be read: no database")

    monkeypatch.setattr(history, "recent_runs", broken)
    monkeypatch.setenv("FEISHU_WEBHOOK_URL", bot.url)

    code, out = command("check")

    assert code == 1
    assert "no database" in out
    assert "no database" in bot.only()[2]


def test_check_sends_nothing_when_cards_are_off_and_still_exits_1(
    here, command, bot, runs, monkeypatch
):
    monkeypatch.setenv("FEISHU_WEBHOOK_URL", bot.url)
    monkeypatch.setenv("FEISHU_NOTIFY", "none")
    assert command("check")[0] == 1
    assert bot.messages == []


def test_misuse_exits_2(here, command, capsys):
    for arguments in ((), ("dance",), ("check", "--max-age-hours", "0"), ("check", "--days", "1")):
        with pytest.raises(SystemExit) as stopped:
            command(*arguments)
        assert stopped.value.code == 2
    (here / "meltano.yml").unlink()
    assert command("check")[0] == 2
    (here / "meltano.yml").touch()
    for unreadable in ("handlers: [", "- a list", "handlers: {a: null}", "handlers: text"):
        (here / "logging.yaml").write_text(unreadable)
        assert command("test")[0] == 2
        assert command("check")[0] == 2


def test_history_is_read_from_what_meltano_prints():
    line = {"job_name": "prod:a-to-b", "state": "SUCCESS", "ended_at": "2026-02-11T23:00:00+00:00"}
    running = {"job_name": "prod:a-to-b", "state": "RUNNING", "ended_at": None}
    runs = parse("a warning\n" + json.dumps({"runs": [line, running], "total": 2}))
    assert runs[0] == Run("prod:a-to-b", "SUCCESS", datetime(2026, 2, 11, 23, tzinfo=UTC))
    assert runs[1].ended_at is None
    assert parse("No job runs found.\n") == ()
    for unknown in ('{"jobs": []}', '{"runs": [{}]}', "{"):
        with pytest.raises(HistoryError, match=r"Meltano 4\.4"):
            parse(unknown)


def test_options_come_from_the_handlers_block_of_logging_yaml(tmp_path):
    path = tmp_path / "logging.yaml"
    assert handler_options(path) == {}
    path.write_text("")
    assert handler_options(path) == {}
    path.write_text("handlers: {a: {class: logging.StreamHandler}}")
    assert handler_options(path) == {}


class FakeMeltano:
    """A program in the place where Meltano notes itself in a project."""

    def __init__(self, project, monkeypatch):
        self._script = project / ".meltano" / "run" / "bin"
        self._script.parent.mkdir(parents=True)
        monkeypatch.setattr(history.sys, "executable", str(project / "elsewhere" / "python"))
        self.project = project

    def says(self, output, code=0, error=""):
        self._script.write_text(
            f"#!/bin/sh\necho \"$@\" >asked\ncat <<'.'\n{output}\n.\n"
            f"cat >&2 <<'.'\n{error}\n.\nexit {code}\n"
        )
        self._script.chmod(0o755)

    @property
    def asked(self):
        return (self.project / "asked").read_text().split()


@pytest.fixture
def meltano(here, monkeypatch):
    return FakeMeltano(here, monkeypatch)


def test_history_is_asked_for_by_the_meltano_of_the_project(meltano):
    run = {"job_name": "prod:a-to-b", "state": "FAIL", "ended_at": "2026-02-11T23:00:00+00:00"}
    meltano.says(json.dumps({"runs": [run]}))

    runs = history.recent_runs(meltano.project, "prod")

    assert [run.state for run in runs] == ["FAIL"]
    assert meltano.asked[:2] == ["--environment", "prod"]
    assert meltano.asked[-6:] == ["logs", "list", "--limit", "1000", "--format", "json"]


def test_meltano_that_cannot_be_started_is_told(meltano):
    script = meltano.project / ".meltano" / "run" / "bin"
    script.write_text("#!/nowhere/python\n")
    script.chmod(0o755)
    with pytest.raises(HistoryError, match=r"cannot be read: .*No such file"):
        history.recent_runs(meltano.project, "prod")


def test_meltano_on_the_path_is_the_last_that_is_tried(meltano, monkeypatch):
    meltano.says('{"runs": []}')
    noted = meltano.project / ".meltano" / "run" / "bin"
    noted.rename(meltano.project / "meltano")
    monkeypatch.setenv("PATH", f"{meltano.project}:/usr/bin:/bin")
    assert history.recent_runs(meltano.project, None) == ()
    assert meltano.asked[0] == "--log-level"


def test_project_in_which_nothing_ran_has_an_empty_history(meltano):
    error = "[error    ] meltano Error listing logs: (sqlite3.OperationalError) no such table: runs"
    meltano.says("", code=1, error=error)
    assert history.recent_runs(meltano.project, "prod") == ()


def test_meltano_that_fails_is_told_in_its_own_words_without_the_traceback(meltano):
    error = "T [error    ] meltano  while scanning\n  in line 7\n╭─ Traceback ─╮\n│ x │\nError"
    meltano.says("", code=1, error=error)
    with pytest.raises(HistoryError, match=r"cannot be read: while scanning in line 7$"):
        history.recent_runs(meltano.project, "prod")


def test_meltano_that_fails_or_is_missing_is_told(meltano, monkeypatch):
    meltano.says("", code=3)
    with pytest.raises(HistoryError, match="exit code 3"):
        history.recent_runs(meltano.project, None)
    (meltano.project / ".meltano" / "run" / "bin").unlink()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(HistoryError, match="PATH"):
        history.recent_runs(meltano.project, None)
