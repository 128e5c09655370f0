"""Whole runs against the sandbox: every number, every request, days that change afterwards."""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from platform_sandbox import Fault

GOLDEN = Path(__file__).with_name("golden")
METRICS = {"stat_cost", "convert_cnt", "show_cnt", "attribution_convert_cnt", "conversion_cost"}


def truth(sandbox, start, end):
    return {
        (row["stat_time_day"], str(row["promotion_id"])): row
        for account in sandbox.platform.oceanengine.accounts
        for row in sandbox.platform.oceanengine.truth(account.id, start, end, metrics=METRICS)
    }


def assert_equal(records, rows):
    found = {(record["stat_time_day"], record["promotion_id"]): record for record in records}
    assert len(found) == len(records)
    assert found.keys() == rows.keys()
    for key, record in found.items():
        for name in METRICS:
            assert record[name] == pytest.approx(rows[key][name], abs=0.0051), (key, name)


def test_a_run_three_days_later_brings_new_days_and_late_conversions(
    sandbox, sandbox_config, run_tap
):
    clock = sandbox.platform.clock
    first_end = clock.yesterday()
    first = run_tap(**sandbox_config)
    assert first.error is None
    assert_equal(first.records(), truth(sandbox, first_end - timedelta(days=30), first_end))
    clock.advance(days=3)
    end = clock.yesterday()
    config = {**sandbox_config, "end_date": end.isoformat()}
    second = run_tap(state=first.state, **config)
    assert second.error is None
    assert_equal(second.records(), truth(sandbox, first_end - timedelta(days=29), end))
    before = {(row["stat_time_day"], row["promotion_id"]): row for row in first.records()}
    changed = {
        name
        for row in second.records()
        for name in METRICS
        if (row["stat_time_day"], row["promotion_id"]) in before
        and row[name] != before[row["stat_time_day"], row["promotion_id"]][name]
    }
    assert "attribution_convert_cnt" in changed
    assert set(second.bookmarks().values()) == {end.isoformat()}


def test_exactly_the_requests_that_the_contract_needs(sandbox, sandbox_config, run_tap):
    run = run_tap(**sandbox_config)
    rows = Counter(record["local_account_id"] for record in run.records())
    accounts = run.summary["promotion_report"]["accounts"]
    pages = sum(math.ceil(count / 100) for count in rows.values()) + accounts - len(rows)
    assert max(rows.values()) > 100
    requests = sandbox.platform.requests
    assert requests.count("report/promotion") == pages
    assert requests.count("report/account") == len(rows)
    assert requests.count("oauth2/refresh_token") == 0
    discovery = requests.count() - pages - len(rows)
    assert discovery == 1 + sum(
        requests.count(path)
        for path in ("ebp/advertiser", "customer_center", "agent/advertiser", "life/advertiser")
    )


def test_an_account_without_permission_fails_alone(sandbox, sandbox_config, run_tap):
    lost = sandbox.platform.oceanengine.accounts[0]
    whole = run_tap(**sandbox_config)
    sandbox.platform.oceanengine.directory.withdrawn.add(lost.id)
    ids = [account.id for account in whole.tap.accounts]
    run = run_tap(local_account_ids=ids, **sandbox_config)
    assert str(lost.id) in str(run.error)
    assert "40002" in str(run.error)
    assert set(run.bookmarks()) == {one for one in ids if one != str(lost.id)}
    assert {r["local_account_id"] for r in run.records()} == {
        r["local_account_id"] for r in whole.records() if r["local_account_id"] != str(lost.id)
    }


@pytest.mark.parametrize("switch", ["null", "missing", "dash"])
def test_empty_metrics_are_null_however_they_come(sandbox, sandbox_config, run_tap, switch):
    sandbox.platform.services.switches.oe_empty_metric = switch
    run = run_tap("account_report", "promotion_report", **sandbox_config)
    assert run.error is None
    assert any(value is None for row in run.records() for value in row.values())
    assert all(value != "-" for row in run.records() for value in row.values())
    assert all(
        row["conversion_cost"] is not None
        for row in run.records()
        if row["convert_cnt"] is not None
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("oe_hour_format", "interval"), ("oe_empty_list", "missing"), ("oe_opt_status", "string")],
)
def test_every_way_of_the_platform_to_say_it_is_read(sandbox, sandbox_config, run_tap, name, value):
    setattr(sandbox.platform.services.switches, name, value)
    start = (sandbox.platform.clock.yesterday() - timedelta(days=1)).isoformat()
    streams = ("account_report_hourly", "promotion_report", "projects")
    run = run_tap(*streams, start_date=start, **sandbox_config)
    assert run.error is None
    assert all(run.records(stream) for stream in streams)


def test_a_busy_platform_is_asked_again(sandbox, sandbox_config, run_tap):
    sandbox.platform.faults.add(
        Fault(
            path="report/promotion", kind="code", code=40110, headers={"X-RateLimit-RetryIn": "0.1"}
        )
    )
    run = run_tap(**sandbox_config)
    assert run.error is None
    assert len(run.bookmarks()) == run.summary["promotion_report"]["accounts"]


def test_schema_and_state_are_those_of_the_golden_file(platform, run_tap):
    account = platform.account(1, "总店")
    platform.account(2)
    messages = []
    for stream in ("promotion_report_hourly", "leads", "projects", "promotion_report"):
        if stream == "promotion_report":
            platform.unit_rows(account, days=2)
        messages += run_tap(stream, start_date="2026-03-18").messages
    kept = [message for message in messages if message["type"] in {"SCHEMA", "STATE"}]
    text = "".join(json.dumps(message, ensure_ascii=False) + "\n" for message in kept)
    assert text == (GOLDEN / "schema_and_state.jsonl").read_text(encoding="utf-8")
