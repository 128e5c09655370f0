"""The one place where requests are logged, delayed, failed and cut, for both platforms."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import orjson
from starlette.datastructures import MutableHeaders
from starlette.responses import Response

from platform_sandbox.protocol import TRANSPORT
from platform_sandbox.request_log import Entry, base_of, half_of, is_write

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from platform_sandbox.faults import Fault
    from platform_sandbox.request_log import Half
    from platform_sandbox.services import Services

HTML: Final = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>"
)
_CODE_PREFIX: Final = 200


class _Recorder:
    """Takes an application's answer apart, so that it can be sent whole, in part or never."""

    def __init__(self) -> None:
        self.start: Message = {"type": "http.response.start", "status": 500, "headers": []}
        self.body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    async def replay(self, send: Send) -> None:
        await send(self.start)
        await send({"type": "http.response.body", "body": bytes(self.body)})


class PlatformMiddleware:
    """Failures, request log, slow answers and cut connections.

    The order: log the request, read its body, fail it if a failure is planned, else carry it out,
    wait until the time that the switches say is over, then send, cut, or replace the answer.
    """

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        half = half_of(scope["path"]) if scope["type"] == "http" else None
        if half is None:
            await self._app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        entry = Entry(
            half=half,
            method=method,
            path=path,
            query=dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
            raw=b"",
            time=self._services.clock.now().isoformat(timespec="seconds"),
            write=is_write(method, path),
            base=base_of(path),
        )
        self._services.requests.begin(entry)
        started = time.perf_counter()
        try:
            body = await _read(receive)
            self._services.requests.keep_body(entry, body)
            end = await self._handle(entry, scope, receive, send)
            await self._wait(entry, time.perf_counter() - started)
            await end()
        finally:
            entry.elapsed_ms = (time.perf_counter() - started) * 1000
            self._services.requests.end(entry)

    async def _wait(self, entry: Entry, spent: float) -> None:
        switches = self._services.switches
        delay = switches.latency_ms
        if entry.write:
            delay = max(delay, switches.write_latency_ms)
        if (rest := delay / 1000 - spent) > 0:
            await asyncio.sleep(rest)

    async def _handle(
        self, entry: Entry, scope: Scope, receive: Receive, send: Send
    ) -> Callable[[], Awaitable[None]]:
        """Carry a request out, or not; returns how it shall end."""
        fault = self._services.faults.take(entry.method, entry.path, partial(_parameters, entry))
        entry.fault = fault.kind if fault else None
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        elif fault and fault.kind == "cut_before":
            return partial(_cut, scope, receive)
        elif fault and (answer := self._instead(entry.half, fault)):
            return partial(self._send, entry, answer, scope, send)
        recorder = _Recorder()
        await self._app(scope, _replay(entry.raw, receive), recorder.send)
        if fault and fault.kind == "cut_after":
            return partial(_cut, scope, receive)
        if fault and fault.kind in {"code_after", "status_after"}:
            return partial(self._send, entry, self._replacement(entry.half, fault), scope, send)
        entry.status = recorder.start["status"]
        entry.code = _code(recorder.body)
        if fault and fault.kind == "truncated":
            return partial(_send_half, recorder, scope, receive, send)
        return partial(recorder.replay, send)

    def _instead(self, half: Half, fault: Fault) -> Response | None:
        if fault.kind == "html":
            return _with_headers(
                Response(HTML, status_code=fault.status or 502, media_type="text/html"), fault
            )
        if fault.kind == "invalid_json":
            return _with_headers(
                Response(
                    b'{"code": 0, "data": {"list": [{"id": 12',
                    status_code=fault.status or 200,
                    media_type="application/json",
                ),
                fault,
            )
        return self._replacement(half, fault) if fault.kind in {"code", "http"} else None

    def _replacement(self, half: Half, fault: Fault) -> Response:
        answer = self._services.failures[half](fault.code, fault.message)
        usual = {"http": 503, "status_after": 502}.get(fault.kind, answer.status_code)
        answer.status_code = fault.status or usual
        return _with_headers(answer, fault)

    async def _send(self, entry: Entry, answer: Response, scope: Scope, send: Send) -> None:
        entry.status = answer.status_code
        entry.code = _code(bytes(answer.body))
        await answer(scope, _nothing, send)


def _with_headers(answer: Response, fault: Fault) -> Response:
    MutableHeaders(raw=answer.raw_headers).update(fault.headers)
    return answer


def _parameters(entry: Entry) -> Mapping[str, Any]:
    body = entry.body
    return {**entry.query, **body} if isinstance(body, dict) else entry.query


def _code(body: bytes | bytearray) -> int | None:
    # The envelope begins with the code on both platforms: no need to parse a whole page of rows.
    head = bytes(body[:_CODE_PREFIX])
    _, found, rest = head.partition(b'"code":')
    if not found:
        return None
    digits = rest.lstrip(b" ").split(b",")[0].split(b"}")[0].strip()
    try:
        return int(orjson.loads(digits))
    except (orjson.JSONDecodeError, TypeError, ValueError):
        return None


async def _read(receive: Receive) -> bytes:
    parts = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(parts)
        parts += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def _cut(scope: Scope, receive: Receive) -> None:
    transport: asyncio.Transport = scope[TRANSPORT]
    transport.abort()
    await _until_gone(receive)


async def _send_half(recorder: _Recorder, scope: Scope, receive: Receive, send: Send) -> None:
    transport: asyncio.Transport = scope[TRANSPORT]
    await send(recorder.start)
    half = bytes(recorder.body[: len(recorder.body) // 2])
    await send({"type": "http.response.body", "body": half, "more_body": True})
    transport.close()
    await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    # Returning earlier would make uvicorn answer 500 in place of the connection that is lost.
    while (await receive())["type"] != "http.disconnect":
        continue
