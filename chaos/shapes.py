"""The streams that the soak knows: their tables, keys and columns, and the truth about them.

The units by day are read in every episode; in some of them a second stream stands beside it, in a
table of its own.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from platform_sandbox.oceanengine.ledger import Level
    from platform_sandbox.platform import Platform

Key: TypeAlias = tuple[str, str]
"""When and what: a day, an hour or `ALWAYS`, and an id."""
DAY: Final = "时间"
HOUR: Final = "小时"
ACCOUNT: Final = "账户ID"
ALWAYS: Final = "always"
"""Stands for the time in the keys of what is read as a whole each time."""
ZONE: Final = dt.timezone(dt.timedelta(hours=8))
_ACCOUNT: Final = {ACCOUNT: "local_account_id", "账户名称": "local_account_name"}
_METRICS: Final = {
    "消耗(元)": "stat_cost",
    "展示次数": "show_cnt",
    "点击次数": "click_cnt",
    "转化数": "convert_cnt",
    "转化成本(元)": "conversion_cost",
}
_MORE_METRICS: Final = {
    "团购线索数": "clue_pay_order_cnt",
    "转化数(计费时间)": "attribution_convert_cnt",
    "转化成本(元)(计费时间)": "attribution_convert_cost",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """A stream and its table.

    Attributes:
        stream: Its name.
        table: The table that it lands in.
        endpoint: Path of the source's list, as faults name it.
        entity: Column with the id in the key.
        columns: Synced columns and their properties.
        moment: Column with the time in the key; None for what is read as a whole each time.
        level: Of the source's reports.
    """

    stream: str
    table: str
    endpoint: str
    entity: str
    columns: Mapping[str, str]
    moment: str | None = DAY
    level: Level | None = None

    @property
    def key(self) -> frozenset[str]:
        """Columns of the key."""
        return frozenset({self.entity} | ({self.moment} if self.moment else set()))

    @property
    def numbers(self) -> list[str]:
        """Columns with metrics."""
        metrics = _METRICS | _MORE_METRICS
        return [column for column in self.columns if column in metrics]

    def key_of(self, cells: Mapping[str, Any]) -> Key:
        """The key of a row by column names; a part is empty when the row lacks it."""
        when = ALWAYS if self.moment is None else self._time_of(cells.get(self.moment))
        return when, str(cells.get(self.entity) or "")

    def _time_of(self, cell: object) -> str:
        if not isinstance(cell, int | float):
            return ""
        moment = dt.datetime.fromtimestamp(cell / 1000, ZONE)
        return moment.isoformat()[: 10 if self.moment == DAY else 13]

    def truth(self, platform: Platform, first: dt.date) -> dict[Key, dict[str, Any]]:
        """What the source says now, by key, from the first day to the open one."""
        truth: dict[Key, dict[str, Any]] = {}
        for account in platform.oceanengine.accounts:
            known = {"local_account_id": account.id, "local_account_name": account.name}
            for row in self._rows(platform, account.id, first):
                whole = row | known
                cells = {column: _cell(name, whole) for column, name in self.columns.items()}
                truth[self.key_of(cells)] = cells
        return truth

    def _rows(self, platform: Platform, account: int, first: dt.date) -> Iterator[dict[str, Any]]:
        source = platform.oceanengine
        if self.level is None:
            yield from source.units(account)
            return
        yield from source.truth(
            account,
            first,
            platform.clock.today(),
            metrics=[self.columns[column] for column in self.numbers],
            level=self.level,
            hourly=self.moment == HOUR,
        )


def _cell(name: str, row: Mapping[str, Any]) -> object:
    if name == "stat_time_day":
        text = str(row.get(name) or row["stat_time_hour"])
        return milliseconds(dt.date.fromisoformat(text[:10]))
    if name == "stat_time_hour":
        moment = dt.datetime.fromisoformat(row[name]).replace(tzinfo=ZONE)
        return int(moment.timestamp() * 1000)
    return str(row[name]) if name.endswith("_id") else row[name]


def milliseconds(day: dt.date) -> int:
    """A day as the table holds it."""
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp() * 1000)


_DAILY: Final = {DAY: "stat_time_day"}
MAIN: Final = Shape(
    stream="promotion_report",
    table="单元日报",
    endpoint="report/promotion/get/",
    entity="单元ID",
    columns=_DAILY
    | _ACCOUNT
    | {"单元ID": "promotion_id", "单元名称": "promotion_name"}
    | _METRICS
    | _MORE_METRICS,
    level="promotion",
)
"""The synced columns as `meltano.yml` names them."""
SECOND: Final = (
    Shape(
        stream="account_report",
        table="账户日报",
        endpoint="report/account/get/",
        entity=ACCOUNT,
        columns=_DAILY | _ACCOUNT | _METRICS,
        level="account",
    ),
    Shape(
        stream="account_report_hourly",
        table="账户时报",
        endpoint="report/account/get/",
        entity=ACCOUNT,
        columns={HOUR: "stat_time_hour"} | _DAILY | _ACCOUNT | _METRICS,
        moment=HOUR,
        level="account",
    ),
    Shape(
        stream="project_report",
        table="项目日报",
        endpoint="report/project/get/",
        entity="项目ID",
        columns=_DAILY | _ACCOUNT | {"项目ID": "project_id", "项目名称": "project_name"} | _METRICS,
        level="project",
    ),
    Shape(
        stream="promotions",
        table="单元",
        endpoint="promotion/list/",
        entity="单元ID",
        columns=_ACCOUNT
        | {
            "单元ID": "promotion_id",
            "单元名称": "promotion_name",
            "项目ID": "project_id",
            "单元一级状态": "promotion_status_first",
        },
        moment=None,
    ),
)
"""Streams that may stand beside it; their columns are called as the catalog's titles say."""
SHAPES: Final[Mapping[str, Shape]] = {one.stream: one for one in (MAIN, *SECOND)}
