"""What the platform's codes mean: wait, send less, look first, or tell a person what to do. Pure.

Vendor pages (generic error codes, bitable-v1); the statuses that go with them vary and say nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_feishu_bitable.errors import (
    AccessError,
    ApiError,
    BadBatch,
    LimitReached,
    RowGone,
    UnknownOutcome,
)

if TYPE_CHECKING:
    from target_feishu_bitable.errors import TargetError

TOKEN_REFUSED: Final = frozenset({99991663, 99991668, 99991677})
GATEWAY_LIMIT: Final = 99991400
BUSY: Final = frozenset({1254290, 1254291, 1254112, 1254036})
"""Nothing was done; the base is busy or the caller too fast."""
HEAVY: Final = {1254607: 4, 1254002: 2, 1254104: 1, 1254030: 1}
"""Nothing was done, and less at once may pass; how often the same is tried before that. 1254607
also means that an earlier operation is still being computed, 1254002 that a lock was not got."""
IN_FLIGHT: Final = 1254608
"""The same client_token came again too soon: the first one is being worked on, or is done."""
LATE: Final = frozenset({1254040, 1254041, 1254042, 1254044, 1254045, 1254024})
"""Not found; also said of what was created seconds ago."""
TIMED_OUT: Final = 1255040
UNKNOWN: Final = frozenset({1255001, 1255002, 1255003, 1255004, 1255005, TIMED_OUT, 1500, 2200})
TOKEN_CONFLICT: Final = frozenset({1255006})
"""The client_token was used for something else: a new one, after a look at what was stored."""
ROW_GONE: Final = frozenset({1254043})
_BAD_CELL: Final = frozenset({*range(1254060, 1254075), 1254015, 1254130, 1254303, 1254027})
_LIMITS: Final = {
    1254103: "The table is full. Archive old rows, write to another table (setting table), or feed "
    "another target.",
    1254306: "The plan of the tenant allows no more. Archive old rows or change the plan.",
    1254105: "The table has 300 columns, the most there can be. Drop properties in `tables` "
    "(columns: false), or write to another table.",
    1254100: "The base has 100 tables, the most there can be. Write to another base.",
    99991403: "The tenant's calls of this month are used up; they return on the 1st.",
}
MANAGE: Final = (
    "Advanced permission (高级权限) is on: give the app 可管理 (manage) in "
    "「…」→「更多」→「添加文档应用」."
)
_ACCESS: Final = {
    91402: "Check the setting bitable: paste the browser's link; the token of a /wiki/ link is not "
    "the base's own token.",
    91403: "Open the base → 「…」→「更多」→「添加文档应用」and add the app with the right to edit.",
    1254302: MANAGE,
    1254304: MANAGE,
    131005: "Check the setting bitable: the wiki page does not exist.",
    131006: "Add the app to the wiki page: 「…」→「更多」→「添加文档应用」.",
    99991672: "Give the app the scope bitable:app on open.feishu.cn and publish a version.",
    99991679: "Give the app the scope bitable:app on open.feishu.cn and publish a version.",
    99991401: "The app allows only certain addresses: add this machine's to its IP list.",
    10003: "Check the settings app_id and app_secret.",
    10014: "Check the settings app_id and app_secret.",
}


_ADVICE: Final = {
    1254040: "Check the setting bitable: there is no such base, or the app may not see it.",
    1254041: "Check the settings table and tables (or the link): the base has no such table.",
}


def meaning(code: int) -> tuple[type[TargetError], str]:
    """Return the kind of error that a refusing code is, and what a person does about it."""
    if code in _LIMITS:
        return LimitReached, _LIMITS[code]
    if code in _ACCESS or code in TOKEN_REFUSED:
        return AccessError, _ACCESS.get(code, "")
    for codes, kind in (
        (UNKNOWN, UnknownOutcome),
        (frozenset({IN_FLIGHT}), UnknownOutcome),
        (TOKEN_CONFLICT, UnknownOutcome),
        (ROW_GONE, RowGone),
        (_BAD_CELL, BadBatch),
    ):
        if code in codes:
            return kind, ""
    return ApiError, _ADVICE.get(code, "")
