"""The audience report: who saw the ads, per day, account and dimension.

The platform's rows carry no date, so each day is asked for alone; to keep the number of requests
small only days with cost are, and the look-back is at most 7 days.
"""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from tap_oceanengine_local.metrics import Field, metrics
from tap_oceanengine_local.pages import (
    PAGE_SIZE,
    Reading,
    page_of,
    read_growing,
    read_window,
    rows_of,
)
from tap_oceanengine_local.parallel import together
from tap_oceanengine_local.records import RowError, read_text
from tap_oceanengine_local.streams.base import ACCOUNT_ID, ACCOUNT_NAME, given, required
from tap_oceanengine_local.streams.reconciling import day_and_cost
from tap_oceanengine_local.streams.reports import DAY, ReportStream, report_params, report_path
from tap_oceanengine_local.windows import HOURLY_DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_oceanengine_local.accounts import Account
    from tap_oceanengine_local.pages import Page
    from tap_oceanengine_local.streams.windowed import Reader
    from tap_oceanengine_local.windows import Window

_VALUE_KEYS: Final = {
    "AC": "ac",
    "AGE": "age",
    "CITY": "city_name",
    "DISTRICT": "district_name",
    "EIGHT_GROUP_LABEL": "eight_group_label",
    "GENDER": "gender",
    "PLATFORM": "platform",
    "PROVINCE": "province_name",
}
"""Where a row holds the value of the dimension that was asked for (official SDK v1.1.93)."""


class AudienceReport(ReportStream):
    """Audiences by day and dimension."""

    name = "audience_report"
    level = "audience"
    keys = ("stat_time_day", "local_account_id", "audience_dimension", "audience_value")
    fields = (
        DAY,
        required(ACCOUNT_ID),
        ACCOUNT_NAME,
        Field(
            "audience_dimension", "text", "受众维度", "For example GENDER or AGE.", required=True
        ),
        Field("audience_value", "text", "受众", "Value of the dimension.", required=True),
        *metrics("audience"),
    )
    max_lookback: ClassVar[int] = HOURLY_DAYS

    @override
    def job(self, account: Account, window: Window) -> Reader:
        if account.id in self.progress.accounts_failed:
            return None
        how = read_growing if window.is_open else read_window
        days = yield from how(partial(self._days, account, window), itemgetter(0))
        readings = yield from together(
            [
                how(partial(self._fetch, account, day, dimension), self.reader.key)
                for day, cost in sorted(days.rows)
                if cost
                for dimension in self.tap.settings.audience_dimensions
            ]
        )
        rows = [row for reading in readings for row in reading.rows]
        return Reading(rows, sum(reading.missing for reading in (days, *readings)))

    def _days(self, account: Account, window: Window, number: int) -> Page:
        """Read the account's days with their cost."""
        data = self.tap.client.get(
            report_path("account"), report_params(account, window, ["stat_cost"], number, "DAILY")
        )
        rows = [day_and_cost(row) for row in rows_of(data, "data_list")]
        return page_of(rows, data.get("page_info"), number="total_number", pages="total_page")

    def _fetch(self, account: Account, day: str, dimension: str, number: int) -> Page:
        data = self.tap.client.get(
            report_path("audience"),
            {
                "local_account_id": int(account.id),
                "start_date": day,
                "end_date": day,
                "audience_dimension": dimension,
                "data_dimension": "AD",
                "fields": list(self.metric_names),
                "page": number,
                "page_size": PAGE_SIZE,
            },
        )
        key = _VALUE_KEYS[dimension]
        rows = [
            self.reader.read(
                row,
                given(
                    account,
                    stat_time_day=day,
                    audience_dimension=dimension,
                    audience_value=_value(row, key),
                ),
            )
            for row in rows_of(data, "list")
        ]
        return page_of(rows, data.get("page_info"), number="total_number", pages="total_page")


def _value(row: Mapping[str, Any], key: str) -> str | None:
    try:
        return read_text(row.get(key))
    except ValueError as error:
        raise RowError(f"{key} cannot be read: {error}") from None
