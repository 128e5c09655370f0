"""`oceanengine-local`: tokens, accounts and a health check, from a shell or `meltano invoke`.

Settings come from the environment (`TAP_OCEANENGINE_LOCAL_…`), as Meltano hands them over.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tap_oceanengine_local import commands_doctor, commands_tokens
from tap_oceanengine_local.accounts import select_accounts
from tap_oceanengine_local.auth import build_client
from tap_oceanengine_local.console import Console, Exit
from tap_oceanengine_local.errors import TapError
from tap_oceanengine_local.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType

_SIGNAL_EXIT: Final = 128


@dataclass(frozen=True, slots=True)
class _Command:
    name: str
    run: Callable[[argparse.Namespace, Settings, Console], Exit]
    help: str
    takes: Callable[[argparse.ArgumentParser], object] = lambda _: None


def main(
    argv: Sequence[str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    console: Console | None = None,
) -> int:
    """Run one command and return its exit code: 0 ok, 1 finding or failure, 2 misuse."""
    arguments = _parser().parse_args(argv)
    if console is None:
        console = Console()
        _prepare_process()
    console = replace(console, as_json=arguments.json)
    try:
        settings = Settings.from_environment(os.environ if environ is None else environ)
        command: _Command = arguments.command
        return int(command.run(arguments, settings, console))
    except TapError as error:
        console.complain(str(error))
        console.report({"error": str(error), "code": error.code, "request_id": error.request_id})
        return int(Exit.FINDING)


def _prepare_process() -> None:
    """Let every name be printed, warnings be seen, and a signal never cut a refresh in two."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, _stop)


def _stop(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(_SIGNAL_EXIT + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="oceanengine-local",
        description="Tokens, accounts and a health check of tap-oceanengine-local.",
        epilog="Settings are read from TAP_OCEANENGINE_LOCAL_… ; exit codes: 0 ok, 1 finding or "
        "failure, 2 misuse.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        sub = commands.add_parser(command.name, help=command.help, description=command.help)
        command.takes(sub)
        sub.add_argument("--json", action="store_true", help="print the result as JSON")
        sub.set_defaults(command=command)
    return parser


def _accounts(_arguments: argparse.Namespace, settings: Settings, console: Console) -> Exit:
    config = settings.to_config()
    accounts = select_accounts(build_client(config, clock=console.clock), config)
    rows = [
        (
            account.id,
            account.name or "–",
            account.source or "configured",
            account.organization_id or "–",
            account.account_type or "–",
        )
        for account in accounts
    ]
    console.table(("account", "name", "found under", "organisation", "type"), rows)
    console.say(f"{len(accounts)} account(s).")
    console.report(
        [
            {
                "local_account_id": account.id,
                "local_account_name": account.name,
                "source": account.source,
                "organization_id": account.organization_id,
                "account_type": account.account_type,
            }
            for account in accounts
        ]
    )
    if accounts:
        return Exit.OK
    console.complain(
        "The authorisation covers no 本地推 account: run `authorize` and tick the accounts, or "
        "name them in local_account_ids."
    )
    return Exit.FINDING


def _takes_code(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--code",
        type=commands_tokens.code_of,
        metavar="CODE|LINK",
        help="the code, or in quotes the whole link of the page that came after agreeing",
    )


def _takes_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="JSON file with access_token and refresh_token")
    parser.add_argument(
        "--force",
        action="store_true",
        help="take the file also when its tokens were taken before or have ended",
    )


_COMMANDS: Final = (
    _Command(
        "authorize",
        commands_tokens.authorize,
        "Print the authorisation link; with --code, exchange the code that came back.",
        _takes_code,
    ),
    _Command(
        "token-status",
        commands_tokens.status,
        "Show where the tokens are kept and how long they live; asks nobody, changes nothing.",
    ),
    _Command("token-refresh", commands_tokens.refresh, "Renew the token pair now."),
    _Command(
        "token-get", commands_tokens.get, "Print an access token that lives an hour at least."
    ),
    _Command(
        "token-import",
        commands_tokens.import_file,
        "Take the token pair of another program's JSON file. Stop that program first.",
        _takes_file,
    ),
    _Command("accounts", _accounts, "List the accounts that a run would read."),
    _Command(
        "doctor",
        commands_doctor.doctor,
        "Check settings, token store, token, scopes and every account.",
    ),
)
