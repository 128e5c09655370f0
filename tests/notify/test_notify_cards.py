"""Cards: what stands on them, how long they may be, and that foreign text stays text."""

from __future__ import annotations

import json
import logging
import re
import shlex
import string
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feishu_notify.card import MAX_BYTES, Card, encode, fitting, literal, size
from feishu_notify.compose import Composer
from feishu_notify.redaction import Redactor
from feishu_notify.samples import samples
from feishu_notify.settings import Appearance
from feishu_notify.story import Block, PluginStory, RunStory, Trouble
from feishu_notify.summaries import TapStream, TapSummary, TargetStream, TargetSummary
from feishu_notify.texts import TEXTS, Texts
from feishu_notify.verdict import Outcome

FAILED = Block(success=False, error="Extractor failed", exit_codes={"extractors": 1})


def composer(language="zh", secrets=()):
    return Composer(Appearance(language=language), Redactor(secrets))


def written(card):
    return "\n".join((card.title, *card.paragraphs, *(b.text for b in card.buttons)))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_outcome_has_a_card_in_both_languages(language):
    for outcome in Outcome:
        story = RunStory(
            environment="prod",
            job="prod:a-to-b",
            run_id="01a20cc5-9ceb-7b60-8111-27c36a99bd90",
            plugins=(PluginStory("tap-x", "extractors", errors=(Trouble("boom"),)),),
            blocks=(FAILED,),
            duration=3725,
            timeout=30,
        )
        card = composer(language).run(story, outcome)
        assert card.title.startswith("巨量本地推 ")
        assert card.colour == ("green" if outcome is Outcome.SUCCESS else "red")
        assert "prod:a-to-b" in written(card)
        ascii_only = written(card).replace("巨量本地推", "").isascii()
        assert ascii_only == (language == "en")


def test_texts_have_the_same_values_in_both_languages():
    def values(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert {key for key, (zh, en) in TEXTS.items() if values(zh) != values(en)} == set()


def test_samples_show_each_kind_of_card():
    cards = [composer().run(story, outcome) for story, outcome in samples(Texts("zh"))]
    assert [card.colour for card in cards] == ["green", "orange", "red", "red"]


def test_wire_form_is_card_json_2():
    stream = TargetStream("s", table="tbl", url="https://feishu.cn/base/x?table=tbl", created=1)
    story = RunStory(summaries=(TargetSummary((stream,)),), status="success")
    payload = composer().run(story, Outcome.SUCCESS).payload()

    assert payload["msg_type"] == "interactive"
    card = payload["card"]
    assert card["schema"] == "2.0"
    assert card["header"]["template"] == "green"
    assert card["header"]["title"]["tag"] == "plain_text"
    button = card["body"]["elements"][-1]
    assert button["behaviors"] == [
        {"type": "open_url", "default_url": "https://feishu.cn/base/x?table=tbl"}
    ]
    assert json.loads(encode(payload)) == payload


@given(st.text(max_size=200))
def test_foreign_text_can_neither_mention_nor_link(text):
    shown = literal(text)
    assert not set(shown) & set("<>*~`[]")


def test_longest_story_fits_into_a_card_and_says_what_was_left_out():
    reason = "账户没有权限，请在巨量引擎后台重新授权" * 60
    failed = {str(1_800_000_000_000_000 + n): reason for n in range(1000)}
    errors = tuple(Trouble(f"{n} {reason * 9}") for n in range(12))
    story = RunStory(
        plugins=(PluginStory("tap-x", "extractors", errors=errors, warnings=(reason,) * 12),),
        summaries=(TapSummary((TapStream("promotion_report", 1000, failed),)),),
        blocks=(FAILED,),
        status="failure",
    )
    card = composer().run(story, Outcome.PARTIAL)

    assert size(card.payload()) < MAX_BYTES
    assert "1800000000000000" in written(card)
    assert "另有" in written(card)
    assert "失败 1000 个" in written(card)


def test_thousand_accounts_with_short_reasons_are_cut_to_twenty():
    failed = {str(n): "code 40002" for n in range(1000)}
    story = RunStory(
        summaries=(TapSummary((TapStream("s", 1000, failed),)),), blocks=(FAILED,), status="failure"
    )
    text = written(composer().run(story, Outcome.FAILED))
    assert text.count("code 40002") == 20
    assert "另有 980 项" in text


def test_of_hundreds_of_streams_a_card_names_some_and_counts_the_others():
    streams = tuple(TargetStream(f"stream_{n}", created=n) for n in range(600))
    story = RunStory(summaries=(TargetSummary(streams),), status="success", duration=42)
    card = composer("en").run(story, Outcome.SUCCESS)

    assert size(card.payload()) < MAX_BYTES
    assert "stream_0: 0 created" in written(card)
    assert "**Rows**: … and 580 more" in written(card)
    assert "**Duration**: 42 s" in written(card)


def test_card_of_unforeseen_length_is_cut_where_it_is_longest():
    errors = (Trouble("no\n" * 99),)
    plugins = tuple(PluginStory(f"dbt-{n}", "utilities", errors) for n in range(300))
    story = RunStory(job="j" * 20_000, plugins=plugins, status="failure")
    card = composer("en").run(story, Outcome.FAILED)

    assert size(card.payload()) < MAX_BYTES
    assert "dbt-0" in written(card)
    assert "**What to do**" in written(card)
    assert "…" in written(card)


def test_what_can_never_fit_is_made_as_short_as_it_gets():
    card = Card("t" * MAX_BYTES, "red", ("first\nlines", "last"))
    assert fitting(lambda _: card).paragraphs == ("…", "…")


def test_half_an_emoji_in_an_error_does_not_cost_the_card():
    cut = json.loads('"account \\ud83d failed"')  # as platforms cut names
    plugin = PluginStory("tap-x", "extractors", errors=(Trouble(cut),))
    story = RunStory(plugins=(plugin,), blocks=(FAILED,), status="failure")
    card = composer().run(story, Outcome.FAILED)
    assert "account ? failed" in encode(card.payload()).decode()


def test_no_half_of_a_secret_is_left_at_the_end_of_a_long_error():
    secret = "hush-hush-hush"
    error = Trouble(f"{' ' * 19_985}no {secret}")  # only the secret's first letters are read
    plugin = PluginStory("tap-x", "extractors", errors=(error,))
    story = RunStory(plugins=(plugin,), blocks=(FAILED,), status="failure")
    text = written(composer(secrets=(secret,)).run(story, Outcome.FAILED))
    assert "no" in text
    assert "hush" not in text


def test_secrets_and_personal_data_are_masked_everywhere():
    secret = "hush-hush-hush"
    text = f"{secret} and 13912345678"
    story = RunStory(
        plugins=(
            PluginStory(
                "tap-x",
                "extractors",
                errors=(Trouble(text, (("Error", text),)),),
                warnings=(text,),
            ),
        ),
        summaries=(TapSummary((TapStream("s", 1, {"1": text}),)),),
        blocks=(FAILED,),
        error=Trouble(text),
        status="failure",
    )
    for outcome in Outcome:
        card = composer(secrets=[secret]).run(story, outcome)
        assert secret not in written(card)
        assert "13912345678" not in written(card)


def test_reason_of_an_account_is_told_once_with_the_account():
    reason = "code 40002: no permission (request_id 20260211070003ABCDEF)"
    errors = (
        Trouble(f"promotion_report, account 18001 (总店) failed: {reason}"),
        Trouble(f"1 account(s) failed, the next run reads them again: account 18001: {reason}"),
        Trouble("reading the cities failed too"),
    )
    summary = TapSummary((TapStream("promotion_report", 3, {"18001": reason}),))
    plugin = PluginStory("tap-x", "extractors", errors=errors)
    story = RunStory(plugins=(plugin,), summaries=(summary,), blocks=(FAILED,), status="failure")
    text = written(composer("en").run(story, Outcome.PARTIAL))
    assert text.count(reason) == 1
    assert f"**Accounts failed**: 18001: {reason}" in text
    assert "**Error**: reading the cities failed too" in text

    story = replace(story, plugins=(replace(plugin, errors=errors[:2]),))
    text = written(composer("en").run(story, Outcome.PARTIAL))
    assert (text.count(reason), "**Error**" in text) == (1, False)


@pytest.mark.parametrize(
    ("language", "called"), [("zh", "总店*（18001）："), ("en", "总店* (18001): ")]
)
def test_failed_account_is_called_by_its_name_where_that_is_known(recorded, language, called):
    failed = {"18001": "code 40002", "18002": "code 40110"}
    stream = {"accounts": 3, "accounts_failed": failed, "accounts_failed_names": {"18001": "总店*"}}
    lines = (
        recorded.line("tap-x", "promotion_report, account 18001 (总店*) failed: code 40002", 40),
        recorded.line("tap-x", "run summary", summary={"streams": {"promotion_report": stream}}),
    )
    card = composer(language).run(recorded.story(*lines), Outcome.PARTIAL)
    assert f"• {literal(called)}code 40002\n• 18002" in written(card)
    assert written(card).count("40002") == 1


@pytest.mark.parametrize("names", [None, [], "总店", {"18001": None}, {"18001": ""}])
def test_failed_account_without_a_usable_name_is_called_by_its_id(recorded, names):
    stream = {"accounts_failed": {"18001": "code 40002"}, "accounts_failed_names": names}
    line = recorded.line("tap-x", "run summary", summary={"streams": {"s": stream}})
    card = composer().run(recorded.story(line), Outcome.FAILED)
    assert "**失败账户**：18001：code 40002" in written(card)


def test_error_is_not_repeated_by_its_exception():
    trouble = Trouble("code 40002, no right", (("AccountError", "code 40002, no right"),))
    sdk = Trouble("An unhandled error occurred while syncing 'promotion_report'")
    plugin = PluginStory("tap-x", "extractors", errors=(sdk, trouble, trouble))
    story = RunStory(plugins=(plugin,), blocks=(FAILED,), status="failure")
    text = written(composer().run(story, Outcome.FAILED))
    assert text.count("40002") == 1
    assert "unhandled" not in text
    alone = RunStory(plugins=(replace(plugin, errors=(sdk,)),), blocks=(FAILED,), status="failure")
    assert "unhandled" in written(composer().run(alone, Outcome.FAILED))


def test_several_streams_are_told_one_by_one():
    streams = tuple(
        TargetStream(name, name, f"https://feishu.cn/base/x?table={name}", created=n)
        for n, name in enumerate(("units", "leads"), start=1)
    )
    story = RunStory(summaries=(TargetSummary(streams),), status="success")
    card = composer("en").run(story, Outcome.SUCCESS)
    assert "units: 1 created" in written(card)
    assert "leads: 2 created" in written(card)
    assert [button.text for button in card.buttons] == [
        "Open the table units",
        "Open the table leads",
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_command_to_authorise_survives_the_link_that_is_pasted_into_it(language):
    story = RunStory(plugins=(PluginStory("tap-x", "extractors"),), blocks=(FAILED,))
    text = written(composer(language).run(story, Outcome.REAUTHORISE))
    command = re.search("`([^`]* --code [^`]*)`", text)[1]
    link = "https://example.com/callback?app_id=18&state=x&auth_code=a5"
    pasted = re.sub("回调链接|CALLBACK LINK", link, command)
    words = shlex.shlex(pasted, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    assert list(words) == ["meltano", "invoke", "tap-x:authorize", "--code", link]


def trial(recorded, *more, **flags):
    stream = {"table": "tbl", "created": 0, "updated": 0, "unchanged": 4}
    planned = {"would_create": 1200, "would_update": 31}
    summary = {"streams": {"promotion_report": stream | planned}, "write_calls": 0, **flags}
    line = recorded.line("target-x", "run summary", summary=summary)
    return recorded.story(line, *more, recorded.end())


@pytest.mark.parametrize(
    ("language", "title", "rows"),
    [
        (
            "zh",
            "巨量本地推 试运行成功，没有写入",
            "**试运行，只计划、没有写入**：新增 1,200 行，更新 31 行，未变 4 行",
        ),
        (
            "en",
            "巨量本地推 trial run succeeded, nothing was written",
            "**Trial run, planned and not written**: 1,200 created, 31 updated, 4 unchanged",
        ),
    ],
)
def test_trial_run_is_called_one_and_its_rows_are_a_plan(recorded, language, title, rows):
    card = composer(language).run(trial(recorded, dry_run=True), Outcome.SUCCESS)
    assert (card.title, card.colour) == (title, "green")
    assert rows in card.paragraphs[0]


def test_trial_run_with_warnings_or_errors_is_called_one_too(recorded):
    warning = recorded.line("target-x", "odd", logging.WARNING)
    card = composer().run(trial(recorded, warning, dry_run=True), Outcome.SUCCESS)
    assert (card.title, card.colour) == ("巨量本地推 试运行成功，没有写入，有提醒", "orange")
    failed = composer().run(trial(recorded, dry_run=True), Outcome.FAILED)
    assert "**试运行，只计划、没有写入**：新增 1,200 行" in written(failed)


@pytest.mark.parametrize("flags", [{}, {"dry_run": False}, {"dry_run": None}, {"dry_run": "yes"}])
def test_run_that_does_not_say_so_is_no_trial(recorded, flags):
    text = written(composer().run(trial(recorded, **flags), Outcome.SUCCESS))
    assert "**写入**：新增 0 行，更新 0 行，未变 4 行" in text
    assert "试运行" not in text


def test_average_is_cost_by_conversions_when_the_tap_does_not_say(recorded):
    day = {"date": "2026-02-11", "rows": 2, "stat_cost": 300, "convert_cnt": 4}
    summary = {"streams": {"promotion_report": {"accounts": 1, "days": [day]}}}
    story = recorded.story(recorded.line("tap-x", "run summary", summary=summary), recorded.end())
    assert "平均转化成本 75.00 元" in written(composer().run(story, Outcome.SUCCESS))
    unknown = {**day, "convert_cnt": None}
    only_cost = {"streams": {"promotion_report": {"days": [unknown]}}}
    line = recorded.line("tap-x", "run summary", summary=only_cost)
    assert "转化 –，平均转化成本 – 元" in written(
        composer().run(recorded.story(line), Outcome.SUCCESS)
    )
    nothing = recorded.line(
        "tap-x",
        "run summary",
        summary={"streams": {"promotion_report": {"days": [{**day, "convert_cnt": 0}]}}},
    )
    assert "平均转化成本 0.00 元" in written(
        composer().run(recorded.story(nothing), Outcome.SUCCESS)
    )


def test_plugin_without_a_summary_still_gives_a_card_with_its_record_count():
    tap = PluginStory("tap-x", "extractors", records=1234)
    story = RunStory(plugins=(tap,), status="success", duration=61.4)
    story = replace(story, time=datetime(2026, 2, 11, 23, 3, tzinfo=UTC).timestamp())
    text = written(composer().run(story, Outcome.SUCCESS))
    assert "**结束时间**：2026-02-12 07:03（北京时间）" in text
    assert "**读取**：1,234 行" in text
    assert "**用时**：1 分 1 秒" in text


def test_overdue_card_says_since_when():
    card = composer().overdue(26, datetime(2026, 2, 9, 23, 3, tzinfo=UTC), "prod")
    assert (card.title, card.colour) == ("巨量本地推 同步长时间没有成功", "red")
    assert "超过 26 小时" in written(card)
    assert "2026-02-10 07:03（北京时间）" in written(card)
    assert "没有记录" in written(composer().overdue(26, None, None))
    assert "<" not in written(composer().overdue(26, None, None, "no <database>"))


def test_link_with_a_secret_in_it_becomes_no_button():
    refused = "401 for url: https://api.example.com/oauth2/token?refresh_token=hush-hush-hush"
    link = "https://example.com/oauth/authorize?client_id=5"
    trouble = Trouble(f"{refused}. The refresh token is used up: authorize again at {link}")
    plugin = PluginStory("tap-x", "extractors", errors=(trouble,))
    story = RunStory(plugins=(plugin,), blocks=(FAILED,), status="failure")
    card = composer().run(story, Outcome.REAUTHORISE)
    assert "hush" not in encode(card.payload()).decode()
    assert [button.url for button in card.buttons] == [link]


def test_authorise_link_becomes_a_button_only_on_its_card():
    link = "https://open.oceanengine.com/audit/oauth.html?app_id=1800000000000009&state=x"
    trouble = Trouble("gone", (("ReauthorisationNeeded", f"open {link}, agree"),))
    plugin = PluginStory("tap-x", "extractors", errors=(trouble,))
    story = RunStory(plugins=(plugin,), blocks=(FAILED,), status="failure")
    card = composer().run(story, Outcome.REAUTHORISE)
    assert [button.url for button in card.buttons] == [link]
    assert composer().run(replace(story, timeout=1), Outcome.TIMED_OUT).buttons == ()
