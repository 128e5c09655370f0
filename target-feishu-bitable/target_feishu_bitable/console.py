"""Where commands talk to a person or to a script, and how they end."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_LINES: Final = 50


class Exit(IntEnum):
    """Exit codes of all commands."""

    OK = 0
    FINDING = 1
    MISUSE = 2


@dataclass(frozen=True, slots=True)
class Console:
    """Input and output of a command.

    Attributes:
        out: Reports.
        err: What went wrong, and questions.
        answers: Where a person answers from; None when that is closed.
        as_json: Reports are one JSON document.
    """

    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    answers: TextIO | None = field(default_factory=lambda: sys.stdin)
    as_json: bool = False

    def say(self, *lines: str) -> None:
        """Print lines for people; with JSON wanted they go to the side, so that out stays JSON."""
        stream = self.err if self.as_json else self.out
        for line in lines:
            stream.write(f"{line}\n")

    def listed(self, lines: Sequence[str]) -> None:
        """Print the first of many lines."""
        self.say(*lines[:MOST_LINES])
        if len(lines) > MOST_LINES:
            self.say(f"… and {len(lines) - MOST_LINES:,} more (--json lists all)")

    def report(self, document: dict[str, Any]) -> None:
        """Print the report as JSON, when that is wanted."""
        if self.as_json:
            self.out.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")

    def complain(self, message: str) -> None:
        """Print an error."""
        self.err.write(f"{message}\n")

    def agreed(self, question: str, *, yes: bool) -> bool | None:
        """Ask before something is changed.

        Returns:
            True or False as the person (or --yes) said, None when there is nobody to ask.
        """
        if yes:
            return True
        if self.answers is None or not self.answers.isatty():
            self.complain("Nothing was changed: there is no terminal to ask on. Add --yes.")
            return None
        self.err.write(f"{question} [y/N] ")
        self.err.flush()
        return self.answers.readline().strip().lower() in {"y", "yes", "是"}
