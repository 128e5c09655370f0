"""What a run did, for the structured record at its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Counts:
    """One stream's share of the summary.

    Attributes:
        table: Name of the table.
        table_url: Where people see it.
        read: Records received.
        created: Rows created.
        updated: Rows of which cells were changed.
        unchanged: Rows that were equal already.
        would_create: Rows that a dry run would have created.
        would_update: Rows of which a dry run would have changed cells.
        duplicates: Rows in the table that repeat an older row's key.
        rows_in_table: Rows in the table at the end.
    """

    table: str | None = None
    table_url: str | None = None
    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    would_create: int = 0
    would_update: int = 0
    duplicates: int = 0
    rows_in_table: int | None = None

    def to_dict(self, *, dry_run: bool) -> dict[str, Any]:
        """Return it as JSON values, what would have been done after a dry run only."""
        names = (name for name in self.__slots__ if dry_run or not name.startswith("would_"))
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class RunSummary:
    """The whole run."""

    streams: dict[str, Counts] = field(default_factory=dict)

    def of(self, stream: str) -> Counts:
        """Return one stream's counts."""
        return self.streams.setdefault(stream, Counts())

    def to_dict(self, *, requests: int, write_calls: int, dry_run: bool) -> dict[str, Any]:
        """Return it as JSON values; `dry_run` says that nothing was written."""
        streams = {name: one.to_dict(dry_run=dry_run) for name, one in self.streams.items()}
        return {
            "streams": streams,
            "requests": requests,
            "write_calls": write_calls,
            "dry_run": dry_run,
        }
