"""What all tests share.

A system service that is missing fails a test under REQUIRE_SERVICES=1 and skips it without.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

RequireService = Callable[[bool, str], None]


@pytest.fixture(scope="session")
def require_service() -> RequireService:
    """Call with (is it there, what is missing and how to install it) at the head of a test."""

    def require(present: bool, missing: str) -> None:
        if present:
            return
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(missing)
        pytest.skip(missing)

    return require
