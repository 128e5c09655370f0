"""Writes Singer messages: whole lines, buffered, each state once.

The SDK's writer copies every record and flushes every line; this one writes the same lines (see
`tests/tap/test_messages.py`) at a fraction of the time. Nothing stays in the buffer after a STATE.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

from singer_sdk.singerlib.encoding import SimpleSingerWriter
from singer_sdk.singerlib.encoding.simple import RecordMessage, StateMessage
from typing_extensions import override

from tap_oceanengine_local.errors import FatalError
from tap_oceanengine_local.records import encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.singerlib.encoding.simple import Message

_BUFFERED_LINES: Final = 1000


class Writer(SimpleSingerWriter):
    """Buffered writer of Singer messages to standard output."""

    def __init__(self) -> None:
        """Start with nothing written."""
        super().__init__()
        self._lines: list[str] = []
        self._last_state = ""
        self._writing = False
        self._exit_code: int | None = None

    @override
    def write_message(self, message: Message) -> None:
        """Write a message; records wait in the buffer for the next other message."""
        if isinstance(message, StateMessage):
            self.write_state(message.value)
            return
        self._lines.append(self.format_message(message))
        if not isinstance(message, RecordMessage) or len(self._lines) >= _BUFFERED_LINES:
            self.flush()

    def write_record(self, stream: str, record: Mapping[str, Any], extracted: str) -> None:
        """Write a record whose values are JSON values already.

        Args:
            stream: Name of the stream.
            record: Property values as the schema wants them.
            extracted: When it was read, ISO 8601 in UTC.
        """
        self._lines.append(
            f'{{"type":"RECORD","stream":"{stream}","record":{encode(record)},'
            f'"time_extracted":"{extracted}"}}'
        )
        if len(self._lines) >= _BUFFERED_LINES:
            self.flush()

    def write_state(self, state: Mapping[str, Any]) -> None:
        """Write a STATE message behind all records, unless the last one said the same."""
        self.write_state_text(encode(state))

    def write_state_text(self, text: str) -> None:
        """Write a state that is JSON already, as `encode` would say it; see `write_state`."""
        if text != self._last_state:
            self._last_state = text
            self._lines.append(f'{{"type":"STATE","value":{text}}}')
        self.flush()

    def flush(self) -> None:
        """Hand everything buffered to standard output, whole lines only.

        Raises:
            SystemExit: The process was told to stop; nothing is written after that.
            FatalError: Nobody reads them, or there is no room for them.
        """
        if not self._lines:
            return
        text = "\n".join(self._lines) + "\n"
        self._lines.clear()
        self.obey()
        self._writing = True
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            raise _unwritten(error) from None
        finally:
            self._writing = False
        self.obey()

    def stop(self, exit_code: int) -> None:
        """End the process from a signal handler: at once, or behind the lines being written.

        Raises:
            SystemExit: Nothing is being written. When the signal came into a finalizer, Python
                drops this; `obey` raises it again.
        """
        self._lines.clear()
        self._exit_code = exit_code
        if not self._writing:
            self.obey()

    def obey(self) -> None:
        """End the process when it was told to.

        Raises:
            SystemExit: It was.
        """
        if self._exit_code is not None:
            raise SystemExit(self._exit_code)


def _unwritten(error: OSError) -> FatalError:
    # What Python still holds would fail once more at its end, behind our words and exit code.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return FatalError("The program that reads the messages has gone.")
    return FatalError(f"The messages can't be written: {error.strerror}.")
