"""When tokens are renewed, what survives a lost answer, and what a person reads then."""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from platform_sandbox import Fault, World, defaults
from platform_sandbox.testing import SandboxServer
from tap_oceanengine_local.auth import build_tokens
from tap_oceanengine_local.errors import (
    ConfigError,
    FatalError,
    QuotaUsedUp,
    ReauthorisationNeeded,
    RequestRefused,
    TokenStoreError,
)
from tap_oceanengine_local.oauth import Dead
from tap_oceanengine_local.token_row import Pair, Row, is_usable
from tap_oceanengine_local.transport import Transport, Unanswered

from .sending import emptied

HOUR = 3600
DAY = 86_400
SEED = Pair(defaults.OE_ACCESS_TOKEN, defaults.OE_REFRESH_TOKEN)
LINK = (
    "https://open.oceanengine.com/audit/oauth.html?app_id=1800000000000001"
    "&redirect_uri=https%3A%2F%2Fexample.com%2Fcallback&state=tap "
)


@pytest.fixture(scope="module")
def running():
    with SandboxServer(world=World(accounts=1, active=0, days=1)) as server:
        yield server


@pytest.fixture
def platform(running):
    return emptied(running)


@pytest.fixture
def wall():
    """Seconds since 1970 in a list, so that a test can move them."""
    return [1_700_000_000.0]


@pytest.fixture
def slept():
    return []


@pytest.fixture
def make(running, platform, tmp_path, wall, slept):
    """Tokens as a fresh process would build them: `make(**settings)`."""
    transports = []

    def build(**settings):
        config = {
            "app_id": defaults.OE_APP_ID,
            "app_secret": defaults.OE_APP_SECRET,
            "access_token": defaults.OE_ACCESS_TOKEN,
            "refresh_token": defaults.OE_REFRESH_TOKEN,
            "authorization": "default",
            "token_store_uri": f"sqlite:///{tmp_path / 'store' / 'tokens.db'}",
            "redirect_uri": defaults.REDIRECT_URI,
            "api_url": running.url,
            **settings,
        }
        transport = Transport(config["api_url"], timeout=5, pool=2)
        transports.append(transport)
        return build_tokens(config, transport, clock=lambda: wall[0], sleep=slept.append)

    yield build
    for transport in transports:
        transport.close()


@pytest.fixture
def refreshed(make):
    """Tokens whose pair was renewed once, so that its end is known."""
    tokens = make()
    tokens.refresh()
    return tokens


def live(platform):
    pair = platform.oceanengine.tokens.current
    return pair.access, pair.refresh


def stored(make):
    pair = make().look().pair
    return pair.access_token, pair.refresh_token


def test_the_seed_is_used_as_it_is(make, platform):
    tokens = make()
    assert tokens.access_token() == defaults.OE_ACCESS_TOKEN
    assert tokens.refresh_days_left() is None
    assert platform.requests.count() == 0


def test_a_refresh_token_alone_is_enough(make, platform):
    assert make(access_token=None).access_token() == live(platform)[0]
    assert platform.oceanengine.tokens.refreshes == 1


def test_an_access_token_alone_works_until_it_ends(make, platform):
    make(refresh_token=None).access_token()
    tokens = make(refresh_token=None)
    assert tokens.access_token() == defaults.OE_ACCESS_TOKEN
    with pytest.raises(ReauthorisationNeeded, match="no refresh token"):
        tokens.renew(defaults.OE_ACCESS_TOKEN)
    assert platform.requests.count() == 0


def test_no_token_at_all_says_how_to_get_one(make):
    with pytest.raises(ReauthorisationNeeded, match="no token yet") as caught:
        make(access_token=None, refresh_token=None).access_token()
    assert LINK in str(caught.value)


@pytest.mark.parametrize(("left", "renewed"), [(HOUR + 1, 0), (HOUR - 1, 1), (-DAY, 1)])
def test_a_token_is_renewed_when_less_than_an_hour_is_left(
    refreshed, platform, wall, left, renewed
):
    wall[0] = refreshed.current.access_expires_at - left
    refreshed.access_token()
    refreshed.access_token()
    assert platform.oceanengine.tokens.refreshes == 1 + renewed


@pytest.mark.parametrize("life", [1800, "1800"])
def test_a_short_lived_pair_is_not_renewed_with_every_request(make, monkeypatch, wall, life):
    tokens = make()
    transport = tokens._oauth._transport
    real, asked = transport.exchange, []

    def exchange(method, path, **given):
        answer = real(method, path, **given)
        asked.append(path)
        return replace(answer, data={**answer.data, "expires_in": life})

    monkeypatch.setattr(transport, "exchange", exchange)
    first = tokens.refresh().access_token
    assert [tokens.access_token() for _ in range(3)] == [first] * 3
    wall[0] += 901
    assert tokens.access_token() != first
    assert len(asked) == 2


def test_a_new_pair_is_stored_before_it_is_used(make, platform):
    token = make().refresh().access_token
    assert stored(make) == live(platform)
    assert token == live(platform)[0]


def test_a_pair_that_the_store_did_not_keep_is_not_used(make, platform, monkeypatch):
    tokens = make()
    tokens.access_token()
    monkeypatch.setattr(tokens.store, "read", lambda _: None)
    with pytest.raises(TokenStoreError, match="did not keep"):
        tokens.renew(defaults.OE_ACCESS_TOKEN)
    assert tokens.current.access_token == defaults.OE_ACCESS_TOKEN


def test_the_end_is_counted_from_when_the_request_was_sent(refreshed, wall):
    assert refreshed.current.access_expires_at == int(wall[0]) + 86_399
    assert refreshed.current.refresh_expires_at == int(wall[0]) + 2_591_999
    assert refreshed.refresh_days_left() == 29


def test_a_refused_token_that_was_renewed_meanwhile_costs_no_refresh(refreshed, platform):
    assert refreshed.renew(defaults.OE_ACCESS_TOKEN) == live(platform)[0]
    assert platform.oceanengine.tokens.refreshes == 1


def test_a_pair_renewed_by_another_process_is_taken_over(make, platform):
    mine, other = make(), make()
    mine.access_token()
    other.refresh()
    assert mine.renew(defaults.OE_ACCESS_TOKEN) == live(platform)[0]
    assert platform.oceanengine.tokens.refreshes == 1


def test_the_stores_newer_pair_wins_over_the_configured_one(refreshed, make, platform):
    assert make().access_token() == live(platform)[0]


@pytest.mark.parametrize(
    "settings",
    [
        {"access_token": None},
        {"access_token": "another-access-token"},
        {"refresh_token": None, "access_token": None},
    ],
)
def test_a_used_refresh_token_never_wins_again(refreshed, make, platform, settings):
    assert make(**settings).access_token() == live(platform)[0]


def test_the_stores_own_pair_as_a_seed_does_not_win_later(refreshed, make, platform):
    access, refresh = live(platform)
    refreshed.refresh()
    assert make(access_token=access, refresh_token=refresh).access_token() == live(platform)[0]


def test_a_new_seed_wins_over_the_store(refreshed, make, platform):
    pair = platform.oceanengine.tokens.authorise(platform.oceanengine.tokens.new_code())
    tokens = make(access_token=pair.access, refresh_token=pair.refresh)
    assert tokens.access_token() == pair.access
    assert stored(make) == (pair.access, pair.refresh)


def test_an_authorisation_beats_the_configured_seed(make, platform):
    make().authorise(defaults.OE_AUTH_CODE)
    assert make().access_token() == live(platform)[0]
    assert platform.oceanengine.tokens.refreshes == 1


def test_an_authorisation_tells_its_subjects(make):
    assert len(make().authorise(defaults.OE_AUTH_CODE)) == 7


def test_an_import_beats_the_configured_seed(make):
    make().keep(Pair("imported-access", "imported-refresh"))
    assert make().access_token() == "imported-access"


@pytest.mark.parametrize("code", ["used", "unknown"])
def test_a_code_that_is_not_taken_leaves_the_store_alone(refreshed, make, platform, code):
    before = stored(make)
    if code == "used":
        platform.oceanengine.tokens.authorise(defaults.OE_AUTH_CODE)
    with pytest.raises(ReauthorisationNeeded, match="10 minutes, once"):
        make().authorise(defaults.OE_AUTH_CODE if code == "used" else "nonsense")
    assert stored(make) == before


def test_an_expired_code_is_not_taken_for_a_rate_limit(make, platform, slept):
    platform.faults.add(Fault(path="oauth2/access_token", code=40110))
    with pytest.raises(ReauthorisationNeeded, match="10 minutes, once"):
        make().authorise(defaults.OE_AUTH_CODE)
    assert slept == []


def test_a_code_whose_answer_is_lost_is_not_sent_again(make, platform):
    platform.faults.add(Fault(path="oauth2/access_token", kind="cut_after"))
    with pytest.raises(ReauthorisationNeeded, match="may be used up"):
        make().authorise(defaults.OE_AUTH_CODE)
    assert platform.requests.count("oauth2/access_token") == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="cut_before"),
        Fault(kind="html", status=502),
        Fault(kind="http", status=500),
        Fault(kind="invalid_json"),
        Fault(code=50000),
    ],
    ids=lambda fault: fault.kind,
)
def test_an_answer_lost_before_the_rotation_costs_one_more_try(make, platform, fault, slept):
    platform.faults.add(replace(fault, path="refresh_token"))
    assert make(access_token=None).access_token() == live(platform)[0]
    assert platform.requests.count("refresh_token") == 2
    assert stored(make) == live(platform)
    assert len(slept) == 1


@pytest.mark.parametrize("kind", ["cut_after", "truncated", "status_after", "code_after"])
def test_an_answer_lost_after_the_rotation_needs_a_person(refreshed, make, platform, kind):
    platform.faults.add(Fault(path="refresh_token", kind=kind, status=502))
    before = platform.requests.count("refresh_token")
    with pytest.raises(ReauthorisationNeeded) as caught:
        refreshed.refresh()
    assert platform.requests.count("refresh_token") == before + 2
    text = str(caught.value)
    assert "40107" in text
    assert "has not brought its new pair" in text
    assert LINK in text
    assert "`meltano invoke tap-oceanengine-local:authorize --code 'CALLBACK LINK'`" in text
    assert caught.value.request_id in text


def test_two_lost_answers_are_not_followed_by_a_third_try(refreshed, platform):
    platform.faults.add(Fault(path="refresh_token", kind="cut_before", times=None))
    before = platform.requests.count("refresh_token")
    with pytest.raises(ReauthorisationNeeded, match="Two refreshes went without an answer"):
        refreshed.refresh()
    assert platform.requests.count("refresh_token") == before + 2


def test_after_a_lost_answer_the_store_is_read_again(make, platform, monkeypatch):
    mine, other = make(), make()
    mine.access_token()
    calls = []

    def lose_once(*args, **kwargs):
        calls.append(args)
        raise Unanswered("the connection broke", sent=True)

    monkeypatch.setattr(mine._oauth._transport, "exchange", lose_once)
    monkeypatch.setattr(mine._renewal, "_sleep", lambda _: other.refresh())
    assert mine.renew(defaults.OE_ACCESS_TOKEN) == live(platform)[0]
    assert len(calls) == 1


def test_a_pair_stored_while_a_refresh_was_refused_is_used(make, platform, monkeypatch):
    mine, other = make(), make()
    mine.access_token()
    pair = platform.oceanengine.tokens.authorise(defaults.OE_AUTH_CODE)
    exclusive, turns = mine.store.exclusive, []

    @contextmanager
    def then_the_other_has_its_turn(authorization):
        try:
            with exclusive(authorization) as row:
                yield row
        except Dead:
            other.keep(Pair(pair.access, pair.refresh))
            turns.append("other")
            raise

    monkeypatch.setattr(mine.store, "exclusive", then_the_other_has_its_turn)
    assert mine.renew(defaults.OE_ACCESS_TOKEN) == pair.access
    assert turns == ["other"]
    assert mine.current == make().look().pair
    assert make().look().unanswered is None


def test_a_code_is_exchanged_with_the_store_held_so_that_nobody_renews_a_dead_pair(
    make, platform, monkeypatch, tmp_path
):
    tokens = make()
    tokens.access_token()
    exchange, held = tokens._oauth.exchange, []

    def look_for_the_lock(code):
        with closing(sqlite3.connect(tmp_path / "store" / "tokens.db", timeout=0)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                held.append(str(error))
        return exchange(code)

    monkeypatch.setattr(tokens._oauth, "exchange", look_for_the_lock)
    tokens.authorise(defaults.OE_AUTH_CODE)
    assert held == ["database is locked"]
    assert stored(make) == live(platform)


def test_a_refused_refresh_names_the_place_when_there_was_no_store(make, platform, tmp_path):
    platform.oceanengine.tokens.kill()
    with pytest.raises(ReauthorisationNeeded) as caught:
        make().renew(defaults.OE_ACCESS_TOKEN)
    assert str(tmp_path / "store" / "tokens.db") in str(caught.value)
    assert "No token store was found" in str(caught.value)
    with pytest.raises(ReauthorisationNeeded) as caught:
        make().renew(defaults.OE_ACCESS_TOKEN)
    assert "No token store was found" not in str(caught.value)


def test_without_redirect_uri_the_error_says_to_set_it(make, platform):
    platform.oceanengine.tokens.kill()
    with pytest.raises(ReauthorisationNeeded, match="Set redirect_uri"):
        make(redirect_uri=None).refresh()


@pytest.mark.parametrize("code", [40103, 40107])
def test_a_dead_refresh_token_is_not_tried_again(make, platform, slept, code):
    platform.faults.add(Fault(path="refresh_token", code=code, times=None))
    with pytest.raises(ReauthorisationNeeded, match=str(code)):
        make().refresh()
    assert platform.requests.count("refresh_token") == 1
    assert slept == []


def test_a_wrong_secret_is_not_a_lost_authorisation(make):
    with pytest.raises(RequestRefused, match="app_id and app_secret"):
        make(app_secret="another").refresh()


def test_a_used_up_day_is_not_a_lost_authorisation(make, platform):
    platform.faults.add(Fault(path="refresh_token", code=61002))
    with pytest.raises(QuotaUsedUp):
        make().refresh()


def test_a_code_of_the_future_is_told_with_its_words(make, platform):
    platform.faults.add(Fault(path="refresh_token", code=40999, message="quite new"))
    with pytest.raises(RequestRefused, match="code 40999: quite new") as caught:
        make().refresh()
    assert caught.value.request_id in str(caught.value)


def test_a_rate_limit_is_outwaited(make, platform, slept):
    platform.faults.add(Fault(path="refresh_token", code=40110))
    platform.faults.add(
        Fault(path="refresh_token", code=40110, headers={"X-RateLimit-RetryIn": "9"})
    )
    make().refresh()
    assert slept == [300, 9]
    assert stored(make) == live(platform)


@pytest.mark.parametrize("code", [40100, 40110])
def test_a_lasting_rate_limit_ends_within_bounds_and_costs_no_token(make, platform, slept, code):
    platform.faults.add(Fault(path="refresh_token", code=code, times=None))
    with pytest.raises(FatalError, match="still valid") as caught:
        make().refresh()
    assert not isinstance(caught.value, ReauthorisationNeeded)
    assert sum(slept) <= 600
    assert platform.oceanengine.tokens.refreshes == 0
    assert make().look().unanswered is None


def test_an_unreachable_platform_costs_no_token(make, platform, running):
    tokens = make(api_url="http://127.0.0.1:1")
    with pytest.raises(FatalError, match="still valid") as caught:
        tokens.refresh()
    assert not isinstance(caught.value, ReauthorisationNeeded)
    assert make(api_url="http://127.0.0.1:1").look().unanswered is None


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"access_token": "a"},
        {"access_token": 1, "refresh_token": 2},
        {"access_token": "a", "refresh_token": "with space"},
        {"access_token": "a\nX-Evil: 1", "refresh_token": "r"},
    ],
)
def test_an_answer_without_a_usable_pair_is_said(make, monkeypatch, data):
    tokens = make()
    answer = tokens._oauth._transport.exchange("POST", "/open_api/oauth2/refresh_token/", body={})
    odd = replace(answer, code=0, data=data)
    monkeypatch.setattr(tokens._oauth._transport, "exchange", lambda *_, **__: odd)
    with pytest.raises(ReauthorisationNeeded, match="no pair of tokens"):
        tokens.refresh()


@pytest.mark.parametrize("seconds", [None, "a day", "9" * 5000, True, -1, 0, 10**12, 1.5])
def test_an_odd_life_is_an_unknown_one(make, monkeypatch, seconds):
    tokens = make()
    answer = tokens._oauth._transport.exchange("POST", "/open_api/oauth2/refresh_token/", body={})
    data = {"access_token": "a", "refresh_token": "r", "expires_in": seconds}
    odd = replace(answer, code=0, data=data)
    monkeypatch.setattr(tokens._oauth._transport, "exchange", lambda *_, **__: odd)
    assert tokens.refresh().access_expires_at is None
    assert tokens.refresh_days_left() is None


def test_a_broken_store_is_tried_again_because_nobody_else_has_the_pair(
    make, platform, monkeypatch, slept
):
    tokens = make()
    tokens.access_token()
    break_writes(monkeypatch, times=3)
    tokens.refresh()
    assert stored(make) == live(platform)
    assert platform.oceanengine.tokens.refreshes == 1
    assert slept == [1.0, 4.0, 15.0]


def test_a_store_that_stays_broken_is_said_with_what_it_means(make, monkeypatch):
    tokens = make()
    tokens.access_token()
    break_writes(monkeypatch, times=99)
    with pytest.raises(TokenStoreError, match="could not be stored") as caught:
        tokens.refresh()
    assert LINK in str(caught.value)


def break_writes(monkeypatch, times):
    """Let the store fail so often when a pair is to be kept."""
    put, left = Row.put, [times]

    def failing(row, pair, now):
        if left[0]:
            left[0] -= 1
            raise TokenStoreError("disk full")
        put(row, pair, now)

    monkeypatch.setattr(Row, "put", failing)


def test_a_refresh_token_near_its_end_is_a_warning(refreshed, make, wall, caplog):
    wall[0] = refreshed.current.refresh_expires_at - 5 * DAY - 1
    caplog.set_level(logging.WARNING)
    tokens = make()
    tokens._load()
    [record] = [record for record in caplog.records if "refresh token" in record.getMessage()]
    assert "ends in 5 day(s)" in record.getMessage()
    assert LINK in record.getMessage()
    assert record.days_left == 5
    assert tokens.refresh_days_left() == 5


def test_a_fresh_refresh_token_is_no_warning(refreshed, make, caplog):
    caplog.set_level(logging.WARNING)
    make().access_token()
    assert caplog.records == []


def test_threads_renew_once(refreshed, platform, wall):
    wall[0] = refreshed.current.access_expires_at
    ready, found = threading.Barrier(8), []

    def ask():
        ready.wait()
        found.append(refreshed.access_token())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [live(platform)[0]] * 8
    assert platform.oceanengine.tokens.refreshes == 2


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
@pytest.mark.parametrize("value", ["two words", "line\nbreak", "中文", "nul\0"])
def test_a_configured_token_that_cannot_be_one_is_named_but_not_shown(make, name, value):
    with pytest.raises(ConfigError, match=name) as caught:
        make(**{name: value})
    assert value not in str(caught.value)


@pytest.mark.parametrize("name", ["app_id", "app_secret"])
def test_a_missing_app_is_named(make, name):
    with pytest.raises(ConfigError, match=name):
        make(**{name: None})


def test_what_a_token_is_made_of():
    assert is_usable("baf8a1174b420fc36aa5df9978964a7dc987356c")
    assert not any(is_usable(odd) for odd in (None, 7, b"abc", "a b", "a\t", "é"))


def test_a_relative_store_is_found_from_another_directory(make, platform, monkeypatch, tmp_path):
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    elsewhere.mkdir()
    relative = "sqlite:///.oceanengine/tokens.db"
    monkeypatch.delenv("MELTANO_PROJECT_ROOT", raising=False)
    monkeypatch.chdir(project)
    make(token_store_uri=relative).refresh()
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(project))
    monkeypatch.chdir(elsewhere)
    tokens = make(token_store_uri=relative)
    assert tokens.store.place == str(project / ".oceanengine" / "tokens.db")
    assert tokens.access_token() == live(platform)[0]
    assert list(elsewhere.iterdir()) == []


def test_building_touches_neither_network_nor_disk(make, platform, tmp_path):
    make()
    assert platform.requests.count() == 0
    assert not (tmp_path / "store").exists()
