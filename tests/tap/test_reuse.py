"""Other people's targets, each in an environment of its own as Meltano does it, get all rows."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest

from platform_sandbox import World, defaults
from platform_sandbox.testing import SandboxServer

STREAMS = ("promotion_report", "account_report_hourly", "accounts", "projects")
METRICS = ("stat_cost", "convert_cnt", "ctr")
SELECTED = {
    "local_account_id",
    "local_account_name",
    "promotion_name",
    "name",
    "project_status_second",
    "project_budget",
    "project_create_time",
    "source",
    *METRICS,
}
READ_DUCKDB = """
import duckdb, json, sys
base = duckdb.connect(sys.argv[1])
rows = base.execute("SELECT " + sys.argv[2] + " FROM main.promotion_report").fetchall()
types = {row[0]: row[1] for row in base.execute("DESCRIBE main.promotion_report").fetchall()}
print(json.dumps([rows, [types[name] for name in sys.argv[2].split(", ")]]))
"""


@pytest.fixture(scope="session")
def target(tmp_path_factory, require_service):
    """Install a target from the package index and return its program: `target("target-jsonl")`."""
    home = tmp_path_factory.mktemp("targets")
    uv = Path(sys.executable).with_name("uv")
    uv = str(uv) if uv.exists() else shutil.which("uv")
    require_service(uv is not None, "uv is missing: pip install uv")

    def install(package, program):
        place = home / package
        if not place.exists():
            call = partial(subprocess.run, capture_output=True, check=True)
            try:
                call([uv, "venv", "-q", "--python", sys.executable, place])
                call([uv, "pip", "install", "-q", "--python", place / "bin" / "python", package])
            except subprocess.CalledProcessError:
                shutil.rmtree(place, ignore_errors=True)
                require_service(False, f"{package} cannot be installed: no package index here")
        return place / "bin" / program

    return install


@pytest.fixture(scope="session")
def messages(tmp_path_factory):
    """What a real run of the tap prints: the file, and the records by stream."""
    home = tmp_path_factory.mktemp("tap")
    world = World(accounts=5, active=3, units=(2, 12), big_units=0, days=30)
    with SandboxServer(data_dir=home / "sandbox", world=world) as sandbox:
        yesterday = sandbox.platform.clock.yesterday()
        config = {
            "app_id": defaults.OE_APP_ID,
            "app_secret": defaults.OE_APP_SECRET,
            "access_token": defaults.OE_ACCESS_TOKEN,
            "refresh_token": defaults.OE_REFRESH_TOKEN,
            "token_store_uri": f"sqlite:///{home / 'tokens.db'}",
            "api_url": sandbox.url,
            "start_date": (yesterday - timedelta(days=2)).isoformat(),
            "end_date": yesterday.isoformat(),
        }
        (home / "config.json").write_text(json.dumps(config), encoding="utf-8")
        printed = _print(home)
    (home / "messages.jsonl").write_bytes(printed)
    records = {stream: [] for stream in STREAMS}
    for line in printed.splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            records[message["stream"]].append(message["record"])
    assert all(records.values())
    return home / "messages.jsonl", records


def _print(home):
    command = [sys.executable, "-m", "tap_oceanengine_local", "--config", home / "config.json"]
    discovered = subprocess.run([*command, "--discover"], capture_output=True, check=True)
    catalog = json.loads(discovered.stdout)
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] in STREAMS
            else:
                item["metadata"]["selected"] = item["breadcrumb"][-1] in SELECTED
    (home / "catalog.json").write_text(json.dumps(catalog), encoding="utf-8")
    command += ["--catalog", home / "catalog.json"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def load(program, config, messages, tmp_path):
    file = tmp_path / "target.json"
    file.write_text(json.dumps(config), encoding="utf-8")
    with messages.open("rb") as source:
        done = subprocess.run(
            [program, "--config", file], stdin=source, capture_output=True, check=False
        )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    state = json.loads(done.stdout.splitlines()[-1])
    assert set(state["bookmarks"]) >= {"promotion_report", "account_report_hourly"}


def in_order(rows):
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def test_json_lines(target, messages, tmp_path):
    file, records = messages
    load(
        target("target-jsonl", "target-jsonl"), {"destination_path": str(tmp_path)}, file, tmp_path
    )
    for stream, expected in records.items():
        (written,) = tmp_path.glob(f"{stream}-*.jsonl")
        rows = [json.loads(line) for line in written.read_text("utf-8").splitlines()]
        assert rows == expected


def test_csv(target, messages, tmp_path):
    file, records = messages
    load(
        target("meltanolabs-target-csv", "target-csv"),
        {"output_path": str(tmp_path)},
        file,
        tmp_path,
    )
    for stream, expected in records.items():
        with (tmp_path / f"{stream}.csv").open(encoding="utf-8", newline="") as written:
            rows = list(csv.DictReader(written))
        assert len(rows) == len(expected)
        for row, record in zip(rows, expected, strict=True):
            for name, value in record.items():
                if isinstance(value, float):
                    assert float(row[name]) == value
                elif isinstance(value, str | int):
                    assert row[name].replace(" ", "T") == str(value).replace(" ", "T")


def test_duckdb(target, messages, tmp_path):
    file, records = messages
    program = target("target-duckdb", "target-duckdb")
    base = tmp_path / "reports.duckdb"
    load(program, {"filepath": str(base), "default_target_schema": "main"}, file, tmp_path)
    columns = ("stat_time_day", "promotion_id", "local_account_id", *METRICS)
    done = subprocess.run(
        [program.with_name("python"), "-c", READ_DUCKDB, base, ", ".join(columns)],
        capture_output=True,
        check=True,
    )
    rows, types = json.loads(done.stdout)
    expected = [[record[name] for name in columns] for record in records["promotion_report"]]
    assert in_order(rows) == in_order(expected)
    assert types == ["VARCHAR", "VARCHAR", "VARCHAR", "DOUBLE", "HUGEINT", "DOUBLE"]


def test_postgres(target, messages, postgres, tmp_path):
    import psycopg

    file, records = messages
    load(
        target("meltanolabs-target-postgres", "target-postgres"),
        {"sqlalchemy_url": postgres.replace("://", "+psycopg://"), "default_target_schema": "oe"},
        file,
        tmp_path,
    )
    with psycopg.connect(postgres) as connection:
        rows = connection.execute(
            "SELECT stat_time_day, promotion_id, local_account_name, stat_cost, convert_cnt "
            "FROM oe.promotion_report"
        ).fetchall()
        hours = connection.execute(
            "SELECT stat_time_hour, local_account_id, stat_cost FROM oe.account_report_hourly"
        ).fetchall()
        types = dict(
            connection.execute(
                "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_schema = 'oe' AND table_name = 'promotion_report'"
            ).fetchall()
        )
        projects = connection.execute(
            "SELECT project_id, project_budget, project_status_second FROM oe.projects"
        ).fetchall()
    assert isinstance(rows[0][0], date)
    assert in_order(
        (day.isoformat(), unit, name, float(cost), count) for day, unit, name, cost, count in rows
    ) == in_order(
        (
            record["stat_time_day"],
            record["promotion_id"],
            record["local_account_name"],
            record["stat_cost"],
            record["convert_cnt"],
        )
        for record in records["promotion_report"]
    )
    assert len(hours) == len(records["account_report_hourly"])
    assert types["promotion_id"] in {"text", "character varying"}
    assert types["stat_time_day"] == "date"
    assert types["convert_cnt"] in {"bigint", "integer"}
    assert types["stat_cost"] in {"double precision", "numeric"}
    assert in_order((unit, float(budget), status) for unit, budget, status in projects) == in_order(
        (record["project_id"], record["project_budget"], record["project_status_second"])
        for record in records["projects"]
    )
