"""`/` and its two buttons; `/base/…` for links that point into a Bitable."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from platform_sandbox import defaults
from platform_sandbox.clock import ClockError
from platform_sandbox.page.cards import card_view
from platform_sandbox.page.chart import draw
from platform_sandbox.page.grid import Choice, TableReader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import date

    from starlette.requests import Request

    from platform_sandbox.feishu.people import BaseHandle, TableHandle
    from platform_sandbox.page.grid import Grid
    from platform_sandbox.platform import Platform

_CARDS: Final = 6
_CALLS: Final = 40
_DAYS: Final = 62
_NOISE: Final = re.compile(
    r"v?\d+(\.\d+)?|local|bitable|apps|tables|bascn\w+|tbl\w+|fld\w+|vew\w+|rec\w{8,}|[\da-f-]{36}|"
)
_RUN: Final = (
    ".venv/bin/meltano --environment sandbox run tap-oceanengine-local target-feishu-bitable"
)
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'self'",
    "Cache-Control": "no-store",
}


def short_path(path: str) -> str:
    """The part of a call's path that tells it from others: no prefix, version or ids."""
    parts = [part for part in path.split("/")[2:] if not _NOISE.fullmatch(part)]
    return "/".join(parts)


def run_command(url: str, last: date) -> str:
    """The shell command, in the project's folder, of a run up to a day of the sandbox at `url`.

    A run without the day reads up to the host's yesterday, which this sandbox may not know yet.
    The project's settings lead to the default address.
    """
    variables = [f"TAP_OCEANENGINE_LOCAL_END_DATE={last}"]
    if url != f"http://{defaults.HOST}:{defaults.PORT}":
        plugins = ("TAP_OCEANENGINE_LOCAL", "TARGET_FEISHU_BITABLE")
        variables = [f"{plugin}_API_URL={url}" for plugin in plugins] + variables
    return " ".join([*variables, _RUN])


class _Page:
    def __init__(self, platform: Platform, reset: Callable[[], Awaitable[None]]) -> None:
        self._platform = platform
        self._reset = reset
        environment = Environment(
            loader=PackageLoader("platform_sandbox.page"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["short_path"] = short_path
        self._template = environment.get_template("page.html")

    async def show(self, request: Request) -> Response:
        choice = Choice.of(request.query_params)
        content = self._template.render(**self._content(choice, request))
        return HTMLResponse(content, headers=_HEADERS)

    def _content(self, choice: Choice, request: Request) -> dict[str, Any]:
        base = self._base(choice)
        table = _table(base, choice)
        grid = _grid(base, table, choice) if table else None
        clock = self._platform.clock
        log = self._platform.requests
        return {
            "choice": choice,
            "tables": [(one.id, one.name, len(one)) for one in base.tables],
            "table": table,
            "grid": grid,
            "chart": draw(grid.days[-_DAYS:]) if grid and grid.has_roles else None,
            "cards": [
                card_view(message.payload, message.time)
                for message in self._platform.feishu.cards[: -_CARDS - 1 : -1]
            ],
            "calls": log.entries[: -_CALLS - 1 : -1],
            "summary": log.summary(),
            "now": clock.now(),
            "run": run_command(self._platform.services.public_url, clock.yesterday()),
            "may_move": clock.today() < clock.host_today(),
            "note": request.query_params.get("note", ""),
        }

    def _base(self, choice: Choice) -> BaseHandle:
        try:
            return self._platform.feishu.base(choice.base or defaults.FEISHU_BASE)
        except KeyError:
            return self._platform.feishu.base()

    async def move_clock(self, request: Request) -> Response:
        if not _from_this_page(request):
            return Response(status_code=403)
        try:
            now = self._platform.clock.advance(days=1)
        except ClockError:
            return _back("时钟已是今天，不能再往前走。")
        return _back(f"时钟已走到 {now:%Y-%m-%d}。再运行一次同步（命令见上方），看看哪些行会更新。")

    async def reset(self, request: Request) -> Response:
        if not _from_this_page(request):
            return Response(status_code=403)
        try:
            await self._reset()
        except OSError as error:
            return _back(f"重置未完成：{error}")
        return _back("两个平台都已清空，时钟回到十天前。")

    async def base(self, request: Request) -> Response:
        """Where links into a Bitable lead; the browser's own query (table, view) goes along."""
        query = {"base": request.path_params["app_token"]}
        if table := request.query_params.get("table"):
            query["table"] = table
        return RedirectResponse(f"/?{urlencode(query)}#table", status_code=302)


def _table(base: BaseHandle, choice: Choice) -> TableHandle | None:
    tables = base.tables
    wanted = [table for table in tables if choice.table in {table.id, table.name}]
    return next(iter(wanted or sorted(tables, key=len, reverse=True)), None)


def _grid(base: BaseHandle, table: TableHandle, choice: Choice) -> Grid:
    rows = (values for _, values in table.rows())
    return TableReader(table.fields, base.zone).grid(rows, choice)


def _from_this_page(request: Request) -> bool:
    # A foreign page open in the same browser must not be able to press the buttons.
    origin = request.headers.get("origin")
    return origin in (None, "null") or urlsplit(origin).netloc == request.headers.get("host")


def _back(note: str) -> Response:
    return RedirectResponse(f"/?{urlencode({'note': note})}", status_code=303)


def build(platform: Platform, *, reset: Callable[[], Awaitable[None]]) -> APIRouter:
    """Routes of the page."""
    page = _Page(platform, reset)
    router = APIRouter()
    router.add_route("/", page.show, ["GET"])
    router.add_route("/page/clock", page.move_clock, ["POST"])
    router.add_route("/page/reset", page.reset, ["POST"])
    router.add_route("/base/{app_token}", page.base, ["GET"])
    return router
