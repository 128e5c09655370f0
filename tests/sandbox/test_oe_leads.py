"""Leads: POST only, newest first, other keys in page_info, personal data inside."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import requests

PATH = "2/tools/clue/life/get/"


def body(oe, **changes):
    platform = oe.sandbox.platform
    last = platform.clock.yesterday()
    sent = {
        "local_account_ids": [account.id for account in platform.oceanengine.accounts[:7]],
        "start_time": f"{last - timedelta(days=29)} 00:00:00",
        "end_time": f"{last} 23:59:59",
        "page": 1,
        "page_size": 100,
    }
    return {name: value for name, value in (sent | changes).items() if value is not None}


def ask(oe, **changes):
    return oe.post(PATH, body(oe, **changes))


def everything(oe, **changes):
    leads, page = [], 1
    while True:
        data = ask(oe, page=page, **changes)["data"]
        leads += data["list"]
        if page >= data["page_info"]["page_total"]:
            return leads
        page += 1


def test_only_post_is_served(oe):
    assert requests.get(oe.url + PATH, timeout=9).status_code == 404


def test_page_info_has_its_own_keys_and_leads_come_newest_first(oe):
    info = ask(oe)["data"]["page_info"]
    assert set(info) == {"page_number", "page_size", "page_total", "total"}
    leads = everything(oe)
    assert len(leads) == info["total"] > 100
    times = [lead["create_time_detail"] for lead in leads]
    assert times == sorted(times, reverse=True)
    assert len({lead["clue_id"] for lead in leads}) == len(leads)


def test_types_are_the_vendors(oe):
    lead = ask(oe)["data"]["list"][0]
    assert isinstance(lead["local_account_id"], str)
    assert isinstance(lead["clue_id"], str)
    assert isinstance(lead["promotion_id"], int)
    assert isinstance(json.loads(lead["remark_dict"]), dict)
    assert lead["create_time_detail"] <= lead["modify_time"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"local_account_ids": None}, 40001),
        ({"local_account_ids": []}, 40001),
        ({"local_account_ids": ["1800000000000001"]}, 40001),
        ({"local_account_ids": list(range(51))}, 40001),
        ({"local_account_ids": [17]}, 40002),
        ({"page": None}, 40001),
        ({"page_size": None}, 40001),
        ({"page_size": 101}, 40001),
        ({"page": "1"}, 40001),
        ({"start_time": "2026-01-01"}, 40001),
        ({"end_time": "2020-01-01 00:00:00"}, 40001),
    ],
    ids=str,
)
def test_refuses(oe, changes, code):
    assert ask(oe, **changes)["code"] == code


def test_one_refused_account_refuses_the_whole_call(oe):
    accounts = oe.sandbox.platform.oceanengine.accounts
    agent_only = next(one for one in accounts if one.sources == {"agent"})
    assert ask(oe, local_account_ids=[accounts[0].id, agent_only.id])["code"] == 40002
    oe.sandbox.platform.switches.oe_leads_agent_refused = False
    assert ask(oe, local_account_ids=[accounts[0].id, agent_only.id])["code"] == 0


def test_without_the_permission_for_sensitive_data_nothing_is_told(oe):
    oe.sandbox.platform.switches.oe_leads_entity_mismatch_code = 40119
    assert ask(oe)["code"] == 40119
    assert oe.get("2/user/info/")["data"]["material_auth_status"] is False


def test_states_move_on_without_moving_the_lead(oe):
    span = {name: body(oe)[name] for name in ("start_time", "end_time")}
    before = everything(oe, **span)
    oe.move_clock(5)
    after = everything(oe, **span)
    assert [lead["clue_id"] for lead in after] == [lead["clue_id"] for lead in before]
    moved = [
        (old, new)
        for old, new in zip(before, after, strict=True)
        if old["effective_state"] != new["effective_state"]
    ]
    assert moved
    assert all(new["modify_time"] > old["modify_time"] for old, new in moved)


def test_new_leads_shift_the_pages_of_an_open_window(oe):
    today = oe.sandbox.platform.clock.today()
    span = {"start_time": f"{today} 00:00:00", "end_time": f"{today} 23:59:59"}
    first = ask(oe, **span)["data"]
    for _ in range(400):
        ask(oe, **span)
    later = ask(oe, **span)["data"]
    assert later["page_info"]["total"] > first["page_info"]["total"]
    known = {lead["clue_id"] for lead in first["list"]}
    assert later["list"][0]["clue_id"] not in known


@pytest.mark.parametrize(("switch", "length"), [("plain", 11), ("masked", 11), ("empty", 0)])
def test_how_phones_are_told_is_a_switch(oe, switch, length):
    oe.sandbox.platform.switches.oe_leads_phone = switch
    phones = [lead["telephone"] for lead in ask(oe)["data"]["list"]]
    assert {len(phone) for phone in phones} == {length}
    assert all(("****" in phone) == (switch == "masked") for phone in phones)


def test_a_longest_window_can_be_set(oe):
    oe.sandbox.platform.switches.oe_leads_max_days = 7
    assert ask(oe)["code"] == 40001
    start = oe.sandbox.platform.clock.yesterday() - timedelta(days=5)
    assert ask(oe, start_time=f"{start} 00:00:00")["code"] == 0
