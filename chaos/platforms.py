"""Both platforms in a process of their own, which does what the soak asks over a socket.

The soak itself forks the plugins, so it has to stay single-threaded and knows the platforms only
by what `people` and `sight` do and see there.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from platform_sandbox.platform import Platform

_PATIENCE_SECONDS = 60.0


class PlatformsFailedError(Exception):
    """The process of the platforms ended, hangs, or could not do what it was asked."""


class Platforms:
    """A sandbox in a child process.

    Args:
        folder: Where it keeps its data and log.
        world: Arguments of `platform_sandbox.World`.
        switches: Switches of the sandbox that differ from the defaults.

    Attributes:
        url: Where both platforms listen.
        pid: Its process.
    """

    def __init__(self, folder: Path, world: Mapping[str, Any], switches: Mapping[str, Any]) -> None:
        ours, theirs = socket.socketpair()
        with (folder / "platforms.log").open("wb") as log, theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
            )
        self.pid = self._process.pid
        self._pipe = Connection(ours.detach())
        self._pipe.send((str(folder / "platforms"), dict(world), dict(switches)))
        self.url = str(self._answer("its start"))

    def ask(self, name: str, **arguments: Any) -> Any:  # noqa: ANN401  each question has its answer
        """Call a function of `people` or `sight`, named `module.function`, and return its value.

        Raises:
            PlatformsFailedError: It failed there, or there is no answer.
        """
        self._pipe.send((name, arguments))
        return self._answer(name)

    def _answer(self, what: str) -> Any:  # noqa: ANN401  see `ask`
        if not self._pipe.poll(_PATIENCE_SECONDS):
            raise PlatformsFailedError(f"The platforms did not answer to {what}.")
        try:
            done, value = self._pipe.recv()
        except EOFError:
            raise PlatformsFailedError(f"The platforms ended during {what}.") from None
        if not done:
            raise PlatformsFailedError(f"{what} failed there:\n{value}")
        return value

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pipe.close()
        try:
            self._process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def serve(pipe: Connection) -> None:
    """Serve until the soak closes the pipe."""
    import traceback  # noqa: PLC0415  the soak loads this module, and needs none of these

    import people  # noqa: PLC0415  see above
    import sight  # noqa: PLC0415  see above

    from platform_sandbox import Switches, World  # noqa: PLC0415  see above
    from platform_sandbox.testing import SandboxServer  # noqa: PLC0415  see above

    modules = {"people": people, "sight": sight}
    folder, world, switches = pipe.recv()
    turned = Switches(write_latency_ms=0).change(switches)
    with SandboxServer(Path(folder), World(**world), turned) as server:
        pipe.send((True, server.url))
        while True:
            try:
                name, arguments = pipe.recv()
            except EOFError:
                return
            module, _, function = name.partition(".")
            try:
                pipe.send((True, _do(server.platform, modules[module], function, arguments)))
            except Exception:  # noqa: BLE001  told to the soak, which ends with it
                pipe.send((False, traceback.format_exc()))


def _do(platform: Platform, module: Any, function: str, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401  a module's function and what it returns
    return getattr(module, function)(platform, **arguments)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
