"""The state hub of the sandbox: both halves, the clock, failures and the request log."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from platform_sandbox import feishu, oceanengine
from platform_sandbox.clock import Clock
from platform_sandbox.database import Database
from platform_sandbox.faults import Faults
from platform_sandbox.request_log import RequestLog
from platform_sandbox.services import Services
from platform_sandbox.switches import Switches
from platform_sandbox.world import World

if TYPE_CHECKING:
    from pathlib import Path

DATABASE_NAME = "platforms.db"


class Platform:
    """Everything one sandbox knows.

    Attributes:
        services: What the halves are built on.
        oceanengine: The Ocean Engine half.
        feishu: The Feishu half.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        world: World | None = None,
        switches: Switches | None = None,
        clock: Clock | None = None,
    ) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        database = Database(data_dir / DATABASE_NAME)
        live = switches or Switches()
        self._switches = copy.deepcopy(live)
        self.services = Services(
            clock=clock or Clock(database),
            database=database,
            faults=Faults(),
            requests=RequestLog(),
            switches=live,
            world=world or World(),
        )
        self.oceanengine = oceanengine.build(self.services)
        self.feishu = feishu.build(self.services)

    @property
    def clock(self) -> Clock:
        """Time of both platforms."""
        return self.services.clock

    @property
    def faults(self) -> Faults:
        """Failures on demand."""
        return self.services.faults

    @property
    def requests(self) -> RequestLog:
        """What was asked."""
        return self.services.requests

    @property
    def switches(self) -> Switches:
        """Choices of behaviour, as they stand now."""
        return self.services.switches

    def reset(self) -> None:
        """Back to the first day: clock, data, tokens, failures, log and switches."""
        self.clock.reset()
        self.faults.clear()
        self.requests.clear()
        self.switches.reset(self._switches)
        with self.services.database.transaction():
            self.oceanengine.reset()
            self.feishu.reset()

    def close(self) -> None:
        """Close the database."""
        self.services.database.close()
