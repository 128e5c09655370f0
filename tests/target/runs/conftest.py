"""A base on localhost, and a way to feed the target from a list of messages."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import signal
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

import target_feishu_bitable
from platform_sandbox import Fault
from platform_sandbox.defaults import FEISHU_APP_ID, FEISHU_APP_SECRET, FEISHU_BASE
from platform_sandbox.testing import SandboxServer
from target_feishu_bitable.errors import TargetError
from target_feishu_bitable.target import TargetFeishuBitable

STREAM = "report"
KEYS = ("day", "unit")
PROPERTIES = {
    "day": {"type": "string", "format": "date", "title": "时间"},
    "unit": {"type": "string", "title": "单元ID"},
    "name": {"type": ["string", "null"], "title": "单元名称"},
    "cost": {"type": ["number", "null"], "title": "消耗(元)"},
    "clicks": {"type": ["integer", "null"], "title": "点击次数"},
}
FIELDS = (
    {"field_name": "unit", "type": 1},
    {"field_name": "day", "type": 5},
    {"field_name": "name", "type": 1},
    {"field_name": "cost", "type": 2},
    {"field_name": "clicks", "type": 2},
)
WRITES = ("batch_create", "batch_update", "batch_delete")


def schema(properties=None, keys=KEYS, stream=STREAM):
    shape = {"type": "object", "properties": dict(properties or PROPERTIES)}
    return {"type": "SCHEMA", "stream": stream, "schema": shape, "key_properties": list(keys)}


def record(stream=STREAM, **values):
    return {"type": "RECORD", "stream": stream, "record": values}


def state(value):
    return {"type": "STATE", "value": {"bookmark": value}}


def rows(count, start=0, *, days=1, first=date(2026, 2, 1), **values):
    """RECORD messages, spread over days in turn."""
    return [
        record(
            day=(first + timedelta(days=number % days)).isoformat(),
            unit=f"76044184249{number:08d}",
            **({"name": f"单元{number}", "cost": number + 0.25, "clicks": number} | values),
        )
        for number in range(start, start + count)
    ]


def millis(day):
    """A day's midnight in China, as a date cell holds it."""
    return int(datetime.fromisoformat(f"{day}T00:00:00+08:00").timestamp() * 1000)


def units_of(messages):
    return sorted(one["record"]["unit"] for one in messages if one["type"] == "RECORD")


def lines(messages):
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in messages)


@dataclass
class Outcome:
    """What a run left behind besides the table: states, the failure, log, summary, waits."""

    states: list[Any]
    error: Exception | None
    summary: dict[str, Any] | None
    log: list[str]
    waits: list[float] = field(default_factory=list)

    @property
    def bookmarks(self):
        return [one["bookmark"] for one in self.states]

    @property
    def text(self):
        return str(self.error)

    def of(self, stream=STREAM):
        return self.summary["streams"][stream]

    def ok(self):
        if self.error is not None:
            raise self.error
        return self


class Kept(logging.Handler):
    def __init__(self):
        super().__init__(logging.INFO)
        self.records = []

    def emit(self, record):
        self.records.append(record)


@contextlib.contextmanager
def kept_log():
    handler = Kept()
    names = (TargetFeishuBitable.name, target_feishu_bitable.__name__)
    loggers = [logging.getLogger(name) for name in names]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.addHandler(handler)
        one.setLevel(logging.INFO)
    try:
        yield handler.records
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.removeHandler(handler)
            one.setLevel(level)


class Waits:
    """A sleep that moves the sandbox's clock instead."""

    def __init__(self, clock):
        self.clock = clock
        self.seconds = []

    def __call__(self, seconds):
        self.seconds.append(seconds)
        self.clock.advance(seconds=seconds)


class Calls:
    """What the sandbox was asked for since the last look."""

    def __init__(self, platform):
        self.platform = platform
        platform.requests.clear()

    def count(self, path="", method=None):
        return self.platform.requests.count(path, half="feishu", method=method)

    @property
    def by_kind(self):
        """Calls by the last part of their path."""
        entries = self.platform.requests.entries
        return Counter(one.path.rstrip("/").rpartition("/")[2] for one in entries)

    @property
    def writes(self):
        return sum(self.count(path) for path in WRITES)

    @property
    def others(self):
        return self.count() - self.writes

    def bodies(self, path):
        entries = self.platform.requests.entries
        return [one.body for one in entries if one.path.endswith(path)]

    def sent(self, path):
        """The rows of all write calls to a path, in order."""
        return [row for body in self.bodies(path) for row in body["records"]]

    def clear(self):
        self.platform.requests.clear()


@pytest.fixture(scope="session")
def target_sandbox():
    with SandboxServer() as server:
        yield server


@pytest.fixture
def sandbox(target_sandbox, tmp_path, monkeypatch):
    target_sandbox.platform.reset()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return target_sandbox


@pytest.fixture
def platform(sandbox):
    return sandbox.platform


@pytest.fixture
def base(platform):
    return platform.feishu.base()


@pytest.fixture
def calls(platform):
    return Calls(platform)


@pytest.fixture
def config(sandbox):
    return {
        "app_id": FEISHU_APP_ID,
        "app_secret": FEISHU_APP_SECRET,
        "bitable": FEISHU_BASE,
        "table": "日报",
        "api_url": sandbox.url,
        "checkpoint_seconds": 86_400,
    }


@pytest.fixture
def table(base):
    """An empty table with the columns of the stream."""
    return base.create_table("日报", FIELDS)


@pytest.fixture
def signals():
    """Handlers of the test run, brought back after a target has set its own."""
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.fixture
def waits(platform, monkeypatch):
    seconds = Waits(platform.clock)
    monkeypatch.setattr(TargetFeishuBitable, "sleep", staticmethod(seconds))
    return seconds


@pytest.fixture
def feed(config, waits, signals):
    """Run the target on messages; returns an Outcome, whatever happened."""

    def run(*messages, **changes):
        waits.seconds = []
        given = config | changes
        given = {name: value for name, value in given.items() if value is not None}
        error, out = None, io.StringIO()
        with kept_log() as records, contextlib.redirect_stdout(out):
            try:
                target = TargetFeishuBitable(config=given)
                target.listen(io.StringIO(lines(messages)))
            except (TargetError, ConfigValidationError) as failure:
                error = failure
        summary = [one.summary for one in records if one.getMessage() == "run summary"]
        return Outcome(
            states=[json.loads(line) for line in out.getvalue().splitlines()],
            error=error,
            summary=summary[-1] if summary else None,
            log=[one.getMessage() for one in records],
            waits=waits.seconds,
        )

    return run


@pytest.fixture
def stored(base):
    """Plain values of a table's rows, oldest first."""

    def of(name="日报"):
        return [values for _, values in base.table(name).rows()]

    return of


@pytest.fixture
def units(stored):
    """The table's units, in order, copies kept."""
    return lambda: sorted(row["unit"] for row in stored())


@pytest.fixture
def fail(platform):
    """Plan a failure."""

    def plan(path, **fault):
        platform.faults.add(Fault(path=path, **fault))

    return plan


@pytest.fixture
def say():
    """Singer messages: say.schema(), say.record(), say.rows(), say.state()."""
    return SimpleNamespace(
        schema=schema,
        record=record,
        rows=rows,
        state=state,
        lines=lines,
        units=units_of,
        properties=PROPERTIES,
        fields=FIELDS,
        day=millis,
    )
