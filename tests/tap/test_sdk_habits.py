"""Habits of the Singer SDK that the tap relies on or replaces: a new SDK release shows here."""

from __future__ import annotations

import inspect

import pytest
from singer_sdk import Stream, Tap
from singer_sdk.helpers._state import StateWriter
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.plugin_base import PluginBase
from singer_sdk.streams._state import StreamStateManager

from tap_oceanengine_local.messages import Writer
from tap_oceanengine_local.streams.base import LocalStream
from tap_oceanengine_local.tap import TapOceanEngineLocal


@pytest.mark.parametrize(
    "name",
    [
        "_increment_stream_state",
        "_write_starting_replication_value",
        "_write_record_message",
        "_write_state_message",
        "_process_record",
        "get_replication_key_signpost",
        "partitions",
    ],
)
def test_what_the_streams_replace_exists_with_the_same_parameters(name):
    theirs, ours = getattr(Stream, name), getattr(LocalStream, name)
    if isinstance(theirs, property):
        assert isinstance(ours, property)
    else:
        assert list(inspect.signature(theirs).parameters) == list(
            inspect.signature(ours).parameters
        )


@pytest.mark.parametrize(
    "name", ["sync_all", "load_state", "load_streams", "_handle_termination", "invoke"]
)
def test_what_the_tap_replaces_exists_with_the_same_parameters(name):
    theirs, ours = getattr(Tap, name), getattr(TapOceanEngineLocal, name)
    assert list(inspect.signature(theirs).parameters) == list(inspect.signature(ours).parameters)


def test_the_configuration_is_checked_in_one_place_with_a_switch():
    assert "raise_errors" in inspect.signature(PluginBase._validate_config).parameters


def test_without_maps_a_stream_has_one_map_that_changes_nothing(platform, run_tap):
    platform.account(1)
    stream = run_tap("promotion_report").tap.streams["promotion_report"]
    (only,) = stream.stream_maps
    assert type(only) is SameRecordTransform
    assert not only.flattening_enabled
    record = {"a": 1}
    assert only.transform(record) == record


def test_the_writer_of_the_tap_is_ours_and_the_sdks_states_go_through_it(platform, run_tap):
    tap = run_tap("promotion_report", state={"bookmarks": {}}).tap if platform.account(1) else None
    assert isinstance(tap.message_writer, Writer)
    assert isinstance(tap.state_writer, StateWriter)
    assert tap.state_writer._message_writer is tap.message_writer


def test_the_sdk_moves_bookmarks_with_records_and_would_let_them_go_back():
    state = {"bookmarks": {"s": {"replication_key": "k", "replication_key_value": "2026-03-19"}}}
    manager = StreamStateManager(stream_name="s", tap_state=state)
    manager.increment_state({"k": "2026-03-01"}, replication_key="k")
    manager.finalize_state(manager.stream_state)
    assert state["bookmarks"]["s"]["replication_key_value"] == "2026-03-01"


def test_a_run_leaves_no_marker_of_the_sdk_in_the_state(platform, run_tap):
    platform.unit_rows(platform.account(1), days=2)
    run = run_tap("promotion_report", start_date="2026-03-01")
    for message in run.of("STATE"):
        (partition,) = message["value"]["bookmarks"]["promotion_report"]["partitions"]
        assert set(partition) == {"context", "replication_key", "replication_key_value"}
        assert set(partition["context"]) == {"local_account_id"}
        assert set(message["value"]["bookmarks"]["promotion_report"]) == {"partitions"}
