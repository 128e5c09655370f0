"""Singer messages for the target: rows of a daily report as they come out of the tap."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

STREAM: Final = "promotion_report"
ZONE: Final = dt.timezone(dt.timedelta(hours=8))
_TEXTS: Final = ("local_account_id", "local_account_name", "promotion_name")
_COUNTS: Final = (
    "show_cnt",
    "click_cnt",
    "convert_cnt",
    "clue_pay_order_cnt",
    "attribution_convert_cnt",
)
_MONEY: Final = ("stat_cost", "conversion_cost", "attribution_convert_cost")
COLUMNS: Final[tuple[dict[str, Any], ...]] = (
    {"field_name": "promotion_id", "type": 1},
    {"field_name": "stat_time_day", "type": 5},
    *({"field_name": name, "type": 1} for name in _TEXTS),
    *({"field_name": name, "type": 2} for name in (*_COUNTS, *_MONEY)),
)
"""The table's thirteen columns; day and id are the key."""


def days(first: str, count: int) -> list[str]:
    """Dates in a row."""
    start = dt.date.fromisoformat(first)
    return [(start + dt.timedelta(days=offset)).isoformat() for offset in range(count)]


def row(day: str, unit: int, change: int = 0) -> dict[str, Any]:
    """What one unit did on one day; `change` more impressions than at first."""
    return {
        "stat_time_day": day,
        "local_account_id": str(1790000000000000 + unit % 7),
        "local_account_name": f"门店 {unit % 7}",
        "promotion_id": str(7604418424915820607 + unit),
        "promotion_name": f"单元 {unit} 春季到店推广",
        "show_cnt": 1000 + unit + change,
        "click_cnt": 40 + unit % 50,
        "convert_cnt": unit % 9,
        "clue_pay_order_cnt": unit % 4,
        "attribution_convert_cnt": unit % 11,
        "stat_cost": round(12.34 + unit * 0.25, 2),
        "conversion_cost": round(3.21 + unit % 97, 2),
        "attribution_convert_cost": round(2.22 + unit % 89, 2),
    }


def midnight(day: str) -> int:
    """A day as it stands in a date column: milliseconds of its first instant."""
    return int(dt.datetime.fromisoformat(day).replace(tzinfo=ZONE).timestamp() * 1000)


def cells(one: dict[str, Any]) -> dict[str, Any]:
    """A row as it stands in a table whose columns are named like the properties."""
    return one | {"stat_time_day": midnight(one["stat_time_day"])}


def records(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The rows of a file of messages."""
    for line in lines:
        message = json.loads(line)
        if message["type"] == "RECORD":
            yield message["record"]


def write(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """Write a stream of rows and the state after them."""
    properties: dict[str, Any] = {
        "stat_time_day": {"type": "string", "format": "date"},
        "promotion_id": {"type": "string"},
        **{name: {"type": ["string", "null"]} for name in _TEXTS},
        **{name: {"type": ["integer", "null"]} for name in _COUNTS},
        **{name: {"type": ["number", "null"]} for name in _MONEY},
    }
    schema = {
        "type": "SCHEMA",
        "stream": STREAM,
        "schema": {"type": "object", "properties": properties},
        "key_properties": ["stat_time_day", "promotion_id"],
    }
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(schema) + "\n")
        for one in rows:
            message = {"type": "RECORD", "stream": STREAM, "record": one}
            file.write(json.dumps(message, ensure_ascii=False) + "\n")
        file.write(json.dumps({"type": "STATE", "value": {"bookmarks": {}}}) + "\n")
    return path
