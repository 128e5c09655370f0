"""The two token calls of the platform, each sent once, and what their answers mean.

`oauth2/access_token` exchanges an authorisation code (10 minutes, once); `oauth2/refresh_token`
brings a new pair and kills the old one at once (official documentation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from tap_oceanengine_local.client import (
    DEVELOPER_LIMIT,
    PENALTY_SECONDS,
    PLATFORM_LIMIT,
    QUOTA,
    SYSTEM_ERRORS,
    failure,
)
from tap_oceanengine_local.errors import (
    ConfigError,
    QuotaUsedUp,
    ReauthorisationNeeded,
    RequestRefused,
)
from tap_oceanengine_local.records import read_count
from tap_oceanengine_local.token_row import Pair, is_usable
from tap_oceanengine_local.transport import Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_oceanengine_local.transport import Answer, Transport

AUTHORISE_URL: Final = "https://open.oceanengine.com/audit/oauth.html"
EXCHANGE_PATH: Final = "/open_api/oauth2/access_token/"
REFRESH_PATH: Final = "/open_api/oauth2/refresh_token/"
LATER_SECONDS: Final = 5.0
_DEAD: Final = frozenset({40102, 40103, 40105, 40107})
_LONGEST_LIFE: Final = 10 * 365 * 86_400


@dataclass(frozen=True, slots=True, repr=False)
class App:
    """The developer app: its id, its secret and where its authorisations return to."""

    app_id: str
    app_secret: str
    redirect_uri: str | None

    def link(self) -> str:
        """Return the address where a person authorises the app.

        Raises:
            ConfigError: redirect_uri is not set.
        """
        if not self.redirect_uri:
            raise ConfigError(
                "Setting redirect_uri is missing: it must equal the one registered for the app."
            )
        query = {"app_id": self.app_id, "redirect_uri": self.redirect_uri, "state": "tap"}
        return f"{AUTHORISE_URL}?{urlencode(query)}"


class Lost(Exception):  # noqa: N818  an outcome
    """A refresh was sent and no usable answer came back."""


class Later(Exception):  # noqa: N818  an outcome
    """A refresh was certainly not carried out; it may be sent again after so many seconds."""

    def __init__(self, why: str, seconds: float) -> None:
        super().__init__(why)
        self.seconds = seconds


class Dead(Exception):  # noqa: N818  an outcome
    """The platform does not take the refresh token."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.message)
        self.answer = answer


class OAuth:
    """Sends the token calls.

    Args:
        transport: Sends one request.
        app: The developer app.
        clock: Time in seconds since 1970.
    """

    def __init__(self, transport: Transport, app: App, clock: Callable[[], float]) -> None:
        self._transport = transport
        self._app = app
        self._clock = clock

    def exchange(self, code: str) -> tuple[Pair, list[int]]:
        """Exchange an authorisation code.

        Returns:
            The pair, and the ids of the authorised subjects.

        Raises:
            ReauthorisationNeeded: The code is not taken, or no answer came.
            RequestRefused: The app is not known, or not with this secret.
        """
        began = self._clock()
        try:
            answer = self._transport.exchange(
                "POST", EXCHANGE_PATH, body=self._body(auth_code=code)
            )
        except Unanswered as nothing:
            raise ReauthorisationNeeded(
                f"{EXCHANGE_PATH}: {nothing}. The code may be used up: open the link once more."
            ) from None
        _check_app(EXCHANGE_PATH, answer)
        if answer.code != 0:
            advice = "The code lives 10 minutes, once: open the link again for a new one."
            raise failure(ReauthorisationNeeded, EXCHANGE_PATH, answer, advice)
        ids = answer.data.get("advertiser_ids")
        return _pair(EXCHANGE_PATH, answer, began), ids if isinstance(ids, list) else []

    def refresh(self, token: str) -> Pair:
        """Exchange a refresh token for a new pair.

        Raises:
            Lost: It may have been carried out.
            Later: It was not carried out.
            Dead: The token is used up, ended or unknown.
            RequestRefused: The app is not known, or not with this secret.
            QuotaUsedUp: No call of the developer is answered today.
        """
        began = self._clock()
        body = self._body(refresh_token=token)
        try:
            answer = self._transport.exchange("POST", REFRESH_PATH, body=body)
        except Unanswered as nothing:
            if nothing.sent:
                raise Lost(f"{nothing}.") from None
            raise Later(f"{REFRESH_PATH}: {nothing}.", LATER_SECONDS) from None
        code = answer.code
        if code in {DEVELOPER_LIMIT, PLATFORM_LIMIT}:
            wait = PENALTY_SECONDS if code == DEVELOPER_LIMIT else LATER_SECONDS
            wait = wait if answer.retry_in is None else answer.retry_in
            raise Later(f"{REFRESH_PATH} answered code {code}.", wait)
        if code in SYSTEM_ERRORS:
            raise Lost(f"code {code}: {answer.message} (request_id {answer.request_id}).")
        if code in _DEAD:
            raise Dead(answer)
        _check_app(REFRESH_PATH, answer)
        if code != 0:
            advice = "The code is unknown here; the platform's documentation names it."
            raise failure(RequestRefused, REFRESH_PATH, answer, advice)
        return _pair(REFRESH_PATH, answer, began)

    def _body(self, **more: str) -> dict[str, Any]:
        return {"app_id": int(self._app.app_id), "secret": self._app.app_secret, **more}


def configured_seed(config: Mapping[str, Any]) -> Pair | None:
    """Return the pair in the settings, None without one.

    Raises:
        ConfigError: A token can't be one; the sentence names the setting, not its value.
    """
    access, refresh = config.get("access_token") or None, config.get("refresh_token") or None
    for name, token in (("access_token", access), ("refresh_token", refresh)):
        if token is not None and not is_usable(token):
            raise ConfigError(f"Setting {name} holds characters that no token has.")
    return Pair(access, refresh) if access or refresh else None


def _check_app(path: str, answer: Answer) -> None:
    if answer.code in QUOTA:
        advice = "The developer's calls of today are used up. The next run goes on."
        raise failure(QuotaUsedUp, path, answer, advice)
    if answer.code in {40000, 40001, 40101}:
        advice = "Check the settings app_id and app_secret against the developer console."
        raise failure(RequestRefused, path, answer, advice)


def _pair(path: str, answer: Answer, began: float) -> Pair:
    data = answer.data
    access, refresh = data.get("access_token"), data.get("refresh_token")
    if not (access and refresh and is_usable(access) and is_usable(refresh)):
        advice = "The answer holds no pair of tokens, though it says OK. Authorise again."
        raise failure(ReauthorisationNeeded, path, answer, advice)
    return Pair(
        access,
        refresh,
        _end(began, data.get("expires_in")),
        _end(began, data.get("refresh_token_expires_in")),
    )


def _end(began: float, life: object) -> int | None:
    try:
        seconds = read_count(life)
    except ValueError:
        return None
    if seconds is None or not 0 < seconds < _LONGEST_LIFE:
        return None
    return int(began) + seconds
