"""How values are written as text, counted as numbers and named in errors. Pure."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Final

MOST_DIGITS: Final = 1000
SHOWN_DIGITS: Final = 40
NAMED: Final = {
    bool: "true or false",
    datetime: "a point in time",
    date: "a date",
    dict: "an object",
}

Number = int | Decimal


class CellError(ValueError):
    """A value can't be put into its column; names the column and the kind of the value."""

    def __init__(self, reason: str, column: str | None = None) -> None:
        super().__init__(f"column {column!r}: {reason}" if column else reason)
        self.reason = reason
        self.column = column


def number(value: object) -> Number:
    """Return `value` as an exact number.

    Raises:
        CellError: It is no number, or not a finite one (NaN and Infinity are no JSON numbers).
    """
    found: Number | None = None
    if isinstance(value, Decimal | float):
        found = _finite(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        found = value
    elif isinstance(value, str):
        found = read_number(value)
    if found is None:
        raise CellError(f"{describe(value)} is not a number")
    return found


def plain(value: Number) -> str:
    """Write a number the shortest way without an exponent: 700 for 700.0, 118.36, 0."""
    if isinstance(value, int):
        return str(value)
    digits = format(value, "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "0" if digits in {"-0", ""} else digits


def written(value: object) -> str:
    """Return any value of a stream as text: numbers plain, times ISO 8601, the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return plain(number(value))
    if isinstance(value, date | time):
        return value.isoformat()
    return json_text(value)


def whole(text: str) -> str:
    """Return a text that can be sent: half a character (a cut emoji) becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def json_text(value: object) -> str:
    """Return compact JSON with sorted keys.

    Raises:
        CellError: It holds NaN or Infinity, or is nested too deeply.
    """
    try:
        return json.dumps(
            value,
            ensure_ascii=False,
            allow_nan=False,
            sort_keys=True,
            separators=(",", ":"),
            default=_json_default,
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise CellError(f"{describe(value)} can't be written as JSON ({error})") from error


def describe(value: object) -> str:
    """Say what kind of value this is without repeating a text that may be personal."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        digits = str(value) if not isinstance(value, int) else _int_text(value)
        return f"the number {digits}" if len(digits) <= SHOWN_DIGITS else "a very long number"
    if isinstance(value, str):
        return f"a text of {len(value):,} characters"
    if isinstance(value, list | tuple):
        return f"a list of {len(value):,} entries"
    return NAMED.get(type(value), f"a value of type {type(value).__name__}")


def _int_text(value: int) -> str:
    # str() refuses integers of more than 4,300 digits.
    return str(value) if value.bit_length() <= MOST_DIGITS else "0" * (SHOWN_DIGITS + 1)


def _finite(value: Decimal | float) -> Decimal | None:
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    # 1e999999999 is a valid Decimal; written out it would fill the memory.
    return exact if exact.is_finite() and -MOST_DIGITS <= exact.adjusted() <= MOST_DIGITS else None


def read_number(text: str) -> Decimal | None:
    """Return the finite number that a text is, or None."""
    try:
        return _finite(Decimal(text.strip()))
    except InvalidOperation:
        return None


def _json_default(value: object) -> object:
    if isinstance(value, Decimal):
        exact = number(value)
        return int(exact) if exact == int(exact) else float(exact)
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")
