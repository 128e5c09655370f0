"""The page for people: the table, a chart, the bot's cards, the last calls, the clock."""

from __future__ import annotations

from platform_sandbox.page.routes import build

__all__ = ["build"]
