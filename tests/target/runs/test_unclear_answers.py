"""Answers that get lost or come late: no row is lost, none is there twice."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.usefixtures("table")

CREATE = "records/batch_create"
UPDATE = "records/batch_update"
SEARCH = "records/search"
UNCLEAR = (
    {"kind": "cut_before"},
    {"kind": "cut_after"},
    {"kind": "truncated"},
    {"kind": "status_after", "code": 1255040, "status": 504},
    {"kind": "status_after", "code": 1255001, "status": 500},
    {"kind": "code_after", "code": 1255040},
    {"kind": "html"},
    {"kind": "invalid_json"},
    {"kind": "code", "code": 1255001},
    {"kind": "code", "code": 1255040, "status": 504},
)
REFUSALS = [{"code": 1254607, "times": 4}, {"code": 1254002, "times": 2}]
"""They look as if nothing had been done, whatever an earlier attempt did."""


@pytest.fixture(params=UNCLEAR, ids=lambda one: "-".join(map(str, one.values())))
def unclear(request):
    return request.param


def test_a_create_with_an_unclear_outcome_is_there_once(feed, say, fail, units, unclear):
    rows = say.rows(1_200)
    fail(CREATE, **unclear, skip=1)

    outcome = feed(say.schema(), *rows, say.state(1)).ok()

    assert units() == say.units(rows)
    assert outcome.of()["created"] == outcome.of()["rows_in_table"] == 1_200
    assert outcome.bookmarks == [1]


def test_an_unclear_create_is_looked_up_before_it_is_sent_again(feed, say, fail, calls):
    fail(CREATE, kind="cut_after")

    feed(say.schema(), *say.rows(300)).ok()

    paths = [one.path.rpartition("/")[2] for one in calls.platform.requests.entries]
    assert paths[paths.index("batch_create") :] == ["batch_create", "search"]


def test_a_create_that_is_sent_again_keeps_its_token(feed, say, fail, calls):
    fail(CREATE, kind="cut_before", times=2)

    feed(say.schema(), *say.rows(300)).ok()

    entries = calls.platform.requests.entries
    tokens = [one.query["client_token"] for one in entries if one.path.endswith("batch_create")]
    assert len(tokens) == 3
    assert len(set(tokens)) == 1


def test_an_update_with_an_unclear_outcome_is_done(feed, say, fail, unclear, stored):
    feed(say.schema(), *say.rows(700)).ok()
    fail(UPDATE, **unclear, skip=1)

    outcome = feed(say.schema(), *say.rows(700, cost=9.5), say.state(1)).ok()

    assert {row["cost"] for row in stored()} == {9.5}
    assert outcome.of()["updated"] == 700
    assert outcome.bookmarks == [1]


@pytest.mark.parametrize("lag", [{"replica_lag_reads": 3}, {"replica_lag_seconds": 6}])
@pytest.mark.parametrize("kind", ["cut_after", "cut_before"])
def test_replicas_that_lag_make_no_copies(feed, say, fail, units, platform, lag, kind):  # noqa: PLR0917  a row of the tables above
    platform.feishu.switch(**lag)
    rows = say.rows(300)
    fail(CREATE, kind=kind)

    feed(say.schema(), *rows).ok()

    assert units() == say.units(rows)


@pytest.mark.parametrize("changes", [{"replay": "resubmitted"}, {"other_payload": "conflict"}])
@pytest.mark.parametrize("seconds", [0, 6])
def test_a_platform_that_forbids_repeats_makes_no_copies(  # noqa: PLR0917  a row of the tables above
    feed, say, fail, units, platform, changes, seconds
):
    platform.feishu.switch(**changes, replica_lag_seconds=seconds)
    rows = say.rows(300)
    fail(CREATE, kind="cut_after")

    feed(say.schema(), *rows).ok()

    assert units() == say.units(rows)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("code", [1254608, 1255006])
def test_a_client_token_that_is_refused_loses_nothing(feed, say, fail, units, code, times):  # noqa: PLR0917  a row of the tables above
    rows = say.rows(300)
    fail(CREATE, code=code, times=times)

    outcome = feed(say.schema(), *rows, say.state(1)).ok()

    assert units() == say.units(rows)
    assert outcome.bookmarks == [1]


def test_a_conflict_after_the_rows_were_made_makes_no_copies(feed, say, fail, units):
    rows = say.rows(300)
    fail(CREATE, kind="code_after", code=1255006)

    feed(say.schema(), *rows).ok()

    assert units() == say.units(rows)


def test_a_new_token_is_used_after_a_conflict(feed, say, fail, calls):
    fail(CREATE, code=1255006)

    feed(say.schema(), *say.rows(3)).ok()

    entries = calls.platform.requests.entries
    tokens = [one.query["client_token"] for one in entries if one.path.endswith("batch_create")]
    assert len(set(tokens)) == 2


def test_a_short_reply_is_completed(feed, say, units, monkeypatch):
    """The platform stores 7 of 10 rows and says so by the length of its answer only."""
    from target_feishu_bitable.client import BitableClient

    rows = say.rows(10)
    whole = BitableClient._write
    cut = []

    def short(self, method, path, body, **more):
        if path.endswith("batch_create") and not cut:
            cut.append(path)
            return whole(self, method, path, {"records": body["records"][:7]}, **more)
        return whole(self, method, path, body, **more)

    monkeypatch.setattr(BitableClient, "_write", short)

    outcome = feed(say.schema(), *rows, say.state(1)).ok()

    assert units() == say.units(rows)
    assert outcome.of()["created"] == 10


def test_an_outcome_that_stays_unclear_ends_the_run_without_state(feed, say, fail, units):
    rows = say.rows(10)
    fail(CREATE, kind="cut_before", times=None)

    outcome = feed(say.schema(), *rows, say.state(1))

    assert "batch_create" in outcome.text
    assert outcome.states == []
    assert units() == []
    assert sum(outcome.waits) <= 300


def test_append_only_trusts_the_token_alone(feed, say, fail, stored):
    fail(CREATE, kind="cut_after")

    feed(say.schema(keys=()), *say.rows(10), load_method="append-only").ok()

    assert len(stored()) == 10


@pytest.mark.parametrize(
    ("code", "more"),
    [
        (1254290, {}),
        (1254290, {"status": 429}),
        (1254291, {}),
        (99991400, {"headers": {"x-ogw-ratelimit-reset": "7"}}),
        (1254607, {}),
        (1255001, {}),
    ],
)
@pytest.mark.parametrize("path", [CREATE, UPDATE, SEARCH])
def test_a_busy_platform_is_waited_for(feed, say, fail, units, path, code, more):  # noqa: PLR0917  a row of the tables above
    rows = say.rows(20)
    feed(say.schema(), *rows[:10]).ok()
    for one in rows:
        one["record"]["cost"] = 9.5
    fail(path, code=code, times=2, **more)

    outcome = feed(say.schema(), *rows, say.state(1)).ok()

    assert units() == say.units(rows)
    assert outcome.bookmarks == [1]
    assert outcome.waits
    if code == 99991400:
        assert outcome.waits == [7.0, 7.0]


def test_a_request_that_is_too_heavy_is_halved(feed, say, units, platform, calls):
    platform.feishu.switch(changeset_limit=30_000)
    rows = say.rows(500)

    feed(say.schema(), *rows).ok()

    assert units() == say.units(rows)
    assert max(len(body["records"]) for body in calls.bodies("batch_create")) == 500


def test_pages_that_are_too_large_are_asked_for_in_halves(feed, say, units, platform):
    rows = say.rows(1_000)
    feed(say.schema(), *rows).ok()
    platform.feishu.switch(response_limit=60_000)

    outcome = feed(say.schema(), *rows).ok()

    assert outcome.of()["unchanged"] == 1_000


@pytest.mark.parametrize("code", [1254607, 1254030, 1254002])
def test_rows_that_are_too_heavy_to_be_looked_for_make_no_copies(feed, say, base, fail, code):
    texts = [{"field_name": name, "type": 1} for name in ("unit", "day", "name")]
    numbers = [{"field_name": name, "type": 2} for name in ("cost", "clicks")]
    table = base.create_table("文本日报", [*texts, *numbers])
    fail(CREATE, kind="cut_after")
    fail(SEARCH, code=code, times=4, skip=1)

    outcome = feed(say.schema(), *say.rows(8, days=3), say.state(1), table="文本日报")

    assert len(table) == 8
    assert outcome.states == [] if outcome.error else outcome.bookmarks == [1]


@pytest.mark.parametrize("lag", [0, 3, 8, 12])
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_after_a_lost_answer_makes_no_copies(feed, say, fail, sandbox, lag, refusal):  # noqa: PLR0917  a row of the tables above
    sandbox.platform.feishu.switch(replica_lag_seconds=lag)
    fail(CREATE, kind="cut_after")
    fail(CREATE, **refusal)
    rows = say.rows(8, days=3)

    feed(say.schema(), *rows, say.state(1)).ok()

    found = sandbox.platform.feishu.base().table("日报").rows()
    assert sorted(cells["unit"] for _, cells in found) == say.units(rows)


@pytest.mark.parametrize("refusal", REFUSALS)
def test_append_only_halves_nothing_whose_outcome_is_unclear(feed, say, fail, units, refusal):
    fail(CREATE, kind="cut_after")
    fail(CREATE, **refusal)
    rows = say.rows(8)

    outcome = feed(say.schema(keys=()), *rows, say.state(1), load_method="append-only")

    assert units() == say.units(rows)
    assert outcome.states == [] if outcome.error else outcome.bookmarks == [1]


@pytest.mark.parametrize("lag", [9, 14])
def test_a_look_follows_the_longest_wait(feed, say, fail, units, platform, lag):  # noqa: PLR0917  a row of the tables above
    platform.feishu.app(advanced="manage")
    platform.feishu.switch(replica_lag_seconds=lag)
    fail(CREATE, kind="cut_after", skip=1)
    fail(CREATE, kind="code", code=1255006, skip=1)
    rows = say.rows(8, days=3)

    feed(say.schema(), *rows, say.state(1)).ok()

    assert units() == say.units(rows)


def test_a_busy_platform_is_not_waited_for_without_end(feed, say, fail):
    fail(CREATE, code=1254290, times=None)

    outcome = feed(say.schema(), *say.rows(3), say.state(1))

    assert "1254290" in outcome.text
    assert "log id" in outcome.text
    assert outcome.states == []
    assert sum(outcome.waits) <= 300


def test_a_killed_token_is_renewed_once(feed, say, fail, units, platform):
    rows = say.rows(20)
    fetched = platform.requests.count("tenant_access_token")
    fail(CREATE, code=99991663)

    feed(say.schema(), *rows).ok()

    assert units() == say.units(rows)
    assert platform.requests.count("tenant_access_token") - fetched == 2


def test_a_token_that_is_refused_again_ends_the_run(feed, say, fail):
    fail(SEARCH, code=99991663, times=None)

    outcome = feed(say.schema(), *say.rows(3))

    assert "99991663" in outcome.text


def test_a_row_that_a_person_deletes_meanwhile_is_made_again(feed, say, table, units, monkeypatch):
    rows = say.rows(20)
    feed(say.schema(), *rows).ok()
    for one in rows:
        one["record"]["cost"] = 9.5
    from target_feishu_bitable.client import BitableClient

    update = BitableClient.batch_update
    deleted = []

    def late(self, table_id, records, **more):
        if not deleted:
            deleted.extend(records[place]["record_id"] for place in (3, 11))
            table.delete(deleted)
        return update(self, table_id, records, **more)

    monkeypatch.setattr(BitableClient, "batch_update", late)

    outcome = feed(say.schema(), *rows, say.state(1)).ok()

    there = dict(table.rows())
    assert units() == say.units(rows)
    assert {row["cost"] for row in there.values()} == {9.5}
    assert all(row["name"] and row["clicks"] is not None for row in there.values())
    assert not set(deleted) & set(there)
    assert (outcome.of()["created"], outcome.of()["updated"]) == (2, 18)
    assert outcome.of()["rows_in_table"] == 20
