"""The writer says what the SDK's own says, and never half a line."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout, suppress
from datetime import UTC, datetime

import pytest
from singer_sdk.singerlib.encoding import SimpleSingerWriter
from singer_sdk.singerlib.encoding.simple import RecordMessage, SchemaMessage, StateMessage

from tap_oceanengine_local.messages import Writer

MOMENT = datetime(2026, 3, 20, 4, tzinfo=UTC)
RECORD = {
    "stat_time_day": "2026-03-19",
    "promotion_id": "7604418424915820607",
    "promotion_name": '单元"甲"\n\u2028',
    "stat_cost": 700.0,
    "convert_cnt": 3,
    "show_cnt": None,
    "tags": ["a", "b"],
}
STATE = {"bookmarks": {"promotion_report": {}}}


def written(act):
    output = io.StringIO()
    with redirect_stdout(output):
        act()
    return output.getvalue()


def test_a_record_says_the_same_as_the_sdks_writer():
    writer = Writer()
    ours = written(
        lambda: (writer.write_record("leads", RECORD, MOMENT.isoformat()), writer.flush())
    )
    message = RecordMessage(stream="leads", record=RECORD, time_extracted=MOMENT)
    theirs = written(lambda: SimpleSingerWriter().write_message(message))
    assert json.loads(ours) == json.loads(theirs)
    assert ours.isascii()


@pytest.mark.parametrize(
    "message",
    [
        SchemaMessage("leads", {"properties": {"名": {"type": "string"}}}, ["名"], ["名"]),
        StateMessage(STATE),
    ],
)
def test_other_messages_say_the_same_as_the_sdks_writer(message):
    ours = written(lambda: Writer().write_message(message))
    theirs = written(lambda: SimpleSingerWriter().write_message(message))
    assert json.loads(ours) == json.loads(theirs)


def test_records_wait_for_the_state_behind_them():
    writer = Writer()
    assert written(lambda: writer.write_record("leads", RECORD, "t")) == ""
    lines = written(lambda: writer.write_state(STATE)).splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["RECORD", "STATE"]


def test_a_state_that_says_nothing_new_is_not_written_and_flushes_all_the_same():
    writer = Writer()
    written(lambda: writer.write_state(STATE))
    writer.write_record("leads", RECORD, "t")
    lines = written(lambda: writer.write_state(dict(STATE))).splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["RECORD"]


def test_many_records_do_not_pile_up():
    writer = Writer()

    def write():
        for _ in range(1001):
            writer.write_record("leads", RECORD, "t")

    assert written(write).count("\n") == 1000


def test_a_value_that_is_no_json_is_refused():
    with pytest.raises(ValueError, match="Out of range float"):
        Writer().write_record("leads", {"x": float("nan")}, "t")


def test_a_stop_between_writes_ends_at_once_and_writes_nothing_more():
    writer = Writer()
    writer.write_record("leads", RECORD, "t")
    with pytest.raises(SystemExit) as stop:
        writer.stop(143)
    assert stop.value.code == 143
    assert written(writer.flush) == ""


def swallowed_stop(writer):
    # What is raised inside a finalizer goes no further.
    with suppress(SystemExit):
        writer.stop(143)


def test_a_stop_that_a_finalizer_swallowed_ends_the_run_before_its_next_line():
    writer = Writer()
    writer.write_record("leads", RECORD, "t")
    swallowed_stop(writer)
    writer.write_record("leads", RECORD, "t")

    def go_on():
        with pytest.raises(SystemExit) as stop:
            writer.write_state({"bookmarks": {"leads": {}}})
        assert stop.value.code == 143

    assert written(go_on) == ""


def test_a_stop_that_a_finalizer_swallowed_is_obeyed_when_nothing_is_left_to_write():
    writer = Writer()
    swallowed_stop(writer)
    with pytest.raises(SystemExit) as stop:
        writer.obey()
    assert stop.value.code == 143


def test_a_stop_during_a_write_ends_behind_the_last_whole_line(monkeypatch):
    writer = Writer()
    writer.write_record("leads", RECORD, "t")

    class Slow(io.StringIO):
        def write(self, text):
            half = len(text) // 2
            super().write(text[:half])
            writer.stop(130)
            return super().write(text[half:])

    output = Slow()
    with redirect_stdout(output), pytest.raises(SystemExit) as stop:
        writer.flush()
    assert stop.value.code == 130
    assert json.loads(output.getvalue())["record"] == RECORD
