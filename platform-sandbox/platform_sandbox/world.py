"""What the made-up world looks like: how many accounts, how many units, how much history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class World:
    """Size and seed of the Ocean Engine half's data; equal worlds hold equal numbers.

    Attributes:
        seed: Everything is derived from it.
        accounts: Number of 本地推 accounts that can be discovered (up to 1,000).
        active: How many of them ever spent money; the others answer empty lists.
        units: Least and most units (单元) that an active account reports on a day.
        days: Days of history (up to 800) before the day the sandbox's clock starts on.
        big_units: Units that one account reports on its busiest days; 0 for no such account.
        steady: Every unit lives all days and reports every day (for measuring at scale).
        leads: Most leads (客资) of an active account on a day.
        first_day: First day of the history; None = `days` before the clock's start.
    """

    seed: int = 20260211
    accounts: int = 12
    active: int = 7
    units: tuple[int, int] = (2, 30)
    days: int = 120
    big_units: int = 130
    steady: bool = False
    leads: int = 4
    first_day: date | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.active <= self.accounts <= 1000:  # noqa: PLR2004  documented above
            raise ValueError(
                f"active ({self.active}) <= accounts ({self.accounts}) <= 1000 must hold."
            )
        if not 1 <= self.days <= 800:  # noqa: PLR2004  documented above
            raise ValueError(f"days must be 1..800, not {self.days}.")
        if not 1 <= self.units[0] <= self.units[1] <= 1000:  # noqa: PLR2004  documented above
            raise ValueError(f"units must be (least, most) within 1..1000, not {self.units}.")
