"""Somebody who knows the old table by heart, and compares it with what it has become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from platform_sandbox.testing import SandboxServer

from .predecessor_table import HUMAN, NAME, WANTED, WRITTEN, Cells, Key


def key_of(cells: Cells) -> Key:
    """Day and unit of a row; empty where they are not filled in."""
    return cells.get("时间", ""), cells.get("单元ID", "")


class Witness:
    """Compares the table with what it was, and with the platform.

    Attributes:
        before: The rows, when they were last looked at for good.
    """

    def __init__(self, sandbox: SandboxServer) -> None:
        self.table = sandbox.platform.feishu.base().table(NAME)
        self.requests = sandbox.platform.requests
        self.columns = self.table.fields
        self.before = self.rows()

    def rows(self) -> dict[str, Cells]:
        """Cells by record id, oldest first."""
        return dict(self.table.rows())

    def copies(self, keys: set[Key]) -> set[str]:
        """Every row of the keys but the oldest, as it was."""
        seen, later = set(), set()
        for record_id, cells in self.before.items():
            key = key_of(cells)
            if key in keys and key in seen:
                later.add(record_id)
            seen.add(key)
        return later

    def sees_unchanged(self, record_ids: Iterable[str]) -> None:
        now = self.rows()
        changed = {one: now.get(one) for one in record_ids if now.get(one) != self.before[one]}
        assert changed == {}

    def sees_nothing_lost(self) -> None:
        now = self.rows()
        assert self.table.fields == self.columns
        assert self.before.keys() <= now.keys()
        for record_id, cells in self.before.items():
            for column in (*HUMAN, *WANTED):
                assert now[record_id].get(column) == cells.get(column)

    def sees_only_data_columns_sent(self) -> None:
        sent = {
            name
            for entry in self.requests.entries
            if entry.write
            for row in entry.body["records"]
            for name in row["fields"]
        }
        assert sent
        assert sent <= set(WRITTEN)

    def sees_oldest_rows_equal(self, platform: Mapping[Key, Cells]) -> None:
        oldest: dict[Key, dict[str, Any]] = {}
        for cells in self.rows().values():
            oldest.setdefault(key_of(cells), cells)
        assert platform
        for key, wanted in platform.items():
            cells = oldest[key]
            for column in WRITTEN:
                cell, told = cells[column], wanted[column]
                assert isinstance(cell, str)
                same = told == (cell if isinstance(told, str) else float(cell))
                assert same, (key, column, cell, told)
        computed = oldest[min(platform)]  # the row that the formulas find by its texts
        assert computed["客资数量"] == 2
        assert computed["实际获客成本"] == round(float(computed["消耗(元)"]) / 2, 2)
