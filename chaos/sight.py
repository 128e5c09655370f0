"""What the soak sees of the platforms; runs in their process.

A snapshot is plain data: it is compared with the one before by `oracle`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from faults import REFRESH
from shapes import DAY, SHAPES, milliseconds

from platform_sandbox.faults import AFTER, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapes import Key, Shape

    from platform_sandbox.platform import Platform

_PATIENCE_MS: Final = 4900
"""The tap waits 5 seconds for an answer, see `pipeline.tap_settings`."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A stream at one moment: its table, and what the source says.

    Attributes:
        stream: Its name.
        rows: Cells by column id of every row, by record id, in the order in which they were made.
        columns: Names of the columns by id.
        truth: What the source says now, by key, with our columns' names; all days up to today.
        today: The open day.
    """

    stream: str
    rows: dict[str, dict[str, Any]]
    columns: dict[str, str]
    truth: dict[Key, dict[str, Any]]
    today: dt.date

    @property
    def shape(self) -> Shape:
        """Its key and columns."""
        return SHAPES[self.stream]

    def named(self, record: str) -> dict[str, Any]:
        """The cells of a row by the names of their columns."""
        return {self.columns.get(one, one): cell for one, cell in self.rows[record].items()}

    def is_open(self, row: dict[str, Any]) -> bool:
        """Whether a row of the source is of the open day: it grows from one request to the next."""
        return row.get(DAY) == milliseconds(self.today)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that counts on both platforms at one moment.

    Attributes:
        sheets: By stream.
        pairs: (state, access token, refresh token) of every token pair, oldest first.
        today: The open day.
        used: Faults that were thrown since they were last cleared.
        lost_refreshes: Refreshes since then that were carried out, or late, without their answer
            reaching who asked.
    """

    sheets: dict[str, Sheet]
    pairs: list[tuple[str, str, str]]
    today: dt.date
    used: list[dict[str, Any]]
    lost_refreshes: int = 0


def snapshot(platform: Platform, first: dt.date, streams: Sequence[str]) -> Snapshot:
    """Look at everything; the truth begins with the first day."""
    return Snapshot(
        sheets={stream: _sheet(platform, first, stream) for stream in streams},
        pairs=[(one.state, one.access, one.refresh) for one in platform.oceanengine.tokens.pairs],
        today=platform.clock.today(),
        used=used(platform),
        lost_refreshes=sum(
            REFRESH in one.path and (one.fault in AFTER or one.elapsed_ms > _PATIENCE_MS)
            for one in platform.requests.entries
        ),
    )


def _sheet(platform: Platform, first: dt.date, stream: str) -> Sheet:
    shape = SHAPES[stream]
    rows: dict[str, dict[str, Any]] = {}
    columns: dict[str, str] = {}
    found = [one for one in platform.feishu.base().tables if one.name == shape.table]
    if found:
        columns = {one["field_id"]: one["field_name"] for one in found[0].fields}
        identity = {name: identifier for identifier, name in columns.items()}
        rows = {
            record: {identity[name]: value for name, value in cells.items()}
            for record, cells in found[0].rows()
        }
    return Sheet(stream, rows, columns, shape.truth(platform, first), platform.clock.today())


def plan_faults(platform: Platform, faults: list[dict[str, Any]]) -> None:
    """Forget what was planned before and what was asked, and plan these."""
    platform.faults.clear()
    platform.requests.clear()
    for one in faults:
        platform.faults.add(Fault(**one))


def used(platform: Platform) -> list[dict[str, Any]]:
    """Faults that were thrown since they were last planned."""
    return [dataclasses.asdict(one) for one in platform.faults.used]


def progress(platform: Platform) -> tuple[int, int, int]:
    """Requests, those that change a table, and those to Feishu, since faults were last planned."""
    summary, feishu = platform.requests.summary(), platform.requests.count(half="feishu")
    return int(summary["total"]), int(summary["writes"]), feishu


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
