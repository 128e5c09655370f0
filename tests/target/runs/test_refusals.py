"""What the platform refuses for good: the run says which row, cell or right, and what to do."""

from __future__ import annotations

import pytest

from platform_sandbox.feishu import cells
from platform_sandbox.feishu.codes import Refused
from target_feishu_bitable.client import BitableClient

POISON = "毒"
TEXT = 1
CREATE = "records/batch_create"
pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture(autouse=True)
def picky(monkeypatch):
    """A platform that refuses one text, for a reason that no client can know."""
    as_before = cells.CONVERTERS[TEXT]

    def text(value, *more):
        if value == POISON:
            raise Refused(1254060)
        return as_before(value, *more)

    monkeypatch.setitem(cells.CONVERTERS, TEXT, text)


@pytest.mark.parametrize("place", [0, 1, 777, 1_199])
def test_rows_before_a_refused_new_one_are_stored(feed, say, units, place):
    rows = say.rows(1_200)
    rows[place]["record"]["name"] = POISON
    messages = [say.schema()]
    for number, one in enumerate(rows):
        messages += [one, say.state(number + 1)]

    outcome = feed(*messages)

    assert units() == say.units(rows[:place])
    assert outcome.bookmarks == ([place] if place else [])
    unit = rows[place]["record"]["unit"]
    key = f"day=2026-02-01, unit={unit}"
    for word in ("report", key, "“name”", "a text of", "1254060", "log id"):
        assert word in outcome.text
    assert POISON not in outcome.text
    assert "“cost”" not in outcome.text
    assert outcome.of()["created"] == place


@pytest.mark.parametrize("place", [0, 1, 777, 1_199])
def test_rows_before_a_refused_change_are_stored(feed, say, table, place):
    rows = say.rows(1_200)
    feed(say.schema(), *rows).ok()
    for one in rows:
        one["record"]["cost"] = 9.5
    rows[place]["record"]["name"] = POISON

    outcome = feed(
        say.schema(), *rows[:place], say.state(1), *rows[place:], *say.rows(5, 2_000), say.state(2)
    )

    costs = {values["unit"]: values["cost"] for _, values in table.rows()}
    before = set(say.units(rows[:place]))
    assert all(cost == 9.5 for unit, cost in costs.items() if unit in before)
    assert costs[rows[place]["record"]["unit"]] != 9.5
    assert outcome.bookmarks == [1]
    assert "“name” (a text of" in outcome.text


def test_the_first_of_two_refused_rows_is_named(feed, say):
    rows = say.rows(100)
    feed(say.schema(), *rows[:50]).ok()
    rows[20]["record"]["name"] = rows[70]["record"]["name"] = POISON

    outcome = feed(say.schema(), *rows[20:], *rows[:20])

    assert rows[20]["record"]["unit"] in outcome.text


def test_rows_of_other_streams_before_a_refused_one_are_stored(feed, say, stored):
    shape = {"id": {"type": "integer"}, "note": {"type": "string"}}
    notes = [say.record("notes", id=number, note="好") for number in range(3)]
    bad = say.rows(1, name=POISON)

    outcome = feed(
        say.schema(),
        say.schema(shape, ["id"], "notes"),
        *say.rows(2, 5),
        *notes,
        say.state(1),
        *bad,
        say.state(2),
        table=None,
        tables={"report": {"table": "日报"}},
    )

    assert len(stored("notes")) == 3
    assert len(stored()) == 2
    assert outcome.bookmarks == [1]


def test_a_state_between_two_versions_of_a_refused_row_is_not_emitted(feed, say):
    (first,), (second,) = say.rows(1), say.rows(1, name=POISON)

    outcome = feed(say.schema(), first, say.state(1), second, say.state(2))

    assert outcome.states == []
    assert "“name”" in outcome.text


def test_a_value_that_fits_no_cell_stops_before_it(feed, say, units):
    rows = say.rows(5)
    rows[3]["record"]["clicks"] = 2**60

    outcome = feed(say.schema(), *rows[:3], say.state(1), *rows[3:], say.state(2))

    assert units() == say.units(rows[:3])
    assert outcome.bookmarks == [1]
    for word in ("report", rows[3]["record"]["unit"], "clicks"):
        assert word in outcome.text


def test_a_record_against_its_schema_stops_before_it(feed, say, units):
    rows = say.rows(5)
    rows[3]["record"]["cost"] = "much"

    outcome = feed(say.schema(), *rows[:3], say.state(1), *rows[3:], say.state(2))

    assert units() == say.units(rows[:3])
    assert outcome.bookmarks == [1]
    assert "cost" in outcome.text
    assert "schema" in outcome.text


@pytest.mark.parametrize("code", [1254103, 1254306])
def test_a_full_table_is_told_with_what_to_do(feed, say, units, platform, code):
    platform.feishu.switch(row_limit=700, row_limit_code=code)
    rows = say.rows(1_000)

    outcome = feed(say.schema(), *rows, say.state(1))

    assert units() == say.units(rows[:500])
    assert outcome.states == []
    assert str(code) in outcome.text
    assert "Archive" in outcome.text
    assert outcome.of()["created"] == 500


def test_a_table_that_fills_up_is_told_early(feed, say):
    tables = {"report": {"table": "日报", "date": "day"}}

    outcome = feed(say.schema(), *say.rows(90, days=9), row_limit=100, tables=tables).ok()

    (warning,) = [line for line in outcome.log if "row_limit" in line]
    assert "90 of 100" in warning
    assert "full in 1 days" in warning


def test_a_table_that_hides_the_apps_rows_gets_none(feed, say, table, platform, calls):
    platform.feishu.app(advanced="blind")

    outcome = feed(say.schema(), *say.rows(10), say.state(1))

    assert table.rows() == []
    assert [len(body["records"]) for body in calls.bodies("batch_create")] == [1]
    assert [len(body["records"]) for body in calls.bodies("batch_delete")] == [1]
    assert "可管理" in outcome.text
    assert outcome.states == []


def test_a_table_with_advanced_permission_may_lag(feed, say, units, platform, calls):
    platform.feishu.app(advanced="manage")
    platform.feishu.switch(replica_lag_seconds=5)
    rows = say.rows(1_000)

    outcome = feed(say.schema(), *rows, say.state(1)).ok()

    assert units() == say.units(rows)
    assert calls.writes == 3
    assert outcome.of()["created"] == outcome.of()["rows_in_table"] == 1_000
    assert outcome.bookmarks == [1]


def test_a_trial_row_that_a_person_changes_at_once_is_seen(feed, say, table, platform, monkeypatch):
    platform.feishu.app(advanced="manage")
    rows = say.rows(10)
    create = BitableClient.batch_create

    def changed(self, *args, **options):
        made = create(self, *args, **options)
        if len(table) == 1:
            table.set(table.rows()[0][0], {"day": None})
        return made

    monkeypatch.setattr(BitableClient, "batch_create", changed)

    feed(say.schema(), *rows, say.state(1)).ok()

    assert len(table) == 10
    assert platform.requests.count("batch_delete") == 0


def test_a_trial_row_with_an_unclear_outcome_is_there_once(feed, say, fail, units, platform):
    platform.feishu.app(advanced="manage")
    fail(CREATE, kind="cut_after")
    rows = say.rows(10)

    outcome = feed(say.schema(), *rows).ok()

    assert units() == say.units(rows)
    assert outcome.of()["created"] == outcome.of()["rows_in_table"] == 10


@pytest.mark.parametrize(
    ("app", "word"),
    [
        ({"rights": "none"}, "添加文档应用"),
        ({"rights": "read"}, "91403"),
        ({"advanced": "denied"}, "可管理"),
        ({"advanced": "refused"}, "可管理"),
        ({"scopes": []}, "bitable:app"),
    ],
)
def test_a_missing_right_is_told_with_what_to_do(feed, say, platform, app, word):
    platform.feishu.app(**app)

    outcome = feed(say.schema(), *say.rows(3), say.state(1))

    assert word in outcome.text
    assert "log id" in outcome.text
    assert outcome.states == []
    assert outcome.summary is not None


def test_columns_that_can_not_hold_the_stream_are_listed_first(feed, say, base, calls):
    fields = [
        one | {"type": 5} if one["field_name"] == "name" else one
        for one in say.fields
        if one["field_name"] != "clicks"
    ]
    base.create_table("falsch", [*fields, {"field_name": "clicks", "type": 15}])

    outcome = feed(say.schema(), *say.rows(3), table="falsch")

    assert "“name”" in outcome.text
    assert "“clicks”" in outcome.text
    assert calls.writes == calls.by_kind["search"] == 0
