"""`local/report/audience/get`: one distribution over a range; no dates in the rows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.oceanengine.ledger import sums_of
from platform_sandbox.oceanengine.metrics import AUDIENCE_METRICS, additive, parts_of, value_of
from platform_sandbox.oceanengine.parameters import UP_TO_100, page_info

if TYPE_CHECKING:
    from collections.abc import Collection

    from platform_sandbox.oceanengine.directory import Directory
    from platform_sandbox.oceanengine.ledger import Ledger
    from platform_sandbox.oceanengine.moments import Moments
    from platform_sandbox.oceanengine.parameters import Parameters
    from platform_sandbox.services import Services

VALUES: Final[dict[str, tuple[str, dict[str, int]]]] = {
    # dimension: (key in the rows, value → parts of a thousand)
    "GENDER": ("gender", {"女": 560, "男": 410, "未知": 30}),
    "AGE": (
        "age",
        {"18-23": 160, "24-30": 290, "31-40": 330, "41-49": 140, "50+": 80},
    ),
    "AC": ("ac", {"4G": 180, "5G": 480, "WIFI": 340}),
    "PLATFORM": ("platform", {"ANDROID": 610, "IOS": 390}),
    "PROVINCE": ("province_name", {"浙江": 420, "江苏": 260, "上海": 200, "安徽": 120}),
    "CITY": ("city_name", {"杭州": 380, "苏州": 240, "上海": 220, "合肥": 160}),
    "DISTRICT": ("district_name", {"西湖区": 400, "滨江区": 350, "余杭区": 250}),
    "EIGHT_GROUP_LABEL": (
        "eight_group_label",
        {"精致妈妈": 240, "新锐白领": 260, "资深中产": 180, "Z世代": 200, "小镇青年": 120},
    ),
}
_DATA_DIMENSIONS: Final = ("AD", "CDP_PROMOTION", "ORDER", "ROI2_PROMOTION")
_FILTERS: Final[dict[str, Collection[str] | None]] = {
    "aweme_id": None,
    "campaign_type": ("ALL", "GENERAL", "SEARCHING"),
    "delivery_scene": ("CLUE", "CONTENT_HEATING", "POI_CUSTOMER", "PURCHASE"),
    "poi_ids": None,
    "project_ids": None,
    "promotion_ids": None,
    "raise_goal": ("ADLAB_MODE_DIFF_ONE", "ADLAB_MODE_EQUAL_ONE"),
    "roi2_type": ("LIVE_ROI2", "POI_ROI2"),
}
_MOST_DAYS: Final = 365
_WHOLE: Final = 1000


class Audience:
    """The handler of the audience report."""

    def __init__(
        self, services: Services, directory: Directory, ledger: Ledger, moments: Moments
    ) -> None:
        self._services = services
        self._directory = directory
        self._ledger = ledger
        self._moments = moments

    def report(self, parameters: Parameters) -> dict[str, Any]:
        """GET v3.0/local/report/audience/get/."""
        account = self._directory.find(parameters.integer("local_account_id"))
        dimension = parameters.text("audience_dimension", allowed=VALUES)
        data_dimension = parameters.text("data_dimension", allowed=_DATA_DIMENSIONS)
        first, last = parameters.day("start_date"), parameters.day("end_date")
        oldest = self._services.clock.today() - timedelta(days=_MOST_DAYS)
        if last < first or first < oldest:
            raise parameters.refuse("start_date", f"must lie between {oldest} and end_date")
        names = parameters.array("fields", required=False) or sorted(AUDIENCE_METRICS)
        if unknown := [str(name) for name in names if name not in AUDIENCE_METRICS]:
            raise parameters.refuse("fields", f"{', '.join(unknown)} not supported")
        order_field = parameters.text("order_field", default="") or None
        if order_field is not None and order_field not in names:
            raise parameters.refuse("order_field", f"{order_field} is not among the fields")
        order = parameters.text("order_type", allowed=("ASC", "DESC"), default="DESC")
        parameters.filtering("filtering", _FILTERS)
        page, size = parameters.page(UP_TO_100)
        moment = self._moments.of_call(last)
        parts = [
            part
            for ordinal in range(first.toordinal(), min(last.toordinal(), moment.day) + 1)
            for line in self._ledger.day("account", account, ordinal, moment)
            for part in line.parts
        ]
        # The sandbox's campaigns are ordinary ones: nothing was spent on the other dimensions.
        rows = _rows(dimension, sums_of(parts, parts_of(names), additive), names)
        if not parts or data_dimension != "AD":
            rows = []
        if order_field is not None:
            rows.sort(key=lambda row: row["fields"][order_field], reverse=order == "DESC")
        return {
            "list": rows[(page - 1) * size : page * size],
            "page_info": page_info(page, size, len(rows)),
        }


def _rows(dimension: str, sums: dict[str, int], names: list[str]) -> list[dict[str, Any]]:
    key, values = VALUES[dimension]
    rows = []
    below = 0
    for value, share in values.items():
        upto = below + share
        part = {
            name: whole * upto // _WHOLE - whole * below // _WHOLE for name, whole in sums.items()
        }
        below = upto
        fields = {name: value_of(name, part) or 0 for name in names}
        rows.append({key: value, "fields": fields})
    return rows
