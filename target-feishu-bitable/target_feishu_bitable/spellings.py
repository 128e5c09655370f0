"""Whether a text column of days holds one that is spelled so that a filter by day would miss it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_feishu_bitable.days import BLANKS, CENTURY, MARKS, short_day
from target_feishu_bitable.filters import (
    MOST_CHARACTERS,
    MOST_CONDITIONS,
    all_of,
    any_of,
    characters,
    condition,
    either,
    split,
)
from target_feishu_bitable.values import Dates
from target_feishu_bitable.wire import FieldType

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable

    from target_feishu_bitable.schema import Binding
    from target_feishu_bitable.wire import FilterJSON


class Spellings:
    """Asks, and asks for nothing twice.

    Args:
        found: Tells how many rows a filter finds.
    """

    def __init__(self, found: Callable[[FilterJSON], int]) -> None:
        self._found = found
        self._plain: dict[str, set[str]] = {}

    def are_strange(self, binding: Binding, days: Collection[Hashable], *, total: int) -> bool:
        """Tell whether a filter by these days might miss one in the table.

        Args:
            binding: The column.
            days: The days wanted.
            total: Rows of the table.
        """
        if binding.column.type != FieldType.TEXT or not isinstance(binding.codec.values, Dates):
            return False
        asked = self._plain.get(binding.column.field_id)
        short = {one for day in days if (one := short_day(str(day)))} - (asked or set())
        if asked is not None and not short:
            return False
        marks = (*BLANKS, *MARKS) if asked is None else ()
        most = self._most(binding, short, marks)
        if marks and 0 < total <= most:
            # Where the platform trims what it is asked, a blank stands in every row; then it also
            # trims what it compares, so blanks around a day hide nothing.
            most = self._most(binding, short, MARKS)
        if not most:
            self._plain.setdefault(binding.column.field_id, set()).update(short)
        return most > 0

    def _most(self, binding: Binding, short: Collection[str], marks: Collection[str]) -> int:
        return max(map(self._found, strange_days(binding, short, marks)))


def strange_days(
    binding: Binding, short: Collection[str], marks: Collection[str]
) -> list[FilterJSON]:
    """Return searches for days that are not spelled 2026-02-01; one, unless names are long.

    Args:
        binding: A text column.
        short: Days to look for as they are: 2026-02-1.
        marks: Parts of a day with hyphens; when there are none, days without hyphens are left out.
    """
    conditions = [
        *(condition(binding, "contains", [mark]) for mark in marks),
        *(condition(binding, "is", [day]) for day in sorted(short)),
    ]
    without_hyphens = [
        condition(binding, "contains", [CENTURY]),
        condition(binding, "doesNotContain", ["-"]),
    ]
    bare = [all_of(without_hyphens)] if marks else []
    whole: FilterJSON = {"conjunction": "or", "conditions": conditions, "children": bare}
    if characters(whole) <= MOST_CHARACTERS and len(conditions) <= MOST_CONDITIONS:
        return [whole if bare else either(conditions)]
    return [*map(either, split(conditions)), *any_of(bare)]
