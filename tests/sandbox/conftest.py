from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import requests

from platform_sandbox.defaults import (
    FEISHU_APP_ID,
    FEISHU_APP_SECRET,
    FEISHU_BASE,
    OE_ACCESS_TOKEN,
)
from platform_sandbox.testing import SandboxServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


BASE = f"/open-apis/bitable/v1/apps/{FEISHU_BASE}"
TOKEN = "/open-apis/auth/v3/tenant_access_token/internal"
TIMEOUT = 30


class Reply(NamedTuple):
    """An answer: HTTP status, the envelope's code and data, the whole envelope, the headers."""

    status: int
    code: int
    data: dict[str, Any]
    envelope: dict[str, Any]
    headers: Mapping[str, str]


class Api:
    """Calls with a tenant token.

    Args:
        url: Address of the sandbox.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.headers: dict[str, str] = {}
        self.log_in()

    def log_in(self) -> None:
        """Take a tenant token, and use it from now on."""
        self.headers["Authorization"] = f"Bearer {self.token()}"

    def token(self) -> str:
        """A tenant token of the default app."""
        body = {"app_id": FEISHU_APP_ID, "app_secret": FEISHU_APP_SECRET}
        answer = self.session.post(self.url + TOKEN, json=body, timeout=TIMEOUT).json()
        return str(answer["tenant_access_token"])

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        **query: object,
    ) -> Reply:
        """One call; a path without a leading slash is one below the default base."""
        where = path if path.startswith("/") else f"{BASE}/{path}".rstrip("/")
        response = self.session.request(
            method,
            self.url + where,
            json=body,
            params={key: str(value) for key, value in query.items()},
            headers=self.headers,
            timeout=TIMEOUT,
        )
        envelope = response.json()
        return Reply(
            response.status_code,
            envelope["code"],
            envelope.get("data") or {},
            envelope,
            response.headers,
        )

    def table(self, *fields: Mapping[str, Any], name: str = "日报") -> str:
        """Create a table; returns its id."""
        reply = self.send("POST", "tables", {"table": {"name": name, "fields": list(fields)}})
        return str(reply.data["table_id"])

    def create(self, table: str, *rows: Mapping[str, Any], **query: object) -> Reply:
        """batch_create."""
        records = {"records": [{"fields": row} for row in rows]}
        return self.send("POST", f"tables/{table}/records/batch_create", records, **query)

    def update(self, table: str, changes: Sequence[tuple[str, Mapping[str, Any]]]) -> Reply:
        """batch_update with (record id, fields)."""
        records = [{"record_id": identifier, "fields": fields} for identifier, fields in changes]
        return self.send("POST", f"tables/{table}/records/batch_update", {"records": records})

    def search(self, table: str, body: Mapping[str, Any] | None = None, **query: object) -> Reply:
        """records/search."""
        return self.send("POST", f"tables/{table}/records/search", body or {}, **query)

    def cells(self, table: str) -> list[dict[str, Any]]:
        """The `fields` of the first 500 rows."""
        return [item["fields"] for item in self.search(table, page_size=500).data["items"]]


class OceanEngineApi:
    """Calls with the first access token, parameters encoded as the vendor's SDK does.

    Args:
        sandbox: The running sandbox.
    """

    def __init__(self, sandbox: SandboxServer) -> None:
        self.sandbox = sandbox
        self.url = f"{sandbox.url}/open_api/"
        self.session = requests.Session()
        self.session.headers["Access-Token"] = OE_ACCESS_TOKEN

    def get(self, path: str, **parameters: object) -> dict[str, Any]:
        """The envelope; strings go out raw, everything else as JSON text."""
        return self.answer(path, **parameters).json()

    def answer(self, path: str, **parameters: object) -> requests.Response:
        """The response itself."""
        sent = {k: v if isinstance(v, str) else json.dumps(v) for k, v in parameters.items()}
        return self.session.get(self.url + path, params=sent, timeout=TIMEOUT)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The envelope of a POST with a JSON body."""
        return self.session.post(self.url + path, json=body, timeout=TIMEOUT).json()

    def move_clock(self, days: int) -> None:
        """Days pass, and the access token, which lives for one, is renewed."""
        half = self.sandbox.platform.oceanengine
        self.sandbox.platform.clock.advance(days=days)
        pair = half.tokens.refresh(half.tokens.current.refresh)
        self.session.headers["Access-Token"] = pair.access

    def report(self, level: str = "promotion", **changes: object) -> dict[str, Any]:
        """A report of the first account over the last 30 closed days, in pages of 100."""
        last = self.sandbox.platform.clock.yesterday()
        parameters: dict[str, object] = {
            "local_account_id": self.sandbox.platform.oceanengine.accounts[0].id,
            "time_granularity": "TIME_GRANULARITY_DAILY",
            "start_date": (last - timedelta(days=29)).isoformat(),
            "end_date": last.isoformat(),
            "metrics": ["stat_cost", "convert_cnt"],
            "page_size": 100,
        }
        parameters |= changes
        sent = {name: value for name, value in parameters.items() if value is not None}
        return self.get(f"v3.0/local/report/{level}/get/", **sent)

    def rows(self, level: str = "promotion", **changes: object) -> list[dict[str, Any]]:
        """All rows of a report, page by page."""
        rows: list[dict[str, Any]] = []
        page = 1
        while True:
            data = self.report(level, page=page, **changes)["data"]
            rows += next(value for value in data.values() if isinstance(value, list))
            if page >= data["page_info"]["total_page"]:
                return rows
            page += 1


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def feishu_api(sandbox: SandboxServer) -> Iterator[Api]:
    api = Api(sandbox.url)
    yield api
    api.session.close()


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def shared_sandbox(running_sandbox: SandboxServer) -> SandboxServer:
    running_sandbox.platform.reset()
    return running_sandbox


@pytest.fixture
def oe(shared_sandbox: SandboxServer) -> Iterator[OceanEngineApi]:
    api = OceanEngineApi(shared_sandbox)
    yield api
    api.session.close()


@pytest.fixture
def oe_at() -> Iterator[Callable[[SandboxServer], OceanEngineApi]]:
    apis: list[OceanEngineApi] = []

    def at(server: SandboxServer) -> OceanEngineApi:
        apis.append(OceanEngineApi(server))
        return apis[-1]

    yield at
    for api in apis:
        api.session.close()


@pytest.fixture
def feishu_shared(shared_sandbox: SandboxServer) -> Iterator[Api]:
    api = Api(shared_sandbox.url)
    yield api
    api.session.close()
