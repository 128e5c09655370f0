"""What was wanted, beside what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from report import figure
from results import MELTANO_SHARE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from results import Result

HEADS: Final = ("goal", "load", "wanted", "measured", "held")
EXTRA_CALLS: Final = 6
WALL_RATIO: Final = 1.3
START_SECONDS: Final = 1.0
TAP_ROWS: Final = 15_000
TARGET_ROWS: Final = 10_000
TAP_MIB: Final = 150
TARGET_MIB: Final = 200
CPU_SECONDS: Final = 1.0
_TEN_THOUSAND: Final = 10_000
_OURS: Final = ("tap", "target", "meltano run")
_STARTS: Final = ("start of ", "empty run")
"""Loads with nothing to do: what they take, every run takes."""

Line = tuple[str, str, str, str, str]


def goals(results: Sequence[Result]) -> Iterator[Line]:
    """One line for each goal and load that it speaks of."""
    ours = [one for one in results if one.approach in _OURS and one.minimum_calls]
    starts = {one.approach: one for one in results if one.load.startswith(_STARTS)}
    share = next((one.wall_s for one in results if one.load == MELTANO_SHARE), 0.0)
    apart = {"tap": START_SECONDS, "meltano run": share}
    yield from _calls(ours)
    yield from _walls(ours, starts, apart)
    yield from _speed(ours, starts)
    yield from _processor(ours, starts)
    yield from _memory(ours)


def _line(goal: str, one: Result, wanted: str, measured: str, *, held: bool) -> Line:
    return goal, f"{one.approach}: {one.load}", wanted, measured, "yes" if held else "**no**"


def _calls(ours: Sequence[Result]) -> Iterator[Line]:
    for approach in _OURS:
        of_one = [one for one in ours if one.approach == approach]
        if of_one:
            worst = max(of_one, key=lambda one: one.calls - one.minimum_calls)
            extra = worst.calls - worst.minimum_calls
            wanted = f"at least + {EXTRA_CALLS}"
            held = extra <= EXTRA_CALLS
            yield _line("calls, worst load", worst, wanted, f"at least + {extra}", held=held)


def _walls(
    ours: Sequence[Result], starts: Mapping[str, Result], apart: Mapping[str, float]
) -> Iterator[Line]:
    for one in ours:
        if not one.minimum_s or one.computed:
            continue
        extra = apart.get(one.approach, 0.0)
        allowed = WALL_RATIO * one.minimum_s + extra
        added = f" + {extra:.2f} s" if extra else ""
        wanted = f"{WALL_RATIO} x bound{added} = {allowed:.2f} s"
        held = one.wall_s <= allowed
        pacing = "" if one.pacing == "off" else f", {one.pacing} requests/s"
        goal = f"wall at {one.latency_ms} ms{pacing}"
        measured = f"{one.wall_s:.2f} s"
        if (start := starts.get(one.approach)) and start.wall_s < one.wall_s:
            measured += f"; {one.wall_s - start.wall_s:.2f} s without the start"
        yield _line(goal, one, wanted, measured, held=held)


def _speed(ours: Sequence[Result], starts: Mapping[str, Result]) -> Iterator[Line]:
    for one in ours:
        wanted = {"tap": TAP_ROWS, "target": TARGET_ROWS}.get(one.approach)
        if wanted and one.latency_ms == 0 and one.rows >= _TEN_THOUSAND:
            measured = f"{one.rows_per_s:,.0f} rows/s"
            start = starts.get(one.approach)
            if start and start.wall_s < one.wall_s:
                measured += f"; {one.rows / (one.wall_s - start.wall_s):,.0f} without the start"
            held = one.rows_per_s >= wanted
            yield _line("speed at 0 ms", one, f"{wanted:,} rows/s", measured, held=held)


def _processor(ours: Sequence[Result], starts: Mapping[str, Result]) -> Iterator[Line]:
    start = starts.get("target")
    for one in ours:
        if one.approach != "target" or one.latency_ms or one.rows < _TEN_THOUSAND:
            continue
        if start is None or start.cpu_s is None or one.cpu_s is None:
            continue
        each = (one.cpu_s - start.cpu_s) * _TEN_THOUSAND / one.rows
        goal = f"processor per {_TEN_THOUSAND:,} rows, without the start"
        held = each <= CPU_SECONDS
        yield _line(goal, one, f"{CPU_SECONDS:.0f} s", f"{each:.2f} s", held=held)


def _memory(ours: Sequence[Result]) -> Iterator[Line]:
    for approach, wanted in (("tap", TAP_MIB), ("target", TARGET_MIB)):
        of_one = [one for one in ours if one.approach == approach and one.peak_rss_mb]
        if of_one:
            worst = max(of_one, key=lambda one: one.peak_rss_mb or 0.0)
            measured = f"{figure(worst.peak_rss_mb, 0)} MiB"
            held = (worst.peak_rss_mb or 0.0) <= wanted
            yield _line("memory, worst load", worst, f"{wanted} MiB", measured, held=held)
