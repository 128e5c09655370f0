"""Failures on demand, and what the request log makes of them."""

from __future__ import annotations

import time

import pytest
import requests

from platform_sandbox import Fault
from platform_sandbox.defaults import (
    FEISHU_WEBHOOK,
    FEISHU_WEBHOOK_SECRET,
    OE_APP_ID,
    OE_APP_SECRET,
    OE_REFRESH_TOKEN,
)
from platform_sandbox.faults import AFTER, BEFORE, ROWS, Faults

REFRESH = {
    "app_id": int(OE_APP_ID),
    "secret": OE_APP_SECRET,
    "refresh_token": OE_REFRESH_TOKEN,
}


def refresh(oe):
    return oe.session.post(f"{oe.url}oauth2/refresh_token/", json=REFRESH, timeout=9)


def test_a_code_comes_with_headers_and_only_as_often_as_planned(oe):
    headers = {"X-RateLimit-RetryIn": "17"}
    oe.sandbox.platform.faults.add(
        Fault(path="user/info", code=40110, times=2, skip=1, headers=headers)
    )
    codes = [oe.get("2/user/info/")["code"] for _ in range(4)]
    assert codes == [0, 40110, 40110, 0]
    oe.sandbox.platform.faults.add(Fault(path="user/info", code=40110, headers=headers))
    answer = oe.answer("2/user/info/")
    assert (answer.status_code, answer.headers["X-RateLimit-RetryIn"]) == (200, "17")
    assert "Too many requests by this developer" in answer.json()["message"]


def test_a_fault_can_be_meant_for_one_account_and_last_for_ever(oe):
    accounts = oe.sandbox.platform.oceanengine.accounts
    match = {"local_account_id": str(accounts[1].id)}
    fault = Fault(path="report/promotion", code=40002, times=None, match=match)
    oe.sandbox.platform.faults.add(fault)
    for _ in range(3):
        assert oe.report(local_account_id=accounts[1].id)["code"] == 40002
    assert oe.report()["code"] == 0
    oe.sandbox.platform.faults.clear()
    assert oe.report(local_account_id=accounts[1].id)["code"] == 0


def test_bodies_are_matched_by_their_values_too(oe):
    fault = Fault(path="clue/life", code=50000, match={"page": 2})
    oe.sandbox.platform.faults.add(fault)
    body = {
        "local_account_ids": [oe.sandbox.platform.oceanengine.accounts[0].id],
        "start_time": "2026-01-01 00:00:00",
        "end_time": "2026-01-02 00:00:00",
        "page": 1,
        "page_size": 10,
    }
    assert oe.post("2/tools/clue/life/get/", body)["code"] == 0
    assert oe.post("2/tools/clue/life/get/", body | {"page": 2})["code"] == 50000


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        (Fault(kind="http", code=50000), 503, "application/json"),
        (Fault(kind="http", code=40110, status=429), 429, "application/json"),
        (Fault(kind="html"), 502, "text/html"),
    ],
)
def test_http_errors_and_html_pages(oe, fault, status, kind):
    oe.sandbox.platform.faults.add(fault)
    answer = oe.answer("2/user/info/")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(kind)


def test_broken_json_comes_with_http_200(oe):
    oe.sandbox.platform.faults.add(Fault(kind="invalid_json"))
    answer = oe.answer("2/user/info/")
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_a_connection_cut_before_does_nothing(oe):
    oe.sandbox.platform.faults.add(Fault(path="refresh_token", kind="cut_before"))
    with pytest.raises(requests.exceptions.ConnectionError):
        refresh(oe)
    assert oe.sandbox.platform.oceanengine.tokens.refreshes == 0
    assert refresh(oe).json()["code"] == 0


@pytest.mark.parametrize("kind", ["cut_after", "truncated"])
def test_a_connection_cut_after_has_rotated_the_tokens(oe, kind):
    oe.sandbox.platform.faults.add(Fault(path="refresh_token", kind=kind))
    with pytest.raises(requests.exceptions.RequestException):
        refresh(oe)
    assert oe.sandbox.platform.oceanengine.tokens.refreshes == 1
    assert refresh(oe).json()["code"] == 40107


@pytest.mark.parametrize(("kind", "status"), [("status_after", 502), ("code_after", 200)])
def test_a_wrong_answer_after_the_deed(oe, kind, status):
    oe.sandbox.platform.faults.add(Fault(path="refresh_token", kind=kind, code=50000))
    answer = refresh(oe)
    assert (answer.status_code, answer.json()["code"]) == (status, 50000)
    assert oe.sandbox.platform.oceanengine.tokens.refreshes == 1


def test_a_slow_answer_outlasts_a_short_timeout(oe):
    oe.sandbox.platform.faults.add(Fault(kind="slow", seconds=0.5))
    with pytest.raises(requests.exceptions.ReadTimeout):
        oe.session.get(f"{oe.url}2/user/info/", timeout=0.05)


def test_pages_can_move_while_they_are_read(oe):
    faults = oe.sandbox.platform.faults
    good = oe.report()["data"]
    rows = good["promotion_list"]

    faults.add(Fault(path="report/promotion", kind="total_changes"))
    moved = oe.report()["data"]["page_info"]["total_number"]
    assert moved == good["page_info"]["total_number"] + 1

    faults.add(Fault(path="report/promotion", kind="duplicate_row"))
    doubled = oe.report()["data"]["promotion_list"]
    assert len(doubled) == len(rows)
    assert doubled[-1] == doubled[0]

    faults.add(Fault(path="report/promotion", kind="missing_row"))
    assert len(oe.report()["data"]["promotion_list"]) == len(rows) - 1

    faults.add(Fault(path="report/promotion", kind="unstable_order"))
    turned = oe.report()["data"]["promotion_list"]
    assert [row["promotion_id"] for row in turned] == [row["promotion_id"] for row in rows[::-1]]


def test_faults_fit_the_other_half_in_its_own_words(oe):
    oe.sandbox.platform.faults.add(Fault(path="bot/v2", code=11232))
    answer = requests.post(
        oe.sandbox.url + FEISHU_WEBHOOK, json={"sign": FEISHU_WEBHOOK_SECRET}, timeout=9
    ).json()
    assert answer["code"] == 11232
    assert "msg" in answer


def test_faults_over_http(oe):
    url = f"{oe.sandbox.url}/_sandbox/faults"
    plan = {"path": "user/info", "kind": "code", "code": 61002, "times": 2}
    assert requests.post(url, json=plan, timeout=9).json()["faults"][0]["code"] == 61002
    assert oe.get("2/user/info/")["code"] == 61002
    assert requests.get(url, timeout=9).json()["faults"][0]["times"] == 1
    assert requests.delete(url, timeout=9).json() == {"faults": []}
    assert oe.get("2/user/info/")["code"] == 0
    refused = requests.post(url, json={"kind": "meteor"}, timeout=9)
    assert refused.status_code == 400
    assert "Unknown kind of fault 'meteor'" in refused.json()["error"]


def test_every_kind_belongs_to_one_moment():
    assert not BEFORE & AFTER
    assert not ROWS & (BEFORE | AFTER)


def test_the_oldest_fitting_fault_is_used_first():
    faults = Faults()
    faults.add(Fault(path="a", code=1))
    faults.add(Fault(path="a", code=2))
    assert [faults.take("GET", "/a", dict).code for _ in range(2)] == [1, 2]
    assert faults.take("GET", "/a", dict) is None
    assert [fault.code for fault in faults.used] == [1, 2]


def test_latency_is_a_switch(oe):
    oe.sandbox.platform.switches.latency_ms = 60
    started = time.monotonic()
    oe.get("2/user/info/")
    assert time.monotonic() - started >= 0.06
