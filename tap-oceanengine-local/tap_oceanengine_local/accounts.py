"""Which 本地推 accounts to read: the configured ones, or all that the authorisation covers.

`oauth2/advertiser/get` answers with authorisation subjects, not with accounts; each kind of subject
has its own list of accounts below it (official SDK v1.1.93).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from tap_oceanengine_local.errors import AccountError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tap_oceanengine_local.client import Client

    Lister = Callable[[Client, int], Iterator["Account"]]

logger = logging.getLogger(__name__)

SUBJECTS_PATH: Final = "/open_api/oauth2/advertiser/get/"
EBP_PATH: Final = "/open_api/2/ebp/advertiser/list/"
CUSTOMER_CENTER_PATH: Final = "/open_api/v3.0/customer_center/account/list/"
AGENT_PATH: Final = "/open_api/2/agent/advertiser/select/"
LIFE_PATH: Final = "/open_api/v3.0/local/life/advertiser/list/"
PAGE_SIZE: Final = 100
MOST_PAGES: Final = 100
"""The customer centre and agents list at most 10,000 records by page."""


@dataclass(frozen=True, slots=True)
class Account:
    """A local promotion account.

    Attributes:
        id: 16 digits or so.
        name: None when no source knows it.
        source: Kind of the authorisation subject it was found under; None for configured ones.
        organization_id: Id of that subject.
        account_type: The platform's word for the kind of account.
    """

    id: str
    name: str | None = None
    source: str | None = None
    organization_id: str | None = None
    account_type: str | None = None


def select_accounts(client: Client, config: Mapping[str, Any]) -> list[Account]:
    """Return the accounts to read, in a fixed order.

    Configured accounts come in the configured order and are never dropped because discovery does
    not list them; discovery only completes what is known of them.

    Args:
        client: Asks the platform.
        config: Settings `local_account_ids` and `account_names`.

    Raises:
        FatalError: The platform does not let anything be listed.
        AccountError: Every list failed, and no account is configured.
    """
    names: Mapping[str, str] = config.get("account_names") or {}
    configured: Iterable[str] | None = config.get("local_account_ids")
    if configured is None:
        found = discover(client)
    else:
        known = _known(client, configured, names)
        found = [known.get(account_id, Account(account_id)) for account_id in configured]
    return [
        replace(account, name=names[account.id]) if account.id in names else account
        for account in found
    ]


def _known(
    client: Client, configured: Iterable[str], names: Mapping[str, str]
) -> dict[str, Account]:
    if all(account_id in names for account_id in configured):
        return {}
    try:
        return {account.id: account for account in discover(client)}
    except AccountError as error:
        logger.warning("The names of the configured accounts can't be listed: %s", error)
        return {}


def discover(client: Client) -> list[Account]:
    """Return every account of the authorisation once, ordered by id.

    Raises:
        FatalError: The platform does not let the subjects be listed.
        AccountError: Every list of accounts failed.
    """
    found: dict[str, Account] = {}
    failures: list[AccountError] = []
    for subject in client.get(SUBJECTS_PATH, {}).get("list") or ():
        kind = str(subject.get("account_type") or subject.get("account_role") or "")
        lister = _lister(kind)
        identity = subject.get("account_id") or subject.get("advertiser_id")
        if lister is None or identity is None or subject.get("is_valid") is False:
            continue
        try:
            for account in lister(client, int(identity)):
                _merge(found, replace(account, source=kind, organization_id=str(identity)))
        except AccountError as error:
            failures.append(error)
            logger.warning("The accounts of %s %s can't be listed: %s", kind, identity, error)
    if failures and not found:
        raise failures[0]
    return [found[account_id] for account_id in sorted(found, key=int)]


def _merge(found: dict[str, Account], account: Account) -> None:
    known = found.get(account.id)
    if known is None or ("AGENT" in (known.source or "") and "AGENT" not in (account.source or "")):
        name = account.name or (known.name if known else None)
        found[account.id] = replace(account, name=name)
    elif known.name is None and account.name is not None:
        found[account.id] = replace(known, name=account.name)


def _lister(kind: str) -> Lister | None:
    if kind.startswith("PLATFORM_ROLE_ENTERPRISE_BP_"):
        return _of_workbench
    return {
        "CUSTOMER_ADMIN": _of_customer_center,
        "CUSTOMER_OPERATOR": _of_customer_center,
        "AGENT": _of_agent,
        "CHILD_AGENT": _of_agent,
        "PLATFORM_ROLE_LOCAL_AGENT": _of_agent,
        "PLATFORM_ROLE_LIFE": _of_life,
    }.get(kind)


def _of_workbench(client: Client, identity: int) -> Iterator[Account]:
    params = {"enterprise_organization_id": identity, "account_source": "LOCAL"}
    for row in _rows(client, EBP_PATH, params, "account_list"):
        yield _account(row, "account_id")


def _of_customer_center(client: Client, identity: int) -> Iterator[Account]:
    params = {"account_id": identity, "filter": {"account_type": "LOCAL"}}
    for row in _rows(client, CUSTOMER_CENTER_PATH, params, "accounts"):
        yield _account(row, "account_id")


def _of_life(client: Client, identity: int) -> Iterator[Account]:
    for row in _rows(client, LIFE_PATH, {"life_account_id": identity}, "adv_list"):
        yield _account(row, "local_account_id")


def _of_agent(client: Client, identity: int) -> Iterator[Account]:
    # Ids only, and of any product: the answer says of which.
    cursor = 0
    while True:
        params = {"advertiser_id": identity, "cursor": cursor, "count": PAGE_SIZE}
        data = client.get(AGENT_PATH, params)
        if data.get("account_source") == "LOCAL":
            for account_id in data.get("list") or data.get("advertiser_ids") or ():
                yield Account(str(account_id), account_type="LOCAL")
        info = data.get("cursor_page_info") or data.get("cursor_info") or {}
        following = info.get("cursor")
        if not info.get("has_more") or not isinstance(following, int) or following <= cursor:
            return
        cursor = following


def _rows(
    client: Client, path: str, params: Mapping[str, Any], key: str
) -> Iterator[Mapping[str, Any]]:
    for page in range(1, MOST_PAGES + 1):
        data = client.get(path, {**params, "page": page, "page_size": PAGE_SIZE})
        yield from data.get(key) or ()
        if page >= ((data.get("page_info") or {}).get("total_page") or 0):
            return


def _account(row: Mapping[str, Any], id_key: str) -> Account:
    if row.get(id_key) is None:
        raise AccountError(f"a list of accounts came with a row without {id_key}")
    name = row.get("account_name")
    kind = row.get("account_type") or row.get("local_account_role")
    return Account(
        str(row[id_key]), name=str(name) if name else None, account_type=str(kind) if kind else None
    )
