"""What a STATE means: everything before it is in the table."""

from __future__ import annotations

import io
import json

import pytest
from singer_sdk.exceptions import InvalidInputLine

from platform_sandbox import Fault
from target_feishu_bitable import checkpoints, target
from target_feishu_bitable.target import TargetFeishuBitable

pytestmark = pytest.mark.usefixtures("table")


class Clock:
    """Seconds that pass with every look, from now on."""

    def __init__(self):
        self.now = 1_800_000_000.0
        self.step = 0.0

    def __call__(self):
        self.now += self.step
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(TargetFeishuBitable, "clock", staticmethod(clock))
    return clock


def test_every_state_stores_what_came_before_it(feed, say, units, table, monkeypatch):
    written = []
    monkeypatch.setattr(
        target, "hand_back", lambda text: written.append((json.loads(text)["bookmark"], len(table)))
    )
    rows = say.rows(30)

    feed(
        say.schema(),
        *rows[:10],
        say.state(1),
        *rows[10:20],
        say.state(2),
        *rows[20:],
        say.state(3),
        checkpoint_seconds=0,
    ).ok()

    assert written == [(1, 10), (2, 20), (3, 30)]
    assert units() == say.units(rows)


def test_a_bookmark_may_be_a_fraction(feed, say, units):
    rows = say.rows(2)

    outcome = feed(say.schema(), *rows, say.state(1700000000.25)).ok()

    assert outcome.bookmarks == [1700000000.25]
    assert units() == say.units(rows)


def test_a_deep_state_is_handed_back_as_it_came(feed, say):
    value = 1
    for _ in range(600):
        value = {"a": value}

    assert feed(say.state(value)).ok().bookmarks == [value]


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_state_that_json_can_not_hold_ends_the_run(config, say, signals, capsys, number):
    lines = say.lines([say.schema(), *say.rows(2)])
    lines += f'{{"type": "STATE", "value": {{"bookmark": {number}}}}}\n'

    with pytest.raises(InvalidInputLine, match="NaN"):
        TargetFeishuBitable(config=config).listen(io.StringIO(lines))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("clicks", [1, 2**60])
def test_an_empty_state_would_make_the_source_begin_anew(feed, say, clicks):
    empty = {"type": "STATE", "value": {}}

    outcome = feed(say.schema(), empty, *say.rows(1, clicks=clicks), empty, checkpoint_seconds=0)

    assert (outcome.error is None) == (clicks == 1)
    assert outcome.states == []


def test_many_large_states_take_little_room(feed, say, monkeypatch):
    monkeypatch.setattr(checkpoints, "MOST_CHARACTERS", 60)
    rows = say.rows(50)
    rows[20]["record"]["clicks"] = 2**60
    messages = [say.schema()]
    for number, one in enumerate(rows):
        messages += [one, say.state(number + 1), say.state(number + 1)]

    (bookmark,) = feed(*messages).bookmarks

    assert 1 <= bookmark <= 20


def test_states_wait_for_the_seconds_between_checkpoints(feed, say, clock, calls):
    clock.step = 1.0
    messages = [say.schema()]
    for number, one in enumerate(say.rows(100)):
        messages += [one, say.state(number)]

    outcome = feed(*messages, checkpoint_seconds=30).ok()

    assert 2 <= calls.by_kind["batch_create"] <= 4
    assert outcome.bookmarks[-1] == 99
    assert len(outcome.bookmarks) <= 5


def test_states_wait_without_end_when_no_time_passes(feed, say, clock, calls):
    messages = [say.schema()]
    for number, one in enumerate(say.rows(100)):
        messages += [one, say.state(number)]

    outcome = feed(*messages, checkpoint_seconds=30).ok()

    assert calls.by_kind["batch_create"] == 1
    assert outcome.bookmarks == [99]


def test_a_state_after_five_thousand_rows_is_a_checkpoint(feed, say, clock):
    rows = say.rows(6_000)

    outcome = feed(
        say.schema(),
        *rows[:4_999],
        say.state(1),
        *rows[4_999:5_000],
        say.state(2),
        *rows[5_000:],
        say.state(3),
        checkpoint_seconds=86_400,
    ).ok()

    assert outcome.bookmarks == [2, 3]


def test_a_full_batch_is_written_without_a_state(feed, say, clock, table, fail):
    rows = say.rows(20)
    fail("records/batch_create", code=1254103, skip=1)

    outcome = feed(
        say.schema(), *rows[:5], say.state(1), *rows[5:], say.state(2), batch_size_rows=10
    )

    assert len(table) == 10
    assert outcome.states == []


def test_no_state_for_rows_that_could_not_be_written(feed, say, fail, units):
    fail("records/batch_create", code=1254103, skip=1, times=None)
    rows = say.rows(20)

    outcome = feed(
        say.schema(), *rows[:10], say.state(1), *rows[10:], say.state(2), checkpoint_seconds=0
    )

    assert units() == say.units(rows[:10])
    assert outcome.bookmarks == [1]
    assert outcome.of()["created"] == 10
    assert outcome.summary["write_calls"] == 2


def test_a_state_without_rows_is_emitted(feed, say):
    outcome = feed(say.schema(), say.state(1)).ok()

    assert outcome.bookmarks == [1]


def test_a_run_without_states_emits_none(feed, say, units):
    outcome = feed(say.schema(), *say.rows(3)).ok()

    assert outcome.states == []
    assert len(units()) == 3


def test_a_state_for_several_streams_waits_for_all_of_them(feed, say, platform, stored):
    shape = {"id": {"type": "integer"}}
    platform.faults.add(Fault(path="records/batch_create", code=1254103, skip=1, times=None))

    outcome = feed(
        say.schema(),
        say.schema(shape, ["id"], "other"),
        *say.rows(3),
        {"type": "RECORD", "stream": "other", "record": {"id": 5}},
        say.state(1),
        table=None,
        tables={"report": {"table": "日报"}},
        checkpoint_seconds=0,
    )

    assert len(stored()) == 3
    assert outcome.states == []


@pytest.mark.parametrize("what", ["table", "column"])
def test_a_dry_run_changes_nothing_and_emits_no_state(feed, say, base, table, calls, what):  # noqa: PLR0917  fixtures
    feed(say.schema(), *say.rows(20)).ok()
    before = [(one.id, one.fields, one.rows()) for one in base.tables]
    changed = say.rows(25)
    changed[3]["record"]["cost"] = 99
    wider = say.properties | ({"plays": {"type": "integer"}} if what == "column" else {})
    calls.clear()

    outcome = feed(
        say.schema(wider),
        *changed,
        say.state(1),
        dry_run=True,
        table="新表" if what == "table" else "日报",
        checkpoint_seconds=0,
    ).ok()

    assert [(one.id, one.fields, one.rows()) for one in base.tables] == before
    assert calls.writes == 0
    assert outcome.states == []
    assert outcome.summary["write_calls"] == 0
    assert outcome.summary["dry_run"] is True
    (counts,) = outcome.summary["streams"].values()
    planned = [counts[name] for name in ("would_create", "would_update", "unchanged")]
    assert planned == ([25, 0, 0] if what == "table" else [5, 1, 19])
    told = "\n".join(outcome.log)
    if what == "table":
        assert "'新表' would be created" in told
        assert "25 rows would be created" in told
    else:
        assert "'plays' would be created" in told
        assert "5 rows would be created, 1 updated, 19 are equal" in told
        assert "cost: 3.25 → 99" in told


def test_a_dry_run_needs_no_lock(feed, say, monkeypatch):
    from target_feishu_bitable import lock

    def forbidden(*_args, **_kwargs):
        raise AssertionError("locked")

    monkeypatch.setattr(lock, "exclusive", forbidden)

    feed(say.schema(), *say.rows(3), dry_run=True).ok()


def test_a_wrong_setting_is_a_sentence_before_any_call(feed, say, calls):
    outcome = feed(say.schema(), *say.rows(3), rows_per_request=0)

    assert "rows_per_request" in outcome.error.errors[0]
    assert calls.count() == 0


def test_a_summary_comes_also_when_the_base_can_not_be_opened(feed, say, platform):
    platform.feishu.app(rights="none")

    outcome = feed(say.schema(), *say.rows(3), say.state(1))

    assert outcome.error is not None
    assert outcome.summary["requests"] > 0
    assert outcome.summary["write_calls"] == 0
    assert outcome.of()["created"] == 0


@pytest.mark.parametrize("keys", [(), ("day", "unit")])
def test_rows_added_without_a_key_are_never_written_before_their_state(feed, say, units, keys):
    first, second = say.rows(25), say.rows(24, 25)
    settings = {"load_method": "append-only", "batch_size_rows": 10, "checkpoint_seconds": 0}
    spoilt = say.record(**second[0]["record"] | {"cost": "many"})
    before = [say.schema(keys=keys), *first, say.state(1)]

    outcome = feed(*before, *second, spoilt, say.state(2), **settings)

    assert "cost" in outcome.text
    assert outcome.bookmarks[-1] == 1
    assert units() == say.units(first)
    feed(say.schema(keys=keys), *second, say.state(2), **settings).ok()
    assert units() == say.units(first + second)


def test_rows_added_without_a_key_wait_for_their_state_over_a_new_schema(feed, say, units):
    first, second = say.rows(5), say.rows(5, 5)
    wider = say.schema(say.properties | {"note": {"type": "string"}}, keys=())
    spoilt = say.record(**second[0]["record"] | {"cost": "many"})
    settings = {"load_method": "append-only", "checkpoint_seconds": 0}

    outcome = feed(say.schema(keys=()), *first, wider, *second, spoilt, **settings)

    assert "cost" in outcome.text
    assert units() == []


def test_a_source_without_states_is_added_in_bounded_batches(feed, say, units, calls):
    rows = say.rows(60)

    feed(say.schema(keys=()), *rows, load_method="append-only", batch_size_rows=10).ok()

    assert units() == say.units(rows)
    assert calls.by_kind["batch_create"] == 2


APPENDING = {"load_method": "append-only"}


def test_a_full_batch_without_a_key_is_written_with_the_next_state(feed, say, units):
    first, second = say.rows(30), say.rows(20, 30)
    spoilt = say.record(**first[0]["record"] | {"cost": "many"})

    outcome = feed(
        say.schema(keys=()), *first, say.state(1), *second, spoilt, batch_size_rows=10, **APPENDING
    )

    assert outcome.bookmarks == [1]
    assert units() == say.units(first)


def test_rows_without_a_key_wait_for_their_state_however_long_it_takes(
    feed, say, units, monkeypatch
):
    first, second = say.rows(5), say.rows(5, 5)
    monkeypatch.setattr(TargetFeishuBitable, "_max_record_age_in_minutes", 6.0)
    spoilt = say.record(**first[0]["record"] | {"cost": "many"})

    outcome = feed(say.schema(keys=()), *first, say.state(1), *second, spoilt, **APPENDING)

    assert outcome.bookmarks == [1]
    assert units() == say.units(first)


def test_a_failure_in_the_middle_states_the_rows_without_a_key_that_are_stored(
    feed, say, units, fail
):
    first, second = say.rows(500), say.rows(700, 500)
    fail("batch_create", code=1254302, skip=2, times=99)
    messages = (*first, say.state(1), *second[:400], say.state(2), *second[400:], say.state(3))

    outcome = feed(say.schema(keys=()), *messages, **APPENDING)

    assert "1254302" in outcome.text
    assert units() == say.units(first + second[:500])
    assert outcome.bookmarks == [2]


def test_a_failure_before_anything_is_stored_states_nothing(feed, say, units, fail):
    fail("batch_create", code=1254302, times=99)

    outcome = feed(say.schema(keys=()), *say.rows(5), say.state(1), **APPENDING)

    assert (outcome.bookmarks, units()) == ([], [])


def test_append_only_states_no_rows_that_could_not_be_counted(feed, say, fail, units):
    fail("records/search", code=1254036, times=None)

    outcome = feed(say.schema(keys=()), *say.rows(3), say.state(3), **APPENDING)

    assert "1254036" in outcome.text
    assert units() == []
    assert outcome.states == []


def test_empty_states_make_no_more_calls_than_others(feed, say, calls):
    empty = {"type": "STATE", "value": {}}
    pairs = [line for one in say.rows(5_300) for line in (one, empty)]

    outcome = feed(say.schema(), *pairs, checkpoint_seconds=86_400).ok()

    assert outcome.states == []
    assert calls.count("batch_create") == 11
