"""Feishu on localhost: Bitable, wiki nodes and custom bots, as strict as the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from platform_sandbox.feishu.half import Feishu
from platform_sandbox.feishu.switches import FeishuSwitches

if TYPE_CHECKING:
    from platform_sandbox.services import Services

__all__ = ["Feishu", "FeishuSwitches", "build"]


def build(services: Services) -> Feishu:
    """The Feishu half on top of the sandbox's services."""
    return Feishu(services)
