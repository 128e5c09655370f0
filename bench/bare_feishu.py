"""A Bitable with nothing in between: one connection, one call after the other, no retries."""

from __future__ import annotations

import http.client
import json
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

FULL: Final = 500
"""Rows of a page and of a write."""


class RefusedError(Exception):
    """The platform answered with another status than 200 or another code than 0."""


class Bare:
    """One kept-alive connection to a host.

    Args:
        url: Scheme, host and port.
        headers: Sent with every request.
    """

    def __init__(self, url: str, **headers: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self.headers = headers

    def send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """One request; returns the body of the answer as it came.

        Raises:
            RefusedError: The status is not 200.
        """
        self._connection.request(method, path, body, self.headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status != HTTPStatus.OK:
            raise RefusedError(f"{method} {path}: {response.status} {answer[:300]!r}")
        return answer

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """One request; returns the `data` of the answer.

        Raises:
            RefusedError: The code is not 0.
        """
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        answer: dict[str, Any] = json.loads(self.send(method, path, sent))
        if answer["code"] != 0:
            raise RefusedError(f"{method} {path}: {answer['code']} {answer.get('msg')}")
        return answer.get("data") or answer


class BareTable(Bare):
    """One table of a Bitable.

    Args:
        link: The table's link: `…/base/<app_token>?table=<table_id>`.
        app_id: The app.
        secret: Its secret.
    """

    def __init__(self, link: str, app_id: str, secret: str) -> None:
        parts = urlsplit(link)
        super().__init__(link, **{"Content-Type": "application/json; charset=utf-8"})
        answer = self.ask(
            "POST",
            "/open-apis/auth/v3/tenant_access_token/internal",
            {"app_id": app_id, "app_secret": secret},
        )
        self.headers["Authorization"] = f"Bearer {answer['tenant_access_token']}"
        base = parts.path.rpartition("/")[2]
        table = parts.query.partition("=")[2]
        self.records = f"/open-apis/bitable/v1/apps/{base}/tables/{table}/records"

    def search(self, *conditions: tuple[str, list[str]]) -> list[dict[str, Any]]:
        """Every row that fulfils all conditions (column, value of the operator `is`)."""
        wanted = [
            {"field_name": column, "operator": "is", "value": value} for column, value in conditions
        ]
        body = {"filter": {"conjunction": "and", "conditions": wanted}} if wanted else {}
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            page = self.ask(
                "POST", f"{self.records}/search?page_size={FULL}&page_token={token}", body
            )
            found += page.get("items") or ()
            if not page.get("has_more"):
                return found
            token = page["page_token"]

    def create(self, rows: list[dict[str, Any]]) -> None:
        """Append at most 500 rows."""
        self.ask("POST", f"{self.records}/batch_create", {"records": [{"fields": r} for r in rows]})

    def delete(self, ids: list[str]) -> None:
        """Delete at most 500 rows."""
        self.ask("POST", f"{self.records}/batch_delete", {"records": ids})
