"""Value ↔ cell, one codec per family of columns. Pure.

What a cell looks like differs by direction: texts are sent as strings and come back as segments,
options are names, dates are milliseconds since 1970, links are ``{"text", "link"}``. A number sent
as a string is refused (1254061), so is a date in seconds (1254064), a link without text (1254068).
Source: the vendor's pages record/batch_create, record/search and "data structure".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from target_feishu_bitable.texts import CellError, describe, number, whole, written
from target_feishu_bitable.values import Dates, Texts

if TYPE_CHECKING:
    from collections.abc import Hashable
    from zoneinfo import ZoneInfo

    from target_feishu_bitable.columns import Column
    from target_feishu_bitable.values import Values
    from target_feishu_bitable.wire import JSON

MOST_CHARACTERS = 100_000
LARGEST_EXACT = 2**53
FLOAT_DIGITS = 15
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class Codec(ABC):
    """Translates the values of one property to the cells of one column, and compares them.

    `canonical` and `decode` lead into the same space of hashable values; ``None`` is emptiness.

    Attributes:
        filterable: Whether ``is`` in a search filter finds every cell with an equal value.
    """

    filterable: bool = False

    def __init__(self, column: Column, values: Values) -> None:
        self.column = column
        self.values = values

    def encode(self, value: object) -> JSON:
        """Return the cell to send for a stream's value; ``None`` clears the cell.

        Raises:
            CellError: The column can't hold the value; names the column and the kind of value.
        """
        return self.cell(self.canonical(value))

    def cell(self, known: Hashable) -> JSON:
        """Return the cell to send for a comparable value of the stream; ``None`` clears it."""
        return None if known is None else self._write(known)

    def decode(self, cell: object) -> Hashable:
        """Return the comparable value of a cell as ``search`` returns it; ``None`` when empty."""
        return None if cell is None else self._read(cell)

    def canonical(self, value: object) -> Hashable:
        """Return the comparable value that a cell would have after `value` was written into it.

        Raises:
            CellError: As in `encode`.
        """
        if value is None:
            return None
        try:
            known = self.values.canonical(value)
            if isinstance(known, str) and not known.isascii():
                known = whole(known)
            return None if known is None else self._check(known)
        except CellError as error:
            raise CellError(error.reason, self.column.name) from error

    def same(self, value: object, cell: object) -> bool:
        """Tell whether writing `value` would change nothing."""
        return self.values.equal(self.canonical(value), self.decode(cell))

    def condition(self, value: object) -> str:
        """Return the text that stands for `value` in a search filter."""
        return self.values.text(self.canonical(value))

    def _check(self, known: Hashable) -> Hashable:
        """Return `known` as this column keeps it, or raise CellError without the column's name."""
        return known

    @abstractmethod
    def _write(self, known: Hashable) -> JSON: ...

    @abstractmethod
    def _read(self, cell: object) -> Hashable: ...


class TextCell(Codec):
    """Text, barcode and e-mail columns. They hold every kind; numbers are written plainly."""

    def __init__(self, column: Column, values: Values) -> None:
        super().__init__(column, values)
        # "700.0" is 700 here, and no filter knows that; most others have many spellings too.
        self.filterable = isinstance(values, Texts | Dates)

    @override
    def _check(self, known: Hashable) -> Hashable:
        if isinstance(known, str) and len(known) > MOST_CHARACTERS:
            raise CellError(
                f"a text of {len(known):,} characters; a cell takes at most {MOST_CHARACTERS:,}. "
                "Shorten it in the source, or drop the property"
            )
        return known

    @override
    def _write(self, known: Hashable) -> JSON:
        return self.values.text(known)

    @override
    def _read(self, cell: object) -> Hashable:
        text = joined(cell)
        return self.values.parse(text) if text else None


class NumberCell(Codec):
    """Number, currency and progress columns: 64-bit floats."""

    filterable = True

    @override
    def _check(self, known: Any) -> Any:  # an int or Decimal: only Numbers come here
        if not -LARGEST_EXACT <= known <= LARGEST_EXACT:
            raise CellError(
                f"{describe(known)} is beyond 2^53 ({LARGEST_EXACT}) and would lose digits in a "
                "number column. Make it a text column (文本), or map the property to another one"
            )
        # Keys are compared exactly, so with the digits that a float keeps.
        is_rounded = isinstance(known, Decimal) and len(known.as_tuple().digits) > FLOAT_DIGITS
        return number(float(known)) if is_rounded else known

    @override
    def _write(self, known: Any) -> JSON:
        if isinstance(known, int):
            return known
        cell = float(known)
        return int(cell) if cell.is_integer() else cell

    @override
    def _read(self, cell: object) -> Hashable:
        if isinstance(cell, int) and not isinstance(cell, bool):
            return cell
        if isinstance(cell, float) and cell.is_integer():
            return int(cell)
        try:
            return number(cell)
        except CellError:
            return str(cell)


class RatingCell(NumberCell):
    """Rating columns: whole numbers within the column's own bounds."""

    @override
    def _check(self, known: Hashable) -> Hashable:
        bounds = self.column.properties or {}
        lowest, highest = int(bounds.get("min", 1)), int(bounds.get("max", 5))
        exact = number(known)
        if exact != int(exact) or exact < lowest or exact > highest:
            raise CellError(f"{describe(known)} is no rating from {lowest} to {highest}")
        return known


class DateCell(Codec):
    """Date columns: milliseconds since 1970. A day is its midnight in the base's zone."""

    def __init__(self, column: Column, values: Values, zone: ZoneInfo, *, days: bool) -> None:
        super().__init__(column, values)
        self.zone = zone
        self.days = days
        self._midnights: dict[str, int] = {}
        self._days_by_moment: dict[int, str] = {}

    @override
    def _check(self, known: Hashable) -> Hashable:
        return (known - EPOCH) // MILLISECOND if isinstance(known, datetime) else known

    @override
    def _write(self, known: Hashable) -> JSON:
        if isinstance(known, int):
            return known
        day = str(known)
        if day not in self._midnights:
            midnight = datetime.combine(date.fromisoformat(day), datetime.min.time(), self.zone)
            self._midnights[day] = (midnight - EPOCH) // MILLISECOND
        return self._midnights[day]

    @override
    def _read(self, cell: object) -> Hashable:
        if not isinstance(cell, int | float) or isinstance(cell, bool):
            return str(cell)
        moment = int(cell)
        if not self.days:
            return moment
        if moment not in self._days_by_moment:
            self._days_by_moment[moment] = _day_at(moment, self.zone)
        return self._days_by_moment[moment]


class CheckboxCell(Codec):
    """Checkboxes. One that nobody touched is absent from a reply and means false; so does null."""

    @override
    def decode(self, cell: object) -> Hashable:
        return cell is True

    @override
    def canonical(self, value: object) -> Hashable:
        return False if value is None else super().canonical(value)

    @override
    def _write(self, known: Hashable) -> JSON:
        return bool(known)

    @override
    def _read(self, cell: object) -> Hashable:
        return bool(cell)


def joined(cell: object) -> str:
    """Return the text of a cell: a string, or segments whose ``text`` belongs together."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, list):
        return "".join([joined(part) for part in cell])
    if isinstance(cell, dict):
        return joined(cell.get("text") or "")
    return written(cell)


def _day_at(moment: int, zone: ZoneInfo) -> str:
    try:
        return (EPOCH + moment * MILLISECOND).astimezone(zone).date().isoformat()
    except OverflowError:
        return str(moment)
