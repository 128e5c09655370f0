"""Both platforms, a warehouse, a Meltano project and an Airflow, all on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import psycopg
import pytest

from platform_sandbox import Switches, World
from platform_sandbox.testing import SandboxServer

from .cluster import AIRFLOW, ROOT, Cluster
from .factory import Factory

WORLD = World(accounts=200, active=50, units=(1, 8), big_units=0)
LINKED = (
    ".venv", "tap-oceanengine-local", "target-feishu-bitable", "feishu-notify", "platform-sandbox",
    "deploy",
)  # fmt: skip
COPIED = ("meltano.yml", "logging.yaml", "constraints.txt", "constraints-jsonl.txt")


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    switches = Switches(latency_ms=100)
    folder = tmp_path_factory.mktemp("platforms")
    with SandboxServer(data_dir=folder, world=WORLD, switches=switches) as server:
        yield server


@pytest.fixture(scope="session")
def databases(postgres: str) -> dict[str, str]:
    """One database each for Airflow, Meltano's states, the tokens and the warehouse."""
    names = ("airflow", "meltano", "tokens", "warehouse")
    with psycopg.connect(postgres, autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}")
    return {name: f"{postgres.rpartition('/')[0]}/{name}" for name in names}


@pytest.fixture(scope="session")
def factory(
    tmp_path_factory: pytest.TempPathFactory, sandbox: SandboxServer, databases: dict[str, str]
) -> Factory:
    root = tmp_path_factory.mktemp("factory") / "project"
    root.mkdir()
    for name in LINKED:
        (root / name).symlink_to(ROOT / name)
    for name in COPIED:
        shutil.copy(ROOT / name, root / name)
    (root / ".meltano").mkdir()
    for kind in ("extractors", "loaders", "utilities"):
        (root / ".meltano" / kind).symlink_to(ROOT / ".meltano" / kind)
    driver = {name: url.replace("://", "+psycopg://") for name, url in databases.items()}
    variables = {
        "LOCAL_PROMOTION_PROJECT": str(root),
        "LOCAL_PROMOTION_SCHEDULE": "",
        "LOCAL_PROMOTION_SHARDS": "4",
        "LOCAL_PROMOTION_REQUESTS_PER_SECOND": "40",
        "LOCAL_PROMOTION_RETRY_SECONDS": "1",
        "MELTANO_ENVIRONMENT": "sandbox",
        "MELTANO_DATABASE_URI": driver["meltano"],
        "TAP_OCEANENGINE_LOCAL_API_URL": sandbox.url,
        "TAP_OCEANENGINE_LOCAL_TOKEN_STORE_URI": driver["tokens"],
        "TARGET_FEISHU_BITABLE_API_URL": sandbox.url,
        "TARGET_POSTGRES_SQLALCHEMY_URL": driver["warehouse"],
        "XDG_STATE_HOME": str(root.parent / "state"),
    }
    return Factory(root, sandbox, databases["warehouse"], variables)


@pytest.fixture(scope="session")
def cluster(
    factory: Factory, databases: dict[str, str], require_service: object
) -> Iterator[Cluster]:
    require_service(AIRFLOW.exists(), "Airflow is missing: make test-airflow installs it")  # type: ignore[operator]
    factory.close_day()
    with Cluster(factory.root.parent / "airflow", databases["airflow"], factory.variables) as one:
        yield one
