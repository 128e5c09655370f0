"""A card as a value, and its wire form: Card JSON 2.0 of a Feishu custom bot.

Wire shape after https://open.feishu.cn/document/feishu-cards/card-json-v2-structure: ``schema``
2.0, a ``header`` with a colour template, ``body.elements`` of ``markdown`` and ``button``. A
custom bot's button can open an address, nothing else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Colour: TypeAlias = Literal["green", "orange", "red"]

MAX_BYTES = 20_000
"""A bot accepts 20 KB (the guide); 30 KB is what its error text says. The smaller one counts."""

_ROOM_FOR_SIGNATURE = 200
_MARKUP = str.maketrans({c: f"&#{ord(c)};" for c in "&<>*~`[]"})


@dataclass(frozen=True, slots=True)
class Button:
    """A button that opens an address."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Card:
    """A card: its title, its colour, paragraphs of Feishu markdown, buttons, and a closing note."""

    title: str
    colour: Colour
    paragraphs: tuple[str, ...]
    buttons: tuple[Button, ...] = ()
    note: str | None = None

    def payload(self) -> dict[str, Any]:
        """Return the message as the webhook takes it, unsigned."""
        elements: list[dict[str, Any]] = [_markdown(text) for text in self.paragraphs]
        elements += [
            {
                "tag": "button",
                "text": {"tag": "plain_text", "content": button.text},
                "type": "primary",
                "behaviors": [{"type": "open_url", "default_url": button.url}],
            }
            for button in self.buttons
        ]
        if self.note:
            elements += [{"tag": "hr"}, _markdown(f"<font color='grey'>{self.note}</font>")]
        return {
            "msg_type": "interactive",
            "card": {
                "schema": "2.0",
                "config": {"update_multi": True},
                "header": {
                    "title": {"tag": "plain_text", "content": self.title},
                    "template": self.colour,
                },
                "body": {"elements": elements},
            },
        }


@dataclass(frozen=True, slots=True)
class Room:
    """How much a card may say: items per list and characters per text of unknown length."""

    items: int
    characters: int


ROOMS = (Room(20, 1000), Room(12, 500), Room(6, 250), Room(3, 120), Room(1, 60))


def fitting(compose: Callable[[Room], Card]) -> Card:
    """Return the most talkative card that a bot accepts.

    Args:
        compose: makes the card within the room given.
    """
    for room in ROOMS:
        card = compose(room)
        if _fits(card):
            return card
    while not _fits(card) and any(len(text) > 1 for text in card.paragraphs):
        card = _shortened(card)
    return card


def _fits(card: Card) -> bool:
    return size(card.payload()) <= MAX_BYTES - _ROOM_FOR_SIGNATURE


def _shortened(card: Card) -> Card:
    """Cut the second half off the longest paragraph: what nobody foresaw to be long."""
    longest = max(card.paragraphs, key=len)
    half = longest[: len(longest) // 2 - 1]
    kept = (half.rpartition("\n")[0] or half) + "…"
    return replace(card, paragraphs=tuple(kept if p is longest else p for p in card.paragraphs))


def encode(payload: dict[str, Any]) -> bytes:
    """Return the body to send."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="replace")  # half an emoji is no text


def size(payload: dict[str, Any]) -> int:
    """Return the length of the body in bytes."""
    return len(encode(payload))


def literal(text: str) -> str:
    """Escape foreign text, so that it shows as it is and can neither mention people nor link."""
    return text.translate(_MARKUP)


def _markdown(content: str) -> dict[str, str]:
    return {"tag": "markdown", "content": content}
