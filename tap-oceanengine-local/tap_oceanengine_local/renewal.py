"""From a stale pair of tokens to the next one, at most once.

A refresh kills the old pair at once, so it is never repeated blindly: one refresher at a time (the
store's lock is held over the call), a note before it and the new pair stored and read back behind
it, and after a lost answer one more try at most.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from concurrent.futures import Future
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tap_oceanengine_local.client import ATTEMPTS, WAITING_SECONDS_LIMITED, failure
from tap_oceanengine_local.errors import FatalError, ReauthorisationNeeded, TokenStoreError
from tap_oceanengine_local.oauth import LATER_SECONDS, REFRESH_PATH, Dead, Later, Lost
from tap_oceanengine_local.token_row import Attempt
from tap_oceanengine_local.windows import ZONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_oceanengine_local.oauth import OAuth
    from tap_oceanengine_local.token_row import Authorization, Pair
    from tap_oceanengine_local.tokens import TokenStore

logger = logging.getLogger(__name__)

_RESCUE_SECONDS: Final = (1.0, 4.0, 15.0)


class Renewal:
    """Renews the pair of one authorisation.

    Args:
        oauth: Sends the token calls.
        store: Where the pair lives.
        authorization: Which row of the store.
        advice: What a person does to authorise again.
        clock: Time in seconds since 1970.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        oauth: OAuth,
        store: TokenStore,
        authorization: Authorization,
        *,
        advice: Callable[[], str],
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._oauth = oauth
        self._store = store
        self._authorization = authorization
        self._advice = advice
        self._clock = clock
        self._sleep = sleep

    def refresh(self, stale: Pair) -> Pair:
        """Return the pair that follows one; another process may have brought it already.

        Raises:
            ReauthorisationNeeded: No newer pair can be had without a person.
            TokenStoreError: The store can't be used.
            FatalError: The platform can't be asked now.
        """
        try:
            return self._refresh(stale)
        except ReauthorisationNeeded:
            newer = self._store.read(self._authorization)  # a refusal takes time, too
            if newer is None or newer == stale:
                raise
            return newer

    def _refresh(self, stale: Pair) -> Pair:
        lost: Lost | None = None
        waited = 0.0
        for _ in range(ATTEMPTS):
            try:
                return self._refresh_once(stale, lost)
            except Later as later:
                waited += later.seconds
                if waited > WAITING_SECONDS_LIMITED:
                    break
                logger.warning("%s Asking again in %.0f s.", later, later.seconds)
                self._sleep(later.seconds)
            except Lost as error:
                if lost is not None:
                    raise ReauthorisationNeeded(
                        f"{REFRESH_PATH}: {error} Two refreshes went without an answer; the "
                        f"platform may have replaced the tokens. {self._advice()}"
                    ) from None
                lost = error
                logger.warning("%s: %s Asking again once.", REFRESH_PATH, error)
                self._sleep(LATER_SECONDS)
        raise FatalError(
            f"{REFRESH_PATH}: the tokens can't be renewed now, the platform is busy or not "
            "reachable. They are still valid: run again later."
        )

    def _refresh_once(self, stale: Pair, lost: Lost | None) -> Pair:
        mine = Attempt(int(self._clock()), f"{socket.gethostname()}:{os.getpid()}")
        with self._store.exclusive(self._authorization) as row:
            newer = row.pair()
            if newer is not None and newer != stale:
                return newer
            if stale.refresh_token is None:
                raise ReauthorisationNeeded(
                    f"The access token has ended and there is no refresh token. {self._advice()}"
                )
            row.begin_refresh(row.unanswered() or mine)
        try:
            pair = _undisturbed(lambda: self._exchange(stale, str(stale.refresh_token)))
        except Dead as dead:
            why = _what_happened(None if lost is None else mine, self._settle(mine))
            advice = f"The refresh token is used up or has ended.{why} {self._advice()}"
            raise failure(ReauthorisationNeeded, REFRESH_PATH, dead.answer, advice) from None
        except TokenStoreError:
            raise
        except (Later, FatalError):
            self._settle(mine)
            raise
        return self.read_back(pair)

    def _exchange(self, stale: Pair, refresh_token: str) -> Pair:
        fresh: Pair | None = None
        try:
            with self._store.exclusive(self._authorization) as row:
                pair = row.pair()
                if pair is not None and pair != stale:
                    return pair
                fresh = self._oauth.refresh(refresh_token)
                row.put(fresh, self._clock())
        except TokenStoreError:
            if fresh is None:
                raise
            self._rescue(fresh)
        return fresh

    def _rescue(self, pair: Pair) -> None:
        """Store a pair whose transaction broke: nobody else has it, and the old one is dead."""
        for seconds in _RESCUE_SECONDS:
            self._sleep(seconds)
            try:
                with self._store.exclusive(self._authorization) as row:
                    row.put(pair, self._clock())
            except TokenStoreError as error:
                failed = error
            else:
                return
        raise TokenStoreError(
            f"The platform gave a new pair of tokens, which could not be stored. {failed} The old "
            f"pair is dead. {self._advice()}"
        )

    def _settle(self, mine: Attempt) -> Attempt | None:
        """Drop the note of this refresh, whose outcome is known; return one of another before."""
        with self._store.exclusive(self._authorization) as row:
            note = row.unanswered()
            if note != mine:
                return note
            row.end_refresh()
            return None

    def read_back(self, pair: Pair) -> Pair:
        """Return the pair as the store has it: what was not kept is not used.

        Raises:
            TokenStoreError: The store has none.
        """
        stored = self._store.read(self._authorization)
        if stored is None:
            raise TokenStoreError(
                f"The token store {self._store.place} did not keep the new pair. {self._advice()}"
            )
        return pair if stored == pair else stored


def _undisturbed(work: Callable[[], Pair]) -> Pair:
    """Work in a thread of its own: a signal that ends the main thread does not cut it in two."""
    outcome: Future[Pair] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001  handed to the caller as it is
            outcome.set_exception(error)

    threading.Thread(target=run, name="request-token").start()
    return outcome.result()


def _what_happened(lost: Attempt | None, before: Attempt | None) -> str:
    attempt = before or lost
    if attempt is None:
        return ""
    when = datetime.fromtimestamp(attempt.at, ZONE).isoformat(sep=" ", timespec="seconds")
    return (
        f" A refresh begun at {when} by {attempt.by} has not brought its new pair here: when that "
        "process died or its answer was lost, the tokens went with it."
    )
