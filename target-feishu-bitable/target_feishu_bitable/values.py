"""Comparable values: one class per kind of property, from the stream's value or a text. Pure.

Each kind has one *canonical* space (str, int or Decimal, bool, ISO day, UTC datetime) in which a
value of the stream and the content of a cell can be compared and hashed. ``None`` is emptiness, and
so is "". A person's text that can't be read as the kind stays a text: it differs from every value.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from target_feishu_bitable.days import day_of, read_day
from target_feishu_bitable.texts import (
    CellError,
    describe,
    json_text,
    number,
    plain,
    read_number,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Hashable
    from zoneinfo import ZoneInfo

RELATIVE_TOLERANCE: Final = Decimal("1e-9")


class Values(ABC):
    """How one kind of property is compared and written as text."""

    @abstractmethod
    def canonical(self, value: object) -> Hashable:
        """Return the comparable form of the stream's `value` (not None); raise CellError."""

    @abstractmethod
    def parse(self, text: str) -> Hashable:
        """Return the comparable form of what stands in a text cell; unreadable text stays text."""

    def text(self, canonical: Hashable) -> str:
        """Return the one way this kind is written into a text cell."""
        return str(canonical)

    def equal(self, left: Hashable, right: Hashable) -> bool:
        """Tell whether two comparable forms mean the same."""
        return left == right


@dataclass(frozen=True, slots=True)
class Texts(Values):
    """Plain texts, compared exactly. Takes every value: a mixture of types ends here."""

    @override
    def canonical(self, value: object) -> Hashable:
        return (value if isinstance(value, str) else written(value)) or None

    @override
    def parse(self, text: str) -> Hashable:
        return text


@dataclass(frozen=True, slots=True)
class Numbers(Values):
    """Numbers by value ("700.0" is 700); with a relative tolerance of 1e-9 unless `exact`."""

    exact: bool = False

    @override
    def canonical(self, value: object) -> Hashable:
        return None if value == "" else number(value)

    @override
    def parse(self, text: str) -> Hashable:
        found = read_number(text)
        return text if found is None else found

    @override
    def text(self, canonical: Hashable) -> str:
        return plain(canonical) if isinstance(canonical, int | Decimal) else str(canonical)

    @override
    def equal(self, left: Hashable, right: Hashable) -> bool:
        if left == right:
            return True
        if (
            self.exact
            or not isinstance(left, int | Decimal)
            or not isinstance(right, int | Decimal)
        ):
            return False
        one, two = Decimal(left), Decimal(right)
        return abs(one - two) <= RELATIVE_TOLERANCE * max(abs(one), abs(two))


@dataclass(frozen=True, slots=True)
class Booleans(Values):
    """true and false."""

    @override
    def canonical(self, value: object) -> Hashable:
        if isinstance(value, bool):
            return value
        raise CellError(f"{describe(value)} is neither true nor false")

    @override
    def parse(self, text: str) -> Hashable:
        return {"true": True, "false": False}.get(text.strip().lower(), text)

    @override
    def text(self, canonical: Hashable) -> str:
        return str(canonical).lower()


@dataclass(frozen=True, slots=True)
class Dates(Values):
    """Days in the base's zone, as ``YYYY-MM-DD``."""

    zone: ZoneInfo

    @override
    def canonical(self, value: object) -> Hashable:
        if isinstance(value, datetime):
            return day_of(value, self.zone).isoformat()
        if isinstance(value, date):
            return value.isoformat()
        found = read_day(value, self.zone) if isinstance(value, str) else None
        if found is None and value != "":
            raise CellError(f"{describe(value)} is not a date")
        return found

    @override
    def parse(self, text: str) -> Hashable:
        return read_day(text, self.zone) or text


@dataclass(frozen=True, slots=True)
class Moments(Values):
    """Points in time, compared as instants; a time without an offset is in the base's zone."""

    zone: ZoneInfo

    @override
    def canonical(self, value: object) -> Hashable:
        if value == "":
            return None
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
        found: Hashable = None
        if isinstance(value, datetime):
            found = self._instant(value)
        elif isinstance(value, str):
            found = self.parse(value)
        if isinstance(found, datetime):
            return found
        raise CellError(f"{describe(value)} is not a point in time between the years 1 and 9999")

    @override
    def parse(self, text: str) -> Hashable:
        try:
            return self._instant(datetime.fromisoformat(text.strip())) or text
        except ValueError:
            return text

    @override
    def text(self, canonical: Hashable) -> str:
        if not isinstance(canonical, datetime):
            return str(canonical)
        try:
            return canonical.astimezone(self.zone).isoformat()
        except OverflowError:  # "for ever", 9999-12-31T23:59:59Z, is no more in zones to the east
            return canonical.isoformat()

    def _instant(self, moment: datetime) -> datetime | None:
        try:
            local = moment if moment.tzinfo else moment.replace(tzinfo=self.zone)
            return local.astimezone(UTC)
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class Nested(Values):
    """Arrays and objects as JSON text; the order of keys doesn't count."""

    @override
    def canonical(self, value: object) -> Hashable:
        return json_text(value)

    @override
    def parse(self, text: str) -> Hashable:
        try:
            return json_text(json.loads(text, parse_float=Decimal))
        except (ValueError, RecursionError):
            return text
