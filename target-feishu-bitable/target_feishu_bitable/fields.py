"""Values of a stream ↔ cells of a column, and when the two are equal. Pure.

Each column type has one codec. Cells are written in one form and read in another (facts of the
vendor's `data-structure` page): text comes back as segments, links as objects, dates as
milliseconds, and empty cells not at all. A canonical value is what both sides are compared by.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, Protocol

from typing_extensions import override

from target_feishu_bitable.kinds import Kind, is_identifier, kind_of
from target_feishu_bitable.wire import FieldType

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from zoneinfo import ZoneInfo

    from target_feishu_bitable.columns import Column
    from target_feishu_bitable.wire import JSON

LONGEST_TEXT: Final = 100_000
LARGEST_EXACT: Final = 2**53
TOLERANCE: Final = 1e-9
_PHONE: Final = re.compile(r"\+?\d{0,64}")
_NUMERIC: Final = frozenset({Kind.INTEGER, Kind.NUMBER})
_SCALAR: Final = frozenset(
    {Kind.TEXT, Kind.LINK, Kind.EMAIL, Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.DATE}
)


class CellError(ValueError):
    """A value can't be a cell of this column; tells the kind of the value, never all of it."""


class IncompatibleColumn(ValueError):  # noqa: N818  says what is the case
    """No value of the property can be a cell of this column."""


class Codec(Protocol):
    """Between one property and one column."""

    filterable: bool
    """Whether `is` in a search filter finds every cell with an equal value."""

    def encode(self, value: object) -> JSON:
        """Return the cell to send; None clears it.

        Raises:
            CellError: The value does not fit.
        """
        ...

    def decode(self, cell: object) -> Hashable:
        """Return the canonical value of a cell as a search returns it; None = empty."""
        ...

    def canonical(self, value: object) -> Hashable:
        """Return the canonical value of a value of the stream.

        Raises:
            CellError: The value does not fit.
        """
        ...

    def same(self, value: object, cell: object) -> bool:
        """Return whether a cell holds the value already."""
        ...


class _TextCodec:
    """Text, barcode and e-mail columns: everything as text."""

    filterable = True

    def encode(self, value: object) -> JSON:
        text = as_text(value)
        if text is not None and len(text) > LONGEST_TEXT:
            raise CellError(f"a text of {len(text)} characters; a cell holds {LONGEST_TEXT}")
        return text

    def decode(self, cell: object) -> Hashable:
        return joined(cell)

    def canonical(self, value: object) -> Hashable:
        return as_text(value) or None

    def same(self, value: object, cell: object) -> bool:
        return self.canonical(value) == self.decode(cell)


class _NumericTextCodec(_TextCodec):
    """Numbers kept in a text column: written canonically, compared by value ("700.0" = 700)."""

    filterable = False

    @override
    def decode(self, cell: object) -> Hashable:
        text = joined(cell)
        return None if text is None else _number_of(text)

    @override
    def canonical(self, value: object) -> Hashable:
        text = as_text(value)
        return None if not text else _number_of(text)

    @override
    def same(self, value: object, cell: object) -> bool:
        return close(self.canonical(value), self.decode(cell))


class _MomentTextCodec(_TextCodec):
    """Points in time kept in a text column: written as ISO text."""

    @override
    def canonical(self, value: object) -> Hashable:
        return as_text(value) or None


class _NumberCodec:
    """Number, currency, progress and rating columns."""

    filterable = True

    def encode(self, value: object) -> JSON:
        if value is None:
            return None
        number = _finite(value)
        if number is None:
            return None
        if isinstance(number, int):
            if abs(number) > LARGEST_EXACT:
                raise CellError(f"{number}, which a number column can't hold exactly (over 2^53)")
            return number
        if abs(number) > LARGEST_EXACT and isinstance(value, Decimal):
            exact = value == value.to_integral_value() and Decimal(number) == value
            if not exact:
                raise CellError(f"{value}, which a number column can't hold exactly (over 2^53)")
        return number

    def decode(self, cell: object) -> Hashable:
        if isinstance(cell, bool) or cell is None:
            return None
        if isinstance(cell, int | float):
            return cell
        text = joined(cell)
        return None if text is None else _number_of(text)

    def canonical(self, value: object) -> Hashable:
        return None if value is None else _finite(value)

    def same(self, value: object, cell: object) -> bool:
        return close(self.canonical(value), self.decode(cell))


class _DateCodec:
    """Date columns for days: midnight in the base's zone."""

    filterable = False

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._midnights: dict[date, int] = {}
        self._days: dict[int, str] = {}

    def encode(self, value: object) -> JSON:
        if value is None or value == "":
            return None
        day = _day(value, self.zone)
        if day not in self._midnights:
            midnight = datetime.combine(day, time(), self.zone)
            self._midnights[day] = int(midnight.timestamp() * 1000)
        return self._midnights[day]

    def decode(self, cell: object) -> Hashable:
        if not isinstance(cell, int | float) or isinstance(cell, bool):
            return None
        moment = int(cell)
        if moment not in self._days:
            self._days[moment] = _local(moment, self.zone).date().isoformat()
        return self._days[moment]

    def canonical(self, value: object) -> Hashable:
        if value is None or value == "":
            return None
        return _day(value, self.zone).isoformat()

    def same(self, value: object, cell: object) -> bool:
        return self.canonical(value) == self.decode(cell)


class _MomentCodec:
    """Date columns for points in time; a time without zone is one in the base's."""

    filterable = False

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def encode(self, value: object) -> JSON:
        return self.canonical(value)  # type: ignore[return-value]  # milliseconds or None

    def decode(self, cell: object) -> Hashable:
        if not isinstance(cell, int | float) or isinstance(cell, bool):
            return None
        return int(cell)

    def canonical(self, value: object) -> Hashable:
        if value is None or value == "":
            return None
        return int(_moment(value, self.zone).timestamp() * 1000)

    def same(self, value: object, cell: object) -> bool:
        return self.canonical(value) == self.decode(cell)


class _CheckboxCodec:
    """Checkboxes: an untouched one is as good as one that is not ticked."""

    filterable = False

    def encode(self, value: object) -> JSON:
        if value is None or isinstance(value, bool):
            return value
        raise CellError(f"{_kind_word(value)}, where a checkbox needs true or false")

    def decode(self, cell: object) -> Hashable:
        return cell is True

    def canonical(self, value: object) -> Hashable:
        return self.encode(value) is True

    def same(self, value: object, cell: object) -> bool:
        return self.canonical(value) == self.decode(cell)


class _ChoiceCodec:
    """Single choice: the option's name; new names become options."""

    filterable = True

    def encode(self, value: object) -> JSON:
        return as_text(value) or None

    def decode(self, cell: object) -> Hashable:
        return cell if isinstance(cell, str) and cell else None

    def canonical(self, value: object) -> Hashable:
        return as_text(value) or None

    def same(self, value: object, cell: object) -> bool:
        return self.canonical(value) == self.decode(cell)


class _ChoicesCodec:
    """Multiple choice: names, each once (a new name given twice would become two options)."""

    filterable = False

    def encode(self, value: object) -> JSON:
        names = self._names(value)
        return names or None  # type: ignore[return-value]  # a list of texts

    def decode(self, cell: object) -> Hashable:
        return frozenset(cell) if isinstance(cell, list) and cell else None

    def canonical(self, value: object) -> Hashable:
        return frozenset(self._names(value)) or None

    def same(self, value: object, cell: object) -> bool:
        return self.canonical(value) == self.decode(cell)

    @staticmethod
    def _names(value: object) -> list[str]:
        items = value if isinstance(value, list | tuple) else [value]
        return list(dict.fromkeys(text for item in items if (text := as_text(item))))


class _LinkCodec:
    """Hyperlinks: the address is what counts, also when people gave it another text."""

    filterable = False

    def encode(self, value: object) -> JSON:
        text = as_text(value)
        return {"text": text, "link": text} if text else None

    def decode(self, cell: object) -> Hashable:
        if isinstance(cell, dict):
            return cell.get("link") or cell.get("text") or None
        return joined(cell)

    def canonical(self, value: object) -> Hashable:
        return as_text(value) or None

    def same(self, value: object, cell: object) -> bool:
        return self.canonical(value) == self.decode(cell)


class _PhoneCodec(_TextCodec):
    """Phone numbers: digits, with + before them at most."""

    @override
    def encode(self, value: object) -> JSON:
        text = as_text(value)
        if text is not None and not _PHONE.fullmatch(text):
            raise CellError("a text that is no phone number (digits, + before them, 64 at most)")
        return text or None


def codec(
    column: Column,
    schema: Mapping[str, Any],
    *,
    property_name: str,
    is_key: bool,
    zone: ZoneInfo,
) -> Codec:
    """Return what stands between a property and a column.

    Raises:
        IncompatibleColumn: The column can't hold the property; the text says what it holds.
    """
    kind = kind_of(schema)
    if is_identifier(property_name, schema, is_key=is_key):
        kind = Kind.TEXT
    allowed, make = _CODECS.get(column.type, (frozenset(), None))
    if make is None or kind not in allowed:
        raise IncompatibleColumn(f"{column.words} column, but the property holds {kind.value}")
    return make(kind, zone)


def _text_codec(kind: Kind, _zone: ZoneInfo) -> Codec:
    if kind in _NUMERIC:
        return _NumericTextCodec()
    return _MomentTextCodec() if kind is Kind.DATETIME else _TextCodec()


def _date_codec(kind: Kind, zone: ZoneInfo) -> Codec:
    return _DateCodec(zone) if kind is Kind.DATE else _MomentCodec(zone)


_CODECS: Final[Mapping[int, tuple[frozenset[Kind], Callable[[Kind, ZoneInfo], Codec]]]] = {
    FieldType.TEXT: (frozenset(Kind), _text_codec),
    FieldType.NUMBER: (_NUMERIC, lambda _kind, _zone: _NumberCodec()),
    FieldType.SINGLE_SELECT: (_SCALAR, lambda _kind, _zone: _ChoiceCodec()),
    FieldType.MULTI_SELECT: (_SCALAR | {Kind.LIST}, lambda _kind, _zone: _ChoicesCodec()),
    FieldType.DATE: (frozenset({Kind.DATE, Kind.DATETIME}), _date_codec),
    FieldType.CHECKBOX: (frozenset({Kind.BOOLEAN}), lambda _kind, _zone: _CheckboxCodec()),
    FieldType.PHONE: (
        frozenset({Kind.TEXT, Kind.INTEGER}),
        lambda _kind, _zone: _PhoneCodec(),
    ),
    FieldType.URL: (frozenset({Kind.TEXT, Kind.LINK}), lambda _kind, _zone: _LinkCodec()),
}


def joined(cell: object) -> str | None:
    """Return the text of a cell, its segments joined; None when there is none."""
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, list):
        parts = [part.get("text", "") if isinstance(part, dict) else str(part) for part in cell]
        return "".join(parts) or None
    if cell is None:
        return None
    if isinstance(cell, dict):
        return str(cell.get("text") or cell.get("link") or "") or None
    return as_text(cell)


def as_text(value: object) -> str | None:
    """Return a value as the text that a cell holds: canonical numbers, ISO dates, compact JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return _canonical_number(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_inside_json)


def close(one: Hashable, other: Hashable) -> bool:
    """Return whether two canonical values are equal, numbers with a relative tolerance of 1e-9."""
    if one == other:
        return True
    if isinstance(one, int | float | Decimal) and isinstance(other, int | float | Decimal):
        return math.isclose(float(one), float(other), rel_tol=TOLERANCE, abs_tol=0.0)
    return False


def _inside_json(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return as_text(value)


def _canonical_number(value: float | Decimal) -> str:
    number = Decimal(repr(value)) if isinstance(value, float) else value
    if not number.is_finite():
        return str(value)
    text = format(number.normalize(), "f")
    return "0" if text == "-0" else text


def _number_of(text: str) -> Hashable:
    """Return the number that a text is, or the text itself."""
    stripped = text.strip()
    try:
        number = Decimal(stripped)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text


def _finite(value: object) -> int | float | None:
    """Return a number as JSON can carry it; NaN and infinities are no number: None."""
    if isinstance(value, bool):
        raise CellError("true or false, where a number column needs a number")
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) <= LARGEST_EXACT else value
    if isinstance(value, str):
        number = _number_of(value)
        if isinstance(number, Decimal):
            return _finite(number)
    raise CellError(f"{_kind_word(value)}, where a number column needs a number")


def _kind_word(value: object) -> str:
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    return {dict: "an object", list: "a list", bool: "true or false"}.get(
        type(value), f"a value of type {type(value).__name__}"
    )


def _local(moment: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(moment / 1000, UTC).astimezone(zone)


def _day(value: object, zone: ZoneInfo) -> date:
    if isinstance(value, datetime):
        return (value if value.tzinfo is None else value.astimezone(zone)).date()
    if isinstance(value, date):
        return value
    return _day(_moment(value, zone), zone)


def _moment(value: object, zone: ZoneInfo) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise CellError(f"{_kind_word(value)} that is no date") from None
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=zone)
    if isinstance(value, date):
        return datetime.combine(value, time(), zone)
    raise CellError(f"{_kind_word(value)}, where a date column needs a date")
