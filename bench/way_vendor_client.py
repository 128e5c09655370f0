"""The vendor's client used as its examples use it: read the whole table, then write in batches.

Rows that are there are updated, whether they differ or not; the others are created.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from messages import cells, records

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the client's own imports warn, which is not ours to mend
    import lark_oapi
    from lark_oapi.api.bitable import v1

_FULL = 500


class Table:
    """One table, through the vendor's client."""

    def __init__(self, config: dict[str, Any]) -> None:
        parts = urlsplit(config["bitable"])
        self._base = parts.path.rpartition("/")[2]
        self._table = parse_qs(parts.query)["table"][0]
        client = (
            lark_oapi.Client.builder()
            .app_id(config["app_id"])
            .app_secret(config["app_secret"])
            .domain(f"{parts.scheme}://{parts.netloc}")
            .log_level(lark_oapi.LogLevel.ERROR)
            .build()
        )
        self._records = client.bitable.v1.app_table_record

    def read(self) -> dict[tuple[int, str], str]:
        """Record ids by key."""
        found: dict[tuple[int, str], str] = {}
        token = ""
        while True:
            body = v1.SearchAppTableRecordRequestBody.builder().build()
            request = self._addressed(v1.SearchAppTableRecordRequest).page_size(_FULL)
            request = request.page_token(token).request_body(body)
            page = _answer(self._records.search(request.build()))
            for one in page.items or ():
                unit = "".join(part["text"] for part in one.fields["promotion_id"])
                found[one.fields["stat_time_day"], unit] = one.record_id
            if not page.has_more:
                return found
            token = page.page_token

    def create(self, rows: list[dict[str, Any]]) -> None:
        """Append rows."""
        for batch in _batches(rows):
            body = v1.BatchCreateAppTableRecordRequestBody.builder().records(batch).build()
            request = self._addressed(v1.BatchCreateAppTableRecordRequest).request_body(body)
            _answer(self._records.batch_create(request.build()))

    def update(self, rows: list[dict[str, Any]]) -> None:
        """Write over rows."""
        for batch in _batches(rows):
            body = v1.BatchUpdateAppTableRecordRequestBody.builder().records(batch).build()
            request = self._addressed(v1.BatchUpdateAppTableRecordRequest).request_body(body)
            _answer(self._records.batch_update(request.build()))

    def _addressed(self, kind: Any) -> Any:  # noqa: ANN401  the client's builders have no common type
        return kind.builder().app_token(self._base).table_id(self._table)


def _batches(rows: list[dict[str, Any]]) -> list[list[Any]]:
    made = [v1.AppTableRecord(row) for row in rows]
    return [made[start : start + _FULL] for start in range(0, len(made), _FULL)]


def _answer(response: Any) -> Any:  # noqa: ANN401  the client's answers have no common type
    if not response.success():
        raise RuntimeError(f"{response.code} {response.msg}")
    return response.data


def main(config: dict[str, Any]) -> None:
    """Bring the rows of stdin into the table."""
    table = Table(config)
    there = table.read()
    new: list[dict[str, Any]] = []
    old: list[dict[str, Any]] = []
    for one in records(sys.stdin):
        row = cells(one)
        record_id = there.get((row["stat_time_day"], row["promotion_id"]))
        if record_id is None:
            new.append({"fields": row})
        else:
            old.append({"record_id": record_id, "fields": row})
    table.create(new)
    table.update(old)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
