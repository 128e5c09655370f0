"""The DAG file as Airflow reads it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .cluster import AIRFLOW, DAGS

pytestmark = pytest.mark.airflow
READ = """
import json, warnings
warnings.simplefilter("error")
import local_promotion
dag = local_promotion.dag
tasks = {task.task_id: task for task in dag.tasks}
print(json.dumps({
    "catchup": dag.catchup,
    "max_active_runs": dag.max_active_runs,
    "timezone": str(dag.timezone),
    "schedule": dag.timetable.expression if dag.schedule else None,
    "params": dag.params.dump(),
    "retries": {name: task.retries for name, task in tasks.items()},
    "backoff": {name: task.retry_exponential_backoff for name, task in tasks.items()},
    "timeout": {name: task.execution_timeout.total_seconds() for name, task in tasks.items()},
    "pool": {name: task.pool for name, task in tasks.items()},
    "parallel": tasks["shard"].max_active_tis_per_dag,
    "downstream": {name: sorted(task.downstream_task_ids) for name, task in tasks.items()},
    "rules": {name: task.trigger_rule for name, task in tasks.items()},
}))
"""


@pytest.fixture
def read(tmp_path: Path, require_service: Any) -> Any:
    """Import the DAG with some variables; return what it says."""
    require_service(AIRFLOW.exists(), "Airflow is missing: make test-airflow installs it")

    def read(**variables: str) -> dict[str, Any]:
        done = subprocess.run(
            [AIRFLOW.with_name("python"), "-c", READ], capture_output=True, text=True, check=False,
            env={"AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(DAGS), **variables},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]

    return read


def test_a_day_is_run_once_each_morning_of_china(read: Any) -> None:
    dag = read()
    assert (dag["schedule"], dag["timezone"]) == ("0 7 * * *", "Asia/Shanghai")
    assert (dag["catchup"], dag["max_active_runs"]) == (False, 1)
    assert dag["params"] == {"shards": 4, "from": None, "to": None}


def test_every_task_is_repeated_later_each_time_and_ends(read: Any) -> None:
    dag = read()
    assert set(dag["retries"].values()) == {3}
    assert set(dag["backoff"].values()) == {2.0}
    assert set(dag["timeout"].values()) == {7200.0}


def test_bases_wait_for_the_shards_but_not_for_their_success(read: Any) -> None:
    dag = read()
    assert dag["downstream"] == {
        "layout": ["accounts"],
        "accounts": ["shard", "tables"],
        "tables": ["complete", "shard"],
        "shard": ["bases", "complete"],
        "bases": ["bitable"],
        "bitable": ["complete"],
        "complete": [],
    }
    late = {name for name, rule in dag["rules"].items() if rule != "all_success"}
    assert late == {"shard", "bases"}
    assert {name for name, pool in dag["pool"].items() if pool == "bitable"} == {"bitable"}


def test_no_more_shards_at_once_than_requests_a_second(read: Any) -> None:
    assert read()["parallel"] == 4
    variables = {"LOCAL_PROMOTION_PARALLEL": "16", "LOCAL_PROMOTION_REQUESTS_PER_SECOND": "10"}
    assert read(**variables)["parallel"] == 10


def test_the_file_is_a_page_or_two() -> None:
    assert len((DAGS / "local_promotion.py").read_text("utf-8").splitlines()) < 150
