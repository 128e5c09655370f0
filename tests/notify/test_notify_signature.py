"""Sending: signature, pace, one retry, and what counts as taken."""

from __future__ import annotations

import json
import threading

import pytest

from feishu_notify import webhook
from feishu_notify.settings import Webhook
from feishu_notify.webhook import Bots, sign

MESSAGE = {"msg_type": "interactive", "card": {"schema": "2.0"}}


class Clock:
    """A clock that only moves when somebody waits."""

    def __init__(self) -> None:
        self.now = 1_757_900_000.0
        self.waited: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def bots(clock):
    return Bots(clock=clock, sleep=clock.sleep, rng=lambda: 0.5)


@pytest.mark.parametrize(
    ("timestamp", "secret", "signature"),
    [
        (1_599_360_473, "demo", "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="),
        (1_757_900_000, "lark-test-secret", "rWW3ygiAdSmKEIysYTVjbdbv4Xnqjn35pAGLgGJZsNg="),
    ],
)
def test_signature_is_the_vendors(timestamp, secret, signature):
    assert sign(timestamp, secret) == signature


def test_signs_with_the_seconds_as_text_when_there_is_a_secret(bots, bot):
    assert bots.send(Webhook(bot.url, "lark-test-secret"), MESSAGE).ok
    assert bots.send(Webhook(bot.url), MESSAGE).ok

    signed, plain = bot.messages
    assert signed == {
        **MESSAGE,
        "timestamp": "1757900000",
        "sign": "rWW3ygiAdSmKEIysYTVjbdbv4Xnqjn35pAGLgGJZsNg=",
    }
    assert plain == MESSAGE


def test_code_decides_not_the_status(bots, bot):
    bot.answers = [
        (200, b'{"code":19021,"data":{},"msg":"sign match fail"}'),
        (400, b'{"code":0}'),
        (200, b'{"StatusCode":0}'),
        (200, b"<html>"),
        (200, b"[]"),
    ]
    hook = Webhook(bot.url)

    refused = bots.send(hook, MESSAGE)
    assert (refused.ok, refused.code) == (False, 19021)
    assert "FEISHU_WEBHOOK_SECRET" in refused.problem
    assert bots.send(hook, MESSAGE).ok
    for _ in range(3):
        assert bots.send(hook, MESSAGE).problem == "not a bot's answer (HTTP 200)"
    assert len(bot.messages) == 5


@pytest.mark.parametrize(
    "answer",
    [
        b"[" * 60_000,
        b'{"code": ' + b"0" * 5_000 + b"}",
        b'{"code": 1' + b"0" * 5_000 + b"}",
        b'{"code": 0, "msg": "' + b"x" * 1_000_000 + b'"}',
        b'{"code": false}',
        b"\xff\xfe",
        b"",
    ],
    ids=["deep", "zeros", "digits", "huge", "boolean", "bytes", "nothing"],
)
def test_an_odd_answer_is_a_problem_not_an_exception_nor_another_card(bots, bot, answer):
    bot.answers = [(200, answer)]
    assert bots.send(Webhook(bot.url), MESSAGE).problem == "not a bot's answer (HTTP 200)"
    assert len(bot.messages) == 1


def test_an_answer_that_drips_is_not_waited_for(bots, bot, clock, monkeypatch):
    bot.answers = [(200, b'{"code": 0}')]
    monkeypatch.setattr(
        Clock, "__call__", lambda self: setattr(self, "now", self.now + 4) or self.now
    )
    assert bots.send(Webhook(bot.url), MESSAGE).problem == "not a bot's answer (HTTP 200)"


def test_a_redirect_is_not_followed(bots, bot):
    bot.answers = [(302, b"")]
    assert bots.send(Webhook(bot.url), MESSAGE).problem == "not a bot's answer (HTTP 302)"
    assert len(bot.messages) == 1


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, b'{"code":11232,"msg":"frequency limited"}'),
        (200, b'{"code":9499,"msg":"too many request"}'),
        (502, b"bad gateway"),
        (429, b""),
    ],
)
def test_tries_once_more_when_the_bot_was_busy(bots, bot, clock, status, answer):
    bot.answers = [(status, answer)]
    assert bots.send(Webhook(bot.url), MESSAGE).ok
    assert clock.waited == [1.5]

    bot.answers = [(status, answer), (status, answer)]
    assert not bots.send(Webhook(bot.url), MESSAGE).ok
    assert len(bot.messages) == 4


def test_tries_once_more_when_nobody_is_there(bots, clock, closed_port):
    delivery = bots.send(Webhook(f"http://127.0.0.1:{closed_port}/hook/x"), MESSAGE)

    assert "cannot be reached" in delivery.problem
    assert clock.waited == [1.5]


def test_does_not_repeat_a_card_that_may_have_arrived(bots, bot, monkeypatch):
    monkeypatch.setattr(webhook, "_ANSWER_SECONDS", 0.1)
    bot.hold = threading.Event()

    delivery = bots.send(Webhook(bot.url), MESSAGE)

    assert "no answer" in delivery.problem
    assert len(bot.messages) == 1


def test_does_not_repeat_a_card_when_the_bot_hangs_up(bots, bot):
    bot.answers = [(200, None)]

    delivery = bots.send(Webhook(bot.url), MESSAGE)

    assert "may have arrived" in delivery.problem
    assert len(bot.messages) == 1


def test_certificates_that_are_not_there_are_a_problem_not_an_exception(bots, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/certificates.pem")
    monkeypatch.setenv("HTTPS_PROXY", "")
    delivery = bots.send(
        Webhook("https://192.0.2.1/hook/x"), MESSAGE
    )  # fails before any connection
    assert "/nowhere/certificates.pem" in delivery.problem


def test_never_sends_faster_than_a_bot_takes(bots, bot, clock):
    hook = Webhook(bot.url)
    moments = []
    for _ in range(102):
        assert bots.send(hook, MESSAGE).ok
        moments.append(clock())

    assert all(later - first >= 1 for first, later in zip(moments, moments[5:], strict=False))
    assert moments[100] - moments[0] >= 60
    assert moments[99] - moments[0] < 60
    bots.send(Webhook(bot.url + "-another"), MESSAGE)
    assert clock() == moments[-1]


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:1:2/", "nonsense"])
def test_impossible_address_is_a_problem_not_an_exception(bots, url):
    assert not bots.send(Webhook(url), MESSAGE).ok


def test_body_is_utf8_without_escapes(bots, bot):
    bots.send(Webhook(bot.url), {"msg_type": "text", "content": {"text": "巨量本地推"}})
    assert json.dumps(bot.messages[0], ensure_ascii=False).count("巨量") == 1
