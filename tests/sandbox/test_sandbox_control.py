"""Control over HTTP: what other programs ask the sandbox, and what it says to nonsense."""

from __future__ import annotations

import pytest
import requests


@pytest.fixture
def control(shared_sandbox):
    def call(method, path, data=None):
        url = f"{shared_sandbox.url}/_sandbox/{path}"
        answer = requests.request(method, url, data=data, timeout=9)
        return answer.status_code, answer.json()

    return call


@pytest.mark.parametrize(
    ("method", "path", "data", "words"),
    [
        ("POST", "clock", "{", "not JSON"),
        ("POST", "clock", "[]", "must be a JSON object"),
        ("POST", "clock", '{"advance_days": "many"}', "many"),
        ("POST", "clock", '{"today": "soon"}', "soon"),
        ("POST", "faults", '{"kind": "earthquake"}', "earthquake"),
        ("POST", "switches", '{"gravity": 0}', "gravity"),
        ("GET", "requests?last=few", None, "last must be a number"),
        ("GET", "oceanengine/truth?from=today", None, "from and to must be days"),
        ("POST", "oceanengine/tokens", "{", "not JSON"),
        ("POST", "oceanengine/tokens", "[]", "must be a JSON object"),
        ("POST", "oceanengine/tokens", '{"burn": true}', "burn"),
    ],
)
def test_nonsense_is_refused_with_words(control, method, path, data, words):
    status, answer = control(method, path, data)
    assert status == 400
    assert words in answer["error"]


def test_clock_without_a_body_stands_where_it_is(control, shared_sandbox):
    status, answer = control("POST", "clock")
    assert (status, answer["today"]) == (200, shared_sandbox.platform.clock.today().isoformat())


def test_tokens_are_shown_ended_and_authorised_anew(control):
    _, before = control("GET", "oceanengine/tokens")
    assert [pair["state"] for pair in before["pairs"]] == ["live"]
    assert "auth_code" not in before

    _, ended = control("POST", "oceanengine/tokens", '{"expire_refresh": true, "new_code": true}')
    assert ended["pairs"][0]["refresh_until"] < before["pairs"][0]["refresh_until"]
    assert ended["auth_code"]

    _, killed = control("POST", "oceanengine/tokens", '{"kill": true}')
    assert killed["pairs"][0]["state"] != "live"


def test_truth_names_the_account_of_each_row(control, shared_sandbox):
    day = shared_sandbox.platform.clock.yesterday().isoformat()
    status, answer = control("GET", f"oceanengine/truth?from={day}&to={day}")
    names = {account.name for account in shared_sandbox.platform.oceanengine.accounts}
    assert status == 200
    assert {row["stat_time_day"][:10] for row in answer["rows"]} == {day}
    assert {row["local_account_name"] for row in answer["rows"]} <= names
