"""Reading parameters as strictly as the platform does: JSON text for all but strings and enums."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from platform_sandbox.clock import SHANGHAI

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

_INT64: Final = re.compile(r"-?\d{1,19}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


class Refusal(Exception):  # noqa: N818  the platform refuses; nothing went wrong here
    """The platform's answer other than code 0.

    Attributes:
        code: Its business code.
        status: HTTP status, 200 for nearly all.
    """

    def __init__(
        self,
        code: int,
        message: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.headers = dict(headers or {})


class Parameters:
    """The parameters of one call, from the query string or from a JSON body.

    Args:
        values: As they were sent: texts from a query, JSON values from a body.
        bad: The code for a parameter that is not acceptable.
        from_body: Whether the values are JSON already.
    """

    def __init__(self, values: Mapping[str, Any], bad: int, *, from_body: bool = False) -> None:
        self._values = values
        self._bad = bad
        self._from_body = from_body

    def refuse(self, name: str, why: str) -> Refusal:
        """The error for one parameter."""
        return Refusal(self._bad, f"{name}: {why}")

    def has(self, name: str) -> bool:
        """Whether a parameter was sent at all."""
        return self._values.get(name) not in (None, "")

    def text(self, name: str, *, allowed: Collection[str] = (), default: str | None = None) -> str:
        """A raw string or an enum."""
        if not self.has(name):
            if default is None:
                raise self.refuse(name, "missing required parameter")
            return default
        value = self._values[name]
        if not isinstance(value, str):
            raise self.refuse(name, "must be a string")
        if allowed and value not in allowed:
            raise self.refuse(name, f"must be one of {', '.join(sorted(allowed))}, got {value!r}")
        return value

    def integer(self, name: str, *, default: int | None = None) -> int:
        """An int64: digits in a query, a JSON number in a body."""
        if not self.has(name):
            if default is None:
                raise self.refuse(name, "missing required parameter")
            return default
        value = self._values[name]
        if self._from_body and type(value) is int:
            return value
        if not self._from_body and isinstance(value, str) and _INT64.fullmatch(value):
            return int(value)
        raise self.refuse(name, f"must be an integer, got {value!r}")

    def json(self, name: str) -> Any:  # noqa: ANN401  the caller checks the shape
        """JSON text in a query, the value itself in a body; None when absent."""
        if not self.has(name):
            return None
        value = self._values[name]
        if self._from_body:
            return value
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise self.refuse(name, f"must be JSON, got {value[:40]!r}") from None

    def array(self, name: str, *, required: bool = True) -> list[Any]:
        """A JSON array."""
        value = self.json(name)
        if value is None and not required:
            return []
        if not isinstance(value, list) or (required and not value):
            raise self.refuse(name, "must be a JSON array with at least 1 elements")
        return value

    def integers(self, name: str, *, required: bool = True) -> list[int]:
        """A JSON array of int64."""
        values = self.array(name, required=required)
        if any(type(value) is not int for value in values):
            raise self.refuse(name, "must be an array of integers")
        return values

    def filtering(self, name: str, known: Mapping[str, Collection[str] | None]) -> dict[str, Any]:
        """A JSON object with known keys; enum values are checked, alone or in an array."""
        value = self.json(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.refuse(name, "must be a JSON object")
        for key, item in value.items():
            if key not in known:
                raise self.refuse(f"{name}.{key}", "unknown filter field")
            allowed = known[key]
            items = item if isinstance(item, list) else [item]
            if allowed is not None and any(one not in allowed for one in items):
                raise self.refuse(f"{name}.{key}", f"must be of {', '.join(sorted(allowed))}")
        return value

    def day(self, name: str) -> date:
        """`YYYY-MM-DD`."""
        return self._parsed(name, _DAY, "yyyy-MM-dd").date()

    def moment(self, name: str) -> datetime:
        """`yyyy-MM-dd HH:mm:ss`, a local time of Asia/Shanghai."""
        return self._parsed(name, _TIME, "yyyy-MM-dd HH:mm:ss").replace(tzinfo=SHANGHAI)

    def _parsed(self, name: str, shape: re.Pattern[str], shown: str) -> datetime:
        value = self.text(name)
        refusal = self.refuse(name, f"must be {shown}, got {value!r}")
        if not shape.fullmatch(value):
            raise refusal
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise refusal from None

    def page(self, sizes: Collection[int], *, default: int = 10) -> tuple[int, int]:
        """`page` from 1 and `page_size` out of the sizes an endpoint knows."""
        page = self.integer("page", default=1)
        size = self.integer("page_size", default=default)
        if page < 1:
            raise self.refuse("page", "must be at least 1")
        if size not in sizes:
            known = f"{min(sizes)}..{max(sizes)}" if isinstance(sizes, range) else sorted(sizes)
            raise self.refuse("page_size", f"must be in {known}, got {size}")
        return page, size


def page_info(page: int, size: int, total: int) -> dict[str, int]:
    """The usual `page_info`."""
    return {
        "page": page,
        "page_size": size,
        "total_number": total,
        "total_page": -(-total // size),
    }


UP_TO_100: Final = range(1, 101)
