"""Which codec joins a property and a column, and which pairs are impossible. Pure.

The doorway to `columns` (what there is, what to create), `cells` (value ↔ cell) and `values`
(what is equal): other modules import from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from target_feishu_bitable.cells import (
    CheckboxCell,
    Codec,
    DateCell,
    NumberCell,
    RatingCell,
    TextCell,
    joined,
)
from target_feishu_bitable.choices import MultiSelectCell, PhoneCell, SelectCell, UrlCell
from target_feishu_bitable.columns import Column, FieldSpec, column_words, field_for
from target_feishu_bitable.kinds import Kind, kind_of
from target_feishu_bitable.texts import CellError
from target_feishu_bitable.values import Booleans, Dates, Moments, Nested, Numbers, Texts
from target_feishu_bitable.wire import FieldType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from target_feishu_bitable.values import Values

__all__ = [
    "CellError",
    "Codec",
    "Column",
    "FieldSpec",
    "IncompatibleColumn",
    "codec",
    "field_for",
    "joined",
]

NUMERIC: Final = frozenset({Kind.INTEGER, Kind.NUMBER})
FLAT: Final = frozenset(Kind) - {Kind.LIST, Kind.NESTED}
HOLDS: Final[Mapping[tuple[int, str], frozenset[Kind]]] = {
    (FieldType.TEXT, "Text"): frozenset(Kind),
    (FieldType.TEXT, "Barcode"): FLAT,
    (FieldType.TEXT, "Email"): frozenset({Kind.EMAIL, Kind.TEXT}),
    (FieldType.NUMBER, "Number"): NUMERIC,
    (FieldType.NUMBER, "Progress"): NUMERIC,
    (FieldType.NUMBER, "Currency"): NUMERIC,
    (FieldType.NUMBER, "Rating"): NUMERIC,
    (FieldType.SINGLE_SELECT, "SingleSelect"): FLAT,
    (FieldType.MULTI_SELECT, "MultiSelect"): FLAT | {Kind.LIST},
    (FieldType.DATE, "DateTime"): frozenset({Kind.DATE, Kind.DATETIME}),
    (FieldType.CHECKBOX, "Checkbox"): frozenset({Kind.BOOLEAN}),
    (FieldType.PHONE, "Phone"): frozenset({Kind.TEXT, Kind.INTEGER}),
    (FieldType.URL, "Url"): frozenset({Kind.LINK, Kind.TEXT}),
}
"""What each kind of column can hold; what is not listed here can hold nothing of a stream."""
_CODECS: Final[Mapping[int, type[Codec]]] = {
    FieldType.TEXT: TextCell,
    FieldType.NUMBER: NumberCell,
    FieldType.SINGLE_SELECT: SelectCell,
    FieldType.MULTI_SELECT: MultiSelectCell,
    FieldType.CHECKBOX: CheckboxCell,
    FieldType.PHONE: PhoneCell,
    FieldType.URL: UrlCell,
}


class IncompatibleColumn(ValueError):  # noqa: N818  says what is the case
    """No value of the property can be a cell of this column.

    Attributes:
        fitting: The kinds of columns that could hold it, for people.
    """

    def __init__(self, column: Column, kind: Kind) -> None:
        super().__init__(f"{column.words} column, but the property holds {kind.value}")
        self.fitting = tuple(column_words(*pair) for pair, kinds in HOLDS.items() if kind in kinds)


def codec(
    column: Column,
    schema: Mapping[str, Any],
    *,
    property_name: str,  # noqa: ARG001  part of the seam; every pair is judged by its schema
    is_key: bool,
    zone: ZoneInfo,
) -> Codec:
    """Return what translates between a property and an existing column.

    Args:
        column: The column.
        schema: JSON Schema of the property.
        property_name: Its name in the stream.
        is_key: Whether rows are recognised by it; then numbers are compared exactly.
        zone: The base's zone, in which days begin.

    Raises:
        IncompatibleColumn: No value of the property fits the column.
    """
    kind = kind_of(schema)
    if kind not in HOLDS.get((column.type, column.ui_type), frozenset()):
        raise IncompatibleColumn(column, kind)
    values = _values(kind, zone, exact=is_key or kind is Kind.INTEGER)
    if column.type == FieldType.DATE:
        return DateCell(column, values, zone, days=kind is Kind.DATE)
    if column.ui_type == "Rating":
        return RatingCell(column, values)
    return _CODECS[column.type](column, values)


def _values(kind: Kind, zone: ZoneInfo, *, exact: bool) -> Values:
    if kind in NUMERIC:
        return Numbers(exact=exact)
    if kind is Kind.BOOLEAN:
        return Booleans()
    if kind is Kind.DATE:
        return Dates(zone)
    if kind is Kind.DATETIME:
        return Moments(zone)
    return Nested() if kind in {Kind.LIST, Kind.NESTED} else Texts()
