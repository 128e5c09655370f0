"""The plugins' processes: forked with everything imported, timed out, killed, and reaped.

Importing a plugin takes a second, running it on a small world a fifth of one. So the soak imports
both once and forks; the child runs the plugin's own command line and ends as an interpreter does.
Waits of the plugins (`time.sleep`) are shortened, for the policies behind them count nominal
seconds; a share of the runs starts the installed executables with true waits instead.
"""

from __future__ import annotations

import atexit
import gc
import os
import resource
import signal
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PROGRAMS: Final = Path(sys.executable).parent
_MEMORY_BYTES: Final = 2 << 30
_MOST_DESCRIPTORS: Final = 256
_SHORTER: Final = 0.005
_LONGEST_SECONDS: Final = 0.1
ORPHANS_SECONDS: Final = 30.0
"""How long tap and target may outlive a Meltano that was killed."""
pause: Final[Callable[[float], None]] = time.sleep
"""The true wait, for the soak itself."""


def hurry() -> None:
    """Shorten every wait of what is imported from now on."""

    def shortened(seconds: float) -> None:
        pause(min(seconds * _SHORTER, _LONGEST_SECONDS))

    time.sleep = shortened


def plugins() -> dict[str, Any]:
    """The plugins' command lines by name, imported after `hurry`."""
    from tap_oceanengine_local.tap import TapOceanEngineLocal  # noqa: PLC0415  after `hurry`
    from target_feishu_bitable.target import TargetFeishuBitable  # noqa: PLC0415  after `hurry`

    return {one.name: one.cli for one in (TapOceanEngineLocal, TargetFeishuBitable)}


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how a process runs.

    Attributes:
        streams: Its stdin and stdout.
        log: File that takes its stderr.
        folder: Its working directory.
        environment: All of its environment.
    """

    streams: tuple[int, int]
    log: Path
    folder: Path
    environment: Mapping[str, str]


class Victim(Protocol):
    """Who may get a signal.

    Attributes:
        name: What it is.
        sent: Signals that it got.
    """

    name: str
    sent: list[int]

    def send(self, number: int) -> bool:
        """Send a signal; False when it does not run (any more)."""
        ...


@dataclass(slots=True)
class Child:
    """A process that the soak has started, the leader of its own group.

    Attributes:
        name: What it is.
        pid: Its process, and its group.
        log: Where its stderr goes.
        code: Exit code, negative for a signal, None while it runs.
        sent: Signals that it got from us.
        left_others: Whether processes that it had started outlived it.
    """

    name: str
    pid: int
    log: Path
    code: int | None = None
    sent: list[int] = field(default_factory=list)
    left_others: bool = False

    def poll(self) -> int | None:
        """The exit code when it has ended."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def send(self, number: int) -> bool:
        """Send a signal, unless it has ended."""
        if self.poll() is not None:
            return False
        os.kill(self.pid, number)
        self.sent.append(number)
        return True

    def has_left_others(self) -> bool:
        """Whether processes of its group outlive it."""
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def end(self, patience: float = 0.0) -> None:
        """Kill what is left of it and its group, and remember whether there was something."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
        while self.poll() is None:
            pause(0.01)
        until = time.monotonic() + patience
        while self.has_left_others() and time.monotonic() < until:
            pause(0.05)
        self.left_others = self.has_left_others()
        if self.left_others:
            os.killpg(self.pid, signal.SIGKILL)


def fork(
    name: str,
    cli: Any,  # noqa: ANN401  a click command
    arguments: Sequence[str],
    place: Place,
) -> Child:
    """Run a plugin's command line in a fork."""
    pid = os.fork()
    if pid:
        return Child(name, pid, place.log)
    code = 1
    try:  # nothing of the soak may go on in the child, whatever happens
        gc.freeze()  # nor may its garbage: a signal in a destructor would be told as a crash
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        os.dup2(place.streams[0], 0)
        os.dup2(place.streams[1], 1)
        os.dup2(os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
        os.closerange(3, _MOST_DESCRIPTORS)
        os.chdir(place.folder)
        os.environ.clear()
        os.environ.update(place.environment)
        code = _run(name, cli, arguments)
    finally:
        os._exit(code)


def _run(name: str, cli: Any, arguments: Sequence[str]) -> int:  # noqa: ANN401  a click command
    """Run and end as an interpreter does: exit code, threads, `atexit`, buffers."""
    sys.argv = [name, *arguments]
    code: object = 0
    try:
        cli(list(arguments), prog_name=name)
    except SystemExit as stop:
        code = stop.code
    except BaseException:  # noqa: BLE001  as the interpreter does at its top
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001  what the interpreter calls
    atexit._run_exitfuncs()  # noqa: SLF001  what the interpreter calls
    try:
        sys.stdout.flush()
    except OSError:
        code = code or 120  # what the interpreter exits with
    sys.stderr.flush()
    if code is None:
        return 0
    return code if isinstance(code, int) else 1


def start(name: str, arguments: Sequence[str], place: Place) -> Child:
    """Start an installed executable."""
    with place.log.open("ab") as errors:
        process = subprocess.Popen(
            [str(PROGRAMS / name), *arguments],
            stdin=place.streams[0],
            stdout=place.streams[1],
            stderr=errors,
            cwd=place.folder,
            env=dict(place.environment),
            start_new_session=True,
        )
    process.returncode = 0  # it is waited for by `Child`, not by its handle
    return Child(name, process.pid, place.log)


class TooLongError(Exception):
    """Processes did not end in time."""


def wait(children: Sequence[Child], seconds: float, each_turn: Callable[[float], None]) -> None:
    """Wait until all have ended, calling `each_turn` with the seconds since the begin.

    Raises:
        TooLongError: They did not within the seconds; they are killed.
    """
    begin = time.monotonic()
    try:
        while any([child.poll() is None for child in children]):  # noqa: C419  polls every one
            passed = time.monotonic() - begin
            each_turn(passed)
            if passed > seconds:
                break
            pause(0.005)
    finally:
        late = ", ".join(one.name for one in children if one.code is None)
        for child in children:
            child.end(patience=ORPHANS_SECONDS)
    if late:
        raise TooLongError(f"{late} did not end within {seconds:.0f} seconds.")
