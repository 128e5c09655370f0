"""How a line of the ledger looks on the wire: dimension keys, then the metrics asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.oceanengine.inventory import Account, Project, Unit
from platform_sandbox.oceanengine.ledger import sums_of
from platform_sandbox.oceanengine.metrics import MONEY, RATIOS, additive, parts_of, value_of

if TYPE_CHECKING:
    from platform_sandbox.oceanengine.inventory import Material
    from platform_sandbox.oceanengine.ledger import Line
    from platform_sandbox.switches import Switches

_NOTHING: Final[dict[str, object]] = {"zero": 0.0, "null": None, "dash": "-"}


def dimensions(entity: Account | Project | Unit | Material) -> dict[str, Any]:
    """The keys that come back by themselves; only account rows carry the account's id."""
    if isinstance(entity, Unit):
        return {
            "project_id": entity.project.id,
            "project_name": entity.project.name,
            "promotion_id": entity.id,
            "promotion_name": entity.name,
        }
    if isinstance(entity, Account):
        return {"local_account_id": entity.id}
    if isinstance(entity, Project):
        return {"project_id": entity.id, "project_name": entity.name}
    return {
        "material_id": entity.id,
        "material_name": entity.name,
        "material_type": entity.type,
    }


class Presenter:
    """Turns lines into rows for one call.

    Args:
        metrics: What was asked for.
        switches: How numbers are written.
        turn: Number of the call; keys come in another order every time, as on the platform.
    """

    def __init__(self, metrics: tuple[str, ...], switches: Switches, *, turn: int = 0) -> None:
        shift = turn % len(metrics) if metrics else 0
        self._metrics = metrics[shift:] + metrics[:shift]
        self._parts = parts_of(metrics)
        self._nothing = _NOTHING.get(switches.oe_empty_metric)
        self._omit = switches.oe_empty_metric == "missing"
        self._noise = switches.oe_float_noise
        self._extra = switches.oe_extra_fields
        self._interval = switches.oe_hour_format == "interval"

    def row(self, line: Line, keys: dict[str, Any]) -> dict[str, Any]:
        """Keys and metrics, flat."""
        sums = sums_of(line.parts, self._parts, additive)
        for name in self._metrics:
            value = value_of(name, sums)
            if name in RATIOS and value is None:
                if not self._omit:
                    keys[name] = self._nothing
            elif self._noise and name in MONEY:
                # Doubles as the platform writes them: 0.1 + 0.2 comes out as it does.
                keys[name] = (sums[name] - 7) / 100 + 0.07
            else:
                keys[name] = value
        if self._extra:
            keys["row_tag"] = ""
        return keys

    def daily(self, line: Line, day: str) -> dict[str, Any]:
        """A row of a day."""
        return self.row(line, {"stat_time_day": day, **dimensions(line.entity)})

    def hourly(self, line: Line, day: str, hour: int) -> dict[str, Any]:
        """A row of an hour; the switch says how hours are written."""
        text = (
            f"{day} {hour:02d}:00 - {hour:02d}:59" if self._interval else f"{day} {hour:02d}:00:00"
        )
        return self.row(line, {"stat_time_hour": text, **dimensions(line.entity)})
