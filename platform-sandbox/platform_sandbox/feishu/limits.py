"""How often calls may come: buckets per endpoint, a throttle per base, a quota per month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from platform_sandbox.feishu.codes import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

RECORD_WRITES: Final = (50, 1.0)
READS: Final = (20, 1.0)
STRUCTURE: Final = (10, 1.0)
RARE: Final = (20, 60.0)
WIKI: Final = (100, 60.0)


class Windows:
    """Counts calls per key in windows of fixed length.

    Args:
        elapsed: A stopwatch in seconds.
    """

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._windows: dict[str, tuple[float, int]] = {}

    def take(self, key: str, limit: int, seconds: float) -> float | None:
        """Count a call: None when it may pass, else the seconds until the window ends."""
        now = self._elapsed()
        start, used = self._windows.get(key, (now, 0))
        if now - start >= seconds:
            start, used = now, 0
        if used >= limit:
            return start + seconds - now
        self._windows[key] = (start, used + 1)
        return None


class Limits:
    """All limits of the tenant."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._windows = Windows(elapsed)
        self.calls = 0

    def quota(self, allowed: int | None) -> None:
        """Count a call against the month's quota.

        Raises:
            Refused: 99991403 when it is used up.
        """
        if allowed is not None and self.calls >= allowed:
            raise Refused(99991403)
        self.calls += 1

    def endpoint(self, name: str, limit: tuple[int, float]) -> None:
        """Count a call of one endpoint.

        Raises:
            Refused: 99991400 with `x-ogw-ratelimit-limit` and `x-ogw-ratelimit-reset` (seconds).
        """
        wait = self._windows.take(f"endpoint:{name}", *limit)
        if wait is not None:
            headers = {
                "x-ogw-ratelimit-limit": str(limit[0]),
                "x-ogw-ratelimit-reset": f"{wait:.3f}",
            }
            raise Refused(99991400, headers=headers)

    def base(self, token: str, allowed: int | None) -> None:
        """Count a call of one base.

        Raises:
            Refused: 1254290, which carries no header.
        """
        if allowed is not None and self._windows.take(f"base:{token}", allowed, 1.0) is not None:
            raise Refused(1254290)
