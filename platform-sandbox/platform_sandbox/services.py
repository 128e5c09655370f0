"""What both halves of the sandbox are built on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.responses import Response

    from platform_sandbox.clock import Clock
    from platform_sandbox.database import Database
    from platform_sandbox.faults import Faults
    from platform_sandbox.request_log import RequestLog
    from platform_sandbox.switches import Switches
    from platform_sandbox.world import World

FailureAnswer = Callable[[int, str | None], "Response"]
"""Builds a platform's answer for a code; the message is None for the usual one."""


class HalfApp(Protocol):
    """One platform: its routes, and the way back to its first day."""

    @property
    def router(self) -> APIRouter:
        """The platform's endpoints."""
        ...

    def reset(self) -> None:
        """Forget everything and start over."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Clock, storage, failures, request log and switches, shared by both halves.

    Attributes:
        seed: For everything made up at random: `random.Random(f"{seed}:…")`.
        failures: How each half words a failure; a half registers itself under its name.
        public_url: Where the sandbox is reached, for links in answers; set when it listens.
    """

    clock: Clock
    database: Database
    faults: Faults
    requests: RequestLog
    switches: Switches
    world: World
    failures: dict[str, FailureAnswer] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """The world's seed."""
        return self.world.seed

    @property
    def public_url(self) -> str:
        """`http://127.0.0.1:PORT`, empty until the sandbox listens."""
        return self.links.get("public", "")
