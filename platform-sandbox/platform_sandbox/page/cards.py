"""Messages of the bots, as Feishu would show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from platform_sandbox.page.markup import card_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Piece:
    """One element of a card: a paragraph, a button or a rule."""

    kind: str
    html: Markup
    url: str = ""


@dataclass(frozen=True, slots=True)
class CardView:
    """A card ready to be drawn."""

    title: str
    colour: str
    time: str
    pieces: tuple[Piece, ...]


def card_view(payload: dict[str, Any], time: str) -> CardView:
    """A message of any kind."""
    card = payload.get("card")
    shown_time = time[:16].replace("T", " ")
    if not isinstance(card, dict):
        text = str(_dig(payload, "content", "text") or payload.get("msg_type", ""))
        return CardView("", "", shown_time, (Piece("text", card_markdown(text)),))
    header = card.get("header", {})
    elements = _dig(card, "body", "elements") or card.get("elements", [])
    return CardView(
        title=str(_dig(header, "title", "content") or ""),
        colour=str(header.get("template", "blue")),
        time=shown_time,
        pieces=tuple(_pieces(elements)),
    )


def _dig(value: object, *path: str) -> Any:  # noqa: ANN401  JSON of a stranger
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _pieces(elements: Iterable[Any]) -> Iterable[Piece]:
    for element in elements:
        tag = _dig(element, "tag")
        if tag == "hr":
            yield Piece("rule", Markup())
        elif tag == "button":
            yield _button(element)
        elif tag in {"markdown", "plain_text", "lark_md"}:
            yield Piece("text", card_markdown(str(_dig(element, "content") or "")))
        elif tag == "div":
            yield Piece("text", card_markdown(str(_dig(element, "text", "content") or "")))
        elif isinstance(element, dict):
            for key in ("elements", "columns", "actions"):
                yield from _pieces(element.get(key) or ())


def _button(element: dict[str, Any]) -> Piece:
    url = element.get("url") or next(
        (_dig(behaviour, "default_url") for behaviour in element.get("behaviors") or ()), ""
    )
    safe = str(url) if str(url).startswith(("https://", "http://")) else ""
    return Piece("button", card_markdown(str(_dig(element, "text", "content") or "")), safe)
