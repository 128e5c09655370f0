"""What people do in the Bitable's own page, as an API for tests: no tokens, limits or locks."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.feishu import fields as field_calls
from platform_sandbox.feishu.cells import Conversion
from platform_sandbox.feishu.conditions import zone_of
from platform_sandbox.feishu.fields import add_field, field_json
from platform_sandbox.feishu.rendering import plain
from platform_sandbox.feishu.state import PERSON
from platform_sandbox.feishu.tables import add_table
from platform_sandbox.feishu.writes import change, insert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from platform_sandbox.feishu.model import Base, Field, Stored, Table
    from platform_sandbox.feishu.state import State


CHUNK: Final = 5000


class BaseHandle:
    """A base, as somebody sees it who has it open."""

    def __init__(self, state: State, base: Base) -> None:
        self._state = state
        self.model = base

    @property
    def token(self) -> str:
        """The app_token."""
        return self.model.token

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the base."""
        return zone_of(self.model.time_zone)

    @property
    def tables(self) -> list[TableHandle]:
        """Its tables."""
        return [TableHandle(self._state, self, table) for table in self.model.tables.values()]

    def table(self, id_or_name: str) -> TableHandle:
        """A table by id or by name.

        Raises:
            KeyError: There is none; the message lists those there are.
        """
        for table in self.tables:
            if id_or_name in {table.id, table.name}:
                return table
        names = ", ".join(table.name for table in self.tables)
        raise KeyError(f"The base has no table {id_or_name!r}; it has {names}.")

    def create_table(
        self,
        name: str,
        fields: Sequence[Mapping[str, Any]],
        rows: Iterable[Mapping[str, Any]] = (),
    ) -> TableHandle:
        """A new table; the first column is the primary one."""
        with self._state.lock:
            wanted = {"name": name, "fields": [dict(one) for one in fields]}
            table = add_table(self._state, self.model, wanted)
        handle = TableHandle(self._state, self, table)
        handle.add(rows)
        return handle

    def delete_table(self, id_or_name: str) -> None:
        """Delete a table."""
        table = self.table(id_or_name).model
        with self._state.lock:
            del self.model.tables[table.id]
            self._state.storage.delete_table(self.model, table)

    def add_file(self, token: str, name: str = "file.txt", size: int = 1) -> None:
        """A file that has been uploaded to this base."""
        with self._state.lock:
            self.model.files[token] = {"name": name, "size": size, "type": "text/plain"}
            self._state.storage.save_base(self.model)

    def set(self, *, time_zone: str | None = None, name: str | None = None) -> None:
        """Change the settings of the base."""
        with self._state.lock:
            self.model.time_zone = time_zone or self.model.time_zone
            self.model.name = name or self.model.name
            self._state.storage.save_base(self.model)


class TableHandle:
    """A table, as somebody sees it who has it open."""

    def __init__(self, state: State, base: BaseHandle, table: Table) -> None:
        self._state = state
        self.base = base
        self.model = table

    @property
    def id(self) -> str:
        """The table id."""
        return self.model.id

    @property
    def name(self) -> str:
        """Its name."""
        return self.model.name

    @property
    def fields(self) -> list[dict[str, Any]]:
        """Its columns in the shape of the field endpoints."""
        with self._state.lock:
            return [field_json(column) for column in self.model.fields]

    @property
    def views(self) -> list[dict[str, Any]]:
        """Its views: view_id, view_name, view_type, property."""
        with self._state.lock:
            return [
                {
                    "view_id": view.id,
                    "view_name": view.name,
                    "view_type": view.type,
                    "property": view.property,
                }
                for view in self.model.views
            ]

    def __len__(self) -> int:
        return len(self.model.records)

    def field(self, id_or_name: str) -> Field:
        """A column by id or by name.

        Raises:
            KeyError: There is none; the message lists those there are.
        """
        for column in self.model.fields:
            if id_or_name in {column.id, column.name}:
                return column
        names = ", ".join(column.name for column in self.model.fields)
        raise KeyError(f"The table has no column {id_or_name!r}; it has {names}.")

    def rows(self) -> list[tuple[str, dict[str, Any]]]:
        """(record id, plain values by column name) of every row, oldest first.

        Texts are joined, options are names, dates milliseconds; empty cells are left out.
        """
        with self._state.lock:
            readers = [
                (column.name, plain(self.base.model, self.model, column))
                for column in self.model.fields
            ]
            return [
                (
                    record.id,
                    {
                        name: value
                        for name, read in readers
                        if (value := read(record)) is not None and value != {}
                    },
                )
                for record in self.model.records.values()
            ]

    def add(self, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Type in rows; texts may be lists of segments, dates may be dates. Returns their ids."""
        waiting, added = iter(rows), []
        with self._state.lock:
            while chunk := list(islice(waiting, CHUNK)):
                conversion = self._conversion()
                converted = [self._row(conversion, row) for row in chunk]
                added += [one.id for one in insert(self._state, conversion, converted, PERSON)]
        return added

    def set(self, record_id: str, values: Mapping[str, Any]) -> None:
        """Change cells of a row; None empties one.

        Raises:
            KeyError: The row or a column does not exist.
        """
        with self._state.lock:
            conversion = self._conversion()
            record = self.model.records[record_id]
            change(self._state, conversion, [(record, self._row(conversion, values))], PERSON)

    def delete(self, record_ids: Iterable[str]) -> None:
        """Delete rows."""
        with self._state.lock:
            self._state.remove_records(self.base.model, self.model, record_ids)

    def clear(self) -> None:
        """Delete every row."""
        self.delete(list(self.model.records))

    def add_field(self, wanted: Mapping[str, Any]) -> str:
        """Add a column (`field_name`, `type`, `ui_type`, `property`); returns its id."""
        with self._state.lock:
            return add_field(self._state, self.base.model, self.model, dict(wanted)).id

    def rename_field(self, id_or_name: str, name: str) -> None:
        """Rename a column."""
        with self._state.lock:
            self.field(id_or_name).name = field_calls.checked_name(name)
            self._state.changed(self.base.model, self.model)

    def delete_field(self, id_or_name: str) -> None:
        """Delete a column with its cells."""
        with self._state.lock:
            column = self.field(id_or_name)
            self.model.fields.remove(column)
            for record in self.model.records.values():
                record.values.pop(column.id, None)
            self._state.changed(self.base.model, self.model)

    def _conversion(self) -> Conversion:
        state = self._state
        return Conversion(self.base.model, self.model, state.switches, state.ids, person=True)

    def _row(self, conversion: Conversion, row: Mapping[str, Any]) -> dict[str, Stored | None]:
        for name in row:
            self.field(name)
        values = {name: self._instant(value) for name, value in row.items()}
        return conversion.row(self.model.by_name(), values)

    def _instant(self, value: object) -> object:
        """Dates as people pick them: a day is its midnight in the base's zone."""
        if isinstance(value, dt.datetime):
            moment = value if value.tzinfo else value.replace(tzinfo=self.base.zone)
        elif isinstance(value, dt.date):
            moment = dt.datetime.combine(value, dt.time(), self.base.zone)
        else:
            return value
        return int(moment.timestamp() * 1000)
