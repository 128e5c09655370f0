"""The gateway: who calls, may they, how often; the envelope of every answer."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING, Any, Final

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from platform_sandbox.feishu.app import App, Tokens
from platform_sandbox.feishu.call import Call
from platform_sandbox.feishu.codes import Refused, http_status
from platform_sandbox.feishu.idempotency import Replies, checked
from platform_sandbox.feishu.ids import Ids
from platform_sandbox.feishu.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from platform_sandbox.feishu.endpoints import Endpoint
    from platform_sandbox.feishu.state import State

JSON: Final = "application/json; charset=utf-8"
STRUCTURE: Final = ("field.", "table.", "view.", "app.update")


class Gateway:
    """Everything that happens to a call before and after its handler.

    All of it runs on the event loop, without the state's lock: a call that arrives while another
    one works is judged at once, and only the handlers wait for each other.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self._ids = Ids(Random(f"{state.services.seed}:feishu:log"))  # noqa: S311  no secret
        self.reset()

    def reset(self) -> None:
        """Forget tokens, replies, counters; the app is set up as at first."""
        elapsed = self.state.clock.elapsed
        self.app = App()
        self.tokens = Tokens(self._ids, elapsed)
        self.limits = Limits(elapsed)
        self._replies = Replies()
        self.writing: dict[str, str] = {}

    def log_id(self) -> str:
        """A new log id."""
        return self._ids.log_id(f"{self.state.clock.now():%Y%m%d%H%M%S}")

    def answer(
        self,
        content: bytes,
        status: int = 200,
        *,
        log_id: str | None = None,
        media_type: str = JSON,
    ) -> Response:
        """An answer with its log id."""
        response = Response(content, status_code=status, media_type=media_type)
        # The vendor's own client looks the header up by exactly these letters.
        response.raw_headers.append((b"X-Tt-Logid", (log_id or self.log_id()).encode()))
        return response

    def refusal(self, refused: Refused, endpoint: str = "") -> Response:
        """The answer for a code other than 0."""
        switches = self.state.switches
        status = http_status(refused.code, endpoint, switches.status_mode, switches.throttle_status)
        log_id = self.log_id()
        envelope: dict[str, Any] = {"code": refused.code, "msg": refused.msg}
        if refused.code not in {10003, 10014}:
            envelope["error"] = {"log_id": log_id, **refused.error}
        envelope["data"] = {}
        response = self.answer(orjson.dumps(envelope), status, log_id=log_id)
        response.headers.update(refused.headers)
        return response

    def failure(self, code: int, message: str | None) -> Response:
        """The answer for a failure on demand."""
        return self.refusal(Refused(code, message))

    async def token(self, request: Request) -> Response:
        """POST auth/v3/tenant_access_token/internal: HTTP 200, whatever happens."""
        try:
            body = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            body = None
        try:
            return self.answer(orjson.dumps(self.tokens.issue(self.app, body)))
        except Refused as refused:
            return self.refusal(refused)

    async def not_found(self, request: Request) -> Response:
        """A wrong path or method: plain text, no envelope."""
        del request
        return self.answer(b"404 page not found", 404, media_type="text/plain")

    def route(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        """The ASGI handler of an endpoint."""

        async def handle(request: Request) -> Response:
            try:
                return self.answer(await self._run(endpoint, request))
            except Refused as refused:
                return self.refusal(refused, endpoint.name)

        return handle

    async def _run(self, endpoint: Endpoint, request: Request) -> bytes:
        raw = await request.body()
        self._admit(endpoint, request)
        client_token = checked(request.query_params.get("client_token", ""))
        limit = self.state.switches.changeset_limit
        if endpoint.write and limit is not None and len(raw) > limit:
            raise Refused(1254002, f"changeset size exceed the limit, len:{len(raw)}")
        call = Call(self.state, self.app, request.path_params, request.query_params)
        call.body = _body(raw) if endpoint.body else {}
        self._locate(endpoint, call)
        if not endpoint.write:
            return await run_in_threadpool(self._read, endpoint, call)
        return await self._write(endpoint, call, raw, client_token, request.url.path)

    def _admit(self, endpoint: Endpoint, request: Request) -> None:
        """Token, address, scope, quota, rate: in the order of the gateway."""
        switches = self.state.switches
        self.tokens.check(request.headers.get("authorization"))
        if not self.app.ip_allowed:
            raise Refused(99991401)
        if not self.app.scopes & set(endpoint.scopes):
            raise _scopes_missing(endpoint)
        self.limits.quota(switches.monthly_quota)
        if switches.rate_limits:
            self.limits.endpoint(endpoint.name, endpoint.limit)

    def _locate(self, endpoint: Endpoint, call: Call) -> None:
        """The base and table of the path, and whether the app may do this to them."""
        token = call.path.get("app_token")
        if token is None:
            return
        base = self.state.bases.get(token)
        if base is None:
            raise Refused(91402 if token in self.state.nodes else 1254040)
        rights = self.app.rights
        if rights == "none" or (endpoint.write and rights == "read"):
            raise Refused(91403)
        self.limits.base(token, self.state.switches.base_calls_per_second)
        self._advanced(endpoint)
        call.base = base
        table_id = call.path.get("table_id")
        if table_id is None:
            return
        table = base.tables.get(table_id)
        if table is None or self.state.is_fresh(table_id):
            raise Refused(1254041 if table_id.startswith("tbl") else 1254004)
        call.table = table

    def _advanced(self, endpoint: Endpoint) -> None:
        """Advanced permission without the right to manage."""
        mode, name = self.app.advanced, endpoint.name
        if mode in {"off", "manage"} or name == "app.get":
            return
        if name in {"record.search", "record.batch_get"}:
            if mode == "refused":
                raise Refused(1254302)
            return
        if endpoint.write and (mode != "blind" or name.startswith(STRUCTURE)):
            raise Refused(1254302)

    def _read(self, endpoint: Endpoint, call: Call) -> bytes:
        with self.state.lock:
            reply = _success(endpoint.handler(call))
        limit = self.state.switches.response_limit
        if endpoint.name == "record.search" and limit is not None and len(reply) > limit:
            raise Refused(1254030)
        return reply

    async def _write(
        self,
        endpoint: Endpoint,
        call: Call,
        raw: bytes,
        client_token: str,
        path: str,
    ) -> bytes:
        """One write at a time: what overlaps is refused, not queued."""
        switches = self.state.switches
        by_base = switches.conflict_scope == "base" or "table_id" not in call.path
        target = call.path.get("app_token" if by_base else "table_id", path)
        if target in self.writing:
            same = client_token and self.writing[target] == client_token
            raise Refused(1254608 if same else 1254291)
        self.writing[target] = client_token
        try:
            if switches.write_seconds:
                await asyncio.sleep(switches.write_seconds)
            key = (path, client_token) if client_token and endpoint.replays else None
            return await run_in_threadpool(self._apply, endpoint, call, raw, key)
        finally:
            del self.writing[target]

    def _apply(
        self,
        endpoint: Endpoint,
        call: Call,
        raw: bytes,
        key: tuple[str, str] | None,
    ) -> bytes:
        with self.state.lock:
            if key is None:
                return _success(endpoint.handler(call))
            known = self._replies.replay(key, raw, call.base.revision, call.switches)
            if known is not None:
                return known
            reply = _success(endpoint.handler(call))
            self._replies.keep(key, raw, reply, call.base.revision)
            return reply


def _success(data: dict[str, Any]) -> bytes:
    return orjson.dumps({"code": 0, "msg": "success", "data": data})


def _body(raw: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refused(1254000) from None
    if not isinstance(body, dict):
        raise Refused(1254001)
    return body


def _scopes_missing(endpoint: Endpoint) -> Refused:
    names = ", ".join(endpoint.scopes)
    return Refused(
        99991672,
        f"Access denied. One of the following scopes is required: [{names}].",
        error={
            "permission_violations": [
                {"type": "action_scope_required", "subject": scope} for scope in endpoint.scopes
            ],
        },
    )
