"""check-duplicates, clean-duplicates, clean-date: shown first, deleted when somebody agrees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from target_feishu_bitable.commands_rows import delete_rows, find_duplicates, read_rows
from target_feishu_bitable.commands_table import connect, open_table
from target_feishu_bitable.console import Exit
from target_feishu_bitable.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from datetime import date

    from target_feishu_bitable.commands_rows import Duplicates, FoundRow
    from target_feishu_bitable.commands_table import OpenTable, Part, Wanted
    from target_feishu_bitable.console import Console
    from target_feishu_bitable.settings import Settings

MOST_ACCOUNTS: Final = 5


def check_duplicates(
    settings: Settings, wanted: Wanted, arguments: argparse.Namespace, console: Console
) -> Exit:
    """List the keys that stand in more than one row."""
    table = open_table(settings, wanted, connect(settings))
    found = _duplicates(table, arguments.date)
    _show_duplicates(table, found, console)
    console.report(_duplicates_report(table, found))
    return Exit.FINDING if found.copies else Exit.OK


def clean_duplicates(
    settings: Settings, wanted: Wanted, arguments: argparse.Namespace, console: Console
) -> Exit:
    """Delete the surplus rows of each key, after showing them."""
    table = open_table(settings, wanted, connect(settings))
    found = _duplicates(table, arguments.date)
    _show_duplicates(table, found, console)
    deleted = 0
    exit_code = Exit.OK
    if found.copies:
        shown = found.surplus_ids
        agreed = console.agreed(f"Delete these {len(shown):,} surplus rows?", yes=arguments.yes)
        exit_code = Exit.MISUSE if agreed is None else Exit.OK
        if agreed:
            deleted = delete_rows(
                table, shown, lambda: _duplicates(table, arguments.date).surplus_ids
            )
        console.say(f"{deleted:,} rows deleted.")
    console.report(_duplicates_report(table, found) | {"deleted": deleted})
    return exit_code


def clean_date(
    settings: Settings, wanted: Wanted, arguments: argparse.Namespace, console: Console
) -> Exit:
    """Delete the rows of one day, of one account when it is named, after showing them."""
    table = open_table(settings, wanted, connect(settings))
    rows, kept, there = _rows_of(table, arguments.day, arguments.account)
    whose = f" of account {arguments.account}" if arguments.account else ""
    console.say(f"Table “{table.name}”, {arguments.day}: {len(rows):,} rows{whose}.")
    console.listed([_row_line(row) for row in rows])
    if there and not rows and not kept:
        console.say(_not_there(table, arguments.day, arguments.account, there))
    if kept:
        console.say(f"{kept:,} rows of the day have an empty key column and stay.")
    deleted = 0
    exit_code = Exit.OK
    if rows:
        agreed = console.agreed(f"Delete these {len(rows):,} rows?", yes=arguments.yes)
        exit_code = Exit.MISUSE if agreed is None else Exit.OK
        if agreed:
            deleted = delete_rows(
                table,
                [row.record_id for row in rows],
                lambda: [
                    row.record_id for row in _rows_of(table, arguments.day, arguments.account)[0]
                ],
            )
        console.say(f"{deleted:,} rows deleted.")
    console.report(
        {
            "table": table.name,
            "date": arguments.day.isoformat(),
            "account": arguments.account,
            "rows": [{"record_id": row.record_id, "key": list(row.key)} for row in rows],
            "kept": kept,
            "deleted": deleted,
        }
    )
    return exit_code


def _duplicates(table: OpenTable, day: date | None) -> Duplicates:
    parts = table.key_parts()
    return find_duplicates(read_rows(table, parts, day=day))


def _show_duplicates(table: OpenTable, found: Duplicates, console: Console) -> None:
    names = " + ".join(part.column.name for part in table.key_parts())
    console.say(
        f"Table “{table.name}”: {found.rows:,} rows, key {names}; {len(found.copies):,} keys stand "
        f"in several rows, {len(found.surplus_ids):,} rows are surplus."
    )
    lines = []
    for one in found.copies:
        lines.append(f"  {' · '.join(one.kept.key)}: {1 + len(one.surplus)} rows")
        lines.append(f"      stays   {_row_line(one.kept)}")
        lines += [f"      surplus {_row_line(row)}" for row in one.surplus]
    console.listed(lines)
    old = sum(one.may_be_old for one in found.copies)
    if old:
        console.say(
            f"{old:,} of the rows that stay are not the oldest, which runs kept up to date: after "
            "cleaning, run the tap again for their days."
        )
    if found.keyless:
        console.say(f"{found.keyless:,} rows have an empty key column; they are left alone.")


def _row_line(row: FoundRow) -> str:
    content = f"; also holds {'、'.join(row.human)}" if row.human else ""
    return f"{row.record_id} ({' · '.join(row.key)}){content}"


def _duplicates_report(table: OpenTable, found: Duplicates) -> dict[str, Any]:
    names = [part.column.name for part in table.key_parts()]
    return {
        "table": table.name,
        "key": names,
        "rows": found.rows,
        "rows_without_key": found.keyless,
        "surplus": len(found.surplus_ids),
        "duplicates": [
            {
                "key": dict(zip(names, one.kept.key, strict=True)),
                "rows": 1 + len(one.surplus),
                "stays": one.kept.record_id,
                "surplus": [row.record_id for row in one.surplus],
            }
            for one in found.copies
        ],
    }


def _rows_of(
    table: OpenTable, day: date, account: str | None
) -> tuple[list[FoundRow], int, list[tuple[str, ...]]]:
    """Return the rows of a day with a complete key, how many others there are, and its accounts."""
    parts = table.key_parts() if table.has_key else ()
    whose = () if account is None else _account_parts(table)
    rows = list(read_rows(table, parts, day=day, accounts=whose))
    there = sorted({row.accounts for row in rows if any(row.accounts)})
    if account is not None:
        rows = _of_account(rows, account)
    complete = [row for row in rows if all(row.key)]
    return complete, len(rows) - len(complete), there


def _account_parts(table: OpenTable) -> tuple[Part, ...]:
    """Return the column with an account's id, and the one with its name when that is another."""
    by_id = table.required(table.mapping.account, "--account needs the column with the id")
    by_name = table.column(table.mapping.account_name)
    if by_name is None or by_name == by_id or not table.compares(by_name):
        return (table.part(by_id),)
    return table.part(by_id), table.part(by_name)


def _of_account(rows: list[FoundRow], account: str) -> list[FoundRow]:
    """Return the rows with an account's id, or with its name when none has such an id.

    Raises:
        ConfigError: Several accounts have this name, or it is empty.
    """
    if not account.strip():
        raise ConfigError("--account is empty: give an account's id or name, or leave it out.")
    by_id = [row for row in rows if row.accounts[0] == account]
    by_name = [row for row in rows if row.accounts[-1] == account]
    ids = sorted({row.accounts[0] for row in by_name if row.accounts[0]})
    if not by_id and len(ids) > 1:
        raise ConfigError(
            f"“{account}” is the name of several accounts: {'、'.join(ids)}. "
            "Give --account the id of one."
        )
    return by_id or by_name


def _not_there(table: OpenTable, day: date, account: str, there: Sequence[tuple[str, ...]]) -> str:
    columns = " or ".join(part.column.name for part in _account_parts(table))
    shown = []
    for texts in there[:MOST_ACCOUNTS]:
        first, *name = filter(None, texts)
        shown.append(f"{first} ({name[0]})" if name else first)
    more = len(there) - len(shown)
    return (
        f"No row of {day} has the account “{account}” in the column {columns}. "
        f"The day has {'、'.join(shown)}{f' and {more} more' if more else ''}."
    )
