"""JSON Schema of the settings, as `--about` prints it. Names and defaults are a public contract."""

from __future__ import annotations

from typing import Any, Final

AUDIENCE_DIMENSIONS: Final = [
    "AC",
    "AGE",
    "CITY",
    "DISTRICT",
    "EIGHT_GROUP_LABEL",
    "GENDER",
    "PLATFORM",
    "PROVINCE",
]
"""Values of `audience_dimension` (official SDK v1.1.93, local/report/audience/get)."""
_SECRET: Final = {"secret": True, "writeOnly": True}


def _text(description: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  JSON Schema
    return {"type": "string", "description": description, **more}


def _flag(description: str, *, default: bool) -> dict[str, Any]:
    return {"type": "boolean", "description": description, "default": default}


def _number(description: str, default: int, minimum: int, maximum: int) -> dict[str, Any]:
    limits = {"minimum": minimum, "maximum": maximum}
    return {"type": "integer", "description": description, "default": default, **limits}


_PROPERTIES: Final[dict[str, dict[str, Any]]] = {
    "app_id": _text("Id of the developer app, a number."),
    "app_secret": _text("Secret of the developer app.", **_SECRET),
    "access_token": _text(
        "Seed of the first authorisation; afterwards the store's newer pair wins.", **_SECRET
    ),
    "refresh_token": _text(
        "Seed of the first authorisation; afterwards the store's newer pair wins.", **_SECRET
    ),
    "authorization": _text(
        "Name of the authorisation inside the store, when one app has several.", default="default"
    ),
    "token_store_uri": _text(
        "SQLAlchemy URL of the token store; a relative SQLite path starts at the project.",
        default="sqlite:///.oceanengine/tokens.db",
        **_SECRET,
    ),
    "redirect_uri": _text("Redirect address of the app, for the authorisation link."),
    "local_account_ids": {
        "type": ["array", "string"],
        "items": {"type": ["string", "integer"]},
        "description": "Accounts to read, as a list or separated by commas; "
        "unset means all accounts of the authorisation.",
    },
    "account_names": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "Names of accounts by id; they override the discovered ones.",
    },
    "start_date": _text(
        "First day for an account without bookmark; unset means 30 days before yesterday.",
        format="date",
    ),
    "end_date": _text(
        "Last day, inclusive, at most today in Asia/Shanghai; unset means yesterday.",
        format="date",
    ),
    "include_today": _flag("Also read today's open day, never bookmarked.", default=False),
    "lookback_days": _number(
        "Days up to the bookmark read again, because conversions are written back for up to "
        "30 days; hourly streams and audience_report at most 7.",
        default=30,
        minimum=0,
        maximum=365,
    ),
    "window_days": _number(
        "Days per request window; hourly streams at most 7.", default=31, minimum=1, maximum=365
    ),
    "max_parallel_requests": _number("Requests under way at once.", 4, minimum=1, maximum=64),
    "requests_per_second": _number("Requests started per second.", 10, minimum=1, maximum=10_000),
    "request_timeout_seconds": _number("Seconds to wait for an answer.", 30, 1, maximum=600),
    "leads_contact": _text(
        "What happens to personal fields of leads.",
        default="mask",
        enum=["mask", "plain", "omit"],
    ),
    "audience_dimensions": {
        "type": "array",
        "items": {"type": "string", "enum": AUDIENCE_DIMENSIONS},
        "default": ["GENDER", "AGE"],
        "description": "Dimensions of audience_report, one request per day and account each.",
    },
    "reconcile": _flag(
        "Compare the cost of the units with the account report, one request per account with "
        "rows, and warn about gaps.",
        default=True,
    ),
    "api_url": _text("Address of the platform.", default="https://api.oceanengine.com"),
}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": _PROPERTIES,
    "required": ["app_id", "app_secret"],
}
