"""Whole runs meet answers whose envelope is right while something in them is not.

Single answers of another form are in test_bitable_client.py and test_client_transport.py.
"""

from __future__ import annotations

import copy
import dataclasses
import random
from typing import Any

import pytest

from platform_sandbox.defaults import FEISHU_APP_SECRET, FEISHU_BASE
from target_feishu_bitable.errors import ConfigError, TargetError
from target_feishu_bitable.transport import Transport, check_url

WRONG = (
    None, "", "words", "x" * 100_000, True, 0, -1, 1.5, 10**30,
    [], [None], ["words"], [[]], {}, {"words": {}},
)  # fmt: skip
MOST_REQUESTS = 200
TRIALS = 30
PLACES = (
    "tenant_access_token/internal",
    "records/batch_create",
    "records/batch_update",
    "records/search",
    f"apps/{FEISHU_BASE}/tables",
    "/fields",
)
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


def put(body: Any, path: Path, value: Any) -> None:
    """Put a value into an answer, where the answer still has that place."""
    for name in path[:-1]:
        if not isinstance(body, dict | list) or (isinstance(body, list) and not body):
            return
        body = body.get(name) if isinstance(body, dict) else body[name]
    if isinstance(body, dict) or (isinstance(body, list) and body):
        body[path[-1]] = copy.deepcopy(value)


class Twister:
    """Sits between target and platform; changes one place in every answer of an endpoint."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.meets("")

    def meets(self, place: str, path: Path | None = None, value: Any = None) -> None:
        self.place, self.path, self.value = place, path, value
        self.requests, self.seen = 0, None

    def exchange(self, transport: Transport, method: str, path: str, **given: Any) -> Any:
        self.requests += 1
        assert self.requests <= MOST_REQUESTS, f"no end of requests: {self.path} {self.value!r:.40}"
        answer = self._real(transport, method, path, **given)
        if path.endswith(self.place) and answer.code == 0:
            self.seen = self.seen or answer.body
            if self.path is not None:
                body = copy.deepcopy(answer.body)
                put(body, self.path, self.value)
                answer = dataclasses.replace(answer, body=body)
        return answer


@pytest.fixture
def twister(monkeypatch: pytest.MonkeyPatch) -> Twister:
    made = Twister(Transport.exchange)

    def exchange(transport: Transport, method: str, path: str, **given: Any) -> Any:
        return made.exchange(transport, method, path, **given)

    monkeypatch.setattr(Transport, "exchange", exchange)
    return made


def run(job: Any) -> Any:
    """Write two rows, one there and changed, one new, into a table as it was at first."""
    job.sandbox.platform.reset()
    job.make_table([job.row("2026-02-01", number) for number in range(3)])
    rows = [job.row("2026-02-01", 1, cost=9.5), job.row("2026-02-02", 7)]
    return job.run(job.schema(), *map(job.record, rows), job.state(2))


@pytest.mark.parametrize("place", PLACES)
def test_a_wrong_value_anywhere_ends_in_words_or_in_sound_rows(
    place: str, job: Any, twister: Twister
) -> None:
    twister.meets(place)
    assert run(job).error is None
    assert twister.seen, f"{place} is never asked"

    rng = random.Random(place)  # noqa: S311  a choice of trials
    paths = [path for path in nodes(twister.seen) if path not in {("code",), ("msg",)}]
    trials = [(path, value) for path in paths for value in WRONG]
    crashes = []
    for path, value in rng.sample(trials, min(TRIALS, len(trials))):
        twister.meets(place, path, value)
        outcome = run(job)
        if outcome.error is None:
            assert outcome.states == [2]
        elif not isinstance(outcome.error, TargetError):
            crashes.append((path, repr(value)[:40], repr(outcome.error)[:200]))
        else:
            assert outcome.states == []
        words = str(outcome.error) + outcome.log
        assert FEISHU_APP_SECRET not in words
        assert "x" * 5_000 not in words
    assert crashes == []


@pytest.mark.parametrize(
    "url",
    [
        "https://somebody:password-of-somebody@open.feishu.cn",
        "https://open.feishu.cn?token=password-of-somebody",
        "https://open.feishu.cn#password-of-somebody",
        "https://[password-of-somebody",
        "https://open.feishu.cn:password-of-somebody",
    ],
)
def test_an_address_with_more_than_an_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError, match="api_url") as caught:
        check_url(url)
    assert "password-of-somebody" not in str(caught.value)
