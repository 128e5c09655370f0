"""`feishu-bitable`: looking after a table from the command line, or from `meltano invoke`.

Settings come from the environment (``TARGET_FEISHU_BITABLE_*``), as Meltano hands them over.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from target_feishu_bitable.commands_cleaning import (
    check_duplicates,
    clean_date,
    clean_duplicates,
)
from target_feishu_bitable.commands_doctor import OK, RED, examine, read_sample
from target_feishu_bitable.commands_table import Wanted, connect, open_table
from target_feishu_bitable.commands_views import accounts_of, make_views
from target_feishu_bitable.console import Console, Exit
from target_feishu_bitable.errors import ConfigError, TargetError
from target_feishu_bitable.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from target_feishu_bitable.commands_doctor import Sample
    from target_feishu_bitable.commands_views import ViewResult

NO_SORTING: Final = (
    "Feishu's API can't set the sorting of a view: choose 排序 in the view once, it stays."
)
_MARKS: Final = {"ok": "✔", "note": "•", "red": "✘"}


def main(
    argv: Sequence[str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    console: Console | None = None,
) -> int:
    """Run one command and return its exit code: 0 ok, 1 finding or failure, 2 misuse."""
    arguments = _parser().parse_args(argv)
    console = replace(console or Console(), as_json=arguments.json)
    wanted = Wanted(arguments.stream, tuple(arguments.key or ()), arguments.date_column)
    try:
        settings = Settings.from_environment(os.environ if environ is None else environ)
        command: Callable[..., Exit] = arguments.run
        return int(command(settings, wanted, arguments, console))
    except TargetError as error:
        console.complain(str(error))
        console.report({"error": str(error)})
        return int(Exit.FINDING)


def views(
    settings: Settings, wanted: Wanted, _arguments: argparse.Namespace, console: Console
) -> Exit:
    """Make one grid view per account."""
    table = open_table(settings, wanted, connect(settings))
    column, accounts = accounts_of(table)
    console.say(
        f"Table “{table.name}”: {len(accounts)} accounts, views filtered on “{column.name}”."
    )
    results = make_views(table, column, accounts)
    for result in results:
        why = f": {result.why}" if result.why else ""
        console.say(f"  {result.outcome:<10} {result.account.view_name}{why}")
    console.say(NO_SORTING)
    console.report({"table": table.name, "views": [_view_report(result) for result in results]})
    blocked = any(result.outcome == "blocked" for result in results)
    return Exit.FINDING if blocked else Exit.OK


def doctor(
    settings: Settings, wanted: Wanted, arguments: argparse.Namespace, console: Console
) -> Exit:
    """Check everything that can be checked without changing anything."""
    sample = None
    if arguments.input is not None:
        sample = _read_file(arguments.input)
    checks = []
    for check in examine(settings, wanted, sample):
        checks.append(check)
        console.say(f"{_MARKS[check.state]} {check.name}: {check.told}")
        if check.step and check.state != OK:
            console.say(f"    → {check.step}")
    fine = not any(check.state == RED for check in checks)
    console.report({"ok": fine, "checks": [asdict(check) for check in checks]})
    return Exit.OK if fine else Exit.FINDING


def _read_file(path: Path) -> Sample:
    try:
        with path.open(encoding="utf-8") as lines:
            return read_sample(lines, str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--input {path} can't be read: {error}.") from None


def _view_report(result: ViewResult) -> dict[str, str]:
    return {
        "account": result.account.value,
        "view": result.account.view_name,
        "outcome": result.outcome,
        "why": result.why,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="feishu-bitable",
        description="Look after the Bitable table of a stream. Exit codes: 0 ok, 1 finding or "
        "failure, 2 misuse.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = _command(commands, "check-duplicates", check_duplicates)
    check.add_argument("--date", type=_day, metavar="D", help="only this day (YYYY-MM-DD)")
    clean = _command(commands, "clean-duplicates", clean_duplicates)
    clean.add_argument("--date", type=_day, metavar="D", help="only this day (YYYY-MM-DD)")
    dated = _command(commands, "clean-date", clean_date)
    dated.add_argument("day", type=_day, metavar="D", help="the day (YYYY-MM-DD)")
    dated.add_argument("--account", metavar="ID", help="only rows of this account (its id or name)")
    for deleting in (clean, dated):
        deleting.add_argument("--yes", action="store_true", help="delete without asking")
    _command(commands, "views", views)
    examined = _command(commands, "doctor", doctor)
    examined.add_argument(
        "--input",
        type=Path,
        metavar="FILE",
        help="a tap's output; its streams are held against the columns",
    )
    return parser


def _command(commands: Any, name: str, run: Callable[..., Exit]) -> argparse.ArgumentParser:  # noqa: ANN401  argparse keeps this class private
    text = (run.__doc__ or "").strip()
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    command.set_defaults(run=run)
    command.add_argument("--stream", metavar="NAME", help="stream in the setting tables")
    command.add_argument(
        "--key", metavar="A,B", action="extend", type=_names, help="key properties or columns"
    )
    command.add_argument("--date-column", metavar="NAME", help="property or column with the day")
    command.add_argument("--json", action="store_true", help="report as JSON")
    return command


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("names no column")
    return names


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write YYYY-MM-DD") from None


if __name__ == "__main__":
    sys.exit(main())
