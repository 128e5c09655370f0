"""`/_sandbox/…`: look at the sandbox and change it from other processes."""

from __future__ import annotations

import os
from datetime import date
from typing import TYPE_CHECKING

from fastapi import APIRouter

from platform_sandbox.answers import json_answer, json_body
from platform_sandbox.clock import ClockError
from platform_sandbox.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from platform_sandbox.platform import Platform


def _refused(error: Exception, status: int = 400) -> Response:
    return json_answer({"error": str(error)}, status=status)


class _Control:
    def __init__(self, platform: Platform, reset: Callable[[], Awaitable[None]]) -> None:
        self._platform = platform
        self._reset = reset

    async def health(self, _request: Request) -> Response:
        clock = self._platform.clock
        return json_answer(
            {
                "status": "ok",
                "pid": os.getpid(),
                "data_dir": str(self._platform.services.database.path.parent.resolve()),
                "today": clock.today().isoformat(),
            }
        )

    def _clock_state(self) -> Response:
        clock = self._platform.clock
        return json_answer(
            {
                "now": clock.now().isoformat(),
                "today": clock.today().isoformat(),
                "yesterday": clock.yesterday().isoformat(),
                "host_today": clock.host_today().isoformat(),
            }
        )

    async def clock(self, request: Request) -> Response:
        if request.method == "GET":
            return self._clock_state()
        clock = self._platform.clock
        try:
            body = await json_body(request)
            if "today" in body:
                clock.set(date.fromisoformat(str(body["today"])))
            else:
                days, seconds = int(body.get("advance_days", 0)), body.get("advance_seconds", 0)
                clock.advance(days=days, seconds=float(seconds))
        except ClockError as error:
            return _refused(error, 409)
        except (ValueError, TypeError) as error:
            return _refused(error)
        return self._clock_state()

    async def reset(self, _request: Request) -> Response:
        try:
            await self._reset()
        except OSError as error:
            return _refused(error, 500)
        return self._clock_state()

    async def faults(self, request: Request) -> Response:
        faults = self._platform.faults
        if request.method == "DELETE":
            faults.clear()
        elif request.method == "POST":
            try:
                faults.add(Fault(**await json_body(request)))
            except (ValueError, TypeError) as error:
                return _refused(error)
        return json_answer({"faults": faults.pending()})

    async def requests(self, request: Request) -> Response:
        log = self._platform.requests
        if request.method == "DELETE":
            log.clear()
        if request.method == "DELETE" or request.query_params.get("summary"):
            return json_answer(log.summary())
        last = request.query_params.get("last", "20000")
        if not last.isdecimal():
            return _refused(ValueError(f"last must be a number of requests, not {last!r}."))
        return json_answer({"requests": [entry.as_dict() for entry in log.entries[-int(last) :]]})

    async def switches(self, request: Request) -> Response:
        switches = self._platform.switches
        if request.method == "POST":
            try:
                switches.change(await json_body(request))
            except ValueError as error:
                return _refused(error)
        return json_answer(switches.as_dict())


def build(platform: Platform, *, reset: Callable[[], Awaitable[None]]) -> APIRouter:
    """Routes of the core: health, clock, reset, faults, requests, switches."""
    control = _Control(platform, reset)
    router = APIRouter(redirect_slashes=False)
    router.add_route("/_sandbox/health", control.health, methods=["GET"])
    router.add_route("/_sandbox/clock", control.clock, methods=["GET", "POST"])
    router.add_route("/_sandbox/reset", control.reset, methods=["POST"])
    router.add_route("/_sandbox/faults", control.faults, methods=["GET", "POST", "DELETE"])
    router.add_route("/_sandbox/requests", control.requests, methods=["GET", "DELETE"])
    router.add_route("/_sandbox/switches", control.switches, methods=["GET", "POST"])
    return router
