"""The Ocean Engine half as one object: its routes, and what tests and pages may ask of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from platform_sandbox.oceanengine.audience import Audience
from platform_sandbox.oceanengine.control import Control
from platform_sandbox.oceanengine.directory import Directory
from platform_sandbox.oceanengine.entities import Entities
from platform_sandbox.oceanengine.gateway import Gateway
from platform_sandbox.oceanengine.inventory import build_accounts
from platform_sandbox.oceanengine.leads import Leads
from platform_sandbox.oceanengine.ledger import Ledger, hours
from platform_sandbox.oceanengine.metrics import REPORT_METRICS
from platform_sandbox.oceanengine.moments import Moments
from platform_sandbox.oceanengine.oauth import OAuth
from platform_sandbox.oceanengine.reports import LIST_KEYS, Reports
from platform_sandbox.oceanengine.rows import Presenter
from platform_sandbox.oceanengine.tokens import TokenService
from platform_sandbox.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from platform_sandbox.oceanengine.inventory import Account
    from platform_sandbox.oceanengine.ledger import Level
    from platform_sandbox.services import Services
    from platform_sandbox.world import World

ROOT: Final = "/open_api"
_ORIGIN: Final = "oceanengine.first_day"
_PLAIN: Final = Switches(oe_float_noise=False, oe_extra_fields=False)
_SPARE_DAYS: Final = 120
"""Days after the history for which the world goes on, so that the clock has somewhere to go."""


class OceanEngine:
    """An Ocean Engine with one developer app and the accounts of one world.

    Attributes:
        tokens: Token pairs; `expire_access()`, `kill()`, `new_code()`.
        directory: The accounts; put an id into `directory.withdrawn` to lose the right to it.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self.tokens = TokenService(services)
        self._moments = Moments(services)
        self._ledger = Ledger()
        self._gateway = Gateway(services, self.tokens)
        self.directory = Directory(services, self._accounts())
        self._entities = Entities(services, self.directory)
        self.router = self._routes()
        services.failures["oceanengine"] = self._gateway.failure

    @property
    def world(self) -> World:
        """Size and seed of the data."""
        return self._services.world

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All accounts, active ones first; the second is the big one."""
        return self.directory.accounts

    def _accounts(self) -> tuple[Account, ...]:
        database = self._services.database
        kept = database.get(_ORIGIN)
        if isinstance(kept, str):
            first = date.fromisoformat(kept)
        else:
            start = self._services.clock.today() - timedelta(days=self.world.days)
            first = self.world.first_day or start
            database.put(_ORIGIN, first.isoformat())
        last = first + timedelta(days=self.world.days + _SPARE_DAYS)
        return build_accounts(self.world, first, last)

    def _routes(self) -> APIRouter:
        router = APIRouter()
        self._add_oauth(router)
        self._add_accounts(router)
        self._add_local(router)
        control = Control(self)
        router.add_route("/_sandbox/oceanengine/truth", control.truth, ["GET"])
        router.add_route("/_sandbox/oceanengine/tokens", control.tokens, ["GET", "POST"])
        return router

    def _add_oauth(self, router: APIRouter) -> None:
        gateway = self._gateway
        oauth = OAuth(self._services, self.tokens, self.directory)
        for name, handler in (
            ("access_token", oauth.access_token),
            ("refresh_token", oauth.refresh_token),
            ("renew_token", oauth.refresh_token),
            ("app_access_token", oauth.app_access_token),
        ):
            path = f"{ROOT}/oauth2/{name}/"
            router.add_route(path, gateway.post(handler, token=False), ["POST"])
        for path, get in (
            ("oauth2/advertiser/get/", oauth.advertiser_get),
            ("2/user/info/", oauth.user_info),
        ):
            router.add_route(f"{ROOT}/{path}", gateway.get(get), ["GET"])

    def _add_accounts(self, router: APIRouter) -> None:
        directory = self.directory
        for path, get in (
            ("2/ebp/advertiser/list/", directory.ebp_list),
            ("v3.0/customer_center/account/list/", directory.customer_center),
            ("2/customer_center/advertiser/list/", directory.customer_center_old),
            ("2/agent/advertiser/select/", directory.agent_select),
            ("2/agent/child_agent/select/", directory.child_agents),
            ("v3.0/local/life/advertiser/list/", directory.life_list),
        ):
            router.add_route(f"{ROOT}/{path}", self._gateway.get(get), ["GET"])

    def _add_local(self, router: APIRouter) -> None:
        gateway, directory = self._gateway, self.directory
        entities = self._entities
        audience = Audience(self._services, directory, self._ledger, self._moments)
        reports = Reports(self._services, directory, self._ledger, self._moments)
        leads = Leads(self._services, directory, self._moments)
        for path, get in (
            ("project/list/", entities.projects),
            ("promotion/list/", entities.promotions),
            ("report/audience/get/", audience.report),
            *((f"report/{level}/get/", reports.handler(level)) for level in LIST_KEYS),
        ):
            router.add_route(f"{ROOT}/v3.0/local/{path}", gateway.get(get), ["GET"])
        path = f"{ROOT}/2/tools/clue/life/get/"
        router.add_route(path, gateway.post(leads.lead_list), ["POST"])

    def truth(
        self,
        account_id: int | str,
        start: date,
        end: date,
        *,
        metrics: Iterable[str] = REPORT_METRICS,
        level: Level = "promotion",
        hourly: bool = False,
    ) -> list[dict[str, Any]]:
        """A report's rows of an account as the platform would give them now.

        Args:
            account_id: The account.
            start: First day.
            end: Last day, inclusive.
            metrics: All by default; ratios without a base are 0.0, money has no float noise.
            level: Which report, the promotions' by default.
            hourly: By hour instead of by day.

        Raises:
            KeyError: There is no such account.
        """
        account = self._account(account_id)
        moment = self._moments.now()
        presenter = Presenter(tuple(sorted(metrics)), _PLAIN)
        rows: list[dict[str, Any]] = []
        for ordinal in range(start.toordinal(), min(end.toordinal(), moment.day) + 1):
            day = date.fromordinal(ordinal).isoformat()
            lines = self._ledger.day(level, account, ordinal, moment)
            if hourly:
                rows += [presenter.hourly(line, day, hour) for hour, line in hours(lines)]
            else:
                rows += [presenter.daily(line, day) for line in lines]
        return rows

    def units(self, account_id: int | str) -> list[dict[str, Any]]:
        """The units of an account as `promotion/list` would give them now, deleted ones too.

        Raises:
            KeyError: There is no such account.
        """
        return self._entities.units(self._account(account_id))

    def _account(self, account_id: int | str) -> Account:
        for account in self.accounts:
            if str(account.id) == str(account_id):
                return account
        raise KeyError(account_id)

    def reset(self) -> None:
        """Back to the first day: the first token pair, every account authorised."""
        self._services.database.forget(_ORIGIN)
        self.tokens.reset()
        self._gateway.reset()
        self._moments.reset()
        self._ledger.clear()
        self.directory.reset(self._accounts())
