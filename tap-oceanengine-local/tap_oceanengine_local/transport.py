"""One HTTP exchange with the platform: sent once, bounded, never redirected, read into an answer.

The envelope is `{"code", "message", "request_id", "data"}`, with HTTP 200 also for business errors
(official SDK v1.1.93; observed). Whether to send again is the caller's decision.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from tap_oceanengine_local.errors import ConfigError, RequestRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024
_CHUNK: Final = 256 * 1024
_LOCAL: Final = {"127.0.0.1", "localhost", "::1"}
_REDIRECTS: Final = range(300, 400)
_OK: Final = range(200, 300)


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
    """
    parts = urlsplit(api_url)
    if parts.scheme == "https" and parts.hostname:
        return api_url.rstrip("/")
    if parts.scheme == "http" and parts.hostname in _LOCAL:
        return api_url.rstrip("/")
    raise ConfigError(f"Setting api_url must be an https address, not {api_url!r}.")


class Transport:
    """Sends; thread-safe, with one pool of connections for all threads.

    Args:
        api_url: Address of the platform.
        timeout: Seconds to wait for the connection, and for each part of an answer.
        pool: Connections kept open, one per parallel request.

    Attributes:
        requests: Requests sent so far, repeated ones included.
    """

    def __init__(self, api_url: str, *, timeout: float, pool: int) -> None:
        self.api_url = check_url(api_url)
        self.requests = 0
        self._count = threading.Lock()
        self._timeout = timeout
        self._session = requests.Session()
        self._session.trust_env = urlsplit(self.api_url).hostname not in _LOCAL
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
            RequestRefused: The address redirects elsewhere; the token is not sent there.
        """
        with self._count:
            self.requests += 1
        try:
            response = self._session.request(
                method,
                self.api_url + path,
                params=_query(params or {}),
                json=body,
                headers={"Access-Token": token} if token else {},
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
            with response:
                return self._read(path, response)
        except requests.RequestException as error:
            sent = not isinstance(error, requests.ConnectTimeout) and not _refused(error)
            raise Unanswered(_reason(error, self._timeout), sent=sent) from None

    def _read(self, path: str, response: requests.Response) -> Answer:
        status = response.status_code
        if status in _REDIRECTS:
            raise RequestRefused(
                f"{self.api_url}{path} redirects (HTTP {status}); nothing was sent there. "
                "Check the setting api_url."
            )
        raw = bytearray()
        for chunk in response.iter_content(_CHUNK):
            raw += chunk
            if len(raw) > MAX_ANSWER_BYTES:
                raise Unanswered(f"an answer of more than {MAX_ANSWER_BYTES} bytes", sent=True)
        try:
            envelope = json.loads(raw)
        except (ValueError, RecursionError):
            raise Unanswered(f"HTTP {status} with an answer that is not JSON", sent=True) from None
        code = envelope.get("code") if isinstance(envelope, dict) else None
        if not isinstance(code, int) or (status not in _OK and code == 0):
            raise Unanswered(f"HTTP {status} with an answer of another form", sent=True)
        return _answer(envelope, code, response.headers.get("X-RateLimit-RetryIn"))


def _answer(envelope: Mapping[str, Any], code: int, retry_in: str | None) -> Answer:
    data = envelope.get("data")
    if code == 0 and data is not None and not isinstance(data, dict):
        raise Unanswered("an answer whose `data` is no object", sent=True)
    request_id = envelope.get("request_id")
    return Answer(
        code=code,
        message=str(envelope.get("message") or ""),
        request_id=str(request_id) if request_id else None,
        data=data if isinstance(data, dict) else {},
        retry_in=_seconds(retry_in),
    )


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None


def _query(params: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        for name, value in params.items()
    }


def _refused(error: requests.RequestException) -> bool:
    # A connection that never stood has carried nothing out; one that broke may have.
    return isinstance(error, requests.ConnectionError) and "NewConnectionError" in repr(error)


def _reason(error: requests.RequestException, timeout: float) -> str:
    # The text of a requests error may hold the whole address with its query: only its kind is told.
    if isinstance(error, requests.Timeout):
        return f"no answer within {timeout:g} seconds"
    if _refused(error):
        return "no connection"
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return "the connection broke"
    return type(error).__name__
