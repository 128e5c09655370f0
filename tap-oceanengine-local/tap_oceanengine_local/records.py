"""From a row as the platform sends it to the values of a record. Pure.

Ids become text, counts integers, money yuan with 2 decimals, rates with 4 (rounded half up on the
decimal digits that were sent). `"-"`, null and missing become null; unknown keys are not looked at;
a row without its key is an error, because it could be stored nowhere.
"""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from tap_oceanengine_local.metrics import CONVERSION_COST, CONVERT_CNT, STAT_COST
from tap_oceanengine_local.times import read_day, read_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from tap_oceanengine_local.metrics import Field, Kind

_CENT: Final = Decimal("0.01")
_RATE: Final = Decimal("0.0001")
_MOST_DIGITS: Final = 19
"""Of a 64-bit integer; a text like 1e999999999 would otherwise be written out in digits."""
_MOST: Final = 10**_MOST_DIGITS
_ABSENT: Final = frozenset({"", "-", "--"})

Values = tuple[Any, ...]
"""The values of one record, in the order of the reader's names; see `RowReader`."""


encode: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
"""JSON in one line of ASCII, as messages hold records and states."""


class RowError(ValueError):
    """A row that cannot become a record. The text names the column, never the value."""


def read_id(value: object) -> str | None:
    """Return an id as text; floats are refused because they have lost digits already."""
    if value is None:
        return None
    if isinstance(value, bool | float | list | dict):
        raise ValueError(f"an id came as {type(value).__name__}")  # noqa: TRY004  one error kind
    text = str(value).strip()
    return None if text in _ABSENT else text


def read_text(value: object) -> str | None:
    """Return text as it came; other scalars as text; null for null and the empty text."""
    if value is None or value == "":
        return None
    if isinstance(value, list | dict):
        raise ValueError(f"a text came as {type(value).__name__}")  # noqa: TRY004  one error kind
    return str(value)


def read_count(value: object) -> int | None:
    """Return a count; `3`, `3.0`, `"3"` and `"3.0"` are 3, anything with a fraction is refused."""
    if type(value) is int and abs(value) < _MOST:
        return value
    number = _decimal(value)
    if number is None:
        return None
    if number.adjusted() >= _MOST_DIGITS:
        raise ValueError("a count is beyond all counting")
    if number != number.to_integral_value():
        raise ValueError("a count came with a fraction")
    return int(number)


def read_yuan(value: object) -> float | None:
    """Return money in yuan, rounded half up to 2 decimals."""
    return _rounded(value, _CENT)


def read_rate(value: object) -> float | None:
    """Return a percentage or a ratio, rounded half up to 4 decimals."""
    return _rounded(value, _RATE)


def read_texts(value: object) -> list[str] | None:
    """Return a list of texts; a single text becomes a list of one."""
    if value is None or value == "":
        return None
    return [str(item) for item in (value if isinstance(value, list) else [value])]


def read_numbers(value: object) -> list[int] | None:
    """Return a list of integers; a single one becomes a list of one."""
    if value is None or value == "":
        return None
    items = value if isinstance(value, list) else [value]
    return [number for number in map(read_count, items) if number is not None]


def conversion_cost(own: float | None, cost: float | None, conversions: int | None) -> float | None:
    """Return the platform's own value; when absent cost ÷ conversions, 0 without conversions."""
    if own is not None or conversions is None:
        return own
    if conversions == 0:
        return 0.0
    return None if cost is None else read_yuan(Decimal(str(cost)) / conversions)


def read_optional_day(value: object) -> str | None:
    """Return a day, null for the platform's ways to say that there is none."""
    return None if _is_no_time(value) else read_day(value)


def read_optional_moment(value: object) -> str | None:
    """Return a time, null for the platform's ways to say that there is none."""
    return None if _is_no_time(value) else read_moment(value)


class RowReader:
    """Reads the rows of one stream into tuples, which take a third of the room of dictionaries.

    Attributes:
        names: Names of the values that a record shows, in the order of the schema. A tuple holds
            them first; values that are needed but not selected follow behind.
        key: Returns the key of a row from its values.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        shown: frozenset[str],
        needed: frozenset[str] = frozenset(),
        *,
        keys: Sequence[str],
    ) -> None:
        """Prepare for one selection.

        Args:
            fields: All fields of the stream, in the order of its schema.
            shown: Names that go into records; required fields always do.
            needed: Names that are read as well, for derived values and sums.
            keys: Names that make up the key of a row.
        """
        visible = [field for field in fields if field.required or field.name in shown]
        names = [field.name for field in visible]
        hidden = [field for field in fields if field.name in needed and field.name not in names]
        self.names = tuple(names)
        self._columns = tuple(
            (field.name, field.path, _READERS[field.kind], field.required)
            for field in (*visible, *hidden)
        )
        self._places = {name: place for place, (name, *_) in enumerate(self._columns)}
        self.key: Callable[[Values], Hashable] = itemgetter(*(self._places[name] for name in keys))
        self._cost = tuple(
            self._places.get(name) for name in (CONVERSION_COST, STAT_COST, CONVERT_CNT)
        )

    def place(self, name: str) -> int | None:
        """Return the position of a value in the tuples, None when it is not read."""
        return self._places.get(name)

    def record(self, values: Values) -> dict[str, Any]:
        """Return the record of a row, only what is shown."""
        return dict(zip(self.names, values, strict=False))

    def read(self, row: Mapping[str, Any], given: Mapping[str, Any]) -> Values:
        """Return the values of a row.

        Args:
            row: The platform's row.
            given: Values that the row does not carry itself (the account, the day); they win.

        Raises:
            RowError: A key is missing or a value has a form that cannot be read.
        """
        values: list[Any] = []
        for name, path, read, required in self._columns:
            if name in given:
                value = given[name]
            else:
                raw = row.get(path[0]) if len(path) == 1 else _follow(row, path)
                try:
                    value = None if raw is None else read(raw)
                except (ValueError, ArithmeticError, OverflowError) as error:
                    raise RowError(f"{name} cannot be read: {error}") from None
            if value is None and required:
                raise RowError(f"a row came without {path[-1] if path else name}")
            values.append(value)
        self._derive(values)
        return tuple(values)

    def _derive(self, values: list[Any]) -> None:
        own, cost, conversions = self._cost
        if own is None or cost is None or conversions is None or values[own] is not None:
            return
        values[own] = conversion_cost(None, values[cost], values[conversions])


def _follow(row: Mapping[str, Any], path: Sequence[str]) -> Any:  # noqa: ANN401  JSON
    value: Any = row
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _is_no_time(value: object) -> bool:
    text = str(value).strip()
    return text in _ABSENT or text.startswith("0000")


def _decimal(value: object) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError(f"a number came as {type(value).__name__}")  # noqa: TRY004  one error kind
    text = value.strip().replace(",", "").removesuffix("%") if isinstance(value, str) else value
    if text in _ABSENT:
        return None
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        raise ValueError("not a number") from None
    return number if number.is_finite() else None


def _rounded(value: object, step: Decimal) -> float | None:
    number = _decimal(value)
    try:
        return None if number is None else float(number.quantize(step, ROUND_HALF_UP)) + 0.0
    except InvalidOperation:
        raise ValueError("a number of too many digits") from None


_READERS: Final[dict[Kind, Callable[[Any], Any]]] = {
    "id": read_id,
    "text": read_text,
    "day": read_optional_day,
    "moment": read_optional_moment,
    "count": read_count,
    "yuan": read_yuan,
    "rate": read_rate,
    "ratio": read_rate,
    "texts": read_texts,
    "numbers": read_numbers,
}
