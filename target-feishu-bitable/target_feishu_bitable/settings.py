"""The settings: one schema for `--about`, one reader that turns what was given into `Settings`.

A run gets JSON values from Meltano; the extra commands get texts from the environment. Both end in
`load`, which answers every wrong setting with one sentence that names it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import fastjsonschema

from target_feishu_bitable.errors import ConfigError
from target_feishu_bitable.locate import read_bitable
from target_feishu_bitable.mapping import StreamMapping, read_tables, unflatten
from target_feishu_bitable.transport import check_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_feishu_bitable.locate import Place

PREFIX: Final = "TARGET_FEISHU_BITABLE_"
_WORDS: Final = {
    "string": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
}
_YES: Final = {"1", "true", "yes", "on"}
_NO: Final = {"0", "false", "no", "off"}


def _text(description: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  JSON Schema
    return {"type": "string", "description": description, **more}


def _number(description: str, default: int, minimum: int, maximum: int) -> dict[str, Any]:
    limits = {"minimum": minimum, "maximum": maximum}
    return {"type": "integer", "description": description, "default": default, **limits}


def _flag(description: str, *, default: bool) -> dict[str, Any]:
    return {"type": "boolean", "description": description, "default": default}


SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "app_id": _text("Id of the Feishu app (cli_…)."),
        "app_secret": _text("Its secret.", secret=True, writeOnly=True),
        "bitable": _text("App token, or the link from the browser (/base/…, /wiki/…)."),
        "table": _text("Id or name of the table, for a single stream; else that of the link."),
        "tables": {
            "type": "object",
            "description": "Per stream: table, key, date, account, account_name, columns.",
            "default": {},
        },
        "column_names": _text(
            "What a column is called when `tables` does not say.",
            enum=["property", "title"],
            default="property",
        ),
        "create_missing": _flag("Create missing tables and columns.", default=True),
        "load_method": _text(
            "Upsert needs keys; append-only writes each record as a new row.",
            enum=["upsert", "append-only"],
            default="upsert",
        ),
        "duplicate_rows": _text(
            "What to do about a key that stands in several rows already.",
            enum=["report", "fail"],
            default="report",
        ),
        "batch_size_rows": _number("Records planned together.", 10_000, 1, 1_000_000),
        "rows_per_request": _number("Rows per write call.", 500, 1, 1000),
        "checkpoint_seconds": _number(
            "A state message stores the rows before it when so long, or 5,000 rows, have passed.",
            30,
            0,
            86_400,
        ),
        "row_limit": _number("Rows the table may hold; warning at 80 %.", 20_000, 1, 100_000_000),
        "lock_timeout_seconds": _number(
            "Wait for another writer of the same base on this host.", 300, 0, 86_400
        ),
        "dry_run": _flag("Plan and print, write nothing, emit no state.", default=False),
        "request_timeout_seconds": _number("Seconds to wait for an answer.", 30, 1, 600),
        "api_url": _text("Address of the platform.", default="https://open.feishu.cn"),
    },
    "required": ["app_id", "app_secret", "bitable"],
}


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked, with their defaults; see the README for their meaning."""

    app_id: str
    app_secret: str
    bitable: str
    table: str | None
    tables: Mapping[str, StreamMapping]
    column_names: str
    create_missing: bool
    load_method: str
    duplicate_rows: str
    batch_size_rows: int
    rows_per_request: int
    checkpoint_seconds: int
    row_limit: int
    lock_timeout_seconds: int
    dry_run: bool
    request_timeout_seconds: int
    api_url: str

    @property
    def place(self) -> Place:
        """What `bitable` names."""
        return read_bitable(self.bitable)

    @property
    def is_upsert(self) -> bool:
        """Whether rows are corrected by their key; without it each record is a new row."""
        return self.load_method == "upsert"

    @property
    def what_is_stored(self) -> str:
        """What an error says of the rows before a refused one."""
        if self.is_upsert:
            return "Rows that came before it are stored."
        return "Rows up to the last state before it are stored."

    def mapping(self, stream: str) -> StreamMapping:
        """Return what `tables` says about a stream; nothing when it does not."""
        return self.tables.get(stream, StreamMapping())

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings as Meltano hands them to a plugin's commands.

        Raises:
            ConfigError: A setting is wrong; the sentence names it.
        """
        config: dict[str, Any] = {}
        for name, schema in SCHEMA["properties"].items():
            text = environ.get(PREFIX + name.upper())
            if text is not None and text.strip():
                config[name] = _from_text(name, text.strip(), schema["type"])
        return load(config)


def load(config: Mapping[str, Any], *, known: Mapping[str, Any] = MappingProxyType({})) -> Settings:
    """Check settings and fill in defaults.

    Args:
        config: Settings as JSON values, objects nested or with dotted flat keys.
        known: JSON Schemas of settings that belong to the SDK; they are checked, and left out.

    Raises:
        ConfigError: A setting is wrong; the sentence names it.
    """
    _check_known(config, known)
    given = unflatten({k: v for k, v in config.items() if k not in known})
    properties: Mapping[str, Any] = SCHEMA["properties"]
    for name in given:
        if name not in properties:
            near = get_close_matches(name, properties, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ConfigError(f"Setting {name} is unknown.{hint}")
    values = {name: _value(name, given.get(name), schema) for name, schema in properties.items()}
    for name in SCHEMA["required"]:
        if not values[name]:
            raise ConfigError(f"Setting {name} is missing.")
    values["tables"] = read_tables(values["tables"])
    values["api_url"] = check_url(values["api_url"])
    settings = Settings(**values)
    read_bitable(settings.bitable)
    return settings


def _check_known(config: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    for name in config.keys() & known.keys():
        if config[name] is None:
            continue
        try:
            fastjsonschema.validate(known[name], config[name], use_default=False)
        except fastjsonschema.JsonSchemaValueException as error:
            what = error.message.removeprefix("data")
            raise ConfigError(f"Setting {name}{what}.") from None


def _value(name: str, value: Any, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401  JSON
    if value is None or (isinstance(value, str) and not value.strip()):
        value = schema.get("default")
    if value is None:
        return None
    kind = schema["type"]
    types = {"string": str, "integer": int, "boolean": bool, "object": dict}
    if not isinstance(value, types[kind]) or (kind == "integer" and isinstance(value, bool)):
        raise ConfigError(f"Setting {name} must be {_WORDS[kind]}.")
    if "minimum" in schema and not schema["minimum"] <= value <= schema["maximum"]:
        raise ConfigError(
            f"Setting {name} must be between {schema['minimum']} and {schema['maximum']}, "
            f"not {value}."
        )
    if "enum" in schema and value not in schema["enum"]:
        raise ConfigError(_not_one_of(name, str(value), schema["enum"]))
    return value.strip() if isinstance(value, str) else value


def _not_one_of(name: str, value: str, choices: list[str]) -> str:
    if name == "load_method" and value == "overwrite":
        return (
            "Setting load_method can't be overwrite: a run deletes no rows. Upsert corrects them; "
            "for an empty start, name a new table."
        )
    return f"Setting {name} must be one of {', '.join(choices)}, not {value!r}."


def _from_text(name: str, text: str, kind: str) -> Any:  # noqa: ANN401  JSON
    if kind == "string":
        return text
    if kind == "boolean" and text.lower() in _YES | _NO:
        return text.lower() in _YES
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigError(f"Setting {name} must be {_WORDS[kind]}.") from None
