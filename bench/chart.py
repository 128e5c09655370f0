"""A line chart on two logarithmic axes, as SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 30, 50, 60
_MARK = 4


@dataclass(frozen=True, slots=True)
class Line:
    """Points of one line, and how it is drawn.

    Attributes:
        name: For the legend.
        points: (x, y), both above zero.
        colour: A colour of CSS.
        dashed: For what was calculated, not measured.
    """

    name: str
    points: Sequence[tuple[float, float]]
    colour: str
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """A logarithmic axis from `low` to `high`, mapped to pixels."""

    title: str
    ticks: Sequence[float]
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        low, high = math.log(self.ticks[0]), math.log(self.ticks[-1])
        return self.start + (math.log(value) - low) / (high - low) * (self.end - self.start)


def draw(
    title: str,
    x: tuple[str, Sequence[float]],
    y: tuple[str, Sequence[float]],
    lines: Sequence[Line],
) -> str:
    """Return the chart; each axis is (title, ticks), and its ticks bound it."""
    across = Axis(*x, _LEFT, _WIDTH - _RIGHT)
    up = Axis(*y, _HEIGHT - _BOTTOM, _TOP)
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box}>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _text(_WIDTH / 2, 24, title, size=16),
        *_grid(across, up),
    ]
    for place, line in enumerate(lines):
        parts += _line(line, across, up)
        parts += _legend(line, place)
    return "\n".join([*parts, "</svg>", ""])


def _grid(across: Axis, up: Axis) -> list[str]:
    parts = []
    for tick in across.ticks:
        place = across.at(tick)
        parts.append(_stroke(place, up.start, place, up.end, "#ddd"))
        parts.append(_text(place, up.start + 20, f"{tick:,g}"))
    for tick in up.ticks:
        place = up.at(tick)
        parts.append(_stroke(across.start, place, across.end, place, "#ddd"))
        parts.append(_text(across.start - 8, place + 4, f"{tick:,g}", anchor="end"))
    middle = (across.start + across.end) / 2
    parts.append(_text(middle, _HEIGHT - 14, across.title))
    parts.append(_text(across.start - 8, up.end - 10, up.title, anchor="end"))
    return parts


def _line(line: Line, across: Axis, up: Axis) -> list[str]:
    points = [(across.at(x), up.at(y)) for x, y in line.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashes = ' stroke-dasharray="6 4"' if line.dashed else ""
    drawn = f'<polyline points="{path}" fill="none" stroke="{line.colour}" stroke-width="2"'
    marks = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_MARK}" fill="{line.colour}"/>' for x, y in points
    ]
    return [f"{drawn}{dashes}/>", *([] if line.dashed else marks)]


def _legend(line: Line, place: int) -> list[str]:
    height = _TOP + 18 + 20 * place
    left = _LEFT + 18
    return [
        _stroke(left, height, left + 30, height, line.colour, dashed=line.dashed),
        _text(left + 38, height + 4, line.name, anchor="start"),
    ]


def _stroke(
    x1: float, y1: float, x2: float, y2: float, colour: str, *, dashed: bool = False
) -> str:
    dashes = ' stroke-dasharray="6 4"' if dashed else ""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    width = 1 if colour == "#ddd" else 2
    return f'<line {ends} stroke="{colour}" stroke-width="{width}"{dashes}/>'


def _text(x: float, y: float, text: str, *, anchor: str = "middle", size: int = 13) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
    return f"<text {place}>{escape(text)}</text>"
