"""Does the cost of the units add up to the cost of the account? Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_ONE_YUAN: Final = 100
_PER_MILLE: Final = 5


@dataclass(frozen=True, slots=True)
class Gap:
    """A day on which units and account report differ; money in fen."""

    day: str
    units: int
    account: int

    def __str__(self) -> str:
        """Return the gap for a log line, in yuan."""
        return f"{self.day}: units {self.units / 100:.2f}, account {self.account / 100:.2f}"


def fen(yuan: float | None) -> int:
    """Return money as whole fen, 0 for null."""
    return round((yuan or 0.0) * 100)


def gaps(units: Mapping[str, int], account: Mapping[str, int]) -> list[Gap]:
    """Return the days whose gap exceeds 1 yuan and 0.5 % of the account's cost, in order.

    Args:
        units: Cost in fen by day, summed over the units.
        account: Cost in fen by day as the account report says.
    """
    found = []
    for day in sorted({*units, *account}):
        of_units, of_account = units.get(day, 0), account.get(day, 0)
        allowed = max(_ONE_YUAN, of_account * _PER_MILLE / 1000)
        if abs(of_units - of_account) > allowed:
            found.append(Gap(day, of_units, of_account))
    return found
