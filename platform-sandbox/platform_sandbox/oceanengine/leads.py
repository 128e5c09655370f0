"""`2/tools/clue/life/get/`: leads of up to fifty accounts, newest first; POST only."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.clock import SHANGHAI
from platform_sandbox.oceanengine.lead_records import leads_of
from platform_sandbox.oceanengine.parameters import UP_TO_100, Refusal

if TYPE_CHECKING:
    from platform_sandbox.oceanengine.directory import Directory
    from platform_sandbox.oceanengine.inventory import Account
    from platform_sandbox.oceanengine.moments import Moments
    from platform_sandbox.oceanengine.parameters import Parameters
    from platform_sandbox.services import Services

MOST_ACCOUNTS: Final = 50
_KEPT: Final = 20_000


class Leads:
    """The handler of the lead list."""

    def __init__(self, services: Services, directory: Directory, moments: Moments) -> None:
        self._services = services
        self._directory = directory
        self._moments = moments
        self._kept: dict[tuple[int, date, datetime], list[tuple[datetime, dict[str, Any]]]] = {}

    def lead_list(self, parameters: Parameters) -> dict[str, Any]:
        """POST 2/tools/clue/life/get/."""
        accounts = self._accounts(parameters)
        start, end = parameters.moment("start_time"), parameters.moment("end_time")
        most = self._services.switches.oe_leads_max_days
        if end < start or (most is not None and end - start > timedelta(days=most)):
            raise parameters.refuse("end_time", f"must follow start_time, at most {most} days")
        for name in ("page", "page_size"):
            if not parameters.has(name):
                raise parameters.refuse(name, "missing required parameter")
        page, size = parameters.page(UP_TO_100)
        now = self._now(end)
        found = [
            lead
            for account in accounts
            for day in _days(start, min(end, now))
            for lead in self._of_day(account, day, now)
            if start <= lead[0] <= end
        ]
        found.sort(key=lambda lead: (lead[0], lead[1]["clue_id"]), reverse=True)
        rows = [self._shown(row) for _, row in found[(page - 1) * size : page * size]]
        return {
            "list": rows,
            "page_info": {
                "page_number": page,
                "page_size": size,
                "page_total": -(-len(found) // size),
                "total": len(found),
            },
        }

    def _accounts(self, parameters: Parameters) -> list[Account]:
        ids = parameters.integers("local_account_ids")
        if len(ids) > MOST_ACCOUNTS:
            raise parameters.refuse("local_account_ids", f"at most {MOST_ACCOUNTS}, got {len(ids)}")
        switches = self._services.switches
        accounts = [self._directory.find(identity) for identity in ids]
        for account in accounts:
            if switches.oe_leads_agent_refused and account.sources == {"agent"}:
                raise Refusal(40002, f"No permission to operate account {account.id}")
            if switches.oe_leads_entity_mismatch_code is not None:
                raise Refusal(switches.oe_leads_entity_mismatch_code, "未获得敏感物料授权")
        return accounts

    def _now(self, end: datetime) -> datetime:
        moment = self._moments.of_call(end.date())
        now = datetime.combine(date.fromordinal(moment.day), datetime.min.time(), SHANGHAI)
        return now + timedelta(minutes=moment.minute)

    def _of_day(
        self, account: Account, day: date, now: datetime
    ) -> list[tuple[datetime, dict[str, Any]]]:
        key = (account.id, day, now)
        if key not in self._kept:
            if len(self._kept) > _KEPT:
                self._kept.clear()
            self._kept[key] = leads_of(self._services.world, account, day, now)
        return self._kept[key]

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        switches = self._services.switches
        shown = dict(row)
        if switches.oe_leads_phone == "empty":
            shown["telephone"] = ""
        elif switches.oe_leads_phone == "masked":
            shown["telephone"] = f"{row['telephone'][:3]}****{row['telephone'][-4:]}"
        if switches.oe_extra_fields:
            shown["row_tag"] = ""
        return shown


def _days(start: datetime, end: datetime) -> list[date]:
    first, last = start.astimezone(SHANGHAI).date(), end.astimezone(SHANGHAI).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
