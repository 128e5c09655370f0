"""The main job as a person runs it: `meltano run tap-oceanengine-local target-feishu-bitable`."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from platform_sandbox.defaults import FEISHU_BASE
from platform_sandbox.testing import SandboxServer

from .conftest import ROOT, MeltanoProject

SHANGHAI = ZoneInfo("Asia/Shanghai")
STATE_ID = "sandbox:tap-oceanengine-local-to-target-feishu-bitable"
TEXTS = {"账户名称": "local_account_name", "单元名称": "promotion_name"}
IDS = {"账户ID": "local_account_id", "单元ID": "promotion_id"}
NUMBERS = {
    "消耗(元)": "stat_cost",
    "展示次数": "show_cnt",
    "点击次数": "click_cnt",
    "转化数": "convert_cnt",
    "转化成本(元)": "conversion_cost",
    "团购线索数": "clue_pay_order_cnt",
    "转化数(计费时间)": "attribution_convert_cnt",
    "转化成本(元)(计费时间)": "attribution_convert_cost",
}
Key = tuple[str, str]


def stored(sandbox: SandboxServer) -> dict[Key, dict[str, Any]]:
    rows = {}
    for _record_id, cells in sandbox.platform.feishu.base(FEISHU_BASE).table("单元日报").rows():
        day = datetime.fromtimestamp(cells["时间"] / 1000, SHANGHAI)
        assert (day.hour, day.minute, day.second) == (0, 0, 0)
        key = (day.date().isoformat(), cells["单元ID"])
        assert key not in rows
        rows[key] = cells
    return rows


def reported(sandbox: SandboxServer, first: date, last: date) -> dict[Key, dict[str, Any]]:
    source = sandbox.platform.oceanengine
    return {
        (row["stat_time_day"][:10], str(row["promotion_id"])): row
        | {"local_account_id": account.id, "local_account_name": account.name}
        for account in source.accounts
        for row in source.truth(account.id, first, last)
    }


def assert_table_equals_source(sandbox: SandboxServer) -> dict[Key, dict[str, Any]]:
    last = sandbox.platform.clock.yesterday()
    source = reported(sandbox, last - timedelta(days=30), last)
    table = stored(sandbox)
    assert source
    assert source.keys() <= table.keys()
    for key, row in source.items():
        cells = table[key]
        for column, name in TEXTS.items():
            assert cells[column] == row[name], (key, column)
        for column, name in IDS.items():
            assert cells[column] == str(row[name]), (key, column)
        for column, name in NUMBERS.items():
            assert abs(cells[column] - row[name]) < 0.005 + 1e-9, (key, column)
    return table


def run_daily(project: MeltanoProject, sandbox: SandboxServer) -> None:
    sandbox.platform.requests.clear()
    outcome = project.meltano(
        "run", "tap-oceanengine-local", "target-feishu-bitable",
        TAP_OCEANENGINE_LOCAL_END_DATE=sandbox.platform.clock.yesterday().isoformat(),
    )  # fmt: skip
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_three_daily_runs_keep_the_table_equal_to_the_platform(
    project: MeltanoProject, sandbox: SandboxServer
) -> None:
    run_daily(project, sandbox)
    first = assert_table_equals_source(sandbox)
    assert {len(unit) for _day, unit in first} == {19}

    run_daily(project, sandbox)
    assert sandbox.platform.requests.writes == 0
    assert assert_table_equals_source(sandbox) == first

    sandbox.platform.clock.advance(days=3)
    run_daily(project, sandbox)
    third = assert_table_equals_source(sandbox)
    assert third.keys() > first.keys()
    assert any(third[key] != cells for key, cells in first.items())

    state = project.meltano("--environment", "sandbox", "state", "get", STATE_ID)
    bookmarks = json.loads(state.stdout)["singer_state"]["bookmarks"]["promotion_report"]
    assert {
        partition["context"]["local_account_id"]: partition["replication_key_value"]
        for partition in bookmarks["partitions"]
    } == {
        str(account.id): sandbox.platform.clock.yesterday().isoformat()
        for account in sandbox.platform.oceanengine.accounts
    }


def test_values_in_env_file_do_not_reach_the_sandbox(
    project: MeltanoProject, sandbox: SandboxServer
) -> None:
    example = (ROOT / ".env.example").read_text("utf-8").splitlines()
    names = [line.split("=")[0] for line in example if "=" in line and line[0] != "#"]
    assert names[0] == "MELTANO_ENVIRONMENT"
    values = {name: f"production-{name.lower()}" for name in names[1:]}
    values |= {"FEISHU_WEBHOOK_URL": f"{sandbox.url}/production-webhook"}
    lines = ["MELTANO_ENVIRONMENT=prod", *(f"{name}={value}" for name, value in values.items())]
    (project.root / ".env").write_text("\n".join(lines), "utf-8")

    last = sandbox.platform.clock.yesterday().isoformat()
    run = ["--environment", "sandbox", "run", "tap-oceanengine-local", "target-feishu-bitable"]
    outcome = project.meltano(*run, TAP_OCEANENGINE_LOCAL_END_DATE=last)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert sandbox.platform.requests.count(path="production") == 0
    for plugin in ("tap-oceanengine-local", "target-feishu-bitable"):
        shown = project.meltano("--environment", "sandbox", "config", "--unsafe", "print", plugin)
        assert shown.returncode == 0, shown.stderr
        assert "sandbox" in shown.stdout
        assert "production-" not in shown.stdout
        shown = project.meltano("config", "--unsafe", "print", plugin)
        assert "production-" in shown.stdout
