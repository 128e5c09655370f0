"""Searches for the rows of given values of one part of the key. Pure.

`is` conditions joined by `or` (texts, numbers, options), ranges of days for date columns, whole
months (`contains`) for days kept as text. A search takes at most 50 conditions and 2,000 characters
of filter; 1,900 are used, measured as compact JSON. Formula columns can't be asked for, nor can
what one value is spelt in several ways. Vendor pages record-filter-guide and record/search.
"""

from __future__ import annotations

import calendar
import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from target_feishu_bitable.values import Dates, Numbers
from target_feishu_bitable.wire import FieldType

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from target_feishu_bitable.schema import Binding
    from target_feishu_bitable.wire import ConditionJSON, FilterGroupJSON, FilterJSON

    Key = tuple[Hashable, ...]

T = TypeVar("T")

ROWS_OF_A_GAP: Final = 500
"""Rows between two days from which on they are worth a range of their own."""
MOST_CONDITIONS: Final = 50
MOST_CHARACTERS: Final = 1_900
_MONTH: Final = len("2026-02")
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ask:
    """One filtered search.

    Attributes:
        filter: What is sent.
        part: Which part of the key it is about.
        weight: How many different values it covers.
        values: Values of that part of which every row is found.
        months: Months (`2026-02`) of which every row is found.
        spans: First and last day of ranges of which every row is found.
    """

    filter: FilterJSON
    part: int
    weight: int
    values: frozenset[Hashable] = frozenset()
    months: frozenset[str] = frozenset()
    spans: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Coverage:
    """What was asked already: of which keys every row in the table is known."""

    everything: bool = False
    asks: list[Ask] = field(default_factory=list)

    def has(self, key: Key) -> bool:
        """Return whether a key's rows are known."""
        return self.everything or any(covers(ask, key[ask.part]) for ask in self.asks)


def ways_to_ask(
    part: int, binding: Binding, values: set[Hashable], *, per_value: float
) -> list[list[Ask]]:
    """Return the ways to ask for the rows of some values.

    Args:
        part: Part of the key.
        binding: Its column.
        values: The values.
        per_value: Rows per value, as far as one can tell.
    """
    is_day = isinstance(binding.codec.values, Dates)
    texts = {value for value in values if isinstance(value, str)}
    if binding.column.type == FieldType.DATE:
        if not is_day or len(texts) != len(values):
            return []
        return [_ranges(part, binding, _stretches(texts, per_value))]
    if not binding.codec.filterable:
        return []
    ways = [_equal(part, binding, values)]
    if is_day and len(ways[0]) > 1:
        ways.append(_months(part, binding, texts))
    return ways


def _equal(part: int, binding: Binding, values: set[Hashable]) -> list[Ask]:
    texts = {binding.codec.condition(value): value for value in values}
    return [
        Ask(
            either(group),
            part,
            len(group),
            values=frozenset(texts[one["value"][0]] for one in group),
        )
        for group in split([condition(binding, "is", [text]) for text in sorted(texts)])
    ]


def _months(part: int, binding: Binding, days: set[str]) -> list[Ask]:
    months = sorted({day[:_MONTH] for day in days})
    groups = split([condition(binding, "contains", [month]) for month in months])
    asks = []
    for group in groups:
        asked = frozenset(one["value"][0] for one in group)
        length = sum(calendar.monthrange(int(one[:4]), int(one[5:]))[1] for one in asked)
        asks.append(Ask(either(group), part, length, months=asked))
    return asks


def _stretches(days: set[str], per_day: float) -> list[list[str]]:
    """Split days where the rows of a gap would cost more than a search of its own."""
    stretches: list[list[str]] = []
    for day in sorted(days):
        if stretches and (_days_between(stretches[-1][-1], day) - 1) * per_day < ROWS_OF_A_GAP:
            stretches[-1].append(day)
        else:
            stretches.append([day])
    return stretches


def _days_between(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def _ranges(part: int, binding: Binding, stretches: Sequence[Sequence[str]]) -> list[Ask]:
    asks = []
    for several in any_of([_range(binding, days[0], days[-1]) for days in stretches]):
        count = len(several.get("children") or [several])
        spans = tuple((days[0], days[-1]) for days in stretches[:count])
        stretches = stretches[count:]
        weight = sum(_days_between(*span) + 1 for span in spans)
        asks.append(Ask(several, part, weight, spans=spans))
    return asks


def _range(binding: Binding, first: str, last: str) -> FilterGroupJSON:
    # ExactDate is cut to midnight, and there is no isGreaterEqual for dates: a day wider on both
    # sides, whatever the time of day in the cells.
    bounds = []
    if first > str(date.min):
        bounds.append(("isGreater", date.fromisoformat(first) - _DAY))
    if last < str(date.max):
        bounds.append(("isLess", date.fromisoformat(last) + _DAY))
    return all_of(
        [
            condition(binding, operator, ["ExactDate", str(binding.codec.encode(str(day)))])
            for operator, day in bounds
        ]
    )


def condition(binding: Binding, operator: str, value: list[str]) -> ConditionJSON:
    """Return what is asked of one column."""
    return {"field_name": binding.column.name, "operator": operator, "value": value}


def either(conditions: list[ConditionJSON]) -> FilterJSON:
    """Return the search that finds what one of the conditions finds."""
    return {"conjunction": "or", "conditions": conditions}


def all_of(conditions: list[ConditionJSON]) -> FilterGroupJSON:
    """Return the group that finds what all conditions find."""
    return {"conjunction": "and", "conditions": conditions}


def any_of(groups: Sequence[FilterGroupJSON]) -> list[FilterJSON]:
    """Return the searches that find what one of the groups finds."""
    return [
        {"conjunction": "and", "conditions": several[0]["conditions"]}
        if len(several) == 1
        else {"conjunction": "or", "conditions": [], "children": several}
        for several in split(groups)
    ]


def split(parts: Sequence[T]) -> list[list[T]]:
    """Split parts of a filter by number and by the measured length of the filter."""
    empty = characters({"conjunction": "or", "conditions": [], "children": []})
    groups: list[list[T]] = []
    room = 0
    for part in parts:
        length = characters(part) + 1
        if not groups or length > room or len(groups[-1]) == MOST_CONDITIONS:
            groups.append([])
            room = MOST_CHARACTERS - empty
        groups[-1].append(part)
        room -= length
    return groups


def characters(value: Any) -> int:  # noqa: ANN401  JSON
    """Return how long a part of a filter is when it is sent."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def covers(ask: Ask, value: Hashable) -> bool:
    """Tell whether a search finds every row with a value in its part of the key."""
    if value in ask.values:
        return True
    if not isinstance(value, str):
        return False
    if value[:_MONTH] in ask.months:
        return True
    return any(first <= value <= last for first, last in ask.spans)


def is_numeric_text(binding: Binding) -> bool:
    """Tell whether a text column holds numbers, of which one has many spellings: 700, 700.0."""
    return binding.column.type == FieldType.TEXT and isinstance(binding.codec.values, Numbers)
