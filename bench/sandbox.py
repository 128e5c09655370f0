"""Both platforms in a process of their own, so that their work is not counted as the plugin's."""

from __future__ import annotations

import datetime as dt
import multiprocessing
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from multiprocessing.connection import Connection
    from types import TracebackType

ZONE_HOURS = 8


class Sandbox:
    """A sandbox that runs in a child process and is controlled through a pipe.

    Args:
        world: Arguments of `platform_sandbox.World`.
        latency_ms: Time every answer takes.

    Attributes:
        url: Where both platforms listen.
        yesterday: Its last closed day.
    """

    def __init__(self, latency_ms: int = 0, *, today: bool = False, **world: Any) -> None:  # noqa: ANN401
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, world, latency_ms, today), daemon=True
        )
        self._process.start()
        theirs.close()
        self.url, day = self._pipe.recv()
        self.yesterday = dt.date.fromisoformat(day)

    def latency(self, milliseconds: int) -> None:
        """Change the time every answer takes."""
        self._ask("latency", milliseconds)

    def table(self, columns: Sequence[Mapping[str, Any]], days: Sequence[str], per_day: int) -> str:
        """Make a table with its columns and rows, as people would; returns its link."""
        return str(self._ask("table", (columns, days, per_day)))

    def rows(self, link: str) -> int:
        """How many rows a table holds."""
        return int(self._ask("rows", link))

    def calls(self) -> tuple[int, int, dict[str, int]]:
        """Calls, write calls and calls by the end of their path; the count starts anew."""
        return self._ask("calls", None)

    def _ask(self, what: str, value: object) -> Any:  # noqa: ANN401  each question has its answer
        self._pipe.send((what, value))
        return self._pipe.recv()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pipe.send(("stop", None))
        self._process.join(30)


def _serve(pipe: Connection, world: Mapping[str, Any], latency_ms: int, today: bool) -> None:
    from platform_sandbox import Switches, World  # noqa: PLC0415  keeps the measuring process small
    from platform_sandbox.testing import SandboxServer  # noqa: PLC0415  the same

    switches = Switches(latency_ms=latency_ms, write_latency_ms=0)
    with SandboxServer(world=World(**world), switches=switches) as server:
        platform = server.platform
        if today:
            platform.clock.set(platform.clock.host_today())
        pipe.send((server.url, platform.clock.yesterday().isoformat()))
        while True:
            what, value = pipe.recv()
            if what == "stop":
                return
            if what == "latency":
                platform.services.switches.change({"latency_ms": value})
                pipe.send(None)
            elif what == "table":
                pipe.send(_table(server, *value))
            elif what == "rows":
                pipe.send(len(platform.feishu.base().table(value.rpartition("=")[2])))
            elif what == "calls":
                pipe.send(_calls(platform.requests))


def _table(
    server: Any,  # noqa: ANN401  imported only in the child
    columns: Sequence[Mapping[str, Any]],
    days: Sequence[str],
    per_day: int,
) -> str:
    from messages import row  # noqa: PLC0415  the child starts without it

    base = server.platform.feishu.base()
    table = base.create_table(f"bench {len(base.tables)}", list(columns))
    zone = dt.timezone(dt.timedelta(hours=ZONE_HOURS))
    for day in days:
        midnight = int(dt.datetime.fromisoformat(day).replace(tzinfo=zone).timestamp() * 1000)
        table.add([row(day, unit) | {"stat_time_day": midnight} for unit in range(per_day)])
    return f"{server.url}/base/{base.token}?table={table.id}"


def _calls(log: Any) -> tuple[int, int, dict[str, int]]:  # noqa: ANN401  imported only in the child
    summary = log.summary()
    log.clear()
    by_end: dict[str, int] = {}
    for path, count in summary["by_path"].items():
        end = path.rstrip("/").removesuffix("/get").rpartition("/")[2]
        by_end[end] = by_end.get(end, 0) + count
    return summary["total"], summary["writes"], by_end
