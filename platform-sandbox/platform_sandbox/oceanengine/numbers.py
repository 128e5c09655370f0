"""The numbers of one unit on one day, as the platform knows them at a moment. Pure, and fast.

How they change while the clock moves (facts: conversions are written back to the day of the
charge for up to 30 days; `*_7d` grows for 7; cost and event-time counts settle once, the day after
the day is over):

    age 0    the open day: grows with the minutes
    age 1    the last closed day: cost, shows and counts are still a little low
    age 2…   settled; late conversions of `attr` arrive until age 30, `seven` grows until age 7
"""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from platform_sandbox.oceanengine.inventory import Unit

_DIGEST: Final = Struct("<8I")
_DAY: Final = Struct("<I")
_FULL: Final = 1 << 32
_MINUTES: Final = 1440
_BUSIEST: Final = 4
"""Weekday of the big account's busiest day, Thursday, as `ordinal % 7`."""
_IDLE_FROM: Final = 94
_SPECIAL_UNTIL: Final = 8
WRITE_BACK_DAYS: Final = 30
SEVEN: Final = 7


class Numbers(NamedTuple):
    """What metrics are computed from; sums of them are numbers of a group.

    Attributes:
        cost: In fen.
        convert: Conversions by the time of the event.
        attr: Conversions by the time of the charge.
        seven: Deals within seven days.
        lead: Group-buying leads by event time.
        attr_lead: The same by charge time.
        bits: 64 random bits for everything smaller.
    """

    cost: int
    show: int
    click: int
    convert: int
    attr: int
    seven: int
    lead: int
    attr_lead: int
    bits: int


class Moment(NamedTuple):
    """The moment of asking: day as an ordinal, and minutes of that day."""

    day: int
    minute: int


def numbers_of(unit: Unit, ordinal: int, moment: Moment) -> Numbers | None:
    """The unit's numbers of a day, None when the platform has no row for it (yet)."""
    age = moment.day - ordinal
    if age < 0 or ordinal not in unit.ordinals or (unit.weekly and ordinal % 7 != _BUSIEST):
        return None
    a, b, c, d, e, f, g, h = _DIGEST.unpack(
        blake2b(_DAY.pack(ordinal), digest_size=32, key=unit.key).digest()
    )
    kind = a % 100
    if kind >= _IDLE_FROM and not unit.steady:
        return None
    bits = e | f << 32
    if kind >= _SPECIAL_UNTIL:
        return _delivered(unit, age, moment, (b, c, d, g, h), bits)
    return _special(kind, age, moment, bits)


def _special(kind: int, age: int, moment: Moment, bits: int) -> Numbers | None:
    """Of 100 rows 4 are all zero, 2 have nothing but one lead, 2 first appear days later."""
    if kind >= 6:  # noqa: PLR2004  see above
        return Numbers(0, 0, 0, 0, 1, 0, 0, 1, bits) if age >= 2 + bits % 6 else None
    if age == 0 and moment.minute < _MINUTES // 10:
        return None
    lead = int(kind >= 4)  # noqa: PLR2004  see above
    return Numbers(0, 0, 0, lead, lead, 0, lead, lead, bits)


def _delivered(
    unit: Unit, age: int, moment: Moment, draws: tuple[int, int, int, int, int], bits: int
) -> Numbers | None:
    b, c, d, g, h = draws
    budget = unit.budget * 100
    cost = budget if b % 100 < 20 else budget * (5 + 95 * (b >> 8) // (_FULL >> 8)) // 100  # noqa: PLR2004  a fifth uses up its budget
    if cost != budget:
        cost += c % 100
    show = min(15_000, cost * (600 + c % 400) // 10_000)
    click = min(70, show * (15 + (c >> 12) % 45) // 10_000)
    convert = min(7, click * ((d >> 16) % 300) // 1000)
    lead = min(2, convert * (d % 700) // 1000)
    late = _arrived(age, bits) if click else 0
    seven = (convert // 2 + bits % 3) * min(max(age, 0), SEVEN) // SEVEN if click else 0
    if age == 0:
        part = moment.minute
        cost, show, click = (value * part // _MINUTES for value in (cost, show, click))
        convert, lead = convert * part // _MINUTES, lead * part // _MINUTES
        if show == 0:
            return None
    elif age == 1:
        part = 10_000 - (g % 150 if g % 10 > 2 else 0)  # noqa: PLR2004  three in ten are final
        cost, show, click = (value * part // 10_000 for value in (cost, show, click))
        convert -= 1 if convert and h % 4 == 0 else 0
        lead = min(lead, convert)
    attr_lead = min(2, lead + (1 if late and h % 3 == 0 else 0))
    return Numbers(cost, show, click, convert, convert + late, seven, lead, attr_lead, bits)


def _arrived(age: int, bits: int) -> int:
    """Late conversions of a day that have been written back by now: most within days."""
    draw = bits % 100
    count = 0 if draw < 50 else 1 if draw < 80 else 2 if draw < 94 else 3  # noqa: PLR2004  odds
    arrived = 0
    for which in range(count):
        part = bits >> (8 + 16 * which) & 0xFFFF
        arrived += age >= 2 + (WRITE_BACK_DAYS - 2) * part * part // (0xFFFF * 0xFFFF)
    return arrived


def share_of(numbers: Numbers, first: bool) -> Numbers:
    """One of two materials' part of a unit's numbers; the parts add up."""
    parts = [value * 6 // 10 for value in numbers[:-1]]
    if not first:
        parts = [whole - part for whole, part in zip(numbers, parts, strict=False)]
    return Numbers._make((*parts, numbers.bits))


_PROFILE: Final = (
    8, 5, 3, 2, 2, 3, 8, 20, 35, 45, 55, 70, 80, 65, 55, 50, 55, 65, 80, 90, 85, 65, 35, 19,
)  # fmt: skip
_CUMULATED: Final = tuple(sum(_PROFILE[:hour]) for hour in range(25))


def of_hour(numbers: Numbers, hour: int) -> Numbers | None:
    """The part of a day's numbers that fell into an hour; the hours add up. None: no row."""
    low, high, whole = _CUMULATED[hour], _CUMULATED[hour + 1], _CUMULATED[24]
    parts = [value * high // whole - value * low // whole for value in numbers[:-1]]
    return Numbers._make((*parts, numbers.bits)) if any(parts) else None
