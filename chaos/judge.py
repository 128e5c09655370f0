"""Holds what was before runs against what is after them, stream by stream, with what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracle

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline import Run
    from sight import Snapshot


class Judge:
    """Asks the oracle about every stream.

    Args:
        streams: What is read.
        first: The configured start date.
    """

    def __init__(self, streams: Sequence[str], first: dt.date) -> None:
        self._first = first
        self._memories = {stream: oracle.Memory() for stream in streams}

    def clock_moved(self, before: Snapshot, after: Snapshot) -> None:
        """The source may have brought rows of days that were bookmarked."""
        for stream, memory in self._memories.items():
            memory.missed |= after.sheets[stream].truth.keys() - before.sheets[stream].truth.keys()

    def people_acted(self, before: Snapshot, after: Snapshot) -> None:
        """People may have deleted rows, or made them their own."""
        for stream, memory in self._memories.items():
            old, new = (oracle.keys_of(one.sheets[stream]).keys() for one in (before, after))
            memory.deleted |= old - new

    def problems(
        self,
        runs: Sequence[Run],
        sights: Sequence[Snapshot],
        bookmarks: Mapping[str, Mapping[str, dt.date]],
        *,
        must: bool,
    ) -> Iterator[str]:
        """What does not hold.

        Args:
            runs: What ran; they worked from the first sight to the second, and so on.
            sights: What was to be seen, in between of it what people found and left.
            bookmarks: What the next daily run starts from.
            must: Nothing disturbed the runs, so they had to bring everything.
        """
        for stream in self._memories:
            found = self._of_stream(stream, runs, sights, bookmarks.get(stream, {}), must=must)
            yield from (f"{stream}: {problem}" for problem in found)
        for run in runs:
            yield from oracle.ended_well(run)
            if must and not run.is_done:
                yield f"{run.job.name} failed without a fault or a signal."

    def _of_stream(
        self,
        stream: str,
        runs: Sequence[Run],
        sights: Sequence[Snapshot],
        bookmarks: Mapping[str, dt.date],
        *,
        must: bool,
    ) -> Iterator[str]:
        sheets, memory = [one.sheets[stream] for one in sights], self._memories[stream]
        after, is_born = sheets[-1], not sheets[0].columns
        excused = oracle.learn(after, sights[-1].used, runs, memory)
        for old, new in zip(sheets[::2], sheets[1::2], strict=True):
            yield from oracle.untouched(old, new, runs, is_born=is_born)
            yield from oracle.single(old, new, runs, is_born=is_born)
        for old, new in zip(sheets[1:-1:2], sheets[2::2], strict=True):
            excused |= oracle.changed_keys(old, new)
        for run in runs:
            yield from oracle.honest(run, after, set() if must else excused)
        if after.shape.moment is not None:
            yield from oracle.bookmarked(bookmarks, self._first, after, memory)
