"""Calls that are sure to end: tenant token, retries, and what each code means.

Bounds per call: 8 attempts and 5 minutes of waiting. A call that changes rows is only repeated when
the platform says that nothing happened; else `UnknownOutcome` makes the caller look first.
"""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tenacity import Retrying, retry_if_exception_type

from target_feishu_bitable.codes import (
    BUSY,
    GATEWAY_LIMIT,
    HEAVY,
    LATE,
    TOKEN_REFUSED,
    UNKNOWN,
    meaning,
)
from target_feishu_bitable.errors import (
    AccessError,
    ApiError,
    BadBatch,
    TooMuch,
    Unavailable,
    UnknownOutcome,
)
from target_feishu_bitable.transport import TooLong, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenacity import RetryCallState

    from target_feishu_bitable.errors import TargetError
    from target_feishu_bitable.transport import Answer, Method, Transport

logger = logging.getLogger(__name__)
T = TypeVar("T")

TOKEN_PATH: Final = "/open-apis/auth/v3/tenant_access_token/internal"  # noqa: S105  a path
ATTEMPTS: Final = 8
WAITING_SECONDS: Final = 300.0
TOKEN_SPARE_SECONDS: Final = 600
_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 60.0
_WRONG_ADDRESS: Final = frozenset(range(400, 500)) - {408, 429}
"""HTTP statuses of an answer without the platform's envelope that no repetition would change."""
_TOO_LARGE: Final = 413
_SERVER_ERROR: Final = 500


class _Again(Exception):  # noqa: N818  a wish, not a fault
    """Ask again later."""

    def __init__(
        self, failure: TargetError, wait: float | None = None, most: int = ATTEMPTS
    ) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.wait = wait
        self.most = most


class Session:
    """Calls to one tenant as one app.

    Args:
        transport: Sends one request.
        app_id: The app.
        app_secret: Its secret.
        clock: Time in seconds.
        sleep: Waits so many seconds.
        rng: Randomness of the waits.

    Attributes:
        token_requests: Requests sent so far for a token.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        app_id: str,
        app_secret: str,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        rng: random.Random | None = None,
    ) -> None:
        self.transport = transport
        self.sleep = sleep
        self.clock = clock
        self._app = {"app_id": app_id, "app_secret": app_secret}
        self._rng = rng or random.Random()  # noqa: S311  no secret depends on it
        self._token: str | None = None
        self._token_ends = 0.0
        self.token_requests = 0

    def call(
        self,
        method: Method,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        writes: bool = False,
        fresh: bool = False,
    ) -> dict[str, Any]:
        """Carry out one call and return the answer's `data`.

        Args:
            method: HTTP method.
            path: Path without host.
            query: Query parameters.
            body: JSON body.
            writes: The call changes something: an unclear outcome is told, not repeated.
            fresh: It concerns something created seconds ago: "not found" is waited out.

        Raises:
            TargetError: See errors.py; the message carries code and log id.
        """

        def attempt() -> dict[str, Any]:
            answer = self._send(method, path, query, body, writes=writes)
            if answer.code == 0:
                return answer.data
            raise self._verdict(method, path, answer, writes=writes, fresh=fresh)

        return self._bounded(attempt)

    def _bounded(self, attempt: Callable[[], T]) -> T:
        retrying = Retrying(
            retry=retry_if_exception_type(_Again),
            wait=self._wait_before_next,
            stop=_is_enough,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except _Again as again:
            raise again.failure from None

    def check_credentials(self) -> None:
        """Fetch a token.

        Raises:
            AccessError: app_id or app_secret is wrong.
        """
        self._bounded(self._valid_token)

    def _valid_token(self) -> str:
        if self._token is None or self.clock() >= self._token_ends:
            self._fetch_token()
        return str(self._token)

    def _fetch_token(self) -> None:
        self.token_requests += 1
        try:
            answer = self.transport.exchange("POST", TOKEN_PATH, body=self._app)
        except Unanswered as nothing:
            raise _lost("POST", TOKEN_PATH, nothing, writes=False) from None
        if answer.code != 0:
            raise self._verdict("POST", TOKEN_PATH, answer, writes=False, fresh=False)
        token, seconds = answer.body.get("tenant_access_token"), answer.body.get("expire")
        if not isinstance(token, str) or not isinstance(seconds, int):
            raise AccessError(f"{TOKEN_PATH} answered without a token (log id {answer.log_id}).")
        self._token = token
        self._token_ends = self.clock() + max(60, seconds - TOKEN_SPARE_SECONDS)

    def _send(
        self,
        method: Method,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        *,
        writes: bool,
    ) -> Answer:
        for renewed in (False, True):
            token = self._valid_token()
            try:
                answer = self.transport.exchange(method, path, query=query, body=body, token=token)
            except Unanswered as nothing:
                raise _lost(method, path, nothing, writes=writes) from None
            if answer.code not in TOKEN_REFUSED or renewed:
                return answer
            self._token = None
        raise AssertionError("unreachable")  # pragma: no cover  the loop returns

    def _verdict(
        self, method: str, path: str, answer: Answer, *, writes: bool, fresh: bool
    ) -> TargetError | _Again:
        code = answer.code
        if code == GATEWAY_LIMIT:
            return _Again(failure(Unavailable, method, path, answer), answer.retry_in)
        if code in HEAVY:
            return _Again(failure(TooMuch, method, path, answer), most=HEAVY[code])
        if code in BUSY or (fresh and code in LATE) or (code in UNKNOWN and not writes):
            return _Again(failure(Unavailable, method, path, answer))
        kind, advice = meaning(code)
        if not writes and kind in (BadBatch, UnknownOutcome):
            kind = ApiError  # the caller would take it for the word on a write around this read
        if kind is ApiError and answer.status >= _SERVER_ERROR:
            # A code that says nothing: the status does.
            if writes:
                return failure(UnknownOutcome, method, path, answer)
            return _Again(failure(Unavailable, method, path, answer))
        return failure(kind, method, path, answer, advice)

    def _wait_before_next(self, state: RetryCallState) -> float:
        again = _again(state)
        if again.wait is not None:
            wait = again.wait
        else:
            longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (state.attempt_number - 1))
            wait = longest * (0.5 + self._rng.random() / 2)
        logger.warning("%s Asking again in %.1f s.", again, wait)
        return wait


def failure(
    kind: type[TargetError], method: str, path: str, answer: Answer, advice: str = ""
) -> TargetError:
    """Return an error about a refusing answer, with everything the vendor's support asks for."""
    message = answer.message.strip().rstrip(".。") or "no message"
    text = f"{method} {path} answered code {answer.code}: {message} (log id {answer.log_id})."
    return kind(f"{text} {advice}".strip(), code=answer.code, log_id=answer.log_id)


def _lost(method: str, path: str, nothing: Unanswered, *, writes: bool) -> TargetError | _Again:
    text = f"{method} {path}: {nothing}."
    if nothing.status == _TOO_LARGE or (isinstance(nothing, TooLong) and not writes):
        return TooMuch(text)
    if nothing.status in _WRONG_ADDRESS:
        return ApiError(f"{text} Check the setting api_url.")
    if writes and nothing.sent:
        return UnknownOutcome(text)
    return _Again(Unavailable(text))


def _is_enough(state: RetryCallState) -> bool:
    return (
        state.attempt_number >= _again(state).most
        or state.idle_for + state.upcoming_sleep > WAITING_SECONDS
    )


def _again(state: RetryCallState) -> _Again:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, _Again):  # pragma: no cover  the policy retries nothing else
        raise TypeError(f"unexpected outcome of a call: {error!r}")
    return error
