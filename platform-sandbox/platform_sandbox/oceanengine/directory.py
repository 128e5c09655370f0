"""Which 本地推 accounts there are, and the four ways to find them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from platform_sandbox.oceanengine.parameters import UP_TO_100, Refusal, page_info

if TYPE_CHECKING:
    from platform_sandbox.oceanengine.inventory import Account, Source
    from platform_sandbox.oceanengine.parameters import Parameters
    from platform_sandbox.services import Services

EBP: Final = 1_700_000_000_000_101
CUSTOMER_CENTER: Final = 1_700_000_000_000_202
AGENT: Final = 1_700_000_000_000_303
LIFE: Final = 1_700_000_000_000_404
OTHERS: Final = 1_700_000_000_000_500
MOST_RECORDS: Final = 10_000


class Subject(NamedTuple):
    """One line of `oauth2/advertiser/get`."""

    id: int
    name: str
    kind: str
    valid: bool = True


SUBJECTS: Final = (
    Subject(OTHERS + 1, "沙箱品牌广告户", "ADVERTISER"),
    Subject(EBP, "沙箱餐饮集团工作台", "PLATFORM_ROLE_ENTERPRISE_BP_ADMIN"),
    Subject(CUSTOMER_CENTER, "沙箱旧工作台", "CUSTOMER_ADMIN"),
    Subject(OTHERS + 2, "沙箱星图账户", "PLATFORM_ROLE_STAR"),
    Subject(AGENT, "沙箱代理商", "PLATFORM_ROLE_LOCAL_AGENT"),
    Subject(LIFE, "沙箱来客账户", "PLATFORM_ROLE_LIFE"),
    Subject(EBP + 9, "沙箱已解绑工作台", "PLATFORM_ROLE_ENTERPRISE_BP_OPERATOR", valid=False),
)
_PRODUCTS: Final = {
    # account_source: accounts of other products in the same workbench
    "AD": ((1_750_000_000_000_001, "沙箱竞价户", "AD_NORMAL"),),
    "QIANCHUAN": ((1_750_000_000_000_002, "沙箱千川户", "QIANCHUAN"),),
}


class Directory:
    """The accounts of the world and who may see them."""

    def __init__(self, services: Services, accounts: tuple[Account, ...]) -> None:
        self._services = services
        self.withdrawn: set[int] = set()
        self.reset(accounts)

    def reset(self, accounts: tuple[Account, ...]) -> None:
        """These accounts, every one authorised."""
        self.accounts = accounts
        self._by_id = {account.id: account for account in accounts}
        self.withdrawn.clear()

    def find(self, account_id: int) -> Account:
        """An account that the token may operate.

        Raises:
            Refusal: 40002 for accounts of others, withdrawn ones, and for organisations.
        """
        account = self._by_id.get(account_id)
        if account is None and any(subject.id == account_id for subject in SUBJECTS):
            code = self._services.switches.oe_organization_code
            raise Refusal(code, f"Account {account_id} doesn't exist or the role is wrong")
        if account is None or account_id in self.withdrawn:
            raise Refusal(40002, f"No permission to operate account {account_id}")
        return account

    def of(self, source: Source) -> list[Account]:
        """Accounts that a way of finding lists."""
        return [
            account
            for account in self.accounts
            if source in account.sources and account.id not in self.withdrawn
        ]

    def subjects(self) -> list[dict[str, Any]]:
        """Lines of `oauth2/advertiser/get`, with the deprecated twins of the fields."""
        return [
            {
                "account_id": subject.id,
                "account_name": subject.name,
                "account_type": subject.kind,
                "account_string_id": str(subject.id),
                "account_role": subject.kind,
                "advertiser_id": subject.id,
                "advertiser_name": subject.name,
                "advertiser_role": 1,
                "is_valid": subject.valid,
                "company_list": [
                    {
                        "customer_company_id": 1_650_000_000_000_001,
                        "customer_company_name": "沙箱餐饮管理有限公司",
                    }
                ],
            }
            for subject in SUBJECTS
        ]

    def ebp_list(self, parameters: Parameters) -> dict[str, Any]:
        """GET 2/ebp/advertiser/list/."""
        _subject(parameters, "enterprise_organization_id", EBP)
        source = parameters.text("account_source", allowed=("AD", "LOCAL", "QIANCHUAN"))
        filters = parameters.filtering("filtering", {"account_name": None, "active_account": None})
        page, size = parameters.page(UP_TO_100)
        rows = [
            {"account_id": identity, "account_name": name, "account_type": kind}
            for identity, name, kind in self._named(source, "ebp", filters)
        ]
        return {
            "account_list": _cut(rows, page, size),
            "page_info": page_info(page, size, len(rows)),
        }

    def _named(
        self, product: str, source: Source, filters: dict[str, Any]
    ) -> list[tuple[int, str, str]]:
        wanted = str(filters.get("account_name", ""))
        if product != "LOCAL":
            return [row for row in _PRODUCTS[product] if wanted in row[1]]
        return [
            (account.id, account.name, "LOCAL")
            for account in self.of(source)
            if wanted in account.name and (account.active or not filters.get("active_account"))
        ]

    def customer_center(self, parameters: Parameters) -> dict[str, Any]:
        """GET v3.0/customer_center/account/list/: here it is `filter`, and it is required."""
        _subject(parameters, "account_id", CUSTOMER_CENTER)
        known = {
            "account_type": ("AD", "LOCAL", "QIANCHUAN"),
            "account_ids": None,
            "account_name": None,
            "account_tag": None,
        }
        filters = parameters.filtering("filter", known)
        if "account_type" not in filters:
            raise parameters.refuse("filter.account_type", "missing required parameter")
        page, size = parameters.page(UP_TO_100)
        if page * size > MOST_RECORDS:
            raise parameters.refuse("page", f"page * page_size must not exceed {MOST_RECORDS}")
        ids = filters.get("account_ids")
        rows = [
            {"account_id": identity, "account_name": name, "account_type": filters["account_type"]}
            for identity, name, _ in self._named(
                filters["account_type"], "customer_center", filters
            )
            if not ids or identity in ids
        ]
        return {"accounts": _cut(rows, page, size), "page_info": page_info(page, size, len(rows))}

    def customer_center_old(self, parameters: Parameters) -> dict[str, Any]:
        """GET 2/customer_center/advertiser/list/: `account_id` is a string there."""
        _subject(parameters, "cc_account_id", CUSTOMER_CENTER)
        sources = ("QIANCHUAN", "LOCAL", "AD", "ENTERPRISE")
        source = parameters.text("account_source", allowed=sources, default="AD")
        filters = parameters.filtering("filtering", {"account_name": None})
        page, size = parameters.page(UP_TO_100)
        named = [] if source == "ENTERPRISE" else self._named(source, "customer_center", filters)
        rows = [
            {
                "advertiser_id": identity,
                "advertiser_name": name,
                "advertiser_type": source,
                "account_id": str(identity),
                "account_name": name,
                "account_type": source,
            }
            for identity, name, _ in named
        ]
        return {"list": _cut(rows, page, size), "page_info": page_info(page, size, len(rows))}

    def agent_select(self, parameters: Parameters) -> dict[str, Any]:
        """GET 2/agent/advertiser/select/: ids only; by page, or by cursor and count."""
        _subject(parameters, "advertiser_id", AGENT)
        parameters.integers("company_ids", required=False)
        ids = [account.id for account in self.of("agent")]
        answer: dict[str, Any] = {"account_source": "LOCAL"}
        if parameters.has("cursor") or parameters.has("count"):
            start = parameters.integer("cursor", default=0)
            count = parameters.integer("count", default=100)
            if not 1 <= count <= MOST_RECORDS:
                raise parameters.refuse("count", f"must be 1..{MOST_RECORDS}")
            rows = ids[start : start + count]
            answer["list"] = rows
            answer["cursor_page_info"] = {
                "count": len(rows),
                "cursor": start + len(rows),
                "has_more": start + len(rows) < len(ids),
                "total_number": len(ids),
            }
            return answer
        page, size = parameters.page(range(1, 1001), default=100)
        if page * size > MOST_RECORDS:
            raise parameters.refuse("page", "use cursor and count from 10000 records on")
        answer["list"] = _cut(ids, page, size)
        answer["page_info"] = page_info(page, size, len(ids))
        return answer

    def child_agents(self, parameters: Parameters) -> dict[str, Any]:
        """GET 2/agent/child_agent/select/: the sandbox's agent has none."""
        _subject(parameters, "advertiser_id", AGENT)
        page, size = parameters.page(range(1, 1001), default=100)
        return {"list": [], "page_info": page_info(page, size, 0)}

    def life_list(self, parameters: Parameters) -> dict[str, Any]:
        """GET v3.0/local/life/advertiser/list/."""
        _subject(parameters, "life_account_id", LIFE)
        roles = ("ALL", "DIRECT_ACCOUNT", "VIRTUAL_ACCOUNT")
        filters = parameters.filtering("filtering", {"local_account_role": roles})
        page, size = parameters.page(UP_TO_100)
        rows = [
            {
                "local_account_id": account.id,
                "local_account_role": "DIRECT_ACCOUNT",
                "account_main_copy_tag": "MAIN_ACCOUNT",
            }
            for account in self.of("life")
            if filters.get("local_account_role", "ALL") != "VIRTUAL_ACCOUNT"
        ]
        return {"adv_list": _cut(rows, page, size), "page_info": page_info(page, size, len(rows))}


def _subject(parameters: Parameters, name: str, expected: int) -> None:
    identity = parameters.integer(name)
    if identity != expected:
        raise Refusal(40002, f"No permission to operate account {identity}")


def _cut(rows: list[Any], page: int, size: int) -> list[Any]:
    return rows[(page - 1) * size : page * size]
