"""The base of a run: opened once, its tables found or made, its columns made where missing."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from target_feishu_bitable.columns import Column
from target_feishu_bitable.errors import ConfigError, RowGone, SchemaMismatch, UnknownOutcome
from target_feishu_bitable.lookup import Lookup
from target_feishu_bitable.making import make_column, make_table
from target_feishu_bitable.recent import LAG_SECONDS
from target_feishu_bitable.schema import layout
from target_feishu_bitable.texts import whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_feishu_bitable.client import BitableClient
    from target_feishu_bitable.columns import FieldSpec
    from target_feishu_bitable.mapping import StreamMapping
    from target_feishu_bitable.recent import Recent
    from target_feishu_bitable.schema import Layout
    from target_feishu_bitable.settings import Settings
    from target_feishu_bitable.stopping import Stop

logger = logging.getLogger(__name__)

CHINA: Final = ZoneInfo("Asia/Shanghai")
_FORBIDDEN: Final = "/\\?*:[]"
_LONGEST_NAME: Final = 100
_IMAGINED: Final = "(not made by a dry run) "


@dataclass(slots=True)
class Table:
    """One table of the base.

    Attributes:
        id: `tbl…`.
        name: As people see it; the id when it was not asked for.
        url: Where people see it.
        columns: Its columns.
        lookup: What is known of its rows.
        created: This run made it.
        visible: Rows that this run writes can be read back; False until it is known.
        made: Ids of the columns that this run made.
        streams: The streams that write it.
    """

    id: str
    name: str
    url: str
    columns: list[Column]
    lookup: Lookup
    created: bool = False
    visible: bool = False
    made: set[str] = field(default_factory=set)
    streams: set[str] = field(default_factory=set)

    @property
    def is_fresh(self) -> bool:
        """Whether this run made the table or a column of it: both may be found late."""
        return self.created or bool(self.made)


class Base:
    """A base, opened.

    Args:
        client: The base's verbs.
        settings: The target's settings.
        recent: What was written a moment ago.
        stop: When a signal may end the run.
    """

    def __init__(
        self, client: BitableClient, settings: Settings, recent: Recent, stop: Stop
    ) -> None:
        self.client = client
        self.settings = settings
        self.recent = recent
        self.stop = stop
        app = client.get_app()
        self.zone = zone_of(app.get("time_zone"))
        self.advanced = bool(app.get("is_advanced"))
        self._tables: dict[str, Table] = {}
        self._names: dict[str, str] | None = None

    def table_for(
        self,
        stream: str,
        mapping: StreamMapping,
        schema: Mapping[str, Any],
        keys: Sequence[str],
    ) -> Table:
        """Return the table of a stream; made when it is missing and may be.

        Raises:
            ConfigError: It is missing and create_missing is off, or another stream's already.
            SchemaMismatch: The stream does not fit any table.
        """
        named = mapping.table or self.settings.table or self.settings.place.table_id
        wanted = named or table_name_for(stream)
        is_id = named is not None and _is_table_id(named)
        table_id = wanted if is_id else self._by_name().get(wanted)
        if table_id is None:
            table = self._make(stream, wanted, mapping, schema, keys)
        else:
            table = self._tables.get(table_id) or self._open(table_id, wanted)
        if mapping.table is None and table.streams - {stream}:
            raise ConfigError(
                f"The streams {stream} and {min(table.streams - {stream})} would write one table: "
                "name a table for each in the setting tables."
            )
        table.streams.add(stream)
        self._tables[table.id] = table
        return table

    def lay(
        self,
        table: Table,
        stream: str,
        mapping: StreamMapping,
        schema: Mapping[str, Any],
        keys: Sequence[str],
    ) -> Layout:
        """Return how a stream lies on its table, once every column is there.

        Raises:
            SchemaMismatch: Something can't work; nothing was written.
        """
        laid = self._layout(stream, mapping, schema, keys, table.columns)
        for missing in laid.missing:
            table.columns.append(self._make_column(table, missing.spec))
        if laid.missing:
            laid = self._layout(stream, mapping, schema, keys, table.columns)
        self.bind(table, laid)
        return laid

    def bind(self, table: Table, laid: Layout) -> None:
        """Say which columns are looked at now; another stream may have had its turn."""
        imagined = {one.field_id for one in table.columns if one.field_id.startswith(_IMAGINED)}
        table.lookup.bind(laid.bound, created=table.made, imagined=imagined)

    def _layout(
        self,
        stream: str,
        mapping: StreamMapping,
        schema: Mapping[str, Any],
        keys: Sequence[str],
        columns: Sequence[Column],
    ) -> Layout:
        return layout(
            stream,
            schema,
            keys,
            columns,
            named=mapping.columns,
            use_titles=self.settings.column_names == "title",
            zone=self.zone,
            create_missing=self.settings.create_missing,
        )

    def _by_name(self) -> dict[str, str]:
        if self._names is None:
            self._names = {
                table["name"].strip(): table["table_id"] for table in self.client.list_tables()
            }
        return self._names

    def _open(self, table_id: str, name: str) -> Table:
        columns = [Column.from_wire(one) for one in self.client.list_fields(table_id)]
        return self._table(table_id, name, columns)

    def _table(self, table_id: str, name: str, columns: list[Column]) -> Table:
        lookup = Lookup(self.client, table_id, awaited=self.recent.awaited(table_id))
        return Table(table_id, name, self._url(table_id), columns, lookup)

    def _make(
        self,
        stream: str,
        name: str,
        mapping: StreamMapping,
        schema: Mapping[str, Any],
        keys: Sequence[str],
    ) -> Table:
        if not self.settings.create_missing:
            raise ConfigError(
                f"The base has no table {name!r} for the stream {stream}, and create_missing is "
                "off: create it, or name another one in `tables`."
            )
        if name != table_name_for(name):
            raise ConfigError(
                f"The stream {stream} can't have a table named {name!r}: a name has 1 to 100 "
                f"characters and none of {' '.join(_FORBIDDEN)}. Name another one in `tables`."
            )
        specs = [one.spec for one in self._layout(stream, mapping, schema, keys, ()).missing]
        if not specs:
            raise SchemaMismatch(f"The stream {stream} has no property to make a table of.")
        specs[0] = specs[0].as_primary()
        if self.settings.dry_run:
            logger.info("Dry run: the table %r would be created.", name)
            table = self._table(f"{_IMAGINED}{name}", name, [_imagined(spec) for spec in specs])
            table.lookup.emptied()
            return table
        with self.stop.held():
            return self._make_empty(name, specs)

    def _make_empty(self, name: str, specs: Sequence[FieldSpec]) -> Table:
        table_id = make_table(self.client, name, specs)
        self._names = (self._names or {}) | {name: table_id}
        logger.info("Created the table %r (%s).", name, table_id)
        columns = [Column.from_wire(one) for one in self.client.list_fields(table_id, fresh=True)]
        table = Table(
            table_id,
            name,
            self._url(table_id),
            columns,
            Lookup(self.client, table_id, fresh=True),
            created=True,
        )
        self._empty(table)
        return table

    def _empty(self, table: Table) -> None:
        """Remove the rows that the platform gave a table this run has just made."""
        waits = iter(LAG_SECONDS)
        while table.lookup.open():
            try:
                self.client.batch_delete(table.id, table.lookup.first_ids())
            except (RowGone, UnknownOutcome) as error:
                seconds = next(waits, None)
                if seconds is None:
                    raise
                logger.warning("%s Looking what is left.", error)
                self.client.session.sleep(seconds)
            table.lookup = Lookup(self.client, table.id, fresh=True)
        table.lookup.emptied()

    def _make_column(self, table: Table, spec: FieldSpec) -> Column:
        if self.settings.dry_run:
            logger.info("Dry run: the column %r would be created.", spec.name)
            return _imagined(spec)
        column = Column.from_wire(make_column(self.client, table.id, spec))
        table.made.add(column.field_id)
        logger.info("Created the column %r in %r.", spec.name, table.name)
        return column

    def _url(self, table_id: str) -> str:
        parts = urlsplit(self.settings.bitable)
        if parts.scheme and parts.netloc:
            origin = f"{parts.scheme}://{parts.netloc}"
        elif "larksuite" in self.settings.api_url:
            origin = "https://www.larksuite.com"
        elif "feishu.cn" in self.settings.api_url:
            origin = "https://www.feishu.cn"
        else:
            origin = self.settings.api_url
        return f"{origin}/base/{self.client.app_token}?table={table_id}"


def table_name_for(stream: str) -> str:
    """Return a stream's name as the name of a table (vendor page app-table/create)."""
    name = "".join("_" if one in _FORBIDDEN else one for one in whole(stream))
    return name.strip()[:_LONGEST_NAME]


def zone_of(name: str | None) -> ZoneInfo:
    """Return a base's zone; the platform says `Asia/Beijing`, which is no IANA name."""
    if not name or name == "Asia/Beijing":
        return CHINA
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        logger.warning("The base's time zone %r is unknown here; days are those of China.", name)
        return CHINA


def _imagined(spec: FieldSpec) -> Column:
    made = Column("", spec.name, int(spec.type), spec.ui_type, spec.properties, is_primary=False)
    return replace(made, field_id=f"{_IMAGINED}{spec.name}")


def _is_table_id(text: str) -> bool:
    return text.startswith("tbl") and text.isascii() and text.isalnum()
