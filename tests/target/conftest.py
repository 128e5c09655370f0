from __future__ import annotations

import io
import json
import logging
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from platform_sandbox import Fault, Switches
from platform_sandbox.defaults import FEISHU_APP_ID, FEISHU_APP_SECRET, FEISHU_BASE
from platform_sandbox.testing import SandboxServer
from target_feishu_bitable.target import TargetFeishuBitable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

TEXT, NUMBER, DATE = 1, 2, 5
STREAM = "promotion_report"
SCHEMA: dict[str, Any] = {
    "properties": {
        "day": {"type": "string", "format": "date"},
        "unit_id": {"type": "string"},
        "name": {"type": ["string", "null"]},
        "cost": {"type": ["number", "null"]},
        "clicks": {"type": ["integer", "null"]},
    }
}
KEYS = ["day", "unit_id"]
COLUMNS = [
    {"field_name": "unit_id", "type": TEXT},
    {"field_name": "day", "type": TEXT},
    {"field_name": "name", "type": TEXT},
    {"field_name": "cost", "type": NUMBER, "property": {"formatter": "0.00"}},
    {"field_name": "clicks", "type": NUMBER, "property": {"formatter": "0"}},
]


@dataclass
class Outcome:
    """What one run left behind."""

    states: list[Any] = field(default_factory=list)
    error: BaseException | None = None
    slept: list[float] = field(default_factory=list)
    records: list[logging.LogRecord] = field(default_factory=list)

    @property
    def log(self) -> str:
        return "\n".join(record.getMessage() for record in self.records)

    @property
    def summary(self) -> dict[str, Any]:
        return next(
            record.summary for record in self.records if record.getMessage() == "run summary"
        )

    @property
    def counts(self) -> dict[str, Any]:
        return self.summary["streams"][STREAM]


class Job:
    """Runs the target in this process against the sandbox, with time that passes at once."""

    def __init__(self, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture) -> None:
        self.sandbox = sandbox
        self.caplog = caplog
        self.settings: dict[str, Any] = {
            "app_id": FEISHU_APP_ID,
            "app_secret": FEISHU_APP_SECRET,
            "bitable": FEISHU_BASE,
            "api_url": sandbox.url,
            "table": "日报",
        }

    @staticmethod
    def schema(
        stream: str = STREAM,
        schema: Mapping[str, Any] = SCHEMA,
        keys: Sequence[str] | None = KEYS,
    ) -> dict[str, Any]:
        return {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": keys}

    @staticmethod
    def record(row: Mapping[str, Any], stream: str = STREAM) -> dict[str, Any]:
        return {"type": "RECORD", "stream": stream, "record": row}

    @staticmethod
    def state(value: Any) -> dict[str, Any]:
        return {"type": "STATE", "value": {"bookmarks": value}}

    @staticmethod
    def row(day: str, unit: int, **changes: Any) -> dict[str, Any]:
        row = {"day": day, "unit_id": f"76{unit:017d}", "name": f"单元{unit}"}
        return row | {"cost": round(unit * 1.25, 2), "clicks": unit % 70} | changes

    @property
    def feishu(self) -> Any:
        return self.sandbox.platform.feishu

    @property
    def requests(self) -> Any:
        return self.sandbox.platform.requests

    def fail(self, path: str, **fault: Any) -> None:
        self.sandbox.platform.faults.add(Fault(path=path, **fault))

    def make_table(
        self,
        rows: Iterable[Mapping[str, Any]] = (),
        columns: Sequence[Mapping[str, Any]] = COLUMNS,
        name: str = "日报",
    ) -> Any:
        table = self.feishu.base().create_table(name, columns)
        table.add(rows)
        self.requests.clear()
        return table

    @property
    def table(self) -> Any:
        return self.feishu.base().table("日报")

    def cells(self) -> list[dict[str, Any]]:
        return [cells for _, cells in self.table.rows()]

    def run(self, *lines: Mapping[str, Any] | str, **settings: Any) -> Outcome:
        outcome = Outcome()
        elapsed = self.sandbox.platform.clock

        class Quick(TargetFeishuBitable):
            @staticmethod
            def sleep(seconds: float) -> None:
                outcome.slept.append(seconds)
                elapsed.advance(seconds=seconds)

        text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
        out = io.StringIO()
        self.caplog.clear()
        self.caplog.set_level(logging.INFO)
        try:
            with redirect_stdout(out):
                Quick(config=self.settings | settings).listen(io.StringIO(text))
        except (Exception, SystemExit) as error:  # noqa: BLE001  the test judges it
            outcome.error = error
        outcome.states = [
            json.loads(line)["bookmarks"] for line in out.getvalue().splitlines() if line
        ]
        outcome.records = list(self.caplog.records)
        return outcome

    def load(self, *rows: Mapping[str, Any], **settings: Any) -> Outcome:
        """Run with one stream of rows, and a state at the end; it must succeed."""
        lines = [self.record(row) for row in rows]
        outcome = self.run(self.schema(), *lines, self.state(len(rows)), **settings)
        if outcome.error is not None:
            raise outcome.error
        return outcome


@pytest.fixture(autouse=True)
def state_directory(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(scope="session")
def feishu_server() -> Iterator[SandboxServer]:
    with SandboxServer(switches=Switches(write_latency_ms=0)) as server:
        yield server


@pytest.fixture
def job(feishu_server: SandboxServer, caplog: pytest.LogCaptureFixture) -> Job:
    platform = feishu_server.platform
    platform.reset()
    platform.faults.clear()
    platform.requests.clear()
    platform.services.switches.change({"feishu": type(platform.feishu.switches)()})
    return Job(feishu_server, caplog)
