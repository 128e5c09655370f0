"""Answers that nobody should give: the tap says so in words, and its token goes nowhere else.

Single answers of another form are in test_client_transport.py. Here whole runs meet answers whose
envelope is right while something in them is not.
"""

from __future__ import annotations

import copy
import dataclasses
import random
from datetime import timedelta
from typing import Any

import pytest

from platform_sandbox import World, defaults
from platform_sandbox.testing import SandboxServer
from tap_oceanengine_local.errors import AccountError, ConfigError
from tap_oceanengine_local.pages import page_of, rows_of
from tap_oceanengine_local.records import read_count, read_yuan
from tap_oceanengine_local.transport import Transport, check_url

WRONG = (
    None, "", "words", "-", "1e999", "x" * 100_000, True, 0, -1, 1.5, 10**30,
    [], [None], ["words"], [[]], {}, {"words": {}},
)  # fmt: skip
MOST_REQUESTS = 300
TRIALS = 15
#: Where the answers stand that each stream is made from.
PLACES = {
    "promotion_report": (
        "oauth2/advertiser/get",
        "ebp/advertiser/list",
        "customer_center/account/list",
        "agent/advertiser/select",
        "life/advertiser/list",
        "report/promotion/get",
        "report/account/get",
    ),
    "account_report_hourly": ("report/account/get",),
    "material_report": ("report/material/get",),
    "audience_report": ("report/audience/get", "report/account/get"),
    "projects": ("project/list",),
    "promotions": ("promotion/list",),
    "leads": ("clue/life/get",),
}
CASES = [(stream, place) for stream, places in PLACES.items() for place in places]
Path = tuple[str | int, ...]


def nodes(value: Any, path: Path = ()) -> list[Path]:
    """Return the places inside an answer, of a list those of its first entry."""
    inside = value.items() if isinstance(value, dict) else enumerate(value[:1])
    found: list[Path] = []
    for name, child in inside:
        found.append((*path, name))
        if isinstance(child, dict | list):
            found += nodes(child, (*path, name))
    return found


def put(data: Any, path: Path, value: Any) -> None:
    """Put a value into an answer, where the answer still has that place."""
    for name in path[:-1]:
        if not isinstance(data, dict | list) or (isinstance(data, list) and not data):
            return
        data = data.get(name) if isinstance(data, dict) else data[name]
    if isinstance(data, dict) or (isinstance(data, list) and data):
        data[path[-1]] = copy.deepcopy(value)


class Twister:
    """Sits between tap and platform; changes one place in every answer of an endpoint."""

    def __init__(self, real):
        self._real = real
        self.place, self.path, self.value = "", None, None
        self.requests, self.seen = 0, None

    def meets(self, place, path=None, value=None):
        self.place, self.path, self.value = place, path, value
        self.requests, self.seen = 0, None

    def exchange(self, transport, method, path, **given):
        self.requests += 1
        assert self.requests <= MOST_REQUESTS, f"no end of requests: {self.path} {self.value!r:.40}"
        answer = self._real(transport, method, path, **given)
        if self.place in path and answer.code == 0:
            self.seen = self.seen or answer.data
            if self.path is not None:
                data = copy.deepcopy(answer.data)
                put(data, self.path, self.value)
                answer = dataclasses.replace(answer, data=data)
        return answer


@pytest.fixture
def twister(monkeypatch):
    made = Twister(Transport.exchange)

    def exchange(transport, method, path, **given):
        return made.exchange(transport, method, path, **given)

    monkeypatch.setattr(Transport, "exchange", exchange)
    return made


@pytest.fixture(scope="module")
def server():
    with SandboxServer(world=World(accounts=8, active=1, units=(1, 2), days=20)) as running:
        yield running


@pytest.fixture
def config(server, tmp_path):
    yesterday = server.platform.clock.yesterday()
    return {
        "app_id": defaults.OE_APP_ID,
        "app_secret": defaults.OE_APP_SECRET,
        "access_token": defaults.OE_ACCESS_TOKEN,
        "refresh_token": defaults.OE_REFRESH_TOKEN,
        "token_store_uri": f"sqlite:///{tmp_path / 'tokens.db'}",
        "api_url": server.url,
        "start_date": (yesterday - timedelta(days=1)).isoformat(),
        "end_date": yesterday.isoformat(),
        "lookback_days": 1,
        "requests_per_second": 10_000,
    }


@pytest.mark.parametrize(("stream", "place"), CASES)
def test_a_wrong_value_anywhere_ends_in_words_or_in_sound_records(
    stream, place, config, twister, run_tap
):
    twister.meets(place)
    clean = run_tap(stream, **config)
    assert clean.error is None
    assert twister.seen, f"{stream} never asks {place}"
    schema = clean.of("SCHEMA")[0]["schema"]["properties"]

    rng = random.Random(f"{stream} {place}")  # noqa: S311  a choice of trials
    trials = [(path, value) for path in nodes(twister.seen) for value in WRONG]
    for path, value in rng.sample(trials, TRIALS):
        twister.meets(place, path, value)
        run = run_tap(stream, **config)  # raises whatever is no TapError
        words = str(run.error or "")
        assert not any(secret in words for secret in (config["app_secret"], ACCESS, REFRESH))
        assert len(words) < 10_000
        for record in run.records(stream):
            for name, found in record.items():
                assert type(found).__name__ in _python(schema[name]["type"]), (path, value, name)


ACCESS, REFRESH = defaults.OE_ACCESS_TOKEN, defaults.OE_REFRESH_TOKEN


def _python(types: list[str]) -> set[str]:
    names = {
        "string": {"str"},
        "integer": {"int"},
        "number": {"int", "float"},
        "array": {"list"},
        "null": {"NoneType"},
    }
    return {name for one in types for name in names[one]}


@pytest.mark.parametrize(
    "url",
    [
        "https://somebody:password-of-somebody@api.oceanengine.com",
        "https://api.oceanengine.com?token=password-of-somebody",
        "https://api.oceanengine.com#password-of-somebody",
        "https://[password-of-somebody",
        "https://api.oceanengine.com:password-of-somebody",
    ],
)
def test_an_address_with_more_than_an_address_is_refused_without_repeating_it(url):
    with pytest.raises(ConfigError, match="api_url") as caught:
        check_url(url)
    assert "password-of-somebody" not in str(caught.value)


@pytest.mark.parametrize("rows", ["rows", {"a": {}}, {}, 7, True, "", [None], [[]], [{}, "row"]])
def test_rows_are_a_list_of_objects_or_no_rows_at_all(rows):
    with pytest.raises(AccountError, match="no list of objects as `list`"):
        rows_of({"list": rows}, "list")
    assert rows_of({"list": None}, "list") == rows_of({}, "list") == []


@pytest.mark.parametrize(
    "info",
    [
        "one page", [], 0, {"total_page": "many"}, {"total_page": -1}, {"total_page": [1]},
        {"total_page": 10**12}, {"total_number": 10**12}, {"total_number": "1e999999999"},
        {"total_number": True}, {"total_number": 1.5},
    ],
)  # fmt: skip
def test_a_list_without_a_sensible_number_of_pages_is_refused(info):
    with pytest.raises(AccountError):
        page_of([], info, number="total_number", pages="total_page")


@pytest.mark.parametrize("value", ["1e999999999", "9" * 100_000, "-1e30", 10**30])
def test_a_number_that_would_fill_the_memory_is_refused_at_once(value):
    with pytest.raises(ValueError, match="beyond all counting"):
        read_count(value)
    with pytest.raises(ValueError, match="too many digits"):
        read_yuan(value)
