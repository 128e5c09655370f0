"""JSON of the control requests: bodies in, answers out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request


def json_answer(
    content: Any,  # noqa: ANN401  any JSON value
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A JSON response."""
    return Response(
        orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS),
        status_code=status,
        headers=dict(headers) if headers else None,
        media_type="application/json; charset=utf-8",
    )


async def json_body(request: Request) -> dict[str, Any]:
    """The object in a request's body; an empty body is an empty object.

    Raises:
        ValueError: It is no JSON, or no object.
    """
    raw = await request.body()
    if not raw:
        return {}
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"The body is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise ValueError("The body must be a JSON object.")  # noqa: TRY004  a wrong value of a caller
    return body
