"""The table that a command works on, known from settings alone, without a stream's schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from target_feishu_bitable.base import zone_of
from target_feishu_bitable.client import BitableClient
from target_feishu_bitable.errors import ConfigError
from target_feishu_bitable.fields import Column, IncompatibleColumn, codec
from target_feishu_bitable.locate import app_token_of
from target_feishu_bitable.mapping import StreamMapping
from target_feishu_bitable.session import Session
from target_feishu_bitable.transport import Transport
from target_feishu_bitable.wire import FieldType

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from target_feishu_bitable.fields import Codec
    from target_feishu_bitable.settings import Settings
    from target_feishu_bitable.wire import TableJSON

# How a column's cells are compared when no schema says what they are.
_ASSUMED: Final[dict[int, dict[str, Any]]] = {
    FieldType.TEXT: {"type": "string"},
    FieldType.NUMBER: {"type": "number"},
    FieldType.SINGLE_SELECT: {"type": "string"},
    FieldType.MULTI_SELECT: {"type": "array", "items": {"type": "string"}},
    FieldType.DATE: {"type": "string", "format": "date-time"},
    FieldType.CHECKBOX: {"type": "boolean"},
    FieldType.PHONE: {"type": "string"},
    FieldType.URL: {"type": "string", "format": "uri"},
}
_DAY: Final = {"type": "string", "format": "date"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says about stream, key and date; None leaves it to `tables`."""

    stream: str | None = None
    key: tuple[str, ...] = ()
    date_column: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A column that matters, with what reads its cells."""

    column: Column
    codec: Codec


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A table, its columns, and which of them mean what."""

    client: BitableClient
    settings: Settings
    mapping: StreamMapping
    table_id: str
    name: str
    columns: tuple[Column, ...]
    zone: ZoneInfo
    wanted: Wanted

    def column(self, name: str | None) -> Column | None:
        """Return the column of a property, or one by its own name or id."""
        if name is None:
            return None
        called = self.mapping.column(name)
        for column in self.columns:
            if called in {column.field_id, column.name} or called.strip() == column.name.strip():
                return column
        return None

    def required(self, name: str | None, purpose: str) -> Column:
        """Return a column that a command can't do without.

        Raises:
            ConfigError: It is not named anywhere, or the table has none of that name.
        """
        if name is None:
            raise ConfigError(f"{purpose}: name it in the setting tables, or on the command line.")
        found = self.column(name)
        if found is None:
            there = "、".join(column.name for column in self.columns)
            raise ConfigError(
                f"{purpose}: the table {self.name} has no column “{self.mapping.column(name)}”. "
                f"It has {there}. Name the right one in the setting tables (columns.{name})."
            )
        return found

    @property
    def has_key(self) -> bool:
        """Whether the key is named anywhere."""
        return bool(self.wanted.key or self.mapping.key)

    def key_parts(self) -> tuple[Part, ...]:
        """Return the columns that identify a row.

        Raises:
            ConfigError: The key is not known, or not all of it is in the table.
        """
        names = self.wanted.key or self.mapping.key
        if not names:
            raise ConfigError(
                "The key is not known: name it with --key A,B or in the setting tables (key)."
            )
        return tuple(
            self.part(self.required(name, f"Key column {name}"), is_key=True) for name in names
        )

    def date_part(self) -> Part:
        """Return the column with the day; its cells are read as days in the base's zone."""
        name = self.wanted.date_column or self.mapping.date
        column = self.required(name, "Date column")
        if column.type not in {FieldType.TEXT, FieldType.DATE}:
            raise ConfigError(
                f"Date column: “{column.name}” is a {column.words} column; "
                "it has to be a date (日期) or text (文本) column."
            )
        return Part(column, self._codec(column, _DAY, is_key=False))

    def compares(self, column: Column) -> bool:
        """Tell whether a column's cells can be compared here."""
        return column.type in _ASSUMED

    def part(self, column: Column, *, is_key: bool = False) -> Part:
        """Return a column with a codec that follows from its type."""
        return Part(column, self._codec(column, _ASSUMED.get(column.type, {}), is_key=is_key))

    def _codec(self, column: Column, schema: dict[str, Any], *, is_key: bool) -> Codec:
        try:
            return codec(column, schema, property_name=column.name, is_key=is_key, zone=self.zone)
        except IncompatibleColumn:
            raise ConfigError(
                f"“{column.name}” is a {column.words} column, which can't be compared here. "
                "Name another one."
            ) from None


def session_of(settings: Settings) -> Session:
    """Return a session with the settings' address and app; nothing is sent yet."""
    transport = Transport(settings.api_url, timeout=settings.request_timeout_seconds)
    return Session(transport, app_id=settings.app_id, app_secret=settings.app_secret)


def connect(settings: Settings) -> BitableClient:
    """Return a client for the base of the settings, asking the wiki for it where needed."""
    session = session_of(settings)
    return BitableClient(session, app_token_of(settings.place, session))


def choose_stream(settings: Settings, wanted: Wanted) -> tuple[str | None, StreamMapping]:
    """Return the stream a command is about: the one named, or the only one in `tables`.

    Raises:
        ConfigError: It is not in `tables`, or several are and none is named.
    """
    if wanted.stream is not None:
        if wanted.stream not in settings.tables and settings.tables and not wanted.key:
            raise ConfigError(
                f"--stream {wanted.stream} is not in the setting tables, which has "
                f"{', '.join(settings.tables)}."
            )
        return wanted.stream, settings.mapping(wanted.stream)
    if len(settings.tables) > 1:
        raise ConfigError(
            f"The setting tables has several streams: add --stream with one of "
            f"{', '.join(settings.tables)}."
        )
    for stream, mapping in settings.tables.items():
        return stream, mapping
    return None, StreamMapping()


def table_wish(settings: Settings, mapping: StreamMapping, stream: str | None) -> str | None:
    """Return id or name of the stream's table, in the order in which settings count."""
    return mapping.table or settings.table or settings.place.table_id or stream


def find_table(tables: Sequence[TableJSON], wish: str | None) -> TableJSON | None:
    """Return the table that an id or a name means."""
    for table in tables:
        if wish is not None and wish.strip() in {table["table_id"], table["name"].strip()}:
            return table
    return None


def open_table(settings: Settings, wanted: Wanted, client: BitableClient) -> OpenTable:
    """Find the table of a stream and read its columns.

    Raises:
        ConfigError: There is no such table; the message lists those there are.
    """
    stream, mapping = choose_stream(settings, wanted)
    tables = client.list_tables()
    wish = table_wish(settings, mapping, stream)
    table = find_table(tables, wish)
    if table is None:
        names = "、".join(table["name"] for table in tables)
        raise ConfigError(
            f"The base has no table {wish!r}; it has {names}. Set table, or "
            f"tables.{stream or '<stream>'}.table."
        )
    columns = tuple(Column.from_wire(one) for one in client.list_fields(table["table_id"]))
    zone = zone_of(client.get_app().get("time_zone"))
    return OpenTable(
        client, settings, mapping, table["table_id"], table["name"], columns, zone, wanted
    )
