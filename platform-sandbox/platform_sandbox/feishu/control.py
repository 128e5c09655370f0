"""What other processes ask the sandbox about its Feishu half."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response

from platform_sandbox.defaults import FEISHU_BASE

if TYPE_CHECKING:
    from starlette.requests import Request

    from platform_sandbox.feishu.half import Feishu


def _json(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json; charset=utf-8")


class Control:
    """Rows and cards over HTTP."""

    def __init__(self, feishu: Feishu) -> None:
        self._feishu = feishu

    async def rows(self, request: Request) -> Response:
        """GET `?base=&table=`: plain values by column name, with the record_id; 404 if unknown."""
        try:
            base = self._feishu.base(request.query_params.get("base") or FEISHU_BASE)
            table = base.table(request.query_params.get("table", ""))
        except KeyError as missing:
            return _json({"error": f"unknown base or table: {missing.args[0]}"}, 404)
        rows = [{"record_id": identifier, **values} for identifier, values in table.rows()]
        return _json({"base": base.token, "table": table.id, "name": table.name, "rows": rows})

    async def cards(self, request: Request) -> Response:
        """GET the messages that bots have accepted, oldest first."""
        del request
        return _json({"cards": [card._asdict() for card in self._feishu.cards]})
