"""Made-up leads (客资) of an account and a day: a pure function of the seed and the moment."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.clock import SHANGHAI
from platform_sandbox.oceanengine import names
from platform_sandbox.oceanengine.inventory import entity_id

if TYPE_CHECKING:
    from datetime import date

    from platform_sandbox.oceanengine.inventory import Account, Unit
    from platform_sandbox.world import World

_LEAD_IDS: Final = 3
_PER_DAY: Final = 64
_ACTIONS: Final = ("SHORT_VIDEO", "LIVE_VIDEO", "HOME_PAGE", "IM_MESSAGE", "GROUPON_ORDER")
_TYPES: Final = ("FORM", "CONSULT", "SMARTPHONE", "GROUP_BUYING")
_STATES: Final = (
    # how a lead moves on: (days after its creation, number, name)
    (0, 0, "NOT_MARKED"),
    (1, 1, "NEED_CALLBACK"),
    (4, 6, "ADD_WEIXIN"),
    (9, 2, "CONVERTED"),
)
_STAMP: Final = "%Y-%m-%d %H:%M:%S"


def leads_of(
    world: World, account: Account, day: date, now: datetime
) -> list[tuple[datetime, dict[str, Any]]]:
    """Leads created on a day and known by `now`, each with its time of creation.

    Their state moves on with the clock and changes `modify_time`, never their place in the list.
    """
    draw = Random(f"{world.seed}:leads:{account.id}:{day}")  # noqa: S311  made-up data
    count = draw.randint(0, min(world.leads, _PER_DAY)) if account.active and world.leads else 0
    units = [unit for unit in account.units if unit.first <= day <= unit.last]
    leads = []
    for number in range(count if units else 0):
        lead = Random(f"{world.seed}:lead:{account.id}:{day}:{number}")  # noqa: S311  made-up data
        second = lead.randrange(86_400)
        created = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
        created += timedelta(seconds=second)
        index = (day.toordinal() % 1_500) * _PER_DAY + number
        if created <= now:
            record = _record(account, lead.choice(units), lead, created, now)
            identity = str(entity_id(world, account.index, _LEAD_IDS, index))
            leads.append((created, {"clue_id": identity, **record}))
    return leads


def _state(draw: Random, created: datetime, now: datetime) -> tuple[int, str, datetime]:
    reach = draw.choice((0, 1, 1, 2, 3))
    number, name, changed = 0, "NOT_MARKED", created
    for after, state, label in _STATES[: reach + 1]:
        moment = created + timedelta(days=after)
        if moment <= now:
            number, name, changed = state, label, moment
    return number, name, changed


def _record(
    account: Account, unit: Unit, draw: Random, created: datetime, now: datetime
) -> dict[str, Any]:
    state, state_name, modified = _state(draw, created, now)
    return {
        "local_account_id": str(account.id),
        "advertiser_name": account.name,
        "promotion_id": unit.id,
        "promotion_name": unit.name,
        "create_time_detail": created.strftime(_STAMP),
        "modify_time": modified.strftime(_STAMP),
        "effective_state": state,
        "effective_state_name": state_name,
        **_person(draw),
        **_origin(draw),
    }


def _person(draw: Random) -> dict[str, Any]:
    phone = f"1{draw.choice('35789')}{draw.randrange(10**9):09d}"
    name = draw.choice(names.SURNAMES) + draw.choice(names.GIVEN)
    city = draw.choice(names.CITIES)
    remark = draw.choice(names.REMARKS)
    return {
        "name": name,
        "telephone": phone,
        "weixin": f"wx_{draw.randrange(10**8):08d}" if draw.random() < 0.3 else "",  # noqa: PLR2004  odds
        "gender": draw.choice(("MALE", "FEMALE", "UNKNOWN")),
        "age": draw.randint(18, 60),
        "address": f"{city}市{draw.choice(names.STREETS)}{draw.randint(1, 300)}号",
        "province_name": "",
        "city_name": city,
        "county_name": "",
        "country_name": "",
        "auto_province_name": "",
        "auto_city_name": city,
        "remark": f"{remark}，电话{phone}" if remark and draw.random() < 0.3 else remark,  # noqa: PLR2004  odds
        "remark_dict": json.dumps({"姓名": name, "电话": phone}, ensure_ascii=False),
        "ext_info": json.dumps({"contact": phone}, ensure_ascii=False),
        "clue_intention": json.dumps({"人数": draw.randint(1, 6)}, ensure_ascii=False),
    }


def _origin(draw: Random) -> dict[str, Any]:
    return {
        "action_type": draw.choice(_ACTIONS),
        "ad_type": draw.choice((1, 2, 101)),
        "allocation_status": draw.choice(("NOT_ASSIGN", "ASSIGNED")),
        "clue_type": draw.choice(_TYPES),
        "clue_owner_name": "",
        "clue_return_status": "正常",
        "component_event_type_tags": [196] if draw.random() < 0.1 else [],  # noqa: PLR2004  odds
        "convert_status": draw.choice((-1, 1, 2)),
        "flow_type": "AD",
        "flow_entrance": draw.choice(("FEED", "SEARCH", "OTHER")),
        "follow_state_name": draw.choice(("NOT_CALLED", "ANSWERED", "NOT_ANSWERED")),
        "is_private_clue": draw.choice(("YES", "NO")),
        "leads_page": draw.choice(("POI", "PRODUCT_DETAIL", "OTHER")),
        "order_id": draw.randrange(10**18, 2 * 10**18),
        "video_id": draw.randrange(7 * 10**18, 8 * 10**18),
        "req_id": f"{draw.randrange(16**16):016x}",
        "system_tags": [],
        "tags": ["意向高"] if draw.random() < 0.2 else [],  # noqa: PLR2004  odds
        "tool_id": "",
    }
