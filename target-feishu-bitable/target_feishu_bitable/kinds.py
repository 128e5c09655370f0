"""What a property of a stream holds, read from its JSON Schema. Pure.

JSON Schema can say one thing in many ways (``type`` lists, ``anyOf``, ``oneOf``, ``allOf``,
``enum``, ``const``, formats, nothing at all); columns know ten.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class Kind(Enum):
    """The kinds of values that columns are chosen for; the value is the word used in messages."""

    TEXT = "text"
    LINK = "a web address"
    EMAIL = "an e-mail address"
    INTEGER = "whole numbers"
    NUMBER = "numbers"
    BOOLEAN = "true or false"
    DATE = "dates"
    DATETIME = "points in time"
    LIST = "a list of texts"
    NESTED = "nested data (kept as JSON text)"


FORMATS: Mapping[str, Kind] = {
    "date": Kind.DATE,
    "date-time": Kind.DATETIME,
    "uri": Kind.LINK,
    "url": Kind.LINK,
    "iri": Kind.LINK,
    "email": Kind.EMAIL,
    "idn-email": Kind.EMAIL,
    "singer.decimal": Kind.NUMBER,
}
TYPES: Mapping[str, Kind] = {
    "integer": Kind.INTEGER,
    "number": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
    "object": Kind.NESTED,
}
SCALARS = frozenset({Kind.TEXT, Kind.LINK, Kind.EMAIL, Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN})
MERGES: Mapping[frozenset[Kind], Kind] = {
    frozenset({Kind.INTEGER, Kind.NUMBER}): Kind.NUMBER,
    frozenset({Kind.DATE, Kind.DATETIME}): Kind.DATETIME,
    frozenset({Kind.LIST, Kind.NESTED}): Kind.NESTED,
}
# Words of money and metrics that only happen to end like an identifier.
NOT_IDS = frozenset(
    {"bid", "paid", "unpaid", "prepaid", "valid", "invalid", "void", "grid", "rapid"}
)
LAST_WORD = re.compile(r"[A-Za-z][a-z]*$|[A-Z]+$")


def kind_of(schema: Mapping[str, Any]) -> Kind:
    """Return what values of `schema` are; a mixture that no other column holds is text."""
    kinds = _kinds(schema)
    if not kinds:
        return Kind.TEXT
    if len(kinds) == 1:
        return next(iter(kinds))
    return MERGES.get(frozenset(kinds), Kind.TEXT)


def is_identifier(property_name: str, schema: Mapping[str, Any], *, is_key: bool) -> bool:
    """Tell whether integers of this property are names rather than amounts, hence kept as text.

    Keys are, and every property that ends in ``id``: 19-digit ids lose digits in a number column.
    Words such as ``paid`` or ``bid`` end in the same letters and stay numbers.
    """
    if kind_of(schema) not in {Kind.INTEGER, Kind.NUMBER}:
        return False
    if is_key:
        return True
    if kind_of(schema) is Kind.NUMBER or not property_name.lower().endswith("id"):
        return False
    word = LAST_WORD.search(property_name)
    return word is None or word.group().lower() not in NOT_IDS


def _kinds(schema: object) -> set[Kind]:
    if isinstance(schema, str):  # the Singer SDK itself writes {"anyOf": [{…}, "null"]}
        schema = {"type": schema}
    if not isinstance(schema, Mapping):  # true: anything goes
        return set()
    found: set[Kind] = set()
    for keyword in ("anyOf", "oneOf"):
        for branch in schema.get(keyword) or ():
            found |= _kinds(branch)
    for branch in () if found else schema.get("allOf") or ():
        kinds = _kinds(branch)
        found = found & kinds if found and kinds else found | kinds
    if found:
        return found
    return {kind for name in _type_names(schema) if (kind := _named(name, schema)) is not None}


def _type_names(schema: Mapping[str, Any]) -> Sequence[str]:  # noqa: PLR0911  one a keyword
    named = schema.get("type")
    if isinstance(named, str):
        return [named]
    if named:
        return list(named)
    if "const" in schema:
        return [_type_name(schema["const"])]
    if schema.get("enum"):
        return [_type_name(value) for value in schema["enum"]]
    if "properties" in schema:
        return ["object"]
    if "items" in schema:
        return ["array"]
    return ["string"] if "format" in schema else []


def _type_name(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, (str, list, Mapping)):
        return {str: "string", list: "array"}.get(type(value), "object")
    return "number"


def _named(type_name: str, schema: Mapping[str, Any]) -> Kind | None:
    if type_name == "null":
        return None
    if type_name == "string":
        return FORMATS.get(str(schema.get("format")), Kind.TEXT)
    if type_name == "array":
        return _list_kind(schema.get("items"))
    return TYPES.get(type_name, Kind.TEXT)


def _list_kind(items: object) -> Kind:
    """Return LIST when the entries are plain values, which a multiple-choice column can hold."""
    if isinstance(items, Mapping) and items:
        inner = _kinds(items)
        return Kind.LIST if inner and inner <= SCALARS else Kind.NESTED
    return Kind.LIST
