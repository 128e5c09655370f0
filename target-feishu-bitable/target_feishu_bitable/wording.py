"""Foreign words inside our messages: short, on one line, without secrets or telephone numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST: Final = 300
_MOBILE: Final = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_SHORTEST_SECRET: Final = 4


def cleaned(words: object, secrets: Iterable[str] = ()) -> str:
    """Return what the platform said, fit for a log.

    Args:
        words: A message or id from an answer, whatever its type.
        secrets: What was sent with the request and must not come back in a message.
    """
    text = str(words) if isinstance(words, str | int) else ""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    text = _MOBILE.sub("***", text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
