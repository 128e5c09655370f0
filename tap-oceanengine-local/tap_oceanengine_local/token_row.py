"""What the token store keeps about one authorisation: its pair, the pair before, the seeds seen."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCK_SECONDS: Final = 120
"""How long to wait for another refresher: longer than its two attempts take."""

METADATA: Final = sa.MetaData()
_KEY: Final = ("api_url", "app_id", "authorization")


def _key_columns() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(200), primary_key=True) for name in _KEY]


_PAIRS: Final = sa.Table(
    "oceanengine_tokens",
    METADATA,
    *_key_columns(),
    sa.Column("access_token", sa.Text),
    sa.Column("refresh_token", sa.Text),
    sa.Column("access_expires_at", sa.BigInteger),
    sa.Column("refresh_expires_at", sa.BigInteger),
    sa.Column("stored_at", sa.BigInteger),
    sa.Column("previous_access_token", sa.Text),
    sa.Column("previous_refresh_token", sa.Text),
    sa.Column("previous_stored_at", sa.BigInteger),
)
_REFRESHES: Final = sa.Table(
    "oceanengine_refreshes",
    METADATA,
    *_key_columns(),
    sa.Column("begun_at", sa.BigInteger),
    sa.Column("begun_by", sa.String(200)),
)
"""A refresh that was begun and has not brought a pair yet: what is left of a process that died."""
_SEEDS: Final = sa.Table(
    "oceanengine_seeds",
    METADATA,
    *_key_columns(),
    sa.Column("fingerprint", sa.String(64), primary_key=True),
)


def is_usable(token: object) -> bool:
    """Return whether something can be a token: a header carries it, so it has no odd characters."""
    return isinstance(token, str) and token.isascii() and token.isprintable() and " " not in token


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
        """SHA-256 by which a pair is recognised without being kept.

        Of the refresh token where there is one: a used one is used, whatever stands beside it.
        """
        text = self.refresh_token or self.access_token or ""
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who began a refresh, and when (seconds since 1970)."""

    at: int
    by: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store holds: the pair, when it came, and a refresh without known outcome."""

    pair: Pair | None
    stored_at: int | None
    unanswered: Attempt | None
    has_seen: bool


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


class Row:
    """One authorisation's row, held exclusively."""

    def __init__(self, connection: sa.Connection, authorization: Authorization) -> None:
        self._connection = connection
        self._key = authorization.key
        self._row = self._locked()

    def _locked(self) -> Mapping[str, Any] | None:
        if self._connection.dialect.name == "sqlite":
            found = self._connection.execute(self._select()).mappings().one_or_none()
            return dict(found) if found else None
        for limit in (
            f"lock_timeout = '{LOCK_SECONDS}s'",
            "idle_in_transaction_session_timeout = 0",
        ):
            self._connection.execute(sa.text(f"SET LOCAL {limit}"))
        found = self._connection.execute(self._select()).mappings().one_or_none()
        if found is not None:
            return dict(found)
        insert = postgresql.insert(_PAIRS).values(self._key).on_conflict_do_nothing()
        self._connection.execute(insert)
        found = self._connection.execute(self._select()).mappings().one()
        return dict(found)

    def _select(self) -> sa.Select[Any]:
        return sa.select(_PAIRS).filter_by(**self._key).with_for_update()

    def pair(self) -> Pair | None:
        """Return the stored pair."""
        row = self._row
        if row is None or not (row["refresh_token"] or row["access_token"]):
            return None
        ends = row["access_expires_at"], row["refresh_expires_at"]
        return Pair(row["access_token"], row["refresh_token"], *ends)

    def stored_at(self) -> int | None:
        """Return when the pair was stored."""
        return self._row["stored_at"] if self._row else None

    def put(self, pair: Pair, now: float) -> None:
        """Store a pair; the one before is kept for diagnosis, and none of the two is a seed."""
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
        self.mark_seen(pair)
        self.end_refresh()

    def begin_refresh(self, attempt: Attempt) -> None:
        """Note that a refresh is sent next; it also proves that the store can be written."""
        self.end_refresh()
        values = self._key | {"begun_at": attempt.at, "begun_by": attempt.by[:200]}
        self._connection.execute(sa.insert(_REFRESHES).values(values))

    def end_refresh(self) -> None:
        """Forget the note: its outcome is known."""
        self._connection.execute(sa.delete(_REFRESHES).filter_by(**self._key))

    def unanswered(self) -> Attempt | None:
        """Return the refresh that was begun and never brought a pair."""
        query = sa.select(_REFRESHES.c.begun_at, _REFRESHES.c.begun_by).filter_by(**self._key)
        found = self._connection.execute(query).first()
        return None if found is None else Attempt(found.begun_at, found.begun_by)

    def has_seen(self, seed: Pair) -> bool:
        """Return whether a seed was taken before, or put aside by an authorisation."""
        query = sa.select(_SEEDS).filter_by(**self._key, fingerprint=seed.fingerprint)
        return self._connection.execute(query).first() is not None

    def mark_seen(self, seed: Pair) -> None:
        """Remember a seed by its fingerprint."""
        if not self.has_seen(seed):
            values = self._key | {"fingerprint": seed.fingerprint}
            self._connection.execute(sa.insert(_SEEDS).values(values))
