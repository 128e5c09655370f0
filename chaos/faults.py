"""Which requests shall fail and how, drawn at random: every kind, both halves, many codes.

A platform may fail in any way but one: it does not say "nothing was done" of what it did. So codes
that mean so come before a request is carried out, and only unclear ones after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from draws import chance

from platform_sandbox.faults import AFTER, KINDS, ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

REFRESH: Final = "oauth2/refresh_token/"
SOURCE: Final = "/open_api/"
TABLE: Final = "/open-apis/"
LOSING: Final = AFTER | {"slow"}
"""Kinds after which a request may be carried out without its caller knowing."""
_SOURCE_PATHS: Final = (
    REFRESH,
    REFRESH,
    "oauth2/advertiser/get/",
    "advertiser/list/",
    "customer_center/",
    "report/promotion/get/",
    "report/promotion/get/",
    "report/account/get/",
    SOURCE,
)
_TABLE_PATHS: Final = (
    "tenant_access_token",
    "/tables",
    "/fields",
    "records/search",
    "records/search",
    "records/batch_create",
    "records/batch_create",
    "records/batch_create",
    "records/batch_update",
    "records/batch_update",
    "records/batch_get",
    TABLE,
)
_SOURCE_CODES: Final = (
    *(40100, 40110, 50000, 50000, 51007, 40102, 40105, 40002, 40119, 40130),
    *(61002, 61003, 40000, 40001, 40104, 40103, 40107, 45678),
)
_TABLE_CODES: Final = (
    *(99991400, 1254290, 1254291, 1254112, 1254036, 1254607, 1254002, 1254104, 1254030, 1254608),
    *(1254040, 1254041, 1254042, 1254043, 1254044, 1254045, 1254024, 1254000, 1254001, 1254018),
    *(1254060, 1254061, 1254064, 1254130, 1254103, 1254306, 1254105, 1254302, 1254304),
    *(91402, 91403, 10003, 99991663, 99991668, 99991672, 99991403, 1255006, 1255040, 1255001),
    *(1255002, 1255005, 1500, 2200, 1299999),
)
_SOURCE_UNCLEAR: Final = (50000, 51010, 40100)
_TABLE_UNCLEAR: Final = (1255001, 1255002, 1255003, 1255004, 1255005, 1255040, 1500, 2200, 1254608)
_TIMES: Final = (1, 1, 1, 1, 2, 2, 3, 5, 9, 30, None)


def draw(rng: Random, most: int, lists: Sequence[str], *, short: bool) -> list[dict[str, Any]]:
    """A few faults as arguments of `platform_sandbox.faults.Fault`; short ones happen once.

    Args:
        rng: Draws.
        most: How many at most.
        lists: Paths of the lists that are read.
        short: None happens more than once.
    """
    drawn = [_one(rng, lists) for _ in range(rng.choice((0, 0, *range(1, most + 1))))]
    return [one | {"times": 1} for one in drawn] if short else drawn


def _one(rng: Random, lists: Sequence[str]) -> dict[str, Any]:
    kind = rng.choice(KINDS)
    of_source = kind in ROWS or chance(rng, 0.5)
    paths = (*_SOURCE_PATHS, *lists) if of_source else _TABLE_PATHS
    path = rng.choice(lists if kind in ROWS else paths)
    fault: dict[str, Any] = {
        "path": path,
        "kind": kind,
        "times": rng.choice(_TIMES),
        "skip": rng.choice((0, 0, 0, 1, 2, 3, 6)),
    }
    if kind in ("code", "http"):
        fault["code"] = rng.choice(_SOURCE_CODES if of_source else _TABLE_CODES)
    elif kind in AFTER:
        fault["code"] = rng.choice(_SOURCE_UNCLEAR if of_source else _TABLE_UNCLEAR)
    elif kind == "slow":
        fault["seconds"] = rng.choice((0.05, 0.3, 0.3, 6.0))
        fault["times"] = 1
    if kind in ("html", "http", "status_after"):
        fault["status"] = rng.choice((400, 404, 408, 413, 429, 500, 502, 503, 504))
    if kind == "status_after":
        fault["status"] = rng.choice((500, 502, 504))
    # No true wait longer than a second: a penalty is counted on the clock.
    fault["headers"] = {"X-RateLimit-RetryIn": "1", "x-ogw-ratelimit-reset": "1"}
    return fault


def around_refresh(rng: Random, table_calls: int, lists: Sequence[str]) -> list[dict[str, Any]]:
    """Keep the tap reading while its access token runs out; in half of all cases the target fails.

    Args:
        rng: Draws.
        table_calls: Calls to Feishu after which the token runs out.
        lists: Paths of the lists that are read.
    """
    planned: list[dict[str, Any]] = [
        {"path": lists[0], "kind": "slow", "seconds": 0.03, "times": 40, "skip": 0},
        {"path": REFRESH, "kind": "slow", "seconds": rng.choice((0.0, 0.05, 0.3)), "times": 1},
    ]
    if chance(rng, 0.5):
        skip = table_calls + rng.randrange(4)
        planned.append({"path": TABLE, "kind": "code", "code": 91403, "times": None, "skip": skip})
    return [{"skip": 0} | one for one in planned]


def half(fault: dict[str, Any]) -> str:
    """Which platform a fault is of."""
    is_source = fault["path"] not in _TABLE_PATHS
    return "Ocean Engine" if is_source else "Feishu"


def in_words(fault: dict[str, Any]) -> str:
    """For the trail."""
    seconds = f" {fault['seconds']} s" if "seconds" in fault else ""
    code = f" {fault['code']}" if "code" in fault else ""
    status = f" HTTP {fault['status']}" if "status" in fault else ""
    times = "for ever" if fault["times"] is None else f"{fault['times']} times"
    return (
        f"{fault['kind']}{code}{status}{seconds} on {fault['path']} {times} after {fault['skip']}"
    )
