"""`local/project/list` and `local/promotion/list`: the traps of the platform included.

Without a scene promotion/list hides lead promotions (EXTERNAL); deleted ones come only when asked
for; the scenes have other names here than in the reports.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.oceanengine.parameters import UP_TO_100, page_info

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from platform_sandbox.oceanengine.directory import Directory
    from platform_sandbox.oceanengine.inventory import Account, Project, Unit
    from platform_sandbox.oceanengine.parameters import Parameters
    from platform_sandbox.services import Services

SCENES: Final = {
    # scene in the reports: scene in the lists
    "CLUE": "EXTERNAL",
    "PURCHASE": "PRODUCT_PAY",
    "POI_CUSTOMER": "POI_RECOMMEND",
    "CONTENT_HEATING": "CONTENT_HEAT",
}
_DEALS: Final = frozenset(SCENES.values()) - {"EXTERNAL"}
_ALL_SCENES: Final = ("ALL", *SCENES.values())
_GOALS: Final = ("ALL", "LIVE", "VIDEO_IMAGE")
_AD_TYPES: Final = ("ALL", "GENERAL", "SEARCHING")
_BIDS: Final = ("ALL", "MANUAL", "MAX_CONVERSION", "SMART", "STABILIZE_COSTS")
_MODES: Final = ("ALL", "BUDGET_MODE_7DAY_TOTAL", "BUDGET_MODE_DAY", "BUDGET_MODE_TOTAL")
_PHASES: Final = ("LEARNED", "LEARNING", "LEARN_FAILED")
_PROMOTION_STATES: Final = tuple(
    f"PROMOTION_STATUS_{name}"
    for name in ("ALL", "NOT_DELETE", "DELETED", "DISABLE", "DONE", "ENABLE", "FROZEN")
)
_SECOND_STATES: Final = (
    "AUDIT", "AUDIT_DENY", "AWEME_ACCOUNT_DISABLED", "BALANCE_OFFLINE_BUDGET", "DISABLED",
    "DISABLE_BY_QUOTA", "LIVE_ROOM_OFF", "NO_SCHEDULE", "OFFLINE_BALANCE", "PRODUCT_OR_POI_OFFLINE",
    "PROJECT_DISABLED", "PROJECT_OFFLINE_BUDGET", "PROMOTION_OFFLINE_BUDGET", "REAUDIT",
    "ROI2_DISABLE", "TIME_NO_REACH",
)  # fmt: skip
_PROJECT_STATES: Final = tuple(
    f"PROJECT_STATUS_{name}"
    for name in ("ALL", "NOT_DELETE", "DELETE", "DISABLE", "DONE", "ENABLE")
)
PROMOTION_FILTERS: Final[dict[str, Collection[str] | None]] = {
    "promotion_ids": None,
    "promotion_name": None,
    "project_id": None,
    "promotion_create_time_start": None,
    "promotion_create_time_end": None,
    "promotion_modify_time_start": None,
    "promotion_modify_time_end": None,
    "ad_type": _AD_TYPES,
    "marketing_goal": _GOALS,
    "learning_phase": ("ALL", *_PHASES),
    "budget_mode": _MODES,
    "bid_type": _BIDS,
    "reject_reason_type": None,
    "local_delivery_scene": _ALL_SCENES,
    "promotion_status_first": _PROMOTION_STATES,
    "promotion_status_second": _SECOND_STATES,
}
PROJECT_FILTERS: Final[dict[str, Collection[str] | None]] = {
    "project_ids": None,
    "project_name": None,
    "project_create_time_start": None,
    "project_create_time_end": None,
    "project_modify_time_start": None,
    "project_modify_time_end": None,
    "ad_type": _AD_TYPES,
    "marketing_goal": _GOALS,
    "bid_type": _BIDS,
    "delivery_package": ("DELIVERY_PACKAGE_NORMAL", "DELIVERY_PACKAGE_UBL"),
    "shop_ids": None,
    "product_ids": None,
    "local_delivery_scene": _ALL_SCENES,
    "project_status_first": _PROJECT_STATES,
    "project_status_second": (
        "PROJECT_STATUS_BUDGET_EXCEED",
        "PROJECT_STATUS_DISABLE",
        "PROJECT_STATUS_NOT_SCHEDULE",
        "PROJECT_STATUS_NOT_START",
    ),
}
_MOST_IDS: Final = 100


class Entities:
    """Handlers of the two lists."""

    def __init__(self, services: Services, directory: Directory) -> None:
        self._services = services
        self._directory = directory

    def promotions(self, parameters: Parameters) -> dict[str, Any]:
        """GET v3.0/local/promotion/list/."""
        account = self._directory.find(parameters.integer("local_account_id"))
        filters = parameters.filtering("filtering", PROMOTION_FILTERS)
        _check_ids(parameters, filters, "promotion_ids")
        _check_pairs(parameters, filters, "promotion")
        first = filters.get("promotion_status_first", "PROMOTION_STATUS_NOT_DELETE")
        disabled = first == "PROMOTION_STATUS_DISABLE"
        if disabled != ("promotion_status_second" in filters):
            raise parameters.refuse(
                "filtering.promotion_status_second",
                "is required with PROMOTION_STATUS_DISABLE, and valid only with it",
            )
        page, size = parameters.page(UP_TO_100)
        rows = [row for row in self.units(account) if _promotion_fits(row, filters, first)]
        return self._page("promotion_list", rows, page, size)

    def units(self, account: Account) -> list[dict[str, Any]]:
        """Every unit that has begun, deleted ones too."""
        today = self._services.clock.today()
        return [self._promotion(account, unit) for unit in account.units if unit.first <= today]

    def projects(self, parameters: Parameters) -> dict[str, Any]:
        """GET v3.0/local/project/list/."""
        account = self._directory.find(parameters.integer("local_account_id"))
        filters = parameters.filtering("filtering", PROJECT_FILTERS)
        _check_ids(parameters, filters, "project_ids")
        _check_pairs(parameters, filters, "project")
        first = filters.get("project_status_first", "PROJECT_STATUS_NOT_DELETE")
        page, size = parameters.page(UP_TO_100)
        rows = [
            row
            for project in account.projects
            for row in [self._project(account, project)]
            if _project_fits(row, filters, first)
        ]
        return self._page("project_list", rows, page, size)

    def _page(self, key: str, rows: list[dict[str, Any]], page: int, size: int) -> dict[str, Any]:
        return {
            key: rows[(page - 1) * size : page * size],
            "page_info": page_info(page, size, len(rows)),
        }

    def _opt_status(self, *, on: bool) -> int | str:
        if self._services.switches.oe_opt_status == "string":
            return "ENABLE" if on else "PAUSED"
        return int(on)

    def _promotion(self, account: Account, unit: Unit) -> dict[str, Any]:
        today = self._services.clock.today()
        draw = _draw(unit.id)
        state = "ENABLE"
        if unit.ended(today):
            state = "DELETED" if unit.deleted else "DONE"
        elif draw[0] % 10 == 0:
            state = "DISABLE"
        row: dict[str, Any] = {
            "ad_type": unit.project.campaign_type,
            "aweme_id": f"aweme{account.id % 10**8}",
            "aweme_name": account.name,
            "learning_phase": _PHASES[draw[1] % 3],
            "local_account_id": account.id,
            "local_delivery_scene": SCENES[unit.project.scene],
            "opt_status": self._opt_status(on=state == "ENABLE"),
            "project_id": unit.project.id,
            "promotion_create_time": _stamp(unit.first, draw),
            "promotion_id": unit.id,
            "promotion_modify_time": _stamp(_modified(unit.first, unit.last, today), draw),
            "promotion_name": unit.name,
            "promotion_status_first": f"PROMOTION_STATUS_{state}",
            "promotion_status_second": ["DISABLED"] if state == "DISABLE" else [],
        }
        if self._services.switches.oe_extra_fields:
            row["row_tag"] = ""
        return row

    def _project(self, account: Account, project: Project) -> dict[str, Any]:
        draw = _draw(project.id)
        state = "DELETE" if project.deleted else ("DISABLE" if draw[0] % 8 == 0 else "ENABLE")
        row: dict[str, Any] = {
            "ad_type": project.campaign_type,
            "audience_package_id": project.id // 7,
            "bid_type": ("MANUAL", "SMART", "STABILIZE_COSTS")[draw[1] % 3],
            "delivery_goal": "POI" if draw[2] % 2 else "PRODUCT",
            "end_time": "",
            "external_action": project.action,
            "local_account_id": account.id,
            "local_delivery_scene": SCENES[project.scene],
            "marketing_goal": project.goal,
            "name": project.name,
            "opt_status": self._opt_status(on=state == "ENABLE"),
            "project_bid": f"{20 + draw[3] % 200}.00",
            "project_budget": f"{project.budget}.00",
            "project_budget_mode": "BUDGET_MODE_DAY",
            "project_create_time": _stamp(project.created, draw),
            "project_id": project.id,
            "project_modify_time": _stamp(project.created + timedelta(days=draw[4] % 5), draw),
            "project_status_first": f"PROJECT_STATUS_{state}",
            "project_status_second": ["PROJECT_STATUS_DISABLE"] if state == "DISABLE" else [],
            "start_time": _stamp(project.created, draw),
        }
        row["poi_info"] = {
            "all_poi_mode": "PART",
            "poi_id": project.id // 11,
            "poi_name": f"{account.name} 总店",
        }
        row["product_info"] = {"product_id": project.id // 13, "product_name": project.name}
        if self._services.switches.oe_extra_fields:
            row["row_tag"] = ""
        return row


def _draw(identity: int) -> bytes:
    return blake2b(str(identity).encode(), digest_size=8).digest()


def _stamp(day: date, draw: bytes) -> str:
    moment = datetime.combine(day, time(8 + draw[5] % 12, draw[6] % 60, draw[7] % 60))
    return moment.isoformat(sep=" ")


def _modified(first: date, last: date, today: date) -> date:
    return max(first, min(last, today - timedelta(days=1)))


def _check_ids(parameters: Parameters, filters: dict[str, Any], name: str) -> None:
    ids = filters.get(name, [])
    if not isinstance(ids, list) or len(ids) > _MOST_IDS:
        raise parameters.refuse(f"filtering.{name}", f"must be an array of at most {_MOST_IDS} ids")


def _check_pairs(parameters: Parameters, filters: dict[str, Any], kind: str) -> None:
    for what in ("create", "modify"):
        names = [f"{kind}_{what}_time_{end}" for end in ("start", "end")]
        if (names[0] in filters) != (names[1] in filters):
            raise parameters.refuse(
                f"filtering.{names[0]}", f"comes with {names[1]}, or not at all"
            )


def _is(row: dict[str, Any], filters: dict[str, Any], column: str, name: str) -> bool:
    return filters.get(name, "ALL") in ("ALL", row[column])


def _among(row: dict[str, Any], filters: dict[str, Any], column: str, name: str) -> bool:
    ids = filters.get(name)
    return not ids or str(row[column]) in {str(identity) for identity in ids}


def _within(row: dict[str, Any], filters: dict[str, Any], kind: str) -> bool:
    return all(
        filters.get(f"{name}_start", "") <= row[name] <= filters.get(f"{name}_end", "9")
        for name in (f"{kind}_create_time", f"{kind}_modify_time")
    )


def _in_state(state: str, wanted: str, deleted: str) -> bool:
    if wanted.endswith("_STATUS_ALL"):
        return True
    return state != deleted if wanted.endswith("_NOT_DELETE") else state == wanted


def _promotion_fits(row: dict[str, Any], filters: dict[str, Any], first: str) -> bool:
    scene = filters.get("local_delivery_scene")
    in_scene = row["local_delivery_scene"] in (_DEALS if scene is None else {scene})
    second = filters.get("promotion_status_second")
    return (
        (in_scene or scene == "ALL")
        and _in_state(row["promotion_status_first"], first, "PROMOTION_STATUS_DELETED")
        and (second is None or second in row["promotion_status_second"])
        and str(filters.get("promotion_name", "")) in row["promotion_name"]
        and str(filters.get("project_id", row["project_id"])) == str(row["project_id"])
        and _among(row, filters, "promotion_id", "promotion_ids")
        and _is(row, filters, "ad_type", "ad_type")
        and _is(row, filters, "learning_phase", "learning_phase")
        and _within(row, filters, "promotion")
    )


def _project_fits(row: dict[str, Any], filters: dict[str, Any], first: str) -> bool:
    return (
        _is(row, filters, "local_delivery_scene", "local_delivery_scene")
        and _in_state(row["project_status_first"], first, "PROJECT_STATUS_DELETE")
        and str(filters.get("project_name", "")) in row["name"]
        and _among(row, filters, "project_id", "project_ids")
        and _is(row, filters, "ad_type", "ad_type")
        and _is(row, filters, "marketing_goal", "marketing_goal")
        and _is(row, filters, "bid_type", "bid_type")
        and _within(row, filters, "project")
    )
