"""Authorisation codes and token pairs: a refresh kills the old pair at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Literal

from platform_sandbox import defaults
from platform_sandbox.oceanengine.parameters import Refusal

if TYPE_CHECKING:
    from platform_sandbox.services import Services

ACCESS_LIFE: Final = timedelta(seconds=86_399)
REFRESH_LIFE: Final = timedelta(seconds=2_591_999)
CODE_LIFE: Final = timedelta(minutes=10)

State = Literal["live", "rotated", "killed"]

_SCHEMA: Final = (
    (
        "CREATE TABLE IF NOT EXISTS oe_pairs (number INTEGER PRIMARY KEY, access TEXT UNIQUE,"
        " refresh TEXT UNIQUE, access_until TEXT, refresh_until TEXT, state TEXT)"
    ),
    "CREATE TABLE IF NOT EXISTS oe_codes (code TEXT PRIMARY KEY, until TEXT, used INTEGER)",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """An access token and the refresh token that came with it."""

    number: int
    access: str
    refresh: str
    access_until: datetime
    refresh_until: datetime
    state: State


class TokenService:
    """All pairs ever issued since the last reset."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._database = services.database
        self._codes_made = 0
        for statement in _SCHEMA:
            self._database.execute(statement)
        if not self.pairs:
            self.reset()

    def reset(self) -> None:
        """One live pair and one unused authorisation code, the defaults."""
        with self._database.transaction():
            self._database.execute("DELETE FROM oe_pairs")
            self._database.execute("DELETE FROM oe_codes")
            self._store(0, defaults.OE_ACCESS_TOKEN, defaults.OE_REFRESH_TOKEN)
            self._add_code(defaults.OE_AUTH_CODE)

    @property
    def pairs(self) -> list[Pair]:
        """Every pair, oldest first."""
        rows = self._database.query("SELECT * FROM oe_pairs ORDER BY number")
        return [
            Pair(n, a, r, datetime.fromisoformat(au), datetime.fromisoformat(ru), state)
            for n, a, r, au, ru, state in rows
        ]

    @property
    def live(self) -> list[Pair]:
        """Pairs that were neither rotated nor killed (their lifetimes may be over)."""
        return [pair for pair in self.pairs if pair.state == "live"]

    @property
    def current(self) -> Pair:
        """The newest pair."""
        return self.pairs[-1]

    @property
    def refreshes(self) -> int:
        """How many pairs were issued since the reset."""
        return len(self.pairs) - 1

    def _store(self, number: int, access: str, refresh: str) -> None:
        now = self._services.clock.now()
        self._database.execute(
            "INSERT INTO oe_pairs VALUES (?, ?, ?, ?, ?, 'live')",
            (
                number,
                access,
                refresh,
                (now + ACCESS_LIFE).isoformat(),
                (now + REFRESH_LIFE).isoformat(),
            ),
        )

    def _add_code(self, code: str) -> None:
        until = self._services.clock.now() + CODE_LIFE
        self._database.execute("INSERT INTO oe_codes VALUES (?, ?, 0)", (code, until.isoformat()))

    def _next(self) -> Pair:
        number = self.current.number + 1
        text = f"{self._services.seed}:{number}"
        access, refresh = (
            blake2b(f"{text}:{kind}".encode(), digest_size=20).hexdigest()
            for kind in ("access", "refresh")
        )
        self._database.execute("UPDATE oe_pairs SET state = 'rotated' WHERE state = 'live'")
        self._store(number, access, refresh)
        return self.current

    def new_code(self) -> str:
        """A fresh authorisation code, as the callback would bring one."""
        count = len(self._database.query("SELECT code FROM oe_codes"))
        code = f"sandbox-auth-code-{count}"
        self._add_code(code)
        return code

    def authorise(self, code: str) -> Pair:
        """Exchange an authorisation code; the new pair replaces the old ones of this user.

        Raises:
            Refusal: The code is unknown, used (40115) or older than ten minutes.
        """
        with self._database.transaction():
            rows = self._database.query("SELECT until, used FROM oe_codes WHERE code = ?", (code,))
            if not rows:
                raise Refusal(40113, "auth_code无效,请重新授权")
            until, used = rows[0]
            if used:
                raise Refusal(40115, "auth_code已经使用,请重新授权")
            if self._services.clock.now() > datetime.fromisoformat(until):
                expired = self._services.switches.oe_expired_auth_code
                raise Refusal(expired, "auth_code已过期，请重新授权")
            self._database.execute("UPDATE oe_codes SET used = 1 WHERE code = ?", (code,))
            return self._next()

    def refresh(self, token: str) -> Pair:
        """Rotate: a new pair, the old tokens are dead at once.

        Raises:
            Refusal: 40107 for an unknown, used or killed token, 40103 for one that ran out.
        """
        with self._database.transaction():
            pair = next((pair for pair in self.pairs if pair.refresh == token), None)
            if pair is None or pair.state != "live":
                raise Refusal(40107, "refresh_token无效或已被使用，请重新授权")
            if self._services.clock.now() > pair.refresh_until:
                raise Refusal(40103, "refresh_token已过期，请重新授权")
            return self._next()

    def check(self, access: str | None) -> Pair:
        """The pair of an access token.

        Raises:
            Refusal: 40104 without one, 40105 for an unknown or killed one, 40102 for one that
                ran out; a rotated one as the switch says.
        """
        if not access:
            raise Refusal(40104, "The access_token is empty.")
        rows = self._database.query(
            "SELECT number, state, access_until FROM oe_pairs WHERE access = ?", (access,)
        )
        if not rows or rows[0][1] == "killed":
            raise Refusal(40105, "access_token无效")
        number, state, until = rows[0]
        if state == "rotated":
            code = self._services.switches.oe_rotated_access_code
            raise Refusal(code, "access_token无效" if code == 40105 else "access_token已过期")  # noqa: PLR2004  vendor code
        if self._services.clock.now() > datetime.fromisoformat(until):
            raise Refusal(40102, "access_token已过期")
        return next(pair for pair in self.pairs if pair.number == number)

    def expire_access(self) -> None:
        """The live access token runs out now."""
        self._run_out("access_until")

    def expire_refresh(self) -> None:
        """The live refresh token runs out now."""
        self._run_out("refresh_until")

    def _run_out(self, column: Literal["access_until", "refresh_until"]) -> None:
        past = (self._services.clock.now() - timedelta(seconds=1)).isoformat()
        self._database.execute(
            f"UPDATE oe_pairs SET {column} = ? WHERE state = 'live'",  # noqa: S608  one of two names
            (past,),
        )

    def kill(self) -> None:
        """The authorisation is withdrawn: neither token of any pair works."""
        self._database.execute("UPDATE oe_pairs SET state = 'killed'")
