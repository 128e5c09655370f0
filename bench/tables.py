"""The measured lines picked and put side by side: what each table of the page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from report import figure, table
from results import COMPUTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from results import Result

DEFAULT_PACING: Final = 10
"""Requests per second that the tap sends at most, unless it is told otherwise."""
_MANY_ACCOUNTS: Final = "1,000 accounts"
_CHANGED: Final = " changed of "
_WAYS: Final = (
    "load", "way", "calls", "writes", "at least", "ratio", "calls / ours", "wall s at 0 ms",
    "wall s at 100 ms", "with own time s", "of ours", "CPU s", "MiB",
)  # fmt: skip


def ceiling(results: Sequence[Result]) -> str:
    """How much the sandbox can answer."""
    heads = ("bare HTTP client, one connection", "requests/s", "rows/s")
    lines = [
        (one.load, figure(one.calls / one.wall_s, 0), figure(one.rows_per_s, 0))
        for one in results
        if one.approach == "sandbox"
    ]
    return table(heads, lines)


def ways(results: Sequence[Result]) -> str:
    """Our way first, then the others; calls as counted, wall at 100 ms measured or computed."""
    plain = [one for one in results if one.pacing == "off"]
    slow = {(one.load, one.approach.removesuffix(COMPUTED)): one for one in plain if one.latency_ms}
    compared = list(dict.fromkeys(one.load for one in plain if one.computed))
    lines = []
    for load in compared:
        fast = [one for one in plain if one.load == load and not one.latency_ms]
        lines += [_way(one, slow[load, one.approach], fast[0], slow) for one in fast]
    return table(_WAYS, lines, texts=2)


def _way(
    one: Result, slow: Result, ours: Result, others: dict[tuple[str, str], Result]
) -> tuple[str, ...]:
    whole = slow.wall_s + (one.wall_s if slow.computed else 0.0)
    computed = " computed" if slow.computed else ""
    return (
        one.load,
        one.approach,
        f"{one.calls:,}",
        f"{one.write_calls:,}",
        f"{one.minimum_calls:,}",
        figure(one.calls / one.minimum_calls),
        figure(one.calls / ours.calls, 1),
        figure(one.wall_s),
        figure(slow.wall_s) + computed,
        figure(whole) + computed,
        figure(whole / others[ours.load, ours.approach].wall_s, 1),
        figure(one.cpu_s),
        figure(one.peak_rss_mb, 0),
    )


def meltano(results: Sequence[Result]) -> str:
    """The empty run, with and without Meltano, and the starts of the two programs."""
    heads = ("nothing to do", "by", "wall s", "CPU s", "all runs s")
    lines = [
        (one.load, one.approach, figure(one.wall_s), figure(one.cpu_s), one.runs or "–")
        for one in results
        if not one.rows
    ]
    return table(heads, lines, texts=2)


def growth(results: Sequence[Result]) -> str:
    """The same number of changed rows in tables of several sizes."""
    heads = ("load", "calls", "wall s", "ms per synced row", "CPU ms per synced row", "MiB")
    lines = [
        (
            one.load,
            f"{one.calls:,}",
            figure(one.wall_s),
            figure(one.wall_s * 1000 / one.rows),
            figure((one.cpu_s or 0.0) * 1000 / one.rows),
            figure(one.peak_rss_mb, 0),
        )
        for one in results
        if _CHANGED in one.load and not one.latency_ms
    ]
    return table(heads, lines)


def many_accounts(results: Sequence[Result]) -> str:
    """A thousand accounts on one machine, beside the two lower bounds."""
    heads = (
        "load", "calls", "rows", "wall s, pacing off", "bound of the latency s", "ratio",
        "bound of the default pacing s", "CPU s", "MiB",
    )  # fmt: skip
    lines = [
        (
            one.load,
            f"{one.calls:,}",
            f"{one.rows:,}",
            figure(one.wall_s),
            figure(one.minimum_s),
            figure(one.ratio),
            figure(one.calls / DEFAULT_PACING) + " computed",
            figure(one.cpu_s),
            figure(one.peak_rss_mb, 0),
        )
        for one in results
        if one.load.startswith(_MANY_ACCOUNTS)
    ]
    return table(heads, lines)
