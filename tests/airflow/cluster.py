"""An Airflow of one machine: API server, scheduler with LocalExecutor, DAG processor."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import psycopg

ROOT = Path(__file__).parents[2]
AIRFLOW = ROOT / ".venv-airflow/bin/airflow"
DAGS = ROOT / "deploy/airflow/dags"
DAG = "local_promotion"
OPEN = ("queued", "running")
PATIENCE_SECONDS = 300
TASKS = """
SELECT task_id, map_index, state, try_number, pid, start_date, end_date FROM task_instance
WHERE run_id = %s ORDER BY task_id, map_index
"""


@dataclass(frozen=True, slots=True)
class Task:
    """A task of a run as Airflow's own database has it; `pid` is of the process that runs it."""

    name: str
    index: int
    state: str | None
    tries: int
    pid: int | None
    start: datetime | None
    end: datetime | None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, condition: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Ask every quarter second until the answer is true; return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.25)
    raise AssertionError(f"{what}: not within {seconds:.0f} seconds")


class Cluster:
    """Starts the three programs in a folder of their own and stops them by their process ids.

    Args:
        home: AIRFLOW_HOME; the programs' logs are there too.
        database: Address of an empty PostgreSQL database.
        variables: What the workers' environment holds besides.
    """

    def __init__(self, home: Path, database: str, variables: dict[str, str]) -> None:
        self.home = home
        self._database = database
        self._port = free_port()
        self._stack = ExitStack()
        airflow = {
            "CORE__DAGS_FOLDER": str(DAGS),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": "5",
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self._port}/execution/",
            "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "CORE__FERNET_KEY": "",
            "DATABASE__SQL_ALCHEMY_CONN": database.replace("://", "+psycopg2://"),
            "API__HOST": "127.0.0.1",
            "API__PORT": str(self._port),
            "API__WORKERS": "1",
            "API__SECRET_KEY": secrets.token_hex(),
            "API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
            "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
            # A killed worker is noticed after so many seconds; the default is 300.
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
        }
        inherited = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        self._environment = (
            inherited
            | {f"AIRFLOW__{key}": value for key, value in airflow.items()}
            | {
                "AIRFLOW_HOME": str(home),
                # Nothing listens there: whatever is asked of the outside world fails at once.
                "HTTP_PROXY": "http://127.0.0.1:9",
                "HTTPS_PROXY": "http://127.0.0.1:9",
                "NO_PROXY": "127.0.0.1,localhost",
            }
            | variables
        )

    def __enter__(self) -> Self:
        self.home.mkdir()
        self.run("db", "migrate")
        self.run("pools", "set", "bitable", "1", "one writer of the Bitables")
        with self._stack as stack:
            self._start("api-server")
            wait_for("the API server", self._answers, 120)
            self._start("scheduler", "--skip-serve-logs")
            self._start("dag-processor")
            wait_for("the DAG", self._knows_dag, 120)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, *words: str) -> str:
        """Run an `airflow` command; its output is the error's text when it fails."""
        done = subprocess.run(
            [AIRFLOW, *words], env=self._environment, capture_output=True, text=True, check=False,
            timeout=180, cwd=self.home,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def _start(self, *words: str) -> None:
        log = self._stack.enter_context((self.home / f"{words[0]}.log").open("wb"))
        process = subprocess.Popen(
            [AIRFLOW, *words], env=self._environment, cwd=self.home, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self._stack.callback(_stop, process)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def _knows_dag(self) -> bool:
        return bool(self.ask("SELECT 1 FROM dag WHERE dag_id = %s AND NOT is_paused", DAG))

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask Airflow's database."""
        with psycopg.connect(self._database) as connection:
            return connection.execute(query, values).fetchall()

    def trigger(self, run_id: str, conf: str = "{}") -> None:
        """Start a run of the DAG."""
        self.run("dags", "trigger", DAG, "--run-id", run_id, "--conf", conf)

    def state(self, run_id: str) -> str:
        return str(self.ask("SELECT state FROM dag_run WHERE run_id = %s", run_id)[0][0])

    def tasks(self, run_id: str) -> list[Task]:
        return [Task(*row) for row in self.ask(TASKS, run_id)]

    def finish(self, run_id: str) -> list[Task]:
        """Wait for the end of a run, which must be a success; return its tasks."""
        wait_for(f"the end of {run_id}", lambda: self.state(run_id) not in OPEN)
        tasks = self.tasks(run_id)
        assert self.state(run_id) == "success", f"{tasks}\n{self.last_log(run_id)}"
        return tasks

    def last_log(self, run_id: str) -> str:
        """End of the latest log of a run, for the message of a failed test."""
        logs = sorted(
            self.home.glob(f"logs/**/run_id={run_id}/**/*.log"),
            key=lambda path: path.stat().st_mtime,
        )
        return "\n".join(f"{path}\n{path.read_text('utf-8')[-3000:]}" for path in logs[-2:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the program to end, then end what is left of its session."""
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(30)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def parent_of(pid: int) -> int:
    """Process id of a process's parent."""
    stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    return int(stat.rpartition(")")[2].split()[1])


def children_of(pid: int) -> list[int]:
    """Process ids of a process's children."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8")
    return [int(child) for child in text.split()]
