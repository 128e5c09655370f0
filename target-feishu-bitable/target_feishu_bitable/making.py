"""Makes tables and columns, each once: what has a name can be looked for after a lost answer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from target_feishu_bitable.errors import UnknownOutcome
from target_feishu_bitable.recent import LAG_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_feishu_bitable.client import BitableClient
    from target_feishu_bitable.columns import FieldSpec
    from target_feishu_bitable.wire import FieldJSON

logger = logging.getLogger(__name__)
T = TypeVar("T")


def make_table(client: BitableClient, name: str, specs: Sequence[FieldSpec]) -> str:
    """Make a table that is not there; return its id.

    Raises:
        TargetError: See errors.py.
    """

    def find() -> str | None:
        tables = client.list_tables()
        return next((one["table_id"] for one in tables if one["name"].strip() == name), None)

    return _once(client, lambda: client.create_table(name, [one.to_wire() for one in specs]), find)


def make_column(client: BitableClient, table_id: str, spec: FieldSpec) -> FieldJSON:
    """Make a column that is not there.

    Raises:
        TargetError: See errors.py.
    """
    token = client.new_token()

    def make() -> FieldJSON:
        return client.create_field(table_id, spec.to_wire(), client_token=token)

    def find() -> FieldJSON | None:
        fields = client.list_fields(table_id, fresh=True)
        return next((one for one in fields if one["field_name"] == spec.name), None)

    return _once(client, make, find)


def _once(client: BitableClient, make: Callable[[], T], find: Callable[[], T | None]) -> T:
    for seconds in LAG_SECONDS:
        try:
            return make()
        except UnknownOutcome as error:
            logger.warning("%s Looking whether it is there.", error)
            lost = error
        client.session.sleep(seconds)
        found = find()
        if found is not None:
            return found
    raise lost
