from __future__ import annotations

from datetime import date, timedelta

import pytest

FIRST = date(2025, 1, 1)


def day(number):
    return (FIRST + timedelta(days=number)).isoformat()


def searches(job):
    return [one for one in job.requests.entries if one.path.endswith("/search")]


def filtered(job):
    return [one for one in searches(job) if "filter" in one.body]


@pytest.fixture
def grown(job):
    """40 days of 100 rows, day by day."""
    job.make_table(job.row(day(one), unit) for one in range(40) for unit in range(100))
    job.requests.clear()
    return job


def test_only_the_rows_that_are_needed_are_read(grown):
    outcome = grown.load(*(grown.row(day(39), unit) for unit in range(100)))
    assert outcome.counts["unchanged"] == 100
    assert len(searches(grown)) == 3
    assert filtered(grown)[1].body["filter"]["conditions"] == [
        {"field_name": "day", "operator": "is", "value": [day(39)]}
    ]


def test_only_the_columns_that_are_needed_are_read(grown):
    grown.table.add_field({"field_name": "备注", "type": 1})
    grown.load(grown.row(day(39), 1), tables={"promotion_report": {"columns": {"clicks": False}}})
    for one in searches(grown):
        assert one.body["field_names"] == ["day", "unit_id", "name", "cost"]


@pytest.mark.parametrize("code", [1254018, 1254107, 99992402])
@pytest.mark.parametrize("skip", [1, 2])
def test_a_filter_that_is_refused_is_replaced_by_a_scan(grown, code, skip):
    grown.fail("/search", code=code, skip=skip)
    outcome = grown.load(*(grown.row(day(39), unit) for unit in range(101)))
    assert (outcome.counts["unchanged"], outcome.counts["created"]) == (100, 1)
    assert len(searches(grown)) == 1 + skip + 7
    assert "without a filter" in outcome.log


def test_a_filter_that_misses_rows_that_were_seen_is_not_believed(grown, monkeypatch):
    from target_feishu_bitable.client import BitableClient, Page

    ask = BitableClient.search_page

    def blind(self, table_id, search, **more):
        if "filter" in search:
            return Page([], 0, None)
        return ask(self, table_id, search, **more)

    monkeypatch.setattr(BitableClient, "search_page", blind)
    outcome = grown.load(*(grown.row(day(0), unit) for unit in range(100)))
    assert (outcome.counts["unchanged"], outcome.counts["created"]) == (100, 0)
    assert "reading all" in outcome.log


def test_a_wrong_guess_is_corrected_after_one_call(job):
    # Page 1 is a corner with one row a day; behind it, one day holds nearly everything.
    rows = [job.row(day(one), 1) for one in range(500)]
    rows += [job.row(day(600), unit) for unit in range(2_500)]
    job.make_table(rows)
    asked = [job.row(day(one), 1) for one in (600, 700, 800, 900)]
    job.load(*asked)
    assert len(filtered(job)) <= 1 + 5
    assert len(searches(job)) <= 1 + 6 + 1


@pytest.mark.parametrize("order", ["created", "scattered"])
def test_nothing_is_asked_twice_over_batches_and_states(grown, order):
    grown.feishu.switch(row_order=order)
    rows = [grown.row(day(one), unit) for one in (38, 39) for unit in range(100)]
    lines = [grown.schema()]
    for number, row in enumerate(rows):
        lines += [grown.record(row), grown.state(number)]
    outcome = grown.run(*lines, batch_size_rows=20, checkpoint_seconds=0)
    assert outcome.counts["unchanged"] == 200
    asked = [
        condition["value"][0]
        for one in filtered(grown)
        for condition in one.body["filter"]["conditions"]
    ]
    assert len(asked) == len(set(asked))


def test_rows_made_in_this_run_are_known_although_replicas_lag(job):
    job.make_table()
    job.feishu.switch(replica_lag_seconds=3_600)
    row = job.row(day(1), 1)
    outcome = job.run(
        job.schema(), job.record(row), job.state(1), job.record(row), checkpoint_seconds=0
    )
    assert outcome.counts["unchanged"] == 1
    assert len(job.cells()) == 1


def test_a_change_to_a_row_made_just_now_is_waited_for(job):
    job.make_table()
    job.feishu.switch(replica_lag_seconds=14)
    row = job.row(day(1), 1)
    outcome = job.run(
        job.schema(),
        job.record(row),
        job.state(1),
        job.record(row | {"cost": 5}),
        job.state(2),
        checkpoint_seconds=0,
    )
    assert outcome.error is None
    assert job.cells() == [row | {"cost": 5}]
    assert outcome.slept


def test_the_date_column_of_a_table_is_asked_by_range(job):
    columns = [
        {"field_name": "unit_id", "type": 1},
        {"field_name": "day", "type": 5},
        {"field_name": "cost", "type": 2},
    ]
    rows = (
        {"unit_id": f"76{unit:017d}", "day": FIRST + timedelta(days=one), "cost": 1}
        for one in range(60)
        for unit in range(50)
    )
    job.make_table(rows, columns=columns)
    columns = {"name": False, "clicks": False}
    asked = [job.row(day(one), 1, cost=1) for one in (10, 11, 12, 50, 51)]
    outcome = job.load(*asked, tables={"promotion_report": {"columns": columns}})
    assert outcome.counts["unchanged"] == 5
    (one,) = filtered(job)
    assert [len(child["conditions"]) for child in one.body["filter"]["children"]] == [2, 2]


def test_more_columns_than_a_search_can_name_are_read_as_a_whole(job):
    many = {f"p{number}": {"type": "integer"} for number in range(205)}
    schema = {"properties": {"id": {"type": "string"}} | many}
    row = {"id": "1"} | dict.fromkeys(many, 5)
    for _ in range(2):
        outcome = job.run(job.schema(schema=schema, keys=["id"]), job.record(row))
        assert outcome.error is None
    assert outcome.counts["unchanged"] == 1


def test_options_that_are_numbers_are_found_in_every_spelling(job):
    fields = [{"field_name": "name", "type": 1}, {"field_name": "id", "type": 3}]
    job.make_table([{"id": f"{number}.0"} for number in range(2_000)], columns=fields)
    shape = {"id": {"type": "integer"}, "name": {"type": "string"}}
    schema = job.schema() | {
        "schema": {"type": "object", "properties": shape},
        "key_properties": ["id"],
    }
    record = {"type": "RECORD", "stream": schema["stream"], "record": {"id": 1_999, "name": "x"}}

    outcome = job.run(schema, record)

    assert outcome.error is None
    assert (outcome.counts["created"], outcome.counts["updated"]) == (0, 1)


def test_a_filtered_page_that_is_too_large_is_asked_for_in_halves(grown):
    grown.fail("/search", code=1254030, skip=2)
    outcome = grown.load(*(grown.row(day(39), unit) for unit in range(100)))
    assert outcome.counts["unchanged"] == 100
