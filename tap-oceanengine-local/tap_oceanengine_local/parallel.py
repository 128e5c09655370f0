"""Jobs that ask in parallel and answer in order, with bounded read-ahead.

A job is a generator: it yields lists of calls that may run at the same time, gets their results
back, and returns its own result. It reads as if it ran alone; `run` interleaves the calls of
several jobs, the earliest job first, and yields the jobs' outcomes in the order they were given.
One thread drives all jobs, so that jobs need no locks; only the calls run in worker threads.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from concurrent.futures import Future

C = TypeVar("C")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """What became of a job: its result, or the error that it ended with."""

    result: R | None = None
    error: Exception | None = None


class _Running(Generic[C, R]):
    """A job under way: calls not yet sent, results come in, room that they take."""

    def __init__(self, job: Generator[Sequence[Callable[[], C]], list[C], R]) -> None:
        self.job = job
        self.unsent: deque[tuple[int, Callable[[], C]]] = deque()
        self.results: dict[int, C] = {}
        self.awaited = 0
        self.batch = 0
        self.weight = 0
        self.outcome: Outcome[R] | None = None
        self._advance(lambda: next(job))

    def take(self, sent: _Sent[C, R], future: Future[C], weigh: Callable[[C], int]) -> None:
        """Accept the result of one call; go on when it was the last one awaited."""
        if self.outcome is not None or sent.batch != self.batch:
            return  # a sister call failed meanwhile and the job went on without this one
        error = future.exception()
        if error is not None:
            if not isinstance(error, Exception):
                raise error
            self._advance(lambda: self.job.throw(error))
            return
        self.results[sent.place] = future.result()
        self.weight += weigh(self.results[sent.place])
        if len(self.results) == self.awaited:
            results = [self.results[place] for place in range(self.awaited)]
            self._advance(lambda: self.job.send(results))

    def _advance(self, step: Callable[[], Sequence[Callable[[], C]]]) -> None:
        self.unsent.clear()
        self.results = {}
        self.batch += 1
        try:
            calls = step()
            while not calls:
                calls = self.job.send([])
        except StopIteration as stop:
            self.outcome = Outcome(result=stop.value)
        except Exception as error:  # noqa: BLE001  handed to the consumer with its job
            self.outcome = Outcome(error=error)
        else:
            self.awaited = len(calls)
            self.unsent.extend(enumerate(calls))


def together(
    jobs: Sequence[Generator[Sequence[Callable[[], C]], list[C], R]],
) -> Generator[Sequence[Callable[[], C]], list[C], list[R]]:
    """Return one job that does several at the same time; the first error ends them all."""
    results: dict[int, R] = {}
    answers: dict[int, list[C] | None] = dict.fromkeys(range(len(jobs)))
    while answers:
        asked: dict[int, Sequence[Callable[[], C]]] = {}
        for index, answer in answers.items():
            try:
                asked[index] = next(jobs[index]) if answer is None else jobs[index].send(answer)
            except StopIteration as stop:
                results[index] = stop.value
        came = iter((yield [call for calls in asked.values() for call in calls]))
        answers = {index: list(islice(came, len(calls))) for index, calls in asked.items()}
    return [results[index] for index in range(len(jobs))]


@dataclass(frozen=True, slots=True)
class _Sent(Generic[C, R]):
    running: _Running[C, R]
    batch: int
    place: int


def run(
    jobs: Iterable[Generator[Sequence[Callable[[], C]], list[C], R]],
    *,
    parallel: int,
    weigh: Callable[[C], int],
    ahead: int = 20_000,
) -> Iterator[Outcome[R]]:
    """Run jobs and yield their outcomes in the order of the jobs.

    Args:
        jobs: Taken lazily, at most a few more than can be under way.
        parallel: Calls under way at once.
        weigh: Room that the result of a call takes, in rows.
        ahead: Rows that may wait behind the job whose turn it is.
    """
    pool = ThreadPoolExecutor(parallel, thread_name_prefix="request")
    try:
        yield from _drive(iter(jobs), pool, parallel, weigh, ahead)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _drive(
    jobs: Iterator[Generator[Sequence[Callable[[], C]], list[C], R]],
    pool: ThreadPoolExecutor,
    parallel: int,
    weigh: Callable[[C], int],
    ahead: int,
) -> Iterator[Outcome[R]]:
    queue: deque[_Running[C, R]] = deque()
    sent: dict[Future[C], _Sent[C, R]] = {}
    while True:
        # One spare call for each worker keeps the workers busy while the consumer works.
        for _ in range(2 * parallel - len(sent)):
            running = _next_to_send(queue, jobs, 8 * parallel, ahead)
            if running is None:
                break
            place, call = running.unsent.popleft()
            sent[pool.submit(call)] = _Sent(running, running.batch, place)
        if not queue:
            return
        outcome = queue[0].outcome
        if outcome is not None:
            queue.popleft()
            yield outcome
            continue
        done, _ = wait(sent, return_when=FIRST_COMPLETED)
        for future in done:
            one = sent.pop(future)
            one.running.take(one, future, weigh)


def _next_to_send(
    queue: deque[_Running[C, R]],
    jobs: Iterator[Generator[Sequence[Callable[[], C]], list[C], R]],
    longest: int,
    ahead: int,
) -> _Running[C, R] | None:
    """Return the earliest job with a call to send, starting new jobs while there is room."""
    waiting = 0
    for index, running in enumerate(queue):
        waiting += running.weight if index else 0
        if running.unsent and (index == 0 or waiting < ahead):
            return running
    while waiting < ahead and len(queue) < longest:
        job = next(jobs, None)
        if job is None:
            return None
        queue.append(_Running(job))
        if queue[-1].unsent:
            return queue[-1]
    return None
