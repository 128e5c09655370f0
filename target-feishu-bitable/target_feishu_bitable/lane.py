"""One stream's way into one table: what everybody who writes on it needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_feishu_bitable.base import Base, Table
    from target_feishu_bitable.schema import Binding
    from target_feishu_bitable.summary import Counts


@dataclass(frozen=True, slots=True)
class Lane:
    """A stream, its table and its columns.

    Attributes:
        base: The opened base.
        table: The table.
        stream: Name of the stream, for messages.
        bindings: The stream's columns.
        counts: Where written rows are counted.
        keyed: Whether rows can be found again by a key.
    """

    base: Base
    table: Table
    stream: str
    bindings: Sequence[Binding]
    counts: Counts
    keyed: bool
