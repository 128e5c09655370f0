"""The token store: one row per authorisation, on any database that SQLAlchemy speaks.

A refresh kills the old pair at once, so two refreshers lock each other out. The database itself
lets one in at a time: `exclusive` opens a transaction that takes the write lock before it reads
(SQLite: BEGIN IMMEDIATE; others: SELECT … FOR UPDATE of the row), and the lock ends with the
process that holds it. That works across threads, processes and, with PostgreSQL, machines.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError

from tap_oceanengine_local.errors import ConfigError, TokenStoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOCK_SECONDS: Final = 120
"""How long to wait for another refresher: longer than its two attempts take."""

_METADATA: Final = sa.MetaData()
_KEY: Final = ("api_url", "app_id", "authorization")


def _key_columns() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(200), primary_key=True) for name in _KEY]


_PAIRS: Final = sa.Table(
    "oceanengine_tokens",
    _METADATA,
    *_key_columns(),
    sa.Column("access_token", sa.String(1000)),
    sa.Column("refresh_token", sa.String(1000)),
    sa.Column("access_expires_at", sa.BigInteger),
    sa.Column("refresh_expires_at", sa.BigInteger),
    sa.Column("stored_at", sa.BigInteger),
    sa.Column("previous_access_token", sa.String(1000)),
    sa.Column("previous_refresh_token", sa.String(1000)),
    sa.Column("previous_stored_at", sa.BigInteger),
)
_SEEDS: Final = sa.Table(
    "oceanengine_seeds",
    _METADATA,
    *_key_columns(),
    sa.Column("fingerprint", sa.String(64), primary_key=True),
)


@dataclass(frozen=True, slots=True, repr=False)
class Pair:
    """An access token and the refresh token that came with it; times in seconds since 1970."""

    access_token: str | None
    refresh_token: str | None
    access_expires_at: int | None = None
    refresh_expires_at: int | None = None

    def __repr__(self) -> str:
        return f"Pair(access_expires_at={self.access_expires_at}, …)"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the pair, by which a seed is recognised without being kept."""
        text = f"{self.access_token or ''}\n{self.refresh_token or ''}"
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Authorization:
    """Which row of the store is meant."""

    api_url: str
    app_id: str
    name: str

    @property
    def key(self) -> dict[str, str]:
        """The row's key."""
        return {"api_url": self.api_url, "app_id": self.app_id, "authorization": self.name}


class TokenStore:
    """The rows of one store; every access may raise TokenStoreError.

    Args:
        uri: SQLAlchemy URL. A relative SQLite path starts at `base`.
        base: Directory for relative paths.
    """

    def __init__(self, uri: str, base: Path) -> None:
        try:
            url = sa.make_url(uri)
        except sa.exc.ArgumentError:
            raise ConfigError(
                "Setting token_store_uri must be a SQLAlchemy URL such as "
                "sqlite:///.oceanengine/tokens.db."
            ) from None
        self.path = _sqlite_path(url, base)
        self.place = str(self.path) if self.path else url.render_as_string(hide_password=True)
        self.existed = self.path is None or self.path.exists()
        self._url = url.set(database=str(self.path)) if self.path else url
        self._engine: sa.Engine | None = None

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
        if self.path is not None and not self.path.exists():
            return None
        with self.exclusive(authorization) as row:
            return row.pair()

    def check(self) -> None:
        """Make sure that the store can be opened.

        Raises:
            TokenStoreError: It can't.
        """
        self._open()

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
                if connection.dialect.name == "postgresql":
                    connection.execute(sa.text("SELECT pg_advisory_xact_lock(815204)"))
                _METADATA.create_all(connection)
        except SQLAlchemyError as error:
            raise self._failed(error) from None

    def _make_place(self) -> None:
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise TokenStoreError(
                f"The token store {self.place} can't be written: {error.strerror}. Give this user "
                "the right to write there, or set token_store_uri to another place."
            ) from None

    def _protect(self) -> None:
        if self.path is not None and self.path.exists():
            with contextlib.suppress(PermissionError):  # somebody else's file: the mode is theirs
                self.path.chmod(0o600)

    def _failed(self, error: Exception) -> TokenStoreError:
        # The text of a database error may hold statements: only the driver's own words are told.
        cause = getattr(error, "orig", None) or error
        return TokenStoreError(
            f"The token store {self.place} can't be used: {type(cause).__name__}: "
            f"{str(cause).splitlines()[0] if str(cause) else 'no reason given'}. "
            "When the file is damaged, move it away and authorise again."
        )


class Row:
    """One authorisation's row, held exclusively."""

    def __init__(self, connection: sa.Connection, authorization: Authorization) -> None:
        self._connection = connection
        self._key = authorization.key
        self._row = self._locked()

    def _locked(self) -> Mapping[str, Any] | None:
        found = self._connection.execute(self._select()).mappings().one_or_none()
        if found is not None or self._connection.dialect.name == "sqlite":
            return dict(found) if found else None
        insert = postgresql.insert(_PAIRS).values(self._key).on_conflict_do_nothing()
        self._connection.execute(insert)
        found = self._connection.execute(self._select()).mappings().one()
        return dict(found)

    def _select(self) -> sa.Select[Any]:
        return sa.select(_PAIRS).filter_by(**self._key).with_for_update()

    def pair(self) -> Pair | None:
        """Return the stored pair."""
        if self._row is None or self._row["refresh_token"] is None:
            return None
        return Pair(
            self._row["access_token"],
            self._row["refresh_token"],
            self._row["access_expires_at"],
            self._row["refresh_expires_at"],
        )

    def put(self, pair: Pair, now: float) -> None:
        """Store a pair; the one before is kept for diagnosis."""
        before = self._row or {}
        values = {
            "access_token": pair.access_token,
            "refresh_token": pair.refresh_token,
            "access_expires_at": pair.access_expires_at,
            "refresh_expires_at": pair.refresh_expires_at,
            "stored_at": int(now),
            "previous_access_token": before.get("access_token"),
            "previous_refresh_token": before.get("refresh_token"),
            "previous_stored_at": before.get("stored_at"),
        }
        statement = (
            sa.insert(_PAIRS).values(self._key | values)
            if self._row is None
            else sa.update(_PAIRS).filter_by(**self._key).values(values)
        )
        self._connection.execute(statement)
        self._row = self._key | values

    def has_seen(self, seed: Pair) -> bool:
        """Return whether a seed was taken before, or put aside by an authorisation."""
        query = sa.select(_SEEDS).filter_by(**self._key, fingerprint=seed.fingerprint)
        return self._connection.execute(query).first() is not None

    def mark_seen(self, seed: Pair) -> None:
        """Remember a seed by its fingerprint."""
        if not self.has_seen(seed):
            values = self._key | {"fingerprint": seed.fingerprint}
            self._connection.execute(sa.insert(_SEEDS).values(values))


def _sqlite_path(url: sa.URL, base: Path) -> Path | None:
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or url.database == ":memory:":
        raise ConfigError("Setting token_store_uri must name a file: tokens must outlive a run.")
    return (base / Path(url.database).expanduser()).absolute()


def _manual_transactions(connection: Any, _record: object) -> None:  # noqa: ANN401  a driver's own
    # Without this the driver begins its transactions itself, and not before the first write.
    connection.isolation_level = None


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
