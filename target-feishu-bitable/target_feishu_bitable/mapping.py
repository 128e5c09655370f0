"""The `tables` setting: per stream its table, key and columns. The second public interface.

Meltano hands objects over nested in a run and with dotted flat keys to commands; both end here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from target_feishu_bitable.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_KNOWN: Final = ("table", "key", "date", "account", "account_name", "columns")


@dataclass(frozen=True, slots=True)
class StreamMapping:
    """What `tables` says about one stream.

    Attributes:
        table: Id or name of its table; None = the setting `table`, then the link.
        key: Properties that identify a row; empty = the stream's own.
        date: Property with the day.
        account: Property with the account's id.
        account_name: Property with the account's name.
        columns: Column name or field id by property; False drops the property.
    """

    table: str | None = None
    key: tuple[str, ...] = ()
    date: str | None = None
    account: str | None = None
    account_name: str | None = None
    columns: Mapping[str, str | bool] = field(default_factory=dict)

    def column(self, name: str) -> str:
        """Return the column name or field id of a property, its own name when none is given."""
        named = self.columns.get(name)
        return named if isinstance(named, str) and named else name


def unflatten(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object whose dotted keys are nested again: `{"a.b": 1}` → `{"a": {"b": 1}}`."""
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        *heads, last = name.split(".")
        part = {last: unflatten(value) if isinstance(value, dict) else value}
        for head in reversed(heads):
            part = {head: part}
        _merge(nested, part)
    return nested


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        known = into.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value)
        else:
            into[name] = value


def read_tables(value: object) -> dict[str, StreamMapping]:
    """Read the setting `tables`.

    Raises:
        ConfigError: It is not of the documented shape; the sentence names the place.
    """
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise ConfigError("Setting tables must be an object with one entry per stream.")
    found: dict[str, StreamMapping] = {}
    for stream, entry in unflatten(value).items():
        found |= _streams(stream, entry)
    return found


def _streams(stream: str, entry: object) -> dict[str, StreamMapping]:
    """Read an entry whose stream may have dots in its name, which became levels."""
    if isinstance(entry, dict) and entry and not set(entry) & set(_KNOWN):
        deeper = {f"{stream}.{name}": inner for name, inner in entry.items()}
        if all(isinstance(inner, dict) and inner for inner in deeper.values()):
            found: dict[str, StreamMapping] = {}
            for name, inner in deeper.items():
                found |= _streams(name, inner)
            return found
    return {stream: _stream(stream, entry)}


def _stream(stream: str, entry: object) -> StreamMapping:
    place = f"Setting tables.{stream}"
    if not isinstance(entry, dict):
        raise ConfigError(f"{place} must be an object with {', '.join(_KNOWN)}.")
    for name in entry:
        if name not in _KNOWN:
            raise ConfigError(f"{place}.{name} is unknown; known are {', '.join(_KNOWN)}.")
    texts = {name: _text(place, name, entry.get(name)) for name in _KNOWN[:1] + _KNOWN[2:5]}
    return StreamMapping(
        **texts, key=_key(place, entry.get("key")), columns=_columns(place, entry.get("columns"))
    )


def _text(place: str, name: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ConfigError(f"{place}.{name} must be a text.")
    return value.strip() or None


def _key(place: str, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(one, str) and one.strip() for one in value)
        or len(set(value)) < len(value)
    ):
        raise ConfigError(f"{place}.key must be a list of different property names.")
    return tuple(value)


def _columns(place: str, value: object) -> dict[str, str | bool]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigError(f"{place}.columns must be an object: column name by property.")
    columns = _flat(value)
    for name, column in columns.items():
        if column is not False and not (isinstance(column, str) and column.strip()):
            raise ConfigError(
                f"{place}.columns.{name} must be the name or id of a column, or false to drop "
                "the property."
            )
    return {n: one.strip() if isinstance(one, str) else one for n, one in columns.items()}


def _flat(nested: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return properties whose names have dots under those names again."""
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        if isinstance(value, dict) and value:
            flat |= _flat(value, f"{above}{name}.")
        else:
            flat[above + name] = value
    return flat
