"""Stored values as the platform shows them: in search, in the legacy list, and to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.feishu.formulas import evaluate
from platform_sandbox.feishu.model import READ_ONLY, RichText, Type, options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from platform_sandbox.feishu.model import Base, Field, Record, Stored, Table

AVATAR: Final = "https://internal-api-lark-file.feishu.cn/static-resource/v1/v2_sandbox"
DOCUMENTS: Final = "https://sandbox.feishu.cn/drive/v1/medias/"


def user_json(identifier: str) -> dict[str, Any]:
    """A person as cells show them."""
    return {
        "id": identifier,
        "name": identifier,
        "en_name": identifier,
        "email": "",
        "avatar_url": AVATAR,
    }


def text_json(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401  stored values are a union
    """A text cell: segments."""
    if type(value) is RichText:
        return value.segments
    return [{"text": value, "type": "text"}]


def email_json(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401  stored values are a union
    """An e-mail cell: one link segment."""
    return [{"text": value, "link": f"mailto:{value}", "type": "url"}]


def file_json(base: Base, token: str) -> dict[str, Any]:
    """A file as cells show it."""
    known = base.files.get(token, {})
    return {
        "file_token": token,
        "name": known.get("name", token),
        "size": known.get("size", 0),
        "type": known.get("type", "application/octet-stream"),
        "url": f"{DOCUMENTS}{token}/download",
        "tmp_url": f"{DOCUMENTS}batch_get_tmp_download_url?file_tokens={token}",
    }


def location_json(value: Any) -> dict[str, Any]:  # noqa: ANN401  stored values are a union
    """A place as cells show it."""
    point = f"{value[0]},{value[1]}"
    names = dict.fromkeys(("name", "address", "pname", "cityname", "adname"), "")
    return {"location": point, "full_address": point, **names}


def renderer(base: Base, column: Field) -> Callable[[Any], Any] | None:
    """How search shows the stored values of a column; None when they are shown as stored."""
    if column.type == Type.TEXT:
        return email_json if column.ui_type == "Email" else text_json
    if column.type in {Type.SINGLE_SELECT, Type.MULTI_SELECT}:
        names = {option["id"]: option["name"] for option in options_of(column)}
        if column.type == Type.SINGLE_SELECT:
            return names.get
        return lambda value: [names[identifier] for identifier in value if identifier in names]
    shapes: dict[int, Callable[[Any], Any]] = {
        Type.USER: lambda value: [user_json(identifier) for identifier in value],
        Type.URL: lambda value: {"link": value[1], "text": value[0]},
        Type.ATTACHMENT: lambda value: [file_json(base, token) for token in value],
        Type.LINK: lambda value: {"link_record_ids": list(value)},
        Type.DUPLEX_LINK: lambda value: {"link_record_ids": list(value)},
        Type.LOCATION: location_json,
        Type.GROUP: lambda value: [
            {"id": identifier, "name": identifier, "avatar_url": AVATAR} for identifier in value
        ],
    }
    return shapes.get(column.type)


def computed(table: Table, column: Field) -> Callable[[Record], Any] | None:
    """Value of a column that no cell stores (system, auto number, formula); None for others."""
    simple: dict[int, Callable[[Record], Any]] = {
        Type.CREATED_TIME: lambda record: record.created,
        Type.MODIFIED_TIME: lambda record: record.modified,
        Type.CREATED_USER: lambda record: [user_json(record.created_by)],
        Type.MODIFIED_USER: lambda record: [user_json(record.modified_by)],
        Type.AUTO_NUMBER: lambda record: str(record.serial),
        Type.LINK: lambda record: None if column.id in record.values else {},
        Type.DUPLEX_LINK: lambda record: None if column.id in record.values else {},
    }
    if column.type != Type.FORMULA:
        return simple.get(column.type)
    formula = evaluate(table, column)

    def shown(record: Record) -> Any:  # noqa: ANN401  JSON
        value = formula(record)
        if value is None:
            return None
        if isinstance(value, str):
            return {"type": 1, "ui_type": "Text", "value": text_json(value)}
        return {"type": 2, "ui_type": "Number", "value": [value]}

    return shown


def render(
    base: Base, table: Table, columns: Sequence[Field], records: Iterable[Record]
) -> list[dict[str, Any]]:
    """The `fields` objects of records as search shows them; empty cells are left out."""
    stored = [
        (column.name, column.id, renderer(base, column))
        for column in columns
        if column.type not in READ_ONLY
    ]
    derived = [
        (column.name, read) for column in columns if (read := computed(table, column)) is not None
    ]
    shown: list[dict[str, Any]] = []
    for record in records:
        values = record.values
        fields: dict[str, Any] = {}
        for name, identifier, shape in stored:
            value = values.get(identifier)
            if value is None:
                continue
            fields[name] = value if shape is None else shape(value)
        for name, value_of in derived:
            if (result := value_of(record)) is not None:
                fields[name] = result
        shown.append(fields)
    return shown


def plain(base: Base, table: Table, column: Field) -> Callable[[Record], Any]:
    """Value of a cell for people and tests: texts joined, options by name, None when empty."""
    if column.type == Type.FORMULA:
        return evaluate(table, column)
    if column.type in READ_ONLY:
        return computed(table, column) or (lambda _record: None)
    shape: Callable[[Any], Any] | None = None
    if column.type in {Type.LINK, Type.DUPLEX_LINK}:
        shape = list
    elif column.type != Type.TEXT:
        shape = renderer(base, column)

    def read(record: Record) -> Any:  # noqa: ANN401  JSON
        value: Stored | None = record.values.get(column.id)
        if isinstance(value, RichText):
            return str(value)
        return value if value is None or shape is None else shape(value)

    return read
