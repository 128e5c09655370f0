"""The edges of a run: lines that come in, and the sentence and exit code that it ends with."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import contextmanager
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, Final

from singer_sdk.exceptions import (
    ConfigValidationError,
    InvalidInputLine,
    MappingError,
    RecordsWithoutSchemaException,
)
from singer_sdk.helpers.capabilities import (
    ADD_RECORD_METADATA_CONFIG,
    FLATTENING_CONFIG,
    STREAM_MAPS_CONFIG,
    TARGET_VALIDATE_RECORDS_CONFIG,
)
from singer_sdk.io_base import SingerReader
from typing_extensions import override

from target_feishu_bitable.errors import TargetError
from target_feishu_bitable.stopping import SIGNAL_EXIT, SIGNALS

if TYPE_CHECKING:
    import logging
    from collections import Counter
    from collections.abc import Callable, Iterator


_DECODER: Final = json.JSONDecoder(parse_float=Decimal)  # json.loads would make one per line
_ENCODER: Final = json.JSONEncoder(allow_nan=False, default=float)
_SHAPES: Final[dict[str, tuple[str, type]]] = {
    "SCHEMA": ("schema", dict),
    "RECORD": ("record", dict),
    "STATE": ("value", dict),
    "BATCH": ("manifest", list),
    "ACTIVATE_VERSION": ("version", int),
}
"""What each kind of message must carry."""
SDK_SETTINGS: Final[dict[str, Any]] = {
    name: setting
    for schema in (
        STREAM_MAPS_CONFIG,
        FLATTENING_CONFIG,
        ADD_RECORD_METADATA_CONFIG,
        TARGET_VALIDATE_RECORDS_CONFIG,
    )
    for name, setting in schema["properties"].items()
}
"""Settings of the SDK that people may use here, with their JSON Schemas."""


class NotSinger(InvalidInputLine):
    """A line is no Singer message; the text repeats nothing of it."""


class Reader(SingerReader):
    """The SDK's reader, which would log a line that it can't read, and with it what it holds.

    The value of a STATE is the JSON text that will be handed back: it is looked into by nobody, and
    a text takes a fraction of the room.
    """

    @override
    def process_lines(
        self, file_input: IO[str] | None, callbacks: dict[str, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        try:
            return super().process_lines(file_input, callbacks)
        except RecursionError:  # only what is read can be so deep
            raise NotSinger("A message is nested too deeply.") from None

    @override
    def deserialize_json(self, line: str) -> dict[str, Any]:
        try:
            message: object = _DECODER.decode(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            raise NotSinger("A line is not a JSON object.")
        kind = message.get("type")
        if not isinstance(kind, str) or kind not in _SHAPES:
            raise NotSinger("A message is of no type that Singer knows.")
        part, shape = _SHAPES[kind]
        if not isinstance(message.get(part), shape):
            raise NotSinger(f"A {kind} message has no {part}, or a strange one.")
        if kind == "STATE":
            message["value"] = _text_of(message["value"])
        elif not isinstance(message.get("stream"), str):
            raise NotSinger(f"A {kind} message names no stream, or a strange one.")
        if kind == "SCHEMA" and not _are_properties(message["schema"].get("properties")):
            raise NotSinger("A SCHEMA message has no properties, or strange ones.")
        if kind == "SCHEMA" and not _are_names(message.get("key_properties")):
            raise NotSinger("The key_properties of a SCHEMA message are no list of names.")
        return message


def hand_back(state: str) -> None:
    """Write a state to stdout, whole: a signal waits for the end of the line."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        sys.stdout.write(f"{state}\n")
        sys.stdout.flush()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _text_of(state: dict[str, Any]) -> str:
    try:
        return _ENCODER.encode(state)
    except ValueError:
        raise NotSinger("A STATE message holds NaN or Infinity, which are no JSON.") from None


def _are_properties(given: object) -> bool:
    return isinstance(given, dict) and all(isinstance(one, dict | bool) for one in given.values())


def _are_names(given: object) -> bool:
    return given is None or (isinstance(given, list) and all(isinstance(one, str) for one in given))


@contextmanager
def in_words(logger: logging.Logger) -> Iterator[None]:
    """End every expected failure with a sentence for a person, and exit code 1."""
    try:
        yield
    except ConfigValidationError as error:
        logger.error(" ".join(error.errors))  # noqa: TRY400  a sentence for a person
        sys.exit(1)
    except (TargetError, RecordsWithoutSchemaException) as error:
        logger.error("%s", error)  # noqa: TRY400  a sentence for a person
        sys.exit(1)
    except MappingError as error:
        logger.error("Setting stream_maps is not right: %s", error)  # noqa: TRY400
        sys.exit(1)
    except InvalidInputLine as error:
        what = str(error) if isinstance(error, NotSinger) else ""
        logger.error("The input is not made of Singer messages, one JSON object a line. %s", what)  # noqa: TRY400
        sys.exit(1)
    except SystemExit as stop:
        if isinstance(stop.code, int) and stop.code > SIGNAL_EXIT:
            logger.warning("Stopped by signal %d.", stop.code - SIGNAL_EXIT)
        raise
