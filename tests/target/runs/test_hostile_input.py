"""Messages of other taps, some of them strange and some of them wrong."""

from __future__ import annotations

import io

import pytest
from singer_sdk.exceptions import InvalidInputLine

from target_feishu_bitable.target import TargetFeishuBitable

DAY = "2026-02-01"


@pytest.mark.usefixtures("table")
def test_batch_messages_are_refused_before_their_state(feed, say, stored):
    batch = {
        "type": "BATCH",
        "stream": "report",
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "manifest": ["file:///tmp/rows.jsonl.gz"],
    }

    outcome = feed(say.schema(), *say.rows(2), batch, say.state(1))

    assert "batch_config" in outcome.text
    assert outcome.states == []


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("divisor", [0.01, 1e-38])
def test_multiples_that_databases_declare_are_no_rule_for_cells(feed, say, stored, divisor):
    cost = {"type": ["null", "number"], "multipleOf": divisor}

    feed(
        say.schema(say.properties | {"cost": cost}),
        say.record(day=DAY, unit="1", cost=1.1),
        say.record(day=DAY, unit="2", cost=118.36),
    ).ok()

    assert [row["cost"] for row in stored()] == [1.1, 118.36]


@pytest.mark.usefixtures("table")
def test_a_property_may_be_called_multiple_of(feed, say, stored):
    shape = say.properties | {"multipleOf": {"type": "string"}}

    feed(say.schema(shape), say.record(day=DAY, unit="1", multipleOf="x")).ok()

    assert stored()[0]["multipleOf"] == "x"


@pytest.mark.usefixtures("table")
def test_half_a_character_becomes_the_sign_for_one_that_is_unknown(feed, say, stored, calls):
    messages = [
        say.schema(),
        say.record(day=DAY, unit="1", name="whole \U0001f600"),
        say.record(day=DAY, unit="2", name="half \ud83d"),
        say.record(day=DAY, unit="3\udc00", name="in a key"),
    ]
    feed(*messages).ok()
    calls.clear()

    feed(*messages).ok()

    assert [row["name"] for row in stored()] == ["whole \U0001f600", "half \ufffd", "in a key"]
    assert stored()[2]["unit"] == "3\ufffd"
    assert calls.writes == 0


def test_half_a_character_in_a_name_is_no_matter(feed, say, stored, calls):
    messages = [
        say.schema({"id": {"type": "string"}, "\ud83d": {"type": "string"}}, ["id"], "half \ud83d"),
        say.record("half \ud83d", **{"id": "1", "\ud83d": "x", "undeclared \udc00": 1}),
    ]
    feed(*messages, table=None).ok()
    calls.clear()

    feed(*messages, table=None).ok()

    assert stored("half \ufffd") == [{"id": "1", "\ufffd": "x"}]
    assert calls.writes == 0


@pytest.mark.usefixtures("table")
def test_properties_without_end_that_no_schema_declares_are_told_a_few_times(feed, say, stored):
    rows = say.rows(50)
    for number, one in enumerate(rows):
        one["record"] |= {"same": 1, f"other{number}": 1}

    outcome = feed(say.schema(), *rows).ok()

    told = [line for line in outcome.log if "not in its schema" in line]
    assert "other0, same" in told[0]
    assert sum("same" in line for line in told) == 1
    assert len(told) == 5
    assert "other" in told[-1]
    assert len(stored()) == 50


@pytest.mark.usefixtures("table")
def test_a_key_that_is_named_twice_is_one(feed, say, stored):
    messages = [say.schema(keys=["day", "unit", "unit"]), *say.rows(2)]
    feed(*messages).ok()

    assert feed(*messages).ok().of()["unchanged"] == 2
    assert len(stored()) == 2


@pytest.mark.parametrize("day", ["9999-12-31", "9999-12-30"])
def test_the_last_day_there_is_can_be_asked_for(feed, say, table, stored, day):
    table.add(
        [{"unit": f"old{n}", "day": say.day(f"2026-01-{n % 28 + 1:02d}")} for n in range(2_000)]
    )
    messages = [say.schema(), say.record(day=DAY, unit="1"), say.record(day=day, unit="2")]
    feed(*messages).ok()

    assert feed(*messages).ok().of()["unchanged"] == 2
    assert len(stored()) == 2_002


def test_a_key_with_more_digits_than_a_float_keeps_is_written_once(feed, say, base):
    table = base.create_table("日报", [{"field_name": "rate", "type": 2}])
    messages = [
        say.schema({"rate": {"type": "string", "format": "singer.decimal"}}, ["rate"]),
        say.record(rate="1.23456789012345678901"),
    ]
    feed(*messages).ok()

    assert feed(*messages).ok().of()["unchanged"] == 1
    assert len(table) == 1


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999+00:00"])
def test_for_ever_may_be_written_as_text(feed, say, base, moment):
    table = base.create_table("日报", [{"field_name": name, "type": 1} for name in ("id", "until")])
    shape = {"id": {"type": "string"}, "until": {"type": "string", "format": "date-time"}}
    messages = [say.schema(shape, ["id"]), say.record(id="1", until=moment)]
    feed(*messages).ok()

    assert feed(*messages).ok().of()["unchanged"] == 1
    assert len(table) == 1


def test_columns_and_tables_may_be_called_like_ids(feed, say, base):
    shape = {"id": {"type": "string"}, "fldCustomerID": {"type": "string"}}
    row = {"type": "RECORD", "stream": "tblorders", "record": {"id": "1", "fldCustomerID": "x"}}

    feed(say.schema(shape, ["id"], "tblorders"), row, table=None).ok()

    ((_, values),) = base.table("tblorders").rows()
    assert values["fldCustomerID"] == "x"


@pytest.mark.usefixtures("table")
def test_an_id_in_the_settings_must_be_there_also_when_the_property_never_comes(feed, say, calls):
    tables = {"report": {"columns": {"gone": "fldNoSuchColumn"}}}

    outcome = feed(say.schema(), *say.rows(1), tables=tables)

    assert "fldNoSuchColumn" in outcome.text
    assert calls.writes == 0


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    "message",
    [
        {"type": "RECORD", "stream": "report", "record": None},
        {"type": "RECORD", "stream": "report", "record": ["x"]},
        {"type": "RECORD", "stream": "report"},
        {"type": "RECORD", "record": {}},
        {"type": "STATE"},
        {"type": "FOO"},
        {"type": ["STATE"]},
        {"no": "type"},
        {"type": "SCHEMA", "stream": "s", "schema": None, "key_properties": ["a"]},
        {"type": "SCHEMA", "stream": "s", "schema": {}, "key_properties": ["a"]},
        {"type": "SCHEMA", "stream": "s", "schema": {"properties": [1]}, "key_properties": []},
        {"type": "SCHEMA", "stream": "s", "schema": {"properties": {"a": "string"}}},
        *({"type": "RECORD", "stream": one, "record": {}} for one in (None, ["report"], 5)),
        *({"type": "SCHEMA", "stream": one, "schema": {"properties": {}}} for one in (None, {})),
        *(
            {"type": "SCHEMA", "stream": "s", "schema": {"properties": {}}, "key_properties": one}
            for one in ("a", [["a"]], [None], 5, {"a": 1})
        ),
        {"type": "ACTIVATE_VERSION", "version": 1},
        {"type": "ACTIVATE_VERSION", "stream": ["report"], "version": 1},
    ],
    ids=str,
)
def test_what_is_no_singer_message_ends_the_run(config, say, signals, message):
    lines = say.lines([say.schema(), message, say.state(2)])

    with pytest.raises(InvalidInputLine):
        TargetFeishuBitable(config=config).listen(io.StringIO(lines))


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    "line",
    [
        "",
        "[" * 5_000,
        '{"type": "STATE", "value": ' + '{"a": ' * 100_000 + "1" + "}" * 100_001,
        '{"type": "SCHEMA", "stream": "s", "schema": {"properties": {"a": '
        + '{"items": ' * 600
        + "true"
        + "}" * 603,
    ],
    ids=lambda line: line[:20],
)
def test_a_line_that_can_not_be_read_ends_the_run(config, signals, line):
    with pytest.raises(InvalidInputLine):
        TargetFeishuBitable(config=config).listen(io.StringIO(line + "\n"))


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("stream", ["report", "unheard of"])
def test_versions_are_not_heeded(feed, say, stored, stream):
    version = {"type": "ACTIVATE_VERSION", "stream": stream, "version": 1}

    outcome = feed(say.schema(), version, *say.rows(2), version, say.state(1)).ok()

    assert sum("ACTIVATE_VERSION" in line for line in outcome.log) == 1
    assert len(stored()) == 2
    assert outcome.bookmarks == [1]


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("shape", [{"type": "nonsense"}, {"type": "string", "pattern": "("}])
def test_a_schema_that_is_none_ends_the_run_with_a_sentence(feed, say, calls, shape):
    outcome = feed(say.schema(say.properties | {"name": shape}), *say.rows(1))

    assert "The JSON Schema of the stream report is not valid" in outcome.text
    assert calls.writes == 0


@pytest.mark.parametrize("load_method", ["upsert", "append-only"])
@pytest.mark.parametrize("maps", [{"gone": None}, {"gone": "__NULL__"}, {"g*": None}])
def test_a_stream_that_stream_maps_drops_gets_no_table(feed, say, base, stored, maps, load_method):  # noqa: PLR0917  fixtures
    base.create_table("日报", say.fields)
    before = [one.name for one in base.tables]
    gone = say.schema(stream="gone")
    version = {"type": "ACTIVATE_VERSION", "stream": "gone", "version": 1}

    outcome = feed(
        say.schema(),
        gone,
        say.record("gone", day=DAY, unit="1"),
        *say.rows(2),
        version,
        say.schema({"id": {"type": "string"}}, ["id"], "gone"),
        say.record("gone", id="1"),
        say.state(1),
        stream_maps=maps,
        load_method=load_method,
    ).ok()

    assert [one.name for one in base.tables] == before
    assert len(stored()) == 2
    assert outcome.bookmarks == [1]
    assert list(outcome.summary["streams"]) == ["report"]


@pytest.mark.usefixtures("table")
def test_only_streams_that_stream_maps_name_are_taken_when_others_are_dropped(feed, say, stored):
    maps = {"report": {"name": "name"}, "__else__": None}

    feed(
        say.schema(),
        say.schema(stream="other"),
        say.record("other", day=DAY, unit="9"),
        *say.rows(2),
        stream_maps=maps,
    ).ok()

    assert len(stored()) == 2
