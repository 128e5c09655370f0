"""client_token: the same request twice has one effect."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from platform_sandbox.feishu.codes import Refused

if TYPE_CHECKING:
    from platform_sandbox.feishu.switches import FeishuSwitches

UUID4: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    re.IGNORECASE,
)
REMEMBERED: Final = 128


@dataclass(frozen=True, slots=True)
class Done:
    """What a request with a client_token was answered, and at which version of the base."""

    digest: bytes
    reply: bytes
    revision: int


def checked(token: str) -> str:
    """The token of a request; empty for none.

    Raises:
        Refused: 1254037 when it is no UUIDv4.
    """
    if token and not UUID4.fullmatch(token):
        raise Refused(1254037)
    return token.lower()


class Replies:
    """The last replies by path and client_token. They do not outlive the process."""

    def __init__(self) -> None:
        self._done: dict[tuple[str, str], Done] = {}

    def replay(
        self,
        key: tuple[str, str],
        body: bytes,
        revision: int,
        switches: FeishuSwitches,
    ) -> bytes | None:
        """The first reply to the same request; None when there was none.

        Raises:
            Refused: 1255006 for another body, 1254608 when the switches ask for it.
        """
        done = self._done.get(key)
        if done is None:
            return None
        if done.digest != _digest(body) and switches.other_payload == "conflict":
            raise Refused(1255006)
        if switches.replay == "resubmitted" and done.revision == revision:
            raise Refused(1254608)
        return done.reply

    def keep(self, key: tuple[str, str], body: bytes, reply: bytes, revision: int) -> None:
        """Remember a reply; the oldest one gives way."""
        if len(self._done) >= REMEMBERED:
            del self._done[next(iter(self._done))]
        self._done[key] = Done(_digest(body), reply, revision)


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()
