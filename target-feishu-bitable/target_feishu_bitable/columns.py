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
_WORDS: Final[Mapping[tuple[int, str], str]] = {
    (FieldType.TEXT, "Text"): "text (文本)",
    (FieldType.TEXT, "Barcode"): "barcode (条码)",
    (FieldType.TEXT, "Email"): "e-mail (邮箱)",
    (FieldType.NUMBER, "Number"): "number (数字)",
    (FieldType.NUMBER, "Progress"): "progress (进度)",
    (FieldType.NUMBER, "Currency"): "currency (货币)",
    (FieldType.NUMBER, "Rating"): "rating (评分)",
    (FieldType.SINGLE_SELECT, "SingleSelect"): "single choice (单选)",
    (FieldType.MULTI_SELECT, "MultiSelect"): "multiple choice (多选)",
    (FieldType.DATE, "DateTime"): "date (日期)",
    (FieldType.CHECKBOX, "Checkbox"): "checkbox (复选框)",
    (FieldType.PERSON, "User"): "person (人员)",
    (FieldType.PHONE, "Phone"): "phone (电话号码)",
    (FieldType.URL, "Url"): "link (超链接)",
    (FieldType.ATTACHMENT, "Attachment"): "attachment (附件)",
    (FieldType.LINK, "SingleLink"): "one-way link (单向关联)",
    (FieldType.LOOKUP, "Lookup"): "lookup (查找引用)",
    (FieldType.FORMULA, "Formula"): "formula (公式)",
    (FieldType.TWO_WAY_LINK, "DuplexLink"): "two-way link (双向关联)",
    (FieldType.LOCATION, "Location"): "location (地理位置)",
    (FieldType.GROUP, "GroupChat"): "group (群组)",
    (FieldType.STAGE, "Stage"): "stage (流程)",
    (FieldType.CREATED_TIME, "CreatedTime"): "created time (创建时间)",
    (FieldType.MODIFIED_TIME, "ModifiedTime"): "modified time (最后更新时间)",
    (FieldType.CREATED_BY, "CreatedUser"): "creator (创建人)",
    (FieldType.MODIFIED_BY, "ModifiedUser"): "modifier (修改人)",
    (FieldType.AUTO_NUMBER, "AutoNumber"): "automatic number (自动编号)",
    (FieldType.BUTTON, "Button"): "button (按钮)",
}
"""(type, ui_type) → what people see in the column's menu; the first of a type is its default."""


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
            ui_type=field.get("ui_type") or _default_ui_type(field["type"]),
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
        return column_words(self.type, self.ui_type)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A column to create."""

    name: str
    type: int
    ui_type: str
    properties: Mapping[str, Any] | None = None

    @property
    def words(self) -> str:
        """The kind of column, for people."""
        return column_words(self.type, self.ui_type)

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
    Kind.DATE: (FieldType.DATE, "DateTime", {"date_formatter": "yyyy/MM/dd", "auto_fill": False}),
    Kind.DATETIME: (
        FieldType.DATE,
        "DateTime",
        {"date_formatter": "yyyy-MM-dd HH:mm", "auto_fill": False},
    ),
    Kind.LIST: (FieldType.TEXT, "Text", None),
    Kind.NESTED: (FieldType.TEXT, "Text", None),
}


def field_for(
    name: str, schema: Mapping[str, Any], *, is_key: bool, property_name: str
) -> FieldSpec:
    """Return the column that a property gets when it is missing.

    Keys become texts or dates: every filter understands them, a first column may be one, and no
    digit is lost or hidden by a formatter.
    """
    kind = kind_of(schema)
    if is_identifier(property_name, schema, is_key=is_key):
        kind = Kind.TEXT
    if is_key and kind not in {Kind.DATE, Kind.DATETIME}:
        kind = Kind.TEXT
    field_type, ui_type, properties = _SPECS[kind]
    return FieldSpec(name, field_type, ui_type, properties)


def column_words(field_type: int, ui_type: str) -> str:
    """Return a kind of column in words, English and Chinese."""
    return _WORDS.get((field_type, ui_type), f"{ui_type} (type {field_type})")


def _default_ui_type(field_type: int) -> str:
    return next((ui for number, ui in _WORDS if number == field_type), "unknown")
