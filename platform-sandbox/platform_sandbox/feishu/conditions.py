"""One condition of a filter: which operators and values a column takes, and what they match."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from platform_sandbox.feishu.codes import Refused, violation
from platform_sandbox.feishu.model import Type, options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from platform_sandbox.feishu.model import Field, Record
    from platform_sandbox.feishu.switches import FeishuSwitches

MAX_VALUES: Final = 10
EQUALITY: Final = frozenset({"is", "isNot"})
CONTAINMENT: Final = frozenset({"contains", "doesNotContain"})
EMPTINESS: Final = frozenset({"isEmpty", "isNotEmpty"})
ORDER: Final = frozenset({"isGreater", "isGreaterEqual", "isLess", "isLessEqual"})
OPERATORS: Final = EQUALITY | CONTAINMENT | EMPTINESS | ORDER | {"like", "in"}
TEXT_LIKE: Final = EQUALITY | CONTAINMENT | EMPTINESS
DATE_LIKE: Final = EMPTINESS | {"is", "isGreater", "isLess"}
PERIODS: Final = frozenset(
    {
        "CurrentWeek",
        "LastWeek",
        "CurrentMonth",
        "LastMonth",
        "TheLastWeek",
        "TheNextWeek",
        "TheLastMonth",
        "TheNextMonth",
    },
)
_DAY: Final = dt.timedelta(days=1)
DAYS: Final = {"Today": 0, "Tomorrow": 1, "Yesterday": -1}
ALLOWED: Final[dict[int, frozenset[str]]] = {
    Type.TEXT: TEXT_LIKE,
    Type.NUMBER: EQUALITY | ORDER | EMPTINESS,
    Type.SINGLE_SELECT: TEXT_LIKE,
    Type.MULTI_SELECT: TEXT_LIKE,
    Type.DATE: DATE_LIKE,
    Type.CREATED_TIME: DATE_LIKE,
    Type.MODIFIED_TIME: DATE_LIKE,
    Type.CHECKBOX: frozenset({"is"}),
    Type.USER: TEXT_LIKE,
    Type.CREATED_USER: TEXT_LIKE,
    Type.MODIFIED_USER: TEXT_LIKE,
    Type.GROUP: TEXT_LIKE,
    Type.LINK: TEXT_LIKE,
    Type.DUPLEX_LINK: TEXT_LIKE,
    Type.PHONE: TEXT_LIKE,
    Type.URL: TEXT_LIKE,
    Type.ATTACHMENT: EMPTINESS,
    Type.AUTO_NUMBER: TEXT_LIKE,
    Type.LOCATION: TEXT_LIKE,
}
MANY: Final = frozenset(
    {
        Type.SINGLE_SELECT,
        Type.MULTI_SELECT,
        Type.USER,
        Type.CREATED_USER,
        Type.MODIFIED_USER,
        Type.GROUP,
        Type.LINK,
        Type.DUPLEX_LINK,
    },
)
ZONE_NAMES: Final = {"Asia/Beijing": "Asia/Shanghai"}


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition.

    Attributes:
        column: The column it looks at.
        test: Verdict on a stored value; None is an empty cell.
        equal: The one value that satisfies the test, where it is an equality.
        part: The text to be found in the cell, where the test looks for nothing else.
    """

    column: Field
    test: Callable[[Any], bool]
    equal: Any = None
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What conditions depend on besides the column: the base's zone, today, and the switches."""

    zone: ZoneInfo
    today: dt.date
    switches: FeishuSwitches


def zone_of(name: str) -> ZoneInfo:
    """The zone of a base; the vendor's "Asia/Beijing" is no IANA name."""
    return ZoneInfo(ZONE_NAMES.get(name, name))


def reader(column: Field) -> Callable[[Record], Any]:
    """The stored or computed value of a column that filters and sorts look at."""
    system: dict[int, Callable[[Record], Any]] = {
        Type.CREATED_TIME: lambda record: record.created,
        Type.MODIFIED_TIME: lambda record: record.modified,
        Type.CREATED_USER: lambda record: (record.created_by,),
        Type.MODIFIED_USER: lambda record: (record.modified_by,),
        Type.AUTO_NUMBER: lambda record: str(record.serial),
    }
    identifier = column.id
    return system.get(column.type) or (lambda record: record.values.get(identifier))


def condition(column: Field, operator: str, value: object, context: Context) -> Condition:
    """Check and compile one condition.

    Raises:
        Refused: 99992402 for a wrong shape, 1254018 for what the column's type does not take.
    """
    values = _strings(value)
    if operator not in OPERATORS:
        raise violation("filter.conditions.operator", "operator is not in the enum", operator)
    if operator not in ALLOWED.get(column.type, ()):
        raise Refused(1254018)
    if operator in EMPTINESS:
        if values:
            raise Refused(1254018)
        empty = operator == "isEmpty"
        return Condition(column, lambda cell: (cell is None) == empty)
    many = column.type in MANY and operator in CONTAINMENT
    dates = ALLOWED[column.type] is DATE_LIKE
    if not values or (len(values) > 1 and not many and not dates):
        raise Refused(1254018)
    if dates:
        return Condition(column, _date(operator, values, context))
    if column.type == Type.NUMBER:
        return _number(column, operator, values[0])
    if column.type == Type.CHECKBOX:
        return _checkbox(column, values[0])
    if column.type in MANY:
        return _set(column, operator, values, context)
    return _text(column, operator, values[0], context)


def _strings(value: object) -> list[str]:
    """The value array; it has to be there, also for isEmpty."""
    if not isinstance(value, list):
        raise violation("filter.conditions.value", "value is required", value)
    if len(value) > MAX_VALUES:
        raise violation("filter.conditions.value", "the max len is 10", len(value))
    if not all(isinstance(entry, str) for entry in value):
        raise violation("filter.conditions.value", "value is not a list of strings", value)
    return value


def _number(column: Field, operator: str, raw: str) -> Condition:
    try:
        wanted = float(raw)
    except ValueError:
        raise Refused(1254018) from None
    tests: dict[str, Callable[[Any], bool]] = {
        "isNot": lambda cell: cell != wanted,
        "isGreater": lambda cell: cell is not None and cell > wanted,
        "isGreaterEqual": lambda cell: cell is not None and cell >= wanted,
        "isLess": lambda cell: cell is not None and cell < wanted,
        "isLessEqual": lambda cell: cell is not None and cell <= wanted,
    }
    if operator == "is":
        return Condition(column, lambda cell: cell == wanted, wanted)
    return Condition(column, tests[operator])


def _checkbox(column: Field, raw: str) -> Condition:
    if raw not in {"true", "false"}:
        raise Refused(1254018)
    wanted = raw == "true"
    return Condition(column, lambda cell: (cell is True) == wanted)


def _text(column: Field, operator: str, wanted: str, context: Context) -> Condition:
    shown: Callable[[Any], str] = _linked if column.type == Type.URL else _joined
    folded = context.switches.text_is == "folded"
    if operator == "is" and not folded and column.type != Type.URL:
        return Condition(column, lambda cell: cell == wanted, wanted)

    def key(value: str) -> str:
        return value.strip().casefold() if folded else value

    target = key(wanted)
    tests: dict[str, Callable[[Any], bool]] = {
        "is": lambda cell: cell is not None and key(shown(cell)) == target,
        "isNot": lambda cell: cell is None or key(shown(cell)) != target,
        "contains": lambda cell: cell is not None and target in key(shown(cell)),
        "doesNotContain": lambda cell: cell is None or target not in key(shown(cell)),
    }
    plain = operator == "contains" and column.type == Type.TEXT and not folded
    return Condition(column, tests[operator], part=wanted if plain else None)


def _joined(cell: Any) -> str:  # noqa: ANN401  stored values are a union
    return ",".join(str(part) for part in cell) if isinstance(cell, tuple) else str(cell)


def _linked(cell: Any) -> str:  # noqa: ANN401  stored values are a union
    return str(cell[0])


def _set(column: Field, operator: str, values: Sequence[str], context: Context) -> Condition:
    """Selects by option name; people, groups and links by id."""
    wanted: list[frozenset[str]] = [frozenset({value}) for value in values]
    if column.type in {Type.SINGLE_SELECT, Type.MULTI_SELECT}:
        wanted = [
            frozenset(option["id"] for option in options_of(column) if option["name"] == name)
            for name in values
        ]

    def held(cell: Any) -> frozenset[str]:  # noqa: ANN401  stored values are a union
        if cell is None:
            return frozenset()
        return frozenset(cell) if isinstance(cell, tuple) else frozenset({cell})

    quantifier = all if context.switches.contains_many == "all" else any
    tests: dict[str, Callable[[Any], bool]] = {
        "is": lambda cell: bool(held(cell)) and len(held(cell)) == 1 and held(cell) <= wanted[0],
        "isNot": lambda cell: not (len(held(cell)) == 1 and held(cell) <= wanted[0]),
        "contains": lambda cell: quantifier(bool(held(cell) & one) for one in wanted),
        "doesNotContain": lambda cell: not any(held(cell) & one for one in wanted),
    }
    return Condition(column, tests[operator])


def _date(operator: str, values: Sequence[str], context: Context) -> Callable[[Any], bool]:
    """Days in the base's zone: an exact instant counts as the midnight that began its day."""
    first, last = _days(operator, values, context)
    start = _midnight(first, context.zone)
    end = _midnight(min(last, dt.date.max - _DAY) + _DAY, context.zone)
    if operator == "is":
        return lambda cell: cell is not None and start <= cell < end
    if operator == "isLess":
        return lambda cell: cell is not None and cell < start
    if context.switches.date_compare == "day":
        return lambda cell: cell is not None and cell >= end
    return lambda cell: cell is not None and cell > start


def _days(operator: str, values: Sequence[str], context: Context) -> tuple[dt.date, dt.date]:
    kind = values[0]
    if kind == "ExactDate":
        if len(values) != 2:  # noqa: PLR2004  the word and the instant
            raise Refused(1254018)
        try:
            instant = dt.datetime.fromtimestamp(int(values[1]) / 1000, context.zone)
        except (ValueError, OverflowError, OSError):
            raise Refused(1254018) from None
        return instant.date(), instant.date()
    if len(values) != 1:
        raise Refused(1254018)
    if kind in DAYS:
        day = context.today + dt.timedelta(days=DAYS[kind])
        return day, day
    if kind not in PERIODS or operator != "is":
        raise Refused(1254018)
    return _period(kind, context.today)


def _period(kind: str, today: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of a named period."""
    day = dt.timedelta(days=1)
    monday = today - today.weekday() * day
    month = today.replace(day=1)
    next_month = (month + 31 * day).replace(day=1)
    periods = {
        "CurrentWeek": (monday, monday + 6 * day),
        "LastWeek": (monday - 7 * day, monday - day),
        "CurrentMonth": (month, next_month - day),
        "LastMonth": ((month - day).replace(day=1), month - day),
        "TheLastWeek": (today - 7 * day, today - day),
        "TheNextWeek": (today + day, today + 7 * day),
        "TheLastMonth": (today - 30 * day, today - day),
        "TheNextMonth": (today + day, today + 30 * day),
    }
    return periods[kind]


def _midnight(day: dt.date, zone: ZoneInfo) -> int:
    return int(dt.datetime.combine(day, dt.time(), zone).timestamp() * 1000)
