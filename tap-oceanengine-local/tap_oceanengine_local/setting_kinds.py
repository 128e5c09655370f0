"""Kinds of settings: which values are of one, and how a sentence speaks of them. Pure."""

from __future__ import annotations

import json
from typing import Final

from tap_oceanengine_local.errors import ConfigError

WORDS: Final = {
    "string": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}


def require_kind(name: str, value: object, kind: str, *, secret: bool = False) -> None:
    """Make sure that a value is of a kind of JSON Schema.

    Raises:
        ConfigError: It is not; a secret one is not shown.
    """
    if not _is_kind(value, kind):
        given = "" if secret else f", not {shown(value)}"
        raise ConfigError(f"Setting {name} must be {WORDS[kind]}{given}.")


def shown(value: object) -> str:
    """Return a value as a sentence shows it: on one line, cut when it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004  one line of an error


def _is_kind(value: object, kind: str) -> bool:
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    types = {"string": str, "boolean": bool, "array": list, "object": dict}
    return isinstance(value, types[kind])
