"""Cost and conversions per day as the geometry of an SVG chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

WIDTH: Final = 1160
HEIGHT: Final = 250
LEFT, RIGHT, TOP, BOTTOM = 64, 44, 16, 30
_STEPS: Final = (1, 2, 2.5, 5, 10)
_TICKS: Final = 4
_MOST_LABELS: Final = 16


@dataclass(frozen=True, slots=True)
class Day:
    """What a day's rows add up to."""

    day: date
    cost: float
    conversions: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A day in the chart: its bar, its point of the line, its label."""

    x: float
    y: float
    width: float
    height: float
    point_x: float
    point_y: float
    label: str
    tip: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across, with its labels on both sides."""

    y: float
    cost: str
    conversions: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything the template draws."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    line: str
    area: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM


def nice_top(value: float, ticks: int = _TICKS) -> float:
    """The smallest round number of `ticks` equal steps that holds a value."""
    if value <= 0:
        return float(ticks)
    raw = value / ticks
    power = 1.0
    while raw >= power * 10:
        power *= 10
    while raw < power:
        power /= 10
    return ticks * power * next(step for step in _STEPS if step * power >= raw)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def draw(days: Sequence[Day]) -> Chart | None:
    """The chart of some days, None without any."""
    if not days:
        return None
    top_cost = nice_top(max(day.cost for day in days))
    top_count = max(nice_top(max(day.conversions for day in days)), float(_TICKS))
    span, depth = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    base = HEIGHT - BOTTOM
    slot = span / len(days)
    every = -(-len(days) // _MOST_LABELS)
    bars = []
    for index, day in enumerate(days):
        height = depth * day.cost / top_cost
        width = min(slot * 0.62, 44.0)
        middle = LEFT + slot * (index + 0.5)
        bars.append(
            Bar(
                x=round(middle - width / 2, 1),
                y=round(base - height, 1),
                width=round(width, 1),
                height=round(height, 1),
                point_x=round(middle, 1),
                point_y=round(base - depth * day.conversions / top_count, 1),
                label=f"{day.day:%m-%d}" if (len(days) - 1 - index) % every == 0 else "",
                tip=f"{day.day}  消耗 {day.cost:,.2f} 元，转化 {_number(day.conversions)}",
            )
        )
    line = " ".join(f"{bar.point_x},{bar.point_y}" for bar in bars)
    ticks = tuple(
        Tick(
            y=round(base - depth * step / _TICKS, 1),
            cost=_number(top_cost * step / _TICKS),
            conversions=_number(top_count * step / _TICKS),
        )
        for step in range(_TICKS + 1)
    )
    area = f"{bars[0].point_x},{base} {line} {bars[-1].point_x},{base}"
    return Chart(bars=tuple(bars), ticks=ticks, line=line, area=area)
