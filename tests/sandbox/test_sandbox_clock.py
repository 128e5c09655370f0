"""The sandbox's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests

from platform_sandbox import ClockError
from platform_sandbox.clock import Clock
from platform_sandbox.database import Database

# 23:30 UTC is the next day in Shanghai.
HOST = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "clock.db")
    yield database
    database.close()


def make_clock(database, seconds=0.0):
    return Clock(database, host_now=lambda: HOST, monotonic=lambda: seconds)


def test_starts_ten_days_before_the_hosts_date_in_shanghai(database):
    clock = make_clock(database)
    assert clock.today().isoformat() == "2026-02-20"
    assert clock.yesterday().isoformat() == "2026-02-19"
    assert clock.now().utcoffset() == timedelta(hours=8)
    assert clock.now_ms() == int(clock.now().timestamp() * 1000)


def test_stands_still_until_it_is_moved(database):
    clock = make_clock(database)
    before = clock.now()
    assert clock.now() == before
    assert clock.advance(days=1, seconds=90) - before == timedelta(days=1, seconds=90)


def test_reaches_the_hosts_day_but_does_not_pass_it(database):
    clock = make_clock(database)
    clock.advance(days=10)
    assert clock.today() == clock.host_today()
    with pytest.raises(ClockError, match="never passes the host's day, 2026-03-02"):
        clock.advance(days=1)
    assert clock.today() == clock.host_today()


def test_does_not_run_backwards(database):
    clock = make_clock(database)
    with pytest.raises(ClockError, match="does not run backwards"):
        clock.set(clock.yesterday())


def test_survives_a_restart_and_goes_back_on_reset(database):
    clock = make_clock(database)
    start = clock.now()
    clock.set(start.date() + timedelta(days=3))
    assert make_clock(database).now() == start + timedelta(days=3)
    clock.reset()
    assert make_clock(database).now() == start


def test_counts_moves_as_elapsed_time(database):
    clock = make_clock(database, seconds=7.0)
    assert clock.elapsed() == 7.0
    clock.advance(seconds=300)
    assert clock.elapsed() == 307.0


def test_moves_over_http_and_refuses_the_future_with_409(shared_sandbox):
    url = f"{shared_sandbox.url}/_sandbox/clock"
    today = shared_sandbox.platform.clock.today()
    moved = requests.post(url, json={"advance_days": 2}, timeout=9).json()
    assert moved["today"] == (today + timedelta(days=2)).isoformat()
    target = (today + timedelta(days=5)).isoformat()
    assert requests.post(url, json={"today": target}, timeout=9).json()["today"] == target
    refused = requests.post(url, json={"advance_days": 9}, timeout=9)
    assert refused.status_code == 409
    assert "never passes" in refused.json()["error"]
    assert requests.get(url, timeout=9).json()["today"] == target
    assert requests.post(url, json={"today": "soon"}, timeout=9).status_code == 400
