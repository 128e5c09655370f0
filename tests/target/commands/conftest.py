"""A table in the sandbox, and commands that get all settings from the environment."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import pytest

from platform_sandbox.defaults import FEISHU_APP_ID, FEISHU_APP_SECRET, FEISHU_BASE
from platform_sandbox.testing import SandboxServer
from target_feishu_bitable import lock
from target_feishu_bitable.commands import main
from target_feishu_bitable.console import Console

COLUMNS = {
    "stat_time_day": "时间",
    "local_account_id": "账户ID",
    "local_account_name": "账户名称",
    "promotion_id": "单元ID",
    "stat_cost": "消耗(元)",
}
TABLES = {
    "tables": {
        "promotion_report": {
            "key": ["stat_time_day", "promotion_id"],
            "date": "stat_time_day",
            "account": "local_account_id",
            "account_name": "local_account_name",
            "columns": COLUMNS,
        }
    }
}
FIELDS = [
    {"field_name": "账户名称", "type": 1},
    {"field_name": "时间", "type": 1},
    {"field_name": "单元ID", "type": 1},
    {"field_name": "账户ID", "type": 1},
    {"field_name": "消耗(元)", "type": 1},
    {"field_name": "备注", "type": 1},
    {"field_name": "负责人", "type": 1},
]


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with SandboxServer(data_dir=tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server, tmp_path, monkeypatch):
    server.platform.reset()
    monkeypatch.setattr(lock, "user_state_path", lambda _name: tmp_path / "state")
    return server


@pytest.fixture
def base(sandbox):
    return sandbox.platform.feishu.base()


def row(day, unit, name="一店", account="1", **more):
    return {"时间": day, "单元ID": unit, "账户名称": name, "账户ID": account, **more}


@pytest.fixture
def table(base):
    return base.create_table("单元日报", FIELDS)


@pytest.fixture
def run(sandbox):
    def command(*argv, answer=None, terminal=None, **settings):
        flat = {
            f"promotion_report.{name}": value
            for name, value in TABLES["tables"]["promotion_report"].items()
            if name != "columns"
        } | {f"promotion_report.columns.{name}": column for name, column in COLUMNS.items()}
        environ = {
            "TARGET_FEISHU_BITABLE_APP_ID": FEISHU_APP_ID,
            "TARGET_FEISHU_BITABLE_APP_SECRET": FEISHU_APP_SECRET,
            "TARGET_FEISHU_BITABLE_BITABLE": FEISHU_BASE,
            "TARGET_FEISHU_BITABLE_TABLE": "单元日报",
            "TARGET_FEISHU_BITABLE_TABLES": json.dumps(flat),
            "TARGET_FEISHU_BITABLE_API_URL": sandbox.url,
        }
        environ |= {f"TARGET_FEISHU_BITABLE_{k.upper()}": v for k, v in settings.items()}
        out, err = io.StringIO(), io.StringIO()
        answers = terminal or (io.StringIO() if answer is None else Terminal(answer + "\n"))
        code = main(argv, environ=environ, console=Console(out, err, answers))
        return SimpleNamespace(
            code=code,
            out=out.getvalue(),
            err=err.getvalue(),
            json=json.loads(out.getvalue()) if "--json" in argv else None,
        )

    return command
