"""The tenant: its bases and files, kept in memory and written through; the default world."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.defaults import FEISHU_BASE, FEISHU_WIKI_NODE
from platform_sandbox.feishu.ids import Ids
from platform_sandbox.feishu.model import Base, Field, Lag, Record, Table, View
from platform_sandbox.feishu.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from platform_sandbox.feishu.model import Stored
    from platform_sandbox.feishu.switches import FeishuSwitches
    from platform_sandbox.services import Services

APP_USER: Final = "ou_sandboxapp000000000000000000000"
PERSON: Final = "ou_sandboxperson00000000000000000"


class State:
    """All bases of the tenant.

    Attributes:
        lock: Held by whoever reads or changes anything; API calls and people take turns.
        bases: By app_token.
        nodes: Wiki nodes: node token to (kind of object, token of the object).
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self.clock = services.clock
        self.lock = services.database.lock  # one lock: a reset takes it from the other side
        self.storage = Storage(services.database)
        self.bases: dict[str, Base] = self.storage.load_bases()
        changes = sum(base.revision for base in self.bases.values())
        self.ids = Ids(Random(f"{services.seed}:feishu:{changes}"))  # noqa: S311  not for secrets
        self.nodes: dict[str, tuple[str, str]] = {FEISHU_WIKI_NODE: ("bitable", FEISHU_BASE)}
        self._fresh: dict[str, float] = {}
        if not self.bases:
            self._first_day()

    @property
    def switches(self) -> FeishuSwitches:
        """The choices in force."""
        return self.services.switches.feishu

    def now_ms(self) -> int:
        """Sandbox time in milliseconds."""
        return self.clock.now_ms()

    def _first_day(self) -> None:
        self.add_base("本地推数据", FEISHU_BASE)

    def reset(self) -> None:
        """Back to one base with its default table."""
        with self.lock:
            self.storage.clear()
            self.bases.clear()
            self._fresh.clear()
            self.nodes = {FEISHU_WIKI_NODE: ("bitable", FEISHU_BASE)}
            self.ids = Ids(Random(f"{self.services.seed}:feishu:0"))  # noqa: S311  not for secrets
            self._first_day()

    def add_base(self, name: str, token: str | None = None, zone: str = "Asia/Beijing") -> Base:
        """A new base with its default table, default columns and empty rows."""
        base = Base(token or self.ids.new("bascn", self.bases), name, time_zone=zone)
        self.bases[base.token] = base
        table = self.new_table(base, "数据表")
        options: dict[str, Any] = {"options": []}
        date = {"date_formatter": "yyyy/MM/dd", "auto_fill": False}
        table.fields = [
            Field(self.ids.new("fld"), "文本", 1, "Text", None, is_primary=True),
            Field(self.ids.new("fld"), "单选", 3, "SingleSelect", options),
            Field(self.ids.new("fld"), "日期", 5, "DateTime", date),
            Field(self.ids.new("fld"), "附件", 17, "Attachment", None),
        ]
        self.add_records(base, table, [{} for _ in range(self.switches.rows_in_new_base)], PERSON)
        return base

    def new_table(self, base: Base, name: str, view_name: str = "表格") -> Table:
        """A table with one grid view and no columns yet."""
        table = Table(self.ids.new("tbl", base.tables), name)
        table.views.append(View(self.ids.new("vew"), view_name))
        base.tables[table.id] = table
        return table

    def new_field_id(self, table: Table) -> str:
        """An unused field id."""
        return self.ids.new("fld", table.by_id())

    def lag(self, identifier: str) -> None:
        """Keep a new table or column from API callers for as long as the switches say."""
        seconds = self.switches.replica_lag_seconds
        if seconds:
            self._fresh[identifier] = self.clock.elapsed() + seconds

    def is_fresh(self, identifier: str) -> bool:
        """Whether a new table, column or record is not found by its id yet."""
        until = self._fresh.get(identifier)
        return until is not None and until > self.clock.elapsed()

    def changed(self, base: Base, table: Table | None = None) -> None:
        """A change of structure: count it and store the base."""
        base.revision += 1
        if table is not None:
            table.touch()
        self.storage.save_base(base)

    def add_records(
        self,
        base: Base,
        table: Table,
        rows: Iterable[dict[str, Stored]],
        who: str,
    ) -> list[Record]:
        """Append records; they lag behind for API readers as the switches say."""
        now, added = self.now_ms(), []
        for values in rows:
            table.serial += 1
            identifier = self.ids.new("rec", table.records)
            record = Record(identifier, values, table.serial, now, now, who, who)
            table.records[identifier] = record
            added.append(record)
        self._lag(table, added, who)
        base.revision += 1
        table.touch()
        self.storage.save_records(base, table, added)
        return added

    def _lag(self, table: Table, records: Iterable[Record], who: str) -> None:
        seconds, reads = self.switches.replica_lag_seconds, self.switches.replica_lag_reads
        if who == PERSON or not (seconds or reads):
            return
        until = self.clock.elapsed() + seconds
        if seconds:
            self._fresh.update({record.id: until for record in records})
        table.lagging.update({record.id: Lag(until, reads) for record in records})

    def change_records(
        self,
        base: Base,
        table: Table,
        changes: Iterable[tuple[Record, dict[str, Stored | None]]],
        who: str,
    ) -> None:
        """Set or clear cells of existing records."""
        now, touched = self.now_ms(), {}
        for record, values in changes:
            for key, value in values.items():
                if value is None:
                    record.values.pop(key, None)
                else:
                    record.values[key] = value
            record.modified, record.modified_by = now, who
            touched[record.id] = record
        base.revision += 1
        table.touch()
        self.storage.save_records(base, table, touched.values())

    def remove_records(self, base: Base, table: Table, ids: Iterable[str]) -> None:
        """Delete records."""
        gone = []
        for identifier in dict.fromkeys(ids):
            gone.append(table.records.pop(identifier))
            table.lagging.pop(identifier, None)
        base.revision += 1
        table.touch()
        self.storage.delete_records(base, table, gone)

    def hidden(self, table: Table) -> set[str]:
        """Ids of new records that a read does not see yet; counts as one read."""
        if not table.lagging:
            return set()
        now = self.clock.elapsed()
        hidden = {
            identifier
            for identifier, lag in table.lagging.items()
            if lag.until > now or lag.reads > 0
        }
        for identifier in list(table.lagging):
            if identifier in hidden:
                table.lagging[identifier].reads -= 1
            else:
                del table.lagging[identifier]
        return hidden
