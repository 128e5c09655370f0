"""Which shard an account belongs to, and what each run is told."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharding import TAP, base_runs, days, rate, shard_of, shard_runs, suffix

IDS = [str(1790000000000000 + number * 7919) for number in range(1000)]


def listed(*ids: str, name: str | None = "门店") -> list[dict[str, str | None]]:
    return [{"local_account_id": one, "local_account_name": name, "source": None} for one in ids]


def test_the_shard_of_an_account_never_changes() -> None:
    """These numbers are bookmarks' places in production: they may not move."""
    assert [shard_of("1790000000000001", shards) for shards in (1, 2, 4, 16)] == [0, 0, 2, 6]
    assert [shard_of(one, 4) for one in IDS[:8]] == [3, 2, 0, 2, 2, 1, 0, 2]


@given(st.from_regex(r"\A\d{10,19}\Z"), st.integers(1, 200))
def test_every_account_has_one_shard(account: str, shards: int) -> None:
    assert 0 <= shard_of(account, shards) < shards
    assert shard_of(account, shards) == shard_of(account, shards)


def test_shards_are_about_equally_large() -> None:
    sizes = Counter(shard_of(one, 10) for one in IDS)
    assert len(sizes) == 10
    assert max(sizes.values()) < 1.5 * min(sizes.values())


def test_each_account_is_in_the_run_of_its_shard_only() -> None:
    runs = shard_runs(listed(*IDS), 4, 2)
    told = {
        run["MELTANO_RUN_STATE_ID_SUFFIX"]: run[f"{TAP}LOCAL_ACCOUNT_IDS"].split(",")
        for run in runs
    }
    assert sorted(one for ids in told.values() for one in ids) == sorted(IDS)
    assert all(told[suffix(shard_of(one, 4), 4)].count(one) == 1 for one in IDS)
    assert {run["TAP_OCEANENGINE_LOCAL_REQUESTS_PER_SECOND"] for run in runs} == {"2"}


def test_a_shard_without_accounts_has_no_run() -> None:
    """An empty list of accounts would mean all of them."""
    runs = shard_runs(listed("1790000000000001"), 16, 1)
    assert [run["MELTANO_RUN_STATE_ID_SUFFIX"] for run in runs] == ["shard-6-of-16"]
    assert shard_runs([], 4, 1) == []


@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 200))
def test_shards_that_run_at_once_keep_the_limit_together(
    granted: int, shards: int, parallel: int
) -> None:
    share = rate(granted, shards, parallel)
    assert share >= 1
    at_once = min(shards, parallel)
    assert share * at_once <= max(granted, at_once)
    assert (share + 1) * at_once > granted


def test_names_are_passed_on_where_known() -> None:
    accounts = listed(IDS[0], name="“老店”, $HOME") + listed(IDS[1], name=None)
    (run,) = shard_runs(accounts, 1, 10)
    assert json.loads(run["TAP_OCEANENGINE_LOCAL_ACCOUNT_NAMES"]) == {IDS[0]: "“老店”, $HOME"}


def test_the_daily_run_is_told_no_days() -> None:
    assert days(None, None) == {}


def test_a_range_leaves_the_bookmarks_alone() -> None:
    assert days("2026-02-01", "2026-02-14") == {
        "TAP_OCEANENGINE_LOCAL_START_DATE": "2026-02-01",
        "TAP_OCEANENGINE_LOCAL_END_DATE": "2026-02-14",
        "MELTANO_RUN_NO_STATE_UPDATE": "true",
    }
    assert "TAP_OCEANENGINE_LOCAL_END_DATE" not in days("2026-02-01", None)


def test_a_range_needs_its_first_day() -> None:
    with pytest.raises(ValueError, match="from which day"):
        days(None, "2026-02-14")


def test_an_empty_base_is_the_configured_one_with_its_state_of_one_machine() -> None:
    assert base_runs([{}], 10) == [{"TAP_OCEANENGINE_LOCAL_REQUESTS_PER_SECOND": "10"}]


def test_a_base_has_its_own_table_accounts_and_state() -> None:
    north = {"name": "north", "bitable": "bascn1", "table": "单元", "accounts": ["1", 2]}
    assert base_runs([north, {}], 10)[0] == {
        "MELTANO_RUN_STATE_ID_SUFFIX": "north",
        "TARGET_FEISHU_BITABLE_BITABLE": "bascn1",
        "TARGET_FEISHU_BITABLE_TABLE": "单元",
        "TAP_OCEANENGINE_LOCAL_LOCAL_ACCOUNT_IDS": "1,2",
        "TAP_OCEANENGINE_LOCAL_REQUESTS_PER_SECOND": "10",
    }


def test_bases_do_not_share_a_state() -> None:
    with pytest.raises(ValueError, match="name of its own"):
        base_runs([{"bitable": "bascn1"}, {"bitable": "bascn2"}], 10)


def test_a_base_for_no_account_is_refused() -> None:
    with pytest.raises(ValueError, match="north"):
        base_runs([{"name": "north", "accounts": []}], 10)
