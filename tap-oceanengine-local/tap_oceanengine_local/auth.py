"""A valid access token, or words about how to get one.

A refresh answers with a new pair and kills the old one at once (official documentation), so it is
never repeated blindly: one refresher at a time, the new pair stored and read back before its first
use, and after a lost answer one more try at most.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from tap_oceanengine_local.client import (
    ATTEMPTS,
    DEVELOPER_LIMIT,
    PENALTY_SECONDS,
    PLATFORM_LIMIT,
    Client,
    failure,
)
from tap_oceanengine_local.errors import (
    ConfigError,
    FatalError,
    ReauthorisationNeeded,
    TokenStoreError,
)
from tap_oceanengine_local.pacing import Pacer
from tap_oceanengine_local.tokens import Authorization, Pair, TokenStore
from tap_oceanengine_local.transport import Transport, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_oceanengine_local.transport import Answer

logger = logging.getLogger(__name__)

AUTHORISE_URL: Final = "https://open.oceanengine.com/audit/oauth.html"
COMMAND: Final = "meltano invoke tap-oceanengine-local:authorize"
EXCHANGE_PATH: Final = "/open_api/oauth2/access_token/"
REFRESH_PATH: Final = "/open_api/oauth2/refresh_token/"
REFRESH_BEFORE_SECONDS: Final = 3600
WARN_DAYS: Final = 7
DAY_SECONDS: Final = 86_400
_UNREACHABLE_WAIT: Final = 5.0
_DEAD: Final = frozenset({40103, 40107})
_SYSTEM_ERRORS: Final = range(50000, 60000)


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


class _Lost(Exception):  # noqa: N818  an outcome
    """A refresh was sent and no usable answer came back."""


class _Later(Exception):  # noqa: N818  an outcome
    """A refresh was certainly not carried out; it may be sent again after a while."""

    def __init__(self, why: str, seconds: float) -> None:
        super().__init__(why)
        self.seconds = seconds


class StoredTokens:
    """The tokens of one authorisation, kept in a store and renewed when due; thread-safe.

    Args:
        transport: Sends the token requests.
        store: Where the pair lives.
        authorization: Which row of the store.
        app: The developer app.
        seed: The configured pair, if any; taken when the store never saw it.
        clock: Time in seconds since 1970.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        *,
        transport: Transport,
        store: TokenStore,
        authorization: Authorization,
        app: App,
        seed: Pair | None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.store = store
        self.authorization = authorization
        self.app = app
        self._transport = transport
        self._seed = seed
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._current: Pair | None = None

    def access_token(self) -> str:
        """Return a token that lives for an hour at least, as far as its end is known.

        Raises:
            ReauthorisationNeeded: There is no pair, or it can't be renewed.
            TokenStoreError: The store can't be used.
        """
        with self._lock:
            pair = self._current or self._load()
            if pair.access_token is None or self._ends_soon(pair):
                pair = self._refresh(pair)
            return _token(pair)

    def renew(self, refused: str) -> str:
        """Return a newer token than one the platform has refused; see `access_token`."""
        with self._lock:
            pair = self._current or self._load()
            if pair.access_token != refused:
                return _token(pair)
            return _token(self._refresh(pair))

    def refresh(self) -> Pair:
        """Renew the pair now; see `access_token`."""
        with self._lock:
            return self._refresh(self._current or self._load())

    def authorise(self, code: str) -> list[int]:
        """Exchange an authorisation code (10 minutes, once) and store the pair.

        Returns:
            Ids of the authorised subjects.

        Raises:
            ReauthorisationNeeded: The platform refuses the code, or no answer came.
            TokenStoreError: The store can't be used.
        """
        self.store.check()
        body = {"app_id": int(self.app.app_id), "secret": self.app.app_secret, "auth_code": code}
        try:
            answer = self._transport.exchange("POST", EXCHANGE_PATH, body=body)
        except Unanswered as nothing:
            raise ReauthorisationNeeded(
                f"{EXCHANGE_PATH}: {nothing}. The code may be used up: authorise once more."
            ) from None
        if answer.code != 0:
            advice = "The code lives 10 minutes, once: open the link again for a new one."
            raise failure(ReauthorisationNeeded, EXCHANGE_PATH, answer, advice)
        self.keep(self._pair(answer))
        ids = answer.data.get("advertiser_ids")
        return ids if isinstance(ids, list) else []

    def keep(self, pair: Pair) -> None:
        """Store a pair in place of the one before, and put the configured seed aside.

        Raises:
            TokenStoreError: The store can't be used.
        """
        with self.store.exclusive(self.authorization) as row:
            row.put(pair, self._clock())
            row.mark_seen(pair)
            if self._seed is not None:
                row.mark_seen(self._seed)
        self._current = self._read_back(pair)

    def refresh_days_left(self) -> int | None:
        """Return whole days that the refresh token still lives, None when unknown."""
        ends = self._current.refresh_expires_at if self._current else None
        return None if ends is None else int(max(0.0, ends - self._clock()) // DAY_SECONDS)

    def reauthorisation(self, why: str, answer: Answer) -> ReauthorisationNeeded:
        """Return the error that tells a person how to authorise again."""
        return failure(ReauthorisationNeeded, REFRESH_PATH, answer, f"{why}. {self._advice()}")

    def _load(self) -> Pair:
        with self.store.exclusive(self.authorization) as row:
            pair = row.pair()
            if self._seed is not None and not row.has_seen(self._seed):
                pair = self._seed
                row.put(pair, self._clock())
                row.mark_seen(pair)
        if pair is None:
            raise ReauthorisationNeeded(f"There is no token yet. {self._advice()}")
        self._current = pair
        self._warn_in_time()
        return pair

    def _refresh(self, stale: Pair) -> Pair:
        lost: _Lost | None = None
        for _ in range(ATTEMPTS):
            try:
                return self._refresh_once(stale)
            except _Later as later:
                logger.warning("%s Asking again in %.0f s.", later, later.seconds)
                self._sleep(later.seconds)
            except _Lost as error:
                if lost is not None:
                    raise ReauthorisationNeeded(
                        f"{REFRESH_PATH}: {error} Two refreshes went without an answer; the "
                        f"platform may have replaced the tokens. {self._advice()}"
                    ) from None
                lost = error
        raise FatalError(f"{REFRESH_PATH}: the platform can't be reached. Run again later.")

    def _refresh_once(self, stale: Pair) -> Pair:
        with self.store.exclusive(self.authorization) as row:
            pair = row.pair()
            if pair is None or pair == stale:
                pair = self._exchange(stale)
                row.put(pair, self._clock())
        self._current = self._read_back(pair)
        self._warn_in_time()
        return self._current

    def _exchange(self, stale: Pair) -> Pair:
        if stale.refresh_token is None:
            raise ReauthorisationNeeded(
                f"The access token has ended and there is no refresh token. {self._advice()}"
            )
        body = {
            "app_id": int(self.app.app_id),
            "secret": self.app.app_secret,
            "refresh_token": stale.refresh_token,
        }
        try:
            answer = self._transport.exchange("POST", REFRESH_PATH, body=body)
        except Unanswered as nothing:
            if nothing.sent:
                raise _Lost(f"{nothing}.") from None
            raise _Later(f"{REFRESH_PATH}: {nothing}.", _UNREACHABLE_WAIT) from None
        if answer.code in {DEVELOPER_LIMIT, PLATFORM_LIMIT}:
            wait = PENALTY_SECONDS if answer.code == DEVELOPER_LIMIT else _UNREACHABLE_WAIT
            wait = wait if answer.retry_in is None else answer.retry_in
            raise _Later(f"{REFRESH_PATH} answered code {answer.code}.", wait)
        if answer.code in _SYSTEM_ERRORS:
            raise _Lost(f"code {answer.code}: {answer.message} (request_id {answer.request_id}).")
        if answer.code in _DEAD:
            raise self.reauthorisation("The refresh token is used up or has ended", answer)
        if answer.code != 0:
            raise self.reauthorisation("The refresh was refused; check app_id and secret", answer)
        return self._pair(answer)

    def _pair(self, answer: Answer) -> Pair:
        data, now = answer.data, self._clock()
        access, refresh = data.get("access_token"), data.get("refresh_token")
        if not isinstance(access, str) or not isinstance(refresh, str):
            raise self.reauthorisation("The answer holds no pair of tokens", answer)
        return Pair(
            access,
            refresh,
            _end(now, data.get("expires_in")),
            _end(now, data.get("refresh_token_expires_in")),
        )

    def _read_back(self, pair: Pair) -> Pair:
        stored = self.store.read(self.authorization)
        if stored is None:
            raise TokenStoreError(
                f"The token store {self.store.place} did not keep the new pair. {self._advice()}"
            )
        return pair if stored == pair else stored

    def _ends_soon(self, pair: Pair) -> bool:
        ends = pair.access_expires_at
        return ends is not None and ends - self._clock() < REFRESH_BEFORE_SECONDS

    def _warn_in_time(self) -> None:
        days = self.refresh_days_left()
        if days is not None and days < WARN_DAYS:
            logger.warning(
                "The refresh token ends in %d day(s): authorise again in time. %s",
                days,
                self._advice(),
                extra={"kind": "refresh_token_ending", "days_left": days},
            )

    def _advice(self) -> str:
        try:
            how = f"Open {self.app.link()}, tick all accounts, then run `{COMMAND} --code CODE`."
        except ConfigError:
            how = f"Set redirect_uri, then run `{COMMAND}`."
        if self.store.existed:
            return how
        return f"{how} No token store was found at {self.store.place}; is this the right folder?"


def _token(pair: Pair) -> str:
    if pair.access_token is None:  # pragma: no cover  a refreshed pair has one
        raise TypeError("a pair without access token was not renewed")
    return pair.access_token


def _end(now: float, seconds: object) -> int | None:
    return int(now) + int(seconds) if isinstance(seconds, int | float) else None


def build_tokens(config: Mapping[str, Any], transport: Transport) -> StoredTokens:
    """Return the tokens that the settings describe.

    Raises:
        ConfigError: app_id, app_secret or token_store_uri is missing or wrong.
    """
    for name in ("app_id", "app_secret"):
        if not config.get(name):
            raise ConfigError(f"Setting {name} is missing: it belongs to the app of the platform.")
    base = Path(os.environ.get("MELTANO_PROJECT_ROOT") or Path.cwd())
    app = App(str(config["app_id"]), str(config["app_secret"]), config.get("redirect_uri"))
    access, refresh = config.get("access_token") or None, config.get("refresh_token") or None
    return StoredTokens(
        transport=transport,
        store=TokenStore(config["token_store_uri"], base),
        authorization=Authorization(transport.api_url, app.app_id, config["authorization"]),
        app=app,
        seed=Pair(access, refresh) if access or refresh else None,
    )


def build_client(config: Mapping[str, Any]) -> Client:
    """Return the client that the settings describe.

    Args:
        config: Settings as JSON values, defaults filled in.

    Raises:
        ConfigError: A setting is missing or wrong.
    """
    transport = Transport(
        config["api_url"],
        timeout=config["request_timeout_seconds"],
        pool=config["max_parallel_requests"],
    )
    tokens = build_tokens(config, transport)
    return Client(transport, tokens=tokens, pacer=Pacer(config["requests_per_second"]))
