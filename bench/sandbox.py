"""Both platforms in a process of their own, so that their work is not counted as the plugin's."""

from __future__ import annotations

import datetime as dt
import math
import multiprocessing
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Self, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from multiprocessing.connection import Connection
    from types import TracebackType

Row = dict[str, Any]
_LIST: Final = 100
"""Accounts on a full page of a list."""


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

    def table(
        self, columns: Sequence[Mapping[str, Any]], days: Sequence[str] = (), per_day: int = 0
    ) -> str:
        """Make a table with its columns and rows, as people would; returns its link."""
        return str(self._ask("table", (columns, days, per_day)))

    def rows(self, link: str) -> int:
        """How many rows a table holds."""
        return int(self._ask("rows", link))

    def cells(self, link: str) -> list[Row]:
        """What a table holds, by name of the column; dates in milliseconds."""
        cells: list[Row] = self._ask("cells", link)
        return cells

    def accounts(self) -> list[tuple[str, str]]:
        """Id and name of every account, those with rows first."""
        accounts: list[tuple[str, str]] = self._ask("accounts", None)
        return accounts

    def lists(self) -> int:
        """The fewest calls that tell all accounts: the subjects, then at least a page of each."""
        return int(self._ask("lists", None))

    def truth(self, first: dt.date, last: dt.date) -> list[Row]:
        """The promotion report's rows of all accounts, as the platform would give them now."""
        rows: list[Row] = self._ask("truth", (first, last))
        return rows

    def calls(self) -> tuple[int, int, dict[str, int]]:
        """Calls, write calls and calls by the end of their path; the count starts anew."""
        calls: tuple[int, int, dict[str, int]] = self._ask("calls", None)
        return calls

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
            platform.oceanengine.tokens.reset()  # else the ones at hand would have died meanwhile
        pipe.send((server.url, platform.clock.yesterday().isoformat()))
        answers = {
            "latency": lambda value: _latency(platform, value),
            "table": lambda value: _table(server, *value),
            "rows": lambda link: len(_table_of(server, link)),
            "cells": lambda link: [cells for _, cells in _table_of(server, link).rows()],
            "accounts": lambda _: [
                (str(one.id), one.name) for one in platform.oceanengine.accounts
            ],
            "lists": lambda _: _lists(platform.oceanengine.accounts),
            "truth": lambda span: _truth(platform.oceanengine, *span),
            "calls": lambda _: _calls(platform.requests),
        }
        while (question := pipe.recv())[0] != "stop":
            pipe.send(answers[question[0]](question[1]))


def _latency(platform: Any, milliseconds: int) -> None:  # noqa: ANN401  imported only in the child
    platform.services.switches.change({"latency_ms": milliseconds})


def _table_of(server: Any, link: str) -> Any:  # noqa: ANN401  imported only in the child
    return server.platform.feishu.base().table(link.rpartition("=")[2])


def _table(
    server: Any,  # noqa: ANN401  imported only in the child
    columns: Sequence[Mapping[str, Any]],
    days: Sequence[str],
    per_day: int,
) -> str:
    from messages import cells, row  # noqa: PLC0415  the child starts without it

    base = server.platform.feishu.base()
    table = base.create_table(f"bench {len(base.tables)}", list(columns))
    for day in days:
        table.add([cells(row(day, unit)) for unit in range(per_day)])
    return f"{server.url}/base/{base.token}?table={table.id}"


def _lists(accounts: Sequence[Any]) -> int:
    from platform_sandbox.oceanengine.inventory import Source  # noqa: PLC0415  only in the child

    below = Counter(source for account in accounts for source in account.sources)
    return 1 + sum(max(1, math.ceil(below[source] / _LIST)) for source in get_args(Source))


def _truth(source: Any, first: dt.date, last: dt.date) -> list[Row]:  # noqa: ANN401  only in the child
    return [
        row | {"local_account_id": str(account.id), "local_account_name": account.name}
        for account in source.accounts
        for row in source.truth(account.id, first, last)
    ]


def _calls(log: Any) -> tuple[int, int, dict[str, int]]:  # noqa: ANN401  imported only in the child
    summary = log.summary()
    log.clear()
    by_end: dict[str, int] = {}
    for path, count in summary["by_path"].items():
        words = path.rstrip("/").removesuffix("/get").split("/")
        end = "record" if words[-2] == "records" and words[-1].startswith("rec") else words[-1]
        by_end[end] = by_end.get(end, 0) + count
    return summary["total"], summary["writes"], by_end
