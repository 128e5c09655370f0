"""Choices where the facts about the platforms leave one; the defaults are the stricter ones."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from platform_sandbox.feishu.switches import FeishuSwitches


@dataclass(slots=True)
class Switches:
    """Behaviour of both halves. Mutable: a test may turn one while the sandbox runs.

    Names starting with `oe_` belong to Ocean Engine, those in `feishu` to Feishu, others to both.
    Listed with their meaning in the package's README.
    """

    latency_ms: int = 0
    write_latency_ms: int = 2
    feishu: FeishuSwitches = field(default_factory=FeishuSwitches)

    oe_requests_per_second: int | None = None
    oe_rate_penalty_seconds: int = 300
    oe_rate_status: int = 200
    oe_rotated_access_code: int = 40105
    oe_expired_auth_code: int = 40110
    oe_bad_parameter_code: int = 40001
    oe_organization_code: int = 40002
    oe_report_page_sizes: tuple[int, ...] = (10, 20, 50, 100)
    oe_account_order: Literal["ASC", "DESC"] = "DESC"
    oe_entity_order: Literal["ASC", "DESC"] = "ASC"
    oe_empty_list: Literal["empty", "missing"] = "empty"
    oe_empty_metric: Literal["zero", "null", "missing", "dash"] = "zero"
    oe_today_grows: bool = True
    oe_float_noise: bool = True
    oe_extra_fields: bool = True
    oe_opt_status: Literal["int", "string"] = "int"
    oe_hour_format: Literal["start", "interval"] = "start"
    oe_leads_agent_refused: bool = True
    oe_leads_entity_mismatch_code: int | None = None
    oe_leads_phone: Literal["plain", "masked", "empty"] = "plain"
    oe_leads_max_days: int | None = None

    def change(self, values: dict[str, Any]) -> Self:
        """Turn several switches.

        Raises:
            ValueError: A name is unknown.
        """
        names = {one.name for one in dataclasses.fields(self)}
        if unknown := sorted(set(values) - names):
            raise ValueError(f"Unknown switch {', '.join(unknown)}; known are {sorted(names)}.")
        for name, value in values.items():
            setattr(self, name, self._converted(name, value))
        return self

    def _converted(self, name: str, value: Any) -> Any:  # noqa: ANN401  any switch's value
        if name == "feishu" and isinstance(value, dict):
            try:
                return dataclasses.replace(self.feishu, **value)
            except TypeError as error:
                raise ValueError(f"Unknown switch of feishu: {error}.") from error
        return tuple(value) if isinstance(value, list) else value

    def as_dict(self) -> dict[str, Any]:
        """Names and values."""
        return dataclasses.asdict(self)

    def reset(self, start: Switches) -> None:
        """Take over every value of another set."""
        for field_ in dataclasses.fields(self):
            setattr(self, field_.name, getattr(start, field_.name))
