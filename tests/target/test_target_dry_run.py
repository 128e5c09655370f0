from __future__ import annotations

DAY = "2026-11-01"


def test_tells_what_would_be_created_changed_and_left(job):
    job.make_table([job.row(DAY, 1), job.row(DAY, 2)])
    outcome = job.run(
        job.schema(),
        job.record(job.row(DAY, 1)),
        job.record(job.row(DAY, 2, cost=9.5)),
        job.record(job.row(DAY, 3)),
        job.state(1),
        dry_run=True,
    )
    assert outcome.error is None
    assert "1 rows would be created, 1 updated, 1 are equal already" in outcome.log
    assert "cost: 2.5 → 9.5" in outcome.log
    assert outcome.states == []
    assert job.requests.writes == 0
    assert outcome.counts["created"] == outcome.counts["updated"] == 0


def test_rows_that_could_not_be_written_are_told_and_fail_the_dry_run(job):
    job.make_table()
    outcome = job.run(
        job.schema(),
        job.record({"day": DAY, "unit_id": ""}),
        job.record(job.row(DAY, 1, cost=2**53 + 1)),
        job.record(job.row(DAY, 2)),
        dry_run=True,
    )
    assert "2 rows are blocked" in str(outcome.error)
    assert outcome.log.count("Dry run, blocked:") == 2
    assert "1 rows would be created" in outcome.log
    assert job.requests.writes == 0


def test_a_row_that_is_blocked_before_a_new_schema_fails_the_dry_run_too(job):
    job.make_table()
    outcome = job.run(
        job.schema(),
        job.record({"day": DAY, "unit_id": ""}),
        job.schema(keys=["unit_id", "day"]),
        job.record(job.row(DAY, 2)),
        dry_run=True,
    )
    assert "1 rows are blocked" in str(outcome.error)


def test_columns_that_would_be_made_are_named(job):
    job.make_table(columns=[{"field_name": "unit_id", "type": 1}, {"field_name": "day", "type": 1}])
    outcome = job.run(job.schema(), job.record(job.row(DAY, 1)), dry_run=True)
    for name in ("name", "cost", "clicks"):
        assert f"the column {name!r} would be created" in outcome.log
    assert len(job.table.fields) == 2


def test_a_line_that_can_not_be_read_is_not_repeated_in_the_log(job):
    job.make_table()
    outcome = job.run(job.schema(), '{"phone": 13800000000', job.record(job.row(DAY, 1)))
    assert outcome.error is not None
    assert "13800000000" not in outcome.log + str(outcome.error)


def test_a_record_that_breaks_its_schema_is_named_without_its_values(job):
    job.make_table()
    outcome = job.run(
        job.schema(),
        job.record(job.row(DAY, 1)),
        job.state("before"),
        job.record(job.row(DAY, 2, name=["13800000000"])),
    )
    assert "name" in str(outcome.error)
    assert "13800000000" not in outcome.log + str(outcome.error)
    assert outcome.states == ["before"]
    assert len(job.cells()) == 1


def test_properties_outside_the_schema_are_said_once_and_not_written(job):
    job.make_table()
    outcome = job.load(job.row(DAY, 1, extra="x"), job.row(DAY, 2, extra="y"))
    assert outcome.log.count("not in its schema") == 1
    assert "extra" not in job.cells()[0]


def test_the_address_is_told_at_the_start(job):
    job.make_table()
    assert f"Writing to {job.sandbox.url}" in job.load(job.row(DAY, 1)).log


def test_a_row_count_near_the_limit_is_a_warning_with_the_days_left(job):
    job.make_table(job.row(f"2026-10-{one:02d}", unit) for one in range(1, 31) for unit in range(3))
    tables = {"promotion_report": {"date": "day"}}
    new = [job.row(f"2026-11-{one:02d}", unit) for one in (1, 2) for unit in range(3)]
    outcome = job.load(*new, tables=tables, row_limit=120)
    assert "96 of 120 rows" in outcome.log
    assert "3 rows a day it is full in 8 days" in outcome.log
    assert "120 rows" not in job.load(*new, tables=tables, row_limit=121).log


def test_a_key_that_comes_again_in_a_later_batch_is_told_once(job):
    job.make_table([job.row(DAY, 1)])
    outcome = job.run(
        job.schema(),
        job.record(job.row(DAY, 1, cost=9.5)),
        job.record(job.row(DAY, 2)),
        job.record(job.row(DAY, 1, cost=9.5)),
        job.record(job.row(DAY, 2)),
        dry_run=True,
        batch_size_rows=2,
    )
    assert "1 rows would be created, 1 updated, 0 are equal already" in outcome.log
    assert "0 rows would be created, 0 updated, 2 are equal already" in outcome.log
    assert (outcome.counts["would_create"], outcome.counts["would_update"]) == (1, 1)
    assert outcome.counts["rows_in_table"] == 1
    assert job.requests.writes == 0


def test_records_that_do_not_fit_their_schema_are_blocked_too(job):
    job.make_table()
    outcome = job.run(
        job.schema(),
        job.record(job.row(DAY, 1, clicks="many")),
        job.record(job.row(DAY, 2)),
        dry_run=True,
    )
    assert "1 rows are blocked" in str(outcome.error)
    assert "1 rows would be created" in outcome.log
    assert f"day={DAY}, unit_id=76{1:017d}" in outcome.log
    assert "many" not in outcome.log
