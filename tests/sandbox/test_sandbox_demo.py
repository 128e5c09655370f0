"""The demo believes nothing: each promise that a job breaks ends it with words."""

from __future__ import annotations

import datetime as dt
import sys

import pytest

from platform_sandbox import demo
from platform_sandbox.demo import COLUMNS, DAYS, TABLE, Demo, DemoError, Sandbox, walk

TEXTS = ("单元ID", "账户ID", "账户名称", "单元名称")
FIELDS = [
    {"field_name": "时间", "type": 5},
    *({"field_name": name, "type": 1} for name in TEXTS),
    *({"field_name": name, "type": 2} for name in COLUMNS.values() if name not in TEXTS),
]


class Job:
    """Stands in for the real job: copies the platform's report into the table.

    Attributes:
        spoils: run number → what goes wrong with the row that comes first.
    """

    def __init__(self, server) -> None:
        self._server = server
        self.runs = 0
        self.spoils: dict[int, str] = {}

    def walks(self):
        """The job in the form of the demo's own method."""

        def run(walker: Demo, last: dt.date) -> None:
            self.runs += 1
            self._copy(wanted(walker, last))

        return run

    def _copy(self, rows) -> None:
        base = self._server.platform.feishu.base()
        if all(table.name != TABLE for table in base.tables):
            base.create_table(TABLE, FIELDS)
        table = base.table(TABLE)
        there = {
            (day_of(row["时间"]), row["单元ID"]): (record, row) for record, row in table.rows()
        }
        for (day, unit), source in rows.items():
            cells = {column: rounded(name, source[name]) for name, column in COLUMNS.items()}
            record, old = there.get((day, unit), (None, {}))
            changed = {name: value for name, value in cells.items() if old.get(name) != value}
            if record is None:
                table.add([{"时间": dt.date.fromisoformat(day), "单元ID": unit, **cells}])
            elif changed:
                table.set(record, changed)
        self._spoil(table, self.spoils.get(self.runs))

    def _spoil(self, table, how) -> None:
        record, row = table.rows()[0]
        if how == "leaves out":
            table.delete([record])
        elif how == "repeats":
            again = {name: value for name, value in row.items() if name != "时间"}
            table.add([{"时间": dt.date.fromisoformat(day_of(row["时间"])), **again}])
        elif how == "miscounts":
            table.set(record, {"展示次数": row["展示次数"] + 1})


def day_of(instant: int) -> str:
    return dt.datetime.fromtimestamp(instant / 1000, demo.SHANGHAI).date().isoformat()


def rounded(name: str, value):
    if name.endswith("_id"):
        return str(value)
    return round(value + 1e-9, 2) if isinstance(value, float) else value


def wanted(walker: Demo, last: dt.date):
    return walker.sandbox.truth(last - dt.timedelta(days=DAYS - 1), last)


@pytest.fixture
def job(sandbox, monkeypatch):
    stand_in = Job(sandbox)
    monkeypatch.setattr(Demo, "_meltano_run", stand_in.walks())
    return stand_in


def test_demo_tells_the_story_of_a_job_that_keeps_every_promise(sandbox, job, tmp_path, capsys):
    walk(Sandbox(sandbox.url), tmp_path)
    said = capsys.readouterr().out
    assert job.runs == 3
    assert said.count("equals the platform's number") == 3
    assert "0 created, 0 updated, 0 write calls." in said
    assert "All of it holds." in said


@pytest.mark.parametrize(
    ("spoils", "words"),
    [
        ({1: "leaves out"}, "1 rows are not in the table"),
        ({1: "repeats"}, "stands in the table twice"),
        ({1: "miscounts"}, "展示次数 is .* in the table and .* on the platform"),
        ({2: "leaves out"}, "1 rows have gone from the table"),
    ],
)
def test_demo_stops_with_words_at_a_broken_promise(sandbox, job, tmp_path, spoils, words):
    job.spoils = spoils
    with pytest.raises(DemoError, match=words):
        walk(Sandbox(sandbox.url), tmp_path)
    assert job.runs == max(spoils)


def test_demo_of_a_job_that_fails_names_its_log(sandbox, tmp_path, monkeypatch):
    (tmp_path / "project" / ".sandbox").mkdir(parents=True)
    program = tmp_path / "meltano"
    program.write_text("#!/bin/sh\necho no such environment\nexit 3\n")
    program.chmod(0o700)
    monkeypatch.setattr(demo.sys, "executable", str(tmp_path / "python"))
    log = tmp_path / "project" / ".sandbox" / "demo.log"
    with pytest.raises(DemoError, match=rf"exit code 3; its log: {log}"):
        Demo(Sandbox(sandbox.url), tmp_path / "project").run_pipeline()
    assert log.read_text() == "no such environment\n"


def programs(folder, monkeypatch, exit_code):
    program = folder / "platform-sandbox"
    program.write_text(f"#!/bin/sh\nexit {exit_code}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))


def test_demo_without_a_sandbox_ends_with_1(tmp_path, monkeypatch):
    programs(tmp_path, monkeypatch, 1)
    assert demo.main(["--project", str(tmp_path)]) == 1


def test_demo_with_a_broken_promise_ends_with_1_and_says_which(
    sandbox, job, tmp_path, monkeypatch, capsys
):
    job.spoils = {1: "repeats"}
    programs(tmp_path, monkeypatch, 0)
    port = sandbox.url.rpartition(":")[2]
    assert demo.main(["--project", str(tmp_path), "--port", port]) == 1
    assert "Not so: " in capsys.readouterr().err
