"""One SQLite file for everything the sandbox must still know after a restart."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    Parameters = Sequence[Any] | Mapping[str, Any]


class Database:
    """A thread-safe wrapper around one SQLite connection.

    The halves keep an in-memory image of what they serve and write through to here. A crash of
    the host may lose the last writes (`synchronous=OFF`): it is a sandbox, and speed matters more.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")
        self.execute("CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL)")

    def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement; returns the number of rows it changed."""
        with self.lock:
            return self._connection.execute(sql, parameters).rowcount

    def executemany(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Run one statement for many rows in one transaction."""
        with self.transaction():
            self._connection.executemany(sql, rows)

    def query(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """All rows of a SELECT."""
        with self.lock:
            return self._connection.execute(sql, parameters).fetchall()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is stored together or not at all; nested ones join the outer one."""
        with self.lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def get(self, name: str) -> Any:  # noqa: ANN401  a JSON value of the caller's own shape
        """The JSON value kept under a name, None when there is none."""
        rows = self.query("SELECT value FROM kept WHERE name = ?", (name,))
        return json.loads(rows[0][0]) if rows else None

    def put(self, name: str, value: Any) -> None:  # noqa: ANN401  see get
        """Keep a JSON value under a name."""
        self.execute(
            "INSERT OR REPLACE INTO kept VALUES (?, ?)",
            (name, json.dumps(value, ensure_ascii=False)),
        )

    def forget(self, prefix: str) -> None:
        """Drop every kept value whose name starts with a prefix."""
        self.execute("DELETE FROM kept WHERE substr(name, 1, ?) = ?", (len(prefix), prefix))

    def close(self) -> None:
        """Close the file; the wrapper is of no use afterwards."""
        with self.lock:
            self._connection.close()
