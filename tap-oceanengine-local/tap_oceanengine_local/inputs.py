"""The files that a command line names: config, state, catalog; refused in words."""

from __future__ import annotations

import json
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tap_oceanengine_local.errors import ConfigError, FatalError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_FROM_ENVIRONMENT = "ENV"
"""What the SDK takes in place of a file's name."""


def check_configs(names: Sequence[str]) -> None:
    """Look whether the config files can be read.

    Raises:
        ConfigError: One can't be opened.
        FatalError: One holds no JSON object.
    """
    for name in names:
        if name == _FROM_ENVIRONMENT:
            continue
        try:
            raw = Path(name).read_bytes()
        except OSError as error:
            raise ConfigError(f"The config file can't be read: {name}: {error.strerror}.") from None
        _object(raw, "config", name)


def read_file(file: IO[str] | None, what: str) -> dict[str, Any] | None:
    """Return the JSON object in a file, None without a file.

    Raises:
        FatalError: It holds none.
    """
    if file is None:
        return None
    # As bytes: the file is UTF-8, whatever encoding the locale has.
    raw = file.buffer.read() if isinstance(file, TextIOWrapper) else file.read()
    return _object(raw, what, file.name)


def read_catalog(file: IO[str] | None, known: Collection[str]) -> dict[str, Any] | None:
    """Return the catalog in a file, None without a file.

    Raises:
        FatalError: It is none, or selects a stream that is not known: the run could only be silent
            about it.
    """
    catalog = read_file(file, "catalog")
    if catalog is None:
        return None
    entries = catalog.get("streams")
    if not isinstance(entries, list) or not all(map(_is_entry, entries)):
        raise FatalError("The catalog is none of Singer's: `--discover` writes one to start from.")
    for entry in entries:
        name = entry["tap_stream_id"]
        if name not in known and _is_selected(entry):
            raise FatalError(
                f"The catalog selects {name}, a stream that this tap does not have. It has "
                f"{', '.join(sorted(known))}."
            )
    return catalog


def _object(raw: str | bytes, what: str, name: str) -> dict[str, Any]:
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        raise FatalError(f"The {what} file is not JSON: {name}.") from None
    if not isinstance(content, dict):
        raise FatalError(f"The {what} file holds no JSON object: {name}.")
    return content


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("tap_stream_id"), str):
        return False
    schema, metadata = entry.get("schema"), entry.get("metadata", [])
    return (
        isinstance(schema, dict)
        and isinstance(schema.get("properties"), dict)
        and isinstance(metadata, list)
        and all(map(_is_metadata, metadata))
    )


def _is_metadata(item: object) -> bool:
    return (
        isinstance(item, dict)
        and isinstance(item.get("breadcrumb"), list)
        and isinstance(item.get("metadata"), dict)
    )


def _is_selected(entry: Mapping[str, Any]) -> bool:
    return any(
        not item["breadcrumb"] and item["metadata"].get("selected")
        for item in entry.get("metadata", [])
    )
