"""Leads (客资): people's contacts, asked for by POST, several accounts at once.

Values of leads never appear in logs or errors; see `masking` for what records hold.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from tap_oceanengine_local.masking import hidden_fields, protect
from tap_oceanengine_local.metrics import entity_fields
from tap_oceanengine_local.pages import PAGE_SIZE, page_of, read_shifting, rows_of
from tap_oceanengine_local.parallel import run
from tap_oceanengine_local.records import RowError, RowReader, read_id
from tap_oceanengine_local.streams.base import ACCOUNT_NAME, is_of_account, required
from tap_oceanengine_local.streams.windowed import WindowedStream
from tap_oceanengine_local.summary import Tally
from tap_oceanengine_local.windows import ZONE, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from tap_oceanengine_local.accounts import Account
    from tap_oceanengine_local.bookmarks import Bookmarks
    from tap_oceanengine_local.pages import Page, Reading
    from tap_oceanengine_local.records import Values
    from tap_oceanengine_local.tap import TapOceanEngineLocal
    from tap_oceanengine_local.windows import Window

PATH: Final = "/open_api/2/tools/clue/life/get/"
ACCOUNTS_PER_CALL: Final = 50
_KEYS: Final = ("clue_id", "local_account_id", "create_time_detail")


@dataclass(frozen=True, slots=True)
class Part:
    """What came back for some accounts of a group: their leads, or the error of the one."""

    accounts: tuple[Account, ...]
    reading: Reading | None = None
    error: Exception | None = None


class Leads(WindowedStream):
    """Leads by creation time; the bookmark is the last second of a day."""

    name = "leads"
    keys = ("clue_id",)
    time_key: ClassVar[str | None] = "create_time_detail"
    replication_key = "create_time_detail"
    max_window: ClassVar[int] = 31
    fields = tuple(
        required(field) if field.name in _KEYS else field for field in entity_fields("leads")
    )

    def __init__(self, tap: TapOceanEngineLocal) -> None:
        """Leave out the columns that `leads_contact` keeps back."""
        hidden = hidden_fields(tap.settings.leads_contact)
        place = [field.name for field in self.fields].index("local_account_id") + 1
        fields = (*self.fields[:place], ACCOUNT_NAME, *self.fields[place:])
        self.fields = tuple(field for field in fields if field.name not in hidden)
        super().__init__(tap)

    @override
    def read(self) -> Iterator[dict[str, Any]]:
        self.prepare()
        accounts = self.readable(self.tap.accounts)
        self.progress.accounts = len(accounts)
        bookmarks = self.bookmarks()
        work = list(self._groups(self._plan(accounts, bookmarks)))
        outcomes = run(
            (self._group_job(group, window) for group, window in work),
            parallel=self.tap.settings.max_parallel_requests,
            weigh=lambda page: len(page.rows),
        )
        for (_, window), outcome in zip(work, outcomes, strict=True):
            if outcome.result is None:
                raise outcome.error or RuntimeError("nothing came back")
            for part in outcome.result:
                yield from self._emit_part(part, window, bookmarks)

    @override
    def prepare(self) -> None:
        self.reader = RowReader(self.fields, self.shown, frozenset(_KEYS), keys=self.keys)
        self._names = {account.id: account.name for account in self.tap.accounts}
        self._now = datetime.fromtimestamp(self.tap.clock(), ZONE)

    @override
    def readable(self, accounts: Sequence[Account]) -> Sequence[Account]:
        refused = [account.id for account in accounts if "AGENT" in (account.source or "")]
        if refused:
            self.logger.warning(
                "%s: the platform gives leads to workbench authorisations only; skipped because "
                "only an agent's authorisation covers them: %s",
                self.name,
                ", ".join(refused),
            )
        return [account for account in accounts if account.id not in refused]

    @override
    def span(self) -> Span:
        settings = self.tap.settings
        return Span(
            today=self.tap.today,
            start_date=settings.start_date,
            end_date=settings.end_date,
            include_today=settings.include_today,
            lookback_days=settings.lookback_days,
            window_days=min(settings.window_days, self.max_window),
            reaches_back=None,
        )

    @override
    def tally(self, window: Window, rows: Sequence[Values]) -> dict[date, Tally]:
        created = self.reader.place("create_time_detail")
        tallies: defaultdict[date, Tally] = defaultdict(Tally)
        for values in rows:
            tallies[date.fromisoformat(values[created][:10])].rows += 1  # type: ignore[index]
        return dict(tallies)

    def _groups(
        self, work: Sequence[tuple[Account, Window]]
    ) -> Iterator[tuple[tuple[Account, ...], Window]]:
        """Yield the windows with the accounts that share them, at most 50 at once."""
        windows: defaultdict[Account, list[Window]] = defaultdict(list)
        for account, window in work:
            windows[account].append(window)
        sharing: defaultdict[tuple[Window, ...], list[Account]] = defaultdict(list)
        for account, own in windows.items():
            sharing[tuple(own)].append(account)
        for shared, accounts in sharing.items():
            for first in range(0, len(accounts), ACCOUNTS_PER_CALL):
                for window in shared:
                    yield tuple(accounts[first : first + ACCOUNTS_PER_CALL]), window

    def _group_job(
        self, accounts: tuple[Account, ...], window: Window
    ) -> Generator[Sequence[Callable[[], Page]], list[Page], list[Part]]:
        """Read a group; a refused one in halves, until the refused account is alone."""
        failed = self.progress.accounts_failed
        accounts = tuple(account for account in accounts if account.id not in failed)
        if not accounts:
            return []
        try:
            reading = yield from read_shifting(
                partial(self._fetch, accounts, window), self.reader.key
            )
        except Exception as error:
            if not is_of_account(error):
                raise
            if len(accounts) == 1:
                return [Part(accounts, error=error)]
        else:
            return [Part(accounts, reading)]
        middle = len(accounts) // 2
        first = yield from self._group_job(accounts[:middle], window)
        return first + (yield from self._group_job(accounts[middle:], window))

    def _fetch(self, accounts: Sequence[Account], window: Window, number: int) -> Page:
        data = self.tap.client.post(
            PATH,
            {
                "local_account_ids": [int(account.id) for account in accounts],
                "start_time": f"{window.start} 00:00:00",
                "end_time": self._end(window),
                "page": number,
                "page_size": PAGE_SIZE,
            },
        )
        alone = accounts[0].id if len(accounts) == 1 else None
        rows = [self._values(row, alone) for row in rows_of(data, "list")]
        return page_of(rows, data.get("page_info"), number="total", pages="page_total")

    def _values(self, row: Mapping[str, Any], alone: str | None) -> Values:
        try:
            account = read_id(row.get("local_account_id")) or alone
        except ValueError as error:
            raise RowError(f"local_account_id cannot be read: {error}") from None
        known = {"local_account_id": account, "local_account_name": self._names.get(account or "")}
        return self.reader.read(row, known)

    def _end(self, window: Window) -> str:
        """Return a closed end, so that leads arriving meanwhile stay out of the list."""
        if window.is_open:
            return f"{self._now:%Y-%m-%d %H:%M:%S}"
        return f"{window.end} 23:59:59"

    def _emit_part(
        self, part: Part, window: Window, bookmarks: Bookmarks
    ) -> Iterator[dict[str, Any]]:
        failed = self.progress.accounts_failed
        good = [account for account in part.accounts if account.id not in failed]
        if part.error is not None or part.reading is None:
            for account in good:
                self.fail(account, str(window), part.error or RuntimeError("nothing came back"))
            return
        if part.reading.missing:
            missing = f"{part.reading.missing} leads fewer came than the platform counts."
            self.warn(f"{window}: {missing}", *good)
        place = self.reader.place("local_account_id")
        rows = [values for values in part.reading.rows if values[place] not in failed]  # type: ignore[index]
        contact = self.tap.settings.leads_contact
        self.stamp()
        tallies = self.tally(window, rows)
        for values in rows:
            yield protect(self.reader.record(values), contact)
        self.progress.window_read(window, tallies)
        if not window.is_open:
            for account in good:
                bookmarks.advance(account.id, window.end)
        self.write_state(bookmarks)
