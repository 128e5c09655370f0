"""The command line: ``feishu-notify test`` and ``feishu-notify check``.

Exit codes: 0 everything in order, 1 a finding or a failure, 2 misuse.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml  # type: ignore[import-untyped]  # PyYAML comes without types

from feishu_notify import history, settings
from feishu_notify.compose import Composer
from feishu_notify.delivery import deliver, wanted
from feishu_notify.redaction import Redactor
from feishu_notify.samples import samples
from feishu_notify.webhook import Bots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from feishu_notify.settings import Settings

_HANDLER = "feishu_notify.FeishuBotHandler"
_OK, _FINDING, _MISUSE = 0, 1, 2
_NO_WEBHOOK = (
    "No webhook is configured: put FEISHU_WEBHOOK_URL=https://open.feishu.cn/open-apis/bot/v2/hook/…"
    " into .env (the address from the bot's settings in the group)"
)


@dataclass(frozen=True, slots=True)
class Place:
    """The project that a command works for, and how it talks to people there."""

    project: Path | None
    environment: str | None
    chosen: Settings

    @property
    def composer(self) -> Composer:
        """Writes the cards of this place."""
        return Composer(self.chosen.look, Redactor(self.chosen.secrets))


def main(
    arguments: Sequence[str] | None = None,
    *,
    bots: Bots | None = None,
    now: datetime | None = None,
) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: without the program's name; those of the process when None.
        bots: what sends.
        now: the present moment, with a zone.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a locale without Chinese is no failure
    options = _parser().parse_args(arguments)
    try:
        place = _place()
    except (OSError, ValueError, yaml.YAMLError) as error:
        _report({}, [f"The settings cannot be read: {error}"])
        return _MISUSE
    sender = bots or Bots()
    if options.command == "test":
        return _test(place, sender, options.json)
    return _check(place, sender, options, now or datetime.now(UTC))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="feishu-notify",
        description="Feishu cards about Meltano runs: try the bot, watch for runs that never came.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    test = commands.add_parser("test", help="send one card of each kind to every configured bot")
    test.add_argument("--json", action="store_true", help="report as JSON")
    check = commands.add_parser(
        "check", help="send a red card when no successful run is younger than the given age"
    )
    check.add_argument("--max-age-hours", type=_hours, default=26, help="default: 26")
    check.add_argument("--state-id", help="only runs with this state id count (default: all)")
    check.add_argument("--json", action="store_true", help="report as JSON")
    return parser


def _hours(text: str) -> float:
    hours = float(text)
    if not 0 < hours < float("inf"):
        raise argparse.ArgumentTypeError("must be a number of hours above 0")
    return hours


def _place() -> Place:
    process = settings.process_environment()
    project = settings.find_project(Path.cwd(), process)
    dotenv = settings.read_dotenv(project / ".env" if project else None)
    environment = settings.selected_environment(process, dotenv)
    options = handler_options(project / "logging.yaml") if project else {}
    chosen = settings.load(
        environment,
        process,
        dotenv,
        options.get("environments") or {},
        options.get("title", settings.TITLE),
    )
    return Place(project, environment, chosen)


def handler_options(path: Path) -> dict[str, Any]:
    """Return what ``logging.yaml`` says about the handler; empty when it says nothing.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no text, or not of the form of a logging configuration.
        yaml.YAMLError: it is no YAML.
    """
    if not path.is_file():
        return {}
    config = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    try:
        handlers = (config.get("handlers") or {}).values()
        return next((dict(h) for h in handlers if h.get("class") == _HANDLER), {})
    except AttributeError:
        raise ValueError(f"{path} does not describe handlers") from None


def _test(place: Place, bots: Bots, as_json: bool) -> int:
    chosen = place.chosen
    if not chosen.webhooks:
        problems = [*chosen.problems, _NO_WEBHOOK]
        _report({"sent": 0, "problems": problems}, problems, as_json)
        return _MISUSE
    composer = place.composer
    cards = [composer.run(story, outcome) for story, outcome in samples(composer.say)]
    failed = [deliver(bots, chosen, card) for card in cards]
    problems = [*chosen.problems, *dict.fromkeys(p for each in failed for p in each)]
    sent = sum(not each for each in failed)
    text = f"{sent} of {len(cards)} cards taken by {len(chosen.webhooks)} bot(s)"
    _report({"sent": sent, "problems": problems}, [*problems, text], as_json)
    return _FINDING if problems else _OK


def _check(place: Place, bots: Bots, options: argparse.Namespace, now: datetime) -> int:
    if place.project is None:
        _report({"ok": False}, ["No Meltano project here: run it in the folder of meltano.yml"])
        return _MISUSE
    last, trouble = None, None
    try:
        runs = history.recent_runs(place.project, place.environment)
        last = history.last_success(runs, place.environment, options.state_id)
    except history.HistoryError as error:
        trouble = str(error)
    age = (now - last).total_seconds() / 3600 if last else None
    ok = age is not None and age <= options.max_age_hours
    problems = [] if ok else _alarm(place, bots, options, last, trouble)
    report = {
        "ok": ok,
        "last_success": last.isoformat() if last else None,
        "age_hours": None if age is None else round(age, 2),
        "problems": problems,
    }
    _report(report, [*problems, _words(last, age)], options.json)
    return _OK if ok else _FINDING


def _alarm(
    place: Place,
    bots: Bots,
    options: argparse.Namespace,
    last: datetime | None,
    trouble: str | None,
) -> list[str]:
    """Send the red card; return what is wrong, with the run history or with the card."""
    composer, chosen = place.composer, place.chosen
    job = options.state_id or place.environment
    card = composer.overdue(options.max_age_hours, last, job, trouble)
    problems = [*([trouble] if trouble else []), *chosen.problems]
    if not wanted(chosen, card):
        return problems
    return problems + (deliver(bots, chosen, card) if chosen.webhooks else [_NO_WEBHOOK])


def _words(last: datetime | None, age: float | None) -> str:
    if last is None or age is None:
        return "No successful run is on record"
    return f"The last successful run ended {age:.1f} hours ago ({last.isoformat()})"


def _report(report: dict[str, Any], lines: Sequence[str], as_json: bool = False) -> None:
    print(json.dumps(report, ensure_ascii=False) if as_json else "\n".join(lines))  # noqa: T201  a command
