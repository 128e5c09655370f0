"""The DAG on a real Airflow: four shards at once, 200 accounts, a warehouse and a Bitable."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from platform_sandbox.faults import Fault
from platform_sandbox.request_log import Entry
from sharding import FORGOTTEN, shard_of, suffix

from .cluster import Cluster, Task, children_of, parent_of, wait_for
from .factory import NUMBERS, TABLE, Factory, Rows

pytestmark = pytest.mark.airflow

SHARDS = 4
UNDER_WAY = 5
"""Accounts of a shard that were asked for when something happens to it."""
IN_FLIGHT = 4
"""Requests of a shard that may be under way when it meets the limit."""
NORTH = 10
"""Accounts of the second base."""
MONEY = 0.005 + 1e-9


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run of the DAG, and what platform, warehouse and Bitable held after it.

    `refreshes` are those of the token pair so far; of `later_run` those after the tokens expired.
    """

    tasks: list[Task]
    platform: Rows
    warehouse: Rows
    bitable: Rows
    writes: int
    overlap: int
    refreshes: int
    bookmarks: dict[str, dict[str, str]]
    requests: list[Entry]

    def of(self, name: str) -> dict[int, Task]:
        return {task.index: task for task in self.tasks if task.name == name}


def run(
    cluster: Cluster,
    factory: Factory,
    run_id: str,
    meanwhile: Callable[[], object] = lambda: None,
    **conf: object,
) -> Outcome:
    platform = factory.sandbox.platform
    platform.requests.clear()
    cluster.trigger(run_id, json.dumps(conf))
    meanwhile()
    tasks = cluster.finish(run_id)
    return Outcome(
        tasks, factory.in_platform(), factory.in_warehouse(), factory.in_bitable(),
        platform.requests.writes, platform.requests.max_overlap,
        platform.oceanengine.tokens.refreshes, factory.bookmarks(), platform.requests.entries,
    )  # fmt: skip


def accounts_of(factory: Factory, shard: int, shards: int) -> set[str]:
    ids = (str(account.id) for account in factory.sandbox.platform.oceanengine.accounts)
    return {one for one in ids if shard_of(one, shards) == shard}


def asked_for(factory: Factory, shard: int) -> int:
    """How many accounts of a shard the platform was asked for."""
    entries = factory.sandbox.platform.requests.entries
    asked = {entry.query.get("local_account_id") for entry in entries if "report" in entry.path}
    return len(asked & accounts_of(factory, shard, SHARDS))


def pid_of(cluster: Cluster, run_id: str, shard: int) -> int:
    (task,) = (one for one in cluster.tasks(run_id) if (one.name, one.index) == ("shard", shard))
    assert task.state == "running", task
    assert task.pid, task
    return task.pid


def killed(victim: int) -> None:
    os.kill(victim, signal.SIGKILL)


@pytest.fixture(scope="session")
def first_run(cluster: Cluster, factory: Factory) -> Outcome:
    """Of four shards under way one loses its worker, one its task's process, one Meltano."""
    victims: dict[int, Callable[[int], int]] = {
        0: parent_of,
        1: lambda pid: pid,
        2: lambda pid: children_of(pid)[0],
    }

    def kill() -> None:
        for shard, victim in victims.items():
            wait_for(f"shard {shard} under way", lambda: asked_for(factory, shard) >= UNDER_WAY)  # noqa: B023  asked at once
            killed(victim(pid_of(cluster, "first", shard)))
            assert asked_for(factory, shard) < len(accounts_of(factory, shard, SHARDS))

    return run(cluster, factory, "first", kill)


@pytest.fixture(scope="session")
def second_run(first_run: Outcome, cluster: Cluster, factory: Factory) -> Outcome:
    """One request of one shard meets the limit of the developer."""
    headers = {"X-RateLimit-Dimension": "developer_qpm", "X-RateLimit-RetryIn": "2"}
    limit = Fault("report/promotion", code=40110, skip=4 * UNDER_WAY, headers=headers)
    factory.sandbox.platform.faults.add(limit)
    return run(cluster, factory, "second")


@pytest.fixture(scope="session")
def north(factory: Factory) -> str:
    """App token of a second base, for the first accounts."""
    return factory.sandbox.platform.feishu.add_base("north").token


@pytest.fixture(scope="session")
def later_run(second_run: Outcome, cluster: Cluster, factory: Factory, north: str) -> Outcome:
    """Three days later, with two bases, more shards, and tokens that expire while four ask."""
    platform = factory.sandbox.platform
    ids = [str(account.id) for account in platform.oceanengine.accounts[:NORTH]]
    base = {"name": "north", "bitable": north, "table": TABLE, "accounts": ids}
    cluster.run("variables", "set", "local_promotion_bases", json.dumps([{}, base]))
    platform.clock.advance(days=3)
    factory.close_day()

    tokens, before = platform.oceanengine.tokens, []

    def expire() -> None:
        wait_for("the shards under way", lambda: platform.requests.count("report") > 4 * UNDER_WAY)
        before.append(tokens.refreshes)
        tokens.expire_access()

    outcome = run(cluster, factory, "later", expire, shards=6)
    return replace(outcome, refreshes=tokens.refreshes - before[0])


@pytest.fixture(scope="session")
def range_run(later_run: Outcome, cluster: Cluster, factory: Factory) -> Outcome:
    """All rows of the warehouse are spoilt, then five days are read again."""
    with psycopg.connect(factory.warehouse) as connection:
        connection.execute("UPDATE oceanengine.promotion_report SET show_cnt = -1")
    first, last = factory.yesterday - timedelta(days=9), factory.yesterday - timedelta(days=5)
    return run(
        cluster, factory, "range", shards=2, **{"from": first.isoformat(), "to": last.isoformat()}
    )


def account_days(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Accounts and their bookmarks, in whatever shard."""
    for held in outcome.bookmarks.values():
        yield from held.items()


def differences(source: Rows, copy: Rows) -> list[Any]:
    """Rows that are missing or differ by more than half a cent."""
    found: list[Any] = sorted(source.keys() - copy.keys())
    for key in source.keys() & copy.keys():
        for name, value in source[key].items():
            stored = copy[key][name]
            same = stored == value if isinstance(value, str) else abs(float(stored) - value) < MONEY
            if not same:
                found.append((key, name, value, stored))
    return found


def test_shards_that_start_at_once_find_the_tables(first_run: Outcome) -> None:
    """The warehouse was empty; the run that makes its tables reads nothing."""
    (tables,) = first_run.of("tables").values()
    starts = [task.start for task in first_run.of("shard").values() if task.start]
    assert tables.tries == 1
    assert tables.end is not None
    assert tables.end <= min(starts)
    assert FORGOTTEN not in {entry.query.get("start_date") for entry in first_run.requests}


def test_every_row_of_the_warehouse_equals_the_platform(first_run: Outcome) -> None:
    assert len(first_run.platform) > 2000
    assert differences(first_run.platform, first_run.warehouse) == []
    assert first_run.warehouse.keys() == first_run.platform.keys()


def test_every_row_of_the_bitable_equals_the_platform(first_run: Outcome) -> None:
    assert differences(first_run.platform, first_run.bitable) == []
    assert first_run.bitable.keys() == first_run.platform.keys()


def test_what_was_killed_is_run_again(first_run: Outcome) -> None:
    tries = {index: task.tries for index, task in first_run.of("shard").items()}
    assert min(tries[shard] for shard in (0, 1, 2)) >= 2
    assert tries[3] == 1
    assert {task.state for task in first_run.tasks} == {"success"}


def test_every_account_has_its_bookmark_in_its_shard(first_run: Outcome, factory: Factory) -> None:
    assert {key: set(held) for key, held in first_run.bookmarks.items()} == {
        suffix(shard, SHARDS): accounts_of(factory, shard, SHARDS) for shard in range(SHARDS)
    }
    days = {day for held in first_run.bookmarks.values() for day in held.values()}
    assert len(days) == 1


def test_the_second_run_writes_nothing(first_run: Outcome, second_run: Outcome) -> None:
    assert second_run.writes == 0
    assert second_run.bitable == first_run.bitable
    assert second_run.warehouse == first_run.warehouse  # the rows' versions too
    assert second_run.bookmarks == first_run.bookmarks
    assert {task.tries for task in second_run.tasks if task.name == "shard"} == {1}


def test_only_rows_with_other_numbers_are_written_again(
    second_run: Outcome, later_run: Outcome
) -> None:
    before, after = second_run.warehouse, later_run.warehouse
    written = {key for key in before if before[key]["version"] != after[key]["version"]}
    corrected = {
        key for key in before if any(before[key][name] != after[key][name] for name in NUMBERS)
    }
    assert corrected
    assert written == corrected


def test_a_shard_that_meets_the_limit_rests_alone(second_run: Outcome) -> None:
    """The others go on while it waits as long as the answer asked."""
    asked = [one for one in second_run.requests if "report/promotion" in one.path]
    (limited,) = (place for place, one in enumerate(asked) if one.code == 40110)
    shards = [shard_of(one.query["local_account_id"], SHARDS) for one in asked]
    again = next(
        place
        for place, one in enumerate(asked)
        if place > limited and one.query == asked[limited].query
    )
    meanwhile = shards[limited + 1 : again]
    own = meanwhile.count(shards[limited])
    # Some were under way when it met the limit, the others that waited may start before it.
    assert own <= 2 * IN_FLIGHT
    assert len(meanwhile) - own > 3 * own


def test_tokens_that_expire_are_renewed_once_for_all_workers(later_run: Outcome) -> None:
    assert later_run.refreshes == 1
    assert {task.tries for task in later_run.tasks if task.name == "shard"} == {1}


def test_new_days_and_corrections_reach_both(first_run: Outcome, later_run: Outcome) -> None:
    assert later_run.platform.keys() > {
        key for key in first_run.platform if key in later_run.platform
    }
    assert differences(later_run.platform, later_run.warehouse) == []
    assert differences(later_run.platform, later_run.bitable) == []
    assert later_run.warehouse.keys() == later_run.bitable.keys()


def test_every_base_holds_its_accounts(later_run: Outcome, factory: Factory, north: str) -> None:
    ids = {str(account.id) for account in factory.sandbox.platform.oceanengine.accounts[:NORTH]}
    rows = {key: row for key, row in later_run.platform.items() if row["local_account_id"] in ids}
    table = factory.in_bitable(north)
    assert rows
    assert table.keys() == rows.keys()
    assert differences(rows, table) == []


def test_bases_are_written_one_after_the_other(later_run: Outcome) -> None:
    first, second = sorted(later_run.of("bitable").values(), key=lambda task: str(task.start))
    assert first.end is not None
    assert second.start is not None
    assert first.end <= second.start


def test_bookmarks_follow_the_number_of_shards(
    second_run: Outcome, later_run: Outcome, factory: Factory
) -> None:
    assert {key: set(held) for key, held in later_run.bookmarks.items()} == {
        suffix(shard, 6): accounts_of(factory, shard, 6) for shard in range(6)
    }
    assert {day for held in later_run.bookmarks.values() for day in held.values()} == {
        str(factory.yesterday)
    }
    assert second_run.bookmarks.keys().isdisjoint(later_run.bookmarks)


def test_a_range_is_corrected_without_touching_bookmarks(
    later_run: Outcome, range_run: Outcome, factory: Factory
) -> None:
    corrected = {day for (day, _), row in range_run.warehouse.items() if row["show_cnt"] >= 0}
    assert corrected == {str(factory.yesterday - timedelta(days=back)) for back in range(5, 10)}
    assert dict(account_days(range_run)) == dict(account_days(later_run))
    assert range_run.writes == 0


def test_the_command_moves_bookmarks_by_hand(range_run: Outcome, factory: Factory) -> None:
    assert "shard-2-of-3: " in factory.shard_state("--shards", "3", "--dry-run")
    assert factory.bookmarks() == range_run.bookmarks
    factory.shard_state("--shards", "3")
    assert {key: set(held) for key, held in factory.bookmarks().items()} == {
        suffix(shard, 3): accounts_of(factory, shard, 3) for shard in range(3)
    }
    assert "to clear: nothing" in factory.shard_state("--shards", "3")


def test_one_task_at_a_time_writes_into_bitables(first_run: Outcome, later_run: Outcome) -> None:
    assert {first_run.overlap, later_run.overlap} == {1}
