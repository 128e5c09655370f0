"""A Bitable table as a grid: filtered, sorted, cut into pages, its cells as texts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from platform_sandbox.page.chart import Day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from starlette.datastructures import QueryParams

ROWS_PER_PAGE: Final = 50
_DATE: Final = 5
_NUMBER: Final = 2
_ICONS: Final = {1: "A", 2: "#", 3: "◉", 4: "☰", 5: "▦", 7: "☑", 11: "☺", 15: "↗", 20: "ƒ"}
_ROLES: Final = {
    "date": ("时间", "日期", "stat_time_day"),
    "account": ("账户名称", "local_account_name", "账户ID", "local_account_id"),
    "cost": ("消耗(元)", "stat_cost"),
    "conversions": ("转化数", "convert_cnt"),
}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the grid shows it."""

    name: str
    icon: str
    is_number: bool
    is_date: bool
    decimals: int | None
    sort_url: str
    arrow: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What the visitor asked to see."""

    base: str
    table: str
    account: str
    first: str
    last: str
    sort: str
    descending: bool
    page: int

    @classmethod
    def of(cls, query: QueryParams) -> Choice:
        """From the address; nonsense becomes the default."""
        page = query.get("page", "1")
        return cls(
            base=query.get("base", ""),
            table=query.get("table", ""),
            account=query.get("account", ""),
            first=query.get("from", ""),
            last=query.get("to", ""),
            sort=query.get("sort", ""),
            descending=query.get("dir", "desc") != "asc",
            page=max(1, int(page)) if page.isascii() and page.isdigit() else 1,
        )

    def url(self, **changes: Any) -> str:  # noqa: ANN401  names and values of an address
        """The address of the same view with some changes."""
        values = {
            "base": self.base,
            "table": self.table,
            "account": self.account,
            "from": self.first,
            "to": self.last,
            "sort": self.sort,
            "dir": "desc" if self.descending else "asc",
            "page": self.page,
        } | changes
        query = {k: v for k, v in values.items() if v not in ("", None, 1)}
        return f"/?{urlencode(query)}#table"


@dataclass(frozen=True, slots=True)
class Totals:
    """What the rows on view add up to."""

    rows: int
    cost: float
    conversions: float

    @property
    def average(self) -> float | None:
        """Cost of a conversion."""
        return self.cost / self.conversions if self.conversions else None


@dataclass(frozen=True, slots=True)
class Grid:
    """Everything the template shows of a table."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    offset: int
    total: int
    pages: int
    accounts: tuple[str, ...]
    totals: Totals
    days: tuple[Day, ...]
    has_roles: bool


class TableReader:
    """Reads the cells of one table.

    Args:
        fields: Columns in the shape of the field endpoints.
        zone: The base's zone, for dates.
    """

    def __init__(self, fields: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> None:
        self._fields = fields
        self._zone = zone
        names = {field["field_name"] for field in fields}
        self._roles = {
            role: next((name for name in known if name in names), None)
            for role, known in _ROLES.items()
        }
        self._types = {field["field_name"]: field["type"] for field in fields}

    def grid(self, rows: Iterable[Row], choice: Choice) -> Grid:
        """One page of the rows that the choice lets through."""
        everything = list(rows)
        accounts = self._accounts(everything)
        found = [row for row in everything if self._fits(row, choice)]
        sort = choice.sort or self._roles["date"] or ""
        if sort in self._types:
            found.sort(
                key=lambda row: self._sort_key(row.get(sort), choice), reverse=choice.descending
            )
        pages = max(1, -(-len(found) // ROWS_PER_PAGE))
        offset = (min(choice.page, pages) - 1) * ROWS_PER_PAGE
        columns = tuple(self._column(field, choice, sort) for field in self._fields)
        shown = found[offset : offset + ROWS_PER_PAGE]
        return Grid(
            columns=columns,
            rows=tuple(tuple(self._text(row.get(c.name), c) for c in columns) for row in shown),
            offset=offset,
            total=len(found),
            pages=pages,
            accounts=accounts,
            totals=self._totals(found),
            days=self._days(found),
            has_roles=self._roles["date"] is not None and self._roles["cost"] is not None,
        )

    def _accounts(self, rows: list[Row]) -> tuple[str, ...]:
        column = self._roles["account"]
        return (
            tuple(sorted({str(row[column]) for row in rows if row.get(column)})) if column else ()
        )

    def _fits(self, row: Row, choice: Choice) -> bool:
        account = self._roles["account"]
        if choice.account and account and str(row.get(account, "")) != choice.account:
            return False
        if not (choice.first or choice.last):
            return True
        day = self._day(row)
        text = day.isoformat() if day else ""
        return bool(text) and choice.first <= text <= (choice.last or "9999")

    def _day(self, row: Row) -> date | None:
        column = self._roles["date"]
        value = row.get(column) if column else None
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value / 1000, self._zone).date()
        try:
            return date.fromisoformat(str(value)[:10])
        except ValueError:
            return None

    def _sort_key(self, value: object, choice: Choice) -> tuple[bool, float, str]:
        # Empty cells come last in both directions.
        missing = value is None
        first = not missing if choice.descending else missing
        number = _as_number(value)
        return (
            first,
            number if number is not None else 0.0,
            "" if number is not None else str(value),
        )

    def _column(self, field: Mapping[str, Any], choice: Choice, sort: str) -> Column:
        name, kind = field["field_name"], field["type"]
        shape = (field.get("property") or {}).get("formatter", "")
        decimals = len(shape.partition(".")[2].rstrip("%")) if kind == _NUMBER and shape else None
        sorted_here = name == sort
        falling = choice.descending if sorted_here else False
        return Column(
            name=name,
            icon=_ICONS.get(kind, "·"),
            is_number=kind == _NUMBER,
            is_date=kind == _DATE,
            decimals=decimals,
            sort_url=choice.url(sort=name, dir="asc" if falling else "desc", page=1),
            arrow=("▼" if choice.descending else "▲") if sorted_here else "",
        )

    def _text(self, value: object, column: Column) -> str:
        if value is None:
            return ""
        if column.is_date and isinstance(value, (int, float)):
            return f"{datetime.fromtimestamp(value / 1000, self._zone):%Y-%m-%d}"
        if column.is_number and isinstance(value, (int, float)):
            return f"{value:,.{column.decimals}f}" if column.decimals is not None else f"{value:,}"
        if isinstance(value, list):
            return "、".join(str(item) for item in value)
        if isinstance(value, dict):
            return str(value.get("text") or value.get("link") or value)
        return str(value)

    def _totals(self, rows: list[Row]) -> Totals:
        return Totals(len(rows), self._sum(rows, "cost"), self._sum(rows, "conversions"))

    def _sum(self, rows: Iterable[Row], role: str) -> float:
        column = self._roles[role]
        return sum(_as_number(row.get(column)) or 0.0 for row in rows) if column else 0.0

    def _days(self, rows: list[Row]) -> tuple[Day, ...]:
        by_day: defaultdict[date, list[Row]] = defaultdict(list)
        for row in rows:
            if day := self._day(row):
                by_day[day].append(row)
        return tuple(
            Day(day, self._sum(by_day[day], "cost"), self._sum(by_day[day], "conversions"))
            for day in sorted(by_day)
        )


def _as_number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None
