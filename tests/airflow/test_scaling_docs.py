"""docs/scaling.md and the values for Helm name what the DAG reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DAG = (ROOT / "deploy/airflow/dags/local_promotion.py").read_text("utf-8")
PAGE = (ROOT / "docs/scaling.md").read_text("utf-8")
VALUES = sorted(ROOT.glob("deploy/airflow/values*.yaml"))


def test_every_variable_of_the_dag_is_described() -> None:
    variables = set(re.findall(r"LOCAL_PROMOTION_[A-Z_]+", DAG))
    assert len(variables) == 7
    assert {
        name for name in variables if f"`{name}`" not in PAGE and f"{name}=" not in PAGE
    } == set()


def test_defaults_agree() -> None:
    defaults = dict(re.findall(r'"(LOCAL_PROMOTION_[A-Z_]+)"(?:\) or |, )"?([^")\n]+)', DAG))
    defaults.pop("LOCAL_PROMOTION_PROJECT")
    described = dict(re.findall(r"\| `(LOCAL_PROMOTION_[A-Z_]+)` \| `?([^`|]+?)`? \|", PAGE))
    assert described == defaults


def test_the_bases_of_the_example_are_what_the_dag_takes() -> None:
    from sharding import base_runs

    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert len(base_runs(json.loads(example), 10)) == 2


@pytest.mark.parametrize("path", VALUES, ids=lambda path: path.stem)
def test_values_set_only_variables_that_exist(path: Path) -> None:
    values = yaml.safe_load(path.read_text("utf-8"))
    names = {entry["name"] for entry in values.get("env", ())}
    unknown = {name for name in names if name not in DAG}
    assert unknown <= {"AIRFLOW_VAR_LOCAL_PROMOTION_BASES"}
    assert "local_promotion_bases" in DAG


@pytest.mark.parametrize("path", VALUES, ids=lambda path: path.stem)
def test_workers_are_set_where_the_chart_looks(path: Path) -> None:
    """Since chart 1.20 a value one level higher is outdone by the chart's own here."""
    values = yaml.safe_load(path.read_text("utf-8"))
    kinds = {"CeleryExecutor": {"celery"}, "KubernetesExecutor": {"kubernetes"}}
    assert set(values.get("workers", ())) == kinds.get(values.get("executor", ""), set())


def test_the_image_holds_the_airflow_that_is_tested() -> None:
    tested = re.search(r"^apache-airflow-core==([\d.]+)", requirements(), re.MULTILINE)
    assert tested
    dockerfile = (ROOT / "deploy/airflow/Dockerfile").read_text("utf-8")
    assert f"FROM apache/airflow:{tested[1]}-python3.11" in dockerfile
    values = yaml.safe_load((ROOT / "deploy/airflow/values.yaml").read_text("utf-8"))
    assert values["airflowVersion"] == tested[1]


def requirements() -> str:
    return (ROOT / "deploy/airflow/requirements.txt").read_text("utf-8")
