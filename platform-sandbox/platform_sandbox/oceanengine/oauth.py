"""`oauth2/*` and `2/user/info`: who is the app, and what was it authorised for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from platform_sandbox import defaults
from platform_sandbox.oceanengine.parameters import Refusal
from platform_sandbox.oceanengine.tokens import ACCESS_LIFE, REFRESH_LIFE

if TYPE_CHECKING:
    from platform_sandbox.oceanengine.directory import Directory
    from platform_sandbox.oceanengine.parameters import Parameters
    from platform_sandbox.oceanengine.tokens import Pair, TokenService
    from platform_sandbox.services import Services

SCOPES: Final = (5, 110, 120, 130, 4, 200, 210, 220)
API_LIST: Final = (
    "/open_api/2/user/info/",
    "/open_api/oauth2/advertiser/get/",
    "/open_api/2/ebp/advertiser/list/",
    "/open_api/v3.0/customer_center/account/list/",
    "/open_api/v3.0/local/report/account/get/",
    "/open_api/v3.0/local/report/project/get/",
    "/open_api/v3.0/local/report/promotion/get/",
    "/open_api/v3.0/local/report/material/get/",
    "/open_api/v3.0/local/report/audience/get/",
    "/open_api/v3.0/local/project/list/",
    "/open_api/v3.0/local/promotion/list/",
    "/open_api/2/tools/clue/life/get/",
)


class OAuth:
    """Handlers of the token endpoints."""

    def __init__(self, services: Services, tokens: TokenService, directory: Directory) -> None:
        self._services = services
        self._tokens = tokens
        self._directory = directory

    def _check_app(self, parameters: Parameters) -> None:
        app_id = parameters.integer("app_id")
        if str(app_id) != defaults.OE_APP_ID:
            raise Refusal(40001, f"app_id: {app_id} does not exist")
        if parameters.text("secret") != defaults.OE_APP_SECRET:
            raise Refusal(40001, "secret: does not belong to this app_id")

    def _grant(self, parameters: Parameters, wanted: str) -> None:
        if parameters.has("grant_type"):
            parameters.text("grant_type", allowed=(wanted,))

    def access_token(self, parameters: Parameters) -> dict[str, Any]:
        """POST oauth2/access_token/."""
        self._check_app(parameters)
        self._grant(parameters, "auth_code")
        pair = self._tokens.authorise(parameters.text("auth_code"))
        ids = [subject["account_id"] for subject in self._directory.subjects()]
        return _issued(pair) | {"advertiser_ids": ids}

    def refresh_token(self, parameters: Parameters) -> dict[str, Any]:
        """POST oauth2/refresh_token/ (and renew_token/)."""
        self._check_app(parameters)
        self._grant(parameters, "refresh_token")
        return _issued(self._tokens.refresh(parameters.text("refresh_token")))

    def app_access_token(self, parameters: Parameters) -> dict[str, Any]:
        """POST oauth2/app_access_token/."""
        self._check_app(parameters)
        return {"access_token": "sandbox-app-access-token", "expires_in": 86_399}

    def advertiser_get(self, _parameters: Parameters) -> dict[str, Any]:
        """GET oauth2/advertiser/get/: the subjects of the authorisation, mixed; no paging."""
        return {"list": self._directory.subjects()}

    def user_info(self, _parameters: Parameters) -> dict[str, Any]:
        """GET 2/user/info/."""
        return {
            "id": 1_799_000_000_000_001,
            "display_name": "沙箱运营",
            "email": "o****@example.com",
            "app_id": int(defaults.OE_APP_ID),
            "material_auth_status": self._services.switches.oe_leads_entity_mismatch_code is None,
            "token_scope_list": list(SCOPES),
            "token_api_list": list(API_LIST),
        }


def _issued(pair: Pair) -> dict[str, Any]:
    return {
        "access_token": pair.access,
        "refresh_token": pair.refresh,
        "expires_in": int(ACCESS_LIFE.total_seconds()),
        "refresh_token_expires_in": int(REFRESH_LIFE.total_seconds()),
    }
