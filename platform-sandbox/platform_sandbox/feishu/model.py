"""What a Feishu tenant holds: bases, tables, fields, views, records."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

# Stored values are hashable, so that filters can remember their verdict per value:
# text -> str or RichText · number -> int or float · checkbox -> bool · date -> int (ms)
# single select -> option id · multi select, links, users, groups, files -> tuple of ids
# hyperlink -> (text, link) · location -> (longitude, latitude)
Stored: TypeAlias = str | int | float | bool | tuple[Any, ...]


class Type(IntEnum):
    """Field types of bitable/v1."""

    TEXT = 1
    NUMBER = 2
    SINGLE_SELECT = 3
    MULTI_SELECT = 4
    DATE = 5
    CHECKBOX = 7
    USER = 11
    PHONE = 13
    URL = 15
    ATTACHMENT = 17
    LINK = 18
    LOOKUP = 19
    FORMULA = 20
    DUPLEX_LINK = 21
    LOCATION = 22
    GROUP = 23
    STAGE = 24
    CREATED_TIME = 1001
    MODIFIED_TIME = 1002
    CREATED_USER = 1003
    MODIFIED_USER = 1004
    AUTO_NUMBER = 1005
    BUTTON = 3001


COLOURS: Final = 55
READ_ONLY: Final = frozenset(
    {
        Type.LOOKUP,
        Type.FORMULA,
        Type.STAGE,
        Type.CREATED_TIME,
        Type.MODIFIED_TIME,
        Type.CREATED_USER,
        Type.MODIFIED_USER,
        Type.AUTO_NUMBER,
        Type.BUTTON,
    },
)


class RichText(str):
    """A text cell with mentions or links in it; as a string it is the joined text.

    Attributes:
        segments: The pieces as search returns them.
    """

    __slots__ = ("segments",)

    segments: list[dict[str, Any]]

    @classmethod
    def of(cls, segments: Sequence[dict[str, Any]]) -> RichText:
        """Join the segments' texts and keep the segments."""
        made = cls("".join(str(segment.get("text", "")) for segment in segments))
        made.segments = [dict(segment) for segment in segments]
        return made


@dataclass(slots=True)
class Field:
    """A column."""

    id: str
    name: str
    type: int
    ui_type: str
    property: dict[str, Any] | None
    is_primary: bool = False
    description: str | None = None


@dataclass(slots=True)
class View:
    """A view of a table; `property` in the shape of the view endpoints."""

    id: str
    name: str
    type: str = "grid"
    property: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Record:
    """A row: stored values by field id. Times are milliseconds since 1970."""

    id: str
    values: dict[str, Stored]
    serial: int
    created: int
    modified: int
    created_by: str
    modified_by: str


@dataclass(slots=True)
class Lag:
    """Until when, and for how many reads, a new record stays invisible."""

    until: float
    reads: int


@dataclass(slots=True)
class Table:
    """A data table. `version` counts its changes; derived lists are dropped at each of them."""

    id: str
    name: str
    fields: list[Field] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    records: dict[str, Record] = field(default_factory=dict)
    version: int = 1
    serial: int = 0
    lagging: dict[str, Lag] = field(default_factory=dict)
    ordered: list[Record] | None = None
    found: dict[object, list[Record]] = field(default_factory=dict)

    def by_name(self) -> dict[str, Field]:
        """Columns by name."""
        return {column.name: column for column in self.fields}

    def by_id(self) -> dict[str, Field]:
        """Columns by field id."""
        return {column.id: column for column in self.fields}

    def touch(self) -> None:
        """Note a change: drop what was derived from the old content."""
        self.version += 1
        self.ordered = None
        self.found.clear()


@dataclass(slots=True)
class Base:
    """A Bitable with its tables."""

    token: str
    name: str
    time_zone: str = "Asia/Beijing"
    is_advanced: bool = False
    revision: int = 1
    formula_type: int = 1
    tables: dict[str, Table] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)


def options_of(column: Field) -> list[dict[str, Any]]:
    """Options of a select column: id, name, color."""
    options: list[dict[str, Any]] = (column.property or {}).get("options", [])
    return options
