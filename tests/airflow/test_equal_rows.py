"""target-postgres sends every row again; PostgreSQL leaves equal ones as they are."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest

pytestmark = pytest.mark.airflow
ROOT = Path(__file__).parents[2]
BIN = ROOT / ".meltano/loaders/target-postgres/venv/bin"
SCHEMA = {
    "type": "SCHEMA",
    "stream": "report",
    "key_properties": ["day", "unit"],
    "schema": {
        "type": "object",
        "properties": {
            "day": {"type": "string", "format": "date"},
            "unit": {"type": "string"},
            "name": {"type": ["string", "null"]},
            "cost": {"type": ["number", "null"]},
        },
    },
}


class Warehouse:
    """An own schema of the database, and the target that writes into it."""

    def __init__(self, address: str, schema: str, *, metadata: bool = False) -> None:
        self._address = address
        self._environment = {
            "PATH": os.environ["PATH"],
            "TARGET_POSTGRES_SQLALCHEMY_URL": address.replace("://", "+psycopg://"),
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": schema,
            "TARGET_POSTGRES_ADD_RECORD_METADATA": str(metadata).lower(),
            "TARGET_POSTGRES_ACTIVATE_VERSION": "false",
        }

    def load(self, *records: dict[str, Any]) -> None:
        messages = [SCHEMA] + [
            {"type": "RECORD", "stream": "report", "record": record} for record in records
        ]
        self._run(
            [BIN / "target-postgres", "--config=ENV"], "\n".join(map(json.dumps, messages)) + "\n"
        )

    def spare(self) -> str:
        return self._run([BIN / "python", ROOT / "deploy/airflow/equal_rows.py"])

    def _run(self, command: list[str | Path], given: str = "") -> str:
        done = subprocess.run(
            command, env=self._environment, input=given, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._address) as connection:
            return connection.execute(query).fetchall()  # type: ignore[call-overload]  # a constant


@pytest.fixture
def target(require_service: Any) -> None:
    present = (BIN / "target-postgres").exists()
    require_service(present, "target-postgres is missing: make test-airflow installs it")


def row(unit: str, cost: float | None, name: str | None = "单元") -> dict[str, Any]:
    return {"day": "2026-02-11", "unit": unit, "name": name, "cost": cost}


@pytest.mark.usefixtures("target")
def test_only_a_row_that_differs_is_stored_again(postgres: str) -> None:
    warehouse = Warehouse(postgres, "spared")
    query = "SELECT unit, cost::text, name, (xmin, ctid)::text FROM spared.report ORDER BY unit"
    warehouse.load(row("1", 10.5), row("2", None, None), row("3", 0.0), row("4", 7))
    assert warehouse.spare() == "spared.report: equal rows stay as they are\n"
    before = warehouse.ask(query)

    warehouse.load(row("1", 10.5), row("2", None, None), row("3", 0.01), row("4", 7, None))
    after = warehouse.ask(query)
    assert after[:2] == before[:2]
    assert [one[:3] for one in after[2:]] == [("3", "0.01", "单元"), ("4", "7", None)]


@pytest.mark.usefixtures("target")
def test_metadata_columns_make_every_row_differ(postgres: str) -> None:
    """Which is why meltano.yml switches them off."""
    warehouse = Warehouse(postgres, "dated", metadata=True)
    query = "SELECT (xmin, ctid)::text FROM dated.report"
    warehouse.load(row("1", 10.5))
    warehouse.spare()
    before = warehouse.ask(query)
    warehouse.load(row("1", 10.5))
    assert warehouse.ask(query) != before


@pytest.mark.usefixtures("target")
def test_tables_elsewhere_and_those_done_are_left_alone(postgres: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA ours")
        connection.execute('CREATE TABLE ours."of Q1" (day date)')
        connection.execute("CREATE VIEW ours.seen AS SELECT 1 AS one")
        connection.execute("CREATE TABLE public.theirs (day date)")
    warehouse = Warehouse(postgres, "ours")
    assert warehouse.spare() == 'ours."of Q1": equal rows stay as they are\n'
    assert warehouse.spare() == ""
    triggers = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'zz_spare_equal_rows'"
    assert ('ours."of Q1"',) in warehouse.ask(triggers)
    assert ("theirs",) not in warehouse.ask(triggers)
