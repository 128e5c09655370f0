"""What other processes ask the sandbox about its Ocean Engine half."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from platform_sandbox.answers import json_answer, json_body

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from platform_sandbox.oceanengine.half import OceanEngine


class Control:
    """The truth behind the reports, and the life of tokens, over HTTP."""

    def __init__(self, half: OceanEngine) -> None:
        self._half = half

    async def truth(self, request: Request) -> Response:
        """GET `?from=&to=`: promotion rows of all accounts, with the account's id and name."""
        try:
            first = date.fromisoformat(request.query_params.get("from", ""))
            last = date.fromisoformat(request.query_params.get("to", ""))
        except ValueError as error:
            return json_answer({"error": f"from and to must be days: {error}"}, status=400)
        rows = [
            row | {"local_account_id": account.id, "local_account_name": account.name}
            for account in self._half.accounts
            for row in self._half.truth(account.id, first, last)
        ]
        return json_answer({"rows": rows})

    async def tokens(self, request: Request) -> Response:
        """GET states of all pairs; POST `expire_access`, `expire_refresh`, `kill`, `new_code`."""
        tokens = self._half.tokens
        answer: dict[str, object] = {}
        if request.method == "POST":
            try:
                wanted = await json_body(request)
            except ValueError as error:
                return json_answer({"error": str(error)}, status=400)
            actions = {
                "expire_access": tokens.expire_access,
                "expire_refresh": tokens.expire_refresh,
                "kill": tokens.kill,
            }
            unknown = set(wanted) - {*actions, "new_code"}
            if unknown:
                return json_answer({"error": f"Unknown: {sorted(unknown)}"}, status=400)
            for name, act in actions.items():
                if wanted.get(name):
                    act()
            if wanted.get("new_code"):
                answer["auth_code"] = tokens.new_code()
        answer["pairs"] = [
            {
                "number": pair.number,
                "state": pair.state,
                "access_until": pair.access_until.isoformat(),
                "refresh_until": pair.refresh_until.isoformat(),
            }
            for pair in tokens.pairs
        ]
        answer["refreshes"] = tokens.refreshes
        return json_answer(answer)
