"""Bookmarks follow their accounts to another number of shards."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shard_state import UnknownStateError, resharded
from sharding import shard_of, suffix

PIPELINE = "prod:tap-oceanengine-local-to-target-postgres"
STREAM = "promotion_report"


def state(bookmarks: dict[str, str], stream: str = STREAM, part: str = "completed") -> Any:
    partitions = [
        {
            "context": {"local_account_id": account},
            "replication_key": "stat_time_day",
            "replication_key_value": day,
        }
        for account, day in bookmarks.items()
    ]
    return {part: {"singer_state": {"bookmarks": {stream: {"partitions": partitions}}}}}


def layout(bookmarks: dict[str, str], shards: int) -> dict[str, Any]:
    parts: dict[str, dict[str, str]] = {}
    for account, day in bookmarks.items():
        key = f"{PIPELINE}:{suffix(shard_of(account, shards), shards)}"
        parts.setdefault(key, {})[account] = day
    return {key: state(part) for key, part in parts.items()}


def read(states: dict[str, Any], stream: str = STREAM) -> dict[str, dict[str, str]]:
    return {
        key: {
            one["context"]["local_account_id"]: one["replication_key_value"]
            for one in entry["completed"]["singer_state"]["bookmarks"][stream]["partitions"]
        }
        for key, entry in states.items()
    }


ACCOUNTS = st.dictionaries(
    st.from_regex(r"\A\d{16}\Z"), st.dates().map(lambda day: day.isoformat()), max_size=40
)


@given(ACCOUNTS, st.integers(1, 20), st.integers(1, 20))
def test_every_bookmark_moves_to_the_shard_of_its_account(
    bookmarks: dict[str, str], before: int, after: int
) -> None:
    if before == after:
        return
    new, old = resharded(layout(bookmarks, before), PIPELINE, after)
    assert read(new) == read(layout(bookmarks, after))
    assert old == sorted(layout(bookmarks, before))


def test_nothing_is_done_when_the_number_is_the_same() -> None:
    assert resharded(layout({"11": "2026-11-01", "12": "2026-11-02"}, 4), PIPELINE, 4) == ({}, [])
    assert resharded({}, PIPELINE, 4) == ({}, [])


def test_the_later_of_two_bookmarks_stays() -> None:
    """As when the last move was broken off between storing and clearing, in either order."""
    for early, late in ((4, 8), (8, 4)):
        states = layout({"11": "2026-11-01"}, early) | layout({"11": "2026-11-09"}, late)
        new, old = resharded(states, PIPELINE, 8)
        assert [day for part in read(new).values() for day in part.values()] == ["2026-11-09"]
        assert old == sorted(layout({"11": ""}, 4))


def test_a_run_without_shards_hands_its_bookmarks_over() -> None:
    new, old = resharded({PIPELINE: state({"11": "2026-11-01"})}, PIPELINE, 4)
    assert read(new) == read(layout({"11": "2026-11-01"}, 4))
    assert old == [PIPELINE]


def test_both_halves_of_a_new_state_are_there() -> None:
    """Meltano can't read a state without them."""
    new, _ = resharded(layout({"11": "2026-11-01"}, 1), PIPELINE, 2)
    assert [set(entry) for entry in new.values()] == [{"completed", "partial"}]
    assert [entry["partial"] for entry in new.values()] == [{}]


def test_partial_states_count() -> None:
    states = {f"{PIPELINE}:shard-0-of-1": state({"11": "2026-11-01"}, part="partial")}
    new, _ = resharded(states, PIPELINE, 2)
    assert read(new) == read(layout({"11": "2026-11-01"}, 2))


def test_other_pipelines_and_names_are_left_alone() -> None:
    others = {
        "prod:tap-oceanengine-local-to-target-feishu-bitable": state({"11": "2026-11-01"}),
        f"{PIPELINE}:north": state({"11": "2026-11-01"}),
        f"{PIPELINE}:shard-0-of-2:more": state({"11": "2026-11-01"}),
        "sandbox" + PIPELINE.removeprefix("prod") + ":shard-0-of-2": state({"11": "2026-11-01"}),
    }
    assert resharded(others, PIPELINE, 4) == ({}, [])


def test_every_stream_moves() -> None:
    one = state({"11": "2026-11-01"})
    bookmarks = one["completed"]["singer_state"]["bookmarks"]
    bookmarks |= state({"11": "2026-11-02"}, "leads")["completed"]["singer_state"]["bookmarks"]
    bookmarks["accounts"] = {}
    new, _ = resharded({f"{PIPELINE}:shard-0-of-1": one}, PIPELINE, 2)
    key = f"{PIPELINE}:{suffix(shard_of('11', 2), 2)}"
    assert read(new) == {key: {"11": "2026-11-01"}}
    assert read(new, "leads") == {key: {"11": "2026-11-02"}}


@pytest.mark.parametrize(
    "held",
    [
        {"replication_key_value": "2026-11-01"},
        {"partitions": [{"context": {"shop": "11"}, "replication_key_value": "2026-11-01"}]},
    ],
)
def test_what_belongs_to_no_account_is_refused(held: dict[str, Any]) -> None:
    key = f"{PIPELINE}:shard-0-of-1"
    states = {key: {"completed": {"singer_state": {"bookmarks": {STREAM: held}}}}}
    with pytest.raises(UnknownStateError, match=key):
        resharded(states, PIPELINE, 2)
