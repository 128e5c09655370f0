"""Token files of other programs."""

from __future__ import annotations

import json

import pytest

from tap_oceanengine_local.errors import ConfigError
from tap_oceanengine_local.token_file import read_token_file
from tap_oceanengine_local.token_row import Pair

NOON = 1_770_782_400
"""2026-02-11 12:00 in Asia/Shanghai."""
WRITTEN = 1_770_700_000.9
TOKENS = {"access_token": "the-access", "refresh_token": "the-refresh"}


def read(**more):
    return read_token_file(json.dumps({**TOKENS, **more}), written_at=WRITTEN)


@pytest.mark.parametrize(
    "moment", ["2026-02-11T12:00:00", "2026-02-11 12:00:00", "2026-02-11T12:00:00.123456"]
)
def test_local_times_are_those_of_shanghai(moment):
    pair = read(
        expires_at=moment,
        refresh_expires_at="2026-03-13T12:00:00",
        updated_at="2026-02-10T12:00:00",
    )
    assert pair == Pair("the-access", "the-refresh", NOON, NOON + 30 * 86_400)


def test_times_with_an_offset_keep_it():
    assert read(expires_at="2026-02-11T04:00:00+00:00").access_expires_at == NOON


@pytest.mark.parametrize("moment", [NOON, float(NOON), str(NOON), NOON * 1000])
def test_seconds_and_milliseconds_since_1970_are_read(moment):
    assert read(expires_at=moment) == Pair("the-access", "the-refresh", NOON, None)


def test_a_span_counts_from_when_the_file_was_written():
    assert read(expires_in=86_399) == Pair("the-access", "the-refresh", 1_770_786_399, None)


def test_an_answer_of_the_platform_is_read():
    text = json.dumps(
        {"code": 0, "data": {**TOKENS, "expires_in": 10, "refresh_token_expires_in": 20}}
    )
    pair = read_token_file("\ufeff" + text, written_at=WRITTEN)
    assert pair == Pair("the-access", "the-refresh", 1_770_700_010, 1_770_700_020)


def test_tokens_alone_are_enough():
    assert read() == Pair("the-access", "the-refresh", None, None)


@pytest.mark.parametrize(
    "text",
    ["", "not json", "[]", "null", "[" * 100_000, '{"access_token": "a"}', '{"data": {}}']
    + [json.dumps({**TOKENS, name: odd}) for name in TOKENS for odd in (None, "", 7, "a b", "é")],
)
def test_what_is_no_token_file_is_said_in_words(text):
    with pytest.raises(ConfigError, match="The token file"):
        read_token_file(text, written_at=WRITTEN)


@pytest.mark.parametrize("name", ["expires_at", "refresh_expires_at", "expires_in"])
@pytest.mark.parametrize("odd", ["soon", True, [], {}, "2026-13-01"])
def test_an_odd_time_is_named(name, odd):
    if (name, odd) == ("expires_in", True):
        odd = "later"
    with pytest.raises(ConfigError, match=name) as caught:
        read(**{name: odd})
    assert "the-access" not in str(caught.value)
