"""The daily run from platform to table, and what Meltano itself takes of it.

Accounts, days and rows are those of small shops: about a thousand rows a month, no account with
more than one page a day, so that a way which reads one page leaves the table right too.
"""

from __future__ import annotations

import datetime as dt
import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import messages
import target_loads
from daily import DAYS, PREDECESSOR, Daily
from measure import BASH, PROGRAMS, Usage, run
from results import MELTANO_SHARE, interleaved, nothing
from sandbox import Sandbox
from tap_loads import PACED, TAP, UNPACED, catalog, config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from results import Result

WORLD: Final[dict[str, Any]] = {"accounts": 77, "active": 7, "units": (2, 8), "big_units": 0}
LATENCY: Final = 100


def loads(folder: Path) -> Iterator[Result]:
    """Measure both ways in turns, then the defaults, then the empty run."""
    with Sandbox(**WORLD) as sandbox:
        daily = Daily(sandbox, folder)
        daily.empty()  # the first run makes the project's database
        cases = [
            partial(way, again=again)
            for way in (
                partial(daily.meltano, latency=0),
                daily.predecessor,
                partial(daily.meltano, latency=LATENCY),
            )
            for again in (False, True)
        ]
        for result in interleaved(cases):
            yield result
            if result.approach == PREDECESSOR:
                yield result.at(LATENCY, daily.shortest(LATENCY))
        yield daily.meltano(0, latency=LATENCY, pacing=PACED)
        sandbox.latency(0)
        yield from _share(sandbox, daily, folder)


def _share(sandbox: Sandbox, daily: Daily, folder: Path) -> Iterator[Result]:
    """The empty run through Meltano, through a pipe of the two programs, and the difference."""
    whole, bare = interleaved(
        [
            lambda _: nothing("empty run", "meltano run", *daily.empty()),
            lambda _: nothing("empty run", "pipe of both", *_pipe(sandbox, daily.silent, folder)),
        ]
    )
    yield from (whole, bare)
    cpu = (whole.cpu_s or 0.0) - (bare.cpu_s or 0.0)
    share = Usage(whole.wall_s - bare.wall_s, cpu, whole.peak_rss_mb or 0.0)
    yield nothing(MELTANO_SHARE, "the difference", share, whole.calls - bare.calls)


def _pipe(sandbox: Sandbox, account: str, folder: Path) -> tuple[Usage, int]:
    """Both programs without Meltano, for one account without rows."""
    source = config(sandbox, folder) | {
        "local_account_ids": [account],
        "start_date": (sandbox.yesterday - dt.timedelta(days=DAYS - 1)).isoformat(),
        "requests_per_second": UNPACED,
    }
    (folder / "tap.json").write_text(json.dumps(source), encoding="utf-8")
    chosen = catalog(folder)
    store = target_loads.config(sandbox, sandbox.table(messages.COLUMNS))
    (folder / "target.json").write_text(json.dumps(store), encoding="utf-8")
    tap = f"{PROGRAMS / TAP} --config tap.json --catalog {chosen}"
    target = f"{PROGRAMS / target_loads.TARGET} --config target.json"
    sandbox.calls()
    usage = run(BASH, ["-o", "pipefail", "-c", f"{tap} | {target}"], folder)
    return usage, sandbox.calls()[0]
