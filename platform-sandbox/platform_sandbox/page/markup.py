"""Feishu's card markdown as HTML, nothing of it trusted."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup

_ENTITY: Final = re.compile(r"&(?!#\d{1,6};)")
_COLOURS: Final = "grey|red|green|blue|orange|yellow|purple|turquoise|carmine"
_RULES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(rf"&lt;font color=(?:&#39;|&#34;)?({_COLOURS})(?:&#39;|&#34;)?&gt;"),
     r'<span class="ink-\1">'),
    (re.compile(r"&lt;/font&gt;"), "</span>"),
    (re.compile(r"&lt;br\s*/?&gt;"), "<br>"),
    (re.compile(r"&lt;at id=\w+&gt;&lt;/at&gt;"), '<span class="at">@所有人</span>'),
    (re.compile(r"\*\*(.+?)\*\*"), r"<b>\1</b>"),
    (re.compile(r"~~(.+?)~~"), r"<s>\1</s>"),
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)"), r'<a href="\2">\1</a>'),
)  # fmt: skip
_HEADING: Final = re.compile(r"^#{1,6} +(.*)$")
_ITEM: Final = re.compile(r"^(?:[-*]|\d+\.) +(.*)$")


def card_markdown(text: str) -> Markup:
    """A paragraph of a card; every tag but the few that Feishu knows is shown as text."""
    lines = [_line(line) for line in _escaped(text).split("\n")]
    return Markup("".join(lines))  # noqa: S704  escaped above, tags come from the rules only


def _escaped(text: str) -> str:
    text = _ENTITY.sub("&amp;", text)
    for raw, safe in (("<", "&lt;"), (">", "&gt;"), ('"', "&#34;"), ("'", "&#39;")):
        text = text.replace(raw, safe)
    return text


def _line(line: str) -> str:
    for pattern, replacement in _RULES:
        line = pattern.sub(replacement, line)
    if heading := _HEADING.match(line):
        return f'<div class="heading">{heading[1]}</div>'
    if item := _ITEM.match(line):
        return f'<div class="item">{item[1]}</div>'
    return f"<div>{line or '&nbsp;'}</div>"
