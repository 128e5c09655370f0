"""What all commands share: the command line, the settings, the choice of the table, the lock."""

from __future__ import annotations

import json

import pytest

from platform_sandbox.defaults import FEISHU_BASE
from target_feishu_bitable import lock

from .conftest import row


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["clean-date"],
        ["clean-date", "11.02.2026"],
        ["check-duplicates", "--date", "today"],
        ["check-duplicates", "--key", ","],
        ["nonsense"],
        ["views", "--yes"],
    ],
)
def test_misuse_exits_2(run, argv, capsys):
    with pytest.raises(SystemExit) as caught:
        run(*argv)

    assert caught.value.code == 2
    assert "usage: feishu-bitable" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", ["", "check-duplicates", "clean-duplicates", "clean-date", "views", "doctor"]
)
def test_every_command_explains_itself(run, command, capsys):
    with pytest.raises(SystemExit) as caught:
        run(*filter(None, [command]), "--help")

    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert all(option in text for option in ("--stream", "--key", "--date-column") if command)


def test_a_wrong_setting_is_one_sentence_and_exit_1(run, sandbox):
    result = run("check-duplicates", "--json", bitable="what?")

    assert result.code == 1
    assert "Setting bitable" in result.err
    assert "Setting bitable" in result.json["error"]
    assert sandbox.platform.requests.count() == 0


def test_several_streams_need_a_choice(run, table):
    tables = json.dumps({"a.key": ["x"], "b.key": ["y"]})

    result = run("check-duplicates", tables=tables)

    assert (result.code, "--stream with one of a, b" in result.err) == (1, True)
    assert "not in the setting tables" in run("check-duplicates", "--stream", "c").err


def test_an_unknown_table_lists_those_there_are(run, base):
    result = run("check-duplicates")

    assert result.code == 1
    assert "it has 数据表" in result.err


def test_a_stream_can_be_named_without_any_mapping(run, table):
    table.add([row("2026-02-11", "1")] * 2)

    result = run("check-duplicates", "--key", "时间,单元ID", "--date-column", "时间", tables="{}")

    assert result.code == 1


def test_a_formula_can_not_be_a_key(run, base):
    table = base.create_table(
        "单元日报", [{"field_name": "单元ID", "type": 1}, {"field_name": "时间", "type": 1005}]
    )
    assert len(table) == 0

    result = run("check-duplicates")

    assert result.code == 1
    assert "automatic number" in result.err


def test_a_running_writer_is_waited_for(run, table, sandbox):
    table.add([row("2026-02-11", "1")] * 2)
    with lock.exclusive(sandbox.url, FEISHU_BASE, timeout=0, started="now"):
        result = run("clean-duplicates", "--yes", lock_timeout_seconds="0")

    assert result.code == 1
    assert "Another run on this host" in result.err
    assert len(table) == 2
