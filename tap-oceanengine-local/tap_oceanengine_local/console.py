"""Where the commands talk to a person or to a script, and how they end."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Exit(IntEnum):
    """Exit codes of all commands."""

    OK = 0
    FINDING = 1
    MISUSE = 2


@dataclass(frozen=True, slots=True)
class Console:
    """Output of a command, and the clock on its wall.

    Attributes:
        out: Results.
        err: What went wrong.
        as_json: The result is one JSON document, and words go to `err`.
        clock: Time in seconds since 1970.
    """

    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    as_json: bool = False
    clock: Callable[[], float] = time.time

    def say(self, *lines: str) -> None:
        """Print lines for people."""
        stream = self.err if self.as_json else self.out
        for line in lines:
            stream.write(f"{line}\n")

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print columns for people, as wide as they need to be."""
        every = [head, *rows]
        widths = [max(_width(row[column]) for row in every) for column in range(len(head))]
        for row in every:
            cells = (
                cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
            )
            self.say("  ".join(cells).rstrip())

    def report(self, document: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        """Print the result as JSON, when that is wanted."""
        if self.as_json:
            self.out.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")

    def complain(self, message: str) -> None:
        """Print an error."""
        self.err.write(f"{message}\n")


def _width(text: str) -> int:
    # Chinese characters are two columns wide on a terminal.
    return sum(2 if ord(character) >= 0x1100 else 1 for character in text)  # noqa: PLR2004  first wide block
