"""The streams of the tap, by kind: reports, dimension lists, leads."""

from __future__ import annotations

from typing import Final

from tap_oceanengine_local.streams.reports import (
    AccountReport,
    AccountReportHourly,
    MaterialReport,
    MaterialReportHourly,
    ProjectReport,
    ProjectReportHourly,
    PromotionReport,
    PromotionReportHourly,
)

ALL: Final = (
    PromotionReport,
    AccountReport,
    ProjectReport,
    MaterialReport,
    PromotionReportHourly,
    AccountReportHourly,
    ProjectReportHourly,
    MaterialReportHourly,
)
