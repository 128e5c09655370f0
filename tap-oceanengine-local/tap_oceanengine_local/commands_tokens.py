"""The commands about tokens. Only `token-get` prints a token; the others say how long it lives."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from tap_oceanengine_local.auth import build_tokens, build_transport
from tap_oceanengine_local.console import Exit
from tap_oceanengine_local.errors import ConfigError
from tap_oceanengine_local.token_file import read_token_file
from tap_oceanengine_local.token_row import is_usable
from tap_oceanengine_local.windows import ZONE

if TYPE_CHECKING:
    from tap_oceanengine_local.auth import StoredTokens
    from tap_oceanengine_local.console import Console
    from tap_oceanengine_local.settings import Settings
    from tap_oceanengine_local.token_row import Pair

HOUR: Final = 3600
DAY: Final = 86_400
ACCESS_MARK_HOURS: Final = 6
REFRESH_MARK_DAYS: Final = 7


def tokens_of(settings: Settings, console: Console) -> StoredTokens:
    """Return the tokens that the settings describe.

    Raises:
        ConfigError: A setting is missing or wrong.
    """
    config = settings.to_config()
    return build_tokens(config, build_transport(config), clock=console.clock)


def code_of(text: str) -> str:
    """Return the authorisation code in what a person pasted: the code, or the callback link.

    Raises:
        argparse.ArgumentTypeError: There is none.
    """
    text = text.strip()
    if "://" in text or "auth_code=" in text:
        query = parse_qs(urlsplit(text).query or text.partition("?")[2] or text)
        text = (query.get("auth_code") or [""])[0]
    if not text or not is_usable(text):
        raise argparse.ArgumentTypeError("there is no auth_code in it")
    return text


def authorize(arguments: argparse.Namespace, settings: Settings, console: Console) -> Exit:
    """Print the link, or exchange a code."""
    tokens = tokens_of(settings, console)
    if arguments.code is None:
        link = tokens.app.link()
        console.say(
            "1. Open this link and log in as the person who manages the accounts:",
            f"   {link}",
            "2. Tick **all** accounts again: a new authorisation replaces the old selection.",
            "3. After agreeing, copy the address of the page that opens (it may show an error).",
            "   The code in it lives 10 minutes, once:",
            "   meltano invoke tap-oceanengine-local:authorize --code 'THE ADDRESS OR THE CODE'",
        )
        console.report({"link": link})
        return Exit.OK
    subjects = tokens.authorise(arguments.code)
    pair = tokens.current
    console.say(
        f"Authorised: {len(subjects)} authorisation subject(s). The tokens are in "
        f"{tokens.store.place}.",
        *_lives(pair, console.clock()),
        "Next: `meltano invoke tap-oceanengine-local:accounts` lists what is covered.",
    )
    console.report(
        {
            "subjects": [str(subject) for subject in subjects],
            **_report(tokens, pair, console.clock()),
        }
    )
    return Exit.OK


def status(_arguments: argparse.Namespace, settings: Settings, console: Console) -> Exit:
    """Show what the store holds; no request, no change."""
    tokens = tokens_of(settings, console)
    kept = tokens.look()
    key = tokens.authorization
    console.say(
        f"store          {tokens.store.place}{'' if tokens.store.existed else '  (not there yet)'}",
        f"authorisation  {key.name} of app {key.app_id} at {key.api_url}",
    )
    if kept is None or kept.pair is None:
        seed = "The configured tokens will be taken by the next run." if tokens.has_seed else ""
        console.say(seed or f"There is no token. {tokens.advice()}")
        console.report(
            {**_report(tokens, None, console.clock()), "seed_configured": tokens.has_seed}
        )
        return Exit.OK if seed else Exit.FINDING
    console.say(f"stored         {_moment(kept.stored_at)}", *_lives(kept.pair, console.clock()))
    if kept.unanswered is not None:
        console.say(
            f"⚠ A refresh begun at {_moment(kept.unanswered.at)} by {kept.unanswered.by} has not "
            "brought its new pair: the tokens above may be dead; `token-refresh` will tell."
        )
    if tokens.has_seed and not kept.has_seen:
        console.say("The configured tokens are new here: the next run takes them instead.")
    marks = _marks(kept.pair, console.clock())
    console.report(
        {**_report(tokens, kept.pair, console.clock()), "stored_at": _moment(kept.stored_at)}
    )
    bad = {"access_ended", "refresh_ending", "refresh_ended"} & {*marks}
    renews = marks == ["access_ended"] and kept.pair.refresh_token
    return Exit.FINDING if bad and not renews else Exit.OK


def refresh(_arguments: argparse.Namespace, settings: Settings, console: Console) -> Exit:
    """Renew the pair now."""
    tokens = tokens_of(settings, console)
    pair = tokens.refresh()
    console.say(f"Renewed; the tokens are in {tokens.store.place}.", *_lives(pair, console.clock()))
    console.report(_report(tokens, pair, console.clock()))
    return Exit.OK


def get(_arguments: argparse.Namespace, settings: Settings, console: Console) -> Exit:
    """Print a valid access token, and nothing else, on standard output."""
    tokens = tokens_of(settings, console)
    token = tokens.access_token()
    if not console.as_json:
        console.say(token)
    pair = tokens.current
    ends = None if pair is None else _moment(pair.access_expires_at)
    console.report({"access_token": token, "expires_at": ends})
    return Exit.OK


def import_file(arguments: argparse.Namespace, settings: Settings, console: Console) -> Exit:
    """Take the pair of a token file into the store."""
    tokens = tokens_of(settings, console)
    try:
        text = arguments.file.read_text(encoding="utf-8")
        written_at = arguments.file.stat().st_mtime
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The token file {arguments.file} can't be read: {error}.") from None
    pair = read_token_file(text, written_at=written_at)
    if not arguments.force and (why := _objection(tokens, pair, console.clock())):
        console.complain(f"Nothing was imported. {why}")
        console.report({"imported": False, "why": why})
        return Exit.FINDING
    tokens.keep(pair)
    console.say(
        f"Imported into {tokens.store.place}.",
        *_lives(pair, console.clock()),
        "The program that wrote the file must not run any more: a refresh here ends its tokens.",
    )
    console.report({"imported": True, **_report(tokens, pair, console.clock())})
    return Exit.OK


def _objection(tokens: StoredTokens, pair: Pair, now: float) -> str:
    if pair.refresh_expires_at is not None and pair.refresh_expires_at <= now:
        return f"The refresh token of the file has ended. {tokens.advice()}"
    kept = tokens.look(pair)
    if kept is not None and kept.has_seen and kept.pair != pair:
        return (
            "These tokens were taken before and have been renewed or replaced since; the store "
            "holds the newer ones. (--force takes the file all the same.)"
        )
    return ""


def _marks(pair: Pair, now: float) -> list[str]:
    marks = []
    access, renewal = pair.access_expires_at, pair.refresh_expires_at
    if access is not None and access - now < ACCESS_MARK_HOURS * HOUR:
        marks.append("access_ended" if access <= now else "access_ending")
    if renewal is not None and renewal - now < REFRESH_MARK_DAYS * DAY:
        marks.append("refresh_ended" if renewal <= now else "refresh_ending")
    return marks


_WORDS: Final = {
    "access_ended": "⚠ ended; the next run renews it",
    "access_ending": f"⚠ less than {ACCESS_MARK_HOURS} hours; the next run renews it when due",
    "refresh_ended": "✘ ended: run `authorize`",
    "refresh_ending": f"⚠ less than {REFRESH_MARK_DAYS} days: run `authorize` in time",
}


def _lives(pair: Pair | None, now: float) -> list[str]:
    if pair is None:
        return []
    marks = {mark.partition("_")[0]: _WORDS[mark] for mark in _marks(pair, now)}
    lines = []
    for kind, token, ends in (
        ("access", pair.access_token, pair.access_expires_at),
        ("refresh", pair.refresh_token, pair.refresh_expires_at),
    ):
        words = "none" if token is None else f"until {_moment(ends)}{_left(ends, now)}"
        lines.append(f"{kind + ' token':<14} {words}  {marks.get(kind, '')}".rstrip())
    return lines


def _left(ends: int | None, now: float) -> str:
    if ends is None:
        return ""
    seconds = max(0.0, ends - now)
    return f" ({seconds / DAY:.1f} days)" if seconds >= 2 * DAY else f" ({seconds / HOUR:.1f} h)"


def _moment(seconds: int | None) -> str:
    if seconds is None:
        return "unknown"
    return datetime.fromtimestamp(seconds, ZONE).isoformat(timespec="seconds")


def _report(tokens: StoredTokens, pair: Pair | None, now: float) -> dict[str, Any]:
    key = tokens.authorization
    return {
        "store": tokens.store.place,
        "store_existed": tokens.store.existed,
        "api_url": key.api_url,
        "app_id": key.app_id,
        "authorization": key.name,
        "has_tokens": pair is not None,
        "access_expires_at": _moment(pair.access_expires_at) if pair else None,
        "refresh_expires_at": _moment(pair.refresh_expires_at) if pair else None,
        "marks": _marks(pair, now) if pair else [],
    }
