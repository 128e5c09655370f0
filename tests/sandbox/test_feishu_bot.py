"""Custom bots: what the webhook takes and refuses, always with HTTP 200."""

from __future__ import annotations

import time

import pytest
import requests

from platform_sandbox.defaults import FEISHU_WEBHOOK, FEISHU_WEBHOOK_SECRET
from platform_sandbox.feishu.bot import signature

TEXT = {"msg_type": "text", "content": {"text": "巨量本地推 同步完成"}}
CARD = {
    "msg_type": "interactive",
    "card": {
        "schema": "2.0",
        "header": {"title": {"tag": "plain_text", "content": "巨量本地推"}, "template": "green"},
        "body": {"elements": [{"tag": "markdown", "content": "**25** 行"}]},
    },
}


@pytest.fixture
def sandbox(shared_sandbox):
    return shared_sandbox


@pytest.fixture
def send(sandbox):
    def post(message, *, secret=FEISHU_WEBHOOK_SECRET, at=None, hook=FEISHU_WEBHOOK):
        stamp = str(int(time.time() if at is None else at))
        signed = {**message, "timestamp": stamp, "sign": signature(stamp, secret)}
        answer = requests.post(sandbox.url + hook, json=signed if secret else message, timeout=9)
        assert answer.status_code == 200
        return answer.json()

    return post


@pytest.mark.parametrize(
    ("stamp", "secret", "expected"),
    [
        ("1599360473", "demo", "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="),
        ("1757900000", "lark-test-secret", "rWW3ygiAdSmKEIysYTVjbdbv4Xnqjn35pAGLgGJZsNg="),
    ],
)
def test_signature_is_the_vendors(stamp, secret, expected):
    assert signature(stamp, secret) == expected


@pytest.mark.parametrize("message", [TEXT, CARD])
def test_accepts_and_keeps_signed_messages(sandbox, send, message):
    assert send(message) == {
        "StatusCode": 0,
        "StatusMessage": "success",
        "code": 0,
        "data": {},
        "msg": "success",
    }
    (card,) = sandbox.platform.feishu.cards
    assert card.payload == message
    assert FEISHU_WEBHOOK.endswith(card.hook)
    listed = requests.get(f"{sandbox.url}/_sandbox/feishu/cards", timeout=9).json()["cards"]
    assert [one["payload"] for one in listed] == [message]


def test_unknown_hook_is_refused_whatever_the_body(sandbox):
    url = f"{sandbox.url}/open-apis/bot/v2/hook/unknown"
    assert requests.post(url, data="{", timeout=9).json()["code"] == 19001


@pytest.mark.parametrize("body", ["{", "[]", ""])
def test_body_must_be_a_json_object(sandbox, body):
    answer = requests.post(sandbox.url + FEISHU_WEBHOOK, data=body, timeout=9)
    assert answer.json() == {"code": 9499, "msg": "Bad Request", "data": {}}


def test_signature_must_fit_and_be_younger_than_an_hour(sandbox, send):
    assert send(TEXT, secret="wrong")["code"] == 19021
    assert send(TEXT, secret=None)["code"] == 19021
    assert send(TEXT, at=time.time() - 3700)["code"] == 19021
    assert send({"msg_type": "nonsense"}, secret="wrong")["code"] == 19021
    assert sandbox.platform.feishu.cards == []
    sandbox.platform.feishu.bot(secret=None)
    assert send(TEXT, secret=None)["code"] == 0


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"content": {"text": "x"}}, 19002),
        ({"msg_type": "text"}, 9499),
        ({"msg_type": "text", "content": {"text": ""}}, 9499),
        ({"msg_type": "text", "content": {"text": 5}}, 9499),
        ({"msg_type": "video", "content": {"text": "x"}}, 9499),
        ({"msg_type": "post", "content": {"post": {"zh_cn": {"content": ["x"]}}}}, 9499),
        ({"msg_type": "post", "content": {"post": {"zh_cn": {"content": [[]]}}}}, 0),
        ({"msg_type": "post", "content": {"post": "x"}}, 9499),
        ({"msg_type": "interactive"}, 9499),
        ({"msg_type": "interactive", "card": []}, 9499),
        ({"msg_type": "interactive", "card": '{"elements": []}'}, 0),
        ({"msg_type": "interactive", "card": "{"}, 11246),
        (
            {"msg_type": "interactive", "card": {"elements": [{"tag": "markdown"}]}},
            11246,
        ),
        ({"msg_type": "interactive", "card": {"schema": "2.0", "elements": []}}, 11246),
        ({"msg_type": "interactive", "card": {"elements": []}}, 0),
        ({"msg_type": "interactive", "card": {"elements": ["x"]}}, 11246),
        (
            {
                "msg_type": "interactive",
                "card": {"schema": "2.0", "body": {"elements": [{"tag": "action"}]}},
            },
            11246,
        ),
        ({"msg_type": "interactive", "card": {"header": {"title": "x"}, "elements": []}}, 11246),
        (
            {
                "msg_type": "interactive",
                "card": {
                    "header": {"title": {"content": "x"}, "template": "pink"},
                    "elements": [],
                },
            },
            11246,
        ),
    ],
)
def test_message_shapes(send, message, code):
    assert send(message)["code"] == code


def test_keywords_look_at_texts_and_titles(sandbox, send):
    sandbox.platform.feishu.bot(keywords=("巨量本地推",))
    assert send(TEXT)["code"] == 0
    assert send(CARD)["code"] == 0
    assert send({"msg_type": "text", "content": {"text": "同步完成"}})["code"] == 19024
    hidden = {"msg_type": "share_chat", "content": {"share_chat_id": "巨量本地推"}}
    assert send(hidden)["code"] == 19024


def test_other_refusals(sandbox, send):
    sandbox.platform.feishu.bot(ip_allowed=False)
    assert send(TEXT)["code"] == 19022
    sandbox.platform.feishu.bot(ip_allowed=True, enabled=False)
    assert send(TEXT)["code"] == 19007
    sandbox.platform.feishu.bot("second", secret=None)
    assert send(TEXT, secret=None, hook="/open-apis/bot/v2/hook/second")["code"] == 0


def test_size_limit(sandbox, send):
    long = {"msg_type": "text", "content": {"text": "x" * 20_000}}
    assert send(long)["code"] == 0
    long["content"]["text"] *= 2
    assert send(long)["code"] == 19036


def test_rate_limit(sandbox, send):
    sandbox.platform.feishu.switch(webhook_limits=True)
    assert [send(TEXT)["code"] for _ in range(6)] == [0] * 5 + [11232]
    sandbox.platform.clock.advance(seconds=1)
    assert send(TEXT)["code"] == 0
