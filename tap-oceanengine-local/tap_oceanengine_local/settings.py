"""The settings: one schema for `--about`, one reader that turns what was given into `Settings`.

A run gets JSON values from Meltano; the extra commands get texts from the environment. Both end in
`load`, which answers every wrong setting with one sentence that names it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from tap_oceanengine_local.errors import ConfigError
from tap_oceanengine_local.setting_kinds import WORDS, require_kind, shown
from tap_oceanengine_local.setting_schema import SCHEMA
from tap_oceanengine_local.times import read_day

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

PREFIX: Final = "TAP_OCEANENGINE_LOCAL_"
_MOST_DIGITS: Final = 19
"""Of a 64-bit integer, as which ids are sent."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked, with their defaults; see the README for their meaning."""

    app_id: str | None
    app_secret: str | None
    access_token: str | None
    refresh_token: str | None
    authorization: str
    token_store_uri: str
    redirect_uri: str | None
    local_account_ids: tuple[str, ...] | None
    account_names: Mapping[str, str]
    start_date: date | None
    end_date: date | None
    include_today: bool
    lookback_days: int
    window_days: int
    max_parallel_requests: int
    requests_per_second: int
    request_timeout_seconds: int
    leads_contact: str
    audience_dimensions: tuple[str, ...]
    reconcile: bool
    api_url: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings as Meltano hands them to a plugin's commands.

        Args:
            environ: Environment; names are `TAP_OCEANENGINE_LOCAL_` and the setting in capitals.

        Raises:
            ConfigError: A setting is wrong; the sentence names it.
        """
        return load(environment_config(environ))

    def to_config(self) -> dict[str, Any]:
        """Return the settings as JSON values, without those that are unset."""
        config: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in {"start_date", "end_date"} and value is not None:
                value = value.isoformat()
            elif isinstance(value, tuple):
                value = list(value)
            if value is not None:
                config[field.name] = value
        return config


def environment_config(
    environ: Mapping[str, str], more: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the settings found in an environment as JSON values.

    Args:
        environ: See `Settings.from_environment`.
        more: Schemas of further settings that are looked for.

    Raises:
        ConfigError: A text is not of the setting's kind.
    """
    config: dict[str, Any] = {}
    for name, schema in {**SCHEMA["properties"], **(more or {})}.items():
        text = environ.get(PREFIX + name.upper())
        if text is not None and text.strip():
            config[name] = _from_text(name, text.strip(), schema["type"])
    return config


def load(
    config: Mapping[str, Any], *, today: date | None = None, known: Collection[str] = ()
) -> Settings:
    """Check settings and fill in defaults.

    Args:
        config: Settings as JSON values; dotted names are nested again (`a.b` is `b` inside `a`).
        today: Today in Asia/Shanghai, to refuse days of the future.
        known: Names of settings that belong to the SDK and are not looked at here.

    Raises:
        ConfigError: A setting is wrong; the sentence names it.
    """
    given = _nested(config)
    properties: Mapping[str, Any] = SCHEMA["properties"]
    for name in given:
        if name not in properties and name not in known:
            near = get_close_matches(name, properties, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ConfigError(f"Setting {name} is unknown.{hint}")
    values = {name: _value(name, given.get(name), schema) for name, schema in properties.items()}
    _check_days(values, today)
    return Settings(**values)


def _nested(config: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in config.items():
        head, dot, tail = name.partition(".")
        if dot:
            branch = nested.setdefault(head, {})
            if isinstance(branch, dict):
                branch[tail] = value
        elif isinstance(value, dict) and isinstance(nested.get(name), dict):
            nested[name].update(value)
        else:
            nested[name] = dict(value) if isinstance(value, dict) else value
    return nested


def _from_text(name: str, text: str, kind: str | list[str]) -> Any:  # noqa: ANN401  JSON
    if isinstance(kind, list) or kind == "string":
        return text
    if kind == "boolean" and text.lower() in {"1", "true", "yes", "on", "0", "false", "no", "off"}:
        return text.lower() in {"1", "true", "yes", "on"}
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        if kind == "array":
            return [part.strip() for part in text.split(",") if part.strip()]
        raise ConfigError(f"Setting {name} must be {WORDS[kind]}.") from None


def _value(name: str, value: Any, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401  JSON
    if value is None or (isinstance(value, str) and not value.strip()):
        value = schema.get("default")
    special = _SPECIAL.get(name)
    if special is not None:
        return special(value)
    if value is None:
        return None
    require_kind(name, value, schema["type"], secret=schema.get("secret", False))
    return _checked(name, value, schema)


def _checked(name: str, value: Any, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401  JSON
    if schema.get("format") == "date":
        return _day(name, value)
    if schema["type"] == "array":
        return _choices(name, value, schema["items"]["enum"])
    if "minimum" in schema:
        _check_range(name, value, schema)
    if "enum" in schema and value not in schema["enum"]:
        raise ConfigError(
            f"Setting {name} must be one of {', '.join(schema['enum'])}, not {shown(value)}."
        )
    return value.strip() if isinstance(value, str) else value


def _check_range(name: str, value: int, schema: Mapping[str, Any]) -> None:
    low, high = schema["minimum"], schema["maximum"]
    if not low <= value <= high:
        raise ConfigError(f"Setting {name} must be between {low} and {high}, not {shown(value)}.")


def _app_id(value: object) -> str | None:
    if value is None:
        return None
    text = _digits(value)
    if text is None:
        raise ConfigError("Setting app_id must be the number of the app on open.oceanengine.com.")
    return text


def _account_ids(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str) and value.strip().startswith("["):
        value = _from_text("local_account_ids", value.strip(), "array")
    if isinstance(value, int) and not isinstance(value, bool):
        value = [value]
    if isinstance(value, str):
        value = [part for part in value.replace("，", ",").split(",") if part.strip()]
    if not isinstance(value, list):
        raise ConfigError("Setting local_account_ids must be a list of account ids.")
    if not value:
        raise ConfigError(
            "Setting local_account_ids is an empty list: name at least one account, "
            "or leave the setting out to read every account of the authorisation."
        )
    return tuple(dict.fromkeys(_account_id(item) for item in value))


def _account_id(item: object) -> str:
    text = _digits(item)
    if text is None:
        raise ConfigError(
            f"Setting local_account_ids holds {shown(item)}, which is not an account id "
            "(a number of 16 digits or so)."
        )
    return text


def _digits(value: object) -> str | None:
    """Return an id without leading zeros, None when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    is_id = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return str(int(text)) if is_id else None


def _account_names(value: object) -> dict[str, str]:
    if isinstance(value, str) and value.strip().startswith("{"):
        value = _from_text("account_names", value.strip(), "object")
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value.values()):
        raise ConfigError("Setting account_names must be an object of names by account id.")
    return {str(account).strip(): name for account, name in value.items()}


def _choices(name: str, value: list[Any], allowed: list[str]) -> tuple[str, ...]:
    for item in value:
        if item not in allowed:
            raise ConfigError(
                f"Setting {name} holds {shown(item)}; possible are {', '.join(allowed)}."
            )
    if not value:
        raise ConfigError(f"Setting {name} is an empty list: name at least one.")
    return tuple(dict.fromkeys(value))


def _day(name: str, value: str) -> date:
    try:
        return date.fromisoformat(read_day(value))
    except ValueError:
        raise ConfigError(
            f"Setting {name} must be a day like 2026-02-11, not {shown(value)}."
        ) from None


def _check_days(values: Mapping[str, Any], today: date | None) -> None:
    start, end = values["start_date"], values["end_date"]
    for name, day in (("start_date", start), ("end_date", end)):
        if today is not None and day is not None and day > today:
            raise ConfigError(
                f"Setting {name} is {day}, a day of the future: today is {today} in Asia/Shanghai."
            )
    if start is not None and end is not None and start > end:
        raise ConfigError(f"Setting start_date {start} lies after end_date {end}.")
    if start is not None and start == today and end is None and not values["include_today"]:
        raise ConfigError(
            f"Setting start_date {start} is today, and the last day read is yesterday: "
            "set include_today, or an earlier start_date."
        )


_SPECIAL: Final[dict[str, Callable[[Any], Any]]] = {
    "app_id": _app_id,
    "local_account_ids": _account_ids,
    "account_names": _account_names,
}
