"""What one load cost, beside what the limits of the platforms allow at best."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from measure import Usage

COMPUTED: Final = " (computed)"
"""Ends the approach of a line whose wall is calls x latency, because nobody waited for it."""
MELTANO_SHARE: Final = "Meltano's own share"
"""Load of the line that says what Meltano itself takes of a run."""
ROUNDS: Final = 3
REPEATING_SECONDS: Final = 400
_BEGIN: Final = time.monotonic()


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table.

    Attributes:
        load: What had to be done.
        approach: Who did it.
        calls: Requests to the platform, of them `write_calls` that change a table.
        minimum_calls: Fewest requests that the platforms' limits allow for the job.
        rows: Rows read (tap) or given (target).
        wall_s: Seconds from the start of the program to its end.
        minimum_s: Shortest time that the latency, the parallel requests and the pacing allow.
        cpu_s: Seconds of processor that the program used.
        peak_rss_mb: Most memory that it held, in MiB.
        latency_ms: Time every answer took.
        pacing: Requests per second that the settings allow, or "off".
        runs: Walls of all runs of which this one is the median; empty for a single run.
        note: Anything else.
    """

    load: str
    approach: str
    calls: int
    write_calls: int
    minimum_calls: int
    rows: int
    wall_s: float
    minimum_s: float
    cpu_s: float | None
    peak_rss_mb: float | None
    latency_ms: int
    pacing: str
    runs: str = ""
    note: str = ""

    @property
    def rows_per_s(self) -> float:
        """Rows in a second, the program's start included."""
        return self.rows / self.wall_s if self.wall_s else 0.0

    @property
    def ratio(self) -> float | None:
        """Wall in multiples of the minimum; None without latency, where the minimum is zero."""
        return self.wall_s / self.minimum_s if self.minimum_s else None

    @property
    def computed(self) -> bool:
        """Whether the wall was not waited for."""
        return self.approach.endswith(COMPUTED)

    def at(self, latency_ms: int, minimum_s: float) -> Result:
        """The same calls, one after the other, with another latency; the wall is computed."""
        return replace(
            self,
            approach=self.approach + COMPUTED,
            wall_s=self.calls * latency_ms / 1000,
            minimum_s=minimum_s,
            cpu_s=None,
            peak_rss_mb=None,
            latency_ms=latency_ms,
            runs="",
            note="calls x latency",
        )

    def as_dict(self) -> dict[str, Any]:
        """For results.json."""
        ratio = self.ratio
        return asdict(self) | {
            "wall_s": round(self.wall_s, 3),
            "minimum_s": round(self.minimum_s, 3),
            "cpu_s": None if self.cpu_s is None else round(self.cpu_s, 3),
            "peak_rss_mb": None if self.peak_rss_mb is None else round(self.peak_rss_mb, 1),
            "rows_per_s": round(self.rows_per_s),
            "ratio": None if ratio is None else round(ratio, 3),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Result:
        """A line of results.json."""
        return cls(**{one.name: values[one.name] for one in fields(cls)})


def nothing(load: str, approach: str, usage: Usage, calls: int = 0) -> Result:
    """A line about something that had no rows to carry."""
    return Result(
        load=load,
        approach=approach,
        calls=calls,
        write_calls=0,
        minimum_calls=0,
        rows=0,
        wall_s=usage.wall_s,
        minimum_s=0.0,
        cpu_s=usage.cpu_s,
        peak_rss_mb=usage.peak_rss_mb,
        latency_ms=0,
        pacing="off",
    )


def counted(by_end: Mapping[str, int]) -> str:
    """Calls by the end of their path, the most frequent first."""
    kinds = sorted(by_end.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{count} {end}" for end, count in kinds)


def interleaved(cases: Sequence[Callable[[int], Result]]) -> Iterator[Result]:
    """Run all cases once, then all of them again; yields of each case the run in the middle.

    Late in the run nothing is repeated, so that a slow machine gets done too.

    Args:
        cases: Called with the number of the round.
    """
    runs: list[list[Result]] = [[] for _ in cases]
    for number in range(ROUNDS):
        if number == 1 and time.monotonic() - _BEGIN > REPEATING_SECONDS:
            break
        for place, case in enumerate(cases):
            runs[place].append(case(number))
    yield from map(_middle, runs)


def _middle(runs: list[Result]) -> Result:
    if len(runs) == 1:
        return runs[0]
    median = statistics.median_low(one.wall_s for one in runs)
    middle = next(one for one in runs if one.wall_s == median)
    walls = "/".join(f"{one.wall_s:.2f}" for one in runs)
    calls = {one.calls for one in runs}
    differs = f"; calls differed: {sorted(calls)}" if len(calls) > 1 else ""
    return replace(middle, runs=walls, note=middle.note + differs)
