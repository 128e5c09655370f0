"""What an episode draws from its random generator: its world, its settings, its signals."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from random import Random

_SIGNALS: Final = (signal.SIGKILL, signal.SIGTERM)


def chance(rng: Random, share: float) -> bool:
    """Whether something happens that happens in a share of all cases."""
    return rng.random() < share


@dataclass(frozen=True, slots=True)
class Kill:
    """A signal on its way.

    Attributes:
        victim: 0 the tap, 1 the target.
        number: The signal.
        seconds: When, counted from the start; None when `calls` says so.
        calls: After how many requests to the platforms.
    """

    victim: int
    number: int
    seconds: float | None
    calls: int = 0


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


def switches(rng: Random) -> dict[str, Any]:
    """Platforms that differ where their documentation leaves a choice."""
    return {
        "oe_report_page_sizes": [10, 20, 50, 100],
        "oe_empty_list": rng.choice(("empty", "missing")),
        "oe_empty_metric": rng.choice(("zero", "null", "missing", "dash")),
        "feishu": {
            "batch_cap": rng.choice((500, 1000)),
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


def kill(rng: Random) -> Kill:
    """A signal to one of both."""
    victim, number = rng.randrange(2), rng.choice(_SIGNALS)
    if chance(rng, 0.5):
        return Kill(victim, number, seconds=rng.random() ** 2 * 1.2)
    return Kill(victim, number, seconds=None, calls=rng.randint(1, 40))
