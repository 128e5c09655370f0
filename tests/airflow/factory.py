"""A Meltano project that writes into a warehouse and a Bitable, and what both of them hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

import shard_state
from platform_sandbox.defaults import FEISHU_BASE
from platform_sandbox.testing import SandboxServer

SHANGHAI = ZoneInfo("Asia/Shanghai")
TABLE = "单元日报"
PIPELINE = "sandbox:tap-oceanengine-local-to-target-postgres"
COLUMNS = {
    "账户ID": "local_account_id",
    "账户名称": "local_account_name",
    "单元ID": "promotion_id",
    "单元名称": "promotion_name",
    "消耗(元)": "stat_cost",
    "展示次数": "show_cnt",
    "点击次数": "click_cnt",
    "转化数": "convert_cnt",
    "转化成本(元)": "conversion_cost",
    "团购线索数": "clue_pay_order_cnt",
    "转化数(计费时间)": "attribution_convert_cnt",
    "转化成本(元)(计费时间)": "attribution_convert_cost",
}
NUMBERS = [name for name in COLUMNS.values() if name.endswith(("_cost", "_cnt"))]
Key = tuple[str, str]
Rows = dict[Key, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Factory:
    """The project's folder, the platforms, the warehouse's address and the workers' environment."""

    root: Path
    sandbox: SandboxServer
    warehouse: str
    variables: dict[str, str]

    @property
    def yesterday(self) -> date:
        """The platforms' last closed day."""
        return self.sandbox.platform.clock.yesterday()

    def meltano(self, *words: str, **variables: str) -> str:
        """Run a command of Meltano as a worker would; return what it printed."""
        command = [self.root / ".venv/bin/meltano", "--environment", "sandbox", *words]
        return self._run(command, variables)

    def _run(self, command: Sequence[str | Path], variables: Mapping[str, str]) -> str:
        inherited = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        done = subprocess.run(
            command, cwd=self.root, env={**inherited, **self.variables, **variables},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def shard_state(self, *words: str) -> str:
        """Run the command that moves bookmarks; return what it printed."""
        script = Path(shard_state.__file__)
        where = ["--environment", "sandbox", "--project", str(self.root)]
        return self._run([sys.executable, script, *where, *words], {})

    def close_day(self) -> None:
        """Let the runs end at the platforms' last closed day, which is not this machine's."""
        line = f"TAP_OCEANENGINE_LOCAL_END_DATE={self.yesterday}\n"
        (self.root / ".env").write_text(line, "utf-8")

    def in_platform(self, days: int = 31) -> Rows:
        """The platform's own numbers of the last days."""
        source, last = self.sandbox.platform.oceanengine, self.yesterday
        names = [name for name in COLUMNS.values() if not name.startswith("local_account")]
        return {
            (row["stat_time_day"][:10], str(row["promotion_id"])): {
                name: str(row[name]) if name == "promotion_id" else row[name] for name in names
            }
            | {"local_account_id": str(account.id), "local_account_name": account.name}
            for account in source.accounts
            for row in source.truth(account.id, last - timedelta(days=days - 1), last)
        }

    def in_warehouse(self) -> Rows:
        """Every row of the warehouse; a key that stands twice fails.

        `version` is where PostgreSQL keeps it and the transaction that put it there.
        """
        query = "SELECT *, (xmin, ctid)::text AS version FROM oceanengine.promotion_report"
        with psycopg.connect(self.warehouse, row_factory=dict_row) as connection:
            found = connection.execute(query).fetchall()
        rows = {(str(row.pop("stat_time_day")), row["promotion_id"]): row for row in found}
        assert len(rows) == len(found)
        return rows

    def in_bitable(self, base: str = FEISHU_BASE) -> Rows:
        """Every row of a Bitable; a key that stands twice fails."""
        found = list(self.sandbox.platform.feishu.base(base).table(TABLE).rows())
        rows = {}
        for _, cells in found:
            day = datetime.fromtimestamp(cells["时间"] / 1000, SHANGHAI).date().isoformat()
            row = {name: cells[column] for column, name in COLUMNS.items()}
            rows[day, row["promotion_id"]] = row
        assert len(rows) == len(found)
        return rows

    def bookmarks(self) -> dict[str, dict[str, str]]:
        """Bookmark by account for each shard's state."""
        states = json.loads(self.meltano("state", "export"))
        return {
            key.removeprefix(f"{PIPELINE}:"): {
                one["context"]["local_account_id"]: one["replication_key_value"]
                for one in state["completed"]["singer_state"]["bookmarks"]["promotion_report"][
                    "partitions"
                ]
            }
            for key, state in states.items()
            if key.startswith(f"{PIPELINE}:")
        }
