"""uvicorn's HTTP/1.1 protocol with one thing more: an application may drop the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import ASGIApp, Receive, Scope, Send

TRANSPORT: Final = "sandbox.transport"
"""Key in the ASGI scope under which the connection itself is handed on."""


class CuttableProtocol(H11Protocol):
    """Hands the TCP connection to the application, so that failures can be real ones."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wrap the application for this connection."""
        super().connection_made(transport)
        app: ASGIApp = self.config.loaded_app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope[TRANSPORT] = transport
            await app(scope, receive, send)

        self.app = with_transport
