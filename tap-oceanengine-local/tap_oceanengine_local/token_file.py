"""Token files of other programs, read into a pair. Pure.

Known shapes: `{access_token, refresh_token, expires_at, refresh_expires_at, …}` with local ISO
times; the same with seconds since 1970 and without `refresh_expires_at`; and
`{access_token, refresh_token, expires_in}`, which counts from when the file was written.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tap_oceanengine_local.errors import ConfigError
from tap_oceanengine_local.times import read_moment
from tap_oceanengine_local.token_row import Pair, is_usable

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_token_file(text: str, *, written_at: float) -> Pair:
    """Return the pair of a token file.

    Args:
        text: Contents of the file.
        written_at: When the file was written, in seconds since 1970.

    Raises:
        ConfigError: It is no token file; the sentence never repeats a value.
    """
    try:
        content = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise ConfigError("The token file is not JSON.") from None
    if isinstance(content, dict) and isinstance(content.get("data"), dict):
        content = content["data"]  # an answer of the platform, saved as it came
    if not isinstance(content, dict):
        raise ConfigError("The token file holds no JSON object.")
    tokens = {name: content.get(name) for name in ("access_token", "refresh_token")}
    for name, token in tokens.items():
        if not token or not is_usable(token):
            raise ConfigError(f"The token file has no usable {name}.")
    return Pair(
        str(tokens["access_token"]),
        str(tokens["refresh_token"]),
        _end(content, "expires_at", "expires_in", written_at),
        _end(content, "refresh_expires_at", "refresh_token_expires_in", written_at),
    )


def _end(content: Mapping[str, Any], moment: str, span: str, written_at: float) -> int | None:
    at, seconds = content.get(moment), content.get(span)
    try:
        if at is not None:
            return int(datetime.fromisoformat(read_moment(at)).timestamp())
        if seconds is not None:
            return int(written_at) + int(seconds)
    except (ValueError, TypeError, OverflowError):
        name = moment if at is not None else span
        raise ConfigError(f"The token file's {name} is not a time in a known form.") from None
    return None
