"""Ocean Engine on localhost: OAuth, account lists, reports, entities and leads of 本地推."""

from __future__ import annotations

from typing import TYPE_CHECKING

from platform_sandbox.oceanengine.half import OceanEngine

if TYPE_CHECKING:
    from platform_sandbox.services import Services

__all__ = ["OceanEngine", "build"]


def build(services: Services) -> OceanEngine:
    """The Ocean Engine half on top of the sandbox's services."""
    return OceanEngine(services)
