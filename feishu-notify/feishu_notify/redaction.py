"""Keeping secrets and personal data off the cards.

Everything that was written by a plugin, a platform or a library goes through a `Redactor` before
it is put on a card: known secret values, what is called a secret, what looks like a token,
telephone numbers and e-mail addresses. Ids of accounts and units (16 to 19 digits) and request
ids of both platforms (a time stamp followed by hexadecimal digits) stay readable, because people
need them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_HIDDEN = "×××"
_SHORTEST_SECRET = 8
_SECRET_NAME = re.compile(
    r"secret|token|passw(or)?d|passphrase|_pass$|webhook|credential|database_uri|_dsn$"
    r"|(api|access|private)_?key",
    re.IGNORECASE,
)
_NOT_SECRET_NAME = re.compile(r"token_store_uri$|_file$|_path$", re.IGNORECASE)

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # name: value, name=value, "name": "value", ?name=value
    (
        re.compile(
            r"""((?:token|secret|passw(?:or)?d|auth_code|(?<![a-z])sign|authorization
                |(?:api|access|private|secret)[_-]?key)
                ["']?\s*[=:：]\s*["']?)
                (?:(?:Bearer|Basic)\s+)?(?=[!-~])[^\s"'&,;)}\]]{4,}""",
            re.IGNORECASE | re.VERBOSE,
        ),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"(\bBearer\s+)[^\s\"',;]+", re.IGNORECASE), rf"\1{_HIDDEN}"),
    (re.compile(r"(/hook/)[\w-]+"), rf"\1{_HIDDEN}"),
    (re.compile(r"(\w://[^\s:/@]*:)[^\s/]+(@)"), rf"\1{_HIDDEN}\2"),
    (re.compile(r"\b[tu]-[\w.-]{16,}"), _HIDDEN),
    (re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]+){0,2}"), _HIDDEN),
    (re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+"), _HIDDEN),
    (
        re.compile(r"(?<!\d)((?:86[- ]?)?1[3-9]\d)[- ]?\d{4}[- ]?(\d{4})(?!\d)"),
        r"\1××××\2",
    ),
)
_LONG_WORD = re.compile(r"[A-Za-z0-9_+/-]{32,}={0,2}")
_REQUEST_ID = re.compile(r"20\d{12}[0-9A-Fa-f]*")
_RUN_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Redactor:
    """Masks texts of unknown origin.

    Args:
        secrets: values that must never be shown, wherever they stand.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        longest_first = sorted({s for s in secrets if len(s) >= _SHORTEST_SECRET}, key=len)
        self._secrets = tuple(reversed(longest_first))

    def __call__(self, text: str) -> str:
        """Return the text without secrets and personal data."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        for pattern, replacement in _RULES:
            text = pattern.sub(replacement, text)
        return _LONG_WORD.sub(_hide_token, text)


def secret_values(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Pick the values of variables whose name says that they hold a secret; lists are split."""
    return tuple(
        part.strip()
        for name, value in environment.items()
        if _SECRET_NAME.search(name) and not _NOT_SECRET_NAME.search(name)
        for part in (value, *value.split(","))
    )


def _hide_token(match: re.Match[str]) -> str:
    """Hide a long word that mixes letters and digits, unless it is an id that people need."""
    word = match.group()
    mixed = any(c.isdigit() for c in word) and any(c.isalpha() for c in word)
    readable = _REQUEST_ID.fullmatch(word) or _RUN_ID.fullmatch(word) or "/" in word
    return word if readable or not mixed else _HIDDEN
