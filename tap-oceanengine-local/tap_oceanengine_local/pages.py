"""Reading one window: page 1 tells how many pages there are, the others follow in parallel.

A window counts only when it is complete: every page answered, `total_number` the same on all of
them, no key twice. Otherwise it is read again. The jobs here run in `parallel.run`; they are pure,
the calls that they yield do the asking.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tap_oceanengine_local.errors import AccountError
from tap_oceanengine_local.records import read_count

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Mapping, Sequence

    from tap_oceanengine_local.records import Values

PAGE_SIZE: Final = 100
"""Largest page of every list used here."""
MOST_PAGES: Final = 10_000
"""A million rows: more in one list is no list of this platform."""
READS: Final = 3
"""Times that a window is read before its account has failed."""


class IncompleteWindowError(AccountError):
    """A window that did not hold still while it was read, several times over."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page with what the platform says about the whole list."""

    rows: Sequence[Values]
    total_number: int | None
    total_page: int


@dataclass(frozen=True, slots=True)
class Reading:
    """All rows of a window, in the order of the pages.

    Attributes:
        rows: Values per row.
        missing: How many rows fewer came than `total_number` promised.
    """

    rows: Sequence[Values]
    missing: int = 0


def rows_of(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the rows of an answer; a missing list and null are an empty one.

    Raises:
        AccountError: It is no list of objects.
    """
    rows = data.get(key)
    if rows is None:
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise AccountError(f"The platform's answer holds no list of objects as `{key}`.")
    return rows


def page_of(rows: Sequence[Values], info: object, *, number: str, pages: str) -> Page:
    """Return a page from its rows and the platform's `page_info`.

    Args:
        rows: Rows read from the answer.
        info: `page_info`, absent when there is nothing to page through.
        number: Key of the number of rows (`total_number`; `total` for leads).
        pages: Key of the number of pages (`total_page`; `page_total` for leads).

    Raises:
        AccountError: What it says are no numbers, or numbers of a list that can't be.
    """
    if info is not None and not isinstance(info, dict):
        raise AccountError("The platform's answer holds no object as `page_info`.")
    total_number = _number(info or {}, number)
    by_number = -(-(total_number or 0) // PAGE_SIZE)
    total_page = max(1, _number(info or {}, pages) or 0, by_number)
    if total_page > MOST_PAGES:
        raise AccountError(f"The platform's answer promises more than {MOST_PAGES:,} pages.")
    return Page(rows, total_number, total_page)


def _number(info: Mapping[str, Any], key: str) -> int | None:
    try:
        number = read_count(info.get(key))
    except ValueError:
        number = -1
    if number is not None and number < 0:
        raise AccountError(f"The platform's answer holds no number as `{key}`.")
    return number


def read_window(
    fetch: Callable[[int], Page], key: Callable[[Values], Hashable]
) -> Generator[Sequence[Callable[[], Page]], list[Page], Reading]:
    """Read a closed window completely, again when it changed meanwhile.

    Args:
        fetch: Reads one page by its number; called in worker threads.
        key: Key of a row.

    Raises:
        IncompleteWindowError: It never came out complete.
    """
    problem = ""
    for _ in range(READS):
        pages = yield from _all_pages(fetch)
        rows = [row for page in pages for row in page.rows]
        problem = _problem(pages, [key(row) for row in rows])
        if not problem:
            return Reading(rows, max(0, (pages[0].total_number or 0) - len(rows)))
    raise IncompleteWindowError(
        f"The list changed while it was read, {READS} times over ({problem}); "
        "nothing of it was kept. The next run reads it again."
    )


def read_growing(
    fetch: Callable[[int], Page], key: Callable[[Values], Hashable]
) -> Generator[Sequence[Callable[[], Page]], list[Page], Reading]:
    """Read a list that grows while it is read; of a key seen twice the later row is kept."""
    pages = yield from _all_pages(fetch)
    rows = {key(row): row for page in pages for row in page.rows}
    return Reading(list(rows.values()))


def read_shifting(
    fetch: Callable[[int], Page], key: Callable[[Values], Hashable]
) -> Generator[Sequence[Callable[[], Page]], list[Page], Reading]:
    """Read a list, newest first, whose rows shift to later pages when new ones arrive.

    A row seen twice is kept once; pages that appear meanwhile are read too. The list is complete
    when as many different rows came as there were at the beginning.

    Raises:
        IncompleteWindowError: Rows were missing each time, and the list had changed.
    """
    for _ in range(READS):
        pages = yield from _all_pages(fetch)
        while len(pages) < (last := max(page.total_page for page in pages)):
            pages += yield [partial(fetch, number) for number in range(len(pages) + 1, last + 1)]
        rows = [row for page in pages for row in page.rows]
        unique = {key(row): row for row in rows}
        missing = max(0, (pages[0].total_number or 0) - len(unique))
        if not missing or not _problem(pages, [key(row) for row in rows]):
            return Reading(list(unique.values()), missing)
    raise IncompleteWindowError(
        f"The list changed while it was read, {READS} times over (rows were missing); "
        "nothing of it was kept. The next run reads it again."
    )


def _all_pages(
    fetch: Callable[[int], Page],
) -> Generator[Sequence[Callable[[], Page]], list[Page], list[Page]]:
    pages = yield [partial(fetch, 1)]
    if pages[0].total_page > 1:
        pages += yield [partial(fetch, number) for number in range(2, pages[0].total_page + 1)]
    while _may_go_on(pages):
        pages += yield [partial(fetch, len(pages) + 1)]
    return pages


def _may_go_on(pages: Sequence[Page]) -> bool:
    """Return whether the last page may not be the last: it is full, and nobody has counted."""
    full = len(pages[-1].rows) >= PAGE_SIZE and not pages[0].total_number
    repeated = len(pages) > 1 and pages[-1].rows == pages[-2].rows
    return full and not repeated and len(pages) < MOST_PAGES


def _problem(pages: Sequence[Page], keys: Sequence[Hashable]) -> str:
    totals = {page.total_number for page in pages}
    if len(totals) > 1:
        return "the number of rows differed between its pages"
    if len(set(keys)) < len(keys):
        return "a row came on two pages"
    return ""
