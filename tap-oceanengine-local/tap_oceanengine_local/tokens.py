"""The token store: one row per authorisation, in SQLite or PostgreSQL.

A refresh kills the old pair at once, so two refreshers lock each other out. The database itself
lets one in at a time: `exclusive` opens a transaction that takes the write lock before it reads
(SQLite: BEGIN IMMEDIATE; PostgreSQL: SELECT … FOR UPDATE of the row), and the refresh happens
inside of it. The lock is the kernel's or the server's, so it ends with the process that holds it:
there is no lease to choose, no stale lock file to break, no clock to compare between machines. It
works across threads and processes and, with PostgreSQL, across machines. The price is a transaction
that stays open for as long as one refresh takes, at most two timeouts; nobody else writes here.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from tap_oceanengine_local.errors import ConfigError, TokenStoreError
from tap_oceanengine_local.token_row import LOCK_SECONDS, METADATA, Attempt, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_oceanengine_local.token_row import Authorization, Pair


class TokenStore:
    """The rows of one store; every access may raise TokenStoreError.

    Args:
        uri: SQLAlchemy URL. A relative SQLite path starts at `base`.
        base: Directory for relative paths.
    """

    def __init__(self, uri: str, base: Path) -> None:
        try:
            url = sa.make_url(uri)
        except (sa.exc.ArgumentError, ValueError):
            raise ConfigError(
                "Setting token_store_uri must be a SQLAlchemy URL such as "
                "sqlite:///.oceanengine/tokens.db."
            ) from None
        if url.get_backend_name() not in {"sqlite", "postgresql"}:
            raise ConfigError("Setting token_store_uri must be of SQLite or PostgreSQL.")
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        self.path = _sqlite_path(url, base)
        told = url.set(query={})  # where a password may stand as well
        self.place = str(self.path) if self.path else told.render_as_string(hide_password=True)
        self.existed = self.path is None or os.path.exists(self.path)  # noqa: PTH110  never raises
        self._url = url.set(database=str(self.path)) if self.path else url
        self._engine: sa.Engine | None = None

    @property
    def exists(self) -> bool:
        """Whether there is a store now; a database server is taken to be there.

        Raises:
            TokenStoreError: This user may not look.
        """
        try:
            return self.path is None or self.path.exists()
        except OSError as error:
            raise self._unwritable(error) from None

    @contextlib.contextmanager
    def exclusive(self, authorization: Authorization) -> Iterator[Row]:
        """Hold the row of an authorisation against all other users of the store.

        Raises:
            TokenStoreError: The store can't be opened or written; the message names the place.
        """
        try:
            with self._open().begin() as connection:
                yield Row(connection, authorization)
        except SQLAlchemyError as error:
            raise self._failed(error) from None
        finally:
            self._protect()

    def read(self, authorization: Authorization) -> Pair | None:
        """Return the stored pair, None without one; makes no store where there is none.

        Raises:
            TokenStoreError: The store can't be read.
        """
        if not self.exists:
            return None
        with self.exclusive(authorization) as row:
            return row.pair()

    def check(self, authorization: Authorization) -> None:
        """Make sure that the store can be written, before something is at stake.

        Raises:
            TokenStoreError: It can't.
        """
        with self.exclusive(authorization) as row:
            row.begin_refresh(Attempt(0, "check"))
            row.end_refresh()

    def close(self) -> None:
        """Let go of the database."""
        if self._engine is not None:
            self._engine.dispose()

    def _open(self) -> sa.Engine:
        if self._engine is None:
            self._make_place()
            arguments: dict[str, Any] = {"timeout": LOCK_SECONDS} if self.path else {}
            try:
                engine = sa.create_engine(
                    self._url, poolclass=sa.NullPool, connect_args=arguments, hide_parameters=True
                )
            except (SQLAlchemyError, ImportError) as error:
                raise self._failed(error) from None
            if self.path is not None:
                sa.event.listen(engine, "connect", _manual_transactions)
                sa.event.listen(engine, "begin", _begin_immediate)
            self._create_tables(engine)
            self._engine = engine
        return self._engine

    def _create_tables(self, engine: sa.Engine) -> None:
        try:
            with engine.begin() as connection:
                if self.path is None:  # else two first users would create the tables at once
                    connection.execute(sa.text("SELECT pg_advisory_xact_lock(815204)"))
                METADATA.create_all(connection)
        except SQLAlchemyError as error:
            raise self._failed(error) from None

    def _make_place(self) -> None:
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise self._unwritable(error) from None
        except UnicodeEncodeError:
            raise TokenStoreError(
                f"The token store {self.place} has a name that this host's locale can't express. "
                "Set LC_ALL=C.UTF-8, or set token_store_uri to another place."
            ) from None

    def _protect(self) -> None:
        if self.path is not None and os.path.isfile(self.path):  # noqa: PTH113  never raises
            with contextlib.suppress(PermissionError):  # somebody else's file: the mode is theirs
                self.path.chmod(0o600)

    def _unwritable(self, error: OSError) -> TokenStoreError:
        return TokenStoreError(
            f"The token store {self.place} can't be written: {error.strerror}. Give this user the "
            "right to write there, or set token_store_uri to another place."
        )

    def _failed(self, error: Exception) -> TokenStoreError:
        # The text of a database error may hold statements: only the driver's own words are told.
        cause = getattr(error, "orig", None) or error
        words = str(cause).splitlines()[0] if str(cause) else "no reason given"
        if "locked" in words or "lock timeout" in words:
            advice = f"Another process has held it for {LOCK_SECONDS} seconds: look what it does."
        elif self.path is None:
            advice = (
                "Check that the database is up, that token_store_uri is right, and that the extra "
                "[postgres] is installed."
            )
        elif "readonly" in words or "unable to open" in words:
            advice = "Give this user the right to write the file and its directory."
        else:
            advice = "When the file is damaged, move it away and run `authorize`."
        return TokenStoreError(
            f"The token store {self.place} can't be used: {type(cause).__name__}: {words}. {advice}"
        )


def _sqlite_path(url: sa.URL, base: Path) -> Path | None:
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or url.database == ":memory:":
        raise ConfigError("Setting token_store_uri must name a file: tokens must outlive a run.")
    try:
        path = Path(url.database).expanduser()
    except RuntimeError:
        raise ConfigError("Setting token_store_uri begins with the home of nobody.") from None
    if "\0" in url.database:
        raise ConfigError("Setting token_store_uri holds a character that no path has.")
    return (base / path).absolute()


def _manual_transactions(connection: Any, _record: object) -> None:  # noqa: ANN401  a driver's own
    # Without this the driver begins its transactions itself, and not before the first write.
    connection.isolation_level = None


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
