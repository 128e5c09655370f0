"""The Ocean Engine half as one object: its routes, and what tests and pages may ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

if TYPE_CHECKING:
    from platform_sandbox.services import Services


class OceanEngine:
    """An Ocean Engine with one developer app and the accounts of one world."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.router = APIRouter()

    def reset(self) -> None:
        """Back to the first day."""
