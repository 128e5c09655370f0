"""One stream on its way into one table: setup → plan → apply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from singer_sdk.exceptions import InvalidRecord
from singer_sdk.sinks import Sink
from typing_extensions import override

from target_feishu_bitable import limits
from target_feishu_bitable.errors import ConfigError, RowError, TargetError
from target_feishu_bitable.fields import CellError
from target_feishu_bitable.lane import Lane
from target_feishu_bitable.plan import ABSENT, Plan, Row, plan
from target_feishu_bitable.validation import validator_for
from target_feishu_bitable.writer import Writer, describe_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.sinks.core import BaseJSONSchemaValidator

    from target_feishu_bitable.schema import Layout
    from target_feishu_bitable.target import TargetFeishuBitable

_SHOWN: Final = 5
"""How many rows or keys a message lists, and how often undeclared properties are told."""
_BATCHES_WITHOUT_STATE: Final = 5
"""So many are kept for a state to come before rows without a key are written all the same."""


class BitableSink(Sink):
    """Collects records, and writes them when the target drains it."""

    target: TargetFeishuBitable

    def __init__(
        self,
        target: TargetFeishuBitable,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        """Read what the settings say about the stream.

        Raises:
            ConfigError: Upsert without a key.
        """
        super().__init__(target, stream_name, schema, key_properties)
        self.target = target
        self.mapping = target.settings.mapping(stream_name)
        is_upsert = target.settings.is_upsert
        keys = self.mapping.key or self._key_properties
        self._keys = tuple(dict.fromkeys(keys)) if is_upsert else ()
        if is_upsert and not self._keys:
            raise ConfigError(
                f"The stream {stream_name} has no key, so upsert can't tell its rows apart: name "
                f"one in the setting tables.{stream_name}.key, or set load_method to append-only."
            )
        self.counts = target.summary.of(stream_name)
        self._rows: list[Row] = []
        self._by_key: dict[tuple[Any, ...], Row] = {}
        self._days: set[Any] = set()
        self._declared, self._untold = set(schema["properties"]), _SHOWN

    @override
    def setup(self) -> None:
        """Find or make the table and its columns; nothing is written when they do not fit.

        Raises:
            TargetError: See errors.py.
        """
        base = self.target.base
        about = (self.stream_name, self.mapping, self.schema, self._keys)
        self.table = base.table_for(*about)
        self.layout: Layout = base.lay(self.table, *about)
        self._bindings = self.layout.bound
        self.counts.table, self.counts.table_url = self.table.name, self.table.url
        if self.layout.read_only:
            self.target.say_once(
                f"Stream {self.stream_name}: computed columns are never written: "
                + ", ".join(f"“{one.name}” ({one.words})" for one in self.layout.read_only)
            )
        lane = Lane(
            base=base,
            table=self.table,
            stream=self.stream_name,
            bindings=self._bindings,
            counts=self.counts,
            keyed=bool(self._keys),
        )
        self._writer = Writer(lane)

    @property
    @override
    def max_size(self) -> int:
        # Rows that no key tells apart would come again after a stop: they wait for the state that
        # speaks of them.
        return super().max_size * (1 if self._keys else _BATCHES_WITHOUT_STATE)

    @property
    def first_pending(self) -> int | None:
        """Place in the run of the first collected row that is not stored, if there is one."""
        return self._rows[0].number if self._rows else None

    def keep_before(self, number: int) -> None:
        """Drop the rows that were collected from a place of the run on: they will come again."""
        self._rows = [row for row in self._rows if row.number < number]

    @override
    def get_validator(self) -> BaseJSONSchemaValidator | None:
        return validator_for(self.schema, self.stream_name) if self.validate_schema else None

    @override
    def _validate_and_parse(self, record: dict[str, Any]) -> dict[str, Any]:
        # The SDK's own way logs a traceback before it raises, and turns days and times into
        # objects; here they stay texts, which the columns' codecs read in the base's zone.
        return record

    @override
    def _after_process_record(self, context: dict[str, Any]) -> None:
        return

    @override
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Take a record in; it is checked now and written when the sink is drained.

        Raises:
            RowError: A value does not fit its column, or a part of the key is empty.
        """
        self.counts.read += 1
        if self._untold and not record.keys() <= self._declared:
            unknown = record.keys() - self._declared
            self._declared |= unknown
            self._untold -= 1
            self.target.say_once(
                f"Stream {self.stream_name}: not in its schema, so not written: "
                + ", ".join(sorted(unknown))
            )
        try:
            self._check(record)
            self._take(record)
        except RowError as error:
            if not self.target.settings.dry_run:
                raise
            self.target.blocked += 1
            if self.target.blocked <= _SHOWN:
                self.logger.warning("Dry run, blocked: %s", error)

    def _check(self, record: dict[str, Any]) -> None:
        try:
            if self._validator is not None:
                self._validator.validate(record)
        except InvalidRecord as error:
            number = self.target.next_number()
            known = [name for name in self._keys if isinstance(record.get(name), str | int)]
            key = ", ".join(f"{name}={record[name]}" for name in known) or "without a key"
            raise RowError(
                f"Stream {self.stream_name}, row {key}, record {number + 1} of the run: it does "
                f"not fit its schema: {str(error).splitlines()[0].rstrip(' .')}. Correct it at its "
                f"source. {self.target.settings.what_is_stored}",
                number=number,
            ) from None

    def _take(self, record: dict[str, Any]) -> None:
        number = self.target.next_number()
        row = Row(number, (), self._canonical(number, record))
        if not self._keys:
            self._rows.append(row)
            return
        row.key = tuple(row.cells[: len(self._keys)])
        if None in row.key or ABSENT in row.key:
            raise RowError(
                f"Stream {self.stream_name}, {describe_key(self._bindings, row.key)}: a part of "
                "the key is empty, so the row can't be told from others. Correct it at its source.",
                number=number,
            )
        known = self._by_key.get(row.key)
        if known is None:
            self._by_key[row.key] = row
            self._rows.append(row)
        else:
            known.overlay(row)

    def _canonical(self, number: int, record: dict[str, Any]) -> list[Any]:
        cells: list[Any] = []
        for binding in self._bindings:
            value = record.get(binding.property, ABSENT)
            try:
                cells.append(value if value is ABSENT else binding.codec.canonical(value))
            except CellError as error:
                key = tuple(cells[: len(self._keys)])
                where = (
                    describe_key(self._bindings, key)
                    if len(key) == len(self._keys)
                    else f"record {number + 1} of the run"
                )
                raise RowError(
                    f"Stream {self.stream_name}, {where}, property {binding.property}: {error}.",
                    number=number,
                ) from None
        return cells

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        """Plan and write what was collected.

        Raises:
            TargetError: See errors.py; rows before a refused one are written.
        """
        rows, self._rows, self._by_key = self._rows, [], {}
        if not rows:
            return
        before = self.counts.created
        try:
            self.target.base.bind(self.table, self.layout)
            made = self._plan(rows)
            self.counts.unchanged += made.unchanged
            if self.target.settings.dry_run:
                self._tell(made)
            else:
                self._writer.apply(made)
                self._note_days(made)
        finally:
            if not self._keys and not self.target.settings.dry_run:
                self._rows = rows[self.counts.created - before :]
        self.counts.rows_in_table = self.table.lookup.total

    def warn_of_limits(self) -> None:
        """Say when the table is nearly full, and in how many days it will be."""
        if self.counts.rows_in_table is None:
            return
        warning = limits.warning(
            self.table.name,
            rows=self.counts.rows_in_table,
            limit=self.target.settings.row_limit,
            created=self.counts.created,
            days=len(self._days) or None,
        )
        if warning:
            self.logger.warning("%s", warning, extra={"stream_of_warning": self.stream_name})

    def _note_days(self, made: Plan) -> None:
        names = [binding.property for binding in self._bindings]
        if self.mapping.date in names:
            place = names.index(self.mapping.date)
            self._days |= {row.cells[place] for row in made.creates}

    def _plan(self, rows: list[Row]) -> Plan:
        lookup = self.table.lookup
        if not self._keys:
            lookup.count()
            return Plan(creates=rows)
        keys = [row.key for row in rows]
        lookup.learn(keys, more=not self.target.is_at_end)
        lookup.settle(keys)
        self._judge_duplicates()
        return plan(rows, self._bindings, lookup)

    def _judge_duplicates(self) -> None:
        surplus = self.table.lookup.surplus
        total = sum(map(len, surplus.values()))
        if total == self.counts.duplicates:
            return
        self.counts.duplicates = total
        some = "; ".join(describe_key(self._bindings, key) for key in list(surplus)[:_SHOWN])
        text = (
            f"{total} row(s) of the table {self.table.name!r} repeat the key of an older one, e.g. "
            f"{some}. The oldest is kept up to date. "
            "`target-feishu-bitable:check-duplicates` lists them, `clean-duplicates` removes them."
        )
        if self.target.settings.duplicate_rows == "fail":
            raise TargetError(f"{text} Nothing was written, because duplicate_rows is fail.")
        self.logger.warning("%s", text, extra={"duplicates": total})

    def _tell(self, made: Plan) -> None:
        self.logger.info(
            "Dry run, stream %s: %d rows would be created, %d updated, %d are equal already.",
            self.stream_name,
            len(made.creates),
            len(made.updates),
            made.unchanged,
        )
        lookup = self.table.lookup
        for change in made.updates[:_SHOWN]:
            cells = ", ".join(
                f"{self._bindings[index].column.name}: {lookup.cell(change.known, index)} → "
                f"{change.row.cells[index]}"
                for index in change.cells
            )
            self.logger.info("Dry run, %s: %s", describe_key(self._bindings, change.row.key), cells)
        for row in made.creates:
            lookup.imagined(f"(row {row.number} of a dry run)", row.written)
        for change in made.updates:
            lookup.updated(change.known, change.values)
        self.counts.would_create += len(made.creates)
        self.counts.would_update += len(made.updates)
