"""One API call on its way through the Feishu half."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from platform_sandbox.feishu.app import App
    from platform_sandbox.feishu.model import Base, Field, Table
    from platform_sandbox.feishu.state import State
    from platform_sandbox.feishu.switches import FeishuSwitches


@dataclass(slots=True)
class Call:
    """What a handler works on.

    Attributes:
        path: Variables of the path.
        query: Query parameters.
        body: The JSON object of the body; empty without one.
        base: The base named by the path. Only set where the path names one.
        table: The table named by the path. Only set where the path names one.
    """

    state: State
    app: App
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: dict[str, Any] = field(default_factory=dict)
    base: Base = field(init=False)
    table: Table = field(init=False)

    @property
    def switches(self) -> FeishuSwitches:
        """The choices in force."""
        return self.state.switches

    def visible_fields(self) -> list[Field]:
        """The table's columns as far as the app may know of them."""
        hidden = self.app.hidden_fields
        return [column for column in self.table.fields if column.name not in hidden]

    @property
    def row_limit(self) -> int | None:
        """Most records the table may hold."""
        return self.switches.row_limit if self.app.row_limit is None else self.app.row_limit

    def flag(self, name: str) -> bool:
        """A boolean query parameter: true, True or 1."""
        return self.query.get(name, "") in {"true", "True", "1"}
