from __future__ import annotations

import pytest

DAY = "2026-11-01"


def sizes(job, call="batch_create"):
    return [len(one.body["records"]) for one in job.requests.entries if one.path.endswith(call)]


def test_a_platform_that_takes_fewer_rows_a_call_is_asked_once_too_much(job):
    job.make_table()
    job.feishu.switch(batch_cap=500)
    outcome = job.load(*(job.row(DAY, unit) for unit in range(3_000)), rows_per_request=1_000)
    assert sizes(job) == [1_000] + [500] * 6
    assert len(job.table) == outcome.counts["created"] == 3_000
    assert outcome.slept == []


@pytest.mark.parametrize("keys", [["day", "unit_id"], []])
def test_a_trial_row_is_not_made_again_when_the_rest_is_halved(job, keys):
    job.make_table()
    job.feishu.app(advanced="manage")
    job.fail("batch_create", code=1254061, skip=1)
    how = {} if keys else {"load_method": "append-only"}
    lines = [job.record(job.row(DAY, unit)) for unit in range(8)]
    outcome = job.run(job.schema(keys=keys), *lines, **how)
    assert outcome.error is None
    assert sizes(job) == [1, 7, 3, 4]
    assert len(job.table) == outcome.counts["created"] == 8


def test_a_table_that_is_not_ready_is_looked_at_before_less_is_sent(job):
    job.make_table()
    job.fail("batch_create", kind="code_after", code=1254607)
    job.fail("batch_create", code=1254607, times=3)
    job.load(*(job.row(DAY, unit) for unit in range(10)))
    assert len(job.table) == 10


def test_a_timeout_again_and_again_makes_the_request_smaller(job):
    job.make_table()
    job.fail("batch_create", code=1255040, status=504, times=2)
    job.load(*(job.row(DAY, unit) for unit in range(10)))
    assert sizes(job) == [10, 10, 5, 5]
    assert len(job.table) == 10


def test_a_change_that_times_out_is_sent_in_halves(job):
    job.make_table()
    rows = [job.row(DAY, unit) for unit in range(10)]
    job.load(*rows)
    job.fail("batch_update", code=1255040, status=504, times=3)
    outcome = job.load(*(row | {"cost": 9.5} for row in rows))
    assert sizes(job, "batch_update") == [10, 10, 10, 5, 5]
    assert {one["cost"] for one in job.cells()} == {9.5}
    assert outcome.counts["updated"] == 10
