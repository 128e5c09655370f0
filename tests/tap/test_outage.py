"""A platform that is down ends a run over many accounts soon; a broken account never does."""

from __future__ import annotations

import logging
import threading

import pytest

from platform_sandbox import Fault, World
from platform_sandbox.testing import SandboxServer
from tap_oceanengine_local.client import ATTEMPTS
from tap_oceanengine_local.errors import AccessDenied, FatalError, PlatformUnavailable
from tap_oceanengine_local.outage import DOWN_AFTER, SUSPECTED_AFTER, Outage

from .sending import Clockwork, emptied, timeless_client

UNITS = "/open_api/v3.0/local/report/promotion/get/"
MOST_TO_DOWN = SUSPECTED_AFTER * ATTEMPTS + DOWN_AFTER - SUSPECTED_AFTER


@pytest.fixture(scope="module")
def running():
    with SandboxServer(world=World(accounts=30, active=2, units=(2, 4), days=20)) as server:
        yield server


@pytest.fixture
def platform(running):
    return emptied(running)


@pytest.fixture
def clockwork():
    return Clockwork()


@pytest.fixture
def client(running, platform, clockwork, tmp_path):
    store = tmp_path / "tokens.db"
    client, transport = timeless_client(running.url, store, clockwork, timeout=5, pool=8)
    yield client
    transport.close()


@pytest.fixture
def ids(platform):
    return [account.id for account in platform.oceanengine.accounts]


def read(client, platform, account_id):
    day = platform.clock.yesterday().isoformat()
    return client.get(
        UNITS,
        {
            "local_account_id": account_id,
            "time_granularity": "TIME_GRANULARITY_DAILY",
            "start_date": day,
            "end_date": day,
            "metrics": ["stat_cost"],
            "page": 1,
            "page_size": 100,
        },
    )


def outcomes(client, platform, ids):
    """What became of each account, until one error ends the run."""
    told = []
    for account_id in ids:
        try:
            read(client, platform, account_id)
            told.append("read")
        except (PlatformUnavailable, AccessDenied) as error:
            told.append(type(error).__name__)
        except FatalError as error:
            told.append(str(error))
            break
    return told


def test_a_platform_that_is_down_ends_the_run_soon(client, platform, ids, clockwork):
    platform.faults.add(Fault(path="report/promotion", code=50000, times=None))
    told = outcomes(client, platform, ids)
    assert told[:-1] == ["PlatformUnavailable"] * (DOWN_AFTER - 1)
    assert told[-1].startswith("The platform can't be reached: no proper answer for 20 accounts")
    assert "run again later" in told[-1]
    assert "code 50000" in told[-1]
    assert platform.requests.count("report/promotion") == MOST_TO_DOWN
    assert clockwork.seconds < SUSPECTED_AFTER * 300


def test_the_last_error_is_passed_on_with_its_ids(client, platform, ids):
    platform.faults.add(Fault(path="report/promotion", code=50000, times=None))
    outcomes(client, platform, ids[: DOWN_AFTER - 1])
    with pytest.raises(FatalError) as caught:
        read(client, platform, ids[DOWN_AFTER])
    assert caught.value.code == 50000
    assert caught.value.request_id in str(caught.value)


def test_broken_accounts_never_stop_the_others(client, platform, ids):
    broken = ids[:5]
    for account_id in broken:
        platform.faults.add(
            Fault(
                path="report/promotion",
                code=50000,
                times=None,
                match={"local_account_id": account_id},
            )
        )
    told = outcomes(client, platform, ids)
    assert told == ["PlatformUnavailable"] * 5 + ["read"] * (len(ids) - 5)


def test_one_answer_brings_all_attempts_back(client, platform, ids):
    platform.faults.add(Fault(path="report/promotion", code=50000, times=SUSPECTED_AFTER * 8 + 1))
    told = outcomes(client, platform, ids[: SUSPECTED_AFTER + 2])
    assert told == ["PlatformUnavailable"] * (SUSPECTED_AFTER + 1) + ["read"]
    platform.faults.add(Fault(path="report/promotion", code=50000, times=ATTEMPTS - 1))
    assert outcomes(client, platform, ids[:1]) == ["read"]


def test_a_refusal_is_an_answer(client, platform, ids):
    refused = ids[SUSPECTED_AFTER - 1 :: SUSPECTED_AFTER]
    for account_id in refused:
        platform.faults.add(
            Fault(path="report/promotion", code=40002, match={"local_account_id": account_id})
        )
    platform.faults.add(Fault(path="report/promotion", code=50000, times=None))
    told = outcomes(client, platform, ids)
    assert told == (["PlatformUnavailable"] * 2 + ["AccessDenied"]) * (len(ids) // 3)
    tries = platform.requests.count("report/promotion")
    assert tries == len(refused) + ATTEMPTS * (len(ids) - len(refused))


def test_one_account_asked_often_is_still_one(client, platform, ids):
    platform.faults.add(Fault(path="report/promotion", code=50000, times=None))
    told = outcomes(client, platform, ids[:1] * (DOWN_AFTER + 5))
    assert told == ["PlatformUnavailable"] * (DOWN_AFTER + 5)


def test_lists_of_accounts_do_not_count(client, platform, ids):
    platform.faults.add(Fault(path="/list/", code=40110, times=None))
    for kind in range(DOWN_AFTER + 1):
        with pytest.raises(PlatformUnavailable):
            client.get(f"/open_api/kind-{kind}/list/", {"page": 1})
    assert outcomes(client, platform, ids) == ["read"] * len(ids)


def test_a_limited_developer_ends_the_run_within_the_hour(client, platform, ids, clockwork):
    platform.faults.add(Fault(path="report/promotion", code=40110, times=None))
    told = outcomes(client, platform, ids)
    assert "The platform can't be reached" in told[-1]
    assert "requests_per_second" in told[-1]
    assert len(told) == SUSPECTED_AFTER
    assert clockwork.seconds < 3600


def test_only_a_wait_that_follows_is_announced(client, platform, ids, caplog):
    caplog.set_level(logging.WARNING)
    platform.faults.add(Fault(path="report/promotion", code=50000, times=None))
    outcomes(client, platform, ids)
    announced = [r for r in caplog.records if "Asking again" in r.getMessage()]
    assert len(announced) == SUSPECTED_AFTER * (ATTEMPTS - 1)


def test_who_fails_beside_answers_does_not_count():
    outage = Outage()
    why = PlatformUnavailable("nothing came.")
    begun = outage.answers
    outage.answered()
    for number in range(DOWN_AFTER + 1):
        assert outage.gave_up({"local_account_id": str(number)}, begun, why) is why
    assert not outage.is_suspected


def test_threads_count_together():
    outage = Outage()
    why = PlatformUnavailable("nothing came.")
    ready, told = threading.Barrier(DOWN_AFTER), []

    def give_up(number):
        ready.wait()
        told.append(outage.gave_up({"local_account_ids": [number]}, 0, why))

    threads = [threading.Thread(target=give_up, args=(number,)) for number in range(DOWN_AFTER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(error, FatalError) for error in told) == 1
