"""Ocean Engine and Feishu on localhost: a faithful, strict and stateful fake of both platforms."""

from __future__ import annotations

from platform_sandbox.clock import ClockError
from platform_sandbox.faults import Fault
from platform_sandbox.switches import Switches
from platform_sandbox.world import World

__all__ = ["ClockError", "Fault", "Switches", "World"]
