"""What was asked of the platforms, with counters that benchmarks and tests rely on."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

Half = Literal["oceanengine", "feishu"]

_KEPT: Final = 20_000
_KEPT_BODIES: Final = 1_000
_READS_BY_POST: Final = ("/records/search", "/records/batch_get", "/clue/life/get/", "/auth/v3/")
_BITABLE: Final = "/open-apis/bitable/v1/apps/"


def half_of(path: str) -> Half | None:
    """Which platform a path belongs to; None for the sandbox's own pages."""
    if path.startswith("/open_api/"):
        return "oceanengine"
    return "feishu" if path.startswith("/open-apis/") else None


def base_of(path: str) -> str | None:
    """The app_token a Bitable path names, None for others."""
    if not path.startswith(_BITABLE):
        return None
    return path[len(_BITABLE) :].partition("/")[0] or None


def is_write(method: str, path: str) -> bool:
    """Whether a request changes a Bitable."""
    if method == "GET" or base_of(path) is None:
        return False
    return not any(read in path for read in _READS_BY_POST)


@dataclass(slots=True)
class Entry:
    """One request to one of the platforms; the last thousand keep their bodies.

    Attributes:
        code: The platform's business code in the answer, None when there was none.
        fault: Kind of the failure that was planned for it.
        elapsed_ms: Time until the answer was ready.
    """

    half: Half
    method: str
    path: str
    query: Mapping[str, str]
    raw: bytes
    time: str
    write: bool
    base: str | None
    status: int | None = None
    code: int | None = None
    fault: str | None = None
    elapsed_ms: float = 0.0

    @property
    def body(self) -> Any:  # noqa: ANN401  whatever JSON the client sent
        """The JSON body, None without one."""
        try:
            return orjson.loads(self.raw) if self.raw else None
        except orjson.JSONDecodeError:
            return None

    def as_dict(self) -> dict[str, Any]:
        """For the control endpoint: everything but the body, which may hold secrets."""
        return {
            "half": self.half,
            "method": self.method,
            "path": self.path,
            "params": {k: v for k, v in self.query.items() if k != "access_token"},
            "time": self.time,
            "write": self.write,
            "status": self.status,
            "code": self.code,
            "fault": self.fault,
            "elapsed_ms": round(self.elapsed_ms, 1),
        }


@dataclass(slots=True)
class _Counters:
    total: int = 0
    writes: int = 0
    overlap: int = 0
    by_path: Counter[tuple[Half, str, str]] = field(default_factory=Counter)


class RequestLog:
    """The last requests, and counters over all of them."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._arrived = threading.Condition(self._lock)
        self._under_way: Counter[str] = Counter()
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._bodies: deque[Entry] = deque()
        self._counters = _Counters()

    @property
    def entries(self) -> list[Entry]:
        """The last 20,000 requests, oldest first."""
        with self._lock:
            return list(self._entries)

    @property
    def writes(self) -> int:
        """Requests that change a Bitable, the failed ones too."""
        return self._counters.writes

    @property
    def max_overlap(self) -> int:
        """The most writes to one base that were under way at once."""
        return self._counters.overlap

    def under_way(self, base: str) -> int:
        """Writes to a base that are under way now, the asking one included."""
        return self._under_way[base]

    def count(self, path: str = "", half: Half | None = None, method: str | None = None) -> int:
        """Requests whose path contains a text, of one half, by one method."""
        with self._lock:
            return sum(
                n
                for (h, m, p), n in self._counters.by_path.items()
                if path in p and half in (None, h) and method in (None, m)
            )

    def begin(self, entry: Entry) -> None:
        """A request has arrived."""
        with self._lock:
            self._counters.total += 1
            self._counters.by_path[entry.half, entry.method, entry.path] += 1
            self._entries.append(entry)
            if entry.write:
                self._counters.writes += 1
            if entry.write and entry.base is not None:
                self._under_way[entry.base] += 1
                now = self._under_way[entry.base]
                self._counters.overlap = max(self._counters.overlap, now)
            self._arrived.notify_all()

    def wait_for(self, path: str, times: int = 1, *, seconds: float = 60.0) -> None:
        """Wait until so many requests whose path contains a text have come.

        Raises:
            TimeoutError: They did not come in time.
        """
        with self._arrived:
            if not self._arrived.wait_for(lambda: self.count(path) >= times, seconds):
                raise TimeoutError(f"{self.count(path)} of {times} requests of {path} came.")

    def keep_body(self, entry: Entry, raw: bytes) -> None:
        """The body has arrived; the oldest kept one is dropped for it."""
        entry.raw = raw
        with self._lock:
            self._bodies.append(entry)
            if len(self._bodies) > _KEPT_BODIES:
                self._bodies.popleft().raw = b""

    def end(self, entry: Entry) -> None:
        """The request is answered, or its connection cut."""
        with self._lock:
            if entry.write and entry.base is not None:
                self._under_way[entry.base] -= 1

    def summary(self) -> dict[str, Any]:
        """Counters for the control endpoint."""
        with self._lock:
            by_path: Counter[str] = Counter()
            for (_, method, path), n in self._counters.by_path.items():
                by_path[f"{method} {path}"] += n
            return {
                "total": self._counters.total,
                "writes": self._counters.writes,
                "max_overlap": self._counters.overlap,
                "by_path": dict(by_path.most_common()),
            }

    def clear(self) -> None:
        """Forget requests and counters; writes under way stay counted as such."""
        with self._lock:
            self._entries.clear()
            self._bodies.clear()
            self._counters = _Counters()
