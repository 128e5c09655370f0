"""What the soak sees of the platforms; runs in their process.

A snapshot is plain data: it is compared with the one before by `oracle`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from platform_sandbox.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from platform_sandbox.platform import Platform

TABLE: Final = "单元日报"
DAY: Final = "时间"
UNIT: Final = "单元ID"
COLUMNS: Final[Mapping[str, str]] = {
    DAY: "stat_time_day",
    "账户ID": "local_account_id",
    "账户名称": "local_account_name",
    UNIT: "promotion_id",
    "单元名称": "promotion_name",
    "消耗(元)": "stat_cost",
    "展示次数": "show_cnt",
    "点击次数": "click_cnt",
    "转化数": "convert_cnt",
    "转化成本(元)": "conversion_cost",
    "团购线索数": "clue_pay_order_cnt",
    "转化数(计费时间)": "attribution_convert_cnt",
    "转化成本(元)(计费时间)": "attribution_convert_cost",
}
"""The synced columns, as `meltano.yml` names them, and their properties."""
_IDS: Final = ("local_account_id", "promotion_id")
_ZONE: Final = dt.timezone(dt.timedelta(hours=8))

Key: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that counts on both platforms at one moment.

    Attributes:
        rows: Cells by column id of every row, by record id, in the order in which they were made.
        columns: Names of the columns by id.
        truth: What the source says now, by key, with our columns' names; all days up to today.
        pairs: (state, access token, refresh token) of every token pair, oldest first.
        today: The open day.
        used: Faults that were thrown since they were last cleared.
    """

    rows: dict[str, dict[str, Any]]
    columns: dict[str, str]
    truth: dict[Key, dict[str, Any]]
    pairs: list[tuple[str, str, str]]
    today: dt.date
    used: list[dict[str, Any]]


def snapshot(platform: Platform, first: dt.date) -> Snapshot:
    """Look at everything; the truth begins with the first day."""
    rows: dict[str, dict[str, Any]] = {}
    columns: dict[str, str] = {}
    found = [one for one in platform.feishu.base().tables if one.name == TABLE]
    if found:
        columns = {one["field_id"]: one["field_name"] for one in found[0].fields}
        identity = {name: identifier for identifier, name in columns.items()}
        rows = {
            record: {identity[name]: value for name, value in cells.items()}
            for record, cells in found[0].rows()
        }
    return Snapshot(
        rows=rows,
        columns=columns,
        truth=_truth(platform, first),
        pairs=[(one.state, one.access, one.refresh) for one in platform.oceanengine.tokens.pairs],
        today=platform.clock.today(),
        used=used(platform),
    )


def _truth(platform: Platform, first: dt.date) -> dict[Key, dict[str, Any]]:
    source = platform.oceanengine
    truth: dict[Key, dict[str, Any]] = {}
    for account in source.accounts:
        for row in source.truth(account.id, first, platform.clock.today()):
            whole = row | {"local_account_id": account.id, "local_account_name": account.name}
            day = str(row["stat_time_day"])[:10]
            values = {
                column: str(whole[name]) if name in _IDS else whole[name]
                for column, name in COLUMNS.items()
            }
            truth[day, values[UNIT]] = values | {DAY: milliseconds(dt.date.fromisoformat(day))}
    return truth


def milliseconds(day: dt.date) -> int:
    """A day as the table holds it."""
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=_ZONE).timestamp() * 1000)


def day_of(cell: object) -> str:
    """The day of a cell, empty when it holds none."""
    if not isinstance(cell, int | float):
        return ""
    return dt.datetime.fromtimestamp(cell / 1000, _ZONE).date().isoformat()


def plan_faults(platform: Platform, faults: list[dict[str, Any]]) -> None:
    """Forget what was planned before and what was asked, and plan these."""
    platform.faults.clear()
    platform.requests.clear()
    for one in faults:
        platform.faults.add(Fault(**one))


def used(platform: Platform) -> list[dict[str, Any]]:
    """Faults that were thrown since they were last planned."""
    return [dataclasses.asdict(one) for one in platform.faults.used]


def progress(platform: Platform) -> tuple[int, int]:
    """Requests, and those that change the table, since faults were last planned."""
    summary = platform.requests.summary()
    return int(summary["total"]), int(summary["writes"])


def accounts(platform: Platform) -> list[str]:
    """Ids of all accounts."""
    return [str(account.id) for account in platform.oceanengine.accounts]


def under_way(platform: Platform) -> int:
    """Requests that are being worked on, also when nobody waits for them any more."""
    return sum(not entry.elapsed_ms for entry in platform.requests.entries)


def today(platform: Platform) -> dt.date:
    """The open day."""
    return platform.clock.today()


def advance(platform: Platform, days: int, seconds: float) -> str:
    """Move the clock, as far as it goes."""
    clock = platform.clock
    days = min(days, (clock.host_today() - clock.today()).days)
    if (clock.now() + dt.timedelta(days=days, seconds=seconds)).date() > clock.host_today():
        seconds = 0
    return clock.advance(days=days, seconds=seconds).isoformat(timespec="minutes")


def set_up(platform: Platform, app: dict[str, Any]) -> None:
    """Set up the Feishu app."""
    platform.feishu.app(**app)


def end_access(platform: Platform) -> None:
    """The access token runs out."""
    platform.oceanengine.tokens.expire_access()


def rotate(platform: Platform) -> None:
    """Somebody else refreshes: the pair that our store has is dead."""
    tokens = platform.oceanengine.tokens
    tokens.refresh(tokens.current.refresh)


def new_code(platform: Platform) -> str:
    """An authorisation code, as a person brings it back from the platform."""
    return platform.oceanengine.tokens.new_code()


def end_tenant_tokens(platform: Platform) -> None:
    """Every token of the Feishu app dies."""
    platform.feishu.tokens.kill()
