"""Is everything in order? Credentials, base, table, columns, rows, each with the next step.

Reads only. What is needed for one check and failed is not asked for again by the next.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from target_feishu_bitable import limits
from target_feishu_bitable.commands_rows import find_duplicates, read_rows
from target_feishu_bitable.commands_table import connect, open_table, session_of
from target_feishu_bitable.errors import ConfigError, SchemaMismatch, TargetError
from target_feishu_bitable.fields import CellError
from target_feishu_bitable.schema import layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from target_feishu_bitable.commands_rows import FoundRow
    from target_feishu_bitable.commands_table import OpenTable, Wanted
    from target_feishu_bitable.schema import Binding
    from target_feishu_bitable.settings import Settings

OK: Final = "ok"
NOTE: Final = "note"
RED: Final = "red"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report.

    Attributes:
        name: What was looked at.
        state: ``ok``, ``note`` (worth knowing) or ``red`` (has to be put right).
        told: What was found.
        step: What a person does next.
    """

    name: str
    state: str
    told: str
    step: str = ""


@dataclass(slots=True)
class Sample:
    """Messages of a tap: schemas, keys and records by stream."""

    schemas: dict[str, dict[str, Any]]
    keys: dict[str, list[str]]
    records: dict[str, list[dict[str, Any]]]


def read_sample(lines: Iterable[str], name: str) -> Sample:
    """Read a file of Singer messages.

    Raises:
        ConfigError: A line is no Singer message.
    """
    sample = Sample({}, {}, {})
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            message = json.loads(line, parse_float=Decimal)
            kind, stream = message["type"], message.get("stream", "")
            if kind == "SCHEMA":
                sample.schemas[stream] = message["schema"]
                sample.keys[stream] = message.get("key_properties") or []
            elif kind == "RECORD":
                sample.records.setdefault(stream, []).append(message["record"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ConfigError(f"{name}, line {number}: not a Singer message.") from None
    return sample


def examine(settings: Settings, wanted: Wanted, sample: Sample | None) -> Iterator[Check]:
    """Look at everything, as far as it can be reached."""
    try:
        session_of(settings).check_credentials()
        yield Check("credentials", OK, f"{settings.app_id} at {settings.api_url}")
    except TargetError as error:
        yield _red("credentials", error)
        return
    try:
        client = connect(settings)
        app = client.get_app()
    except TargetError as error:
        yield _red("base", error)
        return
    zone = app.get("time_zone") or "none"
    yield Check("base", OK, f"“{app['name']}” ({client.app_token}), time zone {zone}")
    if app["is_advanced"]:
        yield Check(
            "advanced permission",
            NOTE,
            "高级权限 is on: an app without 可管理 sees empty tables and no error",
            "Check in 「…」→「更多」→「添加文档应用」 that the app has 可管理.",
        )
    for stream in _streams(settings, wanted, sample):
        try:
            table = open_table(settings, _about(wanted, stream), client)
        except TargetError as error:
            yield _no_table(settings, stream, error)
            continue
        yield from _table_checks(table, stream, sample, advanced=app["is_advanced"])


def _streams(settings: Settings, wanted: Wanted, sample: Sample | None) -> list[str | None]:
    if wanted.stream is not None:
        return [wanted.stream]
    named = [*settings.tables, *(sample.schemas if sample else ())]
    return list(dict.fromkeys(named)) or [None]


def _about(wanted: Wanted, stream: str | None) -> Wanted:
    return type(wanted)(stream, wanted.key, wanted.date_column)


def _table_checks(
    table: OpenTable, stream: str | None, sample: Sample | None, *, advanced: bool
) -> Iterator[Check]:
    yield Check("table", OK, f"“{table.name}” ({table.table_id}), {len(table.columns)} columns")
    schema = sample.schemas.get(stream or "") if sample else None
    if sample is not None and schema is not None and stream is not None:
        yield from _stream_checks(table, stream, schema, sample)
    else:
        yield from _mapping_checks(table)
    yield from _row_checks(table, advanced=advanced)
    yield Check(
        "write access",
        NOTE,
        "not tried: it would change something",
        "The first run shows it; dry_run plans one without writing.",
    )


def _stream_checks(
    table: OpenTable, stream: str, schema: Mapping[str, Any], sample: Sample
) -> Iterator[Check]:
    settings = table.settings
    try:
        laid = layout(
            stream,
            schema,
            table.wanted.key or table.mapping.key or sample.keys[stream],
            table.columns,
            named=table.mapping.columns,
            use_titles=settings.column_names == "title",
            zone=table.zone,
            create_missing=settings.create_missing,
        )
    except SchemaMismatch as error:
        yield _red("columns", error)
        return
    told = f"{len(laid.bound)} properties of {stream} fit"
    if laid.missing:
        told += "; to be created: " + "、".join(one.spec.name for one in laid.missing)
    if laid.read_only:
        told += "; computed, never written: " + "、".join(one.name for one in laid.read_only)
    yield Check("columns", OK, told)
    yield from _value_checks(laid.bound, sample.records.get(stream, ()))


def _value_checks(
    bindings: Iterable[Binding], records: Iterable[Mapping[str, Any]]
) -> Iterator[Check]:
    failed: dict[str, str] = {}
    bound = tuple(bindings)
    count = 0
    for record in records:
        count += 1
        for binding in bound:
            if binding.property in failed:
                continue
            try:
                binding.codec.canonical(record.get(binding.property))
            except CellError as error:
                failed[binding.property] = f"{binding.property}, record {count}: {error}"
    if failed:
        step = "Correct them in the source, or map these properties to other columns."
        yield Check("values", RED, "; ".join(failed.values()), step)
    elif count:
        yield Check("values", OK, f"{count:,} records fit their columns")


def _mapping_checks(table: OpenTable) -> Iterator[Check]:
    wanted = [name for name, named in table.mapping.columns.items() if named is not False]
    missing, computed = [], []
    for name in wanted:
        column = table.column(name)
        if column is None:
            missing.append(table.mapping.column(name))
        elif not column.writable:
            computed.append(column.name)
    if missing and not table.settings.create_missing:
        step = "Create them in the Bitable, or set create_missing, or correct tables.….columns."
        yield Check("columns", RED, f"missing: {'、'.join(missing)}", step)
    elif missing:
        yield Check("columns", OK, f"the next run creates {'、'.join(missing)}")
    else:
        yield Check("columns", OK, f"{len(wanted)} mapped columns are there")
    if computed:
        told = f"computed by the platform, never written: {'、'.join(computed)}"
        yield Check("columns", NOTE, told, "Map the properties elsewhere if they are wanted.")


def _row_checks(table: OpenTable, *, advanced: bool) -> Iterator[Check]:
    try:
        total = table.client.search_page(table.table_id, {}, size=1).total
    except TargetError as error:
        yield _red("read access", error)
        return
    yield _visible(total, advanced=advanced)
    yield _capacity(table, total)
    yield from _content_checks(table)


def _visible(total: int, *, advanced: bool) -> Check:
    if total or not advanced:
        return Check("read access", OK, f"{total:,} rows")
    step = "If there are rows in the Bitable, give the app 可管理: 「…」→「更多」→「添加文档应用」."
    return Check("read access", NOTE, "no row is visible, and 高级权限 is on", step)


def _capacity(table: OpenTable, total: int) -> Check:
    limit = table.settings.row_limit
    told = limits.warning(table.name, rows=total, limit=limit, created=0, days=None)
    if told is None:
        return Check("capacity", OK, f"{total:,} of {limit:,} rows (row_limit)")
    fact, _, step = told.partition(". ")
    return Check("capacity", RED, fact, step)


def _content_checks(table: OpenTable) -> Iterator[Check]:
    blank: list[str] = []

    def watched() -> Iterator[FoundRow]:
        for row in read_rows(table, parts):
            if row.blank:
                blank.append(row.record_id)
            yield row

    try:
        parts = table.key_parts()
        found = find_duplicates(watched())
    except ConfigError as error:
        yield Check("duplicates", NOTE, f"not looked for: {error}")
        return
    except TargetError as error:
        yield _red("duplicates", error)
        return
    if found.copies:
        told = (
            f"{len(found.copies):,} keys stand in several rows, {len(found.surplus_ids):,} surplus"
        )
        yield Check("duplicates", RED, told, "See check-duplicates, then clean-duplicates.")
    else:
        yield Check("duplicates", OK, "no key stands in several rows")
    if blank:
        told = f"{len(blank):,} rows are blank; they are never touched"
        yield Check("blank rows", NOTE, told, "Delete them in the Bitable if nobody wants them.")
    without = found.keyless - len(blank)
    if without:
        told = f"{without:,} rows have an empty key column; they are never touched"
        yield Check("rows without a key", NOTE, told, "Fill in the key, or leave them as notes.")


def _no_table(settings: Settings, stream: str | None, error: TargetError) -> Check:
    if isinstance(error, ConfigError) and settings.create_missing and "has no table" in str(error):
        return Check("table", OK, f"the next run creates the table of {stream or 'the stream'}")
    return _red("table", error)


def _red(name: str, error: TargetError) -> Check:
    return Check(name, RED, str(error), "See above; then run doctor again.")
