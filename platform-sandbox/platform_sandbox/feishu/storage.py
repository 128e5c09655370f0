"""Write-through to SQLite: bases as one document each, records as one row each."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import orjson

from platform_sandbox.feishu.model import Base, Field, Record, RichText, Table, View

if TYPE_CHECKING:
    from collections.abc import Iterable

    from platform_sandbox.database import Database

BASES = "CREATE TABLE IF NOT EXISTS feishu_bases (token TEXT PRIMARY KEY, document BLOB NOT NULL)"
RECORDS = (
    "CREATE TABLE IF NOT EXISTS feishu_records (table_id TEXT NOT NULL, serial INTEGER NOT NULL,"
    " document BLOB NOT NULL, PRIMARY KEY (table_id, serial)) WITHOUT ROWID"
)
CARDS = (
    "CREATE TABLE IF NOT EXISTS feishu_cards (number INTEGER PRIMARY KEY, document BLOB NOT NULL)"
)
UPSERT = (
    "INSERT INTO feishu_records VALUES (?, ?, ?)"
    " ON CONFLICT (table_id, serial) DO UPDATE SET document = excluded.document"
)


class Storage:
    """What the Feishu half keeps over restarts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        for statement in (BASES, RECORDS, CARDS):
            database.execute(statement)

    def save_base(self, base: Base) -> None:
        """Store a base without its records."""
        document = {
            "token": base.token,
            "name": base.name,
            "time_zone": base.time_zone,
            "is_advanced": base.is_advanced,
            "revision": base.revision,
            "formula_type": base.formula_type,
            "files": base.files,
            "tables": [_table_document(table) for table in base.tables.values()],
        }
        self._database.execute(
            "INSERT INTO feishu_bases VALUES (?, ?)"
            " ON CONFLICT (token) DO UPDATE SET document = excluded.document",
            (base.token, orjson.dumps(document)),
        )

    def save_records(self, base: Base, table: Table, records: Iterable[Record]) -> None:
        """Store new and changed records together with their base."""
        rows = [(table.id, record.serial, _freeze(record)) for record in records]
        with self._database.transaction():
            self._database.executemany(UPSERT, rows)
            self.save_base(base)

    def delete_records(self, base: Base, table: Table, records: Iterable[Record]) -> None:
        """Drop records."""
        statement = "DELETE FROM feishu_records WHERE table_id = ? AND serial = ?"
        with self._database.transaction():
            keys = [(table.id, record.serial) for record in records]
            self._database.executemany(statement, keys)
            self.save_base(base)

    def delete_table(self, base: Base, table: Table) -> None:
        """Drop a table's records and store the base without it."""
        with self._database.transaction():
            self._database.execute("DELETE FROM feishu_records WHERE table_id = ?", (table.id,))
            self.save_base(base)

    def save_card(self, number: int, card: dict[str, Any]) -> None:
        """Store a message that a bot received."""
        self._database.execute(
            "INSERT OR REPLACE INTO feishu_cards VALUES (?, ?)",
            (number, orjson.dumps(card)),
        )

    def load_cards(self) -> list[dict[str, Any]]:
        """The messages of the bots, oldest first."""
        rows = self._database.query("SELECT document FROM feishu_cards ORDER BY number")
        return [orjson.loads(document) for (document,) in rows]

    def load_bases(self) -> dict[str, Base]:
        """All bases with their records."""
        bases: dict[str, Base] = {}
        for (document,) in self._database.query("SELECT document FROM feishu_bases"):
            base = _thaw_base(orjson.loads(document))
            bases[base.token] = base
            for table in base.tables.values():
                table.records = self._load_records(table)
        return bases

    def _load_records(self, table: Table) -> dict[str, Record]:
        rows = self._database.query(
            "SELECT document FROM feishu_records WHERE table_id = ? ORDER BY serial",
            (table.id,),
        )
        records: dict[str, Record] = {}
        for (document,) in rows:
            record = _thaw(orjson.loads(document))
            records[record.id] = record
        return records

    def clear(self) -> None:
        """Forget everything."""
        with self._database.transaction():
            for name in ("feishu_bases", "feishu_records", "feishu_cards"):
                self._database.execute(f"DELETE FROM {name}")  # noqa: S608  fixed names


def _table_document(table: Table) -> dict[str, Any]:
    return {
        "id": table.id,
        "name": table.name,
        "version": table.version,
        "serial": table.serial,
        "fields": [dataclasses.asdict(column) for column in table.fields],
        "views": [dataclasses.asdict(view) for view in table.views],
    }


def _thaw_base(document: dict[str, Any]) -> Base:
    tables = document.pop("tables")
    base = Base(**document)
    for entry in tables:
        columns = [Field(**column) for column in entry.pop("fields")]
        views = [View(**view) for view in entry.pop("views")]
        table = Table(**entry, fields=columns, views=views)
        base.tables[table.id] = table
    return base


def _freeze(record: Record) -> bytes:
    values: dict[str, Any] = record.values
    rich = {
        key: {"segments": value.segments}
        for key, value in values.items()
        if type(value) is RichText
    }
    return orjson.dumps(
        [
            record.id,
            {**values, **rich} if rich else values,
            record.serial,
            record.created,
            record.modified,
            record.created_by,
            record.modified_by,
        ],
    )


def _thaw(document: list[Any]) -> Record:
    values: dict[str, Any] = document[1]
    for key, value in values.items():
        if type(value) is list:
            values[key] = tuple(value)
        elif type(value) is dict:
            values[key] = RichText.of(value["segments"])
    return Record(*document)
