"""How a run ended, judged from its story. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from feishu_notify.story import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from feishu_notify.story import PluginStory, RunStory

_BUSY = re.compile(r"Another '.*' pipeline is already running")
_REAUTHORISE = re.compile(r"reauthori", re.IGNORECASE)
_AUTHORISE_COMMAND = re.compile(r":authorize\b", re.IGNORECASE)
_REFRESH_TOKEN = re.compile(r"refresh[ _]token", re.IGNORECASE)
_AUTHORISE = re.compile(r"\bauthori[sz]e\b|\bre-?authori[sz]", re.IGNORECASE)
_PARTS = {"extractors": "extractor", "loaders": "loader"}


class Outcome(Enum):
    """The ways in which a run can end; the value names its texts."""

    SUCCESS = "success"
    PARTIAL = "partial"
    FAILED = "failed"
    REAUTHORISE = "reauthorise"
    BUSY = "busy"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that failed: whose fault it is, the exit code, and the error in its own words.

    ``part`` is ``extractor``, ``loader``, the name of a plugin, or ``meltano``.
    """

    part: str
    plugin: str | None
    exit_code: int | None
    errors: tuple[Trouble, ...]


def judge(story: RunStory) -> Outcome | None:
    """Say how the run ended; None when there is nothing to tell (nothing ran, or a dry run)."""
    if not story.begun or story.dry_run:
        return None
    if _went_well(story):
        return Outcome.PARTIAL if failed_accounts(story) else Outcome.SUCCESS
    reasons = (
        (Outcome.REAUTHORISE, any(_needs_authorisation(t) for t in troubles(story))),
        (Outcome.TIMED_OUT, story.timeout is not None),
        (Outcome.STOPPED, story.stopped),
        (Outcome.BUSY, any(b.error and _BUSY.match(b.error) for b in story.blocks)),
        (Outcome.PARTIAL, _something_arrived(story)),
    )
    return next((outcome for outcome, holds in reasons if holds), Outcome.FAILED)


def failures(story: RunStory) -> tuple[Failure, ...]:
    """List what failed, each with its errors; Meltano's own error stands last."""
    found: list[Failure] = []
    for block in story.blocks:
        if block.success:
            continue
        for kind, code in block.exit_codes.items():
            plugin = _plugin_behind(story, kind)
            part = _PARTS.get(kind, kind)
            found.append(Failure(part, plugin.name if plugin else None, code, _errors(plugin)))
        if not block.exit_codes and block.error:
            found.append(_command_failure(story, block.error))
    if story.error and not any(f.part == "meltano" for f in found):
        found.append(Failure("meltano", None, story.exit_code, (story.error,)))
    if not found:
        found.extend(Failure(p.name, p.name, None, p.errors) for p in story.plugins if p.errors)
    if not found and story.exit_code:
        found.append(Failure("meltano", None, story.exit_code, ()))
    return tuple(found)


def failed_accounts(story: RunStory) -> dict[str, str]:
    """Accounts that could not be read, over all streams, with the reason of each."""
    return {
        account: reason for stream in story.tap_streams for account, reason in stream.failed.items()
    }


def account_names(story: RunStory) -> dict[str, str]:
    """Names of failed accounts by id, as far as they are known."""
    return {account: name for stream in story.tap_streams for account, name in stream.names.items()}


def troubles(story: RunStory) -> Iterator[Trouble]:
    """All errors of the run, the plugins' first."""
    for plugin in story.plugins:
        yield from plugin.errors
    if story.error:
        yield story.error


def _went_well(story: RunStory) -> bool:
    """Whether Meltano says so in each of the ways in which it could say otherwise."""
    done = story.status == "success" and all(block.success for block in story.blocks)
    return done and story.error is None and not story.exit_code


def _needs_authorisation(trouble: Trouble) -> bool:
    """Whether the error says so by its type, or in words when the plugin logs words only."""
    text = trouble.text
    if any(_REAUTHORISE.search(kind) for kind, _ in trouble.exceptions):
        return True
    in_words = _REFRESH_TOKEN.search(text) and _AUTHORISE.search(text)
    return bool(in_words or _AUTHORISE_COMMAND.search(text))


def _something_arrived(story: RunStory) -> bool:
    """Whether rows of accounts that could be read are in the table although the run failed."""
    written = sum(
        (s.created or 0) + (s.updated or 0) + (s.unchanged or 0)
        for s in story.target_streams
        if not s.dry_run
    )
    loader_failed = any("loaders" in block.exit_codes for block in story.blocks)
    return bool(written and failed_accounts(story)) and not loader_failed


def _plugin_behind(story: RunStory, kind: str) -> PluginStory | None:
    """Find the plugin that an exit code belongs to; the kind is its type or its name."""
    candidates = [p for p in story.plugins if kind in (p.kind, p.name)]
    return next((p for p in candidates if p.errors), candidates[-1] if candidates else None)


def _command_failure(story: RunStory, error: str) -> Failure:
    """A failure that Meltano words itself: a plugin's command, or its refusal to start."""
    plugin = next((p for p in story.plugins if f"`{p.name} " in error), None)
    own = Trouble(error)
    if plugin is None:
        return Failure("meltano", None, None, (own,))
    return Failure(plugin.name, plugin.name, None, (own, *_errors(plugin)))


def _errors(plugin: PluginStory | None) -> tuple[Trouble, ...]:
    """Errors of a plugin, or its last words when it logs no levels (a traceback ends with it)."""
    if plugin is None:
        return ()
    lines = [line for line in plugin.lines[-2:] if not line.startswith("Traceback")]
    return plugin.errors or tuple(Trouble(line) for line in lines)
