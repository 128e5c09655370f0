"""The Feishu half as one object: its routes, and what tests and pages may ask of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from platform_sandbox.defaults import FEISHU_BASE
from platform_sandbox.feishu.bot import Bots
from platform_sandbox.feishu.control import Control
from platform_sandbox.feishu.endpoints import ENDPOINTS
from platform_sandbox.feishu.gateway import Gateway
from platform_sandbox.feishu.people import BaseHandle
from platform_sandbox.feishu.state import State

if TYPE_CHECKING:
    from platform_sandbox.feishu.app import Tokens
    from platform_sandbox.feishu.bot import Message
    from platform_sandbox.feishu.switches import FeishuSwitches
    from platform_sandbox.services import Services

TOKEN: Final = "/open-apis/auth/v3/tenant_access_token/internal"  # noqa: S105  a path
HOOK: Final = "/open-apis/bot/v2/hook/{hook}"
METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


class Feishu:
    """A Feishu tenant with one app, its bases and its bots."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.state = State(services)
        self.gateway = Gateway(self.state)
        self.bots = Bots(self.gateway)
        self.router = self._routes()
        services.failures["feishu"] = self.gateway.failure

    def _routes(self) -> APIRouter:
        router = APIRouter()
        control = Control(self)
        router.add_route("/_sandbox/feishu/rows", control.rows, ["GET"])
        router.add_route("/_sandbox/feishu/cards", control.cards, ["GET"])
        for path in (TOKEN, TOKEN + "/"):
            router.add_route(path, self.gateway.token, ["POST"])
        router.add_route(HOOK, self.bots.receive, ["POST"])
        for endpoint in ENDPOINTS:
            handler = self.gateway.route(endpoint)
            router.add_route(endpoint.path, handler, [endpoint.method])
        router.add_route("/open-apis/{rest:path}", self.gateway.not_found, METHODS)
        return router

    def reset(self) -> None:
        """Back to the first day: one base with its default table, no messages, new tokens."""
        with self.state.lock:
            self.state.reset()
            self.gateway.reset()
            self.bots.reset()

    def base(self, app_token: str = FEISHU_BASE) -> BaseHandle:
        """A base as people see it.

        Raises:
            KeyError: There is no such base.
        """
        return BaseHandle(self.state, self.state.bases[app_token])

    @property
    def bases(self) -> list[BaseHandle]:
        """All bases."""
        return [BaseHandle(self.state, base) for base in self.state.bases.values()]

    def add_base(self, name: str, *, wiki_node: str | None = None) -> BaseHandle:
        """A new base, and the wiki node that shows it."""
        with self.state.lock:
            base = self.state.add_base(name)
            if wiki_node is not None:
                self.state.nodes[wiki_node] = ("bitable", base.token)
            return BaseHandle(self.state, base)

    @property
    def cards(self) -> list[Message]:
        """Messages that bots have accepted, oldest first: (payload, hook, time)."""
        return list(self.bots.messages)

    @property
    def tokens(self) -> Tokens:
        """Tenant tokens: `kill()` them, or let them `age(seconds)`."""
        return self.gateway.tokens

    def app(self, **changes: Any) -> None:  # noqa: ANN401  App's own attributes
        """Set up the app: scopes, rights, advanced, row_limit, hidden_fields, ip_allowed."""
        if "scopes" in changes:
            changes["scopes"] = frozenset(changes["scopes"])
        if "hidden_fields" in changes:
            changes["hidden_fields"] = frozenset(changes["hidden_fields"])
        self.gateway.app = replace(self.gateway.app, **changes)

    def bot(self, hook: str | None = None, **changes: Any) -> None:  # noqa: ANN401  Bot's own
        """Set up a bot: secret, keywords, ip_allowed, enabled."""
        self.bots.set(hook, **changes)

    @property
    def switches(self) -> FeishuSwitches:
        """The choices in force."""
        return self.state.switches

    def switch(self, **changes: Any) -> None:  # noqa: ANN401  the switches' own attributes
        """Change switches of this half."""
        self._services.switches.feishu = replace(self.switches, **changes)
