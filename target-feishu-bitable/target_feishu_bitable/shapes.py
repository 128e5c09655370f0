"""What is taken out of an answer, in the form that it must have. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_feishu_bitable.errors import ApiError, UnknownOutcome

if TYPE_CHECKING:
    from types import UnionType


def part_of(data: dict[str, Any], name: str, path: str, *, kind: type = dict) -> Any:  # noqa: ANN401  JSON
    """Return a part of an answer.

    Raises:
        ApiError: It is not there, or not of that kind.
    """
    part = data.get(name)
    if not isinstance(part, kind):
        raise ApiError(f"{path} answered success without {name!r}.")
    return part


def items_of(data: dict[str, Any], name: str, path: str, /, **parts: type | UnionType) -> list[Any]:
    """Return a list of objects; absent or null is an empty one.

    Args:
        data: The answer's data.
        name: Where the list stands.
        path: What was asked, for the message.
        parts: What each object must hold, and of which kind.

    Raises:
        ApiError: It is something else.
    """
    items = data.get(name) or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ApiError(f"{path} answered {name!r} in another form than a list of objects.")
    for part, kind in parts.items():
        if not all(isinstance(item.get(part), kind) for item in items):
            raise ApiError(f"{path} answered {name!r} of which one has no {part!r}, or an odd one.")
    return items


def created_ids(path: str, data: dict[str, Any], sent: int) -> list[str]:
    """Return the ids of created rows, in the order sent.

    Raises:
        UnknownOutcome: Not one id per row sent.
    """
    records = data.get("records")
    ids = [
        str(record.get("record_id") or record.get("id") or "") if isinstance(record, dict) else ""
        for record in (records if isinstance(records, list) else ())
    ]
    if len(ids) != sent or not all(ids):
        raise UnknownOutcome(f"POST {path} answered {len(ids)} rows for {sent}.")
    return ids
