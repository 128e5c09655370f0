"""`doctor`: everything a run needs, looked at one by one, with a next step for each finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from tap_oceanengine_local.accounts import select_accounts
from tap_oceanengine_local.auth import build_client
from tap_oceanengine_local.commands_tokens import tokens_of
from tap_oceanengine_local.console import Exit
from tap_oceanengine_local.errors import ConfigError, FatalError, TapError
from tap_oceanengine_local.windows import today

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from tap_oceanengine_local.accounts import Account
    from tap_oceanengine_local.client import Client
    from tap_oceanengine_local.console import Console
    from tap_oceanengine_local.settings import Settings

USER_PATH: Final = "/open_api/2/user/info/"
REPORT_PATH: Final = "/open_api/v3.0/local/report/account/get/"
UNIT_REPORT_PATH: Final = "/open_api/v3.0/local/report/promotion/get/"
_MARKS: Final = {"ok": "✔", "note": "•", "red": "✘"}
_AUTHORISE: Final = "Run `authorize`, tick all accounts again, exchange the code."


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table.

    Attributes:
        what: What was looked at.
        status: `note` is worth knowing and no failure.
        detail: What was found.
        next_step: What to do about it; empty when there is nothing to do.
    """

    what: str
    status: Literal["ok", "note", "red"]
    detail: str
    next_step: str = ""


Check = Callable[[], "Iterator[Finding]"]


def doctor(_arguments: argparse.Namespace, settings: Settings, console: Console) -> Exit:
    """Run all checks and print the table."""
    findings = list(examine(settings, console))
    rows = [
        (_MARKS[f.status], f.what, f.detail, f.next_step and f"→ {f.next_step}") for f in findings
    ]
    console.table(("", "check", "found", "next step"), rows)
    red = sum(finding.status == "red" for finding in findings)
    console.say("Everything is in order." if not red else f"{red} finding(s) need a person.")
    console.report({"ok": not red, "findings": [asdict(finding) for finding in findings]})
    return Exit.FINDING if red else Exit.OK


def examine(settings: Settings, console: Console) -> Iterator[Finding]:
    """Yield the findings, in the order in which they would stop a run."""
    try:
        client = build_client(settings.to_config(), clock=console.clock)
    except ConfigError as error:
        yield Finding("settings", "red", str(error), "Set it in .env or meltano.yml.")
        return
    yield from _settings(settings)
    checks: dict[str, Check] = {
        "token store": lambda: _store(settings, console),
        "token": lambda: _token(client, settings),
        "accounts": lambda: _accounts(client, settings, console),
    }
    for what, check in checks.items():
        found = list(_guarded(what, check))
        yield from found
        if any(finding.status == "red" for finding in found):
            return


def _guarded(what: str, check: Check) -> Iterator[Finding]:
    try:
        yield from check()
    except TapError as error:
        yield Finding(what, "red", str(error), _next_step(error))


def _next_step(error: TapError) -> str:
    if isinstance(error, FatalError):
        return "The text says what to do; then run `doctor` again."
    return "Run `doctor` again later; when it stays, give the request_id to the platform's support."


def _settings(settings: Settings) -> Iterator[Finding]:
    yield Finding("settings", "ok", f"app {settings.app_id} at {settings.api_url}")
    if not settings.redirect_uri:
        yield Finding(
            "redirect_uri",
            "note",
            "not set",
            "Set it as registered for the app: `authorize` needs it.",
        )


def _store(settings: Settings, console: Console) -> Iterator[Finding]:
    tokens = tokens_of(settings, console)
    existed = tokens.store.existed
    tokens.store.check(tokens.authorization)
    detail = f"{tokens.store.place} can be written"
    yield Finding("token store", "ok", detail if existed else f"{detail}; it was made just now")


def _token(client: Client, settings: Settings) -> Iterator[Finding]:
    user = client.get(USER_PATH, {})
    yield Finding("token", "ok", f"valid, of {user.get('display_name') or 'an unnamed user'}")
    days = client.tokens.refresh_days_left() if client.tokens else None
    if days is None:
        yield Finding("refresh token", "note", "its end is not known before the first refresh")
    elif days < 7:  # noqa: PLR2004  days, as in token-status
        yield Finding("refresh token", "red", f"{days} day(s) left", _AUTHORISE)
    else:
        yield Finding("refresh token", "ok", f"{days} days left")
    app_id = user.get("app_id")
    if app_id is not None and str(app_id) != settings.app_id:
        detail = f"the token belongs to app {app_id}"
        yield Finding("app", "red", detail, "Use the app_id and app_secret of that app.")
    yield from _scopes(user)


def _scopes(user: dict[str, Any]) -> Iterator[Finding]:
    scopes, paths = user.get("token_scope_list"), user.get("token_api_list")
    count = len(scopes) if isinstance(scopes, list) else 0
    if isinstance(paths, list) and paths and UNIT_REPORT_PATH not in _with_slashes(paths):
        yield Finding(
            "scopes",
            "red",
            f"{count} scopes (权限点), without {UNIT_REPORT_PATH}",
            f"Ask for the 本地推 report scope in the developer console, then: {_AUTHORISE}",
        )
    else:
        yield Finding("scopes", "ok", f"{count} scopes (权限点), {len(paths or ())} interfaces")
    if user.get("material_auth_status") is False:
        yield Finding(
            "敏感物料授权",
            "note",
            "not given",
            "Only the stream `leads` may need it: tick 敏感物料授权 when authorising.",
        )


def _with_slashes(paths: list[Any]) -> set[str]:
    return {"/" + str(path).strip("/") + "/" for path in paths}


def _accounts(client: Client, settings: Settings, console: Console) -> Iterator[Finding]:
    accounts = select_accounts(client, settings.to_config())
    if not accounts:
        yield Finding("accounts", "red", "the authorisation covers none", _AUTHORISE)
        return
    yield Finding("accounts", "ok", f"{len(accounts)} to read")
    day = settings.end_date or today(console.clock()) - timedelta(days=1)
    for account in accounts:
        yield _readable(client, account, day.isoformat())


def _readable(client: Client, account: Account, day: str) -> Finding:
    what = f"account {account.id}" + (f" {account.name}" if account.name else "")
    try:
        client.get(
            REPORT_PATH,
            {
                "local_account_id": account.id,
                "time_granularity": "TIME_GRANULARITY_DAILY",
                "start_date": day,
                "end_date": day,
                "metrics": ["stat_cost"],
                "page": 1,
                "page_size": 10,
            },
        )
    except TapError as error:
        if isinstance(error, FatalError):
            raise
        return Finding(
            what,
            "red",
            str(error),
            "Tick it when authorising again, or take it out of local_account_ids.",
        )
    return Finding(what, "ok", "readable")
