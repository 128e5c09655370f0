"""What a run must leave in order on this host: the token store and the locks."""

from __future__ import annotations

import contextlib
import fcntl
import signal
import sqlite3
from typing import TYPE_CHECKING

from pipeline import TAP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipeline import Run
    from sight import Snapshot


def stored_pair(path: Path) -> tuple[str, str] | None:
    """The token pair in a store, None while it has none."""
    if not path.exists():
        return None
    with contextlib.closing(sqlite3.connect(path)) as store:
        try:
            rows = store.execute("SELECT access_token, refresh_token FROM oceanengine_tokens")
        except sqlite3.OperationalError:  # killed before it made its tables
            return None
        found: list[tuple[str, str]] = rows.fetchall()
    return found[0] if found and found[0][1] else None


def is_authorised(sight: Snapshot, stored: tuple[str, str] | None) -> bool:
    """Whether the store's pair, or the seed while there is none, is the one that lives."""
    live = [pair[1:] for pair in sight.pairs if pair[0] == "live"]
    return stored in live or (stored is None and len(sight.pairs) == 1)


def may_have_lost_pair(runs: Sequence[Run], after: Snapshot, store: Path) -> bool:
    """Whether the answer to a refresh got lost: on its way, or with the process that waited.

    The second only when a tap was killed and the store still has its note of a refresh without
    known outcome. A process that is killed between sending and storing cannot keep what comes back.
    """
    killed = any(_was_tap_killed(run) for run in runs)
    return after.lost_refreshes > 0 or (killed and has_open_refresh(store))


def has_open_refresh(path: Path) -> bool:
    """Whether a store has the note of a refresh whose outcome it never learned."""
    with contextlib.closing(sqlite3.connect(path)) as store:
        found = store.execute("SELECT count(*) FROM oceanengine_refreshes").fetchone()
    return bool(found[0])


def _was_tap_killed(run: Run) -> bool:
    """Whether the tap got no time to end: from us, or from Meltano, as its target has failed."""
    sent = {one.name: one.sent for one in run.victims}
    return signal.SIGKILL in sent[TAP] or ("meltano" in sent and not run.is_done)


def held_locks(folder: Path) -> Iterator[str]:
    """Lock files that somebody holds still."""
    for path in (folder / "locks").rglob("*.lock"):
        with path.open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield f"The lock {path.name} is still held."
