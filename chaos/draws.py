"""What an episode draws from its random generator: its world, its settings, its signals."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shapes import MAIN, SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

_SECOND_SHARE: Final = 0.5
_SIGNALS: Final = (signal.SIGKILL, signal.SIGTERM)


def chance(rng: Random, share: float) -> bool:
    """Whether something happens that happens in a share of all cases."""
    return rng.random() < share


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in a run.

    Attributes:
        seconds: Counted from its start; None when another says when.
        calls: After so many requests to the platforms.
        writes: After so many of them that change a table.
        table_calls: After so many of them to Feishu.
    """

    seconds: float | None = None
    calls: int | None = None
    writes: int | None = None
    table_calls: int | None = None


@dataclass(frozen=True, slots=True)
class Kill:
    """A signal on its way.

    Attributes:
        victim: Which of a run's victims gets it.
        number: The signal.
        moment: When.
    """

    victim: int
    number: int
    moment: Moment


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What happens while runs are under way.

    Attributes:
        signals: Per run the signals that it gets.
        people: When people change the table, or None.
        tokens: When the access token runs out, or None.
        kills_tap: Whether a tap whose target has failed is killed, as Meltano does.
    """

    signals: Sequence[Sequence[Kill]]
    people: Moment | None = None
    tokens: Moment | None = None
    kills_tap: bool = False


def world(rng: Random) -> dict[str, Any]:
    """A small world: arguments of `platform_sandbox.World`."""
    accounts = rng.randint(1, 5)
    return {
        "seed": rng.randrange(10**6),
        "accounts": accounts,
        "active": rng.randint(1, accounts),
        "units": (1, rng.choice((2, 4, 12))),
        "days": rng.randint(14, 40),
        "big_units": rng.choice((0, 0, 0, 120)),
    }


def streams(rng: Random) -> list[str]:
    """What is read: the units by day, in some episodes with a second stream beside them."""
    second = [rng.choice(SECOND)] if chance(rng, _SECOND_SHARE) else []
    return [shape.stream for shape in (MAIN, *second)]


def switches(rng: Random) -> dict[str, Any]:
    """Platforms that differ where their documentation leaves a choice."""
    return {
        "latency_ms": rng.choice((0, 0, 0, 25)),
        "oe_report_page_sizes": [10, 20, 50, 100],
        "oe_empty_list": rng.choice(("empty", "missing")),
        "oe_empty_metric": rng.choice(("zero", "null", "missing", "dash")),
        "feishu": {
            "batch_cap": rng.choice((500, 1000)),
            "changeset_limit": rng.choice((None, None, 6000, 30000)),
            "replica_lag_seconds": rng.choice((0.0, 0.0, 0.02)),
            "rows_in_new_table": rng.choice((0, 0, 5)),
            "row_order": rng.choice(("created", "scattered")),
            "status_mode": rng.choice(("docs", "ok")),
            "throttle_status": rng.choice((200, 400, 429)),
            "conflict_scope": rng.choice(("table", "base")),
        },
    }


def settings(rng: Random) -> dict[str, Any]:
    """Settings of the tap for a whole episode."""
    return {
        "lookback_days": rng.choice((1, 2, 5, 30)),
        "window_days": rng.choice((1, 3, 31)),
        "max_parallel_requests": rng.choice((1, 4)),
        "reconcile": chance(rng, 0.7),
    }


def app(rng: Random) -> dict[str, Any]:
    """How the app is set up: mostly simple, sometimes under advanced permission."""
    return {"advanced": rng.choice(("off", "off", "off", "manage"))}


def moment(rng: Random, *, meltano: bool) -> Moment:
    """A moment in a run: the earlier, the likelier; Meltano takes seconds to start."""
    if chance(rng, 0.3):
        return Moment(seconds=rng.random() * 9 if meltano else rng.random() ** 2 * 0.8)
    if chance(rng, 0.4):
        return Moment(calls=rng.randint(1, 40))
    return Moment(writes=rng.choice((1, 1, 1, 2, 2, 3, 5, 8)))


def kills(rng: Random, *, meltano: bool) -> list[Kill]:
    """Signals to the processes of a run: often none, sometimes two."""
    count = rng.choice((0, 0, 1, 1, 1, 2))
    return [
        Kill(rng.randrange(6), rng.choice(_SIGNALS), moment(rng, meltano=meltano))
        for _ in range(count)
    ]
