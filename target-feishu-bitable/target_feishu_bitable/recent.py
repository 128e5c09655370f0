"""How many rows the tables of a base should show by now, after what runs of this host wrote.

A search may not show yet what was written a moment ago, and a request that was under way when its
run was killed may be carried out afterwards. A run that starts right then would take these rows for
missing, and create them again; so it looks until it sees as many rows as there should be.
The vendor promises no time in which a search shows what was written.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from target_feishu_bitable.lock import lock_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from target_feishu_bitable.client import Page
    from target_feishu_bitable.session import Session

logger = logging.getLogger(__name__)

LAG_SECONDS: Final = (1.0, 2.0, 4.0, 8.0)
"""Waits between looks at what was just written, until it counts as missing."""
SETTLING_SECONDS: Final = sum(LAG_SECONDS)
"""How long after it was sent, or answered, a write may not be seen."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """Rows that should be seen.

    Attributes:
        rows: So many.
        until: When they count as missing, in seconds since 1970.
    """

    rows: int
    until: float


def settled(awaited: Awaited | None, look: Callable[[], Page], session: Session) -> Page:
    """Look at a table until it shows the rows that are awaited, or they count as missing.

    Args:
        awaited: What should be seen, if anything is.
        look: Reads the first page.
        session: Its clock, and its sleep.
    """
    page = look()
    for seconds in LAG_SECONDS:
        if awaited is None or page.total >= awaited.rows:
            return page
        left = awaited.until - session.clock()
        if left <= 0:
            break
        logger.warning(
            "The table shows %d of the %d rows that it had a moment ago; looking again.",
            page.total,
            awaited.rows,
        )
        session.sleep(min(seconds, left))
        page = look()
    return page


def recent_path(api_url: str, app_token: str) -> Path:
    """Return the file of a base."""
    return lock_path(api_url, app_token).with_suffix(".recent")


class Recent:
    """What was written last, per table, in a small file beside the lock.

    Args:
        path: The file; None keeps nothing.
        clock: Time in seconds since 1970.
    """

    def __init__(self, path: Path | None, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._tables = self._read()

    def awaited(self, table_id: str) -> Awaited | None:
        """Return what should be seen in a table; None when nobody wrote it a moment ago."""
        found = self._tables.get(table_id)
        now = self._clock()
        return found if found and now < found.until <= now + SETTLING_SECONDS else None

    def note(self, table_id: str, rows: int) -> None:
        """Note how many rows a table has, or before a write: will have if it is carried out."""
        self._tables[table_id] = Awaited(rows, self._clock() + SETTLING_SECONDS)
        self._write()

    def forget(self) -> None:
        """Await nothing: rows were deleted."""
        if self._tables:
            self._tables = {}
            self._write()

    def _read(self) -> dict[str, Awaited]:
        try:
            text = self._path.read_text("utf-8") if self._path else "{}"
            return {
                table_id: Awaited(int(one["rows"]), float(one["until"]))
                for table_id, one in json.loads(text).items()
            }
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            logger.warning("What the last run wrote is not known: %s: %s.", self._path, error)
            return {}

    def _write(self) -> None:
        if self._path is None:
            return
        whole = self._path.with_suffix(".new")  # a run that is killed leaves the old or the new
        try:
            whole.write_text(
                json.dumps({table_id: asdict(one) for table_id, one in self._tables.items()}),
                "utf-8",
            )
            whole.replace(self._path)
        except OSError as error:
            logger.warning(
                "What this run writes can't be noted in %s (%s): do not start the next one in "
                "the same %g seconds.",
                self._path,
                error,
                SETTLING_SECONDS,
            )
            self._path = None
