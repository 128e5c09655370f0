"""The command line: discovery without anything, wrong settings in words, exit codes."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tap_oceanengine_local.errors import AccountError
from tap_oceanengine_local.streams import ALL
from tap_oceanengine_local.tap import TapOceanEngineLocal

NO_ZONES = """
import sys, zoneinfo
def missing(key):
    raise zoneinfo.ZoneInfoNotFoundError(key)
zoneinfo.ZoneInfo = missing
from tap_oceanengine_local.tap import TapOceanEngineLocal
TapOceanEngineLocal.cli(sys.argv[1:])
"""
RIGHT = {"app_id": "1800000000000001", "app_secret": "secret"}


@pytest.fixture
def call(tmp_path):
    """Run the command line in this process: `call("--discover", config={…}, state="…")`."""

    def run(*arguments, config=None, state=None):
        given = list(arguments)
        if config is not None:
            (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
            given += ["--config", str(tmp_path / "config.json")]
        if state is not None:
            (tmp_path / "state.json").write_text(state, encoding="utf-8")
            given += ["--state", str(tmp_path / "state.json")]
        return CliRunner().invoke(TapOceanEngineLocal.cli, given)

    return run


def test_discovery_needs_no_setting_network_or_store(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tap_oceanengine_local", "--discover"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=60,
    )
    catalog = json.loads(done.stdout)
    assert [stream["tap_stream_id"] for stream in catalog["streams"]] == [
        stream.name for stream in ALL
    ]
    assert list(tmp_path.iterdir()) == []


def test_discovery_works_with_wrong_settings(call):
    done = call("--discover", config={"window_days": "x"})
    assert done.exit_code == 0
    assert json.loads(done.stdout)["streams"]


def test_about_names_every_setting(call):
    done = call("--about", "--format", "json")
    assert done.exit_code == 0
    about = json.loads(done.stdout)
    assert {"app_id", "lookback_days", "reconcile"} <= set(about["settings"]["properties"])
    assert "batch" not in about["capabilities"]


def test_a_password_in_the_address_is_in_no_log(call, caplog):
    caplog.set_level("DEBUG")
    done = call(config={**RIGHT, "api_url": "https://me:hush@api.oceanengine.com"})
    assert done.exit_code == 1
    assert "api_url" in caplog.text
    assert "hush" not in caplog.text + done.output


def test_no_time_zone_database_is_needed():
    done = subprocess.run(
        [sys.executable, "-c", NO_ZONES, "--discover"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["streams"]


def test_about_is_printed_in_any_locale():
    done = subprocess.run(
        [sys.executable, "-m", "tap_oceanengine_local", "--about"],
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert b"lookback_days" in done.stdout


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({**RIGHT, "window_days": "x"}, "Setting window_days must be a whole number"),
        ({**RIGHT, "start": "2026-01-01"}, "Setting start is unknown"),
        ({**RIGHT, "local_account_ids": []}, "Setting local_account_ids is an empty list"),
        (
            {**RIGHT, "end_date": "2099-01-01"},
            "Setting end_date is 2099-01-01, a day of the future",
        ),
        ({**RIGHT, "app_id": "my app"}, "Setting app_id must be the number"),
        ({**RIGHT, "stream_maps": "x"}, "Setting stream_maps must be an object"),
        ({**RIGHT, "flattening_max_depth": "2"}, "Setting flattening_max_depth must be a whole"),
        ({"app_secret": "x"}, "Setting app_id is missing"),
        ({}, "Setting app_id is missing"),
    ],
)
@pytest.mark.parametrize("arguments", [(), ("--test",)])
def test_a_wrong_setting_is_one_sentence_and_nothing_on_stdout(
    call, caplog, arguments, config, sentence
):
    done = call(*arguments, config=config)
    assert done.exit_code == 1
    assert done.stdout == ""
    (error,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert error.getMessage().startswith(sentence)
    assert error.exc_info is None


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("not json", "The state file is not JSON"),
        ("[1]", "The state file holds no JSON object"),
        ('{"bookmarks": []}', 'The state has no "bookmarks" object'),
        (
            '{"bookmarks": {"promotion_report": {"partitions": [{"context": {}}]}}}',
            "The state of promotion_report has a partition without local_account_id",
        ),
    ],
)
def test_a_state_that_cannot_be_read_is_refused_in_words(call, platform, caplog, state, sentence):
    done = call(config=RIGHT, state=state)
    assert done.exit_code == 1
    assert done.stdout == ""
    (error,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert error.getMessage().startswith(sentence)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "The config file can't be read"),
        (b"", "The config file is not JSON"),
        (b"\xff\xfe", "The config file is not JSON"),
        (b"null", "The config file holds no JSON object"),
        (b"[]", "The config file holds no JSON object"),
    ],
)
def test_a_config_that_cannot_be_read_is_refused_in_words(
    call, caplog, tmp_path, content, sentence
):
    path = tmp_path / "odd.json"
    if content is not None:
        path.write_bytes(content)
    done = call("--config", str(path))
    assert done.exit_code == 1
    assert done.stdout == ""
    (error,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert error.getMessage().startswith(sentence)
    assert str(path) in error.getMessage()


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("LOOKBACK_DAYS=x", "Setting lookback_days must be a whole number"),
        ("RECONCILE=maybe", "Setting reconcile must be true or false"),
        ("ACCOUNT_NAMES=x", "Setting account_names must be an object"),
        ("STREAM_MAPS=x", "Setting stream_maps must be an object"),
        ("STREAM_MAPS=[]", "Setting stream_maps must be an object"),
    ],
)
def test_a_wrong_setting_in_the_environment_is_one_sentence(
    call, caplog, monkeypatch, setting, sentence
):
    name, _, text = setting.partition("=")
    monkeypatch.setenv("TAP_OCEANENGINE_LOCAL_APP_ID", RIGHT["app_id"])
    monkeypatch.setenv(f"TAP_OCEANENGINE_LOCAL_{name}", text)
    done = call("--config", "ENV")
    assert done.exit_code == 1
    assert done.stdout == ""
    (error,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert error.getMessage().startswith(sentence)


def test_the_environment_wins_over_the_config_file_and_empty_texts_say_nothing(
    call, platform, monkeypatch
):
    platform.account(1)
    monkeypatch.setenv("TAP_OCEANENGINE_LOCAL_LOOKBACK_DAYS", "3")
    monkeypatch.setenv("TAP_OCEANENGINE_LOCAL_LOCAL_ACCOUNT_IDS", "")
    state = {"bookmarks": {"promotion_report": {"replication_key_value": "2026-03-19"}}}
    config = {**RIGHT, "lookback_days": 9, "reconcile": False}
    done = call("--config", "ENV", config=config, state=json.dumps(state))
    assert done.exit_code == 0
    assert [params["start_date"] for params in platform.asked()] == ["2026-03-17"]


def entry(name="promotion_report", *, selected=True, **more):
    return {
        "tap_stream_id": name,
        "schema": {"type": "object", "properties": {}},
        "metadata": [{"breadcrumb": [], "metadata": {"selected": selected}}],
        **more,
    }


@pytest.mark.parametrize(
    ("catalog", "sentence"),
    [
        ([], "The catalog file holds no JSON object"),
        ({}, "The catalog is none of Singer's"),
        ({"streams": None}, "The catalog is none of Singer's"),
        ({"streams": ["promotion_report"]}, "The catalog is none of Singer's"),
        ({"streams": [entry(schema={})]}, "The catalog is none of Singer's"),
        ({"streams": [entry(metadata=[{}])]}, "The catalog is none of Singer's"),
        ({"streams": [entry("unit_report")]}, "The catalog selects unit_report, a stream that"),
    ],
)
@pytest.mark.usefixtures("platform")
def test_a_catalog_that_cannot_be_obeyed_is_refused_in_words(
    call, caplog, tmp_path, catalog, sentence
):
    (tmp_path / "catalog.json").write_text(json.dumps(catalog), encoding="utf-8")
    done = call("--catalog", str(tmp_path / "catalog.json"), config=RIGHT)
    assert done.exit_code == 1
    assert done.stdout == ""
    (error,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert error.getMessage().startswith(sentence)


def test_an_unknown_stream_that_is_not_selected_is_passed_over(call, platform, tmp_path):
    catalog = {"streams": [entry("of_the_past", selected=False)]}
    (tmp_path / "catalog.json").write_text(json.dumps(catalog), encoding="utf-8")
    assert call("--catalog", str(tmp_path / "catalog.json"), config=RIGHT).exit_code == 0


@pytest.mark.usefixtures("platform")
def test_a_stream_map_that_cannot_be_read_is_refused_in_words(call, caplog):
    maps = {"promotion_report": {"cost": "stat_cost +"}}
    done = call(config={**RIGHT, "stream_maps": maps, "flattening_enabled": None})
    assert done.exit_code == 1
    assert done.stdout == ""
    (error,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "Setting stream_maps can't be used: " in error.getMessage()
    assert "stat_cost +" in error.getMessage()


def test_without_catalog_the_main_stream_is_read(call, platform, caplog):
    caplog.set_level("INFO")
    platform.unit_rows(platform.account(1), days=1)
    done = call(config=RIGHT)
    assert done.exit_code == 0
    types = [json.loads(line)["type"] for line in done.stdout.splitlines()]
    assert types == ["SCHEMA", "RECORD", "STATE"]
    (summary,) = [record for record in caplog.records if record.getMessage() == "run summary"]
    assert set(summary.summary) == {"streams", "requests", "refresh_token_days_left"}
    assert summary.summary["requests"] == 2
    assert summary.summary["streams"]["promotion_report"]["rows"] == 1
    assert any(
        record.getMessage() == "Reading from https://api.oceanengine.com"
        for record in caplog.records
    )


def test_a_failed_account_ends_the_run_with_exit_code_1_and_the_summary(call, platform, caplog):
    caplog.set_level("INFO")
    platform.unit_rows(platform.account(1), days=1)
    platform.errors[platform.account(2).id] = AccountError("no permission")
    done = call(config=RIGHT)
    assert done.exit_code == 1
    assert '"STATE"' in done.stdout
    last = [record for record in caplog.records if record.levelname == "ERROR"][-1]
    assert "1 account(s) failed" in last.getMessage()
    assert "1790000000000002: " in last.getMessage()
    (summary,) = [record for record in caplog.records if record.getMessage() == "run summary"]
    failed = summary.summary["streams"]["promotion_report"]["accounts_failed"]
    assert list(failed) == ["1790000000000002"]


def test_days_that_are_not_given_any_more_end_the_run_in_one_sentence(call, platform, caplog):
    platform.account(1)
    done = call(config={**RIGHT, "start_date": "2024-01-01", "end_date": "2024-01-05"})
    assert done.exit_code == 1
    (told,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert told.getMessage().startswith("promotion_report: nothing of 2024-01-01 to 2024-01-05")


def test_a_connection_test_reads_one_record_of_each_stream(call, platform):
    platform.unit_rows(platform.account(1), days=1)
    assert call("--test", config=RIGHT).exit_code == 0
