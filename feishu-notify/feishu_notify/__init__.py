"""Logging handler that turns Meltano run events into Feishu bot cards."""

from __future__ import annotations

from feishu_notify.handler import FeishuBotHandler

__all__ = ["FeishuBotHandler"]
