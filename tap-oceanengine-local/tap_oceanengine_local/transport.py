"""One HTTP exchange with the platform: sent once, bounded, never redirected, read into an answer.

The envelope is `{"code", "message", "request_id", "data"}`, with HTTP 200 also for business errors
(official SDK v1.1.93; observed). Whether to send again is the caller's decision.
"""

from __future__ import annotations

import json
import math
import os
import re
import threading
import time
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, NewConnectionError, ProxyError, ReadTimeoutError

from tap_oceanengine_local.errors import ConfigError, RequestRefused
from tap_oceanengine_local.wording import cleaned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024
LONGEST_ANSWER_SECONDS: Final = 600.0
_CHUNK: Final = 256 * 1024
_LOCAL: Final = {"127.0.0.1", "localhost", "::1"}
_HOST: Final = re.compile(r"[\w.-]+|[\da-f:.]+")
_REDIRECTS: Final = range(300, 400)
_OK: Final = range(200, 300)
_NOT_HERE: Final = frozenset({401, 403, 404, 405, 407, 410})
"""HTTP statuses that repeat for ever when no envelope comes with them: the address is wrong."""
_SECRETS: Final = ("secret", "auth_code", "refresh_token")


class Unanswered(Exception):  # noqa: N818  an outcome, not a fault of the caller
    """No proper answer came.

    Attributes:
        sent: Whether the platform may have carried the request out.
    """

    def __init__(self, what: str, *, sent: bool) -> None:
        super().__init__(what)
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Answer:
    """The platform's envelope, with what rate limits say in headers."""

    code: int
    message: str
    request_id: str | None
    data: dict[str, Any]
    retry_in: float | None


def check_url(api_url: str) -> str:
    """Return the address without a trailing slash.

    Raises:
        ConfigError: It is not https (http is for this machine only): a token would travel open.
            The address is not repeated, since somebody may have put a password into it.
    """
    try:
        parts = urlsplit(api_url)
        host, _ = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:  # also of a name that no name server can be asked for
        raise ConfigError("Setting api_url is not an address.") from None
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL)
    plain = parts.username is None and not parts.query and not parts.fragment
    if not (safe and plain and _HOST.fullmatch(host)):
        raise ConfigError(
            "Setting api_url must be an https address without user, query or fragment, like "
            "https://api.oceanengine.com."
        )
    return api_url.rstrip("/")


class Transport:
    """Sends; thread-safe, with one pool of connections for all threads.

    Args:
        api_url: Address of the platform.
        timeout: Seconds to wait for the connection, and for each part of an answer.
        pool: Connections kept open, one per parallel request.
        clock: A stopwatch in seconds.

    Attributes:
        requests: Requests sent so far, repeated ones included.
    """

    def __init__(
        self,
        api_url: str,
        *,
        timeout: float,
        pool: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.api_url = check_url(api_url)
        self.requests = 0
        self._count = threading.Lock()
        self._timeout = timeout
        self._clock = clock
        self._session = _session(self.api_url)
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=pool, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def exchange(
        self,
        method: Literal["GET", "POST"],
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        token: str | None = None,
    ) -> Answer:
        """Send one request and read its answer.

        Args:
            method: GET or POST.
            path: Path without host.
            params: Query of a GET: texts as they are, everything else as JSON text.
            body: JSON body of a POST.
            token: Access token for the header.

        Raises:
            Unanswered: No answer, or none in the platform's form.
            RequestRefused: The address redirects elsewhere, where the token is not sent, or it
                does not know the platform's paths.
        """
        with self._count:
            self.requests += 1
        secrets = [str(body[name]) for name in _SECRETS if name in body] if body else []
        if token:
            secrets.append(token)
        try:
            response = self._session.request(
                method,
                self.api_url + path,
                params=_query(params or {}),
                json=body,
                headers={"Access-Token": token} if token else None,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
            with response:
                return self._read(path, response, secrets)
        except requests.RequestException as error:
            sent = not isinstance(error, requests.ConnectTimeout) and not _refused(error)
            raise Unanswered(_reason(error, self._timeout), sent=sent) from None

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _read(self, path: str, response: requests.Response, secrets: list[str]) -> Answer:
        status = response.status_code
        if status in _REDIRECTS:
            raise RequestRefused(
                f"{self.api_url}{path} redirects (HTTP {status}); nothing was sent there. "
                "Check the setting api_url."
            )
        envelope = _envelope(self._body(response))
        code = None if envelope is None else envelope.get("code")
        if envelope is None or not _is_code(code) or (status not in _OK and code == 0):
            self._not_the_platform(path, status)
        return _answer(envelope, response.headers.get("X-RateLimit-RetryIn"), secrets)

    def _body(self, response: requests.Response) -> bytearray:
        """Return the body, of bounded size and time: each byte may come just within the timeout."""
        raw = bytearray()
        until = self._clock() + LONGEST_ANSWER_SECONDS
        try:
            while chunk := response.raw.read1(_CHUNK, decode_content=True):
                raw += chunk
                if len(raw) > MAX_ANSWER_BYTES:
                    raise Unanswered(f"an answer of more than {MAX_ANSWER_BYTES} bytes", sent=True)
                if self._clock() > until:
                    longest = f"{LONGEST_ANSWER_SECONDS:g} seconds"
                    raise Unanswered(f"an answer that did not end within {longest}", sent=True)
        except ReadTimeoutError:
            raise Unanswered(f"no answer within {self._timeout:g} seconds", sent=True) from None
        except HTTPError:
            raise Unanswered("the connection broke", sent=True) from None
        return raw

    def _not_the_platform(self, path: str, status: int) -> NoReturn:
        if status in _NOT_HERE:
            raise RequestRefused(
                f"{self.api_url}{path} answered HTTP {status} without the platform's envelope. "
                "Check the setting api_url, and a proxy on the way."
            )
        raise Unanswered(f"HTTP {status} without the platform's envelope", sent=True)


def _session(api_url: str) -> requests.Session:
    """Return a session that takes proxy and certificates from the environment once.

    Asked per request (`trust_env`) they cost more time than the request itself; a `.netrc` would
    also put passwords into requests. Cookies are not kept: a session of threads has no state.
    """
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    if urlsplit(api_url).hostname not in _LOCAL:
        session.proxies.update(get_environ_proxies(api_url))
        certificates = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        session.verify = certificates or True
    return session


def _envelope(raw: bytearray) -> dict[str, Any] | None:
    try:
        envelope = _DECODER.decode(raw.decode())
    except (ValueError, RecursionError):
        return None
    return envelope if isinstance(envelope, dict) else None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant)


def _is_code(code: object) -> bool:
    return isinstance(code, int) and not isinstance(code, bool)


def _answer(envelope: Mapping[str, Any], retry_in: str | None, secrets: list[str]) -> Answer:
    code: int = envelope["code"]
    data = envelope.get("data")
    if code == 0 and data is not None and not isinstance(data, dict):
        raise Unanswered("an answer whose `data` is no object", sent=True)
    request_id = envelope.get("request_id")
    return Answer(
        code=code,
        message=cleaned(envelope.get("message"), secrets),
        request_id=cleaned(request_id, secrets) or None,
        data=data if isinstance(data, dict) else {},
        retry_in=_seconds(retry_in),
    )


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _query(params: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        for name, value in params.items()
    }


def _refused(error: requests.RequestException) -> bool:
    # A connection that never stood has carried nothing out; one that broke may have.
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    if isinstance(reason, NewConnectionError | ProxyError):
        return True
    return isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY" in str(reason)


def _reason(error: requests.RequestException, timeout: float) -> str:
    # The text of a requests error may hold the whole address with its query: only its kind is told.
    if isinstance(error, requests.Timeout):
        return f"no answer within {timeout:g} seconds"
    if isinstance(error, requests.exceptions.SSLError):
        return "no trusted connection (TLS certificate); look at the host's certificates and proxy"
    if _refused(error):
        return "no connection (name, network or proxy)"
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return "the connection broke"
    return type(error).__name__
