"""The four ways to find 本地推 accounts."""

from __future__ import annotations

import pytest

from platform_sandbox import World
from platform_sandbox.testing import SandboxServer

EBP, CENTER, AGENT, LIFE = (
    1_700_000_000_000_101,
    1_700_000_000_000_202,
    1_700_000_000_000_303,
    1_700_000_000_000_404,
)


def ebp(oe, **changes):
    parameters = {"enterprise_organization_id": EBP, "account_source": "LOCAL", "page_size": 100}
    parameters |= changes
    sent = {name: value for name, value in parameters.items() if value is not None}
    return oe.get("2/ebp/advertiser/list/", **sent)


def test_subjects_are_mixed_and_one_is_not_valid(oe):
    subjects = oe.get("oauth2/advertiser/get/")["data"]["list"]
    kinds = {subject["account_type"] for subject in subjects}
    assert {
        "ADVERTISER",
        "CUSTOMER_ADMIN",
        "PLATFORM_ROLE_LOCAL_AGENT",
        "PLATFORM_ROLE_LIFE",
        "PLATFORM_ROLE_ENTERPRISE_BP_ADMIN",
    } <= kinds
    assert [subject["is_valid"] for subject in subjects].count(False) == 1
    for subject in subjects:
        assert subject["account_role"] == subject["account_type"]
        assert subject["advertiser_id"] == subject["account_id"]


def test_the_token_may_come_in_the_query_of_oauth_calls_only(oe):
    token = oe.session.headers.pop("Access-Token")
    assert oe.get("oauth2/advertiser/get/", access_token=token)["code"] == 0
    assert oe.get("2/user/info/", access_token=token)["code"] == 40104


def test_all_four_ways_together_list_every_account(oe):
    accounts = {account.id for account in oe.sandbox.platform.oceanengine.accounts}
    workbench = {row["account_id"] for row in ebp(oe)["data"]["account_list"]}
    center = oe.get(
        "v3.0/customer_center/account/list/", account_id=CENTER, filter={"account_type": "LOCAL"}
    )
    agent = oe.get("2/agent/advertiser/select/", advertiser_id=AGENT)
    life = oe.get("v3.0/local/life/advertiser/list/", life_account_id=LIFE)
    old = {row["account_id"] for row in center["data"]["accounts"]}
    ids = set(agent["data"]["list"])
    shop = {row["local_account_id"] for row in life["data"]["adv_list"]}
    assert len(accounts) == 12
    assert workbench | old | ids | shop == accounts
    for others in (old, ids, shop):
        assert others - workbench, "each way knows an account that the workbench does not"
        assert others & workbench, "and one that it does"


def test_the_workbench_pages_by_ten_and_knows_other_products(oe):
    first = ebp(oe, page_size=None)["data"]
    assert len(first["account_list"]) <= 10
    assert {row["account_type"] for row in first["account_list"]} == {"LOCAL"}
    assert first["page_info"]["page_size"] == 10
    assert ebp(oe, account_source="AD")["data"]["account_list"][0]["account_type"] == "AD_NORMAL"
    active = ebp(oe, filtering={"active_account": True})["data"]["account_list"]
    assert len(active) == 7


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"page_size": 101}, 40001),
        ({"page_size": 0}, 40001),
        ({"page": 0}, 40001),
        ({"account_source": None}, 40001),
        ({"account_source": "LIFE"}, 40001),
        ({"enterprise_organization_id": None}, 40001),
        ({"enterprise_organization_id": "x"}, 40001),
        ({"enterprise_organization_id": CENTER}, 40002),
        ({"filtering": "active"}, 40001),
        ({"filtering": {"colour": "red"}}, 40001),
    ],
)
def test_the_workbench_refuses(oe, changes, code):
    assert ebp(oe, **changes)["code"] == code


def test_the_customer_centre_wants_filter_not_filtering(oe):
    path = "v3.0/customer_center/account/list/"
    assert oe.get(path, account_id=CENTER)["code"] == 40001
    assert oe.get(path, account_id=CENTER, filtering={"account_type": "LOCAL"})["code"] == 40001
    wanted = {"account_type": "LOCAL"}
    assert oe.get(path, account_id=CENTER, filter=wanted, page=101, page_size=100)["code"] == 40001
    good = oe.get(path, account_id=CENTER, filter=wanted)["data"]["accounts"]
    assert {row["account_type"] for row in good} == {"LOCAL"}
    one = oe.get(path, account_id=CENTER, filter=wanted | {"account_ids": [good[0]["account_id"]]})
    assert one["data"]["accounts"] == good[:1]


def test_the_old_customer_centre_writes_account_ids_as_strings(oe):
    path = "2/customer_center/advertiser/list/"
    rows = oe.get(path, cc_account_id=CENTER, account_source="LOCAL")["data"]["list"]
    assert all(str(row["advertiser_id"]) == row["account_id"] for row in rows)
    usual = oe.get(path, cc_account_id=CENTER)["data"]["list"]
    assert {row["account_type"] for row in usual} == {"AD"}


def test_the_agent_lists_ids_only_by_page_or_cursor(oe):
    path = "2/agent/advertiser/select/"
    paged = oe.get(path, advertiser_id=AGENT)["data"]
    assert paged["account_source"] == "LOCAL"
    assert paged["page_info"]["page_size"] == 100
    seen, cursor = [], 0
    while True:
        data = oe.get(path, advertiser_id=AGENT, cursor=cursor, count=1)["data"]
        seen += data["list"]
        info = data["cursor_page_info"]
        cursor = info["cursor"]
        if not info["has_more"]:
            break
    assert seen == paged["list"]
    assert oe.get(path, advertiser_id=AGENT, page=101, page_size=100)["code"] == 40001
    assert oe.get(path, advertiser_id=AGENT, count=0)["code"] == 40001
    assert oe.get("2/agent/child_agent/select/", advertiser_id=AGENT)["data"]["list"] == []


def test_the_shop_account_filters_by_role(oe):
    path = "v3.0/local/life/advertiser/list/"
    virtual = {"local_account_role": "VIRTUAL_ACCOUNT"}
    assert oe.get(path, life_account_id=LIFE, filtering=virtual)["data"]["adv_list"] == []
    assert oe.get(path, life_account_id=LIFE, filtering={"local_account_role": "X"})["code"] != 0


def test_a_withdrawn_account_disappears_and_is_refused(oe):
    half = oe.sandbox.platform.oceanengine
    gone = half.accounts[3]
    half.directory.withdrawn.add(gone.id)
    assert gone.id not in {row["account_id"] for row in ebp(oe)["data"]["account_list"]}
    assert oe.report(local_account_id=gone.id)["code"] == 40002


def test_a_thousand_accounts_page_past_a_hundred(oe_at):
    with SandboxServer(world=World(accounts=1000, active=2)) as server:
        oe = oe_at(server)
        info = ebp(oe)["data"]["page_info"]
        assert info["total_page"] == 10
        assert len(ebp(oe, page=10)["data"]["account_list"]) == info["total_number"] - 900
        assert ebp(oe, page=11)["data"]["account_list"] == []
        assert len({account.id for account in server.platform.oceanengine.accounts}) == 1000
