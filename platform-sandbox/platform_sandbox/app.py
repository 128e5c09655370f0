"""One ASGI application for both platforms, the control endpoints and the page."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.responses import PlainTextResponse

from platform_sandbox import control, page
from platform_sandbox.middleware import PlatformMiddleware

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from platform_sandbox.platform import Platform


async def _not_found(_request: Request, _error: Exception) -> Response:
    # Both gateways answer unknown paths and wrong methods with a plain text (facts: Feishu 1.2).
    return PlainTextResponse("404 page not found", status_code=404)


def build_app(platform: Platform, *, on_reset: Callable[[], None] | None = None) -> FastAPI:
    """The application.

    Args:
        platform: The state it serves.
        on_reset: Called after the platforms were emptied, to empty what belongs to them elsewhere.
    """

    async def reset() -> None:
        platform.reset()
        if on_reset is not None:
            await asyncio.to_thread(on_reset)

    app = FastAPI(
        title="platform-sandbox",
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers={404: _not_found, 405: _not_found},
    )
    app.include_router(platform.oceanengine.router)
    app.include_router(platform.feishu.router)
    app.include_router(control.build(platform, reset=reset))
    app.include_router(page.build(platform, reset=reset))
    app.add_middleware(PlatformMiddleware, services=platform.services)
    return app
