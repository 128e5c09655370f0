"""Compares what the units cost with what the account report says, once per account."""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tap_oceanengine_local.errors import PlatformUnavailable, RequestRefused
from tap_oceanengine_local.metrics import STAT_COST
from tap_oceanengine_local.pages import page_of, read_growing, rows_of
from tap_oceanengine_local.reconcile import fen, gaps
from tap_oceanengine_local.records import RowError, read_yuan
from tap_oceanengine_local.streams.base import is_of_account
from tap_oceanengine_local.times import read_day
from tap_oceanengine_local.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from datetime import date

    from tap_oceanengine_local.accounts import Account
    from tap_oceanengine_local.pages import Page, Reading
    from tap_oceanengine_local.parallel import Outcome
    from tap_oceanengine_local.summary import Tally

    Ask = Callable[[Account, Window, Sequence[str], int], dict[str, Any]]


class Costs:
    """Cost in fen per account and closed day, as the units' rows add it up.

    Attributes:
        given_up: The account report can't be read now; a comparison is not worth waiting longer.
    """

    def __init__(self) -> None:
        """Start with nothing read."""
        self.given_up = False
        self._ranges: dict[str, Window] = {}
        self._fen: dict[str, dict[str, int]] = {}

    def add(self, account: Account, window: Window, tallies: Mapping[date, Tally]) -> None:
        """Add a window that was read completely; an open one is not compared."""
        if window.is_open:
            return
        known = self._ranges.get(account.id, window)
        self._ranges[account.id] = Window(known.start, window.end)
        if tallies:
            days = self._fen.setdefault(account.id, {})
            days.update({day.isoformat(): tally.fen for day, tally in tallies.items()})

    def __contains__(self, account: Account) -> bool:
        """Return whether an account had rows."""
        return account.id in self._fen

    def job(
        self, account: Account, ask: Ask
    ) -> Generator[Sequence[Callable[[], Page]], list[Page], Reading]:
        """Return the job that reads the account report of the account's whole range.

        Args:
            account: An account that had rows.
            ask: Asks for one page of the account report: account, days, metrics, page.
        """
        return read_growing(partial(_page, ask, account, self._ranges[account.id]), itemgetter(0))

    def verdict(self, account: Account, outcome: Outcome[Reading | None]) -> str | None:
        """Return what a person should know about the comparison, None when all is well.

        Raises:
            Exception: No account can be read any more.
        """
        error = outcome.error
        if isinstance(error, PlatformUnavailable | RequestRefused):
            if self.given_up:
                return None
            self.given_up = True
            return f"no cost is compared from here on, the account report can't be read: {error}"
        if error is not None and not is_of_account(error):
            raise error
        if outcome.result is None:
            return f"its cost could not be compared: {error}"
        found = gaps(self._fen.pop(account.id), dict(outcome.result.rows))
        if not found:
            return None
        return (
            "the units do not add up to the account's cost (yuan). Uni-promotion spend and units "
            f"without permission are the usual reasons. {'; '.join(map(str, found))}"
        )


def day_and_cost(row: Mapping[str, Any]) -> tuple[str, int]:
    """Return day and cost in fen of a row of the account report.

    Raises:
        RowError: The row has no day, or its cost cannot be read.
    """
    try:
        return read_day(row.get("stat_time_day")), fen(read_yuan(row.get(STAT_COST)))
    except ValueError as error:
        raise RowError(f"a row of the account report cannot be read: {error}") from None


def _page(ask: Ask, account: Account, window: Window, number: int) -> Page:
    data = ask(account, window, [STAT_COST], number)
    rows = [day_and_cost(row) for row in rows_of(data, "data_list")]
    return page_of(rows, data.get("page_info"), number="total_number", pages="total_page")
