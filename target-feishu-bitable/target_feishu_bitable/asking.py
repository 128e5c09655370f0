"""Which searches find the rows of given keys, at the fewest calls. Pure.

A scan costs one call per 500 rows of the table; its first page is read in any case, because it
tells how many rows there are. Instead, rows can be asked for by one part of the key (`filters`), at
one call per 500 rows found and at least one per search.

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

import math
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from target_feishu_bitable.filters import ways_to_ask

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from target_feishu_bitable.filters import Ask, Key
    from target_feishu_bitable.schema import Binding

PAGE: Final = 500
_TORN: Final = 2
"""Runs per value on a page from which on rows of one value do not stand together."""
_SOME_ROWS: Final = 50.0
"""Rows per day taken for granted where nothing is known: a gap of ten days is not read."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The first page of the table.

    Attributes:
        total: Rows of the table.
        keys: Keys of the page's rows, those with an empty part left out.
    """

    total: int
    keys: Sequence[Key]


@dataclass(frozen=True, slots=True)
class Prospect:
    """What the run has asked for already, and whether more keys will come.

    Attributes:
        more: More keys may come after these.
        times: How often it had to ask.
        calls: Calls that took.
    """

    more: bool = False
    times: int = 0
    calls: int = 0

    def of(self, part: int, keys: Sequence[Key]) -> Prospect:
        """Return what to expect for one part of the key.

        Where the second half of the keys brings no value that the first half did not have, no new
        ones are expected: accounts that come one after the other share their days.

        Args:
            part: The part.
            keys: Keys in the order in which they came.
        """
        middle = len(keys) // 2
        known = {key[part] for key in keys[:middle]}
        return self if any(key[part] not in known for key in keys[middle:]) else ONCE

    def total(self, calls: int) -> int:
        """Return what asking costs in the end, when it takes so many calls now.

        Where more keys come, as much is expected to follow as came before; one scan would have
        answered all of it.
        """
        return (3 + 2 * self.times) * (self.calls + calls) if self.more else calls


ONCE: Final = Prospect()
"""Nothing came before, and nothing will follow."""


def cheapest(
    bindings: Sequence[Binding],
    keys: Iterable[Key],
    sample: Sample,
    prospect: Prospect = ONCE,
) -> list[Ask] | None:
    """Return the searches that find the keys' rows; None when the rest of a scan is no dearer.

    Args:
        bindings: The parts of the key.
        keys: Keys whose rows are not known.
        sample: The first page, which the scan does not have to read again.
        prospect: What the run has asked for, and whether more will come.
    """
    wanted = list(keys)
    best: tuple[int, int, list[Ask]] | None = None
    for part, binding in enumerate(bindings):
        values = {key[part] for key in wanted}
        likely, least = _estimate(part, values, sample)
        least = min(float(sample.total), max(least, len(wanted)))
        likely = max(likely, least)
        ahead = prospect.of(part, wanted)
        for asks in ways_to_ask(part, binding, values, per_value=likely / len(values)):
            share = sum(ask.weight for ask in asks) / len(values)
            calls = _calls(asks, likely * share)
            if best is None or calls < best[0]:
                best = (calls, ahead.total(_calls(asks, least * share)), asks)
    if best is None or best[1] >= scan_calls(sample.total):
        return None
    return best[2]


def scan_calls(total: int) -> int:
    """Return what a scan costs after its first page."""
    return math.ceil(max(0, total - PAGE) / PAGE)


def is_dearer(
    found: int, ask: Ask, later: Sequence[Ask], *, total: int, prospect: Prospect
) -> bool:
    """Tell whether going on asking is dearer than a scan, once one search has told its total.

    Args:
        found: Rows that `ask` finds in all; its first page is read.
        ask: The search that was begun.
        later: Those that would follow; they are taken to find as much for their weight.
        total: Rows of the table.
        prospect: What the run asked for before, and whether more will come.
    """
    pages = max(0, math.ceil(found / PAGE) - 1)
    per_weight = found / max(1, ask.weight)
    pages += sum(max(1, math.ceil(per_weight * one.weight / PAGE)) for one in later)
    return prospect.total(pages) > scan_calls(total)


def _calls(asks: Sequence[Ask], rows: float) -> int:
    weight = sum(ask.weight for ask in asks)
    return sum(max(1, math.ceil(rows * ask.weight / weight / PAGE)) for ask in asks)


def exact(bindings: Sequence[Binding], keys: Iterable[Key]) -> list[Ask] | None:
    """Return the fewest searches for some keys, whatever else they find; None without a filter."""
    wanted = list(keys)
    ways = [
        asks
        for part, binding in enumerate(bindings)
        for asks in ways_to_ask(part, binding, {key[part] for key in wanted}, per_value=_SOME_ROWS)
    ]
    return min(ways, key=len, default=None)


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
