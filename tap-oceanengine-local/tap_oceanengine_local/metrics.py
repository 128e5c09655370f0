"""The catalogue: every column that a stream can carry, with its Chinese title and its kind.

`metrics.json` and `entities.json` hold the lists of the vendor's official SDK (v1.1.93 of August
2026); this module reads them and says how a kind of column looks in JSON Schema. Adding a metric
means adding one line to the file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Literal, TypeAlias

Kind: TypeAlias = Literal[
    "id", "text", "day", "moment", "count", "yuan", "rate", "ratio", "texts", "numbers"
]
Level: TypeAlias = Literal["account", "project", "promotion", "material", "audience"]

_LETTERS: Final[dict[str, str]] = {
    "account": "A",
    "project": "J",
    "promotion": "P",
    "material": "M",
    "audience": "U",
}
_TYPES: Final[dict[Kind, dict[str, Any]]] = {
    "id": {"type": "string"},
    "text": {"type": "string"},
    "day": {"type": "string", "format": "date"},
    "moment": {"type": "string", "format": "date-time"},
    "count": {"type": "integer"},
    "yuan": {"type": "number"},
    "rate": {"type": "number"},
    "ratio": {"type": "number"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "numbers": {"type": "array", "items": {"type": "integer"}},
}
_UNITS: Final[dict[str, str]] = {
    "count": "A count.",
    "yuan": "Yuan, rounded half up to 2 decimals.",
    "rate": "Percent (1.23 means 1.23 %), rounded half up to 4 decimals.",
    "ratio": "Plain ratio, rounded half up to 4 decimals.",
}
#: What a report conversion belongs to, by group of the catalogue (vendor's metric definitions).
_SETTLING: Final[dict[str, str]] = {
    "convert": "Belongs to the day of the conversion.",
    "lead": "Belongs to the day of the conversion.",
    "attribution": "Written back to the day of the charge for up to 30 days.",
    "roi2": "Uni-promotion (全域推广).",
}
CONVERSION_COST: Final = "conversion_cost"
STAT_COST: Final = "stat_cost"
CONVERT_CNT: Final = "convert_cnt"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a stream.

    Attributes:
        name: Property name in records and SCHEMA messages.
        kind: Decides JSON type, normalisation and rounding.
        title: Chinese title, unique within a stream.
        description: One or two English sentences for `--about`, catalogs and column notes.
        path: Keys that lead to the value inside the platform's row.
        required: The row cannot exist without it (a key).
    """

    name: str
    kind: Kind
    title: str
    description: str = ""
    path: tuple[str, ...] = ()
    required: bool = False

    def to_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of this property."""
        schema = dict(_TYPES[self.kind])
        schema["type"] = [schema["type"]] if self.required else [schema["type"], "null"]
        schema["title"] = self.title
        source = ".".join(self.path) or self.name
        schema["description"] = self.description or f"The platform's `{source}`."
        return schema


def schema_of(fields: tuple[Field, ...]) -> dict[str, Any]:
    """Return the JSON Schema of a stream, properties in the order of its fields."""
    return {
        "type": "object",
        "properties": {field.name: field.to_schema() for field in fields},
        "required": [field.name for field in fields if field.required],
    }


@cache
def metrics(level: Level) -> tuple[Field, ...]:
    """Return the metrics that the report of a level knows, the most used ones first."""
    letter = _LETTERS[level]
    prefix = ("fields",) if level == "audience" else ()
    return tuple(
        Field(name, kind, title, _describe(name, kind, group), (*prefix, name))
        for name, kind, title, group, levels in _read("metrics.json")
        if letter in levels
    )


@cache
def entity_fields(stream: Literal["projects", "promotions", "leads"]) -> tuple[Field, ...]:
    """Return the columns of a dimension list or of the leads, the identifying ones first."""
    return tuple(
        Field(path.rpartition(".")[2], kind, title, description, tuple(path.split(".")))
        for path, kind, title, description in _read("entities.json")[stream]
    )


def requested_metrics(
    level: Level, selected: frozenset[str], *, reconcile: bool
) -> tuple[str, ...]:
    """Return the metrics to ask the platform for, in the order of the catalogue.

    Args:
        level: Level of the report.
        selected: Names of the selected properties.
        reconcile: Whether the cost is needed to compare it with the account report.
    """
    wanted = {field.name for field in metrics(level) if field.name in selected}
    if CONVERSION_COST in wanted:
        wanted |= {STAT_COST, CONVERT_CNT}
    if reconcile or not wanted:
        wanted.add(STAT_COST)
    return tuple(field.name for field in metrics(level) if field.name in wanted)


def _describe(name: str, kind: str, group: str) -> str:
    sentences = [_UNITS[kind]]
    if name.endswith("_7d"):
        sentences.append("Keeps growing for 7 days.")
    elif group in _SETTLING:
        sentences.append(_SETTLING[group])
    return " ".join(sentences)


@cache
def _read(name: str) -> Any:  # noqa: ANN401  the shape belongs to each file
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return json.loads(text)
