"""The shapes of bitable/v1 as they travel: one TypedDict per thing the platform names.

Source: the vendor's pages under ``bitable-v1`` (app, app-table, app-table-field, app-table-record,
app-table-view). Keys that the platform may leave out are ``NotRequired``. Record values differ by
direction: what `fields.py` sends and what ``search`` answers are described there.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"


class FieldType(IntEnum):
    """``type`` of a column (字段). What several types share is told apart by ``ui_type``."""

    TEXT = 1
    NUMBER = 2
    SINGLE_SELECT = 3
    MULTI_SELECT = 4
    DATE = 5
    CHECKBOX = 7
    PERSON = 11
    PHONE = 13
    URL = 15
    ATTACHMENT = 17
    LINK = 18
    LOOKUP = 19
    FORMULA = 20
    TWO_WAY_LINK = 21
    LOCATION = 22
    GROUP = 23
    STAGE = 24
    CREATED_TIME = 1001
    MODIFIED_TIME = 1002
    CREATED_BY = 1003
    MODIFIED_BY = 1004
    AUTO_NUMBER = 1005
    BUTTON = 3001


class AppJSON(TypedDict):
    """A base (多维表格). ``time_zone`` may be ``Asia/Beijing``, which is no IANA zone."""

    app_token: str
    name: str
    revision: int
    is_advanced: bool
    time_zone: NotRequired[str]
    formula_type: NotRequired[int]
    advance_version: NotRequired[str]


class NodeJSON(TypedDict):
    """A wiki node; ``obj_token`` is the base's app_token when ``obj_type`` is ``bitable``."""

    obj_type: str
    obj_token: str
    title: NotRequired[str]
    node_token: NotRequired[str]
    space_id: NotRequired[str]


class TableJSON(TypedDict):
    """A table (数据表) in a listing."""

    table_id: str
    name: str
    revision: NotRequired[int]


class FieldJSON(TypedDict):
    """A column as ``GET …/fields`` lists it."""

    field_id: str
    field_name: str
    type: int
    ui_type: NotRequired[str]
    property: NotRequired[dict[str, Any] | None]
    is_primary: NotRequired[bool]
    is_hidden: NotRequired[bool]
    description: NotRequired[Any]


class NewFieldJSON(TypedDict):
    """A column to create; without ``property`` for checkboxes and links (1254085, 1254087)."""

    field_name: str
    type: int
    ui_type: NotRequired[str]
    property: NotRequired[dict[str, Any]]


class RecordJSON(TypedDict):
    """A row as ``search`` returns it: empty cells are absent from ``fields``."""

    record_id: str
    fields: dict[str, Any]
    created_time: NotRequired[int]
    last_modified_time: NotRequired[int]
    created_by: NotRequired[dict[str, Any]]
    last_modified_by: NotRequired[dict[str, Any]]


class ChangeJSON(TypedDict):
    """A row to change in ``batch_update``: cells not named stay, ``None`` clears one."""

    record_id: str
    fields: dict[str, JSON]


class NewRecordJSON(TypedDict):
    """A row to create in ``batch_create``."""

    fields: dict[str, JSON]


class ConditionJSON(TypedDict):
    """One condition of a search filter; ``value`` is a list of strings, ``[]`` for ``isEmpty``."""

    field_name: str
    operator: str
    value: list[str]


class FilterGroupJSON(TypedDict):
    """At most 50 conditions joined by one word."""

    conjunction: Literal["and", "or"]
    conditions: list[ConditionJSON]


class FilterJSON(TypedDict):
    """A search filter: conditions, and one level of groups."""

    conjunction: Literal["and", "or"]
    conditions: NotRequired[list[ConditionJSON]]
    children: NotRequired[list[FilterGroupJSON]]


class SortJSON(TypedDict):
    """One sorting rule of a search."""

    field_name: str
    desc: bool


class SearchJSON(TypedDict, total=False):
    """Body of ``records/search``; page size and page token travel in the query."""

    field_names: list[str]
    filter: FilterJSON
    sort: list[SortJSON]
    automatic_fields: bool
    view_id: str


class ViewConditionJSON(TypedDict):
    """One condition of a view: names the column by id, ``value`` is JSON text inside a string."""

    field_id: str
    operator: str
    value: NotRequired[str | None]
    condition_id: NotRequired[str]


class ViewFilterJSON(TypedDict):
    """``filter_info`` of a view."""

    conjunction: Literal["and", "or"]
    conditions: list[ViewConditionJSON]


class ViewPropertyJSON(TypedDict, total=False):
    """The part of a view's property that PATCH can set. Sorting and grouping are not in it."""

    filter_info: ViewFilterJSON | None
    hidden_fields: list[str] | None


class ViewJSON(TypedDict):
    """A view (视图)."""

    view_id: str
    view_name: str
    view_type: str
    property: NotRequired[ViewPropertyJSON | None]
    view_public_level: NotRequired[str]
