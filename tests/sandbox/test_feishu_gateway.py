"""What the gateway does before any endpoint is reached."""

from __future__ import annotations

import pytest
import requests

from platform_sandbox.defaults import FEISHU_APP_ID, FEISHU_APP_SECRET, FEISHU_BASE

TOKEN = "/open-apis/auth/v3/tenant_access_token/internal"
BASE = f"/open-apis/bitable/v1/apps/{FEISHU_BASE}"


@pytest.fixture
def sandbox(shared_sandbox):
    return shared_sandbox


def test_answers_unknown_paths_and_methods_in_plain_text(sandbox, feishu_api):
    for method, path in [("GET", "/open-apis/nothing"), ("PATCH", f"{BASE}/tables/t/records/r")]:
        answer = requests.request(method, sandbox.url + path, headers=feishu_api.headers, timeout=9)
        assert (answer.status_code, answer.text) == (404, "404 page not found")
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.headers["x-tt-logid"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, 99991661),
        ("t-unknown", 99991661),
        ("Bearer t-unknown", 99991663),
        ("Bearer eyJhbGciOi", 99991668),
        ("Bearer u-unknown", 99991668),
    ],
)
def test_checks_the_token_before_anything_else(sandbox, header, code):
    headers = {"Authorization": header} if header else {}
    answer = requests.post(f"{sandbox.url}{BASE}/tables", data="{", headers=headers, timeout=9)
    envelope = answer.json()
    assert (answer.status_code, envelope["code"]) == (400, code)
    assert envelope["error"]["log_id"] == answer.headers["x-tt-logid"]


@pytest.mark.parametrize(
    ("body", "code", "msg"),
    [
        ("", 10003, "invalid param"),
        ('{"app_id": "cli_x"}', 10003, "invalid param"),
        ('{"app_id": "nonsense", "app_secret": "x"}', 10003, "invalid param"),
        ('{"app_id": "cli_b000000000unknown", "app_secret": "x"}', 10014, "app id not exists"),
        (f'{{"app_id": "{FEISHU_APP_ID}", "app_secret": "x"}}', 10014, "app secret invalid"),
    ],
)
def test_token_endpoint_refuses_with_http_200(sandbox, body, code, msg):
    answer = requests.post(sandbox.url + TOKEN, data=body, timeout=9)
    assert answer.status_code == 200
    assert answer.json() == {"code": code, "msg": msg, "data": {}}


def _issue(sandbox, suffix=""):
    body = {"app_id": FEISHU_APP_ID, "app_secret": FEISHU_APP_SECRET}
    return requests.post(sandbox.url + TOKEN + suffix, json=body, timeout=9).json()


def test_gives_the_same_token_until_half_an_hour_is_left(sandbox):
    first = _issue(sandbox)
    sandbox.platform.feishu.tokens.age(5000)
    second = _issue(sandbox, "/")
    assert second["tenant_access_token"] == first["tenant_access_token"]
    assert 2190 <= second["expire"] <= 2200
    sandbox.platform.feishu.tokens.age(500)
    third = _issue(sandbox)
    assert third["tenant_access_token"] != first["tenant_access_token"]
    assert third["expire"] == 7200


def test_old_token_lives_on_beside_the_new_one_until_it_expires(sandbox, feishu_api):
    tokens = sandbox.platform.feishu.tokens
    tokens.age(6000)
    assert feishu_api.token() not in feishu_api.headers["Authorization"]
    assert feishu_api.send("GET", "").code == 0
    tokens.age(1300)
    assert feishu_api.send("GET", "").code == 99991663


def test_killed_token_is_invalid_at_once(sandbox, feishu_api):
    sandbox.platform.feishu.tokens.kill()
    assert feishu_api.send("GET", "").code == 99991663


def test_missing_scope_is_named(sandbox, feishu_api):
    sandbox.platform.feishu.app(scopes=["bitable:app:readonly"])
    assert feishu_api.send("GET", "tables").code == 0
    reply = feishu_api.send("POST", "tables", {"table": {"name": "x"}})
    assert (reply.status, reply.code) == (400, 99991672)
    assert "base:table:create" in reply.envelope["msg"]
    subjects = [one["subject"] for one in reply.envelope["error"]["permission_violations"]]
    assert subjects == ["bitable:app", "base:table:create"]


def test_granular_scope_suffices(sandbox, feishu_api):
    sandbox.platform.feishu.app(scopes=["base:record:retrieve"])
    table = sandbox.platform.feishu.base().tables[0].id
    assert feishu_api.search(table).code == 0
    assert feishu_api.create(table, {}).code == 99991672


def test_addresses_off_the_allow_list_are_refused(sandbox, feishu_api):
    sandbox.platform.feishu.app(ip_allowed=False)
    assert feishu_api.send("GET", "").code == 99991401


def test_endpoint_bucket_answers_429_with_the_wait(sandbox, feishu_api):
    sandbox.platform.feishu.switch(rate_limits=True)
    replies = [feishu_api.send("GET", "tables") for _ in range(21)]
    assert {reply.code for reply in replies[:20]} == {0}
    refused = replies[20]
    assert (refused.status, refused.code) == (429, 99991400)
    assert refused.headers["x-ogw-ratelimit-limit"] == "20"
    assert 0 < float(refused.headers["x-ogw-ratelimit-reset"]) <= 1
    sandbox.platform.clock.advance(seconds=1)
    assert feishu_api.send("GET", "tables").code == 0


def test_throttle_of_a_base_answers_200_without_headers(sandbox, feishu_api):
    sandbox.platform.feishu.switch(base_calls_per_second=1)
    feishu_api.send("GET", "")
    reply = feishu_api.send("GET", "")
    assert (reply.status, reply.code) == (200, 1254290)
    assert "x-ogw-ratelimit-reset" not in reply.headers


@pytest.mark.parametrize("status", [400, 429])
def test_throttle_of_a_base_can_answer_other_statuses(sandbox, feishu_api, status):
    sandbox.platform.feishu.switch(base_calls_per_second=0, throttle_status=status)
    assert feishu_api.send("GET", "").status == status


def test_monthly_quota_ends(sandbox, feishu_api):
    sandbox.platform.feishu.switch(monthly_quota=1)
    assert feishu_api.send("GET", "").code == 0
    assert feishu_api.send("GET", "").code == 99991403


def test_status_mode_ok_leaves_only_the_code_to_go_by(sandbox, feishu_api):
    assert feishu_api.send("POST", "tables/tblx/fields", {}).code == 1254041
    sandbox.platform.feishu.app(rights="none")
    assert feishu_api.send("GET", "").status == 403
    sandbox.platform.feishu.switch(status_mode="ok")
    reply = feishu_api.send("GET", "")
    assert (reply.status, reply.code) == (200, 91403)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/open-apis/bitable/v1/apps/bascnUnknown/tables", 1254040),
        ("/open-apis/bitable/v1/apps/wikcnSandbox0000000000000001/tables", 91402),
        ("tables/tblUnknown/fields", 1254041),
        ("tables/unknown/fields", 1254004),
    ],
)
def test_unknown_base_or_table(feishu_api, path, code):
    assert feishu_api.send("GET", path).code == code


def test_wiki_node_leads_to_its_base(feishu_api):
    node = "/open-apis/wiki/v2/spaces/get_node"
    found = feishu_api.send("GET", node, token="wikcnSandbox0000000000000001").data["node"]
    assert (found["obj_type"], found["obj_token"]) == ("bitable", FEISHU_BASE)
    by_base = feishu_api.send("GET", node, token=FEISHU_BASE, obj_type="bitable").data["node"]
    assert by_base == found
    reply = feishu_api.send("GET", node, token="wikcnUnknown")
    assert (reply.status, reply.code) == (400, 131005)
    assert feishu_api.send("GET", node).code == 131002


def test_wiki_node_is_closed_to_strangers(sandbox, feishu_api):
    sandbox.platform.feishu.app(rights="none")
    node = "/open-apis/wiki/v2/spaces/get_node"
    reply = feishu_api.send("GET", node, token="wikcnSandbox0000000000000001")
    assert (reply.status, reply.code) == (400, 131006)


def test_reader_may_not_write(sandbox, feishu_api):
    sandbox.platform.feishu.app(rights="read")
    table = sandbox.platform.feishu.base().tables[0].id
    assert feishu_api.search(table).code == 0
    reply = feishu_api.create(table, {})
    assert (reply.status, reply.code) == (403, 91403)


def test_base_tells_its_zone_by_a_name_that_is_not_iana(feishu_api):
    app = feishu_api.send("GET", "").data["app"]
    assert app["time_zone"] == "Asia/Beijing"
    assert app["is_advanced"] is False
    before = app["revision"]
    feishu_api.send("POST", "tables", {"table": {"name": "另一张"}})
    assert feishu_api.send("GET", "").data["app"]["revision"] > before


@pytest.mark.parametrize(("body", "code"), [("{", 1254000), ("[]", 1254001), ("", 1254000)])
def test_body_must_be_a_json_object(sandbox, feishu_api, body, code):
    url = f"{sandbox.url}{BASE}/tables"
    envelope = requests.post(url, data=body, headers=feishu_api.headers, timeout=9).json()
    assert envelope["code"] == code
