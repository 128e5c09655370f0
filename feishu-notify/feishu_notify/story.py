"""The story of one ``meltano run``, folded from its events. Pure, and bounded in memory."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import TYPE_CHECKING, Any

from feishu_notify import summaries
from feishu_notify.summaries import TapSummary, TargetSummary

if TYPE_CHECKING:
    from feishu_notify.events import Event
    from feishu_notify.summaries import TapStream, TargetStream

_ENVIRONMENT = re.compile(r"Environment '(?P<name>[^']+)' is active")
_JOB = re.compile(r"Running job with name '(?P<name>[^']+)'")
_CLI_LOGGERS = ("meltano.cli.utils", "meltano.cli")
_NOISY_LOGGERS = ("singer_sdk", "py.warnings", "urllib3", "backoff", "tenacity", "sqlalchemy")
_RETRY = re.compile(r"\b(asking|trying|retrying)( again)? in \d|\bbacking off \d", re.IGNORECASE)
_KEPT_ERRORS = 12
_KEPT_WARNINGS = 12
_KEPT_LINES = 6


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error that a plugin logged: its text and the exceptions behind it."""

    text: str
    exceptions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PluginStory:
    """What one plugin said: errors, warnings meant for people, last lines, rows counted by the SDK.

    ``kind`` is Meltano's plugin type: ``extractors``, ``loaders``, ``mappers``, ``utilities``;
    ``more_warnings`` counts those that were not kept.
    """

    name: str
    kind: str = ""
    errors: tuple[Trouble, ...] = ()
    warnings: tuple[str, ...] = ()
    more_warnings: int = 0
    lines: tuple[str, ...] = ()
    records: int | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A finished part of the run (one tap → target pair, or one plugin command).

    ``exit_codes`` is keyed ``extractors``, ``loaders`` or by the mapper's name.
    """

    success: bool
    error: str | None = None
    exit_codes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunStory:
    """Everything a card needs to know about a run.

    Attributes:
        environment: name of the active Meltano environment.
        job: Meltano's state id, or None for a run without one.
        run_id: Meltano's id of the run, which names its log.
        plugins: by name, in the order in which they spoke first.
        summaries: run summaries in the order in which they were logged.
        blocks: finished parts of the run, in order.
        status: ``success`` or ``failure`` when Meltano said that the run has ended.
        duration: seconds, as Meltano measured.
        timeout: seconds of ``--timeout`` when it has stopped the run.
        stopped: whether a signal ended the run.
        dry_run: whether Meltano only explained what it would do.
        error: what Meltano's command line reported at its very end.
        exit_code: what the process ends with, None when unknown.
        time: of the last event, in seconds since the epoch.
    """

    environment: str | None = None
    job: str | None = None
    run_id: str | None = None
    plugins: tuple[PluginStory, ...] = ()
    summaries: tuple[TapSummary | TargetSummary, ...] = ()
    blocks: tuple[Block, ...] = ()
    status: str | None = None
    duration: float | None = None
    timeout: int | None = None
    stopped: bool = False
    dry_run: bool = False
    error: Trouble | None = None
    exit_code: int | None = None
    time: float | None = None

    @property
    def begun(self) -> bool:
        """Whether anything was run, or tried and refused."""
        told = (self.job, self.plugins, self.blocks, self.status, self.error, self.exit_code)
        return any(told)

    @property
    def tap_streams(self) -> list[TapStream]:
        """What was read of each stream, over all taps of the run."""
        return [s for t in self.summaries if isinstance(t, TapSummary) for s in t.streams]

    @property
    def target_streams(self) -> list[TargetStream]:
        """What was done with each stream, over all targets of the run."""
        return [s for t in self.summaries if isinstance(t, TargetSummary) for s in t.streams]

    def plugin(self, name: str) -> PluginStory:
        """Return what the plugin said so far; an empty story when it has said nothing."""
        return next((p for p in self.plugins if p.name == name), PluginStory(name))


def after(story: RunStory, event: Event) -> RunStory:
    """Return the story as it stands after one more event."""
    run_id = story.run_id or event.fields.get("run_id")
    story = replace(story, run_id=str(run_id) if run_id else None, time=event.time or story.time)
    if event.plugin is not None and event.logger.startswith("meltano.plugin"):
        return _after_plugin_line(story, event, event.plugin)
    if event.logger == "meltano.cli.run":
        return _after_run_event(story, event)
    if event.logger in _CLI_LOGGERS and event.level >= logging.ERROR:
        return replace(story, error=Trouble(event.text, event.exceptions))
    return _after_other_event(story, event)


def _after_other_event(story: RunStory, event: Event) -> RunStory:
    if event.text == "Terminating ExtractLoadBlocks":
        return replace(story, stopped=True)
    if match := _ENVIRONMENT.match(event.text):
        return replace(story, environment=match["name"])
    if match := _JOB.match(event.text):
        return replace(story, job=match["name"])
    return story


def _after_run_event(story: RunStory, event: Event) -> RunStory:
    fields = event.fields
    if event.text == "Block run completed":
        block = Block(
            success=bool(fields.get("success")),
            error=str(fields["err"]) if fields.get("err") else None,
            exit_codes=_exit_codes(fields.get("exit_codes")),
        )
        plugins = tuple(map(_forgiven, story.plugins)) if block.success else story.plugins
        return replace(story, blocks=(*story.blocks, block), plugins=plugins)
    if event.text == "Run completed":
        duration = fields.get("duration_seconds")
        return replace(
            story,
            status=str(fields.get("status")),
            duration=duration if isinstance(duration, float) and isfinite(duration) else None,
        )
    if event.text == "Run timed out":
        return replace(story, timeout=fields.get("timeout_seconds"))
    if event.text.startswith("Attempting graceful termination"):
        return replace(story, stopped=True)
    if event.text.startswith("Dry run, but would have run"):
        return replace(story, dry_run=True)
    return story


def _after_plugin_line(story: RunStory, event: Event, name: str) -> RunStory:
    summary = summaries.parse(event.fields.get("summary"))
    if summary is not None and event.text == summaries.MESSAGE:
        story = replace(story, summaries=(*story.summaries, summary))
    told = replace(story.plugin(name), kind=_kind(event.logger))
    if event.level >= logging.ERROR:
        trouble = Trouble(event.text, event.exceptions)
        told = replace(told, errors=(*told.errors, trouble)[:_KEPT_ERRORS])
    elif event.level >= logging.WARNING and _meant_for_people(event):
        told = _warned(told, event.text)
    elif "plugin_logger" not in event.fields and event.text.strip():
        told = replace(told, lines=(*told.lines, event.text.strip())[-_KEPT_LINES:])
    told = replace(told, records=_counted(told.records, event.fields.get("metric_info")))
    return replace(story, plugins=_with(story.plugins, told))


def _forgiven(told: PluginStory) -> PluginStory:
    """What a plugin said in a part of the run that went well: its errors were warnings."""
    errors, told = told.errors, replace(told, errors=(), lines=())
    for error in errors:
        if not _RETRY.search(error.text):
            told = _warned(told, error.text)
    return told


def _warned(told: PluginStory, text: str) -> PluginStory:
    if text in told.warnings:
        return told
    if len(told.warnings) >= _KEPT_WARNINGS:
        return replace(told, more_warnings=told.more_warnings + 1)
    return replace(told, warnings=(*told.warnings, text))


def _kind(logger: str) -> str:
    """Read the plugin type out of ``meltano.plugin.<stdio>.<type>.<name>``."""
    parts = logger.split(".")
    return parts[3] if len(parts) > 3 else ""  # noqa: PLR2004  the position in the name above


def _meant_for_people(event: Event) -> bool:
    """Whether a warning is the plugin's own, not its framework's, and not about a mere retry."""
    logger = str(event.fields.get("plugin_logger", ""))
    return not logger.startswith(_NOISY_LOGGERS) and not _RETRY.search(event.text)


def _counted(records: int | None, metric: object) -> int | None:
    """Add the SDK's ``record_count`` metric, for plugins that log no summary."""
    if not isinstance(metric, Mapping) or metric.get("metric") != "record_count":
        return records
    value = metric.get("value")
    return (records or 0) + value if isinstance(value, int) else records


def _exit_codes(codes: Any) -> dict[str, int]:  # noqa: ANN401  Meltano's shape differs by failure
    """Read the exit codes: a mapping by plugin type, or for mappers a list of mappings."""
    parts = codes if isinstance(codes, list) else [codes]
    return {
        str(getattr(kind, "value", kind)): code
        for part in parts
        if isinstance(part, Mapping)
        for kind, code in part.items()
        if isinstance(code, int)
    }


def _with(plugins: tuple[PluginStory, ...], told: PluginStory) -> tuple[PluginStory, ...]:
    if all(p.name != told.name for p in plugins):
        return (*plugins, told)
    return tuple(told if p.name == told.name else p for p in plugins)
