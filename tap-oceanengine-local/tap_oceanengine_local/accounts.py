"""Which 本地推 accounts to read: the configured ones, or all that the authorisation covers.

`oauth2/advertiser/get` answers with authorisation subjects, not with accounts; each kind of subject
has its own list of accounts below it (official SDK v1.1.93).
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tap_oceanengine_local.errors import AccessDenied, AccountError, RequestRefused
from tap_oceanengine_local.pages import rows_of
from tap_oceanengine_local.records import read_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tap_oceanengine_local.client import Client

    Lister = Callable[[Client, "Subject"], Iterator["Account"]]

logger = logging.getLogger(__name__)

SUBJECTS_PATH: Final = "/open_api/oauth2/advertiser/get/"
EBP_PATH: Final = "/open_api/2/ebp/advertiser/list/"
CUSTOMER_CENTER_PATH: Final = "/open_api/v3.0/customer_center/account/list/"
AGENT_PATH: Final = "/open_api/2/agent/advertiser/select/"
LIFE_PATH: Final = "/open_api/v3.0/local/life/advertiser/list/"
PAGE_SIZE: Final = 100
MOST_RECORDS: Final = 10_000
"""What the customer centre and agents list by page (official SDK comments)."""


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


@dataclass(frozen=True, slots=True)
class Subject:
    """What a person authorised: an organisation, an agent, a shop.

    Attributes:
        id: Its id.
        kind: The platform's `account_type`.
        is_valid: False when the person has lost the control of it.
        companies: Customers of an agent that the authorisation is limited to; empty means all.
    """

    id: str
    kind: str
    is_valid: bool = True
    companies: tuple[int, ...] = ()


def select_accounts(client: Client, config: Mapping[str, Any]) -> list[Account]:
    """Return the accounts to read, in a fixed order.

    Configured accounts come in the configured order and are never dropped because discovery does
    not list them; discovery only completes what is known of them.

    Args:
        client: Asks the platform.
        config: Settings `local_account_ids`, `account_names`, `max_parallel_requests`.

    Raises:
        FatalError: The platform does not let anything be listed.
        AccountError: Every list failed, and no account is configured.
    """
    names: Mapping[str, str] = config.get("account_names") or {}
    parallel: int = config.get("max_parallel_requests") or 1
    configured: Iterable[str] | None = config.get("local_account_ids")
    if configured is None:
        found = discover(client, parallel=parallel)
    else:
        known = _known(client, configured, names, parallel)
        found = [known.get(account_id, Account(account_id)) for account_id in configured]
    return [
        replace(account, name=names[account.id]) if account.id in names else account
        for account in found
    ]


def _known(
    client: Client, configured: Iterable[str], names: Mapping[str, str], parallel: int
) -> dict[str, Account]:
    if all(account_id in names for account_id in configured):
        return {}
    try:
        return _listed(client, parallel)[0]
    except (AccountError, RequestRefused) as error:
        logger.warning("The names of the configured accounts can't be listed: %s", error)
        return {}


def discover(client: Client, *, parallel: int = 1) -> list[Account]:
    """Return every account of the authorisation once, ordered by id.

    A subject whose list is refused is passed over with a warning (agents often lack the right).

    Args:
        client: Asks the platform.
        parallel: How many lists are read at once.

    Raises:
        FatalError: The platform does not let the subjects be listed.
        AccountError: A list could not be read, or every one was refused.
    """
    found, errors = _listed(client, parallel)
    for error in sorted(errors, key=lambda one: isinstance(one, AccessDenied)):
        if not found or not isinstance(error, AccessDenied):
            raise error
    return [found[account_id] for account_id in sorted(found, key=int)]


def _listed(
    client: Client, parallel: int
) -> tuple[dict[str, Account], list[AccountError | RequestRefused]]:
    """Return the accounts of the lists that came, and the errors of those that did not."""
    wanted = [one for one in subjects(client) if one.is_valid and _lister(one.kind) is not None]
    with ThreadPoolExecutor(parallel, thread_name_prefix="request") as pool:
        listed = list(pool.map(partial(_accounts_of, client), wanted))
    found: dict[str, Account] = {}
    errors: list[AccountError | RequestRefused] = []
    for subject, accounts in zip(wanted, listed, strict=True):
        if not isinstance(accounts, list):
            errors.append(accounts)
            logger.warning(
                "The accounts of %s %s can't be listed: %s", subject.kind, subject.id, accounts
            )
            continue
        for account in accounts:
            _merge(found, account)
    return found, errors


def _accounts_of(client: Client, subject: Subject) -> list[Account] | AccountError | RequestRefused:
    lister = _lister(subject.kind)
    try:
        identity = _id({"account_id": subject.id}, "account_id")
        accounts = list(lister(client, subject)) if lister else []
    except (AccountError, RequestRefused) as error:
        return error
    return [replace(one, source=subject.kind, organization_id=identity) for one in accounts]


def subjects(client: Client) -> list[Subject]:
    """Return the subjects of the authorisation as the platform lists them, invalid ones too.

    Raises:
        FatalError: The platform does not let the subjects be listed.
        AccountError: The list is of another form.
    """
    return [
        Subject(
            id=str(row.get("account_id") or row.get("advertiser_id") or ""),
            kind=str(row.get("account_type") or row.get("account_role") or ""),
            is_valid=row.get("is_valid") is not False,
            companies=tuple(
                company["customer_company_id"]
                for company in rows_of(row, "company_list")
                if isinstance(company.get("customer_company_id"), int)
            ),
        )
        for row in rows_of(client.get(SUBJECTS_PATH, {}), "list")
    ]


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


def _of_workbench(client: Client, subject: Subject) -> Iterator[Account]:
    params = {"enterprise_organization_id": int(subject.id), "account_source": "LOCAL"}
    for row in _rows(client, EBP_PATH, params, "account_list"):
        yield _account(row, "account_id")


def _of_customer_center(client: Client, subject: Subject) -> Iterator[Account]:
    params = {"account_id": int(subject.id), "filter": {"account_type": "LOCAL"}}
    for row in _rows(client, CUSTOMER_CENTER_PATH, params, "accounts"):
        yield _account(row, "account_id")


def _of_life(client: Client, subject: Subject) -> Iterator[Account]:
    params = {"life_account_id": int(subject.id)}
    for row in _rows(client, LIFE_PATH, params, "adv_list"):
        yield _account(row, "local_account_id")


def _of_agent(client: Client, subject: Subject) -> Iterator[Account]:
    # Ids only, and of any product: the answer says of which. By cursor there is no last page.
    asked: dict[str, Any] = {"advertiser_id": int(subject.id), "count": PAGE_SIZE}
    if subject.companies:
        asked["company_ids"] = list(subject.companies)
    cursor = 0
    while True:
        data = client.get(AGENT_PATH, {**asked, "cursor": cursor})
        ids = data.get("list") or data.get("advertiser_ids") or []
        if data.get("account_source") == "LOCAL":
            for number in ids if isinstance(ids, list) else ():
                yield Account(_id({"id": number}, "id"), account_type="LOCAL")
        info = data.get("cursor_page_info") or data.get("cursor_info")
        if not isinstance(info, dict) or not info.get("has_more"):
            return
        following = _count(info, "cursor")
        if following <= cursor:
            break
        cursor = following
    logger.warning(
        "%s does not say where the list of agent %s goes on, the rest is not read: name them in "
        "local_account_ids.",
        *(AGENT_PATH, subject.id),
    )


def _rows(
    client: Client, path: str, params: Mapping[str, Any], key: str
) -> Iterator[Mapping[str, Any]]:
    for page in range(1, MOST_RECORDS // PAGE_SIZE + 1):
        data = client.get(path, {**params, "page": page, "page_size": PAGE_SIZE})
        rows = rows_of(data, key)
        yield from rows
        info = data.get("page_info")
        counted = -(-_count(info, "total_number") // PAGE_SIZE)
        last = max(_count(info, "total_page"), counted)
        if page >= last if last else len(rows) < PAGE_SIZE:
            return
    logger.warning(
        "%s lists more than %d accounts, the rest is not read: name them in local_account_ids.",
        *(path, MOST_RECORDS),
    )


def _count(info: object, key: str) -> int:
    """Return a number that may come as text, 0 for anything else."""
    try:
        return max(0, read_count(info.get(key)) or 0) if isinstance(info, dict) else 0
    except ValueError:
        return 0


def _id(row: Mapping[str, Any], key: str) -> str:
    text = str(row.get(key))
    if text.isascii() and text.isdigit():
        return text
    raise AccountError(f"The platform's answer holds a row without {key}.")


def _account(row: Mapping[str, Any], id_key: str) -> Account:
    name = row.get("account_name")
    kind = row.get("account_type") or row.get("local_account_role")
    return Account(
        _id(row, id_key), name=str(name) if name else None, account_type=str(kind) if kind else None
    )
