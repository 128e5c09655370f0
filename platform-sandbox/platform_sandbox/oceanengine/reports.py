"""`local/report/{account,project,promotion,material}/get`: flat rows of the metrics asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.oceanengine.inventory import ACTIONS, SCENES, Material
from platform_sandbox.oceanengine.ledger import group, hours, total, unit_numbers
from platform_sandbox.oceanengine.metrics import MATERIAL_METRICS, REPORT_METRICS
from platform_sandbox.oceanengine.parameters import page_info
from platform_sandbox.oceanengine.rows import Presenter, dimensions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from platform_sandbox.oceanengine.directory import Directory
    from platform_sandbox.oceanengine.inventory import Account, Project, Unit
    from platform_sandbox.oceanengine.ledger import Ledger, Level, Line
    from platform_sandbox.oceanengine.moments import Moments
    from platform_sandbox.oceanengine.numbers import Moment
    from platform_sandbox.oceanengine.parameters import Parameters
    from platform_sandbox.services import Services

LIST_KEYS: Final[dict[Level, str]] = {
    "account": "data_list",
    "project": "project_list",
    "promotion": "promotion_list",
    "material": "material_list",
}
MOST_DAYS: Final = 365
MOST_HOURLY_DAYS: Final = 7
_GRANULARITIES: Final = {
    "TIME_GRANULARITY_DAILY": "DAILY",
    "TIME_GRANULARITY_HOURLY": "HOURLY",
    "TIME_GRANULARITY_TOTAL": "TOTAL",
}
_GOALS: Final = ("LIVE", "VIDEO_IMAGE")
_ACTIONS: Final = (
    *ACTIONS, "CLUE_HIGH_INTENTION", "FOLLOW_ACTION", "INTENTION_CLUE_ACQUISITION",
    "LIVE_ENGAGEMENT", "LIVE_ENTER_ACTION", "LIVE_OTO_CLICK", "LIVE_STAY_TIME", "NATIVE_ACTION",
    "SHOW",
)  # fmt: skip
_COMMON: Final[dict[str, Collection[str] | None]] = {
    "campaign_type": ("GENERAL", "SEARCHING"),
    "delivery_mode": ("CDP_AUTO_MODE", "MANUAL_MODE"),
    "external_action": _ACTIONS,
    "local_delivery_scene": SCENES,
}
FILTERS: Final[dict[Level, dict[str, Collection[str] | None]]] = {
    "account": {**_COMMON, "marketing_goal": _GOALS},
    "project": {**_COMMON, "marketing_goal": _GOALS, "cdp_project_ids": None},
    "promotion": {**_COMMON, "marketing_goal": _GOALS, "promotion_ids": None},
    "material": {
        **_COMMON,
        "cdp_project_ids": None,
        "promotion_ids": None,
        "material_ids": None,
        "material_type": ("CASURAL", "VIDEO"),
    },
}


@dataclass(frozen=True, slots=True)
class Query:
    """What one report call asks for, checked."""

    level: Level
    account: Account
    granularity: str
    first: date
    last: date
    metrics: tuple[str, ...]
    filters: dict[str, Any]
    order: str
    order_field: str | None
    page: int
    size: int


class Reports:
    """Handlers of the four report calls."""

    def __init__(
        self, services: Services, directory: Directory, ledger: Ledger, moments: Moments
    ) -> None:
        self._services = services
        self._directory = directory
        self._ledger = ledger
        self._moments = moments
        self._calls = 0

    def handler(self, level: Level) -> Callable[[Parameters], dict[str, Any]]:
        """The handler of one level."""

        def handle(parameters: Parameters) -> dict[str, Any]:
            return self._answer(self._query(level, parameters))

        return handle

    def _query(self, level: Level, parameters: Parameters) -> Query:
        account = self._directory.find(parameters.integer("local_account_id"))
        granularity = _GRANULARITIES[
            parameters.text(
                "time_granularity",
                allowed=_GRANULARITIES,
                default=f"TIME_GRANULARITY_{'TOTAL' if level == 'account' else 'DAILY'}",
            )
        ]
        first, last = self._span(parameters, granularity)
        metrics = _metrics(level, parameters)
        switches = self._services.switches
        usual = switches.oe_account_order if level == "account" else switches.oe_entity_order
        order_field = parameters.text("order_field", default="") or None
        if order_field is not None and order_field not in metrics:
            raise parameters.refuse("order_field", f"{order_field} is not among the metrics")
        filters = parameters.filtering("filtering", FILTERS[level])
        page, size = parameters.page(switches.oe_report_page_sizes)
        return Query(
            level=level,
            account=account,
            granularity=granularity,
            first=first,
            last=last,
            metrics=metrics,
            filters=filters,
            order=parameters.text("order_type", allowed=("ASC", "DESC"), default=usual),
            order_field=order_field,
            page=page,
            size=size,
        )

    def _span(self, parameters: Parameters, granularity: str) -> tuple[date, date]:
        first, last = parameters.day("start_date"), parameters.day("end_date")
        if last < first:
            raise parameters.refuse("end_date", "must not be earlier than start_date")
        most = MOST_HOURLY_DAYS if granularity == "HOURLY" else MOST_DAYS
        if (last - first).days + 1 > most:
            raise parameters.refuse("start_date", f"the span must not exceed {most} days")
        oldest = self._services.clock.today() - timedelta(days=MOST_DAYS)
        if first < oldest:
            raise parameters.refuse("start_date", f"must not be earlier than {oldest}")
        return first, last

    def _answer(self, query: Query) -> dict[str, Any]:
        self._calls += 1
        moment = self._moments.of_call(query.last)
        presenter = Presenter(query.metrics, self._services.switches, turn=self._calls)
        offset = (query.page - 1) * query.size
        if query.granularity == "DAILY" and not query.filters and query.order_field is None:
            count, rows = self._daily_page(query, moment, presenter, offset)
        else:
            found = list(self._rows(query, moment, presenter))
            count, rows = len(found), _sorted(found, query)[offset : offset + query.size]
        data: dict[str, Any] = {}
        if rows or self._services.switches.oe_empty_list == "empty":
            data[LIST_KEYS[query.level]] = rows
        data["page_info"] = page_info(query.page, query.size, count)
        return data

    def _ordinals(self, query: Query, moment: Moment) -> range:
        low, high = query.first.toordinal(), min(query.last.toordinal(), moment.day)
        if query.order == "DESC" and query.order_field is None:
            return range(high, low - 1, -1)
        return range(low, high + 1)

    def _daily_page(
        self, query: Query, moment: Moment, presenter: Presenter, offset: int
    ) -> tuple[int, list[dict[str, Any]]]:
        """One page of the usual report: only the days on it are computed."""
        seen = 0
        rows: list[dict[str, Any]] = []
        for ordinal in self._ordinals(query, moment):
            count = self._ledger.count(query.level, query.account, ordinal, moment)
            low = max(offset - seen, 0)
            high = min(offset + query.size - seen, count)
            if low < high:
                day = date.fromordinal(ordinal).isoformat()
                lines = self._ledger.day(query.level, query.account, ordinal, moment)
                rows.extend(presenter.daily(line, day) for line in lines[low:high])
            seen += count
        return seen, rows

    def _rows(self, query: Query, moment: Moment, presenter: Presenter) -> Iterator[dict[str, Any]]:
        ordinals = self._ordinals(query, moment)
        if query.granularity == "TOTAL":
            for line in total(self._lines(query, ordinal, moment) for ordinal in ordinals):
                yield presenter.row(line, dimensions(line.entity))
            return
        for ordinal in ordinals:
            day = date.fromordinal(ordinal).isoformat()
            lines = self._lines(query, ordinal, moment)
            if query.granularity == "DAILY":
                yield from (presenter.daily(line, day) for line in lines)
                continue
            by_hour = hours(lines)
            for hour, line in reversed(by_hour) if query.order == "DESC" else by_hour:
                yield presenter.hourly(line, day, hour)

    def _lines(self, query: Query, ordinal: int, moment: Moment) -> list[Line]:
        if not query.filters:
            return self._ledger.day(query.level, query.account, ordinal, moment)
        units = [unit for unit in query.account.units if _unit_fits(unit, query.filters)]
        lines = group(query.level, query.account, unit_numbers(units, ordinal, moment))
        return [line for line in lines if _entity_fits(line.entity, query.filters)]


def _metrics(level: Level, parameters: Parameters) -> tuple[str, ...]:
    names = parameters.array("metrics")
    known = MATERIAL_METRICS if level == "material" else REPORT_METRICS
    unknown = [str(name) for name in names if name not in known]
    if unknown:
        raise parameters.refuse("metrics", f"{', '.join(unknown)} not supported")
    return tuple(dict.fromkeys(names))


def _sorted(rows: list[dict[str, Any]], query: Query) -> list[dict[str, Any]]:
    field = query.order_field
    if field is None:
        return rows
    return sorted(rows, key=lambda row: row.get(field) or 0, reverse=query.order == "DESC")


def _wanted(filters: dict[str, Any], name: str, value: object) -> bool:
    if name not in filters:
        return True
    items = filters[name] if isinstance(filters[name], list) else [filters[name]]
    return not items or str(value) in {str(item) for item in items}


def _unit_fits(unit: Unit, filters: dict[str, Any]) -> bool:
    project = unit.project
    return all(
        _wanted(filters, name, value)
        for name, value in (
            ("campaign_type", project.campaign_type),
            ("delivery_mode", unit.delivery_mode),
            ("external_action", project.action),
            ("local_delivery_scene", project.scene),
            ("marketing_goal", project.goal),
            ("cdp_project_ids", project.id),
            ("promotion_ids", unit.id),
        )
    )


def _entity_fits(entity: Account | Project | Unit | Material, filters: dict[str, Any]) -> bool:
    if not isinstance(entity, Material):
        return True
    return _wanted(filters, "material_ids", entity.id) and _wanted(
        filters, "material_type", entity.type
    )
