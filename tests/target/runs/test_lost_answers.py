"""Answers that get lost when something other than rows is made or removed."""

from __future__ import annotations

import pytest

LOST = ["cut_after", "cut_before", "truncated", "status_after"]


@pytest.mark.parametrize("kind", LOST)
def test_a_table_is_made_once_and_without_its_blank_rows(feed, say, platform, fail, kind):
    platform.feishu.switch(rows_in_new_table=10)
    base = platform.feishu.base()
    fail("/tables", method="POST", kind=kind, code=1255002)
    rows = say.rows(5)

    feed(say.schema(), *rows, table="新表").ok()

    assert [one.name for one in base.tables].count("新表") == 1
    assert len(base.table("新表").rows()) == 5


@pytest.mark.parametrize("kind", LOST)
def test_a_column_is_made_once(feed, say, base, fail, kind):
    table = base.create_table("日报", say.fields[:4])
    fail("/fields", method="POST", kind=kind, code=1255002)

    feed(say.schema(), *say.rows(5)).ok()

    assert [one["field_name"] for one in table.fields].count("clicks") == 1
    assert [values["clicks"] for _, values in table.rows()] == [0, 1, 2, 3, 4]


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("kind", LOST)
def test_a_trial_row_is_removed_although_the_answer_is_lost(feed, say, platform, fail, kind):
    platform.feishu.app(advanced="blind")
    fail("records/batch_delete", kind=kind, code=1255002)

    outcome = feed(say.schema(), *say.rows(3))

    assert "可管理" in outcome.text
    assert "was removed" in outcome.text
    assert platform.feishu.base().table("日报").rows() == []


@pytest.mark.usefixtures("table")
def test_a_trial_row_that_can_not_be_removed_is_named(feed, say, platform, table, fail):
    platform.feishu.app(advanced="blind")
    fail("records/batch_delete", code=91403, times=None)

    outcome = feed(say.schema(), *say.rows(3))

    assert "可管理" in outcome.text
    ((record_id, _),) = table.rows()
    assert record_id in outcome.text


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("kind", ["http", "status_after"])
@pytest.mark.parametrize("path", ["records/batch_create", "records/batch_update"])
def test_a_server_error_with_a_code_nobody_knows_is_an_unclear_answer(  # noqa: PLR0917  fixtures
    feed, say, fail, units, path, kind
):
    rows = say.rows(5)
    feed(say.schema(), *rows[:3]).ok()
    changed = [say.record(**one["record"] | {"cost": 9.5}) for one in rows]
    fail(path, kind=kind, code=50_000)

    outcome = feed(say.schema(), *changed, say.state(1)).ok()

    assert outcome.bookmarks == [1]
    assert units() == say.units(rows)


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("path", ["records/search", "/fields", "tenant_access_token"])
def test_a_server_error_of_a_read_is_asked_again(feed, say, fail, path):
    fail(path, kind="http", code=50_000)

    assert feed(say.schema(), *say.rows(3)).ok().of()["created"] == 3


@pytest.mark.usefixtures("table")
def test_a_token_of_a_first_create_that_is_refused_is_replaced(feed, say, fail, stored):
    fail("records/batch_create", code=1255006)

    feed(say.schema(), *say.rows(3), load_method="append-only").ok()

    assert len(stored()) == 3


@pytest.mark.usefixtures("table")
def test_rows_before_a_schema_that_does_not_fit_are_stored_with_their_state(feed, say, stored):
    wider = say.properties | {"plays": {"type": "integer"}}

    outcome = feed(
        say.schema(), *say.rows(3), say.state(1), say.schema(wider), create_missing=False
    )

    assert "plays" in outcome.text
    assert "nothing was written with this schema" in outcome.text
    assert len(stored()) == 3
    assert outcome.bookmarks == [1]
