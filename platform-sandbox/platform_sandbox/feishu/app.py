"""The self-built app that calls: its credentials, scopes and rights, and its tenant tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from platform_sandbox.defaults import FEISHU_APP_ID, FEISHU_APP_SECRET
from platform_sandbox.feishu.codes import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from platform_sandbox.feishu.ids import Ids

Rights: TypeAlias = Literal["manage", "edit", "read", "none"]
Advanced: TypeAlias = Literal["off", "manage", "denied", "refused", "blind"]

LIFETIME: Final = 7200
RENEWAL: Final = 1800
APP_ID: Final = re.compile(r"cli_[0-9a-z]{10,}")
ALL_SCOPES: Final = frozenset({"bitable:app", "wiki:wiki"})


@dataclass(slots=True)
class App:
    """The app, as an administrator has set it up.

    Attributes:
        scopes: Published API scopes; `bitable:app` covers all of Bitable.
        rights: What the app may do with bases as a collaborator; "none" answers 91403.
        advanced: Advanced permission of the bases. "off"; "manage": on, the app may manage;
            "denied": on, search finds nothing, writes are 1254302; "refused": search is 1254302
            too; "blind": writes are accepted, but no row is ever shown.
        row_limit: Most records per table; None leaves it to the switches.
        hidden_fields: Names of columns kept from the app by advanced permission.
        ip_allowed: Whether the caller's address is on the app's allow-list.
    """

    id: str = FEISHU_APP_ID
    secret: str = FEISHU_APP_SECRET
    scopes: frozenset[str] = ALL_SCOPES
    rights: Rights = "manage"
    advanced: Advanced = "off"
    row_limit: int | None = None
    hidden_fields: frozenset[str] = field(default_factory=frozenset)
    ip_allowed: bool = True


class Tokens:
    """Tenant access tokens: two hours of life, the same one while half an hour remains.

    Args:
        ids: Source of tokens.
        elapsed: A stopwatch in seconds.
    """

    def __init__(self, ids: Ids, elapsed: Callable[[], float]) -> None:
        self._ids = ids
        self._elapsed = elapsed
        self._ends: dict[str, float] = {}
        self._current: str | None = None

    def issue(self, app: App, body: object) -> dict[str, Any]:
        """Answer of the token endpoint.

        Raises:
            Refused: 10003 for missing or malformed credentials, 10014 for wrong ones.
        """
        sent = body if isinstance(body, dict) else {}
        app_id, secret = sent.get("app_id"), sent.get("app_secret")
        if not isinstance(app_id, str) or not isinstance(secret, str) or not secret:
            raise Refused(10003)
        if not APP_ID.fullmatch(app_id):
            raise Refused(10003)
        if app_id != app.id:
            raise Refused(10014, "app id not exists")
        if secret != app.secret:
            raise Refused(10014)
        token, left = self._valid()
        return {"code": 0, "msg": "ok", "tenant_access_token": token, "expire": left}

    def _valid(self) -> tuple[str, int]:
        now = self._elapsed()
        if self._current is not None:
            left = int(self._ends.get(self._current, 0) - now)
            if left >= RENEWAL:
                return self._current, left
        self._current = self._ids.token()
        self._ends[self._current] = now + LIFETIME
        return self._current, LIFETIME

    def check(self, header: str | None) -> None:
        """Accept an Authorization header.

        Raises:
            Refused: 99991661 without a bearer token, 99991668 for a user's, 99991663 for a bad one.
        """
        scheme, _, token = (header or "").partition(" ")
        if scheme != "Bearer" or not token:
            raise Refused(99991661)
        if self._ends.get(token, 0) > self._elapsed():
            return
        if token.startswith(("eyJ", "u-")):
            raise Refused(99991668)
        raise Refused(99991663)

    def kill(self) -> None:
        """Make every token invalid at once; the next issued one is new."""
        self._ends.clear()
        self._current = None

    def age(self, seconds: float) -> None:
        """Let all tokens grow older."""
        self._ends = {token: end - seconds for token, end in self._ends.items()}
