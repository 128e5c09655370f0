"""Jobs in parallel: order of outcomes, bounded read-ahead, errors that stay with their job."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_oceanengine_local.parallel import Outcome, run, together


def adding(*numbers):
    """A job of two rounds: the numbers at once, then their sum once more."""
    first = yield [lambda number=number: number for number in numbers]
    second = yield [lambda: sum(first)]
    return second[0]


def ask(jobs, **options):
    return list(run(jobs, **{"parallel": 3, "weigh": lambda _: 1, **options}))


@given(st.lists(st.lists(st.integers(), min_size=1, max_size=5), max_size=30), st.integers(1, 8))
def test_outcomes_come_in_the_order_of_the_jobs(jobs, parallel):
    outcomes = ask((adding(*numbers) for numbers in jobs), parallel=parallel)
    assert outcomes == [Outcome(result=sum(numbers)) for numbers in jobs]


def test_a_slow_first_job_does_not_change_the_order():
    release = threading.Event()

    def slow():
        return (yield [lambda: release.wait(10)])

    def fast(number):
        result = yield [lambda: number]
        if number == 3:
            release.set()
        return result[0]

    assert ask(iter([slow(), *map(fast, range(4))])) == [
        Outcome(result=[True]),
        *(Outcome(result=number) for number in range(4)),
    ]


def test_an_error_ends_its_job_only():
    def failing():
        yield [lambda: 1, partial(int, "x"), lambda: 2]

    outcomes = ask([adding(1), failing(), adding(2)])
    assert [outcome.result for outcome in outcomes] == [1, None, 2]
    assert isinstance(outcomes[1].error, ValueError)


def test_a_job_may_catch_an_error_and_go_on():
    def patient():
        try:
            yield [partial(int, "x"), lambda: 1]
        except ValueError:
            return (yield [lambda: 7])[0]

    assert ask([patient(), adding(1)]) == [Outcome(result=7), Outcome(result=1)]


def test_a_job_without_calls_is_an_outcome_too():
    def idle():
        return "nothing to do"
        yield

    def hesitant():
        nothing = yield []
        return nothing

    assert ask([idle(), hesitant()]) == [Outcome(result="nothing to do"), Outcome(result=[])]


def test_never_more_calls_at_once_than_allowed():
    lock = threading.Lock()
    under_way, most = 0, 0

    def call():
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        barrier.wait(10)
        with lock:
            under_way -= 1
        return 1

    barrier = threading.Barrier(3)

    def job():
        return (yield [call] * 6)

    ask([job(), job()], parallel=3)
    assert most == 3


def test_read_ahead_is_bounded_by_rows_and_by_jobs():
    started = []

    def job(number):
        started.append(number)
        return (yield [lambda: number])

    outcomes = run(map(job, range(1000)), parallel=2, weigh=lambda _: 10, ahead=40)
    assert next(outcomes).result == [0]
    assert len(started) <= 10
    outcomes.close()

    started.clear()
    outcomes = run(map(job, range(1000)), parallel=2, weigh=lambda _: 0)
    assert next(outcomes).result == [0]
    assert len(started) <= 2 * 8 + 1
    outcomes.close()


def test_the_earliest_job_is_served_first():
    order = []

    def job(name, calls):
        return (yield [partial(order.append, name) for _ in range(calls)])

    ask([job("a", 5), job("b", 5)], parallel=1)
    assert order == ["a"] * 5 + ["b"] * 5


def test_together_does_several_jobs_in_the_same_rounds():
    rounds = []

    def job(numbers):
        first = yield [partial(int, number) for number in numbers]
        rounds.append(first)
        return sum(first)

    assert ask([together([job("12"), job("3"), adding(4, 5)])]) == [Outcome(result=[3, 3, 9])]
    assert ask([together([])]) == [Outcome(result=[])]


def test_together_ends_with_the_first_error():
    def failing():
        yield [partial(int, "x")]

    (outcome,) = ask([together([adding(1), failing()])])
    with pytest.raises(ValueError, match="invalid literal"):
        raise outcome.error
