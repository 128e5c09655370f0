"""Identifiers in the vendor's shapes: `tbl…`, `fld…`, `vew…`, `rec…`, `opt…`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Container
    from random import Random

ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
LENGTHS: Final = {"bascn": 22, "tbl": 13, "fld": 7, "vew": 7, "rec": 11, "opt": 7, "con": 7}


class Ids:
    """Draws identifiers from an injected source of randomness."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def new(self, prefix: str, taken: Container[str] = ()) -> str:
        """An identifier that is not among the taken ones."""
        length = LENGTHS[prefix]
        while True:
            candidate = prefix + "".join(self._rng.choices(ALPHABET, k=length))
            if candidate not in taken:
                return candidate

    def log_id(self, stamp: str) -> str:
        """A log id: a time stamp (YYYYMMDDhhmmss) followed by 20 hexadecimal digits."""
        return f"{stamp}{self._rng.getrandbits(80):020X}"

    def token(self) -> str:
        """A tenant access token."""
        return "t-g1" + "".join(self._rng.choices(ALPHABET, k=38))
