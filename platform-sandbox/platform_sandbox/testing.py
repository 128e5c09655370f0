"""The sandbox inside a test: a real server on a free port, its state at hand."""

from __future__ import annotations

import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from platform_sandbox import defaults
from platform_sandbox.app import build_app
from platform_sandbox.platform import Platform
from platform_sandbox.server import build_server, listen

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from platform_sandbox.clock import Clock
    from platform_sandbox.switches import Switches
    from platform_sandbox.world import World

_PATIENCE_SECONDS = 30.0


class SandboxServer:
    """Both platforms on a free port of 127.0.0.1, served by a thread of this process.

    Args:
        data_dir: Directory for the SQLite file; a temporary one by default.
        world: Size and seed of the made-up data.
        switches: Choices of behaviour.
        clock: A clock of the test's own.
        port: 0 = a free one.
        on_reset: See `build_app`.

    Attributes:
        platform: The state, to look at and to change while the server runs.
        url: Where it listens.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        world: World | None = None,
        switches: Switches | None = None,
        *,
        clock: Clock | None = None,
        port: int = 0,
        on_reset: Callable[[], None] | None = None,
    ) -> None:
        self._temporary: TemporaryDirectory[str] | None = None
        if data_dir is None:
            self._temporary = TemporaryDirectory(prefix="platform-sandbox-")
            data_dir = Path(self._temporary.name)
        self.platform = Platform(data_dir, world=world, switches=switches, clock=clock)
        self._socket = listen(defaults.HOST, port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{defaults.HOST}:{self.port}"
        self.platform.services.links["public"] = self.url
        self._ready = threading.Event()
        self._server = build_server(
            build_app(self.platform, on_reset=on_reset), on_started=self._ready.set
        )
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )

    def start(self) -> Self:
        """Start serving; returns when the first request can be answered."""
        self._thread.start()
        if not self._ready.wait(_PATIENCE_SECONDS):
            raise TimeoutError(f"The sandbox did not start within {_PATIENCE_SECONDS:.0f} seconds.")
        return self

    def stop(self) -> None:
        """Stop serving and close the database."""
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(_PATIENCE_SECONDS)
        self._socket.close()
        self.platform.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
