"""The state of a run: its shape, what older shapes become, bookmarks that never go back."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_oceanengine_local.bookmarks import (
    Bookmarks,
    StateError,
    bookmark_day,
    bookmark_value,
    clean_state,
)
from tap_oceanengine_local.records import encode

KEYS = {
    "promotion_report": "stat_time_day",
    "promotion_report_hourly": "stat_time_hour",
    "leads": "create_time_detail",
    "accounts": None,
}
DAY = date(2026, 2, 11)


def state(stream="promotion_report", **content):
    return {"bookmarks": {stream: content}}


def partition(account, value, key="stat_time_day"):
    return {
        "context": {"local_account_id": account},
        "replication_key": key,
        "replication_key_value": value,
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("stat_time_day", "2026-02-11"),
        ("stat_time_hour", "2026-02-11T23:00:00+08:00"),
        ("create_time_detail", "2026-02-11T23:59:59+08:00"),
    ],
)
def test_a_complete_day_is_written_as_its_last_instant(key, value):
    assert bookmark_value(key, DAY) == value
    assert bookmark_day("s", key, value) == DAY


@given(
    st.sampled_from(["stat_time_day", "stat_time_hour", "create_time_detail"]),
    st.dates(min_value=date(2000, 1, 1)),
)
def test_bookmarks_read_back_as_written(key, day):
    assert bookmark_day("s", key, bookmark_value(key, day)) == day


@pytest.mark.parametrize(
    ("key", "value", "day"),
    [
        ("stat_time_day", "2026-02-11T00:00:00", DAY),
        ("stat_time_day", "2026-02-10T16:00:00Z", DAY),
        ("stat_time_hour", "2026-02-11T22:00:00+08:00", DAY - timedelta(days=1)),
        ("stat_time_hour", "2026-02-11T15:00:00Z", DAY),
        ("create_time_detail", "2026-02-11T12:00:00+08:00", DAY - timedelta(days=1)),
        ("create_time_detail", "2026-02-11", DAY),
    ],
)
def test_other_ways_to_write_a_bookmark_are_read(key, value, day):
    assert bookmark_day("s", key, value) == day


def test_a_state_of_today_stays_as_it_is():
    today = state(partitions=[partition("1", "2026-02-11"), partition("2", "2026-02-09")])
    assert clean_state(today, KEYS) == today


def test_a_bookmark_of_the_whole_stream_counts_for_accounts_without_their_own():
    old = state(
        replication_key="stat_time_day",
        replication_key_value="2026-02-01",
        partitions=[partition("1", "2026-02-11")],
    )
    bookmarks = Bookmarks(
        "promotion_report",
        "stat_time_day",
        clean_state(old, KEYS)["bookmarks"]["promotion_report"],
    )
    assert bookmarks.get("1") == DAY
    assert bookmarks.get("2") == date(2026, 2, 1)


def test_traces_of_other_versions_are_dropped():
    old = state(
        partitions=[
            {
                **partition(1, "2026-02-11T00:00:00+08:00"),
                "context": {"local_account_id": 1, "local_account_name": "甲"},
                "progress_markers": {"Note": "Progress is not resumable"},
                "starting_replication_value": "2026-01-01",
            },
            {"context": {"local_account_id": "3"}},
        ],
    )
    assert clean_state(old, KEYS) == state(partitions=[partition("1", "2026-02-11")])


def test_of_two_bookmarks_of_an_account_the_earlier_loses_no_day():
    old = state(partitions=[partition("1", "2026-02-11"), partition(1, "2026-02-09")])
    assert clean_state(old, KEYS) == state(partitions=[partition("1", "2026-02-09")])


def test_unknown_streams_are_kept_and_dimension_lists_have_no_state():
    old = {"bookmarks": {"of_the_future": {"x": 1}, "accounts": {"partitions": []}}}
    assert clean_state(old, KEYS) == {"bookmarks": {"of_the_future": {"x": 1}, "accounts": {}}}
    assert clean_state({}, KEYS) == {"bookmarks": {}}


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"bookmarks": []}, 'has no "bookmarks" object'),
        ({"bookmarks": {"promotion_report": "2026-02-11"}}, "is not an object"),
        ({"bookmarks": {"of_the_future": "2026-02-11"}}, "is not an object"),
        ({"bookmarks": {"of_the_future": {"x": float("nan")}}}, "is no JSON"),
        (state(partitions=[partition("1", "0001-01-01")]), "a bookmark that is no time"),
        (state(partitions=[partition("1", "0001-01-01T00:00:00Z")]), "a bookmark that is no time"),
        (state(partitions=[partition("1", 10**25)]), "a bookmark that is no time"),
        (state(partitions={"1": 2}), "has no list of partitions"),
        (state(partitions=["1"]), "a partition without local_account_id"),
        (state(partitions=[{"context": {"id": 1}}]), "a partition without local_account_id"),
        (state(partitions=[partition("1", "soon")]), "a bookmark that is no time"),
        (state(partitions=[partition("1", "2026-02-11", "date")]), "is kept by date"),
        (state(replication_key_value=7), "a bookmark that is no time"),
    ],
)
def test_a_state_that_cannot_be_read_is_refused_with_the_way_out(broken, words):
    with pytest.raises(StateError, match=words) as raised:
        clean_state(broken, KEYS)
    assert "meltano state edit" in str(raised.value)


@given(st.lists(st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1)), min_size=1))
def test_a_bookmark_never_goes_back(days):
    bookmarks = Bookmarks("promotion_report", "stat_time_day", {})
    for count, day in enumerate(days, 1):
        bookmarks.advance("1", day)
        assert bookmarks.get("1") == max(days[:count])


def test_the_live_state_has_exactly_the_documented_shape():
    live = {}
    bookmarks = Bookmarks("leads", "create_time_detail", live)
    assert bookmarks.get("1790000000000001") is None
    bookmarks.advance("1790000000000001", DAY)
    assert json.loads(json.dumps(live)) == {
        "partitions": [
            {
                "context": {"local_account_id": "1790000000000001"},
                "replication_key": "create_time_detail",
                "replication_key_value": "2026-02-11T23:59:59+08:00",
            }
        ]
    }


ACCOUNTS = st.sampled_from([str(1790000000000000 + number) for number in range(5)])
DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2030, 1, 1))


@given(
    st.dictionaries(ACCOUNTS, DAYS),
    st.one_of(st.none(), DAYS),
    st.dictionaries(st.text(), st.dictionaries(st.text(), st.text())),
    st.lists(st.tuples(ACCOUNTS, DAYS)),
)
def test_the_state_put_together_says_what_the_whole_one_says(before, for_all, others, moves):
    own = {"partitions": [partition(account, str(day)) for account, day in before.items()]}
    if for_all:
        own |= {"replication_key": "stat_time_day", "replication_key_value": str(for_all)}
    streams = [*others.items(), ("promotion_report", own), ("account_report", dict(own))]
    live = clean_state({"bookmarks": dict(streams)}, KEYS)
    bookmarks = Bookmarks(
        "promotion_report", "stat_time_day", live["bookmarks"]["promotion_report"]
    )
    assert json.loads(bookmarks.text_in(live)) == live
    for account, day in moves:
        bookmarks.advance(account, day)
        assert bookmarks.text_in(live) == encode(live)
