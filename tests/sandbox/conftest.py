from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from platform_sandbox.testing import SandboxServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server
