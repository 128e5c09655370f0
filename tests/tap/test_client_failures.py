"""What the client does about each failure, against the sandbox: wait, give up, or say who acts."""

from __future__ import annotations

import logging
import random
import threading

import pytest

from platform_sandbox import Fault, World, defaults
from platform_sandbox.testing import SandboxServer
from tap_oceanengine_local.errors import (
    AccessDenied,
    AccountError,
    FatalError,
    PlatformUnavailable,
    QuotaUsedUp,
    ReauthorisationNeeded,
    RequestRefused,
)
from tap_oceanengine_local.pacing import Pacer

from .sending import Clockwork, emptied, timeless_client

USER = "/open_api/2/user/info/"
UNITS = "/open_api/v3.0/local/report/promotion/get/"


@pytest.fixture(scope="module")
def running():
    with SandboxServer(world=World(accounts=3, active=2, units=(2, 4), days=40)) as server:
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
    client, transport = timeless_client(running.url, store, clockwork, timeout=0.3, pool=4)
    yield client
    transport.close()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(code=40100),
        Fault(code=50000),
        Fault(code=51007),
        Fault(code=51010),
        Fault(kind="http", status=500),
        Fault(kind="http", status=502),
        Fault(kind="html", status=502),
        Fault(kind="html", status=429),
        Fault(kind="html", status=200),
        Fault(kind="invalid_json"),
        Fault(kind="truncated"),
        Fault(kind="cut_before"),
        Fault(kind="cut_after"),
        Fault(kind="slow", seconds=0.6),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status or fault.code}",
)
def test_what_may_pass_is_asked_again(client, platform, clockwork, fault):
    platform.faults.add(fault)
    assert client.get(USER, {})["app_id"] == int(defaults.OE_APP_ID)
    assert len(clockwork.slept) == 1
    assert 0.5 <= clockwork.slept[0] <= 1
    assert client.requests == 2


def test_waits_grow_and_are_not_the_same_for_all(client, platform, clockwork):
    platform.faults.add(Fault(code=40100, times=5))
    client.get(USER, {})
    first, *_, last = clockwork.slept
    assert first < 1
    assert 8 <= last <= 16
    assert all(wait != round(wait) for wait in clockwork.slept)


@pytest.mark.parametrize("code", [40100, 50000])
def test_eight_attempts_are_the_most(client, platform, clockwork, code):
    platform.faults.add(Fault(code=code, times=None))
    with pytest.raises(PlatformUnavailable, match=str(code)) as caught:
        client.get(USER, {})
    assert platform.requests.count("user/info") == 8
    assert sum(clockwork.slept) <= 300
    assert caught.value.code == code
    assert caught.value.request_id in str(caught.value)


def test_a_limited_developer_waits_as_the_header_says(client, platform, clockwork):
    platform.faults.add(Fault(code=40110, headers={"X-RateLimit-RetryIn": "7"}))
    client.get(USER, {})
    assert clockwork.slept == [7]


def test_a_limited_developer_waits_five_minutes_without_a_header(client, platform, clockwork):
    platform.faults.add(Fault(code=40110, status=429))
    client.get(USER, {})
    assert clockwork.slept == [300]


def test_a_limited_developer_waits_ten_minutes_at_most(client, platform, clockwork):
    platform.faults.add(Fault(code=40110, times=None))
    with pytest.raises(PlatformUnavailable, match="requests_per_second"):
        client.get(USER, {})
    assert sum(clockwork.slept) <= 600
    assert platform.requests.count("user/info") == 3


@pytest.mark.parametrize("code", [50000, 40110])
def test_what_the_run_can_do_without_is_soon_given_up(client, platform, clockwork, code):
    # And it is no outage: the stream itself may well be answered.
    platform.faults.add(Fault(code=code, times=None))
    for account in platform.oceanengine.accounts[:4]:
        with pytest.raises(PlatformUnavailable):
            client.try_get(USER, {"local_account_id": account.id})
    assert sum(clockwork.slept) <= 4 * 30
    assert platform.requests.count("user/info") <= 4 * 6
    platform.faults.clear()
    clockwork.seconds += 300
    assert client.try_get(USER, {})["app_id"] == int(defaults.OE_APP_ID)


@pytest.mark.parametrize("seconds", ["86400", "1e300"])
def test_a_penalty_beyond_the_bound_ends_at_once_and_holds_nobody(
    client, platform, clockwork, seconds
):
    platform.faults.add(Fault(code=40110, headers={"X-RateLimit-RetryIn": seconds}))
    with pytest.raises(PlatformUnavailable):
        client.get(USER, {})
    client.get(USER, {})
    assert clockwork.slept == []


@pytest.mark.parametrize("seconds", ["soon", "-5", "0", "nan", "inf"])
def test_an_odd_header_does_no_harm(client, platform, clockwork, seconds):
    platform.faults.add(Fault(code=40110, headers={"X-RateLimit-RetryIn": seconds}))
    client.get(USER, {})
    assert clockwork.slept == [300]


def test_the_real_limit_of_the_sandbox_is_outwaited(client, platform, clockwork):
    platform.services.switches.oe_requests_per_second = 1

    def two_at_once():  # the limit's second may have begun with a request of an earlier test
        for _ in range(2):
            client.get(USER, {})

    with pytest.raises(PlatformUnavailable):  # its clock does not follow the test's
        two_at_once()
    assert 290 <= clockwork.slept[0] <= 301


def test_a_limited_path_rests_for_all_threads():
    clockwork = Clockwork()
    pacer = Pacer(10, clock=clockwork.now, sleep=clockwork.sleep)
    pacer.rest("/a/", 300)
    pacer.wait("/b/")
    assert clockwork.slept == []
    pacer.wait("/a/")
    assert clockwork.slept == [300]
    pacer.wait("/a/")
    assert clockwork.slept == [300, pytest.approx(0.1, rel=0.06)]


def test_requests_are_spaced_evenly():
    clockwork = Clockwork()
    pacer = Pacer(4, clock=clockwork.now, sleep=clockwork.sleep)
    for _ in range(5):
        pacer.wait("/a/")
    assert clockwork.slept == [pytest.approx(0.25, rel=0.06)] * 4


@pytest.mark.parametrize("per_second", [1, 7, 10, 100])
def test_no_second_has_more_requests_than_allowed_also_when_some_start_late(per_second):
    clockwork, late = Clockwork(), random.Random(per_second)  # noqa: S311  delays, no secrets
    pacer = Pacer(per_second, clock=clockwork.now, sleep=clockwork.sleep)
    turns = []
    for _ in range(5 * per_second):
        pacer.wait("/a/")
        turns.append(clockwork.seconds)
    starts = sorted(turn + late.uniform(0.0, 0.04) for turn in turns)
    assert all(
        later - first >= 1 for first, later in zip(starts, starts[per_second:], strict=False)
    )


def test_no_burst_after_a_pause():
    clockwork = Clockwork()
    pacer = Pacer(4, clock=clockwork.now, sleep=clockwork.sleep)
    pacer.wait("/a/")
    clockwork.seconds += 100
    for _ in range(3):
        pacer.wait("/a/")
    assert clockwork.slept == [pytest.approx(0.25, rel=0.06)] * 2


@pytest.mark.parametrize("code", [40002, 40119, 40130])
def test_one_account_is_refused(client, platform, clockwork, code):
    platform.faults.add(Fault(code=code))
    with pytest.raises(AccessDenied, match=f"code {code}") as caught:
        client.get(USER, {})
    assert isinstance(caught.value, AccountError)
    assert not isinstance(caught.value, FatalError)
    assert clockwork.slept == []
    assert client.requests == 1


def test_an_unknown_code_fails_the_account_with_its_words(client, platform):
    platform.faults.add(Fault(code=45678, message="something new"))
    with pytest.raises(AccountError, match="45678: something new"):
        client.get(USER, {})


@pytest.mark.parametrize("code", [40103, 40107])
def test_a_dead_authorisation_says_what_to_open_and_run(client, platform, clockwork, code):
    platform.faults.add(Fault(code=code))
    with pytest.raises(ReauthorisationNeeded) as caught:
        client.get(USER, {})
    text = str(caught.value)
    assert "https://open.oceanengine.com/audit/oauth.html?app_id=1800000000000001" in text
    assert "meltano invoke tap-oceanengine-local:authorize --code 'CALLBACK LINK'" in text
    assert "all accounts again" in text
    assert USER in text
    assert caught.value.code == code
    assert clockwork.slept == []


@pytest.mark.parametrize("code", [40000, 40001, 40104, 40113])
def test_a_refused_request_is_fatal_and_names_the_endpoint(client, platform, clockwork, code):
    platform.faults.add(Fault(code=code, message="metrics: invalid"))
    with pytest.raises(RequestRefused, match=r"user/info.*metrics: invalid"):
        client.get(USER, {})
    assert clockwork.slept == []


def test_a_refused_parameter_is_named(client, platform):
    with pytest.raises(RequestRefused, match="metrics"):
        client.get(
            UNITS,
            {
                "local_account_id": platform.oceanengine.accounts[0].id,
                "start_date": "2026-02-11",
                "end_date": "2026-02-11",
                "metrics": "stat_cost",
            },
        )


@pytest.mark.parametrize("code", [61002, 61003])
def test_a_used_up_day_stops_the_run(client, platform, clockwork, code):
    platform.faults.add(Fault(code=code, times=None))
    with pytest.raises(QuotaUsedUp):
        client.get(USER, {})
    assert client.requests == 1


def test_an_expired_token_is_renewed_once(client, platform):
    client.get(USER, {})
    platform.oceanengine.tokens.expire_access()
    client.get(USER, {})
    client.get(USER, {})
    assert platform.oceanengine.tokens.refreshes == 1


@pytest.mark.parametrize("code", [40102, 40105])
def test_a_token_that_stays_refused_is_renewed_once_and_then_fatal(
    client, platform, clockwork, code
):
    platform.faults.add(Fault(path="user/info", code=code, times=None))
    with pytest.raises(ReauthorisationNeeded, match="also after it was renewed"):
        client.get(USER, {})
    assert platform.oceanengine.tokens.refreshes == 1
    assert platform.requests.count("user/info") == 2
    assert clockwork.slept == []


def test_a_token_refused_again_after_a_retry_is_not_renewed_twice(client, platform):
    platform.faults.add(Fault(path="user/info", code=40102))
    platform.faults.add(Fault(path="user/info", code=50000))
    platform.faults.add(Fault(path="user/info", code=40102))
    with pytest.raises(ReauthorisationNeeded):
        client.get(USER, {})
    assert platform.oceanengine.tokens.refreshes == 1


@pytest.fixture
def other(running, client, clockwork, tmp_path):
    """The client of another process on the same authorisation."""
    store = tmp_path / "tokens.db"
    client, transport = timeless_client(running.url, store, clockwork, timeout=0.3, pool=1)
    yield client
    transport.close()


def test_a_pair_that_another_process_renewed_between_two_attempts_is_taken(
    client, other, platform, clockwork, monkeypatch
):
    platform.faults.add(Fault(path="user/info", code=40102))
    platform.faults.add(Fault(path="user/info", code=50000))
    monkeypatch.setattr(client, "_sleep", lambda _: other.tokens.refresh())
    assert client.get(USER, {})["app_id"] == int(defaults.OE_APP_ID)
    assert platform.oceanengine.tokens.refreshes == 2
    assert client.tokens.current == other.tokens.current


def test_a_pair_that_another_process_renewed_within_an_attempt_is_taken(
    client, other, platform, monkeypatch
):
    client.get(USER, {})
    platform.oceanengine.tokens.expire_access()
    renew = client.tokens.renew

    def renew_too_early(refused):
        mine = renew(refused)
        other.tokens.refresh()
        return mine

    monkeypatch.setattr(client.tokens, "renew", renew_too_early)
    assert client.get(USER, {})["app_id"] == int(defaults.OE_APP_ID)
    assert platform.oceanengine.tokens.refreshes == 2


def test_a_pair_that_another_thread_took_over_is_used(client, other, platform, monkeypatch):
    platform.faults.add(Fault(path="user/info", code=40102))
    platform.faults.add(Fault(path="user/info", code=50000))
    access_token = client.tokens.access_token

    def access_token_too_early():
        mine = access_token()
        if platform.oceanengine.tokens.refreshes == 1:
            other.tokens.refresh()
            client.tokens.renew(mine)
        return mine

    monkeypatch.setattr(client.tokens, "access_token", access_token_too_early)
    assert client.get(USER, {})["app_id"] == int(defaults.OE_APP_ID)
    assert platform.oceanengine.tokens.refreshes == 2


def test_a_process_that_renews_for_ever_does_not_keep_another_for_ever(
    client, other, platform, monkeypatch
):
    monkeypatch.setattr(client._pacer, "wait", lambda _: other.tokens.refresh())
    with pytest.raises(ReauthorisationNeeded, match="also after it was renewed"):
        client.get(USER, {})
    assert platform.requests.count("user/info") == 8


def test_threads_renew_an_expired_token_once(client, platform):
    client.get(USER, {})
    platform.oceanengine.tokens.expire_access()
    ready, answers = threading.Barrier(8), []

    def ask():
        ready.wait()
        answers.append(client.get(USER, {})["id"])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert platform.oceanengine.tokens.refreshes == 1


def test_a_post_is_asked_again_too(client, platform):
    platform.faults.add(Fault(path="clue/life", kind="cut_before"))
    with pytest.raises(RequestRefused, match="local_account_ids"):
        client.post("/open_api/2/tools/clue/life/get/", {})
    assert client.requests == 2


def test_no_token_and_no_secret_in_any_log_or_error(client, platform, caplog):
    caplog.set_level(logging.DEBUG)
    told = [repr(client), repr(client.tokens), repr(client.tokens.app)]
    for fault in (
        Fault(code=50000, message=defaults.OE_ACCESS_TOKEN),
        Fault(code=40001, message=f"{defaults.OE_ACCESS_TOKEN} is odd"),
        Fault(path="user/info", code=40102),
        Fault(path="refresh_token", code=50000, message=defaults.OE_APP_SECRET),
    ):
        platform.faults.add(fault)
        try:
            client.get(USER, {})
        except FatalError as error:
            told += [str(error), repr(error)]
    platform.faults.add(Fault(path="user/info", code=40102))
    platform.faults.add(Fault(path="refresh_token", code=40107, message=defaults.OE_APP_SECRET))
    with pytest.raises(ReauthorisationNeeded) as caught:
        client.get(USER, {})
    told += [str(caught.value), repr(client.tokens.current)]
    told += [record.getMessage() for record in caplog.records if "tap_oc" in record.name]
    issued = {
        token for pair in platform.oceanengine.tokens.pairs for token in (pair.access, pair.refresh)
    }
    for secret in {*issued, defaults.OE_APP_SECRET}:
        assert not any(secret in text for text in told), secret
        assert not any(secret in record.getMessage() for record in caplog.records), secret
