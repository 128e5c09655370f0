"""Sending a card to custom bots: the one place of the package that talks to the network.

A bot answers HTTP 200 for errors too; ``code`` decides. It takes 5 messages a second, 100 a
minute. Facts after https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

import requests
from urllib3.exceptions import ProtocolError

from feishu_notify.card import encode
from feishu_notify.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

    from feishu_notify.settings import Webhook

_CONNECT_SECONDS = 3.05
_ANSWER_SECONDS = 10
_MOST_BYTES = 65_536
"""Of an answer; a bot's has less than two hundred."""
_ATTEMPTS = 2
_LIMITS = ((5, 1.0), (100, 60.0))
_BUSY_CODES = frozenset({11232, 11233, 11247})
_BAD_REQUEST = 9499
_TOO_MANY = 429
_SERVER_ERROR = 500

_NEXT_STEP = {
    19001: "the address is wrong or the bot was removed: copy it again from the bot's settings",
    19007: "the bot is disabled: enable it in the group's settings",
    19021: "the signature does not fit: compare FEISHU_WEBHOOK_SECRET with the bot's signature "
    "secret, and the clock of this machine with the real time",
    19022: "this machine's IP address is not on the bot's list: add it in the bot's settings",
    19024: "the bot's keyword is not in the title: set 巨量本地推 as its keyword",
    11232: "the bot got too many messages: move the job away from :00 and :30",
    11246: "the bot refused the card's form",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one card at one bot; ``problem`` is None when the bot took it."""

    problem: str | None = None
    code: int | None = None
    again: bool = False

    @property
    def ok(self) -> bool:
        """Whether the bot took the card."""
        return self.problem is None


def sign(timestamp: int, secret: str) -> str:
    """Return a bot's signature: HMAC-SHA256 of nothing, keyed by time stamp, newline and secret.

    >>> sign(1599360473, "demo")
    'l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8='
    """
    key = f"{timestamp}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


class Bots:
    """Sends messages, within the rate of a bot, with one retry.

    Args:
        clock: seconds since the epoch, for signature and rate.
        sleep: waits so many seconds.
        rng: a number in [0, 1), spreads retries.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._rng = rng
        self._sent: dict[str, deque[float]] = {}

    def send(self, webhook: Webhook, payload: dict[str, Any]) -> Delivery:
        """Send one message. Never raises for anything that the other side does.

        Args:
            webhook: the bot.
            payload: the unsigned message.
        """
        delivery = self._attempt(webhook, payload)
        for _ in range(_ATTEMPTS - 1):
            if delivery.ok or not delivery.again:
                break
            self._sleep(1 + self._rng())
            delivery = self._attempt(webhook, payload)
        return delivery

    def _attempt(self, webhook: Webhook, payload: dict[str, Any]) -> Delivery:
        self._keep_pace(webhook.url)
        if webhook.secret:
            now = int(self._clock())
            signed = {"timestamp": str(now), "sign": sign(now, webhook.secret)}
            payload = {**signed, **payload}
        try:
            with requests.Session() as session:
                session.trust_env = not is_loopback(webhook.url)
                answer = session.post(
                    webhook.url,
                    data=encode(payload),
                    headers={"Content-Type": "application/json; charset=utf-8"},
                    timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS),
                    allow_redirects=False,
                    stream=True,
                )
                with answer:
                    return _read(answer.status_code, self._body(answer))
        except requests.ReadTimeout:
            return Delivery(f"no answer within {_ANSWER_SECONDS} s (the card may have arrived)")
        except (OSError, UnicodeError) as error:  # all errors of requests are OSErrors
            return _unanswered(error)

    def _body(self, answer: requests.Response) -> bytes:
        """Read an answer as it comes, until it breaks, is too long or has taken too long."""
        body = bytearray()
        ends = self._clock() + _ANSWER_SECONDS
        with suppress(requests.RequestException):
            for byte in answer.iter_content(1):
                body += byte
                if len(body) > _MOST_BYTES or self._clock() > ends:
                    break
        return bytes(body)

    def _keep_pace(self, url: str) -> None:
        """Wait until one more message is within both limits of the bot."""
        sent = self._sent.setdefault(url, deque(maxlen=_LIMITS[-1][0]))
        for count, seconds in _LIMITS:
            if len(sent) >= count:
                wait = sent[-count] + seconds - self._clock()
                if wait > 0:
                    self._sleep(min(wait, seconds))  # the clock may have been set back
        sent.append(self._clock())


def _unanswered(error: Exception) -> Delivery:
    cause = error.args[0] if error.args else None
    if isinstance(cause, ProtocolError) and isinstance(cause.args[-1], HTTPException):
        return Delivery("the bot hung up without an answer (the card may have arrived)")
    if isinstance(error, requests.RequestException | UnicodeError):
        return Delivery(f"the bot cannot be reached ({type(error).__name__})", again=True)
    return Delivery(f"no card can be sent from this machine: {error}")


def _read(status: int, raw: bytes) -> Delivery:
    """Judge an answer by its ``code``; an answer without one is no success."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    code = body.get("code") if isinstance(body, dict) else None
    if not isinstance(code, int) or isinstance(code, bool) or not isinstance(body, dict):
        again = status == _TOO_MANY or status >= _SERVER_ERROR
        return Delivery(f"not a bot's answer (HTTP {status})", again=again)
    if code == 0:
        return Delivery(code=0)
    message = str(body.get("msg", ""))[:200]
    busy = code in _BUSY_CODES or (code == _BAD_REQUEST and "too many" in message.lower())
    step = f"; {_NEXT_STEP[code]}" if code in _NEXT_STEP else ""
    return Delivery(f"code {code}, {message}{step}", code=code, again=busy)
