"""The streams of the tap, by kind: reports, dimension lists, leads."""

from __future__ import annotations

from typing import Final

from tap_oceanengine_local.streams.audience import AudienceReport
from tap_oceanengine_local.streams.entities import Accounts, Projects, Promotions
from tap_oceanengine_local.streams.leads import Leads
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
    AudienceReport,
    Accounts,
    Projects,
    Promotions,
    Leads,
)
