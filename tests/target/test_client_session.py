from __future__ import annotations

import random
from collections import Counter

import pytest

from target_feishu_bitable.errors import (
    AccessError,
    ApiError,
    BadBatch,
    LimitReached,
    RowGone,
    TooMuch,
    Unavailable,
    UnknownOutcome,
)
from target_feishu_bitable.session import TOKEN_PATH, Session
from target_feishu_bitable.transport import Answer, Unanswered

PATH = "/open-apis/bitable/v1/apps/bascnX"


def answer(code=0, *, retry_in=None, message="", **data):
    return Answer(code, message, "log-1", {"code": code, "msg": message, "data": data}, retry_in)


class Script:
    """A transport that answers what it is told to; the last answer is repeated."""

    def __init__(self, *answers, expire=7200):
        self.answers = list(answers) or [answer()]
        self.expire = expire
        self.sent = []
        self.tokens = []
        self.requests = 0

    def exchange(self, method, path, *, query=None, body=None, token=None):
        self.requests += 1
        if path == TOKEN_PATH:
            number = len(self.tokens) + 1
            self.tokens.append(f"t-{number}")
            body = {"code": 0, "tenant_access_token": f"t-{number}", "expire": self.expire}
            return Answer(0, "ok", None, body, None)
        self.sent.append(token)
        one = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(one, Exception):
            raise one
        return one


class Time:
    def __init__(self):
        self.now = 1_000.0
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def open_session(time):
    def build(*answers, **options):
        script = Script(*answers, **options)
        session = Session(
            script, app_id="cli_1", app_secret="s", clock=time, sleep=time.sleep,
            rng=random.Random(1),  # noqa: S311  waits
        )  # fmt: skip
        return session, script

    return build


class TestToken:
    def test_is_fetched_once_and_kept_for_its_time_less_ten_minutes(self, open_session, time):
        session, script = open_session()
        session.call("GET", PATH)
        time.now += 7200 - 601
        session.call("GET", PATH)
        assert script.sent == ["t-1", "t-1"]
        time.now += 2
        session.call("GET", PATH)
        assert script.sent[-1] == "t-2"

    @pytest.mark.parametrize("code", [99991663, 99991668, 99991677])
    def test_is_renewed_once_when_it_is_refused(self, open_session, code, time):
        session, script = open_session(answer(code), answer(name="x"))
        assert session.call("POST", PATH, writes=True) == {"name": "x"}
        assert script.sent == ["t-1", "t-2"]
        assert time.slept == []

    def test_is_not_renewed_twice(self, open_session):
        session, script = open_session(answer(99991663))
        with pytest.raises(AccessError, match="99991663"):
            session.call("GET", PATH)
        assert script.sent == ["t-1", "t-2"]

    def test_a_short_lived_one_is_still_used(self, open_session):
        session, script = open_session(expire=30)
        session.call("GET", PATH)
        session.call("GET", PATH)
        assert script.tokens == ["t-1"]


class TestWaiting:
    @pytest.mark.parametrize("code", [1254290, 1254291, 1254112, 1254036])
    @pytest.mark.parametrize("writes", [True, False])
    def test_a_busy_base_is_asked_again_because_nothing_was_done(
        self, open_session, time, code, writes
    ):
        session, script = open_session(answer(code), answer(code), answer())
        session.call("POST", PATH, writes=writes)
        assert len(script.sent) == 3
        assert 0.5 <= time.slept[0] <= 1.0 <= time.slept[1] <= 2.0

    def test_the_gateways_own_seconds_are_waited(self, open_session, time):
        session, _ = open_session(answer(99991400, retry_in=2.5), answer())
        session.call("POST", PATH, writes=True)
        assert time.slept == [2.5]

    def test_ends_after_eight_attempts_and_names_the_call(self, open_session, time):
        session, script = open_session(answer(1254290, message="TooManyRequest"))
        with pytest.raises(Unavailable) as caught:
            session.call("POST", PATH, writes=True)
        assert len(script.sent) == 8
        assert sum(time.slept) <= 300
        assert (caught.value.code, caught.value.log_id) == (1254290, "log-1")
        assert "1254290" in str(caught.value)
        assert "log-1" in str(caught.value)

    def test_ends_before_five_minutes_are_waited(self, open_session, time):
        session, _ = open_session(answer(99991400, retry_in=120.0))
        with pytest.raises(Unavailable):
            session.call("GET", PATH)
        assert time.slept == [120.0, 120.0]

    @pytest.mark.parametrize("code", [1254041, 1254045, 1254024])
    def test_what_was_just_made_is_waited_for(self, open_session, code):
        session, script = open_session(answer(code), answer())
        session.call("GET", PATH, fresh=True)
        assert len(script.sent) == 2
        session, _ = open_session(answer(code))
        with pytest.raises(ApiError):
            session.call("GET", PATH)

    @pytest.mark.parametrize(("code", "attempts"), [(1254607, 4), (1254002, 2), (1254104, 1)])
    def test_a_heavy_request_is_repeated_a_few_times_only(self, open_session, code, attempts):
        session, script = open_session(answer(code))
        with pytest.raises(TooMuch):
            session.call("POST", PATH, writes=True)
        assert len(script.sent) == attempts


class TestUnclearOutcomes:
    LOST = Unanswered("the connection broke", sent=True)
    NOT_SENT = Unanswered("no connection", sent=False)

    @pytest.mark.parametrize("code", [1255001, 1255002, 1255005, 1255040, 1255006, 1254608, 1500])
    def test_of_a_write_are_told_at_once(self, open_session, code, time):
        session, script = open_session(answer(code))
        with pytest.raises(UnknownOutcome) as caught:
            session.call("POST", PATH, writes=True)
        assert caught.value.code == code
        assert (len(script.sent), time.slept) == (1, [])

    def test_of_a_broken_write_too(self, open_session):
        session, script = open_session(self.LOST)
        with pytest.raises(UnknownOutcome, match="connection broke"):
            session.call("POST", PATH, writes=True)
        assert len(script.sent) == 1

    @pytest.mark.parametrize("nothing", [LOST, answer(1255040), answer(2200)])
    def test_of_a_read_are_repeated(self, open_session, nothing):
        session, script = open_session(nothing, answer(total=3))
        assert session.call("POST", PATH) == {"total": 3}
        assert len(script.sent) == 2

    def test_a_write_that_was_never_sent_is_repeated(self, open_session):
        session, script = open_session(self.NOT_SENT, answer())
        session.call("POST", PATH, writes=True)
        assert len(script.sent) == 2

    @pytest.mark.parametrize("writes", [True, False])
    def test_a_wrong_address_is_not_repeated(self, open_session, writes):
        text = Unanswered("HTTP 404 with an answer that is not JSON", sent=True, status=404)
        session, script = open_session(text)
        with pytest.raises(ApiError, match="api_url"):
            session.call("POST", PATH, writes=writes)
        assert len(script.sent) == 1

    @pytest.mark.parametrize("status", [200, 429, 502])
    def test_an_answer_without_an_envelope_is_repeated_for_reads(self, open_session, status):
        text = Unanswered(
            f"HTTP {status} with an answer that is not JSON", sent=True, status=status
        )
        session, script = open_session(text, answer())
        session.call("GET", PATH)
        assert len(script.sent) == 2


@pytest.mark.parametrize(
    ("code", "kind", "advice"),
    [
        (1254103, LimitReached, "Archive"),
        (1254306, LimitReached, "plan"),
        (1254105, LimitReached, "300 columns"),
        (99991403, LimitReached, "month"),
        (91402, AccessError, "wiki"),
        (91403, AccessError, "添加文档应用"),
        (1254302, AccessError, "可管理"),
        (1254304, AccessError, "可管理"),
        (131005, AccessError, "wiki"),
        (99991672, AccessError, "bitable:app"),
        (10014, AccessError, "app_secret"),
        (1254043, RowGone, ""),
        (1254061, BadBatch, ""),
        (1254072, BadBatch, ""),
        (1254130, BadBatch, ""),
        (1254999, ApiError, ""),
    ],
)
def test_a_refusal_says_what_to_do_next(open_session, code, kind, advice):
    session, script = open_session(answer(code, message="No."))
    with pytest.raises(kind) as caught:
        session.call("POST", PATH, writes=True)
    assert type(caught.value) is kind
    assert advice in str(caught.value)
    assert f"answered code {code}: No (log id log-1)." in str(caught.value)
    assert len(script.sent) == 1


def test_waits_are_not_in_step_with_other_runs(open_session, time):
    waits = Counter()
    for seed in range(20):
        script = Script(answer(1254290), answer())
        session = Session(
            script, app_id="a", app_secret="s", clock=time, sleep=time.sleep,
            rng=random.Random(seed),  # noqa: S311  waits
        )  # fmt: skip
        session.call("GET", PATH)
        waits[round(time.slept[-1], 3)] += 1
    assert len(waits) > 10


def test_no_error_carries_the_secret(open_session):
    session, _ = open_session(answer(91403))
    with pytest.raises(AccessError) as caught:
        session.call("GET", PATH)
    assert "t-1" not in str(caught.value)
