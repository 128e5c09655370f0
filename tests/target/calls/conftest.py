from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from platform_sandbox import Fault
from platform_sandbox.defaults import FEISHU_APP_ID, FEISHU_APP_SECRET, FEISHU_BASE
from target_feishu_bitable.client import BitableClient
from target_feishu_bitable.session import Session
from target_feishu_bitable.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from platform_sandbox.testing import SandboxServer

COLUMNS = [{"field_name": "id", "type": 1}, {"field_name": "数", "type": 2}]


@dataclass
class Calls:
    """A session to the sandbox whose waits pass at once and are kept."""

    sandbox: SandboxServer
    secret: str = FEISHU_APP_SECRET
    slept: list[float] = field(default_factory=list)
    now: float = 1_000.0

    def __post_init__(self) -> None:
        self.transport = Transport(self.sandbox.url, timeout=5)
        self.session = self.session_as(FEISHU_APP_ID, self.secret)
        self.client = BitableClient(self.session, FEISHU_BASE)

    def session_as(self, app_id: str, app_secret: str) -> Session:
        return Session(
            self.transport,
            app_id=app_id,
            app_secret=app_secret,
            clock=lambda: self.now,
            sleep=self.sleep,
            rng=random.Random(7),  # noqa: S311  waits of a test
        )

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def feishu(self) -> Any:
        return self.sandbox.platform.feishu

    @property
    def requests(self) -> Any:
        return self.sandbox.platform.requests

    @property
    def tokens_fetched(self) -> int:
        return int(self.requests.count("tenant_access_token"))

    def fail(self, path: str, **fault: Any) -> None:
        self.sandbox.platform.faults.add(Fault(path=path, **fault))

    def table(self, rows: int = 0) -> Any:
        made = self.feishu.base().create_table("日报", COLUMNS)
        made.add([{"id": f"r{number}", "数": number} for number in range(rows)])
        return made

    def says_nothing_secret(self, text: str) -> bool:
        return self.secret not in text and not re.search(r"\bt-[A-Za-z0-9]{8,}", text)


@pytest.fixture
def calls(feishu_server: SandboxServer) -> Iterator[Calls]:
    platform = feishu_server.platform
    platform.reset()
    platform.faults.clear()
    platform.requests.clear()
    platform.services.switches.change({"feishu": type(platform.feishu.switches)()})
    made = Calls(feishu_server)
    yield made
    made.transport.close()
    platform.faults.clear()
