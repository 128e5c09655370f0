"""本地推 on Apache Airflow 3: shards of accounts into the warehouse, then one run for each base.

Meltano stays the unit of work: every task is one `meltano` command in the project's folder. What it
needs besides is in the environment of the workers (docs/scaling.md).
"""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param, Variable, get_current_context, task

import shard_state
from sharding import base_runs, days, rate, shard_runs, tables_run

PROJECT = Path(os.environ.get("LOCAL_PROMOTION_PROJECT") or Path(__file__).resolve().parents[3])
SCHEDULE = os.environ.get("LOCAL_PROMOTION_SCHEDULE", "0 7 * * *") or None
WAREHOUSE = os.environ.get("LOCAL_PROMOTION_WAREHOUSE") or "target-postgres"
SHARDS = int(os.environ.get("LOCAL_PROMOTION_SHARDS") or 4)
RATE = int(os.environ.get("LOCAL_PROMOTION_REQUESTS_PER_SECOND") or 10)
"""What the platform grants the developer, for all workers together."""
PARALLEL = min(int(os.environ.get("LOCAL_PROMOTION_PARALLEL") or 4), RATE)
"""Shards under way at once; each asks for at least one request a second."""
RETRY_SECONDS = int(os.environ.get("LOCAL_PROMOTION_RETRY_SECONDS") or 180)
"""Doubled each time: the third try comes after the 5 minutes that a killed run looks alive."""

MELTANO = PROJECT / ".venv/bin/meltano"
ENVIRONMENT = os.environ.get("MELTANO_ENVIRONMENT") or "prod"
# A run keeps catalogue and state beside its plugins, where another one would find them: each task
# has a folder of its own, with links to the plugins. The signal ends Meltano and its plugins when
# the process above them is killed, so that the next try does not run beside the last one.
FOLDER = (
    f"ln -s {PROJECT}/.meltano/{{extractors,loaders,utilities}} . && "
    "export MELTANO_SYS_DIR_ROOT=$PWD"
)
CALL = f"setpriv --pdeathsig TERM -- {MELTANO} --cwd {PROJECT} --environment {ENVIRONMENT}"
RUN = f"{FOLDER} && exec {CALL} run"
# target-postgres updates every row that it is sent; PostgreSQL can drop what changes nothing.
SPARE = f" && {CALL} invoke {WAREHOUSE}:spare-equal-rows" if WAREHOUSE == "target-postgres" else ""

with DAG(
    dag_id="local_promotion",
    description="巨量本地推 → warehouse and Bitable",
    schedule=SCHEDULE,
    start_date=datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai")),
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 3,
        "retry_delay": timedelta(seconds=RETRY_SECONDS),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=30),
        "execution_timeout": timedelta(hours=2),
    },
    params={
        "shards": Param(SHARDS, type="integer", minimum=1, description="Parts of the accounts"),
        "from": Param(
            None, type=["null", "string"], format="date", description="Read days again from here"
        ),
        "to": Param(
            None, type=["null", "string"], format="date", description="… up to here, or yesterday"
        ),
    },
) as dag:

    @task
    def layout() -> None:
        """Bring the bookmarks to the number of shards, when it has changed."""
        shards = get_current_context()["params"]["shards"]
        shard_state.move(MELTANO, PROJECT, ENVIRONMENT, WAREHOUSE, shards)

    @task
    def accounts() -> list[dict[str, str]]:
        """List the accounts; return what the run of each shard is told."""
        params = get_current_context()["params"]
        listing = ["--environment", ENVIRONMENT, "invoke", "tap-oceanengine-local:accounts"]
        listed = subprocess.run(  # noqa: S603  the project's own program
            [MELTANO, *listing, "--json"], cwd=PROJECT, check=True, stdout=subprocess.PIPE
        )
        share = rate(RATE, params["shards"], PARALLEL)
        runs = shard_runs(json.loads(listed.stdout), params["shards"], share)
        return [run | days(params["from"], params["to"]) for run in runs]

    @task(trigger_rule="all_done")
    def bases() -> list[dict[str, str]]:
        """Return what the run of each base is told, once no shard asks the platform any more."""
        params = get_current_context()["params"]
        given = Variable.get("local_promotion_bases", default=[{}], deserialize_json=True)
        return [run | days(params["from"], params["to"]) for run in base_runs(given, RATE)]

    listed, told = accounts(), bases()
    # Shards that start at once would all make the tables. So the same two programs run before them
    # once with nothing to read: only the SCHEMA comes through.
    tables = BashOperator(
        task_id="tables",
        bash_command=f"{FOLDER} && {CALL} run tap-oceanengine-local {WAREHOUSE}{SPARE}",
        env=tables_run("ti.xcom_pull(task_ids='accounts')[0]"),
        append_env=True,
    )
    # Forced: for 5 minutes a killed run looks to Meltano as if it went on. That one run of a shard
    # goes on at a time is Airflow's word, and a row written twice into the warehouse stays one.
    shards = BashOperator.partial(
        task_id="shard",
        bash_command=f"{RUN} --force tap-oceanengine-local {WAREHOUSE}",
        append_env=True,
        max_active_tis_per_dag=PARALLEL,
        trigger_rule="all_done",  # without `tables` a shard tries it too, and its card says why
    ).expand(env=listed)
    # Two writers of one base could make a row twice: one slot, and no --force.
    bitable = BashOperator.partial(
        task_id="bitable",
        bash_command=f"{RUN} tap-oceanengine-local target-feishu-bitable",
        append_env=True,
        pool="bitable",
    ).expand(env=told)
    # Fails when a shard or a base has failed, whatever came after it.
    complete = EmptyOperator(task_id="complete")

    layout() >> listed >> tables >> shards >> told
    [tables, shards, bitable] >> complete
