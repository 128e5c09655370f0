"""The Bitable's own verbs: search, batch_create, batch_update and so on, one method per endpoint.

Page size and page token of a search travel in the query (in the body they are ignored); lists carry
a page token on their last page too, so only `has_more` ends them (vendor pages under bitable-v1).
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

from target_feishu_bitable.errors import ApiError, TooMuch, Unavailable, UnknownOutcome
from target_feishu_bitable.shapes import created_ids, items_of, part_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import UnionType

    from target_feishu_bitable.session import Session
    from target_feishu_bitable.wire import (
        AppJSON,
        ChangeJSON,
        FieldJSON,
        NewFieldJSON,
        NewRecordJSON,
        NodeJSON,
        RecordJSON,
        SearchJSON,
        TableJSON,
        ViewJSON,
        ViewPropertyJSON,
    )

APPS: Final = "/open-apis/bitable/v1/apps"
WIKI_NODE: Final = "/open-apis/wiki/v2/spaces/get_node"
GET_AT_ONCE: Final = 100
LIST_PAGE: Final = 100
SEARCH_PAGE: Final = 500
MOST_PAGES: Final = 100_000
TOO_LARGE_PAGE: Final = frozenset({1254030, 1254607, None})
REPLAYS: Final = 2
"""How often an update with an unclear outcome is sent again."""


class Page:
    """One page of a search.

    Attributes:
        records: Rows with the asked columns; empty cells are absent.
        total: Rows that match, over all pages.
        token: Where the next page starts, None on the last.
    """

    __slots__ = ("records", "token", "total")

    def __init__(self, records: list[RecordJSON], total: int, token: str | None) -> None:
        self.records = records
        self.total = total
        self.token = token


class BitableClient:
    """One base (多维表格).

    Args:
        session: Carries out calls.
        app_token: The base.
        new_token: Makes client tokens (UUIDv4).

    Attributes:
        write_calls: Calls sent that change rows, columns, tables or views, repeated ones included.
    """

    def __init__(
        self,
        session: Session,
        app_token: str,
        *,
        new_token: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self.session = session
        self.app_token = app_token
        self.write_calls = 0
        self.new_token = new_token
        self._base = f"{APPS}/{app_token}"

    @property
    def requests(self) -> int:
        """Calls sent so far, repeated ones and tokens included."""
        return self.session.transport.requests

    def get_app(self) -> AppJSON:
        """Return the base itself."""
        app: AppJSON = part_of(self.session.call("GET", self._base), "app", self._base)
        return app

    def list_tables(self) -> list[TableJSON]:
        """Return all tables."""
        return list(self._all(f"{self._base}/tables", table_id=str, name=str))

    def create_table(self, name: str, fields: Sequence[NewFieldJSON]) -> str:
        """Create a table whose first column is the first of `fields`; return its id."""
        body = {"table": {"name": name, "default_view_name": "表格", "fields": list(fields)}}
        path = f"{self._base}/tables"
        return str(part_of(self._write("POST", path, body), "table_id", path, kind=str))

    def list_fields(self, table_id: str, *, fresh: bool = False) -> list[FieldJSON]:
        """Return all columns of a table."""
        path = f"{self._table(table_id)}/fields"
        shape = {"field_id": str, "field_name": str, "type": int, "ui_type": str | None}
        return list(self._all(path, fresh=fresh, **shape))

    def create_field(self, table_id: str, field: NewFieldJSON, *, client_token: str) -> FieldJSON:
        """Create a column; the same `client_token` (UUIDv4) makes it once only.

        Raises:
            UnknownOutcome: Unclear whether it was made.
        """
        path = f"{self._table(table_id)}/fields"
        query = {"client_token": client_token}
        data = self._write("POST", path, dict(field), query=query, fresh=True)
        created: FieldJSON = part_of(data, "field", path)
        return created

    def list_views(self, table_id: str) -> list[ViewJSON]:
        """Return all views of a table."""
        path = f"{self._table(table_id)}/views"
        return list(self._all(path, view_id=str, view_name=str))

    def get_view(self, table_id: str, view_id: str) -> ViewJSON:
        """Return one view with its property."""
        path = f"{self._table(table_id)}/views/{view_id}"
        view: ViewJSON = part_of(self.session.call("GET", path), "view", path)
        return view

    def create_view(self, table_id: str, name: str) -> ViewJSON:
        """Create a grid view."""
        body = {"view_name": name, "view_type": "grid"}
        path = f"{self._table(table_id)}/views"
        view: ViewJSON = part_of(self._write("POST", path, body), "view", path)
        return view

    def patch_view(self, table_id: str, view_id: str, view_property: ViewPropertyJSON) -> None:
        """Change parts of a view's property."""
        path = f"{self._table(table_id)}/views/{view_id}"
        self._write("PATCH", path, {"property": view_property}, fresh=True)

    def search_page(
        self,
        table_id: str,
        search: SearchJSON,
        *,
        token: str | None = None,
        size: int = SEARCH_PAGE,
        fresh: bool = False,
    ) -> Page:
        """Return one page of rows."""
        query = {"page_size": str(size)} | ({"page_token": token} if token else {})
        path = f"{self._table(table_id)}/records/search"
        data = self.session.call("POST", path, query=query, body=dict(search), fresh=fresh)
        following = data.get("page_token") if data.get("has_more") else None
        total = data.get("total") or 0
        if (data.get("has_more") and not following) or not isinstance(total, int):
            raise ApiError(f"{path} answered a page without a total or a way to the next one.")
        items: list[RecordJSON] = items_of(data, "items", path, record_id=str, fields=dict | None)
        return Page(items, total, following)

    def search(
        self, table_id: str, search: SearchJSON, *, first: Page | None = None, fresh: bool = False
    ) -> Iterator[Page]:
        """Return all pages, going on after `first` when it was read already.

        A page that is too large for one answer (1254030, or more than is read here) is asked for
        at half the size.

        Raises:
            ApiError: A page token came twice: the platform would never end.
            Unavailable: A page does not come; TooMuch would say that a write around it did nothing.
        """
        size = SEARCH_PAGE
        page = first
        seen: set[str] = set()
        while page is None or page.token is not None:
            token = page.token if page else None
            if token is not None and token in seen:
                raise ApiError(f"{self._table(table_id)}: a page token of the search came twice.")
            if token is not None:
                seen.add(token)
            try:
                page = self.search_page(table_id, search, token=token, size=size, fresh=fresh)
            except TooMuch as error:
                if size <= 1 or error.code not in TOO_LARGE_PAGE:
                    raise Unavailable(str(error), code=error.code, log_id=error.log_id) from error
                size //= 2
                seen.discard(token or "")
                continue
            yield page

    def batch_get(
        self, table_id: str, record_ids: Sequence[str], *, automatic_fields: bool = False
    ) -> Iterator[RecordJSON]:
        """Yield rows by id, a hundred a call; rows that are gone are left out."""
        path = f"{self._table(table_id)}/records/batch_get"
        for start in range(0, len(record_ids), GET_AT_ONCE):
            ids = list(record_ids[start : start + GET_AT_ONCE])
            body = {"record_ids": ids, "automatic_fields": automatic_fields}
            yield from items_of(self.session.call("POST", path, body=body), "records", path)

    def batch_create(
        self,
        table_id: str,
        records: Sequence[NewRecordJSON],
        *,
        client_token: str,
        fresh: bool = False,
    ) -> list[str]:
        """Create rows, all or none; return their ids in order.

        Args:
            table_id: The table.
            records: Up to 1,000 rows.
            client_token: UUIDv4; the same one for the same rows makes them once only.
            fresh: A column was made seconds ago: "not found" is waited out.

        Raises:
            UnknownOutcome: Unclear whether they were made; look before anything else.
            BadBatch: A cell is not acceptable.
            TooMuch: Send less at once.
        """
        path = f"{self._table(table_id)}/records/batch_create"
        query = {"client_token": client_token}
        data = self._write("POST", path, {"records": list(records)}, query=query, fresh=fresh)
        return created_ids(path, data, len(records))

    def batch_update(
        self, table_id: str, records: Sequence[ChangeJSON], *, fresh: bool = False
    ) -> None:
        """Change cells of rows, all or none; repeating it changes nothing more.

        Raises:
            RowGone: A row does not exist any more.
            BadBatch: A cell is not acceptable.
            TooMuch: Send less at once.
        """
        path = f"{self._table(table_id)}/records/batch_update"
        for replay in range(REPLAYS + 1):
            try:
                self._write("POST", path, {"records": list(records)}, fresh=fresh)
            except UnknownOutcome:
                if replay == REPLAYS:
                    raise
                self.session.sleep(1.0 + replay)
            else:
                return

    def batch_delete(self, table_id: str, record_ids: Sequence[str]) -> None:
        """Delete up to 500 rows."""
        path = f"{self._table(table_id)}/records/batch_delete"
        self._write("POST", path, {"records": list(record_ids)})

    def _table(self, table_id: str) -> str:
        return f"{self._base}/tables/{table_id}"

    def _all(
        self, path: str, /, *, fresh: bool = False, **parts: type | UnionType
    ) -> Iterator[Any]:
        token: str | None = None
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            query = {"page_size": str(LIST_PAGE)} | ({"page_token": token} if token else {})
            data = self.session.call("GET", path, query=query, fresh=fresh)
            yield from items_of(data, "items", path, **parts)
            token = data.get("page_token")
            if not data.get("has_more"):
                return
            if not token or token in seen:
                raise ApiError(f"{path}: the list does not come to an end.")
            seen.add(token)

    def _write(
        self,
        method: Any,  # noqa: ANN401  a Method
        path: str,
        body: dict[str, Any],
        *,
        query: dict[str, str] | None = None,
        fresh: bool = False,
    ) -> dict[str, Any]:
        before = self.requests - self.session.token_requests
        try:
            return self.session.call(method, path, query=query, body=body, writes=True, fresh=fresh)
        finally:
            self.write_calls += self.requests - self.session.token_requests - before


def get_node(session: Session, node_token: str) -> NodeJSON:
    """Return the document behind a wiki page."""
    data = session.call("GET", WIKI_NODE, query={"token": node_token})
    node: NodeJSON = part_of(data, "node", WIKI_NODE)
    return node
