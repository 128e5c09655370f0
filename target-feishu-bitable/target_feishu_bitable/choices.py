"""Cells whose form the platform prescribes: options, phone numbers, links. Pure.

An unknown option name becomes a new option; one that is named twice in a cell becomes two.
Source: the vendor's pages record/batch_create and app-table-field/guide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from target_feishu_bitable.cells import Codec, joined
from target_feishu_bitable.texts import CellError, describe, whole, written
from target_feishu_bitable.values import Texts

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from target_feishu_bitable.columns import Column
    from target_feishu_bitable.values import Values
    from target_feishu_bitable.wire import JSON

MOST_OPTIONS_PER_CELL: Final = 1_000
MOST_PHONE_CHARACTERS: Final = 64
PHONE: Final = re.compile(r"\+?\d*")
PHONE_PUNCTUATION: Final = str.maketrans("", "", " -()\u00a0")


class _Options(frozenset[str]):
    """Options without regard to their order, and the order in which the stream gave them."""

    __slots__ = ("names",)

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)


class SelectCell(Codec):
    """Single-choice columns: the option's name; an unknown name becomes a new option."""

    def __init__(self, column: Column, values: Values) -> None:
        super().__init__(column, values)
        # An option "700.0" is 700 here, and "2026/02/11" a day; no filter knows that.
        self.filterable = isinstance(values, Texts)

    @override
    def _check(self, known: Hashable) -> Hashable:
        return known.strip() or None if isinstance(known, str) else known

    @override
    def _write(self, known: Hashable) -> JSON:
        return self.values.text(known)

    @override
    def _read(self, cell: object) -> Hashable:
        name = joined(cell).strip()
        return self.values.parse(name) if name else None


class MultiSelectCell(Codec):
    """Multiple-choice columns: a list of option names; their order doesn't count."""

    @override
    def canonical(self, value: object) -> Hashable:
        if value is None:
            return None
        try:
            names = _option_names(value)
        except CellError as error:
            raise CellError(error.reason, self.column.name) from error
        return _Options(names) if names else None

    @override
    def _write(self, known: Hashable) -> JSON:
        return [*known.names] if isinstance(known, _Options) else None

    @override
    def _read(self, cell: object) -> Hashable:
        names = cell if isinstance(cell, list) else [cell]
        return frozenset(name for one in names if (name := joined(one).strip())) or None


class PhoneCell(Codec):
    """Phone columns: digits with an optional plus, at most 64 characters (else 1254072)."""

    @override
    def _check(self, known: Hashable) -> Hashable:
        digits = self.values.text(known).translate(PHONE_PUNCTUATION)
        if len(digits) > MOST_PHONE_CHARACTERS or not PHONE.fullmatch(digits):
            raise CellError(
                f"{describe(known)} is no phone number (digits with an optional +, at most "
                f"{MOST_PHONE_CHARACTERS}). Use a text column (文本) for it"
            )
        return digits or None

    @override
    def _write(self, known: Hashable) -> JSON:
        return str(known)

    @override
    def _read(self, cell: object) -> Hashable:
        return joined(cell).translate(PHONE_PUNCTUATION) or None


class UrlCell(Codec):
    """Link columns: compared by address, so that a person's caption alone causes no write."""

    @override
    def _write(self, known: Hashable) -> JSON:
        return {"text": str(known), "link": str(known)}

    @override
    def _read(self, cell: object) -> Hashable:
        if isinstance(cell, Mapping):
            return str(cell.get("link") or cell.get("text") or "") or None
        return joined(cell) or None


def _option_names(value: object) -> dict[str, None]:
    """Return option names in order, each once: a new one named twice would become two options."""
    entries = value if isinstance(value, list | tuple) else [value]
    if any(isinstance(entry, list | tuple | dict) for entry in entries):
        raise CellError("a list with nested data in it is no list of option names")
    names = (whole(written(entry)).strip() for entry in entries if entry is not None)
    found = dict.fromkeys(name for name in names if name)
    if len(found) > MOST_OPTIONS_PER_CELL:
        raise CellError(f"{len(found):,} options; a cell takes at most {MOST_OPTIONS_PER_CELL:,}")
    return found
