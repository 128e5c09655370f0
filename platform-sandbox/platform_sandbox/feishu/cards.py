"""Messages to custom bots: which shapes the platform takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from platform_sandbox.feishu.codes import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT_KEYS: Final = frozenset({"text", "title", "content"})
GONE_IN_V2: Final = frozenset({"action", "note"})
TEMPLATES: Final = frozenset(
    [
        "blue",
        "wathet",
        "turquoise",
        "green",
        "yellow",
        "orange",
        "red",
        "carmine",
        "violet",
        "purple",
        "indigo",
        "grey",
        "default",
    ],
)


def check_message(payload: dict[str, Any]) -> None:
    """Check the shape of a message.

    Raises:
        Refused: 19002 without msg_type, 9499 for unfit content, 11246 for an unfit card.
    """
    kind = payload.get("msg_type")
    if not isinstance(kind, str) or not kind:
        raise Refused(19002)
    if kind == "interactive":
        _check_card(payload.get("card"))
        return
    content = payload.get("content")
    if not isinstance(content, dict):
        raise Refused(9499)
    needed = {"text": "text", "post": "post", "image": "image_key", "share_chat": "share_chat_id"}
    if kind not in needed or not content.get(needed[kind]):
        raise Refused(9499)
    if kind == "text" and not isinstance(content["text"], str):
        raise Refused(9499)
    if kind == "post":
        _check_post(content["post"])


def _check_post(post: object) -> None:
    if not isinstance(post, dict):
        raise Refused(9499)
    for language in post.values():
        lines = language.get("content") if isinstance(language, dict) else None
        if not isinstance(lines, list) or not all(isinstance(line, list) for line in lines):
            raise Refused(9499)


def _check_card(card: object) -> None:
    """A card of version 2.0 has its elements in `body`, one of 1.0 at the top."""
    if isinstance(card, str):
        try:
            card = orjson.loads(card)
        except orjson.JSONDecodeError:
            raise Refused(11246) from None
    if not isinstance(card, dict):
        raise Refused(9499)
    version = card.get("schema", "1.0")
    body = card.get("body") if version == "2.0" else card
    elements = body.get("elements") if isinstance(body, dict) else None
    if version not in {"1.0", "2.0"} or not isinstance(elements, list):
        raise Refused(11246)
    for element in elements:
        tag = element.get("tag") if isinstance(element, dict) else None
        if not isinstance(tag, str) or (version == "2.0" and tag in GONE_IN_V2):
            raise Refused(11246)
        if tag == "markdown" and not isinstance(element.get("content"), str):
            raise Refused(11246)
    _check_header(card.get("header"))


def _check_header(header: object) -> None:
    if header is None:
        return
    title = header.get("title") if isinstance(header, dict) else None
    if not isinstance(title, dict) or not isinstance(title.get("content"), str):
        raise Refused(11246)
    if isinstance(header, dict) and header.get("template", "default") not in TEMPLATES:
        raise Refused(11246)


def texts_of(value: object) -> Iterator[str]:
    """All texts and titles of a message: keywords are looked for in them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in TEXT_KEYS and isinstance(inner, str):
                yield inner
            else:
                yield from texts_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_of(inner)
