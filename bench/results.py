"""What one load cost, beside what the limits of the platforms allow at best."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table.

    Attributes:
        load: What had to be done.
        approach: Who did it.
        calls: Requests to the platform, of them `write_calls` that change a table.
        minimum_calls: Fewest requests that carry the rows: full pages and full writes only.
        rows: Rows read (tap) or given (target).
        wall_s: Seconds from the start of the program to its end.
        minimum_s: Shortest time that the latency, the parallel requests and the pacing allow.
        cpu_s: Seconds of processor that the plugin used.
        peak_rss_mb: Most memory that it held, in MiB.
        latency_ms: Time every answer took.
        pacing: Requests per second that the settings allow, or "off".
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
    note: str = ""

    @property
    def rows_per_s(self) -> float:
        """Rows in a second, the program's start included."""
        return self.rows / self.wall_s if self.wall_s else 0.0

    @property
    def ratio(self) -> float | None:
        """Wall in multiples of the minimum; None without latency, where the minimum is zero."""
        return self.wall_s / self.minimum_s if self.minimum_s else None

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
