"""The gateway: token, rate limit, envelope and request id of every Ocean Engine call."""

from __future__ import annotations

from collections import defaultdict, deque
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import orjson

from platform_sandbox.answers import json_answer
from platform_sandbox.faults import ROWS
from platform_sandbox.oceanengine.parameters import Parameters, Refusal
from platform_sandbox.oceanengine.spoiling import spoil

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from platform_sandbox.oceanengine.tokens import TokenService
    from platform_sandbox.services import Services

    Handler = Callable[[Parameters], dict[str, Any]]

MESSAGES: Final[dict[int, str]] = {
    40000: "parameter invalid",
    40001: "参数错误",
    40002: "No permission to operate account",
    40100: "Too many requests. Please retry in some time.",
    40102: "access_token已过期",
    40103: "refresh_token已过期，请重新授权",
    40104: "The access_token is empty.",
    40105: "access_token无效",
    40107: "refresh_token无效或已被使用，请重新授权",
    40110: "Too many requests by this developer. Please retry in some time.",
    40115: "auth_code已经使用,请重新授权",
    40119: "未获得敏感物料授权",
    40130: "Too many requests for this advertiser. Please retry in some time.",
    50000: "Internal service timed out. Please retry in sometime.",
    51007: "查询素材错误",
    61002: "developer daily call limit reached",
    61003: "account use restricted",
}
LIMITED: Final = 40110


class Gateway:
    """Everything that happens to a call before and after its handler."""

    def __init__(self, services: Services, tokens: TokenService) -> None:
        self._services = services
        self._tokens = tokens
        self._calls = 0
        self._recent: dict[str, deque[float]] = defaultdict(deque)
        self._penalty_until: dict[str, float] = {}

    def reset(self) -> None:
        """Forget who called how often."""
        self._recent.clear()
        self._penalty_until.clear()

    def request_id(self) -> str:
        """14 digits of local time and 20 upper-case hex digits."""
        self._calls += 1
        tail = blake2b(f"{self._services.seed}:{self._calls}".encode(), digest_size=10)
        return f"{self._services.clock.now():%Y%m%d%H%M%S}{tail.hexdigest().upper()}"

    def success(self, data: dict[str, Any]) -> Response:
        """HTTP 200, code 0."""
        return json_answer(
            {"code": 0, "message": "OK", "request_id": self.request_id(), "data": data}
        )

    def refusal(self, refusal: Refusal) -> Response:
        """HTTP 200 with a business code; `data` is missing or empty, as on the platform."""
        body: dict[str, Any] = {
            "code": refusal.code,
            "message": refusal.message,
            "request_id": self.request_id(),
        }
        if refusal.code != 40104:  # noqa: PLR2004  observed without data
            body["data"] = {}
        return json_answer(body, status=refusal.status, headers=refusal.headers)

    def failure(self, code: int, message: str | None) -> Response:
        """A failure on demand; a limit on demand names its penalty unless the fault does."""
        text = message or MESSAGES.get(code, "服务内部错误，请稍后重试")
        return self.refusal(Refusal(code, text))

    def get(self, handler: Handler, *, token: bool = True) -> Callable[[Request], Awaitable[Any]]:
        """An endpoint with query parameters."""

        async def handle(request: Request) -> Response:
            try:
                self._admit(request, token=token)
                bad = self._services.switches.oe_bad_parameter_code
                sent = dict(request.query_params)
                return self.success(self._spoilt(request, sent, handler(Parameters(sent, bad))))
            except Refusal as refusal:
                return self.refusal(refusal)

        return handle

    def post(self, handler: Handler, *, token: bool = True) -> Callable[[Request], Awaitable[Any]]:
        """An endpoint with a JSON body."""

        async def handle(request: Request) -> Response:
            try:
                self._admit(request, token=token)
                body = _json_body(request, await request.body())
                bad = self._services.switches.oe_bad_parameter_code
                data = handler(Parameters(body, bad, from_body=True))
                return self.success(self._spoilt(request, body, data))
            except Refusal as refusal:
                return self.refusal(refusal)

        return handle

    def _spoilt(
        self, request: Request, sent: dict[str, Any], data: dict[str, Any]
    ) -> dict[str, Any]:
        fault = self._services.faults.take(request.method, request.url.path, lambda: sent, ROWS)
        return data if fault is None else spoil(data, fault)

    def _admit(self, request: Request, *, token: bool) -> None:
        if token:
            sent = request.headers.get("Access-Token")
            if sent is None and request.url.path.startswith("/open_api/oauth2/"):
                sent = request.query_params.get("access_token")
            self._tokens.check(sent)
        self._throttle(request.url.path)

    def _throttle(self, path: str) -> None:
        """The developer's limit per path, counted over the last second; then the penalty."""
        switches = self._services.switches
        limit = switches.oe_requests_per_second
        if limit is None:
            return
        now = self._services.clock.elapsed()
        until = self._penalty_until.get(path, 0.0)
        recent = self._recent[path]
        while recent and recent[0] <= now - 1:
            recent.popleft()
        if until <= now and len(recent) < limit:
            recent.append(now)
            return
        if until <= now:
            until = self._penalty_until[path] = now + switches.oe_rate_penalty_seconds
        raise Refusal(
            LIMITED,
            MESSAGES[LIMITED],
            status=switches.oe_rate_status,
            headers={
                "X-RateLimit-Dimension": "developer_qpm",
                "X-RateLimit-RetryIn": str(int(until - now) + 1),
            },
        )


def _json_body(request: Request, raw: bytes) -> dict[str, Any]:
    """The JSON object of a POST.

    Raises:
        Refusal: 40000, as the platform words it, for anything else.
    """
    kind = request.headers.get("content-type", "")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict) or not kind.startswith("application/json"):
        raise Refusal(
            40000,
            "无法解析本次请求所需的账户ID,请检查:请求头(Content-Type)/JSON格式是否设置正确、必填字段不可以设置为空",
        )
    return body
