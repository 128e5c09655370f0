"""Columns of a table: what is there, and what a stream's property asks for when it is missing.

Field types, their properties and defaults: vendor pages `app-table-field/guide` and `create`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from target_feishu_bitable.kinds import Kind, is_identifier, kind_of
from target_feishu_bitable.wire import FieldType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_feishu_bitable.wire import FieldJSON, NewFieldJSON

READ_ONLY: Final = frozenset(
    {
        FieldType.LOOKUP,
        FieldType.FORMULA,
        FieldType.STAGE,
        FieldType.CREATED_TIME,
        FieldType.MODIFIED_TIME,
        FieldType.CREATED_BY,
        FieldType.MODIFIED_BY,
        FieldType.AUTO_NUMBER,
        FieldType.BUTTON,
    }
)
"""Computed by the platform; never written."""
PRIMARY_TYPES: Final = frozenset({1, 2, 5, 13, 15, 20, 22})
"""What the first column of a table may be."""
MOST_COLUMNS: Final = 300
_WORDS: Final[Mapping[int, str]] = {
    FieldType.TEXT: "text (文本)",
    FieldType.NUMBER: "number (数字)",
    FieldType.SINGLE_SELECT: "single choice (单选)",
    FieldType.MULTI_SELECT: "multiple choice (多选)",
    FieldType.DATE: "date (日期)",
    FieldType.CHECKBOX: "checkbox (复选框)",
    FieldType.PERSON: "person (人员)",
    FieldType.PHONE: "phone (电话号码)",
    FieldType.URL: "link (超链接)",
    FieldType.ATTACHMENT: "attachment (附件)",
    FieldType.LINK: "one-way link (单向关联)",
    FieldType.LOOKUP: "lookup (查找引用)",
    FieldType.FORMULA: "formula (公式)",
    FieldType.TWO_WAY_LINK: "two-way link (双向关联)",
    FieldType.LOCATION: "location (地理位置)",
    FieldType.GROUP: "group (群组)",
    FieldType.STAGE: "stage (流程)",
    FieldType.CREATED_TIME: "created time (创建时间)",
    FieldType.MODIFIED_TIME: "modified time (最后更新时间)",
    FieldType.CREATED_BY: "creator (创建人)",
    FieldType.MODIFIED_BY: "modifier (修改人)",
    FieldType.AUTO_NUMBER: "automatic number (自动编号)",
    FieldType.BUTTON: "button (按钮)",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is there."""

    field_id: str
    name: str
    type: int
    ui_type: str
    properties: Mapping[str, Any] | None
    is_primary: bool

    @classmethod
    def from_wire(cls, field: FieldJSON) -> Column:
        """Read one entry of the field list."""
        return cls(
            field_id=field["field_id"],
            name=field["field_name"],
            type=field["type"],
            ui_type=field.get("ui_type") or "",
            properties=field.get("property"),
            is_primary=bool(field.get("is_primary")),
        )

    @property
    def writable(self) -> bool:
        """Whether values can be written at all."""
        return self.type not in READ_ONLY

    @property
    def words(self) -> str:
        """The kind of column, for people."""
        return _WORDS.get(self.type, f"of type {self.type}")


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A column to create."""

    name: str
    type: int
    ui_type: str
    properties: Mapping[str, Any] | None = None

    def to_wire(self) -> NewFieldJSON:
        """Return the body of a create call."""
        field: NewFieldJSON = {
            "field_name": self.name,
            "type": int(self.type),
            "ui_type": self.ui_type,
        }
        if self.properties is not None:
            field["property"] = dict(self.properties)
        return field

    def as_primary(self) -> FieldSpec:
        """Return the same as a table's first column, which can't be of every type."""
        if self.type in PRIMARY_TYPES:
            return self
        return FieldSpec(self.name, FieldType.TEXT, "Text")


_SPECS: Final[Mapping[Kind, tuple[int, str, Mapping[str, Any] | None]]] = {
    Kind.TEXT: (FieldType.TEXT, "Text", None),
    Kind.LINK: (FieldType.URL, "Url", None),
    Kind.EMAIL: (FieldType.TEXT, "Email", None),
    # Without a formatter the platform shows one decimal, and people think that data was lost.
    Kind.INTEGER: (FieldType.NUMBER, "Number", {"formatter": "0"}),
    Kind.NUMBER: (FieldType.NUMBER, "Number", {"formatter": "0.00"}),
    Kind.BOOLEAN: (FieldType.CHECKBOX, "Checkbox", None),
    Kind.DATE: (FieldType.DATE, "DateTime", {"date_formatter": "yyyy/MM/dd"}),
    Kind.DATETIME: (FieldType.DATE, "DateTime", {"date_formatter": "yyyy-MM-dd HH:mm"}),
    Kind.LIST: (FieldType.TEXT, "Text", None),
    Kind.NESTED: (FieldType.TEXT, "Text", None),
}


def field_for(
    name: str, schema: Mapping[str, Any], *, is_key: bool, property_name: str
) -> FieldSpec:
    """Return the column that a property gets when it is missing."""
    kind = kind_of(schema)
    if is_identifier(property_name, schema, is_key=is_key):
        kind = Kind.TEXT
    field_type, ui_type, properties = _SPECS[kind]
    return FieldSpec(name, field_type, ui_type, properties)
