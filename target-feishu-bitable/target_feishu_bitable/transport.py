"""One HTTP exchange with Feishu: sent once, bounded, never redirected, and read into an answer.

Envelope `{"code", "msg", "data", "error"?}`; a wrong path answers 404 with plain text; business
errors come with several HTTP statuses, so only `code` decides (vendor pages; probes). Whether to
send again is the caller's decision.
"""

from __future__ import annotations

import json
import os
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError

from target_feishu_bitable.errors import AccessError, ConfigError
from target_feishu_bitable.wording import cleaned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
LONGEST_ANSWER_SECONDS: Final = 600.0
_CHUNK: Final = 256 * 1024
_LOCAL: Final = {"127.0.0.1", "localhost", "::1"}
_REDIRECTS: Final = range(300, 400)


class Unanswered(Exception):  # noqa: N818  an outcome, not a fault of the caller
    """No proper answer came.

    Attributes:
        sent: Whether the platform may have carried the request out.
        status: HTTP status, when there was one.
    """

    def __init__(self, what: str, *, sent: bool, status: int | None = None) -> None:
        super().__init__(what)
        self.sent = sent
        self.status = status


class TooLong(Unanswered):
    """The answer is larger than is read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The platform's envelope, with the log id and what rate limits say in headers."""

    code: int
    message: str
    log_id: str | None
    body: dict[str, Any]
    retry_in: float | None
    status: int = 200

    @property
    def data(self) -> dict[str, Any]:
        """The envelope's `data`, empty without one."""
        data = self.body.get("data")
        return data if isinstance(data, dict) else {}


def check_url(api_url: str) -> str:
    """Return the address without a trailing slash.

    Raises:
        ConfigError: It is not https (http is for this machine only): a token would travel open.
            The address is not repeated, since somebody may have put a password into it.
    """
    try:
        parts = urlsplit(api_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ConfigError("Setting api_url is not an address.") from None
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL)
    if not safe or not host or parts.username is not None or parts.query or parts.fragment:
        raise ConfigError(
            "Setting api_url must be an https address without user, query or fragment, like "
            "https://open.feishu.cn."
        )
    return api_url.rstrip("/")


class Transport:
    """Sends over one kept connection.

    Args:
        api_url: Address of the platform.
        timeout: Seconds to wait for the connection, and for each part of an answer.
        clock: A stopwatch in seconds.

    Attributes:
        requests: Requests sent so far, repeated ones included.
    """

    def __init__(
        self, api_url: str, *, timeout: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.api_url = check_url(api_url)
        self.requests = 0
        self._timeout = timeout
        self._clock = clock
        self._session = _session(self.api_url)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(pool_connections=1, max_retries=0))

    def exchange(
        self,
        method: Method,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        token: str | None = None,
    ) -> Answer:
        """Send one request and read its answer.

        Raises:
            Unanswered: No answer, or none in the platform's form.
            AccessError: The address redirects elsewhere; the token is not sent there.
        """
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self.requests += 1
        try:
            response = self._session.request(
                method,
                self.api_url + path,
                params=query,
                data=None if body is None else _encoded(body),
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
            with response:
                return self._read(path, response, _secrets(token, body))
        except requests.RequestException as error:
            sent = not isinstance(error, requests.ConnectTimeout) and not _refused(error)
            raise Unanswered(_reason(error, self._timeout), sent=sent) from None

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _read(self, path: str, response: requests.Response, secrets: Sequence[str]) -> Answer:
        status = response.status_code
        if status in _REDIRECTS:
            raise AccessError(
                f"{self.api_url}{path} redirects (HTTP {status}); nothing was sent there. "
                "Check the setting api_url."
            )
        try:
            envelope = json.loads(self._body(response))
        except (ValueError, RecursionError):
            text = f"HTTP {status} with an answer that is not JSON"
            raise Unanswered(text, sent=True, status=status) from None
        code = envelope.get("code") if isinstance(envelope, dict) else None
        if not isinstance(code, int) or isinstance(code, bool):
            text = f"HTTP {status} with an answer of another form"
            raise Unanswered(text, sent=True, status=status)
        error = envelope.get("error")
        log_id = response.headers.get("x-tt-logid")
        if not log_id and isinstance(error, dict):
            log_id = str(error.get("log_id") or "") or None
        return Answer(
            code=code,
            message=cleaned(envelope.get("msg"), secrets),
            log_id=cleaned(log_id, secrets) or None,
            body=envelope,
            retry_in=_seconds(response.headers.get("x-ogw-ratelimit-reset")),
            status=status,
        )

    def _body(self, response: requests.Response) -> bytearray:
        """Return the body, of bounded size and time: each byte may come just within the timeout."""
        raw = bytearray()
        until = self._clock() + LONGEST_ANSWER_SECONDS
        try:
            while chunk := response.raw.read1(_CHUNK, decode_content=True):
                raw += chunk
                if len(raw) > MAX_ANSWER_BYTES:
                    raise TooLong(f"an answer of over {MAX_ANSWER_BYTES} bytes", sent=True)
                if self._clock() > until:
                    longest = f"{LONGEST_ANSWER_SECONDS:g} seconds"
                    raise Unanswered(f"an answer that did not end within {longest}", sent=True)
        except ReadTimeoutError:
            raise Unanswered(f"no answer within {self._timeout:g} seconds", sent=True) from None
        except HTTPError:
            raise Unanswered("the connection broke", sent=True) from None
        return raw


def _session(api_url: str) -> requests.Session:
    """Return a session that takes proxy and certificates from the environment once.

    Asked per request (`trust_env`) they cost time, and a `.netrc` would take the token's place.
    """
    session = requests.Session()
    session.trust_env = False
    if urlsplit(api_url).hostname not in _LOCAL:
        session.proxies.update(get_environ_proxies(api_url))
        certificates = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        session.verify = certificates or True
    return session


def _secrets(token: str | None, body: Mapping[str, Any] | None) -> list[str]:
    return [one for one in (token, (body or {}).get("app_secret")) if isinstance(one, str)]


def _encoded(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text) if text else 0.0
    except ValueError:
        return None
    return seconds if seconds > 0 else None


def _refused(error: requests.RequestException) -> bool:
    # A connection that never stood has carried nothing out; one that broke may have.
    cause: object = error
    while isinstance(cause, BaseException):
        if isinstance(cause, NewConnectionError | ssl.SSLCertVerificationError):
            return True
        inner = cause.args[0] if cause.args else None
        cause = getattr(cause, "reason", None) or inner
    return False


def _reason(error: requests.RequestException, timeout: float) -> str:
    # The text of a requests error holds the whole address: only its kind is told.
    if isinstance(error, requests.Timeout):
        return f"no answer within {timeout:g} seconds"
    if _refused(error):
        is_about_tls = isinstance(error, requests.exceptions.SSLError)
        return "no connection" + (" (the certificate is not valid here)" if is_about_tls else "")
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return "the connection broke"
    return type(error).__name__
