"""From recorded events to the judgement of a run."""

from __future__ import annotations

import logging
import time
from dataclasses import replace

import pytest
from meltano.core.logging.models import PluginException
from meltano.core.plugin import PluginType

from feishu_notify.story import RunStory
from feishu_notify.verdict import Outcome, failures, judge

TAP, TARGET = "tap-toy", "target-toy"
EXTRACTOR_FAILED = {"err": "Extractor failed", "exit_codes": {PluginType.EXTRACTORS: 1}}


def tap_summary(failed=()):
    stream = {"accounts": 3, "accounts_failed": dict.fromkeys(failed, "code 40002"), "rows": 5}
    return {"streams": {"promotion_report": stream}, "requests": 1}


def target_summary(created=5):
    stream = {"table": "tbl1", "created": created, "updated": 0, "unchanged": 0}
    return {"streams": {"promotion_report": stream}, "write_calls": 1}


def test_nothing_happened_is_nothing_to_tell(recorded):
    assert judge(RunStory()) is None
    assert judge(recorded.story(recorded.active())) is None


def test_dry_run_is_nothing_to_tell(recorded):
    text = "Dry run, but would have run block 1/1."
    dry = recorded.record("meltano.cli.run", logging.INFO, text, block_type="ExtractLoadBlocks")
    assert judge(recorded.story(dry, recorded.end())) is None


def test_success_needs_everybodys_word(recorded):
    good = (recorded.job(), recorded.line(TAP, "hello"), recorded.block(), recorded.end())
    assert judge(recorded.story(*good)) is Outcome.SUCCESS
    assert judge(recorded.story(*good[:-1])) is Outcome.FAILED
    assert judge(recorded.story(*good, recorded.cli_error("late"))) is Outcome.FAILED
    assert judge(recorded.story(*good[:2], recorded.block("x", {}), recorded.end())) is not (
        Outcome.SUCCESS
    )


def test_failed_account_is_never_a_success(recorded):
    lines = recorded.line(TAP, "run summary", summary=tap_summary(["1"])), recorded.block()
    assert judge(recorded.story(*lines, recorded.end())) is Outcome.PARTIAL


def test_partial_needs_rows_that_arrived_and_accounts_that_failed(recorded):
    end = recorded.block(**EXTRACTOR_FAILED), recorded.end("failure")
    some = recorded.line(TAP, "run summary", summary=tap_summary(["1"]))
    good = recorded.line(TAP, "run summary", summary=tap_summary())
    wrote = recorded.line(TARGET, "run summary", summary=target_summary())
    nothing = recorded.line(TARGET, "run summary", summary=target_summary(0))

    assert judge(recorded.story(some, wrote, *end)) is Outcome.PARTIAL
    assert judge(recorded.story(some, nothing, *end)) is Outcome.FAILED
    assert judge(recorded.story(good, wrote, *end)) is Outcome.FAILED
    both = {PluginType.EXTRACTORS: 1, PluginType.LOADERS: 1}
    failed = recorded.block("Extractor and loader failed", both)
    assert judge(recorded.story(some, wrote, failed, end[-1])) is Outcome.FAILED


def test_rows_of_a_trial_run_have_not_arrived(recorded):
    some = recorded.line(TAP, "run summary", summary=tap_summary(["1"]))
    stream = {"created": 0, "would_create": 5, "unchanged": 2}
    summary = {"streams": {"promotion_report": stream}, "write_calls": 0, "dry_run": True}
    planned = recorded.line(TARGET, "run summary", summary=summary)
    end = recorded.block(**EXTRACTOR_FAILED), recorded.end("failure")
    assert judge(recorded.story(some, planned, *end)) is Outcome.FAILED


def test_summary_of_an_unknown_shape_changes_nothing(recorded):
    odd = ({"days": 7, "accounts": "?"}, {"accounts": 10**400}, {"accounts_failed": []})
    for summary in ("text", {"streams": []}, *({"streams": {"x": stream}} for stream in odd), 5):
        line = recorded.line(TAP, "run summary", summary=summary)
        assert judge(recorded.story(line, recorded.block(), recorded.end())) is Outcome.SUCCESS


def test_reauthorisation_is_recognised_behind_other_exceptions(recorded):
    cause = PluginException("ReauthorisationNeeded", "tap.errors", "refresh token is gone")
    outer = PluginException("FatalError", "tap.errors", "no token", cause=cause)
    line = recorded.line(TAP, "no token", logging.CRITICAL, plugin_exception=outer)
    end = recorded.block(**EXTRACTOR_FAILED), recorded.end("failure")

    story = recorded.story(line, *end)

    assert judge(story) is Outcome.REAUTHORISE
    assert failures(story)[0].errors[0].exceptions == (
        ("FatalError", "no token"),
        ("ReauthorisationNeeded", "refresh token is gone"),
    )


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (
            "The refresh token is no longer valid (code 40103): meltano invoke tap-x:authorize",
            Outcome.REAUTHORISE,
        ),
        ("refresh_token was used already: re-authorise the app", Outcome.REAUTHORISE),
        (
            "There is no token yet. Run `meltano invoke tap-x:authorize --code C`",
            Outcome.REAUTHORISE,
        ),
        ("The authorisation covers no account. Run `authorize` and tick it", Outcome.FAILED),
        ("code 40102: access token expired", Outcome.FAILED),
    ],
)
def test_reauthorisation_is_recognised_in_words(recorded, text, outcome):
    line = recorded.line(TAP, text, logging.ERROR)
    end = recorded.block(**EXTRACTOR_FAILED), recorded.end("failure")
    assert judge(recorded.story(line, *end)) is outcome


@pytest.mark.parametrize("words", ["a row\n", "refresh token ", "authorise "])
def test_long_error_is_judged_as_fast_as_it_is_read(recorded, words):
    line = recorded.line(TAP, words * (60_000 // len(words)), logging.ERROR)
    end = recorded.block(**EXTRACTOR_FAILED), recorded.end("failure")
    begun = time.process_time()
    assert judge(recorded.story(line, *end)) is Outcome.FAILED
    assert time.process_time() - begun < 2  # seconds; many times that if each letter looks on


def test_refused_start_timeout_and_signal_are_told_apart(recorded):
    busy = "Another 'prod:x' pipeline is already running which started at 1."
    stopping = recorded.record(
        "meltano.cli.run", logging.INFO, "Attempting graceful termination of current block"
    )
    timeout = recorded.record(
        "meltano.cli.run", logging.ERROR, "Run timed out", timeout_seconds=30, duration_seconds=30.1
    )
    end = recorded.end("failure")
    terminated = recorded.cli_error("The process was terminated")

    assert judge(recorded.story(recorded.block(busy, {}), end)) is Outcome.BUSY
    assert judge(recorded.story(stopping, timeout, end)) is Outcome.TIMED_OUT
    assert judge(recorded.story(stopping, end, terminated)) is Outcome.STOPPED


@pytest.mark.parametrize(
    ("err", "codes", "parts"),
    [
        ("Extractor failed", {PluginType.EXTRACTORS: 1}, [("extractor", TAP, 1)]),
        ("Loader failed", {PluginType.LOADERS: 2}, [("loader", TARGET, 2)]),
        (
            "Extractor and loader failed",
            {PluginType.EXTRACTORS: 1, PluginType.LOADERS: 2},
            [("extractor", TAP, 1), ("loader", TARGET, 2)],
        ),
        ("Mappers failed", [{"a-mapper": 3}], [("a-mapper", None, 3)]),
        ("`dbt run` failed with exit code: 1", {}, [("meltano", None, None)]),
        ("`tap-toy test` failed with exit code: 1", {}, [(TAP, TAP, None)]),
    ],
)
def test_failure_names_who_failed(recorded, err, codes, parts):
    spoke = recorded.line(TAP, "hello"), recorded.line(TARGET, "hello")
    story = recorded.story(*spoke, recorded.block(err, codes), recorded.end("failure"))
    assert [(f.part, f.plugin, f.exit_code) for f in failures(story)] == parts


def test_run_without_a_word_about_its_end_shows_the_errors_of_its_plugins(recorded):
    story = replace(recorded.story(recorded.line(TAP, "boom", logging.ERROR)), exit_code=1)
    assert judge(story) is Outcome.FAILED
    assert [(f.part, [e.text for e in f.errors]) for f in failures(story)] == [(TAP, ["boom"])]
    assert [f.exit_code for f in failures(RunStory(exit_code=2))] == [2]


def test_error_outside_of_blocks_is_meltanos(recorded):
    story = recorded.story(recorded.active(), recorded.cli_error("Environment 'x' was not found"))
    assert judge(story) is Outcome.FAILED
    assert [f.errors[0].text for f in failures(story)] == ["Environment 'x' was not found"]


def test_last_words_stand_for_errors_that_have_no_level(recorded):
    lines = [recorded.line(TAP, f"line {n}", structured=False) for n in range(40)]
    story = recorded.story(*lines, recorded.block(**EXTRACTOR_FAILED), recorded.end("failure"))
    assert [e.text for e in failures(story)[0].errors] == ["line 38", "line 39"]


def test_memory_stays_flat(recorded):
    lines = [
        recorded.line(TAP, f"{level} {n}", level)
        for n in range(500)
        for level in (logging.ERROR, logging.WARNING, logging.INFO)
    ]
    (plugin,) = recorded.story(*lines).plugins
    assert len(plugin.errors) <= 20
    assert len(plugin.warnings) + plugin.more_warnings == 500
    assert len(plugin.warnings) <= 20
    assert plugin.errors[0].text == "40 0"


def test_warnings_of_frameworks_and_about_retries_are_not_for_people(recorded):
    own = recorded.line(TAP, "cost gap", logging.WARNING)
    noise = recorded.line(TAP, "no catalog", logging.WARNING, plugin_logger="singer_sdk.helpers")
    retry = recorded.line(TAP, "code 40110. Asking again in 2 s.", logging.WARNING)
    (plugin,) = recorded.story(own, noise, retry, own).plugins
    assert plugin.warnings == ("cost gap",)


def test_error_in_a_part_that_went_well_is_a_warning(recorded):
    error = recorded.line(TAP, "the table x is left out: no permission", logging.ERROR)
    backing_off = recorded.line(TAP, "Backing off 0.50 seconds after 1 tries", logging.ERROR)
    story = recorded.story(error, backing_off, recorded.block(), recorded.end())
    assert judge(story) is Outcome.SUCCESS
    (plugin,) = story.plugins
    assert plugin.errors == ()
    assert plugin.warnings == ("the table x is left out: no permission",)


def test_only_the_part_that_failed_is_blamed(recorded):
    first = (
        recorded.line("tap-first", "grumbles", logging.ERROR),
        recorded.line("tap-first", "last words", structured=False),
        recorded.block(),
    )
    second = recorded.line(TAP, "ValueError: 5", structured=False)
    story = recorded.story(*first, second, recorded.block(**EXTRACTOR_FAILED), recorded.end("no"))
    (failure,) = failures(story)
    assert (failure.plugin, [error.text for error in failure.errors]) == (TAP, ["ValueError: 5"])


def test_records_are_counted_from_the_sdks_metrics(recorded):
    def metric(value):
        info = {"type": "counter", "metric": "record_count", "value": value, "tags": {}}
        return recorded.line(TAP, "METRIC", metric_info=info)

    (plugin,) = recorded.story(metric(40), metric(2)).plugins
    assert plugin.records == 42
