"""When a signal may end a run."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

import pytest

from target_feishu_bitable.stopping import GRACE_SECONDS, Stop

if TYPE_CHECKING:
    from collections.abc import Callable


class Alarm:
    """Rings when a test says so."""

    def __init__(self) -> None:
        self.set: list[float] = []
        self.ring: Callable[[], None] = lambda: None

    def __call__(self, seconds: float, then: Callable[[], None]) -> None:
        self.set.append(seconds)
        self.ring = then

    def rings(self) -> None:
        self.ring()


@pytest.fixture
def alarm() -> Alarm:
    return Alarm()


@pytest.fixture
def stop(alarm: Alarm) -> Stop:
    return Stop(alarm)


def test_ends_at_once_while_nothing_is_written(stop: Stop, alarm: Alarm) -> None:
    with pytest.raises(SystemExit) as end:
        stop.asked(signal.SIGTERM)
    assert end.value.code == 143
    assert GRACE_SECONDS not in alarm.set


def test_a_signal_that_python_swallowed_ends_the_run_after_the_next_write(stop: Stop) -> None:
    with contextlib.suppress(SystemExit):  # as in a finalizer
        stop.asked(signal.SIGTERM)
    with pytest.raises(SystemExit) as end:
        written(stop)
    assert end.value.code == 143


def test_a_signal_after_the_work_is_done_disturbs_nothing(stop: Stop, alarm: Alarm) -> None:
    stop.no_more()
    stop.asked(signal.SIGTERM)
    assert alarm.set == []


def written(stop: Stop, *events: Callable[[], None]) -> None:
    """Something that is written while things happen."""
    with stop.held():
        for event in events:
            event()


def asked(stop: Stop, signum: int) -> Callable[[], None]:
    return lambda: stop.asked(signum)


def test_ends_after_what_is_held(stop: Stop, alarm: Alarm) -> None:
    done: list[str] = []
    inner = lambda: written(stop, asked(stop, signal.SIGINT))  # noqa: E731
    with pytest.raises(SystemExit) as end:
        written(stop, inner, lambda: done.append("the outer one"))
    assert end.value.code == 130
    assert done == ["the outer one"]
    assert alarm.set == [GRACE_SECONDS, 0]


def test_a_second_signal_ends_it_in_the_middle(stop: Stop) -> None:
    done: list[str] = []
    with pytest.raises(SystemExit) as end:
        written(
            stop,
            asked(stop, signal.SIGTERM),
            asked(stop, signal.SIGINT),
            lambda: done.append("went on"),
        )
    assert end.value.code == 130
    assert done == []


def test_the_end_of_the_grace_ends_it_in_the_middle(stop: Stop, alarm: Alarm) -> None:
    done: list[str] = []
    with pytest.raises(SystemExit) as end:
        written(
            stop,
            asked(stop, signal.SIGTERM),
            alarm.rings,
            lambda: done.append("went on"),
        )
    assert end.value.code == 143
    assert done == []


def refused() -> None:
    raise ValueError("refused")


def test_what_fails_meanwhile_is_told(stop: Stop) -> None:
    with pytest.raises(ValueError, match="refused"):
        written(stop, asked(stop, signal.SIGTERM), refused)


def test_nothing_ends_without_a_signal(stop: Stop, alarm: Alarm) -> None:
    written(stop)
    assert alarm.set == []


def soon() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    signal.pause()


def test_the_alarm_of_the_system_rings() -> None:
    before = signal.getsignal(signal.SIGALRM)
    stop = Stop()
    try:
        with pytest.raises(SystemExit) as end:
            written(stop, asked(stop, signal.SIGTERM), soon)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert end.value.code == 143
