"""What Meltano's loggers say, as plain values.

Meltano logs through structlog: ``record.msg`` is a dict with the text under ``event``, and for
lines of a plugin ``string_id``, ``plugin_logger``, ``plugin_exception`` and every key of the
plugin's own ``extra`` beside it. Libraries log in the ordinary way. Both become an `Event`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

_CAUSES_FOLLOWED = 5


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log.

    Attributes:
        level: number of the `logging` level.
        logger: name of the logger.
        text: the message, formatted.
        fields: what came with it; empty for ordinary records.
        exceptions: (type, message) of the exception and its causes, outermost first.
        time: when, in seconds since the epoch.
    """

    level: int
    logger: str
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    exceptions: tuple[tuple[str, str], ...] = ()
    time: float | None = None

    @property
    def plugin(self) -> str | None:
        """Name of the plugin whose process wrote the line, or None for Meltano's own lines."""
        name = self.fields.get("string_id") or self.fields.get("name")
        return str(name) if name else None


def from_record(record: logging.LogRecord) -> Event:
    """Read one record of Meltano's process. Never raises on a record that `logging` can format."""
    if isinstance(record.msg, dict):
        fields = record.msg
        text = str(fields.get("event", ""))
        chain = _plugin_exceptions(fields.get("plugin_exception"))
    else:
        fields = {}
        text = record.getMessage()
        chain = ()
    error = record.exc_info[1] if record.exc_info else fields.get("exc_info")
    if isinstance(error, BaseException):
        chain = chain + _exceptions(error)
    return Event(record.levelno, record.name, text, fields, chain, record.created)


def _plugin_exceptions(exception: object) -> tuple[tuple[str, str], ...]:
    """Follow the causes of an exception that a plugin logged (Meltano's ``PluginException``)."""
    found: list[tuple[str, str]] = []
    while exception is not None and len(found) < _CAUSES_FOLLOWED:
        kind = getattr(exception, "type", None)
        if kind is None:
            break
        found.append((str(kind), str(getattr(exception, "message", ""))))
        exception = getattr(exception, "cause", None) or getattr(exception, "context", None)
    return tuple(found)


def _exceptions(error: BaseException | None) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    while error is not None and len(found) < _CAUSES_FOLLOWED:
        found.append((type(error).__name__, str(error)))
        error = error.__cause__
    return tuple(found)
