"""A valid access token, or words about how to get one.

A refresh is never repeated blindly: one refresher at a time, the new pair stored and read back
before its first use, and after a lost answer one more try at most.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tap_oceanengine_local.client import Client, failure
from tap_oceanengine_local.errors import ConfigError, ReauthorisationNeeded
from tap_oceanengine_local.oauth import App, OAuth, configured_seed
from tap_oceanengine_local.pacing import Pacer
from tap_oceanengine_local.renewal import Renewal
from tap_oceanengine_local.token_row import Authorization, Kept
from tap_oceanengine_local.tokens import TokenStore
from tap_oceanengine_local.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_oceanengine_local.token_row import Pair, Row
    from tap_oceanengine_local.transport import Answer

logger = logging.getLogger(__name__)

COMMAND: Final = "meltano invoke tap-oceanengine-local:authorize"
REFRESH_BEFORE_SECONDS: Final = 3600
WARN_DAYS: Final = 7
DAY_SECONDS: Final = 86_400


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
        self._oauth = OAuth(transport, app, clock)
        self._renewal = Renewal(
            self._oauth, store, authorization, advice=self.advice, clock=clock, sleep=sleep
        )
        self._seed = seed
        self._clock = clock
        self._lock = threading.Lock()
        self._current: Pair | None = None
        self._renewed_at: float | None = None

    def access_token(self) -> str:
        """Return a token that lives for an hour at least, as far as its end is known.

        Raises:
            ReauthorisationNeeded: There is no pair, or it can't be renewed.
            TokenStoreError: The store can't be used.
        """
        with self._lock:
            pair = self._current or self._load()
            if pair.access_token is None or self._ends_soon(pair):
                pair = self._adopt(self._renewal.refresh(pair))
            return _token(pair)

    def renew(self, refused: str) -> str:
        """Return a newer token than one the platform has refused; see `access_token`."""
        with self._lock:
            pair = self._current or self._load()
            if pair.access_token != refused:
                return _token(pair)
            return _token(self._adopt(self._renewal.refresh(pair)))

    def newer(self, refused: str) -> str | None:
        """Return what stands in a refused token's place meanwhile, None when nothing does."""
        with self._lock:
            pair = self._current
            if pair is None or pair.access_token == refused:
                pair = self.store.read(self.authorization)
                if pair is None or pair.access_token in {None, refused}:
                    return None
                self._adopt(pair)
            return pair.access_token

    def refresh(self) -> Pair:
        """Renew the pair now; see `access_token`."""
        with self._lock:
            return self._adopt(self._renewal.refresh(self._current or self._load()))

    def authorise(self, code: str) -> list[int]:
        """Exchange an authorisation code (10 minutes, once) and store the pair.

        Returns:
            Ids of the authorised subjects.

        Raises:
            ReauthorisationNeeded: The platform refuses the code, or no answer came.
            RequestRefused: The app is not known, or not with this secret.
            TokenStoreError: The store can't be used.
        """
        self.store.check(self.authorization)
        # Held over the exchange, so that nobody renews the pair that it kills.
        with self.store.exclusive(self.authorization) as row:
            pair, subjects = self._oauth.exchange(code)
            self._put(row, pair)
        self._current = self._renewal.read_back(pair)
        return subjects

    def keep(self, pair: Pair) -> None:
        """Store a pair in place of the one before, and put the configured seed aside.

        Raises:
            TokenStoreError: The store can't be used.
        """
        with self.store.exclusive(self.authorization) as row:
            self._put(row, pair)
        self._current = self._renewal.read_back(pair)

    @property
    def current(self) -> Pair | None:
        """The pair in use, None before the first use."""
        return self._current

    @property
    def has_seed(self) -> bool:
        """Whether the settings hold a pair."""
        return self._seed is not None

    def look(self, seed: Pair | None = None) -> Kept | None:
        """Return what the store holds, without changing it; None when there is no store.

        Args:
            seed: A pair to look for among those taken before, else the configured one.

        Raises:
            TokenStoreError: The store can't be used.
        """
        if not self.store.exists:
            return None
        with self.store.exclusive(self.authorization) as row:
            wanted = seed or self._seed
            seen = wanted is not None and row.has_seen(wanted)
            return Kept(row.pair(), row.stored_at(), row.unanswered(), has_seen=seen)

    def refresh_days_left(self) -> int | None:
        """Return whole days that the refresh token still lives, None when unknown."""
        ends = self._current.refresh_expires_at if self._current else None
        return None if ends is None else int(max(0.0, ends - self._clock()) // DAY_SECONDS)

    def reauthorisation(self, path: str, answer: Answer, why: str) -> ReauthorisationNeeded:
        """Return the error that tells a person how to authorise again."""
        return failure(ReauthorisationNeeded, path, answer, f"{why} {self.advice()}")

    def advice(self) -> str:
        """Return what a person does to authorise again."""
        try:
            how = (
                f"Open {self.app.link()} , tick all accounts again (a new authorisation replaces "
                f"the old selection), then run `{COMMAND} --code 'CALLBACK LINK'`."
            )
        except ConfigError:
            how = f"Set redirect_uri, then run `{COMMAND}`."
        if self.store.existed:
            return how
        tokens = (
            "so the configured tokens were used"
            if self.has_seed
            else "and no tokens are configured"
        )
        return (
            f"{how} No token store was found at {self.store.place}, {tokens}: is this the right "
            "project and place?"
        )

    def _load(self) -> Pair:
        with self.store.exclusive(self.authorization) as row:
            pair = row.pair()
            if self._seed is not None and not row.has_seen(self._seed):
                pair = self._seed
                row.put(pair, self._clock())
        if pair is None:
            raise ReauthorisationNeeded(f"There is no token yet. {self.advice()}")
        self._current = pair
        self._warn_in_time()
        return pair

    def _put(self, row: Row, pair: Pair) -> None:
        row.put(pair, self._clock())
        if self._seed is not None:
            row.mark_seen(self._seed)

    def _adopt(self, pair: Pair) -> Pair:
        self._current, self._renewed_at = pair, self._clock()
        self._warn_in_time()
        return pair

    def _ends_soon(self, pair: Pair) -> bool:
        ends, since = pair.access_expires_at, self._renewed_at
        if ends is None:
            return False
        # A life of an hour or less would be renewed with every request.
        rest = REFRESH_BEFORE_SECONDS if since is None else (ends - since) / 2
        return ends - self._clock() < min(rest, REFRESH_BEFORE_SECONDS)

    def _warn_in_time(self) -> None:
        days = self.refresh_days_left()
        if days is not None and days < WARN_DAYS:
            logger.warning(
                "The refresh token ends in %d day(s): authorise again in time. %s",
                days,
                self.advice(),
                extra={"kind": "refresh_token_ending", "days_left": days},
            )


def _token(pair: Pair) -> str:
    if pair.access_token is None:  # pragma: no cover  a refreshed pair has one
        raise TypeError("a pair without access token was not renewed")
    return pair.access_token


def build_tokens(
    config: Mapping[str, Any],
    transport: Transport,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> StoredTokens:
    """Return the tokens that the settings describe.

    Raises:
        ConfigError: app_id, app_secret, a token or token_store_uri is missing or wrong.
    """
    for name in ("app_id", "app_secret"):
        if not config.get(name):
            raise ConfigError(f"Setting {name} is missing: it belongs to the app of the platform.")
    base = Path(os.environ.get("MELTANO_PROJECT_ROOT") or Path.cwd())
    app = App(str(config["app_id"]), str(config["app_secret"]), config.get("redirect_uri"))
    return StoredTokens(
        transport=transport,
        store=TokenStore(config["token_store_uri"], base),
        authorization=Authorization(transport.api_url, app.app_id, config["authorization"]),
        app=app,
        seed=configured_seed(config),
        clock=clock,
        sleep=sleep,
    )


def build_transport(config: Mapping[str, Any]) -> Transport:
    """Return the transport that the settings describe.

    Raises:
        ConfigError: api_url is wrong.
    """
    return Transport(
        config["api_url"],
        timeout=config["request_timeout_seconds"],
        pool=config["max_parallel_requests"],
    )


def build_client(config: Mapping[str, Any], *, clock: Callable[[], float] = time.time) -> Client:
    """Return the client that the settings describe; opens neither network nor store.

    Args:
        config: Settings as JSON values, defaults filled in.
        clock: Time in seconds since 1970.

    Raises:
        ConfigError: A setting is missing or wrong.
    """
    transport = build_transport(config)
    tokens = build_tokens(config, transport, clock=clock)
    return Client(transport, tokens=tokens, pacer=Pacer(config["requests_per_second"]))
