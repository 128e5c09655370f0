"""Pages: sizes from the query string, tokens that tell nothing."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any, Final, TypeVar

from platform_sandbox.feishu.codes import Refused, violation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from platform_sandbox.feishu.call import Call

T = TypeVar("T")

DEFAULT: Final = 20
LIST_MAXIMUM: Final = 100


def page_size(call: Call, maximum: int) -> int:
    """The `page_size` of the query string.

    Raises:
        Refused: 1254011 for 0 and less, 99992402 for no number or more than the maximum.
    """
    raw = call.query.get("page_size", "")
    if not raw:
        return DEFAULT
    try:
        size = int(raw)
    except ValueError:
        raise violation("page_size", "page_size is not an integer", raw) from None
    if size <= 0:
        raise Refused(1254011)
    if size > maximum and call.switches.oversized_page == "refuse":
        raise violation("page_size", f"the max value is {maximum}", raw)
    return min(size, maximum)


def offset_of(token: str) -> int:
    """Where the page of an opaque token starts.

    Raises:
        Refused: 1254002 for a token that was never given out.
    """
    if not token:
        return 0
    try:
        checksum, _, offset = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        known = checksum == f"{zlib.crc32(offset.encode()):08x}"
    except (ValueError, UnicodeError):
        known = False
    if not known:
        raise Refused(1254002)
    return int(offset)


def token_at(offset: int) -> str:
    """The opaque token of a page that starts at an offset."""
    text = str(offset)
    return base64.urlsafe_b64encode(f"{zlib.crc32(text.encode()):08x}:{text}".encode()).decode()


def list_page(
    call: Call,
    items: Sequence[T],
    identify: Callable[[T], str],
    show: Callable[[T], dict[str, Any]],
) -> dict[str, Any]:
    """A page of tables, fields or views.

    The page_token is the id of the last item, and is there also when `has_more` is false.
    """
    size = page_size(call, LIST_MAXIMUM)
    after = call.query.get("page_token", "")
    start = 0
    if after:
        known = [identify(item) for item in items]
        if after not in known:
            raise Refused(1254002)
        start = known.index(after) + 1
    page = items[start : start + size]
    return {
        "has_more": start + size < len(items),
        "page_token": identify(page[-1]) if page else after,
        "total": len(items),
        "items": [show(item) for item in page],
    }
