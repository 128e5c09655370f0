"""Which searches find the rows of given keys, at the fewest calls. Pure.

A scan costs one call per 500 rows of the table; its first page is read in any case, because it
tells how many rows there are. Instead, rows can be asked for by one part of the key (`is`
conditions joined by `or`, a range for date columns, a month for dates kept as text): at most 50
conditions and 1,900 characters of filter a search (the platform takes 2,000), and one call per 500
rows found.

How many rows a filter will find, reasoned from what is known before the first one is sent (the
table's total T, the 500 rows of page 1, the values wanted):

- *Together*: rows per different value on page 1, times the values wanted. Right where rows of one
  value stand together, as days do in a table that grew day by day.
- *Scattered*: T times the share of page 1 that matches. Right where values are spread all over the
  table, as units are in that same table; page 1 is then a sample of it. Where rows of one value
  stand together, page 1 is but a corner, and its share says nothing. Which of both is the case can
  be seen: page 1 has about as many runs of one value as values, or many more.

This decides *which part* of the key to ask by. Whether to ask or to scan is decided on the smaller
side (together, and at least the rows wanted), because the errors are not alike: the first page of a
filtered search tells its true total, so asking in vain costs about one call before the scan goes
on instead (`is_dearer`), while scanning in vain reads the whole table.
"""

from __future__ import annotations

import calendar
import json
import math
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, TypeVar

from target_feishu_bitable.values import Dates, Numbers
from target_feishu_bitable.wire import FieldType

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from target_feishu_bitable.schema import Binding
    from target_feishu_bitable.wire import ConditionJSON, FilterGroupJSON, FilterJSON

    Key = tuple[Hashable, ...]

T = TypeVar("T")

PAGE: Final = 500
MOST_CONDITIONS: Final = 50
MOST_CHARACTERS: Final = 1_900
_MONTH: Final = len("2026-02")
_DAY: Final = timedelta(days=1)
_TORN: Final = 2
"""Runs per value on a page from which on rows of one value do not stand together."""
_SOME_ROWS: Final = 50.0
"""Rows per day taken for granted where nothing is known: a gap of ten days is not read."""


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


@dataclass(frozen=True, slots=True)
class Sample:
    """The first page of the table.

    Attributes:
        total: Rows of the table.
        keys: Keys of the page's rows, those with an empty part left out.
    """

    total: int
    keys: Sequence[Key]


def cheapest(bindings: Sequence[Binding], keys: Iterable[Key], sample: Sample) -> list[Ask] | None:
    """Return the searches that find the keys' rows; None when the rest of a scan is no dearer.

    Args:
        bindings: The parts of the key.
        keys: Keys whose rows are not known.
        sample: The first page, which the scan does not have to read again.
    """
    wanted = list(keys)
    best: tuple[int, int, list[Ask]] | None = None
    for part, binding in enumerate(bindings):
        values = {key[part] for key in wanted}
        likely, least = _estimate(part, values, sample)
        least = min(float(sample.total), max(least, len(wanted)))
        likely = max(likely, least)
        for asks in _ways(part, binding, values, per_value=likely / len(values)):
            share = sum(ask.weight for ask in asks) / len(values)
            calls = _calls(asks, likely * share)
            if best is None or calls < best[0]:
                best = (calls, _calls(asks, least * share), asks)
    if best is None or best[1] >= scan_calls(sample.total):
        return None
    return best[2]


def scan_calls(total: int) -> int:
    """Return what a scan costs after its first page."""
    return math.ceil(max(0, total - PAGE) / PAGE)


def is_dearer(found: int, ask: Ask, later: Sequence[Ask], *, total: int) -> bool:
    """Tell whether going on asking is dearer than a scan, once one search has told its total.

    Args:
        found: Rows that `ask` finds in all; its first page is read.
        ask: The search that was begun.
        later: Those that would follow; they are taken to find as much for their weight.
        total: Rows of the table.
    """
    pages = max(0, math.ceil(found / PAGE) - 1)
    per_weight = found / max(1, ask.weight)
    pages += sum(max(1, math.ceil(per_weight * one.weight / PAGE)) for one in later)
    return pages > scan_calls(total)


def _calls(asks: Sequence[Ask], rows: float) -> int:
    weight = sum(ask.weight for ask in asks)
    return sum(max(1, math.ceil(rows * ask.weight / weight / PAGE)) for ask in asks)


def exact(bindings: Sequence[Binding], keys: Iterable[Key]) -> list[Ask] | None:
    """Return the fewest searches for some keys, whatever else they find; None without a filter."""
    wanted = list(keys)
    ways = [
        asks
        for part, binding in enumerate(bindings)
        for asks in _ways(part, binding, {key[part] for key in wanted}, per_value=_SOME_ROWS)
    ]
    return min(ways, key=len, default=None)


def _ways(
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
    if not binding.codec.filterable or is_numeric_text(binding):
        return []
    ways = [_equal(part, binding, values)]
    if is_day and len(ways[0]) > 1:
        ways.append(_months(part, binding, texts))
    return ways


def _equal(part: int, binding: Binding, values: set[Hashable]) -> list[Ask]:
    texts = {binding.codec.condition(value): value for value in values}
    groups = _groups([_condition(binding, "is", [text]) for text in sorted(texts)])
    return [
        Ask(
            _either(group),
            part,
            len(group),
            values=frozenset(texts[one["value"][0]] for one in group),
        )
        for group in groups
    ]


def _months(part: int, binding: Binding, days: set[str]) -> list[Ask]:
    months = sorted({day[:_MONTH] for day in days})
    groups = _groups([_condition(binding, "contains", [month]) for month in months])
    asks = []
    for group in groups:
        asked = frozenset(one["value"][0] for one in group)
        length = sum(calendar.monthrange(int(one[:4]), int(one[5:]))[1] for one in asked)
        asks.append(Ask(_either(group), part, length, months=asked))
    return asks


def _stretches(days: set[str], per_day: float) -> list[list[str]]:
    """Split days where the rows of a gap would cost more than a search of its own."""
    stretches: list[list[str]] = []
    for day in sorted(days):
        if stretches and (_days_between(stretches[-1][-1], day) - 1) * per_day < PAGE:
            stretches[-1].append(day)
        else:
            stretches.append([day])
    return stretches


def _days_between(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def _ranges(part: int, binding: Binding, stretches: Sequence[Sequence[str]]) -> list[Ask]:
    asks = []
    for group in _groups([_range(binding, days[0], days[-1]) for days in stretches]):
        spans = tuple((days[0], days[-1]) for days in stretches[: len(group)])
        stretches = stretches[len(group) :]
        weight = sum(_days_between(*span) + 1 for span in spans)
        several: FilterJSON = {"conjunction": "or", "conditions": [], "children": group}
        single: FilterJSON = {"conjunction": "and", "conditions": group[0]["conditions"]}
        asks.append(Ask(single if len(group) == 1 else several, part, weight, spans=spans))
    return asks


def _range(binding: Binding, first: str, last: str) -> FilterGroupJSON:
    # ExactDate is cut to midnight, and there is no isGreaterEqual for dates: a day wider on both
    # sides, whatever the time of day in the cells.
    before = date.fromisoformat(first) - _DAY
    after = date.fromisoformat(last) + _DAY
    return {
        "conjunction": "and",
        "conditions": [
            _condition(binding, operator, ["ExactDate", str(binding.codec.encode(str(day)))])
            for operator, day in (("isGreater", before), ("isLess", after))
        ],
    }


def _condition(binding: Binding, operator: str, value: list[str]) -> ConditionJSON:
    return {"field_name": binding.column.name, "operator": operator, "value": value}


def _either(conditions: list[ConditionJSON]) -> FilterJSON:
    return {"conjunction": "or", "conditions": conditions}


def _groups(parts: Sequence[T]) -> list[list[T]]:
    """Split parts of a filter by number and by the measured length of the filter."""
    empty = _length({"conjunction": "or", "conditions": [], "children": []})
    groups: list[list[T]] = []
    room = 0
    for part in parts:
        length = _length(part) + 1
        if not groups or length > room or len(groups[-1]) == MOST_CONDITIONS:
            groups.append([])
            room = MOST_CHARACTERS - empty
        groups[-1].append(part)
        room -= length
    return groups


def _length(value: Any) -> int:  # noqa: ANN401  JSON
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _estimate(part: int, values: set[Hashable], sample: Sample) -> tuple[float, float]:
    """Return how many rows of the table carry one of the values: likely, and at least."""
    seen = [key[part] for key in sample.keys]
    if not seen:
        return float(sample.total), 0.0
    different = len(set(seen))
    together = min(float(sample.total), len(values) * len(seen) / different)
    runs = sum(1 for _ in groupby(seen))
    if runs < _TORN * different:
        return together, together
    scattered = sample.total * sum(value in values for value in seen) / len(seen)
    return max(scattered, together), together


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
