"""uvicorn, set up for the sandbox."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

import uvicorn
from typing_extensions import override

from platform_sandbox.protocol import CuttableProtocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp


BACKLOG: Final = 512


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 = a free one.

    The protocol is named because asyncio turns Nagle's algorithm off only for sockets that name
    it; otherwise every answer waits 40 ms for an acknowledgement.

    Raises:
        OSError: The port is taken, or the address is not this host's.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


class SandboxUvicorn(uvicorn.Server):
    """Says when it listens, and lets open keep-alive connections not hold it up."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._on_started = on_started

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then tell."""
        await super().startup(sockets=sockets)
        if self._on_started is not None:
            self._on_started()


def build_server(app: ASGIApp, *, on_started: Callable[[], None] | None = None) -> SandboxUvicorn:
    """A server for one application; the caller brings the socket."""
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
        backlog=BACKLOG,
    )
    return SandboxUvicorn(config, on_started)
