"""Which searches find the rows of given keys, at the fewest calls. Pure.

A scan costs one call per 500 rows of the table; its first page is read in any case, because it
tells how many rows there are. Instead, rows can be asked for by one part of the key (`is`
conditions joined by `or`, a range for date columns, a month for dates kept as text): at most 50
conditions and 1,900 characters of filter a search (the platform takes 2,000), and one call per 500
rows found.

How many rows a filter will find is estimated from the first page, in two ways of which the larger
counts: the share of its rows that match, times the table's rows (right when rows stand in no
order), and the rows per different value on it, times the values asked for (right when rows of one
value stand together, as in a table that grew day by day).
"""

from __future__ import annotations

import calendar
import json
import math
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from target_feishu_bitable.values import Dates
from target_feishu_bitable.wire import FieldType

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from target_feishu_bitable.schema import Binding
    from target_feishu_bitable.wire import ConditionJSON, FilterJSON

    Key = tuple[Hashable, ...]

PAGE: Final = 500
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
        values: Values of that part of which every row is found.
        months: Months (`2026-02`) of which every row is found.
        span: First and last day of a range of which every row is found.
    """

    filter: FilterJSON
    part: int
    values: frozenset[Hashable] = frozenset()
    months: frozenset[str] = frozenset()
    span: tuple[str, str] | None = None


@dataclass(slots=True)
class Coverage:
    """What was asked already: of which keys every row in the table is known."""

    everything: bool = False
    asks: list[Ask] = field(default_factory=list)

    def has(self, key: Key) -> bool:
        """Return whether a key's rows are known."""
        return self.everything or any(_covers(ask, key[ask.part]) for ask in self.asks)


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
    best: list[Ask] | None = None
    cost = math.ceil(max(0, sample.total - PAGE) / PAGE)
    for part, binding in enumerate(bindings):
        values = {key[part] for key in wanted}
        for asks, share in _ways(part, binding, values):
            rows = _estimate(part, values, sample) * share
            calls = max(len(asks), len(asks) - 1 + math.ceil(rows / PAGE))
            if calls < cost:
                best, cost = asks, calls
    return best


def exact(bindings: Sequence[Binding], keys: Iterable[Key]) -> list[Ask] | None:
    """Return the fewest searches for some keys, whatever else they find; None without a filter."""
    wanted = list(keys)
    ways = [
        asks
        for part, binding in enumerate(bindings)
        for asks, _ in _ways(part, binding, {key[part] for key in wanted})
    ]
    return min(ways, key=len, default=None)


def _ways(part: int, binding: Binding, values: set[Hashable]) -> list[tuple[list[Ask], float]]:
    """Return the ways to ask for values, each with the rows it finds per wanted row."""
    is_day = isinstance(binding.codec.values, Dates)
    texts = {value for value in values if isinstance(value, str)}
    if binding.column.type == FieldType.DATE:
        return [_range(part, binding, texts)] if is_day and len(texts) == len(values) else []
    if not binding.codec.filterable:
        return []
    ways: list[tuple[list[Ask], float]] = [(_equal(part, binding, values), 1.0)]
    if is_day and len(ways[0][0]) > 1:
        ways.append(_months(part, binding, texts))
    return ways


def _equal(part: int, binding: Binding, values: set[Hashable]) -> list[Ask]:
    texts = {binding.codec.condition(value): value for value in values}
    groups = _groups([_condition(binding, "is", [text]) for text in sorted(texts)])
    return [
        Ask(_either(group), part, values=frozenset(texts[one["value"][0]] for one in group))
        for group in groups
    ]


def _months(part: int, binding: Binding, days: set[str]) -> tuple[list[Ask], float]:
    months = sorted({day[:_MONTH] for day in days})
    groups = _groups([_condition(binding, "contains", [month]) for month in months])
    asks = [
        Ask(_either(group), part, months=frozenset(one["value"][0] for one in group))
        for group in groups
    ]
    length = sum(calendar.monthrange(int(month[:4]), int(month[5:]))[1] for month in months)
    return asks, length / len(days)


def _range(part: int, binding: Binding, days: set[str]) -> tuple[list[Ask], float]:
    # ExactDate is cut to midnight, and there is no isGreaterEqual for dates: a day wider on both
    # sides, whatever the time of day in the cells.
    first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
    before, after = (
        str(binding.codec.encode(day.isoformat())) for day in (first - _DAY, last + _DAY)
    )
    both: FilterJSON = {
        "conjunction": "and",
        "conditions": [
            _condition(binding, "isGreater", ["ExactDate", before]),
            _condition(binding, "isLess", ["ExactDate", after]),
        ],
    }
    ask = Ask(both, part, span=(first.isoformat(), last.isoformat()))
    return [ask], ((last - first).days + 1) / len(days)


def _condition(binding: Binding, operator: str, value: list[str]) -> ConditionJSON:
    return {"field_name": binding.column.name, "operator": operator, "value": value}


def _either(conditions: list[ConditionJSON]) -> FilterJSON:
    return {"conjunction": "or", "conditions": conditions}


def _groups(conditions: Sequence[ConditionJSON]) -> list[list[ConditionJSON]]:
    """Split conditions by number and by the measured length of the filter."""
    empty = _length(_either([]))
    groups: list[list[ConditionJSON]] = []
    room = 0
    for condition in conditions:
        length = _length(condition) + 1
        if not groups or length > room or len(groups[-1]) == MOST_CONDITIONS:
            groups.append([])
            room = MOST_CHARACTERS - empty
        groups[-1].append(condition)
        room -= length
    return groups


def _length(value: Any) -> int:  # noqa: ANN401  JSON
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _estimate(part: int, values: set[Hashable], sample: Sample) -> float:
    seen = [key[part] for key in sample.keys]
    if not seen:
        return float(sample.total)
    scattered = sample.total * sum(value in values for value in seen) / len(seen)
    together = len(values) * len(seen) / len(set(seen))
    return min(float(sample.total), max(scattered, together))


def _covers(ask: Ask, value: Hashable) -> bool:
    if value in ask.values:
        return True
    if not isinstance(value, str):
        return False
    if value[:_MONTH] in ask.months:
        return True
    return ask.span is not None and ask.span[0] <= value <= ask.span[1]
