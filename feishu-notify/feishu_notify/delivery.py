"""One card to all bots: whether it is wanted, and what went wrong on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from feishu_notify.redaction import Redactor

if TYPE_CHECKING:
    from feishu_notify.card import Card
    from feishu_notify.settings import Settings
    from feishu_notify.webhook import Bots


def wanted(chosen: Settings, card: Card) -> bool:
    """Whether the settings ask for this card."""
    if chosen.notify == "problems":
        return card.colour != "green"
    return chosen.notify == "always"


def deliver(bots: Bots, chosen: Settings, card: Card) -> list[str]:
    """Send a card to every bot.

    Returns:
        What went wrong, one sentence each, without secrets; empty when every bot took the card.
    """
    redact = Redactor(chosen.secrets)
    payload = card.payload()
    problems: list[str] = []
    for number, hook in enumerate(chosen.webhooks, start=1):
        delivery = bots.send(hook, payload)
        if delivery.problem:
            which = f"webhook {number}: " if len(chosen.webhooks) > 1 else ""
            problems.append(f"{which}{redact(delivery.problem)}")
    return problems
