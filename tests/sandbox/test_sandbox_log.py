"""The request log and its counters, the switches and the reset."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from platform_sandbox import Fault, Switches, World
from platform_sandbox.defaults import FEISHU_BASE
from platform_sandbox.testing import SandboxServer


def test_counts_calls_by_path_half_and_method(oe):
    log = oe.sandbox.platform.requests
    oe.get("2/user/info/")
    oe.report()
    oe.report(page=2)
    assert log.count() == 3
    assert log.count("report/promotion") == 2
    assert log.count(half="feishu") == 0
    assert log.count(method="GET") == 3
    entry = log.entries[-1]
    assert (entry.half, entry.status, entry.code, entry.write) == ("oceanengine", 200, 0, False)
    assert entry.query["page"] == "2"
    log.clear()
    assert (log.count(), log.entries) == (0, [])


def test_keeps_bodies_of_the_last_calls(oe):
    oe.post("oauth2/refresh_token/", {"app_id": 1})
    assert oe.sandbox.platform.requests.entries[-1].body == {"app_id": 1}


def test_counts_writes_and_their_overlap_per_base(shared_sandbox, feishu_shared):
    table = feishu_shared.table({"field_name": "名称", "type": 1})
    log = shared_sandbox.platform.requests
    log.clear()
    feishu_shared.search(table)
    assert (log.writes, log.max_overlap) == (0, 0)
    feishu_shared.create(table, {"名称": "一"})
    assert (log.writes, log.max_overlap) == (1, 1)

    shared_sandbox.platform.switches.write_latency_ms = 200
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: feishu_shared.create(table, {"名称": name}), ["二", "三"]))
    assert (log.writes, log.max_overlap) == (3, 2)
    assert log.under_way(FEISHU_BASE) == 0


def test_calls_can_be_waited_for(oe):
    log = oe.sandbox.platform.requests
    with pytest.raises(TimeoutError, match="0 of 1 requests of /report/promotion"):
        log.wait_for("/report/promotion", seconds=0)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(oe.report)
        log.wait_for("/report/promotion")
        asked.result()
    assert log.count("/report/promotion") == 1


def test_notes_failures_and_cut_connections(oe):
    oe.sandbox.platform.faults.add(Fault(path="user/info", kind="cut_before"))
    with pytest.raises(requests.exceptions.ConnectionError):
        oe.get("2/user/info/")
    entry = oe.sandbox.platform.requests.entries[-1]
    assert (entry.fault, entry.status, entry.code) == ("cut_before", None, None)


def test_log_over_http(oe):
    oe.get("2/user/info/", access_token="not for the log")
    url = f"{oe.sandbox.url}/_sandbox/requests"
    listed = requests.get(url, timeout=9)
    assert listed.json()["requests"][0]["path"] == "/open_api/2/user/info/"
    assert "not for the log" not in listed.text
    summary = requests.get(url, params={"summary": 1}, timeout=9).json()
    assert summary == {
        "total": 1,
        "writes": 0,
        "max_overlap": 0,
        "by_path": {"GET /open_api/2/user/info/": 1},
    }
    assert requests.delete(url, timeout=9).json()["total"] == 0


def test_health_names_process_and_directory(sandbox):
    health = requests.get(f"{sandbox.url}/_sandbox/health", timeout=9).json()
    assert health["status"] == "ok"
    assert health["data_dir"] == str(sandbox.platform.services.database.path.parent.resolve())


def test_switches_over_http(shared_sandbox):
    url = f"{shared_sandbox.url}/_sandbox/switches"
    before = requests.get(url, timeout=9).json()
    assert before["oe_rotated_access_code"] == 40105
    changed = requests.post(
        url, json={"oe_rotated_access_code": 40102, "feishu": {"batch_cap": 500}}, timeout=9
    ).json()
    assert changed["oe_rotated_access_code"] == 40102
    assert shared_sandbox.platform.switches.feishu.batch_cap == 500
    for wrong in ({"oe_magic": 1}, {"feishu": {"magic": 1}}):
        refused = requests.post(url, json=wrong, timeout=9)
        assert refused.status_code == 400
        assert "magic" in refused.json()["error"]


def test_reset_brings_everything_back(oe):
    platform = oe.sandbox.platform
    first = platform.oceanengine.accounts
    oe.post("oauth2/refresh_token/", {})
    platform.oceanengine.tokens.kill()
    platform.oceanengine.directory.withdrawn.add(first[0].id)
    platform.clock.advance(days=4)
    platform.switches.latency_ms = 1
    platform.faults.add(Fault(times=None))
    answer = requests.post(f"{oe.sandbox.url}/_sandbox/reset", timeout=9)
    assert answer.status_code == 200
    assert oe.get("2/user/info/")["code"] == 0
    assert oe.report()["code"] == 0
    assert platform.switches.latency_ms == 0
    assert platform.clock.today().isoformat() == answer.json()["today"]
    assert platform.oceanengine.accounts == first


def test_state_survives_a_restart_of_the_server(tmp_path):
    with SandboxServer(tmp_path) as one:
        one.platform.clock.advance(days=3)
        one.platform.oceanengine.tokens.refresh("sandbox-refresh-token-0")
        pairs, now = one.platform.oceanengine.tokens.pairs, one.platform.clock.now()
        accounts = one.platform.oceanengine.accounts
    with SandboxServer(tmp_path) as two:
        assert two.platform.oceanengine.tokens.pairs == pairs
        assert two.platform.clock.now() == now
        assert two.platform.oceanengine.accounts == accounts


def test_a_server_can_have_a_world_and_switches_of_its_own():
    world, switches = World(accounts=3, active=1), Switches(oe_opt_status="string")
    with SandboxServer(world=world, switches=switches) as server:
        assert len(server.platform.oceanengine.accounts) == 3
        server.platform.switches.oe_opt_status = "int"
        server.platform.reset()
        assert server.platform.switches.oe_opt_status == "string"


@pytest.mark.parametrize(
    "wrong",
    [{"accounts": 3, "active": 4}, {"accounts": 1001}, {"units": (5, 2)}, {"days": 0}],
)
def test_impossible_worlds_are_refused(wrong):
    with pytest.raises(ValueError, match=r"accounts|units|days"):
        World(**wrong)
