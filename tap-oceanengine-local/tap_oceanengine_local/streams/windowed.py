"""Streams that are read in windows of days, account by account, each with its own bookmark."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_oceanengine_local.agenda import Agenda
from tap_oceanengine_local.bookmarks import Bookmarks
from tap_oceanengine_local.pages import read_growing, read_window
from tap_oceanengine_local.parallel import run
from tap_oceanengine_local.streams.base import LocalStream
from tap_oceanengine_local.windows import Span, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from datetime import date

    from tap_oceanengine_local.accounts import Account
    from tap_oceanengine_local.agenda import Task
    from tap_oceanengine_local.pages import Page, Reading
    from tap_oceanengine_local.parallel import Outcome
    from tap_oceanengine_local.records import RowReader, Values
    from tap_oceanengine_local.summary import Tally
    from tap_oceanengine_local.windows import Window

    Reader = Generator[Sequence[Callable[[], Page]], list[Page], Reading | None]


class WindowedStream(LocalStream):
    """Reads windows ahead in parallel; emits them in order, each followed by its state."""

    max_lookback: ClassVar[int] = 365
    max_window: ClassVar[int] = 365
    reader: RowReader

    @override
    def read(self) -> Iterator[dict[str, Any]]:
        self.prepare()
        accounts = self.readable(self.tap.accounts)
        self.progress.accounts = len(accounts)
        bookmarks = self.bookmarks()
        agenda = Agenda(self._plan(accounts, bookmarks))
        outcomes = run(
            map(self._job, agenda),
            parallel=self.tap.settings.max_parallel_requests,
            weigh=lambda page: len(page.rows),
        )
        for outcome in outcomes:
            task = agenda.taken.popleft()
            if task.window is None:
                self.followed_up(task.account, outcome)
                continue
            yield from self._outcome(task.account, task.window, outcome, bookmarks)
            if agenda.is_last(task) and self.follows_up(task.account):
                agenda.follow_up(task.account)

    def bookmarks(self) -> Bookmarks:
        """Return the bookmarks of this stream inside the tap's live state."""
        return Bookmarks(self.name, str(self.time_key), self.stream_state)

    def write_state(self, bookmarks: Bookmarks) -> None:
        """Write the state behind a window."""
        self.tap.writer.write_state_text(bookmarks.text_in(self.tap_state))
        self.state_manager.is_flushed = True

    def prepare(self) -> None:
        """Get ready for the selection that is in force."""
        raise NotImplementedError

    def readable(self, accounts: Sequence[Account]) -> Sequence[Account]:
        """Return the accounts that the stream can be read of."""
        return accounts

    def fetch(self, account: Account, window: Window, number: int) -> Page:
        """Read one page; called in worker threads."""
        raise NotImplementedError

    def tally(self, window: Window, rows: Sequence[Values]) -> dict[date, Tally]:
        """Return the sums per day of the rows of a window."""
        raise NotImplementedError

    def emitted(self, account: Account, window: Window, tallies: dict[date, Tally]) -> None:
        """Take note of a window whose rows were emitted."""

    def follows_up(self, account: Account) -> bool:  # noqa: ARG002  for subclasses
        """Return whether something is left to ask when all windows of an account were read."""
        return False

    def follow_up(self, account: Account) -> Reader:
        """Return the job that asks it, once per account."""
        raise NotImplementedError

    def followed_up(self, account: Account, outcome: Outcome[Reading | None]) -> None:
        """Take the outcome of that job."""
        raise NotImplementedError

    def span(self) -> Span:
        """Return what the settings ask for, within the limits of the stream."""
        settings = self.tap.settings
        return Span(
            today=self.tap.today,
            start_date=settings.start_date,
            end_date=settings.end_date,
            include_today=settings.include_today,
            lookback_days=min(settings.lookback_days, self.max_lookback),
            window_days=min(settings.window_days, self.max_window),
        )

    def _job(self, task: Task) -> Reader:
        if task.window is None:
            return self.follow_up(task.account)
        return self.job(task.account, task.window)

    def _outcome(
        self,
        account: Account,
        window: Window,
        outcome: Outcome[Reading | None],
        bookmarks: Bookmarks,
    ) -> Iterator[dict[str, Any]]:
        if account.id in self.progress.accounts_failed:
            return
        if outcome.error is not None:
            self.fail(account, str(window), outcome.error)
        elif outcome.result is not None:
            yield from self._emit(account, window, outcome.result)
            if not window.is_open:
                bookmarks.advance(account.id, window.end)
            self.write_state(bookmarks)

    def job(self, account: Account, window: Window) -> Reader:
        """Return the job that reads one window of one account; None when it has failed before."""
        if account.id in self.progress.accounts_failed:
            return None
        how = read_growing if window.is_open else read_window
        return (yield from how(partial(self.fetch, account, window), self.reader.key))

    def _plan(
        self, accounts: Sequence[Account], bookmarks: Bookmarks
    ) -> list[tuple[Account, Window]]:
        span = self.span()
        work: list[tuple[Account, Window]] = []
        warned: defaultdict[str, list[str]] = defaultdict(list)
        errors: dict[str, None] = {}
        for account in accounts:
            planned = plan(span, bookmarks.get(account.id))
            work.extend((account, window) for window in planned.windows)
            for text in planned.warnings:
                warned[text].append(account.id)
            if planned.error:
                errors[planned.error] = None
        for text in errors:
            self.tap.summary.unreadable[text].append(self.name)
        if self.tap.settings.local_account_ids is None:
            self._miss(bookmarks.others(account.id for account in self.tap.accounts))
        for text, ids in warned.items():
            self.logger.warning("%s, account %s: %s", self.name, ", ".join(ids), text)
        return work

    def _miss(self, lost: Sequence[str]) -> None:
        if lost:
            self.logger.warning(
                "%s, account %s: it was read before and the authorisation no longer covers it, so "
                "its days stay missing. Authorise again and tick it, or, when that is meant, take "
                "it out of the state (`meltano state edit`).",
                *(self.name, ", ".join(lost)),
            )

    def _emit(self, account: Account, window: Window, reading: Reading) -> Iterator[dict[str, Any]]:
        if reading.missing:
            self.warn(
                f"{window}: {reading.missing} rows fewer came than the platform counts; "
                "it leaves out rows whose fields are all empty.",
                account,
            )
        self.stamp()
        tallies = self.tally(window, reading.rows)
        yield from map(self.reader.record, reading.rows)
        self.progress.window_read(window, tallies)
        self.emitted(account, window, tallies)
