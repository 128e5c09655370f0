"""Where to write: the `bitable` setting is a token or the link from the browser.

`/base/<token>?table=tbl…` names the base itself, `/wiki/<node>` a page that shows it, and
`<token>_<table>` is a base inside a document (vendor page bitable-overview). `?table=` may also
name a dashboard (`blk…`) or a workflow; only `tbl…` is a table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from target_feishu_bitable.client import get_node
from target_feishu_bitable.errors import AccessError, ConfigError

if TYPE_CHECKING:
    from target_feishu_bitable.session import Session

_TOKEN: Final = re.compile(r"[A-Za-z0-9]{8,100}")
_INSIDE: Final = re.compile(r"([A-Za-z0-9]{8,100})_(tbl[A-Za-z0-9]+)")
_TABLE: Final = re.compile(r"tbl[A-Za-z0-9]{1,47}")
_HINT: Final = "Open the table in the browser and copy the address."


@dataclass(frozen=True, slots=True)
class Place:
    """What the setting names; exactly one of `app_token` and `node_token` is given."""

    app_token: str | None
    node_token: str | None
    table_id: str | None


def read_bitable(setting: str) -> Place:
    """Read the setting `bitable`.

    Raises:
        ConfigError: It is neither a token nor a link to a base.
    """
    text = setting.strip()
    inside = _INSIDE.fullmatch(text)
    if inside:
        return Place(inside[1], None, inside[2])
    if _TOKEN.fullmatch(text):
        return Place(text, None, None)
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        raise ConfigError(f"Setting bitable is not an address. {_HINT}") from None
    kind, _, rest = parts.path.strip("/").partition("/")
    token = rest.partition("/")[0]
    if kind not in {"base", "bitable", "wiki"} or not _TOKEN.fullmatch(token):
        raise ConfigError(
            f"Setting bitable is neither a token nor a link with /base/ or /wiki/. {_HINT}"
        )
    asked = parse_qs(parts.query).get("table", [""])[0]
    table_id = asked if _TABLE.fullmatch(asked) else None
    if kind == "wiki":
        return Place(None, token, table_id)
    return Place(token, None, table_id)


def app_token_of(place: Place, session: Session) -> str:
    """Return the base's token, asking for the document behind a wiki page where needed.

    Raises:
        AccessError: The page can't be read, or shows something else than a base.
    """
    if place.app_token is not None:
        return place.app_token
    node = get_node(session, str(place.node_token))
    if node["obj_type"] != "bitable":
        raise AccessError(
            f"The wiki page of the setting bitable shows a {node['obj_type']}, not a Bitable. "
            f"{_HINT}"
        )
    return node["obj_token"]
