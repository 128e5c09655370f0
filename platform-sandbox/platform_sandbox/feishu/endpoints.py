"""The endpoints of the Feishu half: path, handler, scopes, limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.feishu import fields, legacy, limits, reads, tables, views, writes

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from platform_sandbox.feishu.call import Call

    Handler: TypeAlias = Callable[[Call], dict[str, Any]]

APPS: Final = "/open-apis/bitable/v1/apps"
BASE: Final = APPS + "/{app_token}"
TABLES: Final = BASE + "/tables"
TABLE: Final = TABLES + "/{table_id}"
FIELDS: Final = TABLE + "/fields"
VIEWS: Final = TABLE + "/views"
RECORDS: Final = TABLE + "/records"
NODE: Final = "/open-apis/wiki/v2/spaces/get_node"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint.

    Attributes:
        name: For rate limits and statuses that differ between pages of the reference.
        scopes: Any one of them suffices.
        limit: Calls per window: (number, seconds).
        write: Whether it changes a base: such calls must not overlap.
        replays: Whether a repeated client_token gets the first reply.
        body: Whether it takes a JSON body.
    """

    method: str
    path: str
    handler: Handler
    name: str
    scopes: tuple[str, ...]
    limit: tuple[int, float]
    write: bool = False
    replays: bool = False
    body: bool = True


def _read(method: str, path: str, handler: Handler, name: str, scope: str) -> Endpoint:
    scopes = ("bitable:app", "bitable:app:readonly", scope)
    return Endpoint(method, path, handler, name, scopes, limits.READS, body=method == "POST")


def _write(
    method: str,
    path: str,
    handler: Handler,
    name: str,
    scope: str,
) -> Endpoint:
    limit = limits.RECORD_WRITES if name.startswith("record.") else limits.STRUCTURE
    return Endpoint(
        method,
        path,
        handler,
        name,
        ("bitable:app", scope),
        limit,
        write=True,
        replays=name in {"record.create", "record.batch_create", "field.create"},
        body=method != "DELETE",
    )


ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    Endpoint(
        "GET",
        NODE,
        tables.get_node,
        "wiki.get_node",
        ("wiki:wiki", "wiki:wiki:readonly", "wiki:node:read"),
        limits.WIKI,
        body=False,
    ),
    Endpoint(
        "POST",
        APPS,
        tables.create_app,
        "app.create",
        ("bitable:app", "base:app:create"),
        limits.RARE,
    ),
    _read("GET", BASE, tables.get_app, "app.get", "base:app:read"),
    _write("PUT", BASE, tables.update_app, "app.update", "base:app:update"),
    _read("GET", TABLES, tables.list_tables, "table.list", "base:table:read"),
    _write("POST", TABLES, tables.create, "table.create", "base:table:create"),
    _write(
        "POST",
        TABLES + "/batch_create",
        tables.batch_create,
        "table.batch_create",
        "base:table:create",
    ),
    _write(
        "POST",
        TABLES + "/batch_delete",
        tables.batch_delete,
        "table.batch_delete",
        "base:table:delete",
    ),
    _write("PATCH", TABLE, tables.patch, "table.patch", "base:table:update"),
    _write("DELETE", TABLE, tables.delete, "table.delete", "base:table:delete"),
    _read("GET", FIELDS, fields.list_fields, "field.list", "base:field:read"),
    _write("POST", FIELDS, fields.create, "field.create", "base:field:create"),
    _write("PUT", FIELDS + "/{field_id}", fields.update, "field.update", "base:field:update"),
    _write("DELETE", FIELDS + "/{field_id}", fields.delete, "field.delete", "base:field:delete"),
    _read("GET", VIEWS, views.list_views, "view.list", "base:view:read"),
    _write("POST", VIEWS, views.create, "view.create", "base:view:write_only"),
    _read("GET", VIEWS + "/{view_id}", views.get, "view.get", "base:view:read"),
    _write("PATCH", VIEWS + "/{view_id}", views.patch, "view.patch", "base:view:write_only"),
    _write("DELETE", VIEWS + "/{view_id}", views.delete, "view.delete", "base:view:write_only"),
    _read("POST", RECORDS + "/search", reads.search, "record.search", "base:record:retrieve"),
    _read("POST", RECORDS + "/batch_get", reads.batch_get, "record.batch_get", "base:record:read"),
    _read("GET", RECORDS, legacy.list_records, "record.list", "base:record:retrieve"),
    _read("GET", RECORDS + "/{record_id}", legacy.get_record, "record.get", "base:record:retrieve"),
    _write(
        "POST",
        RECORDS + "/batch_create",
        writes.batch_create,
        "record.batch_create",
        "base:record:create",
    ),
    _write(
        "POST",
        RECORDS + "/batch_update",
        writes.batch_update,
        "record.batch_update",
        "base:record:update",
    ),
    _write(
        "POST",
        RECORDS + "/batch_delete",
        writes.batch_delete,
        "record.batch_delete",
        "base:record:delete",
    ),
    _write("POST", RECORDS, writes.create, "record.create", "base:record:create"),
    _write("PUT", RECORDS + "/{record_id}", writes.update, "record.update", "base:record:update"),
    _write(
        "DELETE", RECORDS + "/{record_id}", writes.delete, "record.delete", "base:record:delete"
    ),
)
