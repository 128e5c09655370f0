"""Keys that stand several times, schemas that change, tables that are shared, made or refused."""

from __future__ import annotations

import json

import pytest

from target_feishu_bitable import target
from target_feishu_bitable.client import BitableClient
from target_feishu_bitable.target import TargetFeishuBitable

DAY = "2026-02-11"
UNIT = "7604418424915820607"


@pytest.fixture
def one(say):
    """One record of the stream."""

    def build(**values):
        return say.record(
            **({"day": DAY, "unit": UNIT, "name": "甲", "cost": 700.0, "clicks": 3} | values)
        )

    return build


@pytest.fixture
def as_stored(say):
    return {"unit": UNIT, "day": say.day(DAY), "name": "甲", "cost": 700, "clicks": 3}


def test_the_summary_tells_what_was_done(feed, say, table, one, calls):
    outcome = feed(say.schema(), one(), say.state(1)).ok()

    assert outcome.of() == {
        "table": "日报",
        "table_url": outcome.of()["table_url"],
        "read": 1,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "duplicates": 0,
        "rows_in_table": 1,
    }
    assert outcome.of()["table_url"].endswith(
        f"/base/bascnSandbox0000000000000001?table={table.id}"
    )
    assert outcome.summary["write_calls"] == calls.writes == 1
    assert outcome.summary["requests"] == calls.count()


def test_null_into_an_empty_cell_is_no_change(feed, say, table, one, calls):
    feed(say.schema(), one(cost=None)).ok()
    calls.clear()

    feed(say.schema(), one(cost=None)).ok()

    assert calls.writes == 0


def test_the_last_of_two_batches_wins_without_another_look(feed, say, table, one, calls):
    outcome = feed(say.schema(), one(), one(cost=710), batch_size_rows=1).ok()

    assert [values["cost"] for _, values in table.rows()] == [710]
    assert (outcome.of()["created"], outcome.of()["updated"]) == (1, 1)
    assert calls.by_kind["search"] == 1


def test_the_parts_of_a_key_count_together(feed, say, table, one, stored):
    feed(say.schema(), one(), one(day="2026-02-12"), one(unit="1"), one(unit="01")).ok()

    assert len({(row["day"], row["unit"]) for row in stored()}) == 4


def test_newest_numbers_go_to_the_oldest_of_several_rows(feed, say, platform, table, one):
    row = {"unit": UNIT, "day": say.day(DAY), "name": "甲"}
    (oldest,) = table.add([row | {"cost": 1}])
    platform.clock.advance(seconds=60)
    table.add([row | {"cost": 2}, row | {"cost": 3}])
    platform.feishu.switch(row_order="scattered")

    outcome = feed(say.schema(), one()).ok()

    costs = {record_id: values["cost"] for record_id, values in table.rows()}
    assert costs.pop(oldest) == 700
    assert sorted(costs.values()) == [2, 3]
    assert outcome.of()["duplicates"] == 2
    assert any("check-duplicates" in line and UNIT in line for line in outcome.log)


def test_several_rows_of_a_key_stop_the_run_when_told_to(feed, say, table, one, calls):
    row = {"unit": UNIT, "day": say.day(DAY)}
    table.add([row, row])

    outcome = feed(say.schema(), one(), say.state(1), duplicate_rows="fail")

    assert UNIT in outcome.text
    assert "duplicate_rows" in outcome.text
    assert calls.writes == 0
    assert outcome.states == []


def test_copies_of_keys_that_are_not_asked_for_are_no_matter(feed, say, table, one):
    row = {"unit": "other", "day": say.day("2026-01-01")}
    table.add([row, row])

    outcome = feed(say.schema(), one(), duplicate_rows="fail").ok()

    assert outcome.of()["created"] == 1


def test_a_day_with_a_time_in_its_cell_is_that_day(feed, say, table, one, calls):
    table.add([{"unit": UNIT, "day": say.day(DAY) + 9 * 3_600_000, "name": "甲"}])

    outcome = feed(say.schema(), one()).ok()

    assert (outcome.of()["created"], outcome.of()["updated"]) == (0, 1)
    assert calls.sent("batch_update")[0]["fields"] == {"cost": 700, "clicks": 3}


def test_equal_numbers_written_differently_are_no_change(feed, say, base, one, calls):
    names = ("账户名称", "时间", "单元ID", "消耗(元)", "转化数")
    table = base.create_table("日报", [{"field_name": name, "type": 1} for name in names])
    columns = {"day": "时间", "unit": "单元ID", "cost": "消耗(元)", "clicks": "转化数"}
    tables = {"report": {"table": "日报", "columns": columns | {"name": False}}}
    table.add([{"时间": DAY, "单元ID": UNIT, "消耗(元)": "700.0", "转化数": "3"}])

    outcome = feed(say.schema(), one(), table=None, tables=tables, create_missing=False).ok()

    assert outcome.of()["unchanged"] == 1
    assert calls.writes == 0


def test_a_box_that_nobody_has_touched_is_false(feed, say, table, one, calls):
    wider = say.properties | {"done": {"type": ["boolean", "null"]}}
    feed(say.schema(), one(), one(unit="2")).ok()
    calls.clear()

    first = feed(say.schema(wider), one(done=False), one(unit="2", done=None)).ok()
    again = feed(
        say.schema(wider),
        one(done=False),
        one(unit="3"),
        one(unit="3", done=False),
        batch_size_rows=1,
    ).ok()
    last = feed(say.schema(wider), one(done=True)).ok()

    assert first.of()["unchanged"] == 2
    assert (again.of()["unchanged"], again.of()["created"]) == (2, 1)
    assert calls.sent("batch_update") == [
        {"record_id": table.rows()[0][0], "fields": {"done": True}}
    ]
    assert last.of()["updated"] == 1


@pytest.mark.parametrize("number", ["1.5", ""])
def test_an_empty_decimal_clears_its_cell(feed, say, base, stored, number):
    base.create_table(
        "日报", [{"field_name": "unit", "type": 1}, {"field_name": "cost", "type": 2}]
    )
    shape = {"unit": {"type": "string"}, "cost": {"type": "string", "format": "singer.decimal"}}

    for text in ("2.5", number):
        feed(say.schema(shape, ["unit"]), say.record(unit=UNIT, cost=text)).ok()

    assert stored() == [{"unit": UNIT} | ({"cost": 1.5} if number else {})]


@pytest.mark.parametrize(
    ("shape", "key"),
    [
        ({"type": "boolean"}, True),
        ({"type": "array", "items": {"type": "string"}}, ["a", "b"]),
        ({"type": "object"}, {"b": 1, "a": "x"}),
    ],
)
def test_keys_of_other_kinds_are_found_in_a_large_table(feed, say, base, shape, key):
    table = base.create_table("日报", [{"field_name": "key", "type": 1}])
    table.add([{"key": f"old {number}"} for number in range(2_000)])
    message = say.schema({"key": shape}, ["key"])
    feed(message, say.record(key=key)).ok()

    assert feed(message, say.record(key=key)).ok().of()["unchanged"] == 1
    assert len(table) == 2_001


def test_missing_columns_are_listed_before_anything_is_written(feed, say, base, one, calls):
    table = base.create_table("日报", say.fields[:2])

    outcome = feed(say.schema(), one(), say.state(1), create_missing=False)

    for name in ("name", "cost", "clicks"):
        assert f"“{name}”" in outcome.text
    assert "create_missing" in outcome.text
    assert calls.writes == 0
    assert len(table.fields) == 2
    assert outcome.states == []


def test_append_only_writes_every_record_as_a_new_row(feed, say, table, one, stored):
    for _ in range(2):
        outcome = feed(say.schema(keys=()), one(), one(), load_method="append-only").ok()

    assert len(stored()) == outcome.of()["rows_in_table"] == 4


def test_a_stream_without_keys_is_refused_with_words(feed, say, table, one, calls):
    outcome = feed(say.schema(keys=()), one(), say.state(1))

    assert "report has no key" in outcome.text
    assert "append-only" in outcome.text
    assert calls.writes == 0
    assert outcome.states == []


def test_new_properties_in_mid_stream_become_columns(feed, say, table, stored, one):
    wider = say.properties | {"plays": {"type": ["integer", "null"]}}

    outcome = feed(
        say.schema(), one(), say.schema(wider), one(unit="2", plays=5), one(plays=6), say.state(1)
    ).ok()

    assert {row["unit"]: row.get("plays") for row in stored()} == {UNIT: 6, "2": 5}
    assert outcome.bookmarks == [1]
    assert outcome.of()["created"] == 2


def test_a_property_that_goes_and_comes_back_keeps_its_cells(feed, say, table, stored, one):
    narrower = {name: say.properties[name] for name in ("day", "unit", "cost")}

    feed(
        say.schema(),
        one(),
        say.schema(narrower),
        say.record(day=DAY, unit=UNIT, cost=1),
        say.record(day=DAY, unit="2", cost=2),
        say.schema(),
        one(unit="2", name="乙", cost=2),
    ).ok()

    assert [(row["unit"], row["name"], row["cost"]) for row in stored()] == [
        (UNIT, "甲", 1),
        ("2", "乙", 2),
    ]


def test_rows_read_under_a_narrower_schema_are_still_compared(feed, say, table, one, calls):
    rows = say.rows(1_200, days=40)
    feed(say.schema(), *rows).ok()
    narrower = {name: say.properties[name] for name in ("day", "unit", "cost")}
    few = [say.record(**{name: one["record"][name] for name in narrower}) for one in rows[600:700]]
    calls.clear()

    outcome = feed(say.schema(narrower), *few, say.schema(), *rows).ok()

    assert outcome.of()["unchanged"] == 1_300
    assert calls.writes == 0


def test_a_new_property_in_a_later_run_becomes_a_column(feed, say, table, stored, one):
    feed(say.schema(), one()).ok()

    feed(say.schema(say.properties | {"plays": {"type": "integer"}}), one(plays=5)).ok()

    assert [row["plays"] for row in stored()] == [5]


@pytest.mark.parametrize("born", [0, 10, 700])
def test_a_missing_table_is_made_without_the_rows_it_brings(  # noqa: PLR0917  fixtures
    feed, say, platform, base, one, as_stored, born
):
    platform.feishu.switch(rows_in_new_table=born)

    feed(say.schema(), one(), table="新表").ok()

    table = base.table("新表")
    assert [values for _, values in table.rows()] == [as_stored]
    assert {column["field_name"] for column in table.fields} == set(say.properties)
    assert table.fields[0]["field_name"] == "day"


def test_blank_rows_of_a_table_that_was_there_stay(feed, say, table, one, stored):
    table.add([{}] * 5)

    feed(say.schema(), one()).ok()

    assert stored().count({}) == 5


def test_a_made_table_that_is_found_late_is_waited_for(feed, say, platform, one, stored):
    platform.feishu.switch(replica_lag_seconds=6)

    feed(say.schema(), one(), table="新表").ok()

    assert len(stored("新表")) == 1


def test_a_made_column_that_is_found_late_is_waited_for(feed, say, table, platform, one, stored):  # noqa: PLR0917  fixtures
    platform.feishu.switch(replica_lag_seconds=6)

    feed(say.schema(say.properties | {"plays": {"type": "integer"}}), one(plays=5)).ok()

    assert [row["plays"] for row in stored()] == [5]


def test_a_missing_table_is_an_error_when_nothing_may_be_made(feed, say, base, one):
    outcome = feed(say.schema(), one(), table="新表", create_missing=False)

    assert "新表" in outcome.text
    assert "create_missing" in outcome.text
    assert len(base.tables) == 1


def test_several_streams_go_into_tables_of_their_own(feed, say, one, stored):
    other = say.record("other", id=5, note="乙")
    shape = {"id": {"type": "integer"}, "note": {"type": "string"}}

    outcome = feed(
        say.schema(), say.schema(shape, ["id"], "other"), one(), other, say.state(1), table=None
    ).ok()

    assert len(stored("report")) == len(stored("other")) == 1
    assert outcome.of("other")["created"] == 1
    assert outcome.bookmarks == [1]


@pytest.mark.parametrize("rows", [0, 1_200])
def test_two_streams_may_share_a_table_that_both_name(feed, say, table, stored, one, rows):  # noqa: PLR0917  fixtures
    feed(say.schema(), *say.rows(rows, days=40)).ok()
    tables = {name: {"table": "日报"} for name in ("report", "notes")}
    shape = {name: say.properties[name] for name in ("day", "unit")} | {"note": {"type": "string"}}
    note = say.record("notes", day=DAY, unit=UNIT, note="好")
    messages = [say.schema(), say.schema(shape, stream="notes"), one(), note, one(cost=2), note]

    outcome = feed(*messages, tables=tables, table=None, batch_size_rows=1).ok()

    assert len(stored()) == rows + 1
    row = stored()[-1]
    assert (row["name"], row["cost"], row["note"]) == ("甲", 2, "好")
    assert outcome.of("notes")["unchanged"] == 1


def test_streams_with_different_keys_may_share_a_table(feed, say, table, stored, one):
    tables = {name: {"table": "日报"} for name in ("report", "names")}
    shape = {name: say.properties[name] for name in ("unit", "name")}
    new = say.record("names", unit=UNIT, name="乙")

    feed(
        say.schema(),
        say.schema(shape, ["unit"], "names"),
        one(),
        one(unit="2"),
        new,
        one(unit="3", cost=None),
        tables=tables,
        table=None,
        batch_size_rows=1,
    ).ok()

    assert [(row["unit"], row["name"]) for row in stored()] == [
        (UNIT, "乙"),
        ("2", "甲"),
        ("3", "甲"),
    ]


def test_two_streams_without_tables_of_their_own_are_refused(feed, say, table, one, calls):
    outcome = feed(say.schema(), say.schema(stream="other"), one())

    assert "report" in outcome.text
    assert "other" in outcome.text
    assert calls.writes == 0


@pytest.fixture
def after_first_state(monkeypatch):
    """Do something as soon as state 1 is emitted."""

    def then(action):
        emit = target.hand_back

        def emitted(state):
            emit(state)
            if json.loads(state)["bookmark"] == 1:
                action()

        monkeypatch.setattr(target, "hand_back", emitted)

    return then


def test_a_row_of_this_run_that_a_person_deleted_is_made_again(
    feed, say, table, stored, after_first_state
):
    rows = say.rows(3)
    changed = [say.record(**one["record"] | {"cost": 9.5}) for one in rows]
    after_first_state(lambda: table.delete([table.rows()[1][0]]))

    outcome = feed(say.schema(), *rows, say.state(1), *changed, say.state(2), checkpoint_seconds=0)

    outcome.ok()
    units = [one["record"]["unit"] for one in (rows[0], rows[2], rows[1])]
    assert [(row["unit"], row["cost"]) for row in stored()] == [(unit, 9.5) for unit in units]
    assert outcome.of("report") | {"created": 4, "updated": 2} == outcome.of("report")
    assert outcome.bookmarks[-1] == 2


@pytest.mark.usefixtures("table")
def test_a_row_that_is_there_and_that_updates_do_not_find_ends_the_run(feed, say, fail, calls):
    (row,) = say.rows(1)
    feed(say.schema(), row).ok()
    fail("batch_update", code=1254043, times=99)
    calls.clear()

    outcome = feed(say.schema(), say.record(**row["record"] | {"cost": 9.5}))

    assert "1254043" in outcome.text
    assert (calls.count("batch_create"), calls.count("batch_update")) == (0, 6)
    assert sum(outcome.waits) == 15


@pytest.fixture
def deletes(table, monkeypatch):
    """A person who deletes rows right before the first update."""

    def rows(*places):
        before = BitableClient.batch_update
        ids = [table.rows()[place][0] for place in places]

        def update(self, *args, **options):
            table.delete(ids)
            ids.clear()
            return before(self, *args, **options)

        monkeypatch.setattr(BitableClient, "batch_update", update)

    return rows


def test_a_deleted_row_that_searches_still_show_is_made_again(
    feed, say, deletes, stored, monkeypatch
):
    rows = say.rows(3)
    feed(say.schema(), *rows).ok()
    deletes(1)
    seen, page = {}, BitableClient.search_page

    def stale(self, table_id, search, **options):
        return seen.setdefault(table_id, page(self, table_id, search, **options))

    monkeypatch.setattr(BitableClient, "search_page", stale)

    outcome = feed(say.schema(), *(say.record(**one["record"] | {"cost": 9.5}) for one in rows))

    outcome.ok()
    assert [row["cost"] for row in stored()] == [9.5] * 3
    assert outcome.of()["rows_in_table"] == 3


@pytest.mark.parametrize(("code", "times"), [(1255040, 3), (1254061, 1), (1254104, 1)])
def test_a_row_made_again_is_not_forgotten_when_its_batch_is_halved(  # noqa: PLR0917  fixtures
    feed, say, deletes, units, platform, fail, code, times
):
    rows = say.rows(4)
    feed(say.schema(), *rows).ok()
    platform.clock.advance(seconds=100)
    platform.feishu.switch(replica_lag_seconds=10)
    deletes(1)
    fail("batch_update", code=code, skip=1, times=times)

    feed(say.schema(), *(say.record(**one["record"] | {"cost": 9.5}) for one in rows), say.state(1))

    assert units() == say.units(rows)


def test_rows_that_were_made_long_ago_are_not_waited_for(  # noqa: PLR0917  fixtures
    feed, say, deletes, stored, platform, after_first_state, monkeypatch
):
    monkeypatch.setattr(
        TargetFeishuBitable, "clock", staticmethod(lambda: platform.clock.now().timestamp())
    )
    rows = say.rows(40)
    changed = [say.record(**one["record"] | {"cost": 9.5}) for one in rows]

    def later():
        platform.clock.advance(seconds=16)
        deletes(*range(0, 40, 10))

    after_first_state(later)

    outcome = feed(
        say.schema(),
        *rows,
        say.state(1),
        *changed,
        say.state(2),
        checkpoint_seconds=0,
        rows_per_request=10,
    )

    outcome.ok()
    assert outcome.waits == []
    assert [row["cost"] for row in stored()] == [9.5] * 40


@pytest.mark.parametrize("day", ["2026-02-01", "2026-02-02"])
def test_rows_that_slip_to_a_page_read_already_are_not_made_again(
    feed, say, table, monkeypatch, day
):
    known = say.rows(1_500)
    other = [{"unit": f"other{n}", "day": say.day("2026-02-02")} for n in range(1_500)]
    table.add([*({**one["record"], "day": say.day(day)} for one in known), *other])
    wanted = [say.record(**one["record"] | {"day": day}) for one in known[500:]]
    search = BitableClient.search_page
    gone = [record_id for record_id, _ in table.rows()][:3]

    def delete_meanwhile(self, *args, token=None, **options):
        page = search(self, *args, token=token, **options)
        if token is not None:
            while gone:
                table.delete([gone.pop()])
        return page

    monkeypatch.setattr(BitableClient, "search_page", delete_meanwhile)

    outcome = feed(say.schema(), *wanted).ok()

    assert outcome.of()["created"] == 0
    assert len(table) == 2_997
