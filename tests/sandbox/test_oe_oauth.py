"""Tokens of the Ocean Engine half: issued, rotated, run out, withdrawn."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from platform_sandbox.defaults import (
    OE_ACCESS_TOKEN,
    OE_APP_ID,
    OE_APP_SECRET,
    OE_AUTH_CODE,
    OE_REFRESH_TOKEN,
)

APP = {"app_id": int(OE_APP_ID), "secret": OE_APP_SECRET}


def refresh(oe, token=OE_REFRESH_TOKEN):
    return oe.post("oauth2/refresh_token/", APP | {"refresh_token": token})


def exchange(oe, code=OE_AUTH_CODE, **more):
    return oe.post("oauth2/access_token/", APP | {"auth_code": code, **more})


def probe(oe, token):
    answer = requests.get(
        f"{oe.url}2/user/info/", headers={"Access-Token": token} if token else {}, timeout=9
    )
    assert answer.status_code == 200
    return answer.json()


def test_answers_carry_envelope_and_request_id(oe):
    for token, code in ((OE_ACCESS_TOKEN, 0), ("nonsense", 40105)):
        envelope = probe(oe, token)
        assert envelope["code"] == code
        assert re.fullmatch(r"\d{14}[0-9A-F]{20}", envelope["request_id"])
        assert isinstance(envelope["message"], str)
    assert probe(oe, OE_ACCESS_TOKEN)["message"] == "OK"
    assert probe(oe, OE_ACCESS_TOKEN)["request_id"] != probe(oe, OE_ACCESS_TOKEN)["request_id"]


def test_a_missing_token_is_40104_without_data(oe):
    envelope = probe(oe, None)
    assert (envelope["code"], envelope["message"]) == (40104, "The access_token is empty.")
    assert "data" not in envelope


def test_bearer_headers_are_not_known(oe):
    headers = {"Authorization": f"Bearer {OE_ACCESS_TOKEN}"}
    answer = requests.get(f"{oe.url}2/user/info/", headers=headers, timeout=9)
    assert answer.json()["code"] == 40104


def test_refresh_rotates_both_and_kills_the_old_pair_at_once(oe):
    issued = refresh(oe)["data"]
    assert set(issued) == {
        "access_token",
        "refresh_token",
        "expires_in",
        "refresh_token_expires_in",
    }
    assert (issued["expires_in"], issued["refresh_token_expires_in"]) == (86399, 2591999)
    assert probe(oe, OE_ACCESS_TOKEN)["code"] == 40105
    assert refresh(oe)["code"] == 40107
    assert probe(oe, issued["access_token"])["code"] == 0
    assert refresh(oe, issued["refresh_token"])["code"] == 0


def test_the_code_of_a_rotated_access_token_is_a_switch(oe):
    oe.sandbox.platform.switches.oe_rotated_access_code = 40102
    refresh(oe)
    assert probe(oe, OE_ACCESS_TOKEN)["code"] == 40102


def test_of_parallel_refreshes_one_wins(oe):
    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(lambda _: refresh(oe)["code"], range(8)))
    assert codes == [0] + [40107] * 7
    assert oe.sandbox.platform.oceanengine.tokens.refreshes == 1
    assert len(oe.sandbox.platform.oceanengine.tokens.live) == 1


def test_an_access_token_lives_a_day_and_a_refresh_token_thirty(oe):
    platform = oe.sandbox.platform
    platform.clock.advance(days=1)
    assert probe(oe, OE_ACCESS_TOKEN)["code"] == 40102
    platform.oceanengine.tokens.expire_refresh()
    assert refresh(oe)["code"] == 40103


def test_expired_on_demand(oe):
    oe.sandbox.platform.oceanengine.tokens.expire_access()
    assert probe(oe, OE_ACCESS_TOKEN)["code"] == 40102
    assert refresh(oe)["code"] == 0


def test_a_withdrawn_authorisation_leaves_nothing_alive(oe):
    tokens = oe.sandbox.platform.oceanengine.tokens
    tokens.kill()
    assert probe(oe, OE_ACCESS_TOKEN)["code"] == 40105
    assert refresh(oe)["code"] == 40107
    assert tokens.live == []


def test_an_auth_code_works_once_and_replaces_the_old_pair(oe):
    issued = exchange(oe)["data"]
    assert probe(oe, issued["access_token"])["code"] == 0
    assert probe(oe, OE_ACCESS_TOKEN)["code"] == 40105
    assert len(issued["advertiser_ids"]) > 1
    again = exchange(oe)
    assert (again["code"], again["message"]) == (40115, "auth_code已经使用,请重新授权")


def test_an_auth_code_lives_ten_minutes(oe):
    oe.sandbox.platform.clock.advance(seconds=601)
    assert exchange(oe)["code"] == 40110
    oe.sandbox.platform.switches.oe_expired_auth_code = 40113
    assert exchange(oe)["code"] == 40113
    code = oe.sandbox.platform.oceanengine.tokens.new_code()
    assert exchange(oe, code)["code"] == 0


def test_an_unknown_auth_code_is_refused(oe):
    assert exchange(oe, "never-issued")["code"] == 40113


@pytest.mark.parametrize(
    "wrong",
    [
        {"app_id": OE_APP_ID},
        {"app_id": 17},
        {"secret": "wrong"},
        {"secret": None},
        {"grant_type": "password"},
        {"auth_code": 5},
    ],
)
def test_wrong_apps_and_shapes_are_refused_and_use_up_no_code(oe, wrong):
    assert exchange(oe, **wrong)["code"] == 40001
    assert exchange(oe, grant_type="auth_code")["code"] == 0


@pytest.mark.parametrize("body", ["", "[]", "{"])
def test_what_is_no_json_object_is_40000(oe, body):
    headers = {"Content-Type": "application/json"}
    answer = requests.post(f"{oe.url}oauth2/refresh_token/", data=body, headers=headers, timeout=9)
    assert answer.json()["code"] == 40000


def test_forms_are_not_json(oe):
    answer = requests.post(f"{oe.url}oauth2/refresh_token/", data=APP, timeout=9)
    assert answer.json()["code"] == 40000


def test_user_info_says_who_and_what_for(oe):
    data = oe.get("2/user/info/")["data"]
    assert data["app_id"] == int(OE_APP_ID)
    assert data["material_auth_status"] is True
    assert "/open_api/v3.0/local/report/promotion/get/" in data["token_api_list"]
    assert all(isinstance(scope, int) for scope in data["token_scope_list"])


def test_the_apps_own_token_needs_its_secret_only(oe):
    assert oe.post("oauth2/app_access_token/", APP)["data"]["expires_in"] > 0
    assert oe.post("oauth2/app_access_token/", APP | {"secret": "wrong"})["code"] != 0


def test_a_call_with_the_wrong_method_or_path_is_no_envelope(oe):
    for method, path in (("GET", "oauth2/refresh_token/"), ("GET", "2/user/info")):
        answer = requests.request(method, oe.url + path, timeout=9)
        assert answer.status_code == 404
        assert not answer.headers["content-type"].startswith("application/json")


def test_tokens_over_http(oe):
    url = f"{oe.sandbox.url}/_sandbox/oceanengine/tokens"
    requests.post(url, json={"expire_access": True}, timeout=9)
    assert probe(oe, OE_ACCESS_TOKEN)["code"] == 40102
    code = requests.post(url, json={"new_code": True}, timeout=9).json()["auth_code"]
    assert exchange(oe, code)["code"] == 0
    state = requests.get(url, timeout=9).json()
    assert [pair["state"] for pair in state["pairs"]] == ["rotated", "live"]
    assert state["refreshes"] == 1
    assert OE_ACCESS_TOKEN not in str(state)
    assert requests.post(url, json={"explode": True}, timeout=9).status_code == 400


def test_the_rate_limit_is_per_path_with_a_penalty(oe):
    platform = oe.sandbox.platform
    platform.switches.oe_requests_per_second = 3
    codes = [oe.get("2/user/info/")["code"] for _ in range(5)]
    assert codes == [0, 0, 0, 40110, 40110]
    answer = oe.answer("2/user/info/")
    assert answer.headers["X-RateLimit-Dimension"] == "developer_qpm"
    assert 290 < int(answer.headers["X-RateLimit-RetryIn"]) <= 301
    assert oe.get("oauth2/advertiser/get/")["code"] == 0
    platform.clock.advance(seconds=302)
    assert oe.get("2/user/info/")["code"] == 0
    platform.switches.oe_rate_status = 429
    assert [oe.answer("2/user/info/").status_code for _ in range(4)][-1] == 429
