"""Custom bots: the webhook that takes messages, its signature, and the messages received."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from platform_sandbox.defaults import FEISHU_WEBHOOK, FEISHU_WEBHOOK_SECRET
from platform_sandbox.feishu.cards import check_message, texts_of
from platform_sandbox.feishu.codes import Refused
from platform_sandbox.feishu.limits import Windows

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from platform_sandbox.feishu.gateway import Gateway

HOUR: Final = 3600
PER_SECOND: Final = 5
PER_MINUTE: Final = 100
ACCEPTED: Final = {
    "StatusCode": 0,
    "StatusMessage": "success",
    "code": 0,
    "data": {},
    "msg": "success",
}


@dataclass(frozen=True, slots=True)
class Bot:
    """Security settings of a custom bot.

    Attributes:
        secret: Signing secret; None accepts unsigned messages.
        keywords: One of them must be in a text or title; empty for no check.
        ip_allowed: Whether the caller's address is on the allow-list.
        enabled: Whether the bot still is in its group.
    """

    secret: str | None = FEISHU_WEBHOOK_SECRET
    keywords: tuple[str, ...] = ()
    ip_allowed: bool = True
    enabled: bool = True


class Message(NamedTuple):
    """A message that a bot accepted; `time` is sandbox time in ISO form."""

    payload: dict[str, Any]
    hook: str
    time: str


class Bots:
    """All custom bots and what they were sent.

    Args:
        gateway: Builds the answers.
        host_seconds: The host's time; signatures are checked against it, because the clients
            that sign live in the host's time.
    """

    def __init__(self, gateway: Gateway, host_seconds: Callable[[], float] = time.time) -> None:
        self._gateway = gateway
        self._state = gateway.state
        self._host_seconds = host_seconds
        self.messages = [Message(**card) for card in self._state.storage.load_cards()]
        self._first_day()

    def _first_day(self) -> None:
        self.bots: dict[str, Bot] = {FEISHU_WEBHOOK.rpartition("/")[2]: Bot()}
        self._windows = Windows(self._state.clock.elapsed)

    def reset(self) -> None:
        """One bot with the default secret, no messages."""
        self.messages.clear()
        self._first_day()

    def set(self, hook: str | None = None, **changes: Any) -> None:  # noqa: ANN401  Bot's own
        """Change or add a bot; the default one when no hook is named."""
        identifier = hook or FEISHU_WEBHOOK.rpartition("/")[2]
        self.bots[identifier] = replace(self.bots.get(identifier, Bot()), **changes)

    async def receive(self, request: Request) -> Response:
        """POST bot/v2/hook/:id; HTTP 200 also for refusals."""
        hook = request.path_params["hook"]
        raw = await request.body()
        try:
            with self._state.lock:
                self._accept(hook, raw)
        except Refused as refused:
            envelope = {"code": refused.code, "msg": refused.msg, "data": {}}
            return self._gateway.answer(orjson.dumps(envelope))
        return self._gateway.answer(orjson.dumps(ACCEPTED))

    def _accept(self, hook: str, raw: bytes) -> None:
        """The order of the checks: hook, signature and address, body, keyword, rate."""
        bot = self.bots.get(hook)
        if bot is None:
            raise Refused(19001)
        if not bot.enabled:
            raise Refused(19007)
        payload = _parsed(raw)
        self._check_signature(bot, payload)
        if not bot.ip_allowed:
            raise Refused(19022)
        if len(raw) > self._state.switches.webhook_body_limit:
            raise Refused(19036)
        check_message(payload)
        if bot.keywords:
            shown = "\n".join(texts_of(payload))
            if not any(word in shown for word in bot.keywords):
                raise Refused(19024)
        self._check_rate(hook)
        kept = {key: value for key, value in payload.items() if key not in {"sign", "timestamp"}}
        moment = self._state.clock.now().isoformat(timespec="seconds")
        message = Message(kept, hook, moment)
        self.messages.append(message)
        self._state.storage.save_card(len(self.messages), message._asdict())

    def _check_signature(self, bot: Bot, payload: dict[str, Any]) -> None:
        if bot.secret is None:
            return
        stamp, sign = payload.get("timestamp"), payload.get("sign")
        try:
            age = abs(self._host_seconds() - int(str(stamp)))
        except ValueError:
            raise Refused(19021) from None
        expected = signature(str(stamp), bot.secret)
        if age > HOUR or not hmac.compare_digest(expected, str(sign)):
            raise Refused(19021)

    def _check_rate(self, hook: str) -> None:
        if not self._state.switches.webhook_limits:
            return
        second = self._windows.take(f"{hook}:second", PER_SECOND, 1.0)
        minute = self._windows.take(f"{hook}:minute", PER_MINUTE, 60.0)
        if second is not None or minute is not None:
            raise Refused(11232)


def signature(timestamp: str, secret: str) -> str:
    """The signature of a message: the key is "timestamp newline secret", the message is empty."""
    key = f"{timestamp}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, digestmod=hashlib.sha256).digest()).decode()


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        payload = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refused(9499) from None
    if not isinstance(payload, dict):
        raise Refused(9499)
    return payload
