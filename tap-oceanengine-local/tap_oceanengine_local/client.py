"""The one place that asks the platform: token, pace, retries, and what each code means.

What to do about a code is the table of `_verdict`. Bounds per request: 8 attempts and 5 minutes of
waiting, 10 minutes where the platform's own penalty is 5 (developer limit, code 40110); half a
minute for what the run can do without; one attempt while nobody is answered (`outage`).
"""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from tap_oceanengine_local.errors import (
    AccessDenied,
    AccountError,
    PlatformUnavailable,
    QuotaUsedUp,
    RequestRefused,
    TapError,
)
from tap_oceanengine_local.outage import Outage
from tap_oceanengine_local.transport import Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenacity import RetryCallState

    from tap_oceanengine_local.errors import ReauthorisationNeeded
    from tap_oceanengine_local.pacing import Pacer
    from tap_oceanengine_local.transport import Answer, Transport

logger = logging.getLogger(__name__)

E = TypeVar("E", bound=TapError)

ATTEMPTS: Final = 8
WAITING_SECONDS: Final = 300.0
WAITING_SECONDS_LIMITED: Final = 600.0
WAITING_SECONDS_OPTIONAL: Final = 30.0
PENALTY_SECONDS: Final = 300.0
"""How long a developer who was too fast is held back (code 40110), when no header says it."""
_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 60.0

DEVELOPER_LIMIT: Final = 40110
PLATFORM_LIMIT: Final = 40100
TOKEN_EXPIRED: Final = frozenset({40102, 40105})
_REAUTHORISE: Final = frozenset({40103, 40107})
_DENIED: Final = frozenset({40002, 40119, 40130})
_REFUSED: Final = frozenset({40000, 40001, 40003, 40101, 40104, 40106, 40108, 40109, 40113, 40118})
QUOTA: Final = frozenset({61002, 61003})
SYSTEM_ERRORS: Final = range(50000, 60000)
_STILL_REFUSED: Final = "The access token is refused, also after it was renewed."


class TokenSource(Protocol):
    """Where valid access tokens come from."""

    def access_token(self) -> str:
        """Return a token that is valid for a while."""
        ...

    def renew(self, refused: str) -> str:
        """Return a newer token than one the platform has refused."""
        ...

    def newer(self, refused: str) -> str | None:
        """Return what stands in a refused token's place meanwhile, None when nothing does."""
        ...

    def refresh_days_left(self) -> int | None:
        """Return whole days that the refresh token still lives, None when unknown."""
        ...

    def reauthorisation(self, path: str, answer: Answer, why: str) -> ReauthorisationNeeded:
        """Return the error that tells a person how to authorise again."""
        ...


class _Again(Exception):  # noqa: N818  a wish, not a fault
    """Ask again later."""

    def __init__(self, failure: TapError, wait: float | None = None) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.wait = wait


class Client:
    """Asks the platform; thread-safe.

    Args:
        transport: Sends one request.
        tokens: Source of access tokens; None asks without any.
        pacer: Bounds on the request rate.
        sleep: Waits so many seconds.
        rng: Randomness of the waits, so that several runs do not return in step.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        tokens: TokenSource | None,
        pacer: Pacer,
        sleep: Callable[[float], None] = time.sleep,
        rng: random.Random | None = None,
    ) -> None:
        self.tokens = tokens
        self._transport = transport
        self._pacer = pacer
        self._rng = rng or random.Random()  # noqa: S311  no secret depends on it
        self._sleep = sleep
        self._outage = Outage()

    @property
    def requests(self) -> int:
        """Requests sent so far, repeated ones and those of the token renewal included."""
        return self._transport.requests

    def get(self, path: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Ask with GET.

        Args:
            path: Path without host, e.g. `/open_api/v3.0/local/report/promotion/get/`.
            params: Query: texts raw, everything else as JSON text.

        Returns:
            The answer's `data`, `{}` when it has none. Ids are exact integers.

        Raises:
            FatalError: The run can't go on.
            AccountError: This request's account can't be read.
        """
        return self._ask("GET", path, params)

    def try_get(self, path: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for what the run can do without: soon given up, no sign of an outage. See `get`."""
        if self._pacer.rest_left(path) > WAITING_SECONDS_OPTIONAL:
            raise PlatformUnavailable(f"{path} rests, the developer's request rate is used up.")
        return self._ask("GET", path, params, optional=True)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Ask with POST and a JSON body; only for calls that change nothing. See `get`."""
        return self._ask("POST", path, body)

    def _ask(
        self,
        method: Literal["GET", "POST"],
        path: str,
        values: Mapping[str, Any],
        *,
        optional: bool = False,
    ) -> dict[str, Any]:
        enough = _is_enough_optional if optional else _is_enough
        retrying = Retrying(
            retry=retry_if_exception_type(_Again),
            wait=self._wait_before_next,
            stop=stop_after_attempt(1) if self._outage.is_suspected else enough,
            sleep=self._sleep,
            before_sleep=_say,
            reraise=True,
        )
        refused: set[str] = set()
        answers = self._outage.answers
        try:
            data = retrying(self._attempt, method, path, values, refused)
        except _Again as again:
            if optional:
                raise again.failure from None
            limited = again.wait is not None
            error = self._outage.gave_up(values, answers, again.failure, hits_all=limited)
            raise error from None
        except AccountError:
            self._outage.answered()
            raise
        self._outage.answered()
        return data

    def _attempt(
        self,
        method: Literal["GET", "POST"],
        path: str,
        values: Mapping[str, Any],
        refused: set[str],
    ) -> dict[str, Any]:
        token = self.tokens.access_token() if self.tokens else None
        answer = self._send(method, path, values, token)
        while answer.code in TOKEN_EXPIRED and token is not None and self.tokens is not None:
            # Renewed once; after that another process may still have renewed it in between.
            newer = self.tokens.newer(token) if refused else self.tokens.renew(token)
            refused.add(token)
            if newer is None or newer in refused or len(refused) >= ATTEMPTS:
                raise self.tokens.reauthorisation(path, answer, _STILL_REFUSED)
            token = newer
            answer = self._send(method, path, values, token)
        if answer.code == 0:
            return answer.data
        if answer.code in _REAUTHORISE and self.tokens is not None:
            raise self.tokens.reauthorisation(path, answer, "The authorisation has ended.")
        raise _verdict(path, answer, self._pacer)

    def _send(
        self,
        method: Literal["GET", "POST"],
        path: str,
        values: Mapping[str, Any],
        token: str | None,
    ) -> Answer:
        self._pacer.wait(path)
        given = {"params": values} if method == "GET" else {"body": values}
        try:
            return self._transport.exchange(method, path, token=token, **given)
        except Unanswered as nothing:
            raise _Again(PlatformUnavailable(f"{path}: {nothing}.")) from None

    def _wait_before_next(self, state: RetryCallState) -> float:
        again = _again(state)
        if again.wait is not None:
            return again.wait
        longest: float = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (state.attempt_number - 1))
        return longest * (0.5 + self._rng.random() / 2)


def _say(state: RetryCallState) -> None:
    logger.warning("%s Asking again in %.0f s.", _again(state), state.upcoming_sleep)


def _is_enough(state: RetryCallState) -> bool:
    limited = _again(state).wait is not None
    bound = WAITING_SECONDS_LIMITED if limited else WAITING_SECONDS
    return state.attempt_number >= ATTEMPTS or state.idle_for + state.upcoming_sleep > bound


def _is_enough_optional(state: RetryCallState) -> bool:
    return _is_enough(state) or state.idle_for + state.upcoming_sleep > WAITING_SECONDS_OPTIONAL


def _again(state: RetryCallState) -> _Again:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, _Again):  # pragma: no cover  the policy retries nothing else
        raise TypeError(f"unexpected outcome of a request: {error!r}")
    return error


def _verdict(path: str, answer: Answer, pacer: Pacer) -> TapError | _Again:
    """Return what a code other than 0 means (facts: the platform's code list)."""
    code = answer.code
    if code == DEVELOPER_LIMIT:
        wait = PENALTY_SECONDS if answer.retry_in is None else answer.retry_in
        if wait <= WAITING_SECONDS_LIMITED:  # a longer one is given up, by everybody for himself
            pacer.rest(path, wait)
        advice = "The developer's request rate is used up; lower requests_per_second."
        return _Again(failure(PlatformUnavailable, path, answer, advice), wait)
    if code == PLATFORM_LIMIT or code in SYSTEM_ERRORS:
        return _Again(failure(PlatformUnavailable, path, answer, "The next run reads it again."))
    if code in _DENIED:
        return failure(AccessDenied, path, answer, _access_advice(code))
    if code in QUOTA:
        advice = (
            "The developer's calls of today are used up or the developer is restricted: look at "
            "频控管理 in the developer console. The next run goes on."
        )
        return failure(QuotaUsedUp, path, answer, advice)
    if code in _REFUSED or code in TOKEN_EXPIRED or code in _REAUTHORISE:
        return failure(RequestRefused, path, answer, _refusal_advice(code))
    advice = "The code is unknown here; the platform's documentation names it."
    return failure(AccountError, path, answer, advice)


def failure(kind: type[E], path: str, answer: Answer, advice: str) -> E:
    """Return an error about a refusing answer, with everything the vendor's support asks for."""
    message = answer.message.rstrip(".。") or "no message"
    return kind(
        f"{path} answered code {answer.code}: {message} (request_id {answer.request_id}). {advice}",
        code=answer.code,
        request_id=answer.request_id,
    )


def _access_advice(code: int) -> str:
    if code == 40119:  # noqa: PLR2004  the platform's code list
        return "Authorise again and tick 敏感物料授权."
    if code == 40130:  # noqa: PLR2004  the platform's code list
        return "The platform limits accounts without activity for 90 days; it is read again later."
    return (
        "The authorisation does not cover it: authorise again and tick all accounts, "
        "or take the account out of local_account_ids."
    )


def _refusal_advice(code: int) -> str:
    if code == 40104:  # noqa: PLR2004  the platform's code list
        return "No access token was sent: run `authorize`, or set access_token and refresh_token."
    return "The request itself is not accepted; the message names the parameter."
