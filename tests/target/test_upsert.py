from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

DAY = "2026-11-01"
PREDECESSOR = [
    {"field_name": "账户名称", "type": 1},
    {"field_name": "时间", "type": 1},
    {"field_name": "单元ID", "type": 1},
    {"field_name": "单元名称", "type": 1},
    {"field_name": "消耗(元)", "type": 1},
    {"field_name": "转化数", "type": 1},
    {"field_name": "项目状态", "type": 1},
]
PREDECESSOR_COLUMNS = {
    "day": "时间",
    "unit_id": "单元ID",
    "name": "单元名称",
    "cost": "消耗(元)",
    "clicks": "转化数",
}


def by_key(job, name="unit_id"):
    return {cells.get(name): cells for cells in job.cells()}


def sent_updates(job):
    return [
        record["fields"]
        for entry in job.requests.entries
        if entry.path.endswith("batch_update")
        for record in entry.body["records"]
    ]


def test_creates_what_is_missing_and_leaves_what_is_equal(job):
    job.make_table()
    rows = [job.row(DAY, unit) for unit in range(3)]
    first = job.load(*rows)
    again = job.load(*rows)
    assert (first.counts["created"], first.counts["updated"], first.counts["unchanged"]) == (
        3,
        0,
        0,
    )
    assert (again.counts["created"], again.counts["updated"], again.counts["unchanged"]) == (
        0,
        0,
        3,
    )
    assert again.summary["write_calls"] == 0
    assert job.cells() == rows


def test_sends_only_cells_that_differ_of_rows_that_differ(job):
    job.make_table()
    rows = [job.row(DAY, unit) for unit in range(3)]
    job.load(*rows)
    job.requests.clear()
    job.load(rows[0], rows[1] | {"cost": 9.75}, rows[2])
    assert sent_updates(job) == [{"cost": 9.75}]


def test_null_clears_and_an_absent_property_leaves_the_cell(job):
    job.make_table()
    job.load(job.row(DAY, 1), job.row(DAY, 2))
    absent = {k: v for k, v in job.row(DAY, 2).items() if k != "name"}
    job.load(job.row(DAY, 1, name=None), absent)
    assert "name" not in job.cells()[0]
    assert job.cells()[1]["name"] == "单元2"


def test_never_touches_what_people_wrote(job):
    table = job.make_table()
    table.add_field({"field_name": "备注", "type": 1})
    job.load(job.row(DAY, 1))
    record_id = table.rows()[0][0]
    table.set(record_id, {"备注": "看这里"})
    job.load(job.row(DAY, 1, cost=3.5))
    assert table.rows() == [(record_id, job.row(DAY, 1, cost=3.5) | {"备注": "看这里"})]


@pytest.mark.parametrize("batch_size_rows", [10_000, 1])
def test_the_last_of_a_key_wins_in_one_batch_and_over_batches(job, batch_size_rows):
    job.make_table()
    rows = [job.row(DAY, 1, cost=cost) for cost in (1.0, 2.0, 3.0)]
    outcome = job.load(*rows, batch_size_rows=batch_size_rows)
    assert job.cells() == [job.row(DAY, 1, cost=3.0)]
    assert outcome.counts["created"] == 1


def test_a_later_row_of_a_key_keeps_what_only_the_earlier_one_said(job):
    job.make_table()
    later = {"day": DAY, "unit_id": job.row(DAY, 1)["unit_id"], "clicks": 7}
    job.load(job.row(DAY, 1), later)
    assert job.cells() == [job.row(DAY, 1, clicks=7)]


def test_writes_into_the_predecessors_all_text_table(job):
    table = job.make_table(columns=PREDECESSOR)
    unit = job.row(DAY, 1)["unit_id"]
    table.add(
        [
            {
                "时间": DAY,
                "单元ID": [{"type": "text", "text": unit[:5]}, {"type": "text", "text": unit[5:]}],
            }
            | {"消耗(元)": "700.0", "转化数": "3", "单元名称": "甲", "账户名称": "手写"},
            {"单元名称": "测试"},
            {},
        ]
    )
    tables = {"promotion_report": {"columns": PREDECESSOR_COLUMNS}}
    same = job.load(job.row(DAY, 1, cost=700, clicks=3, name="甲"), tables=tables)
    assert same.summary["write_calls"] == 0
    job.load(job.row(DAY, 1, cost=118.36, clicks=4, name="甲"), tables=tables)
    assert len(job.cells()) == 3
    assert job.cells()[0] == {
        "时间": DAY,
        "单元ID": unit,
        "消耗(元)": "118.36",
        "转化数": "4",
        "单元名称": "甲",
        "账户名称": "手写",
    }
    created = job.load(job.row(DAY, 2, cost=0.5), tables=tables)
    assert created.counts["created"] == 1
    assert job.cells()[-1]["消耗(元)"] == "0.5"


def test_numbers_as_texts_are_the_same_key(job):
    table = job.make_table(columns=[{"field_name": "n", "type": 1}, {"field_name": "v", "type": 2}])
    table.add([{"n": "700.0", "v": 1}])
    schema = {"properties": {"n": {"type": "number"}, "v": {"type": "integer"}}}
    outcome = job.run(job.schema(schema=schema, keys=["n"]), job.record({"n": 700, "v": 2}))
    assert outcome.error is None
    assert job.cells() == [{"n": "700.0", "v": 2}]


def test_days_are_those_of_the_bases_zone(job):
    job.feishu.base().set(time_zone="America/New_York")
    columns = [{"field_name": "unit_id", "type": 1}, {"field_name": "day", "type": 5}]
    table = job.make_table(columns=columns)
    unit = job.row(DAY, 1)["unit_id"]
    table.add([{"unit_id": unit, "day": 1793577600000}])  # 2026-11-01 20:00 in New York
    outcome = job.load(job.row(DAY, 1), create_missing=True)
    assert outcome.counts["created"] == 0
    assert len(job.cells()) == 1


def test_keys_may_be_named_by_the_settings(job):
    job.make_table()
    tables = {"promotion_report": {"key": ["unit_id"]}}
    job.load(job.row(DAY, 1), tables=tables)
    job.load(job.row("2026-11-02", 1), tables=tables)
    assert job.cells() == [job.row("2026-11-02", 1)]


def test_a_column_is_found_by_its_id_after_a_rename(job):
    table = job.make_table()
    tables = {"promotion_report": {"columns": {"cost": table.field("cost").id}}}
    job.load(job.row(DAY, 1), tables=tables)
    table.rename_field("cost", "花费")
    job.load(job.row(DAY, 1, cost=5), tables=tables)
    assert job.cells()[0]["花费"] == 5
    assert "cost" not in job.cells()[0]


def test_formula_columns_are_left_alone_and_named_once(job):
    columns = [{"field_name": name, "type": 1} for name in ("unit_id", "day", "name")]
    formula = {"field_name": "cost", "type": 20, "property": {"formula_expression": "1+1"}}
    job.make_table(columns=[*columns, formula])
    outcome = job.load(job.row(DAY, 1), job.row(DAY, 2))
    assert outcome.log.count("never written") == 1
    assert "“cost”" in outcome.log


class TestDuplicatesInTheTable:
    def make(self, job):
        table = job.make_table()
        ids = table.add([job.row(DAY, 1, cost=1.0)])
        job.sandbox.platform.clock.advance(seconds=60)
        ids += table.add([job.row(DAY, 1, cost=2.0), job.row(DAY, 2)])
        return table, ids

    def test_the_oldest_row_gets_the_newest_numbers(self, job):
        job.feishu.switch(row_order="scattered")
        table, ids = self.make(job)
        outcome = job.load(job.row(DAY, 1, cost=9.0), job.row(DAY, 2))
        costs = {record_id: cells["cost"] for record_id, cells in table.rows()}
        assert [costs[one] for one in ids] == [9.0, 2.0, 2.5]
        assert outcome.counts["duplicates"] == 1
        assert "repeat the key" in outcome.log
        assert "check-duplicates" in outcome.log

    def test_fail_stops_before_the_first_write(self, job):
        self.make(job)
        outcome = job.run(
            job.schema(), job.record(job.row(DAY, 1, cost=9.0)), duplicate_rows="fail"
        )
        assert "duplicate_rows is fail" in str(outcome.error)
        assert job.requests.writes == 0

    def test_rows_that_are_not_asked_for_are_not_judged(self, job):
        self.make(job)
        assert job.load(job.row("2026-11-02", 2), duplicate_rows="fail").counts["created"] == 1


class TestWithoutKeys:
    def test_upsert_is_refused_with_a_way_out(self, job):
        job.make_table()
        outcome = job.run(job.schema(keys=[]), job.record(job.row(DAY, 1)))
        assert "tables.promotion_report.key" in str(outcome.error)
        assert "append-only" in str(outcome.error)
        assert job.requests.writes == 0

    @pytest.mark.parametrize("keys", [[], ["day", "unit_id"]])
    def test_append_only_writes_each_record(self, job, keys):
        job.make_table()
        rows = [job.row(DAY, 1), job.row(DAY, 1)]
        for _ in range(2):
            outcome = job.run(
                job.schema(keys=keys), *map(job.record, rows), load_method="append-only"
            )
        assert outcome.counts["created"] == 2
        assert outcome.counts["rows_in_table"] == 4
        assert len(job.cells()) == 4

    def test_append_only_counts_the_table_but_reads_no_rows(self, job):
        job.make_table([job.row(DAY, unit) for unit in range(600)])
        job.run(job.schema(), job.record(job.row(DAY, 1)), load_method="append-only")
        searches = [one for one in job.requests.entries if "search" in one.path]
        assert [one.query["page_size"] for one in searches] == ["1"]


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_key_is_an_error_that_names_the_row(job, empty):
    job.make_table()
    schema = {"properties": {"day": {"type": "string"}, "unit_id": {"type": ["string", "null"]}}}
    outcome = job.run(
        job.schema(schema=schema),
        job.record({"day": DAY, "unit_id": "1"}),
        job.state("before"),
        job.record({"day": DAY, "unit_id": empty}),
    )
    assert "unit_id" in str(outcome.error)
    assert f"day={DAY}" in str(outcome.error)
    assert [one["unit_id"] for one in job.cells()] == ["1"]
    assert outcome.states == ["before"]


def test_a_schema_change_adds_a_column_and_asks_for_nothing_twice(job):
    job.make_table([job.row(DAY, unit) for unit in range(3)])
    wider = {"properties": job.schema()["schema"]["properties"] | {"leads": {"type": "integer"}}}
    outcome = job.run(
        job.schema(),
        job.record(job.row(DAY, 0)),
        job.schema(schema=wider),
        job.record(job.row(DAY, 1) | {"leads": 4}),
        job.record(job.row(DAY, 0, cost=8)),
    )
    assert outcome.error is None
    assert job.cells()[1]["leads"] == 4
    assert job.cells()[0]["cost"] == 8
    assert job.requests.count("records/search") == 1


def test_rows_before_a_schema_change_are_written_before_those_after_it(job):
    job.make_table()
    wider = {"properties": job.schema()["schema"]["properties"] | {"leads": {"type": "integer"}}}
    job.run(
        job.schema(),
        job.record(job.row(DAY, 1, cost=1)),
        job.schema(schema=wider),
        job.record(job.row(DAY, 1, cost=2)),
        batch_size_rows=2,
    )
    assert [one["cost"] for one in job.cells()] == [2]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.one_of(st.none(), st.integers(-5, 5).map(lambda n: Decimal(n) / 4)),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_the_numbers_of_rows_are_of_their_first_record(rows):
    from target_feishu_bitable.plan import ABSENT, Row

    merged: dict[int, Row] = {}
    for number, (key, value, absent) in enumerate(rows):
        cell = ABSENT if absent else value
        row = Row(number, (key,), [cell])
        if key in merged:
            merged[key].overlay(row)
        else:
            merged[key] = row
    for key, group in itertools.groupby(
        sorted(enumerate(rows), key=lambda x: x[1][0]), lambda x: x[1][0]
    ):
        members = list(group)
        said = [value for _, (_, value, absent) in members if not absent]
        assert merged[key].number == members[0][0]
        assert merged[key].cells[0] == (said[-1] if said else ABSENT)
