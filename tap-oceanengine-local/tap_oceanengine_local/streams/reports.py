"""The reports of accounts, projects, units (promotions) and materials, by day and by hour."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_oceanengine_local.metrics import (
    CONVERT_CNT,
    STAT_COST,
    Field,
    metrics,
    requested_metrics,
)
from tap_oceanengine_local.pages import PAGE_SIZE, page_of, rows_of
from tap_oceanengine_local.reconcile import fen
from tap_oceanengine_local.records import RowError, RowReader, read_optional_day
from tap_oceanengine_local.streams.base import ACCOUNT_ID, ACCOUNT_NAME, given, required
from tap_oceanengine_local.streams.reconciling import Costs
from tap_oceanengine_local.streams.windowed import WindowedStream
from tap_oceanengine_local.summary import Tally
from tap_oceanengine_local.times import read_moment
from tap_oceanengine_local.windows import HOURLY_DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_oceanengine_local.accounts import Account
    from tap_oceanengine_local.metrics import Kind, Level
    from tap_oceanengine_local.pages import Page, Reading
    from tap_oceanengine_local.parallel import Outcome
    from tap_oceanengine_local.records import Values
    from tap_oceanengine_local.streams.windowed import Reader
    from tap_oceanengine_local.windows import Window

DAY = Field(
    "stat_time_day", "day", "时间", "Day in Asia/Shanghai.", ("stat_time_day",), required=True
)
HOUR = Field(
    "stat_time_hour",
    "moment",
    "小时",
    "First instant of the hour.",
    ("stat_time_hour",),
    required=True,
)


def _dimension(name: str, kind: Kind, title: str, *, required: bool = False) -> Field:
    return Field(name, kind, title, "", (name,), required=required)


_PROJECT = (
    _dimension("project_id", "id", "项目ID"),
    _dimension("project_name", "text", "项目名称"),
)
_DIMENSIONS: dict[Level, tuple[Field, ...]] = {
    "account": (),
    "project": (_dimension("project_id", "id", "项目ID", required=True), _PROJECT[1]),
    "promotion": (
        _dimension("promotion_id", "id", "单元ID", required=True),
        _dimension("promotion_name", "text", "单元名称"),
        *_PROJECT,
    ),
    "material": (
        _dimension("material_id", "id", "素材ID", required=True),
        _dimension("material_name", "text", "素材名称"),
        _dimension("material_type", "text", "素材类型"),
    ),
}
_LIST_KEYS: dict[Level, str] = {
    "account": "data_list",
    "project": "project_list",
    "promotion": "promotion_list",
    "material": "material_list",
}


def report_path(level: Level) -> str:
    """Return the path of the report of a level."""
    return f"/open_api/v3.0/local/report/{level}/get/"


def report_params(
    account: Account, window: Window, metric_names: Sequence[str], page: int, granularity: str
) -> dict[str, Any]:
    """Return the query of one page of a report (official SDK v1.1.93).

    `time_granularity` is always sent, because its default differs between the levels.
    """
    return {
        "local_account_id": int(account.id),
        "start_date": window.start.isoformat(),
        "end_date": window.end.isoformat(),
        "time_granularity": f"TIME_GRANULARITY_{granularity}",
        "metrics": list(metric_names),
        "page": page,
        "page_size": PAGE_SIZE,
    }


class ReportStream(WindowedStream):
    """The daily report of one level."""

    level: ClassVar[Level]
    granularity: ClassVar[str] = "DAILY"
    time_key: ClassVar[str | None] = "stat_time_day"
    replication_key = "stat_time_day"

    @override
    def prepare(self) -> None:
        shown = self.shown
        self.metric_names = requested_metrics(self.level, shown, reconcile=self.sums_cost)
        needed = frozenset({*self.metric_names, "stat_time_day"})
        self.reader = RowReader(self.fields, shown, needed, keys=self.keys)
        self.progress.shows_cost = STAT_COST in shown
        self.progress.shows_conversions = CONVERT_CNT in shown

    @property
    def sums_cost(self) -> bool:
        """Whether the cost is needed, selected or not."""
        return False

    @override
    def fetch(self, account: Account, window: Window, number: int) -> Page:
        data = self.tap.client.get(
            report_path(self.level),
            report_params(account, window, self.metric_names, number, self.granularity),
        )
        known = given(account)
        rows = [self.values(row, known) for row in rows_of(data, _LIST_KEYS[self.level])]
        return page_of(rows, data.get("page_info"), number="total_number", pages="total_page")

    def values(self, row: Mapping[str, Any], known: Mapping[str, Any]) -> Values:
        """Return the values of one row."""
        return self.reader.read(row, known)

    @override
    def tally(self, window: Window, rows: Sequence[Values]) -> dict[date, Tally]:
        by_text: defaultdict[str, Tally] = defaultdict(Tally)
        day, cost, conversions = map(self.reader.place, ("stat_time_day", STAT_COST, CONVERT_CNT))
        for values in rows:
            tally = by_text[values[day]]  # type: ignore[index]  # every report has a day
            tally.rows += 1
            if cost is not None and values[cost]:
                tally.fen += fen(values[cost])
            if conversions is not None and values[conversions]:
                tally.conversions += values[conversions]
        return {date.fromisoformat(text): tally for text, tally in by_text.items()}


class HourlyReportStream(ReportStream):
    """The hourly report of one level; its bookmark is the last hour of a day."""

    granularity: ClassVar[str] = "HOURLY"
    time_key: ClassVar[str | None] = "stat_time_hour"
    replication_key = "stat_time_hour"
    max_lookback: ClassVar[int] = HOURLY_DAYS
    max_window: ClassVar[int] = HOURLY_DAYS

    @override
    def values(self, row: Mapping[str, Any], known: Mapping[str, Any]) -> Values:
        day, hour = row.get("stat_time_day"), row.get("stat_time_hour")
        if hour is None and day is not None and len(str(day)) > len("2026-02-11"):
            hour = day
        if hour is None or hour == "":
            raise RowError("a row came without stat_time_hour")
        try:
            moment = read_moment(hour, day=None if day is None else str(day))
            own_day = None if day is None else read_optional_day(day)
        except ValueError as error:
            raise RowError(f"stat_time_hour cannot be read: {error}") from None
        if own_day not in {None, moment[:10]}:
            raise RowError("stat_time_hour is an hour of another day than stat_time_day")
        return self.reader.read(
            row, {**known, "stat_time_hour": moment, "stat_time_day": moment[:10]}
        )


def _fields(level: Level, *, hourly: bool = False) -> tuple[Field, ...]:
    times = (HOUR, replace(DAY, required=False)) if hourly else (DAY,)
    account = required(ACCOUNT_ID) if level in {"account", "material"} else ACCOUNT_ID
    return (*times, account, ACCOUNT_NAME, *_DIMENSIONS[level], *metrics(level))


class PromotionReport(ReportStream):
    """Units (单元) by day: the main stream."""

    name = "promotion_report"
    level = "promotion"
    keys = ("stat_time_day", "promotion_id")
    fields = _fields("promotion")
    selected_by_default = True

    @property
    @override
    def sums_cost(self) -> bool:
        return self.tap.settings.reconcile

    @override
    def prepare(self) -> None:
        super().prepare()
        self._costs = Costs()

    @override
    def emitted(self, account: Account, window: Window, tallies: dict[date, Tally]) -> None:
        self._costs.add(account, window, tallies)

    @override
    def follows_up(self, account: Account) -> bool:
        failed = self.progress.accounts_failed
        compares = self.sums_cost and not self._costs.given_up
        return compares and account in self._costs and account.id not in failed

    @override
    def follow_up(self, account: Account) -> Reader:
        return self._costs.job(account, self._ask_account)

    @override
    def followed_up(self, account: Account, outcome: Outcome[Reading | None]) -> None:
        text = self._costs.verdict(account, outcome)
        if text:
            self.warn(text, account)

    def _ask_account(
        self, account: Account, window: Window, metric_names: Sequence[str], page: int
    ) -> dict[str, Any]:
        params = report_params(account, window, metric_names, page, self.granularity)
        data: dict[str, Any] = self.tap.client.try_get(report_path("account"), params)
        return data


class AccountReport(ReportStream):
    """Accounts by day."""

    name = "account_report"
    level = "account"
    keys = ("stat_time_day", "local_account_id")
    fields = _fields("account")


class ProjectReport(ReportStream):
    """Projects by day."""

    name = "project_report"
    level = "project"
    keys = ("stat_time_day", "project_id")
    fields = _fields("project")


class MaterialReport(ReportStream):
    """Materials by day."""

    name = "material_report"
    level = "material"
    keys = ("stat_time_day", "local_account_id", "material_id")
    fields = _fields("material")


class PromotionReportHourly(HourlyReportStream):
    """Units (单元) by hour."""

    name = "promotion_report_hourly"
    level = "promotion"
    keys = ("stat_time_hour", "promotion_id")
    fields = _fields("promotion", hourly=True)


class AccountReportHourly(HourlyReportStream):
    """Accounts by hour."""

    name = "account_report_hourly"
    level = "account"
    keys = ("stat_time_hour", "local_account_id")
    fields = _fields("account", hourly=True)


class ProjectReportHourly(HourlyReportStream):
    """Projects by hour."""

    name = "project_report_hourly"
    level = "project"
    keys = ("stat_time_hour", "project_id")
    fields = _fields("project", hourly=True)


class MaterialReportHourly(HourlyReportStream):
    """Materials by hour."""

    name = "material_report_hourly"
    level = "material"
    keys = ("stat_time_hour", "local_account_id", "material_id")
    fields = _fields("material", hourly=True)
