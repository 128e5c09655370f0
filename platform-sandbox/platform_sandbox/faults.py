"""Failures on demand: which request shall fail, how, and how often."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

Kind = Literal[
    "code",
    "http",
    "html",
    "invalid_json",
    "cut_before",
    "slow",
    "cut_after",
    "truncated",
    "status_after",
    "code_after",
    "total_changes",
    "duplicate_row",
    "missing_row",
    "unstable_order",
]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
BEFORE: Final = frozenset({"code", "http", "html", "invalid_json", "cut_before", "slow"})
"""Nothing is done (`slow`: done late)."""
AFTER: Final = frozenset({"cut_after", "truncated", "status_after", "code_after"})
"""The request is carried out, the answer is lost or wrong."""
ROWS: Final = frozenset({"total_changes", "duplicate_row", "missing_row", "unstable_order"})
"""The answer of a paged list is wrong; applied by the list itself."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure.

    Attributes:
        path: Part of the URL's path; empty fits every request of both platforms.
        kind: See the module's constants and the README.
        code: The platform's code, for `code`, `code_after` and `http`.
        times: How many requests fail; None = for ever.
        skip: How many fitting requests pass first.
        headers: Added to the answer.
        status: HTTP status; None = the usual one of the platform for that code.
        match: Query or body parameters that must be equal, compared as texts.
        seconds: How long a `slow` answer takes.
        message: Text of the answer; None = the platform's usual one.
        method: HTTP method; None = every.
    """

    path: str = ""
    kind: Kind = "code"
    code: int = 50000
    times: int | None = 1
    skip: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    match: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    message: str | None = None
    method: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"Unknown kind of fault {self.kind!r}; known are {', '.join(KINDS)}.")

    def fits(self, method: str, path: str, parameters: Mapping[str, Any]) -> bool:
        """Whether a request is meant."""
        return (
            self.path in path
            and self.method in (None, method)
            and all(_text(parameters.get(k)) == _text(v) for k, v in self.match.items())
        )


def _text(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


@dataclass(slots=True)
class _Planned:
    fault: Fault
    skip: int
    left: int | None


class Faults:
    """The failures still to come, oldest first; the first that fits is used."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()
        self.used: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Plan a failure."""
        with self._lock:
            self._planned.append(_Planned(fault, fault.skip, fault.times))

    def clear(self) -> None:
        """Forget all planned failures and those used."""
        with self._lock:
            self._planned.clear()
            self.used.clear()

    def pending(self) -> list[dict[str, Any]]:
        """What is still planned, with the number of times left."""
        with self._lock:
            return [
                dataclasses.asdict(p.fault) | {"skip": p.skip, "times": p.left}
                for p in self._planned
            ]

    def take(
        self,
        method: str,
        path: str,
        parameters: Callable[[], Mapping[str, Any]],
        kinds: Collection[str] = BEFORE | AFTER,
    ) -> Fault | None:
        """The failure for this request, counted down; None when it shall succeed.

        Args:
            method: Its method.
            path: Its path.
            parameters: Tells its parameters; asked only while a failure is planned.
            kinds: Kinds of failures that are wanted.
        """
        if not self._planned:
            return None
        sent = parameters()
        with self._lock:
            for planned in self._planned:
                if planned.fault.kind not in kinds:
                    continue
                if not planned.fault.fits(method, path, sent):
                    continue
                if planned.skip > 0:
                    planned.skip -= 1
                    continue
                if planned.left is not None:
                    planned.left -= 1
                    if planned.left <= 0:
                        self._planned.remove(planned)
                self.used.append(planned.fault)
                return planned.fault
        return None
